"""The workload of the comparison: accepted by `check`, the same every time, and decided alike by
payer-policy and by the plain reference that all contenders are held to.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from payer_policy.engine import Engine
from tests.places import ROOT

MODULES = ("workload", "line_workload", "reference")


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks/peers"))
    for name in MODULES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return pytest.importorskip("workload"), pytest.importorskip("reference")


def assert_agrees(peers: tuple[Any, Any], engine: Engine, policy: Any, request: Any) -> str:
    _, reference = peers
    expected = reference.answer(policy, request)
    (found,) = engine.decide(request).determinations
    findings = tuple((one.rule, one.carc, one.rarcs) for one in found.findings)
    assert (found.decision, findings) == expected[:2], request
    assert tuple(rule.rule for rule in found.unsettled) == expected.unsettled, request
    assert bool(found.missing) == bool(expected.unsettled), request
    return str(found.decision)


@pytest.mark.parametrize(("rules", "guarded"), [(20, True), (60, True), (40, False)])
def test_payer_policy_and_the_reference_agree(
    peers: tuple[Any, Any], tmp_path: Path, rules: int, guarded: bool
) -> None:
    workload, _ = peers
    policy = workload.make_policy(rules, guarded=guarded)
    workload.write_folder(tmp_path, [policy])
    engine = Engine.open(tmp_path)
    requests = list(workload.claims(policy, 300))
    decisions = Counter(assert_agrees(peers, engine, policy, request) for request in requests)
    assert set(decisions) == {"approve", "deny", "pend"} or not guarded
    # As the other contenders get them, from lines of JSON, and with typed values.
    for request in requests[:50]:
        assert_agrees(peers, engine, policy, json.loads(json.dumps(request)))
        facts = workload.typed_facts(policy, request["facts"])
        known = {name: value for name, value in facts.items() if value is not None}
        assert engine.decide({"id": request["id"], "facts": known}) == engine.decide(request)


def test_of_many_policies_each_decides_its_own_code(peers: tuple[Any, Any], tmp_path: Path) -> None:
    workload, _ = peers
    policies = workload.many_policies(3)
    workload.write_folder(tmp_path, policies)
    engine = Engine.open(tmp_path)
    for policy in policies:
        for request in workload.claims(policy, 40):
            assert_agrees(peers, engine, policy, request)


def test_the_workload_is_the_same_every_time(peers: tuple[Any, Any]) -> None:
    workload, _ = peers
    policy = workload.make_policy(40)
    assert policy == workload.make_policy(40)
    assert len(policy.facts) == 30 and len(policy.rules) == 40
    requests = list(workload.claims(policy, 50))
    assert requests == list(workload.claims(policy, 50))
    assert requests[30:40] == list(workload.claims(policy, 10, first=30))


def test_claims_as_parquet_hold_what_the_requests_hold(
    peers: tuple[Any, Any], tmp_path: Path
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    workload, _ = peers
    policy = workload.make_policy(20)
    requests = list(workload.claims(policy, 70))
    rows = workload.rows_of(requests)
    workload.write_parquet(tmp_path / "claims.parquet", policy.facts, rows, at_once=32)
    rows = parquet.read_table(tmp_path / "claims.parquet").to_pylist()
    for row, request in zip(rows, requests, strict=True):
        assert row.pop("id") == request["id"]
        codes = {name for name, value in row.items() if isinstance(value, list)}
        row |= {name: frozenset(row[name]) for name in codes}
        assert row == workload.typed_facts(policy, request["facts"])


@pytest.mark.parametrize("worst", [False, True])
def test_payer_policy_and_the_reference_agree_on_claims_with_lines(
    peers: tuple[Any, Any], tmp_path: Path, worst: bool
) -> None:
    workload, reference = peers
    lines = pytest.importorskip("line_workload")
    policy = lines.make_line_policy()
    assert policy == lines.make_line_policy() and len(policy.rules) == 40
    workload.write_folder(tmp_path, [policy])
    engine = Engine.open(tmp_path)
    decisions: Counter[str] = Counter()
    rules: set[str] = set()
    for request in lines.line_claims(policy, 1500, worst=worst):
        found = sorted(
            (
                str(one.code),
                str(one.service_date),
                one.decision,
                tuple((finding.rule, finding.carc, finding.rarcs) for finding in one.findings),
            )
            for one in engine.decide(request).determinations
        )
        assert found == reference.line_answers(policy, request), request
        decisions.update(one[2] for one in found)
        rules |= {finding[0] for one in found for finding in one[3]}
    if not worst:
        assert min(decisions[name] for name in ("approve", "deny", "pend")) > 300
        assert rules == {rule.id for rule in policy.rules if rule.kind != "conclude"}
