"""Two conditions that are said to exclude each other never hold together: tried on all facts.

Which pairs it must see through is in the golden cases `ok--conflict-*`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import product
from random import Random
from typing import Any

import pytest

from payer_policy.core.core_tests import core_of
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    FactRef,
    Not,
    Score,
    Test,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import HOLDS
from payer_policy.core.vocabulary.codes import codes_of
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.policy.exclusion import can_both_hold

GRADES = ("none", "mild", "severe")
TYPES = {
    "flag": FactType("boolean"),
    "phase": FactType("choice", values=("a", "b", "c")),
    "grade": FactType("choice", values=GRADES, ordered=True),
    "count": FactType("integer"),
    "limit": FactType("integer"),
    "since": FactType("integer", can_be_none=True),
    "day": FactType("date"),
    "last": FactType("date", can_be_none=True),
    "codes": FactType("codes"),
    "diagnosis": FactType("code", system="icd10cm"),
    "diagnoses": FactType("codes", system="icd10cm"),
}
FAMILIES = ("A01.-", "A01.1-", "A02.-")
DAYS = [date(2024, 1, day) for day in range(1, 5)]
VALUES: dict[str, list[Any]] = {
    "flag": [None, True, False],
    "phase": [None, "a", "b", "c"],
    "grade": [None, *GRADES],
    "count": [None, 0, 1, 2, 3],
    "limit": [None, 0, 1, 2, 3],
    "since": [None, NONE, 0, 1, 2],
    "day": [None, *DAYS],
    "last": [None, NONE, *DAYS],
    "codes": [None, *map(frozenset, ((), "x", "y", "xy"))],
    "diagnosis": [None, "A01", "A01.1", "A01.12", "A02"],
    "diagnoses": [None, *map(frozenset, ((), ("A01",), ("A01.1",), ("A01.12", "A02")))],
}


def test_of(random: Random, name: str) -> Condition:
    """A random test of a fact, mostly against constants."""
    none = {name for name, type_ in TYPES.items() if type_.can_be_none}
    return core_of(word_of(random, name), none)


def word_of(random: Random, name: str) -> Test:
    kind = TYPES[name].kind
    if random.randrange(9) == 0:
        return Test(name, "is_known", FactRef(name), (Constant(random.random() < 0.5),))
    if TYPES[name].can_be_none and random.randrange(4) == 0:
        return Test(name, "exists", FactRef(name), (Constant(random.random() < 0.5),))
    side: Any
    known = [value for value in VALUES[name][1:] if value is not NONE]
    value = random.choice(known)
    if name == "grade" and random.randrange(2):
        left = Score(name, GRADES)
        operator = random.choice(("at_least", "more_than", "at_most", "less_than"))
        return Test(name, operator, left, (Constant(GRADES.index(value)),))
    families = random.sample(FAMILIES, random.randint(0, 2)) if name.startswith("diagnos") else []
    if name == "diagnoses" and families:
        operator = random.choice(("includes_any", "includes_all", "excludes"))
        side = codes_of("icd10cm", [*value, *families])
        return Test(name, operator, FactRef(name), (Constant(side),))
    if name == "diagnoses":
        operator = random.choice(("is", "includes_any", "includes_all", "excludes"))
        return Test(name, operator, FactRef(name), (Constant(value),))
    if kind == "codes":
        operator = random.choice(
            ("is", "is_not", "includes", "includes_any", "includes_all", "excludes")
        )
        side = random.choice("xy") if operator == "includes" else value
        return Test(name, operator, FactRef(name), (Constant(side),))
    sized = ("at_least", "more_than", "at_most", "less_than", "between")
    dated = ("on_or_before", "before", "on_or_after", "after", "between")
    operators = {"integer": ("is", "is_not", "in", "not_in", *sized), "date": ("is", *dated)}
    operator = random.choice(operators.get(kind, ("is", "is_not", "in", "not_in")))
    if kind == "boolean":
        operator = random.choice(("is", "is_not"))
    if operator in ("in", "not_in"):
        some = frozenset(random.sample(known, random.randint(1, len(known))))
        if families:
            some = codes_of("icd10cm", families)
        return Test(name, operator, FactRef(name), (Constant(some),))
    if operator == "between":
        low, high = sorted((value, random.choice(known)))
        return Test(name, operator, FactRef(name), (Constant(low), Constant(high)))
    if name == "count" and random.randrange(3) == 0:
        side = random.choice(("limit", "since"))
        return Test(name, operator, FactRef(name), (FactRef(side),))
    return Test(name, operator, FactRef(name), (Constant(value),))


test_of.__test__ = False  # type: ignore[attr-defined]


def condition(random: Random, names: list[str], depth: int) -> Condition:
    if depth == 0 or random.randrange(3) == 0:
        return test_of(random, random.choice(names))
    how = random.randrange(4)
    if how == 0:
        return Not(condition(random, names, depth - 1))
    parts = tuple(condition(random, names, depth - 1) for _ in range(random.randint(1, 3)))
    if how == 1:
        return AtLeast(random.randint(1, len(parts)), parts)
    return All(parts) if how == 2 else AnyOf(parts)


def all_facts(names: list[str]) -> Iterator[dict[str, Any]]:
    for values in product(*(VALUES[name] for name in names)):
        yield dict(zip(names, values, strict=True))


def test_what_is_excluded_never_happens_and_most_of_the_rest_does() -> None:
    random = Random(5)
    excluded = missed = 0
    for _ in range(1_500):
        facts = ["flag", "phase", "grade", "count", "day", "codes", "since", "last"]
        facts += ["diagnosis", "diagnoses"]
        names = random.sample(facts, 2)
        a, b = condition(random, names, 2), condition(random, names, 2)
        more = {"limit", "since"} - set(names) if "count" in names else set()
        everything = [*names, *sorted(more)]
        together = any(
            truth_of(a, facts) == HOLDS and truth_of(b, facts) == HOLDS
            for facts in all_facts(everything)
        )
        for types in (TYPES, None):
            if not can_both_hold(a, b, types):
                assert not together, (a, b)
        if not together:
            excluded += 1
            missed += can_both_hold(a, b, TYPES)
    assert excluded > 200
    assert missed < excluded / 5  # numbers and days beyond those tried here count as possible


def flags(count: int) -> list[Condition]:
    return [Test(f"f{i}", "is", FactRef(f"f{i}"), (Constant(True),)) for i in range(count)]


def test_very_large_conditions_are_possible_and_quickly_so() -> None:
    alternatives = All(tuple(AnyOf((one, Not(one))) for one in flags(3_000)))
    assert can_both_hold(alternatives, alternatives)
    deep: Condition = flags(1)[0]
    for one in flags(60):
        deep = AnyOf((All((deep, one)), All((Not(deep), Not(one)))))
    assert can_both_hold(deep, deep) in (True, False)


def test_a_long_list_of_alternatives_is_seen_through() -> None:
    """Branch by branch, not as the product of all alternatives."""
    many = [AnyOf((one, Not(one))) for one in flags(40)]
    closed = Test("x", "is", FactRef("x"), (Constant(True),))

    assert not can_both_hold(All((*many, closed)), Not(closed), {"x": FactType("boolean")})


@pytest.mark.parametrize(
    ("a", "b"),
    [("at_least", "less_than"), ("more_than", "at_most"), ("is", "is_not"), ("is", "more_than")],
)
def test_two_facts_compared_with_each_other(a: str, b: str) -> None:
    def against_limit(operator: str) -> Condition:
        return core_of(Test("count", operator, FactRef("count"), (FactRef("limit"),)))

    assert not can_both_hold(against_limit(a), against_limit(b), TYPES)
    assert can_both_hold(against_limit("at_least"), against_limit("at_most"), TYPES)
