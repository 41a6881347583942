"""What is wrong with a call, a file or a record is said in plain words, and counted."""

from __future__ import annotations

import gzip
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payer_policy.batch import deciding, run
from payer_policy.batch.answers import AnswerRows, NotExact
from payer_policy.batch.progress import line_of
from payer_policy.batch.schema import DESCRIPTIONS, HELD
from payer_policy.cli import payer_policy
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables.columns import LINE_FIELDS
from payer_policy.request.models import Line
from tests.batch import building
from tests.batch.building import POLICIES, claims, decided, line_rows, rejects_of, rows_of
from tests.examples import examples

FACT = "coverage.payer,drug.code,service.date,therapy.phase\nmedicare,J0945,2025-03-04,refill\n"


def batch(*words: object) -> Result:
    command = ["batch", *map(str, words), "--policies", str(POLICIES), "--workers", "1"]
    return CliRunner().invoke(payer_policy, command)


# --- the call ------------------------------------------------------------------------------------

WRONG_COLUMNS = {
    "a misspelled fact": (
        "id,drug.cod\n1,J0945\n",
        "`drug.cod` is not a fact. Did you mean `drug.code`?",
    ),
    "no fact at all": ("id,zzz\n1,2\n", "`payer-policy facts` lists the facts"),
    "a column twice": ("id,drug.code,drug.code\n1,2,3\n", "the column `drug.code` is there twice"),
    "a column without a name": ("id,,drug.code\n1,2,3\n", "column 2 has no name"),
    "a fact that rules conclude": (
        "id,policy.preauthorizes_trials\n1,true\n",
        "is concluded by rules",
    ),
    "a misspelled field of a line": (
        "id,line.modifier\n1,JZ\n",
        "`line.modifier` is not a field of a claim, a field of its lines or a fact. "
        "Did you mean `line.modifiers`?",
    ),
    "lines without a claim number": ("line.code\nJ0945\n", "needs the column `id`"),
    "a header that is not text": (b"id,\xff\n1,2\n", "the header cannot be read"),
    "a header without an end": ('id,"drug.code\n1,2\n', "the file ends within quotes"),
}


@pytest.mark.parametrize("name", WRONG_COLUMNS)
def test_a_wrong_column_makes_the_call_wrong(name: str, tmp_path: Path) -> None:
    text, said = WRONG_COLUMNS[name]
    file = tmp_path / "t.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())

    result = batch(file, "-o", tmp_path / "out")

    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()


