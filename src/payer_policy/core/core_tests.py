"""Tests as they are written, in the core tests that engines run.

`less_than` is the negation of `at_least`, `between` is `at_least` and `at_most`, `within` is between the
edges of a window. Where a fact, or anything that it is compared with, can be none, a negation also
asks that there is a value: a first dose is not "too soon".
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
    facts_in_test,
)
from payer_policy.core.vocabulary.operators import OPERATORS

_TRUE = (Constant(True),)


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
    asked = [name for name in dict.fromkeys(facts_in_test(test)) if name in can_be_none]
    if not asked:
        return Not(core, test)
    there = [Test(name, "exists", FactRef(name), _TRUE) for name in asked]
    return All((*there, Not(core)), test)


def _sides(test: Test) -> tuple[Expression, ...]:
    """The right side of each core test."""
    out: list[Expression] = []
    for side in test.right:
        out += [Edge(side, False), Edge(side, True)] if isinstance(side, Window) else [side]
    return tuple(out)
