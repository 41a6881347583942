"""Parquet files as blocks, row group after row group, with their columns checked beforehand."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import NUMERIC, FactType
from payer_policy.formats.blocks import ArrowRows, Block, ClaimRows, Position, TableClaim
from payer_policy.formats.rejects import problem_at, rejected
from payer_policy.formats.source import Held, NotReadable, Source, WrongCall
from payer_policy.formats.tables.columns import ID, Cell, Columns, checked_columns, expected
from payer_policy.formats.tables.csv_blocks import RowReader, TableRow, claim_blocks
from payer_policy.formats.tables.kept import kept_of_batch, plain
from payer_policy.request.models import MAX_LINES

_CELLS = 4_000_000
_CLAIM_ROWS = 4_096
ROW_BY_ROW = "row_by_row"
"""In a position: from there on rows of claims are looked at one by one."""
_TOGETHER = 4
"""Maximum number of blocks between two cuts: all their answers are in memory at once."""
_NO_NAMES: Mapping[str, str] = {}
_BUFFER = 1 << 20
_FEW_BYTES = 3
"""A text that is written out takes more room than this."""


def parquet_columns(
    source: Source, facts: Mapping[str, Fact], renamed: Mapping[str, str], keep: Sequence[str] = ()
) -> Columns:
    """The columns of a file.

    Raises:
        NotReadable: it is not a Parquet file, or not a whole one.
        WrongCall: a column means nothing, or cannot hold what it means.
    """
    try:
        schema = pq.read_schema(_where(source))
    except (pa.ArrowException, OSError):
        message = f"{source.path}: cannot be read as Parquet; is the file complete?"
        raise NotReadable(message) from None
    return table_columns(schema, facts, source.path, renamed, keep)


def _where(source: Source) -> Any:
    """What Arrow reads a file from."""
    return pa.BufferReader(source.data) if isinstance(source, Held) else source.path


def table_columns(
    schema: Any,
    facts: Mapping[str, Fact],
    name: str,
    renamed: Mapping[str, str] = _NO_NAMES,
    keep: Sequence[str] = (),
) -> Columns:
    """The columns of a table by its Arrow schema; `name` is for messages, the rest as for
    `checked_columns`.

    Raises:
        WrongCall: a column means nothing, or cannot hold what it means.
    """
    columns = checked_columns(schema.names, facts, name, renamed=renamed, keep=keep)
    for place, meant in zip(columns.places, columns.names, strict=True):
        field = schema.field(place)
        holds = expected(meant, columns.form, facts)
        wanted, hint = _mismatch(field.type, holds, meant == "id")
        if wanted:
            found = f"the column `{field.name}` holds {_in_words(field.type)}"
            raise WrongCall(f"{name}: {found}; {wanted} was expected. {hint}")
    kept = tuple(one._replace(type=schema.field(one.place).type) for one in columns.kept)
    return replace(columns, kept=kept)


_HINTS = {
    "date": "Write days as DATE, or as text such as 2025-03-04.",
    "boolean": "Cast it to BOOLEAN, or to the texts true and false.",
    "integer": "Cast it to an integer, or to text.",
    "whole": "Cast it to an integer, or to text.",
}
"""What to do about a column that cannot hold what it means, by what that is."""


_EXPECTED = {
    "date": "a date",
    "number": "a number",
    "time": "a point in time with its time zone",
    "boolean": "true or false",
}


def _mismatch(type_: Any, holds: Cell | FactType, is_id: bool) -> tuple[str, str]:
    """What was expected, and what to do, where a column cannot hold what it means."""
    type_ = plain(type_)
    if _is_text(type_):
        return "", ""
    kind, wanted = (holds.kind, holds.describe()) if isinstance(holds, FactType) else (holds, "")
    numeric = kind in NUMERIC or kind in ("number", "whole")
    lists = kind in ("codes", "words", "wholes")
    if pa.types.is_floating(type_):
        return wanted or "text", "Cast it to DECIMAL, or to text: floats are not exact."
    whole = pa.types.is_integer(type_)
    if (
        (numeric and (whole or pa.types.is_decimal(type_)))
        or (whole and (is_id or kind == "choice"))
        or (kind == "boolean" and pa.types.is_boolean(type_))
        or (kind == "date" and (pa.types.is_date32(type_) or pa.types.is_timestamp(type_)))
        or (kind == "time" and pa.types.is_timestamp(type_) and type_.tz is not None)
        or (lists and _is_list(type_, pa.types.is_integer if kind == "wholes" else _is_text))
    ):
        return "", ""
    hint = _HINTS.get(str(kind), "Cast it to text.")
    if pa.types.is_nested(type_) and not lists:
        hint = "Leave it out, or write one value a row."
    return wanted or _EXPECTED.get(str(kind), "text"), hint


def _is_list(type_: Any, inner: Any) -> bool:
    is_list = pa.types.is_list(type_) or pa.types.is_large_list(type_)
    return is_list and bool(inner(type_.value_type))


def _is_text(type_: Any) -> bool:
    """Whether values of a type are texts, or all null."""
    type_, kinds = plain(type_), pa.types
    return bool(kinds.is_string(type_) or kinds.is_large_string(type_) or kinds.is_null(type_))


def _in_words(type_: Any) -> str:
    if pa.types.is_floating(type_):
        return "binary floating-point numbers"
    if pa.types.is_timestamp(type_):
        return "points in time"
    return f"values of the type {type_}"


def parquet_blocks(
    source: Source,
    at: Position | None,
    columns: Columns,
    rows: int,
    only: Sequence[int] | None = None,
) -> Iterator[Block]:
    """The records of a table.

    Args:
        source: The file.
        at: Where to begin.
        columns: What its columns mean, by their places in what is read.
        rows: Maximum number of rows of facts at a time.
        only: The places of the columns to read, in their order; None: all.
    """
    if columns.form == "facts":
        return _fact_blocks(source, at, columns, rows, only)
    return claim_line_blocks(source, partial(_Reader, source, only=only), at, columns, rows)


def parquet_cuts(
    source: Source, at: Position | None, columns: Columns, rows: int
) -> Iterator[Position]:
    """Where some blocks end, by the footer alone, or for claim lines by what their ends depend on: the
    claim numbers and the columns that are kept.

    To come to a row, all before it in its row group are decoded. So cuts are the farther apart, the
    deeper in a row group they are.
    """
    only: list[int] = []
    narrow = replace(columns, names=(), places=(), kept=())
    if columns.form == "lines":
        only = [columns.places[columns.names.index(ID)], *(one.place for one in columns.kept)]
        kept = tuple(one._replace(place=to) for to, one in enumerate(columns.kept, 1))
        narrow = replace(columns, names=(ID,), places=(0,), kept=kept)
    groups = _first_rows(source)
    row, count, after = at["row"] if at else 1, 0, at
    for block in parquet_blocks(source, at, narrow, rows, only):
        count, after = count + 1, block.after
        before = row - groups[bisect(groups, row) - 1]
        if count == _TOGETHER or _TOGETHER * (after["row"] - row) >= before:
            yield after
            row, count = after["row"], 0
    if count and after is not None:
        yield after


def _first_rows(source: Source) -> list[int]:
    """The first row of each row group."""
    try:
        metadata = pq.read_metadata(_where(source))
    except (pa.ArrowException, OSError):
        return [1]  # reading the rows reports what is wrong
    sizes = (metadata.row_group(at).num_rows for at in range(metadata.num_row_groups))
    return list(accumulate(sizes, initial=1))


def _fact_blocks(
    source: Source, at: Position | None, columns: Columns, rows: int, only: Sequence[int] | None
) -> Iterator[Block]:
    """Some rows at a time."""
    size = max(1, min(rows, max(1_000, _CELLS // columns.width)))
    reader = _Reader(source, at["row"] if at else 1, size, _repeated(source), only)
    for first, batch in reader:
        read = batch.select(list(columns.places)).rename_columns(list(columns.names))
        payload = ArrowRows(read, first, kept_of_batch(batch, columns))
        rows = batch.num_rows
        yield Block(payload, rows, reader.place, reader.done, units=rows)
    yield from reader.damage()


def _repeated(source: Source) -> list[str]:
    """The columns of texts that take so little room that their texts must come again and again."""
    try:
        metadata = pq.read_metadata(_where(source))
    except (pa.ArrowException, OSError):
        return []  # reading the rows reports what is wrong
    sizes: Counter[str] = Counter()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(group.num_columns)):
            sizes[column.path_in_schema] += column.total_uncompressed_size
    texts = [one.name for one in metadata.schema.to_arrow_schema() if _is_text(one.type)]
    return [name for name in texts if sizes[name] < _FEW_BYTES * metadata.num_rows]


class Rows(RowReader, Protocol):
    """The rows of a table from one on, in batches."""

    row: int
    """The next row."""

    @property
    def is_at_end(self) -> bool: ...

    def __iter__(self) -> Iterator[tuple[int, Any]]: ...

    def damage(self) -> Iterator[Block]: ...


Open = Callable[[int, int], Rows]
"""Opens a table at a row, for batches of so many rows."""


def claim_line_blocks(
    source: Source, open_at: Open, at: Position | None, columns: Columns, most: int
) -> Iterator[Block]:
    """The lines of some claims at a time: many as they are, until something about them is unusual."""
    if not columns.kept and not (at and ROW_BY_ROW in at):
        reader = open_at(at["row"] if at else 1, most)
        bulk = _BulkClaims(reader, columns)
        yield from bulk.blocks()
        if not bulk.left:
            return
        at = {"row": bulk.left, ROW_BY_ROW: 1}
    for block in _claims_row_by_row(source, open_at, at, columns, most):
        yield block if columns.kept else replace(block, after={**block.after, ROW_BY_ROW: 1})


class _BulkClaims:
    """Whole claims of a file as they are. It ends where a row has no claim number, where one number has
    more rows than a claim, and where the file is damaged: `left` is then the next row."""

    def __init__(self, reader: Rows, columns: Columns) -> None:
        self._reader, self._columns = reader, columns
        self._id = columns.names.index(ID)
        self.left = 0

    def blocks(self) -> Iterator[Block]:
        reader, columns = self._reader, self._columns
        held, first = None, reader.row
        for _, batch in reader:
            read = batch.select(list(columns.places)).rename_columns(list(columns.names))
            rows = pa.Table.from_batches([read])
            held = rows if held is None else pa.concat_tables([held, rows])
            starts = claim_starts(held.column(self._id))
            if starts is None:
                self.left = first
                return
            whole, claims = int(starts[-1]), len(starts) - 1
            if reader.is_at_end:
                whole, claims = len(held), len(starts)
            elif len(held) - whole > MAX_LINES:
                self.left = first
                return
            if whole:
                after = first + whole
                yield self._block(held.slice(0, whole), first, claims, {"row": after})
                held, first = held.slice(whole), after
        if reader.what:
            self.left = first

    def _block(self, rows: Any, first: int, claims: int, after: Position) -> Block:
        payload = ClaimRows(rows.combine_chunks(), self._columns, first)
        return Block(payload, claims, after, self._reader.done, units=len(rows))


def claim_starts(ids: Any) -> Any:
    """Where the claims of a table begin, from the numbers of its rows; None: a row has none."""
    texts = ids.combine_chunks()
    if pa.types.is_dictionary(texts.type):
        texts = texts.cast(texts.type.value_type)
    texts = pc.utf8_trim_whitespace(texts.cast(pa.string()))
    if texts.null_count or pc.any(pc.equal(texts, "")).as_py():
        return None
    same = pc.equal(texts[1:], texts[:-1]).to_numpy(zero_copy_only=False)
    return np.flatnonzero(np.concatenate([[True], ~same]))


def claim_rows(payload: ClaimRows, wanted: Container[int] | None = None) -> Iterator[TableClaim]:
    """The claims of a block as rows; `wanted` are the numbers of their first rows, None: all."""
    rows, first = payload.rows, payload.first_row
    starts = claim_starts(rows.column(payload.columns.names.index(ID))).tolist()
    for start, end in pairwise([*starts, len(rows)]):
        if wanted is None or first + start in wanted:
            values = [column.to_pylist() for column in rows.slice(start, end - start).columns]
            yield TableClaim(first + start, None, list(zip(*values, strict=True)), end - start)


def _claims_row_by_row(
    source: Source, open_at: Open, at: Position | None, columns: Columns, most: int
) -> Iterator[Block]:
    """The lines of some claims at a time, each row looked at."""
    reader = open_at(at["row"] if at else 1, _CLAIM_ROWS)

    def rows() -> Iterator[TableRow]:
        for first, batch in reader:
            values = [batch.column(place).to_pylist() for place in columns.places]
            kept = kept_of_batch(batch, columns)
            for at, cells in enumerate(zip(*values, strict=True)):
                carried = () if kept is None else tuple(column[at] for column in kept.columns)
                yield TableRow({"row": first + at}, first + at, None, cells, None, carried)

    yield from claim_blocks(source, rows(), columns, at, reader, most)
    yield from reader.damage()


class _Reader:
    """The rows of a file from one on, in batches that never go beyond a row group."""

    def __init__(
        self,
        source: Source,
        row: int,
        size: int,
        repeated: Sequence[str] = (),
        only: Sequence[int] | None = None,
    ) -> None:
        self.row = row
        """The next row."""
        self.done = 0
        self.what = ""
        self._source = source
        self._size = size
        self._total = 0
        self._repeated = list(repeated)
        """Columns of texts that are read as the file holds them: each text once, and its number."""
        self._only = only
        """The places of the columns to read; None: all."""

    @property
    def place(self) -> Position:
        return {"row": self.row}

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        how = {"buffer_size": _BUFFER, "pre_buffer": False, "read_dictionary": self._repeated}
        try:
            with pq.ParquetFile(_where(self._source), **how) as file:
                yield from self._batches(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            # No data in the message: Arrow quotes what it stumbled over.
            self.what = f"the file is damaged here ({type(error).__name__})"

    def _batches(self, file: Any) -> Iterator[tuple[int, Any]]:
        self._total = file.metadata.num_rows
        names = None
        if self._only is not None:
            names = [file.schema_arrow.names[place] for place in self._only]
        before = 0
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if before + rows >= self.row:
                start = before + 1
                for batch in file.iter_batches(self._size, [group], names, use_threads=False):
                    batch = batch if names is None else batch.select(names)
                    first, start = start, start + batch.num_rows
                    if start <= self.row:
                        continue  # decided before the run was stopped
                    if first < self.row:
                        batch, first = batch.slice(self.row - first), self.row
                    self.row = first + batch.num_rows
                    self.done = self._source.size * self.row // (self._total + 1)
                    yield first, batch
            before += rows

    @property
    def is_at_end(self) -> bool:
        """Whether every row was read."""
        return self.row > self._total

    def damage(self) -> Iterator[Block]:
        """The reject for what could not be read."""
        if self.what:
            lost = f"rows {self.row} to {self._total}" if self._total else "its rows"
            message = f"{self.what}; {lost} were not read"
            path = self._source.path
            problem = problem_at(path, None, "damaged-file", message, "write the file again")
            reject = rejected(path, self.row, None, [problem])
            after = {"row": self.row, "damaged": 1}
            yield Block(None, 0, after, self._source.size, (reject,), 0, is_whole=False)
