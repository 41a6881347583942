"""A record that could not be read or decided: its place, and everything that is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, Location, Position


@dataclass(frozen=True, slots=True)
class Reject:
    """`record` counts as the `record` column of the answers does; `line` only for text files."""

    file: str
    record: int
    line: int | None
    claim_id: str | None
    problems: tuple[Diagnostic, ...]

    @property
    def code(self) -> str:
        return self.problems[0].code

    def to_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "record": self.record,
            "line": self.line,
            "claim_id": self.claim_id,
            "code": self.code,
            "reason": self.problems[0].message,
            "problems": [_problem(problem) for problem in self.problems],
        }

    def to_line(self) -> bytes:
        """The line of `rejects.jsonl`."""
        text = json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "backslashreplace") + b"\n"


def rejected(
    file: str, record: int, claim_id: str | None, problems: Iterable[Diagnostic]
) -> Reject:
    """A record that is refused with these problems; warnings are left out."""
    errors = tuple(problem for problem in problems if problem.severity == "error")
    start = errors[0].location.start
    return Reject(file, record, None if start is None else start.line, claim_id, errors)


def problem_at(
    file: str, line: int | None, code: str, message: str, hint: str | None = None
) -> Diagnostic:
    """A problem of a file, at the start of a line of it where it has lines."""
    return Diagnostic(code, message, Location(file, "$", Position(line, 1) if line else None), hint)


def record_place(file: str, record: int, line: int | None) -> Location:
    """The place of a record of a table: a line where it has lines."""
    if line is None:
        return Location(file, f"row {record}")
    return Location(file, "$", Position(line, 1))


def _problem(problem: Diagnostic) -> dict[str, Any]:
    where = problem.location
    found: dict[str, Any] = {"code": problem.code, "message": problem.message}
    if problem.hint:
        found["hint"] = problem.hint
    if where.path != "$":
        found["path"] = where.path
    if where.start is not None:
        found |= {"line": where.start.line, "column": where.start.column}
    return found
