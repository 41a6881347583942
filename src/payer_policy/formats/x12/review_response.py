"""A 278 response (guide 005010X217): the request's own loops echoed, with what was decided of them.

One transaction set a request. The requester's trace numbers (TRN*1) come back as TRN*2; levels are
numbered anew. What was asked for stands as it was asked (SV1, SV2); what is certified, in HSD.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.vocabulary.types import exact_number
from payer_policy.formats.x12.interchange import Envelope, Written, interchange
from payer_policy.formats.x12.levels import Level
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.reviews import Decision, Review
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.segment_writer import (
    Element,
    Free,
    Marks,
    Out,
    Verbatim,
    most_characters,
    out,
    plain,
)

GUIDE: Final = "005010X217"
_ECHOED: Final = {
    "20": ("NM1",),
    "21": ("NM1", "REF", "PRV"),
    "22": ("NM1", "REF", "DMG"),
    "23": ("NM1", "REF", "DMG"),
}
"""What a response repeats of who takes part."""

_PERIODS: Final = {"days": "DA", "weeks": "WK", "months": "MO"}
"""HSD03, the unit of a period."""
_FITS: Final = most_characters("MSG", 1)
_EVENT_DATES: Final = frozenset({"AAH", "435", "096", "472"})


def marks_of(loop: ReviewLoop) -> Marks:
    """The separators of a request's interchange, for an answer in the same."""
    separators = loop.event.hl.separators
    repetition = loop.opened.isa.get(11) if loop.opened.isa is not None else ""
    marks = Marks(separators.element, separators.component, repetition, separators.terminator)
    if marks.sound():
        return marks
    for other in "^!|%":  # an ISA of version 4010 has a U there
        marks = Marks(separators.element, separators.component, other, separators.terminator)
        if marks.sound():
            return marks
    return Marks()


def response(envelope: Envelope, answers: Sequence[tuple[ReviewLoop, Review]]) -> Written:
    """The text of an interchange with one 278 response for each request.

    Args:
        envelope: Parties, time and control number; its time is that of the answers (BHT04, BHT05).
        answers: Requests as they were read, each with its answer; at least one.
    """
    about = Location(f"278 to {envelope.receiver}")
    problems = [
        Diagnostic(
            "broken-hierarchy",
            f"request {review.id}: its levels are not those of a request, so no answer can repeat them",
            about,
            "answer the whole file with a 999 or a TA1",
        )
        for loop, review in answers
        if [level.code for level in loop.event.path()][:3] != ["20", "21", "22"]
    ]
    if not answers:
        problems.append(Diagnostic("no-claims", "there is no request to answer", about))
    if problems:
        return Written("", tuple(problems))
    sets = [response_segments(loop, review, envelope) for loop, review in answers]
    made = interchange(envelope, "278", GUIDE, sets)
    cut = [
        Diagnostic(
            "message-cut",
            f"request {review.id}: a message of {len(text)} characters does not fit; {_FITS} do",
            about,
            "the whole message is in the determination",
            "warning",
        )
        for _, review in answers
        for text in _messages(review)
        if len(text) > _FITS
    ]
    return Written(made.text, (*made.problems, *cut))


def _messages(review: Review) -> list[str]:
    whole = [review.whole] if review.whole is not None else []
    return [plain(one.message) for one in (*whole, *review.services)]


def response_segments(loop: ReviewLoop, review: Review, envelope: Envelope) -> list[Out]:
    """What stands between ST and SE in the answer to one request."""
    return list(_Answer(loop, review, envelope.at, envelope.marks).segments())


