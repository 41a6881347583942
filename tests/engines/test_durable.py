"""The discipline that durable-rules needs (see the engine's docstring), and what it gives."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path
from random import Random

import pytest

from payer_policy.core.ruleset import All, AnyOf, AtLeast, Not
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.engines import durable
from payer_policy.engines.durable import DurableEngine, DurableEvaluator, Firing, durable_available
from payer_policy.engines.protocol import EngineFailure, EngineUnavailable
from tests import reference
from tests.random_rulesets import completed, flag, of_flags, ruleset, simple, some_facts

pytestmark = pytest.mark.skipif(
    not durable_available(), reason="durable-rules is not installed here"
)
KLEENE = {HOLDS: True, FAILS: False, UNKNOWN: None}


def disciplined(made) -> DurableEvaluator:
    """The compiled ruleset, after a look at everything that durable-rules was given."""
    evaluate = DurableEngine().compile(made)
    properties = set()
    for shard in evaluate._plan.shards:
        rules = json.loads(shard)
        assert len(rules) <= 60
        assert list(rules)[-1] == "end"
        assert rules.pop("end") == {"all": [{"m": {"$ex": {"t": 1}}}]}
        shown: dict[str, set[str]] = {}
        for rule in rules.values():
            guard, *literals = rule["all"][0]["m"]["$and"]
            assert rule == {"all": [{"m": {"$and": [guard, *literals]}}]}
            assert re.fullmatch(r"s\d+", guard["t"])
            assert len(literals) <= 24
            for literal in literals:
                ((name, value),) = literal.items()
                assert re.fullmatch(r"x\d+", name)
                assert value in ("T", "F")
                shown.setdefault(guard["t"], set()).add(name)
                properties.add(name)
        assert all(len(names) <= 190 for names in shown.values())
    assert len({durable._hash(name) for name in properties}) == len(properties)
    return evaluate


def agrees(made, cases) -> DurableEvaluator:
    evaluate = disciplined(made)
    for facts in cases:
        truths, derived, conflicts = reference.evaluate(made, facts)
        got = evaluate(facts)
        assert {r.id: KLEENE[t] for r, t in zip(made.rules, got.truths, strict=True)} == truths
        assert (dict(got.derived), got.conflicts) == (derived, conflicts)
    return evaluate


def flags(count: int) -> list[str]:
    return [f"f{number}" for number in range(count)]


def values(names, seed=0, cases=6):
    """Facts of each kind: nothing known, all true, all false, one of them otherwise, and mixed."""
    random = Random(seed)
    yield {}
    for value in (True, False):
        for other in (None, not value):
            yield dict.fromkeys(names, value)
            yield dict.fromkeys(names, value) | {random.choice(names): other}
    for _ in range(cases):
        yield {name: random.choice((True, False, None)) for name in names}
    for _ in range(cases):
        likely = random.choice((True, False))
        yield {n: random.choice((likely, likely, likely, likely, None, not likely)) for n in names}


# --- limits ------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 29, 30, 59, 60, 61, 130])
def test_any_number_of_rules(count):
    names = flags(count)
    made = of_flags(
        simple(f"r{n}", All((flag(name), flag(names[n - 1])))) for n, name in enumerate(names)
    )
    evaluate = agrees(made, values(names))
    # One conjunction a rule and one failing test a rule, 59 and the sentinel a shard, all at once.
    assert (evaluate.strata, evaluate.shards) == (1, -(-2 * count // 59))


@pytest.mark.parametrize("how", [All, AnyOf])
def test_three_hundred_tests_in_one_condition(how):
    names = flags(300)
    agrees(of_flags([simple("r", how(tuple(flag(name) for name in names)))]), values(names))


@pytest.mark.parametrize("parts", [24, 25, 26])
@pytest.mark.parametrize("how", [All, AnyOf])
def test_conditions_at_the_length_where_they_are_cut(how, parts):
    names = flags(parts)
    agrees(of_flags([simple("r", how(tuple(flag(name) for name in names)))]), values(names))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4])
def test_at_least_of_a_few_in_every_case(count):
    names = flags(3)
    made = of_flags([simple("r", AtLeast(count, tuple(flag(name) for name in names)))])
    every = product((True, False, None), repeat=3)
    agrees(made, [dict(zip(names, case, strict=True)) for case in every])


@pytest.mark.parametrize(("count", "of"), [(2, 6), (5, 6), (3, 7), (10, 20), (15, 30), (39, 40)])
def test_at_least_of_many(count, of):
    names = flags(of)
    made = of_flags([simple("r", AtLeast(count, tuple(flag(name) for name in names)))])
    random = Random(of)
    near = []
    for certain in (count - 1, count, count):
        held = set(random.sample(names, certain))
        near.append({name: name in held for name in names})
        near.append({name: True if name in held else None for name in names})
        near.append(near[-2] | {random.choice(names): None})
    agrees(made, [*values(names), *near])


def test_at_least_counts_a_part_as_often_as_it_stands_there():
    parts = (flag("a"), flag("a"), flag("b"), Not(flag("a")))
    made = of_flags(simple(f"r{n}", AtLeast(n, parts)) for n in range(1, 5))
    agrees(made, [{"a": a, "b": b} for a, b in product((True, False, None), repeat=2)])


def test_a_condition_whose_normal_form_is_too_large():
    # 4 to the power of 12 arms when multiplied out.
    names = flags(48)
    groups = tuple(AnyOf(tuple(map(flag, names[n : n + 4]))) for n in range(0, 48, 4))
    made = of_flags([simple("all", All(groups)), simple("not", Not(All(groups)))])
    agrees(made, values(names, cases=12))


def test_deep_conditions():
    names = flags(40)
    condition = flag(names[0])
    for number, name in enumerate(names[1:]):
        condition = (All, AnyOf)[number % 2]((Not(condition), flag(name)))
    agrees(of_flags([simple("r", condition)]), values(names, cases=20))


def test_a_condition_that_contradicts_itself_is_unknown_until_it_fails():
    made = of_flags([simple("r", All((flag("a"), Not(flag("a")))))])
    agrees(made, [{}, {"a": True}, {"a": False}])


def test_many_overriding_rules():
    names = flags(60)
    over = [simple(f"o{n:02}", flag(name)) for n, name in enumerate(names)]
    made = of_flags([*over, simple("r", flag("a"), overridden_by=tuple(o.id for o in over))])
    none = dict.fromkeys(names, False)
    agrees(made, [{"a": True} | case for case in (*values(names), none, none | {"f7": None})])


def test_one_condition_of_many_rules_is_one_durable_rule():
    condition = All((flag("a"), flag("b")))
    made = of_flags(simple(f"r{n}", condition) for n in range(300))
    evaluate = agrees(made, values(["a", "b"]))
    assert evaluate.shards == 1
    assert sum(len(fact.clauses) for s in evaluate._plan.strata for fact in s.facts) == 3


def test_a_long_chain_of_derived_facts():
    names = flags(40)
    rules = [simple("r00", flag("f0"), {"d00": True})]
    for n in range(1, 40):
        condition = All((flag(f"d{n - 1:02}"), flag(names[n])))
        rules.append(simple(f"r{n:02}", condition, {f"d{n:02}": True}))
    made = of_flags(rules, derived=[f"d{n:02}" for n in range(40)])
    assert agrees(made, values(names)).strata == 41


def test_what_can_be_decided_together_is_one_stratum():
    chain = [simple(f"a{n}", flag(f"f{n}"), {f"d{n}": True}) for n in range(30)]
    readers = [simple(f"b{n}", flag(f"d{n}")) for n in range(30)]
    evaluate = disciplined(of_flags([*chain, *readers], derived=[f"d{n}" for n in range(30)]))
    assert [len(stratum.facts) > 0 for stratum in evaluate._plan.strata] == [True, True]


def test_names_that_the_library_would_mistake_for_another_are_passed_over():
    taken = {durable._hash("x1"), durable._hash("x4")}
    names = durable._names("x", taken)
    assert [next(names) for _ in range(4)] == ["x0", "x2", "x3", "x5"]
    assert durable._hash("costarring") == durable._hash("liquid")  # a known collision of FNV-1a


def test_a_rule_that_comes_before_what_it_reads_is_refused():
    made = of_flags([simple("a", flag("f"), {"d": True}), simple("b", flag("d"))], derived=["d"])
    backwards = type(made)(
        **{**vars(made), "rules": made.rules[::-1]},
    )
    object.__setattr__(backwards.derived["d"], "concluded_by", ((1, True),))
    with pytest.raises(EngineFailure, match="d is read before the rule 'a'"):
        DurableEngine().compile(backwards)


# --- the account -------------------------------------------------------------------------------


def test_the_account_tells_each_firing_with_what_it_matched():
    a, b, c = flag("a"), flag("b"), flag("c")
    made = of_flags(
        [
            simple("shown", AnyOf((a, b)), {"d": True}),
            simple("exempt", c),
            simple("not-shown", Not(flag("d")), overridden_by=("exempt",)),
        ],
        derived=["d"],
    )
    evaluate = disciplined(made)
    assert evaluate.firings({}) == []
    assert evaluate.firings({"a": True, "c": False}) == [
        Firing(0, "exempt", FAILS, ((c, FAILS),)),
        Firing(0, "shown", HOLDS, ((a, HOLDS),)),
        Firing(1, "not-shown", FAILS, ((flag("d"), HOLDS),)),
    ]
    # Stepping: as facts arrive there are only ever more firings.
    account = evaluate.firings({"a": False, "b": False, "c": False})
    assert account == [
        Firing(0, "exempt", FAILS, ((c, FAILS),)),
        Firing(0, "shown", FAILS, ((a, FAILS), (b, FAILS))),
        Firing(1, "not-shown", HOLDS, (("exempt", FAILS), (flag("d"), FAILS))),
    ]
    assert set(evaluate.firings({"a": False, "c": False})) <= set(account)


def test_the_account_is_enough_to_tell_every_truth():
    for seed in range(30):
        random = Random(seed)
        made = ruleset(random)
        evaluate = DurableEngine().compile(made)
        facts = some_facts(random, made)
        account = evaluate.firings(facts)
        told = {firing.subject: firing.half for firing in account}
        assert [told.get(rule.id, UNKNOWN) for rule in made.rules] == evaluate(facts).truths
        # Whatever is matched was a test, or was settled in an earlier stratum.
        settled: dict[object, tuple[int, int]] = {}
        for firing in account:
            settled.setdefault(firing.subject, (firing.stratum, firing.half))
            for subject, half in firing.matched:
                if subject in settled:
                    stratum, truth = settled[subject]
                    assert (stratum < firing.stratum, truth) == (True, half)


# --- many evaluations, threads, failures -------------------------------------------------------


@pytest.fixture
def case():
    random = Random(4)
    made = ruleset(random, rules=60)
    assert len(made.rules) > 30
    facts = [some_facts(random, made) for _ in range(8)] + [completed(random, {}), {}]
    evaluate = DurableEngine().compile(made)
    return evaluate, [(known, evaluate(known)) for known in facts]


def test_threads_get_right_answers_and_leave_no_thread_behind(case):
    evaluate, expected = case
    before = set(threading.enumerate())

    def many(start):
        return all(evaluate(facts) == answer for facts, answer in (expected * 8)[start:])

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(many, range(4)))
    assert set(threading.enumerate()) == before


def resident() -> int:
    """Kilobytes of memory in use."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")


