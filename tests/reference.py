"""The plain evaluator of rulesets: every engine is compared with it.

It shares no code with `semantics`, `truth` or any engine, and takes the simplest way throughout:
True, False and None for unknown; fractions for all numbers; dates walked one day at a time; and the
least fixpoint by starting with nothing known and going over all rules, last first, until nothing
changes. It never relies on the order of the rules.
"""

from __future__ import annotations

import calendar
import itertools
import math
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Constant,
    Edge,
    FactRef,
    Lookup,
    Moved,
    Not,
    Ruleset,
    Score,
    Test,
)
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import CodeFamilies
from payer_policy.core.vocabulary.types import NONE

Kleene = bool | None
DAY = timedelta(days=1)


def evaluate(ruleset: Ruleset, facts: Mapping[str, Any]):
    """(truths by rule id, derived facts, names of derived facts in conflict)."""
    rules: dict[str, Kleene] = {rule.id: None for rule in ruleset.rules}
    derived: dict[str, Any] = dict.fromkeys(ruleset.derived)
    conflicts: set[str] = set()
    for _ in range(2 * len(ruleset.rules) + len(derived) + 3):
        before = dict(rules), dict(derived), set(conflicts)
        known = {**facts, **derived}
        for rule in reversed(ruleset.rules):
            parts = [holds(rule.condition, known)]
            parts += [negation(rules[other]) for other in rule.overridden_by]
            rules[rule.id] = conjunction(parts)
        for name, fact in ruleset.derived.items():
            concluded = [(rules[ruleset.rules[i].id], value) for i, value in fact.concluded_by]
            derived[name] = None
            if len({value for truth, value in concluded if truth is True}) > 1:
                conflicts.add(name)
                continue
            conflicts.discard(name)
            for truth, value in concluded:
                others = [other for other, v in concluded if v != value]
                if truth is True and all(other is False for other in others):
                    derived[name] = value
            if all(truth is False for truth, _ in concluded):
                derived[name] = fact.otherwise
        if before == (rules, derived, conflicts):
            return rules, derived, tuple(sorted(conflicts))
    raise AssertionError("no fixpoint: the rules are not acyclic")


def negation(truth: Kleene) -> Kleene:
    return None if truth is None else not truth


def conjunction(truths: list[Kleene]) -> Kleene:
    if any(truth is False for truth in truths):
        return False
    return None if any(truth is None for truth in truths) else True


def holds(condition, facts) -> Kleene:
    """A condition in Kleene's strong logic."""
    if isinstance(condition, Test):
        return test_holds(condition, facts)
    if isinstance(condition, Not):
        return negation(holds(condition.part, facts))
    truths = [holds(part, facts) for part in condition.parts]
    if isinstance(condition, All):
        return conjunction(truths)
    if isinstance(condition, AnyOf):
        return negation(conjunction([negation(truth) for truth in truths]))
    assert isinstance(condition, AtLeast)
    # Every way in which the unknown parts could turn out.
    least, most = truths.count(True), truths.count(True) + truths.count(None)
    outcomes = {count >= condition.count for count in range(least, most + 1)}
    return outcomes.pop() if len(outcomes) == 1 else None


def test_holds(test: Test, facts) -> Kleene:
    left = value(test.left, facts)
    if test.operator == "is_known":
        return left is not None
    if left is None:
        return None
    if test.operator == "exists":
        return left is not NONE
    one = value(test.right[0], facts)
    if one is None:
        return None
    if left is NONE or one is NONE:
        return False
    match test.operator:
        case "is":
            return left == one
        case "in":
            return is_among(left, one)
        case "at_least":
            return left > one or left == one
        case "at_most":
            return left < one or left == one
        case "multiple_of":
            return any(one > 0 and abs(left) == one * times for times in range(int(abs(left)) + 1))
        case "includes":
            return any(code == one for code in left)
        case "includes_any":
            return any(is_among(code, one) for code in left)
        case "includes_all":
            return all(any(is_among(code, type(one)({item})) for code in left) for item in one)
    raise AssertionError(test.operator)


