"""The hand-written function that also tells of every rule whether it holds, fails or is not known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from answers import Answer
from workload import Claim, Rule

from contenders import handwritten

REQUIREMENTS: list[str] = []
NOTE = "as above, with the state of every rule"
prepare = handwritten.prepare


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    decide = handwritten.build(rules, account=True)
    return lambda claim: decide(claim)[:2]
