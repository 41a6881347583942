"""Tables as blocks: rows of facts some thousands at a time, and the lines of whole claims.

Consecutive rows of one `id` are one claim. A row that cannot be read may belong to the claim before
it or after it, so neither of the two is decided on less than was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.blocks import Block, CsvText, Position, Row, TableClaim, TableClaims
from payer_policy.formats.rejects import Reject, problem_at, rejected
from payer_policy.formats.source import DAMAGED, Source, WrongCall
from payer_policy.formats.streams import Damage, done_bytes, lines_of
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import ID, Columns
from payer_policy.formats.tables.csv_rows import RowText, cells_of, header_of, row_texts
from payer_policy.formats.tables.kept import kept_of_rows
from payer_policy.request.models import MAX_LINES

_BYTES = 1 << 22
_SHARE = 10
"""A claim of a table of claim lines takes as much memory as so many rows of facts."""


class RowReader(Protocol):
    """What reads the rows of a table."""

    @property
    def place(self) -> Position:
        """The position after the last row that was taken."""

    @property
    def done(self) -> int:
        """How many bytes were read, roughly."""

    @property
    def what(self) -> str:
        """How the file is damaged; empty: it is not."""


class TableRow(NamedTuple):
    """A row of claim lines; `problem`: why it cannot be read."""

    before: Position
    row: int
    line: int | None
    cells: Row
    """Of the columns that are read."""
    problem: str | None
    kept: Row = ()
    """Of the columns that are carried to the answers."""


def csv_header(source: Source) -> tuple[list[str], str]:
    """The names of the columns, none of an empty file; and what separates them.

    Raises:
        WrongCall: the file has no header that can be read.
    """
    try:
        with source.open() as file:
            names, separator, _, length = header_of(lines_of(file, 0))
    except DAMAGED:
        raise WrongCall(f"{source.path}: the gzip archive is damaged from its start.") from None
    if isinstance(names, str):
        if length == source.size and names == "the file is empty":
            return [], separator
        raise WrongCall(f"{source.path}: the header cannot be read: {names}.")
    if "" in names:
        raise WrongCall(f"{source.path}: column {names.index('') + 1} has no name.")
    return names, separator


def csv_blocks(source: Source, at: Position | None, columns: Columns, most: int) -> Iterator[Block]:
    """The records of a table; maximum number of rows of facts at a time: the last argument."""
    if columns.form == "facts":
        return _fact_blocks(source, at, columns, most)
    return _claim_blocks(source, at, columns, most)


class _CsvRows:
    """The rows of an open file from a position on, and the position after the last one taken."""

    def __init__(
        self, source: Source, file: BinaryIO, at: Position | None, columns: Columns
    ) -> None:
        self.damage = Damage(source)
        self._source, self._file, self._separator = source, file, columns.separator
        if at is None:
            header = header_of(lines_of(file, 0))
            at = {"offset": header.length, "line": header.lines + 1, "row": 1}
        self.offset, self.line, self.row = at["offset"], at["line"], at["row"]

    def __iter__(self) -> Iterator[tuple[int, int, RowText]]:
        """The number of a row, its first line, and its text."""
        texts = row_texts(lines_of(self._file, self.offset), self._separator)
        for text in self.damage.guard(texts):
            row, line = self.row, self.line
            self.offset, self.line = self.offset + text.length, line + text.lines
            self.row += not text.is_blank
            yield row, line, text

    @property
    def place(self) -> Position:
        return {"offset": self.offset, "line": self.line, "row": self.row}

    @property
    def done(self) -> int:
        return done_bytes(self._source, self._file, self.offset)

    @property
    def what(self) -> str:
        return self.damage.what


def _fact_blocks(
    source: Source, at: Position | None, columns: Columns, most: int
) -> Iterator[Block]:
    """Some whole rows at a time."""
    with source.open() as file:
        rows = _CsvRows(source, file, at, columns)
        held: list[bytes] = []
        rejects: list[Reject] = []
        size = records = 0
        first = rows.row, rows.line

        def block() -> Block:
            payload = CsvText(b"".join(held), columns, *first)
            units = records + len(rejects)
            return Block(payload, records, rows.place, rows.done, tuple(rejects), units)

        for row, line, text in rows:
            is_too_long = text.length != len(text.data)
            if is_too_long:
                message = "the row is too long"
                problem = problem_at(source.path, line, "broken-row", message)
                rejects.append(rejected(source.path, row, None, [problem]))
            else:
                held.append(text.data)
                size, records = size + len(text.data), records + (not text.is_blank)
            # After a row that is too long, the text no longer says the numbers of the rows.
            if is_too_long or size >= _BYTES or records >= most:
                yield block()
                held, rejects, size, records, first = [], [], 0, 0, (rows.row, rows.line)
        if held:
            yield block()
        yield from rows.damage.blocks(rows.row, rows.line, rows.place)


def _claim_blocks(
    source: Source, at: Position | None, columns: Columns, most: int
) -> Iterator[Block]:
    """The lines of some claims at a time."""
    with source.open() as file:
        texts = _CsvRows(source, file, at, columns)

        def rows() -> Iterator[TableRow]:
            before = texts.place
            for row, line, text in texts:
                if not text.is_blank:
                    cells = cells_of(text, columns.width, columns.separator)
                    if isinstance(cells, str):
                        yield TableRow(before, row, line, (), cells)
                    else:
                        values = [cells[place] for place in columns.places]
                        kept = [cells[one.place] or None for one in columns.kept]
                        yield TableRow(before, row, line, values, None, kept)
                before = texts.place

        yield from claim_blocks(source, rows(), columns, at, texts, most)
        yield from texts.damage.blocks(texts.row, texts.line, texts.place)


# --- claims --------------------------------------------------------------------------------------


@dataclass
class _Claim:
    """The rows of a claim so far."""

    before: Position
    row: int
    line: int | None
    id: object
    fault: Diagnostic | None
    kept: Row
    """What is carried to the answers: each row of the claim says the same."""
    rows: list[Row] = field(default_factory=list)
    count: int = 0

    def add(self, cells: Row) -> None:
        self.count += 1
        if self.count <= MAX_LINES + 1:  # one more says that there are too many
            self.rows.append(cells)


@dataclass
class _Held:
    """What the next block will hold."""

    most: int
    """How many claims there may be in a block; of rows, three times as many."""
    claims: list[TableClaim] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0
    units: int = 0
    """The rows that it is made of, also those that are not held."""

    @property
    def is_full(self) -> bool:
        size = len(self.claims) + len(self.rejects)
        return size >= self.most or self.rows >= 3 * self.most


def claim_blocks(
    source: Source,
    rows: Iterator[TableRow],
    columns: Columns,
    at: Position | None,
    reader: RowReader,
    most: int,
) -> Iterator[Block]:
    """The claims that consecutive rows of one id are, whole, some at a time; `most` are the rows of facts
    that would be one block."""
    number = converter("text")
    id_at = columns.names.index(ID)
    beside = at.get("beside", 0) if at else 0
    most = max(1, most // _SHARE)
    held = _Held(most)
    claim: _Claim | None = None

    def block(after: Position) -> Block:
        nonlocal held
        made, held = held, _Held(most)
        payload = TableClaims(columns, made.claims, kept_of_rows(made.kept, columns))
        rejects = tuple(made.rejects)
        return Block(payload, len(made.claims), after, reader.done, rejects, made.units)

    for row in rows:
        problem = row.problem
        id_ = None if problem else number(row.cells[id_at])
        if problem is None and id_ is None:
            problem = f"the row has no claim number (`{ID}`)"
        if claim is not None and (problem or id_ != claim.id):
            if problem:
                claim.fault = claim.fault or _beside(source, claim, row.line or row.row)
            _put(source, held, claim)
            claim = None
        if claim is None and held.is_full:
            yield block({**row.before, "beside": beside} if beside else row.before)
        if problem:
            found = problem_at(source.path, row.line, "broken-row", problem)
            held.rejects.append(rejected(source.path, row.row, None, [found]))
            held.units += 1
            beside = row.line or row.row
            continue
        if claim is None:
            claim = _Claim(row.before, row.row, row.line, id_, None, row.kept)
            if beside:
                claim.fault = _beside(source, claim, beside)
                beside = 0
        elif claim.fault is None and row.kept != claim.kept:
            claim.fault = _differs(source, claim, row, columns)
        claim.add(row.cells)
    if claim is not None:
        if reader.what:
            claim.fault = claim.fault or _cut_off(source, claim)
        _put(source, held, claim)
    if held.claims or held.rejects:
        yield block(reader.place)


def _put(source: Source, held: _Held, claim: _Claim) -> None:
    held.units += claim.count
    if claim.fault is not None:
        held.rejects.append(rejected(source.path, claim.row, str(claim.id), [claim.fault]))
        return
    held.claims.append(TableClaim(claim.row, claim.line, claim.rows, claim.count))
    held.kept.append(claim.kept)
    held.rows += len(claim.rows)


def _beside(source: Source, claim: _Claim, where: int) -> Diagnostic:
    what = "line" if claim.line is not None else "row"
    message = f"claim {claim.id}: {what} {where} beside it cannot be read and may belong to it"
    hint = f"correct {what} {where}; the claim is not decided without it"
    return problem_at(source.path, claim.line, "incomplete-claim", message, hint)


def _differs(source: Source, claim: _Claim, row: TableRow, columns: Columns) -> Diagnostic | None:
    """Why no one value of a column can be carried to the answers of the claim."""
    for one, first, here in zip(columns.kept, claim.kept, row.kept, strict=True):
        if first != here and str(first) != str(here):  # NaN does not equal itself
            where = f"line {row.line}" if row.line is not None else f"row {row.row}"
            message = f"claim {claim.id}: its rows differ in `{one.name}`, which --keep carries to "
            message += f"its answers; {where} has another value than the first"
            hint = "keep only columns that say the same on each row of a claim"
            return problem_at(source.path, claim.line, "rows-differ", message, hint)
    return None


def _cut_off(source: Source, claim: _Claim) -> Diagnostic:
    message = f"claim {claim.id}: the file breaks off here, so that lines of it may be missing"
    return problem_at(source.path, claim.line, "incomplete-claim", message, "send the file again")
