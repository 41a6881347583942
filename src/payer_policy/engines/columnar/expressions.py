"""Conditions and expressions written out as Polars expressions, for facts held in columns.

The same meaning as `payer_policy.core.semantics`, for millions of rows at once: null is "not known", and
only operators are used that keep it so (`&`, `|`, `~` and comparisons are Kleene's). What cannot be
said that way exactly is worked out by `semantics` itself, once for each distinct set of values.

How a column holds a fact: a boolean as Boolean, a whole number as Int64, a decimal as Int64 in
units of 1/1,000,000, a date as Date, a code or choice as String, a set of codes as one String (sorted,
joined by `JOIN`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import and_, or_
from typing import Any, Final

import polars as pl

from payer_policy.core.diagnostics import PayerPolicyError
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
    Not,
    Score,
    Test,
    facts_in_expression,
    facts_in_test,
)
from payer_policy.core.semantics import truth_of_test, value_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import MAX_NUMBER, MAX_PLACES, NONE, FactType, Kind, Value

SCALE: Final = 10**MAX_PLACES
JOIN: Final = "\x1f"
"""Between the codes of a set; no code holds it (a row whose codes do is not held in columns)."""
NO_TEXT: Final = "\x1fnone"
"""How a code or a choice that is none is held. A row in which anything else is none is decided alone."""
DTYPES: Final[Mapping[Kind, type[pl.DataType]]] = {
    "boolean": pl.Boolean,
    "integer": pl.Int64,
    "decimal": pl.Int64,
    "date": pl.Date,
    "choice": pl.String,
    "code": pl.String,
    "codes": pl.String,
}
AS_BOOLEAN: Final[Mapping[Truth, bool | None]] = {HOLDS: True, FAILS: False, UNKNOWN: None}
_FEW: Final = 8
"""So many values of a list are compared one by one; more are looked up."""
_INT64: Final = 2**63 - 1
_INT128: Final = 2**127 - 1


class NotExact(PayerPolicyError, ValueError):
    """A number might not fit 128 bits on the way: what needs it is worked out value by value."""


# --- values in columns -----------------------------------------------------------------------------


def stored(value: Value, kind: Kind) -> Any:
    """A value as its column holds it.

    Raises:
        NotExact: the column cannot hold it.
    """
    if value is NONE:
        if not _is_text(kind):
            raise NotExact("none")
        return NO_TEXT
    if kind in ("integer", "decimal"):
        assert isinstance(value, int | Decimal | Fraction)
        exact = Fraction(value)
        scaled = exact * (SCALE if kind == "decimal" else 1)
        if scaled.denominator != 1 or abs(exact) >= MAX_NUMBER:
            raise NotExact(str(value))
        return scaled.numerator
    if kind == "codes":
        assert isinstance(value, frozenset)
        if any(JOIN in code for code in value):
            raise NotExact("a code with a separator in it")
        return JOIN.join(sorted(value))
    return value


def loaded(raw: Any, kind: Kind) -> Value | None:
    """A value of a column as everything else knows it."""
    if raw is None:
        return None
    if raw == NO_TEXT:
        return NONE
    if kind == "decimal":
        whole, rest = divmod(raw, SCALE)
        return whole if not rest else Decimal(raw).scaleb(-MAX_PLACES).normalize()
    if kind == "codes":
        return frozenset(raw.split(JOIN)) if raw else frozenset()
    value: Value = raw
    return value


def literal(value: Value, kind: Kind) -> pl.Expr:
    """A value as an expression of the column's type."""
    return pl.lit(stored(value, kind), dtype=DTYPES[kind])


