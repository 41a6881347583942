"""X12 text to segments: separators by position from each ISA, then one segment after another.

Nothing here knows a transaction. Line breaks between segments (and inside, where a mailer wrapped
the text) are no part of the data; every interchange of a file may have separators of its own. The
text is read through a window, so that a file of any size costs the memory of its longest segment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from payer_policy.core.diagnostics import Location, Position
from payer_policy.formats.json.places import MAX_EXCERPT

Read = Callable[[int], str]
"""The next characters of a text, up to a number of them; "" at its end."""

MAX_SEGMENT = 1_000_000
"""No segment of any transaction is nearly as long in characters."""

BLANK = " \t\r\n"  # not what Python calls blank: U+001C to U+001F are separators in some files
_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_GAP = re.compile("[ \t\r\n\v\f\ufeff\x00\x1a]*")
_NEXT_ISA = re.compile(r"ISA[^A-Za-z0-9 \t\r\n]", re.IGNORECASE)
_MAX_ISA = 300
"""An ISA has 106 characters; some writers pad its elements differently."""

_ISA_ELEMENTS = 16
_CHUNK = 1 << 18
_MAX_RUN = 1 << 16
"""Characters of a run; a longer one is read segment by segment."""
_AHEAD = 2 * _MAX_ISA + MAX_EXCERPT
"""At the start of a segment at least this much of the text is held, or all of the rest."""


class Separators(NamedTuple):
    """The marks of an interchange."""

    element: str
    component: str
    terminator: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """What a segment looks like in the file, where it goes over several lines."""

    raw: str
    excerpts: tuple[str | None, ...]


@dataclass(slots=True)
class Segment:
    """One segment. `number` counts from the ISA that opens the file, which is 1.

    It holds its own place in the file: the text around it may no longer be in memory when something
    wrong with it is found.
    """

    number: int
    id: str
    elements: list[str]
    start: Position
    excerpt: str | None
    """The line that it starts on; None where the line is too long to show."""
    separators: Separators
    closed: bool
    """Whether its terminator was there; the last segment of a truncated file has none."""
    wrapped: Wrapped | None = None

    def get(self, index: int) -> str:
        """An element by its number in the standard (`CLM01` is 1), blanks removed; or ""."""
        return self.elements[index].strip(BLANK) if index < len(self.elements) else ""

    def code(self, index: int) -> str:
        """A qualifier or code: as `get`, in capitals."""
        return self.get(index).upper()

    def location(self, file: str, path: str, index: int = 0) -> Location:
        """Where an element stands; 0 or a missing one: the whole segment."""
        if 0 < index < len(self.elements):
            first = sum(len(e) + 1 for e in self.elements[:index])
            last = first + len(self.elements[index])
        else:
            first, last = 0, sum(len(e) + 1 for e in self.elements) - 1
        return Location(file, path, self._position(first), self._position(last))

    def excerpt_at(self, position: Position) -> str | None:
        """The line of a place in the segment, for underlining."""
        if self.wrapped is None:
            return self.excerpt
        return self.wrapped.excerpts[position.line - self.start.line]

    def _position(self, at: int) -> Position:
        line, column = self.start
        if self.wrapped is not None and (breaks := self.wrapped.raw.count("\n", 0, at)):
            return Position(line + breaks, at - self.wrapped.raw.rfind("\n", 0, at))
        return Position(line, column + at)

    def __reduce__(self) -> tuple[Any, ...]:
        return segment_of, self.flat()

    def flat(self) -> tuple[Any, ...]:
        """What `segment_of` makes it of: plain values, which processes hand to one another quickly."""
        raw = self.separators.element.join(self.elements)
        rest = (*self.start, self.excerpt, self.separators, self.closed, self.wrapped)
        return self.number, raw, *rest


def segment_of(
    number: int,
    raw: str,
    line: int,
    column: int,
    excerpt: str | None,
    separators: Separators,
    closed: bool,
    wrapped: Wrapped | None = None,
) -> Segment:
    """A segment from its text."""
    elements = raw.split(separators.element)
    id_ = elements[0].strip(BLANK).upper()
    start = Position(line, column)
    return Segment(number, id_, elements, start, excerpt, separators, closed, wrapped)


@dataclass(slots=True)
class Run:
    """Some whole segments, each on one line, that are cut when they are asked for."""

    text: str
    first: int
    """The number of the first one."""
    count: int
    line: int
    column: int
    excerpt: str | None
    """The line that the first one starts on, if not all of it is in the text."""
    separators: Separators

    def flat(self) -> tuple[Any, ...]:
        """What it is made of: plain values."""
        place = (self.line, self.column, self.excerpt, self.separators)
        return self.text, self.first, self.count, *place

    def segments(self) -> list[Segment]:
        """The segments, as they are when they are read one by one."""
        made: list[Segment] = []
        mark, number = self.separators.terminator, self.first
        line, column, excerpt = self.line, self.column, self.excerpt
        whole = column == 1 and "\n" in self.text
        for row in self.text.split("\n"):
            if made:
                line, column = line + 1, 1
            if made or whole:
                excerpt = row.rstrip("\r") if len(row) <= MAX_EXCERPT else None
            *closed, _ = row.split(mark)
            for raw in closed:
                made.append(segment_of(number, raw, line, column, excerpt, self.separators, True))
                number += 1
                column += len(raw) + 1
        return made


@dataclass(frozen=True, slots=True)
class Broken:
    """An interchange header or a segment that cannot be used; reading continues at the next ISA."""

    start: Position
    excerpt: str | None
    number: int
    reason: str
    is_header: bool = True


class _Window:
    """The part of a text that is being looked at; `at` is the place in it."""

    def __init__(self, read: Read) -> None:
        self.text = ""
        self.at = 0
        self._read = read
        self._ended = False
        self.line = 1
        self._start = 0
        """Where the line starts in `text`; below 0: that is no longer held."""
        self._excerpt: tuple[int, str | None] = (0, None)

    @property
    def column(self) -> int:
        return self.at - self._start + 1

    @property
    def position(self) -> Position:
        return Position(self.line, self.column)

    def skip_gap(self) -> bool:
        """Go to the next segment, with a view ahead; False at the end of the text."""
        while True:
            found = _GAP.match(self.text, self.at)
            assert found is not None  # it matches the empty text too
            self.move(found.end())
            if len(self.text) - self.at >= _AHEAD:
                return True
            if not self._more():
                return self.at < len(self.text)

    def move(self, to: int) -> None:
        breaks = self.text.count("\n", self.at, to)
        if breaks:
            self.line += breaks
            self._start = self.text.rfind("\n", self.at, to) + 1
        self.at = to

    def find(self, mark: str) -> int | None:
        """Where the mark is next, or -1; None: further away than any segment is long."""
        end = self.text.find(mark, self.at)
        while end < 0 and len(self.text) - self.at <= MAX_SEGMENT:
            seen = len(self.text) - self.at
            if not self._more():
                break
            end = self.text.find(mark, self.at + seen)
        length = (end if end >= 0 else len(self.text)) - self.at
        return None if length > MAX_SEGMENT else end

    def seek_isa(self) -> bool:
        """Go to the next ISA after this place; False: there is none."""
        self.move(min(self.at + 3, len(self.text)))
        while (found := _NEXT_ISA.search(self.text, self.at)) is None:
            self.move(max(self.at, len(self.text) - 3))  # a part of it may be there already
            if not self._more():
                return False
        self.move(found.start())
        return True

    def excerpt(self) -> str | None:
        """The line of this place."""
        line, text = self._excerpt
        if line != self.line:
            text = self._line_at(self._start) if self._start >= 0 else None
            self._excerpt = self.line, text
        return text

    def wrapped(self, raw: str) -> Wrapped:
        """The text from here, which goes over several lines."""
        while len(self.text) - self.at < len(raw) + _AHEAD and self._more():
            pass
        starts = [self.at + found.end() for found in re.finditer("\n", raw)]
        return Wrapped(raw, (self.excerpt(), *map(self._line_at, starts)))

    def _line_at(self, start: int) -> str | None:
        end = self.text.find("\n", start, start + MAX_EXCERPT + 1)
        if end < 0:
            end = len(self.text)
            if not self._ended or end - start > MAX_EXCERPT:
                return None
        return self.text[start:end].rstrip("\r")

    def _more(self) -> bool:
        """Read on. What came before this line and before the longest excerpt is let go."""
        chunk = "" if self._ended else self._read(_CHUNK)
        if not chunk:
            self._ended = True
            return False
        near = self.at - MAX_EXCERPT
        gone = max(0, self._start if self._start >= near else near)
        self.text = self.text[gone:] + chunk
        self.at -= gone
        self._start -= gone
        return True


def is_x12(text: str) -> bool:
    """Whether a text means to be X12: it starts with ISA, in any case."""
    start = text[:3].upper()
    return start == "ISA" and not text[3:4].isalnum()


def is_segment_name(id_: str) -> bool:
    """Whether a text has the shape of a segment's name."""
    return _SEGMENT_NAME.fullmatch(id_) is not None


