"""The facts on which a determination rests although they were not provided: `FactsAssumed(ruleset)`.

The rules are evaluated a second time without silence: a value that rests on silence is left out, and a
test whether a fact is known is itself unknown where the fact is. A rule with the same result rests on no
assumption.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from payer_policy.core.ruleset import FindingEffect, Ruleset, tests_in
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import HOLDS, UNKNOWN
from payer_policy.engines import engine_named
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.policy.learning import Learning
from payer_policy.request.silence import Silence, without_questions


class FactsAssumed:
    """The facts that determinations by one ruleset assume; prepared when first needed."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset

    def of(
        self,
        evaluation: Evaluation,
        facts: Facts,
        silence: Silence | None,
        parts: Collection[str] | None,
        denied: bool,
    ) -> list[str]:
        """The names of the facts, in order, without the rules that are assumed not to apply.

        Where several facts feed a rule that rests on silence, all silent ones among them are named.

        Args:
            evaluation: What became of the rules.
            facts: What they were evaluated on.
            silence: What of the facts rests on silence; None: nothing, since all were given as such.
            parts: The parts of which the service has lines; None: every rule falls on it.
            denied: Whether something denies; then only that counts.
        """
        if silence is None:
            unknown = [name for name in self._asked if facts.get(name) is None]
            silence = Silence(frozenset(), {name: frozenset({name}) for name in unknown})
        if not silence.rests and not any(name in silence.unsaid for name in self._asked):
            return []
        bare = self._evaluate({n: v for n, v in facts.items() if n not in silence.rests})
        found: set[str] = set()
        for name in self._resting(evaluation, bare, parts, denied):
            found |= silence.unsaid.get(name, frozenset())
        return sorted(found)

    def _resting(
        self,
        evaluation: Evaluation,
        bare: Evaluation,
        parts: Collection[str] | None,
        denied: bool,
    ) -> Iterator[str]:
        """The facts that are read by what would not be settled in the same way without silence."""
        truths, bare_truths = evaluation.truths, bare.truths
        cover = self._ruleset.covered_by
        covered = None if cover is None else evaluation.derived.get(cover)
        turned = cover is not None and covered is not None and bare.derived.get(cover) is None
        for at, denies, part, silenced in self._deciding:
            truth = truths[at]
            changed, uncovered = bare_truths[at] != truth, turned and silenced and truth == HOLDS
            if not (changed or uncovered) or truth == UNKNOWN:
                continue
            if part is not None and parts is not None and part not in parts:
                continue
            if denied and not (denies and truth == HOLDS):
                continue
            if changed:
                yield from self._learning.inputs_of[at]
            if uncovered and cover is not None:
                yield from self._learning.inputs(cover)

    @cached_property
    def _deciding(self) -> Sequence[tuple[int, bool, str | None, bool]]:
        """The rules that decide: place, whether it denies, its part, whether it can be silenced."""
        return [
            (
                at,
                rule.effect.kind == "deny",
                rule.effect.part,
                rule.section in self._ruleset.silences,
            )
            for at, rule in enumerate(self._ruleset.rules)
            if isinstance(rule.effect, FindingEffect) and rule.effect.kind != "advise"
        ]

    @cached_property
    def _learning(self) -> Learning:
        return Learning(self._ruleset, {}, {})

    @cached_property
    def _evaluate(self) -> Evaluator:
        rules = [
            replace(rule, condition=without_questions(rule.condition))
            for rule in self._ruleset.rules
        ]
        return engine_named("compiled").compile(replace(self._ruleset, rules=tuple(rules)))

    @cached_property
    def _asked(self) -> list[str]:
        """The facts of which a rule asks whether they are known."""
        return sorted(
            {
                test.fact
                for rule in self._ruleset.rules
                for test in tests_in(rule.condition)
                if test.operator == "is_known"
            }
        )
