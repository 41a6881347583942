"""Tables of facts: decided a column at a time where possible, otherwise row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.engine import Engine
from payer_policy.formats.rejects import problem_at
from payer_policy.formats.tables.facts import FactRows
from payer_policy.formats.tables.requests import Refusal
from payer_policy.request.models import Request

Alone = tuple[int, str | None, Request | Refusal]
"""A row to decide alone: its place in the table, its claim number, and its request."""


class FactTables:
    """Reads tables of facts, and decides in bulk every row that the columnar path supports."""

    def __init__(self, engine: Engine, *, columns: bool) -> None:
        self._facts = engine.library.vocabulary.facts
        self._columnar = None
        if columns:
            from payer_policy.batch.columns import ColumnarBatch

            self._columnar = ColumnarBatch(engine)

    def read(
        self,
        frame: pl.DataFrame,
        first: int,
        broken: Mapping[int, str],
        with_facts: Iterable[int],
        file: str,
    ) -> tuple[Any | None, Iterator[Alone], bool]:
        """The answers of the columnar path, the rows to decide alone, and whether that path failed.

        If it failed, all rows are decided alone, so an error in it costs time but no row.

        Args:
            frame: The raw columns.
            first: The record number of its first row.
            broken: Rows that could not be read, by place, and why.
            with_facts: The places of rows that the facts file is about; its facts are not in columns.
            file: For messages.
        """
        table: Any | None = None
        alone: Iterable[int] = range(len(frame))
        failed = False
        if self._columnar is not None:
            try:
                table, alone = self._columnar.decide(frame, first)
            except Exception:
                failed = True
            apart = {*broken, *with_facts}
            if apart and table is not None:
                numbers = pa.array([first + at for at in apart], pa.int64())
                table = table.filter(pc.invert(pc.is_in(table["record"], numbers)))
                alone = sorted({*alone, *apart})
        return table, self._rows(frame, alone, broken, file), failed

    def request_at(self, frame: pl.DataFrame, at: int, file: str) -> Request | Refusal:
        """The row at a place as a request, or why it is not one."""
        _, _, made = next(self._rows(frame, (at,), {}, file))
        return made

    def _rows(
        self, frame: pl.DataFrame, places: Iterable[int], broken: Mapping[int, str], file: str
    ) -> Iterator[Alone]:
        rows = FactRows(frame.columns, self._facts)
        for at in places:
            if at in broken:
                yield at, None, (problem_at(file, None, "broken-row", broken[at]),)
            else:
                yield at, *rows.request(frame.row(at))
