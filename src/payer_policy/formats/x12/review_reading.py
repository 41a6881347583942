"""What a 278 response says, read back: actions, certification numbers, units, messages, rejections.

For whoever receives what `review_response` writes, and for responses of others as far as `Review`
reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from payer_policy.core.diagnostics import Diagnostic, Location, Position, given_text
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats.x12.envelope import diagnostic
from payer_policy.formats.x12.reviews import Decision, Rejection, Review
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.texts import segments_of
from payer_policy.formats.x12.values import day, number

_ACTIONS = frozenset({"A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"})
_PARTY_LEVELS = frozenset({"20", "21", "22", "23"})


@dataclass(frozen=True, slots=True)
class Reviews:
    """The answers of all 278 responses of a text, and what is wrong with it."""

    reviews: tuple[Review, ...]
    """The answers, in the order of the text."""
    problems: tuple[Diagnostic, ...]
    """What is wrong with the text."""


def read_reviews(text: str, file: str) -> Reviews:
    """The answers of a text. Never raises for any text; what could not be read is among the problems,
    and the rest is given.

    Args:
        text: The text of the file.
        file: The name that messages begin with.

    Raises:
        PolicyError: This is no text (bytes or a path, say).
    """
    given_text(text, file)
    reader = _Reader(file)
    for item in segments_of(text, file, "278"):
        if isinstance(item, Diagnostic):
            reader.problems.append(item)
        else:
            reader.read(item)
    reader.end()
    if not reader.reviews and not reader.problems:
        message = "the text holds no answer to a request (278)"
        start = Location(file, "$", Position(1, 1))
        reader.problems.append(Diagnostic("no-claims", message, start))
    return Reviews(tuple(reader.reviews), tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    """Reads segment after segment; an answer is done when its event or its set ends."""

    file: str
    reviews: list[Review] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    _inside: bool = False
    _reference: str = ""
    _level: str = ""
    _review: Review | None = None
    _service: Decision | None = None
    _is_line: bool = False
    _early: tuple[Rejection, ...] = ()
    """Rejections of a level above the event."""

    def read(self, segment: Segment) -> None:
        match segment.id:
            case "ST":
                self.end()
                self._inside, self._early = segment.code(1) == "278", ()
                if not self._inside:
                    message = f"this is a transaction set {shown(segment.get(1))}; 278 was expected"
                    self._problem(segment, 1, "wrong-transaction", message)
            case "SE" | "GE" | "IEA" | "ISA":
                self.end()
                self._inside = False
            case _ if not self._inside:
                pass
            case "BHT":
                self._reference = segment.get(3)
                if segment.code(2) != "11":
                    message = f"this is no answer: found {shown(segment.get(2))}, 11 was expected"
                    self._problem(segment, 2, "wrong-transaction", message)
                    self._inside = False
            case "HL":
                self._open(segment.code(3))
            case "AAA":
                self._reject(Rejection(segment.get(3), segment.get(4)))
            case _ if self._review is None:
                pass
            case "TRN" if segment.code(1) == "2" and self._level == "EV":
                if self._review.id == self._reference:
                    self._review = replace(self._review, id=segment.get(2))
            case "SV1" | "SV2" | "SV3":
                self._is_line = True
            case "HCR" | "HSD" | "MSG":
                self._decide(segment)
            case "REF" if segment.code(1) == "NT" and self._level == "EV":
                self._review = replace(self._review, administrative=segment.get(2))
            case "DTP" if segment.code(1) in ("007", "036") and self._level == "EV":
                self._valid(self._review, segment)

    def end(self) -> None:
        """What is open is complete."""
        self._close_service()
        if self._review is None and self._early:
            self._review = Review(self._reference, rejections=self._early)
        if self._review is not None:
            self.reviews.append(self._review)
        self._review, self._early = None, ()

    def _open(self, code: str) -> None:
        self._level = code
        self._close_service()
        if code == "SS":
            self._service = Decision("")
        elif code == "EV" or code in _PARTY_LEVELS:
            if self._review is not None:
                self.end()
            if code == "EV":
                self._review = Review(self._reference, rejections=self._early)
                self._early = ()

    def _close_service(self) -> None:
        if self._review is not None and self._service is not None and self._is_line:
            services = (*self._review.services, self._service)
            self._review = replace(self._review, services=services)
        self._service, self._is_line = None, False

    def _reject(self, one: Rejection) -> None:
        if self._review is not None:
            self._review = replace(self._review, rejections=(*self._review.rejections, one))
        else:
            self._early = (*self._early, one)

    def _decide(self, segment: Segment) -> None:
        assert self._review is not None
        before = self._service if self._level == "SS" else self._review.whole
        decision = before or Decision("")
        match segment.id:
            case "HCR":
                if segment.code(1) not in _ACTIONS:
                    expected = ", ".join(sorted(_ACTIONS))
                    message = f"found {shown(segment.get(1))}; one of {expected} was expected"
                    self._problem(segment, 1, "wrong-value", message)
                decision = replace(
                    decision,
                    action=segment.code(1),
                    certification=segment.get(2),
                    reason=segment.get(3),
                )
            case "HSD" if segment.code(1) == "FL" and segment.get(2):
                try:
                    decision = replace(decision, units=number(segment.get(2)))
                except ValueProblem as problem:
                    self._problem(segment, 2, problem.code, problem.message)
            case "MSG":
                decision = replace(decision, message=segment.get(1))
            case _:
                return
        if self._level == "SS":
            self._service = decision
        else:
            self._review = replace(self._review, whole=decision)

    def _valid(self, review: Review, segment: Segment) -> None:
        try:
            found = day(segment.get(3))
        except ValueProblem as problem:
            self._problem(segment, 3, problem.code, problem.message)
            return
        if segment.code(1) == "007":
            self._review = replace(review, valid_from=found)
        else:
            self._review = replace(review, valid_through=found)

    def _problem(self, segment: Segment, element: int, code: str, message: str) -> None:
        self.problems.append(diagnostic(self.file, segment, element, code, message))
