"""The progress line on the terminal: records, rate, percentage, and time left."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from payer_policy.batch.run import Progress

_EVERY: Final = 0.2
"""Seconds between two updates."""


class ProgressLine:
    """Rewrites one line of standard error; `end` clears it."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None
        self._shown = 0.0
        self._width = 0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = progress.done
        if now - self._shown < _EVERY:
            return
        self._shown = now
        self._write(line_of(progress, now - self._began, self._first))

    def end(self) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)


def line_of(progress: Progress, seconds: float, first: int) -> str:
    """The text of the line, such as `12,000 records · 3,210/s · 34% · 1:20 left`.

    Args:
        progress: How far the run is.
        seconds: Since this call began.
        first: The bytes that were already done then.
    """
    rate = progress.records / seconds if seconds > 0 else 0
    parts = [f"{progress.records:,} records", f"{rate:,.0f}/s"]
    if progress.total:
        parts.append(f"{min(100, 100 * progress.done // progress.total)}%")
        read = progress.done - first
        if read > 0 and seconds >= 1:
            left = int(seconds * max(0, progress.total - progress.done) / read)
            hours, rest = divmod(left, 3600)
            minutes, second = divmod(rest, 60)
            clock = f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
            parts.append(f"{clock} left")
    return " · ".join(parts)
