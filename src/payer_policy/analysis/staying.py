"""What stays true when more becomes known, by structure: for the proofs of `stays`.

`falls` names the facts that may flip a statement. `steady` is a formula of what certainly keeps holding
for a request in which the statement held before, so that a search can leave out all other requests.
"""

from __future__ import annotations

from collections.abc import Iterator

from payer_policy.analysis.possible import Requests
from payer_policy.core.ruleset import All, Condition, Constant, FindingEffect, Test
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, DECISION
from payer_policy.engines.symbolic.logic import Formula, all_of, negated
from payer_policy.policy.learning import Learning
from payer_policy.policy.statements import Statement

_NONE: frozenset[str] = frozenset()


def falls(learning: Learning, statement: Statement) -> frozenset[str]:
    """The facts that may end the condition of a `stays` when they become known.

    A decision without assumptions stays: its rules are settled by tests alone, and the tests stay. So
    does its empty list of assumptions where it approves, since nothing is added to it.
    """
    parts = list(_conjuncts(statement.condition))
    beside = [] if statement.when is None else list(_conjuncts(statement.when))
    without = any(map(_assumes_nothing, [*parts, *beside]))
    approves = any(_decides(part, {"approve"}) for part in parts)
    out = _NONE
    for part in parts:
        if without and _decides(part, {"approve", "deny"}):
            continue
        if without and approves and _assumes_nothing(part):
            continue
        out |= learning.condition(part).falls
    return out


def steady(learning: Learning, later: Requests, condition: Condition) -> Formula:
    """What holds for a later request if the condition held for an earlier one."""
    kept: list[Formula] = []
    for part in _conjuncts(condition):
        if not learning.condition(part).may_fall:
            kept.append(later.halves(part).holds)
        elif _decides(part, {"approve"}):
            kept += _approved(learning, later)
    return all_of(kept)


def _approved(learning: Learning, later: Requests) -> Iterator[Formula]:
    """For an approved request: each rule that failed, and that nothing flips, still fails."""
    for at, (rule, turns) in enumerate(zip(later.ruleset.rules, learning.rules, strict=True)):
        effect = rule.effect
        if not isinstance(effect, FindingEffect) or effect.kind in ("certify", "advise"):
            continue
        if rule.assume_not_holding or turns.may_rise:
            continue
        if effect.part is None:
            yield later.formulas.rules[at].fails
        else:
            on = later.parts.get(effect.part, False)
            yield negated(all_of([on, later.formulas.rules[at].possible]))


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    else:
        yield condition


def _assumes_nothing(condition: Condition) -> bool:
    match condition:
        case Test(fact, "is", _, (Constant(value),)):
            return fact == ASSUMPTIONS and value == _NONE
    return False


def _decides(condition: Condition, decisions: set[str]) -> bool:
    match condition:
        case Test(fact, "is", _, (Constant(str(value)),)):
            return fact == DECISION and value in decisions
        case Test(fact, "in", _, (Constant(frozenset() as values),)):
            return fact == DECISION and values <= decisions
    return False
