"""Columns of the inputs that are carried to the answers as they are (`--keep`).

Readers hand their values on beside the records, as an Arrow table with a row a record; whatever a
record was decided to, each of its answers gets the values of its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.schema import ANSWER
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables.columns import Columns
from payer_policy.formats.tables.kept import fields_of

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
