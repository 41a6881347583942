"""What an 835 says of claims, as values: written by `remittance`, read back by `reading`.

Amounts are money in whole cents, exactly; units are billing units. Nothing here decides anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

Number = int | Decimal


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason for which less is paid than was charged (a triple of a CAS)."""

    group: str
    """CAS01, the group code: `CO`, `PR`, `OA` or `PI`."""
    carc: str
    """The claim adjustment reason code."""
    amount: Decimal
    """Dollars, in whole cents; more than 0 where less is paid."""
    units: Number | None = None
    """Units that are adjusted; None: not given."""


@dataclass(frozen=True, slots=True)
class Name:
    """A person; where no name is known, both are empty."""

    last: str = ""
    """NM103, the last name."""
    first: str = ""
    """NM104, the first name."""
    member_id: str = ""
    """NM109, the member's number at the payer."""


NOBODY: Final = Name()


@dataclass(frozen=True, slots=True)
class ServicePayment:
    """One service line (loop 2110)."""

    procedure: tuple[str, ...]
    """SVC01: qualifier, code, modifiers."""
    charge: Decimal
    """SVC02: what was billed, in dollars and whole cents."""
    paid: Decimal
    """SVC03: what is paid, in dollars and whole cents."""
    units: Number | None = None
    """Units paid (SVC05); None: not said, which is read as 1."""
    billed_units: Number | None = None
    """SVC07, where other than the units paid."""
    revenue_code: str = ""
    """SVC04, four digits; empty: not given."""
    first_day: date | None = None
    """The day of service (DTM*472), or the first of a range (DTM*150)."""
    last_day: date | None = None
    """The last day of a range (DTM*151); None: one day."""
    adjustments: tuple[Adjustment, ...] = ()
    """Why less is paid than was billed (CAS)."""
    control: str = ""
    """The submitter's own number of the line (REF*6R)."""
    policy: str = ""
    """The policy that an adjustment rests on (REF*0K)."""
    remarks: tuple[str, ...] = ()
    """RARCs of the line (LQ*HE)."""

    def balances(self) -> bool:
        """Whether charge less adjustments is what is paid."""
        return self.charge - sum((a.amount for a in self.adjustments), Decimal(0)) == self.paid


@dataclass(frozen=True, slots=True)
class ClaimPayment:
    """One claim (loop 2100)."""

    id: str
    """CLP01, the provider's own number of the claim."""
    status: str
    """CLP02: 1, 2 or 3 as the payer is primary, secondary or tertiary; 22 a reversal; …"""
    charge: Decimal
    """CLP03: what was billed, in dollars and whole cents."""
    paid: Decimal
    """CLP04: what is paid, in dollars and whole cents."""
    patient_owes: Decimal | None
    """CLP05: what the adjustments of group PR add up to."""
    filing: str
    """CLP06, the claim filing indicator."""
    payer_control: str
    """CLP07, the payer's own number of the claim."""
    facility: str = ""
    """CLP08, the place of service or the first two digits of the bill type."""
    frequency: str = ""
    """CLP09: 1 original, 7 replacement, 8 void."""
    patient: Name = NOBODY
    """The patient (NM1*QC)."""
    rendering_npi: str = ""
    """Who treated (NM1*82), 10 digits; empty: not given."""
    inpatient: bool = False
    """Whether the remarks are in an MIA."""
    remarks: tuple[str, ...] = ()
    """RARCs of the claim (MIA where inpatient, else MOA)."""
    received: date | None = None
    """The day that the payer received the claim (DTM*050)."""
    adjustments: tuple[Adjustment, ...] = ()
    """Those of the whole claim; a claim written here has none."""
    services: tuple[ServicePayment, ...] = ()
    """The service lines, in their order."""

    def balances(self) -> bool:
        """Whether the claim and each of its lines balance, and the lines add up to the claim."""
        adjusted = [*self.adjustments, *(a for s in self.services for a in s.adjustments)]
        whole = self.charge - sum((a.amount for a in adjusted), Decimal(0)) == self.paid
        if not self.services:
            return whole
        charges = sum((s.charge for s in self.services), Decimal(0))
        return whole and charges == self.charge and all(s.balances() for s in self.services)
