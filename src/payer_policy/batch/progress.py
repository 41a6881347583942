"""A line on the terminal: how many records, how fast, how far, and how long still."""

from __future__ import annotations

import sys
import time
from typing import Final, Protocol

_EVERY: Final = 0.2


class _How(Protocol):
    @property
    def records(self) -> int: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


class ProgressLine:
    """Rewrites one line of standard error; `end` takes it away."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._first: int | None = None
        self._shown = 0.0
        self._width = 0

    def __call__(self, how: _How) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = how.done
        if now - self._shown < _EVERY:
            return
        self._shown = now
        self._write(line_of(how, now - self._began, self._first))

    def end(self) -> None:
        if self._width:
            self._write("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)


def line_of(how: _How, seconds: float, first: int) -> str:
    """`12,000 records · 3,210/s · 34% · 1:20 left`; `first`: where this call began."""
    rate = how.records / seconds if seconds > 0 else 0
    parts = [f"{how.records:,} records", f"{rate:,.0f}/s"]
    if how.total:
        parts.append(f"{min(100, 100 * how.done // how.total)}%")
        read = how.done - first
        if read > 0 and seconds >= 1:
            left = int(seconds * max(0, how.total - how.done) / read)
            hours, rest = divmod(left, 3600)
            minutes, second = divmod(rest, 60)
            clock = f"{hours}:{minutes:02}:{second:02}" if hours else f"{minutes}:{second:02}"
            parts.append(f"{clock} left")
    return " · ".join(parts)