def is_among(one, values):
    """Whether a value is in a set, or below a code that a family in it names."""
    for item in values:
        if isinstance(values, CodeFamilies) and item.endswith("-"):
            head = item[:-1].replace(".", "")
            code = str(one).replace(".", "")
            if code != head and code[: len(head)] == head:
                return True
        elif number(item) == number(one):
            return True
    return False


def number(raw):
    """Numbers as fractions; everything else as it is."""
    return Fraction(raw) if isinstance(raw, (int, Decimal)) and not isinstance(raw, bool) else raw


def value(expression, facts):
    """The value of an expression; None when it is not known."""
    if isinstance(expression, Constant):
        return number(expression.value)
    if isinstance(expression, FactRef):
        return number(facts.get(expression.fact))
    if isinstance(expression, Lookup):
        return looked_up(expression, facts)
    if isinstance(expression, Score):
        position = {name: place for place, name in enumerate(expression.values)}
        position[NONE] = NONE
        return number(position.get(facts.get(expression.fact)))
    if isinstance(expression, (Edge, Moved)):
        return day_of(expression, facts)
    assert isinstance(expression, Arithmetic)
    arguments = [value(argument, facts) for argument in expression.arguments]
    if any(argument is None for argument in arguments):
        return None
    if any(argument is NONE for argument in arguments):
        return NONE
    match expression.operation, arguments:
        case "sum", numbers:
            return sum(numbers)
        case "difference", [a, b]:
            return a - b
        case "product", numbers:
            return math.prod(numbers)
        case "quotient", [a, b]:
            return None if b == 0 else a / b
        case "round_up" | "round_down" | "round_half_up", [a, *to]:
            return rounded(expression.operation, a, *to)
        case "minimum", numbers:
            return sorted(numbers)[0]
        case "maximum", numbers:
            return sorted(numbers)[-1]
        case "days_between", [a, b]:
            return number(b.toordinal() - a.toordinal())
        case "days_overlapping", [a, b, c, d]:
            both = range(max(a, c).toordinal(), min(b, d).toordinal() + 1)
            return number(len(both))
        case "years_between", [a, b]:
            years = b.year - a.year
            return number(years if (b.month, b.day) >= (a.month, a.day) else years - 1)
    raise AssertionError(expression.operation)


def rounded(operation, a, to=Fraction(1)):
    """A number rounded to a multiple of another one; None where that is zero."""
    if to == 0:
        return None
    multiples = a / to // 1
    if operation == "round_up":
        multiples += a != multiples * to
    if operation == "round_half_up":
        multiples += a / to - multiples >= Fraction(1, 2)
    return number(multiples) * to


def day_of(expression, facts):
    """An edge of a window, or the day that is so far away."""
    window = expression.window
    amount, anchor = value(window.amount, facts), value(window.anchor, facts)
    if amount is None or anchor is None:
        return None
    if amount is NONE or anchor is NONE:
        return NONE
    if isinstance(expression, Edge):
        days = Days(anchor, int(amount), window.unit, window.direction)
        return days.last if expression.last else days.first
    sign = 1 if window.direction == "after" else -1
    try:
        return far_end(anchor, sign * int(amount), window.unit)
    except (OverflowError, ValueError):
        return None


def looked_up(lookup, facts):
    """What a table gives for every way in which the unknown keys could turn out, if that is one value."""
    table, at = lookup.table, lookup.table.columns.index(lookup.column)
    ways = []
    for place, key in enumerate(table.keys):
        known = facts.get(key)
        if known is not None:
            ways.append([number(known)])
        elif table.domains[place] is not None:
            ways.append([number(one) for one in table.domains[place]])
        else:
            ways.append([*values_asked(table, place), SOMETHING_ELSE])
    given = set()
    for keys in itertools.product(*ways):
        rows = [
            row
            for row in table.rows
            if all(in_cell(cell, key) for cell, key in zip(row.cells, keys, strict=True))
        ]
        assert len(rows) < 2, "rows overlap"
        found = rows[0].values if rows else table.otherwise
        given.add(None if found is None else number(found[at]))
    return given.pop() if len(given) == 1 else None