# --- numbers ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ratio:
    """An exact number in columns: `top / bottom`, the bottom above zero; null where not known.

    `most` and `least_parts` bound the sizes of both, so that nothing ever leaves its integer type.
    """

    top: pl.Expr
    bottom: pl.Expr | int
    most: int
    parts_most: int

    @classmethod
    def of(cls, value: int | Decimal | Fraction) -> Ratio:
        exact = Fraction(value)
        top, bottom = exact.numerator, exact.denominator
        return cls(_integer(top), bottom, abs(top), bottom)

    @classmethod
    def of_fact(cls, column: pl.Expr, kind: Kind) -> Ratio:
        scale = SCALE if kind == "decimal" else 1
        return cls(column, scale, MAX_NUMBER * scale, scale)

    def over(self, other: Ratio) -> tuple[Ratio, Ratio]:
        """Both with one bottom."""
        if isinstance(self.bottom, int) and isinstance(other.bottom, int):
            common = math.lcm(self.bottom, other.bottom)
            return self._times(common // self.bottom, common), other._times(
                common // other.bottom, common
            )
        bottom_most = _within(self.parts_most * other.parts_most)
        bottom = _product(self.bottom, other.bottom, bottom_most)
        return (
            Ratio(
                *_scaled(self.top, other.bottom, self.most, other.parts_most, bottom), bottom_most
            ),
            Ratio(
                *_scaled(other.top, self.bottom, other.most, self.parts_most, bottom), bottom_most
            ),
        )

    def _times(self, factor: int, bottom: int) -> Ratio:
        if factor == 1:
            return Ratio(self.top, bottom, self.most, bottom)
        most = _within(self.most * factor)
        return Ratio(_wide(self.top, most) * _integer(factor, most), bottom, most, bottom)


BY_VALUE: Final = Ratio(pl.lit(None), 1, 10**24, 10**12)
"""How large a number may be that was worked out value by value."""


def _within(most: int) -> int:
    if most > _INT128:
        raise NotExact(str(most))
    return most


def _integer(value: int, most: int = 0) -> pl.Expr:
    wide = max(abs(value), most) > _INT64
    return pl.lit(value, dtype=pl.Int128 if wide else pl.Int64)


def _wide(expression: pl.Expr, most: int) -> pl.Expr:
    return expression.cast(pl.Int128) if most > _INT64 else expression


def _negative(expression: pl.Expr, most: int) -> pl.Expr:
    return _integer(0, most) - expression  # Polars has no minus sign for 128 bits


def _product(a: pl.Expr | int, b: pl.Expr | int, most: int) -> pl.Expr:
    first, second = (
        _wide(side, most) if isinstance(side, pl.Expr) else _integer(side, most) for side in (a, b)
    )
    return first * second


def _scaled(
    top: pl.Expr, bottom: pl.Expr | int, most: int, parts_most: int, under: pl.Expr
) -> tuple[pl.Expr, pl.Expr, int]:
    both = _within(most * parts_most)
    return _product(top, bottom, both), under, both


def _sum(a: Ratio, b: Ratio, sign: int = 1) -> Ratio:
    a, b = a.over(b)
    most = _within(a.most + b.most)
    left, right = _wide(a.top, most), _wide(b.top, most)
    return Ratio(left + right if sign > 0 else left - right, a.bottom, most, a.parts_most)


def _multiplied(a: Ratio, b: Ratio) -> Ratio:
    most, parts = _within(a.most * b.most), _within(a.parts_most * b.parts_most)
    if isinstance(a.bottom, int) and isinstance(b.bottom, int):
        return Ratio(_product(a.top, b.top, most), a.bottom * b.bottom, most, parts)
    return Ratio(_product(a.top, b.top, most), _product(a.bottom, b.bottom, parts), most, parts)


def _divided(a: Ratio, b: Ratio) -> Ratio:
    most, parts = _within(a.most * b.parts_most), _within(a.parts_most * b.most)
    top = _product(a.top, b.bottom, most)
    bottom = _product(a.bottom, b.top, parts)
    # Dividing by nothing is not known; a bottom is above zero.
    return Ratio(
        pl.when(b.top > 0).then(top).when(b.top < 0).then(_negative(top, most)),
        pl.when(b.top > 0).then(bottom).when(b.top < 0).then(_negative(bottom, parts)),
        most,
        parts,
    )


