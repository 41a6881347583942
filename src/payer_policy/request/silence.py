"""The facts of a service that were not provided, and the values that rest on that.

A fact may have a value because silence means something (`absent_means`), because a condition asks
whether a fact is known, or because a fact over lines asks that of a line. Such a value may be another
one once more is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import All, AnyOf, AtLeast, Condition, FactRef, Not, Ruleset, Test
from payer_policy.core.semantics import Facts
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import Value
from payer_policy.language.sources import ORIGINAL, Computed, Source
from payer_policy.policy.basis import Basis
from payer_policy.policy.learning import Inputs, left_by_lines
from payer_policy.request.derive import AS_BOOLEAN, Context, Derivation, may_rest_on_silence


class Silence(NamedTuple):
    """The facts that a ruleset reads and that were not provided."""

    rests: frozenset[str]
    """The facts whose values rest on it."""
    unsaid: Mapping[str, frozenset[str]]
    """By fact, those behind it (itself among them) of which nothing was said, and by whose becoming
    known it may change."""


_Find = Callable[[Facts, Facts, frozenset[str], Facts], tuple[int, int]]
_KEPT: Final = 1024
"""Maximum number of silences kept ready, for a ruleset; they hold names of facts and no values."""


@dataclass(frozen=True, eq=False)
class Silences:
    """Finds what was not provided about services, for one ruleset; prepared when first needed."""

    basis: Basis
    ruleset: Ruleset

    def of(
        self,
        context: Context,
        given: Mapping[str, Value],
        facts: Facts,
        silent: frozenset[str] | None = None,
    ) -> Silence:
        """The silence about a service.

        Args:
            context: The service.
            given: The facts that were given beside the form.
            facts: Its facts as the rules read them.
            silent: Those that have the value that silence means (`Derivation.read`); None: to be
                found out.
        """
        if silent is None:
            *_, silent = self._derivation.read(context, given)
        said: Facts = {}
        if self._said is not None:  # what contradicts the form was refused before
            said, _ = self._said.facts(context, given)
        return self._named(*self._find(facts, given, silent, said))

    @cached_property
    def _named(self) -> Callable[[int, int], Silence]:
        """The silence that bits stand for: the facts not provided, and the values that rest on it."""
        made_from, reached = self._made_from, self._reached

        @lru_cache(maxsize=_KEPT)
        def named(not_provided: int, rests: int) -> Silence:
            unsaid: dict[str, set[str]] = {}
            for at, (name, made) in enumerate(made_from.items()):
                if not_provided >> at & 1:
                    for other in made:
                        unsaid.setdefault(other, set()).add(name)
            return Silence(
                frozenset([name for at, name in enumerate(reached) if rests >> at & 1]),
                {name: frozenset(behind) for name, behind in unsaid.items()},
            )

        return named

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
        inputs = Inputs(self.ruleset, self.basis.vocabulary.facts, self._sources)
        behind = {name: inputs.inputs(name) for name in self._needed}
        return {
            one: tuple(name for name in self._needed if one in behind[name])
            for one in sorted(inputs.resting_on())
        }

    @cached_property
    def _reached(self) -> tuple[str, ...]:
        """The facts whose values may rest on silence."""
        return tuple(dict.fromkeys(name for made in self._made_from.values() for name in made))

    @cached_property
    def _derivation(self) -> Derivation:
        return Derivation.over(self.basis, self.ruleset.facts, self.ruleset.first_day)

    @cached_property
    def _said(self) -> Derivation | None:
        """What the form and the facts say of those facts that silence has a part in even where they
        are stated, where it means nothing; None: there are none."""
        vocabulary = self.basis.vocabulary
        mixed = [name for name in self._made_from if _mixed(name, self._sources, vocabulary)]
        if not mixed:
            return None
        silent = {name: replace(fact, absent_means=None) for name, fact in vocabulary.facts.items()}
        unsaid = replace(vocabulary, facts=silent)
        return Derivation.over(self.basis, mixed, self.ruleset.first_day, unsaid)

    @cached_property
    def _find(self) -> _Find:
        return _Writer(self.basis.vocabulary, self._sources, self._made_from, self._reached).find()


def _mixed(name: str, sources: Mapping[str, Source], vocabulary: Vocabulary) -> bool:
    """Whether a fact that was not provided may have another value than the one its silence means."""
    original = sources.get(name) == ORIGINAL and vocabulary.facts[name].absent_means is not None
    return original or may_rest_on_silence(name, sources, vocabulary)


class _Writer(SourceWriter):
    """Writes the function that finds, as bits, the facts that were not provided, and the values that
    rest on that: those that are not known once all that was not provided is left out."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        sources: Mapping[str, Source],
        made_from: Mapping[str, tuple[str, ...]],
        reached: tuple[str, ...],
    ) -> None:
        none = frozenset(name for name, fact in vocabulary.facts.items() if fact.type.can_be_none)
        super().__init__(self._bare, none)
        self._vocabulary, self._sources = vocabulary, sources
        self._made_from, self._reached = made_from, reached
        self._bare_variables: dict[str, str] = {}
        self._unsaid: dict[str, str] = {}
        """Variables that are true where a fact was not provided."""
        self.namespace["BOOLEAN"] = AS_BOOLEAN

    def find(self) -> _Find:
        """The function."""
        for at, name in enumerate(self._made_from):
            key, fact = self.constant(name), self._vocabulary.facts[name]
            if _mixed(name, self._sources, self._vocabulary):
                unsaid = f"said.get({key}) is None"
            elif fact.absent_means is not None:
                unsaid = f"{key} in silent"
            else:
                unsaid = f"get({key}) is None"
            variable = self._unsaid[name] = self.assign("u", unsaid)
            # A fact over lines that asks what is known of a line may change whatever was provided.
            if left_by_lines(self._sources.get(name)):
                self.lines.append(f"not_provided |= {1 << at}")
            else:
                self.lines.append(f"if {variable}: not_provided |= {1 << at}")
        for at, name in enumerate(self._reached):
            bare, value = self._bare(name), self._value_of(name)
            self.lines.append(f"if {bare} is None and {value} is not None: rests |= {1 << at}")
        body = [
            "get, given_get = facts.get, given.get",
            "not_provided = rests = 0",
            *self.lines,
            "return not_provided, rests",
        ]
        return self.function("find", "facts, given, silent, said", body)

    def _value_of(self, name: str) -> str:
        return self.shared("f", f"get({self.constant(name)})")

    def _bare(self, name: str) -> str:
        """A variable with the value of a fact without all that was not provided."""
        if name not in self._bare_variables:
            self._bare_variables[name] = self._worked_out(name)
        return self._bare_variables[name]

    def _worked_out(self, name: str) -> str:
        value = self._value_of(name)
        if name not in self._reached:
            return value
        source, unsaid = self._sources.get(name), self._unsaid.get(name)
        if left := left_by_lines(source):
            if None in left:
                return self.assign("b", "None")
            if _mixed(name, self._sources, self._vocabulary):
                value = self.assign("w", f"said.get({self.constant(name)})")
            lost = f"{unsaid} or {value} in {self.constant(left)}"
            return self.assign("b", f"None if {lost} else {value}")
        if not isinstance(source, Computed):
            return self.assign("b", f"None if {unsaid} else {value}")
        if source.condition is not None:
            found = f"BOOLEAN[{self.condition(without_questions(source.condition))}]"
        else:
            assert source.expression is not None
            found = self.expression(source.expression)
        found = self.assign("w", found)
        behind = [
            "True" if left_by_lines(self._sources.get(one)) else self._unsaid[one]
            for one, made in self._made_from.items()
            if name in made
        ]
        bare = f"given_get({self.constant(name)}) if {found} is None else {found}"
        return self.assign("b", f"({bare}) if {' or '.join(behind)} else {value}")


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
