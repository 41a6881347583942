"""A ruleset written once for each value of the fact that its rules ask for first means the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from payer_policy.core.ruleset import All, Constant, FactRef, Rule, Ruleset, Test
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination import About, Determiner
from payer_policy.engines import compiled
from payer_policy.engines.compiled import CompiledEngine
from tests import reference
from tests.examples import examples
from tests.random_rulesets import POOL, assembled, randoms, ruleset, some_facts

WORDS = {HOLDS: True, FAILS: False, UNKNOWN: None}
ABOUT = About(None, "claim", None, None, "compiled")


@pytest.fixture(autouse=True, scope="module")
def _always_guarded() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled, "GUARDED", 1)
        yield


def guarded(random: Random) -> Ruleset:
    """A random ruleset in which most rules ask for a value of one fact, or for one of several."""
    made = ruleset(random, rules=25)

    def ask(rule: Rule) -> Rule:
        how = random.randrange(4)
        values = random.sample(POOL["choice"], how) if how else []
        if not values:
            return rule
        right = Constant(values[0] if how == 1 else frozenset(values))
        asks = Test("in.choice_a", "is" if how == 1 else "in", FactRef("in.choice_a"), (right,))
        parts = [rule.condition, asks]
        random.shuffle(parts)
        return replace(rule, condition=All(tuple(parts)))

    return assembled([ask(rule) for rule in made.rules], dict(made.facts))


def cases(random: Random, made: Ruleset) -> list[dict[str, Any]]:
    """Facts with each value of the guard, with one that no rule asks for, and without it."""
    values = [*POOL["choice"], "another", None]
    return [{**some_facts(random, made), "in.choice_a": value} for value in values]


@given(random=randoms)
@settings(max_examples=examples(50), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_guarded_rulesets_agree_with_the_reference(random: Random) -> None:
    made = guarded(random)
    evaluate = CompiledEngine().compile(made)

    for facts in cases(random, made):
        truths, derived, conflicts = reference.evaluate(made, facts)
        found = evaluate(facts)
        assert [WORDS[truth] for truth in found.truths] == [truths[rule.id] for rule in made.rules]
        assert dict(found.derived) == derived
        assert found.conflicts == conflicts


@given(random=randoms)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_only_live_rules_are_looked_at_and_nothing_is_missed(random: Random) -> None:
    made = guarded(random)
    evaluate, determiner = CompiledEngine().compile(made), Determiner(made)

    for facts in cases(random, made):
        found = evaluate(facts)
        whole = determiner.determine(found._replace(live=None), facts, (), ABOUT)
        assert determiner.determine(found, facts, (), ABOUT) == whole


def test_the_guard_is_really_used() -> None:
    made = guarded(Random(5))
    evaluate = CompiledEngine().compile(made)

    assert evaluate({"in.choice_a": "initial"}).live is not None
    assert evaluate({}).live is None


def test_values_that_no_rule_asks_for_share_one_function() -> None:
    evaluate: Any = CompiledEngine().compile(guarded(Random(5)))

    for number in range(50):
        evaluate({"in.choice_a": f"strange-{number}"})

    assert len(evaluate._written) == 1


def test_threads_may_meet_at_the_first_evaluation() -> None:
    made = guarded(Random(5))
    evaluate = CompiledEngine().compile(made)
    random = Random(6)
    many = [facts for _ in range(20) for facts in cases(random, made)]
    wanted = [reference.evaluate(made, facts)[1] for facts in many]
    wrong: list[Any] = []

    def work() -> None:
        for facts, derived in zip(many, wanted, strict=True):
            if dict(evaluate(facts).derived) != derived:
                wrong.append(facts)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
