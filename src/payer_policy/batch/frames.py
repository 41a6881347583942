"""Data frames decided as `batch` decides tables: Arrow, Polars, pandas, DuckDB.

    answers = decide_frame(frame, "policies")
    polars.from_arrow(answers)          # or answers.to_pandas()

A frame is anything with the Arrow C stream interface (`__arrow_c_stream__`). It has one row a service,
with facts as columns, or one row a claim line, with columns `line.…`, as a table for `batch` has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final
from weakref import WeakKeyDictionary

import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.deciding import Answered, Decider
from payer_policy.batch.kept import refuse_answer_columns, with_kept
from payer_policy.batch.schema import ANSWER, HELD
from payer_policy.core.diagnostics import did_you_mean, kind_of
from payer_policy.core.vocabulary.model import Fact
from payer_policy.engine import Engine
from payer_policy.formats.blocks import ArrowRows, Block, Position, TableClaims
from payer_policy.formats.source import Held, WrongCall
from payer_policy.formats.tables.columns import ID, LINE, LINE_FIELDS, REQUEST_FIELDS, Columns
from payer_policy.formats.tables.kept import kept_of_batch, plain
from payer_policy.formats.tables.parquet_blocks import claim_line_blocks, table_columns

REJECTED: Final = "rejected"
"""The decision of a row that cannot be read as a request; `internal` says why."""
_PLACE: Final = ("file", "record")
"""A record's place in a file; rows of a frame have none."""
_ROWS: Final = 50_000
_NAME: Final = "the frame"

PLAIN: Final = pa.schema(
    [(field.name, plain(field.type)) for field in ANSWER if field.name not in _PLACE]
)
"""The answers on a frame, without the columns that it carries."""

_DECIDERS: WeakKeyDictionary[Engine, Decider] = WeakKeyDictionary()


def decide_frame(
    frame: Any, policies: Engine | str | Path, keep: Sequence[str] | None = None
) -> pa.Table:
    """The answers on a frame of facts or of claim lines.

    Args:
        frame: With `__arrow_c_stream__`: a PyArrow table, a Polars or pandas frame, a DuckDB relation.
        policies: An engine, which keeps what it compiled for the next frame; or a policy folder.
        keep: Columns that are carried to the answers unchanged. None: all that are no fact and no field
            of a claim, but one that is nearly named so is refused.

    Returns:
        One row a drug service in the order of the rows, columns as in `PLAIN` and then those that are
        carried. A row that cannot be read as a request has the decision `rejected`.

    Raises:
        PolicyError: The policies are wrong; it carries every problem.
        WrongCall: It is no frame; or a column is unknown, of the wrong type, or named as one of the
            answers.
    """
    table = _as_table(frame)
    engine = policies if isinstance(policies, Engine) else Engine.open(policies)
    facts = engine.library.vocabulary.facts
    carried = carried_columns(table.schema.names, facts) if keep is None else keep
    refuse_answer_columns(carried)
    columns = table_columns(table.schema, facts, _NAME, keep=carried)
    decider = _DECIDERS.get(engine)
    if decider is None:
        decider = _DECIDERS[engine] = Decider(engine, None, columns=True)
    return decided_table(decider, table, columns)


def decided_table(decider: Decider, table: pa.Table, columns: Columns) -> pa.Table:
    """The answers and rejects on a table, in the order of its rows."""
    fields = [pa.field(one.name, plain(one.type)) for one in columns.kept]
    schema = pa.schema([*PLAIN, *fields])
    made = [_rows(decider.answered("", block), block, schema) for block in _blocks(table, columns)]
    return pa.concat_tables([schema.empty_table(), *made])


def carried_columns(names: Sequence[str], facts: Mapping[str, Fact]) -> list[str]:
    """The columns of a frame that mean nothing here, without those that were probably meant to."""
    known = [ID, *(name for name, fact in facts.items() if not fact.derived)]
    if any(name.removeprefix(LINE) in LINE_FIELDS for name in names if name.startswith(LINE)):
        known += [*REQUEST_FIELDS, *(LINE + name for name in LINE_FIELDS)]
    found = [name for name in names if name not in known and name not in facts]
    return [name for name in found if did_you_mean(name, known) is None]


def _as_table(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        raise WrongCall(
            f"found {kind_of(frame)}; a frame with `__arrow_c_stream__` was expected: a PyArrow table, a "
            "Polars or pandas frame, or a DuckDB relation"
        )
    table = pa.RecordBatchReader.from_stream(frame).read_all()
    return table.cast(pa.schema([one.with_type(_without_views(one.type)) for one in table.schema]))


def _without_views(type_: Any) -> Any:
    """The type as Parquet files have it; Polars gives its texts as views."""
    if pa.types.is_string_view(type_):
        return pa.string()
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.list_(_without_views(type_.value_type))
    if pa.types.is_dictionary(type_):
        return pa.dictionary(type_.index_type, _without_views(type_.value_type))
    return type_


def _blocks(table: pa.Table, columns: Columns) -> Iterator[Block]:
    if columns.form == "lines":
        read = partial(_Rows, table)
        yield from claim_line_blocks(Held(_NAME, b""), read, None, columns, _ROWS)
        return
    for first, batch in _Rows(table, 1, _ROWS):
        read_columns = batch.select(list(columns.places)).rename_columns(list(columns.names))
        yield Block(
            ArrowRows(read_columns, first, kept_of_batch(batch, columns)), batch.num_rows, {}, 0
        )


class _Rows:
    """The rows of a table from one on, in batches."""

    what = ""
    done = 0

    def __init__(self, table: pa.Table, row: int, size: int) -> None:
        self._table, self.row, self._size = table, row, size

    @property
    def place(self) -> Position:
        return {"row": self.row}

    @property
    def is_at_end(self) -> bool:
        return self.row > len(self._table)

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        while not self.is_at_end:
            first = self.row
            part = self._table.slice(first - 1, self._size).combine_chunks()
            self.row += len(part)
            yield first, part.to_batches()[0]

    def damage(self) -> Iterator[Block]:
        """Nothing: what is in memory is whole."""
        return iter(())


def _rows(answered: Answered, block: Block, schema: pa.Schema) -> pa.Table:
    """The answers and rejects of a block, by record."""
    rejects = [
        {
            "record": reject.record,
            "claim_id": reject.claim_id,
            "decision": REJECTED,
            "internal": "; ".join(
                " ".join(filter(None, (problem.message, problem.hint)))
                for problem in reject.problems
            ),
        }
        for reject in answered.rejects
    ]
    made = with_kept(pa.Table.from_pylist(rejects, HELD), *_kept(block))
    table = pa.concat_tables([answered.table, made], promote_options="default").unify_dictionaries()
    table = table.take(pc.sort_indices(table["record"]))
    return table.select(schema.names).cast(schema)


def _kept(block: Block) -> tuple[Any, Sequence[int]]:
    """What is carried of a block, and the records of its rows."""
    match block.payload:
        case ArrowRows(batch, first_row, kept):
            return kept, range(first_row, first_row + batch.num_rows)
        case TableClaims(_, claims, kept):
            return kept, [claim.first_row for claim in claims]
    return None, ()
