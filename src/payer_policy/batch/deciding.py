"""A block of records to rows of answers and to rejects, counted.

An error of this program in one record affects that record alone: it becomes a reject that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, assert_never

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.answers import AnswerRows, NotExact, counts_of, record_count
from payer_policy.batch.fact_table import fact_columns
from payer_policy.batch.facts_file import FactsFile
from payer_policy.batch.in_columns import ColumnarBatch
from payer_policy.batch.intakes import intakes_of
from payer_policy.batch.kept import with_kept
from payer_policy.batch.line_table import line_columns
from payer_policy.batch.schema import ANSWER
from payer_policy.core.columns import Flags, Places
from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PayerPolicyError,
    PolicyError,
    Position,
)
from payer_policy.determination import Outcome
from payer_policy.engine import Engine
from payer_policy.formats import Intake, Supplement, apply_supplement, read_supplements
from payer_policy.formats.answer import Answer
from payer_policy.formats.blocks import (
    ArrowRows,
    Block,
    ClaimRows,
    CsvText,
    JsonLines,
    JsonText,
    Pieces,
    TableClaim,
    TableClaims,
)
from payer_policy.formats.json.bulk import quick_lines
from payer_policy.formats.known import writer
from payer_policy.formats.registry import Bulk, Claims
from payer_policy.formats.rejects import Reject, problem_at, record_place, rejected
from payer_policy.formats.tables.columns import ID, Columns
from payer_policy.formats.tables.csv_rows import rows_of
from payer_policy.formats.tables.kept import kept_of_rows
from payer_policy.formats.tables.parquet_blocks import claim_rows, claim_starts
from payer_policy.formats.tables.requests import ClaimColumns, FactRows, Refusal
from payer_policy.request.in_columns import ReadColumns
from payer_policy.request.models import Request
from payer_policy.request.reading_in_columns import Reading
from payer_policy.request.requests_in_columns import gathered

IN_COLUMNS: Final = "columns"
TOO_FEW: Final = "few"
FAULT: Final = "fault"
UNREADABLE: Final = "unreadable"
FACTS_FILE: Final = "facts-file"
"""How records are decided: in columns, or by themselves since there are few in a block, since columns
failed, since something in them is no value, or since the facts file is about a row of a table."""
_READ_AGAIN: Final = frozenset({UNREADABLE, FACTS_FILE})
"""Records for which these are the causes may be decided in columns once they were read by themselves."""
TWICE: Final = "twice"
DIFFERENT: Final = "different"
"""How many of the records in columns were also decided by themselves, and had other answers there."""
_ONE_IN: Final = 1_000
_NO_CAUSES: Final[Mapping[int, str]] = {}
_LISTS: Final = [field.name for field in ANSWER if pa.types.is_list(field.type)]
FEW: Final = 20
"""Fewer requests of a block than these are decided one by one, which takes less time."""


class CountsDiffer(PayerPolicyError):
    """Records were lost or counted twice: an error of this program."""


class Watcher(Protocol):
    """Observes what a block is decided from, for values that no column of the answers holds."""

    def facts(self, table: Any, first: int) -> None:
        """Called with a table of facts as it was read, and the record number of its first row."""

    def read(self, record: int, request: Request) -> None:
        """Called with each request that was read as such and could be decided."""


@dataclass(slots=True)
class Answered:
    """The result for a block. `records` were read; each is decided or rejected."""

    table: Any
    rejects: list[Reject]
    records: int
    decided: int
    weight: int
    """The memory that the rows take, in rows and entries of their lists."""
    counts: dict[str, Counter[str]]
    rows: int
    """How many rows the table had when it was made."""
    written: bytes = b""
    """The same answers and refusals in the format that they are also written in, if any."""

    def hold_to(self, block: Block) -> None:
        """Check that each record that was read has rows or is rejected.

        Raises:
            CountsDiffer: a record was lost or counted twice.
        """
        read = None if block.records is None else block.records + len(block.rejects)
        answered = record_count(self.table)
        if (
            self.records != self.decided + len(self.rejects)
            or (read is not None and read != self.records)
            or answered != self.decided
            or len(self.table) != self.rows
        ):
            raise CountsDiffer(
                f"{read} records were read, {self.records} reached the decider, {self.decided} were "
                f"decided with {self.rows} rows, {answered} came back with {len(self.table)} rows, "
                f"and {len(self.rejects)} were rejected"
            )


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A request that was read and is not decided yet."""

    record: int
    request: Request
    intake: Intake
    cause: str = ""
    """Why it is to be decided by itself."""


