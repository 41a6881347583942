"""What a change of the policies does to past claims: both versions over one file, side by side."""

from payer_policy.analysis.impact.model import (
    Because,
    Change,
    ChangeKey,
    Example,
    Impact,
    Rejects,
    Side,
    Tally,
    Version,
)
from payer_policy.analysis.impact.running import impact

__all__ = [
    "Because",
    "Change",
    "ChangeKey",
    "Example",
    "Impact",
    "Rejects",
    "Side",
    "Tally",
    "Version",
    "impact",
]
