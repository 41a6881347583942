"""837P and 837I to requests: one claim's segments, loop by loop, to one `Request`.

What an element means is in the implementation guides 005010X222 and X223. What other payers said
(2320 and 2330, from SBR to the first LX; 2430, from SVD on) never counts as said by this claim.
"""

from __future__ import annotations

from typing import Any

from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.intake import Intake, printable
from payer_policy.formats.x12.claim_lines import NOTES, LineReader, Statement, narrative
from payer_policy.formats.x12.claim_loops import ClaimLoop
from payer_policy.formats.x12.form import Form, Source
from payer_policy.formats.x12.other_payers import OtherPayers
from payer_policy.formats.x12.providers import specialty
from payer_policy.formats.x12.requests import (
    dates_of,
    diagnosis_codes,
    intake_of,
    rendering,
    request_of,
)
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import components, number
from payer_policy.request.checking import too_many_lines
from payer_policy.request.models import MAX_LINES, Request

_PRINCIPAL = "ABK"
_DIAGNOSES = frozenset({_PRINCIPAL, "ABF"})
_EXTERNAL_CAUSES = frozenset({"ABN"})
_FREQUENCIES = {
    "0": "a bill for no payment",
    "2": "the first bill of several",
    "3": "one of several bills",
    "4": "the last bill of several",
    "5": "late charges",
    "6": "a correction of the old kind",
    "9": "a final bill for home health",
}


def claim_number(loop: ClaimLoop) -> str | None:
    """What the sender calls the claim."""
    return printable(loop.clm.get(1))


def intake_837(loop: ClaimLoop, file: str) -> Intake:
    """One claim, read."""

    def read(form: Form) -> tuple[Request | None, str | None]:
        parts = components(loop.clm.get(5), loop.clm.separators.component)
        return ClaimReader(loop, form).read(), (parts[2] or None) if len(parts) > 2 else None

    return intake_of(read, loop.clm, claim_number(loop), "claim", file)


