"""Processes that decide blocks, each with an engine of its own; the answers come in order.

Block number n goes to worker n modulo the number of workers, and no worker has more than two blocks
to do, so that neither blocks nor answers pile up. A worker that dies is an error; what was written
before stays. Workers end when the process that started them is gone, however it ended.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import queue
import signal
import threading
import traceback
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final, Generic, Protocol, TypeVar

import pyarrow as pa

from payer_policy.batch.facts_file import FactsFile
from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.formats.blocks import Block
from payer_policy.formats.source import WrongCall
from payer_policy.policy.folder_hash import folder_hash

if TYPE_CHECKING:
    from payer_policy.batch.deciding import Decider
    from payer_policy.policy.library import Library

_WAITING: Final = 2
_GARBAGE: Final = 20_000
"""Objects that come to be before garbage is looked for; a block of claims has more of them."""


class WorkerLost(PayerPolicyError):
    """A worker process ended before it had answered. Its blocks were not written."""


class WorkerFault(PayerPolicyError):
    """A fault of this program in a worker, by its kind."""


Made = TypeVar("Made")
Made_co = TypeVar("Made_co", covariant=True)


class Decides(Protocol[Made_co]):
    """Makes something of each block: `Answered`, or what else has a `table` and is sent likewise."""

    def answered(self, file: str, block: Block) -> Made_co: ...


class Prepares(Protocol[Made_co]):
    """What every worker is told, so as to have what decides blocks."""

    def decider(self, library: Library | None = None) -> Decides[Made_co]: ...


@dataclass(frozen=True, slots=True)
class Setup:
    """What every worker decides by."""

    folder: str
    policies: str
    """The hash of the folder: a worker never decides by other policies than the others."""
    engine: str
    columns: bool
    facts: FactsFile | None
    written: str | None = None
    """The format that answers are also written in."""

    def decider(self, library: Library | None = None) -> Decider:
        """Open the engine, on a library that was opened already or on the folder.

        Raises:
            WrongCall: the policies are not those that the run began with.
        """
        from payer_policy.batch.deciding import Decider
        from payer_policy.engine import Engine

        if library is None:
            engine = Engine.open(self.folder, engine=self.engine)
        else:
            engine = Engine(library, self.engine)
        if folder_hash(self.folder) != self.policies:
            raise WrongCall(f"{self.folder}: the policies were changed while the run was going on.")
        settle()
        return Decider(engine, self.facts, columns=self.columns, written=self.written)


def settle() -> None:
    """What there is now lives as long as the process: nobody need look through it for garbage with
    every few claims."""
    gc.freeze()
    gc.set_threshold(_GARBAGE)


Task = tuple[int, str, Block]
"""Which input, its name, and some of its records."""


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
    *,
    in_columns: bool,
) -> Iterator[Done[Made]]:
    """The answers on some blocks, in the order of the blocks.

    Args:
        setup: What to decide by.
        library: The policies, where they were opened already.
        tasks: The blocks.
        workers: How many decide at a time.
        in_columns: Whether all blocks are of tables of facts: threads decide them, else processes.
    """
    if workers == 1:
        return _decided_here(setup, library, tasks)
    if in_columns:
        return _decided_in_threads(setup, library, tasks, workers)
    return _decided(setup, tasks, workers)


def _decided_in_threads(
    setup: Prepares[Made], library: Library | None, tasks: Iterable[Task], workers: int
) -> Iterator[Done[Made]]:
    """The answers on some blocks of tables of facts, in the order of the blocks.

    What decides columns leaves the interpreter alone most of the time, so threads do, and nothing
    need be copied to another process. Another thread reads ahead, and the caller writes.
    """
    decider = setup.decider(library)
    waiting: deque[tuple[int, Block, Future[Made]]] = deque()
    with ThreadPoolExecutor(workers) as crew, closing(_read_ahead(tasks)) as ahead:
        for source, file, block in ahead:
            if len(waiting) == workers + 1:
                yield _first(waiting)
            waiting.append((source, emptied(block), crew.submit(decider.answered, file, block)))
        while waiting:
            yield _first(waiting)


def _read_ahead(tasks: Iterable[Task]) -> Generator[Task, None, None]:
    """The tasks, the next of which is read while one is worked on."""
    ready: queue.Queue[Task | BaseException | None] = queue.Queue(maxsize=1)
    stopped = threading.Event()

    def put(item: Task | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def read() -> None:
        try:
            for task in tasks:
                if not put(task):
                    return
            put(None)
        except BaseException as error:
            put(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _first(waiting: deque[tuple[int, Block, Future[Made]]]) -> Done[Made]:
    source, block, answered = waiting.popleft()
    return Done(source, block, answered.result())


def _decided_here(
    setup: Prepares[Made], library: Library | None, tasks: Iterable[Task]
) -> Iterator[Done[Made]]:
    """The answers on some blocks, made in this process."""
    decider = setup.decider(library)
    for source, file, block in tasks:
        yield Done(source, emptied(block), decider.answered(file, block))


def _decided(setup: Prepares[Made], tasks: Iterable[Task], workers: int) -> Iterator[Done[Made]]:
    """The answers on some blocks, made by worker processes, in the order of the blocks.

    Raises:
        WorkerLost: a worker process ended.
    """
    context = multiprocessing.get_context("spawn")
    crew: list[tuple[Any, Connection]] = []
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, setup, workers), daemon=True)
            process.start()
            theirs.close()  # so that a dead worker is the end of the pipe
            crew.append((process, ours))
        waiting: deque[tuple[int, Block, int]] = deque()
        for number, (source, file, block) in enumerate(tasks):
            if len(waiting) == workers * _WAITING:
                yield _received(crew, waiting)
            at = number % workers
            _send(crew[at], (file, block))
            waiting.append((source, emptied(block), at))
        while waiting:
            yield _received(crew, waiting)
    finally:
        for process, pipe in crew:
            pipe.close()
            process.join(timeout=1)
            if process.is_alive():
                process.terminate()
                process.join()


def emptied(block: Block) -> Block:
    """A block without what it holds: where it stands, and its counts."""
    return replace(block, payload=None)


def _send(worker: tuple[Any, Connection], task: tuple[str, Block]) -> None:
    try:
        worker[1].send(task)
    except OSError:
        raise _lost(worker) from None


def _received(
    crew: list[tuple[Any, Connection]], waiting: deque[tuple[int, Block, int]]
) -> Done[Any]:
    source, block, at = waiting.popleft()
    try:
        answer = crew[at][1].recv()
    except (EOFError, OSError):
        raise _lost(crew[at]) from None
    return Done(source, block, received(answer))


def received(answer: Any) -> Any:
    """What `answer_on` gave, on this side.

    Raises:
        WorkerFault: it could not answer.
        WrongCall: the policies are not those that the run began with.
    """
    if isinstance(answer, BaseException):
        raise answer
    table, answered = answer
    answered.table = pa.ipc.open_stream(table).read_all()
    return answered


def _lost(worker: tuple[Any, Connection]) -> WorkerLost:
    worker[0].join(timeout=5)
    code = worker[0].exitcode
    return WorkerLost("was killed" if code is not None and code < 0 else "ended")


# --- in the worker -------------------------------------------------------------------------------


def _work(pipe: Connection, setup: Prepares[Any], workers: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started the run tidies up
    os.environ.setdefault("POLARS_MAX_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    tasks: queue.SimpleQueue[tuple[str, Block] | None] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(pipe, tasks), daemon=True).start()
    try:
        try:
            decider = setup.decider()
        except Exception as error:
            if tasks.get() is not None:
                pipe.send(_sendable(error))
            return
        while (task := tasks.get()) is not None:
            pipe.send(answer_on(decider, *task))
    except OSError:
        return  # nobody is left to answer


def _receive(pipe: Connection, tasks: queue.SimpleQueue[tuple[str, Block] | None]) -> None:
    """Take blocks off the pipe at once: a sender that waits cannot receive."""
    try:
        while True:
            tasks.put(pipe.recv())
    except (EOFError, OSError):
        tasks.put(None)


def answer_on(decider: Decides[Any], file: str, block: Block) -> Any:
    """The answers on a block, or what went wrong, as something to send."""
    try:
        answered = decider.answered(file, block)
    except Exception as error:
        return _sendable(error)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, answered.table.schema) as stream:
        stream.write_table(answered.table.combine_chunks())
    answered.table = None
    return sink.getvalue().to_pybytes(), answered


def _sendable(error: Exception) -> Exception:
    """An error as one that every process can read; of a fault its kind only, no data."""
    if isinstance(error, WrongCall):
        return error
    where = traceback.format_exc() if os.environ.get("PAYER_POLICY_DEBUG") else ""
    return WorkerFault(f"{type(error).__name__}{where and f': {where}'}")
