"""Odd tables and a mixed folder: each is decided, or refused in words, never with a trace."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from tests.batch.building import POLICIES, rejects_of

HEAD = "id,coverage.payer,coverage.line_of_business,drug.code,service.date,therapy.phase\n"
FIRST = "SYN-1,medicare,medicare,J0945,2025-03-04,refill\n"
ROWS = FIRST + "SYN-2,commercial-strict,commercial,J0945,2025-11-03,\n"
REQUEST = '{"id":"a","coverage":{"payer":"medicare"},"lines":[{"code":"J0945"}]}'

Wrong = tuple[int, str, str]
"""A record that is rejected: its number, the code, and a part of the reason."""
Expected = str | tuple[int, list[Wrong]]
"""What the call says where it is wrong; else how many records are decided, and what is rejected."""

FILES: dict[str, tuple[bytes, Expected]] = {
    "bom.csv": (b"\xef\xbb\xbf" + (HEAD + ROWS).encode(), (2, [])),
    "semi.csv": ((HEAD + ROWS).replace(",", ";").encode(), (2, [])),
    "tab.csv": ((HEAD + ROWS).replace(",", "\t").encode(), (2, [])),
    "latin1.csv": ((HEAD + ROWS).replace("SYN-1", "SYN-é").encode("latin-1"),
                   (1, [(1, "broken-row", "the byte 0xE9 here is not UTF-8")])),
    "quotes.csv": ((HEAD + ROWS).replace("SYN-1", '"SYN-""1"""').encode(), (2, [])),
    "newline.csv": ((HEAD + ROWS).replace("SYN-1", '"SYN-\n1"').encode(),
                    (1, [(1, "wrong-value", "half a character (U+000A)")])),
    "crlf.csv": ((HEAD + ROWS).replace("\n", "\r\n").encode(), (2, [])),
    "cr.csv": ((HEAD + ROWS).replace("\n", "\r").encode(), "lines end with LF or CR LF"),
    "utf16.csv": ((HEAD + ROWS).encode("utf-16"), "this is UTF-16 text; save it as UTF-8 text"),
    "utf16le.csv": ((HEAD + ROWS).encode("utf-16-le"), "this is UTF-16 text; save it as UTF-8"),
    "utf16.jsonl": ((REQUEST + "\n").encode("utf-16"), "this is UTF-16 text; save it as UTF-8"),
    "workbook.csv": (b"PK\x03\x04aaaa", "this is a zip archive or an Excel file; unpack it"),
    "empty.csv": (b"", (0, [])),
    "header.csv": (HEAD.encode(), (0, [])),
    "short.csv": ((HEAD + "SYN-1,medicare\n" + ROWS).encode(),
                  (2, [(1, "broken-row", "found 2 cells; the header names 6")])),
    "long.csv": ((HEAD + FIRST.strip() + ",extra\n" + ROWS).encode(),
                 (2, [(1, "broken-row", "found 7 cells; the header names 6")])),
    "capitals.csv": ((HEAD + ROWS).replace("drug.code", "Drug.Code").encode(),
                     "`Drug.Code` is not a fact. Did you mean `drug.code`?"),
    "underscore.csv": ((HEAD + ROWS).replace("drug.code", "drug_code").encode(),
                       "`drug_code` is not a fact. Did you mean `drug.code`?"),
    "twice.csv": (HEAD.replace("therapy.phase", "drug.code").encode(), "`drug.code` is there twice"),
    "blanks.csv": ((HEAD.replace(",", " , ") + ROWS).encode(), (2, [])),
    "usdate.csv": ((HEAD + ROWS).replace("2025-03-04", "03/04/2025").encode(),
                   (1, [(1, "wrong-type", 'found "03/04/2025"; a date was expected')])),
    "nulls.csv": ((HEAD + "SYN-1,NULL,medicare,J0945,NA,refill\n").encode(),
                  (0, [(1, "wrong-type", 'found "NA"; a date was expected')])),
    "noid.csv": (b"coverage.payer,drug.code,service.date\nmedicare,J0945,2025-03-04\n", (1, [])),
    "blankrows.csv": ((HEAD + "\n\n" + ROWS + "\n").encode(), (2, [])),
    "unclosed.csv": ((HEAD + '"' + FIRST + ROWS).encode(),
                     (0, [(1, "broken-row", "3 lines were taken as this row")])),
    "packed.csv.gz": (gzip.compress((HEAD + ROWS).encode()), (2, [])),
    "plain.csv.gz": ((HEAD + ROWS).encode(), (2, [])),
    "x.xlsx": (b"PK\x03\x04aaaa", "this is a zip archive or an Excel file"),
    "x.txt": (b"hello", 'the file starts with "hello"'),
    "cut.parquet": (b"PAR1abc", "cannot be read as Parquet; is the file complete?"),
    "empty.parquet": (b"", "the file is not a Parquet file"),
    "empty.jsonl": (b"", (0, [])),
    "bad.jsonl": (f'{REQUEST}\n{{oops\n\n{{"id":"b"}}\n[1]\n"x"\nnull\n'.encode(),
                  (2, [(2, "json-syntax", "a key in quotation marks"), (5, "wrong-type", "found a list"),
                       (6, "wrong-type", 'found "x"'), (7, "wrong-type", "found null")])),
}  # fmt: skip

