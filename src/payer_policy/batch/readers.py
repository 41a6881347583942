"""Every kind of input as a stream of blocks, from its start or from where a run was stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from payer_policy.batch.blocks import Block, Position
from payer_policy.batch.inputs import Input, NotReadable, WrongCall
from payer_policy.batch.parquet_blocks import (
    parquet_claim_blocks,
    parquet_columns,
    parquet_fact_blocks,
)
from payer_policy.batch.table_blocks import csv_claim_blocks, csv_fact_blocks, csv_header
from payer_policy.batch.tables import Columns, checked_columns
from payer_policy.batch.text_blocks import Damage, json_blocks, json_line_blocks, x12_blocks
from payer_policy.core.vocabulary.model import Fact

_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Reader:
    """An input, and for a table what its columns mean."""

    source: Input
    columns: Columns | None
    rows: int
    """How many rows of a table of facts are decided at a time."""

    @property
    def of_facts(self) -> bool:
        """Whether it is a table of facts."""
        return self.columns is not None and self.columns.form == "facts"

    def blocks(self, at: Position | None) -> Iterator[Block]:
        """The records from a position on; None: all of them."""
        source, columns = self.source, self.columns
        if at is not None and at.get("damaged"):
            return iter(())
        match source.kind:
            case "json_lines":
                return json_line_blocks(source, at)
            case "json":
                return json_blocks(source, at)
            case "x12":
                return x12_blocks(source, at)
        if columns is None and source.kind == "parquet":
            damage = Damage(source)
            damage.what = "the file cannot be read as Parquet"
            return damage.blocks(1, None, {"row": 1})
        if columns is None:
            return iter(())  # a CSV file without anything in it
        match source.kind, columns.form:
            case "csv", "facts":
                return csv_fact_blocks(source, at, columns, self.rows)
            case "csv", _:
                return csv_claim_blocks(source, at, columns)
            case _, "facts":
                return parquet_fact_blocks(source, at, columns, self.rows)
        return parquet_claim_blocks(source, at, columns)


def reader_of(
    source: Input,
    facts: Mapping[str, Fact],
    rows: int,
    renamed: Mapping[str, str] = _NO_NAMES,
    keep: Sequence[str] = (),
) -> Reader:
    """The reader of an input. A damaged file in a folder is one reject, and stops no other file.

    Args:
        source: The input.
        facts: Of the vocabulary.
        rows: How many rows of a table of facts are decided at a time.
        renamed: What some names of columns mean.
        keep: Columns to carry to the answers.

    Raises:
        WrongCall: a table's columns are wrong, or columns are to be kept of what is no table.
    """
    if keep and source.kind not in ("parquet", "csv"):
        raise WrongCall(
            f"{source.path}: --keep carries columns of tables (CSV, Parquet); claims in JSON, JSON "
            "Lines and X12 have none, and their answers name them by `claim_id`, `file` and `record`."
        )
    if source.kind == "parquet":
        try:
            return Reader(source, parquet_columns(source, facts, renamed, keep), rows)
        except NotReadable:
            if source.in_folder:
                return Reader(source, None, rows)
            raise
    if source.kind == "csv":
        names, separator = csv_header(source)
        if not names:
            return Reader(source, None, rows)
        columns = checked_columns(names, facts, source.path, separator, renamed, keep)
        return Reader(source, columns, rows)
    return Reader(source, None, rows)
