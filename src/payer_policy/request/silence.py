"""The facts of a service that were not provided, and the values that rest on that.

A fact may have a value because silence means something (`absent_means`), because a condition asks
whether a fact is known, or because a fact over lines asks that of a line. Such a value may be another
one once more is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, NamedTuple

from payer_policy.core.ruleset import All, AnyOf, AtLeast, Condition, FactRef, Not, Ruleset, Test
from payer_policy.core.semantics import Facts, truth_of, value_of
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import Value
from payer_policy.language.sources import Computed, Source
from payer_policy.policy.basis import Basis
from payer_policy.policy.learning import Learning, left_by_lines
from payer_policy.request.derive import Context, Derivation

_AS_VALUE: Final[Mapping[int, bool]] = {HOLDS: True, FAILS: False}


class Silence(NamedTuple):
    """The facts that a ruleset reads and that were not provided."""

    rests: frozenset[str]
    """The facts whose values rest on it."""
    unsaid: Mapping[str, frozenset[str]]
    """By fact, those behind it (itself among them) of which nothing was said, and by whose becoming
    known it may change."""


@dataclass(frozen=True, eq=False)
class Silences:
    """Finds what was not provided about services, for one ruleset; prepared when first needed."""

    basis: Basis
    ruleset: Ruleset

    def of(self, context: Context, given: Mapping[str, Value], facts: Facts) -> Silence:
        """The silence about a service.

        Args:
            context: The service.
            given: The facts that were given beside the form.
            facts: Its facts as the rules read them.
        """
        said, _ = self._said.facts(context, given)  # what contradicts the form was refused before
        unsaid: dict[str, set[str]] = {}
        for name, made_from_it in self._made_from.items():
            if self._left.get(name) or said.get(name) is None:
                for other in made_from_it:
                    unsaid.setdefault(other, set()).add(name)
        bare = _Bare(self._computed, self._left, unsaid, said, given, facts)
        rests = [name for name in unsaid if facts.get(name) is not None and bare[name] is None]
        return Silence(
            frozenset(rests), {name: frozenset(behind) for name, behind in unsaid.items()}
        )

    @cached_property
    def _needed(self) -> tuple[str, ...]:
        facts = self.basis.vocabulary.facts
        read = (name for name in self.ruleset.facts if name in facts and not facts[name].derived)
        return tuple(sorted(read))

    @cached_property
    def _sources(self) -> Mapping[str, Source]:
        return self.basis.sources_on(self._needed, self.ruleset.first_day)

    @cached_property
    def _made_from(self) -> Mapping[str, tuple[str, ...]]:
        """By fact whose absence a rule may rest on, the facts that are computed from it."""
        learning = Learning(self.ruleset, self.basis.vocabulary.facts, self._sources)
        behind = {name: learning.inputs(name) for name in self._needed}
        return {
            one: tuple(name for name in self._needed if one in behind[name])
            for one in sorted(learning.resting_on())
        }

    @cached_property
    def _left(self) -> Mapping[str, frozenset[bool | None]]:
        return {name: left_by_lines(source) for name, source in self._sources.items()}

    @cached_property
    def _computed(self) -> Mapping[str, Computed]:
        """The computed facts, without tests whether a fact is known."""
        return {
            name: source
            if source.condition is None
            else replace(source, condition=without_questions(source.condition))
            for name, source in self._sources.items()
            if isinstance(source, Computed)
        }

    @cached_property
    def _said(self) -> Derivation:
        """What the form and the facts say of those facts, where silence means nothing."""
        facts, parts = self.basis.vocabulary.facts, self.basis.vocabulary.line_parts
        silent = {name: replace(fact, absent_means=None) for name, fact in facts.items()}
        day = self.ruleset.first_day
        return Derivation.over(self.basis, self._made_from, day, Vocabulary(silent, parts))


class _Bare(dict[str, "Value | None"]):
    """The values of facts without silence, each computed when it is read."""

    def __init__(
        self,
        computed: Mapping[str, Computed],
        left: Mapping[str, frozenset[bool | None]],
        unsaid: Mapping[str, set[str]],
        said: Facts,
        given: Facts,
        facts: Facts,
    ) -> None:
        super().__init__()
        self._computed, self._left, self._unsaid = computed, left, unsaid
        self._said, self._given, self._facts = said, given, facts

    def __missing__(self, name: str) -> Value | None:
        if name not in self._unsaid:
            value = self._facts.get(name)
        else:
            source, left = self._computed.get(name), self._left.get(name)
            if left:
                value = self._said.get(name)
                value = None if None in left or value in left else value
            elif source is not None:
                value = _computed(source, self)
                value = self._given.get(name) if value is None else value
            else:
                value = self._said.get(name)
        self[name] = value
        return value

    def get(self, name: str, default: object = None) -> Value | None:
        """As reading: conditions ask so."""
        return self[name]


def _computed(source: Computed, facts: Facts) -> Value | None:
    if source.condition is not None:
        return _AS_VALUE.get(truth_of(source.condition, facts))
    assert source.expression is not None
    found: Value | None = value_of(source.expression, facts)
    return found


def without_questions(condition: Condition) -> Condition:
    """The condition without tests whether a fact is known: each is unknown where the fact is."""
    match condition:
        case Test(fact, "is_known", _, right):
            there = Test(fact, "exists", FactRef(fact), right)
            return AnyOf((there, Not(there)))
        case Not(part):
            return Not(without_questions(part))
        case All(parts):
            return All(tuple(map(without_questions, parts)))
        case AnyOf(parts):
            return AnyOf(tuple(map(without_questions, parts)))
        case AtLeast(count, parts):
            return AtLeast(count, tuple(map(without_questions, parts)))
    return condition
