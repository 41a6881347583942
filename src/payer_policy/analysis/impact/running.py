"""An impact from its folders and files to its counts: `impact`, read from top to bottom.

Memory does not grow with the claims: of each block only counts and a few examples stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from payer_policy.analysis.impact.model import (
    CHANGE_KINDS,
    SHOWN,
    Change,
    ChangeKey,
    Impact,
    Rejects,
    Tally,
    Version,
)
from payer_policy.analysis.impact.setup import Pair
from payer_policy.analysis.impact.words import Words
from payer_policy.batch.bearers import entries_by_record
from payer_policy.batch.counting import Units, counted_inputs
from payer_policy.batch.facts_file import FactsFile
from payer_policy.batch.inputs import Input, find_inputs
from payer_policy.batch.readers import Reader, reader_of
from payer_policy.batch.run import ROWS_BY_COLUMN, Progress, tasks_of
from payer_policy.batch.workers import Done, Setup, decided_by, settle
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.whole_file import refuse_inputs
from payer_policy.engine import Engine
from payer_policy.formats import read_supplements
from payer_policy.formats.source import WrongCall
from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library

if TYPE_CHECKING:
    from payer_policy.analysis.impact.comparing import Alike, Compared

_AGAIN: Final = "Its counts may be wrong: make the call again."


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
        new: The same as they shall be.
        claims: Files of claims, or folders of them, of all kinds that `batch` reads.
        policy: Look at services that this policy decides in either version, and no others.
        facts: A JSON file of facts by claim number, as for `batch`.
        examples: How many examples to give of services that changed alike, for the first 200
            kinds of change (`SHOWN`) with another decision, and likewise for other units, reasons.
        changed: A Parquet file to write, with a row for each service that changed.
        workers: How many decide at a time.
        report: Is told how far it is.

    Raises:
        PolicyError: something in a folder or the facts file is wrong.
        WrongCall: what was asked for is not possible.
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
        tasks_of(readers, None, _AGAIN),
        workers,
        in_columns=all(reader.of_facts for reader in readers),
    )
    total, units = _Sum(pair.examples), Units()
    with writer(target) as out, closing(done):
        for one in _reported(done, readers, report):
            total.add(one.answered)
            units.add(one.source, one.block, one.answered.records)
            if out is not None and len(one.answered.table):
                out.write_table(one.answered.table)
    counted_inputs(readers, [units.to_json()])
    words = Words(Engine(libraries[0]), Engine(libraries[1]))
    changes = tuple(
        Change(key, found.tally, tuple(map(words.example, found.found if shown else ())))
        for key, found, shown in _weighed(total.changes)
    )
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
        words.titles_of(one.key for one in changes),
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
    """The reader of a file, whose columns mean something in both vocabularies."""
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
            f"{why} That is so in {folder} alone; the claims must be readable by both versions."
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


def _weighed(changes: Mapping[ChangeKey, Alike]) -> Iterator[tuple[ChangeKey, Alike, bool]]:
    """The changes in their order, and whether each gets examples."""
    before = Counter[str]()
    ordered = sorted(
        changes.items(),
        key=lambda item: (-item[1].tally.billed, -item[1].tally.services, item[0]),
    )
    for kind in CHANGE_KINDS:
        for key, found in ordered:
            if key.kind == kind:
                yield key, found, before[kind] < SHOWN
                before[kind] += 1


@dataclass
class _Sum:
    """The blocks so far."""

    examples: int

    def __post_init__(self) -> None:
        self.records = 0
        self.cells: dict[tuple[str, str], Tally] = {}
        self.changes: dict[ChangeKey, Alike] = {}
        self._rejected = (0, 0, 0)
        self._codes: tuple[Counter[str], Counter[str]] = (Counter(), Counter())

    def add(self, made: Compared) -> None:
        self.records += made.records
        for pair, tally in made.cells.items():
            self.cells.setdefault(pair, Tally()).add(tally)
        for key, alike in made.changes.items():
            known = self.changes.setdefault(key, alike)
            if known is not alike:
                known.tally.add(alike.tally)
                known.found += alike.found[: self.examples - len(known.found)]
        both, old, new = self._rejected
        self._rejected = (both + made.rejected[0], old + made.rejected[1], new + made.rejected[2])
        for whole, codes in zip(self._codes, made.codes, strict=True):
            whole.update(codes)

    def rejects(self) -> Rejects:
        codes = [
            dict(sorted(one.items(), key=lambda item: (-item[1], item[0]))) for one in self._codes
        ]
        both, old, new = self._rejected
        return Rejects(both, old, new, codes[0], codes[1])
