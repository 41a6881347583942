"""Whatever a file holds is answered or rejected: a count of its own says so, or the run fails."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.analysis.impact import impact
from payer_policy.batch import counting, journal, readers, workers
from payer_policy.batch import run as running
from payer_policy.batch.deciding import CountsDiffer, Decider
from payer_policy.batch.inputs import find_inputs
from payer_policy.batch.readers import reader_of
from payer_policy.cli import payer_policy
from payer_policy.formats import X12Loop, x12_loops
from payer_policy.formats.blocks import Block, ClaimRows, JsonLines, TableClaims
from payer_policy.formats.streams import lines_of
from payer_policy.formats.tables.csv_rows import row_texts
from payer_policy.formats.tables.parquet_blocks import claim_starts
from payer_policy.formats.x12.count import count_x12
from payer_policy.formats.x12.segment_reader import reading
from tests.batch import building
from tests.batch.building import POLICIES, claims, decided, line_rows
from tests.batch.test_kinds import fact_rows
from tests.examples import examples
from tests.formats.claims.rendering import CASES, DATA

NIGHTLY = building.ROOT / "examples" / "claims" / "nightly.837"
REVIEWS = building.ROOT / "examples" / "x12" / "reviews.278"
Write = Callable[[Path], Path]


def copied(source: Path) -> Write:
    def write(path: Path) -> Path:
        made = path / source.name
        made.write_bytes(source.read_bytes())
        return made

    return write


def listed(path: Path) -> Path:
    made = path / "c.json"
    made.write_text(json.dumps(claims(7)), encoding="utf-8")
    return made


def packed(path: Path) -> Path:
    made = path / "c.jsonl.gz"
    made.write_bytes(gzip.compress(building.write_lines(path / "c", claims(7)).read_bytes()))
    return made


KINDS: dict[str, tuple[Write, str, int]] = {
    "facts in CSV": (lambda path: building.write_csv(path / "f.csv", fact_rows(9)), "csv", 9),
    "facts in Parquet": (
        lambda path: building.write_parquet(path / "f.parquet", fact_rows(9), row_group_size=4),
        "parquet", 9,
    ),
    "lines in CSV": (
        lambda path: building.write_csv(path / "l.csv", line_rows(claims(9))), "csv",
        len(line_rows(claims(9))),
    ),
    "lines in Parquet": (
        lambda path: building.write_parquet(path / "l.parquet", line_rows(claims(9))), "parquet",
        len(line_rows(claims(9))),
    ),
    "JSON Lines": (lambda path: building.write_lines(path / "c.jsonl", claims(7)), "json_lines", 7),
    "JSON Lines, packed": (packed, "json_lines", 7),
    "JSON": (listed, "json", 7),
    "837": (copied(NIGHTLY), "x12", 3),
    "278": (copied(REVIEWS), "x12", REVIEWS.read_text("utf-8").count("*EV*")),
}  # fmt: skip
"""Of each kind of file how it is written, what is counted in it, and how many that are."""


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_file_holds_is_counted_again_and_shown(kind: str, tmp_path: Path) -> None:
    write, counted, many = KINDS[kind]
    arguments = ["batch", str(write(tmp_path)), "-o", str(tmp_path / "out")]

    result = CliRunner().invoke(payer_policy, [*arguments, "--policies", str(POLICIES)])

    said = f"Counted again in the files: {counting.counted_words(counted, many)}; each is answered"
    assert said in result.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["counted"] == {"inputs": {counted: many}, "not_counted": []}
    again = CliRunner().invoke(payer_policy, [*arguments, "--policies", str(POLICIES), "--json"])
    assert json.loads(again.stdout) == summary


def losing(block: Block) -> Block:
    """The block of a reader that has lost its last record, and does not know it."""
    payload, units = block.payload, None if block.units is None else block.units - 1
    if isinstance(payload, JsonLines):
        lines = payload.data.rstrip(b"\n").split(b"\n")
        payload = replace(payload, data=b"\n".join(lines[:-1]) + b"\n")
    elif isinstance(payload, TableClaims):
        payload = replace(payload, claims=payload.claims[:-1])
    elif isinstance(payload, ClaimRows):
        last = int(claim_starts(payload.rows.column("id"))[-1])
        payload = replace(payload, rows=payload.rows.slice(0, last))
    elif hasattr(payload, "items"):
        payload = replace(payload, items=payload.items[:-1])  # type: ignore[union-attr,call-arg]
    elif hasattr(payload, "batch"):
        payload = replace(payload, batch=payload.batch.slice(0, payload.batch.num_rows - 1))  # type: ignore[union-attr,call-arg]
    elif hasattr(payload, "columns"):
        data = payload.data.rstrip(b"\r\n").rpartition(b"\r\n")[0] + b"\r\n"  # type: ignore[union-attr]
        payload = replace(payload, data=data)  # type: ignore[call-arg,type-var,arg-type]
    else:
        value = json.loads(payload.data)  # type: ignore[union-attr]
        payload = replace(payload, data=json.dumps(value[:-1]).encode())  # type: ignore[call-arg,type-var,arg-type]
    records = None if block.records is None else block.records - 1
    return replace(block, payload=payload, records=records, units=units)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("columns", [True, False], ids=["columns", "rows"])
def test_a_reader_that_loses_a_record_fails_the_run(
    kind: str, columns: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts as it reads, so nothing but a count of its own can see it."""
    write, counted, many = KINDS[kind]
    file = write(tmp_path)
    blocks = readers.Reader.blocks

    def sabotaged(self: readers.Reader, at: Any) -> Iterator[Block]:
        for number, block in enumerate(blocks(self, at)):
            yield losing(block) if not number else block

    monkeypatch.setattr(readers.Reader, "blocks", sabotaged)
    words = counting.counted_words(counted, many)
    said = re.escape(f"{file} holds {words}; {many - 1} were read")

    for _ in range(2):  # the same call goes on, and fails again
        with pytest.raises(CountsDiffer, match=said):
            decided([file], tmp_path / "out", columns=columns)
        assert not (tmp_path / "out" / "summary.json").exists()


