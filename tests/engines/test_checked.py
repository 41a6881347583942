"""The checked engine: whatever two engines do not both say is not decided."""

from __future__ import annotations

from random import Random

import pytest

from payer_policy.core.ruleset import Not
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.engines.checked import CheckedEngine
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.durable import DurableEngine, durable_available
from payer_policy.engines.protocol import EngineFailure, Evaluation
from tests.random_rulesets import assembled, completed, declared, flag, ruleset, simple


class Saying:
    """An engine that always says the same, or always raises the same."""

    def __init__(self, name, says):
        self.name, self.says = name, says

    def compile(self, _ruleset):
        def evaluate(_facts):
            if isinstance(self.says, Exception):
                raise self.says
            return self.says

        return evaluate


class Broken:
    """The compiled engine with one fault: it takes what is not known for a "no"."""

    name = "broken"

    def compile(self, ruleset):
        evaluate = CompiledEngine().compile(ruleset)

        def wrong(facts):
            truths, derived, conflicts = evaluate(facts)[:3]
            return Evaluation([t if t != UNKNOWN else FAILS for t in truths], derived, conflicts)

        return wrong


def small():
    rules = [simple("first", flag("a"), {"dose": 3}), simple("second", Not(flag("a")), {"dose": 4})]
    facts = [declared("a", "boolean"), declared("dose", "integer", derived=True)]
    return assembled(rules, {fact.name: fact for fact in facts})


def checked(first, second):
    return CheckedEngine(Saying("one", first), Saying("two", second)).compile(small())({})


SAID = Evaluation([HOLDS, FAILS], {"dose": 3}, ())


def test_two_that_agree_give_the_answer():
    assert checked(SAID, SAID._replace(truths=(HOLDS, FAILS))) == SAID


def test_a_truth_that_differs_is_unknown_and_told():
    answer = checked(SAID, SAID._replace(truths=[HOLDS, UNKNOWN]))
    assert answer.truths == [HOLDS, UNKNOWN]
    assert answer.derived == {"dose": 3}
    assert answer.disagreement == (
        "The engines one and two do not agree. "
        "Rule `second`: one says it does not hold, two says it is not known."
    )


def test_a_derived_fact_that_differs_is_unknown_and_told():
    answer = checked(SAID, SAID._replace(derived={"dose": 4}))
    assert answer.derived == {"dose": None}
    assert "Derived fact `dose`: one says 3, two says 4." in answer.disagreement


def test_a_conflict_that_one_of_them_sees_is_one():
    answer = checked(SAID, SAID._replace(conflicts=("dose",)))
    assert answer.conflicts == ("dose",)
    assert "Conflicts: one sees none, two sees `dose`." in answer.disagreement


@pytest.mark.parametrize("which", [0, 1])
def test_when_one_fails_nothing_is_settled_and_both_are_told(which):
    says = [SAID, SAID]
    says[which] = EngineFailure("it stopped")
    answer = checked(*says)
    assert (answer.truths, answer.derived) == ([UNKNOWN, UNKNOWN], {"dose": None})
    assert f"The engine {('one', 'two')[which]} failed: it stopped." in answer.disagreement
    assert "says: `first` holds; `second` does not hold." in answer.disagreement


def test_when_both_fail_there_is_no_answer():
    with pytest.raises(EngineFailure, match=r"one failed: a fault.*two failed: another"):
        checked(EngineFailure("a fault"), ValueError("another"))


def test_answers_of_another_length_are_a_disagreement_too():
    answer = checked(SAID, SAID._replace(truths=[HOLDS]))
    assert answer.disagreement
    assert answer.truths == [UNKNOWN, UNKNOWN]


@pytest.mark.skipif(not durable_available(), reason="durable-rules is not installed here")
def test_a_broken_engine_is_caught_by_a_sound_one():
    caught = 0
    for seed in range(40):
        random = Random(seed)
        made = ruleset(random)
        facts = completed(random, {}, 2)
        sound = CompiledEngine().compile(made)(facts)
        answer = CheckedEngine(DurableEngine(), Broken()).compile(made)(facts)
        assert bool(answer.disagreement) == (UNKNOWN in sound.truths)
        if answer.disagreement:
            caught += 1
            for rule, truth in zip(made.rules, sound.truths, strict=True):
                assert (f"Rule `{rule.id}`" in answer.disagreement) == (truth == UNKNOWN)
    assert caught > 20
