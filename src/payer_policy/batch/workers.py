"""Blocks decided in this process or in worker processes; the answers come in order.

Each process has an engine of its own. However many work, only a few blocks and answers are in memory,
and the answers are the same. What was written before a worker ended stays.
"""

from __future__ import annotations

import gc
import os
import traceback
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import pyarrow as pa

from payer_policy.batch.facts_file import FactsFile
from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.in_parallel import ask_each
from payer_policy.formats.blocks import Block
from payer_policy.formats.source import WrongCall
from payer_policy.policy.folder_hash import folder_hash

if TYPE_CHECKING:
    from payer_policy.batch.deciding import Decider
    from payer_policy.policy.library import Library

_GARBAGE: Final = 100_000
"""Objects allocated before garbage is collected; a block of claims allocates fewer, and leaves hardly any
garbage."""


class WorkerFault(PayerPolicyError):
    """A fault of this program in a worker, by its kind."""


Made = TypeVar("Made")
Made_co = TypeVar("Made_co", covariant=True)


class Decides(Protocol[Made_co]):
    """Makes something of each block: `deciding.Answered`, or anything else with a `table`."""

    def answered(self, file: str, block: Block) -> Made_co: ...


class Prepares(Protocol[Made_co]):
    """What every worker needs to make what decides blocks."""

    def decider(self, library: Library | None = None) -> Decides[Made_co]: ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker decides by."""

    folder: str
    policies: str
    """The hash of the folder, so that all workers decide by the same policies."""
    engine: str
    columns: bool
    facts: FactsFile | None
    written: str | None = None
    """The format that answers are also written in."""

    def decider(self, library: Library | None = None) -> Decider:
        """The decider for a library that is already open, or for the folder.

        Raises:
            WrongCall: the policies changed after the run began.
        """
        from payer_policy.batch.deciding import Decider
        from payer_policy.engine import Engine

        if library is None:
            engine = Engine.open(self.folder, engine=self.engine)
        else:
            engine = Engine(library, self.engine)
        if folder_hash(self.folder) != self.policies:
            raise WrongCall(f"{self.folder}: the policies changed while the run was in progress.")
        settle()
        seed = int(self.policies[:12], 16)
        return Decider(engine, self.facts, columns=self.columns, written=self.written, seed=seed)


def settle() -> None:
    """Keep what exists now out of every later garbage collection of this process."""
    gc.freeze()
    gc.set_threshold(_GARBAGE)


Task = tuple[int, str, Iterable[Block]]
"""Which input, its name, and some of its records: blocks, or a `readers.Section` that reads them."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Made]):
    """A block's place and its answers."""

    source: int
    block: Block
    """Without its payload."""
    answered: Made


def decided_by(
    setup: Prepares[Made],
    library: Library | None,
    tasks: Iterable[Task],
    workers: int,
) -> Generator[list[Done[Made]], None, None]:
    """The answers on the blocks of each task, in the order of the tasks.

    Args:
        setup: What to decide by.
        library: The policies, where they are already open.
        tasks: The tasks.
        workers: How many decide at a time.

    Raises:
        WorkerLost: a worker process was killed or ended.
        WorkerFault: a fault of this program in a worker process.
        WrongCall: the policies changed after the run began.
    """
    if workers == 1:
        return ask_each(partial(setup.decider, library), tasks, done, processes=1)
    return ask_each(partial(_opened, setup), tasks, done_in_worker, processes=workers)


def each_block(tasks: Iterable[list[Done[Made]]]) -> Iterator[Done[Made]]:
    """The answers on block after block, without those beyond a damaged place of a file.

    Nothing is read beyond one, except where other processes read sections of the file.
    """
    damaged = None
    for done_ in tasks:
        for one in done_:
            if one.source != damaged:
                yield one
            if one.block.after.get("damaged"):
                damaged = one.source


def done(decider: Decides[Made], task: Task) -> list[Done[Made]]:
    """The answers on the blocks of a task, which are kept without their payload."""
    source, file, blocks = task
    made = []
    for block in blocks:
        made.append(Done(source, replace(block, payload=None), decider.answered(file, block)))
        give_back()
    return made


def give_back() -> None:
    """Give memory that is no longer used back to the system, which allocators keep for later."""
    pa.default_memory_pool().release_unused()
    pa.system_memory_pool().release_unused()


# --- in a worker process ---------------------------------------------------------------------------


def _opened(setup: Prepares[Made]) -> Decides[Made]:
    """The decider of a worker process."""
    with _without_data():
        return setup.decider()


def done_in_worker(decider: Decides[Any], task: Task) -> list[Done[Any]]:
    """As `done`, to be sent to another process.

    Raises:
        WorkerFault: a fault of this program, by its kind; the error itself could hold member data.
    """
    with _without_data():
        made = done(decider, task)
    for one in made:  # each chunk has its dictionaries
        one.answered.table = one.answered.table.combine_chunks()
    return made


@contextmanager
def _without_data() -> Iterator[None]:
    try:
        yield
    except WrongCall:
        raise
    except Exception as error:
        where = traceback.format_exc() if os.environ.get("PAYER_POLICY_DEBUG") else ""
        raise WorkerFault(f"{type(error).__name__}{where and f': {where}'}") from None
