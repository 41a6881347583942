"""Numbers of the solver are read whole, of any length."""

from __future__ import annotations

from fractions import Fraction

import pytest
import z3

from payer_policy.engines.symbolic.logic import number_in

MANY = 8000
"""More digits than the texts that Python reads as numbers have."""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-7", -7),
        ("1" + "0" * MANY, 10**MANY),
        ("-1" + "0" * MANY, -(10**MANY)),
        ("1/3", Fraction(1, 3)),
        ("-1/1" + "0" * MANY, Fraction(-1, 10**MANY)),
        ("2" + "0" * MANY + "/2", 10**MANY),
    ],
    ids=["zero", "negative", "long", "long and negative", "third", "long part", "whole"],
)
def test_numbers_of_the_solver(text: str, value: int | Fraction) -> None:
    solver, term = z3.Solver(), z3.Real("x")
    solver.add(term == z3.RealVal(text))
    assert solver.check() == z3.sat
    found = number_in(solver.model(), term)
    assert found == value and type(found) is type(value)


def test_a_long_whole_number() -> None:
    solver, term = z3.Solver(), z3.Int("x")
    solver.add(term == z3.IntVal("1" + "0" * MANY))
    assert solver.check() == z3.sat
    assert number_in(solver.model(), term) == 10**MANY
