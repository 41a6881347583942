"""payer-policy `compiled`, from a request as JSON holds it: read, checked, routed, decided."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from answers import Answer
from workload import Claim

from contenders.payer_policy_facts import library_of
from payer_policy import Engine, Library

REQUIREMENTS = ["payer-policy"]
NOTE = "as above; every value is checked, the policy is found by payer, code and date"


def prepare(claim: Claim) -> Claim:
    facts = {name: value for name, value in claim.items() if name != "id"}
    whole = {
        name: int(value) if isinstance(value, Decimal) and value == int(value) else value
        for name, value in facts.items()
    }
    return {"id": claim["id"], "facts": whole}


read = library_of


def build(library: Library) -> Callable[[Claim], Answer]:
    engine = Engine(library)

    def decide(claim: Claim) -> Answer:
        made = engine.decide(claim).determinations[0]
        return made.decision, [found.rule for found in made.findings]

    return decide
