"""837P and 837I to requests: one claim's segments, loop by loop, to one `Request`.

What an element means is in the implementation guides 005010X222 and X223. What other payers said
(2320 and 2330, from SBR to the first LX; 2430, from SVD on) never counts as said by this claim.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from pydantic import ValidationError

from payer_policy.diagnostics import Diagnostic, Location
from payer_policy.intake.model import (
    Intake,
    guarded,
    inconsistencies,
    numbered,
    refused,
    too_many_lines,
)
from payer_policy.intake.x12 import Read, Segment
from payer_policy.intake.x12_envelope import Envelope, diagnostic
from payer_policy.intake.x12_form import Form, Slip, Source, label
from payer_policy.intake.x12_lines import LineReader
from payer_policy.intake.x12_loops import ClaimLoop, claim_loops
from payer_policy.intake.x12_values import components, days, number
from payer_policy.json_source import JsonPath
from payer_policy.json_words import said
from payer_policy.request.models import MAX_LINES, Request
from payer_policy.vocabulary.types import shown

_DIAGNOSES = frozenset({"ABK", "BK", "ABF", "BF"})
_EXTERNAL_CAUSES = frozenset({"ABN", "BN"})
_FREQUENCIES = {
    "0": "a bill for no payment",
    "2": "the first bill of several",
    "3": "one of several bills",
    "4": "the last bill of several",
    "5": "late charges",
    "6": "a correction of the old kind",
    "9": "a final bill for home health",
}


def read_837(text: str, file: str) -> list[Intake]:
    """Every claim of a text that starts with ISA, and a remark for what is wrong with the file."""
    parts = list(loops_837(text, file))
    out = [intake_837(part, file) for part in parts if isinstance(part, ClaimLoop)]
    out.extend(refused(part) for part in parts if isinstance(part, Diagnostic))
    return sorted(out, key=lambda intake: intake.place.start or (0, 0))


def loops_837(source: str | Read, file: str) -> Iterator[ClaimLoop | Diagnostic]:
    """The claims of a text that starts with ISA, still as segments, as they come; and between them
    what is wrong with the file. Holds no more in memory than a claim and the levels around it."""
    yield from claim_loops(Envelope(file, source))


def intake_837(loop: ClaimLoop, file: str) -> Intake:
    """One claim, read; a `Diagnostic` between the claims is `refused` as it is."""
    place = loop.clm.location(file, f"segment {loop.clm.number} (CLM)")
    claim_id = "".join(char if char.isprintable() else "?" for char in loop.clm.get(1)) or None
    return guarded(lambda: _read(loop, file, claim_id, place), claim_id, place)


def _read(loop: ClaimLoop, file: str, claim_id: str | None, place: Location) -> Intake:
    reader = _ClaimReader(loop)
    request = reader.read()
    about = f"claim {claim_id}, " if claim_id else "a claim without a number, "
    slips = sorted(reader.form.slips, key=lambda slip: (slip.segment.number, slip.element))
    found = tuple(
        diagnostic(file, s.segment, s.element, s.code, s.message, s.hint, s.severity, about)
        for s in slips
    )
    if any(d.severity == "error" for d in found):
        request = None
    parts = components(loop.clm.get(5), loop.clm.separators.component)
    frequency = parts[2] if len(parts) > 2 else None
    return Intake(claim_id, place, request, found, frequency)


class _ClaimReader:
    """Reads one claim into a form, and the form into a request."""

    def __init__(self, loop: ClaimLoop) -> None:
        self.loop = loop
        self.form = Form()
        self.lines: list[LineReader] = []
        self._statement: tuple[date, date | None, Segment] | None = None
        self._diagnoses: list[tuple[str, Source]] = []
        self._causes: list[tuple[str, Source]] = []
        self._others = False
        """Whether the segments are about other payers (from SBR to the first LX)."""

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
                self._header(segment)
        self._claim(loop.clm)
        for line in self.lines:
            line.finish(self._statement)
        if not self.lines:
            form.slip(loop.clm, 0, "no-lines", "the claim has no service line (LX)")
        self._number_lines()
        self._rendering()
        self._total(loop.clm)
        return None if any(s.severity == "error" for s in form.slips) else self._request()

    def _header(self, segment: Segment) -> None:
        """A segment before the first line."""
        form = self.form
        match segment.id:
            case "SBR":
                self._others = True
            case _ if self._others:
                pass
            case "NM1" if segment.code(1) == "82" and segment.code(8) == "XX":
                form.put(("provider", "rendering_npi"), segment.get(9), segment, 9)
            case "REF" if segment.code(1) == "F8":
                form.put(("original_id",), segment.get(2), segment, 2)
            case "REF" if segment.code(1) == "G1" and not segment.get(4):
                form.put(("authorization_number",), segment.get(2), segment, 2)
            case "DTP" if segment.code(1) == "434":
                dates = form.read(("date",), segment, 3, days)
                if dates and self._statement and dates != self._statement[:2]:
                    message = "a second statement date (DTP*434) that differs from the first"
                    form.slip(segment, 3, "contradiction", message, "leave one of the two")
                elif dates:
                    self._statement = (*dates, segment)
            case "HI":
                self._diagnosis_codes(segment)
            case "SV1" | "SV2" | "SV3":
                message = f"{segment.id} stands before the first line (LX)"
                form.slip(segment, 0, "missing-segment", message)

    def _diagnosis_codes(self, segment: Segment) -> None:
        for element in range(1, len(segment.elements)):
            text = segment.get(element)
            parts = components(text, segment.separators.component)
            if len(parts) < 2:
                if text:
                    message = f"found {shown(text)}; a qualifier and a code were expected"
                    self.form.slip(segment, element, "wrong-value", message, "such as ABK:Z0000")
                continue
            kind = parts[0].upper()
            codes = self._diagnoses if kind in _DIAGNOSES else self._causes
            if parts[1] and (kind in _DIAGNOSES or kind in _EXTERNAL_CAUSES):
                codes.append((parts[1], Source(segment, element)))

    def _claim(self, clm: Segment) -> None:
        form = self.form
        if not clm.get(1):
            form.slip(clm, 1, "missing-element", "found nothing; the claim's number was expected")
        form.put(("id",), clm.get(1), clm, 1)
        parts = components(clm.get(5), clm.separators.component)
        if len(parts) < 3 or not parts[2]:
            message = f"found {shown(clm.get(5))}; place, qualifier and frequency were expected"
            form.slip(clm, 5, "missing-element", message, "such as 11:B:1")
            return
        place, qualifier, frequency = parts[0], parts[1].upper(), parts[2]
        if frequency in ("1", "7", "8"):
            form.put(("frequency",), frequency, clm, 5)
        else:
            what = f" ({_FREQUENCIES[frequency]})" if frequency in _FREQUENCIES else ""
            message = (
                f"the claim frequency is {shown(frequency)}{what}; 1 (original), 7 (replacement) "
                f"or 8 (void) was expected"
            )
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
        whole = not any(slip.severity == "error" for slip in self.form.slips)
        if whole and total is not None and None not in charges and sum(charges) != total:
            message = f"the claim's charge is {clm.get(2)}; its lines add up to {sum(charges)}"
            self.form.slip(clm, 2, "charges-differ", message, "is a line missing?", "warning")

    def _number_lines(self) -> None:
        """The lines' numbers from LX01; their positions where those cannot be the numbers."""
        texts = [line.lx.get(1) for line in self.lines]
        sound = all(t.isascii() and t.isdigit() and 0 < len(t) < 6 and int(t) for t in texts)
        numbers = [int(t) for t in texts] if sound else []
        if len(set(numbers)) != len(texts):
            numbers = list(range(1, len(texts) + 1))
            if self.lines:
                message = "the numbers of the lines are repeated, missing or no numbers"
                hint = "the lines are known by their positions"
                lx = self.lines[0].lx
                self.form.slips.append(Slip(lx, 1, "line-numbers", message, hint, "warning"))
        for line, own in zip(self.lines, numbers, strict=True):
            self.form.put(line.path("number"), own, line.lx, 1)

    def _rendering(self) -> None:
        """A request knows one rendering provider: the claim's, or the one that all lines name."""
        path = ("provider", "rendering_npi")
        named = [line.rendering for line in self.lines if line.rendering]
        claims = self.form.values.get(path)
        npis = {npi for npi, _ in named}
        if claims is None and len(npis) == 1 and len(named) == len(self.lines):
            self.form.put(path, *named[0], 9)
        elif npis - {claims}:
            segment = next(segment for npi, segment in named if npi != claims)
            taken = "the claim's is taken" if claims else "it is taken as not known"
            message = f"lines name other rendering providers than the claim; {taken}"
            slip = Slip(segment, 9, "several-rendering", message, None, "warning")
            self.form.slips.append(slip)

    def _request(self) -> Request | None:
        form = self.form
        made: dict[str, Any] = {"coverage": {}, "patient": {}, "provider": {}}
        made["lines"] = [{"code": None} for _ in self.lines]
        diagnoses = [*self._diagnoses, *self._causes]
        made["diagnoses"] = [code for code, _ in diagnoses]
        form.sources.update((("diagnoses", i), source) for i, (_, source) in enumerate(diagnoses))
        for path, value in form.values.items():
            target: Any = made
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = value
        for line in made["lines"]:
            if line.get("through") == line.get("date"):
                line.pop("through", None)
        try:
            request = numbered(Request.model_validate(made))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                say = said(detail)
                self._slip_at(detail["loc"], say.code, say.message, say.hint)
            return None
        slips = list(inconsistencies(request))
        for slip in slips:
            self._slip_at(slip.path, slip.code, slip.message, slip.hint)
        return None if slips else request

    def _slip_at(self, path: JsonPath, code: str, message: str, hint: str | None) -> None:
        """A slip where the segment that said the field stands, or the claim."""
        for length in range(len(path), 0, -1):
            if source := self.form.sources.get(path[:length]):
                self.form.slip(*source, code, f"{label(path)}: {message}", hint)
                return
        self.form.slip(self.loop.clm, 0, code, f"{label(path)}: {message}", hint)
