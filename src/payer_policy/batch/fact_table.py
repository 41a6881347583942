"""Tables of facts as columns: each row is the request with these facts and no form.

Each distinct cell of a column is read once, in the same way as for a single request. A cell that is no
value, or no claim number, marks its row: that row is read again by itself, which reports what is wrong.
"""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.core.columns import Codes, Groups, column_of, constant, recoded
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import MAX_TEXT, quantity_of
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import ID
from payer_policy.request.given import parse_facts
from payer_policy.request.in_columns import ReadColumns, RequestColumns

_UNUSUAL: Final = re.compile(rf"[\x00-\x1f\x7f-\x9f\ud800-\udfff]|\s\s|[^\S ]|.{{{MAX_TEXT + 1}}}")
"""What a claim number is not, or is spelled otherwise in a request."""


def fact_columns(table: Any, vocabulary: Vocabulary) -> ReadColumns:
    """A table of facts as columns, and the rows that cannot be read.

    Args:
        table: An Arrow table whose columns are named by facts, and `id`.
        vocabulary: The facts.
    """
    rows = len(table)
    unread = np.zeros(rows, dtype=np.bool_)
    fields = {"kind": constant("claim", rows), "frequency": constant("1", rows)}
    facts = {}
    for name, raw in zip(table.column_names, table.columns, strict=True):
        codes, cells = distinct_cells(raw.combine_chunks() if raw.num_chunks != 1 else raw.chunk(0))
        if name == ID:
            read = [_claim_number(cell) for cell in cells]
        else:
            read = [_fact(vocabulary, name, cell) for cell in cells]
        wrong = np.array([one is _NO_VALUE for one in read] or [False], dtype=np.bool_)
        if wrong.any():
            unread |= wrong[codes]
            read = [None if one is _NO_VALUE else one for one in read]
        column = recoded(codes, read)
        if name == ID:
            fields[name] = column
        elif len(column.values) > 1:
            facts[name] = column
    nothing = Groups.of_sizes(np.zeros(rows, dtype=np.int64))
    return ReadColumns(RequestColumns(rows, fields, facts, nothing, {}, {}), unread)


class _NoValue:
    """Stands for a cell that is no value."""


_NO_VALUE: Final = _NoValue()


def _claim_number(cell: Any) -> Any:
    text = converter("text")(cell)
    if text is None:
        return None
    return text if isinstance(text, str) and not _UNUSUAL.search(text) else _NO_VALUE


def _fact(vocabulary: Vocabulary, name: str, cell: Any) -> Any:
    raw = converter(vocabulary.facts[name].type)(cell)
    if raw is None:
        return None
    values, problems = parse_facts(vocabulary, {name: raw})
    of_drug = name in vocabulary.amounts and quantity_of(raw) is not None
    # Whether an amount's unit is one of its drug is asked where a single request is read.
    return _NO_VALUE if problems or of_drug else values.get(name)


def distinct_cells(array: Any) -> tuple[Codes, list[Any]]:
    """For each row of an Arrow array the position of its cell among the distinct ones, and those."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        return _distinct_lists(array)
    try:
        made = array.dictionary_encode(null_encoding="encode")
    except pa.ArrowNotImplementedError:  # a type of few values, such as null
        column = column_of(array.to_pylist())
        return column.codes, list(column.values)
    return (
        made.indices.to_numpy(zero_copy_only=False).astype(np.int32),
        made.dictionary.to_pylist(),
    )


def _distinct_lists(array: Any) -> tuple[Codes, list[Any]]:
    codes, cells = distinct_cells(array.flatten())
    sizes = pc.fill_null(pc.list_value_length(array), 0).to_numpy().astype(np.int64)
    row, lists = Groups.of_sizes(sizes).sequences(codes, max(1, len(cells)))
    known = array.is_valid().to_numpy(zero_copy_only=False)
    made: list[Any] = [[cells[code] for code in one] for one in lists]
    return np.where(known, row, np.int32(len(made))).astype(np.int32), [*made, None]
