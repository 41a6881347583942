"""Facts from records are what every completion of the list would make of them, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from random import Random
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings

from payer_policy.core.core_tests import core_of
from payer_policy.core.ruleset import All, AnyOf, Condition, Constant, FactRef, Not, Test, Window
from payer_policy.core.vocabulary.model import LEAST, MOST, RecordType, bound_name
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.language.sources import GIVING, RecordAggregate
from payer_policy.request.aggregates import Pass
from payer_policy.request.models import Request
from payer_policy.request.records import ALWAYS, Covered, Lists, Rows
from tests import reference
from tests.random_rulesets import randoms

DAYS = [date(2025, 1, day) for day in (1, 2, 3)]
POOL: dict[str, list[Any]] = {
    "code": ["x", "y"],
    "day": DAYS,
    "count": [0, 1, 3],
    "amount": [-1, 2],
}
TYPES = {
    "code": FactType("code"),
    "day": FactType("date"),
    "count": FactType("integer", minimum=0, maximum=3),
    "amount": FactType("decimal"),
}
KIND = RecordType("some.rows", "rows", "Which?", "member", TYPES, "day", declared=True)
TODAY = "service.date"
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Known:
    """What is known of a list."""

    rows: tuple[Row, ...]
    possible: tuple[Row, ...]
    covered: Covered


TRIED = 40


def completions(random: Random, known: Known) -> Iterator[list[dict[str, Any]]]:
    """Lists that it may be, as far as the pools of values go; at most one row is added."""
    unknown: list[Row | None] = [None]
    for row in product(*POOL.values()):
        covered = known.covered
        if covered is None or (covered != ALWAYS and row[1] < covered):
            unknown.append(row)
    parts: list[list[Row | None]] = [[*filled(row)] for row in known.rows]
    parts += [[None, *filled(row)] for row in known.possible]
    for _ in range(TRIED):
        rows = [random.choice(part) for part in (*parts, unknown)]
        yield [dict(zip(TYPES, row, strict=True)) for row in rows if row is not None]


def filled(row: Row) -> list[Row]:
    pools = [[v] if v is not None else pool for v, pool in zip(row, POOL.values(), strict=True)]
    return list(product(*pools))


def made(
    source: RecordAggregate, known: Known, facts: dict[str, Any], can_be_none: frozenset[str]
) -> tuple[Any, Any, Any]:
    lists = Lists(Request(), {}, {})
    lists.rows = lambda kind, context: Rows(known.rows, known.covered, (), known.possible)  # type: ignore[method-assign]
    run = Pass(KIND, [source], [TODAY], can_be_none)
    context: Any = SimpleNamespace()
    return run(context, lists, facts[TODAY])[0]


def some_row(random: Random) -> Row:
    return tuple(None if random.randrange(4) == 3 else random.choice(p) for p in POOL.values())


def some_list(random: Random) -> Known:
    rows = tuple(some_row(random) for _ in range(random.choice((0, 1, 2, 2))))
    possible = tuple(some_row(random) for _ in range(random.choice((0, 0, 1))))
    return Known(rows, possible, random.choice((ALWAYS, ALWAYS, None, *DAYS)))


def some_test(random: Random) -> Condition:
    name = random.choice(list(TYPES))
    left, today = FactRef(name), FactRef(TODAY)
    if name == "code":
        return core_of(Test(name, random.choice(("is", "is_not")), left, (Constant("x"),)))
    if name == "day":
        window = Window(Constant(1), "days", random.choice(("before", "after")), today)
        word = random.choice(("within", "before", "on_or_after", "after", "is"))
        right: Any = window if word == "within" else random.choice((today, Constant(DAYS[1])))
        return core_of(Test(name, word, left, (right,)), {TODAY})
    word = random.choice(("at_least", "at_most", "is"))
    return core_of(Test(name, word, left, (Constant(random.choice(POOL[name])),)))


def some_condition(random: Random) -> Condition:
    if random.randrange(2):
        return some_test(random)
    if random.randrange(4) == 3:
        return Not(some_test(random))
    return random.choice((All, AnyOf))((some_test(random), some_test(random)))


HOW = {
    "count": (None,),
    "sum": ("count", "amount"),
    "min": ("count", "amount", "day"),
    "max": ("count", "amount", "day"),
    "latest": ("day",),
    "earliest": ("day",),
    "any": (None,),
    "all": (None,),
    "collect": ("code",),
    "count_distinct": ("code", "count", "day"),
    "only": ("code", "amount", "day"),
}


def some_source(random: Random) -> RecordAggregate:
    how = random.choice(list(HOW))
    where = some_condition(random) if random.randrange(4) else None
    condition = some_condition(random) if how in ("any", "all") else None
    give = random.choice(list(TYPES)) if how in GIVING and random.randrange(3) == 2 else None
    return RecordAggregate(KIND.name, where, how, random.choice(HOW[how]), condition, give)


def some_case(random: Random) -> tuple[RecordAggregate, Known, dict[str, Any]]:
    today = random.choice((*DAYS, *DAYS, None))
    return some_source(random), some_list(random), {TODAY: today}


@settings(max_examples=600)
@given(randoms)
def test_what_is_settled_is_right_for_every_list_that_it_may_be(random: Random) -> None:
    source, known, facts = some_case(random)

    value, least, most = made(source, known, facts, frozenset({TODAY}))

    for rows in completions(random, known):
        today = facts[TODAY] or random.choice(DAYS)
        true = reference.aggregate(source, rows, {TODAY: today})
        if value is not None:
            assert true == value, rows
        if least is not None and true is not NONE:
            assert least <= true <= most, rows


@settings(max_examples=600)
@given(randoms)
def test_learning_more_of_a_list_changes_nothing_that_is_settled(random: Random) -> None:
    source, known, facts = some_case(random)
    value, least, most = made(source, known, facts, frozenset({TODAY}))

    now = made(source, learned(random, known), facts, frozenset({TODAY}))

    if value is not None:
        assert now[0] == value
    if least is not None:
        assert least <= now[1] and now[2] <= most


def learned(random: Random, known: Known) -> Known:
    """The list when more is known of it: values, rows that it did not cover, which rows are in it, and
    from which day on it is complete."""
    rows = [random.choice(filled(row)) if random.randrange(2) else row for row in known.rows]
    possible = list(known.possible)
    for row in known.possible:
        if random.randrange(2):
            possible.remove(row)
            rows += [row] if random.randrange(2) else []
    covered = known.covered
    if covered != ALWAYS:
        more = some_row(random)
        if covered is None or (more[1] is not None and more[1] < covered):
            rows.append(more)
        earlier = [day for day in (*DAYS, ALWAYS) if covered is None or day <= covered]
        covered = random.choice([covered, *earlier])
    return replace(known, rows=tuple(rows), possible=tuple(possible), covered=covered)


@settings(max_examples=300)
@given(randoms)
def test_a_test_of_bounds_holds_or_fails_for_every_value_between_them(random: Random) -> None:
    numbers = range(-2, 4)
    least = random.choice(numbers)
    most = random.choice([one for one in numbers if one >= least])
    word = random.choice([w for w in OPERATORS if OPERATORS[w].fits(FactType("integer"))])
    right: Any = (Constant(random.choice(numbers)),)
    if OPERATORS[word].shape in ("pair", "several", "whole", "flag"):
        word = random.choice(("at_least", "less_than", "at_most", "more_than", "is", "is_not"))
    value = least if least == most else None
    bounds = {bound_name("x.a", LEAST): least, bound_name("x.a", MOST): most}
    condition = core_of(Test("x.a", word, FactRef("x.a"), right), (), {"x.a"})
    plain = core_of(Test("x.a", word, FactRef("x.a"), right))

    found = reference.holds(condition, {"x.a": value, **bounds})

    every = {reference.holds(plain, {"x.a": one}) for one in range(least, most + 1)}
    assert found == (every.pop() if len(every) == 1 else None)
