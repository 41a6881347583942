"""Synthetic payers, payments and claims for the tests; nobody here is real."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from payer_policy import Engine
from payer_policy.diagnostics import Diagnostic
from payer_policy.x12_out import (
    Address,
    ClaimPayment,
    Envelope,
    Payee,
    Payer,
    Payment,
    Written,
    advice,
)

ROOT = Path(__file__).parents[2]
DAY = date(2025, 12, 1)
ENVELOPE = Envelope("SYNTHPAYER", "SYNTHCLINIC", datetime(2025, 12, 1, 9, 30), 17, usage="T")
PAYMENT = Payment("SYN-EFT-1", "1999999999", date(2025, 12, 2))
PAYER = Payer(
    "SYNTHETIC PAYER", Address("1 INVENTED STREET", "NOWHERE", "MN", "55001"), "5550000000"
)
PAYEE = Payee("SYNTHETIC CLINIC", "1999999984")


@cache
def engine() -> Engine:
    return Engine.open(ROOT / "policies", engine="compiled")


def written(*claims: ClaimPayment, envelope: Envelope = ENVELOPE) -> Written:
    return advice(envelope, PAYMENT, PAYER, PAYEE, DAY, claims)


def charged(request: dict[str, Any]) -> dict[str, Any]:
    """The request with a charge on each line that has none; odd amounts, so that cents do not
    divide."""
    lines = [
        {**line, "charge": line.get("charge", f"{100 * place}.{place:02d}")}
        for place, line in enumerate(request.get("lines", []), 1)
    ]
    return {**request, "lines": lines}


def told(problems: tuple[Diagnostic, ...]) -> list[str]:
    return [
        f"{one.severity} {one.code}: {one.location.file}: {one.message}"
        + (f"\n    {one.hint}" if one.hint else "")
        for one in problems
    ]
