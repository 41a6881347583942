"""The generated claims are what tests and benchmarks rely on: always the same, varied, and decided."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.request.mappings import request_from_mapping
from tests.engine.test_engine import POLICIES
from tests.generated_claims import CHANGING_DAYS, claims, json_lines

COUNT = 2_000


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def without_numbers(claim: dict[str, Any]) -> str:
    return json.dumps({**claim, "id": None, "coverage": {**claim["coverage"], "member_id": None}})


def test_the_same_seed_gives_the_same_claims() -> None:
    first = list(claims(7, 300, undated=0.2, spanned=0.2))

    assert first == list(claims(7, 300, undated=0.2, spanned=0.2))
    assert first[:100] == list(claims(7, 100, undated=0.2, spanned=0.2))
    assert first != list(claims(8, 300, undated=0.2, spanned=0.2))
    assert [json.loads(line) for line in json_lines(first).splitlines()] == first


@pytest.mark.parametrize("seed", [0, 11])
def test_every_decision_comes_up_for_many_reasons(engine: Engine, seed: int) -> None:
    given = list(claims(seed, COUNT))
    outcomes = [engine.decide(claim) for claim in given]

    decisions = Counter(outcome.decision for outcome in outcomes)
    assert decisions.pop("void") >= 5  # as rare as they are
    assert decisions.pop("not_required") >= 5
    assert decisions.keys() == {"approve", "deny", "pend", "partial", "no_policy"}
    assert min(decisions.values()) >= COUNT / 10
    made = [one for outcome in outcomes for one in outcome.determinations]
    found = Counter((found.kind, found.rule) for one in made for found in one.findings)
    kinds = Counter(kind for kind, _ in found)
    assert kinds["deny"] >= 30
    assert kinds["pend"] >= 10
    assert kinds["reduce"] >= 5
    assert len({rule.rule for one in made for rule in one.unsettled}) >= 40
    assert {one.policy.address for one in made} == set(engine.library.addresses())
    assert not any(one.internal for one in made)


def test_claims_differ_from_their_neighbors_and_nearly_all_from_each_other() -> None:
    given = [without_numbers(claim) for claim in claims(3, COUNT)]

    assert all(one != next_one for one, next_one in pairwise(given))
    assert len(set(given)) > 0.99 * COUNT


def test_claims_come_in_every_form() -> None:
    given = list(claims(5, COUNT))
    requests = [request_from_mapping(claim) for claim in given]
    lines = [line for request in requests for line in request.lines]
    rows = [row for request in requests for row in request.history or ()]
    days = {line.date for line in lines}

    assert {len(request.lines) for request in requests} == {0, 1, 2, 3, 4}
    assert {request.kind for request in requests} == {"claim", "preauthorization"}
    assert {request.frequency for request in requests} == {"1", "7", "8"}
    assert {"JW", "JZ", "59"} <= {modifier for line in lines for modifier in line.modifiers}
    assert {"ML", "UN", "GR", "F2", "ME", None} == {line.ndc_unit for line in lines}
    assert any(row.void for row in rows)
    assert any(row.date == line.date for request in requests for row in request.history or ()
               for line in request.lines)  # fmt: skip
    assert {None, 0, 1, 2} <= {
        None if request.authorizations is None else len(request.authorizations)
        for request in requests
    }
    assert all({day, date.fromordinal(day.toordinal() - 1)} <= days for day in CHANGING_DAYS)
    assert any(value is None for claim in given for value in claim["facts"].values())
    assert sum(any(line.facts for line in request.lines) for request in requests) > COUNT / 20
    assert any(sum(bool(line.facts) for line in request.lines) > 1 for request in requests)


def test_a_share_of_claims_loses_a_date_or_lasts_for_days_and_nothing_else_changes() -> None:
    plain = list(claims(2, 500))
    given = list(claims(2, 500, undated=0.3, spanned=0.2))
    requests = [request_from_mapping(claim) for claim in given]

    undated = [request for request in requests
               if any(line.date is None for line in request.lines)
               or not (request.lines or request.facts.get("service.date"))]  # fmt: skip
    spanned = [request for request in requests
               if any(line.through for line in request.lines)
               or "service.through" in request.facts]  # fmt: skip
    assert 120 < len(undated) < 180
    assert 75 < len(spanned) < 125
    assert sum(one != other for one, other in zip(plain, given, strict=True)) == len(undated) + len(
        spanned
    )
    lost = [line.code for request in undated for line in request.lines if line.date is None]
    assert any(code and code.startswith("J") for code in lost)
    assert any(code and code.startswith("6") for code in lost)
    rows = [row for claim in claims(2, 500, undated=1, undated_history=True)
            for row in claim.get("history") or ()]  # fmt: skip
    assert any("date" not in row for row in rows)
