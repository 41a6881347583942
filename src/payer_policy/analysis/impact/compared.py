"""The comparison of a block of claims: counts, and a few examples of each kind of change.

Apart from `comparing`, which loads the libraries for columns; this module needs none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from payer_policy.analysis.impact.model import ChangeKey, Rejects, Tally
from payer_policy.request.models import Request


@dataclass(frozen=True, slots=True)
class ChangedService:
    """A service that changed, to be put into words as an example."""

    file: str
    record: int
    claim_id: str | None
    code: str | None
    service_date: date | None
    billed: int | None
    """In millionths of a dollar; None: not known."""
    policies: tuple[str | None, str | None]
    """The policies that decided it, old and new."""
    request: Request | None
    """The claim, where it was decided by itself."""
    row: Mapping[str, Any] | None
    """For a table of facts: the cells of its row, by fact."""


@dataclass(slots=True)
class ChangeGroup:
    """Services with the same change, and the first of them."""

    tally: Tally = field(default_factory=Tally)
    first: list[ChangedService] = field(default_factory=list)


@dataclass(slots=True)
class Compared:
    """The comparison of a block, or of all blocks so far."""

    table: Any = None
    """The rows that changed, where the caller wants them."""
    records: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """Records rejected by `both` versions, by the `old` one alone, by the `new` one alone."""
    codes: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    """The codes of the problems of rejected records, by version."""
    cells: dict[tuple[str, str], Tally] = field(default_factory=dict)
    """All services, by old and new decision."""
    changes: dict[ChangeKey, ChangeGroup] = field(default_factory=dict)

    def add(self, block: Compared, examples: int) -> None:
        """Add a block, without its rows, and keep at most so many examples of each change."""
        self.records += block.records
        self.rejected += block.rejected
        for pair, tally in block.cells.items():
            self.cells.setdefault(pair, Tally()).add(tally)
        for key, group in block.changes.items():
            mine = self.changes.setdefault(key, ChangeGroup())
            mine.tally.add(group.tally)
            mine.first += group.first[: examples - len(mine.first)]
        for whole, codes in zip(self.codes, block.codes, strict=True):
            whole.update(codes)

    def rejects(self) -> Rejects:
        """The records that were rejected, with the most frequent codes first."""
        old, new = (
            dict(sorted(codes.items(), key=lambda item: (-item[1], item[0])))
            for codes in self.codes
        )
        both, old_only, new_only = (self.rejected[by] for by in ("both", "old", "new"))
        return Rejects(both, old_only, new_only, old, new)