def _rounded(a: Ratio, up: bool) -> Ratio:
    if isinstance(a.bottom, int) and a.bottom == 1:
        return a
    most = max(a.most, a.parts_most)
    bottom = _wide(a.bottom, most) if isinstance(a.bottom, pl.Expr) else _integer(a.bottom, most)
    top = _wide(a.top, most)
    whole = _negative(_negative(top, most) // bottom, most) if up else top // bottom
    return Ratio(whole, 1, a.most + 1, 1)


def _chosen(a: Ratio, b: Ratio, larger: bool) -> Ratio:
    a, b = a.over(b)
    first = a.top >= b.top if larger else a.top <= b.top
    # Without an `otherwise`: where one side is not known, neither is the larger one.
    top = pl.when(first).then(a.top).when(~first).then(b.top)
    return Ratio(top, a.bottom, max(a.most, b.most), a.parts_most)


# --- tests -----------------------------------------------------------------------------------------

_FIRST_DAY: Final = (date.min - date(1970, 1, 1)).days
_LAST_DAY: Final = (date.max - date(1970, 1, 1)).days
_COMPARISONS: Final[Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]]] = {
    "is": lambda x, v: x == v,
    "at_least": lambda x, v: x >= v,
    "at_most": lambda x, v: x <= v,
}


