"""What a shipped example holds is accepted by every way in, also its `$schema`, and has one answer."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy import Engine, read_requests, request_from_mapping
from payer_policy.cli.decide import command as decide
from payer_policy.cli.explain import command as explain
from payer_policy.formats import read_supplements, supplemented
from tests.batch.building import decided, rejects_of, rows_of
from tests.service.conftest import CLAIMS, POLICIES, Served

EXAMPLES = sorted(path for path in CLAIMS.glob("*.json") if not path.stem.endswith(".facts"))
ENGINE = Engine.open(POLICIES)
COMMAND = ["--policies", str(POLICIES), "--engine", "compiled"]


def _value(path: Path) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    return value


def _expected(path: Path) -> Any:
    return json.loads(json.dumps(ENGINE.decide(_value(path)).to_json()))


def _outcomes(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_example_names_its_schema() -> None:
    assert EXAMPLES
    for path in EXAMPLES:
        assert (path.parent / _value(path)["$schema"]).is_file()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_one_example_has_one_answer_by_every_way_in(served: Served, path: Path) -> None:
    expected = _expected(path)
    (intake,) = read_requests(path.read_bytes(), path.name)
    assert intake.request is not None
    ways = {
        "Engine.decide of what a file holds": ENGINE.decide(intake.request).to_json(),
        "request_from_mapping": ENGINE.decide(request_from_mapping(_value(path))).to_json(),
        "decide": _outcomes(CliRunner().invoke(decide, [str(path), *COMMAND, "--json"]).stdout)[0],
        "/v1/decide": served.post("/v1/decide", path.read_bytes()).json(),
        "/v1/explain": served.post("/v1/explain", path.read_bytes()).json()["outcome"],
    }
    for way, answer in ways.items():
        assert json.loads(json.dumps(answer)) == expected, way
    assert CliRunner().invoke(explain, [str(path), *COMMAND]).exit_code == 0


@pytest.mark.parametrize("form", ["a list", "JSON Lines"])
def test_the_examples_in_one_file_are_each_answered(
    served: Served, tmp_path: Path, form: str
) -> None:
    texts = [json.dumps(json.loads(path.read_text("utf-8"))) for path in EXAMPLES]
    text = f"[{','.join(texts)}]" if form == "a list" else "\n".join(texts)
    file = tmp_path / ("all.json" if form == "a list" else "all.jsonl")
    file.write_text(text, "utf-8")
    expected = [_expected(path) for path in EXAMPLES]

    command = CliRunner().invoke(decide, [str(file), *COMMAND, "--json"])
    kinds = {
        "Accept": "application/x-ndjson",
        "Content-Type": "application/json" if form == "a list" else "application/x-ndjson",
    }
    service = served.post("/v1/decide/batch", file.read_bytes(), headers=kinds)
    decided([file], tmp_path / "out")

    assert _outcomes(command.stdout) == expected
    assert _outcomes(service.text) == expected
    assert rejects_of(tmp_path / "out") == []
    rows = sorted((row["claim_id"], row["decision"]) for row in rows_of(tmp_path / "out"))
    assert rows == sorted((one["claim_id"], one["decision"]) for one in expected)


def test_a_file_of_facts_may_name_a_schema_too(served: Served, tmp_path: Path) -> None:
    claims = CLAIMS / "nightly.837"
    facts = tmp_path / "facts.json"
    shipped = json.loads((CLAIMS / "nightly.facts.json").read_text("utf-8"))
    facts.write_text(json.dumps({"$schema": "facts.schema.json", **shipped}), "utf-8")

    intakes = read_requests(claims.read_bytes(), claims.name)
    given = read_supplements(facts.read_bytes(), facts.name)
    expected = [
        json.loads(json.dumps(ENGINE.decide(one.request).to_json()))
        for one in supplemented(intakes, given)
        if one.request is not None
    ]
    command = CliRunner().invoke(decide, [str(claims), "--facts", str(facts), *COMMAND, "--json"])
    service = served.ask(
        "POST",
        "/v1/decide/batch",
        files={
            "claims": (claims.name, claims.read_bytes()),
            "facts": (facts.name, facts.read_bytes()),
        },
        headers={"Accept": "application/x-ndjson"},
    )
    decided([claims], tmp_path / "out", facts=str(facts))

    assert len(expected) == 3
    assert _outcomes(command.stdout) == expected
    assert _outcomes(service.text) == expected
    rows = sorted((row["claim_id"], row["decision"]) for row in rows_of(tmp_path / "out"))
    assert rows == sorted((one["claim_id"], one["decision"]) for one in expected)
