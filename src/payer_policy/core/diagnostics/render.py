"""Diagnostics for people (text with the line underlined) and for programs (JSON, SARIF)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from payer_policy.core.diagnostics.codes import CODES
from payer_policy.core.diagnostics.model import Diagnostic, Position

SCHEMA: Final = "payer-policy/problems/1"
_SARIF_SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_WIDTH: Final = 110


def as_text(problem: Diagnostic) -> str:
    """One problem as a paragraph: place, code, sentence, the line with the spot marked, hint."""
    where = problem.location
    head = f"{where}: {problem.severity}[{problem.code}]"
    if where.start is None and where.path != "$":
        head = f"{where.file} {where.path}: {problem.severity}[{problem.code}]"
    lines = [_visible(head), f"  {_visible(problem.message)}"]
    if problem.excerpt is not None and where.start is not None and problem.excerpt.strip():
        lines += _excerpt(problem.excerpt, where.start, where.end)
    if problem.hint:
        lines.append(f"  {_visible(problem.hint)}")
    return "\n".join(lines)


def _visible(text: str) -> str:
    """A message that quotes a file, without control sequences for the terminal."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def _excerpt(text: str, start: Position, end: Position | None) -> list[str]:
    shown = "".join(char if char.isprintable() else " " for char in text)
    column = start.column - 1
    stop = end.column - 1 if end is not None and end.line == start.line else len(shown)
    if column > 60 and len(shown) > _WIDTH:  # a long line: show what stands around the spot
        cut = column - 40
        shown, column, stop = "…" + shown[cut:], column - cut + 1, stop - cut + 1
    if len(shown) > _WIDTH:
        shown = shown[: _WIDTH - 1] + "…"
    width = max(1, min(stop, len(shown)) - column)
    gutter = f"{start.line:>6} | "
    return [f"{gutter}{shown.rstrip()}", f"{'':>6} | {' ' * column}{'^' * width}"]


def report_text(problems: Sequence[Diagnostic], *, consequence: str = "") -> str:
    """All problems with a closing line that counts them."""
    errors = sum(problem.severity == "error" for problem in problems)
    warnings = len(problems) - errors
    files = len({problem.location.file for problem in problems})
    counts = [
        f"{count} {noun}{'s' if count != 1 else ''}"
        for count, noun in ((errors, "error"), (warnings, "warning"))
        if count
    ]
    tail = f"{' and '.join(counts)} in {files} file{'s' if files != 1 else ''}"
    if errors and consequence:
        tail += f"; {consequence}"
    return "\n\n".join([*(as_text(problem) for problem in problems), tail + "."])


def report_json(problems: Sequence[Diagnostic]) -> dict[str, Any]:
    """All problems as one JSON document."""
    return {"schema": SCHEMA, "problems": [problem.to_json() for problem in problems]}


def report_sarif(problems: Sequence[Diagnostic], version: str) -> dict[str, Any]:
    """All problems as a SARIF 2.1.0 log, for code-scanning annotations."""
    codes = sorted({problem.code for problem in problems})
    return {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "payer-policy",
                        "version": version,
                        "rules": [_sarif_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(problem, codes) for problem in problems],
            }
        ],
    }


def _sarif_rule(code: str) -> dict[str, Any]:
    known = CODES.get(code)
    return {"id": code} | ({"shortDescription": {"text": known}} if known else {})


def _sarif_result(problem: Diagnostic, codes: list[str]) -> dict[str, Any]:
    where = problem.location
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(where.file)}}
    if where.start is not None:
        region = {"startLine": where.start.line, "startColumn": where.start.column}
        if where.end is not None:
            region |= {"endLine": where.end.line, "endColumn": where.end.column}
        physical["region"] = region
    text = problem.message + (f" ({problem.hint})" if problem.hint else "")
    return {
        "ruleId": problem.code,
        "ruleIndex": codes.index(problem.code),
        "level": problem.severity,
        "message": {"text": text},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": where.path}],
            }
        ],
    }


def _uri(file: str) -> str:
    """The file as a URI: relative as it was given, or `file:///…`."""
    path = PurePosixPath(file)
    return path.as_uri() if path.is_absolute() else quote(file, safe="/-._~:")