class ColumnWriter:
    """Writes conditions over facts of known types; `numbers` are facts held as something else."""

    def __init__(
        self,
        types: Mapping[str, FactType],
        numbers: Mapping[str, Ratio] | None = None,
    ) -> None:
        self._types = types
        self.numbers = dict(numbers or {})

    # --- expressions ------------------------------------------------------------------------------

    def number(self, expression: Expression) -> Ratio:
        """A number, a score, or a number of days or years.

        Raises:
            NotExact: it may not fit on the way.
        """
        match _folded(expression):
            case Constant(value) if isinstance(value, int | Decimal | Fraction):
                return Ratio.of(value)
            case FactRef(fact):
                if fact in self.numbers:
                    return self.numbers[fact]
                return Ratio.of_fact(pl.col(fact), self._types[fact].kind)
            case Score(fact, _) if self._may_be_none(fact):
                raise NotExact(fact)
            case Score(fact, values):
                score = pl.lit(None, dtype=pl.Int64)
                for position, value in enumerate(values):
                    score = pl.when(pl.col(fact) == value).then(position).otherwise(score)
                return Ratio(score.cast(pl.Int64), 1, len(values), 1)
            case Arithmetic("days_between", (start, end)):
                days = _epoch(self.day(end)) - _epoch(self.day(start))
                return Ratio(days, 1, 10**7, 1)
            case Arithmetic("years_between", (start, end)):
                return Ratio(_years(self.day(start), self.day(end)), 1, 10**4, 1)
            case Arithmetic(operation, arguments):
                return self._arithmetic(operation, [self.number(one) for one in arguments])
        raise AssertionError(expression)

    def _arithmetic(self, operation: str, numbers: Sequence[Ratio]) -> Ratio:
        match operation:
            case "sum":
                return reduce(_sum, numbers)
            case "difference":
                return _sum(numbers[0], numbers[1], -1)
            case "product":
                return reduce(_multiplied, numbers)
            case "quotient":
                return _divided(numbers[0], numbers[1])
            case "round_up" | "round_down":
                return _rounded(numbers[0], operation == "round_up")
            case "minimum" | "maximum":
                larger = operation == "maximum"
                return reduce(lambda a, b: _chosen(a, b, larger), numbers)
        raise NotExact(operation)  # an operation without columns: value by value

    def day(self, expression: Expression) -> pl.Expr:
        """A date."""
        match _folded(expression):
            case Constant(value):
                return pl.lit(value, dtype=pl.Date)
            case FactRef(fact):
                return pl.col(fact)
            case Arithmetic("minimum" | "maximum" as operation, days):
                larger = operation == "maximum"

                def chosen(a: pl.Expr, b: pl.Expr) -> pl.Expr:
                    first = a >= b if larger else a <= b
                    return pl.when(first).then(a).when(~first).then(b)

                return reduce(chosen, [self.day(one) for one in days])
        raise NotExact(str(expression))

    def _edge(self, edge: Edge) -> pl.Expr:
        """A day as days since 1970: of a window far away it may lie beyond the calendar."""
        window = edge.window
        if not any(facts_in_expression(edge)):
            return _epoch(pl.lit(value_of(edge, {}), dtype=pl.Date))
        amount = self.number(window.amount)
        if not (isinstance(amount.bottom, int) and amount.bottom == 1) or amount.most > MAX_NUMBER:
            raise NotExact(str(window))
        count, anchor = amount.top.cast(pl.Int64), self.day(window.anchor)
        forward = window.direction == "after"
        there = _epoch(anchor)
        day = _moved(anchor, count, window.unit, forward) if edge.last is forward else there
        none = (count < 0) & there.is_not_null()  # a negative amount is a span of no days
        beyond = _integer(_FIRST_DAY if edge.last else _LAST_DAY)
        return pl.when((count >= 0) & there.is_not_null()).then(day).when(none).then(beyond)

    # --- tests ------------------------------------------------------------------------------------

    def test(self, test: Test) -> pl.Expr:
        """The truth of a test: Boolean, null where not known.

        Raises:
            NotExact: it must be worked out value by value (`by_value`).
        """
        type_, right = self._types[test.fact], test.right[0]
        kind = type_.kind
        if test.operator == "is_known":
            return (
                self.numbers[test.fact].top if test.fact in self.numbers else pl.col(test.fact)
            ).is_not_null()
        if test.operator == "exists":
            # None of another kind is no row of a table: it is decided alone.
            return pl.col(test.fact) != literal(NONE, kind) if _is_text(kind) else _known(test.fact)
        doubtful = [*facts_in_expression(right)] + [test.fact] * isinstance(test.left, Score)
        if any(self._may_be_none(name) for name in doubtful):
            raise NotExact(test.operator)
        if test.operator == "in":
            return self._among(test, kind, right)
        if test.operator in _COMPARISONS:
            if kind in ("integer", "decimal") or isinstance(test.left, Score):
                return _compared(test.operator, self.number(test.left), self.number(right))
            if kind == "date" and isinstance(right, Edge):
                there = _epoch(self.day(test.left))
                return _COMPARISONS[test.operator](there, self._edge(right))
            if kind == "date":
                return _COMPARISONS[test.operator](self.day(test.left), self.day(right))
            if test.operator == "is":
                return pl.col(test.fact) == self._plain(right, kind)
        raise NotExact(test.operator)

    def _may_be_none(self, name: str) -> bool:
        type_ = self._types[name]
        return type_.can_be_none and _is_text(type_.kind)

    def _plain(self, expression: Expression, kind: Kind) -> pl.Expr:
        match expression:
            case Constant(value):
                return literal(value, kind)
            case FactRef(fact):
                return pl.col(fact)
        raise NotExact(str(expression))

    def _among(self, test: Test, kind: Kind, right: Expression) -> pl.Expr:
        if not isinstance(right, Constant) or isinstance(test.left, Score):
            raise NotExact(test.operator)
        assert isinstance(right.value, frozenset)
        values = sorted(right.value, key=lambda value: (str(type(value)), value))
        if not values:
            return pl.when(pl.col(test.fact).is_not_null()).then(pl.lit(False))
        if kind in ("integer", "decimal"):
            left = self.number(test.left)
            return reduce(or_, [_compared("is", left, self.number(Constant(v))) for v in values])
        if len(values) <= _FEW:
            return reduce(or_, [pl.col(test.fact) == literal(value, kind) for value in values])
        return pl.col(test.fact).is_in(pl.Series(values, dtype=DTYPES[kind]).implode())

    def truths_by_value(self, tests: Sequence[Test], frame: pl.DataFrame) -> list[pl.Series]:
        """The truths of tests over the same facts, worked out once for each set of their values."""
        names = list(dict.fromkeys(name for test in tests for name in facts_in_test(test)))
        return self._by_value(
            names,
            frame,
            lambda facts: [AS_BOOLEAN[truth_of_test(test, facts)] for test in tests],
            [pl.Boolean] * len(tests),
        )

    def numbers_by_value(
        self, expression: Expression, frame: pl.DataFrame
    ) -> tuple[pl.Series, pl.Series, pl.Series]:
        """The values of an expression as tops and bottoms, worked out once for each set of values
        that it reads; and where one is none, or too large for `BY_VALUE` (it is null there)."""

        def parts(facts: Mapping[str, Value | None]) -> list[int | bool | None]:
            value = value_of(expression, facts)
            if value is None or value is NONE:  # a row in which a number is none is decided alone
                return [None, None, value is NONE]
            exact = Fraction(value)
            if abs(exact.numerator) > BY_VALUE.most or exact.denominator > BY_VALUE.parts_most:
                return [None, None, True]
            return [exact.numerator, exact.denominator, False]

        names = list(dict.fromkeys(facts_in_expression(expression)))
        top, bottom, large = self._by_value(names, frame, parts, [pl.Int128, pl.Int64, pl.Boolean])
        return top, bottom, large

    def _by_value(
        self,
        names: Sequence[str],
        frame: pl.DataFrame,
        work_out: Callable[[Mapping[str, Value | None]], Sequence[Any]],
        dtypes: Sequence[type[pl.DataType]],
    ) -> list[pl.Series]:
        columns: list[str] = []
        for name in names:
            number = self.numbers.get(name)
            columns += [name] if number is None else number_columns(name, number)
        distinct = frame.select(columns).unique(maintain_order=True)
        rows = [
            work_out({name: self._loaded(name, row) for name in names})
            for row in distinct.iter_rows(named=True)
        ]
        added = [f"\x1f{at}" for at in range(len(dtypes))]
        found = distinct.with_columns(
            pl.Series(name, [row[at] for row in rows], dtype=dtype)
            for at, (name, dtype) in enumerate(zip(added, dtypes, strict=True))
        )
        joined = frame.select(columns).join(
            found, on=columns, how="left", nulls_equal=True, maintain_order="left"
        )
        return [joined[name] for name in added]

    def _loaded(self, name: str, row: Mapping[str, Any]) -> Value | None:
        number = self.numbers.get(name)
        if number is None:
            return loaded(row[name], self._types[name].kind)
        if row[name] is None:
            return None
        bottom = number.bottom if isinstance(number.bottom, int) else row[f"{name}/"]
        exact = Fraction(row[name], bottom)
        return exact.numerator if exact.denominator == 1 else exact


