"""The amount billed for a service: the charges of its lines, or a fact that is their sum.

In millionths of a dollar, since no charge has more decimal places. Not known where a line has no charge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from payer_policy.analysis.impact.model import MILLION
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import ValueProblem, exact_number
from payer_policy.request.models import Request

_CHARGES: Final = {"lines": "service", "sum": "charge"}


def charge_fact(facts: Mapping[str, Fact]) -> str:
    """The fact that is the sum of the charges of a service's lines; empty: there is none."""
    return next((name for name, fact in facts.items() if fact.source == _CHARGES), "")


class Charges:
    """The charges of one request."""

    def __init__(self, request: Request, fact: str) -> None:
        self._by_line = {
            line.number or position: line.charge for position, line in enumerate(request.lines, 1)
        }
        self._fact = request.facts.get(fact)

    def of(self, lines: Iterable[int]) -> int | None:
        """The charge for some lines, by number; for a request without lines, the value of the fact."""
        if not self._by_line:
            return millionths(self._fact)
        whole: int | Decimal = 0
        for number in lines:
            charge = self._by_line.get(number)
            if charge is None:
                return None
            whole += charge
        return int(whole * MILLION)


def millionths(raw: object) -> int | None:
    """A raw value of the fact in millionths of a dollar; None: not known, or no amount."""
    if raw is None:
        return None
    try:
        return int(exact_number(raw) * MILLION)
    except ValueProblem:
        return None  # the decision on the request reports what is wrong
