"""What the right answers are: the three-valued meaning written out in the plainest way, from its text.

Shares nothing with payer_policy nor with any contender. A truth is True, False or None (unknown).
Derived facts and overriding rules come first in a policy's order, so one pass over the rules will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from workload import All, AnyOf, AtLeast, Condition, Not, Policy, Ref, Test, typed_facts

FindingEffect = tuple[str, str | None, tuple[str, ...]]
"""A rule that holds, its CARC, and its RARCs."""


class Answer(NamedTuple):
    decision: str
    findings: tuple[FindingEffect, ...]
    """By rule id."""
    unsettled: tuple[str, ...]
    """Denying and pending rules that are unknown, by id, where nothing denies: why a claim waits."""


def answer(policy: Policy, request: Mapping[str, Any]) -> Answer:
    """The decision on a request, the rules that hold, and those that wait for a fact."""
    facts: dict[str, Any] = typed_facts(policy, request["facts"])
    truths: dict[str, bool | None] = {}
    for name in policy.derived:
        concluding = [rule for rule in policy.rules if rule.concludes == name]
        facts[name] = disjunction([holds(rule.when, facts) for rule in concluding])
    overridden: dict[str, list[str]] = {}
    for rule in policy.rules:
        for other in rule.overrides:
            overridden.setdefault(other, []).append(rule.id)
        parts = [holds(rule.when, facts)]
        parts += [negation(truths[other]) for other in overridden.get(rule.id, [])]
        truths[rule.id] = conjunction(parts)
    found = [rule for rule in policy.rules if rule.kind != "conclude"]
    findings = [(rule.id, rule.carc, rule.rarcs) for rule in found if truths[rule.id] is True]
    waiting = [
        rule.id for rule in found if rule.kind in ("deny", "pend") and truths[rule.id] is None
    ]
    kinds = {rule.kind for rule in found if truths[rule.id] is True}
    if "deny" in kinds:
        return Answer("deny", tuple(sorted(findings)), ())
    decision = "pend" if "pend" in kinds or waiting else "approve"
    return Answer(decision, tuple(sorted(findings)), tuple(sorted(waiting)))


def negation(truth: bool | None) -> bool | None:
    return None if truth is None else not truth


def conjunction(truths: list[bool | None]) -> bool | None:
    if False in truths:
        return False
    return None if None in truths else True


def disjunction(truths: list[bool | None]) -> bool | None:
    return negation(conjunction([negation(truth) for truth in truths]))


def holds(condition: Condition, facts: Mapping[str, Any]) -> bool | None:
    match condition:
        case Test():
            return test_holds(condition, facts)
        case Not(part):
            return negation(holds(part, facts))
        case All(parts):
            return conjunction([holds(part, facts) for part in parts])
        case AnyOf(parts):
            return disjunction([holds(part, facts) for part in parts])
        case AtLeast(count, parts):
            truths = [holds(part, facts) for part in parts]
            if truths.count(True) >= count:
                return True
            return None if truths.count(True) + truths.count(None) >= count else False


def test_holds(test: Test, facts: Mapping[str, Any]) -> bool | None:
    left = facts[test.fact]
    right: Any = facts[test.value.fact] if isinstance(test.value, Ref) else test.value
    if left is None or right is None:
        return None
    match test.op:
        case "is":
            return bool(left == right)
        case "is_not":
            return bool(left != right)
        case "in":
            return left in right
        case "not_in":
            return left not in right
        case "at_least" | "on_or_after":
            return bool(left >= right)
        case "more_than" | "after":
            return bool(left > right)
        case "less_than" | "before":
            return bool(left < right)
        case "on_or_before":
            return bool(left <= right)
        case "includes_any":
            return any(code in left for code in right)
        case "excludes":
            return not any(code in left for code in right)
    raise AssertionError(test.op)