def number_columns(name: str, number: Ratio) -> list[str]:
    """The columns of a number that is held as a ratio: its top and, where it varies, its bottom."""
    return [name] if isinstance(number.bottom, int) else [name, f"{name}/"]


def _folded(expression: Expression) -> Expression:
    """The expression, or its value where it reads no fact.

    Raises:
        NotExact: it has no value (a division by zero).
    """
    if isinstance(expression, Constant) or any(facts_in_expression(expression)):
        return expression
    value = value_of(expression, {})
    if value is None:
        raise NotExact(str(expression))
    return Constant(value)


def _compared(operator: str, a: Ratio, b: Ratio) -> pl.Expr:
    a, b = a.over(b)
    return _COMPARISONS[operator](a.top, b.top)


def _is_text(kind: Kind) -> bool:
    return kind in ("code", "choice")


def _known(fact: str) -> pl.Expr:
    """True where the fact is known, null elsewhere."""
    return pl.when(pl.col(fact).is_not_null()).then(pl.lit(True))


def _epoch(day: pl.Expr) -> pl.Expr:
    """Days since 1970-01-01."""
    return day.cast(pl.Int32).cast(pl.Int64)


def _years(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    def in_the_year(day: pl.Expr) -> pl.Expr:
        return day.dt.month().cast(pl.Int64) * 32 + day.dt.day()

    short = (in_the_year(end) < in_the_year(start)).cast(pl.Int64)
    return end.dt.year().cast(pl.Int64) - start.dt.year() - short


def _moved(anchor: pl.Expr, count: pl.Expr, unit: str, forward: bool) -> pl.Expr:
    """The other end of a window (days since 1970): `semantics.shift`, where `count` is not negative."""
    sign = 1 if forward else -1
    there = _epoch(anchor)
    if unit in ("days", "weeks"):
        # Past the calendar's ends it need not stop there: no day lies beyond them.
        return there + count * (sign * (7 if unit == "weeks" else 1))
    if unit in ("months", "years"):
        months = (
            anchor.dt.year().cast(pl.Int64) * 12
            + anchor.dt.month()
            - 1
            + count * (sign * (12 if unit == "years" else 1))
        )
        inside = (months >= 12) & (months < 120_000)
        year, month = months.clip(12, 119_999) // 12, months.clip(12, 119_999) % 12 + 1
        last = pl.date(year, month, 1).dt.month_end()
        start = pl.date(year, month, 1)
        day = pl.min_horizontal(anchor.dt.day().cast(pl.Int64), last.dt.day().cast(pl.Int64))
        end = _integer(_LAST_DAY if forward else _FIRST_DAY)
        moved = _epoch(start) + day - 1
        return pl.when(inside).then(moved).when(~inside).then(end)
    if unit == "business_days":
        weekday = anchor.dt.weekday().cast(pl.Int64) - 1
        weekend = weekday > 4
        # Counting forward, a weekend counts as the Friday before it; counting back, as the Monday after.
        begin = pl.when(weekend).then(there + ((4 if forward else 7) - weekday)).otherwise(there)
        weekday = pl.when(weekend).then(4 if forward else 0).otherwise(weekday)
        rest = count % 5
        crosses = weekday + rest > 4 if forward else weekday - rest < 0
        step = count // 5 * 7 + rest + pl.when(crosses).then(2).otherwise(0)
        moved = begin + step * sign
        return pl.when(count == 0).then(there).when(count > 0).then(moved)
    raise NotExact(unit)


# --- conditions over truths ------------------------------------------------------------------------


def combined(condition: Condition, truth: Callable[[Test], pl.Expr]) -> pl.Expr:
    """A condition over the truths of its tests, by Kleene's strong logic."""
    match condition:
        case Test():
            return truth(condition)
        case Not(part):
            return ~combined(part, truth)
        case All(parts):
            return every(combined(part, truth) for part in parts)
        case AnyOf(parts):
            return some(combined(part, truth) for part in parts)
        case AtLeast(count, parts):
            each = [combined(part, truth) for part in parts]
            certain = pl.sum_horizontal([one.fill_null(False).cast(pl.UInt16) for one in each])
            possible = pl.sum_horizontal([one.fill_null(True).cast(pl.UInt16) for one in each])
            return (
                pl.when(certain >= count)
                .then(pl.lit(True))
                .when(possible < count)
                .then(pl.lit(False))
            )


def every(parts: Iterable[pl.Expr]) -> pl.Expr:
    """Kleene's conjunction; of nothing: true."""
    return _balanced(and_, list(parts), True)


def some(parts: Iterable[pl.Expr]) -> pl.Expr:
    """Kleene's disjunction; of nothing: false."""
    return _balanced(or_, list(parts), False)


def _balanced(
    join: Callable[[pl.Expr, pl.Expr], pl.Expr], parts: list[pl.Expr], empty: bool
) -> pl.Expr:
    # As a tree: a chain of a thousand would nest a thousand deep.
    if not parts:
        return pl.lit(empty)
    while len(parts) > 1:
        paired = [join(a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*paired, parts[-1]] if len(parts) % 2 else paired
    return parts[0]
