"""Determinations in columns are those of `decide`, row for row: decision, reasons and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.vocabulary.types import NONE
from payer_policy.determination import About, Determiner
from payer_policy.determination.columns import DECISIONS, ColumnarDeterminer
from payer_policy.engines.columnar.engine import ColumnarEvaluator
from payer_policy.engines.columnar.expressions import NotExact
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.policy.loading import open_library
from tests.engine.test_engine import POLICIES
from tests.examples import examples
from tests.random_rulesets import randoms, ruleset, some_facts

ABOUT = About(None, "claim", None, None, "columnar")


def agree(made: Ruleset, many: Sequence[Facts]) -> tuple[int, int]:
    """Hold both to each other; how many rows were decided in columns, and how many are odd."""
    evaluator = ColumnarEvaluator(made)
    columns = ColumnarDeterminer(evaluator)
    evaluate, determiner = CompiledEngine().compile(made), Determiner(made)
    order = {name: place for place, name in enumerate(columns.asked)}
    held, frame = evaluator._frame(many)
    found = columns.determine(evaluator.run(frame))
    for row, at in enumerate(held):
        if found.odd[row]:
            continue
        wanted = determiner.determine(evaluate(many[at]), many[at], (), ABOUT)
        said = {
            name: [columns.rules[place].id for place in patterns[row]]
            for name, patterns in (
                ("findings", found.findings),
                ("unsettled", found.unsettled),
                ("assumptions", found.assumptions),
            )
        }
        missing = found.missing[row]
        assert DECISIONS[found.decision[row]] == wanted.decision
        assert said["findings"] == [one.rule for one in wanted.findings]
        assert said["unsettled"] == [one.rule for one in wanted.unsettled]
        assert said["assumptions"] == [
            one.rule for one in wanted.assumptions if one.rule is not None
        ]
        assert [columns.asked[place] for place in missing] == sorted(
            (question.fact for question in wanted.missing), key=order.__getitem__
        )
    odd = int(found.odd.sum())
    return len(held) - odd, odd + len(many) - len(held)


def held_in_columns(made: Ruleset) -> bool:
    """Whether columns can hold all that its rules conclude; else every row is decided alone."""
    try:
        ColumnarEvaluator(made)
    except NotExact:
        return False
    return True


@given(random=randoms)
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_columns_decide_as_rows_do(random: Random) -> None:
    made = ruleset(random, rules=20)
    if not held_in_columns(made):
        return

    agree(made, [some_facts(random, made) for _ in range(12)] + [{}])


def test_most_rows_of_the_shipped_policies_are_decided_in_columns() -> None:
    library = open_library(POLICIES)
    random = Random(3)
    decided = alone = 0
    for address in library.addresses():
        for first, _, _ in library.windows(address)[-2:]:
            made = library.ruleset(address, first)
            assert made is not None
            palette = {
                name: [value for value in values if value is not NONE]
                for name, values in palette_of(made).items()
            }
            here = agree(made, [random_facts(random, palette) for _ in range(40)])
            decided, alone = decided + here[0], alone + here[1]

    assert decided > 5 * alone


@pytest.mark.parametrize("kind", ["reduce", "conflict"])
def test_what_columns_do_not_say_is_odd(kind: str) -> None:
    for seed in range(400):
        random = Random(seed)
        made = ruleset(random, rules=20)
        if not held_in_columns(made):
            continue
        many = [some_facts(random, made) for _ in range(20)]
        evaluate = CompiledEngine().compile(made)
        evaluator = ColumnarEvaluator(made)
        held, frame = evaluator._frame(many)
        odd = ColumnarDeterminer(evaluator).determine(evaluator.run(frame)).odd
        for row, at in enumerate(held):
            answer = evaluate(many[at])
            reduces = any(
                truth == 3 and getattr(rule.effect, "kind", None) == "reduce"
                for truth, rule in zip(answer.truths, made.rules, strict=True)
            )
            assert bool(odd[row]) is (reduces or bool(answer.conflicts))
            if (reduces and kind == "reduce") or (answer.conflicts and kind == "conflict"):
                return
    pytest.fail(f"no {kind} among the cases")
