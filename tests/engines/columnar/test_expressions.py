"""Tests and arithmetic in columns mean what `semantics` says, at the ends of calendar and numbers too."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.core_tests import core_of
from payer_policy.core.ruleset import (
    Arithmetic,
    Condition,
    Constant,
    Expression,
    FactRef,
    Score,
    Test,
    Window,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.vocabulary.types import FactType
from payer_policy.engines.columnar.expressions import (
    AS_BOOLEAN,
    DTYPES,
    JOIN,
    NotExact,
    loaded,
    stored,
)
from payer_policy.engines.columnar.plan import Plan

GRADES = ("0", "1", "1+", "2")
TYPES = {
    **{f"i{n}": FactType("integer") for n in "abc"},
    **{f"d{n}": FactType("decimal") for n in "abc"},
    **{f"t{n}": FactType("date") for n in "abc"},
    "g": FactType("choice", values=GRADES, ordered=True),
    "s": FactType("codes"),
    "c": FactType("code"),
    "e": FactType("code"),
}
DAYS = st.one_of(
    st.dates(),
    st.dates(date.min, date.min + timedelta(days=800)),
    st.dates(date.max - timedelta(days=800), date.max),
    st.sampled_from([date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2000, 12, 31)]),
)
WHOLE = st.one_of(st.integers(-3, 20), st.integers(-(10**12) + 1, 10**12 - 1))
PARTS = st.builds(
    lambda top, places: Decimal(top).scaleb(-places),
    st.integers(-(10**12) + 1, 10**12 - 1),
    st.integers(0, 6),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": WHOLE,
    "decimal": st.one_of(WHOLE, PARTS),
    "date": DAYS,
    "choice": st.sampled_from(GRADES),
    "code": st.sampled_from(["A", "B", "C"]),
    "codes": st.frozensets(st.sampled_from(["A", "B", "C"])),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | VALUES[type_.kind] for name, type_ in TYPES.items()}),
    min_size=1,
    max_size=6,
)
many = settings(max_examples=300, deadline=None)


def numbers(depth: int = 2) -> st.SearchStrategy[Expression]:
    leaves: st.SearchStrategy[Expression] = st.one_of(
        st.sampled_from([FactRef(name) for name in ("ia", "ib", "ic", "da", "db", "dc")]),
        st.builds(Constant, st.one_of(WHOLE, PARTS, st.fractions(-5, 5, max_denominator=7))),
        st.just(Score("g", GRADES)),
        st.sampled_from([FactRef(name) for name in ("ta", "tb")]).map(
            lambda day: Arithmetic("days_between", (day, FactRef("tc")))
        ),
        st.builds(lambda day: Arithmetic("years_between", (Constant(day), FactRef("ta"))), DAYS),
    )
    if depth == 0:
        return leaves
    below = numbers(depth - 1)
    return st.one_of(
        leaves,
        st.builds(
            lambda how, parts: Arithmetic(how, tuple(parts)),
            st.sampled_from(["sum", "product", "minimum", "maximum"]),
            st.lists(below, min_size=1, max_size=3),
        ),
        st.builds(
            lambda how, a, b: Arithmetic(how, (a, b)),
            st.sampled_from(["difference", "quotient"]),
            below,
            below,
        ),
        st.builds(
            lambda how, a: Arithmetic(how, (a,)),
            st.sampled_from(["round_up", "round_down"]),
            below,
        ),
    )


AMOUNTS = st.one_of(
    st.integers(-3, 40).map(Constant),
    st.integers(10**5, 10**12 - 1).map(Constant),
    st.just(FactRef("ia")),
)
WINDOWS = st.builds(
    Window,
    AMOUNTS,
    st.sampled_from(["days", "weeks", "months", "years", "business_days"]),
    st.sampled_from(["before", "after"]),
    st.one_of(st.just(FactRef("tb")), DAYS.map(Constant)),
)


def word(fact: str, how: str, left: Any, right: tuple[Expression, ...]) -> Condition:
    """A test by any word, in core tests."""
    return core_of(Test(fact, how, left, right))


OF_NUMBERS = st.builds(
    lambda fact, how, right: word(fact, how, FactRef(fact), (right,)),
    st.sampled_from(["ia", "da"]),
    st.sampled_from(["is", "is_not", "at_least", "more_than", "at_most", "less_than"]),
    numbers(),
)
OF_DAYS = st.one_of(
    st.builds(lambda window: word("ta", "within", FactRef("ta"), (window,)), WINDOWS),
    st.builds(
        lambda how, right: word("ta", how, FactRef("ta"), (right,)),
        st.sampled_from(["before", "after", "on_or_before", "on_or_after", "is", "is_not"]),
        st.one_of(st.just(FactRef("tb")), DAYS.map(Constant)),
    ),
    st.builds(
        lambda a, b: word("ta", "between", FactRef("ta"), (a, b)),
        st.one_of(st.just(FactRef("tb")), DAYS.map(Constant)),
        st.one_of(st.just(FactRef("tc")), DAYS.map(Constant)),
    ),
)
OF_SETS = st.one_of(
    st.builds(
        lambda how, codes: word("s", how, FactRef("s"), (Constant(codes),)),
        st.sampled_from(["includes_any", "includes_all", "excludes", "is", "is_not"]),
        st.frozensets(st.sampled_from(["A", "B", "C", "Z"])),
    ),
    st.just(word("s", "includes", FactRef("s"), (FactRef("c"),))),
    st.just(word("c", "in", FactRef("c"), (FactRef("s"),))),
    st.builds(
        lambda codes: word("c", "not_in", FactRef("c"), (Constant(codes),)),
        st.frozensets(st.sampled_from([*"ABCDEFGHIJKLMN"]), max_size=14),
    ),
)


def truths(
    condition: Condition, rows: list[dict[str, Any]], encoded: frozenset[str] = frozenset()
) -> list[bool | None]:
    plan = Plan(TYPES)
    truth, reads = plan.condition(condition)
    plan.add("truth", truth, reads)
    frame = pl.DataFrame(
        [
            pl.Series(
                fact,
                [None if row[fact] is None else stored(row[fact], type_.kind) for row in rows],
                dtype=DTYPES[type_.kind],
            )
            for fact, type_ in TYPES.items()
        ]
    )
    frame = frame.with_columns(pl.col(column).cast(pl.Categorical) for column in sorted(encoded))
    return plan.run(frame)["truth"].to_list()


@given(test=st.one_of(OF_NUMBERS, OF_DAYS, OF_SETS), rows=ROWS)
@many
def test_a_test_in_columns_is_the_test(test: Condition, rows: list[dict[str, Any]]) -> None:
    assert truths(test, rows) == [AS_BOOLEAN[truth_of(test, row)] for row in rows]


TEXT_TESTS = st.one_of(
    OF_SETS,
    st.builds(
        lambda how, right: word("c", how, FactRef("c"), (right,)),
        st.sampled_from(["is", "is_not"]),
        st.sampled_from([Constant("A"), Constant("Z"), FactRef("e"), FactRef("c")]),
    ),
    st.builds(
        lambda value: word("g", "at_least", Score("g", GRADES), (Constant(value),)),
        st.integers(-1, 4),
    ),
    st.builds(
        lambda codes: word("g", "in", FactRef("g"), (Constant(codes),)),
        st.frozensets(st.sampled_from(GRADES), min_size=1),
    ),
)


@given(test=TEXT_TESTS, rows=ROWS, encoded=st.frozensets(st.sampled_from(["c", "e", "g", "s"])))
@many
def test_texts_may_be_categories(
    test: Condition, rows: list[dict[str, Any]], encoded: frozenset[str]
) -> None:
    wanted = [AS_BOOLEAN[truth_of(test, row)] for row in rows]

    assert truths(test, rows, encoded) == wanted


@given(kind=st.sampled_from(sorted(VALUES)), data=st.data())
def test_what_is_stored_is_loaded_again(kind: Any, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])

    assert loaded(stored(value, kind), kind) == value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (Fraction(1, 3), "decimal"),
        (Decimal("0.0000001"), "decimal"),
        (10**12, "integer"),
        (Decimal("0.5"), "integer"),
        (frozenset({f"A{JOIN}B"}), "codes"),
    ],
)
def test_what_no_column_holds_is_refused(value: Any, kind: Any) -> None:
    with pytest.raises(NotExact):
        stored(value, kind)


def test_a_condition_of_a_thousand_parts_is_no_deep_chain() -> None:
    from payer_policy.engines.columnar.expressions import some

    random = Random(4)
    wanted = [random.random() < 0.001 for _ in range(1000)]
    frame = pl.DataFrame({str(at): [truth] for at, truth in enumerate(wanted)})

    assert frame.select(some(pl.col(name) for name in frame.columns)).item() is any(wanted)
