"""The values of columns that are carried to the answers as they are (`batch --keep`), beside the records.

Arrow is imported where there are such columns, so that a table of text is read without it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payer_policy.formats.tables.columns import Columns


def fields_of(columns: Columns) -> list[Any]:
    """The fields of the columns that are kept of a table; where it has no types, they are text."""
    import pyarrow as pa

    return [pa.field(one.name, plain(one.type or pa.string())) for one in columns.kept]


def plain(type_: Any) -> Any:
    """The type of the values, where a table holds each value once and its number in its stead."""
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def kept_of_batch(batch: Any, columns: Columns) -> Any | None:
    """The columns of a record batch that are kept; None: there are none."""
    if not columns.kept:
        return None
    import pyarrow as pa

    fields = fields_of(columns)
    found = [batch.column(one.place) for one in columns.kept]
    arrays = [
        one if one.type == field.type else one.cast(field.type)
        for one, field in zip(found, fields, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def kept_of_rows(rows: Sequence[Sequence[Any]], columns: Columns) -> Any | None:
    """The values that are kept of some rows, in the order of the columns; None: there are none."""
    if not columns.kept:
        return None
    import pyarrow as pa

    fields = fields_of(columns)
    arrays = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(fields)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))
