"""Tests as they are written, in the core tests that engines run.

`less_than` is the negation of `at_least`, `between` is `at_least` and `at_most`, `within` is between the
edges of a window. A test of a number or a date from records also asks the least and the most that it
can be (`x#least`, `x#most`), so that it is settled where both settle it. Where a fact, or anything that
it is compared with, can be none, a negation also asks that there is a value: a first dose is not
"too soon". Where a table may give none, the opposite bound asks it: `less_than` is then `at_most` and
not `at_least`.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace
from functools import partial

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Condition,
    Constant,
    Edge,
    Expression,
    FactRef,
    Not,
    Test,
    Window,
    facts_taken_over,
    gives_none,
)
from payer_policy.core.vocabulary.model import LEAST, MOST, bound_name
from payer_policy.core.vocabulary.operators import OPERATORS, Operator

_TRUE = (Constant(True),)
_OPPOSITE = {"at_least": "at_most", "at_most": "at_least"}


def core_of(
    test: Test, can_be_none: Container[str] = (), bounded: Container[str] = ()
) -> Condition:
    """A test in core tests; each core test, and the whole, remembers how it was written.

    Args:
        test: A test by any word, its right side as it was written.
        can_be_none: The facts that may be known to be none.
        bounded: The facts that have a least and a most beside them.
    """
    row = OPERATORS[test.operator]
    if row.shape == "flag":
        asked = replace(test, right=_TRUE)
        return asked if test.right == _TRUE else Not(asked, test)
    tests = [
        Test(test.fact, core, test.left, (side,))
        for core, side in zip(row.core, _sides(test), strict=True)
    ]
    made: list[Test | All] = [_by_bounds(one) if test.fact in bounded else one for one in tests]
    if not row.negated:
        if len(made) > 1:
            return All(tuple(made), test)
        return made[0] if row.is_core and made == tests else replace(made[0], says=test)
    core = made[0] if len(made) == 1 else All(tuple(made))
    names = [test.fact, *(name for side in test.right for name in facts_taken_over(side))]
    there: list[Test | All] = [
        Test(name, "exists", FactRef(name), _TRUE)
        for name in dict.fromkeys(names)
        if name in can_be_none
    ]
    if any(map(gives_none, test.right)):
        opposite = replace(tests[0], operator=_OPPOSITE[row.core[0]])
        there.append(_by_bounds(opposite) if test.fact in bounded else opposite)
    if not there:
        return Not(core, test)
    return All((*there, Not(core)), test)


def needs_a_value(operator: Operator) -> bool:
    """Whether a word has no meaning beside a table that may give none: it is a negation, and no bound
    has the opposite of what it denies."""
    return operator.negated and (len(operator.core) > 1 or operator.core[0] not in _OPPOSITE)


def _by_bounds(test: Test) -> Test | All:
    """A core test of a fact that has a least and a most: settled also where both settle it."""
    least, most = (
        partial(Test, name, left=FactRef(name), right=test.right)
        for name in map(partial(bound_name, test.fact), (LEAST, MOST))
    )
    match test.operator:
        case "at_least":
            return All((AnyOf((least(operator="at_least"), test)), most(operator="at_least")))
        case "at_most":
            return All((AnyOf((most(operator="at_most"), test)), least(operator="at_most")))
        case "is":
            return All((test, least(operator="at_most"), most(operator="at_least")))
    return test


def _sides(test: Test) -> tuple[Expression, ...]:
    """The right side of each core test."""
    out: list[Expression] = []
    for side in test.right:
        out += [Edge(side, False), Edge(side, True)] if isinstance(side, Window) else [side]
    return tuple(out)
