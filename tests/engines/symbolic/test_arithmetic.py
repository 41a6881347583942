"""What the solver computes is what `semantics` computes, and what it refutes no facts fulfill."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.core_tests import core_of
from payer_policy.core.far_days import far_day
from payer_policy.core.ruleset import (
    All,
    Arithmetic,
    Condition,
    Constant,
    FactRef,
    Moved,
    Not,
    Test,
    Window,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import codes_of
from payer_policy.core.vocabulary.types import FactType, Value
from payer_policy.engines.symbolic.formulas import Conditions
from payer_policy.engines.symbolic.logic import truth_in
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.engines.symbolic.terms import Facts

TYPES = {
    "x": FactType("decimal"),
    "y": FactType("decimal"),
    "n": FactType("integer"),
    "day": FactType("date"),
    "other": FactType("date"),
    "code": FactType("code"),
    "codes": FactType("codes"),
    "more": FactType("codes"),
    "diagnosis": FactType("code", system="icd10cm"),
    "diagnoses": FactType("codes", system="icd10cm"),
}
X, Y, N, DAY, OTHER = (FactRef(name) for name in ("x", "y", "n", "day", "other"))

numbers = st.decimals(-50, 50, places=2).map(lambda n: int(n) if n == n.to_integral_value() else n)
turns = st.sampled_from(
    [date(2024, 1, 31), date(2024, 2, 29), date(2023, 2, 28), date(2024, 12, 31), date(2025, 3, 1)]
)
days = st.one_of(turns, st.dates(date(2019, 1, 1), date(2027, 12, 31)))


def comparison(fact: str, operator: str, *right: Any) -> Condition:
    return core_of(Test(fact, operator, FactRef(fact), right))


def arithmetic(operation: str, *arguments: Any) -> Arithmetic:
    return Arithmetic(operation, arguments)


def agree(condition: Condition, facts: dict[str, Value]) -> None:
    """With the facts fixed the solver says of the condition what `semantics` says."""
    terms = Facts(TYPES, [condition])
    halves = Conditions(terms).halves(condition)
    wanted = truth_of(condition, facts)
    search = Search(terms, [])
    model = search.find(*terms.all_given(facts))
    assert model is not None
    assert truth_in(model, halves.holds) == (wanted == HOLDS)
    assert truth_in(model, halves.possible) == (wanted != FAILS)
    # And what it refutes is not so: with these facts it finds exactly what there is.
    assert (search.find(*terms.all_given(facts), halves.holds) is not None) == (wanted == HOLDS)


CALLS = {
    "sum": arithmetic("sum", X, Y, Constant(Decimal("0.1"))),
    "difference": arithmetic("difference", X, Y),
    "product with a number": arithmetic("product", X, Constant(Decimal("2.5"))),
    "product of two facts": arithmetic("product", X, Y),
    "quotient by a number": arithmetic("quotient", X, Constant(3)),
    "quotient of two facts": arithmetic("quotient", X, Y),
    "rounding a quotient up": arithmetic("round_up", arithmetic("quotient", X, Y)),
    "rounding down": arithmetic("round_down", arithmetic("quotient", X, Constant(7))),
    "rounding half up": arithmetic("round_half_up", arithmetic("quotient", X, Constant(7))),
    "rounding up to a multiple": arithmetic("round_up", X, Constant(Decimal("2.5"))),
    "rounding half up to a multiple": arithmetic("round_half_up", X, Constant(50)),
    "rounding down to a multiple that is a fact": arithmetic("round_down", X, Y),
    "minimum": arithmetic("minimum", X, Y, Constant(0)),
    "maximum": arithmetic("maximum", arithmetic("product", X, Y), X),
    "years": arithmetic("years_between", DAY, OTHER),
    "days": arithmetic("days_between", DAY, OTHER),
    "days of two periods": arithmetic(
        "days_overlapping", DAY, OTHER, Constant(date(2024, 1, 31)), Constant(date(2025, 3, 1))
    ),
}
some = settings(max_examples=25, deadline=None)


@pytest.mark.parametrize("name", CALLS)
@given(x=numbers, y=numbers, n=st.integers(-20, 20), day=days, other=days)
@some
def test_arithmetic_is_exact(name: str, x: Any, y: Any, n: int, day: date, other: date) -> None:
    facts: dict[str, Value] = {"x": x, "y": y, "n": n, "day": day, "other": other}
    for operator in ("at_least", "is", "less_than"):
        agree(comparison("n", operator, CALLS[name]), facts)


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years", "business_days"])
@pytest.mark.parametrize("direction", ["before", "after"])
@given(day=days, step=st.integers(-3, 3), amount=st.integers(0, 14), fixed=st.booleans())
@some
def test_spans_of_days_are_exact(
    unit: Any, direction: Any, day: date, step: int, amount: int, fixed: bool
) -> None:
    window = Window(Constant(amount) if fixed else N, unit, direction, OTHER)
    from payer_policy.core.semantics import span

    first, last = span(amount, unit, direction, day)
    edge = (first if direction == "before" else last) + timedelta(days=step)
    agree(comparison("day", "within", window), {"day": edge, "other": day, "n": amount})


ends = st.one_of(days, st.dates(date(9999, 9, 1), date.max), st.dates(date.min, date(1, 4, 1)))


YEARS = range(2019, 2028)
HOLIDAYS = HolidayCalendar(
    "holidays",
    date(2019, 3, 2),
    date(2027, 11, 10),
    frozenset(date(year, *day) for year in YEARS for day in ((1, 1), (3, 3), (3, 4), (7, 4))),
)


@pytest.mark.parametrize("direction", ["before", "after"])
@given(
    day=st.dates(date(2019, 1, 1), date(2027, 12, 31)) | turns,
    step=st.integers(-3, 3),
    amount=st.integers(-2, 14) | st.integers(0, 400),
    fixed=st.booleans(),
)
@some
def test_business_days_of_a_calendar_are_exact(
    direction: Any, day: date, step: int, amount: int, fixed: bool
) -> None:
    window = Window(Constant(amount) if fixed else N, HOLIDAYS, direction, OTHER)
    there = far_day(amount, HOLIDAYS, direction, day) or day
    facts: dict[str, Value] = {"day": there + timedelta(days=step), "other": day, "n": amount}

    agree(comparison("day", "within", window), facts)
    agree(comparison("day", "on_or_before", Moved(window)), facts)
    agree(comparison("day", "is", Moved(window)), {**facts, "day": there})


@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years", "business_days"])
@pytest.mark.parametrize("direction", ["before", "after"])
@given(day=ends, other=ends, amount=st.integers(-9, 14), fixed=st.booleans())
@some
def test_days_before_and_after_others_are_exact_to_the_ends_of_the_calendar(
    unit: Any, direction: Any, day: date, other: date, amount: int, fixed: bool
) -> None:
    window = Window(Constant(amount) if fixed else N, unit, direction, OTHER)
    there = far_day(amount, unit, direction, other)
    facts = {"day": there or day, "other": other, "n": amount}

    agree(comparison("day", "is", Moved(window)), facts)
    # Once more from there, which may be a day that is not known.
    agree(comparison("day", "on_or_after", Moved(replace(window, anchor=Moved(window)))), facts)


codes = st.frozensets(st.sampled_from(["A", "B", "C", "X", "Z"]))


@pytest.mark.parametrize("operator", ["includes_any", "includes_all", "excludes", "is", "is_not"])
@given(one=codes, other=codes, constant=codes.filter(bool))
@some
def test_sets_of_codes_are_exact(operator: str, one: Any, other: Any, constant: Any) -> None:
    facts = {"codes": one, "more": other}
    agree(comparison("codes", operator, FactRef("more")), facts)
    agree(comparison("codes", operator, Constant(constant)), facts)


@given(one=codes, code=st.sampled_from(["A", "X", "Q"]))
@some
def test_a_code_in_a_set_is_exact(one: Any, code: str) -> None:
    condition = comparison("codes", "includes", FactRef("code"))
    agree(condition, {"codes": one, "code": code})
    agree(comparison("codes", "includes", Constant("A")), {"codes": one})


diagnoses = st.sampled_from(["A01", "A01.1", "A01.12", "A01.2", "B02.1"])
in_families = st.lists(
    st.sampled_from(["A01.-", "A01.1-", "A01.12-", "B02.-", "A01.1", "A01.12", "B02.1"]),
    min_size=1,
    max_size=3,
).map(lambda texts: Constant(codes_of("icd10cm", texts)))
tests_of_families = st.one_of(
    st.builds(
        comparison,
        st.just("diagnoses"),
        st.sampled_from(["includes_any", "includes_all", "excludes"]),
        in_families,
    ),
    st.builds(comparison, st.just("diagnosis"), st.sampled_from(["in", "not_in"]), in_families),
    st.just(comparison("diagnoses", "includes", FactRef("diagnosis"))),
    st.just(Not(comparison("diagnoses", "includes", FactRef("diagnosis")))),
)


@given(
    parts=st.lists(tests_of_families, min_size=1, max_size=4),
    one=diagnoses,
    several=st.frozensets(diagnoses),
)
@some
def test_families_of_codes_are_exact(parts: Any, one: str, several: Any) -> None:
    condition = All(tuple(parts))
    facts = {"diagnosis": one, "diagnoses": several}
    agree(condition, facts)
    terms = Facts(TYPES, [condition])
    model = Search(terms, []).find(Conditions(terms).halves(condition).holds)
    if model is None:
        assert truth_of(condition, facts) != HOLDS
    else:  # what it shows has codes that nothing names, and they are below what they should be below
        assert truth_of(condition, terms.values_in(model)) == HOLDS


def test_what_no_value_fulfils_is_refuted() -> None:
    square = comparison(
        "n", "is", arithmetic("sum", Constant(3), arithmetic("product", N, Constant(2)))
    )
    impossible = [
        comparison("x", "more_than", arithmetic("maximum", X, Y)),
        comparison("day", "within", Window(Constant(1), "months", "after", arithmetic_day())),
    ]
    for condition in impossible:
        terms = Facts(TYPES, [condition])
        formulas = Conditions(terms)
        extra = formulas.halves(comparison("day", "before", OTHER)).holds
        assert Search(terms, []).find(formulas.halves(condition).holds, extra) is None
    terms = Facts(TYPES, [square])
    model = Search(terms, []).find(Conditions(terms).halves(square).holds)
    assert terms.values_in(model)["n"] == -3


def arithmetic_day() -> FactRef:
    return OTHER


def test_who_gives_up_does_not_say_no() -> None:
    condition = comparison(
        "x", "is", arithmetic("product", Y, arithmetic("product", Y, arithmetic("product", Y, X)))
    )
    terms = Facts(TYPES, [condition])
    holds = Conditions(terms).halves(condition).holds
    search = Search(terms, [], milliseconds=1)
    odd = comparison("y", "more_than", arithmetic("quotient", X, arithmetic("product", Y, Y)))
    also = Conditions(terms).halves(odd).holds
    try:
        model = search.find(holds, also, terms["x"].value.top > 7, terms["y"].value.top > 2000)
    except NotProved as error:
        assert str(error)
    else:
        assert model is None or truth_in(model, holds)
