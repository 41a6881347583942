"""The shared part of the readers of X12 answers: transaction sets, values of elements, and problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

from payer_policy.core.diagnostics import Diagnostic, Location, Position, given_text
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats.x12.envelope import diagnostic
from payer_policy.formats.x12.segment_reader import Segment, Segments, is_x12

T = TypeVar("T")


class AnswerReader:
    """Reads every transaction set of one kind in a text, segment by segment.

    A subclass reads one segment in `read`, and completes what is open in `end`.
    """

    transaction: ClassVar[str]
    """The kind of transaction set (ST01) that is read."""
    nothing: ClassVar[str]
    """What is reported for a text without any answer."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Diagnostic] = []
        self.found = False
        """Whether the text contains an answer."""
        self.inside = False
        """Whether a transaction set of this kind is open."""

    def read(self, segment: Segment) -> None:
        """Read a segment between ST and SE."""
        raise NotImplementedError

    def end(self) -> None:
        """Complete the answer that is open."""
        raise NotImplementedError

    def read_text(self, text: str) -> None:
        """Read a whole text; whatever cannot be read is added to the problems."""
        given_text(text, self.file)
        text = text.removeprefix("\ufeff").lstrip(" \t\r\n")
        start = Location(self.file, "$", Position(1, 1))
        if not is_x12(text):
            message = f"the text does not start with ISA; an X12 {self.transaction} was expected"
            self.problems.append(Diagnostic("unknown-format", message, start))
            return
        for item in Segments(text):
            if isinstance(item, Segment):
                self._segment(item)
            else:
                where = Location(self.file, f"segment {item.number}", item.start)
                self.problems.append(Diagnostic("broken-envelope", item.reason, where))
        self.end()
        if not self.found and not self.problems:
            self.problems.append(Diagnostic("no-claims", self.nothing, start))

    def _segment(self, segment: Segment) -> None:
        if segment.id == "ST":
            self.end()
            self.inside = segment.code(1) == self.transaction
            if not self.inside:
                message = f"this is a transaction set {shown(segment.get(1))}; "
                message += f"{self.transaction} was expected"
                self.problem(segment, 1, "wrong-transaction", message)
        elif segment.id in ("SE", "GE", "IEA", "ISA"):
            self.end()
            self.inside = False
        elif self.inside:
            self.read(segment)

    def value(self, segment: Segment, element: int, parse: Callable[[str], T]) -> T | None:
        """The value of an element; None where it is empty or wrong (which is a problem)."""
        try:
            return parse(segment.get(element)) if segment.get(element) else None
        except ValueProblem as problem:
            self.problem(segment, element, problem.code, problem.message)
            return None

    def problem(self, segment: Segment, element: int, code: str, message: str) -> None:
        """Add a problem at a segment or one of its elements."""
        self.problems.append(diagnostic(self.file, segment, element, code, message))
