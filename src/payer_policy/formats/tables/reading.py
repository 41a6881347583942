"""A whole table as the claims in it: the blocks that `batch` decides, read one row or claim at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from payer_policy.core.diagnostics import Location
from payer_policy.core.vocabulary.model import Fact
from payer_policy.formats.blocks import (
    ArrowRows,
    Block,
    ClaimRows,
    CsvText,
    TableClaim,
    TableClaims,
)
from payer_policy.formats.intake import Intake, refused
from payer_policy.formats.registry import Reading, Table
from payer_policy.formats.rejects import Reject, problem_at, record_place
from payer_policy.formats.source import Held, WrongCall
from payer_policy.formats.tables.csv_rows import rows_of
from payer_policy.formats.tables.requests import ClaimColumns, FactRows, Refusal
from payer_policy.request.models import Request

_ROWS: Final = 1_000
"""Rows of a table of facts that are held at a time."""


def read_table(table: Table, source: Held, reading: Reading) -> Iterator[Intake]:
    """Every claim of a table in its order, and one remark where its columns are wrong."""
    facts = {} if reading.vocabulary is None else reading.vocabulary.facts
    try:
        columns = table.columns(source, facts, {}, ())
    except WrongCall as error:
        message = str(error).removeprefix(f"{source.path}: ").removesuffix(".")
        problem = problem_at(source.path, 1, "wrong-table", message)
        yield replace(refused(problem), of_file=True)
        return
    if columns is None:
        message = "the file is empty; a table was expected"
        problem = problem_at(source.path, 1, "empty-file", message)
        yield replace(refused(problem), of_file=True)
        return
    is_empty = True
    for block in table.blocks(source, None, columns, _ROWS):
        rejects = [(one.record, _refused(one)) for one in block.rejects]
        read = _read(block, source.path, facts)
        for _, intake in sorted([*rejects, *read], key=lambda one: one[0]) if rejects else read:
            if reading.pause is not None:
                reading.pause()
            yield intake
            is_empty = False
    if is_empty:
        message = "the table has no rows; at least one was expected"
        yield replace(refused(problem_at(source.path, 1, "empty-file", message)), of_file=True)


def _refused(reject: Reject) -> Intake:
    place = reject.problems[0].location
    is_row = reject.claim_id is None
    return Intake(reject.claim_id, place, None, reject.problems, of_file=is_row)


def _read(block: Block, file: str, facts: Mapping[str, Fact]) -> Iterator[tuple[int, Intake]]:
    """The claims of a block, each with the number of its first row."""
    payload = block.payload
    match payload:
        case TableClaims() | ClaimRows():
            claims = ClaimColumns(payload.columns.names, facts)
            found = payload.claims if isinstance(payload, TableClaims) else _claims(payload)
            for claim in found:
                place = record_place(file, claim.first_row, claim.first_line)
                yield claim.first_row, _intake(*claims.request(claim, file), place)
        case CsvText():
            table, rows = payload.columns, FactRows(payload.columns.names, facts)
            read = rows_of(payload.data, table.width, table.separator)
            for record, (line, cells) in enumerate(read, payload.first_row):
                line += payload.first_line
                if isinstance(cells, str):
                    yield record, refused(problem_at(file, line, "broken-row", cells))
                    continue
                values = [cells[place] or None for place in table.places]
                yield record, _row(rows, values, record_place(file, record, line))
        case ArrowRows():
            rows = FactRows(payload.batch.schema.names, facts)
            columns = [column.to_pylist() for column in payload.batch.columns]
            for record, row in enumerate(zip(*columns, strict=True), payload.first_row):
                yield record, _row(rows, row, record_place(file, record, None))


def _claims(payload: ClaimRows) -> Iterator[TableClaim]:
    from payer_policy.formats.tables.parquet_blocks import claim_rows  # it needs PyArrow

    return claim_rows(payload)


def _row(rows: FactRows, values: Sequence[Any], place: Location) -> Intake:
    claim_id, made = rows.request(values)
    if isinstance(made, Request):
        return _intake(claim_id, made, place)
    about = "" if place.start else f"{place.path}: "  # Parquet has rows and no lines
    found = [
        replace(
            one,
            message=about + one.message,
            location=replace(place, path=one.location.path),
            excerpt=None,
        )
        for one in made
    ]
    return _intake(claim_id, tuple(found), place)


def _intake(claim_id: str | None, made: Request | Refusal, place: Location) -> Intake:
    if isinstance(made, Request):
        return Intake(claim_id, place, made, frequency=made.frequency)
    return Intake(claim_id, place, None, made)
