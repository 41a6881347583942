"""Rules for engines that have no "unknown": each condition as two formulas of guarded tests.

One half says "known to hold" (the facts are there and the test is true), the other "may hold" (a fact
is missing, or the test is true). `not` swaps them, so no negation is left: an engine needs only
`and`, `or`, comparisons and a way to ask whether a fact is there. That is what somebody must write,
rule by rule, who wants a missing fact to pend a claim in such an engine; here it is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, NamedTuple

from line_workload import FACTS, LINE_FACTS
from workload import All, AnyOf, AtLeast, Condition, Not, Policy, Ref, Rule, Test, facts_of

OPPOSITE = {
    "is": "is_not",
    "is_not": "is",
    "in": "not_in",
    "not_in": "in",
    "at_least": "less_than",
    "less_than": "at_least",
    "more_than": "at_most",
    "at_most": "more_than",
    "before": "on_or_after",
    "on_or_after": "before",
    "after": "on_or_before",
    "on_or_before": "after",
    "includes_any": "excludes",
    "excludes": "includes_any",
}
"""The operator that is true, on known values, exactly where another is false."""

INFIX = {
    "is": "==",
    "is_not": "!=",
    "at_least": ">=",
    "on_or_after": ">=",
    "more_than": ">",
    "after": ">",
    "less_than": "<",
    "before": "<",
    "at_most": "<=",
    "on_or_before": "<=",
}


ALWAYS = frozenset(fact.name for fact in (*facts_of(1), *FACTS, *LINE_FACTS) if not fact.unknown)
"""Facts that every claim carries: nobody would ask whether they are there."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A test with its guard: the facts are there and it is true; or, lenient, one is missing."""

    test: Test
    lenient: bool

    @property
    def facts(self) -> tuple[str, ...]:
        """Those that may be missing."""
        right = (self.test.value.fact,) if isinstance(self.test.value, Ref) else ()
        return tuple(name for name in (self.test.fact, *right) if name not in ALWAYS)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Formula, ...]


Formula = Guarded | And | Or


class Halves(NamedTuple):
    rule: Rule
    holds: Formula
    may_hold: Formula


def known_to_hold(condition: Condition) -> Formula:
    return _half(condition, lenient=False, negated=False)


def may_hold(condition: Condition) -> Formula:
    return _half(condition, lenient=True, negated=False)


def _half(condition: Condition, *, lenient: bool, negated: bool) -> Formula:
    def go(part: Condition) -> Formula:
        return _half(part, lenient=lenient, negated=negated)

    match condition:
        case Test(fact, op, value):
            if negated:
                op = OPPOSITE[op]
            if isinstance(value, bool) and op == "is_not":
                op, value = "is", not value
            one = Guarded(Test(fact, op, value), lenient)
            return one if one.facts else Guarded(one.test, False)
        case Not(part):
            return _half(part, lenient=lenient, negated=not negated)
        case AtLeast(count, parts):
            wanted = len(parts) - count + 1 if negated else count
            ways = combinations([go(part) for part in parts], wanted)
            return Or(tuple(And(way) for way in ways))
        case All(parts) | AnyOf(parts):
            made = tuple(go(part) for part in parts)
            return And(made) if isinstance(condition, All) != negated else Or(made)


def in_full(policy: Policy) -> dict[str, Condition]:
    """For each rule that finds something, its condition with the rules that override it and the
    derived facts it reads written out, for engines that have neither. They ask for the category once."""

    def inner(rule: Rule) -> Condition:
        if not policy.guarded:
            return rule.when
        assert isinstance(rule.when, All)
        rest = rule.when.parts[1:]
        return rest[0] if len(rest) == 1 else All(rest)

    overriding: dict[str, list[Condition]] = {}
    for rule in policy.rules:
        for other in rule.overrides:
            overriding.setdefault(other, []).append(inner(rule))
    derived: dict[tuple[str, int], list[Condition]] = {}
    for rule in policy.rules:
        if rule.concludes is not None:
            # Within a block only its own rules conclude: the guard of another block is false there.
            derived.setdefault((rule.concludes, rule.block), []).append(inner(rule))
    made: dict[str, Condition] = {}
    for rule in policy.rules:
        if rule.kind == "conclude":
            continue
        over = overriding.get(rule.id, [])
        parts = rule.when.parts if isinstance(rule.when, All) else (rule.when,)
        whole = All((*parts, *(Not(other) for other in over))) if over else rule.when

        def conditions_of(name: str, block: int = rule.block) -> tuple[Condition, ...]:
            if policy.guarded:
                return tuple(derived[name, block])
            return tuple(
                one for (other, _), all_ in derived.items() if other == name for one in all_
            )

        made[rule.id] = _written_out(whole, conditions_of, policy.derived)
    return made


