"""What an 835 says, read back: the claims with their adjustments and remark codes, exactly.

For whoever receives what `advice` writes, and for 835s of others as far as `model` reaches: payments,
adjustments, remark codes. What else an 835 may carry (provider-level adjustments, supplemental
amounts, corrected names) is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

from payer_policy.core.diagnostics import Diagnostic, Location, Position, given_text
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats.x12.envelope import diagnostic
from payer_policy.formats.x12.model import Adjustment, ClaimPayment, Name, Number, ServicePayment
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.texts import segments_of
from payer_policy.formats.x12.values import components, day

T = TypeVar("T")

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
    the problems, and the rest is given.

    Args:
        text: The text of the file.
        file: The name that messages begin with.

    Raises:
        PolicyError: This is no text (bytes or a path, say).
    """
    given_text(text, file)
    reader = _Reader(file)
    for item in segments_of(text, file, "835"):
        if isinstance(item, Diagnostic):
            reader.problems.append(item)
        else:
            reader.read(item)
    reader.end()
    if not reader.found and not reader.problems:
        where = Location(file, "$", Position(1, 1))
        reader.problems.append(Diagnostic("no-claims", "the text holds no 835", where))
    return Advice(tuple(reader.claims), tuple(reader.problems))


@dataclass(slots=True)
class _Reader:
    """Reads segment after segment; a claim is done when the next one begins."""

    file: str
    claims: list[ClaimPayment] = field(default_factory=list)
    problems: list[Diagnostic] = field(default_factory=list)
    found: bool = False
    _inside: bool = False
    _claim: ClaimPayment | None = None
    _service: ServicePayment | None = None
    _first: Segment | None = None

    def read(self, segment: Segment) -> None:
        match segment.id:
            case "ST":
                self.end()
                self._inside = segment.code(1) == "835"
                self.found = self.found or self._inside
                if not self._inside:
                    message = f"this is a transaction set {shown(segment.get(1))}; 835 was expected"
                    self._problem(segment, 1, "wrong-transaction", message)
            case "SE" | "GE" | "IEA" | "ISA":
                self.end()
                self._inside = False
            case _ if not self._inside:
                pass
            case "CLP":
                self.end()
                self._claim = self._payment(segment)
                self._first = segment
            case "LX" | "PLB":
                self.end()
            case _ if self._claim is None:
                pass
            case "SVC":
                self._close_service()
                self._service = self._line(segment)
            case "CAS":
                self._adjust(self._adjustments(segment))
            case _ if self._service is not None:
                self._service = self._of_service(self._service, segment)
            case _:
                self._claim = self._of_claim(self._claim, segment)

    def end(self) -> None:
        """The claim that is open is complete."""
        self._close_service()
        if self._claim is not None and self._first is not None:
            if not self._claim.balances():
                message = (
                    "the claim does not balance: charges less adjustments are not what is paid"
                )
                self._problem(self._first, 0, "does-not-balance", message)
            self.claims.append(self._claim)
        self._claim = self._first = None

    def _close_service(self) -> None:
        if self._service is not None and self._claim is not None:
            services = (*self._claim.services, self._service)
            self._claim = replace(self._claim, services=services)
        self._service = None

    def _adjust(self, found: tuple[Adjustment, ...]) -> None:
        if self._service is not None:
            self._service = replace(self._service, adjustments=(*self._service.adjustments, *found))
        elif self._claim is not None:
            self._claim = replace(self._claim, adjustments=(*self._claim.adjustments, *found))

    def _payment(self, clp: Segment) -> ClaimPayment:
        return ClaimPayment(
            id=clp.get(1),
            status=clp.get(2),
            charge=self._money(clp, 3),
            paid=self._money(clp, 4),
            patient_owes=self._money(clp, 5) if clp.get(5) else None,
            filing=clp.get(6),
            payer_control=clp.get(7),
            facility=clp.get(8),
            frequency=clp.get(9),
        )

    def _of_claim(self, claim: ClaimPayment, segment: Segment) -> ClaimPayment:
        match segment.id, segment.code(1):
            case "NM1", "QC":
                name = Name(segment.get(3), segment.get(4), segment.get(9))
                return replace(claim, patient=name)
            case "NM1", "82" if segment.code(8) == "XX":
                return replace(claim, rendering_npi=segment.get(9))
            case "DTM", "050":
                return replace(claim, received=self._day(segment, 2))
            case "MIA" | "MOA", _:
                found = [segment.get(element) for element in _REMARKS[segment.id]]
                remarks = (*claim.remarks, *filter(None, found))
                return replace(claim, remarks=remarks, inpatient=segment.id == "MIA")
        return claim

    def _line(self, svc: Segment) -> ServicePayment:
        return ServicePayment(
            procedure=tuple(components(svc.get(1), svc.separators.component)),
            charge=self._money(svc, 2),
            paid=self._money(svc, 3),
            revenue_code=svc.get(4),
            units=self._quantity(svc, 5),
            billed_units=self._quantity(svc, 7),
        )

    def _of_service(self, service: ServicePayment, segment: Segment) -> ServicePayment:
        match segment.id, segment.code(1):
            case "DTM", "472" | "150":
                return replace(service, first_day=self._day(segment, 2))
            case "DTM", "151":
                return replace(service, last_day=self._day(segment, 2))
            case "REF", "6R":
                return replace(service, control=segment.get(2))
            case "REF", "0K":
                return replace(service, policy=segment.get(2))
            case "LQ", "HE":
                return replace(service, remarks=(*service.remarks, segment.get(2)))
        return service

    def _adjustments(self, cas: Segment) -> tuple[Adjustment, ...]:
        return tuple(
            Adjustment(
                cas.get(1), cas.get(at), self._money(cas, at + 1), self._quantity(cas, at + 2)
            )
            for at in range(2, len(cas.elements), 3)
            if cas.get(at)
        )

    def _money(self, segment: Segment, element: int) -> Decimal:
        return Decimal(self._parsed(segment, element, _decimal, Decimal(0)))

    def _quantity(self, segment: Segment, element: int) -> Number | None:
        value = self._parsed(segment, element, _decimal, None)
        return int(value) if value is not None and value == value.to_integral_value() else value

    def _day(self, segment: Segment, element: int) -> date | None:
        return self._parsed(segment, element, day, None)

    def _parsed(
        self, segment: Segment, element: int, parse: Callable[[str], T], otherwise: T | None
    ) -> T:
        text = segment.get(element)
        if text:
            try:
                return parse(text)
            except ValueProblem as problem:
                self._problem(segment, element, problem.code, problem.message)
        return otherwise  # type: ignore[return-value]

    def _problem(self, segment: Segment, element: int, code: str, message: str) -> None:
        self.problems.append(diagnostic(self.file, segment, element, code, message))


def _decimal(text: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise ValueProblem("wrong-value", f"found {shown(text)}; a number was expected")
    return Decimal(text)
