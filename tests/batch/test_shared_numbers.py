"""Claims that share a number are all decided, and only facts that could belong to several are refused.

`decide` reads a file as a whole; here the same claims come in blocks, in files of a folder and in
tables, and every claim must have the answer that it has there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from payer_policy.analysis.impact import impact
from payer_policy.batch import run as running
from payer_policy.cli.deciding import answers
from payer_policy.determination import Outcome
from payer_policy.formats import pieces
from payer_policy.formats.json import blocks as json_blocks
from payer_policy.formats.tables import csv_blocks
from tests.batch import building
from tests.batch.building import CASES, POLICIES, claims, decided, engine, rejects_of, rows_of, told
from tests.batch.test_kinds import fact_rows

NPI, OTHER_NPI = "1234567893", "1003000126"
PHASE: Mapping[str, Any] = {"facts": {"therapy.phase": "refill"}}
SHARED, CORRECTED, TWO = "SAME", "CORR", "TWO PRACTICES"


def given() -> list[dict[str, Any]]:
    """Claims, some of which share a number: of two practices, corrected, and of nothing that differs."""
    made = claims(24)
    for claim in made:
        claim.pop("facts", None)
        for line in claim["lines"]:
            line.pop("facts", None)
        claim["frequency"] = "1"
    for at, number in {1: SHARED, 9: SHARED, 4: CORRECTED, 20: CORRECTED, 2: TWO, 21: TWO}.items():
        made[at]["id"] = number
    made[20]["frequency"] = "7"
    made[21]["provider"] = {"billing_npi": OTHER_NPI}
    made[13]["coverage"]["payer"] = 7  # cannot be read, and bears a number all the same
    made[13]["id"] = made[0]["id"]
    return made


FACTS: dict[str, dict[str, Any]] = {
    "by number": {SHARED: PHASE, CORRECTED: PHASE, TWO: PHASE, "SYN-0003": PHASE},
    "by provider": {f"{TWO} @{OTHER_NPI}": PHASE, f"{SHARED} @{NPI}": PHASE},
    "by position": {f"{SHARED} #10": PHASE, f"{TWO} #3": PHASE, f"{TWO} #22": {}, "SYN-0005 #1": PHASE},
    "both": {f"{TWO} @{NPI}": PHASE, TWO: {"facts": {"therapy.phase": "initial"}}},
    "twice": {f"{TWO} #3": PHASE, f"{TWO} @{NPI}": PHASE},
    "one of them is unreadable": {"SYN-0000": PHASE},
    "none": {},
    "no such claim": {"SYN": PHASE, "SAME #1": PHASE},
}  # fmt: skip


def table_rows(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = building.line_rows(requests)
    frequencies = iter(request["frequency"] for request in requests for _ in request["lines"])
    made = [{**row, "frequency": next(frequencies)} for row in rows]
    return [
        {
            name: f"\x01{value}" if name == "coverage.payer" and value == 7 else value
            for name, value in row.items()
        }
        for row in made
    ]


KINDS: dict[str, Callable[[Path, list[dict[str, Any]]], Path]] = {
    "json_lines": lambda path, made: building.write_lines(path / "c.jsonl", made),
    "escaped": lambda path, made: escaped(building.write_lines(path / "c.jsonl", made)),
    "json": lambda path, made: listed(path / "c.json", made),
    "csv": lambda path, made: building.write_csv(path / "c.csv", table_rows(made)),
    "parquet": lambda path, made: building.write_parquet(path / "c.parquet", table_rows(made)),
}


def listed(path: Path, made: list[dict[str, Any]]) -> Path:
    path.write_text(json.dumps(made), encoding="utf-8")
    return path


def escaped(path: Path) -> Path:
    """Numbers and names written with escapes, which mean the same."""
    text = path.read_text("utf-8").replace('"SAME"', '"S\\u0041ME"').replace('"id"', '"\\u0069d"')
    path.write_text("\n" + text.replace("CORR", "COR\\u0052"), encoding="utf-8")
    return path


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_blocks, "_BYTES", 1500)
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 5)
    monkeypatch.setattr(running, "_ROWS_ALONE", 3)
    monkeypatch.setattr(csv_blocks, "_SHARE", 10**6)


def as_decide_says(path: Path, facts: Path) -> list[Any]:
    """Of each claim of a file its rows, or the codes of its refusal."""
    out: list[Any] = []
    for answer in answers(engine(), str(path), str(facts)):
        if answer.request is not None:
            made = tuple(one.determination for one in answer.decided)
            out.append(told(Outcome(answer.claim_id, made, answer.without_policy)))
        elif answer.refused:
            out.append([p.code for p in answer.problems if p.severity == "error"])
    return out


def as_batch_says(out: Path) -> list[Any]:
    """The same of a run, by record."""
    by_record: dict[int, Any] = {}
    for row in rows_of(out):
        by_record.setdefault(row["record"], []).append(building.said(row))
    for reject in rejects_of(out):
        assert reject["record"] not in by_record
        by_record[reject["record"]] = [problem["code"] for problem in reject["problems"]]
    return [by_record[record] for record in sorted(by_record)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FACTS)
def test_facts_are_given_and_refused_as_decide_does(
    kind: str, name: str, small_blocks: None, tmp_path: Path
) -> None:
    facts = tmp_path / "facts.txt"
    facts.write_text(json.dumps(FACTS[name]), encoding="utf-8")
    file = KINDS[kind](tmp_path, given())
    expected = as_decide_says(listed(tmp_path / "list.txt", given()), facts)
    refused = [one for one in expected if "ambiguous-facts" in one or "duplicate-key" in one]
    assert len(refused) == {"by number": 4, "by provider": 2, "twice": 1}.get(
        name, 1 if "unreadable" in name else 0
    )

    finished = decided([file], tmp_path / "out", facts=str(facts))

    found = as_batch_says(tmp_path / "out")
    assert [one if "ambiguous-facts" in one else 0 for one in found] == [
        one if "ambiguous-facts" in one else 0 for one in expected
    ]
    assert len(found) == len(expected) == finished.summary["records"]
    for one, other in zip(found, expected, strict=True):
        assert one == other or (kind in ("csv", "parquet") and "wrong" in other[0])


@pytest.mark.parametrize("by", ["number", "npi", "position"])
def test_claims_of_one_number_in_an_837_have_the_facts_of_their_own(
    by: str, small_blocks: None, tmp_path: Path
) -> None:
    path = CASES.parent / "facts" / "same-number-two-practices.837"
    keys = {"number": "1001", "npi": f"1001 @{NPI}", "position": "1001 #2"}
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({keys[by]: PHASE}), encoding="utf-8")

    finished = decided([path], tmp_path / "out", facts=str(facts))

    found = as_batch_says(tmp_path / "out")
    assert found == as_decide_says(path, facts)
    assert found.count(["ambiguous-facts"]) == (2 if by == "number" else 0)
    assert finished.summary["facts"] == {"entries": 1, "claims": 0 if by == "number" else 1}


@pytest.mark.parametrize("workers", [1, 2])
def test_facts_by_a_number_that_claims_of_two_files_bear_are_refused(
    workers: int, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    made = given()
    building.write_lines(folder / "a.jsonl", [made[1], made[2], made[3]])
    building.write_csv(folder / "b.csv", table_rows([made[9], made[21]]))
    facts = tmp_path / "facts.json"
    facts.write_text(
        json.dumps({SHARED: PHASE, f"{TWO} @{OTHER_NPI}": PHASE, "SYN-0003": PHASE}), "utf-8"
    )

    finished = decided([folder], tmp_path / "out", facts=str(facts), workers=workers)

    rejects = rejects_of(tmp_path / "out")
    assert [(one["file"], one["code"]) for one in rejects] == [
        (f"{folder}/a.jsonl", "ambiguous-facts"), (f"{folder}/b.csv", "ambiguous-facts")
    ]  # fmt: skip
    [problem] = rejects[0]["problems"]
    assert problem["message"] == (
        'claim SAME: the facts under "SAME" could be about this claim or about the one at '
        f"{folder}/b.csv:2:1"
    )
    hint = "decide each of the two files by itself, with the facts of its own claims"
    assert problem["hint"] == hint
    assert finished.summary["facts"] == {"entries": 3, "claims": 2}
    missing = {
        row["claim_id"]: "therapy.phase" in row["missing"] for row in rows_of(tmp_path / "out")
    }
    assert not missing["SYN-0003"]


@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
@pytest.mark.parametrize("write", [building.write_csv, building.write_parquet])
def test_rows_of_facts_have_the_facts_of_their_number(
    write: Callable[..., Path], columns: bool, small_blocks: None, tmp_path: Path
) -> None:
    """Also where they are decided a column at a time; and rows that share a number stay apart."""
    row = {**fact_rows(2)[1], "therapy.phase": None}
    rows = [{**row, "id": number} for number in ("A", "B", "C", "B", "D", "E", "D")]
    file = write(tmp_path / ("f.csv" if write is building.write_csv else "f.parquet"), rows)
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"A": PHASE, "B": PHASE, "D #7": PHASE, "D @1": PHASE}), "utf-8")

    decided([file], tmp_path / "out", columns=columns, facts=str(facts))

    unknown = {
        one["record"]: "therapy.phase" in one["missing"] for one in rows_of(tmp_path / "out")
    }
    assert unknown == {1: False, 3: True, 5: True, 6: True, 7: False}
    rejects = rejects_of(tmp_path / "out")
    assert [(one["record"], one["claim_id"], one["code"]) for one in rejects] == [
        (2, "B", "ambiguous-facts"), (4, "B", "ambiguous-facts")
    ]  # fmt: skip
    assert '"B #2"' in rejects[0]["problems"][0]["hint"]


def test_impact_refuses_the_same_claims(tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(FACTS["by number"]), encoding="utf-8")
    file = building.write_lines(tmp_path / "c.jsonl", given())

    made = impact(POLICIES, POLICIES, [file], facts=facts, workers=1)

    assert (
        made.rejects.old_codes["ambiguous-facts"] == made.rejects.new_codes["ambiguous-facts"] == 4
    )
