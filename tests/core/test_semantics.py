"""Exact arithmetic, and the truth tables of Kleene's strong logic."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import product as pairs
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.ruleset import All, AnyOf, Arithmetic, AtLeast, Constant, FactRef, Not, Test
from payer_policy.core.semantics import ARITHMETIC, truth_of, value_of, years_between
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, UNKNOWN, all_of, any_of, at_least

TRUTHS = (FAILS, UNKNOWN, HOLDS)
KLEENE: dict[int, bool | None] = {HOLDS: True, FAILS: False, UNKNOWN: None}


def calculated(operation: str, *arguments: Any, **facts: Any) -> Any:
    expressions = tuple(
        FactRef(argument) if isinstance(argument, str) else Constant(argument)
        for argument in arguments
    )
    return value_of(Arithmetic(operation, expressions), facts)


@pytest.mark.parametrize(
    ("operation", "arguments", "value"),
    [
        ("sum", (Decimal("0.1"), Decimal("0.2")), Fraction(3, 10)),
        ("sum", (1, 2, 3), 6),
        ("sum", (5,), 5),
        ("difference", (1, Decimal("0.9")), Fraction(1, 10)),
        ("product", (Decimal("0.1"), 10), 1),
        ("product", (3,), 3),
        ("quotient", (1, 3), Fraction(1, 3)),
        ("quotient", (6, 3), 2),
        ("quotient", (Decimal("7.5"), Decimal("2.5")), 3),
        ("round_up", (Fraction(10, 3),), 4),
        ("round_up", (Decimal("-1.5"),), -1),
        ("round_up", (4,), 4),
        ("round_down", (Decimal("1.999999"),), 1),
        ("round_down", (Decimal("-1.5"),), -2),
        ("round_half_up", (Decimal("2.5"),), 3),
        ("round_half_up", (Decimal("-2.5"),), -2),
        ("round_half_up", (Fraction(7, 3),), 2),
        ("round_up", (351, 50), 400),
        ("round_up", (350, 50), 350),
        ("round_up", (-351, 50), -350),
        ("round_down", (399, 50), 350),
        ("round_down", (Decimal("0.74"), Decimal("0.25")), Fraction(1, 2)),
        ("round_half_up", (375, 50), 400),
        ("round_half_up", (Decimal("374.9"), 50), 350),
        ("round_half_up", (Fraction(1, 3), Fraction(1, 4)), Fraction(1, 4)),
        ("minimum", (3, Decimal("2.5"), Fraction(8, 3)), Decimal("2.5")),
        ("minimum", (3,), 3),
        ("maximum", (0, -5), 0),
        ("days_between", (date(2024, 2, 28), date(2024, 3, 1)), 2),
        ("days_between", (date(2024, 3, 1), date(2024, 2, 28)), -2),
        ("days_overlapping", (*(date(2024, 3, day) for day in (1, 9, 9, 20)),), 1),
        ("days_overlapping", (*(date(2024, 3, day) for day in (1, 9, 10, 20)),), 0),
    ],
)
def test_arithmetic_is_exact(operation: str, arguments: tuple[Any, ...], value: Any) -> None:
    made = calculated(operation, *arguments)

    assert made == value
    assert not isinstance(made, float)
    assert isinstance(made, int) or made != int(made)


def test_every_operation_is_tried() -> None:
    assert set(ARITHMETIC) == {
        *("sum", "difference", "product", "quotient", "minimum", "maximum"),
        *("round_up", "round_down", "round_half_up"),
        *("days_between", "days_overlapping", "years_between"),
    }


@pytest.mark.parametrize("zero", [0, Decimal("0.00"), Fraction(0)])
def test_dividing_by_zero_is_not_known(zero: Any) -> None:
    assert calculated("quotient", 5, zero) is None
    assert calculated("round_up", 5, zero) is None
    assert calculated("round_half_up", 5, zero) is None
    assert calculated("sum", 1, "a") is None
    nested = Arithmetic("sum", (Constant(1), Arithmetic("quotient", (Constant(1), Constant(zero)))))
    assert value_of(nested, {}) is None


@pytest.mark.parametrize("operation", sorted(ARITHMETIC))
def test_what_is_not_known_stays_so(operation: str) -> None:
    many = 1 if operation.startswith("round") else {"days_overlapping": 4}.get(operation, 2)
    known = date(2024, 1, 1) if operation.startswith(("days_", "years_")) else 1

    assert calculated(operation, *["a"] * many) is None
    assert calculated(operation, *["a"] * many, a=None) is None
    assert calculated(operation, *["a"] * many, a=known) is not None


@pytest.mark.parametrize(
    ("born", "on", "age"),
    [
        ((2020, 3, 1), (2024, 2, 29), 3),
        ((2020, 3, 1), (2024, 3, 1), 4),
        ((2020, 2, 29), (2021, 2, 28), 0),
        ((2020, 2, 29), (2021, 3, 1), 1),
        ((2020, 2, 29), (2024, 2, 29), 4),
        ((2020, 12, 31), (2021, 1, 1), 0),
        ((2021, 1, 1), (2020, 12, 31), -1),
    ],
)
def test_an_age_is_completed_birthdays(
    born: tuple[int, int, int], on: tuple[int, int, int], age: int
) -> None:
    assert years_between(date(*born), date(*on)) == age


numbers = st.one_of(
    st.integers(-1000, 1000),
    st.decimals(-1000, 1000, places=3),
    st.fractions(-1000, 1000, max_denominator=50),
)


@given(a=numbers, b=numbers, c=numbers)
def test_arithmetic_agrees_with_fractions(a: Any, b: Any, c: Any) -> None:
    x, y, z = Fraction(a), Fraction(b), Fraction(c)

    assert calculated("sum", a, b, c) == x + y + z
    assert calculated("difference", a, b) == x - y
    assert calculated("product", a, b, c) == x * y * z
    assert calculated("quotient", a, b) == (x / y if y else None)
    assert calculated("minimum", a, b) == min(x, y)
    assert calculated("round_up", a) == -(-x // 1)
    assert calculated("round_up", a, b) == (-(-x / y // 1) * y if y else None)
    assert calculated("round_down", a, b) == (x / y // 1 * y if y else None)
    assert calculated("round_half_up", a, b) == ((2 * x / y + 1) // 2 * y if y else None)


# --- truth ---------------------------------------------------------------------------------------------


def kleene_and(a: bool | None, b: bool | None) -> bool | None:
    return False if a is False or b is False else None if a is None or b is None else True


def test_the_truth_tables() -> None:
    for a, b in pairs(TRUTHS, repeat=2):
        x, y = KLEENE[a], KLEENE[b]
        not_x = None if x is None else not x
        not_y = None if y is None else not y
        both = kleene_and(not_x, not_y)
        assert KLEENE[all_of([a, b])] is kleene_and(x, y)
        assert KLEENE[any_of([a, b])] is (None if both is None else not both)
        assert KLEENE[NEGATED[a]] is not_x
    assert (all_of([]), any_of([])) == (HOLDS, FAILS)


def test_at_least_so_many_is_settled_when_no_completion_could_change_it() -> None:
    for truths in pairs(TRUTHS, repeat=3):
        for count in range(5):
            outcomes = set()
            for completion in pairs((False, True), repeat=3):
                settled = zip(truths, completion, strict=True)
                if all(KLEENE[truth] in (None, value) for truth, value in settled):
                    outcomes.add(sum(completion) >= count)
            expected = outcomes.pop() if len(outcomes) == 1 else None
            assert KLEENE[at_least(count, truths)] is expected


def test_conditions_are_put_together_by_the_tables() -> None:
    facts = {"t": True, "f": False}
    test = {
        name: Test(name, "is", FactRef(name), (Constant(True),)) for name in ("t", "f", "unknown")
    }
    holds, fails, unknown = test["t"], test["f"], test["unknown"]

    assert truth_of(All((holds, unknown)), facts) == UNKNOWN
    assert truth_of(All((fails, unknown)), facts) == FAILS
    assert truth_of(AnyOf((holds, unknown)), facts) == HOLDS
    assert truth_of(AnyOf((fails, unknown)), facts) == UNKNOWN
    assert truth_of(Not(unknown), facts) == UNKNOWN
    assert truth_of(Not(fails), facts) == HOLDS
    assert truth_of(AtLeast(2, (holds, unknown, fails)), facts) == UNKNOWN
    assert truth_of(AtLeast(1, (holds, unknown, fails)), facts) == HOLDS
    assert truth_of(AtLeast(3, (holds, unknown, fails)), facts) == FAILS
