"""Two versions of a small policy: each planted change is shown, a mere rewrite is proved to be one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy.analysis.compare import Comparison, Side, common_windows, compare
from payer_policy.analysis.witness import outcome_of
from payer_policy.cli import payer_policy
from payer_policy.core.vocabulary.outcome import CARC, DECISION
from payer_policy.engine import Engine
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from tests.policy.checks.building import build

POLICY = "north/iron/2024-01-01.json"
SOUTH = "south/iron/2024-01-01.json"
WEEKS = '{"fact": "oral.weeks", "at_least": {"parameter": "oral_weeks"}}'
LIMIT = '"when": {"fact": "units.billed", "more_than": {"parameter": "most_units"}},'
FIRST = '{"fact": "therapy.phase", "is": "first"},\n          {"fact": "oral.tried", "is": false}'
NOT_TOLERATED = '{"fact": "oral.outcome", "is": "not_tolerated"}'
TITLE = '"title": "Oral iron comes first",'


def edits(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"edit": {POLICY: [list(pair) for pair in pairs]}}


def more(**rule: Any) -> dict[str, Any]:
    return {"add_rules": {POLICY: [{"title": "A rule", "cites": ["manual"], **rule}]}}


REWRITES: Mapping[str, dict[str, Any]] = {
    "nothing": {},
    "another title": edits((TITLE, '"title": "Iron by mouth comes first",')),
    "the parts in another order": edits(
        (FIRST, '{"fact": "oral.tried", "is": false},\n {"fact": "therapy.phase", "is": "first"}')
    ),
    "De Morgan": edits(
        (
            FIRST,
            '{"not": {"any": [{"not": {"fact": "therapy.phase", "is": "first"}},'
            ' {"not": {"fact": "oral.tried", "is": false}}]}}',
        )
    ),
    "a value instead of all others": edits(
        (
            '{"fact": "therapy.phase", "is": "first"}',
            '{"fact": "therapy.phase", "not_in": ["repeat", "rescue"]}',
        )
    ),
    "more than one less": edits((WEEKS, '{"fact": "oral.weeks", "more_than": 5}')),
    "a bound the other way round": edits(
        (WEEKS, '{"not": {"fact": "oral.weeks", "less_than": {"parameter": "oral_weeks"}}}')
    ),
    "one test as two": edits(
        (
            NOT_TOLERATED,
            '{"all": [{"fact": "oral.outcome", "in": ["not_tolerated", "failed"]},'
            ' {"fact": "oral.outcome", "is_not": "failed"}]}',
        )
    ),
    "arithmetic": edits(
        (LIMIT, '"when": {"fact": "units.billed", "more_than": {"product": [3, 100]}},')
    ),
}
"""Edits that change how a policy reads, and nothing that it decides."""

DENY = {"deny": {"group": "CO", "carc": "50", "rarc": ["N130"], "because": "No."}}
CHANGES: Mapping[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "a week more": (
        edits((WEEKS, '{"fact": "oral.weeks", "at_least": 7}')),
        # Where the phase is not known, who was approved now waits for it.
        {("approve", "deny"), ("pend", "deny"), ("approve", "pend")},
    ),
    "a week less": (
        edits((WEEKS, '{"fact": "oral.weeks", "at_least": 5}')),
        {("deny", "approve"), ("deny", "pend"), ("pend", "approve")},
    ),
    "another CARC": (edits(('"carc": "50"', '"carc": "16"')), {("deny", "deny")}),
    "a RARC more": (edits(('"rarc": ["N130"]', '"rarc": ["N130", "N706"]')), {("deny", "deny")}),
    "a pend instead of a denial": (
        edits(('        "deny": {\n', '        "pend": {\n')),
        {("deny", "pend")},
    ),
    "unknown is assumed away": (
        edits((TITLE, TITLE + ' "if_unknown": "assume_not_holding",')),
        {("pend", "approve")},
    ),
    "help counts": (
        edits((NOT_TOLERATED, '{"fact": "oral.outcome", "in": ["not_tolerated", "helped"]}')),
        {("deny", "approve"), ("deny", "pend"), ("pend", "approve")},
    ),
    "the phase is not asked": (
        edits((FIRST, '{"fact": "oral.tried", "is": false}')),
        {("approve", "deny"), ("pend", "deny"), ("approve", "pend")},
    ),
    "a new denial": (
        more(id="old", when={"fact": "patient.age", "at_least": 65}, then=DENY),
        {("approve", "deny"), ("approve", "pend"), ("pend", "deny")},
    ),
    "a new review": (
        more(
            id="old",
            when={"fact": "patient.age", "at_least": 65},
            then={"pend": {"because": "Look."}},
        ),
        {("approve", "pend")},
    ),
    "a note": (
        more(
            id="old",
            when={"fact": "patient.age", "at_least": 65},
            then={"advise": {"because": "Be kind."}},
        ),
        set(),
    ),
    "an override": (
        more(
            id="kind",
            when={"fact": "patient.pregnant", "is": True},
            then={"advise": {"because": "Be kind."}},
            overrides=["oral-iron-first"],
        ),
        {("deny", "approve"), ("deny", "pend"), ("pend", "approve")},
    ),
    "a limit gone": (
        edits((LIMIT, '"when": {"fact": "units.billed", "more_than": 100000},')),
        # A reduction is found on a denied service too, so its reason goes there as well.
        {("pend", "approve"), ("pend", "pend"), ("deny", "deny")},
    ),
    "another amount": (
        edits(('"to": {"parameter": "most_units"}', '"to": 200')),
        {("pend", "pend")},
    ),
    "a rule that can never hold, and may be open": (
        more(
            id="odd",
            when={
                "all": [
                    {"fact": "therapy.phase", "is": "first"},
                    {"fact": "therapy.phase", "is": "repeat"},
                ]
            },
            then={"pend": {"because": "No."}},
        ),
        # Nobody knows the phase: Kleene's rules leave it open, though neither way it can hold.
        {("approve", "pend")},
    ),
    "another outcome is meant": (
        edits((NOT_TOLERATED, '{"fact": "oral.outcome", "is": "failed"}')),
        {
            (one, other)
            for one in ("approve", "deny", "pend")
            for other in ("approve", "deny", "pend")
            if one != other
        },
    ),
}
"""Edits with the kinds of change that they make: decision before, decision now."""


def built(folder: Path, case: dict[str, Any]) -> Engine:
    build(case, folder)
    return Engine.open(folder)


def compared(tmp_path: Path, case: dict[str, Any]) -> Comparison:
    old, new = built(tmp_path / "old", {}), built(tmp_path / "new", case)
    ((first, _),) = common_windows(old.library, new.library, "north/iron")
    return compare(Side(old, "north/iron", first), Side(new, "north/iron", first))


@pytest.mark.parametrize("name", REWRITES)
def test_a_rewrite_is_proved_to_be_one(name: str, tmp_path: Path) -> None:
    result = compared(tmp_path, REWRITES[name])

    assert (result.verdict, result.changes, result.why) == ("equivalent", (), None)
    assert bool(result.text) == (name != "nothing")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_shown_by_requests_that_both_engines_decide(name: str, tmp_path: Path) -> None:
    case, kinds = CHANGES[name]
    result = compared(tmp_path, case)

    assert {(change.old, change.new) for change in result.changes} == kinds
    assert result.verdict == ("different" if kinds else "equivalent")
    assert result.text
    old, new = Engine.open(tmp_path / "old"), Engine.open(tmp_path / "new")
    for change in result.changes:
        for engine, wanted, case_ in (
            (old, change.old, change.before),
            (new, change.new, change.after),
        ):
            made = engine.decide(case_.request).determinations
            assert case_.parts is not None or case_.determination in made
            assert outcome_of(case_.determination)[DECISION] == wanted
        assert (
            change.reasons_gone
            or change.reasons_come
            or change.old != change.new
            or (name == "another amount")
        )
        if change.after.parts is not None:
            continue  # facts alone do not say on which lines a finding falls
        file = tmp_path / "shown.feature"
        file.write_text(f"Feature: {name}\n\n{change.scenario}", "utf-8")
        for script in scripts_of(read_feature(file, file.name)):
            assert replay(script, new).failure is None


def test_reasons_that_come_and_go_are_named(tmp_path: Path) -> None:
    result = compared(tmp_path, CHANGES["another CARC"][0])

    (change,) = result.changes
    assert change.reasons_gone == ("deny CO 50 N130 by oral-iron-first",)
    assert change.reasons_come == ("deny CO 16 N130 by oral-iron-first",)
    assert outcome_of(change.after.determination)[CARC] == frozenset({"16"})
    assert [(one.subject, one.name, one.new) for one in result.text] == [
        ("rule", "oral-iron-first", "Oral iron comes first (its reason codes)")
    ]


def test_two_policies_of_one_folder_are_compared_by_the_same_request(tmp_path: Path) -> None:
    engine = built(tmp_path / "both", {})
    day = engine.library.windows("north/iron")[0][0]
    result = compare(Side(engine, "north/iron", day), Side(engine, "south/iron", day))

    assert result.verdict == "different"  # twelve weeks there, six here
    assert ("approve", "deny") in {(change.old, change.new) for change in result.changes}
    for change in result.changes:
        assert change.before.decided.ruleset.policy == "north/iron"
        assert change.after.decided.ruleset.policy == "south/iron"


# --- the command -----------------------------------------------------------------------------------


def command(*words: str) -> Result:
    return CliRunner().invoke(payer_policy, ["compare", "--jobs", "1", *words])


def test_the_command_for_people_and_for_programs(tmp_path: Path) -> None:
    built(tmp_path / "old", {})
    built(tmp_path / "new", CHANGES["another CARC"][0])
    folders = [str(tmp_path / "old"), str(tmp_path / "new")]

    text = command(*folders, "--brief")
    made = json.loads(command(*folders, "--json").output)
    alike = command(folders[0], folders[0])

    assert (text.exit_code, alike.exit_code) == (1, 0)
    assert "now:       deny CO 16 N130 by oral-iron-first" in text.output
    assert "equivalent, proved" in alike.output
    assert made["schema"] == "payer-policy/compare/1"
    assert {one["verdict"] for one in made["comparisons"]} == {"different"}
    assert all(one["changes"][0]["scenario"] for one in made["comparisons"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["north/iron@2024-03-01", "here"], "two folders, or two policies"),
        (["north/iron@2024-03-01", "north/iron@soon"], "neither a folder of policies nor"),
        (["north/iron@2024-03-01", "north/irn@2024-03-01"], "did you mean `north/iron`?"),
        (["north/iron@2024-03-01", "north/iron@2023-03-01"], "is not in force on 2023-03-01"),
    ],
)
def test_a_wrong_call_is_told(words: list[str], said: str, tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    built(folder, {})
    words = [str(folder) if word == "here" else word for word in words]
    result = command(*words, "--policies", str(folder))

    assert result.exit_code == 2, result.output
    assert said in result.output


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "integer", "otherwise": 0},
        {"type": "decimal", "unit": "mcg", "otherwise": 1},
        {"type": "date", "otherwise": "2024-01-01"},
        {"type": "integer"},
    ],
)
def test_a_derived_fact_that_no_rule_reads_changes_no_comparison(
    declared: dict[str, Any], tmp_path: Path
) -> None:
    day, found = date(2024, 6, 3), []
    most = {"label": "the most", "derived": True, **declared}
    for name, add_facts in (("without", {}), ("beside", {"limit.most": most})):
        build({"add_facts": add_facts}, tmp_path / name)
        engine = Engine.open(tmp_path / name)
        sides = (Side(engine, address, day) for address in ("north/iron", "south/iron"))
        found.append(compare(*sides))

    assert [one.verdict for one in found] == ["different", "different"]
    without, beside = ({(one.old, one.new) for one in made.changes} for made in found)
    assert without == beside
