"""Every kind of file gives the decisions and reasons that the same claims get one by one."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from payer_policy.batch.answers import AnswerRows, counts_of
from payer_policy.cli.deciding import answers
from payer_policy.determination import Outcome
from tests import generated_claims
from tests.batch import building
from tests.batch.building import (
    CASES,
    X12,
    by_claim,
    claims,
    decided,
    engine,
    line_rows,
    rejects_of,
    rows_of,
    told,
)

Write = Callable[[Path, list[dict[str, Any]]], Path]


def packed(path: Path) -> Path:
    made = path.with_name(path.name + ".gz")
    made.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    path.unlink()
    return made


def text_csv(path: Path, requests: list[dict[str, Any]], mark: str) -> Path:
    return building.write_csv(path / "c.csv", line_rows(requests), mark)


def json_list(path: Path, requests: list[dict[str, Any]]) -> Path:
    file = path / "c.json"
    file.write_text(json.dumps(requests, indent=1), encoding="utf-8")
    return file


KINDS: dict[str, Write] = {
    "JSON Lines": lambda path, given: building.write_lines(path / "c.jsonl", given),
    "JSON Lines, packed": lambda path, given: packed(building.write_lines(path / "c.jsonl", given)),
    "JSON Lines by another name": lambda path, given: building.write_lines(path / "c.txt", given),
    "JSON": json_list,
    "CSV": lambda path, given: text_csv(path, given, " "),
    "CSV with semicolons in cells": lambda path, given: text_csv(path, given, ";"),
    "semicolons between cells": lambda path, given: building.write_csv(
        path / "c.csv", line_rows(given), " ", ";"
    ),
    "tabs between cells": lambda path, given: building.write_csv(
        path / "c.csv", line_rows(given), ";", "\t"
    ),
    "bars between cells": lambda path, given: building.write_csv(
        path / "c.csv", line_rows(given), " ", "|"
    ),
    "CSV, packed": lambda path, given: packed(text_csv(path, given, " ")),
    "Parquet": lambda path, given: building.write_parquet(path / "c.parquet", line_rows(given)),
    "Parquet of small row groups": lambda path, given: building.write_parquet(
        path / "c.parquet", line_rows(given), row_group_size=3
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_claims_are_decided_as_they_are_one_by_one(kind: str, tmp_path: Path) -> None:
    given = claims()
    file = KINDS[kind](tmp_path, given)

    finished = decided([file], tmp_path / "out", part_records=10)

    assert rejects_of(tmp_path / "out") == []
    assert finished.summary["records"] == len(given)
    rows = by_claim(rows_of(tmp_path / "out"))
    assert rows == {claim["id"]: told(engine().decide(claim)) for claim in given}
    found = {row["decision"] for made in rows.values() for row in made}
    assert found >= {"approve", "deny", "no_policy"}
    visits = [[row["decision"] for row in made] for made in rows.values() if len(made) > 1]
    assert any(len(set(one)) > 1 for one in visits)


MIDNIGHT = {
    "without a zone": ["2025-03-04T00:00:00", "2025-11-03T23:30:00", None],
    "with a zone": ["2025-03-04T00:00:00", "2025-11-03T01:00:00", None],
}


@pytest.mark.parametrize("columns", [True, False])
@pytest.mark.parametrize("kind", MIDNIGHT)
@pytest.mark.parametrize("unit", ["us", "ns"])
def test_midnight_is_a_day_and_another_time_is_none(
    kind: str, unit: Any, columns: bool, tmp_path: Path
) -> None:
    times = [None if one is None else datetime.fromisoformat(one) for one in MIDNIGHT[kind]]
    days = pl.Series(times).cast(pl.Datetime(unit))
    if kind == "with a zone":
        days = days.dt.replace_time_zone("America/New_York")
    same = {"coverage.payer": "medicare", "drug.code": "J0945", "therapy.phase": "refill"}
    facts = pl.DataFrame({"id": ["a", "b", "c"], "service.date": days}).with_columns(
        **{name: pl.lit(value) for name, value in same.items()}
    )
    facts.write_parquet(tmp_path / "facts.parquet")
    lines = pl.DataFrame(
        {
            "id": ["a", "b", "c"], "line.date": days, "line.code": ["J0945"] * 3,
            "coverage.payer": ["medicare"] * 3,
        }
    )  # fmt: skip
    lines.write_parquet(tmp_path / "lines.parquet")

    for name in ("facts", "lines"):
        decided([tmp_path / f"{name}.parquet"], tmp_path / name, columns=columns)
        rows = {row["claim_id"]: str(row["service_date"]) for row in rows_of(tmp_path / name)}
        assert rows == {"a": "2025-03-04", "c": "None"}
        [reject] = rejects_of(tmp_path / name)
        assert (reject["claim_id"], reject["code"]) == ("b", "wrong-type")
        assert "a date was expected" in reject["reason"]


def test_answers_that_differ_are_counted_however_many_there_are() -> None:
    rows = AnswerRows({})
    outcomes = [engine().decide(claim) for claim in generated_claims.claims(0, 1_100)]
    for record, outcome in enumerate(outcomes, 1):
        rows.add(record, "claim", outcome)

    table = rows.table()

    assert table.num_rows > 1_000
    found = [
        f"{one.policy.address} {one.decision}"
        for outcome in outcomes
        for one in outcome.determinations
    ]
    assert counts_of(table)["policies"] == Counter(found)


def test_many_differing_claims_are_decided_as_they_are_one_by_one(tmp_path: Path) -> None:
    given = list(generated_claims.claims(0, 600, undated=0.1, spanned=0.1))
    file = building.write_lines(tmp_path / "c.jsonl", given)

    finished = decided([file], tmp_path / "out")

    assert rejects_of(tmp_path / "out") == []
    rows = by_claim(rows_of(tmp_path / "out"))
    assert rows == {claim["id"]: told(engine().decide(claim)) for claim in given}
    counted = Counter(row["decision"] for made in rows.values() for row in made)
    assert finished.summary["decisions"] == dict(counted)
    assert len(counted) == 7


FACTS = (
    "coverage.payer",
    "coverage.line_of_business",
    "drug.code",
    "service.date",
    "therapy.phase",
)


def fact_rows(count: int = 30) -> list[dict[str, Any]]:
    known = engine().library.vocabulary.facts
    names = [name for name in FACTS if name in known]
    rows = []
    for index, claim in enumerate(claims(count)):
        line = claim["lines"][-1]
        row = {
            "id": claim["id"],
            "coverage.payer": claim["coverage"]["payer"],
            "coverage.line_of_business": claim["coverage"]["line_of_business"],
            "drug.code": line["code"],
            "service.date": line["date"] if index % 4 else None,
            "therapy.phase": ["initial", "refill", None][index % 3],
        }
        rows.append({name: row.get(name) for name in ("id", *names)})
    return rows


@pytest.mark.parametrize("write", [building.write_csv, building.write_parquet])
@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
def test_tables_of_facts_are_decided_as_the_requests_that_they_are(
    write: Callable[..., Path], columns: bool, tmp_path: Path
) -> None:
    given = fact_rows()
    file = write(tmp_path / ("f.csv" if write is building.write_csv else "f.parquet"), given)

    decided([file], tmp_path / "out", columns=columns)

    assert rejects_of(tmp_path / "out") == []
    expected = {
        row["id"]: told(
            engine().decide(
                {
                    "id": row["id"],
                    "facts": {k: v for k, v in row.items() if k != "id" and v is not None},
                }
            )
        )
        for row in given
    }
    made = rows_of(tmp_path / "out")
    assert by_claim(made) == expected
    assert sorted({row["record"] for row in made}) == list(range(1, len(given) + 1))


JSON = sorted(p for p in CASES.iterdir() if p.suffix in (".json", ".jsonl"))
READ = [*X12, *(p for p in JSON if not p.name.endswith(".requests.json"))]


@pytest.mark.parametrize("path", READ, ids=lambda path: path.name)
def test_files_of_intake_are_decided_as_decide_does(path: Path, tmp_path: Path) -> None:
    decided([path], tmp_path / "out", workers=1)

    rows, refused, numbers = [], [], {}
    for answer in answers(engine(), str(path), None):
        if answer.request is not None:
            determinations = tuple(one.determination for one in answer.decided)
            rows.append(told(Outcome(answer.claim_id, determinations, answer.without_policy)))
        elif answer.refused:
            refused.append((answer.claim_id, {p.message for p in answer.problems}))
        numbers[answer.claim_id] = answer
    # Two claims of one number are seen only by who holds the whole file in memory.
    both = [one for one in refused if any("claims of this file have this" in m for m in one[1])]
    made: dict[int, list[dict[str, Any]]] = {}
    for row in rows_of(tmp_path / "out"):
        made.setdefault(row["record"], []).append(building.said(row))
    if not both or path.suffix == ".json":
        assert list(made.values()) == rows
        said = [
            (one["claim_id"], {problem["message"] for problem in one["problems"]})
            for one in rejects_of(tmp_path / "out")
        ]
        assert sorted(said, key=str) == sorted(refused, key=str)


def test_facts_are_merged_into_claims(tmp_path: Path) -> None:
    examples = building.ROOT / "examples" / "claims"
    facts = examples / "nightly.facts.json"

    finished = decided([examples / "nightly.837"], tmp_path / "out", facts=str(facts))

    expected = [
        told(Outcome(one.claim_id, tuple(d.determination for d in one.decided)))
        for one in answers(engine(), str(examples / "nightly.837"), str(facts))
    ]
    assert list(by_claim(rows_of(tmp_path / "out")).values()) == expected
    assert finished.summary["facts"] == {"entries": 1, "claims": 1}


@pytest.mark.parametrize("name", ["compiled", "durable", "checked"])
def test_every_engine_can_be_asked_for(name: str, tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(6))

    decided([file], tmp_path / "out", engine=name, columns=False)

    assert {row["engine"] for row in rows_of(tmp_path / "out")} - {None} == {name}


def test_workers_and_one_process_write_the_same_bytes(tmp_path: Path) -> None:
    given = claims(60)
    files = [
        building.write_lines(tmp_path / "a.jsonl", given),
        building.write_csv(tmp_path / "b.csv", line_rows(given)),
        building.write_csv(tmp_path / "c.csv", fact_rows()),
        building.write_parquet(tmp_path / "d.parquet", line_rows(given)),
        *X12,
    ]

    decided(files, tmp_path / "one", part_records=50)
    decided(files, tmp_path / "two", part_records=50, workers=2)

    assert building.contents(tmp_path / "one") == building.contents(tmp_path / "two")
    assert len(list((tmp_path / "one" / "rows").iterdir())) > 2


def test_a_folder_is_read_in_order_and_says_what_it_skipped(tmp_path: Path) -> None:
    source = tmp_path / "in"
    (source / "b").mkdir(parents=True)
    building.write_lines(source / "b" / "2.jsonl", claims(2))
    building.write_lines(source / "a.jsonl", claims(1))
    (source / ".hidden.jsonl").write_text("{")
    (source / "notes.txt").write_text("Some words.")

    finished = decided([source], tmp_path / "out")

    files = [row["file"] for row in rows_of(tmp_path / "out")]
    assert list(dict.fromkeys(files)) == [f"{source}/a.jsonl", f"{source}/b/2.jsonl"]
    [skipped] = finished.summary["skipped"]
    assert skipped["path"] == f"{source}/notes.txt"
    assert "starts with" in skipped["reason"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("columns", [True, False])
def test_what_separates_the_cells_is_seen_in_the_header(
    separator: str, columns: bool, tmp_path: Path
) -> None:
    """Also where a cell has it in quotes, and where another sign is in the cells."""
    rows = [
        {"id": f'a{separator.strip()}"b"', "coverage.payer": "medicare", "drug.code": "J0945",
         "service.date": "2025-03-04", "therapy.phase": "refill"},
        {"id": "d,e;f", "coverage.payer": "nobody", "drug.code": "J0945",
         "service.date": "2025-03-04", "therapy.phase": ""},
    ]  # fmt: skip
    file = building.write_csv(tmp_path / "t.csv", rows, separator=separator)

    decided([file], tmp_path / "out", columns=columns)

    assert rejects_of(tmp_path / "out") == []
    found = {row["claim_id"]: row["decision"] for row in rows_of(tmp_path / "out")}
    assert list(found.values()) == ["pend", "no_policy"]
    assert [" ".join(name.split()) for name in found] == [
        " ".join(row["id"].split()) for row in rows
    ]


MAPPED = {"hcpcs": "drug.code", "dos": "service.date", "plan": "coverage.payer"}
LINES_MAPPED = {"cpt": "line.code", "qty": "line.units", "Claim No": "id"}


@pytest.mark.parametrize("packed_as", ["csv", "parquet"])
@pytest.mark.parametrize("columns", [True, False])
def test_columns_of_other_names_are_mapped(packed_as: str, columns: bool, tmp_path: Path) -> None:
    for number, (rows, names) in enumerate(
        ((fact_rows(), MAPPED), (line_rows(claims()), LINES_MAPPED))
    ):
        right, other = (tmp_path / f"{name}{number}.{packed_as}" for name in ("right", "other"))
        back = {meant: name for name, meant in names.items()}
        if packed_as == "csv":
            building.write_csv(right, rows)
            head, _, rest = right.read_text("utf-8").partition("\n")
            renamed = ",".join(back.get(name, name) for name in head.strip().split(","))
            other.write_text(f"{renamed}\n{rest}", "utf-8")
        else:
            table = pq.read_table(building.write_parquet(right, rows))
            pq.write_table(
                table.rename_columns([back.get(name, name) for name in table.column_names]), other
            )

        decided([right], tmp_path / f"a{number}", columns=columns)
        decided([other], tmp_path / f"b{number}", columns=columns, renamed=tuple(names.items()))

        given, made = (rows_of(tmp_path / f"{one}{number}") for one in "ab")
        assert [{**row, "file": None} for row in made] == [{**row, "file": None} for row in given]
        assert len(made) > 10
