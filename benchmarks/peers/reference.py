"""What the right answers are: the three-valued meaning written out in the plainest way, from its text.

Shares nothing with payer_policy nor with any contender. A truth is True, False or None (unknown).
Derived facts and overriding rules come first in a policy's order, so one pass over the rules will do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from line_workload import DRUGS, LINE_FACTS
from workload import (
    LINE,
    Aggregate,
    All,
    AnyOf,
    AtLeast,
    Condition,
    Not,
    Policy,
    Ref,
    Test,
    typed,
    typed_facts,
)

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
    return answer_on(policy, typed_facts(policy, request["facts"]))


def answer_on(policy: Policy, facts: dict[str, Any]) -> Answer:
    """The answer on typed facts, None for unknown. The derived ones are added to them."""
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


def line_answers(
    policy: Policy, request: Mapping[str, Any]
) -> list[tuple[str, str, str, tuple[FindingEffect, ...]]]:
    """For each drug and day of a claim with lines, in that order: its decision, and what holds."""
    of_claim = typed_facts(
        policy, {**request["facts"], "coverage.payer": request["coverage"]["payer"]}
    )
    lines = []
    for line in request["lines"]:
        named = {
            fact.name: typed(fact.kind, line.get(fact.name.removeprefix(LINE)))
            for fact in LINE_FACTS
        }
        lines.append(named)
    found = []
    for code, day in sorted({(line["line.code"], line["line.date"]) for line in lines}):
        if code not in DRUGS:
            continue
        same_day = [line for line in lines if line["line.date"] == day]
        sets = {
            "claim": lines,
            "same_day": same_day,
            "service": [line for line in same_day if line["line.code"] == code],
        }
        over = {name: over_lines(one, sets[one.lines]) for name, one in policy.aggregates.items()}
        facts = {**of_claim, "drug.code": code, "service.date": day, **over}
        decision, findings, _ = answer_on(policy, facts)
        found.append((code, day.isoformat(), decision, findings))
    return found


def over_lines(one: Aggregate, lines: list[dict[str, Any]]) -> Any:
    """The value of a fact over lines; None: a value that it needs is unknown."""
    among = [line for line in lines if one.where is None or holds(one.where, line)]
    if one.how == "count":
        return len(among)
    if one.condition is not None:
        return disjunction([holds(one.condition, line) for line in among])
    assert one.field is not None
    values = [line[one.field] for line in among]
    if None in values:
        return None
    return sum(values) if one.how == "sum" else max(values)


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
