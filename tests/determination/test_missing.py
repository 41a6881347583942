"""Which facts are asked for, and in which order: one row a case."""

from __future__ import annotations

from itertools import product

import pytest

from payer_policy.core.ruleset import Arithmetic, Constant, FactRef, Not
from tests.determination.build import (
    LINE,
    any_of,
    at_least,
    concludes,
    decide,
    every,
    fact,
    finding,
    no,
    rule,
    ruleset,
    test,
    yes,
)

LETTERS = tuple("abcdefgh")
INPUTS = [fact(name, "boolean") for name in LETTERS]
"""Declared first, so that the order of the vocabulary is that of the alphabet."""


def asked(rules, facts=None, declared=(), **more) -> str:
    given = dict.fromkeys((facts or "").split())
    given = {name.removeprefix("!"): not name.startswith("!") for name in given}
    determination = decide(ruleset(rules, [*INPUTS, *declared]), given, **more)
    return " ".join(question.fact for question in determination.missing)


def deny(id_, when, **more):
    return rule(id_, when, finding("deny"), **more)


TABLE = [
    # what is asked, the facts that are known, and the conditions of denying rules
    ("", "a", [yes("a")]),
    ("", "!a", [yes("a")]),
    ("a", "", [yes("a")]),
    ("a", "b", [every(yes("a"), yes("b"))]),
    ("", "!b", [every(yes("a"), yes("b"))]),
    ("a", "!b", [any_of(yes("a"), yes("b"))]),
    ("", "b", [any_of(yes("a"), yes("b"))]),
    ("a b", "", [every(yes("a"), yes("b"))]),
    # one fact denies: the `any` by either, so the other comes last
    ("a b c", "", [any_of(yes("a"), every(yes("b"), yes("c")))]),
    ("c a b", "", [any_of(every(yes("a"), yes("b")), yes("c"))]),
    # the smaller settling set comes first, whatever the alphabet says
    ("c a b", "", [every(yes("a"), yes("b")), yes("c")]),
    ("c a b", "", [yes("c"), every(yes("a"), yes("b"))]),
    # one fact for both rules' approval; of two in one set the one that touches more rules
    ("b a c", "", [every(yes("a"), yes("b")), every(yes("b"), yes("c"))]),
    ("c a b", "", [every(yes("a"), yes("c")), every(yes("b"), yes("c"))]),
    # after the first set is asked, what is left of the others counts
    ("c b a", "", [every(yes("b"), yes("c")), yes("c"), every(yes("a"), yes("b"), yes("c"))]),
    ("a b c", "", [at_least(2, yes("a"), yes("b"), yes("c"))]),
    ("b c", "a", [at_least(2, yes("a"), yes("b"), yes("c"))]),
    ("", "a b", [at_least(2, yes("a"), yes("b"), yes("c"))]),
    ("a", "!b c", [at_least(2, yes("a"), yes("b"), yes("c"))]),
    ("a", "", [no("a")]),
    ("a b", "", [Not(any_of(yes("a"), yes("b")))]),
    ("b", "!a", [Not(any_of(yes("a"), yes("b")))]),
    # nothing that has been denied asks for more
    ("", "a", [yes("a"), yes("b")]),
    # what was or was not supplied is never unknown
    ("", "", [test("a", "is_known", True)]),
    ("b", "", [every(test("a", "is_known", False), yes("b"))]),
]


@pytest.mark.parametrize(("expected", "facts", "conditions"), TABLE)
def test_the_facts_that_could_change_the_outcome(expected, facts, conditions):
    rules = [deny(f"rule-{place}", when) for place, when in enumerate(conditions)]
    assert asked(rules, facts) == expected


DERIVED = [
    rule("c-one", any_of(yes("a"), every(yes("b"), yes("c"))), concludes(k=1)),
    rule("c-two", every(yes("d"), no("a")), concludes(k=2)),
]
K = fact("k", "integer", derived=True, otherwise=0)


@pytest.mark.parametrize(
    ("expected", "facts", "condition"),
    [
        # k=1 by a alone; k=2 needs d, not a and not (b and c)
        ("a d b c", "", test("k", "is", 1)),
        ("a d b c", "", test("k", "is", 2)),
        ("", "a", test("k", "is", 1)),
        ("d b c", "!a", test("k", "is", 2)),
        ("b c", "!a !d", test("k", "is", 1)),
        ("c", "!a !d b", test("k", "is", 1)),
        ("d", "!a !b", test("k", "more_than", 1)),
        ("", "!a !b !d", test("k", "is", 0)),
    ],
)
def test_derived_facts_are_followed_to_the_facts_behind_them(expected, facts, condition):
    assert set(asked([*DERIVED, deny("deny", condition)], facts, [K]).split()) == set(
        expected.split()
    )


def test_a_derived_fact_costs_what_its_cheapest_way_costs():
    # The denial by `k is 1` needs one fact, that by `e and f` two.
    rules = [*DERIVED, deny("x", test("k", "is", 1)), deny("y", every(yes("e"), yes("f")))]
    assert asked(rules, "", [K]).split()[0] == "a"
    # With `a` known to be no, `k is 1` needs b and c, as many as e and f, and touches as many.
    assert asked(rules, "!a !d", [K]) == "b c e f"
    assert asked(rules, "!a !d e", [K]).split()[0] == "f"


