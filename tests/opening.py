"""A policy folder that a test process opened before is not read and checked again for the next test.

A library is immutable and safe to share, as services share it; tests about reading read for themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library

_KEPT = 12
"""So many folders; the one that was opened longest ago goes first."""


def keeping(read: Callable[[str | Path], Library]) -> Callable[[str | Path], Library]:
    """`Library.open` that reads a folder once for each state of its files, never one with errors."""
    kept: dict[tuple[str, str, str], Library] = {}

    def opened(folder: str | Path) -> Library:
        try:
            # The folder as it was named is in the messages on it.
            state = (str(Path(folder).absolute()), str(folder), folder_hash(folder))
        except OSError:
            return read(folder)  # it says why
        library = kept.pop(state, None) or read(folder)
        kept[state] = library
        if len(kept) > _KEPT:
            del kept[next(iter(kept))]
        return library

    return opened
