"""What is counted as exercised, on a small policy of which a few things are shown by no scenario."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.analysis.coverage import KINDS, Coverage, coverage
from payer_policy.analysis.mutation import Setup
from payer_policy.analysis.scenario_run import ScenarioRun
from payer_policy.cli import payer_policy
from payer_policy.specs.reading import features_in

DATA = Path(__file__).with_name("data") / "small"
POLICIES, FEATURES = DATA / "policies", DATA / "features"
OTHER = "other-health/vitamin-b12"


@pytest.fixture(scope="module")
def played() -> ScenarioRun:
    return Setup(POLICIES, tuple(features_in([FEATURES])), DATA).judge().played


def hits(found: Coverage, kind: str, text: str) -> dict[str, int]:
    (item,) = (item for item in found.items if item.kind == kind and item.text == text)
    return item.hits


EXERCISED = {
    ("rule", "Oral therapy failed"): {"holds": 26, "does not hold": 5, "not known": 3},
    ("test", "oral.weeks at_least 12"): {"holds": 21, "does not hold": 5, "not known": 8},
    ("bound", "oral.weeks at_least 12"): {"just below": 3, "at the bound": 21, "just above": 0},
    ("bound", "units.billed more_than the parameter most_units"): {
        "just below": 4, "at the bound": 16, "just above": 2,
    },
    ("value", "oral.outcome: refused"): {"met": 3},
    ("row of a table", "table usual, row refused"): {"looked up": 3},
    ("row of a table", "table usual, otherwise"): {"looked up": 8},
    ("override", "overrides oral-first"): {"both hold but for it": 1},
    ("part of the lines", "on the discarded-drug lines"): {"holds beside other lines": 1},
    ("parameter", "parameter most_units"): {"read by a rule that is decided": 30},
}  # fmt: skip
"""How many of the 34 decisions show each side, counted by hand from the feature file."""


@pytest.mark.parametrize(("kind", "text"), EXERCISED)
def test_what_is_exercised(kind: str, text: str, played: ScenarioRun) -> None:
    assert hits(coverage(played), kind, text) == EXERCISED[kind, text]


def test_every_kind_is_counted_and_what_is_lacking_is_found(played: ScenarioRun) -> None:
    found = coverage(played)

    assert {item.kind for item in found.items} == set(KINDS)
    assert [(item.rule, item.text, item.lacking()) for item in found.items if item.lacking()] == [
        ("oral-failed", "oral.weeks at_least 12", ["just above"]),
        ("waste-not-paid", "units.discarded more_than 0", ["just below"]),
    ]
    shown, of = found.counts()
    assert (of - shown, found.percent()) == (2, 96)


def test_an_inherited_rule_counts_once_or_for_each_policy(played: ScenarioRun) -> None:
    together = hits(coverage(played), "rule", "Three a day")
    each = {
        item.policy: item.hits
        for item in coverage(played, each=True).items
        if item.text == "Three a day"
    }

    assert sorted(each) == [OTHER, "plain-health/vitamin-b12"]
    assert each[OTHER] == {"holds": 0, "does not hold": 1, "not known": 1}
    assert {goal: sum(one[goal] for one in each.values()) for goal in together} == together


def test_a_withdrawn_rule_is_not_looked_for(played: ScenarioRun) -> None:
    found = coverage(played, each=True, policies=[OTHER])

    assert {item.policy for item in found.items} == {OTHER}
    assert "waste-not-paid" not in {item.rule for item in found.items}


def cover(*arguments: str) -> Result:
    return CliRunner().invoke(
        payer_policy,
        ["cover", str(FEATURES), "--policies", str(POLICIES), *arguments],
        catch_exceptions=False,
    )


def test_the_command_tells_what_is_never_exercised_and_where() -> None:
    result = cover()
    file = (POLICIES / "plain-health/vitamin-b12/2024-01-01.json").as_posix()

    assert result.exit_code == 0
    assert result.output.startswith("36 scenarios, 34 decisions: 96% exercised (")
    assert result.output.endswith(
        "Never exercised by a scenario:\n"
        "\n"
        "  rule oral-failed\n"
        f"    {file}:26\n"
        "      no value just above: oral.weeks at_least 12\n"
        "\n"
        "  rule waste-not-paid\n"
        f"    {file}:64\n"
        "      no value just below: units.discarded more_than 0\n"
    )


@pytest.mark.parametrize(("least", "status"), [("96", 0), ("97", 1)])
def test_less_than_asked_for_is_bad_news(least: str, status: int) -> None:
    assert cover("--at-least", least).exit_code == status


def test_the_command_as_json() -> None:
    told = json.loads(cover("--json", "--each").output)

    assert told["schema"] == "payer-policy/coverage/1"
    assert told["kinds"]["rule"]["of"] == 2 * (8 + 7)  # held and failed; one rule is withdrawn
    assert {
        "kind": "value",
        "policy": OTHER,
        "rule": "oral-failed",
        "text": "oral.outcome: refused",
        "file": (POLICIES / "plain-health/vitamin-b12/2024-01-01.json").as_posix(),
        "line": 23,
        "path": "$.rules[0].when.any[0].in[1]",
        "hits": {"met": 0},
    } in told["items"]


def test_a_policy_that_is_not_there_is_told() -> None:
    result = cover("--policy", "plain-health/vitamin")

    assert result.exit_code == 2
    assert "did you mean `plain-health/vitamin-b12`?" in result.output
