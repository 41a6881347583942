"""Columns of the inputs that are carried to the answers unchanged (`--keep`).

Readers pass their values along with the records, as an Arrow table with one row per record. Each answer
gets the values of its record.
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
    """Refuse columns to keep whose names are names of columns of the answers.

    To Spark and other readers of the answers, names that differ only in letter case are the same.

    Raises:
        WrongCall: a name is used twice.
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
                f"--keep {name}: the columns `{other}` and `{name}` differ only in letter case; "
                "rename one of them in the input."
            )


def kept_fields(tables: Iterable[tuple[str, Columns]]) -> list[Any]:
    """The fields of the columns that are kept.

    Args:
        tables: The name of each file, and its columns.

    Raises:
        WrongCall: a column has different types in two tables.
    """
    first: dict[str, tuple[str, Any]] = {}
    for file, columns in tables:
        for field in fields_of(columns):
            other, type_ = first.setdefault(field.name, (file, field.type))
            if type_ != field.type:
                raise WrongCall(
                    f"--keep {field.name}: the column is of type {type_} in {other} and of type "
                    f"{field.type} in {file}; a column of answers has one type. "
                    "Decide these files into separate folders."
                )
    return [pa.field(name, type_) for name, (_, type_) in first.items()]


def with_kept(answers: Any, kept: Any | None, records: Sequence[int]) -> Any:
    """The answers with the kept columns of their records.

    Args:
        answers: A table with the column `record`.
        kept: One row per record; None: nothing is kept.
        records: The record number of each row of `kept`.
    """
    if kept is None:
        return answers
    places = pc.index_in(answers["record"], pa.array(records, pa.int64()))
    taken = kept.combine_chunks().take(places)
    for field, column in zip(taken.schema, taken.columns, strict=True):
        answers = answers.append_column(field, column)
    return answers
