"""What a test and an expression mean on given facts: the exact, typed ground of every engine.

Engines combine these truths (one meaning, several engines); the `compiled` engine writes
the same meaning out as Python source and is held to this module by tests. Numbers stay exact:
`int`, `Decimal` as given, `Fraction` in between.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from payer_policy.core.far_days import far_day, shift
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Condition,
    Constant,
    Edge,
    Expression,
    FactRef,
    Lookup,
    Moved,
    Not,
    Score,
    Test,
    Window,
)
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, UNKNOWN, Truth, all_of, any_of, at_least
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.operators import CORE, complete
from payer_policy.core.vocabulary.types import NONE, Value

complete(
    "semantics",
    ["exists", "is_known", *(name for name, row in CORE.items() if row.holds is not None)],
)

Facts = Mapping[str, Value | None]
Number = int | Decimal | Fraction


def _exact(value: Number) -> int | Fraction:
    return value if isinstance(value, int) else Fraction(value)


def _whole(value: int | Fraction) -> int | Fraction:
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def total(*numbers: Number) -> Number:
    """The exact sum."""
    out: int | Fraction = 0
    for number in numbers:
        out += number if type(number) is int else _exact(number)
    return _whole(out)


def difference(a: Number, b: Number) -> Number:
    """a - b, exactly."""
    if type(a) is int and type(b) is int:
        return a - b
    return _whole(_exact(a) - _exact(b))


def product(*numbers: Number) -> Number:
    """The exact product."""
    out: int | Fraction = 1
    for number in numbers:
        out *= number if type(number) is int else _exact(number)
    return _whole(out)


def quotient(a: Number, b: Number) -> Number | None:
    """a / b, exactly; None (unknown) when b is zero."""
    if not b:
        return None
    if type(a) is int and type(b) is int:
        whole, rest = divmod(a, b)
        return whole if not rest else Fraction(a, b)
    return _whole(Fraction(_exact(a)) / _exact(b))


def _to_multiple(whole: Callable[[Number], int]) -> Callable[..., Number | None]:
    """Rounding to a whole number, or to a multiple of another one; None (unknown) where that is 0."""

    def rounded(number: Number, step: Number = 1) -> Number | None:
        if step == 1:
            return whole(number)
        return product(step, whole(Fraction(_exact(number)) / _exact(step))) if step else None

    return rounded


def half_up(number: Number) -> int:
    """The nearest whole number; of two, the greater."""
    return math.floor(Fraction(number) + Fraction(1, 2))


def days_between(a: date, b: date) -> int:
    """Days from a to b; negative when b is earlier."""
    return (b - a).days


def days_overlapping(a_first: date, a_last: date, b_first: date, b_last: date) -> int:
    """The days that are in both of two periods, whose first and last days are included."""
    return max(0, (min(a_last, b_last) - max(a_first, b_first)).days + 1)


def years_between(a: date, b: date) -> int:
    """Completed years from a to b: an age. A 29 February birthday completes on 1 March."""
    return b.year - a.year - ((b.month, b.day) < (a.month, a.day))


ARITHMETIC: Final[dict[str, Callable[..., Any]]] = {
    "sum": total,
    "difference": difference,
    "product": product,
    "quotient": quotient,
    "round_up": _to_multiple(math.ceil),
    "round_down": _to_multiple(math.floor),
    "round_half_up": _to_multiple(half_up),
    "minimum": lambda *numbers: min(numbers),
    "maximum": lambda *numbers: max(numbers),
    "days_between": days_between,
    "days_overlapping": days_overlapping,
    "years_between": years_between,
}
"""Every operation on known arguments; a result of None is unknown."""


def span(
    amount: int, unit: str | HolidayCalendar, direction: str, anchor: date
) -> tuple[date | None, date | None]:
    """The first and last day of a `Window`. A negative amount is a span of no days.

    None: a day that a holiday calendar does not have.
    """
    if amount < 0:
        return date.max, date.min
    count = -amount if direction == "before" else amount
    far = shift(anchor, count, unit) if isinstance(unit, str) else unit.moved(anchor, count)
    return (far, anchor) if direction == "before" else (anchor, far)


def edge(
    amount: int, unit: str | HolidayCalendar, direction: str, anchor: date, last: bool
) -> date | None:
    """The last, or the first, day of a `Window`."""
    return span(amount, unit, direction, anchor)[last]


def value_of(expression: Expression, facts: Facts) -> Any:
    """The value of an expression; None when it is not known, `NONE` when it is made from none."""
    match expression:
        case Constant(value):
            return value
        case FactRef(fact):
            return facts.get(fact)
        case Score(fact, values):
            graded = facts.get(fact)
            if graded is None or graded is NONE:
                return graded
            return values.index(str(graded))
        case Lookup(table, column):
            return table.reader(column)(*[facts.get(key) for key in table.keys])
        case Arithmetic(operation, arguments):
            known = [value_of(argument, facts) for argument in arguments]
            return _made_of(known, lambda: ARITHMETIC[operation](*known))
        case Edge(Window(amount, unit, direction, anchor), last):
            count, day = value_of(amount, facts), value_of(anchor, facts)
            return _made_of((count, day), lambda: edge(count, unit, direction, day, last))
        case Moved(Window(amount, unit, direction, anchor)):
            count, day = value_of(amount, facts), value_of(anchor, facts)
            return _made_of((count, day), lambda: far_day(count, unit, direction, day))
    raise AssertionError(expression)


def _made_of(known: Sequence[Any], make: Callable[[], Any]) -> Any:
    """What is made of some values: not known where one is not known, none where one is none."""
    if None in known:
        return None
    return NONE if NONE in known else make()


def truth_of_test(test: Test, facts: Facts) -> Truth:
    """Whether a core test holds on the facts. Of none no test holds, but that it is known."""
    left = value_of(test.left, facts)
    if test.operator == "is_known":
        return FAILS if left is None else HOLDS
    if left is None:
        return UNKNOWN
    if test.operator == "exists":
        return FAILS if left is NONE else HOLDS
    operands = [left, *[value_of(side, facts) for side in test.right]]
    holds = CORE[test.operator].holds
    assert holds is not None
    return (
        UNKNOWN
        if None in operands
        else FAILS
        if NONE in operands or not holds(*operands)
        else HOLDS
    )


def truth_of(condition: Condition, facts: Facts) -> Truth:
    """Whether a condition holds on the facts (derived facts among them)."""
    match condition:
        case Test():
            return truth_of_test(condition, facts)
        case All(parts):
            return all_of(truth_of(part, facts) for part in parts)
        case AnyOf(parts):
            return any_of(truth_of(part, facts) for part in parts)
        case Not(part):
            return NEGATED[truth_of(part, facts)]
        case AtLeast(count, parts):
            return at_least(count, (truth_of(part, facts) for part in parts))
