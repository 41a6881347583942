"""Memory of a process that runs for months: full garbage collections at quiet moments, and freed memory
returned to the system.

The policies live as long as the process, so they are frozen: a collection scans requests only and takes
milliseconds. The C library (glibc) keeps memory freed by a thread for that thread, so a process would
grow to the largest bodies that each of its threads ever held; two arenas and regular trims avoid that. On
other systems only the collections run.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Any, Final

SECONDS: Final = 5.0
"""Between two checks for a quiet moment."""
_THRESHOLDS: Final = (50_000, 20, 1_000)
"""Thresholds of the collector: a full collection during a large batch would stop every answer for a tenth
of a second, so full collections run in `tidy`."""
_ARENA_MAX: Final = -8  # M_ARENA_MAX of <malloc.h>
_ARENAS: Final = 2


def settle() -> None:
    """Exclude what exists now (the policies) from every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    with suppress(AttributeError):
        _libc().mallopt(_ARENA_MAX, _ARENAS)


def tidy() -> None:
    """Free what only reference cycles hold, and return it to the system."""
    gc.collect()
    with suppress(AttributeError):
        _libc().malloc_trim(0)


def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # not on this system
        return None
