"""`-k`: which scenarios an expression selects, and what is said where it is not one."""

from __future__ import annotations

import pytest

from payer_policy.specs.failures import Place
from payer_policy.specs.replay import Script
from payer_policy.specs.selecting import WrongExpression, select

SCRIPTS = [
    Script(Place("a/trial.feature", "A", "First refill", 3), (), ("slow",)),
    Script(Place("a/trial.feature", "A", "Second Refill", 9, (("units", "4-JZ"),), 15), ()),
    Script(Place("b/other.feature", "B", "A denial", 3), (), ("slow", "new")),
]


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ("refill", [0, 1]),
        ("REFILL and first", [0]),
        ("not refill", [2]),
        ("first or denial", [0, 2]),
        ("first or second and slow", [0]),
        ("(first or second) and slow", [0]),
        ("not (first or second)", [2]),
        ("not not first", [0]),
        ("not first and not second", [2]),
        ("slow", [0, 2]),
        ("new", [2]),
        ("4-jz", [1]),
        ("a/trial.feature", [0, 1]),
        ("order", []),
        ("nota or a-and-b", []),
        ("7 or 1 or first-1", []),
        ("nothing", []),
    ],
)
def test_the_scenarios_that_fit(expression: str, selected: list[int]) -> None:
    assert select(SCRIPTS, expression) == [SCRIPTS[at] for at in selected]


@pytest.mark.parametrize(
    "expression",
    [
        "two words", "first and", "or first", "(first or second", "first)", "not", " ", "()",
        "first (second)", "first or (second third)", "not (first) (second)",
    ],
)  # fmt: skip
def test_what_is_not_an_expression(expression: str) -> None:
    with pytest.raises(WrongExpression) as wrong:
        select(SCRIPTS, expression)
    assert f"`{expression}` is not an expression: put `and`, `or`" in str(wrong.value)
