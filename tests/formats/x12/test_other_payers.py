"""What an 837 says of other payers, by claim and by line."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from payer_policy.formats import read_requests
from payer_policy.request.models import OtherPayer

HEAD = """\
ISA*00*          *00*          *ZZ*SYNTHCLINIC    *ZZ*SYNTHPAYER     *250305*0915*^*00501*000000101*0*T*:~
GS*HC*SYNTHCLINIC*SYNTHPAYER*20250305*0915*101*X*005010X222A1~
ST*837*0001*005010X222A1~
BHT*0019*00*SYNTHETIC*20250305*0915*CH~
HL*1**20*1~
NM1*85*2*SYNTHETIC CLINIC*****XX*1999999984~
HL*2*1*22*0~
SBR*S*18*GRP-77******CI~
NM1*IL*1*INVENTED*IDA****MI*SYN-M-0001~
NM1*PR*2*SYNTHETIC PAYER*****PI*SYN99~
CLM*SYN-1*300***11:B:1*Y*A*Y*Y~
HI*ABK:G8010~
"""
TAIL = """\
SE*9*0001~
GE*1*101~
IEA*1*000000101~
"""
FIRST = "SBR*P*18*******MB~\nNM1*PR*2*FIRST*****PI*P1~\n"
SECOND = "SBR*T*18*******CI~\nNM1*PR*2*THIRD*****PI*P3~\n"


def line(number: int, *segments: str) -> str:
    lines = [f"LX*{number}", "SV1*HC:J0475*150*UN*3***1", "DTP*472*D8*20250304", *segments]
    return "".join(f"{one}~\n" for one in lines)


def payers(*parts: str) -> tuple[tuple[OtherPayer, ...] | None, list[str]]:
    """The other payers of a claim, and the codes of what was said."""
    (intake, *_) = read_requests("".join([HEAD, *parts, TAIL]).encode(), "f")
    assert intake.request is not None, intake.diagnostics
    return intake.request.other_payers, [one.code for one in intake.diagnostics]


def known(payer: OtherPayer) -> dict[str, Any]:
    return payer.model_dump(exclude_none=True)


def test_a_claim_without_the_loop_names_none() -> None:
    assert payers(line(1), line(2)) == ((), [])


def test_what_is_said_of_the_claim() -> None:
    text = "CAS*PR*1*25**2*30.50~\nCAS*CO*45*-10~\nAMT*D*180~\nAMT*A8*20~\nAMT*EAF*55~\n"
    (first, third), said = payers(
        FIRST.replace("NM1*PR", f"{text}NM1*PR"), "DTP*573*D8*20250320~\n", SECOND, line(1), line(2)
    )

    assert said == []
    assert known(first) == {
        "rank": "primary",
        "payer": "P1",
        "payer_name": "FIRST",
        "paid": 180,
        "denied": 20,
        "adjustments": (
            {"group": "PR", "carc": "1", "amount": 25},
            {"group": "PR", "carc": "2", "amount": first.adjustments[1].amount},
            {"group": "CO", "carc": "45", "amount": -10},
        ),
        "remitted_on": date(2025, 3, 20),
    }
    assert first.carcs == {"1", "2", "45"}
    assert known(third) == {"rank": "tertiary", "payer": "P3", "payer_name": "THIRD"}
    assert third.carcs is None


ONE = ("SVD*P1*90*HC:J0475**3", "CAS*CO*45*60", "DTP*573*D8*20250320")
OTHER = ("SVD*P1*50.25*HC:J0475**1", "CAS*PR*3*99.75", "DTP*573*D8*20250320")


@pytest.mark.parametrize(
    ("lines", "paid", "day"),
    [
        ((ONE, OTHER), "140.25", date(2025, 3, 20)),
        ((ONE, ()), None, date(2025, 3, 20)),  # of one line it is not known what was paid
        ((ONE, (*OTHER[:2], "DTP*573*D8*20250321")), "140.25", None),
        (((*ONE, "SVD*P1**HC:J0475"), OTHER), None, date(2025, 3, 20)),
        ((ONE + OTHER, ONE), "230.25", date(2025, 3, 20)),  # two decisions of one line
    ],
)
def test_what_is_said_of_the_lines(
    lines: tuple[tuple[str, ...], tuple[str, ...]], paid: str | None, day: date | None
) -> None:
    ((payer,), said) = payers(FIRST, line(1, *lines[0]), line(2, *lines[1]))

    assert said == []
    assert (None if payer.paid is None else str(payer.paid), payer.remitted_on) == (paid, day)
    of_lines = {one.line for one in payer.adjustments or ()}
    assert of_lines == {number for number, own in enumerate(lines, 1) if own}


def test_what_the_claim_says_goes_before_its_lines() -> None:
    ((payer,), _) = payers(
        FIRST.replace("NM1*PR", "AMT*D*130~\nNM1*PR"), "DTP*573*D8*20250401~\n", line(1, *ONE)
    )

    assert (payer.paid, payer.remitted_on) == (130, date(2025, 4, 1))


def test_nothing_of_other_payers_is_said_of_the_claim() -> None:
    (intake, *_) = read_requests(
        "".join([HEAD, FIRST, "REF*G1*THEIRS~\nNTE*ADD*THEIRS~\n", line(1, *ONE), TAIL]).encode(),
        "f",
    )

    assert intake.request is not None
    assert intake.request.authorization_number is None
    assert intake.request.description is None
