"""Diagnostics as a FHIR `OperationOutcome`: each problem with its place, code and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.fhir.models import checked
from payer_policy.formats.fhir.systems import PROBLEMS

_KINDS: Final = {
    "code-invalid": ("unknown-fact", "unknown-value"),
    "conflict": ("contradiction", "contradicts-claim"),
    "duplicate": ("duplicate-claim", "duplicate-line"),
    "exception": ("internal-error",),
    "informational": ("not-read",),
    "not-found": ("not-sent", "unknown-line"),
    "not-supported": ("not-installed",),
    "required": ("missing-element", "missing-key", "no-lines"),
    "structure": (
        "duplicate-key",
        "json-syntax",
        "not-text",
        "unknown-format",
        "unknown-key",
        "wrong-format",
        "wrong-shape",
    ),
    "too-long": ("json-too-deep", "too-large", "too-many-lines"),
    "value": ("json-number", "wrong-type", "wrong-value"),
}
"""The codes of diagnostics by FHIR's issue type; any other code is `invalid`."""


def operation_outcome(diagnostics: Iterable[Diagnostic]) -> dict[str, Any]:
    """All problems as one `OperationOutcome`; one informational issue where there is none.

    `details` has our code and sentence, `diagnostics` what to do and the line and column, and
    `expression` the path in what was sent.
    """
    issues = [_issue(problem) for problem in diagnostics]
    if not issues:
        text = {"text": "All is well."}
        issues = [{"severity": "information", "code": "informational", "details": text}]
    return checked({"resourceType": "OperationOutcome", "issue": issues})


def _issue(problem: Diagnostic) -> dict[str, Any]:
    where = problem.location
    kind = next((kind for kind, codes in _KINDS.items() if problem.code in codes), "invalid")
    if problem.severity == "error" and kind == "informational":
        kind = "invalid"
    issue: dict[str, Any] = {
        "severity": problem.severity,
        "code": kind,
        "details": {
            "coding": [{"system": PROBLEMS, "code": problem.code}],
            "text": problem.message,
        },
    }
    at = f"line {where.start.line}, column {where.start.column}" if where.start else ""
    more = "; ".join(part for part in (problem.hint, at) if part)
    if more:
        issue["diagnostics"] = more
    path = where.path.removeprefix("$").removeprefix(".")
    if path:
        issue["expression"] = [path]
    return issue
