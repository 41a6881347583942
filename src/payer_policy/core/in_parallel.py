"""One question for many policies, some at a time, each in a process of its own.

A solver's terms live in one place of a process and the solver computes with one core, so two policies
are asked about at once by two processes. The answers come in the order of the questions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, TypeVar

S = TypeVar("S")
T = TypeVar("T")

_opened: Any = None
"""In a process of a pool: what its questions are asked of."""


def ask_each(
    open_: Callable[[], S],
    questions: Sequence[Any],
    ask: Callable[[S, Any], T],
    *,
    processes: int | None = None,
) -> Iterator[T]:
    """The answers to some questions, in their order.

    Args:
        open_: Opens what is asked about; called once in each process.
        questions: What `ask` is called with; like `open_` and `ask` they can be pickled.
        ask: Answers one question.
        processes: How many work at once; as many as there are cores, where nothing is said.

    Raises:
        PolicyError: what is asked about cannot be opened.
    """
    count = min(processes or os.cpu_count() or 1, len(questions))
    if count <= 1:
        opened = open_()
        yield from (ask(opened, question) for question in questions)
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(count, context, initializer=_open, initargs=(open_,)) as pool:
        yield from pool.map(partial(_ask, ask), questions)


def _open(open_: Callable[[], Any]) -> None:
    global _opened
    _opened = open_()


def _ask(ask: Callable[[Any, Any], T], question: Any) -> T:
    return ask(_opened, question)
