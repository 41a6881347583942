"""An 835 (guide 005010X221A1): the payment's header, which the caller gives, and its claims.

`claim_segments` is the claim part alone, for a system that writes the rest of the 835 itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import chain, groupby
from typing import Final, Literal

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.formats.x12.interchange import Envelope, Written, interchange
from payer_policy.formats.x12.model import Adjustment, ClaimPayment, ServicePayment
from payer_policy.formats.x12.segment_writer import Free, Out, out

GUIDE: Final = "005010X221A1"
TRIPLES: Final = 6
"""Reasons of one group that a CAS holds; more of them take another CAS."""


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, as N3 and N4 have it."""

    street: str
    """N301."""
    city: str
    """N401."""
    state: str
    """N402, two letters."""
    zip: str
    """N403, five or nine digits."""


@dataclass(frozen=True, slots=True)
class Payment:
    """The money of an 835. Its amount is what the claims are paid, worked out here.

    `method` NON with `handling` H or I is an 835 without a transfer. Transfers of other methods need
    bank accounts, which are the caller's (`bank`: BPR05 to BPR15).
    """

    trace: str
    """TRN02: the number of the check or transfer."""
    origin: str
    """TRN03 and BPR10: 1 and the payer's tax identifier, ten characters."""
    day: date
    """BPR16, the day of payment."""
    method: Literal["ACH", "BOP", "CHK", "FWT", "NON"] = "NON"
    """BPR04."""
    handling: Literal["C", "D", "H", "I", "P", "U", "X"] = "H"
    """BPR01."""
    bank: tuple[str, ...] = ()
    """BPR05 to BPR15, in their order."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Who pays (loop 1000A)."""

    name: str
    """N102."""
    address: Address
    """Where the payer is."""
    contact: str
    """The technical contact's telephone (PER*BL), which the guide demands."""
    contact_name: str = ""
    """The technical contact's name (PER02)."""


@dataclass(frozen=True, slots=True)
class Payee:
    """Who is paid (loop 1000B)."""

    name: str
    """N102."""
    npi: str
    """N104, 10 digits."""


def advice(
    envelope: Envelope,
    payment: Payment,
    payer: Payer,
    payee: Payee,
    produced: date,
    claims: Sequence[ClaimPayment],
) -> Written:
    """The text of an 835 for one payee.

    Args:
        envelope: Parties, time and control number of the interchange.
        payment: The payment that the claims are part of.
        payer: Who pays.
        payee: Who is paid.
        produced: The day of production (DTM*405).
        claims: At least one; every one of them balances.
    """
    about = Location(f"835 to {envelope.receiver}")
    problems = [
        Diagnostic(
            "does-not-balance",
            f"claim {claim.id}: charges less adjustments are not what is paid",
            about,
            "correct the claim's amounts; an 835 balances to the cent",
        )
        for claim in claims
        if not claim.balances()
    ]
    if not claims:
        hint = "see the problems of each claim"
        problems.append(Diagnostic("no-claims", "there is no claim to report", about, hint))
    if problems:
        return Written("", tuple(problems))
    total = sum((claim.paid for claim in claims), Decimal(0))
    bank = [*payment.bank, *[""] * 11][:11]
    bank[5] = bank[5] or (payment.origin if payment.method == "ACH" else "")
    segments: list[Out] = [
        out("BPR", payment.handling, total, "C", payment.method, *bank, payment.day),
        out("TRN", "1", payment.trace, payment.origin),
        out("DTM", "405", produced),
        out("N1", "PR", Free(payer.name)),
        out("N3", Free(payer.address.street)),
        out("N4", Free(payer.address.city), payer.address.state, payer.address.zip),
        out("PER", "BL", Free(payer.contact_name), "TE", payer.contact),
        out("N1", "PE", Free(payee.name), "XX", payee.npi),
        out("LX", 1),
    ]
    for claim in claims:
        segments += claim_segments(claim)
    return interchange(envelope, "835", GUIDE, [segments])


def claim_segments(claim: ClaimPayment) -> list[Out]:
    """The claim part of an 835 (loops 2100 and 2110)."""
    return list(_claim(claim))


def _claim(claim: ClaimPayment) -> Iterator[Out]:
    amounts = claim.charge, claim.paid, claim.patient_owes
    where = claim.facility, claim.frequency
    yield out("CLP", claim.id, claim.status, *amounts, claim.filing, claim.payer_control, *where)
    yield from _adjustments(claim.adjustments)
    patient = claim.patient
    member = ("MI" if patient.member_id else "", patient.member_id)
    yield out("NM1", "QC", "1", Free(patient.last), Free(patient.first), "", "", "", *member)
    if claim.rendering_npi:
        yield out("NM1", "82", "1", *[""] * 5, "XX", claim.rendering_npi)
    if claim.remarks and claim.inpatient:
        # MIA01 is always zero: covered days are in a QTY (guide 005010X221A1).
        first, *rest = claim.remarks
        yield out("MIA", 0, "", "", "", first, *[""] * 14, *rest)
    elif claim.remarks:
        yield out("MOA", "", "", *claim.remarks)
    if claim.received is not None:
        yield out("DTM", "050", claim.received)
    for service in claim.services:
        yield from _service(service)


def _service(service: ServicePayment) -> Iterator[Out]:
    paid = service.charge, service.paid, service.revenue_code, service.units
    yield out("SVC", service.procedure, *paid, "", service.billed_units)
    first, last = service.first_day, service.last_day
    days = {"472": first} if first and last in (None, first) else {"150": first, "151": last}
    yield from (out("DTM", which, day) for which, day in days.items() if day is not None)
    yield from _adjustments(service.adjustments)
    if service.control:
        yield out("REF", "6R", service.control)
    if service.policy:
        yield out("REF", "0K", service.policy)
    for remark in service.remarks:
        yield out("LQ", "HE", remark)


def _adjustments(adjustments: Sequence[Adjustment]) -> Iterator[Out]:
    """A CAS for each run of one group, with six reasons or fewer."""
    for group, run in groupby(adjustments, lambda one: one.group):
        triples = [(one.carc, one.amount, one.units) for one in run]
        for at in range(0, len(triples), TRIPLES):
            yield out("CAS", group, *chain.from_iterable(triples[at : at + TRIPLES]))
