"""Who fills in today where a question names no day, and who never does."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy import Engine
from payer_policy.cli import deciding, payer_policy
from payer_policy.formats import read_requests
from payer_policy.formats.answer import answer
from tests.batch.building import POLICIES, decided, engine, rows_of, write_parquet

TODAY = date(2025, 3, 4)
QUESTION: dict[str, Any] = {
    "id": "SYN-Q",
    "coverage": {"payer": "medicare", "line_of_business": "medicare"},
    "facts": {"drug.code": "J0945"},
}
CLAIM = {**QUESTION, "id": "SYN-C", "facts": {}, "lines": [{"code": "J0945", "units": 4}]}


def ask(request: dict[str, Any], today: date | None, **more: Any) -> dict[str, Any]:
    (intake,) = read_requests(json.dumps(request).encode(), "f")
    return dict(answer(engine(), intake, today, **more).to_json())


def undated(outcome: dict[str, Any]) -> bool:
    (made,) = outcome["determinations"]
    rules = [found["rule"] for found in made["findings"]]
    return rules == ["date-of-service-missing"] and made["service_date"] is None


def test_a_question_is_about_today_at_the_edge() -> None:
    made = ask(QUESTION, TODAY)

    assert made["as_of"] == "2025-03-04"
    assert made["determinations"][0]["service_date"] == "2025-03-04"


def test_a_day_that_is_named_is_kept() -> None:
    asked = {**QUESTION, "facts": {"drug.code": "J0945", "service.date": "2022-01-01"}}
    made = ask(asked, TODAY)

    assert made["as_of"] is None
    assert made["determinations"][0]["service_date"] == "2022-01-01"


def test_what_was_billed_is_never_dated() -> None:
    made = ask(CLAIM, TODAY)

    assert made["as_of"] is None and undated(made)


def test_an_order_is_about_today_unless_it_says_otherwise() -> None:
    assert ask(CLAIM, TODAY, is_order=True)["as_of"] == "2025-03-04"
    dated = {**CLAIM, "lines": [{"code": "J0945", "units": 4, "date": "2024-01-01"}]}
    assert ask(dated, TODAY, is_order=True)["as_of"] is None


def test_python_never_fills_it_in() -> None:
    made = json.loads(json.dumps(engine().decide(QUESTION).to_json()))

    assert made["as_of"] is None and undated(made)


@pytest.mark.parametrize("command", ["decide", "explain"])
def test_the_command_prints_the_day(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    monkeypatch.setattr(deciding, "today", lambda: TODAY)
    path = tmp_path / "question.json"
    path.write_text(json.dumps(QUESTION), encoding="utf-8")

    run = CliRunner().invoke(
        payer_policy, [command, str(path), "--policies", str(POLICIES), "--engine", "compiled"]
    )

    assert "As of 2025-03-04: the request gives no date of service." in run.output
    assert "J0945 on 2025-03-04" in run.output


ROWS = [
    ("dated", "2025-03-04", None),
    ("undated", None, None),
    ("several days", "2025-03-04", "2025-03-06"),
    ("one day", "2025-03-04", "2025-03-04"),
]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_of_facts_has_the_answers_of_python(tmp_path: Path, kind: str) -> None:
    names = ("coverage.payer", "coverage.line_of_business", "drug.code")
    rows = [
        {
            "id": f"SYN-{number}",
            **dict(zip(names, ("medicare", "medicare", "J0945"), strict=True)),
            "service.date": day,
            "service.through": through,
        }
        for number, (_, day, through) in enumerate(ROWS)
    ]
    path = tmp_path / f"facts.{kind}"
    if kind == "csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        write_parquet(path, rows)
    decided([path], tmp_path / "out")

    wanted = []
    for row in rows:
        facts = {name: value for name, value in row.items() if name != "id" and value is not None}
        (made,) = engine().decide({"id": row["id"], "facts": facts}).determinations
        wanted.append((made.decision, [found.rule for found in made.findings], made.policy.hash))
    found = [
        (row["decision"], row["findings"], row["policy_hash"]) for row in rows_of(tmp_path / "out")
    ]
    assert found == wanted
    built_in = ["date-of-service-missing", "line-over-several-days"]
    assert [rules for _, rules, _ in found if set(rules) & set(built_in)] == [
        [rule] for rule in built_in
    ]


def test_every_engine_opens_the_shipped_policies_alike() -> None:
    for name in ("compiled", "durable", "checked"):
        made = json.loads(json.dumps(Engine(engine().library, name).decide(CLAIM).to_json()))
        assert undated(made)
