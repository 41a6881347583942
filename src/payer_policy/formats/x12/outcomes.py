"""An outcome document as it is read here: whether it is one, whose it is, and its exact units.

Answers may have been stored long ago or come from elsewhere, so nothing of them is taken on trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.core.vocabulary.types import shown
from payer_policy.determination.model import outcome_schema
from payer_policy.formats.x12.model import Number
from payer_policy.request.models import Request

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

SEVERITY: Final = {"void": 0, "not_required": 0, "approve": 0, "reduce": 1, "pend": 2, "deny": 3}
"""Outcomes of a line; where two policies decide one, the highest counts."""

_MOST_DIGITS: Final = 30


def outcome_problems(
    outcome: Mapping[str, Any], request: Request, about: Location
) -> Iterator[Diagnostic]:
    """Why a document is not an outcome, or not of this request."""
    errors = sorted(_schema().iter_errors(outcome), key=lambda error: error.json_path)
    if errors:
        more = f" (and {len(errors) - 1} more places)" if len(errors) > 1 else ""
        place = errors[0].json_path
        message = f"the answer is not an outcome document: {place} is not as expected{more}"
        hint = "give what `payer-policy decide --json` printed for this request"
        yield Diagnostic("schema-mismatch", message, about, hint)
        return
    hint = "give the answer to this request"
    if outcome["claim_id"] != request.id:
        found, expected = shown(str(outcome["claim_id"])), shown(str(request.id))
        message = f"the answer is about {found}; {expected} was expected"
        yield Diagnostic("contradiction", message, about, hint)
    known = {line.number or place: line for place, line in enumerate(request.lines, 1)}
    decided = [line for one in outcome["determinations"] for line in one["lines"]]
    for line in decided:
        number = line["number"]
        if number not in known:
            message = f"the answer decides line {number}; the request has no such line"
            yield Diagnostic("contradiction", message, about, hint)
            continue
        for field in ("billed_units", "allowed_units", "allowed_least", "allowed_most"):
            if not _is_quantity(units := line.get(field)):
                message = f"line {number}: {field} is {shown(units)}; 0 or more was expected"
                yield Diagnostic("wrong-value", message, about, hint)
                return
        billed, units = fraction(line["billed_units"]), known[number].units
        if billed is not None and units is not None and billed != Fraction(units):
            message = f"the answer is about {billed} units on line {number}; {units} were billed"
            yield Diagnostic("contradiction", message, about, hint)
        allowed = fraction(line["allowed_units"])
        if billed is not None and allowed is not None and allowed > billed:
            message = f"the answer allows {allowed} units on line {number}; {billed} were billed"
            yield Diagnostic("contradiction", message, about, hint)


def _is_quantity(units: int | str | None) -> bool:
    """Whether units can be a number at all; the schema allows more than any claim holds."""
    if units is None:
        return True
    if len(str(units)) > _MOST_DIGITS:
        return False
    try:
        return Fraction(units) >= 0
    except (ValueError, ZeroDivisionError):
        return False


def fraction(units: int | str | None) -> Fraction | None:
    """Units as a determination's JSON has them."""
    return None if units is None else Fraction(units)


def decimal_of(units: Fraction | None) -> Number | None:
    """The same number as an integer or a decimal; None where it is neither."""
    if units is None:
        return None
    if units.denominator == 1:
        return units.numerator
    places = next((n for n in range(64) if 10**n % units.denominator == 0), None)
    if places is None or units.denominator > 10**9:
        return None
    digits = units.numerator * 10**places // units.denominator
    # By its digits, since arithmetic would round to the precision of the context.
    return Decimal(f"{digits}E-{places}")


def exactly(units: Number | None) -> Number | None:
    """A number in one form: an integer where it is whole."""
    if isinstance(units, Decimal) and units == units.to_integral_value():
        return int(units)
    return units


def share_of(money: Decimal, part: Fraction, whole: Fraction) -> Decimal:
    """A part of an amount of whole cents, worked out exactly and then rounded, half a cent up."""
    exact = Fraction(money) * part / whole
    cents = (200 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return cents * Decimal("0.01")


@cache
def _schema() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # slow to import, and few read stored answers

    return Draft202012Validator(outcome_schema())
