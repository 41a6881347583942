"""278 requests to preauthorization requests: one patient event and its services to one `Request`.

What an element means is in the implementation guide 005010X217. An event without a procedure (a
referral for a kind of service, a stay) is a request without lines.
"""

from __future__ import annotations

from typing import ClassVar, Final

from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.intake import Intake, printable
from payer_policy.formats.x12.claim_lines import LineReader, Statement, narrative
from payer_policy.formats.x12.form import Form, Slip, Source
from payer_policy.formats.x12.levels import Level
from payer_policy.formats.x12.providers import specialty
from payer_policy.formats.x12.requests import (
    dates_of,
    diagnosis_codes,
    intake_of,
    rendering,
    request_of,
)
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import LEVELS_OF_SERVICE, number
from payer_policy.request.checking import too_many_lines
from payer_policy.request.models import MAX_LINES, Request

_DIAGNOSES = frozenset({"ABK", "ABF", "ABJ", "APR", "DR"})
"""HI qualifiers of diagnoses; others (a LOINC code, say) are not diagnoses."""

_FREQUENCIES: Final = {
    **dict.fromkeys("124INR", "1"),  # appeals, extensions, renewals: beside what was certified
    "S": "7",  # takes the place of what was certified
    "3": "8",  # takes it back
}
"""UM02, what kind of certification is asked for, as a claim says it (CLM05-3)."""

_UNITS = frozenset({"UN", "FL"})


def request_number(loop: ReviewLoop) -> tuple[str, Segment | None]:
    """What the sender calls the request: the event's own trace number (TRN*1), else BHT03."""
    traces = [s for s in loop.event.segments if s.id == "TRN" and s.get(2)]
    for trace in sorted(traces, key=lambda trace: trace.code(1) != "1"):
        return trace.get(2), trace
    return (loop.bht.get(3), loop.bht) if loop.bht is not None else ("", None)


def shown_number(loop: ReviewLoop) -> str | None:
    """What the sender calls the request, as it can be shown."""
    return printable(request_number(loop)[0])


def intake_278(loop: ReviewLoop, file: str) -> Intake:
    """One request, read."""

    def read(form: Form) -> tuple[Request | None, str | None]:
        return _EventReader(loop, form).read(), form.values.get(("frequency",))

    return intake_of(read, loop.first, shown_number(loop), "request", file)


