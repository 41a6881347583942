"""Columns that are carried to the answers come as they were, on every way there, or the call is wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from payer_policy.batch import run as running
from payer_policy.cli import payer_policy
from payer_policy.formats.tables import csv_blocks
from tests.batch import building
from tests.batch.building import POLICIES, claims, decided, line_rows
from tests.batch.test_kinds import fact_rows

Make = Any

TYPES: dict[str, tuple[Any, Make]] = {
    "Integer": (pa.int32(), lambda at: at * 7 if at % 5 else None),
    "unsigned": (pa.uint64(), lambda at: 2**64 - 1 - at),
    "real": (pa.float64(), lambda at: float("nan") if at % 3 else at / 7),
    "truth": (pa.bool_(), lambda at: at % 2 == 0),
    "exact": (pa.decimal128(20, 4), lambda at: Decimal(at) / 16),
    "day": (pa.date32(), lambda at: date(2020, 1, 1 + at % 28)),
    "moment": (
        pa.timestamp("ns", "America/New_York"),
        lambda at: datetime(2025, 3, 4, 5, at % 60, tzinfo=UTC),
    ),
    "bytes": (pa.binary(), lambda at: bytes([at % 256, 0])),
    "words": (pa.list_(pa.string()), lambda at: [f"a{at}", None] if at % 2 else []),
    "parts": (pa.struct([("a", pa.int8())]), lambda at: {"a": at % 100}),
    "of.few": (pa.dictionary(pa.int8(), pa.string()), lambda at: "ab"[at % 2]),
    "long text": (pa.large_string(), lambda at: f"ä{at}," if at % 4 else ""),
    "drug.code kept": (pa.string(), lambda at: f"row {at}"),
}  # fmt: skip
"""Of each column its type, and its value for the record of a number."""


def typed(at: int, names: list[str]) -> list[Any]:
    return [TYPES[name][1](at) for name in names]


def parquet(path: Path, table: pa.Table, owner: list[int], **options: Any) -> Path:
    """The table with a column of each type; `owner`: of each row, the number that decides its values."""
    for name, (type_, make) in TYPES.items():
        table = table.append_column(name, pa.array([make(at) for at in owner], type_))
    pq.write_table(table, path, **options)
    return path


def as_plain(type_: Any) -> Any:
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def held(out: Path) -> pa.Table:
    return pq.read_table(out / "rows")


def hold(answers: pa.Table, by: dict[int, int]) -> None:
    """Each answer has the values of its record, in the types that they had."""
    for name, (type_, make) in TYPES.items():
        assert answers.schema.field(name).type == as_plain(type_), name
        expected = pa.array([make(by[record]) for record in answers["record"].to_pylist()], type_)
        found = answers[name].combine_chunks()
        assert str(found.cast(as_plain(type_))) == str(expected.cast(as_plain(type_))), name
        assert found.to_pylist() == expected.to_pylist() or name == "real", name


@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
@pytest.mark.parametrize("workers", [1, 2])
def test_columns_of_facts_keep_value_and_type(
    columns: bool, workers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 7)
    given = fact_rows()
    table = pq.read_table(building.write_parquet(tmp_path / "f.parquet", given))
    file = parquet(tmp_path / "f.parquet", table, list(range(1, len(given) + 1)), row_group_size=11)

    decided([file], tmp_path / "out", columns=columns, keep=tuple(TYPES), workers=workers)

    answers = held(tmp_path / "out")
    assert len(answers) >= len(given) > 20
    hold(answers, {at: at for at in range(1, len(given) + 1)})


def test_columns_of_claim_lines_are_those_of_the_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_blocks, "_SHARE", 10**6)
    rows = line_rows(claims())
    table = pq.read_table(building.write_parquet(tmp_path / "l.parquet", rows))
    first = {row["id"]: at for at, row in reversed(list(enumerate(rows, 1)))}
    owner = [first[row["id"]] for row in rows]
    file = parquet(tmp_path / "l.parquet", table, owner, row_group_size=5)

    finished = decided([file], tmp_path / "out", keep=tuple(TYPES))

    assert finished.summary["rejected"] == 0
    hold(held(tmp_path / "out"), {at: at for at in owner})


@pytest.mark.parametrize("form", ["facts", "lines"])
@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
def test_text_is_kept_as_text_beside_what_is_read(form: str, columns: bool, tmp_path: Path) -> None:
    rows = fact_rows() if form == "facts" else line_rows(claims())
    plain = building.write_csv(tmp_path / "plain.csv", rows)
    mark = "coverage.payer" if form == "facts" else "id"
    more = [{**row, "line.note": f' "{row[mark]}", ', "nothing": ""} for row in rows]
    file = building.write_csv(tmp_path / "more.csv", more)
    keep = (mark, "line.note", "nothing")

    decided([plain], tmp_path / "a", columns=columns)
    decided([file], tmp_path / "b", columns=columns, keep=keep)

    without, answers = building.rows_of(tmp_path / "a"), building.rows_of(tmp_path / "b")
    assert len(answers) > 10
    assert [{**row, "file": ""} for row in without] == [
        {name: value for name, value in {**row, "file": ""}.items() if name not in keep}
        for row in answers
    ]
    for row in answers:
        value = rows[row["record"] - 1][mark]
        assert (row[mark], row["line.note"]) == (value, f' "{value}", ')
        assert row["nothing"] is None


def test_a_stopped_run_and_files_of_claims_that_are_damaged_keep_too(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    building.write_csv(folder / "a.csv", [{**row, "account": "x"} for row in fact_rows()])
    (folder / "b.parquet").write_bytes(b"PAR1 and no more")
    (folder / "c.csv").write_bytes(b"")

    decided([folder], tmp_path / "out", keep=("account",), part_records=3)

    assert {row["account"] for row in building.rows_of(tmp_path / "out")} == {"x"}
    assert [one["code"] for one in building.rejects_of(tmp_path / "out")] == ["damaged-file"]
    assert decided([folder], tmp_path / "out", keep=("account",), part_records=3).before


def test_rows_of_a_claim_that_say_different_things_refuse_it(tmp_path: Path) -> None:
    rows = [{**row, "account": "7"} for row in line_rows(claims(3))]
    rows[1]["account"] = "8"
    file = building.write_csv(tmp_path / "l.csv", rows)

    finished = decided([file], tmp_path / "out", keep=("account",))

    [reject] = building.rejects_of(tmp_path / "out")
    assert (reject["code"], reject["claim_id"]) == ("rows-differ", rows[0]["id"])
    assert (
        "differ in `account`, which --keep carries to its answers; line 3 has" in reject["reason"]
    )
    assert finished.summary["decided"] == 2


def batch(*arguments: object) -> Any:
    return CliRunner().invoke(
        payer_policy, ["batch", *map(str, arguments), "--policies", str(POLICIES)]
    )


FACT = "id,coverage.payer,account,Account No,service.date\n1,medicare,a,b,2025-03-04\n"
WRONG = {
    "no such column": (
        "acount",
        "t.csv: --keep acount: the table has no column `acount`. Did you mean `account`?",
    ),
    "nothing like it": ("zzz,account", "--keep zzz: the table has no column `zzz`."),
    "a column of the answers": (
        "claim_id",
        "--keep claim_id: the answers have a column `claim_id` of their own; rename",
    ),
    "in other letters": ("Decision", "the answers have a column `decision` of their own"),
    "letters alone": ("account,ACCOUNT", "`account` and `ACCOUNT` differ only in letter case"),
    "an empty name": ("account,", "--keep account,: write names of columns, separated by commas"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_column_that_cannot_be_kept_makes_the_call_wrong(name: str, tmp_path: Path) -> None:
    given, said = WRONG[name]
    (tmp_path / "t.csv").write_text(FACT, encoding="utf-8")

    result = batch(tmp_path / "t.csv", "-o", tmp_path / "out", "--keep", given)

    assert result.exit_code == 2
    assert said in result.output, result.output
    assert not (tmp_path / "out").exists()


def test_names_are_separated_by_commas_and_may_be_quoted(tmp_path: Path) -> None:
    text = FACT.replace("account", '"a, b"')
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    keep = ["--keep", '"a, b", Account No', "--keep", "id"]

    result = batch(tmp_path / "t.csv", "-o", tmp_path / "out", *keep)

    assert result.exit_code == 0, result.output
    [row] = building.rows_of(tmp_path / "out")
    assert (row["a, b"], row["Account No"], row["id"]) == ("a", "b", "1")


def test_what_is_no_table_and_tables_that_disagree_get_a_sentence(tmp_path: Path) -> None:
    lines = building.write_lines(tmp_path / "c.jsonl", claims(1))
    table = tmp_path / "t.csv"
    table.write_text(FACT.replace(",Account No", "").replace(",b", ""), encoding="utf-8")
    other = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["1"], "account": [7]}), other)

    for files, said in (
        (
            [lines],
            "--keep carries columns of tables (CSV, Parquet); claims in JSON, JSON Lines and",
        ),
        ([table, other], f"of type string in {table} and of type int64 in {other}; a column of"),
    ):
        result = batch(*files, "-o", tmp_path / "out", "--keep", "account")
        assert result.exit_code == 2
        assert said in result.output, result.output


def test_a_column_that_means_nothing_says_how_to_keep_it(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,zzzz\n1,2\n", encoding="utf-8")

    result = batch(tmp_path / "t.csv", "-o", tmp_path / "out")

    assert "or carry it to the answers with --keep zzzz." in result.output


def test_another_run_in_the_folder_is_not_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(FACT, encoding="utf-8")
    batch(tmp_path / "t.csv", "-o", tmp_path / "out", "--keep", "account,Account No")

    again = batch(tmp_path / "t.csv", "-o", tmp_path / "out", "--keep", "Account No,account")

    assert "differs from this one in the options" in again.output
