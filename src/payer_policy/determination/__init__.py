"""The determination: the decision from what holds, what is missing, and the explanation."""

from payer_policy.determination.allocation import ServiceLine
from payer_policy.determination.decide import Determiner
from payer_policy.determination.model import (
    Assumption,
    Citation,
    Conflict,
    Determination,
    Found,
    LineOutcome,
    NoPolicy,
    Outcome,
    PolicyIdentity,
    Question,
    Unsettled,
    determination_schema,
    outcome_schema,
)

__all__ = [
    "Assumption",
    "Citation",
    "Conflict",
    "Determination",
    "Determiner",
    "Found",
    "LineOutcome",
    "NoPolicy",
    "Outcome",
    "PolicyIdentity",
    "Question",
    "ServiceLine",
    "Unsettled",
    "determination_schema",
    "outcome_schema",
]
