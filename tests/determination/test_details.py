"""The details of an answer are the same whenever they are read, whatever its caller does meanwhile."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import date
from random import Random
from typing import Any, get_args

import pytest

from payer_policy import Determination, Engine, Request
from payer_policy.core.ruleset import FactRef
from payer_policy.determination import About, Determiner, details
from payer_policy.determination.model import Unknown
from payer_policy.engines import engine_named
from tests.determination import build
from tests.determination.test_laws import some_lines, with_parts
from tests.places import POLICIES, ROOT
from tests.random_rulesets import ruleset, some_facts


def requests() -> list[dict[str, Any]]:
    claims = (ROOT / "benchmarks" / "claims.jsonl").read_text("utf-8").splitlines()
    return [
        {key: value for key, value in json.loads(line).items() if key != "$schema"}
        for line in claims
    ]


def determinations() -> list[Determination]:
    engine = Engine.open(POLICIES)
    return [made for request in requests() for made in engine.decide(request).determinations]


READ = [made.to_json() for made in determinations()]


@pytest.mark.parametrize(
    "way",
    [
        lambda made: made,
        copy.copy,
        copy.deepcopy,
        lambda made: pickle.loads(pickle.dumps(made)),
        lambda made: dataclasses.replace(made, engine=made.engine),
        lambda made: made.with_details(),
    ],
)
def test_nothing_is_lost_on_any_way(way: Any) -> None:
    assert [way(made).to_json() for made in determinations()] == READ


def test_equal_and_hashed_alike_whether_read_or_not() -> None:
    for read, unread in zip(determinations(), determinations(), strict=True):
        read.to_json()
        assert read == unread
        assert hash(read) == hash(unread)


def test_it_cannot_be_changed() -> None:
    made = determinations()[0]

    with pytest.raises(dataclasses.FrozenInstanceError):
        made.decision = "approve"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="no attribute 'verdict'"):
        made.verdict  # type: ignore[attr-defined]  # noqa: B018


def emptied(value: Any) -> None:
    """Take everything out of a value and out of what it holds."""
    for inner in list(value.values() if isinstance(value, dict) else value):
        if isinstance(inner, (dict, list)):
            emptied(inner)
    value.clear()


def test_a_mapping_may_be_changed_once_it_is_decided() -> None:
    engine = Engine.open(POLICIES)
    answers = []
    for request in requests():
        answers += engine.decide(request).determinations
        emptied(request)

    assert [made.to_json() for made in answers] == READ


def test_a_request_object_may_be_changed_once_it_is_decided() -> None:
    engine = Engine.open(POLICIES)
    answers = []
    for raw in requests():
        request = Request.model_validate(raw)
        answers += engine.decide(request).determinations
        if isinstance(request.facts, dict):
            emptied(request.facts)
        for line in request.lines:
            if isinstance(line.facts, dict):
                emptied(line.facts)

    assert [made.to_json() for made in answers] == READ


def test_a_mapping_of_facts_may_be_changed_once_it_is_decided() -> None:
    policy = Engine.open(POLICIES).policy("medicare/intrathecal-baclofen", date(2025, 11, 3))
    facts: dict[str, Any] = {"request.kind": "claim", "therapy.phase": "refill"}
    want = policy.decide(dict(facts)).to_json()

    made = policy.decide(facts)
    facts.clear()

    assert made.to_json() == want
    assert len(made.missing) > 5


@pytest.mark.parametrize("seed", range(120))
def test_questions_settled_for_a_pattern_are_those_of_every_case_of_it(seed: int) -> None:
    random = Random(seed)
    made = with_parts(random, ruleset(random, rules=random.randrange(4, 14)), assume=True)
    kept, evaluate = Determiner(made), engine_named("compiled").compile(made)
    about = About("SYN-1", "claim", None, None, "compiled")
    settled = 0
    for _ in range(25):
        facts = some_facts(random, made)
        lines = some_lines(random)[:2]
        evaluation = evaluate(facts)
        found = kept.determine(evaluation, facts, lines, about)
        alone = Determiner(made).determine(evaluation, facts, lines, about)
        assert found.details() == alone.details()
        settled += bool(found.unsettled)
    assert len(kept.detailer._open_rules) <= settled


def test_questions_are_settled_once_for_claims_that_differ_in_values_alone() -> None:
    engine = Engine.open(POLICIES)
    pended = next(one for one in requests() if one["id"] == "SYN-B-INITIAL-PENDED")
    found = []
    for birth_date, units in (("1979-06-15", 4), ("1969-01-02", 3)):
        lines = [{**line, "units": units} for line in pended["lines"]]
        request = {**pended, "patient": {"birth_date": birth_date}, "lines": lines}
        found += [made.missing for made in engine.decide(request).determinations]
    assert found[0]
    assert found[0] is found[1]


def test_what_is_kept_of_a_pattern_holds_no_value_of_a_claim() -> None:
    engine = Engine.open(POLICIES)
    for request in requests():
        for made in engine.decide(request).determinations:
            made.details()
    kinds = set()

    def walk(value: Any) -> None:
        if isinstance(value, (tuple, list, frozenset)):
            for one in value:
                walk(one)
        else:
            kinds.add(type(value))

    for prepared in engine._prepared.values():
        walk(tuple(prepared.determiner.detailer._open_rules))
    assert kinds <= {int, bool, str}
    texts = {
        word
        for prepared in engine._prepared.values()
        for _, _, where, _ in prepared.determiner.detailer._open_rules  # type: ignore[misc]
        for word, _ in where
    }
    assert texts
    assert texts <= set(get_args(Unknown))


def test_no_more_patterns_are_kept_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(details, "KEPT", 2)
    about = About("SYN-1", "claim", None, None, "compiled")
    kept = []
    for seed in range(10):
        random = Random(seed)
        made = with_parts(random, ruleset(random, rules=12), assume=False)
        determiner, evaluate = Determiner(made), engine_named("compiled").compile(made)
        for _ in range(30):
            facts = some_facts(random, made)
            determiner.determine(evaluate(facts), facts, (), about).details()
            kept.append(len(determiner.detailer._open_rules))
    assert max(kept) == 2


def test_what_is_asked_may_depend_on_the_value_beside_a_derived_fact() -> None:
    made = build.ruleset(
        [
            build.rule("low", build.yes("a"), build.concludes(limit=5)),
            build.rule("high", build.yes("b"), build.concludes(limit=10)),
            build.rule("limit", build.test("dose", "is", FactRef("limit")), build.finding("deny")),
            build.rule("other", build.every(build.yes("x"), build.yes("y")), build.finding("deny")),
        ],
        [build.fact("dose", "integer"), build.fact("limit", "integer", derived=True, otherwise=20)],
    )  # fmt: skip
    kept, about = Determiner(made), About("SYN-1", "claim", None, None, "compiled")
    asked = set()
    for dose in range(1, 25):
        facts = {"dose": dose}
        evaluation = build.evaluate(made, facts)
        found = kept.determine(evaluation, facts, (), about)
        assert found.details() == Determiner(made).determine(evaluation, facts, (), about).details()
        asked.add(tuple(question.fact for question in found.missing))
    assert len(asked) > 1