@on_linux
def test_two_thousand_evaluations_and_sids_use_no_more_memory(case):
    evaluate, expected = case
    for facts, _ in expected * 20:
        evaluate(facts)
    before = resident()
    for facts, answer in expected * 200:
        assert evaluate(facts) == answer
    assert resident() - before < 4_000


@on_linux
def test_compiling_again_and_again_frees_what_was_registered():
    made = of_flags(simple(f"r{n}", All((flag(f"f{n}"), flag(f"f{n + 1}")))) for n in range(50))
    for _ in range(20):
        DurableEngine().compile(made)({"f1": True})
    before = resident()
    for _ in range(100):
        DurableEngine().compile(made)({"f1": True})
    assert resident() - before < 4_000  # about 150,000 if nothing were freed


class Faulty:
    """The library, with one of its calls replaced for some calls."""

    def __init__(self, library, name, fault, after=0):
        self._library, self._name, self._fault, self._left = library, name, fault, after

    def __getattr__(self, name):
        real = getattr(self._library, name)
        if name != self._name:
            return real

        def call(*arguments):
            self._left -= 1
            return real(*arguments) if self._left >= 0 else self._fault(real, *arguments)

        return call


def raising(error):
    def fault(*_):
        raise error

    return fault


def nothing(real, *arguments):
    real(*arguments)


