"""Columns of the inputs that are carried to the answers as they are (`--keep`).

Readers hand their values on beside the records, as an Arrow table with a row a record; whatever a
record was decided to, each of its answers gets the values of its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.inputs import WrongCall
from payer_policy.batch.schema import ANSWER
from payer_policy.batch.tables import Columns

_TEXT: Final = pa.string()
_OWN: Final = {name.casefold(): name for name in ANSWER.names}


def refuse_answer_columns(keep: Sequence[str]) -> None:
    """A column to keep has a name that no column of the answers has.

    Names that differ in capitals only are one name to Spark and to others that read the answers.

    Raises:
        WrongCall: that is not so.
    """
    seen: dict[str, str] = {}
    for name in keep:
        own = _OWN.get(name.casefold())
        if own is not None:
            raise WrongCall(
                f"--keep {name}: the answers have a column `{own}` of their own; "
                "rename the column in the input."
            )
        other = seen.setdefault(name.casefold(), name)
        if other != name:
            raise WrongCall(
                f"--keep {name}: the columns `{other}` and `{name}` differ in capitals only; "
                "rename one of them in the input."
            )


def kept_fields(tables: Iterable[tuple[str, Columns]]) -> list[Any]:
    """The fields of the columns that are kept of some tables, each with the name of its file.

    Raises:
        WrongCall: a column is of one type in one table and of another in another.
    """
    first: dict[str, tuple[str, Any]] = {}
    for file, columns in tables:
        for field in fields_of(columns):
            other, type_ = first.setdefault(field.name, (file, field.type))
            if type_ != field.type:
                raise WrongCall(
                    f"--keep {field.name}: the column is of type {type_} in {other} and of type "
                    f"{field.type} in {file}; a column of answers has one type. "
                    "Decide these files into folders of their own."
                )
    return [pa.field(name, type_) for name, (_, type_) in first.items()]


def fields_of(columns: Columns) -> list[Any]:
    """The fields of the columns that are kept of a table; where it has no types, they are text."""
    return [pa.field(one.name, plain(one.type or _TEXT)) for one in columns.kept]


def plain(type_: Any) -> Any:
    """The type of the values, where a table holds each value once and its number in its stead."""
    return type_.value_type if pa.types.is_dictionary(type_) else type_


def kept_of_batch(batch: Any, columns: Columns) -> Any | None:
    """The columns of a record batch that are kept; None: there are none."""
    if not columns.kept:
        return None
    fields = fields_of(columns)
    arrays = [
        batch.column(one.place).cast(field.type)
        if batch.column(one.place).type != field.type
        else batch.column(one.place)
        for one, field in zip(columns.kept, fields, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def kept_of_rows(rows: Sequence[Sequence[Any]], columns: Columns) -> Any | None:
    """The values that are kept of some rows, in the order of the columns; None: there are none."""
    if not columns.kept:
        return None
    fields = fields_of(columns)
    arrays = [pa.array([row[at] for row in rows], field.type) for at, field in enumerate(fields)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def with_kept(answers: Any, kept: Any | None, records: Sequence[int]) -> Any:
    """Answers with what is kept of the record of each.

    Args:
        answers: A table with the column `record`.
        kept: A row a record; None: nothing is kept.
        records: The numbers of the records of its rows.
    """
    if kept is None:
        return answers
    places = pc.index_in(answers["record"], pa.array(records, pa.int64()))
    taken = kept.combine_chunks().take(places)
    for field, column in zip(taken.schema, taken.columns, strict=True):
        answers = answers.append_column(field, column)
    return answers