PLAIN: Mapping[str, Any] = {
    "id": ["SYN-1", "SYN-2"],
    "coverage.payer": ["medicare", "commercial-strict"],
    "coverage.line_of_business": ["medicare", "commercial"],
    "drug.code": ["J0945", "J0945"],
    "service.date": [date(2025, 3, 4), date(2025, 11, 3)],
    "therapy.phase": ["refill", None],
}
DAYS = pl.Series([datetime(2025, 3, 4), datetime(2025, 11, 3)])
UNITS, MARK, DAY = "lines.discarded", "modifiers.jz_missing_on_a_line", "service.date"
TOO_LARGE = "is too large for a claim"

COLUMNS: dict[str, tuple[Mapping[str, Any], Expected]] = {
    "nothing odd": ({}, (2, [])),
    "midnight": ({DAY: DAYS}, (2, [])),
    "another time": ({DAY: pl.Series([datetime(2025, 3, 4, 23, 30), DAYS[1]])},
                     (1, [(1, "wrong-type", 'found "2025-03-04 23:30:00"')])),
    "midnight in New York": ({DAY: DAYS.dt.replace_time_zone("America/New_York")}, (2, [])),
    "midnight in UTC": ({DAY: DAYS.dt.replace_time_zone("UTC")}, (2, [])),
    "days as numbers": ({DAY: [20250304, 20251103]},
                        "a date (YYYY-MM-DD) was expected. Write days as DATE, or as text such as"),
    "categories": ({"drug.code": pl.Series(["J0945", "J0945"], dtype=pl.Categorical)}, (2, [])),
    "an enumeration": ({"coverage.payer": pl.Series(
        ["medicare", "commercial-strict"], dtype=pl.Enum(["medicare", "commercial-strict"]))}, (2, [])),
    "floats": ({UNITS: [0.0, 1.0]}, "Cast it to DECIMAL, or to text: floats are not exact."),
    "nothing known": ({UNITS: pl.Series([None, None])}, (2, [])),
    "large numbers": ({UNITS: [10**18, 2**63 - 1]},
                      (0, [(1, "wrong-value", TOO_LARGE), (2, "wrong-value", TOO_LARGE)])),
    "unsigned": ({UNITS: pl.Series([2**64 - 1, 1], dtype=pl.UInt64)},
                 (1, [(1, "wrong-value", TOO_LARGE)])),
    "endless digits": ({UNITS: ["1" + "0" * 40, "1"]}, (1, [(1, "wrong-type", "a number was expected")])),
    "a word among numbers": ({UNITS: ["1", "x"]}, (1, [(2, "wrong-type", 'found "x"; a number was')])),
    "fractions": ({UNITS: ["1.5", "-2"]},
                  (0, [(1, "wrong-type", 'found "1.5"; a whole'), (2, "wrong-value", "found -2")])),
    "truth for numbers": ({UNITS: [True, False]}, "a whole number was expected. Cast it to an integer"),
    "numbers for truth": ({MARK: [0, 1]}, "true or false was expected. Cast it to BOOLEAN, or to the"),
    "Y and N": ({MARK: ["Y", "N"]}, (0, [(1, "wrong-type", 'found "Y"; true or false was expected'),
                                         (2, "wrong-type", 'found "N"; true or false was expected')])),
    "lists": ({"diagnoses": [["G80.0"], []]}, "is not a fact. Did you mean `diagnosis.codes`?"),
    "numbers for claims": ({"id": [1, 2]}, (2, [])),
    "no number": ({"id": ["SYN-1", None]}, (2, [])),
    "one number twice": ({"id": ["SYN-1", "SYN-1"]}, (2, [])),
    "a long number": ({"id": ["a" * 300, "SYN-2"]},
                      (1, [(1, "wrong-value", "found 300 characters; at most 200 were expected")])),
    "one more column": ({"x": [1, 2]}, "or carry it to the answers with --keep x."),
    "capitals": ({"DRUG.CODE": ["J0945"] * 2}, "`DRUG.CODE` is not a fact. Did you mean `drug.code`?"),
    "capitals in values": ({"therapy.phase": ["Refill", " refill "]},
                           (1, [(1, "unknown-value", 'found "Refill"; expected one of trial,')])),
    "codes in small letters": ({"drug.code": ["j0945", " J0945 "]}, (2, [])),
    "parts": ({UNITS: pl.Series([{"a": 1}, {"a": 2}])}, "Leave it out, or write one value a row."),
    "bytes": ({UNITS: pl.Series([b"1", b"2"])}, "values of the type large_binary; a whole number was"),
}  # fmt: skip


