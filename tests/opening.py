"""A policy folder that a test process opened before is not read and checked again for the next test.

A library is immutable and safe to share, as services share it; tests about reading read for themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.policy.folder_hash import folder_hash
from payer_policy.policy.library import Library

_KEPT = 12
"""Folders kept; the one that was opened longest ago goes first."""

Read = Callable[..., tuple[Library | None, list[Diagnostic]]]


def keeping(read: Read) -> Read:
    """`read_library` that reads a folder once for each state of its files, never one with errors."""
    kept: dict[tuple[str, str, str], tuple[Library | None, list[Diagnostic]]] = {}

    def opened(
        folder: Path, contents: Mapping[str, bytes] | None = None
    ) -> tuple[Library | None, list[Diagnostic]]:
        if contents is not None:
            return read(folder, contents)
        try:
            # The folder as it was named is in the messages on it.
            state = (str(folder.absolute()), str(folder), folder_hash(folder))
        except OSError:
            return read(folder)  # it says why
        found = kept.pop(state, None) or read(folder)
        if found[0] is not None and all(one.severity != "error" for one in found[1]):
            kept[state] = found
        if len(kept) > _KEPT:
            del kept[next(iter(kept))]
        return found

    return opened