SOMETHING_ELSE = object()
"""A value of a key that no row names, and that is in no range."""


def values_asked(table, place):
    """For each row a value that it asks of a key."""
    for row in table.rows:
        cell = row.cells[place]
        if cell is not None and cell.values is not None:
            yield from map(number, cell.values)
        elif cell is not None:
            first, last, end = map(number, (cell.least, cell.most, cell.below))
            if first is not None or last is not None:
                yield last if first is None else first
            else:
                yield end - (DAY if isinstance(end, date) else 1)


def in_cell(cell, key):
    if cell is None:
        return True
    if key is SOMETHING_ELSE or key is NONE:
        return False
    if cell.values is not None:
        return is_among(key, cell.values)
    first, last, end = map(number, (cell.least, cell.most, cell.below))
    reached = first is None or not key < first
    return reached and (last is None or not key > last) and (end is None or key < end)


def far_end(anchor, amount, unit):
    """So many units later, or earlier where the amount is negative, a step at a time."""
    sign = 1 if amount > 0 else -1
    if unit in ("days", "weeks"):
        return anchor + amount * (7 if unit == "weeks" else 1) * DAY
    if unit == "business_days" or isinstance(unit, HolidayCalendar):
        end, left = anchor, abs(amount)
        while left > 0:
            end += sign * DAY
            left -= end.weekday() < 5 and not (unit != "business_days" and end in unit.holidays)
        if unit == "business_days" or not amount:
            return end
        known = unit.first_day <= min(anchor, end) and max(anchor, end) <= unit.last_day
        return end if known else None
    year, month = anchor.year, anchor.month
    for _ in range(abs(amount) * (12 if unit == "years" else 1)):
        month += sign
        year, month = (year + sign, 12 if sign < 0 else 1) if month in (0, 13) else (year, month)
    return date(year, month, min(anchor.day, calendar.monthrange(year, month)[1]))


class Days:
    """From an anchor day so many days, …, business days before or after; both ends included."""

    def __init__(self, anchor: date, amount: int, unit: str, direction: str) -> None:
        self.empty = amount < 0
        end = far_end(anchor, max(amount, 0) * (1 if direction == "after" else -1), unit)
        self.first, self.last = (end, anchor) if direction == "before" else (anchor, end)
        if self.empty:
            self.first, self.last = date.max, date.min


# --- facts from records -------------------------------------------------------------------------------


def aggregate(source, rows: list[dict[str, Any]], facts: Mapping[str, Any]):
    """What a fact made from records is on a complete list of which everything is known.

    `source` is a `RecordAggregate`. A value of `only`, `latest` and the like that is not there is NONE.
    """
    chosen = [row for row in rows if source.where is None or holds(source.where, {**facts, **row})]
    if source.condition is not None:
        found = [holds(source.condition, {**facts, **row}) for row in chosen]
        return any(found) if source.how == "any" else all(found)
    if source.how == "count":
        return len(chosen)
    values = [number(row[source.field]) for row in chosen]
    match source.how:
        case "sum":
            return sum(values, Fraction(0))
        case "collect":
            return frozenset().union(*({v} if isinstance(v, str) else v for v in values))
        case "count_distinct":
            return len(set(values))
        case "only":
            return values[0] if len(set(values)) == 1 else NONE
    if not values:
        return NONE
    best = sorted(values)[0 if source.how in ("earliest", "min") else -1]
    if source.give is None:
        return best
    given = {number(row[source.give]) for row in chosen if number(row[source.field]) == best}
    return given.pop() if len(given) == 1 else None
