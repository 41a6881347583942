"""What may turn round as more becomes known: never missed, and named by the facts that do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from payer_policy.core.ruleset import All, Condition, Constant, FactRef, Not, Rule, Test
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.outcome import DECISION, OUTCOME
from payer_policy.core.vocabulary.types import FactType, Value
from payer_policy.engines.step_by_step import StepByStep
from payer_policy.language.sources import Aggregate, Computed
from payer_policy.policy.learning import STEADY, Learning, left_by_lines
from tests.random_rulesets import completed, declared, of_flags, ruleset, simple, some_facts


def asked(name: str, known: bool = True) -> Test:
    return Test(name, "is_known", FactRef(name), (Constant(known),))


def is_(name: str, value: Value) -> Test:
    return Test(name, "is", FactRef(name), (Constant(value),))


def learning(*rules: Rule, derived: tuple[str, ...] = (), **more: Any) -> Learning:
    made = of_flags(rules, derived)
    facts = {**made.facts, **more.pop("facts", {})}
    return Learning(made, facts, more.pop("sources", {}))


def with_silence(facts: Mapping[str, Value | None], silence: Mapping[str, Value]) -> dict[str, Any]:
    return {**silence, **{name: value for name, value in facts.items() if value is not None}}


@pytest.mark.parametrize("seed", range(300))
def test_whatever_turns_round_is_foreseen(seed: int) -> None:
    random = Random(seed)
    made = ruleset(random)
    rules = made.rules
    full = completed(random, some_facts(random, made))
    silence: dict[str, Value] = {
        name: value
        for name in sorted(full)
        if random.random() < 0.2 and (value := full[name]) is not None
    }
    facts = {
        name: replace(fact, absent_means=silence.get(name)) for name, fact in made.facts.items()
    }
    found = Learning(made, facts, {})
    evaluate = StepByStep().compile(made)
    for _ in range(8):
        more = completed(random, some_facts(random, made))
        less = {name: value for name, value in more.items() if random.random() < 0.5}
        before, after = (evaluate(with_silence(one, silence)) for one in (less, more))
        learned = {name for name in more if name not in less}
        for at in range(len(rules)):
            was, now = before.truths[at], after.truths[at]
            if was == HOLDS and now != HOLDS:
                assert found.own[at].falls & learned, (rules[at], learned)
            if was == FAILS and now != FAILS:
                assert found.own[at].rises & learned, (rules[at], learned)
            if rules[at].assume_not_holding and was != HOLDS and now == HOLDS:
                assert found.rules[at].rises & learned, (rules[at], learned)
        for name, value in before.derived.items():
            if value is not None and after.derived[name] != value:
                leaves = found.leaves(name)
                assert (leaves.any_value | leaves.by_value.get(value, frozenset())) & learned


def test_plain_tests_turn_nothing_round() -> None:
    found = learning(simple("a", All((is_("x.a", True), Not(is_("x.b", True))))))
    assert found.rules == [STEADY]


@pytest.mark.parametrize(
    ("condition", "rises", "falls"),
    [
        (asked("x.a"), {"x.a"}, set()),
        (asked("x.a", False), set(), {"x.a"}),
        (Not(asked("x.a")), set(), {"x.a"}),
        (All((asked("x.a"), asked("x.b", False))), {"x.a"}, {"x.b"}),
    ],
)
def test_a_test_whether_a_fact_is_known(
    condition: Condition, rises: set[str], falls: set[str]
) -> None:
    (turns,) = learning(simple("a", condition)).rules
    assert (set(turns.rises), set(turns.falls)) == (rises, falls)


def test_overrides_swap_the_two() -> None:
    found = learning(
        simple("over", asked("x.a")),
        replace(simple("under", is_("x.b", True)), overridden_by=("over",)),
    )
    assert [(one.may_rise, one.may_fall) for one in found.rules] == [(True, False), (False, True)]


def test_silence_turns_only_what_it_means() -> None:
    silent = Fact("x.a", FactType("boolean"), "a", absent_means=False)
    yes, no = learning(
        simple("a-yes", is_("x.a", True)), simple("b-no", is_("x.a", False)), facts={"x.a": silent}
    ).rules
    assert (yes.may_rise, yes.may_fall) == (True, False)
    assert (no.may_rise, no.may_fall) == (False, True)


def test_what_is_computed_from_a_question_turns_too() -> None:
    sources = {"x.c": Computed(None, asked("x.a"))}
    facts = {"x.c": declared("x.c", "boolean")}
    (turns,) = learning(simple("a", is_("x.c", True)), facts=facts, sources=sources).rules
    assert (set(turns.rises), set(turns.falls)) == ({"x.a"}, set())


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (Aggregate("service", None, "all", None, asked("ndc")), {False}),
        (Aggregate("service", None, "any", None, asked("ndc", False)), {True}),
        (Aggregate("service", asked("ndc"), "sum", "units"), {None}),
        (Aggregate("service", None, "sum", "units"), set()),
        (Computed(None, asked("x.a")), set()),
    ],
)
def test_a_question_about_lines(source: Any, left: set[bool | None]) -> None:
    assert left_by_lines(source) == left


def test_an_assumed_rule_ends_approvals_and_no_denial() -> None:
    assumed = replace(simple("a", is_("x.a", True)), assume_not_holding=True)
    found = learning(assumed, facts=dict(OUTCOME))
    leaves = found.leaves(DECISION).by_value
    assert (leaves["approve"], leaves["deny"]) == ({"x.a"}, frozenset())
