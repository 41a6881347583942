"""The settings of every worker: two versions of the policies, and what to keep of the comparison.

Apart from `comparing`, which loads the libraries for columns; this module needs none of them.
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
    """As `batch.workers.Setup`, for two versions."""

    old: Setup
    new: Setup
    policy: str | None
    """The only policy to compare; None: all."""
    examples: int
    rows: bool
    """Whether to return each service that changed as a row."""

    def decider(self, library: Library | None = None) -> Comparer:
        """A comparer of both versions; `library` is the old one where it is open already.

        Raises:
            WrongCall: the policies have changed since the run began.
        """
        from payer_policy.analysis.impact.comparing import Comparer

        old, new = self.old.decider(library), self.new.decider()
        return Comparer(old, new, self.policy, self.examples, rows=self.rows)
