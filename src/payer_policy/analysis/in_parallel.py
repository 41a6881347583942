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
from pathlib import Path
from typing import Any, TypeVar

from payer_policy.engine import Engine

T = TypeVar("T")

_engine: Engine | None = None


def ask_each(
    folder: Path,
    questions: Sequence[Any],
    ask: Callable[[Engine, Any], T],
    *,
    processes: int | None = None,
) -> Iterator[T]:
    """The answers to some questions about a folder of policies.

    Args:
        folder: The folder, as for `Library.open`.
        questions: What `ask` is called with, one after the other; they are pickled.
        ask: A function of a module, so that other processes find it.
        processes: How many at once; as many as there are cores, where nothing is said.

    Raises:
        PolicyError: something in the folder is wrong.
    """
    count = min(processes or os.cpu_count() or 1, len(questions))
    if count <= 1:
        engine = Engine.open(folder)
        yield from (ask(engine, question) for question in questions)
        return
    with ProcessPoolExecutor(
        count, mp_context=get_context("spawn"), initializer=_open, initargs=(folder,)
    ) as pool:
        yield from pool.map(partial(_ask, ask), questions)


def _open(folder: Path) -> None:
    global _engine
    _engine = Engine.open(folder)


def _ask(ask: Callable[[Engine, Any], T], question: Any) -> T:
    assert _engine is not None
    return ask(_engine, question)
