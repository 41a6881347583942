"""The memory that a command and its processes take at most, as Linux counts it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

PROC: Final = Path("/proc")
_SECONDS: Final = 0.02


class Used(NamedTuple):
    """What a command took."""

    status: int
    seconds: float
    processor: float
    """Seconds of processor time of all its processes."""
    peaks: list[float]
    """The most memory of each of its processes, in MB, the command itself first."""


def run_command(*words: object) -> Used:
    """Run `payer-policy`, and observe its processes.

    The peak in `ru_maxrss` is of no use: it is also that of the process that started the command.
    """
    command = [sys.executable, "-m", "payer_policy", *map(str, words)]
    started, peaks = time.perf_counter(), dict[int, float]()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    ended = 0
    while not ended:
        for process in [child.pid, *_children(child.pid)]:
            peaks[process] = max(_peak(process), peaks.get(process, 0))
        time.sleep(_SECONDS)
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    processor = used.ru_utime + used.ru_stime
    seconds = time.perf_counter() - started
    return Used(child.returncode, seconds, processor, list(peaks.values()))


def _children(parent: int) -> Iterable[int]:
    """The processes that a process started."""
    for path in PROC.glob("[0-9]*/stat"):
        try:
            after_name = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(after_name[1]) == parent:
            yield int(path.parent.name)


def _peak(process: int) -> float:
    try:
        lines = (PROC / str(process) / "status").read_text().splitlines()
    except OSError:
        return 0
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    return found[0] / 1024 if found else 0
