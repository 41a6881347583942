"""An explicit `not` of a test that also fails where there is no such thing."""

from __future__ import annotations

from collections.abc import Iterator

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Not,
    facts_taken_over,
    written,
    written_tests_in,
)
from payer_policy.core.vocabulary.model import Vocabulary

CODE = "not-of-none"
_OF_WHETHER_THERE_IS_ONE = ("exists", "is_known")


def holding_for_none(condition: Condition, vocabulary: Vocabulary) -> Iterator[str]:
    """The facts for which a `not` holds where they are none, and of which nothing asks `exists`.

    Every test of none fails, so an explicit `not` of it holds; `is_not`, `less_than` and their like do
    not. Each fact once.
    """
    asked = {test.fact for test in written_tests_in(condition) if test.operator == "exists"}
    yield from dict.fromkeys(
        name
        for part in _denied(condition)
        for test in written_tests_in(part)
        if test.operator not in _OF_WHETHER_THERE_IS_ONE
        for name in (test.fact, *(one for side in test.right for one in facts_taken_over(side)))
        if name not in asked and vocabulary.facts[name].type.can_be_none
    )


def _denied(condition: Condition) -> Iterator[Condition]:
    """The conditions under an explicit `not`."""
    if written(condition) is not None:
        return
    match condition:
        case Not(part):
            yield part
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from _denied(part)
