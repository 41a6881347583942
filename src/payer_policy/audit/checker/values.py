"""What conditions, tests and expressions mean, written a second time for the checker of records.

Shares no code with `semantics` or the engines, on purpose. Numbers are fractions; a truth is one of
the words `holds`, `fails` and `unknown`.
"""

from __future__ import annotations

import math
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import product
from typing import Any, Final

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
    Reason,
    Rule,
    Ruleset,
    Score,
    Test,
    Window,
)
from payer_policy.core.tables import Cell, Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import CodeFamilies
from payer_policy.core.vocabulary.operators import complete
from payer_policy.core.vocabulary.types import NONE, NONE_TEXT, FactType, parse_value, to_json

OPPOSITE: Final = {"holds": "fails", "fails": "holds", "unknown": "unknown"}
ZERO: Final = Fraction()
HOLDS: Final[Mapping[str, Any]] = {
    "is": lambda x, v: x == v,
    "in": lambda x, v: _holds_of(x, v),
    "at_least": lambda x, v: not x < v,
    "at_most": lambda x, v: not v < x,
    "multiple_of": lambda x, v: v > 0 and (x / v).denominator == 1,
    "includes": lambda x, v: v in x,
    "includes_any": lambda x, v: any(_holds_of(code, v) for code in x),
    "includes_all": lambda x, v: all(any(_is_one(code, one, v) for code in x) for one in v),
}
complete("verify.values", ["exists", "is_known", *HOLDS])
COMPUTE: Final[Mapping[str, Any]] = {
    "sum": lambda *all_: sum(all_, ZERO),
    "difference": lambda a, b: a - b,
    "product": lambda *all_: math.prod(all_, start=Fraction(1)),
    "quotient": lambda a, b: a / b if b else None,
    "round_up": lambda a, to=Fraction(1): math.ceil(a / to) * to if to else None,
    "round_down": lambda a, to=Fraction(1): math.floor(a / to) * to if to else None,
    "round_half_up": lambda a, to=Fraction(1): (2 * a / to + 1) // 2 * to if to else None,
    "minimum": lambda *all_: min(all_),
    "maximum": lambda *all_: max(all_),
    "days_between": lambda a, b: Fraction((b - a).days),
    "days_overlapping": lambda a, b, c, d: Fraction(max((min(b, d) - max(a, c)).days + 1, 0)),
    "years_between": lambda a, b: Fraction(b.year - a.year - (f"{b:%m%d}" < f"{a:%m%d}")),
}


def _holds_of(value: Any, listed: frozenset[Any]) -> bool:
    """Whether a value is in a set, or is a code of a family in it."""
    return any(_is_one(value, one, listed) for one in listed)


def _is_one(value: Any, one: Any, listed: frozenset[Any]) -> bool:
    if isinstance(listed, CodeFamilies) and one.endswith("-") and isinstance(value, str):
        return len(value) >= len(one) and value.startswith(one.removesuffix("-"))
    return bool(value == one)


_NO_HOLIDAYS: Final = HolidayCalendar("", date.min, date.max, frozenset())


def in_order(ruleset: Ruleset) -> Iterator[Rule | str]:
    """The rules in their order, and the name of each derived fact after the rules that conclude it."""
    last = {
        name: max((index for index, _ in fact.concluded_by), default=-1)
        for name, fact in ruleset.derived.items()
    }
    yield from (name for name, index in last.items() if index < 0)
    for place, rule in enumerate(ruleset.rules):
        yield rule
        yield from (name for name, index in last.items() if index == place)


def judged(
    whole: Condition, judge: Callable[[Test, str], str], place: str = ""
) -> tuple[str, list[Test]]:
    """The truth of a condition and, where it is unknown, the tests that leave it so.

    Args:
        whole: The condition.
        judge: Gives the truth of each test, called with the test and its place.
        place: The place of the condition, such as `when`.
    """
    match whole:
        case Test():
            truth = judge(whole, place)
            return truth, [whole] if truth == "unknown" else []
        case Not(part):
            truth, unknown = judged(part, judge, f"{place}.not")
            return OPPOSITE[truth], unknown
        case All(parts):
            word, count = "all", len(parts)
        case AnyOf(parts):
            word, count = "any", 1
        case AtLeast(count, parts):
            word = "of"
    below = [judged(part, judge, f"{place}.{word}[{n}]") for n, part in enumerate(parts)]
    truth = at_least(count, [one for one, _ in below])
    return truth, [test for _, more in below for test in more] if truth == "unknown" else []


def concluded(ruleset: Ruleset, name: str, truths: Mapping[str, str]) -> tuple[Any, bool]:
    """The value of a derived fact (None: unknown), and whether the rules that hold contradict.

    `truths` has the truth of each rule that concludes the fact, by id.
    """
    fact = ruleset.derived[name]
    by = [(truths[ruleset.rules[index].id], value) for index, value in fact.concluded_by]
    holding = {value for truth, value in by if truth == "holds"}
    possible = {value for truth, value in by if truth != "fails"}
    settled = len(possible) < 2 and holding == possible
    return plain([*holding, fact.otherwise][0]) if settled else None, len(holding) > 1


def truth_of(test: Test, facts: Mapping[str, Any]) -> str:
    """Whether a core test holds on facts; a fact that is None is unknown."""
    left = value_of(test.left, facts)
    if test.operator == "is_known":
        return "fails" if left is None else "holds"
    if test.operator == "exists":
        return "unknown" if left is None else "fails" if left is NONE else "holds"
    operands = [left, *(value_of(side, facts) for side in test.right)]
    if any(value is None for value in operands):
        return "unknown"
    if any(value is NONE for value in operands):
        return "fails"
    return "holds" if HOLDS[test.operator](*operands) else "fails"


