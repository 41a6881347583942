"""Expressions as terms. What is linear is written out exactly; the rest is a name and lemmas.

A product of two facts, a quotient by a fact and the calendar are no formulas that a solver decides
well. Each such call is a fresh name with bounds that always hold. When a model gives the name
another value than the call really has there, a lemma that says what is right around that place is
added, and the search goes on (`search`). So what is found is exact, and what is refuted is refuted.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from functools import partial, reduce
from itertools import product
from math import lcm
from typing import Any, Final

import z3

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.far_days import moved, shift
from payer_policy.core.ruleset import (
    Arithmetic,
    Constant,
    Edge,
    Expression,
    FactRef,
    Lookup,
    Moved,
    Score,
    Window,
)
from payer_policy.core.semantics import years_between
from payer_policy.core.tables import Cell, Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import families_in
from payer_policy.core.vocabulary.types import NONE, NUMERIC, Kind, Value
from payer_policy.engines.symbolic.logic import (
    Formula,
    Whole,
    all_of,
    any_of,
    both,
    choose,
    either,
    negated,
    number_in,
    same,
)
from payer_policy.engines.symbolic.terms import (
    FIRST_DAY,
    LAST_DAY,
    Codes,
    Facts,
    Number,
    Term,
    choose_value,
)

Compare = Callable[[Any, Any], Formula]


class Outside(PayerPolicyError):
    """This cannot be written as a formula; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Call:
    """A name that stands for a call, and how to make sure that a model has its value right."""

    name: Any
    arguments: tuple[Any, ...]
    right: Callable[[Any], Formula | None]
    """The lemma that a model breaks; None where the model has the value right."""


@dataclass(frozen=True, slots=True)
class Span:
    """The days from the first to the last, both included."""

    first: Whole
    last: Whole


