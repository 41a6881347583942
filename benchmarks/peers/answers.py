"""What every contender must say of a claim, worked out plainly: three truth values, rule after rule.

An answer is the decision and the ids of the rules that hold (derived facts aside). A test on a fact
that is not known is not known; a claim is denied where a denying rule holds, else it pends where a
pending rule holds or anything about a denying or pending rule is not known, else it is approved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from workload import Claim, Rule

Answer = tuple[str, list[str]]


def answer(rules: Sequence[Rule], claim: Claim) -> Answer:
    """The right answer."""
    derived: dict[str, list[bool | None]] = {}
    for rule in rules:
        if "conclude" in rule:
            derived.setdefault(rule["conclude"], []).append(_truth(rule["when"], claim, {}))
    known = {name: _any(truths) for name, truths in derived.items()}
    truths = [
        (rule, _truth(rule["when"], claim, known)) for rule in rules if "conclude" not in rule
    ]
    return decided(
        [rule["id"] for rule, truth in truths if truth],
        any(truth for rule, truth in truths if "deny" in rule),
        any(truth for rule, truth in truths if "pend" in rule),
        any(truth is None for rule, truth in truths if "advise" not in rule),
    )


def decided(holding: Sequence[str], denies: bool, pends: bool, unknown: bool) -> Answer:
    """The answer from what holds."""
    decision = "deny" if denies else "pend" if pends or unknown else "approve"
    return decision, sorted(holding)


def _truth(when: dict[str, Any], claim: Claim, derived: dict[str, bool | None]) -> bool | None:
    if "all" in when:
        truths = [_truth(part, claim, derived) for part in when["all"]]
        return False if False in truths else None if None in truths else True
    if "any" in when:
        return _any([_truth(part, claim, derived) for part in when["any"]])
    name = when["fact"]
    value = derived[name] if name in derived else claim.get(name)
    operator = next(key for key in when if key != "fact")
    right = when[operator]
    if isinstance(right, dict):
        right = claim.get(right["fact"])
    elif operator.startswith("on_or"):
        right = dt.date.fromisoformat(right)
    if value is None or right is None:
        return None
    match operator:
        case "is":
            return bool(value == right)
        case "in":
            return value in right
        case "at_least" | "on_or_after":
            return bool(value >= right)
        case "at_most" | "on_or_before":
            return bool(value <= right)
    raise AssertionError(operator)


def _any(truths: Sequence[bool | None]) -> bool | None:
    return True if True in truths else None if None in truths else False
