"""A policy typed once, and the rulesets of the runs of dates on which its meaning is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Final, NamedTuple

from payer_policy.core.ruleset import (
    Conclude,
    Condition,
    DerivedFact,
    FindingEffect,
    Parameter,
    Reason,
    Reference,
    Rule,
    Ruleset,
    code_sets_in,
    effect_with_members,
    facts_in_condition,
    facts_read,
    with_members,
)
from payer_policy.core.tables import Table
from payer_policy.core.vocabulary.model import Fact, Role
from payer_policy.core.vocabulary.types import Value
from payer_policy.core.vocabulary.units import DRUG_AMOUNT, Unit, counted_in
from payer_policy.language import ParameterValue
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.days import day_before
from payer_policy.policy.hashing import part_hashes, whole
from payer_policy.policy.order import evaluation_order
from payer_policy.policy.versions import Merged

COVERED: Final[Role] = "preauthorization satisfied"
NEEDED: Final[Role] = "preauthorization needed"


class Window(NamedTuple):
    """Days on which one elaborated policy has one meaning; both ends included."""

    elaboration: Elaboration
    first_day: date
    last_day: date | None


@dataclass(frozen=True)
class Elaboration:
    """A merged policy whose rules and `applies_to` are typed."""

    merged: Merged
    basis: Basis
    parameters: Mapping[str, ParameterValue]
    applies_to: Typed
    rules: Mapping[str, Typed]
    tables: Mapping[str, Table] = field(default_factory=dict)
    amount: Unit | None = None
    """A unit of what all its drugs are measured by; None: by several, or nothing says it."""

    def windows(self) -> Iterator[Window]:
        """The span of the merged policy, cut where its meaning changes and nowhere else.

        It changes with the rules in force, and with the members of the code sets that the policy or
        a fact behind its rules asks about.
        """
        start, meaning = None, None
        for day in self.merged.starts(self._changes_of_code_sets()):
            here = self._meaning_on(day)
            if start is not None and here != meaning:
                yield Window(self, start, day_before(day))
            if start is None or here != meaning:
                start, meaning = day, here
        assert start is not None
        yield Window(self, start, self.merged.last_day)

    def _changes_of_code_sets(self) -> Iterator[date]:
        for name in self._code_sets:
            for entry in self.basis.reference.code_sets[name].codes:
                yield from entry.changes()

    def _meaning_on(self, day: date) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
        members = self.basis.members_on(day)
        sets = tuple([members[name] for name in self._code_sets])
        return frozenset(self.merged.rules_on(day)), sets

    @cached_property
    def _code_sets(self) -> tuple[str, ...]:
        """The code sets that the policy asks about, or a fact that it reads is made with."""
        named = set(self.applies_to.code_sets).union(
            *(one.code_sets for one in self.rules.values())
        )
        for name in self.applies_to.reads.union(*(one.names for one in self.rules.values())):
            named |= self.basis.behind(name)[1]
        for part in self.basis.line_parts.values():
            named.update(code_sets_in(part))
        return tuple(sorted(named))

    def ruleset(self, first_day: date, last_day: date | None, *, hashed: bool) -> Ruleset:
        """The ruleset of a window; `hashed`: with its hash, which most of the time here is for."""
        members = self.basis.members_on(first_day)
        ordered = self._ordered(first_day, members)
        applies_to = with_members(self.applies_to.made, members)
        merged, vocabulary = self.merged, self.basis.vocabulary
        silences = merged.silenced
        covered_by = vocabulary.telling(COVERED) if silences else None
        derived = self._derived(ordered, covered_by)
        needed_by = vocabulary.telling(NEEDED)
        read = self._read(ordered, applies_to, derived)
        request = merged.information_request
        made = Ruleset(
            policy=merged.version.address,
            version=merged.version.first_day.isoformat(),
            title=merged.version.title,
            first_day=first_day,
            last_day=last_day,
            applies_to=applies_to,
            rules=ordered,
            derived=derived,
            facts={name: self._shown(f) for name, f in vocabulary.tested.items() if name in read},
            line_parts={name: part.label for name, part in vocabulary.line_parts.items()},
            parameters={
                name: Parameter(
                    name,
                    one.value,
                    one.type.unit,
                    tuple(merged.parameters[name].model.cites),
                    merged.parameters[name].model.note,
                )
                for name, one in sorted(self.parameters.items())
            },
            references={
                id_: Reference(id_, source.title, source.href, source.note)
                for id_, source in sorted(merged.references.items())
            },
            information_request=(
                Reason(request.group, request.carc, tuple(request.rarc)) if request else None
            ),
            hash="",
            follows={
                name: part.follows
                for name, part in vocabulary.line_parts.items()
                if part.follows is not None
            },
            sections=merged.sections,
            silences=silences,
            covered_by=covered_by,
            needed_by=needed_by if needed_by in derived else None,
            spans=merged.spans,
            ask_first=() if merged.ask_first is None else tuple(merged.ask_first.model),
            tables={
                name: table.with_members(members) for name, table in sorted(self.tables.items())
            },
        )
        if not hashed:
            return made
        parts = part_hashes(made, self.basis, first_day)
        return replace(made, hash=whole(parts), parts=parts)

    def _ordered(self, day: date, members: Mapping[str, frozenset[str]]) -> tuple[Rule, ...]:
        rules = {rule.id: rule for rule in self._rules_on(day, members)}
        reads = {id_: self.rules[id_].reads for id_ in rules}
        return tuple([rules[id_] for id_ in evaluation_order(rules, reads)])

    def _shown(self, fact: Fact) -> Fact:
        """The fact as it is shown: amounts of the drug in units of what that is measured by."""
        amount, unit = self.amount, fact.type.unit
        if amount is None or unit is None or DRUG_AMOUNT not in unit:
            return fact
        counted = counted_in(amount)
        shown = None
        if counted != amount.name:
            shown = (unit.replace(DRUG_AMOUNT, amount.name), 1 / amount.size)
        type_ = replace(fact.type, unit=unit.replace(DRUG_AMOUNT, counted), shown_in=shown)
        return replace(fact, type=type_)

    def _rules_on(self, day: date, members: Mapping[str, frozenset[str]]) -> Iterator[Rule]:
        in_force = self.merged.rules_on(day)
        blockers: dict[str, list[str]] = {}
        for other in in_force:
            for id_ in self.merged.overrides[other]:
                blockers.setdefault(id_, []).append(other)
        for id_ in in_force:
            rule: Rule = self.rules[id_].made
            condition: Condition = with_members(rule.condition, members)
            effect = rule.effect
            if isinstance(effect, FindingEffect):
                effect = effect_with_members(effect, members)
            overridden_by = tuple(sorted(blockers.get(id_, ())))
            if condition is not rule.condition or effect is not rule.effect or overridden_by:
                rule = replace(
                    rule, condition=condition, effect=effect, overridden_by=overridden_by
                )
            yield rule

    def _derived(self, rules: tuple[Rule, ...], covered_by: str | None) -> dict[str, DerivedFact]:
        concluded: dict[str, list[tuple[int, Value]]] = {}
        for index, rule in enumerate(rules):
            if isinstance(rule.effect, Conclude):
                for name, value in rule.effect.values:
                    concluded.setdefault(name, []).append((index, value))
        read = {covered_by, *(name for rule in rules for name in facts_read(rule))}
        return {
            name: DerivedFact(name, fact.otherwise, tuple(concluded.get(name, ())))
            for name, fact in self.basis.vocabulary.facts.items()
            if fact.derived and (name in concluded or name in read)
        }

    def _read(
        self, rules: tuple[Rule, ...], applies_to: Condition, derived: Mapping[str, DerivedFact]
    ) -> frozenset[str]:
        """The facts that are concluded, read or shown, and those that they are made from."""
        names = {*derived, *facts_in_condition(applies_to)}
        for rule in rules:
            names.update(facts_read(rule))
            if isinstance(rule.effect, FindingEffect):
                names.update(rule.effect.because.facts)
        return frozenset().union(*(self.basis.behind(name)[0] for name in names))


def alike(one: Ruleset, other: Ruleset) -> bool:
    """Whether two rulesets mean and print the same, whatever files their rules come from."""
    return _without_places(one) == _without_places(other)


def _without_places(ruleset: Ruleset) -> Ruleset:
    rules = tuple([replace(rule, origin="") for rule in ruleset.rules])
    return replace(ruleset, rules=rules, first_day=date.min, last_day=None)
