"""The hash of a policy folder as it stands on disk: has anything at all been changed?

A ruleset's own hash is of its meaning. This one is of every JSON file, for whoever has to know that
two processes, or two days, read the same folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path


def folder_hash(folder: str | Path) -> str:
    """SHA-256 over the names and bytes of all JSON files of a folder."""
    root = Path(folder)
    total = hashlib.sha256()
    for path in sorted(root.rglob("*.json"), key=lambda path: path.relative_to(root).as_posix()):
        name = path.relative_to(root).as_posix().encode()
        total.update(hashlib.sha256(name).digest())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()
