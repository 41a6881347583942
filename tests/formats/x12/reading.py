"""What an 835 says, read back: the claims with their adjustments and remark codes, exactly.

For programs that receive what `advice` writes, and for 835s of other payers as far as `model` reaches:
payments, adjustments, remark codes. The rest of an 835 (provider-level adjustments, supplemental
amounts, corrected names) is skipped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats.x12.model import Adjustment, ClaimPayment, Name, Number, ServicePayment
from payer_policy.formats.x12.outcomes import exactly
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import components, day
from tests.formats.x12.answer_reader import AnswerReader

_AMOUNT = re.compile(r"-?(\d{1,18}(\.\d{0,9})?|\.\d{1,9})", re.ASCII)
_REMARKS = {"MIA": (5, 20, 21, 22, 23), "MOA": (3, 4, 5, 6, 7)}


@dataclass(frozen=True, slots=True)
class Advice:
    """The claims of all 835s of a text, and what is wrong with it."""

    claims: tuple[ClaimPayment, ...]
    """The claims, in the order of the text."""
    problems: tuple[Diagnostic, ...]
    """What is wrong with the text."""


def read_advice(text: str, file: str) -> Advice:
    """The claims of every 835 of a text. Never raises for any text; what could not be read is among
    the problems, and the rest is returned.

    Args:
        text: The text of the file.
        file: The name that messages begin with.

    Raises:
        PolicyError: `text` is not a `str` (bytes or a path, say).
    """
    reader = _AdviceReader(file)
    reader.read_text(text)
    return Advice(tuple(reader.claims), tuple(reader.problems))


class _AdviceReader(AnswerReader):
    """Collects the fields of a claim and its lines; a claim is complete when the next one begins."""

    transaction = "835"
    nothing = "the text holds no 835"

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.claims: list[ClaimPayment] = []
        self._open: tuple[Segment, dict[str, Any]] | None = None
        """The CLP of the claim that is open, and the fields of the claim."""
        self._lines: list[dict[str, Any]] = []

    def read(self, segment: Segment) -> None:
        if segment.id in ("CLP", "LX", "PLB"):
            self.end()
            if segment.id == "CLP":
                self._open = segment, self._claim(segment)
        elif self._open is None:
            pass
        elif segment.id == "SVC":
            self._lines.append(self._line(segment))
        elif segment.id == "CAS":
            part = self._lines[-1] if self._lines else self._open[1]
            part["adjustments"] = (*part.get("adjustments", ()), *self._adjustments(segment))
        elif self._lines:
            self._of_line(self._lines[-1], segment)
        else:
            self._of_claim(self._open[1], segment)

    def end(self) -> None:
        self.found = self.found or self.inside
        if self._open is not None:
            clp, fields = self._open
            services = tuple(ServicePayment(**line) for line in self._lines)
            claim = ClaimPayment(**fields, services=services)
            self.claims.append(claim)
            if not claim.balances():
                message = "the claim does not balance: charge less adjustments is not the payment"
                self.problem(clp, 0, "does-not-balance", message)
        self._open, self._lines = None, []

    def _claim(self, clp: Segment) -> dict[str, Any]:
        return {
            "id": clp.get(1),
            "status": clp.get(2),
            "charge": self._money(clp, 3),
            "paid": self._money(clp, 4),
            "patient_owes": self._money(clp, 5) if clp.get(5) else None,
            "filing": clp.get(6),
            "payer_control": clp.get(7),
            "facility": clp.get(8),
            "frequency": clp.get(9),
        }

    def _of_claim(self, claim: dict[str, Any], segment: Segment) -> None:
        match segment.id, segment.code(1):
            case "NM1", "QC":
                claim["patient"] = Name(segment.get(3), segment.get(4), segment.get(9))
            case "NM1", "82" if segment.code(8) == "XX":
                claim["rendering_npi"] = segment.get(9)
            case "DTM", "050":
                claim["received"] = self.value(segment, 2, day)
            case "MIA" | "MOA", _:
                found = filter(None, map(segment.get, _REMARKS[segment.id]))
                claim["remarks"] = (*claim.get("remarks", ()), *found)
                claim["inpatient"] = segment.id == "MIA"

    def _line(self, svc: Segment) -> dict[str, Any]:
        return {
            "procedure": tuple(components(svc.get(1), svc.separators.component)),
            "charge": self._money(svc, 2),
            "paid": self._money(svc, 3),
            "revenue_code": svc.get(4),
            "units": self._quantity(svc, 5),
            "billed_units": self._quantity(svc, 7),
        }

    def _of_line(self, line: dict[str, Any], segment: Segment) -> None:
        match segment.id, segment.code(1):
            case "DTM", "472" | "150":
                line["first_day"] = self.value(segment, 2, day)
            case "DTM", "151":
                line["last_day"] = self.value(segment, 2, day)
            case "REF", "6R":
                line["control"] = segment.get(2)
            case "REF", "0K":
                line["policy"] = segment.get(2)
            case "LQ", "HE":
                line["remarks"] = (*line.get("remarks", ()), segment.get(2))

    def _adjustments(self, cas: Segment) -> list[Adjustment]:
        group, triples = cas.get(1), range(2, len(cas.elements), 3)
        return [
            Adjustment(group, cas.get(at), self._money(cas, at + 1), self._quantity(cas, at + 2))
            for at in triples
            if cas.get(at)
        ]

    def _money(self, segment: Segment, element: int) -> Decimal:
        return self.value(segment, element, _decimal) or Decimal(0)

    def _quantity(self, segment: Segment, element: int) -> Number | None:
        return exactly(self.value(segment, element, _decimal))


def _decimal(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueProblem("wrong-value", f"found {shown(text)}; a number was expected")
    return Decimal(text)
