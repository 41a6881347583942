"""A block of records to rows of answers and to rejects, counted.

An error of this program in one record affects that record alone: it becomes a reject that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.answers import AnswerRows, NotExact, counts_of, record_count
from payer_policy.batch.facts import FactTables
from payer_policy.batch.facts_file import FactsFile
from payer_policy.batch.intakes import intakes_of
from payer_policy.batch.kept import with_kept
from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PayerPolicyError,
    PolicyError,
    Position,
)
from payer_policy.core.vocabulary.model import Fact
from payer_policy.determination import Outcome
from payer_policy.engine import Engine
from payer_policy.formats import Intake, Supplement, apply_supplement, read_supplements
from payer_policy.formats.answer import Answer
from payer_policy.formats.blocks import (
    ArrowRows,
    Block,
    CsvText,
    JsonLines,
    JsonText,
    Pieces,
    TableClaims,
)
from payer_policy.formats.known import writer
from payer_policy.formats.rejects import Reject, record_place, rejected
from payer_policy.formats.tables.claims import ClaimColumns
from payer_policy.formats.tables.csv_rows import rows_of
from payer_policy.formats.tables.kept import kept_of_rows
from payer_policy.formats.tables.requests import Refusal
from payer_policy.request.models import Request


class CountsDiffer(PayerPolicyError):
    """Records were lost or counted twice: an error of this program."""


class Watcher(Protocol):
    """Observes what a block is decided from, for values that no column of the answers holds."""

    def facts(self, frame: pl.DataFrame, first: int) -> None:
        """Called with a table of facts as it was read, and the record number of its first row."""

    def decided(self, record: int, request: Request, outcome: Outcome) -> None:
        """Called with a request that was decided by itself, whose rows are in the answers."""


@dataclass(slots=True)
class Answered:
    """The result for a block. `records` were read; each is decided or rejected."""

    table: Any
    rejects: list[Reject]
    records: int
    decided: int
    weight: int
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


@dataclass
class _Sheet:
    """The answers of one block so far."""

    file: str
    rows: AnswerRows
    watcher: Watcher | None = None
    rejects: list[Reject] = field(default_factory=list)
    records: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
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
        columns: Whether tables of facts are decided a column at a time.
        written: The format that answers are also written in; no record is then decided in columns.
    """

    def __init__(
        self, engine: Engine, facts: FactsFile | None, *, columns: bool, written: str | None = None
    ) -> None:
        self._write = None if written is None else writer(written)
        self._engine = engine
        self._facts_file = facts
        self._supplements: Mapping[str, Supplement] = {}
        if facts is not None and facts.entries:
            self._supplements = read_supplements(facts.data, facts.name)
        self._vocabulary = engine.library.vocabulary.facts
        self._order = {name: index for index, name in enumerate(self._vocabulary)}
        self._tables = FactTables(engine, columns=columns)

    def answered(self, file: str, block: Block, watcher: Watcher | None = None) -> Answered:
        """The answers on a block. Its rejects include those of the reader."""
        sheet = _Sheet(file, AnswerRows(self._order), watcher)
        table = self._read(sheet, block)
        made = sheet.rows.table()
        if table is not None:
            made = in_order([made, table]) if len(made) else table
        counts = counts_of(made)
        counts["warnings"] = sheet.warnings
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
            max(sheet.rows.weight, len(made)),
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

    def _read(self, sheet: _Sheet, block: Block) -> Any:
        payload = block.payload
        match payload:
            case JsonLines() | JsonText() | Pieces():
                for number, intake in intakes_of(payload, sheet.file):
                    self._intake(sheet, number, intake)
            case TableClaims():
                columns = ClaimColumns(payload.columns.names, self._vocabulary)
                sheet.kept = payload.kept, [claim.first_row for claim in payload.claims]
                for claim in payload.claims:
                    sheet.records += 1
                    read = columns.request(claim, sheet.file)
                    self._made(sheet, claim.first_row, claim.first_line, *read)
            case ArrowRows():
                frame = pl.from_arrow(payload.batch)
                assert isinstance(frame, pl.DataFrame)
                sheet.kept = payload.kept, range(payload.first_row, payload.first_row + len(frame))
                return self._fact_table(sheet, frame, payload.first_row, {}, None)
            case CsvText():
                return self._csv(sheet, payload)
        return None

    # --- claims ----------------------------------------------------------------------------------

    def _intake(self, sheet: _Sheet, record: int, intake: Intake) -> None:
        for found in intake.diagnostics:
            if found.severity == "warning":
                sheet.warnings[found.code] += 1
        if intake.is_note:
            return
        sheet.records += 1
        if intake.request is None:
            reject = rejected(sheet.file, record, intake.claim_id, intake.diagnostics)
            sheet.rejects.append(reject)
            return
        self._decide(sheet, record, intake.request, intake)

    def _decide(self, sheet: _Sheet, record: int, request: Request, intake: Intake) -> None:
        problems: tuple[Diagnostic, ...]
        try:
            entry = None if self._facts_file is None else self._facts_file.about(sheet.file, record)
            if isinstance(entry, Diagnostic):
                raise PolicyError([entry])
            if entry is not None:
                sheet.with_facts += 1
                request = apply_supplement(request, self._supplements[entry])
        except PolicyError as error:
            problems = error.diagnostics
        else:
            try:
                outcome = self._engine.decide(request)
                sheet.rows.add(record, request.kind, outcome)
                if self._write is not None:
                    sheet.written.append((record, outcome.to_json()))
                if sheet.watcher is not None:
                    sheet.watcher.decided(record, request, outcome)
                return
            except NotExact as error:
                problems = (Diagnostic("not-exact", f"{error}", intake.place),)
            except PolicyError as error:
                problems = tuple(intake.placed(problem) for problem in error.diagnostics)
            except Exception as error:
                problems = (_fault(error, intake),)
        sheet.rejects.append(rejected(sheet.file, record, request.id, problems))

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The facts of the vocabulary that it decides by."""
        return self._vocabulary

    # --- tables of facts ------------------------------------------------------------------------------

    def _csv(self, sheet: _Sheet, payload: CsvText) -> Any:
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
        frame = pl.DataFrame(
            {
                name: pl.Series(name, columns[place], dtype=pl.String)
                for name, place in zip(table.names, table.places, strict=True)
            }
        )
        kept = kept_of_rows([[row[one.place] for one in table.kept] for row in rows], table)
        sheet.kept = kept, range(payload.first_row, payload.first_row + len(rows))
        return self._fact_table(sheet, frame, payload.first_row, broken, lines)

    def _fact_table(
        self,
        sheet: _Sheet,
        frame: pl.DataFrame,
        first: int,
        broken: Mapping[int, str],
        lines: Sequence[int] | None,
    ) -> Any:
        sheet.records += len(frame)
        if sheet.watcher is not None:
            sheet.watcher.facts(frame, first)
        facts = self._facts_file
        records = () if facts is None else facts.records(sheet.file, first, first + len(frame))
        places = [record - first for record in records]
        table, rest, failed = self._tables.read(frame, first, broken, places, sheet.file)
        if failed:
            sheet.warnings["decided-row-by-row"] += len(frame)
        for at, claim_id, made in rest:
            line = None if lines is None else lines[at]
            if not isinstance(made, Request):
                made = tuple(_moved(problem, sheet.file, line) for problem in made)
            self._made(sheet, first + at, line, claim_id, made)
        return table

    def _made(
        self,
        sheet: _Sheet,
        record: int,
        line: int | None,
        claim_id: str | None,
        made: Request | Refusal,
    ) -> None:
        """Decide a request of a table, or reject it for why there is none."""
        if isinstance(made, Request):
            place = record_place(sheet.file, record, line)
            self._decide(sheet, record, made, Intake(claim_id, place, made))
        else:
            sheet.rejects.append(rejected(sheet.file, record, claim_id, made))


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