class _Answer:
    """One request being answered."""

    def __init__(self, loop: ReviewLoop, review: Review, at: datetime, marks: Marks) -> None:
        self.loop = loop
        self.review = review
        self.at = at
        self.same = marks == marks_of(loop)
        """Whether what is echoed can stand as it came."""
        self.number = 0

    def segments(self) -> Iterator[Out]:
        loop, review = self.loop, self.review
        decided = [*review.services, *([review.whole] if review.whole is not None else [])]
        # BHT06: 18 no further answer follows, 19 one does.
        follows = "19" if any(one.action == "A4" for one in decided) else "18"
        reference = loop.bht.get(3) if loop.bht is not None else ""
        day, time = f"{self.at:%Y%m%d}", f"{self.at:%H%M}"
        yield out("BHT", "0007", "11", reference or review.id, day, time, follows)
        parent = ""
        *above, event = loop.event.path()
        for level in above:
            yield self._level(level.code, parent, below=True)
            parent = str(self.number)
            for segment in level.segments:
                if segment.id in _ECHOED[level.code]:
                    yield self._echo(segment)
        services = [] if review.rejections else loop.services
        yield self._level("EV", parent, below=bool(services))
        parent = str(self.number)
        yield from self._event(event)
        answers = iter(review.services)
        for level in services:
            is_line = any(segment.id in ("SV1", "SV2", "SV3") for segment in level.segments)
            yield self._level("SS", parent, below=False)
            yield from self._service(level, next(answers, None) if is_line else None)

    def _level(self, code: str, parent: str, *, below: bool) -> Out:
        self.number += 1
        return out("HL", str(self.number), parent, code, "1" if below else "0")

    def _event(self, event: Level) -> Iterator[Out]:
        review, whole = self.review, self.review.whole
        yield from self._traces(event)
        for one in review.rejections:
            yield out("AAA", "N", "", one.reason, one.follow_up)
        yield from self._echoes(event, "UM")
        if whole is not None and whole.action:
            yield _hcr(whole)
        yield from self._echoes(event, "REF")
        if review.administrative:
            yield out("REF", "NT", review.administrative)
        yield from self._echoes(event, "DTP", _EVENT_DATES)
        if review.valid_from is not None:
            yield out("DTP", "007", "D8", review.valid_from)
        if review.valid_through is not None:
            yield out("DTP", "036", "D8", review.valid_through)
        yield from self._echoes(event, "HI")
        yield from self._end(event, whole)

    def _service(self, level: Level, decision: Decision | None) -> Iterator[Out]:
        yield from self._traces(level)
        yield from self._echoes(level, "UM")
        if decision is not None:
            yield _hcr(decision)
        yield from self._echoes(level, "REF")
        yield from self._echoes(level, "DTP")
        if decision is not None and decision.certified is not None:
            for qualifier, key in (("007", "valid_from"), ("036", "valid_through")):
                if (day := decision.certified[key]) is not None:
                    yield out("DTP", qualifier, "D8", date.fromisoformat(day))
        for name in ("SV1", "SV2", "SV3"):
            yield from self._echoes(level, name)
        yield from self._end(level, decision)

    def _end(self, level: Level, decision: Decision | None) -> Iterator[Out]:
        """The units, the message and the provider of an event or a service."""
        per = None
        if decision is not None and decision.certified is not None:
            per = decision.certified["quantity_per"]
        if per is not None:  # the units in all are in MSG
            yield out(
                "HSD", "FL", exact_number(per["quantity"]), _PERIODS[per["period"]], per["every"]
            )
        elif decision is not None and decision.units is not None:
            yield out("HSD", "FL", decision.units)
        if decision is not None and decision.message:
            yield out("MSG", Free(decision.message))
        yield from self._echoes(level, "NM1", frozenset({"SJ"}))

    def _traces(self, level: Level) -> Iterator[Out]:
        for segment in level.segments:
            if segment.id == "TRN" and segment.get(2):
                yield out("TRN", "2", *self._echo(segment).elements[1:])

    def _echoes(
        self, level: Level, name: str, codes: frozenset[str] | None = None
    ) -> Iterator[Out]:
        """The segments of a name; with `codes`, those whose first element is one of them."""
        for segment in level.segments:
            if segment.id == name and (codes is None or segment.code(1) in codes):
                yield self._echo(segment)

    def _echo(self, segment: Segment) -> Out:
        """The same segment. With other separators than the request's its parts are taken apart; a
        name is then a text for people."""
        elements: list[Element] = []
        for index, text in enumerate(segment.elements[1:], 1):
            if self.same:
                elements.append(Verbatim(text))
                continue
            kind: type[str] = Free if segment.id == "NM1" and 3 <= index <= 7 else str
            parts = text.strip().split(segment.separators.component)
            elements.append(tuple(kind(part) for part in parts))
        return Out(segment.id, tuple(elements))


def _hcr(decision: Decision) -> Out:
    return out("HCR", decision.action, decision.certification, decision.reason)
