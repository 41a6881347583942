"""A run from its files to its summary: read blocks, decide them, write parts, count everything.

Nothing here depends on time: a run that was stopped and resumed leaves the same bytes as one that was
not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.answers import merged
from payer_policy.batch.bearers import entries_by_record
from payer_policy.batch.counting import Units, counted_inputs
from payer_policy.batch.deciding import CountsDiffer
from payer_policy.batch.facts_file import FactsFile
from payer_policy.batch.inputs import Skipped, find_inputs, refuse_changed
from payer_policy.batch.journal import SCHEMA, WRITTEN, Output
from payer_policy.batch.kept import kept_fields, refuse_answer_columns
from payer_policy.batch.readers import Reader, reader_of
from payer_policy.batch.schema import HELD
from payer_policy.batch.summary import summary_of
from payer_policy.batch.workers import (
    Done,
    Made,
    Setup,
    Task,
    decided_by,
    each_block,
    give_back,
    settle,
)
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.formats import read_supplements
from payer_policy.formats.blocks import Block, Position
from payer_policy.formats.known import suffix_of
from payer_policy.formats.rejects import Reject
from payer_policy.formats.source import WrongCall
from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.loading import open_library

if TYPE_CHECKING:
    from payer_policy.batch.deciding import Answered

PART_RECORDS: Final = 100_000
ROWS_BY_COLUMN: Final = 45_000
_ROWS_ALONE: Final = 1_000
_WEIGHT: Final = 10
"""Entries of lists per record at which a part is closed early, to bound its memory."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. Options that change the answers must be the same when a run is resumed."""

    engine: str = "compiled"
    columns: bool = True
    compression: str = "zstd:1"
    part_records: int = PART_RECORDS
    facts: str | None = None
    workers: int = 1
    spark: bool = False
    """Decide in Spark's executors instead of this machine's processes."""
    overwrite: bool = False
    renamed: tuple[tuple[str, str], ...] = ()
    """Names of columns in tables, each with the name that it stands for."""
    keep: tuple[str, ...] = ()
    """Names of columns in tables that are carried to the answers unchanged."""
    written: str | None = None
    """A format that the answers are also written in. Each record is then decided by itself."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: records decided in this call, and bytes of all input files."""

    records: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The end of a run. `before`: it was already finished, and nothing was done."""

    summary: Mapping[str, Any]
    before: bool


def run(
    paths: Sequence[str],
    policies: Path,
    folder: Path,
    options: Options,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Finished:
    """Decide all records of some files and folders into a folder, or resume doing so.

    Args:
        paths: Files of claims, and folders of them.
        policies: The policy folder.
        folder: Where the answers are written.
        options: How to run.
        report: Called with the progress after each block.

    Raises:
        WrongCall: the call is not possible; nothing was written.
        PolicyError: the policies or the facts file are wrong.
        WorkerLost: a worker process ended; the same call resumes after what was written.
        CountsDiffer: an internal error.
    """
    inputs, skipped = find_inputs(paths, options.facts)
    _refuse_inside(folder, [*(one.path for one in inputs), *filter(None, [options.facts])])
    library = open_library(policies)
    rows = ROWS_BY_COLUMN if options.columns else _ROWS_ALONE
    renamed = dict(options.renamed)
    refuse_answer_columns(options.keep)
    readers = [
        reader_of(one, library.vocabulary.facts, rows, renamed, options.keep) for one in inputs
    ]
    kept = kept_fields((one.source.path, one.columns) for one in readers if one.columns)
    _refuse_unused(renamed, readers)
    facts = None if options.facts is None else Path(options.facts).read_bytes()
    supplements = None if facts is None else read_supplements(facts, str(options.facts))
    entries = None if supplements is None else len(supplements)
    hash_ = folder_hash(policies)
    header = _header(readers, skipped, hash_, facts, options)
    written = None if options.written is None else f"{WRITTEN}.{suffix_of(options.written)}"
    output = Output.open(folder, header, overwrite=options.overwrite, written=written)
    try:
        before = output.finished
        if not before:
            settle()
            facts_file = None
            if facts is not None and supplements is not None:
                about = entries_by_record(readers, supplements, library.vocabulary.facts)
                facts_file = FactsFile(str(options.facts), facts, about)
            setup = Setup(
                str(policies), hash_, options.engine, options.columns, facts_file, options.written
            )
            start = output.parts[-1]["to"] if output.parts else None
            sent, counts = Sent(), None
            if options.spark:
                from payer_policy.batch.spark import Executors

                executors = Executors(setup)
                counts = executors.counts
                tasks = sent.counted(tasks_of(readers, start, executors.sections))
                done = executors.decided(tasks)
            else:
                tasks = sent.counted(tasks_of(readers, start, here(options.workers)))
                done = decided_by(setup, library, tasks, options.workers)
            with closing(done):
                _write(output, readers, each_block(sent.answered(done)), options, kept, report)
            counted = counted_inputs(readers, output.parts, counts)
            summary = summary_of(header, output.parts, entries, counted)
            output.finish(summary, _whole([], kept), options.compression)
        counted = {} if output.ending is None else output.ending["counted"]
        return Finished(summary_of(header, output.parts, entries, counted), before)
    finally:
        output.close()


def _header(
    readers: Sequence[Reader],
    skipped: Sequence[Skipped],
    policies: str,
    facts: bytes | None,
    options: Options,
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "version": version("payer-policy"),
        "policies": policies,
        "options": {
            "engine": options.engine,
            "columns": options.columns,
            "compression": options.compression,
            "part_records": options.part_records,
            **({"renamed": dict(options.renamed)} if options.renamed else {}),
            **({"keep": list(options.keep)} if options.keep else {}),
            **({"as": options.written} if options.written else {}),
        },
        "facts": None if facts is None else hashlib.sha256(facts).hexdigest(),
        "inputs": [reader.source.to_json() for reader in readers],
        "skipped": [{"path": one.path, "reason": one.reason} for one in skipped],
    }


def _refuse_unused(renamed: Mapping[str, str], readers: Sequence[Reader]) -> None:
    """Refuse a name that no table has: it is misspelled, and its column would be read as another."""
    seen = {name for reader in readers if reader.columns for name in reader.columns.written}
    for name, meant in renamed.items():
        if name not in seen:
            hint = did_you_mean(name, seen)
            more = f" {hint[0].upper()}{hint[1:]}" if hint else ""
            raise WrongCall(f"--map {name}={meant}: no table has the column `{name}`.{more}")


def _refuse_inside(folder: Path, paths: Iterable[str]) -> None:
    """Refuse inputs inside the folder of the answers: answers would be read as inputs later."""
    root = folder.resolve()
    for path in paths:
        if root in Path(path).resolve().parents:
            raise WrongCall(
                f"{path}: is in the folder of the answers; name another folder after -o."
            )


Cut = Callable[[Iterable[tuple[Reader, Position | None]]], Iterable[Iterable[Iterable[Block]]]]
"""What cuts files into tasks, each from a position on."""


def here(workers: int) -> Cut:
    """The files cut by this process for so many processes, itself or others."""
    cut = Reader.read if workers == 1 else Reader.sections
    return partial(starmap, cut)


def tasks_of(
    readers: Sequence[Reader], start: Mapping[str, Any] | None, cut: Cut
) -> Iterator[Task]:
    """All records that are not yet decided.

    Args:
        readers: The files.
        start: Where the run was stopped; None: at the beginning.
        cut: Cuts files into tasks.

    Raises:
        Changed: a file changed while it was being read.
    """
    first, at = (start["input"], start["at"]) if start else (0, None)
    left = readers[first:]
    found = cut((reader, None if at_ else at) for at_, reader in enumerate(left))
    for index, (reader, tasks) in enumerate(zip(left, found, strict=True), first):
        for blocks in tasks:
            yield index, reader.source.path, blocks
        refuse_changed(reader.source)


@dataclass
class Sent:
    """How many tasks were sent, counted apart from how many are answered."""

    tasks: int = 0

    def counted(self, tasks: Iterable[Task]) -> Iterator[Task]:
        for task in tasks:
            self.tasks += 1
            yield task

    def answered(self, done: Iterable[list[Done[Made]]]) -> Iterator[list[Done[Made]]]:
        """The answers, held to what was sent.

        Raises:
            CountsDiffer: the counts differ.
        """
        count = 0
        for one in done:
            count += 1
            yield one
        if count != self.tasks:
            raise CountsDiffer(f"{self.tasks} parts of files were sent, {count} came back")


@dataclass
class _Part:
    """The answers collected for the next part."""

    start: Mapping[str, Any]
    tables: list[Any] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counts: list[Mapping[str, Mapping[str, int]]] = field(default_factory=list)
    units: Units = field(default_factory=Units)
    records: int = 0
    decided: int = 0
    weight: int = 0

    def add(self, done: Done[Answered]) -> None:
        answered = done.answered
        answered.hold_to(done.block)
        self.units.add(done.source, done.block, answered.records)
        self.tables.append(answered.table)
        self.rejects += answered.rejects
        self.counts.append(answered.counts)
        self.records += answered.records
        self.decided += answered.decided
        self.weight += answered.weight + len(answered.rejects)


def _write(
    output: Output,
    readers: Sequence[Reader],
    blocks: Iterable[Done[Answered]],
    options: Options,
    kept: Sequence[Any],
    report: Callable[[Progress], None],
) -> None:
    """Write the answers."""
    sizes = [reader.source.size for reader in readers]
    start: Mapping[str, Any] = output.parts[-1]["to"] if output.parts else {"input": 0, "at": None}
    part, records = _Part(start), 0
    for done in blocks:
        part.add(done)
        output.write(done.answered.written)
        records += done.answered.records
        start = {"input": done.source, "at": dict(done.block.after)}
        report(Progress(records, sum(sizes[: done.source]) + done.block.done, sum(sizes)))
        del done  # the part has its answers
        if part.records >= options.part_records or part.weight >= _WEIGHT * options.part_records:
            _commit(output, part, start, options, kept)
            part = _Part(start)
            give_back()
    if part.tables:
        _commit(output, part, start, options, kept)


def _commit(
    output: Output, part: _Part, end: Mapping[str, Any], options: Options, kept: Sequence[Any]
) -> None:
    table = _whole(part.tables, kept)
    part.tables.clear()
    counts = {kind: dict(sorted(found.items())) for kind, found in merged(part.counts).items()}
    line = {
        "from": part.start,
        "to": end,
        "records": part.records,
        "decided": part.decided,
        "rejected": len(part.rejects),
        "rows": len(table),
        **part.units.to_json(),
        "counts": counts,
    }
    output.commit(table, part.rejects, line, options.compression)


def _whole(tables: list[Any], kept: Sequence[Any]) -> Any:
    """Tables of answers as one, with the fields that are kept from the inputs.

    Dictionaries are in the order of the rows, so that the bytes do not depend on which worker made
    which table.
    """
    schema = pa.schema([*HELD, *kept], {"payer_policy": version("payer-policy")})
    # A block that was rejected as a whole has no kept columns.
    whole = pa.concat_tables([schema.empty_table(), *tables], promote_options="default")
    whole = whole.unify_dictionaries()
    columns = [pa.concat_arrays(column.chunks) for column in whole.columns[len(HELD) :]]
    own = [
        _in_order_of_rows(pa.concat_arrays(column.chunks)) for column in whole.columns[: len(HELD)]
    ]
    return pa.Table.from_arrays([*own, *columns], schema=schema)


def _in_order_of_rows(column: Any) -> Any:
    """An array with its dictionaries, also those within lists, in the order of the rows."""
    if pa.types.is_list(column.type):
        return pa.ListArray.from_arrays(column.offsets, _in_order_of_rows(column.values))
    if pa.types.is_struct(column.type):
        parts = [_in_order_of_rows(part) for part in column.flatten()]
        return pa.StructArray.from_arrays(parts, fields=list(column.type))
    if not pa.types.is_dictionary(column.type):
        return column
    seen = pc.drop_null(pc.unique(column.indices))
    places = pc.index_in(column.indices, seen)
    texts = column.dictionary.take(seen)
    return pa.DictionaryArray.from_arrays(places, texts if len(texts) else pa.array([""]))
