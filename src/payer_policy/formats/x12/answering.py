"""What the answer to a claim takes from the 837 that brought it: names, numbers, the filing.

A `Request` does not carry them, since no policy reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from payer_policy.formats.x12.advice import Payee
from payer_policy.formats.x12.claim_loops import ClaimLoop
from payer_policy.formats.x12.model import NOBODY, Name
from payer_policy.formats.x12.remittance import About
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import number

_STATUS: Final = {"P": "1", "S": "2", "T": "3"}
"""CLP02 by SBR01: what a payer is to the claim."""

_FILINGS: Final = frozenset(
    {"12", "13", "14", "15", "16", "17", "AM", "CH", "DS", "HM"}
    | {"LM", "MA", "MB", "MC", "OF", "TV", "VA", "WC", "ZZ"}
)
"""The claim filing indicators that an 835 knows; an 837 knows more."""


def about_claim(loop: ClaimLoop, payer_control: str) -> About:
    """What an 835 says of a claim beside its request and its answer."""
    said = list(_above(loop))
    subscriber = next((s for s in said if s.id == "SBR"), None)
    relation, filing = (subscriber.code(1), subscriber.code(9)) if subscriber else ("", "")
    names = {s.code(1): s for s in said if s.id == "NM1"}
    patient, member = names.get("QC"), names.get("IL")
    named = patient or member
    return About(
        payer_control,
        _STATUS.get(relation, "1"),
        filing if filing in _FILINGS else None,
        Name(named.get(3), named.get(4), member.get(9) if member else "") if named else NOBODY,
        dict(_controls(loop)),
        _others_paid(loop),
    )


def payee_of(loop: ClaimLoop) -> Payee | None:
    """The billing provider, where the 837 names it by NPI."""
    for segment in _above(loop):
        if segment.id == "NM1" and segment.code(1) == "85" and segment.code(8) == "XX":
            return Payee(segment.get(3), segment.get(9))
    return None


def _above(loop: ClaimLoop) -> Iterator[Segment]:
    for level in loop.level.path() if loop.level is not None else ():
        yield from level.segments


def _controls(loop: ClaimLoop) -> Iterator[tuple[int, str]]:
    """The submitter's own numbers of the lines (REF*6R)."""
    number, place = 0, 0
    for segment in loop.segments:
        if segment.id == "LX":
            place, text = place + 1, segment.get(1)
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else place
        elif segment.id == "REF" and segment.code(1) == "6R" and number and segment.get(2):
            yield number, segment.get(2)


def _others_paid(loop: ClaimLoop) -> Decimal | None:
    """What other payers paid: by claim (AMT*D of 2320), or by line (SVD02 of 2430) where that is more.

    None: some amount cannot be read.
    """
    by_claim, by_line, other = Decimal(0), Decimal(0), False
    for segment in loop.segments:
        if segment.id == "SBR":
            other = True
        elif segment.id == "LX":
            other = False
        try:
            if segment.id == "AMT" and segment.code(1) == "D" and other:
                by_claim += _amount(segment)
            elif segment.id == "SVD":
                by_line += _amount(segment)
        except ValueError:
            return None
    return max(by_claim, by_line)


def _amount(segment: Segment) -> Decimal:
    return Decimal(number(segment.get(2))) if segment.get(2) else Decimal(0)
