"""`payer-policy facts` and `operators`: the dictionaries that people write rules with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import facts, operators
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.language import ARITHMETIC_ARITY
from tests.policy.checks.building import BASE

FACTS = json.loads((BASE / "vocabulary.json").read_text(encoding="utf-8"))["facts"]


def ask(*arguments: str, folder: Path = BASE) -> Result:
    return CliRunner().invoke(facts.command, [*arguments, "--policies", str(folder)])


def test_every_fact_is_there() -> None:
    result = ask("--json")

    assert result.exit_code == 0
    assert [fact["name"] for fact in json.loads(result.output)] == list(FACTS)


def test_a_group_of_facts() -> None:
    result = ask("oral")

    assert result.exit_code == 0
    assert result.output == (
        "oral.weeks: a whole number of weeks\n"
        "    the length of oral therapy\n"
        "    asks: For how many weeks was oral iron taken?\n"
        "    supplied under `facts` of the request\n"
        "oral.outcome: one of failed, not_tolerated, helped\n"
        "    the outcome of oral therapy\n"
        "    asks: What came of oral iron?\n"
        "    supplied under `facts` of the request\n"
        "oral.tried: true or false\n"
        "    whether oral iron was tried long enough\n"
        "    concluded by rules; otherwise no\n"
    )


def test_one_fact_comes_with_its_operators() -> None:
    result = ask("fatigue.grade")

    assert result.output.startswith("fatigue.grade: one in this order of none, mild, moderate, ")
    assert "    operators: is, is_not, in, not_in, at_least, " in result.output


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("oral.week", "`oral.week` is neither a fact nor a group of facts; did you mean"),
        ("zzz", "`zzz` is neither a fact nor a group of facts; groups: diagnosis, dose, drug, "),
    ],
)
def test_what_is_no_fact(name: str, said: str) -> None:
    result = ask(name)

    assert result.exit_code == 2
    assert f"Error: {said}" in result.output


def test_every_operator_is_there() -> None:
    text = CliRunner().invoke(operators.command, []).output
    made = json.loads(CliRunner().invoke(operators.command, ["--json"]).output)

    assert [entry["operator"] for entry in made] == list(OPERATORS)
    for row in OPERATORS.values():
        assert f"{row.name}\n    {row.means}\n" in text
    assert ", ".join(ARITHMETIC_ARITY) in text
    assert "facts: decimal, integer, ordered choice; right side: a value\n" in text
