"""The envelopes around what is written: ISA, GS, ST and their ends, with the counts they demand.

Control numbers, names of the parties, date and time are the caller's; nothing here reads a clock or
keeps a counter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.segment_writer import Marks, Out, Text, out

_GROUPS: Final = {"835": "HP", "278": "HI"}
_QUALIFIER: Final = re.compile(r"[A-Z0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends an interchange to whom, when, and under which control number."""

    sender: str
    """ISA06, at most 15 characters."""
    receiver: str
    """ISA08, at most 15 characters."""
    at: datetime
    """Date and time of the interchange, to the minute; X12 knows no time zone."""
    control: int
    """ISA13, from 1 to 999,999,999; GS06 is the same. Never twice to the same receiver."""
    sender_qualifier: str = "ZZ"
    """ISA05."""
    receiver_qualifier: str = "ZZ"
    """ISA07."""
    group_sender: str | None = None
    """GS02; the sender's name where left out."""
    group_receiver: str | None = None
    """GS03; the receiver's name where left out."""
    usage: Literal["P", "T"] = "P"
    """Production or test."""
    marks: Marks = field(default_factory=Marks)
    """The separators."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text and what is to be said of it. With an error among the problems the text is empty."""

    text: str
    """The X12 text; empty with an error among the problems."""
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong, and what to do about it."""

    @property
    def sound(self) -> bool:
        """Whether there is no error, so that the text can be sent."""
        return not any(problem.severity == "error" for problem in self.problems)


def interchange(
    envelope: Envelope,
    transaction: Literal["835", "278"],
    guide: str,
    sets: Sequence[Sequence[Out]],
) -> Written:
    """An interchange of one group with these transaction sets; each is what stands between ST and
    SE. They are numbered from 0001."""
    about = Location(f"{transaction} to {envelope.receiver}")
    problems = [Diagnostic("unwritable", wrong, about, hint) for wrong, hint in _wrong(envelope)]
    if problems:
        return Written("", tuple(problems))
    text = Text(envelope.marks, about)
    at, control = (f"{envelope.at:%Y%m%d}", f"{envelope.at:%H%M}"), envelope.control
    sender = envelope.group_sender or envelope.sender
    receiver = envelope.group_receiver or envelope.receiver
    group = _GROUPS[transaction]
    segments = [out("GS", group, sender, receiver, *at, str(control), "X", guide)]
    for number, content in enumerate(sets, 1):
        st = f"{number:04d}"
        # An 835 names its guide in GS08 only: ST03 is not used (guide 005010X221A1).
        named = guide if transaction == "278" else None
        segments += [out("ST", transaction, st, named), *content]
        segments.append(out("SE", len(content) + 2, st))
    segments += [out("GE", len(sets), str(control)), out("IEA", 1, f"{control:09d}")]
    body = text.render(segments)
    if text.problems:
        return Written("", tuple(text.problems))
    return Written(_isa(envelope) + body)


def _isa(envelope: Envelope) -> str:
    """The one segment whose elements have fixed widths, and that says what separates."""
    marks = envelope.marks
    elements = (
        "ISA",
        "00",
        " " * 10,
        "00",
        " " * 10,
        envelope.sender_qualifier,
        f"{envelope.sender:<15}",
        envelope.receiver_qualifier,
        f"{envelope.receiver:<15}",
        f"{envelope.at:%y%m%d}",
        f"{envelope.at:%H%M}",
        marks.repetition,
        "00501",
        f"{envelope.control:09d}",
        "0",
        envelope.usage,
        marks.component,
    )
    return marks.element.join(elements) + marks.terminator + "\n"


def _wrong(envelope: Envelope) -> Iterator[tuple[str, str]]:
    """What is wrong with an envelope, and what to do."""
    marks = envelope.marks.all()
    if not envelope.marks.sound():
        message = f"the separators {shown(marks)} cannot be distinguished from data"
        yield message, "four different marks, neither letters nor digits: `*:^~`"
    if not 1 <= envelope.control <= 999_999_999:
        message = f"the control number is {envelope.control}; 1 to 999,999,999 was expected"
        yield message, "count on from the last one sent to this receiver"
    parties = (
        ("sender", envelope.sender, envelope.sender_qualifier),
        ("receiver", envelope.receiver, envelope.receiver_qualifier),
    )
    for what, name, _ in parties:
        fits = 2 <= len(name) <= 15 and name.isascii() and name.isprintable()
        if not fits or name != name.strip() or any(mark in name for mark in marks):
            message = f"the {what} is {shown(name)}; 2 to 15 plain characters were expected"
            yield message, "give the identifier agreed with the trading partner"
    for what, _, code in parties:
        if not _QUALIFIER.fullmatch(code):
            message = f"the {what}'s qualifier is {shown(code)}; two characters were expected"
            yield message, "ZZ for an identifier that was agreed"
    if envelope.at.year < 1000:
        yield f"the date is {envelope.at:%Y-%m-%d}", "give the day of sending"
