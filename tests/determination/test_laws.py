"""What must be true of every determination, on random rulesets, facts and lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from payer_policy.core.ruleset import (
    Arithmetic,
    Constant,
    FactRef,
    FindingEffect,
    Ruleset,
    Sentence,
)
from payer_policy.core.semantics import value_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination import Determination, ServiceLine, determination_schema
from payer_policy.determination.english import read_ruleset
from payer_policy.determination.explain import explain
from payer_policy.determination.missing import MissingFacts
from payer_policy.determination.render import render_determination
from tests import random_rulesets
from tests.determination.build import PARTS, decide, evaluate
from tests.examples import examples

many = settings(
    max_examples=examples(80),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
VALID = Draft202012Validator(determination_schema())
AMOUNTS = (
    *(Constant(number) for number in (-1, 0, 1, 3, 8)),
    FactRef("in.decimal_a"),
    Arithmetic("product", (FactRef("in.integer_a"), Constant(2))),
    Arithmetic("quotient", (Constant(5), FactRef("in.integer_b"))),
)


def with_parts(random: Random, made: Ruleset, *, assume: bool) -> Ruleset:
    """The ruleset with findings that fall on parts, reduce to amounts, and print facts."""
    rules = []
    for rule in made.rules:
        effect = rule.effect
        if isinstance(effect, FindingEffect):
            effect = replace(
                effect,
                part=random.choice((None, None, *PARTS)),
                because=Sentence(("It is ", ", not ", "."), tuple(random.sample([*made.facts], 2))),
                to=random.choice(AMOUNTS) if effect.kind == "reduce" else None,
            )
        rules.append(
            replace(rule, effect=effect, assume_not_holding=assume and rule.assume_not_holding)
        )
    return replace(made, rules=tuple(rules), line_parts=PARTS)


def some_lines(random: Random) -> tuple[ServiceLine, ...]:
    return tuple(
        ServiceLine(
            number,
            random.choice((0, 1, 2, 4, 4, 9, None)),
            frozenset(random.choice(((), ("administered",), ("discarded",)))),
        )
        for number in range(1, random.randint(1, 4) + 1)
    )


Case = tuple[Ruleset, dict[str, Any], tuple[ServiceLine, ...], Random]


@st.composite
def cases(draw: st.DrawFn, *, assume: bool = True, is_known: bool = False) -> Case:
    random = draw(random_rulesets.randoms)
    made = random_rulesets.ruleset(random, is_known=is_known)
    facts = random_rulesets.some_facts(random, made)
    if random.randrange(2):
        facts = random_rulesets.completed(random, facts, share=2)
    return with_parts(random, made, assume=assume), facts, some_lines(random), random


def outcomes(determination: Determination) -> list[tuple[Any, ...]]:
    return [(line.outcome, line.allowed_units) for line in determination.lines]


def on(part: str | None, line: ServiceLine) -> bool:
    return part is None or part in line.parts


def known(made: Ruleset, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {**facts, **evaluate(made, facts).derived}


@given(case=cases(assume=False))
@many
def test_learning_a_fact_never_changes_a_settled_line(case):
    made, facts, lines, random = case
    more = random_rulesets.completed(random, facts, share=2)
    before, after = decide(made, facts, lines), decide(made, more, lines)
    if before.internal or after.internal:
        return
    waiting = {number for rule in before.unsettled for number in rule.lines}
    for line, old, new in zip(lines, outcomes(before), outcomes(after), strict=True):
        if old[0] != "pend" or line.number not in waiting:
            assert old == new


@given(case=cases())
@many
def test_lines_are_decided_as_the_design_says(case):
    """The rule of §3 said again, without reductions to an amount."""
    made, facts, lines, _ = case
    evaluation = evaluate(made, facts)
    determination = decide(made, facts, lines)
    for line, (outcome, allowed) in zip(lines, outcomes(determination), strict=True):
        here = [
            (rule.effect.kind, truth, rule.assume_not_holding)
            for rule, truth in zip(made.rules, evaluation.truths, strict=True)
            if isinstance(rule.effect, FindingEffect) and on(rule.effect.part, line)
        ]
        holding = {kind for kind, truth, _ in here if truth == HOLDS}
        open_ = {kind for kind, truth, assumed in here if truth == UNKNOWN and not assumed} - {
            "advise"
        }
        if "deny" in holding:
            assert (outcome, allowed) == ("deny", 0)
        elif evaluation.conflicts:
            continue
        elif "pend" in holding or open_:
            # Where a reduction leaves nothing of the line, whatever is open gives nothing back.
            used_up = [("deny", 0)] if "reduce" in holding else []
            assert (outcome, allowed) in [("pend", None), *used_up]
        elif "reduce" not in holding:
            assert (outcome, allowed) == ("approve", line.units)


@given(case=cases())
@many
def test_nothing_is_approved_with_anything_unknown(case):
    made, facts, lines, _ = case
    evaluation = evaluate(made, facts)
    determination = decide(made, facts, lines)
    assumed = {assumption.rule for assumption in determination.assumptions}
    for line, (outcome, _) in zip(lines, outcomes(determination), strict=True):
        if outcome not in ("approve", "reduce"):
            continue
        assert determination.internal is None
        for rule, truth in zip(made.rules, evaluation.truths, strict=True):
            effect = rule.effect
            if (
                isinstance(effect, FindingEffect)
                and effect.kind != "advise"
                and on(effect.part, line)
            ):
                if effect.kind == "reduce":
                    assert truth != UNKNOWN or rule.id in assumed
                else:
                    assert truth == FAILS or rule.id in assumed
                assert (rule.id in assumed) <= rule.assume_not_holding


@given(case=cases())
@many
def test_no_more_is_allowed_than_was_billed_and_than_every_reduction_leaves(case):
    made, facts, lines, _ = case
    determination = decide(made, facts, lines)
    for line in determination.lines:
        if line.allowed_units is not None and line.billed_units is not None:
            assert 0 <= line.allowed_units <= line.billed_units
    if determination.internal:
        return
    for rule, truth in zip(made.rules, evaluate(made, facts).truths, strict=True):
        effect = rule.effect
        if truth == HOLDS and isinstance(effect, FindingEffect) and effect.kind == "reduce":
            to = value_of(effect.to, known(made, facts))
            here = [
                outcome
                for line, outcome in zip(lines, determination.lines, strict=True)
                if on(effect.part, line) and outcome.outcome != "pend"
            ]
            if to is None:
                assert all(line.outcome == "deny" or line.billed_units == 0 for line in here)
            else:
                paid = sum(line.allowed_units for line in here)
                assert paid <= max(to, 0)


@given(case=cases(is_known=True))
@many
def test_the_order_of_rules_lines_and_facts_never_matters(case):
    made, facts, lines, random = case
    order = {rule.id: random.random() for rule in made.rules}
    turned = random_rulesets.assembled(made.rules, made.facts, tie=lambda rule: order[rule.id])
    turned = replace(turned, line_parts=PARTS)
    shuffled = random.sample(sorted(facts), len(facts))
    other = decide(turned, {name: facts[name] for name in shuffled}, lines[::-1])
    assert other.to_json() == decide(made, facts, lines).to_json()


@given(case=cases(assume=False))
@many
def test_no_fact_outside_the_questions_can_change_the_outcome(case):
    made, facts, lines, random = case
    determination = decide(made, facts, lines)
    questions = {question.fact for question in determination.missing}
    more = random_rulesets.completed(random, facts)
    for name in questions:
        more.pop(name, None)
    after = decide(made, more, lines)
    if not determination.internal and not after.internal:
        assert outcomes(after) == outcomes(determination)


@given(case=cases(assume=False))
@many
def test_all_questions_answered_leave_none(case):
    made, facts, lines, random = case
    determination = decide(made, facts, lines)
    answers = random_rulesets.completed(random, {})
    more = dict(facts) | {one.fact: answers[one.fact] for one in determination.missing}
    after = decide(made, more, lines)
    assert after.missing == ()
    # An answer can show that the policy contradicts itself; then nothing more is asked.
    assert after.internal or all(rule.waits_for == () for rule in after.unsettled)


@given(case=cases(is_known=True))
@many
def test_the_questions_are_those_that_unsettled_rules_wait_for(case):
    made, facts, lines, _ = case
    determination = decide(made, facts, lines)
    if determination.internal:
        return
    waited = {name for rule in determination.unsettled for name in rule.waits_for}
    questions = [question.fact for question in determination.missing]
    assert len(questions) == len(set(questions))
    assert waited <= set(questions)
    assert all(facts.get(name) is None and name not in made.derived for name in questions)
    rules = {rule.rule for rule in determination.unsettled}
    assert all(
        question.rules and rules >= set(question.rules) for question in determination.missing
    )
    if any(rule.lines for rule in determination.unsettled) and not determination.missing:
        assert waited == set()


@given(case=cases(is_known=True))
@many
def test_the_quick_half_of_the_analysis_finds_what_the_whole_does(case):
    made, facts, _, _ = case
    evaluation = evaluate(made, facts)
    missing = MissingFacts(made)
    state = missing.start(evaluation, known(made, facts), range(len(made.rules)))
    waits = missing.waits(evaluation.truths, known(made, facts))
    for index, truth in enumerate(evaluation.truths):
        if truth == UNKNOWN:
            need = missing.need_of_rule(state, index)
            assert waits(index) == need.facts
            for settles in (need.to_hold, need.to_fail):
                assert settles is None or settles & ~need.facts == 0


@given(case=cases(is_known=True))
@many
def test_every_determination_can_be_written_printed_and_explained(case):
    made, facts, lines, random = case
    lines = lines if random.randrange(4) else ()
    determination = decide(made, facts, lines)
    VALID.validate(determination.to_json())
    printed = render_determination(determination)
    evaluation = evaluate(made, facts)
    told = explain(made, evaluation, facts, determination, include_failing=True)
    for form in (told.as_text(), told.as_markdown(), told.as_html()):
        assert all(found.rule in form for found in determination.findings)
    assert all(found.rule in printed for found in determination.findings)
    mentioned = {node.rule for node in told.nodes()}
    deciding = {
        rule.id
        for rule in made.rules
        if isinstance(rule.effect, FindingEffect) and rule.effect.kind != "advise"
    }
    falls_on_a_line = {
        rule.id
        for rule in made.rules
        if isinstance(rule.effect, FindingEffect)
        and (not lines or any(on(rule.effect.part, line) for line in lines))
    }
    failing = {
        rule.id
        for rule, truth in zip(made.rules, evaluation.truths, strict=True)
        if truth == FAILS and rule.id in deciding
    }
    assert failing <= mentioned
    assert {rule.rule for rule in determination.unsettled} <= mentioned & falls_on_a_line
    assert all(max(map(len, form.splitlines())) <= 140 for form in (told.as_text(), printed))
    # A rule is explained once; after that it is only named.
    full = [node.rule for node in told.nodes() if node.rule and node.aside != "see above"]
    assert all(len(list(same)) == 1 for _, same in groupby(sorted(full)))


@given(case=cases(is_known=True))
@settings(max_examples=examples(40), deadline=None)
def test_every_ruleset_can_be_read(case):
    made = case[0]
    for form in ("text", "markdown"):
        text = read_ruleset(made, form=form)
        assert all(rule.id in text for rule in made.rules)
        assert "None" not in text
