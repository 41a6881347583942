"""Tables as blocks: rows of facts some thousands at a time, and the lines of whole claims.

Consecutive rows of one `id` are one claim. A row that cannot be read may belong to the claim before
it or after it, so neither of the two is decided on less than was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.blocks import Block, CsvText, Position, Row, TableClaim, TableClaims
from payer_policy.formats.rejects import Reject, problem_at, rejected
from payer_policy.formats.source import DAMAGED, Source, WrongCall
from payer_policy.formats.streams import Damage, done_bytes, lines_of
from payer_policy.formats.tables.cells import converter
from payer_policy.formats.tables.columns import ID, Columns
from payer_policy.formats.tables.csv_rows import cells_of, header_of, row_texts
from payer_policy.formats.tables.kept import kept_of_rows
from payer_policy.request.models import MAX_LINES

_BYTES = 1 << 22
_CLAIMS = 200
_CLAIM_ROWS = 5_000


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
    """The records of a table; of facts at most so many at a time."""
    if columns.form == "facts":
        return _fact_blocks(source, at, columns, most)
    return _claim_blocks(source, at, columns)


def _fact_blocks(
    source: Source, at: Position | None, columns: Columns, most: int
) -> Iterator[Block]:
    """Some whole rows at a time."""
    with source.open() as file:
        damage = Damage(source)
        offset, line, row = _csv_start(source, at)
        held: list[bytes] = []
        size = records = 0
        first = row, line

        def block() -> Block:
            payload = CsvText(b"".join(held), columns, *first)
            after = {"offset": offset, "line": line, "row": row}
            done = done_bytes(source, file, offset)
            return Block(payload, records, after, done, tuple(rejects), records + len(rejects))

        rejects: list[Reject] = []
        for text in damage.guard(row_texts(lines_of(file, offset), columns.separator)):
            if text.length != len(text.data):
                message = "the row is too long to be one"
                problem = problem_at(source.path, line, "broken-row", message)
                rejects.append(rejected(source.path, row, None, [problem]))
                # What follows has other row numbers than its place in the text says.
                offset, line, row = offset + text.length, line + text.lines, row + 1
                yield block()
                held, size, records, first, rejects = [], 0, 0, (row, line), []
                continue
            held.append(text.data)
            offset, line = offset + text.length, line + text.lines
            size += len(text.data)
            if not text.is_blank:
                row, records = row + 1, records + 1
            if size >= _BYTES or records >= most:
                yield block()
                held, size, records, first = [], 0, 0, (row, line)
        if held:
            yield block()
        yield from damage.blocks(row, line, {"offset": offset, "line": line, "row": row})


def _claim_blocks(source: Source, at: Position | None, columns: Columns) -> Iterator[Block]:
    """The lines of some claims at a time."""
    with source.open() as file:
        damage = Damage(source)
        offset, line, row = _csv_start(source, at)

        def rows() -> Iterator[TableRow]:
            nonlocal offset, line, row
            for text in damage.guard(row_texts(lines_of(file, offset), columns.separator)):
                if not text.is_blank:
                    before = {"offset": offset, "line": line, "row": row}
                    cells = cells_of(text, columns.width, columns.separator)
                    if isinstance(cells, str):
                        yield TableRow(before, row, line, (), cells)
                    else:
                        values = [cells[place] for place in columns.places]
                        kept = [cells[one.place] or None for one in columns.kept]
                        yield TableRow(before, row, line, values, None, kept)
                    row += 1
                offset, line = offset + text.length, line + text.lines

        def here() -> Position:
            return {"offset": offset, "line": line, "row": row}

        def done() -> int:
            return done_bytes(source, file, offset)

        yield from claim_blocks(source, rows(), columns, at, here, done, lambda: damage.what)
        yield from damage.blocks(row, line, here())


def _csv_start(source: Source, at: Position | None) -> tuple[int, int, int]:
    """Offset, line and row to go on at."""
    if at is not None:
        return at["offset"], at["line"], at["row"]
    with source.open() as file:
        header = header_of(lines_of(file, 0))
    return header.length, header.lines + 1, 1


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

    claims: list[TableClaim] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0
    units: int = 0
    """The rows that it is made of, also those that are not held."""

    @property
    def is_full(self) -> bool:
        size = len(self.claims) + len(self.rejects)
        return size >= _CLAIMS or self.rows >= _CLAIM_ROWS


def claim_blocks(
    source: Source,
    rows: Iterator[TableRow],
    columns: Columns,
    at: Position | None,
    end: Callable[[], Position],
    done: Callable[[], int],
    damage: Callable[[], str],
) -> Iterator[Block]:
    """The claims that consecutive rows of one id are, whole, some at a time."""
    number = converter("text")
    id_at = columns.names.index(ID)
    beside = at.get("beside", 0) if at else 0
    held = _Held()
    claim: _Claim | None = None

    def block(after: Position) -> Block:
        nonlocal held
        made, held = held, _Held()
        payload = TableClaims(columns, made.claims, kept_of_rows(made.kept, columns))
        rejects = tuple(made.rejects)
        return Block(payload, len(made.claims), after, done(), rejects, made.units)

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
        if damage():
            claim.fault = claim.fault or _cut_off(source, claim)
        _put(source, held, claim)
    if held.claims or held.rejects:
        yield block(end())


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
        if first != here and str(first) != str(here):  # what is no number equals nothing
            where = f"line {row.line}" if row.line is not None else f"row {row.row}"
            message = (
                f"claim {claim.id}: its rows differ in `{one.name}`, which --keep carries to its "
            )
            message += f"answers; {where} has another value than the first"
            hint = "keep only columns that say the same on each row of a claim"
            return problem_at(source.path, claim.line, "rows-differ", message, hint)
    return None


def _cut_off(source: Source, claim: _Claim) -> Diagnostic:
    message = f"claim {claim.id}: the file breaks off here, so that lines of it may be missing"
    return problem_at(source.path, claim.line, "incomplete-claim", message, "send the file again")
