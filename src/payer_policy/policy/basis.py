"""What the policies of a folder are read against, and the rules of theirs that were typed already.

A rule is typed once for each set of values of the parameters that it uses: a thousand overlays of one
base share its rules, and what `check` typed is what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from payer_policy.core.canonical import digest
from payer_policy.core.ruleset import Condition, with_members
from payer_policy.core.vocabulary.model import Fact, RecordType, Vocabulary, bounded_by
from payer_policy.core.vocabulary.types import FactType
from payer_policy.language import CodeSetMembers, Scope
from payer_policy.language.sources import Source, behind, bounds_of, code_sets_of, sources_on
from payer_policy.policy.reference.data import ReferenceData


class Typed(NamedTuple):
    """A rule or a condition, typed, with what it names and reads.

    A rule's `overridden_by` is empty, and its code sets have the members of the day on which it was
    typed: both belong to one policy on one day.
    """

    made: Any
    """A `Rule`, a `Condition`, or the parts of a statement."""
    parameters: frozenset[str]
    code_sets: frozenset[str]
    reads: frozenset[str]
    shows: frozenset[str] = frozenset()
    """Facts that it concludes or prints, beside those that it reads."""

    @property
    def names(self) -> frozenset[str]:
        """All facts that it names."""
        return self.reads | self.shows


class _Known(NamedTuple):
    """What one source was typed as."""

    source: object
    """Kept, so that nothing else gets its id."""
    typed: dict[tuple[tuple[str, ...], tuple[str, ...]], dict[tuple[Any, ...], Typed]]
    """By the parameters and the local facts that it named, then by what those are. A definition that
    a policy defines anew may name others, so one source can have named different ones."""


class _Cache:
    """What was worked out of a basis so far; a copy in another process starts empty."""

    def __init__(self) -> None:
        self.typed: dict[int, _Known] = {}
        self.members: dict[date, Mapping[str, frozenset[str]]] = {}
        self.code_sets: dict[date, Mapping[str, CodeSetMembers]] = {}
        self.digests: dict[tuple[int, ...], tuple[tuple[object, ...], str]] = {}
        self.behind: dict[str, tuple[frozenset[str], frozenset[str]]] = {}

    def shared(self) -> _Cache:
        """A cache for the same reference data and other facts: what depends on facts starts anew."""
        other = _Cache()
        other.typed, other.members, other.code_sets = self.typed, self.members, self.code_sets
        return other

    def __reduce__(self) -> tuple[type[_Cache], tuple[()]]:
        return _Cache, ()


@dataclass(frozen=True)
class Basis:
    """Vocabulary, reference data, typed sources, and what was typed so far. Immutable."""

    vocabulary: Vocabulary
    reference: ReferenceData
    known_codes: Mapping[str, frozenset[str]]
    """By system, the codes that a rule may name; no entry: any."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """By fact, where it comes from, typed; code sets have the members of some day."""
    line_parts: Mapping[str, Condition] = field(default_factory=dict)
    local: Mapping[str, object] = field(default_factory=dict)
    """The declarations of the facts that a policy and its bases declare, by name."""
    below: Basis | None = None
    """What this one is a variation of: what was typed for that is used here."""
    _cache: _Cache = field(default_factory=_Cache, repr=False)

    def with_changes(self, vocabulary: Vocabulary | None, reference: ReferenceData | None) -> Basis:
        """The same with another vocabulary or other reference data; the types of facts must stay."""
        return replace(
            self,
            vocabulary=vocabulary or self.vocabulary,
            reference=reference or self.reference,
            below=self,
            _cache=_Cache(),
        )

    def with_records(self, records: Mapping[str, RecordType]) -> Basis:
        """The same with the types of records that a policy and its bases declare."""
        if not records:
            return self
        known = {**self.vocabulary.records, **records}
        return replace(self, vocabulary=replace(self.vocabulary, records=known))

    def with_facts(self, facts: Mapping[str, Fact], declarations: Mapping[str, object]) -> Basis:
        """The same with the facts that a policy and its bases declare; their sources come next.

        Args:
            facts: The facts, by name.
            declarations: What each was read from: where that is the same, so is its type.
        """
        vocabulary = replace(self.vocabulary, facts={**self.vocabulary.facts, **facts})
        cache = self._cache.shared()
        return replace(self, vocabulary=vocabulary, local=declarations, _cache=cache)

    def with_sources(self, sources: Mapping[str, Source]) -> Basis:
        """The same with the sources of more facts."""
        made = {**self.sources, **sources, **bounds_of(self.vocabulary)}
        return replace(self, sources=made, _cache=self._cache.shared())

    @cached_property
    def types(self) -> Mapping[str, FactType]:
        """The type of each fact."""
        return {name: fact.type for name, fact in self.vocabulary.facts.items()}

    @cached_property
    def _bounded(self) -> frozenset[str]:
        """The facts that have a least and a most beside them."""
        return frozenset(str(bounded_by(name)) for name in self.vocabulary.bounds)

    def scope(self, day: date, **more: Any) -> Scope:
        """What a condition over facts may name, with the members of code sets on a day.

        Args:
            day: The day.
            more: Other fields of the scope, such as its parameters.
        """
        code_sets = self._cache.code_sets.get(day)
        if code_sets is None:
            members = self.members_on(day)
            code_sets = self._cache.code_sets[day] = {
                name: CodeSetMembers(code_set.system or None, members[name])
                for name, code_set in self.reference.code_sets.items()
            }
        fields = {
            "facts": self.types,
            "code_sets": code_sets,
            "known_codes": self._codes,
            "bounded": self._bounded,
            "units": self.vocabulary.units,
            "calendars": self.vocabulary.calendars,
            "categories": self.reference.categories,
            **more,
        }
        return Scope(self.types, **fields)

    def _codes(self, system: str) -> frozenset[str]:
        return self.known_codes.get(system, frozenset())

    def members_on(self, day: date) -> Mapping[str, frozenset[str]]:
        """The members of each code set on a day."""
        found = self._cache.members.get(day)
        if found is None:
            found = self._cache.members[day] = self.reference.members_on(day)
        return found

    def sources_on(self, needed: Iterable[str], day: date) -> dict[str, Source]:
        """The sources, as on a day, of some facts and of all facts behind them."""
        return sources_on(self.sources, needed, self.members_on(day))

    def line_parts_on(self, day: date) -> dict[str, Condition]:
        """The conditions of the parts of a service's lines, as on a day."""
        members = self.members_on(day)
        return {name: with_members(part, members) for name, part in self.line_parts.items()}

    def behind(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """The facts that a fact is made from (itself among them), and the code sets it asks about."""
        found = self._cache.behind.get(name)
        if found is None:
            facts = frozenset(behind(self.sources, [name]))
            named = {
                one
                for fact in facts & self.sources.keys()
                for one in code_sets_of(self.sources[fact])
            }
            found = self._cache.behind[name] = facts, frozenset(named)
        return found

    def digest_of(self, *values: object) -> str:
        """The SHA-256 (hex) of some values that are shared by many rulesets; worked out once."""
        key = tuple(map(id, values))
        found = self._cache.digests.get(key)
        if found is None:
            found = self._cache.digests[key] = (
                values,
                digest(values),
            )  # kept, so that no id is used again
        return found[1]

    def typed(
        self,
        source: object,
        parameters: Mapping[str, Any],
        make: Callable[[], tuple[Typed | None, bool]],
    ) -> Typed | None:
        """What a source was typed as with these parameters; typed by `make` where it never was.

        `make` also says whether it reported anything: then it is asked, and reports, every time.
        """
        for known in self._known(source):
            for (names, local), by_values in known.typed.items():
                found = by_values.get(self._key(names, local, parameters))
                if found is not None:
                    return found
        made, reported = make()
        if made is None or reported:
            return made
        known = self._cache.typed.setdefault(id(source), _Known(source, {}))
        names = tuple(sorted(made.parameters))
        local = tuple(sorted(made.names & self.local.keys()))
        by_values = known.typed.setdefault((names, local), {})
        by_values[self._key(names, local, parameters)] = made
        return made

    def _key(
        self, names: tuple[str, ...], local: tuple[str, ...], parameters: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        """Under which what was typed is found: values of parameters, and what local facts are."""
        declared = [id(self.local.get(name)) for name in local]
        return (*[parameters.get(name) for name in names], *declared)

    def _known(self, source: object) -> Iterator[_Known]:
        basis: Basis | None = self
        while basis is not None:
            found = basis._cache.typed.get(id(source))
            if found is not None:
                yield found
            basis = basis.below
