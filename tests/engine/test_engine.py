"""The engine as a service sees it: open once, decide from anywhere, the same answer every time."""

from __future__ import annotations

import copy
import json
import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy import Engine, PolicyError
from payer_policy.engines import ENGINES
from payer_policy.engines.protocol import Evaluation
from tests.places import POLICIES, ROOT


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


@pytest.fixture
def claim() -> dict[str, Any]:
    value = json.loads((ROOT / "examples" / "claims" / "refill.json").read_text("utf-8"))
    del value["$schema"]
    return dict(value)


@pytest.mark.parametrize("name", ENGINES)
def test_a_clean_refill_is_approved_on_every_engine(name: str, claim: dict[str, Any]) -> None:
    outcome = Engine.open(POLICIES, engine=name).decide(claim)

    assert outcome.decision == "approve"
    assert outcome.determinations[0].engine == name
    assert [line.allowed_units for line in outcome.determinations[0].lines] == [4]


def test_a_policy_on_a_day_decides_exact_facts(engine: Engine) -> None:
    facts = {
        "coverage.payer": "medicare",
        "coverage.line_of_business": "medicare",
        "drug.code": "J0945",
        "service.date": date(2025, 3, 4),
        "therapy.phase": "initial",
        "trial.response": "not_favorable",
        "claim.for_payment": True,  # follows from the form of a claim, and here is none
    }
    policy = engine.policy("medicare/intrathecal-baclofen", date(2025, 3, 4))

    made = policy.decide(facts, "SYN-1")

    assert (made.claim_id, made.code, made.service_date) == ("SYN-1", "J0945", date(2025, 3, 4))
    assert made.policy.hash == policy.ruleset.hash
    assert made.decision == "pend"
    assert [found.rule for found in made.findings] == ["code-identity-note"]
    assert made.missing and made.missing == policy.decide(dict(facts)).missing


@pytest.mark.parametrize(
    ("address", "day"),
    [("medicare/no-such-policy", date(2025, 1, 1)),
     ("medicare/intrathecal-baclofen", date(1999, 1, 1))],
)  # fmt: skip
def test_a_policy_that_is_not_in_force_is_told(engine: Engine, address: str, day: date) -> None:
    with pytest.raises(KeyError, match="is in force on"):
        engine.policy(address, day)


def test_the_same_request_gives_the_same_bytes(engine: Engine, claim: dict[str, Any]) -> None:
    again = Engine.open(POLICIES)

    first = json.dumps(engine.decide(claim).to_json())
    assert json.dumps(again.decide(copy.deepcopy(claim)).to_json()) == first


def test_the_order_of_facts_diagnoses_and_modifiers_means_nothing(
    engine: Engine, claim: dict[str, Any]
) -> None:
    claim["diagnoses"] = ["G80.0", "G82.51", "R25.2"]
    claim["lines"][1]["modifiers"] = ["JZ", "59", "KD"]
    claim["facts"] = {"dose.administered": 40000, "dose.discarded": 0, "container.opened": 1}
    wanted = engine.decide(claim).to_json()
    random = Random(7)
    for _ in range(10):
        shuffled = dict(random.sample(list(claim.items()), len(claim)))
        shuffled["diagnoses"] = random.sample(claim["diagnoses"], 3)
        shuffled["facts"] = dict(random.sample(list(claim["facts"].items()), 3))
        shuffled["lines"][1]["modifiers"] = random.sample(["JZ", "59", "KD"], 3)

        assert engine.decide(shuffled).to_json() == wanted


