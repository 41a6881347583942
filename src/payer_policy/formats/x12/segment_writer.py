"""X12 segments as values, and their text: separators, lengths, and exact numbers and dates.

Codes and identifiers are written as they are or not at all: one that holds a separator, or is longer
than the standard allows, is reported as a problem. Texts for people (`Free`) are written so that
any reader can take them: plain characters, and no separator.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.vocabulary.types import shown


class Free(str):
    """A text for people. What cannot be written of it is written in another way."""

    __slots__ = ()


class Verbatim(str):
    """A text as it came from a sender with the same separators; written as it is."""

    __slots__ = ()


Part = str | int | Decimal | date | None
Element = Part | tuple[Part, ...]
"""An element; a tuple is a composite. None and "" are left empty."""


@dataclass(frozen=True, slots=True)
class Out:
    """A segment to write; its first element is number 1 of the standard."""

    id: str
    """The name of the segment, such as `CLP`."""
    elements: tuple[Element, ...]
    """Its elements, in their order."""


def out(id_: str, *elements: Element) -> Out:
    """A segment to write."""
    return Out(id_, elements)


@dataclass(frozen=True, slots=True)
class Marks:
    """The separators of an interchange."""

    element: str = "*"
    """ISA's own fourth character."""
    component: str = ":"
    """ISA16."""
    repetition: str = "^"
    """ISA11."""
    terminator: str = "~"
    """The character after ISA16."""

    def all(self) -> str:
        """The four separators, one after another."""
        return self.element + self.component + self.repetition + self.terminator

    def sound(self) -> bool:
        """Whether a reader can tell them from data and from one another."""
        marks = (self.element, self.component, self.repetition, self.terminator)
        return len(set(marks)) == 4 and all(
            len(mark) == 1 and not mark.isalnum() and mark not in " \r\n-." for mark in marks
        )


LENGTHS: Final[Mapping[tuple[str, int], tuple[int, int]]] = MappingProxyType(
    {
        ("BHT", 3): (1, 50),
        ("BPR", 10): (10, 10),
        ("CLP", 1): (1, 38),
        ("CLP", 7): (1, 50),
        ("GS", 2): (2, 15),
        ("GS", 3): (2, 15),
        ("HCR", 2): (1, 50),
        ("HCR", 3): (1, 30),
        ("LQ", 2): (1, 30),
        ("MSG", 1): (1, 264),
        ("N1", 2): (1, 60),
        ("N1", 4): (2, 80),
        ("N3", 1): (1, 55),
        ("N3", 2): (1, 55),
        ("N4", 1): (2, 30),
        ("N4", 2): (2, 2),
        ("N4", 3): (3, 15),
        ("NM1", 3): (1, 60),
        ("NM1", 4): (1, 35),
        ("NM1", 9): (2, 80),
        ("PER", 2): (1, 60),
        ("PER", 4): (1, 256),
        ("REF", 2): (1, 50),
        ("ST", 2): (4, 9),
        ("SVC", 1): (1, 48),
        ("SVC", 4): (1, 48),
        ("TRN", 2): (1, 50),
        ("TRN", 3): (10, 10),
    }
)
"""Least and most characters of elements (of each component), as the X12 005010 standard has them."""

_MAX_DIGITS: Final = 18
"""Digits of an amount (element 782); a quantity (380) has at most 15."""

_PLAIN: Final = str.maketrans(
    {
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2026": "...",
        "\u2264": "<=",
        "\u2265": ">=",
        "\u00d7": "x",
        "\u00b7": "-",
        "\u00b5": "u",
        "\u03bc": "u",
        "\u00df": "ss",
    }
)


def plain(text: str) -> str:
    """A text in printable ASCII, on one line: marks in another way, accents left off, `?` for what
    has no likeness."""
    spelled = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    kept = "".join(
        char if " " <= char <= "~" else " " if char.isspace() else "?"
        for char in spelled
        if not unicodedata.combining(char)
    )
    return " ".join(kept.split())


def free(text: str, marks: Marks, most: int) -> str:
    """A text for people as it is written: plain, without separators, cut where it is too long."""
    text = plain(text)
    if ":" in marks.all() and ";" not in marks.all():
        text = text.replace(":", ";")  # reads nearly the same
    for mark in marks.all():
        text = text.replace(mark, " ")
    text = " ".join(text.split())
    return text if len(text) <= most else text[: max(most - 3, 0)].rstrip() + "..."


def most_characters(id_: str, element: int) -> int:
    """How long an element may be."""
    return LENGTHS[id_, element][1]


def number(value: int | Decimal) -> str:
    """A number exactly: no exponent, no zeros that say nothing."""
    if isinstance(value, int):
        return str(value)
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    return "0" if text in ("", "-0") else text


@dataclass(slots=True)
class Text:
    """Segments becoming the text of one interchange; `problems` says what could not be written.

    With a problem the text is not to be sent: the element stands empty.
    """

    marks: Marks
    about: Location
    problems: list[Diagnostic] = field(default_factory=list)

    def render(self, segments: Iterable[Out], line_break: str = "\n") -> str:
        """The text, a line a segment."""
        return "".join(self._segment(one) + self.marks.terminator + line_break for one in segments)

    def _segment(self, segment: Out) -> str:
        written = [segment.id]
        for index, element in enumerate(segment.elements, 1):
            parts = element if isinstance(element, tuple) else (element,)
            made = [self._part(segment, index, part) for part in parts]
            while made and not made[-1]:
                made.pop()
            written.append(self.marks.component.join(made))
        while not written[-1]:
            written.pop()
        return self.marks.element.join(written)

    def _part(self, segment: Out, index: int, part: Part) -> str:
        if part is None or part == "":
            return ""
        if isinstance(part, date):
            return part.strftime("%Y%m%d") if part.year > 999 else f"{part:%Y%m%d}".zfill(8)
        if isinstance(part, (int, Decimal)):
            text = number(part)
            if sum(char.isdigit() for char in text) > _MAX_DIGITS:
                what = f"at most {_MAX_DIGITS} digits were expected"
                return self._refuse(f"{segment.id}{index:02d}", text, what)
            return text
        least, most = LENGTHS.get((segment.id, index), (1, 10_000))
        if isinstance(part, Verbatim):
            return str(part)
        if isinstance(part, Free):
            return free(part, self.marks, most)
        name = f"{segment.id}{index:02d}"
        if marks := [mark for mark in self.marks.all() if mark in part]:
            what = f"it has `{marks[0]}`, which separates elements; none in a code was expected"
            return self._refuse(name, part, what)
        if not (part.isascii() and part.isprintable()):
            return self._refuse(name, part, "plain characters only were expected")
        if not least <= len(part) <= most:
            many = f"{most}" if least == most else f"{least} to {most}"
            return self._refuse(name, part, f"{many} characters were expected")
        return part

    def _refuse(self, name: str, text: str, why: str) -> str:
        hint = "choose other separators, or correct the value where it comes from"
        message = f"{name} cannot hold {shown(text)}: {why}"
        self.problems.append(Diagnostic("unwritable", message, self.about, hint))
        return ""