FAULTS = {
    "an error of the library": ("assert_fact", raising(RuntimeError("error code: 303")), 1),
    "no memory": ("assert_fact", raising(MemoryError()), 0),
    "a fact not handled": ("assert_fact", lambda real, *a: (1, real(*a)[1]), 1),
    "rules that never fired": ("start_action_for_state", nothing, 0),
    "rules that stopped early": ("complete_and_start_action", nothing, 2),
    "a rule fired twice": (
        "complete_and_start_action",
        lambda real, *a: real(*a) and '{"a0":{"m":{}}}',
        0,
    ),
    "a rule not known": ("complete_and_start_action", lambda real, *a: '{"b0":{"m":{}}}', 0),
    "a state not deleted": ("delete_state", raising(RuntimeError("error code: 309")), 0),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_is_told_and_the_next_call_starts_afresh(case, name):
    evaluate, expected = case
    facts, answer = expected[-2]
    session = evaluate._session
    session.library = Faulty(session.library, *FAULTS[name])
    with pytest.raises(EngineFailure, match="durable-rules"):
        evaluate(facts)
    assert session.closed
    assert evaluate(facts) == answer
    assert evaluate._session is not session


def test_an_interrupt_within_the_library_is_passed_on_and_leaves_nothing_behind(case):
    evaluate, expected = case
    facts, answer = expected[-2]
    session = evaluate._session
    session.library = Faulty(session.library, "assert_fact", raising(KeyboardInterrupt()), 1)
    with pytest.raises(KeyboardInterrupt):
        evaluate(facts)
    assert session.closed
    assert evaluate(facts) == answer


def test_threads_that_wait_while_another_fails_get_right_answers(case):
    evaluate, expected = case
    session = evaluate._session
    session.library = Faulty(session.library, "assert_fact", raising(MemoryError()), 50)

    def many(_):
        failures = 0
        for facts, answer in expected * 3:
            try:
                assert evaluate(facts) == answer
            except EngineFailure:
                failures += 1
        return failures

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(many, range(4))) == 1


