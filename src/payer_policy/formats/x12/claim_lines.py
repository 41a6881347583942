"""One service line of an 837 (loops 2400 and 2410), from its LX to the next.

Professional lines say their service in SV1, institutional ones in SV2. A drug's NDC follows in LIN
and CTP. The rendering provider of a line is kept apart, since a request has one rendering provider.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from typing import ClassVar, Final, Literal

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.codes import malformed, remark_on_ndc_unit
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.form import label
from payer_policy.formats.x12.form import Form
from payer_policy.formats.x12.other_payers import Adjudication
from payer_policy.formats.x12.providers import taxonomy
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import days, number, pointer
from payer_policy.request.models import IS_GLUED

MAX_DESCRIPTION: Final = 1000
Statement = tuple[date, date | None, Segment]
"""The dates of an institutional claim (DTP*434), and the segment that says them."""

_HIPPS = re.compile(r"[A-Z0-9]{5}", re.ASCII | re.IGNORECASE)
_CODE_SYSTEMS: Final = ("HC", "HP", "ER", "IV", "WK", "N4", "ZZ")
"""The qualifiers of SV101 and SV202 in the guides of 004010 and 005010 (data element 235)."""
_PRODUCT_SYSTEMS: Final = ("N4", "EN", "EO", "HI", "ON", "UK", "UP")
"""The qualifiers of LIN02 in the same guides; only NDCs (N4) are read."""
_BASES: Final = {"DA": "days", "F2": "international units", "MJ": "minutes"}
NOTES: Final = frozenset({"ADD", "DCP"})
"""What NTE01 says of a text about what was done: it adds to it, or describes it."""


class LineReader:
    """Reads the segments of one line into the claim's form, at `("lines", index, …)`."""

    renders: ClassVar[str] = "82"
    """NM101 of who treated."""

    def __init__(self, form: Form, lx: Segment, index: int) -> None:
        self.form = form
        self.lx = lx
        self.index = index
        self.rendering: tuple[str, Segment] | None = None
        self.specialty: tuple[str, Segment] | None = None
        """What the rendering provider of the line does, and the PRV that says it."""
        self.adjudications: list[Adjudication] = []
        """What other payers decided of the line."""
        self._party = ""
        """Whom the last NM1 is about (NM101)."""
        self.service: Segment | None = None
        self._loop: Literal["line", "drug", "provider", "adjudication"] = "line"
        self._notes: list[str] = []
        self._drugs: list[tuple[str, Segment, int]] = []
        self._quantities: list[Segment | None] = []

    def path(self, name: str) -> JsonPath:
        return ("lines", self.index, name)

    def read(self, segment: Segment) -> None:
        """One segment of the line."""
        match segment.id:
            case "SVD":
                self._loop = "adjudication"
                self.adjudications.append(Adjudication(segment))
            case "FRM" | "LQ":
                self._loop = "adjudication"
            case "NM1":
                self._loop, self._party = "provider", segment.code(1)
                if self._party == self.renders and segment.code(8) == "XX":
                    self.rendering = (segment.get(9), segment)
            case "PRV" if self._party == self.renders:
                if code := taxonomy(self.form, segment):
                    self.specialty = (code, segment)
            case "LIN":
                self._drug(segment)
            case _ if self._loop == "adjudication":
                if self.adjudications:
                    self.adjudications[-1].read(segment)
            case "SV1" | "SV2" | "SV3":
                self._service(segment)
            case "DTP" if segment.code(1) == "472":
                dates = self.form.read(self.path("date"), segment, 3, days)
                if dates:
                    self._dates(*dates, segment)
            case "CTP" if self._quantities:
                self._quantities[-1] = segment
            case "REF" if self._loop != "provider" and segment.code(1) == "G1":
                if not segment.get(4):  # REF04: another payer's authorization
                    self.form.put(self.path("authorization_number"), segment.get(2), segment, 2)
            case "NTE" if segment.code(1) in NOTES:
                self._notes.append(segment.get(2))

    def finish(self, statement: Statement | None) -> None:
        """What can be said once the whole line was read."""
        if self.service is None:
            message = "this line has no SV1 (professional) or SV2 (institutional)"
            self.form.slip(self.lx, 0, "missing-segment", message)
            return
        if statement and self.service.id == "SV2" and self.path("date") not in self.form.values:
            first, last, segment = statement
            if last is None:  # a statement over several days says of none that it is the line's
                self._dates(first, last, segment)
        self._one_drug()
        self.form.put(self.path("description"), narrative(self._notes), self.service, 1)

    def _dates(self, first: date, last: date | None, segment: Segment) -> None:
        self.form.put(self.path("date"), first, segment, 3)
        self.form.put(self.path("through"), last or first, segment, 3)

    def _service(self, segment: Segment) -> None:
        form = self.form
        if segment.id == "SV3":
            message = "this is a line of a dental claim; SV1 or SV2 was expected"
            form.slip(segment, 0, "wrong-transaction", message)
        if self.service is not None:
            message = f"a second service in one line; the first is in segment {self.service.number}"
            form.slip(segment, 0, "contradiction", message, "is an LX between them missing?")
            return
        self.service = segment
        if segment.id == "SV1":
            self._procedure(segment, 1, required=True)
            self._amounts(segment, 2)
            form.put(self.path("place_of_service"), segment.get(5), segment, 5)
            self._pointers(segment)
        elif segment.id == "SV2":
            form.put(self.path("revenue_code"), segment.get(1), segment, 1)
            self._procedure(segment, 2, required=not segment.get(1))
            self._amounts(segment, 3)

    def _procedure(self, segment: Segment, element: int, *, required: bool) -> None:
        text = segment.get(element)
        parts = self.form.composite(segment, element, range(1, 8))
        qualifier, code = parts[0].upper(), parts[1]
        if not code:
            if text:
                message = f"found {shown(text)}; a qualifier and a procedure code were expected"
                self.form.slip(segment, element, "wrong-value", message, "such as HC:99213")
            elif required:
                message = "found no procedure code; a line has one"
                self.form.slip(segment, element, "missing-element", message, "such as HC:99213")
            return
        if qualifier not in _CODE_SYSTEMS:
            message = _unqualified(parts[0], code, _CODE_SYSTEMS)
            hint = "is the qualifier or a separator missing? such as HC:99213"
            self.form.slip(segment, element, "wrong-value", message, hint)
            return
        wrong = malformed("hcpcs", code)
        if wrong is not None and (
            qualifier == "HC" or (qualifier == "HP" and not _HIPPS.fullmatch(code))
        ):
            message = f"{label(self.path('code'))}: found {shown(code)}; {wrong[0]}"
            self.form.slip(segment, element, "wrong-value", message, wrong[1] or IS_GLUED)
            return
        if qualifier not in ("HC", "HP"):
            message = f"the code {shown(code)} is of the system {shown(qualifier)}, not HCPCS (HC)"
            hint = "it is compared with HCPCS codes anyway"
            if wrong is not None:
                hint = "it does not have the form of a HCPCS code, so no policy is looked for"
            self.form.slip(segment, element, "other-code-system", message, hint, "warning")
        if wrong is not None:
            code = f"{qualifier}|{code}"  # so that it can never be taken for a HCPCS code
        self.form.put(self.path("code"), code, segment, element)
        modifiers = frozenset(part.upper() for part in parts[2:6] if part)
        self.form.put(self.path("modifiers"), modifiers or None, segment, element)
        self._notes.append(parts[6])

    def _amounts(self, segment: Segment, element: int) -> None:
        """Charge, basis and units, which stand side by side in SV1 and SV2."""
        form = self.form
        charge = form.read(self.path("charge"), segment, element, number)
        form.put(self.path("charge"), charge, segment, element)
        basis = segment.code(element + 1)
        units = form.read(self.path("units"), segment, element + 2, number)
        if basis == "UN":
            form.put(self.path("units"), units, segment, element + 2)
        elif units is not None:
            what = f"{_BASES.get(basis, 'something else')} ({shown(basis)})" if basis else "nothing"
            message = f"the quantity is said to count {what}; billing units (UN) were expected"
            hint = "the units of this line are taken as not known"
            form.slip(segment, element + 1, "not-billing-units", message, hint, "warning")

    def _pointers(self, segment: Segment) -> None:
        path = self.path("diagnosis_pointers")
        parts = self.form.composite(segment, 7, range(1, 5))
        found = [self.form.parsed(path, part, segment, 7, pointer) for part in parts if part]
        if found and None not in found:
            self.form.put(path, tuple(found), segment, 7)

    def _drug(self, segment: Segment) -> None:
        self._loop = "drug"
        if segment.get(3) and segment.code(2) not in _PRODUCT_SYSTEMS:
            message = _unqualified(segment.get(2), segment.get(3), _PRODUCT_SYSTEMS)
            self.form.slip(segment, 2, "wrong-value", message, "an NDC has the qualifier N4")
        elif segment.get(2) and not segment.get(3):
            message = f"found {shown(segment.get(2))} without a product"
            self.form.slip(segment, 2, "wrong-value", message, "such as LIN**N4*12345678901")
        for element in range(2, len(segment.elements), 2):
            if segment.code(element) == "N4" and segment.get(element + 1):
                self._drugs.append((segment.get(element + 1), segment, element + 1))
                self._quantities.append(None)
                return

    def _one_drug(self) -> None:
        """A line has one NDC. A compound's line lists several; it is not stated which one counts."""
        if not self._drugs:
            return
        ndc, segment, element = self._drugs[0]
        if len(self._drugs) > 1:
            message = f"the line lists {len(self._drugs)} NDCs (a compound); a line is known by one"
            hint = "the NDC of this line is taken as not known"
            self.form.slip(segment, element, "several-ndc", message, hint, "warning")
            return
        self.form.put(self.path("ndc"), ndc, segment, element)
        ctp = self._quantities[0]
        if ctp is not None:
            quantity = self.form.read(self.path("ndc_quantity"), ctp, 4, number)
            self.form.put(self.path("ndc_quantity"), quantity, ctp, 4)
            (unit,) = self.form.composite(ctp, 5, (1,))
            if quantity is not None and (remark := remark_on_ndc_unit(unit or None)) is not None:
                self.form.slip(ctp, 5, *remark, "warning")
            self.form.put(self.path("ndc_unit"), unit, ctp, 5)


def narrative(notes: Iterable[str]) -> str:
    """Some notes as one text; what is too long is cut."""
    return "; ".join(dict.fromkeys(note for note in notes if note))[:MAX_DESCRIPTION]


def _unqualified(qualifier: str, code: str, known: Sequence[str]) -> str:
    expected = f"a qualifier of the code was expected ({', '.join(known)})"
    return f"found {shown(qualifier)} before {shown(code)}; {expected}"
