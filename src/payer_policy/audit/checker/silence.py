"""The missing statements that a decision rests on, computed from a record a second time.

The rules once more, without the facts that rest on silence and without tests whether a fact is known.
What comes out otherwise rests on what was not said of the facts behind it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from payer_policy.audit.checker.values import (
    OPPOSITE,
    at_least,
    concluded,
    in_order,
    judged,
    truth_of,
)
from payer_policy.core.ruleset import (
    FindingEffect,
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
    """What a record lists as not stated, as it should be written; None: everything was stated."""
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
    asks: bool,
    needed: bool | None,
) -> list[str]:
    """The facts on which a decision rests although nothing was stated about them.

    Args:
        ruleset: That decided.
        facts: What was known, conclusions aside.
        silence: What was not stated about them (`stated`).
        truths: Of the rules, as they were decided by.
        covered: Whether an authorization covers the service.
        parts: Those of which the service has lines; None: every rule falls on it.
        denied: Whether something denies; then only that counts.
        asks: Whether it is asked beforehand.
        needed: Whether preauthorization is needed; None: not asked, or not known.
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
    resting = [] if needed is None else [*bare.on_need()]
    if needed is not False:
        resting += bare.resting(truths, covered, parts, denied, asks)
    return sorted({one for name in resting for one in silence["unsaid"].get(name, ())})


class Bare:
    """The truths of the rules where an unknown fact makes no test true."""

    def __init__(self, ruleset: Ruleset, facts: Mapping[str, Any]) -> None:
        self.ruleset = ruleset
        self.known: dict[str, Any] = dict(facts)
        self.truths: dict[str, str] = {}
        self._behind: dict[str, Names] = {}
        for one in in_order(ruleset):
            if isinstance(one, str):
                self.known[one], _ = concluded(ruleset, one, self.truths)
            else:
                others = [self.truths[id_] for id_ in one.overridden_by if id_ in self.truths]
                parts = [judged(one.condition, self._judge)[0], *(OPPOSITE[id_] for id_ in others)]
                self.truths[one.id] = at_least(len(parts), parts)

    def _judge(self, test: Test, _: str) -> str:
        unknown = any(self.known.get(name) is None for name in facts_in_test(test))
        return "unknown" if unknown and test.operator == "is_known" else truth_of(test, self.known)

    def resting(
        self,
        truths: Mapping[str, str],
        covered: Any,
        parts: Collection[str] | None,
        denied: bool,
        asks: bool,
    ) -> Iterator[str]:
        """The facts behind the rules that would come out differently without conclusions from silence."""
        cover, silenced = self.ruleset.covered_by, self.ruleset.silences
        turned = cover is not None and covered is not None and self.known.get(cover) is None
        for rule in self.ruleset.rules:
            kind, truth = getattr(rule.effect, "kind", None), truths[rule.id]
            if kind in (None, "advise") or truth == "unknown" or (kind == "certify" and not asks):
                continue
            part = getattr(rule.effect, "part", None)
            if part is not None and parts is not None and part not in parts:
                continue
            if denied and (kind, truth) != ("deny", "holds"):
                continue
            if self.truths[rule.id] != truth:
                yield from self.behind_rule(rule)
            silent = rule.section in silenced and kind != "certify"
            if turned and cover is not None and truth == "holds" and silent:
                yield from self._behind_fact(cover)

    def on_need(self) -> Iterator[str]:
        """The facts by which it is known whether preauthorization is needed, if silence settles it."""
        by = self.ruleset.needed_by
        if by is not None and self.known.get(by) is None:
            yield from self._behind_fact(by)

    def behind_rule(self, rule: Rule) -> Names:
        """The facts that settle a rule, through conclusions and overrides."""
        found = self._behind.get(rule.id)
        if found is None:
            read = {name for test in tests_in(rule.condition) for name in facts_in_test(test)}
            if isinstance(rule.effect, FindingEffect):
                read |= {name for one in rule.effect.amounts() for name in facts_in_expression(one)}
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
