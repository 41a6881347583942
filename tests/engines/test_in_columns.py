"""The `columnar` engine says of many services at once what `step by step` says of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.core.columns import column_of
from payer_policy.core.ruleset import Arithmetic, Constant, Edge, Expression, FactRef, Test, Window
from payer_policy.core.semantics import Facts, truth_of_test
from payer_policy.core.semantics_in_columns import truths_of
from payer_policy.core.vocabulary.types import NONE
from payer_policy.engines.in_columns import ColumnarEngine, ColumnarEvaluator
from payer_policy.engines.step_by_step import StepByStep
from payer_policy.policy.loading import open_library
from tests.examples import examples
from tests.places import POLICIES
from tests.random_rulesets import randoms, ruleset, some_facts


def agree(evaluate: ColumnarEvaluator, made: object, many: Sequence[Facts]) -> None:
    each = StepByStep().compile(made)  # type: ignore[arg-type]
    for answer, facts in zip(evaluate.evaluate_all(many), many, strict=True):
        wanted = each(facts)
        assert answer.truths == tuple(wanted.truths), facts
        assert answer.derived == wanted.derived, facts
        assert answer.conflicts == wanted.conflicts, facts


@given(random=randoms)
@settings(max_examples=examples(40), deadline=None)
def test_random_rulesets(random: Random) -> None:
    made = ruleset(random, rules=20)
    evaluate = ColumnarEngine().compile(made)
    assert isinstance(evaluate, ColumnarEvaluator)

    agree(evaluate, made, [some_facts(random, made) for _ in range(15)] + [{}])


def test_shipped_policies() -> None:
    library = open_library(POLICIES)
    random = Random(5)
    for address in library.addresses():
        for first, _, _ in library.windows(address)[-2:]:
            made = library.ruleset(address, first)
            assert made is not None
            palette = palette_of(made)
            facts = [random_facts(random, palette) for _ in range(40)]
            agree(ColumnarEvaluator(made), made, facts)


DAYS = st.one_of(
    st.dates(date.min, date.min + timedelta(days=800)),
    st.dates(date.max - timedelta(days=800), date.max),
    st.sampled_from([date(2024, 2, 29), date(2023, 2, 28), date(2024, 1, 31), date(2000, 12, 31)]),
)
NUMBERS = st.one_of(
    st.integers(-3, 20),
    st.integers(-(10**12) + 1, 10**12 - 1),
    st.sampled_from([Decimal("0.5"), Decimal("4"), Fraction(1, 3), 10**30]),
)
PARTS = {
    "d": DAYS, "e": DAYS, "n": NUMBERS, "m": NUMBERS, "i": st.integers(-40, 40),
}  # fmt: skip


@st.composite
def comparisons(draw: st.DrawFn) -> Test:
    """A comparison of facts, of constants, or of what is computed from facts."""
    operator = draw(st.sampled_from(["is", "at_least", "at_most"]))
    if draw(st.booleans()):
        unit = draw(st.sampled_from(["days", "weeks", "months", "years", "business_days"]))
        way = draw(st.sampled_from(["before", "after"]))
        window = Edge(Window(FactRef("i"), unit, way, FactRef("e")), draw(st.booleans()))
        side: Expression = draw(
            st.sampled_from([FactRef("e"), Constant(date(2024, 2, 29)), window])
        )
        return Test("d", operator, FactRef("d"), (side,))
    operation = draw(st.sampled_from(["sum", "difference", "product", "quotient"]))
    made = Arithmetic(operation, (FactRef("m"), FactRef("n")))
    side = draw(st.sampled_from([FactRef("m"), Constant(4), Constant(Decimal("0.5")), made]))
    return Test("n", operator, FactRef("n"), (side,))


ROWS = st.lists(
    st.fixed_dictionaries({name: st.none() | st.just(NONE) | one for name, one in PARTS.items()}),
    max_size=12,
)


@given(test=comparisons(), rows=ROWS)
@settings(max_examples=examples(300), deadline=None)
def test_a_test_means_the_same_on_columns(test: Test, rows: list[Facts]) -> None:
    columns = {name: column_of([row[name] for row in rows]) for name in PARTS}

    truths = truths_of(test, columns.__getitem__, len(rows))

    assert truths.tolist() == [truth_of_test(test, row) for row in rows]


@pytest.mark.parametrize("operator", ["is_known", "exists"])
def test_whether_there_is_a_value(operator: str) -> None:
    column = column_of([None, NONE, 3])

    truths = truths_of(Test("n", operator, FactRef("n"), ()), lambda name: column, 3)

    wanted = {"is_known": [0, 3, 3], "exists": [1, 0, 3]}
    assert truths.tolist() == wanted[operator]
