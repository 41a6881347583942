"""What the policies of a folder are read against, and the rules of theirs that were typed already.

A rule is typed once for each set of values of the parameters that it uses: a thousand overlays of one
base share its rules, and what `check` typed is what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

from payer_policy.core.canonical import digest
from payer_policy.core.ruleset import Condition, with_members
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import FactType
from payer_policy.language.sources import Source, behind, code_sets_of, sources_on
from payer_policy.policy.reference import ReferenceData


class Typed(NamedTuple):
    """A rule or a condition, typed, with what it names and reads.

    A rule's `overridden_by` is empty, and its code sets hold what they held on the day on which it
    was typed: both belong to one policy on one day.
    """

    made: Any
    """A `Rule`, a `Condition`, or whatever else its reader makes."""
    parameters: frozenset[str]
    code_sets: frozenset[str]
    reads: frozenset[str] = frozenset()


class _Known(NamedTuple):
    source: object
    """What was typed. Kept, so that nothing else gets its id."""
    names: tuple[str, ...]
    by_values: dict[tuple[Any, ...], Typed]


@dataclass(frozen=True)
class Basis:
    """Vocabulary, reference data, typed sources, and what was typed so far. Changed by nobody."""

    vocabulary: Vocabulary
    reference: ReferenceData
    known_codes: Mapping[str, frozenset[str]]
    """By system, the codes that a rule may name; no entry: any."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """By fact, where it comes from, typed; code sets hold what they held on some day."""
    line_parts: Mapping[str, Condition] = field(default_factory=dict)
    below: Basis | None = None
    """What this one is a variation of: what was typed for that is used here."""
    _typed: dict[int, _Known] = field(default_factory=dict, repr=False)
    _members: dict[date, Mapping[str, frozenset[str]]] = field(default_factory=dict, repr=False)
    _digests: dict[tuple[int, ...], tuple[tuple[object, ...], str]] = field(
        default_factory=dict, repr=False
    )
    _behind: dict[str, tuple[frozenset[str], frozenset[str]]] = field(
        default_factory=dict, repr=False
    )

    def __getstate__(self) -> dict[str, object]:
        """What was read from files; what was typed since is typed again."""
        return {
            "vocabulary": self.vocabulary,
            "reference": self.reference,
            "known_codes": self.known_codes,
            "sources": self.sources,
            "line_parts": self.line_parts,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        fresh: dict[str, object] = {
            "below": None,
            "_typed": {},
            "_members": {},
            "_digests": {},
            "_behind": {},
        }
        self.__dict__.update({**state, **fresh})

    def varied(self, vocabulary: Vocabulary | None, reference: ReferenceData | None) -> Basis:
        """The same with another vocabulary or other reference data; the types of facts must stay."""
        return replace(
            self,
            vocabulary=vocabulary or self.vocabulary,
            reference=reference or self.reference,
            below=self,
            _typed={},
            _members={},
            _digests={},
            _behind={},
        )

    @cached_property
    def types(self) -> Mapping[str, FactType]:
        return {name: fact.type for name, fact in self.vocabulary.facts.items()}

    def members_on(self, day: date) -> Mapping[str, frozenset[str]]:
        """What each code set holds on a day."""
        found = self._members.get(day)
        if found is None:
            found = self._members[day] = self.reference.members_on(day)
        return found

    def sources_on(self, needed: Iterable[str], day: date) -> dict[str, Source]:
        """Of some facts, and all facts behind them, those that have a source, as on a day."""
        return sources_on(self.sources, needed, self.members_on(day))

    def line_parts_on(self, day: date) -> dict[str, Condition]:
        """The conditions of the parts of a service's lines, as on a day."""
        members = self.members_on(day)
        return {name: with_members(part, members) for name, part in self.line_parts.items()}

    def behind(self, name: str) -> tuple[frozenset[str], frozenset[str]]:
        """The facts that a fact is made from (itself among them), and the code sets it asks about."""
        found = self._behind.get(name)
        if found is None:
            facts = frozenset(behind(self.sources, [name]))
            named = {
                one
                for fact in facts & self.sources.keys()
                for one in code_sets_of(self.sources[fact])
            }
            found = self._behind[name] = facts, frozenset(named)
        return found

    def digest_of(self, *values: object) -> str:
        """The SHA-256 (hex) of some values that are shared by many rulesets; worked out once."""
        key = tuple(map(id, values))
        found = self._digests.get(key)
        if found is None:
            found = self._digests[key] = values, digest(values)  # kept, so that no id is used again
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
        known = self._known(source)
        if known is not None:
            found = known.by_values.get(tuple([parameters.get(name) for name in known.names]))
            if found is not None:
                return found
        made, reported = make()
        if made is None or reported:
            return made
        if known is None or id(source) not in self._typed:
            known = self._typed[id(source)] = _Known(source, tuple(sorted(made.parameters)), {})
        known.by_values[tuple([parameters.get(name) for name in known.names])] = made
        return made

    def _known(self, source: object) -> _Known | None:
        basis: Basis | None = self
        while basis is not None:
            found = basis._typed.get(id(source))
            if found is not None:
                return found
            basis = basis.below
        return None
