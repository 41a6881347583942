"""The one shape of a problem: `Diagnostic`, where it is (`Location`), and the error that carries many.

A location has a start and an end from the first day on, so that editors and SARIF can underline it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from payer_policy.core.diagnostics.codes import CODES

Severity = Literal["error", "warning"]


class Position(NamedTuple):
    """A place in a text; both counted from 1, columns in characters."""

    line: int
    """The line, counted from 1."""
    column: int
    """The column in characters, counted from 1."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where in which file. `path` is the JSON path (`$.rules[0].when`) or, for X12, the segment."""

    file: str
    """The file as the caller named it, or `request` for one that a program handed over."""
    path: str = "$"
    """The JSON path (`$.lines[0].units`) or, for X12, the segment; `$` is the whole."""
    start: Position | None = None
    """Of the part that is wrong; None: the file as a whole."""
    end: Position | None = None
    """Just after the part that is wrong."""

    def __str__(self) -> str:
        if self.start is None:
            return self.file
        return f"{self.file}:{self.start.line}:{self.start.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `message` says what was found and what was expected; `hint` says what to type."""

    code: str
    """Stable, for programs, such as `unknown-fact`; never given another meaning."""
    message: str
    """A sentence for people. It quotes what was found, so it may hold member data."""
    location: Location
    """Where in which file; of a request from a program, in the request written out as JSON."""
    hint: str | None = None
    """What to type, or the nearest right name; None: the sentence says it all."""
    severity: Severity = "error"
    """Warnings never refuse anything."""
    excerpt: str | None = None
    """The offending line of the file, for underlining; never a whole document."""

    def to_json(self) -> dict[str, Any]:
        """The problem as JSON, as the service and `--json` write it; it quotes what was found.

        Lines and columns are counted from 1; a place that has none is null.
        """

        def position(at: Position | None) -> dict[str, int] | None:
            return None if at is None else {"line": at.line, "column": at.column}

        where = self.location
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "hint": self.hint,
            "location": {
                "file": where.file,
                "path": where.path,
                "start": position(where.start),
                "end": position(where.end),
            },
        }

    def for_log(self) -> dict[str, Any]:
        """The problem without member data: its code, what the code means, and the line and column.

        Nothing that was read is in it: no message, no value, no text of the file, no names of files,
        and no path, since a path is made of keys that anybody may have written.
        """
        start = self.location.start
        return {
            "code": self.code,
            "severity": self.severity,
            "meaning": CODES.get(self.code),
            "line": None if start is None else start.line,
            "column": None if start is None else start.column,
        }

    def sort_key(self) -> tuple[str, Position, str, str]:
        """For `sorted`: by file, place, code and message."""
        return (
            self.location.file,
            self.location.start or Position(0, 0),
            self.code,
            self.message,
        )


class PayerPolicyError(Exception):
    """The base of every error of this package: `except PayerPolicyError` catches them all.

    Each can be copied and pickled with all that it carries, so it reaches the parent of a worker
    process as it was raised.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        # What an exception does by itself is to call the class with `args`, and a class with an
        # `__init__` of its own keeps its text there, not what it was made with.
        return _made_again, (type(self), self.args), self.__dict__ or None


def _made_again(kind: type[PayerPolicyError], args: tuple[Any, ...]) -> PayerPolicyError:
    made = kind.__new__(kind)
    made.args = args
    return made


class PolicyError(PayerPolicyError):
    """Input was refused: a policy file, a request, a bundle.

    `diagnostics` holds every problem found, in file order. `str()` quotes the input, so for logs
    take `Diagnostic.for_log` of each.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(
            sorted(set(diagnostics), key=Diagnostic.sort_key)
        )
        super().__init__(
            "; ".join(f"{d.location}: {d.code}: {d.message}" for d in self.diagnostics[:20])
        )
