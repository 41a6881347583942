"""A small policy whose every change is noticed; leave a scenario out, and just what it shows survives."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.analysis.mutants import KINDS, Mutant, changed_library, mutants_of
from payer_policy.analysis.mutation import (
    Judge,
    Setup,
    Verdict,
    run_mutants,
    sample,
)
from payer_policy.analysis.scenario_run import ScenarioRun, ScenariosFail
from payer_policy.analysis.verdicts import Differs, NotProved, Proved
from payer_policy.cli import payer_policy
from payer_policy.core.ruleset import Ruleset
from payer_policy.policy.loading import open_library
from payer_policy.specs.reading import features_in

DATA = Path(__file__).with_name("data") / "small"
POLICIES, FEATURES = DATA / "policies", DATA / "features"
SETUP = Setup(POLICIES, tuple(features_in([FEATURES])), DATA)


@pytest.fixture(scope="module")
def mutants() -> list[Mutant]:
    return mutants_of(open_library(POLICIES), POLICIES)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return SETUP.judge()


def survivors(judge: Judge, mutants: Iterable[Mutant]) -> list[str]:
    return [one.mutant.text for one in map(judge, mutants) if one.status == "survivor"]


def without(judge: Judge, *names: str) -> Judge:
    """The same with some scenarios left out."""
    played = judge.played
    kept = [
        index for index, script in enumerate(played.scripts) if script.place.scenario not in names
    ]
    assert len(kept) == len(played.scripts) - len(names)
    now = {index: at for at, index in enumerate(kept)}
    return Judge(
        ScenarioRun(
            played.engine,
            tuple(played.scripts[index] for index in kept),
            tuple(
                replace(seen, script=now[seen.script]) for seen in played.seen if seen.script in now
            ),
        )
    )


def test_every_kind_of_change_is_made_and_noticed(judge: Judge, mutants: list[Mutant]) -> None:
    verdicts = [judge(mutant) for mutant in mutants]

    assert survivors(judge, mutants) == []
    assert {one.mutant.kind for one in verdicts if one.status == "killed"} == set(KINDS)


SHOWN_BY = {
    "In order, with three units": [
        "`too-many`: `units.billed` more_than the parameter most_units → at_least",
    ],
    "Nothing is discarded": [
        "`waste-not-paid`: `units.discarded` more_than 0 → at_least",
        "`waste-not-paid`: `units.discarded` more_than 0: 0 → -1",
    ],
    "Eleven weeks are too short": [
        "`oral-first`: deny: group CO → PR",
        "`oral-first`: deny: without CARC 50",
        "`oral-first`: deny: without RARC N386",
    ],
    "Adequate therapy is no failure, however long": [
        "`oral-failed`: without `oral.outcome` is inadequate",
    ],
    "Refused": ["`oral-failed`: `oral.outcome` in [not_tolerated, refused] without refused"],
    "The length is not known": [
        "the information request: group CO → PR",
        "the information request: without CARC 252",
        "the information request: without RARC N706",
        "`oral-first`: if_unknown: pend → assume_not_holding",
    ],
    "An emergency excuses": [
        "`emergency-excuses`: the rule is dropped",
        "`emergency-excuses`: it no longer overrides `oral-first`",
    ],
    "Four units are reduced to three": [
        "parameter most_units: 3 → 4",
        "`too-many`: reduce → deny",
        "`too-many`: reduce: group CO → PR",
        "`too-many`: reduce: without CARC 151",
        "`too-many`: reduce: without RARC N362",
        "`too-many`: to: round_down → round_up",
    ],
    "The number of units is not known": ["`too-many`: if_unknown: pend → assume_not_holding"],
    "Two risks are looked at: one alone": ["`at-risk`: at least 2 of 3 → at least 1"],
    "Discarded units are not paid, the others are": [
        "`waste-not-paid`: `units.discarded` more_than 0: 0 → 1",
        "`waste-not-paid`: deny → pend",
        "`waste-not-paid`: on: discarded → service",
        "`waste-not-paid`: on: discarded → administered",
        "`waste-not-paid`: deny: group CO → PR",
        "`waste-not-paid`: deny: without CARC 151",
    ],
    "How much was discarded is not known": [
        "`waste-not-paid`: if_unknown: pend → assume_not_holding",
    ],
    "Under the other payer waste is paid": ["rule `waste-not-paid` is no longer withdrawn"],
    "Anaemia is looked at from July: D51.9 on 2024-07-01": ["code set anaemia without D51.9"],
    "Anaemia on the last day of June": [
        "`anaemia-reviewed`: first day in force 2024-07-01 → 2024-06-30",
    ],
    "Another payer's first day": ["first day in force 2024-01-01 → 2024-01-02"],
    "The day before it": ["first day in force 2024-01-01 → 2023-12-31"],
}
"""Scenarios with the changes that nothing but they notice."""


@pytest.mark.parametrize("name", SHOWN_BY)
def test_a_missing_scenario_leaves_its_survivors_and_no_others(
    name: str, judge: Judge, mutants: list[Mutant]
) -> None:
    assert survivors(without(judge, name), mutants) == SHOWN_BY[name]


SEVERAL = {
    "negated test": (
        ("Discarded units are not paid, the others are", "Nothing is discarded"),
        "`waste-not-paid`: `units.discarded` more_than 0 → not",
    ),
    "all and any": (
        ("Adequate therapy is no failure, however long", "Eleven weeks are too short",
         "It is denied", "An emergency excuses", "The length is not known"),
        "`oral-failed`: all of (`oral.outcome` is inadequate, `oral.weeks` at_least 12) → any",
    ),
    "default": (
        ("Adequate therapy is no failure, however long", "Eleven weeks are too short", "It is denied"),
        "`oral.failed` otherwise false → true",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEVERAL)
def test_what_several_scenarios_notice_survives_without_them_all(
    kind: str, judge: Judge, mutants: list[Mutant]
) -> None:
    names, text = SEVERAL[kind]

    assert next(one.kind for one in mutants if one.text == text) == kind
    assert text in survivors(without(judge, *names), mutants)
    assert text not in survivors(without(judge, *names[1:]), mutants)


def test_a_concluded_value_survives_where_it_is_never_concluded(
    judge: Judge, mutants: list[Mutant]
) -> None:
    concluding = [
        judge.played.scripts[seen.script].place.scenario
        for seen in judge.played.seen
        if seen.known().get("oral.failed") is True
    ]
    left = survivors(without(judge, *dict.fromkeys(concluding)), mutants)

    assert "`oral-failed`: concludes oral.failed: true → false" in left


def test_the_scenario_that_notices_and_the_place_of_the_change_are_told(
    judge: Judge, mutants: list[Mutant]
) -> None:
    text = "`too-many`: `units.billed` more_than the parameter most_units → at_least"
    mutant = next(one for one in mutants if one.text == text)
    killer = judge(mutant).killed_by
    line = mutant.location.start.line if mutant.location.start else 0
    file = POLICIES / "plain-health/vitamin-b12/2024-01-01.json"

    assert killer is not None
    assert killer.scenario == "In order, with three units"
    assert mutant.location.file == file.as_posix()
    assert "most_units" in file.read_text().splitlines()[line - 1]


def test_a_change_is_made_once_for_all_policies_that_inherit_it(mutants: list[Mutant]) -> None:
    library = open_library(POLICIES)
    mutant = next(one for one in mutants if one.text.endswith("at_least 12: 12 → 13"))
    changed = changed_library(library, mutant)

    for address in library.addresses():
        first, _, _ = library.windows(address)[0]
        ruleset, other = library.ruleset(address, first), changed.ruleset(address, first)
        assert ruleset is not None and other is not None
        differing = [
            one.id for one in ruleset.rules if one.condition != other.rule(one.id).condition
        ]
        assert differing == ["oral-failed"]


# --- equivalence ---------------------------------------------------------------------------------


def _proved(ruleset: Ruleset, other: Ruleset) -> Proved | Differs | NotProved:
    return Proved()


def _differs(ruleset: Ruleset, other: Ruleset) -> Proved | Differs | NotProved:
    assert ruleset.rule("oral-failed") != other.rule("oral-failed")
    return Differs({"oral.weeks": 3})


def _not_proved(ruleset: Ruleset, other: Ruleset) -> Proved | Differs | NotProved:
    return NotProved("out of time")


@pytest.mark.parametrize(
    ("prove", "expected"),
    [
        (None, ("survivor", None, None)),
        (_proved, ("equivalent", "proved for every request", None)),
        (_differs, ("survivor", None, {"oral.weeks": 3})),
        (_not_proved, ("survivor", "out of time", None)),
    ],
)
def test_a_prover_is_asked_about_what_no_scenario_notices(
    prove: object, expected: tuple[object, ...], judge: Judge, mutants: list[Mutant]
) -> None:
    text = "`oral-failed`: without `oral.outcome` is inadequate"
    left = without(judge, "Adequate therapy is no failure, however long")
    left.prove = prove  # type: ignore[assignment]
    verdict = left(next(one for one in mutants if one.text == text))

    assert (verdict.status, verdict.why, verdict.facts) == expected


def test_a_change_that_reaches_no_policy_in_force_is_equivalent(
    judge: Judge, mutants: list[Mutant]
) -> None:
    verdicts = [one for one in map(judge, mutants) if one.status == "equivalent"]

    assert [(one.mutant.file, one.mutant.change, one.why) for one in verdicts] == [
        (  # its base is not in force on the day before
            "other-health/vitamin-b12/2024-01-01",
            "first day in force 2024-01-01 → 2023-12-31",
            "it changes no ruleset in force",
        )
    ]


# --- the run ---------------------------------------------------------------------------------


def test_two_processes_give_the_same_verdicts_as_one(mutants: list[Mutant]) -> None:
    def told(verdicts: Iterable[Verdict]) -> list[tuple[object, ...]]:
        return [(one.mutant, one.status, one.killed_by, one.policy) for one in verdicts]

    one, two = run_mutants(SETUP, mutants, jobs=1), run_mutants(SETUP, mutants, jobs=2)

    assert len(mutants) >= 64  # fewer are not shared out
    assert told(one.verdicts) == told(two.verdicts)
    assert one.scenarios == two.scenarios > 0


def test_a_sample_is_the_same_each_time_and_only_grows_with_its_share(
    mutants: list[Mutant],
) -> None:
    half = sample(mutants, 2)

    assert half == sample(mutants, 2)
    assert 0 < len(half) < len(mutants)
    assert [one for one in sample(mutants[: len(mutants) // 2], 2) if one not in half] == []
    assert sample(mutants, 1) == mutants


@pytest.mark.parametrize("jobs", [1, 2])
def test_scenarios_that_fail_already_are_told(
    jobs: int, tmp_path: Path, mutants: list[Mutant]
) -> None:
    feature = tmp_path / "wrong.feature"
    text = (
        (FEATURES / "b12.feature")
        .read_text()
        .replace("Then it is denied", "Then it is approved", 1)
    )
    feature.write_text(text)

    with pytest.raises(ScenariosFail) as caught:
        run_mutants(Setup(POLICIES, (feature,), tmp_path), mutants, jobs=jobs)

    assert caught.value.failed == 1
    assert "Then it is approved" in caught.value.first


# --- the command ---------------------------------------------------------------------------------


def mutate(*arguments: str) -> Result:
    return CliRunner().invoke(
        payer_policy,
        ["mutate", "--policies", str(POLICIES), *arguments],
        catch_exceptions=False,
    )


def test_the_command_tells_the_survivors_and_what_would_notice_them(tmp_path: Path) -> None:
    feature = tmp_path / "b12.feature"
    text = (FEATURES / "b12.feature").read_text()
    start = text.index("    Scenario: Refused")
    feature.write_text(text[:start] + text[text.index("    Scenario: The length") :])
    result = mutate(str(feature))

    assert result.exit_code == 1
    assert "1 survivor." in result.output
    assert "Score: 98.9% of the changes that have an effect are noticed." in result.output
    assert (
        "`oral-failed`: `oral.outcome` in [not_tolerated, refused] without refused\n"
        "    changes plain-health/vitamin-b12 from 2024-01-01\n"
        "    would be noticed by a claim on which `oral.outcome` is refused" in result.output
    )


def test_the_command_as_json() -> None:
    result = mutate(str(FEATURES), "--json", "--quick", "3", "--policy", "plain-health/vitamin-b12")
    told = json.loads(result.output)

    assert result.exit_code == 0
    assert (told["schema"], told["survivors"], told["score"]) == (
        "payer-policy/mutation/1", 0, "100.0",
    )  # fmt: skip
    assert told["killed"] == len(told["verdicts"]) < told["mutants"]
    assert {one["file"] for one in told["verdicts"]} == {
        (POLICIES / "plain-health/vitamin-b12/2024-01-01.json").as_posix()
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere is not there"),
        (
            [str(FEATURES), "--policy", "plain-health/vitamin"],
            "`plain-health/vitamin` is not a policy; did you mean `plain-health/vitamin-b12`?",
        ),
        ([str(FEATURES), "--quick", "0"], "0 is not in the range"),
    ],
)
def test_a_wrong_call_is_told(arguments: list[str], message: str) -> None:
    result = mutate(*arguments)

    assert result.exit_code == 2
    assert message in result.output