WRONG_TYPES = {
    "floats": (
        "line.units",
        pa.array([1.5]),
        r"binary floating-point numbers; .* Cast it to DECIMAL",
    ),
    "floats for a fact": ("patient.age", pa.array([1.5]), "Cast it to DECIMAL, or to text"),
    "numbers for a code": ("line.code", pa.array([99213]), r"int64; text was expected\. Cast it"),
    "a time of day": ("line.date", pa.array([0], pa.time32("ms")), "Write days as DATE"),
    "structs": ("diagnoses", pa.array([{"a": 1}]), "text was expected"),
    "lists of numbers": ("line.modifiers", pa.array([[1]]), "text was expected"),
    "true for a date": ("line.date", pa.array([True]), "a date was expected"),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_column_of_a_wrong_type_makes_the_call_wrong(name: str, tmp_path: Path) -> None:
    column, values, said = WRONG_TYPES[name]
    file = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": ["1"], "line.number": pa.array([1]), column: values}), file)

    with pytest.raises(WrongCall, match=said):
        decided([file], tmp_path / "out")


def test_types_that_hold_the_same_are_taken(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": pa.array([17], pa.int64()),
            "coverage.payer": pa.array(["medicare"]).dictionary_encode(),
            "diagnoses": pa.array([["G80.0"]], pa.large_list(pa.large_string())),
            "line.code": pa.array(["J0945"], pa.large_string()),
            "line.units": pa.array([Decimal("4.00")], pa.decimal128(9, 2)),
            "line.diagnosis_pointers": pa.array(["1"]),
            "line.modifiers": pa.array(["JZ:59"]),
            "line.ndc": pa.nulls(1),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")

    decided([tmp_path / "t.parquet"], tmp_path / "out")

    [row] = rows_of(tmp_path / "out")
    assert (row["claim_id"], row["decision"]) == ("17", "pend")
    assert rejects_of(tmp_path / "out") == []


def test_every_field_of_a_line_has_a_column() -> None:
    # Each fact has a column of its own; a list has none.
    assert {*LINE_FIELDS, "facts", "records"} == set(Line.model_fields)


NAMED = {
    "nothing there": ("gone.jsonl", None, "there is no such file or folder"),
    "a PDF": ("claims.pdf", b"%PDF-1.7", "this is a PDF document"),
    "some words": ("notes.txt", b"Hello", 'the file starts with "Hello"'),
    "no Parquet": ("t.parquet", b"PAR", "it does not start with PAR1"),
    "half a Parquet": ("t.parquet", b"PAR1" + b"\0" * 50, "cannot be read as Parquet"),
    "an archive of nothing": ("c.jsonl.gz", b"\x1f\x8b\x08\x00", "damaged from its start"),
    "an empty folder": ("", None, "no file of claims found"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_file_that_cannot_be_an_input_makes_the_call_wrong(name: str, tmp_path: Path) -> None:
    file_name, content, said = NAMED[name]
    folder = tmp_path / "in"
    folder.mkdir()
    if content is not None:
        (folder / file_name).write_bytes(content)

    result = batch(folder / file_name, "-o", tmp_path / "out")

    assert (result.exit_code, said in result.output) == (2, True), result.output


def test_a_file_given_twice_is_refused(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(1))

    with pytest.raises(WrongCall, match="is named twice"):
        decided([file, tmp_path], tmp_path.parent / "out-twice")


def test_the_command_says_what_became_of_the_records(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(6))
    good = batch(file, "-o", tmp_path / "out")
    assert good.exit_code == 0
    assert good.output.startswith("6 records of 1 file: 6 decided, 0 rejected;")
    file.write_text(file.read_text("utf-8") + "{\n", "utf-8")

    bad = batch(file, "-o", tmp_path / "other", "--json")

    assert bad.exit_code == 1
    summary = json.loads(bad.output)
    assert (summary["records"], summary["decided"], summary["rejected"]) == (7, 6, 1)
    assert summary == json.loads((tmp_path / "other" / "summary.json").read_text("utf-8"))
    again = batch(file, "-o", tmp_path / "other", "--json")
    assert (again.exit_code, again.stdout) == (1, bad.stdout)
    assert "is already finished" in again.stderr


def test_without_the_libraries_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payer_policy.cli.batch.find_spec", lambda name: None)

    result = batch(tmp_path, "-o", tmp_path / "out")

    assert result.exit_code == 2
    assert "pip install 'payer-policy[batch]'" in result.output


def test_the_help_of_the_program_names_the_command() -> None:
    result = CliRunner().invoke(payer_policy, ["--help"])

    assert re.search(r"batch +Decide files of millions of claims", result.output)


# --- records -------------------------------------------------------------------------------------

LINES = (
    "id,coverage.payer,coverage.line_of_business,line.code,line.date,line.units,line.modifiers\n"
)
ROW = "medicare,medicare,J0945,2025-03-04"
BROKEN: dict[str, tuple[str, str | bytes, list[tuple[int, str, str]], int]] = {
    "facts: a number that is none": (
        "f.csv",
        FACT.replace("therapy.phase", "patient.age").replace("refill", "9" * 40)
        + FACT.split("\n")[1],
        [(1, "wrong-value", "fact `patient.age`: the number"), (2, "wrong-type", '"refill"')],
        0,
    ),
    "facts: a day that is none": (
        "f.csv",
        FACT.replace("2025-03-04", "2025-02-30"),
        [(1, "wrong-value", "2025-02-30 is not a day of the calendar")],
        0,
    ),
    "facts: too few cells": (
        "f.csv",
        FACT + "medicare,J0945\n" + FACT.split("\n")[1] + "\n",
        [(2, "broken-row", "found 2 cells; the header names 4")],
        2,
    ),
    "facts: no UTF-8": (
        "f.csv",
        FACT.encode() + b"m\xffdicare,J0945,2025-03-04,refill\n",
        [(2, "broken-row", "the byte 0xFF here is not UTF-8 text")],
        1,
    ),
    "facts: quotes without an end": (
        "f.csv",
        FACT + '"medicare,J0945,2025-03-04,refill\n' + FACT,
        [(2, "broken-row", "the file ends within quotes; 3 lines were taken as this row")],
        1,
    ),
    "facts: text after quotes": (
        "f.csv",
        FACT + '"medicare" x,J0945,2025-03-04,refill\n' + FACT.split("\n")[1],
        [(2, "broken-row", "text follows a closing quote")],
        2,
    ),
    "facts: a line that is too long": (
        "f.csv",
        FACT + "," * 17_000_000 + "\n" + FACT.split("\n")[1],
        [(2, "broken-row", "the row is too long")],
        2,
    ),
    "lines: a row that cannot be read": (
        "l.csv",
        LINES + f"A,{ROW},4,JZ\nA,{ROW}\nA,{ROW},4,JZ\nB,{ROW},4,JZ\n",
        [
            (1, "incomplete-claim", "claim A: line 3 beside it cannot be read"),
            (2, "broken-row", "found 5 cells; the header names 7"),
            (3, "incomplete-claim", "claim A: line 3 beside it cannot be read"),
        ],
        1,
    ),
    "lines: rows without a number": (
        "l.csv",
        LINES + f"A,{ROW},4,JZ\n,{ROW},4,JZ\nB,{ROW},4,JZ\nC,{ROW},4,JZ\n",
        [
            (1, "incomplete-claim", "claim A: line 3"),
            (2, "broken-row", "the row has no claim number (`id`)"),
            (3, "incomplete-claim", "claim B: line 3"),
        ],
        1,
    ),
    "lines: rows that differ": (
        "l.csv",
        LINES + f"A,{ROW},4,JZ\nA,aetna{ROW[8:]},4,JZ\n",
        [
            (
                1,
                "rows-differ",
                'differ in `coverage.payer`: the first row says "medicare", row 2 of it',
            )
        ],
        0,
    ),
    "lines: too many": (
        "l.csv",
        LINES + f"A,{ROW},4,JZ\n" * 1500 + f"B,{ROW},4,JZ\n",
        [(1, "too-many-lines", "claim A: found 1,500 rows; a claim has at most 999 lines")],
        1,
    ),
    "lines: units that are none": (
        "l.csv",
        LINES + f"A,{ROW},many,JZ\n",
        [(1, "wrong-type", "claim A: `units` of a line: ")],
        0,
    ),
    "a line without an end": (
        "c.jsonl",
        '{"id": "' + "a" * 20_000_000 + "\n" + '{"id": "B"}\n',
        [(1, "too-large", "this request is longer than 4 million characters")],
        1,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
def test_a_broken_record_is_rejected_alone(name: str, columns: bool, tmp_path: Path) -> None:
    file_name, content, expected, kept = BROKEN[name]
    file = tmp_path / file_name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())

    finished = decided([file], tmp_path / "out", columns=columns)

    found = rejects_of(tmp_path / "out")
    assert [(one["record"], one["code"]) for one in found] == [(r, c) for r, c, _ in expected]
    for one, (_, _, said) in zip(found, expected, strict=True):
        assert said in one["reason"]
        assert one["file"] == str(file)
        assert one["line"] is not None
        if not said.startswith("claim") and file_name == "f.csv":
            assert one["line"] == one["record"] + 1  # the header is line 1
    assert finished.summary["decided"] == kept
    assert len({row["record"] for row in rows_of(tmp_path / "out")}) == kept


@pytest.mark.parametrize("cut", [30, 200, -20, -5])
@pytest.mark.parametrize("kind", ["jsonl", "csv", "837"])
def test_an_archive_that_is_cut_off_is_rejected_from_there_on(
    kind: str, cut: int, tmp_path: Path
) -> None:
    if kind == "jsonl":
        content = building.write_lines(tmp_path / "c", claims(200)).read_bytes()
    elif kind == "csv":
        content = building.write_csv(tmp_path / "c", line_rows(claims(200))).read_bytes()
    else:
        content = (building.CASES / "synthetic-professional-wastage.837").read_bytes()
    file = tmp_path / f"d.{kind}.gz"
    file.write_bytes(gzip.compress(content, mtime=0)[:cut])

    try:
        finished = decided([file], tmp_path / "out")
    except WrongCall as error:
        assert "damaged from its start" in str(error)
        return

    codes = [one["code"] for one in rejects_of(tmp_path / "out")]
    assert codes.count("damaged-file") == 1
    assert set(codes) <= {"damaged-file", "incomplete-claim", "json-syntax"}
    assert finished.summary["records"] == finished.summary["decided"] + len(codes)
    # A finished run knows that the file is at its end.
    assert decided([file], tmp_path / "out").before


def test_a_damaged_parquet_file_is_rejected_from_there_on(tmp_path: Path) -> None:
    file = tmp_path / "t.parquet"
    building.write_parquet(file, line_rows(claims(300)), row_group_size=50, compression="none")
    content = bytearray(file.read_bytes())
    at = len(content) // 8
    content[at : at + 500] = bytes(500)
    file.write_bytes(content)

    finished = decided([file], tmp_path / "out")

    found = rejects_of(tmp_path / "out")
    assert "damaged-file" in [one["code"] for one in found]
    assert finished.summary["decided"] > 0
    assert finished.summary["records"] == finished.summary["decided"] + len(found)


@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(["csv", "parquet", "jsonl", "837", "f.csv"]),
    damage=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 20), st.binary(max_size=6)), max_size=4
    ),
)
def test_no_damage_to_a_file_shows_a_fault_of_this_program(
    kind: str,
    damage: list[tuple[float, int, bytes]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tmp_path = tmp_path_factory.mktemp("damage")
    file = tmp_path / f"t.{kind}"
    rows = line_rows(claims(6))
    if kind == "csv":
        building.write_csv(file, rows)
    elif kind == "parquet":
        building.write_parquet(file, rows)
    elif kind == "jsonl":
        building.write_lines(file, claims(6))
    elif kind == "f.csv":
        file.write_text(FACT * 1 + FACT.split("\n")[1] + "\n", "utf-8")
    else:
        file.write_bytes((building.CASES / "synthetic-professional-wastage.837").read_bytes())
    content = file.read_bytes()
    for where, length, other in damage:
        at = int(where * len(content))
        content = content[:at] + other + content[at + length :]
    file.write_bytes(content)

    result = batch(file, "-o", tmp_path / "out")

    assert result.exit_code in (0, 1, 2)
    assert "internal error" not in result.output, result.output
    if result.exit_code < 2:
        summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
        assert summary["records"] == summary["decided"] + summary["rejected"]
        assert "internal-error" not in summary["rejects"]
        assert len(rows_of(tmp_path / "out")) == summary["rows"]


# --- inside --------------------------------------------------------------------------------------


def test_a_fault_in_one_record_is_that_records_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = deciding.Engine.decide

    def decide(self: deciding.Engine, request: Any) -> Any:
        if request.id == "SYN-0002":
            raise ZeroDivisionError("patient data")
        return real(self, request)

    monkeypatch.setattr(deciding.Engine, "decide", decide)
    file = building.write_lines(tmp_path / "c.jsonl", claims(5))

    decided([file], tmp_path / "out")

    [reject] = rejects_of(tmp_path / "out")
    assert (reject["record"], reject["code"]) == (3, "internal-error")
    assert "(ZeroDivisionError)" in reject["reason"]
    assert "patient data" not in str(reject)


def test_counts_that_differ_are_an_internal_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "record_count", lambda table: 2)
    file = building.write_lines(tmp_path / "c.jsonl", claims(3))

    result = batch(file, "-o", tmp_path / "out")

    assert result.exit_code == 2
    assert "internal error: 3 records were read" in result.output
    with pytest.raises(deciding.CountsDiffer):
        decided([file], tmp_path / "other")


def test_units_that_no_column_holds_are_a_reject() -> None:
    from fractions import Fraction

    from payer_policy.batch.answers import exact

    assert exact(Fraction(1, 8)) == Decimal("0.125")
    assert exact(7) == 7
    for units in (Fraction(1, 3), 10**12, Decimal("1e-13")):
        with pytest.raises(NotExact):
            exact(units)
    assert AnswerRows({}).table().schema == HELD


def test_the_progress_line() -> None:
    assert line_of(run.Progress(12_000, 50, 200), 6.0, 0) == (
        "12,000 records · 2,000/s · 25% · 0:18 left"
    )
    assert line_of(run.Progress(10, 100, 200), 0.5, 0) == "10 records · 20/s · 50%"


def test_the_page_for_users_names_every_column() -> None:
    page = (building.ROOT / "docs" / "batch.md").read_text("utf-8")

    for name, says in DESCRIPTIONS.items():
        assert f"| `{name}` | {says} |" in page


def test_a_row_over_several_lines_has_the_line_that_it_starts_on(tmp_path: Path) -> None:
    file = tmp_path / "f.csv"
    file.write_text(FACT + '"medi\ncare",J0945,2025-03-04,refill\n\nmedicare,J0945,2025-13-04,\n')

    finished = decided([file], tmp_path / "out")

    assert finished.summary["decided"] == 2
    [reject] = rejects_of(tmp_path / "out")
    assert (reject["record"], reject["line"]) == (3, 6)
    assert {problem["line"] for problem in reject["problems"]} == {6}


@pytest.mark.parametrize("length", [8, 200, -4])
def test_a_cut_off_parquet_file_in_a_folder_is_a_reject_and_stops_no_other(
    length: int, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    whole = building.write_parquet(folder / "a.parquet", building.line_rows(building.claims(6)))
    (folder / "b.parquet").write_bytes(whole.read_bytes()[:length])

    finished = decided([folder], tmp_path / "out")

    [reject] = rejects_of(tmp_path / "out")
    assert (reject["file"], reject["record"], reject["code"]) == (
        (folder / "b.parquet").as_posix(), 1, "damaged-file"
    )  # fmt: skip
    assert reject["reason"].startswith("the file cannot be read as Parquet; what follows")
    assert (finished.summary["records"], finished.summary["decided"]) == (7, 6)


MAPS = {
    "no such column": ("plan=coverage.payer", "no table has the column `plan`."),
    "no meaning": ("hcpcs=", "write a column and a fact or field, such as --map hcpcs=drug.code"),
    "a name that means nothing": ("hcpcs=drug.cod", "the column `drug.cod` is not a fact"),
    "a column that is there": ("hcpcs=service.date", "the column `service.date` is there twice"),
}


@pytest.mark.parametrize("name", MAPS)
def test_a_wrong_map_makes_the_call_wrong(name: str, tmp_path: Path) -> None:
    given, said = MAPS[name]
    file = tmp_path / "t.csv"
    code = "drug.code" if name == "no such column" else "hcpcs"
    file.write_text(f"id,{code},service.date\n1,J0945,2025-03-04\n", encoding="utf-8")

    result = batch(file, "-o", tmp_path / "out", "--map", given)

    assert result.exit_code == 2
    assert said in result.output
    assert not (tmp_path / "out").exists()
