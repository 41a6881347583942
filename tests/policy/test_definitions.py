"""`define`: what is defined once means what it says wherever it is named, and people see its name."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from payer_policy.analysis.mutants import changed_library, mutants_of
from payer_policy.core.ruleset import Ruleset
from payer_policy.determination.english import English
from tests.policy.folders import library, policy, rule, units

DAY = date(2024, 5, 1)
NORTH = "north/iron/2024-01-01.json"
SOUTH = "south/iron/2024-01-01.json"
HALF = {"quotient": [{"parameter": "most"}, 2]}
MANY = {"fact": "units.billed", "more_than": HALF}
OLD = {"fact": "patient.age", "at_least": 65}
DEFINED: dict[str, Any] = {
    "half": {"value": HALF},
    "many": {"when": {"fact": "units.billed", "more_than": {"define": "half"}}},
    "many-or-old": {"when": {"any": [{"define": "many"}, OLD]}},
}
NAMED = {"all": [{"define": "many-or-old"}, {"not": {"define": "many"}}]}
SPELLED_OUT = {"all": [{"any": [MANY, OLD]}, {"not": MANY}]}


def ruleset(folder: Path, when: Any, address: str = "north/iron", **more: Any) -> Ruleset:
    files = {NORTH: policy("2024-01-01", parameters=units(8), rules=[rule("a", when=when)], **more)}
    made = library(folder, files).ruleset(address, DAY)
    assert made is not None
    return made


def test_a_definition_means_what_it_says(tmp_path: Path) -> None:
    named = ruleset(tmp_path / "named", NAMED, define=DEFINED)
    plain = ruleset(tmp_path / "plain", SPELLED_OUT)

    assert named.rules == plain.rules
    assert named.hash == plain.hash


def test_people_see_its_name(tmp_path: Path) -> None:
    made = ruleset(tmp_path, NAMED, define=DEFINED)

    item = English(made).condition(made.rules[0].condition)

    either, neither = item.items
    assert either.text == "any of these is true (definition many-or-old):"
    half = "8 billing units (parameter most) divided by 2 (definition half)"
    assert either.items[0].text == f"the units billed are more than {half} (definition many)"
    assert neither.text == f"the units billed are at most {half} (definition many)"


def test_an_overlay_defines_anew_what_the_rules_of_its_base_name(tmp_path: Path) -> None:
    overlay = policy("2024-01-01", extends="north/iron", define={"half": {"value": 3}}, rules=[])
    files = {
        NORTH: policy(
            "2024-01-01", parameters=units(8), define=DEFINED, rules=[rule("a", when=NAMED)]
        ),
        SOUTH: overlay,
    }
    made = library(tmp_path, files)

    base, south = (made.ruleset(address, DAY) for address in ("north/iron", "south/iron"))

    assert base is not None and south is not None
    assert base.rules != south.rules
    three = ruleset(
        tmp_path / "three",
        {"all": [{"any": [{**MANY, "more_than": 3}, OLD]}, {"not": {**MANY, "more_than": 3}}]},
    )
    assert south.rules == three.rules


def test_two_policies_define_anew_in_the_same_words_what_means_different_things(
    tmp_path: Path,
) -> None:
    limit = {"define": "limit"}
    module = policy("2024-01-01", abstract=True, define={"limit": {"value": 1}})
    module["rules"] = [rule("a", when={"fact": "units.billed", "more_than": limit})]
    del module["applies_to"]

    def uses(most: int) -> dict[str, Any]:
        return policy(
            "2024-01-01",
            extends="general/doses",
            applies_to={"fact": "drug.code", "in": ["J1756"]},
            parameters=units(most),
            define={"limit": {"value": {"parameter": "most"}}},
            rules=[],
        )

    files = {"general/doses/2024-01-01.json": module, NORTH: uses(8), SOUTH: uses(9)}
    made = library(tmp_path, files)

    north, south = (made.ruleset(address, DAY) for address in ("north/iron", "south/iron"))

    assert north is not None and south is not None
    assert north.rules[0].condition != south.rules[0].condition


def test_small_changes_of_a_definition_are_made_where_it_is_written(tmp_path: Path) -> None:
    files = {
        NORTH: policy(
            "2024-01-01", parameters=units(8), define=DEFINED, rules=[rule("a", when=NAMED)]
        )
    }
    made = library(tmp_path, files)

    mutants = [
        one
        for one in mutants_of(made, tmp_path / "policies")
        if one.path[0] == "define" and one.path[1] in ("half", "many")
    ]

    changes = {one.change for one in mutants}
    assert "definition half: 2 → 3" in changes
    assert "`units.billed` more_than the definition half → at_least" in changes
    before = made.ruleset("north/iron", DAY)
    for mutant in mutants:
        after = changed_library(made, mutant).ruleset("north/iron", DAY)
        assert after is not None and before is not None
        assert after.rules != before.rules, mutant.change
