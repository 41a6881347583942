"""The loops of a 278 request: who reviews, who asks, for which patient, and what for.

HL segments make a tree (reviewer 20, requester 21, subscriber 22, dependent 23, patient event EV,
service SS). One event with its services is one request. Anything else (an answer, a query, a
notification) is known by its BHT and by its guide, and is reported instead of being read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from payer_policy.formats.x12.envelope import Closed, Envelope, Opened
from payer_policy.formats.x12.form import Form, Slip
from payer_policy.formats.x12.levels import MAX_SEGMENTS, Hierarchy, Level, LoopSet, too_long
from payer_policy.formats.x12.providers import specialty, tax_number
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import day

_BIRTH = ("patient", "birth_date")
_EXPECTED = "a request for review (BHT02 13, guide 005010X217) was expected"
OTHER_PURPOSES = {
    "11": "the answer to a request",
    "28": "a query about earlier requests",
    "36": "an authority to deduct",
}
"""What another 278 is, by BHT02; 01 (cancellation) and 13 are requests."""

_OF_EVENTS = frozenset({"UM", "HI", "HSD", "SV1", "SV2", "SV3"})
_ANSWERED = "send the request that was answered; answers are not read here"
_NO_HL = "is the HL, or the segment terminator before it, missing?"
_ALONE = "this service is outside of a patient event (HL03 EV)"
OTHER_GUIDES = {
    "215": "a query about earlier requests, or its answer (005010X215)",
    "216": "a notification, or its acknowledgement (005010X216)",
}


def _says(level: str, party: str, form: Form, segment: Segment) -> None:
    match level, segment.id, segment.code(1):
        case "20", "NM1", _:
            form.put(("coverage", "payer"), segment.get(9), segment, 9)
            form.put(("coverage", "payer_name"), segment.get(3), segment, 3)
        case "21", "NM1", _ if segment.code(8) == "XX":
            # A Request has no field of its own for who asks. The PAS guides put this party where a
            # claim has its provider, which is the biller's place.
            form.put(("provider", "billing_npi"), segment.get(9), segment, 9)
        case "21", "REF", _ if party:
            tax_number(form, segment)
        case "21", "PRV", _:
            specialty(form, segment, ("provider", "billing_specialty"))
        case "22", "NM1", "IL":
            form.put(("coverage", "member_id"), segment.get(9), segment, 9)
        case "22", "REF", "6P":
            form.put(("coverage", "plan"), segment.get(2), segment, 2)
        case "22" | "23", "DMG", _:
            form.put(_BIRTH, form.read(_BIRTH, segment, 2, day), segment, 2)


_REVIEWS = Hierarchy(
    {
        "20": "reviewer",
        "21": "requester",
        "22": "subscriber",
        "23": "dependent",
        "EV": "patient event",
        "SS": "service",
    },
    {"21": ("20",), "22": ("21",), "23": ("22",), "EV": ("22", "23"), "SS": ("EV",)},
    _says,
    {"23": _BIRTH},
    frozenset({"SS"}),
)


@dataclass(slots=True)
class ReviewLoop:
    """One patient event: its own segments, those of each service, and the levels above."""

    opened: Opened
    bht: Segment | None
    event: Level
    services: list[Level] = field(default_factory=list)
    fault: Slip | None = None
    """Why the request cannot be read, whatever it says."""
    size: int = 0

    @property
    def first(self) -> Segment:
        """The HL of the event."""
        return self.event.hl

    def add(self, level: Level, segment: Segment) -> None:
        self.size += 1
        if self.size < MAX_SEGMENTS:
            level.add(segment)
        elif self.fault is None:
            self.fault = too_long(self.event.hl)


def refused_event(opened: Opened, hl: Segment, fault: Slip) -> ReviewLoop:
    """A patient event that stands where none is read."""
    return ReviewLoop(opened, None, Level(hl, None, None, _REVIEWS), fault=fault)


class ReviewSet(LoopSet[ReviewLoop]):
    """The events of one 278."""

    hierarchy = _REVIEWS
    what = "request"
    begins = "patient event (HL03 EV)"

    def __init__(self, opened: Opened, envelope: Envelope) -> None:
        super().__init__(opened, envelope)
        self._bht: Segment | None = None
        self._has_event = False
        self._other: str | None = OTHER_GUIDES.get(opened.guide)
        """What this is, where it is not a request."""

    def add(self, segment: Segment) -> Iterator[ReviewLoop]:
        if segment.id == "BHT" and self._bht is None:
            self._bht = segment
            if self._other is None and not self._has_event:
                self._other = OTHER_PURPOSES.get(segment.code(2))
            elif self._loop is not None and self._loop.fault is None:
                message = "BHT comes after the beginning of a request; it is the first of its set"
                self._loop.fault = Slip(segment, 0, "broken-hierarchy", message)
        if self._other is not None:
            return
        if segment.id == "CLM":  # it is refused alone, and what follows belongs to it
            message = f"a claim (CLM, segment {segment.number}) comes before the end of the request"
            if self._loop is not None and self._loop.fault is None:
                self._loop.fault = Slip(self._loop.event.hl, 0, "lost-claim", message, _NO_HL)
            yield from self._done()
            self._lost = True
        if segment.id == "HL":
            if segment.code(3) != "SS":
                yield from self._done()
                self._lost = False
            level = self._tree.add(segment)
            if level.code == "EV":
                self._count += 1
                self._has_event = True
                self._loop = ReviewLoop(self._opened, self._bht, level, fault=level.first_fault())
            elif self._loop is not None and len(self._loop.services) < MAX_SEGMENTS:
                self._loop.services.append(level)
                if self._loop.fault is None and level.parent is not self._loop.event:
                    message = "this service belongs to another patient event than the one before"
                    fault = level.fault or Slip(segment, 2, "broken-hierarchy", message)
                    self._loop.fault = fault
            elif level.code == "SS" and not self._lost:  # no event is open to report its fault
                fault = level.fault or Slip(segment, 0, "broken-hierarchy", _ALONE)
                self._note(fault.code, fault.message, segment, fault.element, self._older())
            return
        if self._loop is not None and self._starts_anew(segment):
            message = f"{segment.id} comes after the services of a request; its HL is missing"
            self._loop.fault = self._loop.fault or Slip(segment, 0, "lost-claim", message, _NO_HL)
            yield from self._done()
        if self._loop is not None:
            level = self._loop.services[-1] if self._loop.services else self._loop.event
            self._loop.add(level, segment)
        elif self._lost:
            pass
        elif segment.id in _OF_EVENTS:
            self._lost = True
            self._count += 1
            message = f"{segment.id} belongs to a patient event (HL03 EV), but none is open"
            self._note("lost-claim", message, segment, 0, self._older() or _NO_HL)
        elif self._tree.current is not None:
            self._tree.current.add(segment)

    def end(self, closed: Closed) -> Iterator[ReviewLoop]:
        if self._other is None:
            yield from super().end(closed)
            return
        st = self._opened.st
        message = f"this is {self._other} (278); {_EXPECTED}"
        first, element = (self._bht, 2) if self._bht is not None else (st, 1)
        self._note("wrong-transaction", message, first, element, _ANSWERED)

    def _cut_off(self, loop: ReviewLoop, fault: Slip) -> None:
        loop.fault = loop.fault or fault

    def _starts_anew(self, segment: Segment) -> bool:
        """Whether a segment within a service is of another event, whose HL is lost."""
        if self._loop is None or not self._loop.services or segment.id not in ("HI", "UM", "TRN"):
            return False
        before = self._loop.services[-1].segments  # a service has TRN and UM before what it is for
        return segment.id == "HI" or any(one.id in ("SV1", "SV2", "SV3") for one in before)

    def _older(self) -> str | None:
        guide = self._opened.guide
        if guide in ("094", "059"):
            return f"it follows the older guide X{guide}; send it by 005010X217"
        return None

    def _note(
        self, code: str, message: str, segment: Segment, element: int, hint: str | None
    ) -> None:
        self._envelope.note(code, message, segment, element, hint)