def test_a_firing_that_is_not_what_was_asked_is_noticed_in_the_account(case):
    evaluate, expected = case
    facts, _ = expected[-2]
    session = evaluate._session
    session.library = Faulty(
        session.library,
        "start_action_for_state",
        lambda real, *a: (lambda got: (got[0], re.sub(r'"x\d+":"."', '"x":"T"', got[1])))(real(*a)),
    )
    with pytest.raises(EngineFailure, match="does not match"):
        evaluate.firings(facts)


def test_facts_of_a_wrong_type_do_no_harm():
    made = of_flags([simple("r", AtLeast(1, (flag("a"),)))])
    evaluate = DurableEngine().compile(made)
    session = evaluate._session

    class Odd:
        def __eq__(self, other):
            raise TypeError("not to be compared")

    with pytest.raises(TypeError, match="not to be compared"):
        evaluate({"a": Odd()})
    assert evaluate({"a": True}).truths == [HOLDS]
    assert evaluate._session is session


def test_close_frees_and_a_later_call_opens_again(case):
    evaluate, expected = case
    facts, answer = expected[0]
    evaluate.close()
    evaluate.close()
    assert evaluate._session.closed
    assert evaluate(facts) == answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_answers_although_the_parent_is_in_the_middle_of_an_evaluation(case):
    evaluate, expected = case
    facts, answer = expected[-2]
    with evaluate._session.lock:
        child = os.fork()
        if child == 0:
            right = False
            try:
                right = evaluate(facts) == answer
                evaluate.close()
            finally:
                os._exit(0 if right else 1)
    deadline = time.monotonic() + 20
    while (waited := os.waitpid(child, os.WNOHANG)) == (0, 0) and time.monotonic() < deadline:
        time.sleep(0.01)
    if waited == (0, 0):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert waited == (child, 0)
    assert evaluate(facts) == answer


def test_without_durable_rules_the_message_tells_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "durable_rules_engine", None)
    assert not durable_available()
    with pytest.raises(EngineUnavailable, match=r"C compiler.*`compiled`"):
        DurableEngine()
