"""What a decision rests on that nobody said, worked out from a record a second time.

The rules once more, without the facts that rest on silence and without tests whether a fact is known.
What comes out otherwise rests on what was not said of the facts behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from payer_policy.audit.checker.values import OPPOSITE, at_least, plain, truth_of
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_expression,
    facts_in_test,
    tests_in,
)
from payer_policy.core.sealed import at, names

Names = frozenset[str]


def stated(was: Any, inputs: Collection[str]) -> dict[str, Any] | None:
    """What a record states that nobody said, as it should be written; None: all was said."""
    if at(was, "silence") is None:
        return None
    rests = {*names(was, "silence", "rests")} & {*inputs} & {*names(was, "facts")}
    unsaid = {
        name: sorted({*names(was, "silence", "unsaid", name)} & {*inputs})
        for name in sorted({*names(was, "silence", "unsaid")} & {*inputs})
    }
    return {"rests": sorted(rests), "unsaid": unsaid}


def facts_assumed(
    ruleset: Ruleset,
    facts: Mapping[str, Any],
    silence: Mapping[str, Any] | None,
    truths: Mapping[str, str],
    covered: Any,
    parts: Collection[str] | None,
    denied: bool,
) -> list[str]:
    """The facts of which nobody said anything, on which a decision rests.

    Args:
        ruleset: That decided.
        facts: What was known, conclusions aside.
        silence: What nobody said of them (`stated`).
        truths: Of the rules, as they were decided by.
        covered: Whether an authorization covers the service.
        parts: Those of which the service has lines; None: every rule falls on it.
        denied: Whether something denies; then only that counts.
    """
    if silence is None:
        unsaid = {
            name: [name]
            for rule in ruleset.rules
            for test in tests_in(rule.condition)
            for name in facts_in_test(test)
            if test.operator == "is_known" and facts.get(name) is None
        }
        silence = {"rests": [], "unsaid": unsaid}
    bare = Bare(ruleset, {one: v for one, v in facts.items() if one not in silence["rests"]})
    resting = bare.resting(truths, covered, parts, denied)
    return sorted({one for name in resting for one in silence["unsaid"].get(name, ())})


class Bare:
    """The truths of the rules with nothing made of what is not known."""

    def __init__(self, ruleset: Ruleset, facts: Mapping[str, Any]) -> None:
        self.ruleset = ruleset
        self.known: dict[str, Any] = dict(facts)
        self.truths: dict[str, str] = {}
        self._behind: dict[str, Names] = {}
        last = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }
        for name in [name for name, index in last.items() if index < 0]:
            self._derived(name)
        for place, rule in enumerate(ruleset.rules):
            self._rule(rule)
            for name in [name for name, index in last.items() if index == place]:
                self._derived(name)

    def _rule(self, rule: Rule) -> None:
        others = [OPPOSITE[self.truths[one]] for one in rule.overridden_by if one in self.truths]
        parts = [self._condition(rule.condition), *others]
        self.truths[rule.id] = at_least(len(parts), parts)

    def _derived(self, name: str) -> None:
        fact, rules = self.ruleset.derived[name], self.ruleset.rules
        by = [(self.truths[rules[index].id], value) for index, value in fact.concluded_by]
        holding = {value for truth, value in by if truth == "holds"}
        settled = holding == {value for truth, value in by if truth != "fails"}
        known = settled and len(holding) < 2
        self.known[name] = plain([*holding, fact.otherwise][0]) if known else None

    def _condition(self, whole: Condition) -> str:
        match whole:
            case Test(operator="is_known"):
                unknown = any(self.known.get(name) is None for name in facts_in_test(whole))
                return "unknown" if unknown else truth_of(whole, self.known)
            case Test():
                return truth_of(whole, self.known)
            case Not(part):
                return OPPOSITE[self._condition(part)]
            case All(parts):
                count = len(parts)
            case AnyOf(parts):
                count = 1
            case AtLeast(count, parts):
                pass
        return at_least(count, [self._condition(part) for part in parts])

    def resting(
        self,
        truths: Mapping[str, str],
        covered: Any,
        parts: Collection[str] | None,
        denied: bool,
    ) -> Iterator[str]:
        """The facts behind what would not be settled in the same way without silence."""
        cover, silenced = self.ruleset.covered_by, self.ruleset.silences
        turned = cover is not None and covered is not None and self.known.get(cover) is None
        for rule in self.ruleset.rules:
            kind, truth = getattr(rule.effect, "kind", None), truths[rule.id]
            if kind in (None, "advise") or truth == "unknown":
                continue
            part = getattr(rule.effect, "part", None)
            if part is not None and parts is not None and part not in parts:
                continue
            if denied and (kind, truth) != ("deny", "holds"):
                continue
            if self.truths[rule.id] != truth:
                yield from self.behind_rule(rule)
            if turned and cover is not None and truth == "holds" and rule.section in silenced:
                yield from self._behind_fact(cover)

    def behind_rule(self, rule: Rule) -> Names:
        """The facts from which a rule is settled, through conclusions and overrides."""
        found = self._behind.get(rule.id)
        if found is None:
            read = {name for test in tests_in(rule.condition) for name in facts_in_test(test)}
            to = getattr(rule.effect, "to", None)
            read |= set() if to is None else set(facts_in_expression(to))
            others = {one.id: one for one in self.ruleset.rules}
            parts = [self._behind_fact(name) for name in read]
            parts += [self.behind_rule(others[one]) for one in rule.overridden_by if one in others]
            found = self._behind[rule.id] = Names().union(*parts)
        return found

    def _behind_fact(self, name: str) -> Names:
        fact = self.ruleset.derived.get(name)
        if fact is None:
            return Names({name})
        rules = [self.ruleset.rules[index] for index, _ in fact.concluded_by]
        return Names().union(*[self.behind_rule(rule) for rule in rules])
