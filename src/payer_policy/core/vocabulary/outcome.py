"""What a statement about a policy may read beside facts: the decision, and the reasons for it.

`payer_policy.policy.statements` lets statements name them; an analysis says what they are of a
determination, or of all determinations there can be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import FactType

DECISION: Final = "decision"
GROUP: Final = "reasons.group"
CARC: Final = "reasons.carc"
RARC: Final = "reasons.rarc"
RULE: Final = "reasons.rule"
ASSUMPTIONS: Final = "assumptions"

OUTCOME: Final[Mapping[str, Fact]] = {
    fact.name: fact
    for fact in (
        Fact(
            DECISION,
            FactType("choice", values=("approve", "deny", "pend", "partial", "not_required")),
            "the decision",
            note="Of one line of the service: approved, denied, pended, reduced (partial), or, of a "
            "preauthorization, not required. No clinician has confirmed anything.",
        ),
        Fact(GROUP, FactType("codes", system="group"), "the groups of the reasons"),
        Fact(CARC, FactType("codes", system="carc"), "the reasons' CARCs"),
        Fact(RARC, FactType("codes", system="rarc"), "the reasons' RARCs"),
        Fact(RULE, FactType("codes"), "the rules that deny, pend or reduce"),
        Fact(
            ASSUMPTIONS,
            FactType("codes"),
            "what the decision assumes",
            note="The ids of the rules that `if_unknown` assumes not to hold, and the names of the "
            "facts whose silence (`absent_means`) or absence (`is_known`) a rule rests on.",
        ),
    )
}