def compare(how: Compare, one: Number, other: Number) -> Formula:
    """A comparison of two exact numbers."""
    bottom = lcm(one.bottom, other.bottom)
    return how(_times(one.top, bottom // one.bottom), _times(other.top, bottom // other.bottom))


def at_least_zero(number: Number) -> Number:
    """The number, or zero where it is less."""
    if isinstance(number.top, int):
        return Number(max(number.top, 0), number.bottom)
    return Number(choose(number.top < 0, 0, number.top), number.bottom)


class Expressions:
    """Writes expressions as terms over some facts. `read` gives the term of a fact."""

    def __init__(self, facts: Facts, read: Callable[[str], Term]) -> None:
        self.facts, self.read = facts, read

    def term(self, expression: Expression) -> Term:
        """The term of an expression.

        Raises:
            Outside: it cannot be written as a formula.
        """
        match expression:
            case Constant(value):
                return Term(True, self.facts.constant(value))
            case FactRef(fact):
                return self.read(fact)
            case Score(fact, values):
                graded = self.read(fact)
                position = Number(self._position(graded.value, values))
                return replace(graded, value=position)
            case Lookup(table, column):
                return self._looked_up(table, table.columns.index(column))
            case Arithmetic(operation, arguments):
                terms = [self.term(argument) for argument in arguments]
                made = self._arithmetic(operation, terms)
                none = any_of(term.none for term in terms)
                known = all_of(term.known for term in terms)
                return Term(either(made.known, both(known, none)), made.value, none)
            case Edge(Window(amount, unit, direction, anchor), last):
                count, day = self.term(amount), self.term(anchor)
                known = both(count.known, day.known)
                if isinstance(unit, HolidayCalendar) and last == (direction == "after"):
                    sign = -1 if direction == "before" else 1
                    there, _ = self._moved(day.value, count.value, sign, unit)
                    known = both(known, any_of([count.value.top < 0, there, count.none, day.none]))
                span = self._span(count.value, unit, direction, day.value)
                return Term(
                    known,
                    span.last if last else span.first,
                    either(count.none, day.none),
                )
            case Moved(Window(amount, unit, direction, anchor)):
                count, day = self.term(amount), self.term(anchor)
                sign = -1 if direction == "before" else 1
                there, value = self._moved(day.value, count.value, sign, unit)
                none = either(count.none, day.none)
                return Term(all_of([count.known, day.known, either(none, there)]), value, none)
        raise Outside(f"an expression of kind {type(expression).__name__}")

    def _looked_up(self, table: Table, at: int) -> Term:
        """By value, when it is the value: a row of it matches, or no other value is possible."""
        keys = [self.read(key) for key in table.keys]
        holds: dict[Value | None, list[Formula]] = {}
        possible: dict[Value | None, list[Formula]] = {}
        matches: list[list[Formula]] = []
        for row in table.rows:
            cells = [
                True if cell is None else both(negated(key.none), self._matches(cell, key.value))
                for cell, key in zip(row.cells, keys, strict=True)
            ]
            matches.append(cells)
            asked = [
                (cell, key)
                for cell, key, asks in zip(cells, keys, row.cells, strict=True)
                if asks is not None
            ]
            value: Value | None = row.values[at]
            sure = all_of(both(key.known, cell) for cell, key in asked)
            maybe = all_of(either(negated(key.known), cell) for cell, key in asked)
            holds.setdefault(value, []).append(sure)
            possible.setdefault(value, []).append(maybe)
        missed = self._may_miss(table, keys, matches)
        otherwise = None if table.otherwise is None else table.otherwise[at]
        possible.setdefault(otherwise, []).append(missed)
        maybe_by_value = {value: any_of(parts) for value, parts in possible.items()}
        when: dict[Value, Formula] = {}
        for value in possible:
            if value is not None:
                others = (maybe for other, maybe in maybe_by_value.items() if other != value)
                sole = all_of(negated(maybe) for maybe in others)
                when[value] = either(any_of(holds.get(value, ())), sole)
        none = when.pop(NONE, False)
        return Term(any_of([none, *when.values()]), self._chosen(when, table.types[at].kind), none)

    def _may_miss(
        self, table: Table, keys: Sequence[Term], matches: Sequence[Sequence[Formula]]
    ) -> Formula:
        """That no row may match, as `Table.may_miss` says it."""
        options = [domain if domain is not None else (None,) for domain in table.domains]
        ways: list[Formula] = []
        for values in product(*options):
            rows: list[Formula] = []
            for row, cells in zip(table.rows, matches, strict=True):
                fits = [
                    either(negated(key.known), cell)
                    if value is not None and asks.matches(value)
                    else both(key.known, cell)
                    for asks, cell, key, value in zip(row.cells, cells, keys, values, strict=True)
                    if asks is not None
                ]
                rows.append(all_of(fits))
            ways.append(negated(any_of(rows)))
        return any_of(ways)

    def _matches(self, cell: Cell, value: Any) -> Formula:
        """That a known key, which is not none, is what a row asks."""
        if cell.values is not None:
            listed = [self.facts.constant(one) for one in sorted(cell.values)]  # type: ignore[type-var]
            how = self.facts.texts.is_one if families_in(cell.values) else operator.eq
            return any_of(self._compared(how, value, one) for one in listed)
        bounds = ((operator.ge, cell.least), (operator.le, cell.most), (operator.lt, cell.below))
        return all_of(
            self._compared(how, value, self.facts.constant(bound))
            for how, bound in bounds
            if bound is not None
        )

    def _compared(self, how: Compare, value: Any, constant: Any) -> Formula:
        if isinstance(value, Number):
            return compare(how, value, constant)
        return same(value, constant) if isinstance(constant, bool) else how(value, constant)

    def _chosen(self, when: Mapping[Value, Formula], kind: Kind) -> Any:
        """The value of the case that is so; where none is, it is not read."""
        constants = [(case, self.facts.constant(value)) for value, case in when.items()]
        if not constants:
            return Number(0) if kind in NUMERIC else False if kind == "boolean" else FIRST_DAY
        out = constants[-1][1]
        for case, value in reversed(constants[:-1]):
            out = choose_value(case, value, out)
        return out

    def _position(self, value: Any, values: Sequence[str]) -> Whole:
        out: Whole = len(values) - 1
        for at in range(len(values) - 2, -1, -1):
            out = choose(value == self.facts.texts.number(values[at]), at, out)
        return out

    def _arithmetic(self, operation: str, terms: Sequence[Term]) -> Term:
        known = all_of(term.known for term in terms)
        values = [term.value for term in terms]
        match operation:
            case "sum":
                return Term(known, _sum(values))
            case "difference":
                return Term(known, _sum([values[0], _scaled(values[1], Fraction(-1))]))
            case "product":
                product = values[0]
                for value in values[1:]:
                    product = self._product(product, value)
                return Term(known, product)
            case "quotient":
                whole = isinstance(values[1].top, int)
                nonzero = values[1].top != 0
                if whole and not nonzero:
                    return Term(False, Number(0))
                return Term(both(known, nonzero), self._quotient(values[0], values[1]))
            case "round_up" | "round_down" | "round_half_up":
                if len(terms) == 1:
                    return Term(known, Number(_WHOLE[operation](values[0])))
                # A multiple of a step is so many steps; where the step is zero there is none.
                steps = self._arithmetic("quotient", terms)
                count = Number(_WHOLE[operation](steps.value))
                return Term(steps.known, self._product(values[1], count))
            case "minimum" | "maximum" if not isinstance(values[0], Number):  # days
                chosen = _least if operation == "minimum" else _most
                return Term(known, reduce(chosen, values))
            case "minimum" | "maximum":
                return Term(known, _extreme(values, least=operation == "minimum"))
            case "days_overlapping":
                days = _least(values[1], values[3]) - _most(values[0], values[2]) + 1
                return Term(known, Number(choose(days < 0, 0, days)))
            case "days_between":
                return Term(known, Number(values[1] - values[0]))
            case "years_between":
                return Term(known, Number(self._years(values[0], values[1])))
        raise Outside(f"`{operation}`")

    # --- products and quotients ------------------------------------------------------------------

    def _product(self, one: Number, other: Number) -> Number:
        for value, by in ((one, other), (other, one)):
            if isinstance(by.top, int):
                return _scaled(value, Fraction(by.top, by.bottom))
        for value, by in ((one, other), (other, one)):
            cases = _cases(by.top)
            if cases is not None:
                return _by_cases(cases, partial(_by_fraction, value, by.bottom))
        x, y = one.top, other.top
        whole = z3.is_int(x) and z3.is_int(y)
        name = self._call(
            "product",
            (x, y),
            whole,
            lambda model, name: _product_lemma(model, name, x, y),
        )
        # The sign of a product is that of its factors, and no lemma needs to find that out.
        sure = [
            z3.Implies(z3.And(x >= 0, y >= 0), name >= 0),
            z3.Implies(z3.Or(x == 0, y == 0), name == 0),
        ]
        if whole:
            sure.append(z3.Implies(z3.And(x > 0, y > 0), z3.And(name >= x, name >= y)))
        self.facts.bounds.append(z3.And(*sure))
        return Number(name, one.bottom * other.bottom)

    def _quotient(self, one: Number, by: Number) -> Number:
        if isinstance(by.top, int):
            return _scaled(one, Fraction(by.bottom, by.top))
        cases = _cases(by.top)
        if cases is not None:
            scale = by.bottom
            return _by_cases(
                cases,
                lambda top: _scaled(one, Fraction(scale, top)) if top else Number(0),
            )
        x, y = _times(one.top, by.bottom), _times(by.top, one.bottom)
        name = self._call(
            "quotient",
            (x, y),
            False,
            lambda model, name: _quotient_lemma(model, name, x, y),
        )
        sure = [
            z3.Implies(y == 0, name == 0),  # it is not read there
            z3.Implies(z3.And(x >= 0, y > 0), name >= 0),
            z3.Implies(z3.And(x >= y, y > 0), name >= 1),
            z3.Implies(z3.And(x < y, y > 0), name < 1),
        ]
        self.facts.bounds.append(z3.And(*sure))
        return Number(name)

    def _call(
        self,
        operation: str,
        arguments: Sequence[Any],
        whole: bool,
        lemma: Callable[[Any, Any], Formula | None],
    ) -> Any:
        """The name of a call; the same call has the same name."""
        key = (
            operation,
            *(one if isinstance(one, (int, str)) else one.sexpr() for one in arguments),
        )
        calls = self.facts.calls
        if key not in calls:
            make = self.facts.make.whole if whole else self.facts.make.real
            name = make(f"{operation} {len(calls)}")
            terms = tuple(one for one in arguments if z3.is_expr(one))
            calls[key] = Call(name, terms, lambda model: lemma(model, name))
        return calls[key].name

    # --- the calendar ----------------------------------------------------------------------------

    def _years(self, birth: Whole, day: Whole) -> Whole:
        if isinstance(birth, int) and isinstance(day, int):
            return years_between(date.fromordinal(birth), date.fromordinal(day))
        name = self._call(
            "years",
            (birth, day),
            True,
            lambda model, name: _years_lemma(model, name, birth, day),
        )
        days = day - birth
        self.facts.bounds.append(
            z3.And(
                z3.Implies(
                    days >= 0, z3.And(name >= 0, 365 * name <= days, 366 * name + 366 >= days)
                ),
                z3.Implies(
                    days < 0, z3.And(name < 0, 366 * name - 2 <= days, 365 * name + 368 >= days)
                ),
            )
        )
        return name

    def _span(
        self, amount: Number, unit: str | HolidayCalendar, direction: str, anchor: Whole
    ) -> Span:
        if amount.bottom != 1:
            raise Outside("a span of days whose length is no whole number")
        count = amount.top
        if isinstance(count, int) and count < 0:
            return Span(LAST_DAY, FIRST_DAY)
        if direction == "before":
            first, last = self._shifted(anchor, count, -1, unit), anchor
        else:
            first, last = anchor, self._shifted(anchor, count, 1, unit)
        none = count < 0
        return Span(choose(none, LAST_DAY, first), choose(none, FIRST_DAY, last))

    def _moved(
        self, day: Whole, amount: Number, sign: int, unit: str | HolidayCalendar
    ) -> tuple[Formula, Whole]:
        """Whether the calendar has a day so many units away, and that day; another day if not, which is
        not read."""
        if amount.bottom != 1:
            raise Outside("a span of days whose length is no whole number")
        count = amount.top
        if unit in ("days", "weeks"):
            there = day + _times(count, sign * (7 if unit == "weeks" else 1))
            inside = both(there >= FIRST_DAY, there <= LAST_DAY)
            return inside, choose(inside, there, FIRST_DAY)
        if isinstance(day, int) and isinstance(count, int):
            found = moved(date.fromordinal(day), sign * count, unit)
            return found is not None, FIRST_DAY if found is None else found.toordinal()
        if isinstance(unit, HolidayCalendar):
            return _in_calendar(unit, day, count * sign)
        name = self._call(
            f"move {unit} {sign}",
            (day, count),
            True,
            lambda model, name: _moved_lemma(model, name, day, count, sign, unit),
        )
        longest = {"months": 31, "years": 366, "business_days": 3}[unit]
        reach = abs(count) * longest + 3 if isinstance(count, int) else None
        self.facts.bounds.append(z3.And(name >= FIRST_DAY - 1, name <= LAST_DAY))
        if reach is not None:
            near = z3.And(name <= day + reach, name >= day - reach)
            inside = z3.And(day + reach <= LAST_DAY, day - reach >= FIRST_DAY)
            self.facts.bounds.append(z3.Or(near, name == _NO_DAY))
            self.facts.bounds.append(z3.Implies(inside, name != _NO_DAY))
        return name != _NO_DAY, choose(name == _NO_DAY, FIRST_DAY, name)

    def _shifted(self, day: Whole, count: Whole, sign: int, unit: str | HolidayCalendar) -> Whole:
        if isinstance(unit, HolidayCalendar):
            return self._moved(day, Number(count), sign, unit)[1]
        if unit in ("days", "weeks"):
            moved = day + _times(count, sign * (7 if unit == "weeks" else 1))
            if isinstance(moved, int):
                return min(max(moved, FIRST_DAY), LAST_DAY)
            return choose(moved > LAST_DAY, LAST_DAY, choose(moved < FIRST_DAY, FIRST_DAY, moved))
        if isinstance(day, int) and isinstance(count, int):
            return shift(date.fromordinal(day), sign * count, unit).toordinal()
        name = self._call(
            f"shift {unit} {sign}",
            (day, count),
            True,
            lambda model, name: _shift_lemma(model, name, day, count, sign, unit),
        )
        shortest, longest = {"months": (28, 31), "years": (365, 366), "business_days": (1, 3)}[unit]
        if isinstance(count, int):
            near, far = _bounds(count, shortest, longest, unit)
            if sign > 0:
                limit = [name <= day + far, z3.Or(name >= day + near, name == LAST_DAY)]
            else:
                limit = [name >= day - far, z3.Or(name <= day - near, name == FIRST_DAY)]
            self.facts.bounds.append(z3.And(*limit))
        self.facts.bounds.append(z3.And(name >= FIRST_DAY, name <= LAST_DAY))
        return name


def _in_calendar(calendar: HolidayCalendar, day: Whole, count: Whole) -> tuple[Formula, Whole]:
    """Whether a calendar knows the business day so many after a day (before, if negative), and that day.

    Business days are counted by weeks of five days; holidays are taken out of the count, and put in.
    """
    first, last = calendar.first_day.toordinal(), calendar.last_day.toordinal()
    holidays = sorted(
        one.toordinal()
        for one in calendar.holidays
        if first <= one.toordinal() <= last and one.weekday() < 5
    )
    known = calendar.business_days
    monday = first - calendar.first_day.weekday()
    skipped = min(first - monday, 5)

    def weekdays(end: Whole) -> Whole:
        """The days from Monday to Friday from that Monday through a day that is not before it."""
        into = (end - monday) % 7 + 1
        return _divided(end - monday, 7) * 5 + _least(into, 5)

    def before(end: Whole) -> Whole:
        """The business days through a day of the calendar, or the one before its first."""
        passed = reduce(operator.add, [choose(end >= one, 1, 0) for one in holidays], 0)
        return weekdays(end) - skipped - passed

    place = choose(count > 0, before(day) + count - 1, before(day - 1) + count)
    # The business days before each holiday: at that place, and after it, the holiday is passed.
    jumps = [bisect_left(known, one) for one in holidays]
    at = reduce(operator.add, [choose(place >= jump, 1, 0) for jump in jumps], place + skipped)
    there = monday + _divided(at, 5) * 7 + at % 5
    inside = all_of([day >= first, day <= last, place >= 0, place < len(known)])
    return any_of([count == 0, inside]), choose(count == 0, day, choose(inside, there, FIRST_DAY))


def _divided(whole: Whole, by: int) -> Whole:
    """The quotient rounded down."""
    return whole // by if isinstance(whole, int) else whole / by


def _bounds(count: int, shortest: int, longest: int, unit: str) -> tuple[int, int]:
    if unit == "business_days":
        # Five business days are a week; a weekend that is begun counts for its nearest business day.
        return max(0, count - 2), count + 2 * (count // 5 + 2)
    return max(0, count * shortest - 3), count * longest


# --- lemmas ----------------------------------------------------------------------------------------


def _product_lemma(model: Any, name: Any, x: Any, y: Any) -> Formula | None:
    a, b = number_in(model, x), number_in(model, y)
    if number_in(model, name) == a * b:
        return None
    a, b = _plain(a, x), _plain(b, y)
    return z3.And(z3.Implies(x == a, name == a * y), z3.Implies(y == b, name == b * x))


def _quotient_lemma(model: Any, name: Any, x: Any, y: Any) -> Formula | None:
    a, b = number_in(model, x), number_in(model, y)
    if b == 0 or number_in(model, name) * b == a:
        return None
    b = _plain(b, y)
    return z3.Implies(y == b, name * b == x)


def _plain(number: int | Fraction, beside: Any) -> Any:
    """A number as the solver takes it beside a term."""
    if isinstance(number, int):
        return number
    return z3.Q(number.numerator, number.denominator, beside.ctx)


def _day_in(model: Any, term: Whole) -> int:
    return int(number_in(model, term))


def _month(ordinal: int) -> tuple[int, int]:
    """The first and the last day of the month of a day."""
    day = date.fromordinal(ordinal)
    first = day.replace(day=1)
    if (day.year, day.month) == (date.max.year, 12):
        return first.toordinal(), LAST_DAY
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return first.toordinal(), (following - timedelta(days=1)).toordinal()


def _years_lemma(model: Any, name: Any, birth: Any, day: Any) -> Formula | None:
    a, b = _day_in(model, birth), _day_in(model, day)
    born, now = date.fromordinal(a), date.fromordinal(b)
    if number_in(model, name) == years_between(born, now):
        return None
    (a1, a2), (b1, b2) = _month(a), _month(b)
    years = now.year - born.year - (now.month < born.month)
    if now.month == born.month:
        right = name == years - z3.If(day - b1 < birth - a1, 1, 0)
    else:
        right = name == years
    inside = all_of([birth >= a1, birth <= a2, day >= b1, day <= b2])
    return either(negated(inside), right)


_NO_DAY = FIRST_DAY - 1
"""Stands for a day that the calendar does not have."""


def _moved_lemma(
    model: Any, name: Any, day: Any, count: Any, sign: int, unit: str
) -> Formula | None:
    at, amount = _day_in(model, day), _day_in(model, count)

    def there(ordinal: int) -> int:
        found = moved(date.fromordinal(ordinal), sign * amount, unit)
        return _NO_DAY if found is None else found.toordinal()

    if number_in(model, name) == there(at):
        return None
    return either(negated(count == amount), _exact(name, day, at, unit, there))


def _exact(name: Any, day: Any, at: int, unit: str, there: Callable[[int], int]) -> Formula:
    """The right value for each day of the month, or of the week, around one."""
    if unit == "business_days":
        first = at - date.fromordinal(at).weekday()
        first, last = max(first, FIRST_DAY), min(first + 6, LAST_DAY)
    else:
        first, last = _month(at)
    return all_of(
        either(negated(day == ordinal), name == there(ordinal))
        for ordinal in range(first, last + 1)
    )


def _shift_lemma(
    model: Any, name: Any, day: Any, count: Any, sign: int, unit: str
) -> Formula | None:
    at, amount = _day_in(model, day), _day_in(model, count)
    if amount < 0:
        return None  # a span of no days: the name is not read
    if number_in(model, name) == shift(date.fromordinal(at), sign * amount, unit).toordinal():
        return None

    def there(ordinal: int) -> int:
        return shift(date.fromordinal(ordinal), sign * amount, unit).toordinal()

    return either(negated(count == amount), _exact(name, day, at, unit, there))


# --- numbers ---------------------------------------------------------------------------------------


def _times(term: Whole, by: int) -> Whole:
    return term if by == 1 else term * by


def _sum(numbers: Sequence[Number]) -> Number:
    bottom = lcm(*(number.bottom for number in numbers))
    top: Whole = 0
    for number in numbers:
        top = top + _times(number.top, bottom // number.bottom)
    return Number(top, bottom)


def _scaled(number: Number, by: Fraction) -> Number:
    if by == 0:
        return Number(0)
    if isinstance(number.top, int):
        exact = Fraction(number.top, number.bottom) * by
        return Number(exact.numerator, exact.denominator)
    exact = by / number.bottom
    return Number(_times(number.top, exact.numerator), exact.denominator)


def _by_fraction(number: Number, bottom: int, top: int) -> Number:
    return _scaled(number, Fraction(top, bottom))


def _floor(number: Number) -> Whole:
    if isinstance(number.top, int):
        return number.top // number.bottom
    if z3.is_real(number.top):
        return z3.ToInt(number.top / number.bottom if number.bottom != 1 else number.top)
    return number.top if number.bottom == 1 else number.top / number.bottom


def _ceiling(number: Number) -> Whole:
    lower = _floor(Number(_times(number.top, -1), number.bottom))
    return -lower


def _half_up(number: Number) -> Whole:
    return _floor(_sum([number, Number(1, 2)]))


_WHOLE: Final[Mapping[str, Callable[[Number], Whole]]] = {
    "round_up": _ceiling,
    "round_down": _floor,
    "round_half_up": _half_up,
}


def _extreme(numbers: Sequence[Number], *, least: bool) -> Number:
    bottom = lcm(*(number.bottom for number in numbers))
    tops = [_times(number.top, bottom // number.bottom) for number in numbers]
    out = tops[0]
    for top in tops[1:]:
        out = choose(top < out if least else top > out, top, out)
    return Number(out, bottom)


def _least(one: Whole, other: Whole) -> Whole:
    return choose(one < other, one, other)


def _most(one: Whole, other: Whole) -> Whole:
    return choose(one > other, one, other)


def _cases(term: Any) -> list[tuple[Formula, int]] | None:
    """The values of a choice between plain numbers, each with when it is; None: it is no such."""
    if isinstance(term, int):
        return [(True, term)]
    if z3.is_int_value(term):
        return [(True, term.as_long())]
    if not z3.is_app_of(term, z3.Z3_OP_ITE):
        return None
    condition, one, other = term.children()
    first, second = _cases(one), _cases(other)
    if first is None or second is None or len(first) + len(second) > 32:
        return None
    return [
        *((both(condition, when), value) for when, value in first),
        *((both(negated(condition), when), value) for when, value in second),
    ]


def _by_cases(cases: Sequence[tuple[Formula, int]], value: Callable[[int], Number]) -> Number:
    numbers = [value(top) for _, top in cases]
    bottom = lcm(*(number.bottom for number in numbers))
    tops = [_times(number.top, bottom // number.bottom) for number in numbers]
    out = tops[-1]
    for (when, _), top in zip(reversed(cases[:-1]), reversed(tops[:-1]), strict=True):
        out = choose(when, top, out)
    return Number(out, bottom)


# --- sets ------------------------------------------------------------------------------------------


def has_text(codes: Codes, text: int) -> Formula:
    """That a listed text is in the set."""
    return codes.members[codes.merged[text]]


def has_value(codes: Codes, fact: str, value: Whole) -> Formula:
    """That the value of a fact of kind code is in the set."""
    listed = [both(value == text, codes.members[text]) for text in codes.members]
    _, beyond = codes.others.get(fact, (None, False))
    return any_of([*listed, beyond])


def texts_of(sets: Sequence[Codes]) -> Iterator[int]:
    """The listed texts of some sets, each once."""
    yield from dict.fromkeys(text for codes in sets for text in codes.members)
