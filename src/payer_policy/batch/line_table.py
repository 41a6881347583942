"""Tables of claim lines as columns: consecutive rows of one number are a claim.

Each distinct cell of a column is read once, in the same way as for a single claim. A claim with a cell
that is no value, or whose rows differ in what is stated of the claim, is named: it is read again by
itself, which reports what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from payer_policy.batch.fact_table import distinct_cells
from payer_policy.core.columns import Codes, Column, Flags, Groups, Places, constant, recoded
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import LINE, REQUEST_FIELDS, expected
from payer_policy.request.in_columns import ReadColumns, RequestColumns
from payer_policy.request.models import MAX_LINES
from payer_policy.request.reading_in_columns import (
    Refused,
    defaults_of_lines,
    defaults_of_requests,
    fact_reader,
    field_reader,
    inconsistent,
    line_reader,
)


def line_columns(rows: Any, starts: Places, vocabulary: Vocabulary) -> ReadColumns:
    """The claims of a table as columns, and those that are to be read by themselves.

    Args:
        rows: An Arrow table of claim lines, with columns named by what they mean.
        starts: The first row of each claim.
        vocabulary: The facts.
    """
    table = _LineTable(rows, starts, vocabulary)
    columns = table.columns()
    return ReadColumns(columns, table.refused)


class _LineTable:
    def __init__(self, rows: Any, starts: Places, vocabulary: Vocabulary) -> None:
        self._rows, self._names = rows, rows.column_names
        self._vocabulary = vocabulary
        sizes = np.diff(np.append(starts, len(self._rows)))
        self._starts = starts
        self._lines = Groups.of_sizes(sizes.astype(np.int64))
        self.refused: Flags = self._lines.sizes > MAX_LINES

    def columns(self) -> RequestColumns:
        """The claims."""
        facts = self._vocabulary.facts
        claims, lines = len(self._lines), len(self._rows)
        fields = {name: constant(one, claims) for name, one in defaults_of_requests().items()}
        line_fields = {name: constant(one, lines) for name, one in defaults_of_lines().items()}
        of_claims: dict[str, Column] = {}
        of_lines: dict[str, Column] = {}
        for name, raw in zip(self._names, self._rows.columns, strict=True):
            codes, cells = self._cells(name, raw)
            if name.startswith(LINE):
                own = name.removeprefix(LINE)
                column = self._of_lines(codes, cells, line_reader(own))
                line_fields[own] = _filled(column, line_fields.get(own))
            elif name in REQUEST_FIELDS:
                column = self._of_claims(codes, cells, field_reader(name))
                fields[name] = _filled(column, fields.get(name))
            elif facts[name].about == "service":
                of_lines[name] = self._of_lines(
                    codes, cells, fact_reader(self._vocabulary, name, of_line=True)
                )
            else:
                of_claims[name] = self._of_claims(
                    codes, cells, fact_reader(self._vocabulary, name, of_line=False)
                )
        columns = RequestColumns(
            claims, fields, _known(of_claims), self._lines, line_fields, _known(of_lines)
        )
        self.refused |= inconsistent(columns)
        return columns

    def _cells(self, name: str, raw: Any) -> tuple[Codes, list[Any]]:
        """The converted cells of a column: for each row a position, and the distinct ones."""
        convert = converter(expected(name, "lines", self._vocabulary.facts))
        codes, cells = distinct_cells(raw.combine_chunks() if raw.num_chunks != 1 else raw.chunk(0))
        known: dict[Any, int] = {}
        converted: list[Any] = []
        table: list[int] = []
        for cell in map(convert, cells):
            key = type(cell), tuple(cell) if isinstance(cell, list) else cell
            if key not in known:
                known[key] = len(converted)
                converted.append(cell)
            table.append(known[key])
        return np.array(table or [0], dtype=np.int32)[codes], converted

    def _of_lines(self, codes: Codes, cells: list[Any], read: Callable[[Any], Any]) -> Column:
        values, wrong = _values(cells, read)
        if wrong.any():
            self.refused |= self._lines.any(wrong[codes])
        return recoded(codes, values)

    def _of_claims(self, codes: Codes, cells: list[Any], read: Callable[[Any], Any]) -> Column:
        first = codes[self._starts]
        self.refused |= self._lines.any(codes != first[self._lines.of_row])
        values, wrong = _values(cells, read)
        if wrong.any():
            self.refused |= wrong[first]
        return recoded(first, values)


def _values(cells: list[Any], read: Callable[[Any], Any]) -> tuple[list[Any], Flags]:
    """The values of cells, and which of them are none."""
    values, wrong = [], []
    for cell in cells:
        value, refused = None, False
        if cell is not None:
            try:
                value = read(cell)
            except Refused:
                refused = True
        values.append(value)
        wrong.append(refused)
    return values, np.array(wrong or [False], dtype=np.bool_)


def _filled(column: Column, default: Column | None) -> Column:
    """A column with what a field is where it is left out."""
    if default is None or column.known.all():
        return column
    codes = np.where(column.known, column.codes, np.int32(len(column.values)))
    return recoded(codes, [*column.values, default.values[1]])


def _known(facts: Mapping[str, Column]) -> dict[str, Column]:
    return {name: column for name, column in facts.items() if len(column.values) > 1}
