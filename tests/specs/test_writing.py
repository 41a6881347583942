"""A request that is written as a scenario is that request again."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from payer_policy.analysis.possible import FoundRequest
from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.analysis.witness import Decider
from payer_policy.core.vocabulary.types import NONE, NUMERIC, Value
from payer_policy.engine import Engine
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from payer_policy.specs.writing import ScenarioWriter
from tests.places import POLICIES


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


@pytest.mark.parametrize(
    "address",
    [
        "medicare/intrathecal-baclofen",
        "medicare/baclofen-under-another-code",
        "commercial-strict/intrathecal-baclofen-official",
    ],
)
def test_a_scenario_builds_the_request_again(engine: Engine, address: str, tmp_path: Path) -> None:
    random = Random(11)
    library = engine.library
    writer, decider = ScenarioWriter(library), Decider(engine, address)
    first = library.windows(address)[-1][0]
    ruleset = library.ruleset(address, first)
    assert ruleset is not None
    palette = palette_of(ruleset)
    passed = 0
    for number in range(240):
        facts: dict[str, Value] = {}
        for name, value in random_facts(random, palette).items():
            least = ruleset.facts[name].type.minimum
            numeric = ruleset.facts[name].type.kind in NUMERIC
            if value == frozenset({"ZZZ9"}):
                continue  # no code of any system, so no scenario can say it
            if value is NONE or not (numeric and least is not None and value < least):  # type: ignore[operator]
                facts[name] = value
        facts["drug.code"] = sorted(library.codes[address])[0]
        facts["service.date"] = first
        facts.setdefault("request.kind", "claim")
        facts["coverage.payer"] = address.partition("/")[0]
        case = decider.decide(FoundRequest(facts))
        if case is None:
            continue  # the facts contradict one another, so nobody can say them
        text = writer.scenario("Again", decider.payer, facts, [case.determination])
        file = tmp_path / f"{number}.feature"
        file.write_text(f"Feature: written\n\n{text}", "utf-8")
        (script,) = scripts_of(read_feature(file, file.name))
        result = replay(script, engine)
        assert result.failure is None, (text, result.failure)
        ((_, answer),) = result.answers
        again = [one for one in answer.decided if one.ruleset.policy == address]
        assert [one.determination.findings for one in again] == [case.determination.findings]
        assert [one.determination.missing for one in again] == [case.determination.missing]
        passed += 1
    assert passed > 10
