"""Fields that are worked out when first read are what they would have been, whoever reads them."""

from __future__ import annotations

import copy
import dataclasses
import json
import pickle
from typing import Any

import pytest

from payer_policy import Determination, Engine
from tests.engine.test_engine import POLICIES, ROOT


def determinations() -> list[Determination]:
    engine = Engine.open(POLICIES)
    claims = (ROOT / "benchmarks" / "claims.jsonl").read_text("utf-8").splitlines()
    requests = [json.loads(line) for line in claims]
    for request in requests:
        request.pop("$schema", None)
    return [made for request in requests for made in engine.decide(request).determinations]


READ = [made.to_json() for made in determinations()]


@pytest.mark.parametrize(
    "way",
    [
        lambda made: made,
        copy.copy,
        copy.deepcopy,
        lambda made: pickle.loads(pickle.dumps(made)),
        lambda made: dataclasses.replace(made, engine=made.engine),
    ],
)
def test_nothing_is_lost_on_any_way(way: Any) -> None:
    assert [way(made).to_json() for made in determinations()] == READ


def test_equal_and_hashed_alike_whether_read_or_not() -> None:
    for read, unread in zip(determinations(), determinations(), strict=True):
        read.to_json()
        assert read == unread
        assert hash(read) == hash(unread)


def test_what_it_was_made_from_is_let_go_once_read() -> None:
    for made in determinations():
        made.to_json()
        assert getattr(made, "_later", None) is None


def test_it_cannot_be_changed() -> None:
    made = determinations()[0]

    with pytest.raises(dataclasses.FrozenInstanceError):
        made.decision = "approve"  # type: ignore[misc]
    with pytest.raises(AttributeError, match="no attribute 'verdict'"):
        made.verdict  # type: ignore[attr-defined]  # noqa: B018