def at_least(count: int, truths: Sequence[Any]) -> str:
    if truths.count("holds") >= count:
        return "holds"
    return "fails" if len(truths) - truths.count("fails") < count else "unknown"


def value_of(expression: Expression, facts: Mapping[str, Any]) -> Any:
    """The value of an expression, with exact numbers; None: unknown."""
    match expression:
        case Constant(value):
            return plain(value)
        case FactRef(name):
            return facts.get(name)
        case Score(name, values):
            graded = facts.get(name)
            return graded if graded in (None, NONE) else Fraction(values.index(graded))
        case Lookup(table, column):
            return _given_by(table, table.columns.index(column), [facts.get(k) for k in table.keys])
        case Arithmetic(operation, arguments):
            known = [value_of(argument, facts) for argument in arguments]
            return _nothing_in(known) or (None if None in known else COMPUTE[operation](*known))
        case Edge(Window(amount, unit, direction, anchor), last):
            count, day = value_of(amount, facts), value_of(anchor, facts)
            if None in (count, day) or NONE in (count, day):
                return _nothing_in([count, day])
            away = int(-count if direction == "before" else count)
            other = shifted(day, away, unit) if isinstance(unit, str) else _moved(day, away, unit)
            if other is None and count >= 0:
                return day if last == (direction == "before") else None
            return ((date.max, date.min) if count < 0 else sorted((day, other)))[last]
        case Moved(Window(amount, unit, direction, anchor)):
            count, day = value_of(amount, facts), value_of(anchor, facts)
            if None in (count, day) or NONE in (count, day):
                return _nothing_in([count, day])
            return _moved(day, int(-count if direction == "before" else count), unit)
    raise AssertionError(expression)


def _given_by(table: Table, column: int, keys: Sequence[Any]) -> Any:
    """What a table gives, row by row; None: unknown."""
    possible: set[Any] = set()
    for row in table.rows:
        fit = [_in_cell(cell, key) for cell, key in zip(row.cells, keys, strict=True)]
        if all(one == "holds" for one in fit):
            return plain(row.values[column])
        if "fails" not in fit:
            possible.add(plain(row.values[column]))
    # For each way in which keys of few values turn out; of any other key, a value no row names.
    tries = [
        [key] if key is not None else [None] if domain is None else list(map(plain, domain))
        for key, domain in zip(keys, table.domains, strict=True)
    ]
    for tried in product(*tries):
        if not any(
            all(_in_cell(cell, key) == "holds" for cell, key in zip(row.cells, tried, strict=True))
            for row in table.rows
        ):
            possible.add(None if table.otherwise is None else plain(table.otherwise[column]))
            break
    return possible.pop() if len(possible) == 1 else None


def _in_cell(cell: Cell | None, key: Any) -> str:
    if cell is None:
        return "holds"
    if key is None:
        return "unknown"
    if cell.values is not None:
        return "holds" if _holds_of(key, cell.values) else "fails"
    if key is NONE or (cell.least is not None and key < cell.least):
        return "fails"
    beyond = cell.most is not None and key > cell.most
    return "fails" if beyond or (cell.below is not None and key >= cell.below) else "holds"


def _nothing_in(known: Sequence[Any]) -> Any:
    """`NONE` where an operand is `NONE` and no operand is unknown."""
    return NONE if None not in known and NONE in known else None


def shifted(day: date, count: int, unit: str) -> date:
    """`count` units later (negative: earlier), kept within the month and the calendar."""
    found = _moved(day, count, unit)
    return found if found is not None else date.max if count > 0 else date.min


def _moved(day: date, count: int, unit: str | HolidayCalendar) -> date | None:
    """`count` units later (negative: earlier), kept within the month; None: there is no such day, or
    the days from it to there are not all in the holiday calendar."""
    step = 1 if count > 0 else -1
    try:
        if unit in ("days", "weeks"):
            return day + timedelta(days=count * (7 if unit == "weeks" else 1))
        if unit in ("months", "years"):
            months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
            year, month = months // 12, months % 12 + 1
            return date(year, month, min(day.day, monthrange(year, month)[1]))
        calendar = unit if isinstance(unit, HolidayCalendar) else _NO_HOLIDAYS
        while count:  # business days
            passed, day = day, day + timedelta(days=step)
            if min(passed, day) < calendar.first_day or max(passed, day) > calendar.last_day:
                return None
            count -= step if day.weekday() < 5 and day not in calendar.holidays else 0
        return day
    except (OverflowError, ValueError):
        return None


def plain(value: Any) -> Any:
    exact = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Fraction(value) if exact else value


def read(type_: FactType, raw: Any, otherwise: Any) -> Any:
    """The exact value of a recorded one; `otherwise` if it is not of the type."""
    number = type_.kind in ("integer", "decimal") and type(raw) in (int, str)
    number = number and not (type_.can_be_none and raw == NONE_TEXT)
    number = number and "e" not in str(raw).lower()  # an exponent could fill the memory
    try:
        return None if raw is None else Fraction(raw) if number else parse_value(type_, raw)
    except (ValueError, ZeroDivisionError):
        return otherwise


def codes(reason: Reason | None) -> dict[str, Any]:
    """The reason codes of a finding or of a request for information, as recorded."""
    if reason is None:
        return {"group": None, "carc": None, "rarcs": []}
    return {"group": reason.group, "carc": reason.carc, "rarcs": list(reason.rarcs)}


def as_json(value: Any) -> Any:
    whole = isinstance(value, Fraction) and value.denominator == 1
    return int(value) if whole else to_json(value)
