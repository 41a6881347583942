"""Tests as they are written, in the core tests that engines run.

`less_than` is the negation of `at_least`, `between` is `at_least` and `at_most`, `within` is between the
edges of a window. Where a fact, or anything that it is compared with, can be none, a negation also
asks that there is a value: a first dose is not "too soon". Where a table may give none, the opposite
bound asks it: `less_than` is then `at_most` and not `at_least`.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from payer_policy.core.ruleset import (
    All,
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
from payer_policy.core.vocabulary.operators import OPERATORS, Operator

_TRUE = (Constant(True),)
_OPPOSITE = {"at_least": "at_most", "at_most": "at_least"}


def core_of(test: Test, can_be_none: Container[str] = ()) -> Condition:
    """A test in core tests; each core test, and the whole, remembers how it was written.

    Args:
        test: A test by any word, its right side as it was written.
        can_be_none: The facts that may be known to be none.
    """
    row = OPERATORS[test.operator]
    if row.shape == "flag":
        made = replace(test, right=_TRUE)
        return made if test.right == _TRUE else Not(made, test)
    tests = [
        Test(test.fact, core, test.left, (side,))
        for core, side in zip(row.core, _sides(test), strict=True)
    ]
    if not row.negated:
        if len(tests) > 1:
            return All(tuple(tests), test)
        return tests[0] if row.is_core else replace(tests[0], says=test)
    core = tests[0] if len(tests) == 1 else All(tuple(tests))
    names = [test.fact, *(name for side in test.right for name in facts_taken_over(side))]
    there = [
        Test(name, "exists", FactRef(name), _TRUE)
        for name in dict.fromkeys(names)
        if name in can_be_none
    ]
    if any(map(gives_none, test.right)):
        there.append(replace(tests[0], operator=_OPPOSITE[row.core[0]]))
    if not there:
        return Not(core, test)
    return All((*there, Not(core)), test)


def needs_a_value(operator: Operator) -> bool:
    """Whether a word has no meaning beside a table that may give none: it is a negation, and no bound
    has the opposite of what it denies."""
    return operator.negated and (len(operator.core) > 1 or operator.core[0] not in _OPPOSITE)


def _sides(test: Test) -> tuple[Expression, ...]:
    """The right side of each core test."""
    out: list[Expression] = []
    for side in test.right:
        out += [Edge(side, False), Edge(side, True)] if isinstance(side, Window) else [side]
    return tuple(out)
