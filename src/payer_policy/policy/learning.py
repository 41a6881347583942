"""What may flip when more becomes known about a request: two bits of each rule.

Kleene's logic is monotone: learning a fact settles tests and flips none. Three things are not monotone:
a test whether a fact is known, a meaning of silence, and a rule that is assumed not to apply
(`if_unknown`). Whatever reads those may *rise* (it was known to fail, and is no longer) or *fall*
(it was known to hold, and is no longer). `not` and `overrides` swap the two.

Each bit is kept as the set of facts that flip it, so that a message can name them and a proof has to
vary nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    FindingEffect,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_expression,
    facts_in_test,
    tests_in,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.outcome import CARC, DECISION, GROUP, OUTCOME, RARC, RULE
from payer_policy.core.vocabulary.types import Value
from payer_policy.language.sources import Aggregate, Cases, Computed, Source, facts_of

Names = frozenset[str]
_NONE: Final[Names] = frozenset()
_GROWING: Final = ("includes", "includes_any", "includes_all")
"""Tests of a set of codes that hold all the more when the set grows."""


@dataclass(frozen=True, slots=True)
class Turns:
    """The facts that may flip a condition or a rule when they become known."""

    rises: Names = _NONE
    """By these it may cease to be known to fail."""
    falls: Names = _NONE
    """By these it may cease to be known to hold."""

    @property
    def may_rise(self) -> bool:
        return bool(self.rises)

    @property
    def may_fall(self) -> bool:
        return bool(self.falls)

    @property
    def swapped(self) -> Turns:
        return Turns(self.falls, self.rises)

    def __or__(self, other: Turns) -> Turns:
        return Turns(self.rises | other.rises, self.falls | other.falls)


STEADY: Final = Turns()
"""Nothing that becomes known flips it."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """The facts that may make another fact lose a value that it had."""

    any_value: Names = _NONE
    by_value: Mapping[Value, Names] = field(default_factory=dict)
    """Beside those, by the value that is lost."""
    unknown: Names = _NONE
    """By these it may become unknown."""

    @property
    def all_of_them(self) -> Names:
        return self.any_value.union(self.unknown, *self.by_value.values())


class Inputs:
    """From which facts of a request the facts and the rules of a ruleset are settled.

    Args:
        ruleset: Its rules are in order: each after the rules that it needs.
        facts: The vocabulary's declarations, by name.
        sources: Where facts come from in a request; those left out are supplied.
    """

    def __init__(
        self, ruleset: Ruleset, facts: Mapping[str, Fact], sources: Mapping[str, Source]
    ) -> None:
        self._ruleset, self._facts, self._sources = ruleset, facts, sources
        self._inputs: dict[str, Names] = {}
        self._at = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        self.inputs_of: list[Names] = []
        """Of each rule, the facts of the request from which it is settled, and its amount."""
        for rule in ruleset.rules:
            self.inputs_of.append(self._inputs_of(rule))

    def inputs(self, name: str) -> Names:
        """The facts of the request from which a fact is known, itself among them."""
        found = self._inputs.get(name)
        if found is None:
            self._inputs[name] = frozenset({name})  # a circle is reported elsewhere
            derived = self._ruleset.derived.get(name)
            if derived is not None:
                found = _NONE.union(*(self.inputs_of[index] for index, _ in derived.concluded_by))
            elif name in self._facts and self._facts[name].derived:
                found = _NONE
            else:
                source = self._sources.get(name)
                read = facts_of(source) if isinstance(source, Computed) else ()
                found = frozenset({name}).union(*map(self.inputs, read))
            self._inputs[name] = found
        return found

    def _inputs_of(self, rule: Rule) -> Names:
        read = {name for test in tests_in(rule.condition) for name in facts_in_test(test)}
        if isinstance(rule.effect, FindingEffect):
            read |= {name for one in rule.effect.amounts() for name in facts_in_expression(one)}
        blockers = [self.inputs_of[self._at[id_]] for id_ in rule.overridden_by]
        return _NONE.union(*map(self.inputs, read), *blockers)

    def resting_on(self) -> Names:
        """The facts of the request whose absence a rule may depend on."""
        read = _NONE.union(*self.inputs_of)
        conditions = [rule.condition for rule in self._ruleset.rules]
        for name in read:
            source = self._sources.get(name)
            if isinstance(source, Computed) and source.condition is not None:
                conditions.append(source.condition)
        asked = {
            test.fact
            for condition in conditions
            for test in tests_in(condition)
            if test.operator == "is_known"
        }
        silent = {
            name
            for name in read
            if (fact := self._facts.get(name)) is not None and fact.absent_means is not None
        }
        over_lines = {name for name in read if left_by_lines(self._sources.get(name))}
        return (read & _NONE.union(*map(self.inputs, asked))) | silent | over_lines


class Learning(Inputs):
    """What may flip in a ruleset, rule by rule and fact by fact."""

    def __init__(
        self, ruleset: Ruleset, facts: Mapping[str, Fact], sources: Mapping[str, Source]
    ) -> None:
        super().__init__(ruleset, facts, sources)
        self._leaves: dict[str, Leaves] = {}
        self.own: list[Turns] = []
        """Of each rule, before `if_unknown`: what a rule that it overrides depends on."""
        self.rules: list[Turns] = []
        """Of each rule, as the decision sees it."""
        for rule, inputs in zip(ruleset.rules, self.inputs_of, strict=True):
            turns = self.condition(rule.condition)
            for blocker in rule.overridden_by:
                turns |= self.own[self._at[blocker]].swapped
            self.own.append(turns)
            if rule.assume_not_holding:
                turns |= Turns(rises=inputs)
            self.rules.append(turns)

    # --- facts -----------------------------------------------------------------------------------

    def leaves(self, name: str) -> Leaves:
        """What may make a fact lose a value that it had."""
        found = self._leaves.get(name)
        if found is None:
            found = self._leaves[name] = self._of_fact(name)
        return found

    def _of_fact(self, name: str) -> Leaves:
        if name == DECISION:
            return self._of_decision()
        if name in OUTCOME:
            return Leaves(any_value=self._everything())
        if name in self._ruleset.derived:
            return self._of_derived(name)
        fact = self._facts.get(name)
        found = self._of_source(name, self._sources.get(name))
        if fact is None or fact.absent_means is None:
            return found
        # Silence ends as soon as the fact, or what it is computed from, becomes known.
        silent = {fact.absent_means: self.inputs(name)}
        # Where it would become unknown, it falls back to what silence means.
        return Leaves(found.any_value, _merged(found.by_value, silent))

    def _of_source(self, name: str, source: Source | None) -> Leaves:
        match source:
            case Computed(_, condition) if condition is not None:
                turns = self.condition(condition)
                return Leaves(
                    by_value={True: turns.falls, False: turns.rises},
                    unknown=turns.falls | turns.rises,
                )
            case Computed() | Aggregate() | Cases():
                changed = _NONE.union(
                    *(self.leaves(other).all_of_them for other in facts_of(source))
                )
                own = {value: frozenset({name}) for value in left_by_lines(source)}
                if None in own:
                    changed |= {name}
                return Leaves(changed, {v: n for v, n in own.items() if v is not None}, changed)
        return Leaves()

    def _of_derived(self, name: str) -> Leaves:
        fact = self._ruleset.derived[name]
        concluded = [(self.own[index], value) for index, value in fact.concluded_by]
        out: dict[Value, Names] = {}
        values = {value for _, value in concluded}
        for value in (values | {fact.otherwise}) if fact.otherwise is not None else values:
            own = [turns.falls for turns, given in concluded if given == value]
            rivals = [turns.rises for turns, given in concluded if given != value]
            out[value] = _NONE.union(*own, *rivals)
        return Leaves(by_value=out, unknown=_NONE.union(*out.values()))

    # --- conditions ------------------------------------------------------------------------------

    def condition(self, condition: Condition) -> Turns:
        """The facts that may flip a condition."""
        match condition:
            case Test():
                return self._test(condition)
            case Not(part):
                return self.condition(part).swapped
            case All(parts) | AnyOf(parts) | AtLeast(_, parts):
                out = STEADY
                for part in parts:
                    out |= self.condition(part)
                return out

    def _test(self, test: Test) -> Turns:
        if test.operator == "is_known":
            return self._asked(test)
        if test.fact in _REASONS and test.operator in _GROWING:
            return Turns(self._everything(), self._reason_lost(test))
        left = self.leaves(test.fact)
        right = _NONE.union(
            *(
                self.leaves(name).all_of_them
                for side in test.right
                for name in facts_in_expression(side)
            )
        )
        if any(not isinstance(side, Constant) for side in test.right):
            both = left.all_of_them | right
            return Turns(both, both)
        out = Turns(left.any_value, left.any_value)
        for value, names in left.by_value.items():
            # A test that comes out alike on whatever follows is rare; one that holds may fall.
            truth = truth_of(test, {test.fact: value})
            out |= Turns(names if truth == FAILS else _NONE, names if truth == HOLDS else _NONE)
        return out

    def _asked(self, test: Test) -> Turns:
        (flag,) = test.right
        fact = self._facts.get(test.fact)
        if test.fact in OUTCOME or (fact is not None and fact.absent_means is not None):
            return STEADY  # always known
        turns = Turns(self.inputs(test.fact), self.leaves(test.fact).unknown)
        return turns if flag == Constant(True) else turns.swapped

    # --- the decision ----------------------------------------------------------------------------

    def _everything(self) -> Names:
        return _NONE.union(*self.inputs_of)

    def _of_decision(self) -> Leaves:
        needed_by = self._ruleset.needed_by
        approve = deny = _NONE if needed_by is None else self.leaves(needed_by).all_of_them
        for rule, turns in zip(self._ruleset.rules, self.rules, strict=True):
            match rule.effect:
                case FindingEffect("deny"):
                    approve |= turns.rises
                    deny |= turns.falls
                case FindingEffect("pend"):
                    approve |= turns.rises
                case FindingEffect("reduce", to=amount):
                    approve |= turns.rises
                    for name in facts_in_expression(amount) if amount is not None else ():
                        approve |= self.leaves(name).all_of_them
                case FindingEffect("certify") as effect:
                    read = {name for one in effect.amounts() for name in facts_in_expression(one)}
                    both = turns.rises | turns.falls
                    both = both.union(*(self.leaves(name).all_of_them for name in read))
                    approve, deny = approve | both, deny | both
        everything = self._everything()
        return Leaves(
            by_value={
                "approve": approve, "deny": deny, "pend": everything, "partial": everything,
                "not_required": everything,
            }
        )  # fmt: skip

    def _reason_lost(self, test: Test) -> Names:
        """The facts by which a reason that a test looks for may be found no longer."""
        wanted: set[object] = set()
        for side in test.right:
            if isinstance(side, Constant):
                wanted |= side.value if isinstance(side.value, frozenset) else {side.value}
        out = _NONE
        for rule, turns in zip(self._ruleset.rules, self.rules, strict=True):
            effect = rule.effect
            if not isinstance(effect, FindingEffect) or effect.kind in ("certify", "advise"):
                continue
            reason = effect.reason
            said: Mapping[str, set[object]] = {
                GROUP: {reason.group},
                CARC: {reason.carc},
                RARC: set(reason.rarcs),
                RULE: {rule.id},
            }
            if wanted & said[test.fact]:
                # A reduction is a reason no longer where something denies all the same.
                out |= turns.falls if effect.kind != "reduce" else self._everything()
        return out


_REASONS: Final = (GROUP, CARC, RARC, RULE)


def asks_whether_known(condition: Condition) -> bool:
    """Whether some test of a condition asks if a fact is known."""
    return any(test.operator == "is_known" for test in tests_in(condition))


def left_by_lines(source: Source | None) -> frozenset[bool | None]:
    """The values that a fact over lines may lose when more is known of a line; None: any value.

    Only where it asks whether something is known of a line (an NDC, a number).
    """
    match source:
        case Aggregate(_, where, "any" | "all", _, condition) if condition is not None:
            if where is not None and asks_whether_known(where):
                return frozenset({None})
            flags = {test.right for test in tests_in(condition) if test.operator == "is_known"}
            if flags and not isinstance(condition, Test):
                return frozenset({None})
            # Once something is known of a line, it stays so.
            return frozenset(flag[0] != Constant(True) for flag in flags)
        case Aggregate(_, where):
            asked = where is not None and asks_whether_known(where)
        case Cases(_, cases):
            asked = any(asks_whether_known(condition) for condition, _ in cases)
        case _:
            asked = False
    return frozenset({None}) if asked else frozenset()


def _merged(one: Mapping[Value, Names], other: Mapping[Value, Names]) -> dict[Value, Names]:
    return {
        value: one.get(value, _NONE) | other.get(value, _NONE)
        for value in dict.fromkeys([*one, *other])
    }
