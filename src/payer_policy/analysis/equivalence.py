"""Do two rulesets give the same result for every request? `Equivalence(engine)(old, new)`.

The same result: the same findings, the same undetermined rules and the same concluded facts. The
questions asked are not compared: they may differ where the decision does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from payer_policy.analysis.possible import FoundRequest, Requests, facts_for
from payer_policy.analysis.verdicts import Answer, Differs, NotProved, Proved
from payer_policy.analysis.witness import Decider, NotConfirmed, plainest_of
from payer_policy.core.ruleset import Conclude, FindingEffect, Rule, Ruleset
from payer_policy.core.semantics import Facts, value_of
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.engine import Engine
from payer_policy.engines.protocol import Evaluation
from payer_policy.engines.step_by_step import StepByStep
from payer_policy.engines.symbolic.arithmetic import Outside, at_least_zero
from payer_policy.engines.symbolic.formulas import Halves
from payer_policy.engines.symbolic.logic import Formula, all_of, any_of, both, either, negated, same
from payer_policy.engines.symbolic.search import NotProved as GaveUp
from payer_policy.engines.symbolic.search import Search
from payer_policy.engines.symbolic.terms import same_term, same_value

_NEVER: Final = Halves(False, False)


class Equivalence:
    """Compares rulesets of one folder, of which one may be a change of the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, old: Ruleset, new: Ruleset) -> Answer:
        """Whether a ruleset of the folder and a change of it give the same result for every request."""
        if old.applies_to != new.applies_to:
            return NotProved("they apply to different requests")
        library = self._engine.library
        # A window is identified by its first day, so the change gets that of the original.
        new = replace(new, first_day=old.first_day, last_day=old.last_day)
        facts = facts_for([library], [old, new])
        before = Requests(library, old, facts, prefix="old ")
        after = Requests(library, new, facts, prefix="new ", parts=before.parts)
        goal = any_of(_differences(before, after))
        search = Search(facts, [*before.everything(), *after.everything()])
        named = Decider(self._engine, old.policy).named
        try:
            found = plainest_of(search, before, goal, _Shows(self._engine, old, new), named)
        except NotConfirmed:
            return NotProved("the solver found a request on which the engines agree")
        except GaveUp as error:
            return NotProved(f"the solver gave up: {error}")
        return Proved() if found is None else Differs(found.facts)


def _differences(before: Requests, after: Requests) -> Iterator[Formula]:
    """One formula for each way in which a difference can be observed."""
    yield negated(same(before.conflict, after.conflict))
    rules = {rule.id: (rule, index) for index, rule in enumerate(before.ruleset.rules)}
    others = {rule.id: (rule, index) for index, rule in enumerate(after.ruleset.rules)}
    for id_ in dict.fromkeys([*rules, *others]):
        yield from _of_rule(before, rules.get(id_), after, others.get(id_))
    for name in dict.fromkeys([*before.formulas.derived, *after.formulas.derived]):
        one, other = before.formulas.derived.get(name), after.formulas.derived.get(name)
        if one is None or other is None:
            only = one or other
            yield only.known if only is not None else False
            continue
        yield negated(same(one.known, other.known))
        yield all_of([one.known, other.known, negated(same_term(one, other))])


def _of_rule(
    before: Requests,
    one: tuple[Rule, int] | None,
    after: Requests,
    other: tuple[Rule, int] | None,
) -> Iterator[Formula]:
    old = _NEVER if one is None else before.formulas.rules[one[1]]
    new = _NEVER if other is None else after.formulas.rules[other[1]]
    effects = [found[0].effect for found in (one, other) if found is not None]
    if all(isinstance(effect, Conclude) for effect in effects):
        return  # seen in what is concluded
    on = any_of(
        True if effect.part is None else before.parts.get(effect.part, False)
        for effect in effects
        if isinstance(effect, FindingEffect)
    )
    yield both(on, negated(same(old.holds, new.holds)))
    yield both(on, negated(same(old.possible, new.possible)))
    if one is None or other is None:
        return
    if _part(one[0]) != _part(other[0]):
        named = {_part(one[0]), _part(other[0])}
        elsewhere = any_of(
            before.has_lines.get(part, there)
            for part, there in before.parts.items()
            if (part in named) != (None in named)
        )
        yield both(elsewhere, either(old.possible, new.possible))
    if _finding(one[0]) != _finding(other[0]):
        yield both(on, either(old.possible, new.possible))
    else:
        yield both(on, _other_amount(before, one[0], after, other[0], both(old.holds, new.holds)))
    if one[0].assume_not_holding != other[0].assume_not_holding:
        yield both(on, either(old.unknown, new.unknown))


def _other_amount(
    before: Requests, one: Rule, after: Requests, other: Rule, holds: Formula
) -> Formula:
    """That a reduction leaves another number of units; fewer than zero count as zero."""
    assert isinstance(one.effect, FindingEffect)
    assert isinstance(other.effect, FindingEffect)
    if one.effect.to == other.effect.to:
        return False
    if one.effect.to is None or other.effect.to is None:
        return holds
    try:
        old = before.formulas.conditions.expression(one.effect.to)
        new = after.formulas.conditions.expression(other.effect.to)
    except Outside:
        return holds
    alike = same_value(at_least_zero(old.value), at_least_zero(new.value))
    differ = either(negated(same(old.known, new.known)), both(old.known, negated(alike)))
    return both(holds, differ)


def _finding(rule: Rule) -> tuple[object, ...]:
    """The finding of a rule without its units and lines, which are compared separately."""
    if not isinstance(rule.effect, FindingEffect):
        return (rule.title, rule.effect, rule.cites)
    return (rule.title, replace(rule.effect, to=None, part=None), rule.cites)


def _part(rule: Rule) -> str | None:
    return rule.effect.part if isinstance(rule.effect, FindingEffect) else None


class _Shows:
    """Whether the engines, too, give different results for a request."""

    def __init__(self, engine: Engine, old: Ruleset, new: Ruleset) -> None:
        self._decider = Decider(engine, old.policy)
        self._old, self._new = old, new
        self._evaluate = [StepByStep().compile(ruleset) for ruleset in (old, new)]

    def __call__(self, found: FoundRequest) -> bool:
        case = self._decider.decide(found)
        if case is None or case.decided.ruleset is not self._old:
            return False
        one, other = (evaluate(case.decided.facts) for evaluate in self._evaluate)
        facts = case.decided.facts
        observed = self._observed(self._old, one, found, facts)
        return observed != self._observed(self._new, other, found, facts)

    def _observed(
        self, ruleset: Ruleset, evaluation: Evaluation, found: FoundRequest, facts: Facts
    ) -> object:
        rules = []
        for rule, truth in zip(ruleset.rules, evaluation.truths, strict=True):
            if not isinstance(rule.effect, FindingEffect) or truth == FAILS:
                continue
            part = rule.effect.part
            if part is not None and found.parts is not None and part not in found.parts:
                continue
            assumed = rule.assume_not_holding and truth != HOLDS
            amount = None
            if rule.effect.to is not None and truth == HOLDS:
                left = value_of(rule.effect.to, {**facts, **evaluation.derived})
                amount = None if left is None else max(left, 0)
            rules.append((rule.id, truth, assumed, _finding(rule), part, amount))
        return sorted(rules, key=lambda one: one[0]), dict(evaluation.derived), evaluation.conflicts
