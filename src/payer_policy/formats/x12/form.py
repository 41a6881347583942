"""What the segments of a claim say, field by field, with the segment and element that said it.

A second, different value for the same field is a problem and does not replace the first: the file
does not say which of the two the biller meant.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple, TypeVar

from payer_policy.core.diagnostics import Severity
from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.codes import remark_on_ndc
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats import form
from payer_policy.formats.form import MAX_PROBLEMS, label
from payer_policy.formats.x12.segment_reader import Segment, is_segment_name
from payer_policy.formats.x12.values import components

T = TypeVar("T")


class Slip(NamedTuple):
    """Something wrong at a segment (element 0: the whole of it), not yet tied to a claim."""

    segment: Segment
    element: int
    code: str
    message: str
    hint: str | None = None
    severity: Severity = "error"


class Source(NamedTuple):
    """Where a field is stated."""

    segment: Segment
    element: int


class Form(form.Form[Source]):
    """The fields found so far, by their path in the request."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[JsonPath, Any] = {}
        self.slips: list[Slip] = []
        self.other_diagnoses = False
        """Whether a diagnosis is in another code system than policies speak of."""

    @property
    def wrong(self) -> bool:
        """Whether there is an error, so that there is no request."""
        return any(slip.severity == "error" for slip in self.slips)

    def put(self, path: JsonPath, value: object, segment: Segment, element: int) -> None:
        """Set a field; None and "" say nothing."""
        if value is None or value == "":
            return
        if path[-1] == "ndc" and (remark := remark_on_ndc(str(value))) is not None:
            self.slip(segment, element, *remark, "warning")
        if path not in self.values:
            self.values[path] = value
            self.sources[path] = Source(segment, element)
        elif self.values[path] != value:
            first = self.sources[path].segment.number
            self.slip(
                segment,
                element,
                "contradiction",
                f"a second {label(path)} {shown(str(value))}; segment {first} says "
                f"{shown(str(self.values[path]))}",
                "leave one of the two",
            )

    def read(
        self, path: JsonPath, segment: Segment, element: int, parse: Callable[[str], T]
    ) -> T | None:
        """The parsed value of an element; None where it is empty or (with a slip) wrong."""
        return self.parsed(path, segment.get(element), segment, element, parse)

    def parsed(
        self, path: JsonPath, text: str, segment: Segment, element: int, parse: Callable[[str], T]
    ) -> T | None:
        """As `read`, for a text that is a part of the element."""
        if not text:
            return None
        try:
            return parse(text)
        except ValueProblem as problem:
            message = f"{label(path)}: {problem.message}"
            self.slip(segment, element, problem.code, message, problem.hint)
            return None

    def composite(self, segment: Segment, element: int, known: Collection[int]) -> list[str]:
        """The components of an element, as many as `known` reaches to; "" for one that is empty.

        One that is not empty and not among `known`, which are the positions that the guide has a
        use for (from 1), is a slip: it may be a part of something else, such as a second code.
        """
        found = components(segment.get(element), segment.separators.component)
        for position, text in enumerate(found, 1):
            if text and position not in known:
                message = f"found {shown(text)} as component {position}, which is not used there"
                hint = "is an element separator missing, or a component too many?"
                self.slip(segment, element, "unknown-component", message, hint)
                break
        most = max(known)
        return [*found, *[""] * most][:most]

    def report(
        self,
        place: Source,
        code: str,
        message: str,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        self.slip(*place, code, message, hint, severity)

    def slip(
        self,
        segment: Segment,
        element: int,
        code: str,
        message: str,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        if len(self.slips) < MAX_PROBLEMS:
            self.slips.append(Slip(segment, element, code, message, hint, severity))

    def check(self, segment: Segment) -> None:
        """Report a segment whose name is not the name of a segment: its content is lost."""
        if not is_segment_name(segment.id):
            message = f"found {shown(segment.id)}; the name of a segment was expected, such as SV1"
            hint = "does a separator stand inside a text?"
            self.slip(segment, 0, "broken-segment", message, hint)

    def take(self, other: Form, without: JsonPath | None = None) -> None:
        """Everything that another form says, except one field."""
        for path, value in other.values.items():
            if path != without:
                self.put(path, value, *other.sources[path])
        self.slips.extend(other.slips[: MAX_PROBLEMS - len(self.slips)])