def test_rules_that_override_are_asked_about_while_they_are_unknown():
    rules = [
        rule("over", yes("b"), finding("advise")),
        deny("under", yes("a"), overridden_by=("over",)),
    ]
    assert asked(rules) == "a b"
    assert asked(rules, "a") == "b"
    assert asked(rules, "b") == ""
    assert asked(rules, "!b") == "a"


def test_only_deciding_rules_ask_and_assumed_ones_do_not():
    assert asked([rule("note", yes("a"), finding("advise"))]) == ""
    assert asked([deny("assumed", yes("a"), assume_not_holding=True)]) == ""
    assert asked([rule("pend", yes("a"), finding("pend"))]) == "a"
    assert asked([rule("reduce", yes("a"), finding("reduce", to=1))]) == "a"


def test_a_finding_on_a_part_that_no_line_has_asks_nothing():
    waste = rule("waste", yes("a"), finding("deny", on="discarded"))
    assert asked([waste]) == ""
    assert asked([waste], lines=()) == "a"
    assert asked([waste], lines=(LINE, LINE._replace(parts=frozenset({"discarded"})))) == "a"


def test_the_amount_of_a_reduction_is_asked_with_the_rest():
    units = [fact(name, "integer") for name in ("u", "v")]
    amount = Arithmetic("minimum", (FactRef("u"), FactRef("v"), Constant(4)))
    limit = rule("limit", yes("a"), finding("reduce", to=amount))
    assert asked([limit], "a", units) == "u v"
    # While it is not known whether it reduces, that comes first.
    assert asked([limit], "", units) == "a u v"
    assert asked([limit], "!a", units) == ""


def test_a_computed_fact_without_a_question_asks_for_what_it_is_computed_from():
    source = {"compute": {"difference": [{"fact": "u"}, {"product": [{"fact": "v"}, 2]}]}}
    declared = [
        fact("u", "integer"),
        fact("v", "integer"),
        fact("w", "integer", source=source, derived=False),
    ]
    declared[2] = type(declared[2])(
        "w", declared[2].type, "the rest", None, None, source=source
    )  # no question of its own
    rules = ruleset([deny("deny", test("w", "less_than", 0))], declared)
    assert [one.fact for one in decide(rules, {}).missing] == ["u", "v"]
    assert [one.fact for one in decide(rules, {"u": 1}).missing] == ["v"]
    # Both are known, and it is not all the same: then it is asked for itself.
    (question,) = decide(rules, {"u": 1, "v": 1}).missing
    assert (question.fact, question.question) == ("w", "What is the rest?")
    assert decide(rules, {}).unsettled[0].waits_for == ("u", "v")


def test_a_division_by_zero_is_unknown_and_asks_nothing():
    half = Arithmetic("quotient", (Constant(1), FactRef("u")))
    rules = [deny("deny", test("a", "is", True)), deny("zero", test("u", "more_than", half))]
    determination = decide(ruleset(rules, [fact("u", "integer")]), {"a": False, "u": 0})
    assert (determination.decision, determination.missing) == ("pend", ())
    assert determination.unsettled[0].waits_for == ()


def test_a_question_says_what_waits_for_it_and_who_knows():
    declared = [fact("x", "boolean", "the x", "Is x so?", by="payer", correctable=True)]
    rules = [deny("two", every(yes("x"), yes("a"))), deny("one", yes("x"))]
    question = decide(ruleset(rules, declared), {}).missing[0]
    assert question.to_json() == {
        "fact": "x",
        "label": "the x",
        "question": "Is x so?",
        "supplied_by": "payer",
        "correctable": True,
        "rules": ["one", "two"],
    }


@pytest.mark.parametrize("depth", [5, 400])
def test_long_chains_of_derived_facts_are_no_trouble(depth):
    rules = [
        rule(f"c-{n:03}", yes(f"k{n - 1}") if n else yes("a"), concludes(**{f"k{n}": True}))
        for n in range(depth)
    ]
    rules.append(deny("deny", every(yes(f"k{depth - 1}"), yes("b"))))
    rules.append(deny("x-assumed", yes(f"k{depth - 1}"), assume_not_holding=True))
    assert asked(rules) == "a b"
    determination = decide(ruleset(rules, INPUTS), {"b": False})
    assert determination.assumptions[0].waits_for == ("a",)


def test_wide_conditions_stay_polynomial():
    names = [f"f{n:02}" for n in range(60)]
    pairs = [every(yes(a), any_of(yes(b), no(a))) for a, b in product(names[:30], names[30:])]
    rules = [deny("deny", at_least(300, *pairs)), deny("other", any_of(*map(yes, names)))]
    assert len(asked(rules, declared=[fact(name, "boolean") for name in names]).split()) == 60


def test_the_order_does_not_depend_on_the_order_of_rules():
    conditions = [every(yes("a"), yes("b")), any_of(yes("c"), yes("a")), at_least(1, yes("d"))]
    rules = [deny(f"rule-{place}", when) for place, when in enumerate(conditions)]
    assert asked(rules) == asked(rules[::-1]) == asked([rules[1], rules[2], rules[0]])
