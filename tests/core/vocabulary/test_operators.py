"""What every operator means on known values, what not known does to it, and for which facts it is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from payer_policy.core.core_tests import core_of
from payer_policy.core.ruleset import (
    All,
    Arithmetic,
    Condition,
    Constant,
    Expression,
    FactRef,
    Not,
    Score,
    Test,
    Window,
    written,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.core.vocabulary.operators import CORE, OPERATORS, complete, words_for
from payer_policy.core.vocabulary.types import NONE, FactType

FRIDAY = date(2024, 3, 1)
JW, JZ, BOTH = frozenset({"JW"}), frozenset({"JZ"}), frozenset({"JW", "JZ"})
GRADES = ("none", "mild", "severe")

TRUTHS: list[tuple[str, Any, Any, bool]] = [
    ("is", 5, 5, True),
    ("is", Decimal("0.5"), Decimal("0.50"), True),
    ("is", 2, 3, False),
    ("is", JW, JW, True),
    ("is", BOTH, JW, False),
    ("is", frozenset(), frozenset(), True),
    ("is_not", "first", "second", True),
    ("is_not", "first", "first", False),
    ("in", "first", frozenset({"first", "second"}), True),
    ("in", 7, frozenset({1, 2}), False),
    ("not_in", 7, frozenset({1, 2}), True),
    ("not_in", 1, frozenset({1, 2}), False),
    ("at_least", 6, 6, True),
    ("at_least", Decimal("5.999999"), 6, False),
    ("more_than", 6, 6, False),
    ("more_than", Decimal("6.000001"), 6, True),
    ("at_most", 6, 6, True),
    ("at_most", 7, 6, False),
    ("less_than", 6, 6, False),
    ("less_than", 5, 6, True),
    ("between", 6, (6, 9), True),
    ("between", 9, (6, 9), True),
    ("between", 10, (6, 9), False),
    ("between", FRIDAY, (FRIDAY, FRIDAY), True),
    ("outside", 6, (6, 9), False),
    ("outside", 5, (6, 9), True),
    ("outside", 10, (6, 9), True),
    ("outside", Decimal("9.000001"), (6, 9), True),
    ("multiple_of", 12, 4, True),
    ("multiple_of", 0, 4, True),
    ("multiple_of", -8, 4, True),
    ("multiple_of", 10, 4, False),
    ("on_or_before", FRIDAY, FRIDAY, True),
    ("before", FRIDAY, FRIDAY, False),
    ("on_or_after", FRIDAY, FRIDAY, True),
    ("after", FRIDAY, FRIDAY, False),
    ("after", date(2024, 3, 2), FRIDAY, True),
    ("includes", BOTH, "JW", True),
    ("includes", JZ, "JW", False),
    ("includes", frozenset(), "JW", False),
    ("includes_any", JW, BOTH, True),
    ("includes_any", frozenset(), BOTH, False),
    ("includes_any", JW, frozenset(), False),
    ("includes_all", BOTH, JW, True),
    ("includes_all", JW, BOTH, False),
    ("includes_all", JW, frozenset(), True),
    ("excludes", JZ, JW, True),
    ("excludes", BOTH, JW, False),
    ("excludes", frozenset(), JW, True),
]


def word(operator: str, *right: Expression, can_be_none: bool = False) -> Condition:
    return core_of(Test("a.b", operator, FactRef("a.b"), right), {"a.b"} if can_be_none else ())


def test_of(operator: str, *right: Any) -> Condition:
    return word(operator, *(Constant(value) for value in right))


test_of.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(("operator", "value", "right", "holds"), TRUTHS)
def test_on_known_values(operator: str, value: Any, right: Any, holds: bool) -> None:
    sides = right if OPERATORS[operator].shape == "pair" else (right,)

    assert truth_of(test_of(operator, *sides), {"a.b": value}) == (HOLDS if holds else FAILS)


@pytest.mark.parametrize(("operator", "value", "right", "holds"), TRUTHS)
def test_not_known_on_either_side_is_not_known(
    operator: str, value: Any, right: Any, holds: bool
) -> None:
    sides = right if OPERATORS[operator].shape == "pair" else (right,)
    assert truth_of(test_of(operator, *sides), {}) == UNKNOWN
    assert truth_of(test_of(operator, *sides), {"a.b": None}) == UNKNOWN
    for place in range(len(sides)):
        expressions: list[Expression] = [Constant(side) for side in sides]
        with_a_fact = (*expressions[:place], FactRef("c.d"), *expressions[place + 1 :])
        test = word(operator, *with_a_fact)
        # One bound of two can settle it.
        settled = len(sides) == 2 and truth_of(test, {"a.b": value}) != UNKNOWN
        assert settled or truth_of(test, {"a.b": value}) == UNKNOWN
        known = truth_of(test, {"a.b": value, "c.d": sides[place]})
        assert known == (HOLDS if holds else FAILS)


def test_every_operator_is_tried() -> None:
    assert {row[0] for row in TRUTHS} | {"within", "is_known", "exists"} == set(OPERATORS)


@pytest.mark.parametrize(
    ("facts", "wanted", "truth"),
    [
        ({}, True, FAILS),
        ({}, False, HOLDS),
        ({"a.b": None}, False, HOLDS),
        ({"a.b": False}, True, HOLDS),
        ({"a.b": 0}, False, FAILS),
    ],
)
def test_is_known_is_never_not_known(facts: dict[str, Any], wanted: bool, truth: int) -> None:
    assert truth_of(test_of("is_known", wanted), facts) == truth


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_an_operator_and_its_opposite_are_said(name: str) -> None:
    row = OPERATORS[name]
    assert row.says and row.says_not and row.says != row.says_not
    assert row.means.endswith(".")


@pytest.mark.parametrize(
    ("kind", "ordered", "names"),
    [
        ("boolean", False, "is is_not is_known"),
        ("code", False, "is is_not in not_in is_known"),
        ("choice", False, "is is_not in not_in is_known"),
        (
            "choice",
            True,
            "is is_not in not_in at_least more_than at_most less_than between outside is_known",
        ),
        (
            "decimal",
            False,
            "is is_not in not_in at_least more_than at_most less_than between outside is_known",
        ),
        (
            "date",
            False,
            "is is_not in not_in between outside on_or_before before on_or_after after within is_known",
        ),
        ("codes", False, "is is_not includes includes_any includes_all excludes is_known"),
    ],
)
def test_operators_for_each_type_of_fact(kind: Any, ordered: bool, names: str) -> None:
    fits = [row.name for row in OPERATORS.values() if row.fits(FactType(kind, ordered=ordered))]

    assert fits == names.split()


def test_words_of_whole_numbers_and_of_facts_that_can_be_none() -> None:
    assert "multiple_of" in words_for(FactType("integer"))
    assert "multiple_of" not in words_for(FactType("decimal"))
    assert "exists" in words_for(FactType("date", can_be_none=True))
    assert "exists" not in words_for(FactType("date"))


@pytest.mark.parametrize(("operator", "value", "right", "holds"), TRUTHS)
def test_of_none_no_word_holds(operator: str, value: Any, right: Any, holds: bool) -> None:
    sides = right if OPERATORS[operator].shape == "pair" else (right,)
    constants = [Constant(side) for side in sides]
    guarded = word(operator, *constants, can_be_none=True)

    assert truth_of(guarded, {"a.b": NONE}) == FAILS
    assert truth_of(guarded, {"a.b": value}) == (HOLDS if holds else FAILS)
    assert truth_of(guarded, {}) == UNKNOWN
    assert truth_of(Not(guarded), {"a.b": NONE}) == HOLDS


def test_none_exists_not_and_is_known() -> None:
    for wanted, truth in ((True, FAILS), (False, HOLDS)):
        assert truth_of(test_of("exists", wanted), {"a.b": NONE}) == truth
        assert truth_of(test_of("exists", wanted), {}) == UNKNOWN
    assert truth_of(test_of("exists", True), {"a.b": FRIDAY}) == HOLDS
    assert truth_of(test_of("is_known", True), {"a.b": NONE}) == HOLDS


def test_a_first_dose_is_not_too_soon() -> None:
    """What is worked out from none is none, and no comparison with it holds, either way round."""
    since = Arithmetic("days_between", (FactRef("last"), Constant(FRIDAY)))
    none = {"last", "days"}
    for how in ("less_than", "at_least", "is_not", "at_most"):
        asked = core_of(Test("days", how, FactRef("days"), (Constant(56),)), none)
        against = core_of(Test("given", how, FactRef("given"), (since,)), none)
        assert truth_of(asked, {"days": NONE}) == FAILS
        assert truth_of(against, {"given": 10, "last": NONE}) == FAILS
    assert truth_of(Not(asked), {"days": NONE}) == HOLDS


def test_two_spellings_are_one_test() -> None:
    """What was written is kept beside the meaning, and counts for nothing in it."""
    assert test_of("less_than", 6) == Not(test_of("at_least", 6))
    assert hash(test_of("between", 6, 9)) == hash(
        All((test_of("at_least", 6), test_of("at_most", 9)))
    )
    assert written(test_of("less_than", 6)) == Test(
        "a.b", "less_than", FactRef("a.b"), (Constant(6),)
    )


def test_a_module_without_a_form_fails_at_once() -> None:
    with pytest.raises(AssertionError, match="no form of the core tests in, multiple_of"):
        complete("here", CORE.keys() - {"in", "multiple_of"})


def test_a_grade_is_compared_by_its_place() -> None:
    type_ = FactType("choice", values=GRADES, ordered=True)
    test = Test("a.b", "at_least", Score("a.b", type_.values), (Constant(1),))

    truths = {grade: truth_of(test, {"a.b": grade}) for grade in GRADES}
    assert truths == {"none": FAILS, "mild": HOLDS, "severe": HOLDS}
    assert truth_of(test, {}) == UNKNOWN


# --- spans of days ------------------------------------------------------------------------------------


def within(day: str, amount: int, unit: Any, direction: Any, anchor: str) -> bool:
    window = Window(Constant(amount), unit, direction, Constant(date.fromisoformat(anchor)))
    test = word("within", window)
    truth = truth_of(test, {"a.b": date.fromisoformat(day)})
    assert truth in (HOLDS, FAILS)
    return truth == HOLDS


@pytest.mark.parametrize(
    ("first", "last", "amount", "unit", "direction", "anchor"),
    [
        ("2024-02-20", "2024-03-01", 10, "days", "before", "2024-03-01"),
        ("2024-03-01", "2024-03-11", 10, "days", "after", "2024-03-01"),
        ("2024-03-01", "2024-03-01", 0, "days", "before", "2024-03-01"),
        ("2024-02-16", "2024-03-01", 2, "weeks", "before", "2024-03-01"),
        # month ends are kept inside the month
        ("2024-02-29", "2024-03-31", 1, "months", "before", "2024-03-31"),
        ("2023-02-28", "2023-03-31", 1, "months", "before", "2023-03-31"),
        ("2024-01-31", "2024-02-29", 1, "months", "after", "2024-01-31"),
        ("2023-12-31", "2024-04-30", 4, "months", "after", "2023-12-31"),
        # leap days
        ("2024-02-29", "2025-02-28", 1, "years", "after", "2024-02-29"),
        ("2024-02-29", "2028-02-29", 4, "years", "after", "2024-02-29"),
        ("2023-02-28", "2024-02-29", 12, "months", "before", "2024-02-29"),
        ("2024-02-28", "2024-03-01", 2, "days", "before", "2024-03-01"),
        # business days: 2024-03-01 is a Friday
        ("2024-03-01", "2024-03-04", 1, "business_days", "after", "2024-03-01"),
        ("2024-03-01", "2024-03-08", 5, "business_days", "after", "2024-03-01"),
        ("2024-02-29", "2024-03-01", 1, "business_days", "before", "2024-03-01"),
        ("2024-03-02", "2024-03-04", 1, "business_days", "after", "2024-03-02"),
        ("2024-03-03", "2024-03-05", 2, "business_days", "after", "2024-03-03"),
        ("2024-03-01", "2024-03-03", 1, "business_days", "before", "2024-03-03"),
        ("2024-02-23", "2024-03-01", 5, "business_days", "before", "2024-03-01"),
        # a span of no business days is the day itself, a weekend too
        ("2024-03-02", "2024-03-02", 0, "business_days", "after", "2024-03-02"),
    ],
)
def test_a_span_of_days_has_these_ends(
    first: str, last: str, amount: int, unit: str, direction: str, anchor: str
) -> None:
    inside = [first, last]
    outside = [
        date.fromordinal(date.fromisoformat(first).toordinal() - 1).isoformat(),
        date.fromordinal(date.fromisoformat(last).toordinal() + 1).isoformat(),
    ]

    assert [within(day, amount, unit, direction, anchor) for day in inside] == [True, True]
    assert [within(day, amount, unit, direction, anchor) for day in outside] == [False, False]


def test_a_span_is_not_known_while_its_anchor_or_its_length_is_not() -> None:
    for window in (
        Window(Constant(3), "days", "before", FactRef("c.d")),
        Window(FactRef("c.d"), "days", "before", Constant(FRIDAY)),
    ):
        test = word("within", window)
        assert truth_of(test, {"a.b": FRIDAY}) == UNKNOWN


def test_a_negative_length_is_a_span_of_no_days() -> None:
    assert not within("2024-03-01", -1, "days", "before", "2024-03-01")


def test_the_calendar_ends_where_it_ends() -> None:
    assert within("9999-12-31", 5, "days", "after", "9999-12-30")
    assert within("0001-01-01", 5, "years", "before", "0001-01-02")
