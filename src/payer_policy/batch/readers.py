"""Each input as a stream of blocks, from its start or from where a run was stopped.

Where a block ends depends only on the file and on where it begins. So an input may also be cut into
sections, whose blocks other processes read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from payer_policy.batch.inputs import Input, refuse_changed
from payer_policy.core.vocabulary.model import Fact
from payer_policy.formats.blocks import Block, Position
from payer_policy.formats.pieces import piece_blocks
from payer_policy.formats.source import NotReadable, WrongCall
from payer_policy.formats.streams import Damage
from payer_policy.formats.tables.columns import Columns

_NO_NAMES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Reader:
    """An input and, for a table, what its columns mean."""

    source: Input
    columns: Columns | None
    rows: int
    """How many rows of a table of facts are decided at a time, or of other records as much memory."""
    is_damaged: bool = False
    """Whether it cannot be read at all; other files of its folder can."""

    @property
    def of_facts(self) -> bool:
        """Whether it is a table of facts."""
        return self.columns is not None and self.columns.form == "facts"

    def blocks(self, at: Position | None) -> Iterator[Block]:
        """The records from a position on; None: all of them."""
        source, columns, form = self.source, self.columns, self.source.format
        if at is not None and at.get("damaged"):
            return iter(())
        if form.blocks is not None:
            return form.blocks(source, at, self.rows)
        if form.claims is not None:
            return piece_blocks(form.claims, source, at, self.rows)
        if form.table is not None and columns is not None:
            return form.table.blocks(source, at, columns, self.rows)
        damage = Damage(source)
        if self.is_damaged:
            damage.what = "the file cannot be read as Parquet"
        return damage.blocks(1, None, {"row": 1})

    @property
    def is_seekable(self) -> bool:
        """Whether it is read from a position on without what is before it, by any process."""
        form = self.source.format
        of_table = form.table is not None and form.table.cuts is not None
        return not self.source.packed and (
            form.cuts is not None or (of_table and not self.is_damaged)
        )

    def read(self, at: Position | None) -> Iterator[Iterable[Block]]:
        """The records from a position on, block by block."""
        return ([block] for block in self.blocks(at))

    def sections(self, at: Position | None) -> Iterator[Iterable[Block]]:
        """The same for other processes: unread where that is possible.

        Raises:
            Changed: the file is no longer as it was found.
        """
        if not self.is_seekable:
            yield from self.read(at)
            return
        refuse_changed(self.source)
        for to in self._cuts(at):
            yield Section(self, at, to)
            at = to

    def _cuts(self, at: Position | None) -> Iterator[Position]:
        source, columns, form = self.source, self.columns, self.source.format
        if at is not None and at.get("damaged"):
            return iter(())
        if form.cuts is not None:
            return form.cuts(source, at, self.rows)
        assert form.table is not None and form.table.cuts is not None and columns is not None
        return form.table.cuts(source, at, columns, self.rows)


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks of an input from a position up to another, read by the process that iterates over them."""

    reader: Reader
    at: Position | None
    to: Position

    def __iter__(self) -> Iterator[Block]:
        """Its blocks; fewer where the file is damaged.

        Raises:
            Changed: the file is no longer as it was found.
        """
        refuse_changed(self.reader.source)
        for block in self.reader.blocks(self.at):
            yield block
            if block.after == self.to:
                break
        refuse_changed(self.reader.source)


def reader_of(
    source: Input,
    facts: Mapping[str, Fact],
    rows: int,
    renamed: Mapping[str, str] = _NO_NAMES,
    keep: Sequence[str] = (),
) -> Reader:
    """The reader of an input. A damaged file found in a folder becomes one reject; others are read.

    Args:
        source: The input.
        facts: Of the vocabulary.
        rows: How many rows of a table of facts are decided at a time.
        renamed: Names of columns, each with the name that it stands for.
        keep: Columns to carry to the answers.

    Raises:
        WrongCall: a table's columns are wrong, or columns are to be kept from a file without columns.
    """
    table = source.format.table
    if table is None:
        if keep:
            raise WrongCall(
                f"{source.path}: --keep carries columns of tables (CSV, Parquet); claims in JSON, "
                "JSON Lines and X12 have none, and their answers name them by `claim_id`, `file` and "
                "`record`."
            )
        return Reader(source, None, rows)
    try:
        return Reader(source, table.columns(source, facts, renamed, keep), rows)
    except NotReadable:
        if source.in_folder:
            return Reader(source, None, rows, is_damaged=True)
        raise
