"""Statements about facts that are made from one list: what no rows can do is not found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payer_policy.analysis.prove import Proof, prove
from payer_policy.engine import Engine
from tests.policy.checks.building import build

POLICY = "north/iron/2024-01-01.json"
OF_THIS = {"field": "code", "is": {"fact": "drug.code"}}


def within(weeks: int) -> dict[str, Any]:
    window = {"field": "date", "within": {"weeks": weeks, "before": {"fact": "service.date"}}}
    return {"all": [OF_THIS, window]}


def made_from(where: dict[str, Any], **how: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "decimal", "label": "a thing"}
    if "latest" in how or "earliest" in how:
        made |= {"type": "date", "can_be_none": True}
    return {**made, "from": {"records": "history", "where": where, **how}}


FACTS = {
    "iron.units": {**made_from(within(8), sum="units"), "unit": "billing units"},
    "iron.units_longer": {**made_from(within(26), sum="units"), "unit": "billing units"},
    "iron.count": {**made_from(within(8), count=True), "type": "integer"},
    "iron.last": made_from(within(8), latest="date"),
    "iron.first": made_from(within(26), earliest="date"),
}


def fact(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": name, operator: value}


LIMIT = {
    "id": "too-much", "title": "too much", "cites": ["manual"],
    "when": fact("iron.units_longer", "more_than", 10),
    "then": {"deny": {"group": "CO", "carc": "151", "rarc": ["N362"], "because": "No."}},
}  # fmt: skip
NOT_APPROVED = fact("decision", "is", "approve")
TRUE: dict[str, dict[str, Any]] = {
    "more-in-8-weeks-is-more-in-26": {
        "when": fact("iron.units", "more_than", 10),
        "never": NOT_APPROVED,
    },
    "no-units-without-a-service": {
        "when": fact("iron.count", "is", 0),
        "never": fact("iron.units", "more_than", 0),
    },
    "no-last-day-without-a-service": {
        "when": fact("iron.count", "is", 0),
        "never": fact("iron.last", "exists", True),
    },
    "first-before-last": {
        "when": fact("iron.last", "exists", True),
        "never": fact("iron.first", "after", {"fact": "iron.last"}),
    },
    "the-last-is-no-later-than-the-service": {
        "never": fact("iron.last", "after", {"fact": "service.date"}),
    },
    "denied-stays-denied": {"stays": fact("decision", "is", "deny")},
    "never-negative": {"never": fact("iron.units", "less_than", 0)},
}
FALSE: dict[str, dict[str, Any]] = {
    "more-in-26-weeks-is-more-in-8": {
        "when": fact("iron.units_longer", "more_than", 10),
        "always": fact("iron.units", "more_than", 10),
    },
    "a-service-has-units": {
        "when": fact("iron.count", "at_least", 1),
        "never": fact("iron.units", "is", 0),
    },
    "never-more-than-20": {"never": fact("iron.units_longer", "more_than", 20)},
}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Proof]:
    folder = tmp_path_factory.mktemp("lists") / "policies"
    statements = [{"id": name, "title": name, **one} for name, one in {**TRUE, **FALSE}.items()]
    case = {
        "add_facts": FACTS,
        "add_rules": {POLICY: [LIMIT]},
        "write": {"north/iron/statements.json": {"title": "Iron", "statements": statements}},
    }
    build(case, Path(folder))
    return {one.statement.id: one for one in prove(Engine.open(folder), "north/iron")}


@pytest.mark.parametrize("name", TRUE)
def test_what_holds_of_all_rows_is_proved(proofs: dict[str, Proof], name: str) -> None:
    assert (proofs[name].verdict, proofs[name].why) == ("proved", None)


@pytest.mark.parametrize("name", FALSE)
def test_what_rows_can_do_is_shown_by_a_request(proofs: dict[str, Proof], name: str) -> None:
    assert proofs[name].verdict == "broken"
