"""What a 278 response says, read back: actions, certification numbers, units, messages, rejections.

For programs that receive what `review_response` writes, and for responses of other payers as far as
`Review` reaches.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.reviews import Decision, Rejection, Review
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import day, number
from tests.formats.x12.answer_reader import AnswerReader

_ACTIONS = frozenset({"A1", "A2", "A3", "A4", "A6", "C", "CT", "NA"})


@dataclass(frozen=True, slots=True)
class Reviews:
    """The answers of all 278 responses of a text, and what is wrong with it."""

    reviews: tuple[Review, ...]
    """The answers, in the order of the text."""
    problems: tuple[Diagnostic, ...]
    """What is wrong with the text."""


def read_reviews(text: str, file: str) -> Reviews:
    """The answers of a text. Never raises for any text; what could not be read is among the problems,
    and the rest is returned.

    Args:
        text: The text of the file.
        file: The name that messages begin with.

    Raises:
        PolicyError: `text` is not a `str` (bytes or a path, say).
    """
    reader = _ReviewReader(file)
    reader.read_text(text)
    return Reviews(tuple(reader.reviews), tuple(reader.problems))


class _ReviewReader(AnswerReader):
    """An answer is complete when the next event, or a level above one, begins."""

    transaction = "278"
    nothing = "the text holds no answer to a request (278)"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.reviews: list[Review] = []
        self._reference = ""
        self._level = ""
        self._review: Review | None = None
        self._service: Decision | None = None
        self._is_line = False
        self._early: tuple[Rejection, ...] = ()
        """Rejections of a level above the event."""

    def read(self, segment: Segment) -> None:
        match segment.id:
            case "BHT":
                self._reference = segment.get(3)
                if segment.code(2) != "11":
                    message = f"not an answer: found {shown(segment.get(2))}, 11 was expected"
                    self.problem(segment, 2, "wrong-transaction", message)
                    self.inside = False
            case "HL":
                self._open(segment.code(3))
            case "AAA":
                self._reject(Rejection(segment.get(3), segment.get(4)))
            case "SV1" | "SV2" | "SV3":
                self._is_line = True
            case _ if self._review is None:
                pass
            case "HCR" | "HSD" | "MSG":
                self._decide(self._review, segment)
            case _ if self._level == "EV":
                self._review = self._of_event(self._review, segment)

    def end(self) -> None:
        self._close_service()
        if self._review is None and self._early:
            self._review = Review(self._reference, rejections=self._early)
        if self._review is not None:
            self.reviews.append(self._review)
            self.found = True
        self._review, self._early = None, ()

    def _open(self, level: str) -> None:
        self._level = level
        self._close_service()
        if level == "SS":
            self._service = Decision("")
        elif level in ("20", "21", "22", "23", "EV") and self._review is not None:
            self.end()
        if level == "EV":
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

    def _of_event(self, review: Review, segment: Segment) -> Review:
        match segment.id, segment.code(1):
            case "TRN", "2" if review.id == self._reference:
                return replace(review, id=segment.get(2))
            case "REF", "NT":
                return replace(review, administrative=segment.get(2))
            case "DTP", "007":
                return replace(review, valid_from=self.value(segment, 3, day))
            case "DTP", "036":
                return replace(review, valid_through=self.value(segment, 3, day))
        return review

    def _decide(self, review: Review, segment: Segment) -> None:
        in_service = self._level == "SS"
        decision = (self._service if in_service else review.whole) or Decision("")
        match segment.id, segment.code(1):
            case "HCR", action:
                if action not in _ACTIONS:
                    expected = ", ".join(sorted(_ACTIONS))
                    message = f"found {shown(segment.get(1))}; one of {expected} was expected"
                    self.problem(segment, 1, "wrong-value", message)
                number_, reason = segment.get(2), segment.get(3)
                decision = replace(decision, action=action, certification=number_, reason=reason)
            case "HSD", "FL" if (units := self.value(segment, 2, number)) is not None:
                decision = replace(decision, units=units)
            case "MSG", _:
                decision = replace(decision, message=segment.get(1))
            case _:
                return
        if in_service:
            self._service = decision
        else:
            self._review = replace(review, whole=decision)
