"""Tasks shared among processes: each process opens what it works with, and results come in order.

Used for files of claims, policies to prove, scenarios and mutants. A solver's terms live in one place
of a process, so even small tasks need a process of their own.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context, parent_process
from threading import Thread
from typing import Any, Final, TypeVar

from payer_policy.core.diagnostics import PayerPolicyError

S = TypeVar("S")
Q = TypeVar("Q")
T = TypeVar("T")

_WAITING: Final = 2
"""Tasks submitted for each process, so that none is idle and neither tasks nor results pile up."""

_MOST_ON_WINDOWS: Final = 61
"""Processes that Windows can wait for at once."""

_opened: Any = None
"""In a worker process: what its tasks are done with, or the error that opening it raised."""


class WorkerLost(PayerPolicyError):
    """A worker process was killed or ended before it answered. Tasks after its own are lost too."""


def ask_each(
    open_: Callable[[], S],
    questions: Iterable[Q],
    ask: Callable[[S, Q], T],
    *,
    processes: int | None = None,
) -> Generator[T, None, None]:
    """The answers to some questions, in the order of the questions, in bounded memory.

    Args:
        open_: Opens what `ask` works with; called once in each process.
        questions: The second argument of `ask`. With several processes, `open_`, `ask`, the questions
            and the answers are pickled.
        ask: Answers one question.
        processes: How many work at once; the default is the number of cores. One means this process.

    Raises:
        WorkerLost: a worker process was killed or ended.
        Exception: the first error that `open_` or `ask` raised.
    """
    count = processes or os.cpu_count() or 1
    if sys.platform == "win32":
        count = min(count, _MOST_ON_WINDOWS)
    if isinstance(questions, Sized):
        count = min(count, len(questions))
    if count <= 1:
        opened = open_()
        yield from (ask(opened, question) for question in questions)
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (open_,))
    try:
        yield from in_order(pool, partial(_ask, ask), questions, count * _WAITING)
    except BrokenProcessPool:
        raise WorkerLost("a worker process was killed or ended early") from None
    except BaseException:  # also where the caller wants no more: nothing is waited for
        for process in set(active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown()


def in_order(pool: Executor, do: Callable[[Q], T], tasks: Iterable[Q], waiting: int) -> Iterator[T]:
    """The results of some tasks, in their order.

    Args:
        pool: Does the tasks.
        do: What to do with each task.
        tasks: The tasks, read as results are taken.
        waiting: The most tasks that are submitted before the oldest result is taken.
    """
    submitted: deque[Future[T]] = deque()
    for task in tasks:
        if len(submitted) == waiting:
            yield submitted.popleft().result()
        submitted.append(pool.submit(do, task))
    while submitted:
        yield submitted.popleft().result()


# --- in a worker process ---------------------------------------------------------------------------


def _begin(open_: Callable[[], Any]) -> None:
    global _opened
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the parent process ends its workers
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        _opened = open_()
    except Exception as error:  # reported by the first task: a pool drops its initializer's errors
        _opened = error


def _end_with_parent() -> None:
    """End this process when its parent is gone, however the parent ended."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _ask(ask: Callable[[Any, Q], T], question: Q) -> T:
    if isinstance(_opened, Exception):
        raise _opened
    return ask(_opened, question)
