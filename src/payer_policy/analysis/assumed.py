"""What a determination assumes, worked out anew: `Assumed(library, ruleset)`.

The rules are evaluated a second time with nothing made of what is not known: silence means nothing, and
a test whether a fact is known is itself unknown where the fact is. A rule that comes out as before rests
on no assumption. This is the concrete twin of `Requests` without `by_absence`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from payer_policy.analysis.selfcheck import StepByStep
from payer_policy.engines.protocol import Evaluation
from payer_policy.policy.learning import Learning, left_by_lines
from payer_policy.policy.library import Library
from payer_policy.request.derive import Context, Derivation
from payer_policy.request.sources import Computed, facts_of
from payer_policy.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    FactRef,
    Finding,
    Not,
    Ruleset,
    Test,
)
from payer_policy.semantics import truth_of, value_of
from payer_policy.truth import FAILS, HOLDS
from payer_policy.vocabulary.model import Vocabulary
from payer_policy.vocabulary.types import Value

Known = Mapping[str, Value | None]
_AS_VALUE: Final[Mapping[int, bool]] = {HOLDS: True, FAILS: False}


class Assumed:
    """The assumptions of determinations by one ruleset."""

    def __init__(self, library: Library, ruleset: Ruleset) -> None:
        vocabulary, day = library.vocabulary, ruleset.first_day
        self._ruleset = ruleset
        needed = sorted(name for name in ruleset.facts if name in vocabulary.facts)
        self._sources = library.basis.sources_on(needed, day)
        self._learning = Learning(ruleset, vocabulary.facts, self._sources)
        silent = {name: replace(fact, absent_means=None) for name, fact in vocabulary.facts.items()}
        said = Vocabulary(silent, vocabulary.line_parts)
        self._said = Derivation.over(library.basis, needed, day, said)
        rules = [replace(rule, condition=_bare(rule.condition)) for rule in ruleset.rules]
        self._evaluate = StepByStep().compile(replace(ruleset, rules=tuple(rules)))

    def of(
        self,
        context: Context,
        given: Mapping[str, Value],
        evaluation: Evaluation,
        parts: frozenset[str] | None,
        denied: bool,
    ) -> frozenset[str]:
        """The facts that a determination assumes something of. Rules are named by it itself.

        Args:
            context: The service that was decided.
            given: The facts that were given beside the form.
            evaluation: What became of the rules.
            parts: The parts of which the service has lines; None: every rule falls on it.
            denied: Whether something denies; then only that counts.
        """
        said, _ = self._said.facts(context, given)
        bare = self._evaluate(self._bare_facts(said, given))
        resting: set[str] = set()
        for at, rule in enumerate(self._ruleset.rules):
            effect, truth = rule.effect, evaluation.truths[at]
            if not isinstance(effect, Finding) or effect.kind == "advise":
                continue
            if effect.part is not None and parts is not None and effect.part not in parts:
                continue
            if denied and not (effect.kind == "deny" and truth == HOLDS):
                continue
            if truth in (HOLDS, FAILS) and bare.truths[at] != truth:
                resting |= self._learning.inputs_of[at]
        return frozenset(
            name
            for name in resting & self._learning.resting_on()
            if left_by_lines(self._sources.get(name)) or said.get(name) is None
        )

    def _bare_facts(self, said: Known, given: Known) -> dict[str, Value | None]:
        out: dict[str, Value | None] = {}

        def place(name: str) -> None:
            if name in out:
                return
            source = self._sources.get(name)
            left = left_by_lines(source)
            if left:
                value = said.get(name)
                out[name] = None if None in left or value in left else value
            elif isinstance(source, Computed):
                for other in facts_of(source):
                    place(other)
                value = _computed(source, out)
                out[name] = given.get(name) if value is None else value
            else:
                out[name] = said.get(name)

        for name in said:
            place(name)
        return out


def _computed(source: Computed, facts: Known) -> Value | None:
    if source.condition is not None:
        return _AS_VALUE.get(truth_of(_bare(source.condition), facts))
    assert source.expression is not None
    found: Value | None = value_of(source.expression, facts)
    return found


def _bare(condition: Condition) -> Condition:
    """The condition without tests whether a fact is known: each is unknown where the fact is."""
    match condition:
        case Test(fact, "is_known", _, right):
            there = Test(fact, "exists", FactRef(fact), right)
            return AnyOf((there, Not(there)))
        case Not(part):
            return Not(_bare(part))
        case All(parts):
            return All(tuple(map(_bare, parts)))
        case AnyOf(parts):
            return AnyOf(tuple(map(_bare, parts)))
        case AtLeast(count, parts):
            return AtLeast(count, tuple(map(_bare, parts)))
    return condition