class ClaimReader:
    """Reads one claim into a form, and the form into a request."""

    def __init__(self, loop: ClaimLoop, form: Form) -> None:
        self.loop, self.form = loop, form
        self.lines: list[LineReader] = []
        self.statement: Statement | None = None
        """The dates of the whole claim, which an institutional one has."""
        self._diagnoses: list[tuple[str, Source]] = []
        self._causes: list[tuple[str, Source]] = []
        self._notes: list[Segment] = []
        self._has_principal = False
        self._party = ""
        """Whom the last NM1 before the lines is about (NM101)."""
        self.others = OtherPayers(form)
        """The other payers; from the first SBR on, all is about them."""

    def read(self) -> Request | None:
        """The request, or None with the reasons among the form's slips."""
        loop, form = self.loop, self.form
        if loop.fault is not None:
            form.slips.append(loop.fault)
            return None
        count = sum(segment.id == "LX" for segment in loop.segments)
        if count > MAX_LINES:
            form.slip(loop.clm, 0, *too_many_lines(count, MAX_LINES))
            return None
        if loop.level is not None:
            form.take(loop.level.everything)
        for segment in loop.segments:
            form.check(segment)
            if segment.id == "LX":
                self.lines.append(LineReader(form, segment, len(self.lines)))
            elif self.lines:
                self.lines[-1].read(segment)
            else:
                self.header(segment)
        self.claim(loop.clm)
        for line in self.lines:
            line.finish(self.statement)
        if not self.lines:
            form.slip(loop.clm, 0, "no-lines", "the claim has no service line (LX)")
        numbers = self._number_lines()
        self.others.finish([line.adjudications for line in self.lines], numbers)
        self._pointers()
        rendering(form, self.lines)
        self._total(loop.clm)
        if form.wrong:
            return None
        payers: list[dict[str, Any]] = [{} for _ in range(self.others.count)]
        known = self.known_diagnoses()
        return request_of(form, len(self.lines), known, loop.clm, other_payers=payers)

    def header(self, segment: Segment) -> None:
        """A segment before the first line."""
        form = self.form
        if segment.id == "NM1":
            self._party = segment.code(1)
        match segment.id:
            case _ if self.others or segment.id == "SBR":
                self.others.read(segment)
            case "NM1" if self._party == "82" and segment.code(8) == "XX":
                form.put(("provider", "rendering_npi"), segment.get(9), segment, 9)
            case "PRV" if self._party == "82":
                specialty(form, segment, ("provider", "rendering_specialty"))
            case "REF" if segment.code(1) == "F8":
                form.put(("original_id",), segment.get(2), segment, 2)
            case "REF" if segment.code(1) == "G1" and not segment.get(4):
                form.put(("authorization_number",), segment.get(2), segment, 2)
            case "DTP" if segment.code(1) == "434":
                what = "statement date (DTP*434)"
                self.statement = dates_of(form, segment, self.statement, what)
            case "DTP" if segment.code(1) == "472":
                message = "a date of service at the claim is not read; each line has its own"
                form.slip(segment, 1, "not-read", message, "put DTP*472 after the line", "warning")
            case "NTE" if segment.code(1) in NOTES:
                self._notes.append(segment)
            case "HI":
                self._diagnosis_codes(segment)
            case "SV1" | "SV2" | "SV3":
                message = f"{segment.id} is before the first line (LX)"
                form.slip(segment, 0, "missing-segment", message)

    def _diagnosis_codes(self, segment: Segment) -> None:
        for kind, code, source in diagnosis_codes(self.form, segment):
            self._has_principal = self._has_principal or kind == _PRINCIPAL
            codes = self._diagnoses if kind in _DIAGNOSES else self._causes
            if kind in _DIAGNOSES or kind in _EXTERNAL_CAUSES:
                codes.append((code, source))

    def known_diagnoses(self) -> list[tuple[str, Source]] | None:
        """The diagnoses; None, not an empty list, without the principal one that a claim must have."""
        if self._has_principal:
            return [*self._diagnoses, *self._causes]
        if not self.form.other_diagnoses:
            message = "the claim has no principal diagnosis (HI*ABK)"
            hint = "the diagnoses of this claim are taken as not known"
            self.form.slip(self.loop.clm, 0, "not-read", message, hint, "warning")
        return None

    def claim(self, clm: Segment) -> None:
        """What the CLM says; read after the lines."""
        form = self.form
        if not clm.get(1):
            form.slip(clm, 1, "missing-element", "found nothing; the claim's number was expected")
        form.put(("id",), clm.get(1), clm, 1)
        if self._notes:
            text = narrative(note.get(2) for note in self._notes)
            form.put(("description",), text, self._notes[0], 2)
        place, qualifier, frequency = form.composite(clm, 5, (1, 2, 3))
        qualifier = qualifier.upper()
        if not frequency:
            message = f"found {shown(clm.get(5))}; place, qualifier and frequency were expected"
            form.slip(clm, 5, "missing-element", message, "such as 11:B:1")
            return
        if qualifier not in ("A", "B", ""):
            message = f"found the qualifier {shown(qualifier)}; A (bill type) or B (place of "
            form.slip(clm, 5, "wrong-value", message + "service) was expected", "such as 11:B:1")
        if frequency in ("1", "7", "8"):
            form.put(("frequency",), frequency, clm, 5)
        else:
            what = f" ({_FREQUENCIES[frequency]})" if frequency in _FREQUENCIES else ""
            message = f"the claim frequency is {shown(frequency)}{what}; 1 (original), "
            message += "7 (replacement) or 8 (void) was expected"
            form.slip(clm, 5, "unsupported-frequency", message, "this claim is not decided here")
        if qualifier == "A" or (qualifier != "B" and self._institutional()):
            form.put(("bill_type",), place + frequency if place else None, clm, 5)
        else:
            form.put(("place_of_service",), place, clm, 5)

    def _institutional(self) -> bool:
        if self.loop.kind is not None:
            return self.loop.kind == "institutional"
        return any(line.service is not None and line.service.id == "SV2" for line in self.lines)

    def _total(self, clm: Segment) -> None:
        total = self.form.read(("charge",), clm, 2, number)
        charges: list[Any] = [self.form.values.get(line.path("charge")) for line in self.lines]
        known = total is not None and None not in charges and not self.form.wrong
        if known and sum(charges) != total:
            message = f"the claim's charge is {clm.get(2)}; its lines add up to {sum(charges)}"
            self.form.slip(clm, 2, "charges-differ", message, "is a line missing?", "warning")

    def _pointers(self) -> None:
        """A line that points to a diagnosis of a claim without any: an HI is lost."""
        if any(segment.id == "HI" for segment in self.loop.segments):
            return
        for line in self.lines:
            source = self.form.sources.get(line.path("diagnosis_pointers"))
            if source is not None:
                message = "points to a diagnosis; the claim has none (HI)"
                self.form.slip(*source, "wrong-value", message, "is the HI missing?")

    def _number_lines(self) -> list[int]:
        """The lines' numbers from LX01; their positions where those cannot be the numbers."""
        texts = [line.lx.get(1) for line in self.lines]
        sound = all(t.isascii() and t.isdigit() and 0 < len(t) < 6 and int(t) for t in texts)
        numbers = [int(t) for t in texts] if sound else []
        if len(set(numbers)) != len(texts):
            numbers = list(range(1, len(texts) + 1))
            if self.lines:
                message = "the numbers of the lines are repeated, missing or no numbers"
                hint = "the lines are known by their positions"
                self.form.slip(self.lines[0].lx, 1, "line-numbers", message, hint, "warning")
        for line, own in zip(self.lines, numbers, strict=True):
            self.form.put(line.path("number"), own, line.lx, 1)
        return numbers
