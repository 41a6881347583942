"""payer-policy `compiled`, from facts that are exact already to the whole determination."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from answers import Answer
from payer_policy import Library
from payer_policy.determination import Determiner
from payer_policy.engines import engine_named
from workload import Claim, Rule, write_policy

REQUIREMENTS = ["payer-policy"]
NOTE = "unknowns, sentences, citations, questions, policy hash; proof on demand"


def prepare(claim: Claim) -> Claim:
    return claim


def read(rules: Sequence[Rule]) -> Any:
    library = library_of(rules)
    return library.ruleset(library.addresses()[0], dt.date(2025, 6, 1))


def build(ruleset: Any) -> Callable[[Claim], Answer]:
    evaluate = engine_named("compiled").compile(ruleset)
    determine = Determiner(ruleset).determine

    def decide(claim: Claim) -> Answer:
        made = determine(
            evaluate(claim), claim, (), claim_id=claim["id"], kind="claim",
            code=claim["drug.code"], service_date=claim["service.date"], engine="compiled",
        )  # fmt: skip
        return made.decision, [found.rule for found in made.findings]

    return decide


def library_of(rules: Sequence[Rule]) -> Library:
    """The policy as payer-policy reads it."""
    with tempfile.TemporaryDirectory() as folder:
        write_policy(Path(folder) / "policies", list(rules))
        return Library.open(Path(folder) / "policies")
