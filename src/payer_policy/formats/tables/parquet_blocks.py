"""Parquet files as blocks, row group after row group, with their columns checked beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import NUMERIC, FactType
from payer_policy.formats.blocks import ArrowRows, Block, Position
from payer_policy.formats.rejects import problem_at, rejected
from payer_policy.formats.source import Held, NotReadable, Source, WrongCall
from payer_policy.formats.tables.columns import Cell, Columns, checked_columns, expected
from payer_policy.formats.tables.csv_blocks import TableRow, claim_blocks
from payer_policy.formats.tables.kept import kept_of_batch

_CELLS = 4_000_000
_CLAIM_ROWS = 4_096
_NO_NAMES: Mapping[str, str] = {}
_BUFFER = 1 << 20
_FEW_BYTES = 3
"""A text that is written out takes more room than this."""


def parquet_columns(
    source: Source, facts: Mapping[str, Fact], renamed: Mapping[str, str], keep: Sequence[str] = ()
) -> Columns:
    """The columns of a file.

    Raises:
        NotReadable: it is no Parquet file, or not all of one.
        WrongCall: a column means nothing, or cannot hold what it means.
    """
    try:
        schema = pq.read_schema(_where(source))
    except (pa.ArrowException, OSError):
        raise NotReadable(
            f"{source.path}: cannot be read as Parquet; is the file complete?"
        ) from None
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
            raise WrongCall(
                f"{name}: the column `{field.name}` holds {_in_words(field.type)}; "
                f"{wanted} was expected. {hint}"
            )
    kept = tuple(one._replace(type=schema.field(one.place).type) for one in columns.kept)
    return replace(columns, kept=kept)


_HINTS = {
    "date": "Write days as DATE, or as text such as 2025-03-04.",
    "boolean": "Cast it to BOOLEAN, or to the texts true and false.",
    "integer": "Cast it to an integer, or to text.",
    "whole": "Cast it to an integer, or to text.",
}
"""What to do about a column that cannot hold what it means, by what that is."""


def _mismatch(type_: Any, holds: Cell | FactType, is_id: bool) -> tuple[str, str]:
    """What was expected, and what to do, where a column cannot hold what it means."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_null(type_) or pa.types.is_string(type_) or pa.types.is_large_string(type_):
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
        or (lists and _is_list(type_, pa.types.is_integer if kind == "wholes" else _is_text))
    ):
        return "", ""
    hint = _HINTS.get(str(kind), "Cast it to text.")
    if pa.types.is_nested(type_) and not lists:
        hint = "Leave it out, or write one value a row."
    return wanted or {"date": "a date", "number": "a number"}.get(str(kind), "text"), hint


def _is_list(type_: Any, inner: Any) -> bool:
    return (pa.types.is_list(type_) or pa.types.is_large_list(type_)) and bool(
        inner(type_.value_type)
    )


def _is_text(type_: Any) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    return bool(
        pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_null(type_)
    )


def _in_words(type_: Any) -> str:
    if pa.types.is_floating(type_):
        return "binary floating-point numbers"
    if pa.types.is_timestamp(type_):
        return "points in time"
    return f"values of the type {type_}"


def parquet_blocks(
    source: Source, at: Position | None, columns: Columns, rows: int
) -> Iterator[Block]:
    """The records of a table; of facts at most so many at a time."""
    if columns.form == "facts":
        return _fact_blocks(source, at, columns, rows)
    return _claim_blocks(source, at, columns)


def _fact_blocks(
    source: Source, at: Position | None, columns: Columns, rows: int
) -> Iterator[Block]:
    """Some rows at a time."""
    size = max(1, min(rows, max(1_000, _CELLS // columns.width)))
    reader = _Reader(source, at["row"] if at else 1, size, _repeated(source))
    for first, batch in reader:
        read = batch.select(list(columns.places)).rename_columns(list(columns.names))
        payload = ArrowRows(read, first, kept_of_batch(batch, columns))
        rows = batch.num_rows
        yield Block(payload, rows, {"row": reader.row}, reader.done, units=rows)
    yield from reader.damage()


def _repeated(source: Source) -> list[str]:
    """The columns of texts that take so little room that their texts must come again and again."""
    try:
        metadata = pq.read_metadata(_where(source))
    except (pa.ArrowException, OSError):
        return []  # whoever reads the rows will say what is wrong
    names = []
    for field in metadata.schema.to_arrow_schema():
        if not pa.types.is_nested(field.type) and _is_text(field.type):
            path = field.name
            sizes = [
                group.column(place).total_uncompressed_size
                for group in map(metadata.row_group, range(metadata.num_row_groups))
                for place in range(group.num_columns)
                if group.column(place).path_in_schema == path
            ]
            if sum(sizes) < _FEW_BYTES * metadata.num_rows:
                names.append(path)
    return names


def _claim_blocks(source: Source, at: Position | None, columns: Columns) -> Iterator[Block]:
    """The lines of some claims at a time."""
    reader = _Reader(source, at["row"] if at else 1, _CLAIM_ROWS)

    def rows() -> Iterator[TableRow]:
        for first, batch in reader:
            values = [batch.column(place).to_pylist() for place in columns.places]
            kept = kept_of_batch(batch, columns)
            for at, cells in enumerate(zip(*values, strict=True)):
                carried = () if kept is None else tuple(column[at] for column in kept.columns)
                yield TableRow({"row": first + at}, first + at, None, cells, None, carried)

    yield from claim_blocks(
        source,
        rows(),
        columns,
        at,
        lambda: {"row": reader.row},
        lambda: reader.done,
        lambda: reader.what,
    )
    yield from reader.damage()


class _Reader:
    """The rows of a file from one on, in batches that never go beyond a row group."""

    def __init__(self, source: Source, row: int, size: int, repeated: Sequence[str] = ()) -> None:
        self.row = row
        """The next row."""
        self.done = 0
        self.what = ""
        self._source = source
        self._size = size
        self._total = 0
        self._repeated = list(repeated)
        """Columns of texts that are read as the file holds them: each text once, and its number."""

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        try:
            with pq.ParquetFile(
                _where(self._source),
                buffer_size=_BUFFER,
                pre_buffer=False,
                read_dictionary=self._repeated,
            ) as file:
                yield from self._batches(file)
        except (pa.ArrowException, OSError, ValueError) as error:
            # No data in the message: Arrow quotes what it stumbled over.
            self.what = f"the file is damaged here ({type(error).__name__})"

    def _batches(self, file: Any) -> Iterator[tuple[int, Any]]:
        self._total = file.metadata.num_rows
        before = 0
        for group in range(file.metadata.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if before + rows >= self.row:
                start = before + 1
                for batch in file.iter_batches(batch_size=self._size, row_groups=[group]):
                    first, start = start, start + batch.num_rows
                    if start <= self.row:
                        continue  # decided before the run was stopped
                    if first < self.row:
                        batch, first = batch.slice(self.row - first), self.row
                    self.row = first + batch.num_rows
                    self.done = self._source.size * self.row // (self._total + 1)
                    yield first, batch
            before += rows

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
