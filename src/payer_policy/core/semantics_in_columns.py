"""What tests, conditions and expressions mean on columns of facts: `semantics`, once for each value.

A test is worked out once for each distinct value of its facts, and a comparison of two facts by the
ranks of their values. A truth is a byte with two bits, as everywhere, so conditions are `&` and `|` on
arrays of bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

import numpy as np

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.columns import Column, Flags, constant, each_combination, mapped
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    Expression,
    FactRef,
    Not,
    Test,
    facts_in_expression,
)
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, UNKNOWN
from payer_policy.core.vocabulary.operators import CORE
from payer_policy.core.vocabulary.types import NONE

Truths = np.ndarray[Any, np.dtype[np.uint8]]
"""A truth for each row."""

NEGATION: Final[Truths] = np.array([truth & 3 for truth in NEGATED], dtype=np.uint8)
_KEPT: Final = 20_000
"""So many expressions are kept as functions."""


def expression_column(expression: Expression, column: Callable[[str], Column], rows: int) -> Column:
    """The values of an expression; `column` gives those of a fact."""
    match expression:
        case Constant(value):
            return constant(value, rows)
        case FactRef(fact):
            return column(fact)
    names, function = _as_function(expression)
    if not names:
        return constant(function(), rows)
    return mapped(function, [column(name) for name in names])


@lru_cache(maxsize=_KEPT)
def _as_function(expression: Expression) -> tuple[tuple[str, ...], Callable[..., Any]]:
    """The facts of an expression, and the function from their values to its own."""
    names = tuple(dict.fromkeys(facts_in_expression(expression)))
    writer = SourceWriter(lambda name: f"f{names.index(name)}", can_be_none=frozenset(names))
    result = writer.expression(expression)
    parameters = ", ".join(f"f{at}" for at in range(len(names)))
    return names, writer.function("value", parameters, [*writer.lines, f"return {result}"])


def truths_of(test: Test, column: Callable[[str], Column], rows: int) -> Truths:
    """The truths of a test on each row, as `semantics.truth_of_test` says."""
    left = expression_column(test.left, column, rows)
    if test.operator == "is_known":
        return np.where(left.known, np.uint8(HOLDS), np.uint8(FAILS))
    if test.operator == "exists":
        truths = [UNKNOWN, *(FAILS if value is NONE else HOLDS for value in left.values[1:])]
        return np.array(truths, dtype=np.uint8)[left.codes]
    holds = CORE[test.operator].holds
    assert holds is not None
    if all(isinstance(side, Constant) for side in test.right):
        others = [side.value for side in test.right if isinstance(side, Constant)]
        left = left.compact()
        table = [_truth(holds, value, *others) for value in left.values]
        return np.array(table, dtype=np.uint8)[left.codes]
    right = [expression_column(side, column, rows) for side in test.right]
    if len(right) == 1 and test.operator in _COMPARING:
        return _compared(_COMPARING[test.operator], left, right[0])
    codes, made = each_combination(lambda *values: _truth(holds, *values), [left, *right])
    return np.array(made, dtype=np.uint8)[codes]


def _truth(holds: Callable[..., Any], *operands: Any) -> int:
    if None in operands:
        return UNKNOWN
    return FAILS if NONE in operands or not holds(*operands) else HOLDS


_COMPARING: Final[Mapping[str, Callable[[Any, Any], Flags]]] = {
    "is": np.equal,
    "at_least": np.greater_equal,
    "at_most": np.less_equal,
}


def _compared(compare: Callable[[Any, Any], Flags], left: Column, right: Column) -> Truths:
    """A comparison of two columns by the ranks of their values, so that pairs are not looked at."""
    left, right = left.compact(), right.compact()
    ranks = _ranks(left.values, right.values, ordered=compare is not np.equal)
    holds = compare(ranks[0][left.codes], ranks[1][right.codes])
    truths = holds.view(np.uint8) * np.uint8(HOLDS)
    for column in (left, right):
        if NONE in column.values:
            truths[column.codes == column.values.index(NONE)] = FAILS
    truths[(left.codes == 0) | (right.codes == 0)] = UNKNOWN
    return truths


def _ranks(*lists: Sequence[Any], ordered: bool) -> list[np.ndarray[Any, Any]]:
    """Numbers that compare as the values of some lists do."""
    known = [
        [value for value in values if value is not None and value is not NONE] for values in lists
    ]
    kinds = {type(value) for values in known for value in values}
    if kinds == {date}:
        number: Callable[[Any], int] = date.toordinal
    elif kinds == {int} and all(abs(value) < 1 << 62 for values in known for value in values):
        number = int
    else:
        distinct = {value for values in known for value in values}
        places = {one: at for at, one in enumerate(sorted(distinct) if ordered else distinct)}
        number = places.__getitem__
    return [
        np.array(
            [0 if value is None or value is NONE else number(value) for value in values],
            dtype=np.int64,
        )
        for values in lists
    ]


def at_least_truths(count: int, truths: Sequence[Truths], rows: int) -> Truths:
    """The truth that at least some number of truths hold."""
    certain, possible = np.zeros(rows, dtype=np.int32), np.zeros(rows, dtype=np.int32)
    for truth in truths:
        certain += truth >> 1
        possible += truth & 1
    unknown = np.where(possible < count, np.uint8(FAILS), np.uint8(UNKNOWN))
    return np.where(certain >= count, np.uint8(HOLDS), unknown)


def condition_truths(condition: Condition, truths: Callable[[Test], Truths], rows: int) -> Truths:
    """The truths of a condition on each row, from those of its tests."""
    if isinstance(condition, Test):
        return truths(condition)
    return combined_truths(condition, lambda part: condition_truths(part, truths, rows), rows)


def combined_truths(
    condition: Not | All | AnyOf | AtLeast, truths: Callable[[Condition], Truths], rows: int
) -> Truths:
    """The truths of a combination of conditions on each row, from those of its parts."""
    match condition:
        case Not(part):
            return NEGATION[truths(part)]
        case All(parts) | AnyOf(parts):
            every = isinstance(condition, All)
            made = np.full(rows, HOLDS if every else FAILS, dtype=np.uint8)
            for part in parts:
                if every:
                    made &= truths(part)
                else:
                    made |= truths(part)
            return made
        case AtLeast(count, parts):
            return at_least_truths(count, [truths(part) for part in parts], rows)
