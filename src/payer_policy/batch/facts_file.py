"""The facts file of a run, as it is sent to every worker."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from payer_policy.core.diagnostics import Diagnostic


@dataclass(frozen=True, slots=True)
class FactsFile:
    """The file, and which of its entries is about which claim (`bearers.entries_by_record`)."""

    name: str
    data: bytes
    entries: Mapping[str, Mapping[int, str | Diagnostic]]
    """By input file and record: the key of the entry, or why it cannot be determined."""

    def about(self, file: str, record: int) -> str | Diagnostic | None:
        """The key of the entry about a record, or why it cannot be determined; None: there is none."""
        found = self.entries.get(file)
        return None if found is None else found.get(record)

    def records(self, file: str, first: int, end: int) -> Sequence[int]:
        """The records of a file from `first` up to but without `end` that entries are about."""
        found = list(self.entries.get(file, ()))  # in the order of the file
        return found[bisect_left(found, first) : bisect_left(found, end)]
