"""The contenders: one file each, with an `ABOUT` for each row of the table.

A module is imported both by `run.py`, where nothing is installed, and by `worker.py` in the
contender's own environment: what it needs is imported inside `build` or `batch`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from workload import Policy

Decide = Callable[[Any], Any]
"""From a claim in a contender's shape to its `halves.Answer`; with lines, to its `LineAnswer`s."""
Shape = Callable[[dict[str, Any]], Any]
Build = Callable[[Policy, Path], tuple[Shape, Decide]]
Batch = Callable[[Policy, Path, Path, Path], None]
Read = Callable[[Path], list[Any]]
LineAnswer = tuple[str, str, str, list[tuple[str, str | None, tuple[str, ...]]]]
"""Of one drug on one day: code, day, decision, findings. A claim's are in the order of the first two."""


@dataclass(frozen=True)
class Lines:
    """How a contender decides claims with lines; each member as in `About`."""

    build: Build | None = None
    batch: Batch | None = None
    read: Read | None = None
    rows: int | None = None
    """The most claims that its batch is measured with, where all would take too long."""
    note: str = ""


@dataclass(frozen=True)
class About:
    """A row of the table: how a contender is installed, made and run, and what it can say."""

    name: str
    title: str
    needs: tuple[str, ...]
    """What pip installs; `.` is this checkout."""
    unknown: str
    """What it makes of a fact that nobody supplied."""
    reasons: str
    proof: str
    dates: str
    note: str
    build: Build | None = None
    """From a policy (and a folder to write files into) to what turns a request into the shape its
    users would hold it in (not timed), and what decides it (timed)."""
    batch: Batch | None = None
    """From a Parquet file of claims to a Parquet file of answers: policy, folder, in, out."""
    read: Read | None = None
    """The answers of a batch, in the order of the claims, where they are not in the usual columns."""
    growth: tuple[int, ...] = (20, 200, 2000)
    """The sizes of policy it is measured at."""
    unguarded: bool = False
    lines: Lines | None = None
    """Where it decides claims with lines too."""


def contenders() -> dict[str, About]:
    """All rows, by name; in the order of the table before it is sorted by time."""
    found: dict[str, About] = {}
    for path in sorted(Path(__file__).parent.glob("[a-z]*.py")):
        module = import_module(f"contenders.{path.stem}")
        for about in module.ABOUT:
            found[about.name] = about
    return found