@dataclass
class _Sheet:
    """The answers of one block so far."""

    file: str
    rows: AnswerRows
    again: AnswerRows
    """The rows of records that were decided in columns too, when they are decided by themselves."""
    watcher: Watcher | None = None
    waiting: list[_Waiting] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    """What was decided in columns."""
    rejects: list[Reject] = field(default_factory=list)
    records: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    paths: Counter[str] = field(default_factory=Counter)
    """How many records were decided in columns, and by themselves for which cause."""
    twice: dict[int, tuple[str, Outcome] | None] = field(default_factory=dict)
    """Those records with their kinds and outcomes; None: they are refused."""
    with_facts: int = 0
    kept: tuple[Any, Sequence[int]] = (None, ())
    """What is carried to the answers, one row per record, and the numbers of those records."""
    written: list[tuple[int, Mapping[str, Any]]] = field(default_factory=list)
    """Each record and its answer as JSON, if answers are also written in a format."""


class Decider:
    """Decides blocks by one engine.

    Args:
        engine: The engine.
        facts: The facts file.
        columns: Whether records are decided in columns, where possible.
        written: The format that answers are also written in; no record is then decided in columns.
        seed: Says which records in columns are decided twice, one in a thousand.
    """

    def __init__(
        self,
        engine: Engine,
        facts: FactsFile | None,
        *,
        columns: bool,
        written: str | None = None,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._write = None if written is None else writer(written)
        self.engine = engine
        self._facts_file = facts
        self._supplements: Mapping[str, Supplement] = {}
        if facts is not None and facts.entries:
            self._supplements = read_supplements(facts.data, facts.name)
        self._vocabulary = engine.library.vocabulary
        self._order = {name: index for index, name in enumerate(self._vocabulary.facts)}
        self._columns = ColumnarBatch(engine) if columns and written is None else None

    def answered(self, file: str, block: Block, watcher: Watcher | None = None) -> Answered:
        """The answers on a block. Its rejects include those of the reader."""
        sheet = _Sheet(file, AnswerRows(self._order), AnswerRows(self._order), watcher)
        self._read(sheet, block)
        self._decide_waiting(sheet)
        self._hold(sheet)
        made = sheet.rows.table()
        if sheet.tables:
            made = in_order([made, *sheet.tables]) if len(made) else in_order(sheet.tables)
        counts = counts_of(made)
        counts["warnings"] = sheet.warnings
        counts["paths"] = sheet.paths
        counts["rejects"] = Counter(reject.code for reject in (*sheet.rejects, *block.rejects))
        counts["facts"] = Counter({"claims": sheet.with_facts} if sheet.with_facts else {})
        decided = record_count(made)
        names = pa.array([file], pa.string())
        indices = pa.array([0] * len(made), pa.int32())
        made = made.set_column(
            0, made.schema.field(0), pa.DictionaryArray.from_arrays(indices, names)
        )
        made = with_kept(made, *sheet.kept)
        return Answered(
            made,
            sorted([*block.rejects, *sheet.rejects], key=lambda reject: reject.record),
            sheet.records + len(block.rejects),
            decided,
            len(made) + sum(len(pc.list_flatten(made[name])) for name in _LISTS),
            counts,
            len(made),
            self._written(sheet, block),
        )

    def _written(self, sheet: _Sheet, block: Block) -> bytes:
        """The answers and refusals of a block in the format that they are also written in."""
        if self._write is None:
            return b""
        refusals = [
            (one.record, Answer(one.claim_id, None, (), (), one.problems).to_json())
            for one in (*sheet.rejects, *block.rejects)
        ]
        found = sorted([*sheet.written, *refusals], key=lambda one: one[0])
        return self._write([answer for _, answer in found])

    def _read(self, sheet: _Sheet, block: Block) -> None:
        payload = block.payload
        match payload:
            case JsonLines() if self._columns is not None and sheet.watcher is None:
                self._json_lines(sheet, payload)
            case Pieces(Claims(bulk=bulk)) if (
                bulk is not None and self._columns is not None and sheet.watcher is None
            ):
                self._pieces(sheet, payload, bulk())
            case JsonLines() | JsonText() | Pieces():
                for number, intake in intakes_of(payload, sheet.file):
                    self._intake(sheet, number, intake)
            case ClaimRows() if self._columns is not None and sheet.watcher is None:
                self._claim_rows(sheet, payload)
            case ClaimRows():
                self._table_claims(sheet, payload.columns, claim_rows(payload))
            case TableClaims():
                sheet.kept = payload.kept, [claim.first_row for claim in payload.claims]
                if self._columns is not None and sheet.watcher is None:
                    self._claim_tuples(sheet, payload)
                else:
                    self._table_claims(sheet, payload.columns, payload.claims)
            case ArrowRows():
                table = pa.Table.from_batches([payload.batch])
                sheet.kept = payload.kept, range(payload.first_row, payload.first_row + len(table))
                self._fact_table(sheet, table, payload.first_row, {}, None)
            case CsvText():
                self._csv(sheet, payload)
            case None:
                pass
            case _:
                assert_never(payload)

    # --- claims ----------------------------------------------------------------------------------

    def _json_lines(self, sheet: _Sheet, payload: JsonLines) -> None:
        """Read the lines in bulk; those that cannot be read so, or not decided in columns, strictly."""
        reading, numbers, strictly = Reading(self._vocabulary), [], {}
        try:
            for number, value in quick_lines(payload.data, payload.first_line):
                if value is None:
                    strictly[number] = ""
                else:
                    reading.read(value)
                    numbers.append(number)
        except Exception:
            # An error in reading them so costs time, and no record.
            for number, intake in intakes_of(payload, sheet.file):
                self._intake(sheet, number, intake, FAULT)
            return
        strictly |= self._in_bulk(sheet, np.array(numbers, dtype=np.int64), reading.made)
        if strictly:
            for number, intake in intakes_of(payload, sheet.file, strictly):
                self._intake(sheet, number, intake, strictly[number])

    def _pieces(self, sheet: _Sheet, payload: Pieces, bulk: Bulk) -> None:
        """The same of claims that were cut out of a file."""
        try:
            numbers = [number for number, piece in payload.items if bulk.read(piece)]
        except Exception:
            numbers, causes = [], dict.fromkeys((number for number, _ in payload.items), FAULT)
        else:
            causes = self._in_bulk(sheet, np.array(numbers, dtype=np.int64), bulk.made)
        done = set(numbers) - causes.keys()
        rest = [
            (number, piece)
            for number, piece in payload.items
            if number not in done or isinstance(piece, Diagnostic)
        ]
        for number, intake in intakes_of(replace(payload, items=rest), sheet.file):
            self._intake(sheet, number, intake, causes.get(number, ""))

    def _claim_rows(self, sheet: _Sheet, payload: ClaimRows) -> None:
        """Read claims in bulk; those that cannot be read so, or not decided in columns, row by row."""
        starts = claim_starts(payload.rows.column(ID))

        def read() -> ReadColumns:
            return line_columns(payload.rows, starts, self._vocabulary)

        causes = self._in_bulk(sheet, starts + payload.first_row, read)
        if causes:
            self._table_claims(sheet, payload.columns, claim_rows(payload, causes), causes)

    def _claim_tuples(self, sheet: _Sheet, payload: TableClaims) -> None:
        """The same of rows that were read one by one."""
        whole = [one for one in payload.claims if one.count == len(one.rows)]
        records = np.array([one.first_row for one in whole], dtype=np.int64)
        starts = np.cumsum([0, *(one.count for one in whole)])[:-1]

        def read() -> ReadColumns:
            cells = zip(*[row for one in whole for row in one.rows], strict=True)
            arrays = [pa.array(column) for column in cells]
            table = pa.Table.from_arrays(arrays, list(payload.columns.names))
            return line_columns(table, starts, self._vocabulary)

        causes = self._in_bulk(sheet, records, read)
        decided = {*records.tolist()} - causes.keys()
        rest = [one for one in payload.claims if one.first_row not in decided]
        self._table_claims(sheet, payload.columns, rest, causes)

    def _in_bulk(
        self,
        sheet: _Sheet,
        records: Places,
        read: Callable[[], ReadColumns],
        *,
        least: int = FEW,
        with_facts: bool = True,
    ) -> dict[int, str]:
        """Decide records in columns.

        Args:
            sheet: Where the answers go.
            records: The records.
            read: Reads them as columns.
            least: Fewer of them are not worth it.
            with_facts: Whether the facts file may be about some of them.

        Returns:
            The records that are to be read and decided by themselves, with the cause; "": there are few.
        """
        if self._columns is None or len(records) < least:
            return dict.fromkeys(records.tolist(), "")
        file = self._facts_file if with_facts and len(records) else None
        about = () if file is None else file.records(sheet.file, *_range(records))
        try:
            made = read()
            alone = {UNREADABLE: made.refused, FACTS_FILE: np.isin(records, list(about))}
            decided = self._columns.decide(made.columns, records, alone)
        except Exception:
            # An error in columns costs time, and no record.
            sheet.warnings["decided-row-by-row"] += len(records)
            return dict.fromkeys(records.tolist(), FAULT)
        sheet.tables.append(decided.table)
        done = np.ones(len(records), dtype=np.bool_)
        causes: dict[int, str] = {}
        for cause, where in decided.alone.items():
            done &= ~where
            causes |= dict.fromkeys(records[where].tolist(), cause)
        count = int(done.sum())
        sheet.paths[IN_COLUMNS] += count
        sheet.records += count
        sheet.warnings += made.remarks(done)
        return causes | dict.fromkeys(records[done & self._again(records)].tolist(), TWICE)

    def _again(self, records: Places) -> Flags:
        """The records that are decided twice: which, depends on nothing but their numbers."""
        mixed = (records.astype(np.uint64) + np.uint64(self._seed)) * np.uint64(0x9E3779B97F4A7C15)
        chosen: Flags = (mixed >> np.uint64(32)) % np.uint64(_ONE_IN) == 0
        return chosen

    def _table_claims(
        self,
        sheet: _Sheet,
        names: Columns,
        claims: Iterable[TableClaim],
        causes: Mapping[int, str] = _NO_CAUSES,
    ) -> None:
        """Read claims one by one. `causes` says by record why one is to be decided by itself."""
        columns = ClaimColumns(names.names, self._vocabulary.facts)
        for claim in claims:
            record = claim.first_row
            cause = causes.get(record, "")
            sheet.records += cause != TWICE
            claim_id, made = columns.request(claim, sheet.file)
            self._made(sheet, record, claim.first_line, claim_id, made, cause)

    def _intake(self, sheet: _Sheet, record: int, intake: Intake, cause: str = "") -> None:
        if cause != TWICE:
            for found in intake.diagnostics:
                if found.severity == "warning":
                    sheet.warnings[found.code] += 1
            if intake.is_note:
                return
            sheet.records += 1
        if intake.request is None:
            if cause == TWICE:
                sheet.twice[record] = None
            reject = rejected(sheet.file, record, intake.claim_id, intake.diagnostics)
            sheet.rejects.append(reject)
            return
        self._take(sheet, record, intake.request, intake, cause)

    def _take(
        self, sheet: _Sheet, record: int, request: Request, intake: Intake, cause: str = ""
    ) -> None:
        """Let a request wait for its decision, with what the facts file says of it."""
        try:
            entry = None if self._facts_file is None else self._facts_file.about(sheet.file, record)
            if isinstance(entry, Diagnostic):
                raise PolicyError([entry])
            if entry is not None:
                sheet.with_facts += 1
                request = apply_supplement(request, self._supplements[entry])
        except PolicyError as error:
            sheet.rejects.append(rejected(sheet.file, record, request.id, error.diagnostics))
        else:
            cause = "" if cause in _READ_AGAIN else cause
            sheet.waiting.append(_Waiting(record, request, intake, cause))

    def _decide_waiting(self, sheet: _Sheet) -> None:
        if sheet.watcher is not None:
            for one in sheet.waiting:
                sheet.watcher.read(one.record, one.request)
        together = {one.record: one for one in sheet.waiting if not one.cause}
        requests = [one.request for one in together.values()]
        records = np.array(list(together), dtype=np.int64)

        def read() -> ReadColumns:
            return gathered(requests, self._vocabulary)

        counted = sheet.records
        causes = self._in_bulk(sheet, records, read, with_facts=False)
        sheet.records = counted  # they were counted when they were read
        for one in sheet.waiting:
            cause = one.cause or causes.get(one.record, IN_COLUMNS)
            if cause != IN_COLUMNS:
                self._decide(sheet, one, cause or TOO_FEW)
        sheet.waiting = []

    def _hold(self, sheet: _Sheet) -> None:
        """Compare the records that were decided twice; the answers in columns go where they differ."""
        if not sheet.twice:
            return
        wanted = _by_record(sheet.again.table())
        records = pa.array(sheet.twice, pa.int64())
        found: dict[int, list[dict[str, Any]]] = {}
        for table in sheet.tables:
            found |= _by_record(table.filter(pc.is_in(table["record"], records)))
        different = [one for one in sheet.twice if found.get(one, []) != wanted.get(one, [])]
        sheet.paths[TWICE] += len(sheet.twice)
        if different:
            sheet.paths[DIFFERENT] += len(different)
            gone = pa.array(different, pa.int64())
            sheet.tables = [
                table.filter(pc.invert(pc.is_in(table["record"], gone))) for table in sheet.tables
            ]
            for record in different:
                if (made := sheet.twice[record]) is not None:
                    sheet.rows.add(record, *made)

    def _decide(self, sheet: _Sheet, one: _Waiting, cause: str) -> None:
        """Decide a request by itself."""
        record, request, intake = one.record, one.request, one.intake
        if cause != TWICE and self._columns is not None:
            sheet.paths[cause] += 1
        problems: tuple[Diagnostic, ...]
        try:
            outcome = self.engine.decide(request)
            if cause == TWICE:
                sheet.again.add(record, request.kind, outcome)
                sheet.twice[record] = request.kind, outcome
                return
            sheet.rows.add(record, request.kind, outcome)
            if self._write is not None:
                sheet.written.append((record, outcome.to_json()))
            return
        except NotExact as error:
            problems = (Diagnostic("not-exact", f"{error}", intake.place),)
        except PolicyError as error:
            problems = tuple(intake.placed(problem) for problem in error.diagnostics)
        except Exception as error:
            problems = (_fault(error, intake),)
        if cause == TWICE:
            sheet.twice[record] = None
        sheet.rejects.append(rejected(sheet.file, record, request.id, problems))

    # --- tables of facts ------------------------------------------------------------------------------

    def _csv(self, sheet: _Sheet, payload: CsvText) -> None:
        table = payload.columns
        width = table.width
        rows: list[list[str | None]] = []
        broken: dict[int, str] = {}
        lines: list[int] = []
        for at, (line, cells) in enumerate(rows_of(payload.data, width, table.separator)):
            lines.append(payload.first_line + line)
            if isinstance(cells, str):
                broken[at] = cells
                rows.append([None] * width)
            else:
                rows.append([cell or None for cell in cells])
        columns = list(zip(*rows, strict=True)) if rows else [()] * width
        texts = [pa.array(columns[place], pa.string()) for place in table.places]
        kept = kept_of_rows([[row[one.place] for one in table.kept] for row in rows], table)
        sheet.kept = kept, range(payload.first_row, payload.first_row + len(rows))
        made = pa.table(texts, names=list(table.names))
        self._fact_table(sheet, made, payload.first_row, broken, lines)

    def _fact_table(
        self,
        sheet: _Sheet,
        table: Any,
        first: int,
        broken: Mapping[int, str],
        lines: Sequence[int] | None,
    ) -> None:
        """Decide a table of facts. `broken` says by position why a row cannot be read."""
        if sheet.watcher is not None:
            sheet.watcher.facts(table, first)

        def read() -> ReadColumns:
            made = fact_columns(table, self._vocabulary)
            made.refused[list(broken)] = True
            return made

        rows = FactRows(table.column_names, self._vocabulary.facts)
        causes = self._in_bulk(sheet, np.arange(first, first + len(table)), read, least=0)
        for record, cause in sorted(causes.items()):
            at = record - first
            line = None if lines is None else lines[at]
            claim_id: str | None = None
            made: Request | Refusal
            if at in broken:
                made = (problem_at(sheet.file, None, "broken-row", broken[at]),)
            else:
                claim_id, made = rows.request([column[at].as_py() for column in table.columns])
            if not isinstance(made, Request):
                made = tuple(_moved(problem, sheet.file, line) for problem in made)
            sheet.records += cause != TWICE
            self._made(sheet, record, line, claim_id, made, cause)

    def _made(
        self,
        sheet: _Sheet,
        record: int,
        line: int | None,
        claim_id: str | None,
        made: Request | Refusal,
        cause: str = "",
    ) -> None:
        """Let a request of a table wait, or reject it for why there is none."""
        if isinstance(made, Request):
            place = record_place(sheet.file, record, line)
            self._take(sheet, record, made, Intake(claim_id, place, made), cause)
        else:
            if cause == TWICE:
                sheet.twice[record] = None
            sheet.rejects.append(rejected(sheet.file, record, claim_id, made))


def _by_record(table: Any) -> dict[int, list[dict[str, Any]]]:
    """Rows of answers by record, without what says where they are and who decided."""
    made: dict[int, list[dict[str, Any]]] = {}
    for row in table.to_pylist():
        made.setdefault(row["record"], []).append({**row, "file": None, "engine": None})
    return made


def _range(records: Places) -> tuple[int, int]:
    """The first record, and the number after the last one."""
    return int(records[0]), int(records[-1]) + 1


def _moved(problem: Diagnostic, file: str, line: int | None) -> Diagnostic:
    """A problem of a request that was made from a row, located at the row."""
    start = Position(line, 1) if line else None
    return replace(problem, location=Location(file, problem.location.path, start), excerpt=None)


def _fault(error: Exception, intake: Intake) -> Diagnostic:
    about = f"claim {intake.claim_id}: " if intake.claim_id else ""
    message = f"{about}could not be decided: a fault in this program ({type(error).__name__})"
    hint = "report it; the other claims are decided"
    return Diagnostic("internal-error", message, intake.place, hint)


def in_order(tables: list[Any]) -> Any:
    """Some tables of answers as one, by record."""
    table = pa.concat_tables(tables).unify_dictionaries()
    return table.take(pc.sort_indices(table["record"]))
