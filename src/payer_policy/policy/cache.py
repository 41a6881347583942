"""A policy folder that was read and checked before, kept for the next process of the command line.

Kept under a hash of every file of the folder, of this product's version and of Python's, so it is
never stale. Safe to delete at any time; anything odd about it, and the folder is read as ever.
"""

from __future__ import annotations

import gc
import hashlib
import os
import pickle
import stat
import sys
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library

VARIABLE: Final = "PAYER_POLICY_CACHE"
"""A folder for what is kept, or `off`."""
_KEPT: Final = 16
"""So many folders are kept; the one that was written first goes first."""


def cached_library(folder: str | Path) -> Library:
    """`Library.open`, quicker where the folder is as it was.

    Raises:
        PolicyError: As `Library.open`. A folder with an error is never kept.
    """
    place = _place(folder)
    if place is None:
        return Library.open(folder)
    found = _kept(place)
    if found is None:
        found = Library.open(folder)
        _keep(place, found)
    return found


def _place(folder: str | Path) -> Path | None:
    """Where this state of the folder is kept; None: nowhere."""
    asked = os.environ.get(VARIABLE, "")
    if asked == "off" or not hasattr(os, "getuid"):
        return None
    base = Path(asked) if asked else _caches() / "payer-policy"
    try:
        # The folder as it was named is in the messages on it.
        told = (str(folder), folder_hash(folder), version("payer-policy"), sys.version)
    except OSError:
        return None  # reading it will say why
    name = hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()
    return base / f"{name}.pickle"


def _caches() -> Path:
    named = os.environ.get("XDG_CACHE_HOME", "")
    return Path(named) if named else Path.home() / ".cache"


def _kept(place: Path) -> Library | None:
    # A pickle can do anything when it is read: only what this user alone can have written is.
    try:
        if not (_is_mine(place.parent) and _is_mine(place)):
            return None
        data = place.read_bytes()
        gc.disable()  # it would look through all that comes to be, and find nothing
        try:
            found = pickle.loads(data)
        finally:
            gc.enable()
    except Exception:  # whatever it is, the folder is read instead
        return None
    return found if isinstance(found, Library) else None


def _keep(place: Path, library: Library) -> None:
    with suppress(Exception):  # a full disk, a folder that is not ours: it works without
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_mine(place.parent):
            return
        handle, name = tempfile.mkstemp(dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                pickle.dump(library, file, protocol=pickle.HIGHEST_PROTOCOL)
            Path(name).replace(place)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        old = sorted(place.parent.glob("*.pickle"), key=lambda path: path.stat().st_mtime)
        for path in old[:-_KEPT]:
            path.unlink(missing_ok=True)


def _is_mine(path: Path) -> bool:
    found = path.lstat()
    others = stat.S_IWGRP | stat.S_IWOTH
    return found.st_uid == os.getuid() and not found.st_mode & others
