"""What every worker is told: two versions of the policies, and what to keep of the comparison.

Apart from `comparing`, so that a process knows how many threads it may have before it loads columns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from payer_policy.batch.workers import Setup

if TYPE_CHECKING:
    from payer_policy.analysis.impact.comparing import Comparer
    from payer_policy.policy.library import Library


@dataclass(frozen=True, slots=True)
class Pair:
    """As `batch.workers.Setup`, of two versions."""

    old: Setup
    new: Setup
    policy: str | None
    """The only policy to look at; None: all."""
    examples: int
    rows: bool
    """Whether each service that changed is wanted as a row."""

    def decider(self, library: Library | None = None) -> Comparer:
        """Open both engines, the old one on a library that was opened already or on its folder.

        Raises:
            WrongCall: the policies are not those that the run began with.
        """
        from payer_policy.analysis.impact.comparing import Comparer

        old, new = self.old.decider(library), self.new.decider()
        return Comparer(old, new, self.policy, self.examples, rows=self.rows)