def test_impact_counts_its_inputs_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(7))
    blocks = readers.Reader.blocks
    monkeypatch.setattr(readers.Reader, "blocks", lambda self, at: map(losing, blocks(self, at)))

    with pytest.raises(CountsDiffer, match="holds 7 lines of JSON; 6 were read"):
        impact(POLICIES, POLICIES, [file], workers=1)


def without_a_row(answered: Any) -> Any:
    answered.table = answered.table.slice(1)
    return answered


def without_a_reject(answered: Any) -> Any:
    answered.rejects = answered.rejects[1:]
    return answered


@pytest.mark.parametrize("lose", [without_a_row, without_a_reject])
def test_an_executor_that_loses_a_row_or_a_reject_fails_the_run(
    lose: Callable[[Any], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the record has another row: two services of one claim."""
    file = building.write_lines(tmp_path / "c.jsonl", [claims(9)[6], {"id": 7}])
    answered = Decider.answered
    monkeypatch.setattr(Decider, "answered", lambda self, *more: lose(answered(self, *more)))

    with pytest.raises(CountsDiffer, match="1 were decided with 2 rows"):
        decided([file], tmp_path / "out")


def test_what_comes_back_of_a_worker_is_counted_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(9))
    ask_each = workers.ask_each

    def losing(*given: Any, **more: Any) -> Any:
        for done in ask_each(*given, **more):
            without_a_row(done[0].answered)
            yield done

    monkeypatch.setattr(workers, "ask_each", losing)

    with pytest.raises(CountsDiffer, match=r"9 were decided with \d+ rows, 8 came back with"):
        decided([file], tmp_path / "out", workers=2)


@pytest.mark.parametrize("what", ["rows", "rejects"])
def test_what_is_on_the_disk_is_counted(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", [*claims(5), {"id": 7}])
    if what == "rows":
        write = pq.ParquetWriter.write_table
        monkeypatch.setattr(
            journal.pq.ParquetWriter,
            "write_table",
            lambda writer, table, **more: write(writer, table.slice(1), **more),
        )
    else:
        monkeypatch.setattr(journal.Reject, "to_line", lambda self: b"")

    with pytest.raises(CountsDiffer, match="5 records were decided and 1 rejected; the files hold"):
        decided([file], tmp_path / "out")
    assert (tmp_path / "out" / "journal.jsonl").read_bytes().count(b"\n") == 1


@settings(max_examples=examples(300), deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            ['"', '""', ",", ";", "\n", "\r\n", "\r", "a", " ", '"a\nb"', ',"', '",', "\ufeff", "é",
             "x" * 40]
        ),
        max_size=30,
    ),
    separator=st.sampled_from(",;\t|"),
    most=st.sampled_from([30, 131_072]),
)  # fmt: skip
def test_rows_of_csv_are_counted_as_they_are_cut(
    pieces: list[str], separator: str, most: int
) -> None:
    """By two accounts of what ends a row, on whatever may be in a file."""
    text = f"a{separator}b\n" + "".join(pieces).replace(",", separator)
    before = csv.field_size_limit(most)
    try:
        data = text.encode()
        cut = list(row_texts(lines_of(io.BytesIO(data), 4), separator))
        expected = sum(not row.is_blank for row in cut)

        class Held:
            def open(self) -> Any:
                return io.BytesIO(data)

        assert counting._csv_rows(Held(), separator) == expected  # type: ignore[arg-type]
    finally:
        csv.field_size_limit(before)


FILES = sorted(
    path
    for path in [NIGHTLY, REVIEWS, *DATA.rglob("*")]
    if path.is_file() and path.read_bytes()[:3].upper() == b"ISA"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_claims_of_x12_are_counted_as_they_are_read(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    parts = list(x12_loops(text, "f"))
    held = sum(isinstance(part, X12Loop) for part in parts)

    broken = any(getattr(part, "code", "") == "broken-envelope" for part in parts)
    assert count_x12(reading(text)) == held or broken
    small = iter([text[at : at + 7] for at in range(0, len(text), 7)])
    assert count_x12(lambda _: next(small, "")) == count_x12(reading(text))


PIECES = (
    "", "~", "*", "ISA", "IEA", "SE*1*1~", "CLM*X*1~", "ST*837*1~", "ST*278*1~", "HL*1**EV~", "GS*",
    "BHT*0007*11~", "\n", "837", "278", "X215", "X224", "EV", "CLM", "HL",
)  # fmt: skip


@settings(max_examples=examples(200), deadline=None)
@given(
    path=st.sampled_from(FILES),
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.sampled_from(PIECES)),
        min_size=1,
        max_size=5,
    ),
)
def test_claims_of_damaged_x12_are_counted_as_they_are_read_or_the_envelope_is_broken(
    path: Path, changes: list[tuple[float, int, str]]
) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    for where, length, other in changes:
        at = 3 + int(where * (len(text) - 3))
        text = text[:at] + other + text[at + length :]
    if text[3:4].isalnum():
        return

    parts = list(x12_loops(text, "f"))
    counted = count_x12(reading(text))

    broken = any(getattr(part, "code", "") == "broken-envelope" for part in parts)
    assert broken or counted == sum(isinstance(part, X12Loop) for part in parts)


def test_a_damaged_file_is_named_as_not_counted(tmp_path: Path) -> None:
    content = building.write_lines(tmp_path / "c", claims(200)).read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(content, mtime=0)[:-20])
    building.write_lines(folder / "b.jsonl", claims(3))

    finished = decided([folder], tmp_path / "out", part_records=50)

    assert finished.summary["counted"] == {
        "inputs": {"json_lines": 3}, "not_counted": [f"{folder}/a.jsonl.gz"]
    }  # fmt: skip
    assert decided([folder], tmp_path / "out", part_records=50).summary == finished.summary


def test_every_file_of_the_cases_is_counted_or_named(tmp_path: Path) -> None:
    files = [path for path in FILES if path.parent == CASES]
    for number, path in enumerate(files):
        finished = decided([path], tmp_path / f"{number}")
        counted = finished.summary["counted"]
        assert len(counted["inputs"]) + len(counted["not_counted"]) == 1
    assert running.counted_inputs([], []) == {"inputs": {}, "not_counted": []}
    inputs, _ = find_inputs([str(NIGHTLY)])
    assert counting.count_of(reader_of(inputs[0], {}, 1)) == 3
