"""Which rule comes before which, and the circles in which there is no such order."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from payer_policy.core.ruleset import Conclude, Constant, FactRef, Rule, Test, facts_read
from payer_policy.policy.order import dependencies, evaluation_order, find_cycles


def rule(id_: str, reads: str, concludes: str, overridden_by: tuple[str, ...] = ()) -> Rule:
    test = Test(reads, "is", FactRef(reads), (Constant(True),))
    effect = Conclude(((concludes, True),))
    return Rule(id_, "A rule", test, effect, ("ref",), overridden_by)


@pytest.mark.parametrize(
    ("needs", "circles"),
    [
        ({}, []),
        ({"a": {"b"}, "b": set()}, []),
        ({"a": {"a"}}, [["a", "a"]]),
        ({"a": {"b"}, "b": {"a"}}, [["a", "b", "a"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, [["b", "c", "b"]]),
        ({"a": {"b", "c"}, "b": {"c"}, "c": {"a"}}, [["a", "c", "a"]]),
        ({"a": {"b"}, "b": {"a"}, "x": {"y"}, "y": {"x"}}, [["a", "b", "a"], ["x", "y", "x"]]),
        ({"a": {"elsewhere"}}, []),
    ],
)
def test_every_knot_is_shown_by_a_shortest_circle(
    needs: dict[str, set[str]], circles: list[list[str]]
) -> None:
    assert find_cycles(needs) == circles


def test_a_circle_is_found_exactly_where_there_is_one() -> None:
    random = Random(3)
    for _ in range(300):
        names = [f"n{i}" for i in range(random.randint(1, 8))]
        needs = {
            name: set(random.sample(names, random.randint(0, min(2, len(names))))) for name in names
        }
        waiting = {name: set(others) for name, others in needs.items()}
        while free := [name for name, others in waiting.items() if not others]:
            for name in free:
                del waiting[name]
            for others in waiting.values():
                others -= set(free)
        found = find_cycles(needs)
        assert bool(found) == bool(waiting)
        for circle in found:
            assert circle[0] == circle[-1]
            assert all(b in needs[a] for a, b in pairwise(circle))


def test_the_order_is_the_same_whatever_the_order_of_the_file() -> None:
    rules = [
        rule("z-first", "in.a", "d.one"),
        rule("b-second", "d.one", "d.two"),
        rule("a-third", "d.two", "d.three"),
        rule("alone", "in.b", "d.four", overridden_by=("b-second",)),
    ]
    random = Random(1)
    for _ in range(20):
        random.shuffle(rules)
        order = evaluation_order(
            {r.id: r for r in rules}, {r.id: list(facts_read(r)) for r in rules}
        )
        assert order == ["z-first", "b-second", "a-third", "alone"]


def test_a_rule_needs_what_it_reads_and_what_overrides_it() -> None:
    rules = {
        r.id: r
        for r in (
            rule("a", "in.a", "d.one"),
            rule("b", "d.one", "d.two", overridden_by=("c", "not-in-force")),
            rule("c", "in.a", "d.three"),
        )
    }

    reads = {id_: list(facts_read(r)) for id_, r in rules.items()}
    assert dependencies(rules, reads) == {"a": set(), "b": {"a", "c"}, "c": set()}