def test_the_order_of_policy_files_and_rules_means_nothing(
    engine: Engine, claim: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    base = folder / "medicare" / "intrathecal-baclofen" / "2016-01-01.json"
    policy = json.loads(base.read_text("utf-8"))
    Random(3).shuffle(policy["rules"])
    policy = dict(reversed(policy.items()))
    base.write_text(json.dumps(policy), "utf-8")

    assert Engine.open(folder).decide(claim).to_json() == engine.decide(claim).to_json()


def test_threads_share_an_engine(engine: Engine, claim: dict[str, Any]) -> None:
    claims = []
    for number in range(60):
        one = copy.deepcopy(claim)
        one["id"] = f"SYN-{number}"
        one["lines"][1]["modifiers"] = ["JZ"] if number % 2 else []
        one["lines"][1]["date"] = one["lines"][0]["date"] = f"20{16 + number % 10}-03-04"
        claims.append(one)
    wanted = [engine.decide(one).to_json() for one in claims]
    fresh = Engine.open(POLICIES)

    with ThreadPoolExecutor(8) as pool:
        found = [outcome.to_json() for outcome in pool.map(fresh.decide, claims)]

    assert found == wanted


def test_a_fact_that_contradicts_the_claim_is_refused(
    engine: Engine, claim: dict[str, Any]
) -> None:
    claim["facts"] = {"patient.birth_date": "1980-01-01"}

    with pytest.raises(PolicyError) as refused:
        engine.decide(claim)

    assert [problem.code for problem in refused.value.diagnostics] == ["contradicts-claim"]


def test_everything_wrong_with_the_facts_is_said_at_once(
    engine: Engine, claim: dict[str, Any]
) -> None:
    claim["facts"] = {
        "trial.day": "2025-01-01",
        "trial.date": "2025-02-30",
        "therapy.phase": "refil",
        "wastage.in_scope": True,
        "dose.administered": 0.5,
    }

    with pytest.raises(PolicyError) as refused:
        engine.decide(claim)

    found = {problem.location.path: problem.code for problem in refused.value.diagnostics}
    assert found == {
        "$.facts.trial.day": "unknown-fact",
        "$.facts.trial.date": "wrong-value",
        "$.facts.therapy.phase": "unknown-value",
        "$.facts.wastage.in_scope": "derived-fact",
        "$.facts.dose.administered": "wrong-type",
    }
    hints = {problem.location.path: problem.hint for problem in refused.value.diagnostics}
    assert hints["$.facts.trial.day"] == "did you mean `trial.date`?"


def test_null_is_not_known(engine: Engine, claim: dict[str, Any]) -> None:
    wanted = engine.decide(claim).to_json()
    claim["facts"] = {"dose.administered": None}

    assert engine.decide(claim).to_json() == wanted


@pytest.mark.parametrize("units", [4, Decimal("4.0"), "4"])
def test_equal_numbers_are_equal_however_written(
    engine: Engine, claim: dict[str, Any], units: object
) -> None:
    claim["lines"][1]["units"] = units

    assert engine.decide(claim).determinations[0].lines[0].allowed_units == 4


def test_a_float_is_refused(engine: Engine, claim: dict[str, Any]) -> None:
    claim["lines"][1]["units"] = 4.0

    with pytest.raises(PolicyError) as refused:
        engine.decide(claim)

    assert refused.value.diagnostics[0].location.path == "$.lines[1].units"


def test_a_claim_without_a_policy_says_what_was_looked_for(
    engine: Engine, claim: dict[str, Any]
) -> None:
    claim["coverage"] = {"payer": "somebody-else", "line_of_business": "commercial"}
    outcome = engine.decide(claim)

    assert outcome.decision == "no_policy"
    drug = next(service for service in outcome.without_policy if service.code == "J0945")
    assert ("payer", "somebody-else") in drug.looked_for
    assert any("medicare/intrathecal-baclofen" in sentence for sentence in drug.near)


def test_each_code_and_date_is_a_service_of_its_own(engine: Engine, claim: dict[str, Any]) -> None:
    second = copy.deepcopy(claim["lines"][1]) | {"number": 3, "date": "2022-12-31"}
    claim["lines"].append(second)
    outcome = engine.decide(claim)

    decisions = {str(one.service_date): one.decision for one in outcome.determinations}
    assert decisions == {"2025-03-04": "approve", "2022-12-31": "deny"}
    assert outcome.decision == "partial"


def test_an_engine_that_fails_pends_and_never_approves(
    claim: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken:
        name = "compiled"

        def compile(self, ruleset: object) -> Any:
            def evaluate(facts: object) -> Evaluation:
                raise ZeroDivisionError("secret member data")

            return evaluate

    monkeypatch.setattr("payer_policy.engine.engine_named", lambda name: Broken())
    (determination,) = Engine.open(POLICIES).decide(claim).determinations

    assert determination.decision == "pend"
    assert determination.internal is not None
    assert "secret" not in json.dumps(determination.to_json())


def test_nothing_is_logged(
    engine: Engine, claim: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        engine.decide(claim)

    assert caplog.records == []


def test_a_folder_with_one_broken_file_is_not_loaded_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    (folder / "drugs" / "J0945.json").write_text("{", "utf-8")
    broken = folder / "commercial-strict" / "intrathecal-baclofen" / "2024-01-01.json"
    broken.write_text(broken.read_text("utf-8").replace('"jz_required"', '"jz_requird"'), "utf-8")

    with pytest.raises(PolicyError) as refused:
        Engine.open(folder)

    files = {Path(problem.location.file).name for problem in refused.value.diagnostics}
    assert "J0945.json" in files


def test_an_unknown_engine_is_named_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean `compiled`"):
        Engine.open(POLICIES, engine="compield")
