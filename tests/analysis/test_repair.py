"""What would get a request approved: each set does it, and no part of a set does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.analysis.repair import SUBMITTERS, Repairs, repairs
from payer_policy.analysis.settled import Open
from payer_policy.cli import payer_policy
from payer_policy.core.vocabulary.types import to_json
from payer_policy.engine import Engine
from payer_policy.request.models import Request
from tests.places import POLICIES

DAY = "2025-03-04"

REFILL: Mapping[str, Any] = {
    "id": "SYN-REPAIR",
    "coverage": {"payer": "medicare", "line_of_business": "medicare"},
    "diagnoses": ["G82.51"],
    "lines": [
        {"code": "J0945", "units": 4, "modifiers": ["JZ"], "place_of_service": "11", "date": DAY},
        {"code": "62370", "units": 1, "place_of_service": "11", "date": DAY},
    ],
}
ADVANCE: Mapping[str, Any] = {
    "id": "SYN-ADVANCE",
    "kind": "preauthorization",
    "coverage": {"payer": "medicare", "line_of_business": "medicare"},
    "diagnoses": ["G82.51"],
    "facts": {"drug.code": "J0945", "service.date": DAY, "therapy.phase": "initial"},
}


def changed(request: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(request)), **fields}


def with_facts(**facts: Any) -> dict[str, Any]:
    named = {name.replace("__", "."): value for name, value in facts.items()}
    return changed(ADVANCE, facts={**ADVANCE["facts"], **named})


CASES: Mapping[str, dict[str, Any]] = {
    "no JZ": changed(REFILL, lines=[{**REFILL["lines"][0], "modifiers": []}, REFILL["lines"][1]]),
    "no diagnosis": {k: v for k, v in REFILL.items() if k != "diagnoses"},
    "another diagnosis": changed(REFILL, diagnoses=["M54.5"]),
    "nothing of the trial": dict(ADVANCE),
    "all but the trial": with_facts(
        oral_therapy__outcome="not_tolerated",
        oral_therapy__duration=50,
        contraindication__hypersensitivity=False,
        contraindication__active_infection=False,
        contraindication__body_too_small=False,
        contraindication__device_crosstalk=False,
    ),
    "a void": changed(REFILL, frequency="8", original_id="SYN-0"),
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def found(engine: Engine, told: Mapping[str, Any]) -> tuple[Request, Repairs]:
    request = Request.model_validate(told)
    decided, _ = engine.decide_fully(request)
    return request, repairs(engine, request, decided[0])


def again(engine: Engine, told: Mapping[str, Any], values: Mapping[str, Any]) -> str:
    """The decision with more facts, where a request can say them beside its form."""
    more = changed(told, facts={**told.get("facts", {}), **values})
    return engine.decide(more).determinations[0].decision


@pytest.mark.parametrize("name", CASES)
def test_a_set_does_it_and_no_part_of_it_does(engine: Engine, name: str) -> None:
    told = CASES[name]
    _, result = found(engine, told)
    for repair in result.repairs:
        assert repair.determination.decision == repair.decision == "approve"
        assert all(step.fact.supplied_by in SUBMITTERS for step in repair.steps)
        if any(
            step.kind == "correct" or "request" in (step.fact.source or {}) for step in repair.steps
        ):
            continue
        values = {step.fact.name: to_json(step.value) for step in repair.steps}
        if repair.how == "request":
            assert again(engine, told, values) == "approve"
        for size in range(len(values)):
            for part in combinations(sorted(values), size):
                assert again(engine, told, {one: values[one] for one in part}) != "approve"


def test_the_missing_modifier_is_the_one_thing_to_correct(engine: Engine) -> None:
    _, result = found(engine, CASES["no JZ"])

    (repair,) = result.repairs
    assert [(s.kind, s.fact.name, s.was, s.value) for s in repair.steps] == [
        ("correct", "modifiers.jz_missing_on_a_line", True, False)
    ]
    assert repair.how == "facts"
    assert [rule.rule for rule in result.against] == ["jz-missing"]
    assert result.against[0].citations


def test_what_is_missing_is_asked_for_and_nothing_said_is_questioned(engine: Engine) -> None:
    _, result = found(engine, CASES["all but the trial"])

    assert result.determination.decision == "pend"
    assert result.settled is None
    assert [[(s.kind, s.fact.name) for s in one.steps] for one in result.repairs] == [
        [("supply", "trial.response")]
    ]
    assert result.repairs[0].steps[0].value == "favorable"


def test_many_missing_facts_are_found_together(engine: Engine) -> None:
    _, result = found(engine, CASES["nothing of the trial"])

    assert result.repairs
    assert all(len(one.steps) >= 5 for one in result.repairs)
    assert all(step.kind == "supply" for one in result.repairs for step in one.steps)


def test_an_approved_request_needs_nothing(engine: Engine) -> None:
    _, result = found(engine, REFILL)

    assert (result.determination.decision, result.repairs, result.settled) == (
        "approve",
        (),
        "approve",
    )


def test_what_only_the_payer_knows_is_named(engine: Engine) -> None:
    question = {
        "id": "SYN-Q",
        "coverage": {"payer": "commercial-strict", "line_of_business": "commercial"},
        "facts": {"drug.code": "J0945", "service.date": "2025-11-03"},
    }
    _, result = found(engine, question)

    assert result.repairs == ()
    assert result.why is not None
    assert "authorization.on_file" in result.why


# --- what is settled, exactly ----------------------------------------------------------------------


def exactly(engine: Engine, told: Mapping[str, Any]) -> Any:
    decided, _ = engine.decide_fully(told)
    return decided[0].determination, Open(engine, decided[0]).exactly()


@pytest.fixture
def either_way(tmp_path: Path) -> Engine:
    """A policy that denies surgery, and denies all others: nothing is left to find out."""
    folder = tmp_path / "policies"
    shutil.copytree(Path(__file__).with_name("data") / "small" / "policies", folder)
    shutil.rmtree(folder / "other-health")
    file = folder / "plain-health" / "vitamin-b12" / "2024-01-01.json"
    policy = json.loads(file.read_text("utf-8"))
    policy["parameters"] = {}
    policy["rules"] = [
        {
            "id": f"surgery-{surgery}".lower(),
            "title": "Denied in any case",
            "cites": ["b12"],
            "when": {"fact": "risk.surgery", "is": surgery},
            "then": {"deny": {"group": "CO", "carc": "50", "rarc": ["N386"], "because": "No."}},
        }
        for surgery in (True, False)
    ]
    file.write_text(json.dumps(policy), "utf-8")
    return Engine.open(folder)


B12: Mapping[str, Any] = {
    "id": "SYN-B12",
    "coverage": {"payer": "plain-health", "line_of_business": "commercial"},
    "facts": {"drug.code": "J3420", "service.date": "2024-03-04"},
}


def test_a_case_can_be_settled_though_no_rule_is(either_way: Engine) -> None:
    determination, exact = exactly(either_way, B12)

    assert (determination.decision, [q.fact for q in determination.missing]) == (
        "pend",
        ["risk.surgery"],
    )
    assert (exact.possible, exact.settled, exact.missing) == (("deny",), "deny", ())


def test_decide_exact_says_what_is_settled(either_way: Engine, tmp_path: Path) -> None:
    claim = tmp_path / "claim.json"
    claim.write_text(json.dumps(B12), "utf-8")
    call = ["decide", str(claim), "--policies", str(tmp_path / "policies")]
    plain = CliRunner().invoke(payer_policy, call).output
    result = CliRunner().invoke(payer_policy, [*call, "--exact"])
    made = json.loads(CliRunner().invoke(payer_policy, [*call, "--exact", "--json"]).output)

    assert "Was there surgery?" in plain
    assert "Was there surgery?" not in result.output
    assert "whatever the missing facts are, it will be denied" in result.output
    assert made["exact"] == [{"possible": ["deny"], "missing": []}]
    assert made["determinations"][0]["missing"] == []


def test_every_question_that_is_kept_can_matter(engine: Engine) -> None:
    told = with_facts(trial__response="favorable")
    determination, exact = exactly(engine, told)
    asked = [question.fact for question in determination.missing]

    assert determination.decision == "pend"
    # It pends where a clinician must confirm a denial.
    assert set(exact.possible) == {"approve", "deny", "pend"}
    assert set(exact.missing) <= set(asked)
    assert {"oral_therapy.outcome", "contraindication.active_infection"} <= set(exact.missing)


@pytest.mark.parametrize("as_json", [False, True])
def test_the_command_says_what_to_supply(tmp_path: Path, as_json: bool) -> None:
    claim = tmp_path / "claim.json"
    claim.write_text(json.dumps(CASES["no JZ"]), "utf-8")
    options = ["--json"] if as_json else []
    result = CliRunner().invoke(
        payer_policy, ["repair", str(claim), "--policies", str(POLICIES), *options]
    )
    assert result.exit_code == 0, result.output
    if as_json:
        made = json.loads(result.output)
        assert made["schema"] == "payer-policy/repair/1"
        assert made["repairs"][0]["steps"][0]["supplied_by"] == "biller"
    else:
        assert "correct whether an administered line has no JZ: no (now yes)" in result.output


def run(tmp_path: Path, told: Mapping[str, Any]) -> Any:
    claim = tmp_path / "claim.json"
    claim.write_text(json.dumps(told), "utf-8")
    return CliRunner().invoke(payer_policy, ["repair", str(claim), "--policies", str(POLICIES)])


def test_the_command_ends_with_1_where_nothing_helps(tmp_path: Path) -> None:
    question = {
        "id": "SYN-Q",
        "coverage": {"payer": "commercial-strict", "line_of_business": "commercial"},
        "facts": {"drug.code": "J0945"},
    }
    result = run(tmp_path, question)

    assert result.exit_code == 1
    assert "No way found: nothing that a submitter can supply or correct" in result.output


def test_a_claim_without_a_policy_is_named(tmp_path: Path) -> None:
    result = run(tmp_path, {**REFILL, "lines": [{"code": "J1100", "units": 1, "date": DAY}]})

    assert (result.exit_code, result.output) == (1, "NO POLICY  SYN-REPAIR: nothing to repair\n\n")


def test_the_command_ends_with_2_where_the_input_is_wrong(tmp_path: Path) -> None:
    result = run(tmp_path, {**REFILL, "frequency": "9"})

    assert result.exit_code == 2


def test_what_is_missing_of_one_of_two_services_is_supplied_on_its_line(engine: Engine) -> None:
    """Two visits on one claim: what helps the second says nothing of the first."""
    first, procedure = REFILL["lines"]
    later = {**first, "date": "2025-09-04"}
    phase = {"therapy.phase": "refill"}
    told = changed(REFILL, lines=[{**first, "facts": phase}, procedure, later])
    request = Request.model_validate(told)
    decided, _ = engine.decide_fully(request)
    result = repairs(engine, request, decided[1])

    assert [one.determination.decision for one in decided] == ["approve", "pend"]
    assert [step.fact.name for step in result.repairs[0].steps] == ["therapy.phase"]
    assert result.repairs[0].how == "request"
    assert str(result.repairs[0].determination.service_date) == "2025-09-04"
