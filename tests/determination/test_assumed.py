"""The facts that a determination assumes, against the rules all evaluated a second time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from random import Random

import pytest

from payer_policy.core.ruleset import FindingEffect, Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import HOLDS, UNKNOWN
from payer_policy.determination.assumed import FactsAssumed, _Reached
from payer_policy.determination.conflicts import Reach
from payer_policy.engines import engine_named
from payer_policy.engines.protocol import Evaluation
from payer_policy.policy.learning import Learning
from payer_policy.request.silence import Silence, without_questions
from tests.random_rulesets import ruleset, some_facts


def all_again(
    made: Ruleset,
    evaluation: Evaluation,
    facts: Facts,
    silence: Silence,
    parts: Collection[str] | None,
    denied: bool,
) -> list[str]:
    """The meaning: every rule is evaluated without what rests on silence, and all are compared."""
    rules = [replace(rule, condition=without_questions(rule.condition)) for rule in made.rules]
    evaluate = engine_named("compiled").compile(replace(made, rules=tuple(rules)))
    bare = evaluate({name: one for name, one in facts.items() if name not in silence.rests})
    learning, cover = Learning(made, {}, {}), made.covered_by
    turned = (
        cover is not None
        and evaluation.derived.get(cover) is not None
        and bare.derived.get(cover) is None
    )
    found: set[str] = set()
    for at, rule in enumerate(made.rules):
        effect, truth = rule.effect, evaluation.truths[at]
        if not isinstance(effect, FindingEffect) or effect.kind == "advise" or truth == UNKNOWN:
            continue
        if effect.part is not None and parts is not None and effect.part not in parts:
            continue
        if denied and not (effect.kind == "deny" and truth == HOLDS):
            continue
        names: set[str] = set()
        if bare.truths[at] != truth:
            names |= learning.inputs_of[at]
        if turned and rule.section in made.silences and truth == HOLDS:
            names |= learning.inputs(str(cover))
        for name in names:
            found |= silence.unsaid.get(name, frozenset())
    return sorted(found)


@pytest.mark.parametrize("seed", range(150))
def test_the_rules_that_silence_reaches_are_all_that_count(seed: int) -> None:
    random = Random(seed)
    made = ruleset(random, rules=random.randrange(3, 25 if seed % 3 else 60))
    boolean = [name for name in made.derived if made.facts[name].type.kind == "boolean"]
    if boolean and seed % 2:
        sections = [random.choice(["one", "two"]) for _ in made.rules]
        rules = [replace(r, section=s) for r, s in zip(made.rules, sections, strict=True)]
        made = replace(
            made,
            rules=tuple(rules),
            silences=frozenset({"one"}),
            covered_by=random.choice(boolean),
        )
    evaluate, reach = engine_named("compiled").compile(made), Reach(made)
    assumed = FactsAssumed(made)
    inputs = made.inputs()
    for _ in range(12):
        facts = some_facts(random, made)
        evaluation = evaluate(facts)
        if evaluation.conflicts:
            evaluation = reach.unsettled(evaluation)
        rests = {name for name in inputs if facts.get(name) is not None and random.random() < 0.3}
        unknown = {name for name in inputs if facts.get(name) is None}
        unsaid = {name: frozenset({name}) for name in rests | unknown}
        silence = Silence(frozenset(rests), unsaid)
        parts = random.choice([None, frozenset({"administered"}), frozenset({"discarded"})])
        denied = random.randrange(3) == 0
        found = assumed.of(evaluation, facts, silence, parts, denied)
        assert found == all_again(made, evaluation, facts, silence, parts, denied)


def test_only_rules_that_are_reached_are_evaluated_again() -> None:
    made = ruleset(Random(3), rules=25)
    name = made.inputs()[0]
    reached = _Reached(made, frozenset({name}))
    assert 0 < len(reached.evaluate({}).truths) < len(made.rules)
