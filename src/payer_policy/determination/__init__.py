"""The determination: the decision from what holds, what is missing, and the explanation."""

from payer_policy.determination.allocation import ServiceLine
from payer_policy.determination.decide import Determiner
from payer_policy.determination.model import (
    About,
    Assumption,
    Citation,
    Conflict,
    Details,
    Determination,
    Finding,
    LineOutcome,
    LookedFor,
    NoPolicy,
    Outcome,
    PolicyIdentity,
    Question,
    Unsettled,
    determination_schema,
    outcome_schema,
)

__all__ = [
    "About",
    "Assumption",
    "Citation",
    "Conflict",
    "Details",
    "Determination",
    "Determiner",
    "Finding",
    "LineOutcome",
    "LookedFor",
    "NoPolicy",
    "Outcome",
    "PolicyIdentity",
    "Question",
    "ServiceLine",
    "Unsettled",
    "determination_schema",
    "outcome_schema",
]
