"""The hash of a policy folder's files: it changes with every change of any of them.

A ruleset's own hash covers its meaning. This one covers every JSON file, to show that two processes,
or two days, read the same folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def folder_hash(folder: str | Path) -> str:
    """SHA-256 over the names and bytes of all JSON files of a folder."""
    root = Path(folder)
    return contents_hash(
        {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*.json")}
    )


def contents_hash(contents: Mapping[str, bytes]) -> str:
    """The same over files that were loaded before: SHA-256 over all names and bytes."""
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest())
        total.update(hashlib.sha256(contents[name]).digest())
    return total.hexdigest()
