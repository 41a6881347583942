"""What tests and expressions mean, said a second time and plainly, for the checker of records.

Shares no code with `semantics` or the engines, on purpose. Numbers are fractions; a truth is one of
the words `holds`, `fails` and `unknown`.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from payer_policy.ruleset import Arithmetic, Constant, Expression, FactRef, Score, Test, Window
from payer_policy.vocabulary.types import FactType, parse_value, to_json

OPPOSITE: Final = {"holds": "fails", "fails": "holds", "unknown": "unknown"}
ZERO: Final = Fraction()
HOLDS: Final[Mapping[str, Any]] = {
    "is": lambda x, v: x == v,
    "is_not": lambda x, v: x != v,
    "in": lambda x, v: any(x == one for one in v),
    "not_in": lambda x, v: not any(x == one for one in v),
    **dict.fromkeys(("at_least", "on_or_after"), lambda x, v: not x < v),
    **dict.fromkeys(("more_than", "after"), lambda x, v: v < x),
    **dict.fromkeys(("at_most", "on_or_before"), lambda x, v: not v < x),
    **dict.fromkeys(("less_than", "before"), lambda x, v: x < v),
    "between": lambda x, a, b: not (x < a or b < x),
    "within": lambda x, days: not (x < days[0] or days[1] < x),
    "includes": lambda x, v: v in x,
    "includes_any": lambda x, v: any(code in x for code in v),
    "includes_all": lambda x, v: all(code in x for code in v),
    "excludes": lambda x, v: not any(code in x for code in v),
}
COMPUTE: Final[Mapping[str, Any]] = {
    "sum": lambda *all_: sum(all_, ZERO),
    "difference": lambda a, b: a - b,
    "product": lambda *all_: math.prod(all_, start=Fraction(1)),
    "quotient": lambda a, b: a / b if b else None,
    "round_up": lambda a: Fraction(math.ceil(a)),
    "round_down": lambda a: Fraction(math.floor(a)),
    "minimum": lambda *all_: min(all_),
    "maximum": lambda *all_: max(all_),
    "days_between": lambda a, b: Fraction((b - a).days),
    "years_between": lambda a, b: Fraction(b.year - a.year - (f"{b:%m%d}" < f"{a:%m%d}")),
}


def truth_of(test: Test, facts: Mapping[str, Any]) -> str:
    """Whether a test holds on facts, of which those that are None are not known."""
    left, right = value_of(test.left, facts), [value_of(side, facts) for side in test.right]
    if test.operator == "is_known":
        return "holds" if (left is not None) == right[0] else "fails"
    if left is None or any(value is None for value in right):
        return "unknown"
    return "holds" if HOLDS[test.operator](left, *right) else "fails"


def at_least(count: int, truths: Sequence[Any]) -> str:
    if truths.count("holds") >= count:
        return "holds"
    return "fails" if len(truths) - truths.count("fails") < count else "unknown"


def least_of(values: Sequence[Any], otherwise: Any) -> Any:
    """The least of the values that are not None."""
    return min((value for value in values if value is not None), default=otherwise)


def value_of(expression: Expression, facts: Mapping[str, Any]) -> Any:
    """The value of an expression with exact numbers; None: not known."""
    match expression:
        case Constant(value):
            return plain(value)
        case FactRef(name):
            return facts.get(name)
        case Score(name, values):
            return None if facts.get(name) is None else Fraction(values.index(facts[name]))
        case Arithmetic(operation, arguments):
            known = [value_of(argument, facts) for argument in arguments]
            return None if None in known else COMPUTE[operation](*known)
        case Window(amount, unit, direction, anchor):
            count, day = value_of(amount, facts), value_of(anchor, facts)
            if count is None or day is None:
                return None
            other = _shift(day, int(-count if direction == "before" else count), unit)
            return (date.max, date.min) if count < 0 else sorted((day, other))


def _shift(day: date, count: int, unit: str) -> date:
    """So many units later or earlier, inside the month and the calendar."""
    step = 1 if count > 0 else -1
    try:
        if unit in ("days", "weeks"):
            return day + timedelta(days=count * (7 if unit == "weeks" else 1))
        if unit in ("months", "years"):
            months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
            year, month = months // 12, months % 12 + 1
            return date(year, month, min(day.day, monthrange(year, month)[1]))
        while count:  # business days
            day += timedelta(days=step)
            count -= step if day.weekday() < 5 else 0
        return day
    except (OverflowError, ValueError):
        return date.max if step > 0 else date.min


def plain(value: Any) -> Any:
    exact = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Fraction(value) if exact else value


def read(type_: FactType, raw: Any, otherwise: Any) -> Any:
    """The exact value of a recorded one; `otherwise` where it is none of the type."""
    number = type_.kind in ("integer", "decimal") and type(raw) in (int, str)
    number = number and "e" not in str(raw).lower()  # an exponent could fill the memory
    try:
        return None if raw is None else Fraction(raw) if number else parse_value(type_, raw)
    except (ValueError, ZeroDivisionError):
        return otherwise


def as_json(value: Any) -> Any:
    whole = isinstance(value, Fraction) and value.denominator == 1
    return int(value) if whole else to_json(value)
