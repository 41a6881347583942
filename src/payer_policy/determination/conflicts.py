"""Facts on which rules that apply disagree: they stay unknown, and nothing that reads one is approved.

Kleene's logic gives most of that: a rule that waits for such a fact is unknown, and pends. Two cases are
handled here: a rule that the policy assumes not to apply is not assumed so where it reads such a fact;
and a rule that asks whether the fact is known counts as unknown, since "no" would be the wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from payer_policy.core.ruleset import Ruleset, facts_read, tests_in
from payer_policy.core.truth import UNKNOWN
from payer_policy.engines.protocol import Evaluation

_Behind = tuple[frozenset[str], ...]


class Reach:
    """For each rule of a ruleset, the derived facts that it reads, directly or through others."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        place = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        reads: list[frozenset[str]] = []
        asks: list[frozenset[str]] = []
        for rule in ruleset.rules:
            derived = [name for name in dict.fromkeys(facts_read(rule)) if name in ruleset.derived]
            asked = [
                test.fact
                for test in tests_in(rule.condition)
                if test.operator == "is_known" and test.fact in ruleset.derived
            ]
            before = [place[id_] for id_ in rule.overridden_by if id_ in place]
            before += [index for name in derived for index, _ in ruleset.derived[name].concluded_by]
            behind_asked = [
                index for name in asked for index, _ in ruleset.derived[name].concluded_by
            ]
            reads.append(frozenset(derived).union(*(reads[index] for index in before)))
            asks.append(
                frozenset(asked).union(
                    *(asks[index] for index in before), *(reads[index] for index in behind_asked)
                )
            )
        self._reads: _Behind = tuple(reads)
        self._asks: _Behind = tuple(asks)

    def reads(self, index: int) -> frozenset[str]:
        """The derived facts that the rule at an index reads, directly or through others."""
        return self._reads[index]

    def asks(self, index: int) -> frozenset[str]:
        """Those of them that it, or what it reads, asks whether they are known."""
        return self._asks[index]

    def reading(self, facts: Iterable[str]) -> frozenset[int]:
        """The rules that read any of these facts, directly or through others."""
        some = frozenset(facts)
        return frozenset(
            index for index, reads in enumerate(self._reads) if not reads.isdisjoint(some)
        )

    def unsettled(self, evaluation: Evaluation) -> Evaluation:
        """The evaluation with every rule unknown that turns on whether a fact in conflict is known.

        So are the derived facts that such rules conclude.
        """
        some = frozenset(evaluation.conflicts)
        turned = {index for index, asks in enumerate(self._asks) if not asks.isdisjoint(some)}
        if not turned:
            return evaluation
        truths = [
            UNKNOWN if index in turned else truth for index, truth in enumerate(evaluation.truths)
        ]
        derived = {
            name: None
            if turned.intersection(index for index, _ in self._ruleset.derived[name].concluded_by)
            else evaluation.derived.get(name)
            for name in self._ruleset.derived
        }
        return evaluation._replace(truths=truths, derived=derived, live=None)
