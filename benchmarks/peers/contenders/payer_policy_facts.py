"""payer-policy `compiled`, from facts that are exact already to the whole determination."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from answers import Answer
from workload import Claim, Rule, write_policy

from payer_policy import Engine, Library

DAY = dt.date(2025, 6, 1)
REQUIREMENTS = ["payer-policy"]
NOTE = "unknowns, sentences, citations, questions, policy hash; proof on demand"


def prepare(claim: Claim) -> Claim:
    return claim


def read(rules: Sequence[Rule]) -> Library:
    library = library_of(rules)
    library.ruleset(library.addresses()[0], DAY)  # parameters, code sets and dates resolved
    return library


def build(library: Library) -> Callable[[Claim], Answer]:
    policy = Engine(library).policy(library.addresses()[0], DAY)

    def decide(claim: Claim) -> Answer:
        made = policy.decide(claim, claim["id"])
        return made.decision, [found.rule for found in made.findings]

    return decide


def library_of(rules: Sequence[Rule]) -> Library:
    """The policy as payer-policy reads it."""
    with tempfile.TemporaryDirectory() as folder:
        write_policy(Path(folder) / "policies", list(rules))
        return Library.open(Path(folder) / "policies")
