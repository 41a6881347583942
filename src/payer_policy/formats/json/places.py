"""Places in a text: offsets to lines and columns, for files of any size.

The line starts are looked up once, so that a thousand problems in a large file cost no more than
one. Also a `Piece`: a part of a larger text that is read by itself and reports its true places.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Position
from payer_policy.core.json_models import has_part
from payer_policy.core.json_source import JsonDocument, JsonPath, read_json, render_path

MAX_EXCERPT = 400
MAX_PIECE = 4_000_000
"""A request in characters of JSON. 999 lines, 10,000 lines of history and facts are well below."""

_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what "surrogateescape" makes of a stray byte

_FIRST_LINE = re.compile(r"(the first is on line )(\d+)$")


class Places:
    """The lines of one file, or of a part of it. They end at a line feed, as editors count them."""

    def __init__(self, text: str, file: str, first_line: int = 1, *, more: bool = False) -> None:
        self.text = text
        self.file = file
        self.first_line = first_line
        self.more = more
        """Whether the file continues after this text."""
        self.last: tuple[int, int, JsonDocument] | None = None
        """The piece of this text that was last read again to find a place in it, and what it holds:
        a caller that asks for one place of it mostly asks for more."""
        self._starts = array("Q", [0])
        self._starts.extend(match.end() for match in re.finditer("\n", text))

    def position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset)
        return Position(line + self.first_line - 1, offset - self._starts[line - 1] + 1)

    def location(self, start: int, end: int, path: str = "$") -> Location:
        return Location(self.file, path, self.position(start), self.position(end))

    def problem(
        self, code: str, message: str, at: int, hint: str | None, path: JsonPath = ()
    ) -> Diagnostic:
        """A problem at one character of the text."""
        where = self.location(at, at + 1, render_path(path))
        line = where.start.line if where.start else 1
        return Diagnostic(code, message, where, hint, excerpt=self.excerpt(line))

    def excerpt(self, line: int) -> str | None:
        """The text of a line for underlining; None where the line is too long to show."""
        line -= self.first_line - 1
        start = self._starts[line - 1]
        end = self._starts[line] - 1 if line < len(self._starts) else len(self.text)
        return self.text[start:end].rstrip("\r") if end - start <= MAX_EXCERPT else None


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON value in a larger text, from `start` to `end`; `path` leads to it."""

    places: Places
    start: int
    end: int
    path: JsonPath = ()

    def location(self) -> Location:
        return self.places.location(self.start, self.end, render_path(self.path))

    def read(self) -> JsonDocument:
        """Read it strictly.

        Raises:
            PolicyError: with the places in the larger text.
        """
        places, path = self.places, self.path
        if self.end - self.start > MAX_PIECE:
            message = f"this request is longer than {MAX_PIECE // 1_000_000} million characters"
            hint = "is a closing bracket missing?"
            raise PolicyError([places.problem("too-large", message, self.start, hint, path)])
        text = places.text[self.start : self.end]
        if stray := _NOT_UTF8.search(text):
            message = f"the byte 0x{ord(stray.group()) - 0xDC00:02X} here is not UTF-8 text"
            at, hint = self.start + stray.start(), "save it as UTF-8 text"
            raise PolicyError([places.problem("not-text", message, at, hint, path)])
        try:
            return read_json(text, places.file)
        except PolicyError as error:
            raise PolicyError(self._reworded(found) for found in error.diagnostics) from None

    def locate(self, path: JsonPath) -> Location | None:
        """Where the part of the value at `path` stands; None where the value has no such part."""
        places = self.places
        if places.last is None or places.last[:2] != (self.start, self.end):
            places.last = (self.start, self.end, self.read())
        document = places.last[2]
        value = document.value
        for step in path:
            if not has_part(value, step):
                return None
            value = value[step]
        return self.moved(document.problem("", "", path)).location

    def moved(self, found: Diagnostic) -> Diagnostic:
        """A diagnostic of the piece's own document, as one of the larger text."""
        where = found.location
        start, end = self._shifted(where.start), self._shifted(where.end)
        path = render_path(self.path) + where.path.removeprefix("$")
        return replace(
            found,
            location=Location(where.file, path, start, end),
            excerpt=self.places.excerpt(start.line) if start else None,
        )

    def _reworded(self, found: Diagnostic) -> Diagnostic:
        """As `moved`, for the reader's sentences that speak of the whole file."""
        before = self.places.position(self.start).line - 1
        message = _FIRST_LINE.sub(lambda m: f"{m[1]}{int(m[2]) + before}", found.message)
        if self.places.more or self.end < len(self.places.text.rstrip()):
            message = message.replace("the end of the file", "the end of this request")
        return self.moved(replace(found, message=message))

    def _shifted(self, position: Position | None) -> Position | None:
        if position is None:
            return None
        base = self.places.position(self.start)
        column = position.column + (base.column - 1 if position.line == 1 else 0)
        return Position(base.line + position.line - 1, column)
