"""Determinations are those of the plain account, and keep the laws of findings and of allocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.ruleset import Constant, FindingEffect, Ruleset
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.determination import About, Determination, ServiceLine
from payer_policy.determination.rules import BUILT_IN
from payer_policy.engines.protocol import Evaluation
from tests import random_rulesets, reference_determination
from tests.determination.build import DAY, decide, evaluate, finding, rule, ruleset, yes
from tests.determination.test_laws import Case, many, some_lines, with_parts

WORDS = {HOLDS: True, FAILS: False, UNKNOWN: None}
SECTIONS = ("need", "units", "wastage")


def with_sections(random: Random, made: Ruleset) -> Ruleset:
    """The ruleset with rules in sections, some silenced, and discarded lines that follow."""
    rules = tuple(replace(rule, section=random.choice((None, *SECTIONS))) for rule in made.rules)
    flags = [name for name in made.derived if made.facts[name].type.kind == "boolean"]
    silences = frozenset(random.sample(SECTIONS, random.randint(0, 2)) if flags else ())
    return replace(
        made,
        rules=rules,
        sections=tuple(random.sample(SECTIONS, 3)),
        silences=silences,
        covered_by=random.choice(flags) if silences else None,
        follows={"discarded": "administered"} if random.randrange(3) else {},
    )


@st.composite
def cases(draw: st.DrawFn, *, assume: bool = True, is_known: bool = False) -> Case:
    random = draw(random_rulesets.randoms)
    made = random_rulesets.ruleset(random, is_known=is_known)
    facts = random_rulesets.some_facts(random, made)
    if random.randrange(2):
        facts = random_rulesets.completed(random, facts, share=2)
    made = with_sections(random, with_parts(random, made, assume=assume))
    if random.randrange(2):
        made = random_rulesets.with_answers(random, made)
    return made, facts, some_lines(random), random


def plain(
    made: Ruleset,
    facts: Mapping[str, Any],
    lines: Any,
    evaluation: Evaluation,
    kind: str = "claim",
    confirmed: Any = (),
) -> Any:
    about = About("C-1", kind, "X1234", DAY, "plain")
    truths = {
        rule.id: WORDS[truth] for rule, truth in zip(made.rules, evaluation.truths, strict=True)
    }
    derived = {name: evaluation.derived.get(name) for name in made.derived}
    return reference_determination.determine(
        made, truths, derived, facts, evaluation.conflicts, lines, about, confirmed
    )


def shown(determination: Determination) -> Any:
    place = {line.number: at for at, line in enumerate(determination.lines)}
    lines = [
        reference_determination.Line(line.outcome, line.allowed_least, line.allowed_most)
        for line in determination.lines
    ]
    findings = {
        one.rule: (one.kind, [place[number] for number in one.lines])
        for one in determination.findings
    }
    certified = None
    if (one := determination.certified) is not None:
        per = one.quantity_per
        certified = (
            one.rule,
            one.quantity,
            None if one.codes == ("X1234",) else frozenset(one.codes),
            one.valid_from,
            one.valid_through,
            None if per is None else (per.quantity, per.every, per.period),
        )
    return reference_determination.Determined(
        determination.decision,
        lines,
        findings,
        determination.headline,
        [line.disposition for line in determination.lines],
        determination.recommended is not None,
        certified,
    )


@given(case=cases(is_known=True))
@many
def test_a_determination_is_that_of_the_plain_account(case):
    made, facts, lines, random = case
    evaluation = evaluate(made, facts)
    kind = random.choice(("claim", "preauthorization"))
    reviewed = [one.id for one in made.rules if getattr(one.effect, "review", False)]
    confirmed = random.sample(reviewed, random.randint(0, len(reviewed)))
    found = decide(made, facts, lines, kind=kind, confirmed=confirmed)
    assert shown(found) == plain(made, facts, lines, evaluation, kind, confirmed)


# --- on truths of any kind, whatever facts they would come from --------------------------------------

IDS = [f"rule-{number}" for number in range(9)]


@st.composite
def truths(draw: st.DrawFn) -> tuple[Ruleset, tuple[int, ...], tuple[ServiceLine, ...], int]:
    """FindingEffect rules that conclude and override nothing, a truth for each, lines, and a rule that
    is known not to hold."""
    rules = []
    for id_ in IDS[: draw(st.integers(1, 9))]:
        kind = draw(st.sampled_from(("deny", "pend", "reduce", "reduce", "advise")))
        part = draw(st.sampled_from((None, "administered", "discarded")))
        effect = finding(kind, on=part, to=draw(st.integers(0, 9)) if kind == "reduce" else None)
        assumed = draw(st.booleans())
        rules.append(rule(id_, yes(f"f.{id_}"), effect, assume_not_holding=assumed))
    many_truths = [draw(st.sampled_from((HOLDS, FAILS, FAILS, UNKNOWN))) for _ in rules]
    turned = draw(st.integers(0, len(rules) - 1))
    many_truths[turned] = FAILS
    lines = tuple(
        ServiceLine(
            number,
            draw(st.sampled_from((1, 2, 4, 6, None))),
            frozenset({draw(st.sampled_from(("administered", "discarded")))}),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    )
    follows = draw(st.sampled_from(({}, {"discarded": "administered"})))
    return ruleset(rules, follows=follows), tuple(many_truths), lines, turned


def determined(made: Ruleset, some: Any, lines: Any) -> Determination:
    return decide(made, {}, lines, Evaluation(tuple(some), {}))


def by_rules(determination: Determination) -> dict[str, Any]:
    return {
        one.rule: (one.kind, one.lines)
        for one in determination.findings
        if not one.rule.startswith(BUILT_IN)
    }


@given(case=truths())
@many
def test_findings_depend_on_nothing_but_the_rule_and_the_billed_lines(case):
    """Law F: a rule that comes to hold changes no other finding, whatever it does to the lines."""
    made, some, lines, turned = case
    holding = [HOLDS if at == turned else truth for at, truth in enumerate(some)]
    before = by_rules(determined(made, some, lines))
    after = by_rules(determined(made, holding, lines))
    after.pop(made.rules[turned].id, None)
    assert after == before


@given(case=truths())
@many
def test_more_is_allowed_only_where_another_line_takes_less(case):
    """Law A: a rule that comes to hold raises what a line may get only by what others leave it."""
    made, some, lines, turned = case
    holding = [HOLDS if at == turned else truth for at, truth in enumerate(some)]
    before = determined(made, some, lines).lines
    after = determined(made, holding, lines).lines
    limits = [
        one.effect.part
        for one, truth in zip(made.rules, holding, strict=True)
        if isinstance(one.effect, FindingEffect) and one.effect.kind == "reduce" and truth == HOLDS
    ]
    for at, line in enumerate(lines):
        old, new = before[at].allowed_most, after[at].allowed_most
        if old is None or (new is not None and new <= old):
            continue
        assert any(
            part in (None, *line.parts) and part in (None, *other.parts)
            for part in limits
            for i, other in enumerate(lines)
            if i != at and less(before[i], after[i])
        )


def less(before: Any, after: Any) -> bool:
    """Whether a line takes less for certain, or may."""
    worse = {"approve": 0, "reduce": 1, "pend": 2, "deny": 3}
    if worse[after.outcome] > worse[before.outcome]:
        return True
    bounds = (
        (before.allowed_least, after.allowed_least),
        (before.allowed_most, after.allowed_most),
    )
    return any(old is not None and new is not None and new < old for old, new in bounds)


@given(case=truths())
@many
def test_what_is_allowed_lies_between_least_and_most_and_keeps_to_every_limit(case):
    made, some, lines, _ = case
    determination = determined(made, some, lines)
    for line in determination.lines:
        least, most, billed = line.allowed_least, line.allowed_most, line.billed_units
        if least is not None and most is not None:
            assert 0 <= least <= most
            assert billed is None or most <= billed
        if line.outcome == "pend":
            assert line.allowed_units is None
            assert least != most or most == 0  # whatever is decided, nothing is left
        else:
            assert least == most == line.allowed_units
    for one, truth in zip(made.rules, some, strict=True):
        effect = one.effect
        if isinstance(effect, FindingEffect) and effect.kind == "reduce" and truth == HOLDS:
            assert isinstance(effect.to, Constant)
            here = [
                result
                for line, result in zip(lines, determination.lines, strict=True)
                if effect.part in (None, *line.parts)
            ]
            assert sum(one.allowed_least or 0 for one in here) <= effect.to.value
            assert all(
                one.allowed_most is not None and one.allowed_most <= effect.to.value for one in here
            )


@given(case=truths(), data=st.data())
@many
def test_what_is_learned_narrows_what_is_allowed(case, data):
    """Unknown rules come to hold or not, unknown units become known: bounds only close."""
    made, some, lines, _ = case
    made = replace(made, rules=tuple(replace(one, assume_not_holding=False) for one in made.rules))
    settled = [
        truth if truth != UNKNOWN else data.draw(st.sampled_from((HOLDS, FAILS, UNKNOWN)))
        for truth in some
    ]
    units = [
        line if line.units is not None else line._replace(units=data.draw(st.integers(0, 5)))
        for line in lines
    ]
    before = determined(made, some, lines)
    after = determined(made, settled, tuple(units))
    for old, new in zip(before.lines, after.lines, strict=True):
        if old.billed_units is None and old.outcome == "approve":
            continue  # all that turns out to be billed
        assert new.allowed_least is None or old.allowed_least <= new.allowed_least
        assert old.allowed_most is None or new.allowed_most <= old.allowed_most
        if old.outcome != "pend":
            assert (old.outcome, old.allowed_units) == (new.outcome, new.allowed_units)
    if before.decision != "pend":
        assert after.decision == before.decision
    found = by_rules(before)
    assert found.items() <= by_rules(after).items()


@given(case=truths(), data=st.data())
@many
def test_the_order_of_lines_and_rules_never_matters(case, data):
    made, some, lines, _ = case
    order = data.draw(st.permutations(range(len(made.rules))))
    turned = ruleset([made.rules[at] for at in order], follows=made.follows)
    other = determined(turned, [some[at] for at in order], lines[::-1])
    assert other.to_json() == determined(made, some, lines).to_json()
