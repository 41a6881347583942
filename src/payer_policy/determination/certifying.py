"""What an approved preauthorization certifies, from the rules that say so; and that as an authorization.

At most one such rule may apply. Where two apply and say different things, nothing is certified: the rules
are in conflict, and the service pends. Without one, what is asked is certified as far as it is allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from payer_policy.core.far_days import shift
from payer_policy.core.ruleset import PREAUTHORIZATION, Expression, FindingEffect
from payer_policy.core.semantics import Facts, total, value_of
from payer_policy.core.vocabulary.types import Units
from payer_policy.determination.model import Certified, Determination, LineOutcome, QuantityPer
from payer_policy.request.models import Authorization, Request

CERTIFIED: Final = "certified"
"""The name of what rules that certify disagree on."""
CERTIFIED_LABEL: Final = "what is certified"


class Terms(NamedTuple):
    """What one rule certifies; None: as asked."""

    quantity: Units | None
    codes: frozenset[str] | None
    per: QuantityPer | None
    first_day: date | None
    last_day: date | None


def terms_of(effect: FindingEffect, known: Facts, day: date | None) -> Terms | None:
    """What a rule certifies; None where a value of it is not known.

    A period of months ends the day before the same day of the month: six months from January 1 end on
    June 30.

    Args:
        effect: What the rule does.
        known: The facts, with those that rules conclude.
        day: The first day that is asked for.
    """
    certifies = effect.certifies
    assert certifies is not None

    def value(expression: Expression | None) -> Any:
        return None if expression is None else value_of(expression, known)

    if any(value(one) is None for one in effect.amounts()):
        return None
    first = day if certifies.first_day is None else value(certifies.first_day)
    last = value(certifies.last_day)
    if certifies.length_unit is not None:
        if first is None:
            return None
        last = shift(first, value(certifies.length), certifies.length_unit) - timedelta(days=1)
    per, unit = None, certifies.every_unit
    if unit is not None:
        per = QuantityPer(max(value(certifies.per), 0), value(certifies.every), unit)  # type: ignore[arg-type]
    quantity = value(effect.to)
    quantity = None if quantity is None else max(quantity, 0)
    return Terms(quantity, value(certifies.codes), per, first, last)


class Settled(NamedTuple):
    """What the rules that certify come to."""

    terms: Mapping[str, Terms | None]
    """By rule that applies, what it certifies; None: not known."""
    rule: str | None
    """The one by which an approval certifies; None: none, or it is not settled."""
    contradict: bool
    """Whether rules that apply certify different things."""


def settled(
    rules: Iterable[tuple[str, FindingEffect, bool]], known: Facts, day: date | None
) -> Settled:
    """What the rules that certify come to, of which none is known not to apply.

    Args:
        rules: Each with its id, what it does, and whether it is known to apply; by id.
        known: The facts, with those that rules conclude.
        day: The first day that is asked for.
    """
    rules = list(rules)
    terms = {id_: terms_of(effect, known, day) for id_, effect, holds in rules if holds}
    different = len({one for one in terms.values() if one is not None}) > 1
    sound = len(terms) == len(rules) and None not in terms.values() and not different
    return Settled(terms, min(terms) if sound and terms else None, different)


def certified(rule: str, terms: Terms, code: str | None, lines: Sequence[LineOutcome]) -> Certified:
    """What is certified by a rule, of lines that are decided.

    Not more than is asked, where that is known, and nothing of a line that is denied.
    """
    asked = [line.billed_units for line in lines]
    allowed = [line.allowed_units for line in lines]
    quantity: Units | None = terms.quantity
    if allowed and None not in allowed:
        quantity = total(*[units for units in allowed if units is not None])
    codes = terms.codes
    if codes is None:
        codes = frozenset() if code is None else frozenset({code})
    known = bool(asked) and None not in asked
    return Certified(
        rule,
        tuple(sorted(codes)),
        quantity,
        total(*[units for units in asked if units is not None]) if known else None,
        terms.per,
        terms.first_day,
        terms.last_day,
    )


def authorization_of(
    determination: Determination, request: Request, number: str | None = None
) -> Authorization | None:
    """What an approved preauthorization certifies, as the authorization to keep on file for its claims.

    Args:
        determination: The answer on one service of the request.
        request: The preauthorization request.
        number: The number that the payer gives it.

    Returns:
        The authorization, of which nothing is used yet; None: nothing is certified.
    """
    made = determination
    if made.kind != PREAUTHORIZATION or made.decision not in ("approve", "partial"):
        return None
    numbers = {line.number for line in made.lines if line.outcome in ("approve", "reduce")}
    asked = [line for at, line in enumerate(request.lines, 1) if (line.number or at) in numbers]
    days = [day for line in asked if (day := line.through or line.date) is not None]
    allowed = [line.allowed_units for line in made.lines]
    units = None
    if allowed and None not in allowed:
        units = total(*[one for one in allowed if one is not None])
    what = made.certified or Certified(
        "", () if made.code is None else (made.code,), units, None, None, made.service_date, None
    )
    coverage, provider = request.coverage, request.provider
    return Authorization(
        number=number,
        status="approved",
        payer=made.policy.address.partition("/")[0],
        plan=coverage.plan,
        member_id=coverage.member_id,
        provider_npi=provider.billing_npi or provider.rendering_npi,
        codes=frozenset(what.codes) or None,
        valid_from=what.valid_from,
        valid_through=what.valid_through or max(days, default=made.service_date),
        units=what.quantity,  # type: ignore[arg-type]
        units_used=0,
        requested_on=request.received,
    )