def batch(*arguments: object) -> Result:
    return CliRunner().invoke(
        payer_policy, ["batch", *map(str, arguments), "--policies", str(POLICIES), "--json"]
    )


def holds(result: Result, out: Path, expected: Expected) -> None:
    """The call says what is wrong with it; or its records are decided and rejected as expected."""
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    if isinstance(expected, str):
        assert (result.exit_code, expected in result.output) == (2, True), result.output
        assert not out.exists()
        return
    decided, wrong = expected
    assert result.exit_code == (1 if wrong else 0), result.output
    summary = json.loads(result.stdout)
    assert (summary["decided"], summary["rejected"]) == (decided, len(wrong))
    found = rejects_of(out)
    assert [(one["record"], one["code"]) for one in found] == [(at, code) for at, code, _ in wrong]
    for one, (_, _, said) in zip(found, wrong, strict=True):
        assert said in one["reason"]


@pytest.mark.parametrize("name", FILES)
def test_an_odd_file_is_decided_or_refused_in_words(name: str, tmp_path: Path) -> None:
    content, expected = FILES[name]
    (tmp_path / name).write_bytes(content)

    holds(batch(tmp_path / name, "-o", tmp_path / "out"), tmp_path / "out", expected)


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("ways", [(), ("--engine", "compiled")], ids=["columns", "rows"])
def test_an_odd_column_is_decided_or_refused_in_words(
    name: str, ways: tuple[str, ...], tmp_path: Path
) -> None:
    columns, expected = COLUMNS[name]
    pl.DataFrame({**PLAIN, **columns}).write_parquet(tmp_path / "t.parquet")

    holds(batch(tmp_path / "t.parquet", "-o", tmp_path / "out", *ways), tmp_path / "out", expected)


def test_a_mixed_folder_is_decided_as_far_as_it_can_be(tmp_path: Path) -> None:
    folder = tmp_path / "mix"
    (folder / "sub").mkdir(parents=True)
    for name in (
        "bom.csv",
        "bad.jsonl",
        "x.txt",
        "x.xlsx",
        "empty.csv",
        "cut.parquet",
        "utf16.csv",
    ):
        (folder / name).write_bytes(FILES[name][0])
    pl.DataFrame(PLAIN).write_parquet(folder / "ok.parquet")
    pl.DataFrame(PLAIN).head(0).write_parquet(folder / "zero.parquet")
    (folder / "sub" / "packed.csv.gz").write_bytes(FILES["packed.csv.gz"][0])
    (folder / "_SUCCESS").write_bytes(b"")
    (folder / ".hidden.csv").write_bytes(b"x")

    result = batch(folder, "-o", tmp_path / "out")

    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert (summary["records"], summary["decided"], summary["rejected"]) == (13, 8, 5)
    skipped = {Path(one["path"]).name: one["reason"] for one in summary["skipped"]}
    assert skipped.keys() == {"x.txt", "x.xlsx", "_SUCCESS", "utf16.csv"}
    assert skipped["utf16.csv"] == "this is UTF-16 text; save it as UTF-8 text"
    assert summary["counted"] == {
        "inputs": {"json_lines": 6, "csv": 4, "parquet": 2},
        "not_counted": [f"{folder}/cut.parquet"],
    }
