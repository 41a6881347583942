"""Which claims of a run's inputs a facts file is about, before any of them is decided.

Several claims can have the number that facts are given by, and they can be in different blocks or
files. So the inputs are read once in advance: all numbers, and for the claims whose numbers are in the
facts file what is needed to match them. Memory grows with those claims, not with the inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from payer_policy.batch.fact_table import distinct_cells
from payer_policy.batch.intakes import intakes_of
from payer_policy.batch.readers import Reader
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.model import Fact
from payer_policy.formats import (
    Bearer,
    Supplement,
    attributed,
    numbers_in,
)
from payer_policy.formats.blocks import (
    ArrowRows,
    Block,
    ClaimRows,
    CsvText,
    JsonLines,
    JsonText,
    Pieces,
    TableClaim,
    TableClaims,
)
from payer_policy.formats.pieces import piece_intake
from payer_policy.formats.rejects import record_place
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import ID, Columns
from payer_policy.formats.tables.csv_rows import rows_of
from payer_policy.formats.tables.parquet_blocks import claim_rows
from payer_policy.formats.tables.requests import ClaimColumns
from payer_policy.request.models import Request

Entries = Mapping[int, str | Diagnostic]
"""By record of a file, the key of the entry about it, or why it cannot be determined."""

_ID: Final = re.compile(rb'"id"\s*:\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)


def entries_by_record(
    readers: Sequence[Reader], supplements: Mapping[str, Supplement], facts: Mapping[str, Fact]
) -> dict[str, Entries]:
    """By file and record, the entry of a facts file about each claim, or why it cannot be determined.

    Args:
        readers: The files of the run.
        supplements: The facts file.
        facts: Of the vocabulary.
    """
    wanted = numbers_in(supplements)
    found: list[tuple[str, int, Bearer]] = []
    for reader in readers if wanted else ():
        scan = _Scan(reader.source.path, wanted, facts)
        for block in reader.blocks(None):
            scan.read(block)
        found += [(reader.source.path, record, bearer) for record, bearer in scan.found]
    by_file: dict[str, dict[int, str | Diagnostic]] = {}
    about = attributed(supplements, [bearer for _, _, bearer in found])
    for (file, record, _), entry in zip(found, about, strict=True):
        if entry is not None:
            said = entry.key if isinstance(entry, Supplement) else entry
            by_file.setdefault(file, {})[record] = said
    return dict(by_file)


class _Scan:
    """The claims of one file whose number is in the facts file, also those that will be refused."""

    def __init__(self, file: str, wanted: frozenset[str], facts: Mapping[str, Fact]) -> None:
        self.found: list[tuple[int, Bearer]] = []
        """Each with its record."""
        self._file = file
        self._wanted = wanted
        self._facts = facts
        self._position = 0
        """Claims read so far."""

    def read(self, block: Block) -> None:
        """Read the claims of a block, in order."""
        payload = block.payload
        match payload:
            case JsonLines() if not self._may_be_in(payload.data):
                self._position += block.records or 0
            case JsonLines() | JsonText():
                for record, intake in intakes_of(payload, self._file):
                    if intake.is_claim and self._is_next(intake.claim_id):
                        self.found.append((record, Bearer.of(intake, self._position)))
            case Pieces():
                self._pieces(payload)
            case TableClaims():
                self._table_claims(payload.columns, payload.claims, block)
            case ClaimRows():
                self._table_claims(payload.columns, claim_rows(payload), block)
            case ArrowRows():
                self._arrow_rows(payload)
            case CsvText():
                self._csv_rows(payload)

    def _pieces(self, payload: Pieces) -> None:
        number_of = payload.claims.number
        for record, item in payload.items:
            if isinstance(item, Diagnostic):
                continue
            intake = None if number_of else piece_intake(payload.claims, item, self._file)
            number = number_of(item) if intake is None else intake.claim_id
            if self._is_next(number):
                intake = intake or piece_intake(payload.claims, item, self._file)
                self.found.append((record, Bearer.of(intake, self._position)))

    def _is_next(self, number: str | None) -> bool:
        """Count a claim, and return whether its number is in the facts file."""
        self._position += 1
        return number in self._wanted

    def _row(self, record: int, line: int | None, number: str, **known: Any) -> None:
        place = record_place(self._file, record, line)
        self.found.append((record, Bearer(number, place, self._position, **known)))

    def _may_be_in(self, data: bytes) -> bool:
        """Whether JSON Lines may hold such a number; escapes are not decoded, so they may."""
        if b"\\u" in data:
            return True
        texts = {found[1] for found in _ID.finditer(data)}
        return any(
            b"\\" in text or text.decode("utf-8", "replace").strip() in self._wanted
            for text in texts
        )

    def _table_claims(self, names: Columns, rows: Iterable[TableClaim], block: Block) -> None:
        columns = ClaimColumns(names.names, self._facts)
        claims = {claim.first_row: claim for claim in rows}
        refused = {one.record: one for one in block.rejects if one.claim_id is not None}
        for record in sorted([*claims, *refused]):
            if record in refused:
                number = refused[record].claim_id
                if self._is_next(number):
                    self._row(record, refused[record].line, str(number))
                continue
            claim = claims[record]
            number = columns.number(claim)
            if self._is_next(number):
                _, made = columns.request(claim, self._file)
                known: dict[str, Any] = {}
                if isinstance(made, Request):
                    known = {"npi": made.provider.billing_npi, "frequency": made.frequency}
                self._row(record, claim.first_line, number, **known)

    def _arrow_rows(self, payload: ArrowRows) -> None:
        batch, first = payload.batch, payload.first_row
        if ID in batch.schema.names:
            codes, cells = distinct_cells(batch.column(ID))
            numbers = list(map(converter("text"), cells))
            wanted = np.array([number in self._wanted for number in numbers], dtype=np.bool_)
            before = self._position
            for at in np.flatnonzero(wanted[codes]).tolist():
                self._position = before + at + 1
                self._row(first + at, None, numbers[codes[at]])
            self._position = before
        self._position += batch.num_rows

    def _csv_rows(self, payload: CsvText) -> None:
        table, number = payload.columns, converter("text")
        at = table.places[table.names.index(ID)] if ID in table.names else None
        rows = rows_of(payload.data, table.width, table.separator)
        for record, (line, cells) in enumerate(rows, payload.first_row):
            known = None if at is None or isinstance(cells, str) else number(cells[at])
            if self._is_next(known):
                self._row(record, payload.first_line + line, str(known))
