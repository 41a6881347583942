"""Diagnostics as a FHIR `OperationOutcome`: each problem with its place, code and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.fhir.models import checked
from payer_policy.formats.fhir.systems import PROBLEMS

_KINDS: Final = {
    "contradiction": "conflict",
    "contradicts-claim": "conflict",
    "duplicate-claim": "duplicate",
    "duplicate-key": "structure",
    "duplicate-line": "duplicate",
    "internal-error": "exception",
    "json-number": "value",
    "json-syntax": "structure",
    "json-too-deep": "too-long",
    "missing-key": "required",
    "missing-element": "required",
    "no-lines": "required",
    "not-installed": "not-supported",
    "not-read": "informational",
    "not-sent": "not-found",
    "not-text": "structure",
    "too-large": "too-long",
    "too-many-lines": "too-long",
    "unknown-fact": "code-invalid",
    "unknown-format": "structure",
    "unknown-line": "not-found",
    "unknown-key": "structure",
    "unknown-value": "code-invalid",
    "wrong-format": "structure",
    "wrong-shape": "structure",
    "wrong-type": "value",
    "wrong-value": "value",
}
"""FHIR's issue type by our code; any other is `invalid`."""


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
    kind = _KINDS.get(problem.code, "invalid")
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
