"""Sections that other processes read have the blocks of the whole file."""

from __future__ import annotations

import pickle
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from payer_policy.batch.inputs import find_inputs
from payer_policy.batch.readers import Reader, reader_of
from payer_policy.formats.blocks import Block
from payer_policy.formats.json import blocks as json_blocks
from payer_policy.formats.tables import parquet_blocks
from tests.batch import building
from tests.batch.test_kinds import fact_rows

ROWS = 20


def reader(path: Path, *keep: str) -> Reader:
    [[found], _] = find_inputs([str(path)])
    return reader_of(found, building.engine().library.vocabulary.facts, ROWS, {}, keep)


def described(blocks: list[Block]) -> list[dict[str, Any]]:
    return [{**asdict(block), "payload": repr(block.payload)} for block in blocks]


def claim_rows(*without_number: int) -> list[dict[str, Any]]:
    rows = building.line_rows(building.claims(300))
    for at in without_number:
        rows[at]["id"] = None
    return rows


def facts(path: Path) -> Path:
    return building.write_parquet(path, fact_rows(700), row_group_size=500)


def lines(path: Path) -> Path:
    return building.write_parquet(path, claim_rows(), row_group_size=130)


def lines_without_a_number(path: Path) -> Path:
    return building.write_parquet(path, claim_rows(70, 300, 301), row_group_size=130)


def lines_of_one_claim(path: Path) -> Path:
    rows = [row | {"id": "ONE"} if 90 < at < 260 else row for at, row in enumerate(claim_rows())]
    return building.write_parquet(path, rows)


def damaged(path: Path) -> Path:
    building.write_parquet(path, claim_rows(), row_group_size=100, compression="none")
    content = bytearray(path.read_bytes())
    group = pq.read_metadata(path).row_group(2)
    at = group.column(group.num_columns - 1).data_page_offset  # what cuts are found by is whole
    content[at : at + 100] = bytes(100)
    path.write_bytes(content)
    return path


def no_rows(path: Path) -> Path:
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), path)
    return path


@pytest.mark.parametrize("keep", [(), ("id",)])
@pytest.mark.parametrize(
    "write", [facts, lines, lines_without_a_number, lines_of_one_claim, damaged, no_rows]
)
def test_sections_of_a_table_have_its_blocks(write: Any, keep: Any, tmp_path: Path) -> None:
    made = reader(write(tmp_path / "t.parquet"), *keep)
    whole = list(made.blocks(None))
    many = [list(section) for section in made.sections(None)]

    found: list[Block] = []
    for block in (one for section in many for one in section):
        if not (found and found[-1].after.get("damaged")):
            found.append(block)

    assert described(found) == described(whole)
    assert max(map(len, many), default=0) <= parquet_blocks._TOGETHER or write is damaged
    for at in [block.after for block in whole]:  # where a run was stopped
        rest = [block for section in made.sections(at) for block in section]
        left = list(made.blocks(at))
        assert described(rest[: len(left)]) == described(left)


def test_sections_of_json_lines_have_its_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_blocks, "_BYTES", 5_000)
    file = building.write_lines(tmp_path / "c.jsonl", building.claims(100))
    file.write_bytes(file.read_bytes().replace(b"\n", b"\n\r\n\xef\xbb\xbf\n", 30) + b"{")
    made = reader(file)

    many = [list(section) for section in made.sections(None)]

    assert described([block for section in many for block in section]) == described(
        list(made.blocks(None))
    )
    assert max(map(len, many)) == 1 < len(many)


@pytest.mark.parametrize("write", [facts, lines])
def test_what_is_sent_of_a_section_is_small(write: Any, tmp_path: Path) -> None:
    made = reader(write(tmp_path / "t.parquet"))

    assert max(len(pickle.dumps(section)) for section in made.sections(None)) < 4_000


def test_few_rows_are_decoded_again_to_come_to_a_section(tmp_path: Path) -> None:
    file = building.write_parquet(tmp_path / "t.parquet", fact_rows(600), row_group_size=600)
    made = reader(file)

    starts, decoded = 0, 0
    for at in made._cuts(None):
        decoded += at["row"] - 1
        starts += 1

    assert starts > 7
    assert decoded < 6 * 600
