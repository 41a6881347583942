"""A policy folder that a test process opened before is not read and checked again for the next test.

Every test still gets a library of its own, from the pickle that the command line keeps too.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library

_KEPT = 40
"""So many folders; the one that was opened first goes first."""


@contextmanager
def opened_once() -> Iterator[None]:
    """`Library.open` reads a folder once for each state of its files. One with errors is never kept."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Library, "open", staticmethod(_keeping(Library.open)))
        yield


def _keeping(read: Callable[[str | Path], Library]) -> Callable[[str | Path], Library]:
    kept: dict[tuple[str, str, str], bytes] = {}

    def opened(folder: str | Path) -> Library:
        try:
            state = (str(Path(folder).absolute()), str(folder), folder_hash(folder))
        except OSError:
            return read(folder)  # it says why
        if state not in kept:
            library = read(folder)
            kept[state] = pickle.dumps(library, pickle.HIGHEST_PROTOCOL)
            if len(kept) > _KEPT:
                del kept[next(iter(kept))]
            return library
        found: Library = pickle.loads(kept[state])
        return found

    return opened
