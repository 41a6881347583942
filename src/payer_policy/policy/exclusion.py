"""Whether two conditions can hold together, as far as their tests show: never a wrong "no".

Used to find rules that conclude different values of one fact. Conditions are spread into
alternatives of literals; an alternative is impossible when one fact would have to be two things.
Where that cannot be seen (comparisons between facts, very large conditions) the answer is "they can".
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, product
from typing import Final

from payer_policy.ruleset import All, AnyOf, AtLeast, Condition, Constant, Not, Test
from payer_policy.vocabulary.operators import OPERATORS

_LIMIT: Final = 4096
Literal_ = tuple[Test, bool]


def can_both_hold(a: Condition, b: Condition) -> bool:
    """False only when no facts whatever make both conditions hold."""
    alternatives = list(islice(_alternatives(All((a, b)), True), _LIMIT + 1))
    if len(alternatives) > _LIMIT:
        return True
    return any(_possible(alternative) for alternative in alternatives)


def _alternatives(condition: Condition, wanted: bool) -> Iterator[tuple[Literal_, ...]]:
    match condition:
        case Test():
            yield ((condition, wanted),)
        case Not(part):
            yield from _alternatives(part, not wanted)
        case All(parts) | AnyOf(parts):
            if isinstance(condition, All) is wanted:
                for chosen in product(*(tuple(_some(part, wanted)) for part in parts)):
                    yield tuple(literal for piece in chosen for literal in piece)
            else:
                for part in parts:
                    yield from _alternatives(part, wanted)
        case AtLeast():
            yield ()  # says nothing about any one fact


def _some(condition: Condition, wanted: bool) -> Iterator[tuple[Literal_, ...]]:
    return islice(_alternatives(condition, wanted), _LIMIT + 1)


def _possible(literals: tuple[Literal_, ...]) -> bool:
    by_fact: dict[str, list[Literal_]] = {}
    for literal in literals:
        by_fact.setdefault(literal[0].fact, []).append(literal)
    return all(_fact_possible(tests) for tests in by_fact.values())


def _fact_possible(literals: list[Literal_]) -> bool:
    distinct = list(dict.fromkeys(literals))
    if any((test, not wanted) in distinct for test, wanted in distinct):
        return False
    plain = [
        (test, wanted)
        for test, wanted in distinct
        if all(isinstance(side, Constant) for side in test.right)
        and test.operator not in ("is_known", "within")
    ]
    # If some test admits only certain values, one of those must pass all the others.
    for test, wanted in plain:
        values = _values(test, wanted)
        if values is not None:
            return any(_passes(value, plain) for value in values)
    return not _ranges_empty(plain)


def _values(test: Test, wanted: bool) -> list[object] | None:
    right = test.right[0].value  # type: ignore[union-attr]  # only constants reach this
    if test.operator == "is" and wanted or test.operator == "is_not" and not wanted:
        return [right]
    if test.operator == "is" and not wanted and isinstance(right, bool):
        return [not right]
    if test.operator == "is_not" and wanted and isinstance(right, bool):
        return [not right]
    if test.operator == "in" and wanted or test.operator == "not_in" and not wanted:
        return sorted(right, key=repr) if isinstance(right, frozenset) else None
    return None


def _passes(value: object, literals: list[Literal_]) -> bool:
    for test, wanted in literals:
        sides = [side.value for side in test.right]  # type: ignore[union-attr]
        try:
            holds = OPERATORS[test.operator].holds(value, *sides)
        except TypeError:  # a choice compared by position elsewhere: not seen through here
            continue
        if holds is not wanted:
            return False
    return True


def _ranges_empty(literals: list[Literal_]) -> bool:
    """Whether lower and upper bounds on one fact leave nothing between them."""
    low: list[tuple[object, bool]] = []
    high: list[tuple[object, bool]] = []
    for test, wanted in literals:
        sides = [side.value for side in test.right]  # type: ignore[union-attr]
        match (test.operator, wanted):
            case ("at_least" | "on_or_after", True) | ("less_than" | "before", False):
                low.append((sides[0], True))
            case ("more_than" | "after", True) | ("at_most" | "on_or_before", False):
                low.append((sides[0], False))
            case ("at_most" | "on_or_before", True) | ("more_than" | "after", False):
                high.append((sides[0], True))
            case ("less_than" | "before", True) | ("at_least" | "on_or_after", False):
                high.append((sides[0], False))
            case ("between", True):
                low.append((sides[0], True))
                high.append((sides[1], True))
            case _:
                pass
    return any(
        a > b or (a == b and not (a_in and b_in))  # type: ignore[operator]
        for a, a_in in low
        for b, b_in in high
    )