def reading(text: str) -> Read:
    """A text that is there as a whole, to be read on."""
    rest = iter((text,))
    return lambda _: next(rest, "")


class Segments:
    """Every segment of every interchange, once. The text starts with an ISA."""

    def __init__(self, source: str | Read) -> None:
        self._window = _Window(reading(source) if isinstance(source, str) else source)
        self._number = 0
        self._separators: Separators | None = None

    def __iter__(self) -> Iterator[Segment | Broken]:
        window = self._window
        while window.skip_gap():
            at = window.at
            if window.text[at] in "Ii" and is_x12(window.text[at : at + 4]):
                found = _separators(window.text, at)
                if isinstance(found, str):
                    self._number += 1
                    yield Broken(window.position, window.excerpt(), self._number, found)
                    if not window.seek_isa():
                        return
                    continue
                self._separators = found
            separators = self._separators
            if separators is None:
                reason = "the text does not start with an ISA"
                yield Broken(window.position, window.excerpt(), 1, reason)
                return
            end = window.find(separators.terminator)
            if end is None:
                self._number += 1
                reason = f"it is longer than {MAX_SEGMENT // 1_000_000} million characters"
                found_at = window.position, window.excerpt(), self._number
                yield Broken(*found_at, reason, is_header=False)
                if not window.seek_isa():
                    return
                continue
            closed = end >= 0
            text, at = window.text, window.at
            raw = text[at : end if closed else len(text)]
            length = len(raw) + closed
            wrapped = None
            if "\n" in raw or "\r" in raw:
                if raw[:3].upper() == "IEA":  # its terminator is missing, and another file follows
                    raw = raw.splitlines()[0]
                    length = len(raw)
                if "\n" in raw:
                    wrapped = window.wrapped(raw)
                raw = raw.replace("\r", "").replace("\n", "")
            place = window.line, window.column, window.excerpt()
            window.move(min(window.at + length, len(window.text)))
            if raw.strip(BLANK):
                self._number += 1
                yield segment_of(self._number, raw, *place, separators, closed, wrapped)

    def run(self, pattern: Callable[[Separators], re.Pattern[str]]) -> Run | None:
        """Some whole segments at once, if the text that comes next is of a pattern.

        Args:
            pattern: Finds closed segments that each are on one line, and their line breaks.

        Returns:
            None: the next segments come one by one.
        """
        window, separators = self._window, self._separators
        if separators is None or separators.terminator in BLANK or not window.skip_gap():
            return None
        found = pattern(separators).match(window.text, window.at, window.at + _MAX_RUN)
        text = found.group() if found is not None else ""
        if not text or ("\n" in text and text[-1] != "\n"):  # it ends within a line
            return None
        count = text.count(separators.terminator)
        first, line, column = self._number + 1, window.line, window.column
        # Otherwise the text itself has the whole line.
        excerpt = None if column == 1 and "\n" in text else window.excerpt()
        made = Run(text, first, count, line, column, excerpt, separators)
        self._number += count
        window.move(window.at + len(text))
        return made


def _separators(text: str, at: int) -> Separators | str:
    """The separators of the ISA at `at`, or what is wrong with it."""
    element = text[at + 3 : at + 4]
    if not element or element in BLANK:
        return "the character after ISA separates elements; found a blank or the end of the file"
    place = at + 3
    for count in range(1, _ISA_ELEMENTS):
        place = text.find(element, place + 1, at + _MAX_ISA)
        if place < 0:
            return f"found {count} elements separated by `{element}`; an ISA has {_ISA_ELEMENTS}"
    component, terminator = text[place + 1 : place + 2], text[place + 2 : place + 3]
    if not terminator:
        return "the file ends within its ISA"
    if terminator in "\r\n":
        following = text[place + 3 : place + 3 + _MAX_ISA].lstrip(BLANK).split(terminator)[0]
        if following.rstrip(BLANK).endswith(component):
            return "ISA16, the separator of composites, is missing"
    marks = component + terminator
    letters = any(mark.isalnum() or mark == " " for mark in marks) or component in BLANK
    if letters or len({element, *marks}) < 3:
        found = f"ISA16 and the segment terminator read `{component}` and `{terminator}`"
        return f"{found}; two different marks, neither letters nor digits, were expected"
    return Separators(element, component, terminator)