def _written_out(
    condition: Condition, of: Callable[[str], tuple[Condition, ...]], derived: Iterable[str]
) -> Condition:
    def go(part: Condition) -> Condition:
        return _written_out(part, of, derived)

    match condition:
        case Test(fact, _, value) if fact in derived:
            parts = of(fact)
            whole = parts[0] if len(parts) == 1 else AnyOf(parts)
            return whole if value is True else Not(whole)
        case Test():
            return condition
        case Not(part):
            return Not(go(part))
        case AtLeast(count, parts):
            return AtLeast(count, tuple(go(part) for part in parts))
        case All(parts):
            return All(tuple(go(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(go(part) for part in parts))


def halves_in_full(policy: Policy) -> list[Halves]:
    """Both halves of every rule that finds something, with nothing derived left."""
    full = in_full(policy)
    return [
        Halves(rule, known_to_hold(full[rule.id]), may_hold(full[rule.id]))
        for rule in policy.rules
        if rule.kind != "conclude"
    ]


def written(
    formula: Formula,
    guarded: Callable[[Guarded], str],
    both: str = " && ",
    either: str = " || ",
) -> str:
    """A formula in a language with infix `and` and `or`; `guarded` writes one guarded test."""
    match formula:
        case Guarded():
            return guarded(formula)
        case And(parts):
            return "(" + both.join(written(part, guarded, both, either) for part in parts) + ")"
        case Or(parts):
            return "(" + either.join(written(part, guarded, both, either) for part in parts) + ")"


# --- the answer from what holds ------------------------------------------------------------------

Answer = tuple[str, list[tuple[str, str | None, tuple[str, ...]]]]
"""The decision, and the rules that hold with their CARC and RARCs, by rule id."""


class Deciding:
    """The last step where an engine says only which rules hold and which may hold."""

    def __init__(self, policy: Policy) -> None:
        found = [rule for rule in policy.rules if rule.kind != "conclude"]
        self.finding = {rule.id: (rule.id, rule.carc, rule.rarcs) for rule in found}
        self.kind: Mapping[str, str] = {rule.id: rule.kind for rule in found}

    def answer(self, holding: Iterable[str], some_may_hold: bool) -> Answer:
        """`some_may_hold`: whether a denying or pending rule is not known to fail."""
        findings = [self.finding[rule] for rule in sorted(holding)]
        kinds = {self.kind[finding[0]] for finding in findings}
        if "deny" in kinds:
            return "deny", findings
        return ("pend" if some_may_hold or "pend" in kinds else "approve"), findings


# --- claims in the shape that engines like --------------------------------------------------------


def underscored(name: str) -> str:
    return name.replace(".", "_")


def as_doubles(policy: Policy, facts: Mapping[str, Any], *, named: bool = True) -> dict[str, Any]:
    """The known facts with doses as floating-point numbers, and names without dots if `named`.

    Comparing such numbers with bounds of a few places is exact; computing with them would not be.
    """
    kinds = {fact.name: fact.kind for fact in policy.facts}
    return {
        (underscored(name) if named else name): float(value) if kinds[name] == "decimal" else value
        for name, value in facts.items()
    }


def one_by_one(
    policy: Policy, compiled: Callable[[Formula], Callable[[Any], Any]]
) -> Callable[[Any], Answer]:
    """Decides with one program for each half of each rule, running as few as the answer needs."""
    deciding = Deciding(policy)
    halves = halves_in_full(policy)
    holding = [(half.rule.id, half.rule.kind == "deny", compiled(half.holds)) for half in halves]
    open_ = [
        (half.rule.id, compiled(half.may_hold)) for half in halves if half.rule.kind != "advise"
    ]

    def decide(claim: Any) -> Answer:
        held, denied = [], False
        for rule, denies, holds in holding:
            if holds(claim):
                held.append(rule)
                denied |= denies
        return deciding.answer(held, not denied and any(may(claim) for _, may in open_))

    return decide
