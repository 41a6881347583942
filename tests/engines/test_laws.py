"""What must be true of every engine on every ruleset: the laws of three-valued logic."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payer_policy import Engine
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.engines import ENGINES, engine_named, why_unavailable
from tests import reference
from tests.engine.test_engine import POLICIES
from tests.examples import examples
from tests.generated_claims import claims
from tests.random_rulesets import assembled, cases, completed, randoms, ruleset, some_facts

every_engine = pytest.mark.parametrize(
    "engine",
    [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                why_unavailable(name) is not None, reason=str(why_unavailable(name))
            ),
        )
        for name in ENGINES
        if name != "symbolic"  # slow: held to the reference below, which has the laws
    ],
)
many = settings(
    max_examples=examples(50),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

Answer = tuple[dict[str, bool | None], dict[str, Any], tuple[str, ...]]


def answer(engine: str, made: Ruleset, facts: Mapping[str, Any]) -> Answer:
    """By rule id, so that answers of rulesets in different orders can be compared."""
    evaluation = engine_named(engine).compile(made)(facts)
    assert evaluation.disagreement is None
    words = {HOLDS: True, FAILS: False, UNKNOWN: None}
    truths = zip(made.rules, evaluation.truths, strict=True)
    return (
        {rule.id: words[truth] for rule, truth in truths},
        dict(evaluation.derived),
        evaluation.conflicts,
    )


@every_engine
@given(case=cases())
@many
def test_engines_agree_with_the_reference(engine, case):
    made, facts = case
    assert answer(engine, made, facts) == reference.evaluate(made, facts)


@pytest.mark.skipif(why_unavailable("symbolic") is not None, reason="z3-solver is not installed")
@given(case=cases())
@settings(many, max_examples=examples(60))
def test_formulas_agree_with_the_reference(case):
    made, facts = case
    assert answer("symbolic", made, facts) == reference.evaluate(made, facts)


@functools.cache
def shipped_cases() -> list[tuple[Ruleset, Mapping[str, Any], Any]]:
    """Rulesets of the shipped policies, the facts of generated claims, and what the reference says."""
    engine = Engine.open(POLICIES)
    given = claims(1, examples(20), undated=0.1, spanned=0.1)
    made = [one for claim in given for one in engine.decide_fully(claim)[0]]
    return [(one.ruleset, one.facts, reference.evaluate(one.ruleset, one.facts)) for one in made]


@every_engine
def test_engines_agree_with_the_reference_on_generated_claims(engine):
    for made, facts, wanted in shipped_cases():
        assert answer(engine, made, facts) == wanted


@every_engine
def test_engines_agree_with_the_reference_on_large_rulesets(engine):
    for seed in range(examples(5)):
        random = Random(seed)
        made = ruleset(random, rules=90)
        evaluate = engine_named(engine).compile(made)
        for facts in (some_facts(random, made), completed(random, {}), {}):
            truths, derived, conflicts = reference.evaluate(made, facts)
            got = evaluate(facts)
            kleene = {HOLDS: True, FAILS: False, UNKNOWN: None}
            assert [kleene[truth] for truth in got.truths] == [truths[r.id] for r in made.rules]
            assert (dict(got.derived), got.conflicts) == (derived, conflicts)


@every_engine
@given(case=cases(), random=randoms)
@many
def test_the_order_of_rules_never_matters(engine, case, random):
    made, facts = case
    rules = list(made.rules)
    random.shuffle(rules)
    place = {rule.id: index for index, rule in enumerate(rules)}
    other = assembled(rules, dict(made.facts), tie=lambda rule: place[rule.id])
    assert answer(engine, other, facts) == answer(engine, made, facts)


@every_engine
@given(case=cases(), random=randoms)
@many
def test_the_order_of_facts_and_given_derived_facts_never_matter(engine, case, random):
    made, facts = case
    items = list(facts.items())
    random.shuffle(items)
    shuffled = dict(items) | dict.fromkeys(made.derived, "anything")
    assert answer(engine, made, shuffled) == answer(engine, made, facts)


@every_engine
@given(case=cases(is_known=False), random=randoms)
@many
def test_learning_a_fact_never_changes_what_was_settled(engine, case, random):
    made, facts = case
    assert_kept(answer(engine, made, facts), answer(engine, made, completed(random, facts, 4)))


@every_engine
@given(case=cases(is_known=False), random=randoms)
@many
def test_what_is_settled_under_missing_facts_is_so_under_every_completion(engine, case, random):
    made, facts = case
    before = answer(engine, made, facts)
    for _ in range(4):
        assert_kept(before, answer(engine, made, completed(random, facts)))


def assert_kept(before: Answer, after: Answer) -> None:
    """All that was settled still is, the same way; a conflict is never undone."""
    for old, new in zip(before[:2], after[:2], strict=True):
        settled = {name: value for name, value in old.items() if value is not None}
        assert {name: new[name] for name in settled} == settled
    assert set(before[2]) <= set(after[2])


@given(case=cases(), seed=st.integers(0, 99))
@settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_reference_does_not_rely_on_the_order_of_rules(case, seed):
    made, facts = case
    rules = list(made.rules)
    Random(seed).shuffle(rules)
    place = {rule.id: index for index, rule in enumerate(rules)}
    other = assembled(rules, dict(made.facts), tie=lambda rule: place[rule.id])
    assert reference.evaluate(other, facts) == reference.evaluate(made, facts)
