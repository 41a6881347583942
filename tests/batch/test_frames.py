"""Data frames of every kind have the answers of files, in the order of their rows."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from payer_policy import Engine
from payer_policy.batch.frames import PLAIN, REJECTED, decide_frame
from payer_policy.formats.source import WrongCall
from tests.generated_claims import claims
from tests.places import POLICIES

FACTS = {
    "id": ["C1", "C2", "C3", "C4"],
    "coverage.payer": ["medicare", "commercial-standard", "another", "medicare"],
    "drug.code": ["J0945", "J0475", "J0945", "J0945"],
    "service.date": ["2025-03-04", "2025-03-05", "2025-03-06", "no day"],
    "account": ["a", "b", None, "d"],
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def as_duckdb(table: pa.Table) -> Any:
    return duckdb.connect().from_arrow(table)


KINDS: dict[str, Callable[[pa.Table], Any]] = {
    "Arrow": lambda table: table,
    "Polars": pl.from_arrow,
    "pandas": lambda table: table.to_pandas(),
    "DuckDB": as_duckdb,
    "a reader of batches": lambda table: table.to_reader(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_frames_of_facts(engine: Engine, kind: str) -> None:
    frame = KINDS[kind](pa.table(FACTS))

    answers = decide_frame(frame, engine).to_pylist()

    assert [row["claim_id"] for row in answers] == ["C1", "C2", "C3", "C4"]
    assert [row["account"] for row in answers] == ["a", "b", None, "d"]
    assert [row["decision"] for row in answers[2:]] == ["no_policy", REJECTED]
    assert "no day" in answers[-1]["internal"]
    for row in answers[:2]:
        facts = {name: FACTS[name][int(row["claim_id"][1]) - 1] for name in list(FACTS)[1:4]}
        wanted = engine.decide({"id": row["claim_id"], "facts": facts})
        found = {one.policy.address: one for one in wanted.determinations}[row["policy"]]
        assert row["decision"] == found.decision
        assert row["findings"] == [one.rule for one in found.findings]


def line_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": claim["id"],
            "coverage.payer": claim["coverage"]["payer"],
            "line.number": number,
            "line.code": line["code"],
            "line.units": Decimal(line["units"]),
            "line.date": line["date"],
            "batch": f"B{at}",
        }
        for at, claim in enumerate(claims(6, count))
        for number, line in enumerate(claim.get("lines", ()), 1)
    ]


@pytest.mark.parametrize("keep", [None, ()])
def test_frames_of_claim_lines(engine: Engine, keep: tuple[str, ...] | None) -> None:
    rows = line_rows(60)
    table = pa.Table.from_pylist(rows)
    table = table if keep is None else table.drop_columns(["batch"])

    answers = decide_frame(pl.from_arrow(table), engine, keep)

    batches = {row["id"]: row["batch"] for row in rows}
    found = answers.to_pylist()
    assert list(dict.fromkeys(row["claim_id"] for row in found)) == list(batches)
    if keep is None:
        assert all(row["batch"] == batches[row["claim_id"]] for row in found)
    names = [*PLAIN.names, *(["batch"] if keep is None else [])]
    assert answers.column_names == names
    for id_ in list(batches)[:20]:
        lines = [
            {name.removeprefix("line."): one for name, one in row.items() if "line." in name}
            for row in rows
            if row["id"] == id_
        ]
        payer = next(row["coverage.payer"] for row in rows if row["id"] == id_)
        outcome = engine.decide({"id": id_, "coverage": {"payer": payer}, "lines": lines})
        wanted = [one.decision for one in outcome.determinations] or [
            "no_policy" for _ in outcome.without_policy
        ]
        assert [row["decision"] for row in found if row["claim_id"] == id_] == wanted


def test_lines_of_a_claim_that_differ_in_what_is_carried(engine: Engine) -> None:
    rows = [row for row in line_rows(20) if row["id"].endswith(("01", "02"))]
    rows[0]["batch"] = "another"

    found = decide_frame(pa.Table.from_pylist(rows), engine).to_pylist()

    refused = [row for row in found if row["decision"] == REJECTED]
    assert {row["claim_id"] for row in refused} == {rows[0]["id"]}
    assert "its rows differ in `batch`" in refused[0]["internal"]


def test_a_folder_of_policies_and_an_empty_frame() -> None:
    table = pa.table({name: pa.array([], pa.string()) for name in FACTS})

    answers = decide_frame(table, POLICIES)

    assert answers.schema.names == [*PLAIN.names, "account"]
    assert len(answers) == 0


@pytest.mark.parametrize(
    ("frame", "keep", "says"),
    [
        ([1, 2], None, "found a list; a frame with `__arrow_c_stream__` was expected"),
        ({**FACTS, "drug.cod": [""] * 4}, None, "the frame: the column `drug.cod` is not a fact"),
        (
            {**FACTS, "decision": [""] * 4},
            None,
            "the answers have a column `decision` of their own",
        ),
        ({**FACTS, "lines.administered": [0.5] * 4}, None, "floats are not exact"),
        (FACTS, ["acount"], "the table has no column `acount`"),
    ],
)
def test_what_is_no_frame_and_columns_that_are_wrong(
    engine: Engine, frame: Any, keep: list[str] | None, says: str
) -> None:
    given = pa.table(frame) if isinstance(frame, dict) else frame

    with pytest.raises(WrongCall, match=says.replace("(", r"\(")):
        decide_frame(given, engine, keep)


def test_a_column_that_looks_like_a_fact_is_carried_where_it_is_named(engine: Engine) -> None:
    table = pa.table({**FACTS, "drug.cod": ["w", "x", "y", "z"]})

    found = decide_frame(table, engine, ["drug.cod", "account"]).to_pylist()

    assert [row["drug.cod"] for row in found] == ["w", "x", "y", "z"]
