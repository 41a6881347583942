"""The one shape of a problem: `Diagnostic`, where it is (`Location`), and the error that carries many.

A location has a start and an end from the first day on, so that editors and SARIF can underline it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]


class Position(NamedTuple):
    """A place in a text; both counted from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Location:
    """Where in which file. `path` is the JSON path (`$.rules[0].when`) or, for X12, the segment."""

    file: str
    path: str = "$"
    start: Position | None = None
    end: Position | None = None

    def __str__(self) -> str:
        if self.start is None:
            return self.file
        return f"{self.file}:{self.start.line}:{self.start.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `message` says what was found and what was expected; `hint` says what to type."""

    code: str
    message: str
    location: Location
    hint: str | None = None
    severity: Severity = "error"
    excerpt: str | None = None
    """The offending line of the file, for underlining; never a whole document."""

    def sort_key(self) -> tuple[str, Position, str, str]:
        return (
            self.location.file,
            self.location.start or Position(0, 0),
            self.code,
            self.message,
        )


class PolicyError(Exception):
    """Input was refused. `diagnostics` holds every problem found, in file order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(
            sorted(set(diagnostics), key=Diagnostic.sort_key)
        )
        super().__init__(
            "; ".join(f"{d.location}: {d.code}: {d.message}" for d in self.diagnostics[:20])
        )
