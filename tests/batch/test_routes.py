"""Generated claims have one answer each, by whatever way they come: JSON, 837, tables, question."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from payer_policy.batch import run as running
from payer_policy.core.diagnostics import PolicyError
from payer_policy.formats import pieces, read_requests, read_supplements, supplemented
from payer_policy.formats.tables import csv_blocks
from tests import generated_forms
from tests.batch.building import by_claim, decided, engine, rejects_of, rows_of, told
from tests.generated_claims import claims, json_lines

COUNT = 400
GIVEN = list(claims(23, COUNT, undated=0.05, spanned=0.1))


def as_json_lines(path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    (path / "c.jsonl").write_text(json_lines(GIVEN), encoding="utf-8")
    return path / "c.jsonl", GIVEN, {}


def as_list(path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    (path / "c.json").write_text(json.dumps(GIVEN), encoding="utf-8")
    return path / "c.json", GIVEN, {}


def as_837(form: generated_forms.Form, path: Path) -> tuple[Path, list[Any], dict[str, Any]]:
    (path / "c.837").write_text(form.text, encoding="ascii")
    return path / "c.837", form.claims, form.facts


def as_csv(path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    form = generated_forms.table(GIVEN)
    with (path / "c.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(form.rows[0])
        for row in form.rows:
            writer.writerow(" ".join(v) if isinstance(v, list) else v for v in row.values())
    return path / "c.csv", form.claims, form.facts


def as_parquet(path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    form = generated_forms.table(GIVEN)
    columns = {
        name: [
            (value or None) if value is None or isinstance(value, list) else str(value)
            for value in (row[name] for row in form.rows)
        ]
        for name in form.rows[0]
    }
    frame = pl.DataFrame(columns).with_columns(
        pl.col("line.number").cast(pl.Int32), pl.col("line.date").str.to_date()
    )
    frame.write_parquet(path / "c.parquet", row_group_size=50)
    return path / "c.parquet", form.claims, form.facts


def as_facts(path: Path) -> tuple[Path, list[dict[str, Any]], dict[str, Any]]:
    """The facts of every claim and its first drug, as the row of a service."""
    made = [{"id": claim["id"], "facts": generated_forms.service_facts(claim)} for claim in GIVEN]
    names = sorted({name for one in made for name in one["facts"]})
    columns = {
        name: [None if (value := one["facts"].get(name)) is None else shown(value) for one in made]
        for name in names
    }
    pl.DataFrame({"id": [one["id"] for one in made], **columns}).write_parquet(path / "f.parquet")
    return path / "f.parquet", made, {}


def shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


ROUTES: dict[str, Callable[[Path], tuple[Path, list[dict[str, Any]], dict[str, Any]]]] = {
    "JSON Lines": as_json_lines,
    "JSON": as_list,
    "837P": lambda path: as_837(generated_forms.professional(GIVEN), path),
    "837I": lambda path: as_837(generated_forms.institutional(GIVEN), path),
    "CSV": as_csv,
    "Parquet": as_parquet,
    "facts": as_facts,
}


@pytest.mark.parametrize("name", ROUTES)
def test_generated_claims_have_one_answer_by_every_way(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    monkeypatch.setattr(csv_blocks, "_SHARE", 10**6)
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 70)
    file, given, facts = ROUTES[name](tmp_path)
    beside = tmp_path / "facts.txt"
    beside.write_text(json.dumps(facts), encoding="utf-8")

    finished = decided([file], tmp_path / "out", facts=str(beside) if facts else None)

    expected: dict[str, Any] = {}
    refused: list[str] = []
    for claim in given:
        try:
            expected[claim["id"]] = told(engine().decide(claim))
        except PolicyError:
            refused.append(claim["id"])
    assert [one["claim_id"] for one in rejects_of(tmp_path / "out")] == refused
    assert by_claim(rows_of(tmp_path / "out")) == {k: v for k, v in expected.items() if v}
    assert finished.summary["records"] == len(given)
    assert len(given) >= COUNT / (8 if name == "837I" else 2)
    decisions = Counter(one["decision"] for made in expected.values() for one in made)
    assert len(decisions) >= (3 if name == "facts" else 4), decisions


@pytest.mark.parametrize("write", [generated_forms.professional, generated_forms.institutional])
def test_an_837_says_all_that_its_claim_says(write: Callable[..., generated_forms.Form]) -> None:
    """So that what the answers have in common is not what was lost on the way."""
    form = write(GIVEN)
    entries = read_supplements(json.dumps(form.facts).encode(), "facts")

    read = supplemented(read_requests(form.text.encode(), "c.837"), entries)

    for intake, claim in zip(read, form.claims, strict=True):
        assert intake.request is not None, intake.diagnostics
        assert intake.request.id == claim["id"]
        assert len(intake.request.lines) == len(claim["lines"])
        assert len(intake.request.diagnoses or ()) == len(claim["diagnoses"])
