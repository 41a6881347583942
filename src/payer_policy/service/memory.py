"""Memory of a process that serves for months: full garbage collections at quiet moments, and freed memory
returned to the system.

The policies live as long as the process, so they are frozen: a collection looks at requests only and
takes milliseconds. The C library (glibc) keeps what each thread freed for that thread, so a process would
grow to the largest bodies that each of its threads has ever held; two arenas and a trim now and then
avoid that. On other systems only the collections run.
"""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from typing import Any, Final

SECONDS: Final = 5.0
"""Between two quiet moments."""
_THRESHOLDS: Final = (50_000, 20, 1_000)
"""Of the collector: a full collection in the middle of a large batch would stop every answer for a tenth
of a second, so full collections run in `tidy`."""
_ARENA_MAX: Final = -8  # M_ARENA_MAX of <malloc.h>
_ARENAS: Final = 2


def settle() -> None:
    """After the policies were opened: keep them out of every later collection."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    with suppress(AttributeError):
        _libc().mallopt(_ARENA_MAX, _ARENAS)


def tidy() -> None:
    """At a quiet moment: free what only reference cycles hold, and return it to the system."""
    gc.collect()
    with suppress(AttributeError):
        _libc().malloc_trim(0)


def _libc() -> Any:
    try:
        return ctypes.CDLL(None)
    except (OSError, TypeError):  # no such thing here
        return None
