"""The details of an answer are the same whenever they are read, whatever its caller does meanwhile."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from datetime import date
from typing import Any

import pytest

from payer_policy import Determination, Engine, Request
from tests.places import POLICIES, ROOT


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
