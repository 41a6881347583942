"""durable-rules alone, by `durable.lang`: a claim asserted as a fact, a rule for each half of each rule.

As its users would write it, with what they soon learn: an action per rule that notes its id, a rule that
always matches (a fact that nothing matches raises), and few rules a ruleset (large ones lose answers).
Two facts are compared beforehand, since the library compares with stale values where one is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import and_, or_
from pathlib import Path
from typing import Any

from halves import And, Deciding, Formula, Guarded, Or, as_doubles, halves_in_full, underscored
from tables import claim_by_claim, read_lines
from workload import OPERATORS, Policy, Ref, Test

from contenders import About, Decide, Lines, Shape
from contenders.handwritten import services_of

MOST = 60
"""Rules in one ruleset."""


def compared(test: Test) -> str:
    """The name of the comparison of two facts that a claim carries."""
    assert isinstance(test.value, Ref)
    return f"{underscored(test.fact)}_{test.op}_{underscored(test.value.fact)}"


class Writer:
    def __init__(self, policy: Policy) -> None:
        from durable import lang

        self.m, self.item = lang.m, lang.item
        self.doubles = frozenset(fact.name for fact in policy.facts if fact.kind == "decimal")
        self.pairs: dict[str, Test] = {}

    def condition(self, formula: Formula) -> Any:
        if isinstance(formula, Guarded):
            return self.guarded(formula)
        join = and_ if isinstance(formula, And) else or_
        return reduce(join, [self.condition(part) for part in formula.parts])

    def guarded(self, one: Guarded) -> Any:
        true = self.true(one.test)
        if not one.lenient:
            # A test of a missing property does not hold, so it need not be asked for.
            return true
        missing = [-getattr(self.m, underscored(fact)) for fact in one.facts]
        return reduce(or_, [*missing, true])

    def true(self, test: Test) -> Any:
        value: Any = test.value
        if isinstance(value, Ref):
            self.pairs[compared(test)] = test
            return getattr(self.m, compared(test)) == "yes"
        left = getattr(self.m, underscored(test.fact))
        if test.op == "includes_any":
            return reduce(or_, [left.anyItem(self.item == code) for code in value])
        if test.op == "excludes":
            return reduce(and_, [left.allItems(self.item != code) for code in value])
        if test.op == "in":
            return reduce(or_, [left == code for code in value])
        if test.op == "not_in":
            return reduce(and_, [left != code for code in value])
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif hasattr(value, "isoformat"):
            value = value.isoformat()
        elif test.fact in self.doubles:
            value = float(value)
        return _compare(test.op, left, value)


def _compare(op: str, left: Any, value: Any) -> Any:
    match op:
        case "is":
            return left == value
        case "is_not":
            return left != value
        case "at_least" | "on_or_after":
            return left >= value
        case "more_than" | "after":
            return left > value
        case "less_than" | "before":
            return left < value
        case "at_most" | "on_or_before":
            return left <= value
    raise AssertionError(f"found {op}; one of {', '.join(OPERATORS)} was expected")


_built = 0


def ways(formula: Formula) -> list[Formula]:
    """A condition with many alternatives as several rules: the library refuses it as one."""
    if isinstance(formula, And):
        for place, part in enumerate(formula.parts):
            if isinstance(part, Or) and len(part.parts) > 4:
                before, after = formula.parts[:place], formula.parts[place + 1 :]
                return [And((*before, way, *after)) for way in part.parts]
    return [formula]


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    shape_of, decide = compiled(policy)
    return (lambda request: shape_of(request["id"], request["facts"])), decide


def build_lines(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    """A fact for each drug and day: the library has no sums, so Python adds up its lines beforehand."""
    shape_of, decide = compiled(policy)

    def decide_lines(request: Any) -> Any:
        return [
            (code, day, *decide(shape_of(request["id"], _known(facts))))
            for code, day, facts in services_of(request)
        ]

    return (lambda request: request), decide_lines


def _known(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def compiled(policy: Policy) -> tuple[Callable[[str, dict[str, Any]], Any], Decide]:
    """What makes a fact of what is known of a claim or a service, and what decides it."""
    from durable import lang

    global _built
    _built += 1  # rulesets are known by name in one registry of the process
    writer = Writer(policy)
    deciding = Deciding(policy)
    held: set[str] = set()
    open_: set[str] = set()
    todo: list[tuple[str, set[str], Formula]] = []
    for half in halves_in_full(policy):
        todo += [(half.rule.id, held, way) for way in ways(half.holds)]
        if half.rule.kind != "advise":
            todo += [(half.rule.id, open_, way) for way in ways(half.may_hold)]
    names = []
    for start in range(0, len(todo), MOST):
        name = f"claims_{_built}_{start}"
        with lang.ruleset(name):
            for rule, into, formula in todo[start : start + MOST]:
                _when(lang, writer.condition(formula), rule, into)
            _when(lang, lang.m.is_claim == "yes", "", set())
        names.append(name)

    def shape(id_: str, known: dict[str, Any]) -> Any:
        facts = as_doubles(policy, known)
        made = {
            name: ("yes" if value else "no") if isinstance(value, bool) else value
            for name, value in facts.items()
        }
        for pair, test in writer.pairs.items():
            assert isinstance(test.value, Ref)
            left, right = facts.get(underscored(test.fact)), facts.get(underscored(test.value.fact))
            if left is not None and right is not None:
                made[pair] = "yes" if _compare(test.op, left, right) else "no"
        return made | {"id": id_, "sid": "1", "is_claim": "yes"}

    def decide(fact: Any) -> Any:
        held.clear()
        open_.clear()
        for name in names:
            lang.assert_fact(name, fact)
            lang.retract_fact(name, fact)
        return deciding.answer(held, bool(open_))

    return shape, decide


def _when(lang: Any, condition: Any, rule: str, into: set[str]) -> None:
    def note(_: Any) -> None:
        into.add(rule)

    lang.when_all(condition)(note)


ABOUT = [
    About(
        name="durable",
        title="durable-rules alone",
        needs=("durable-rules==2.0.28", "pyarrow"),
        unknown="a missing property; asked for in every test",
        reasons="what the actions note",
        proof="no",
        dates="no; here ISO text, which sorts alike where it is as long",
        note="Two rules a rule. Built from source; Python below 3.13. Doses are doubles.",
        build=build,
        growth=(20, 200),
        lines=Lines(
            build_lines,
            claim_by_claim(build_lines),
            read_lines,
            rows=5_000,
            note="It has no sums: Python by hand adds up the lines of each drug and day.",
        ),
    )
]
