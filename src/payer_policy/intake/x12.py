"""X12 text to segments: separators by position from each ISA, then one segment after another.

Nothing here knows a transaction. Line breaks between segments (and inside, where a mailer wrapped
the text) are no part of the data; every interchange of a file may have separators of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLANK = " \t\r\n"  # not what Python calls blank: U+001C to U+001F are separators in some files
_GAP = re.compile("[ \t\r\n\v\f\ufeff\x00\x1a]*")
_NEXT_ISA = re.compile(r"ISA[^A-Za-z0-9 \t\r\n]", re.IGNORECASE)
_MAX_ISA = 300
"""An ISA has 106 characters; some writers pad its elements differently."""

_ISA_ELEMENTS = 16


@dataclass(frozen=True, slots=True)
class Separators:
    element: str
    component: str
    terminator: str


@dataclass(slots=True)
class Segment:
    """One segment. `number` counts from the ISA that opens the file, which is 1."""

    number: int
    id: str
    elements: list[str]
    offset: int
    separators: Separators
    closed: bool
    """Whether its terminator was there; the last segment of a truncated file has none."""

    def get(self, index: int) -> str:
        """An element by its number in the standard (`CLM01` is 1), blanks removed; or ""."""
        return self.elements[index].strip(_BLANK) if index < len(self.elements) else ""

    def code(self, index: int) -> str:
        """A qualifier or code: as `get`, in capitals."""
        return self.get(index).upper()

    def span(self, index: int = 0) -> tuple[int, int]:
        """Where an element stands in the text; 0 or a missing one: the whole segment."""
        if not 0 < index < len(self.elements):
            return self.offset, self.offset + sum(len(e) + 1 for e in self.elements) - 1
        start = self.offset + sum(len(e) + 1 for e in self.elements[:index])
        return start, start + len(self.elements[index])


@dataclass(frozen=True, slots=True)
class BrokenIsa:
    """An interchange header that cannot be used; reading goes on at the next one."""

    offset: int
    number: int
    reason: str


def is_x12(text: str) -> bool:
    """Whether a text means to be X12: it starts with ISA, in any case."""
    start = text[:3].upper()
    return start == "ISA" and not text[3:4].isalnum()


def segments(text: str) -> Iterator[Segment | BrokenIsa]:
    """Every segment of every interchange. The text starts with an ISA."""
    at, number, length = 0, 0, len(text)
    separators: Separators | None = None
    while (at := _skip(text, at)) < length:
        if is_x12(text[at : at + 4]):
            found = _separators(text, at)
            if isinstance(found, str):
                number += 1
                yield BrokenIsa(at, number, found)
                following = _NEXT_ISA.search(text, at + 3)
                if following is None:
                    return
                at = following.start()
                continue
            separators = found
        if separators is None:
            yield BrokenIsa(at, 1, "the text does not start with an ISA")
            return
        end = text.find(separators.terminator, at)
        closed = end >= 0
        end = end if closed else length
        raw = text[at:end]
        following_at = end + 1
        if "\n" in raw or "\r" in raw:
            if raw[:3].upper() == "IEA":  # its terminator is missing, and another file follows
                raw = raw.splitlines()[0]
                following_at = at + len(raw)
            raw = raw.replace("\r", "").replace("\n", "")
        if raw.strip(_BLANK):
            number += 1
            elements = raw.split(separators.element)
            id_ = elements[0].strip(_BLANK).upper()
            yield Segment(number, id_, elements, at, separators, closed)
        at = following_at


def _skip(text: str, at: int) -> int:
    found = _GAP.match(text, at)
    return found.end() if found else at


def _separators(text: str, at: int) -> Separators | str:
    """The separators of the ISA at `at`, or what is wrong with it."""
    element = text[at + 3 : at + 4]
    if not element or element in _BLANK:
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
        following = text[place + 3 : place + 3 + _MAX_ISA].lstrip(_BLANK).split(terminator)[0]
        if following.rstrip(_BLANK).endswith(component):
            return "ISA16, the separator of composites, is missing"
    if (
        component.isalnum()
        or component in _BLANK
        or terminator.isalnum()
        or terminator == " "
        or len({element, component, terminator}) < 3
    ):
        return (
            f"ISA16 and the segment terminator read `{component}` and `{terminator}`; two "
            f"different marks, neither letters nor digits, were expected"
        )
    return Separators(element, component, terminator)
