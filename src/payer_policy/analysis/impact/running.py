"""An impact from its folders and files to its counts: `impact`, read from top to bottom.

Memory does not grow with the claims: only counts and a few examples of each block are kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from payer_policy.analysis.impact.compared import ChangeGroup, Compared
from payer_policy.analysis.impact.examples import ExampleWriter
from payer_policy.analysis.impact.model import (
    CHANGE_KINDS,
    SHOWN,
    Change,
    ChangeKey,
    Impact,
    Version,
)
from payer_policy.analysis.impact.setup import Pair
from payer_policy.batch.bearers import entries_by_record
from payer_policy.batch.counting import Units, counted_inputs
from payer_policy.batch.facts_file import FactsFile
from payer_policy.batch.inputs import Input, find_inputs
from payer_policy.batch.readers import Reader, reader_of
from payer_policy.batch.run import ROWS_BY_COLUMN, Progress, here, tasks_of
from payer_policy.batch.workers import Done, Setup, decided_by, each_block, settle
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.whole_file import refuse_inputs
from payer_policy.engine import Engine
from payer_policy.formats import read_supplements
from payer_policy.formats.source import WrongCall
from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library


def impact(
    old: str | Path,
    new: str | Path,
    claims: Sequence[str | Path],
    *,
    policy: str | None = None,
    facts: str | Path | None = None,
    examples: int = 3,
    changed: str | Path | None = None,
    workers: int = 1,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Impact:
    """Decide past claims by two versions of the policies, and count what changed.

    Args:
        old: A folder that holds `vocabulary.json`: the policies as they are.
        new: Another one: the policies as they will be.
        claims: Files of claims, or folders of them, of all kinds that `batch` reads.
        policy: Compare only services that this policy decides in either version.
        facts: A JSON file of facts by claim number, as for `batch`.
        examples: The number of examples for each of the first 200 kinds of change (`SHOWN`) with
            another decision, and likewise with other units, with other reasons.
        changed: A Parquet file to write, with a row for each service that changed.
        workers: The number of processes.
        report: Called with the progress.

    Raises:
        PolicyError: something in a folder or the facts file is wrong.
        WrongCall: the call cannot be carried out.
        IsInput: `changed` is one of the files that are read.
        OSError: `changed` cannot be written.
        WorkerLost, WorkerFault, CountsDiffer: as `batch.run.run`.
    """
    from payer_policy.analysis.impact.rows import writer

    given = None if facts is None else str(facts)
    inputs, skipped = find_inputs([str(path) for path in claims], given)
    target = None if changed is None else Path(changed)
    refuse_inputs(target, [*(one.path for one in inputs), given, old, new])
    libraries = (open_library(old), open_library(new))
    if policy is not None:
        _known(policy, libraries)
    readers = [_reader(one, (str(old), str(new)), libraries) for one in inputs]
    facts_file = None if given is None else _facts_file(given, readers, libraries[0])
    versions = tuple(Version(str(folder), folder_hash(folder)) for folder in (old, new))
    setups = [Setup(one.folder, one.hash, "compiled", True, facts_file) for one in versions]
    pair = Pair(setups[0], setups[1], policy, max(examples, 1), target is not None)
    settle()
    done = decided_by(
        pair,
        libraries[0],
        tasks_of(readers, None, here(workers)),
        workers,
    )
    total, units = Compared(), Units()
    with writer(target) as out, closing(done):
        for one in _reported(each_block(done), readers, report):
            total.add(one.answered, pair.examples)
            units.add(one.source, one.block, one.answered.records)
            if out is not None and len(one.answered.table):
                out.write_table(one.answered.table)
    counted_inputs(readers, [units.to_json()])
    example_writer = ExampleWriter(Engine(libraries[0]), Engine(libraries[1]))
    changes = [
        Change(key, group.tally, tuple(map(example_writer.example, group.first if shown else ())))
        for key, group, shown in _weighed(total.changes)
    ]
    return Impact(
        versions[0],
        versions[1],
        tuple(one.path for one in inputs),
        tuple((one.path, one.reason) for one in skipped),
        policy,
        total.records,
        total.rejects(),
        total.cells,
        tuple(Change(one.key, one.tally, one.examples[:examples]) for one in changes),
        example_writer.titles_of(one.key for one in changes),
        version("payer-policy"),
    )


def _facts_file(path: str, readers: Sequence[Reader], library: Library) -> FactsFile:
    data = Path(path).read_bytes()
    entries = read_supplements(data, path)
    return FactsFile(path, data, entries_by_record(readers, entries, library.vocabulary.facts))


def _known(policy: str, libraries: tuple[Library, Library]) -> None:
    addresses = {one for library in libraries for one in library.addresses()}
    if policy not in addresses:
        hint = did_you_mean(policy, addresses)
        listed = "`payer-policy check` lists the policies of a folder."
        more = f"{hint[0].upper()}{hint[1:]}" if hint else listed
        raise WrongCall(f"--policy {policy}: neither version has such a policy. {more}")


def _reader(source: Input, folders: tuple[str, str], libraries: tuple[Library, Library]) -> Reader:
    """The reader of a file that both vocabularies can read."""
    readers: list[Reader] = []
    wrong: list[tuple[str, WrongCall]] = []
    for folder, library in zip(folders, libraries, strict=True):
        try:
            readers.append(reader_of(source, library.vocabulary.facts, ROWS_BY_COLUMN))
        except WrongCall as error:
            wrong.append((folder, error))
    if len(wrong) == 2:
        raise wrong[0][1]
    if wrong:
        folder, why = wrong[0]
        raise WrongCall(
            f"{why} This is a problem only in {folder}; both versions must be able to read the claims."
        )
    return readers[0]


def _reported(
    blocks: Iterable[Done[Compared]],
    readers: Sequence[Reader],
    report: Callable[[Progress], None],
) -> Iterable[Done[Compared]]:
    sizes = [reader.source.size for reader in readers]
    records = 0
    for done in blocks:
        yield done
        records += done.answered.records
        report(Progress(records, sum(sizes[: done.source]) + done.block.done, sum(sizes)))


def _weighed(
    changes: Mapping[ChangeKey, ChangeGroup],
) -> Iterator[tuple[ChangeKey, ChangeGroup, bool]]:
    """The changes in their order, and whether each gets examples."""
    before = Counter[str]()
    ordered = sorted(
        changes.items(),
        key=lambda item: (-item[1].tally.billed, -item[1].tally.services, item[0]),
    )
    for kind in CHANGE_KINDS:
        for key, group in ordered:
            if key.kind == kind:
                yield key, group, before[kind] < SHOWN
                before[kind] += 1
