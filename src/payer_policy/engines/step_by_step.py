"""The meaning of a ruleset, written down plainly over `core.semantics`: rule after rule, no compilation.

It needs no preparation, so it suits a few cases; and the other engines are checked against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from payer_policy.core.ruleset import Conclude, Ruleset
from payer_policy.core.semantics import Facts, truth_of
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, Truth
from payer_policy.core.vocabulary.types import Value
from payer_policy.engines.protocol import Evaluation, Evaluator


class StepByStep:
    """The engine. It is for checks and proofs, and decides nothing by itself."""

    name: Final = "step by step"

    def compile(self, ruleset: Ruleset, /) -> Evaluator:
        at = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        last = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }

        def evaluate(facts: Facts, /) -> Evaluation:
            known: dict[str, Value | None] = {
                name: ruleset.derived[name].otherwise for name, index in last.items() if index < 0
            }
            known |= {name: value for name, value in facts.items() if name not in last}
            truths: list[Truth] = []
            conflicts: list[str] = []
            for index, rule in enumerate(ruleset.rules):
                truth = truth_of(rule.condition, known)
                for blocker in rule.overridden_by:
                    truth &= NEGATED[truths[at[blocker]]]
                truths.append(truth)
                if isinstance(rule.effect, Conclude):
                    for name, _ in rule.effect.values:
                        if last[name] == index:
                            known[name] = _concluded(ruleset, name, truths, conflicts)
            derived = {name: known.get(name) for name in sorted(last)}
            return Evaluation(tuple(truths), derived, tuple(sorted(conflicts)))

        return evaluate


def _concluded(
    ruleset: Ruleset, name: str, truths: Sequence[Truth], conflicts: list[str]
) -> Value | None:
    """The value of a derived fact whose rules are all evaluated; a conflict is added to the list."""
    fact = ruleset.derived[name]
    holding = {value for index, value in fact.concluded_by if truths[index] == HOLDS}
    if len(holding) > 1:
        conflicts.append(name)
        return None
    if holding:
        (value,) = holding
        rivals = [truths[index] for index, other in fact.concluded_by if other != value]
        return value if all(truth == FAILS for truth in rivals) else None
    if all(truths[index] == FAILS for index, _ in fact.concluded_by):
        return fact.otherwise
    return None