class _EventReader:
    """Reads one event into a form, and the form into a request."""

    def __init__(self, loop: ReviewLoop, form: Form) -> None:
        self.loop, self.form = loop, form
        self.lines: list[_ServiceReader] = []
        self._diagnoses: list[tuple[str, Source]] | None = None
        self._other_code: Source | None = None
        self._dates: Statement | None = None
        self._messages: list[Segment] = []
        self._party = ""
        """Whom the last NM1 of the event is about (NM101)."""

    def read(self) -> Request | None:
        """The request, or None with the reasons among the form's slips."""
        loop, form = self.loop, self.form
        if loop.fault is not None:
            form.slips.append(loop.fault)
            return None
        if len(loop.services) > MAX_LINES:
            form.slip(loop.event.hl, 0, *too_many_lines(len(loop.services), MAX_LINES))
            return None
        if loop.event.parent is not None:
            form.take(loop.event.parent.everything)
        id_, source = request_number(loop)
        if source is None or not id_:
            message = "found no number; TRN02 of the event, or BHT03, was expected"
            form.slip(loop.event.hl, 0, "missing-element", message, "such as TRN*1*REQ-1*9SENDER")
        else:
            form.put(("id",), id_, source, 2 if source.id == "TRN" else 3)
        if not any(segment.id == "UM" for segment in loop.event.segments):
            message = "the event has no UM; it says what kind of certification is asked for"
            form.slip(loop.event.hl, 0, "missing-segment", message, "such as UM*HS*I")
        for segment in loop.event.segments:
            form.check(segment)
            self._event(segment)
        if self._messages:
            text = narrative(message.get(1) for message in self._messages)
            form.put(("description",), text, self._messages[0], 1)
        self._earlier()
        for level in loop.services:
            if level.remark is not None:
                form.slip(*level.remark)
            self._service(level)
        rendering(form, self.lines)
        self._pointers()
        if not self.lines:
            message = "the request names no procedure (no service SS with SV1 or SV2)"
            hint = "only what is known without a procedure code is decided"
            form.slip(loop.event.hl, 0, "no-lines", message, hint, "warning")
        if form.wrong:
            return None
        kind = "preauthorization"
        return request_of(form, len(self.lines), self._diagnoses, loop.first, kind=kind)

    def _event(self, segment: Segment) -> None:
        form = self.form
        if segment.id == "NM1":
            self._party = segment.code(1)
        match segment.id:
            case "UM":
                self._kind(segment)
                _facility(form, segment, ("place_of_service",))
                self._urgency(segment)
            case "MSG":
                self._messages.append(segment)
            case "REF" if segment.code(1) == "BB":
                form.put(("authorization_number",), segment.get(2), segment, 2)
            case "PRV" if self._party == "SJ":
                specialty(form, segment, ("provider", "rendering_specialty"))
            case "NM1" if self._party == "SJ" and segment.code(8) == "XX":
                form.put(("provider", "rendering_npi"), segment.get(9), segment, 9)
            case "DTP" if segment.code(1) in ("AAH", "472"):
                self._dates = dates_of(form, segment, self._dates, "date of the event")
            case "HI":
                self._diagnosis_codes(segment)
            case "SV1" | "SV2" | "SV3":
                message = f"{segment.id} is in the event; a service (HL03 SS) was expected"
                hint = "begin a service before it: HL*6*5*SS*0"
                form.slip(segment, 0, "broken-hierarchy", message, hint)

    def _kind(self, um: Segment) -> None:
        code = um.code(2)
        frequency = _FREQUENCIES.get(code)
        if frequency is None:
            known = ", ".join(_FREQUENCIES)
            message = f"found {shown(um.get(2))}; one of {known} was expected"
            self.form.slip(um, 2, "wrong-value", message, "an initial request is I")
            return
        self.form.put(("frequency",), frequency, um, 2)
        if frequency == "1" and self.loop.bht is not None and self.loop.bht.code(2) == "01":
            message = f"BHT02 says that this cancels a request; UM02 says {shown(um.get(2))}"
            self.form.slip(um, 2, "contradiction", message, "a cancellation has 3 in UM02")

    def _urgency(self, um: Segment) -> None:
        """UM06: whether an answer is asked for sooner than usual; nothing says nothing."""
        code = um.code(6)
        expedited = LEVELS_OF_SERVICE.get(code)
        if expedited is not None:
            self.form.put(("expedited",), expedited, um, 6)
        elif code:
            known = ", ".join(LEVELS_OF_SERVICE)
            message = (
                f"the level of service {shown(um.get(6))} does not say whether the request is "
            )
            message += "urgent; taken as not known"
            self.form.slip(um, 6, "not-read", message, f"those that do are {known}", "warning")

    def _earlier(self) -> None:
        """What is changed or taken back is the certification that REF*BB names."""
        path = ("authorization_number",)
        named, source = self.form.values.get(path), self.form.sources.get(path)
        if self.form.values.get(("frequency",)) != "1" and named and source is not None:
            self.form.put(("original_id",), named, *source)

    def _diagnosis_codes(self, segment: Segment) -> None:
        for kind, code, source in diagnosis_codes(self.form, segment, dated=True):
            if kind in _DIAGNOSES:
                self._diagnoses = [*(self._diagnoses or ()), (code, source)]
            elif self._other_code is None and not self.form.other_diagnoses:
                self._other_code = source

    def _service(self, level: Level) -> None:
        """A service; one without a procedure (a stay by days) is not a line."""
        if not any(s.id in ("SV1", "SV2", "SV3") for s in level.segments):
            message = "this service has no procedure (SV1 or SV2); it is not read as a line"
            self.form.slip(level.hl, 0, "missing-segment", message, None, "warning")
            return
        line = _ServiceReader(self.form, level.hl, len(self.lines))
        self.lines.append(line)
        for segment in level.segments:
            self.form.check(segment)
            line.read(segment)
        line.finish(self._dates)
        self.form.put(line.path("number"), len(self.lines), level.hl, 1)

    def _pointers(self) -> None:
        """Pointers count all codes of the HI; where one is not a diagnosis, they cannot be used."""
        if self._other_code is None:
            return
        for line in self.lines:
            if self.form.values.pop(line.path("diagnosis_pointers"), None) is not None:
                message = "one of the codes listed is not a diagnosis, so pointers may be wrong"
                hint = "the pointers of the services are taken as not known"
                slip = Slip(*self._other_code, "wrong-value", message, hint, "warning")
                if slip not in self.form.slips:
                    self.form.slips.append(slip)


class _ServiceReader(LineReader):
    """Reads the segments of one service: as a line of a claim, and what only a request has."""

    renders: ClassVar[str] = "SJ"

    def read(self, segment: Segment) -> None:
        form = self.form
        match segment.id:
            case "REF" if self._loop != "provider" and segment.code(1) == "BB":
                form.put(self.path("authorization_number"), segment.get(2), segment, 2)
            case "MSG":
                self._notes.append(segment.get(1))
            case "UM":
                _facility(form, segment, self.path("place_of_service"))
            case "HSD" if segment.code(1) in _UNITS and not any(
                segment.get(element) for element in range(3, 9)
            ):
                # HSD03 and on make it a rate (per week, say), which is not a number of units.
                units = form.read(self.path("units"), segment, 2, number)
                form.put(self.path("units"), units, segment, 2)
            case _:
                super().read(segment)

    def finish(self, statement: Statement | None) -> None:
        super().finish(None)
        if statement and self.path("date") not in self.form.values:
            self._dates(*statement)


def _facility(form: Form, um: Segment, path: tuple[str | int, ...]) -> None:
    """UM04: a place of service (qualifier B), or the first two digits of a bill type (A)."""
    place, qualifier = form.composite(um, 4, (1, 2))
    if qualifier.upper() == "B":
        form.put(path, place, um, 4)
