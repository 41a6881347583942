"""What a rule certifies, and what is certified, computed a second time for the checker of records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from payer_policy.audit.checker.values import as_json, shifted, value_of
from payer_policy.core.ruleset import Certifies


class Terms(NamedTuple):
    """What a rule certifies; None: as asked."""

    quantity: Fraction | None
    codes: frozenset[str] | None
    per: tuple[Fraction, Fraction, str] | None
    """How many units in how many of which unit of time."""
    first: date | None
    last: date | None


def terms_of(effect: Any, known: Mapping[str, Any], day: date | None) -> Terms | None:
    """What a rule certifies; None where something of it is not known."""
    what: Certifies = effect.certifies

    def value(expression: Any) -> Any:
        return None if expression is None else value_of(expression, known)

    needed = (
        effect.to,
        what.codes,
        what.per,
        what.every,
        what.first_day,
        what.last_day,
        what.length,
    )
    if any(one is not None and value(one) is None for one in needed):
        return None
    first = day if what.first_day is None else value(what.first_day)
    last = value(what.last_day)
    if what.length is not None:
        if first is None:
            return None
        last = shifted(first, int(value(what.length)), str(what.length_unit)) - timedelta(days=1)
    quantity = value(effect.to)
    per = None
    if what.per is not None:
        per = max(value(what.per), Fraction()), value(what.every), str(what.every_unit)
    return Terms(
        None if quantity is None else max(quantity, Fraction()), value(what.codes), per, first, last
    )


def certified(
    id_: str, terms: Terms, code: Any, billed: Sequence[Any], allowed: Sequence[Any]
) -> Any:
    """What is certified, as a record should have it.

    Args:
        id_: The rule that certifies.
        terms: What it certifies.
        code: The code of the service.
        billed: The units asked on each line.
        allowed: The units allowed on each line.
    """
    given = bool(billed) and None not in billed
    quantity = sum(allowed) if allowed and None not in allowed else terms.quantity
    codes = {code} - {None} if terms.codes is None else terms.codes
    per = terms.per
    return {
        "rule": id_,
        "codes": sorted(codes),
        "quantity": as_json(quantity),
        "asked": as_json(sum(billed)) if given else None,
        "quantity_per": None
        if per is None
        else {"quantity": as_json(per[0]), "every": as_json(per[1]), "period": per[2]},
        "valid_from": as_json(terms.first),
        "valid_through": as_json(terms.last),
    }
