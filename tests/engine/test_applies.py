"""Two policies for one code: one of them decides, and where it is not known which, both ask."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.audit.checker import Verifier
from payer_policy.audit.record import records
from payer_policy.core.sealed import sealed
from payer_policy.request.mappings import request_from_mapping
from tests.batch.building import decided, rows_of
from tests.policy.folders import library, policy, rule

CODE = {"fact": "drug.code", "in": ["J1756"]}


def engine(path: Path, name: str = "compiled") -> Engine:
    """The first dose by one policy, and any later one by another."""
    first = {"all": [CODE, {"fact": "therapy.phase", "is": "first"}]}
    later = {"all": [CODE, {"fact": "therapy.phase", "is_not": "first"}]}
    noted = [rule("noted")]
    made = library(
        path,
        {
            "north/iron/2024-01-01.json": policy("2024-01-01", applies_to=first, rules=noted),
            "north/later/2024-01-01.json": policy("2024-01-01", applies_to=later, rules=noted),
        },
    )
    return Engine(made, name)


def claim(**facts: Any) -> dict[str, Any]:
    return {
        "id": "SYN-1",
        "coverage": {"payer": "north"},
        "lines": [{"code": "J1756", "units": 3, "date": "2024-06-03"}],
        "facts": {name.replace("__", "."): value for name, value in facts.items()},
    }


@pytest.mark.parametrize("name", ["compiled", "columnar", "durable"])
@pytest.mark.parametrize(("phase", "address"), [("first", "north/iron"), ("repeat", "north/later")])
def test_one_policy_decides(tmp_path: Path, name: str, phase: str, address: str) -> None:
    (decided,) = engine(tmp_path, name).decide(claim(therapy__phase=phase)).determinations
    assert (decided.policy.address, decided.decision) == (address, "approve")


@pytest.mark.parametrize("name", ["compiled", "columnar", "durable"])
def test_where_it_is_not_known_which_every_one_pends_and_asks(tmp_path: Path, name: str) -> None:
    decided = engine(tmp_path, name).decide(claim()).determinations
    assert [one.policy.address for one in decided] == ["north/iron", "north/later"]
    for one in decided:
        assert one.decision == "pend"
        assert [found.rule for found in one.findings] == ["policy-may-not-apply"]
        assert [asked.fact for asked in one.missing] == ["therapy.phase"]
        assert "depends on" in one.findings[0].because


def recorded(made: Engine, request: dict[str, Any]) -> list[dict[str, Any]]:
    read = request_from_mapping(request)
    decided, without = made.decide_fully(read)
    return [json.loads(line) for line in records(made, read, decided, without)]


def verified(made: Engine, written: dict[str, Any]) -> tuple[Any, ...]:
    written = {name: value for name, value in written.items() if name != "sha256"}
    return tuple(".".join(one.path) for one in Verifier(made.library).verify(sealed(written)).wrong)


def test_the_record_of_such_an_answer_verifies_and_one_that_is_changed_does_not(
    tmp_path: Path,
) -> None:
    made = engine(tmp_path)
    written = recorded(made, claim())
    assert [verified(made, one) for one in written] == [(), ()]

    settled = recorded(made, claim(therapy__phase="first"))[0]
    told = {**written[0], "facts": {**written[0]["facts"], **settled["facts"]}}
    assert any("missing" in where for where in verified(made, told))

    silent = {**written[0]}
    silent["determination"] = {**silent["determination"], "missing": []}
    assert any("missing" in where for where in verified(made, silent))


def test_a_file_of_such_claims_is_decided_alike_and_counted(tmp_path: Path) -> None:
    made = engine(tmp_path)
    phases: list[dict[str, Any]] = [{}, {"therapy__phase": "first"}, {"therapy__phase": "repeat"}]
    claims = [{**claim(**phases[at % 3]), "id": f"SYN-{at}"} for at in range(120)]
    file = tmp_path / "claims.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in claims), encoding="utf-8")
    done = decided([file], tmp_path / "out", tmp_path / "policies")
    assert done.summary["paths"]["applies"] == 40
    told: dict[str, list[Any]] = {}
    for row in rows_of(tmp_path / "out"):
        answer = (row["policy"], row["decision"], row["missing"])
        told.setdefault(row["claim_id"], []).append(answer)
    expected = {
        one["id"]: [
            (each.policy.address, each.decision, [asked.fact for asked in each.missing])
            for each in made.decide(one).determinations
        ]
        for one in claims
    }
    assert told == expected
