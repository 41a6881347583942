"""A ruleset as formulas: of each rule, when it is known to hold and when it is not known to fail.

`Formulas(ruleset, facts)` writes out the least fixpoint of the rules. Since rules come in an order
in which each stands after what it needs, the fixpoint is one pass.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import lcm
from typing import Any, Final

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    FactRef,
    Lookup,
    Not,
    Ruleset,
    Test,
)
from payer_policy.core.vocabulary.operators import CORE, complete
from payer_policy.core.vocabulary.types import NONE, FactType, Value
from payer_policy.engines.symbolic.arithmetic import (
    Expressions,
    Outside,
    compare,
    has_text,
    has_value,
    texts_of,
)
from payer_policy.engines.symbolic.logic import (
    Formula,
    all_of,
    any_of,
    at_least,
    both,
    choose,
    either,
    negated,
    same,
)
from payer_policy.engines.symbolic.terms import FIRST_DAY, Codes, Facts, Number, Term

_OF_SETS: Final = ("is", "includes", "includes_any", "includes_all")
complete(
    "symbolic.formulas",
    ["in", "exists", "is_known", *_OF_SETS, *(n for n, row in CORE.items() if row.formula)],
)


@dataclass(frozen=True, slots=True)
class Halves:
    """Of a condition or a rule: that it is known to hold, and that it is not known to fail."""

    holds: Formula
    possible: Formula

    @property
    def fails(self) -> Formula:
        return negated(self.possible)

    @property
    def unknown(self) -> Formula:
        return both(self.possible, negated(self.holds))


class Conditions:
    """Writes conditions as halves over some facts. `read` gives the term of a fact.

    Without `by_absence` it says nothing of a fact that it is not known: a test that asks for that is
    unknown itself, and so nothing that becomes known turns any condition round.
    """

    def __init__(
        self,
        facts: Facts,
        read: Callable[[str], Term] | None = None,
        *,
        by_absence: bool = True,
    ) -> None:
        self.facts, self._by_absence = facts, by_absence
        self.read = read or facts.__getitem__
        self._expressions = Expressions(facts, self.read)
        self.outside: dict[str, Test] = {}
        """Tests that are no formulas, by what cannot be written. Each may turn out either way."""

    def halves(self, condition: Condition) -> Halves:
        """The two halves of a condition."""
        match condition:
            case Test():
                known, value = self._test(condition)
                return Halves(both(known, value), either(negated(known), value))
            case All(parts):
                halves = [self.halves(part) for part in parts]
                return Halves(
                    all_of(one.holds for one in halves), all_of(one.possible for one in halves)
                )
            case AnyOf(parts):
                halves = [self.halves(part) for part in parts]
                return Halves(
                    any_of(one.holds for one in halves), any_of(one.possible for one in halves)
                )
            case Not(part):
                inner = self.halves(part)
                return Halves(negated(inner.possible), negated(inner.holds))
            case AtLeast(count, parts):
                halves = [self.halves(part) for part in parts]
                return Halves(
                    at_least(count, [one.holds for one in halves]),
                    at_least(count, [one.possible for one in halves]),
                )

    def expression(self, expression: Any) -> Term:
        """The term of an expression. Raises `Outside`."""
        return self._expressions.term(expression)

    def _test(self, test: Test) -> tuple[Formula, Formula]:
        try:
            return self._known_and_value(test)
        except Outside as why:
            self.outside[str(why)] = test
            return self.facts.make.some_flag(), self.facts.make.some_flag()

    def _known_and_value(self, test: Test) -> tuple[Formula, Formula]:
        if test.operator == "is_known":
            known = self.read(test.fact).known
            return (True, known) if self._by_absence else (known, True)
        left = self._expressions.term(test.left)
        if test.operator == "exists":
            return left.known, negated(left.none)
        right = [self._expressions.term(expression) for expression in test.right]
        known = all_of([left.known, *(term.known for term in right)])
        there = negated(any_of([left.none, *(term.none for term in right)]))
        return known, both(there, self._of_values(test, left.value, right[0].value))

    def _of_values(self, test: Test, left: Any, right: Any) -> Formula:
        kind = self.facts.types[test.fact].kind
        if kind == "codes":
            return self._sets(test, left, right)
        if test.operator == "in":
            return self._among(test, left, right)
        formula = CORE[test.operator].formula
        if formula is None:
            raise Outside(f"`{test.operator}` on {kind}")
        if isinstance(left, Number):
            made: Formula = compare(formula, left, right)
        elif kind == "boolean":
            made = same(left, right)
        else:
            made = formula(left, right)
        return made

    def _among(self, test: Test, left: Any, right: Any) -> Formula:
        if isinstance(right, Codes):
            return has_value(right, test.fact, left)
        if isinstance(left, Number):
            listed = sorted(right, key=lambda number: (number.bottom, number.top))
            return any_of(compare(operator.eq, left, one) for one in listed)
        return any_of(self.facts.texts.is_one(left, one) for one in sorted(right))

    def _sets(self, test: Test, left: Codes, right: Any) -> Formula:
        if isinstance(right, Codes):
            return self._two_sets(test, left, right)
        match test.operator:
            case "includes":
                (side,) = test.right
                if isinstance(side, FactRef):
                    return has_value(left, side.fact, right)
                if isinstance(side, Lookup):
                    given = (value for value in side.table.gives(side.column) if value is not NONE)
                    texts = [self.facts.constant(value) for value in given]
                    return any_of(both(right == text, has_text(left, text)) for text in texts)
                return has_text(left, right)
            case "includes_any":
                return any_of(self._has_one(left, text) for text in sorted(right))
            case "includes_all":
                return all_of(self._has_one(left, text) for text in sorted(right))
            case "is":
                exactly = [same(has, text in right) for text, has in left.members.items()]
                return all_of([*exactly, negated(left.more)])
        raise Outside(f"`{test.operator}` on codes")

    def _has_one(self, codes: Codes, text: int) -> Formula:
        """That a text is in a set, or a code of it where it is a family."""
        texts = self.facts.texts
        if not texts.is_family(text):
            return has_text(codes, text)
        below = {codes.merged[one] for one in codes.merged if texts.is_one(one, text)}
        return any_of(codes.members[one] for one in sorted(below))

    def _two_sets(self, test: Test, left: Codes, right: Codes) -> Formula:
        """Two facts that are sets: code by code, and by where the codes lie that no rule names."""
        pairs = [
            (left.members.get(text, False), right.members.get(text, False))
            for text in texts_of([left, right])
            if not self.facts.texts.is_family(text)
        ]
        (side,) = test.right
        assert isinstance(side, FactRef)
        beyond = self.facts.beyond(test.fact, side.fact, left, right)
        match test.operator:
            case "includes_any":
                return any_of([*(both(a, b) for a, b in pairs), *(one.shared for one in beyond)])
            case "includes_all":
                listed = [either(a, negated(b)) for a, b in pairs]
                return all_of([*listed, *(negated(one.right_only) for one in beyond)])
            case "is":
                equal = [same(a, b) for a, b in pairs]
                return all_of(
                    [
                        *equal,
                        *(negated(any_of([one.left_only, one.right_only])) for one in beyond),
                    ]
                )
        raise Outside(f"`{test.operator}` on codes")


class Formulas:
    """The halves of all rules of a ruleset, and its derived facts, over `facts`.

    `given` reads the facts that the rules do not conclude; without it they are as in `facts`.
    `prefix` keeps the names of two rulesets over the same facts apart. `definitions` say what the
    names mean; whatever is asked about the formulas is asked together with them.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        facts: Facts,
        given: Callable[[str], Term] | None = None,
        prefix: str = "",
        *,
        by_absence: bool = True,
    ) -> None:
        self.ruleset, self.facts, self.prefix = ruleset, facts, prefix
        self._given = given or facts.__getitem__
        self.definitions: list[Formula] = []
        self.derived: dict[str, Term] = {}
        self.conflicts: dict[str, Formula] = {}
        """Of each derived fact, that rules which hold conclude two different values of it."""
        self.conditions = Conditions(facts, self.read, by_absence=by_absence)
        self.rules: list[Halves] = []
        self.own: list[Halves] = []
        """The rules' conditions by themselves, before overrides."""
        at = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        last: dict[str, int] = {}
        for name, fact in ruleset.derived.items():
            last[name] = max((index for index, _ in fact.concluded_by), default=-1)
            if last[name] < 0:
                self._settle(name)
        ends: dict[int, list[str]] = {}
        for name, index in last.items():
            ends.setdefault(index, []).append(name)
        for index, rule in enumerate(ruleset.rules):
            own = self.conditions.halves(rule.condition)
            blockers = [self.rules[at[id_]] for id_ in rule.overridden_by]
            holds = all_of([own.holds, *(blocker.fails for blocker in blockers)])
            possible = all_of([own.possible, *(negated(blocker.holds) for blocker in blockers)])
            self.own.append(own)
            self.rules.append(
                Halves(
                    self._named(f"{rule.id} holds", holds),
                    self._named(f"{rule.id} possible", possible),
                )
            )
            for name in ends.get(index, ()):
                self._settle(name)

    def read(self, name: str) -> Term:
        """The term of a fact: what the rules conclude, or what is given."""
        if name in self.ruleset.derived:
            return self.derived[name]
        return self._given(name)

    def rule(self, id_: str) -> Halves:
        """The halves of the rule of that id, overrides applied. Raises KeyError."""
        return self.rules[self.ruleset.index_of(id_)]

    def _named(self, name: str, formula: Formula) -> Formula:
        if isinstance(formula, bool) or formula.num_args() == 0:
            return formula
        known = self.facts.named.get(formula.get_id())
        if known is not None:  # another ruleset or request says the same of the same facts
            self.definitions.append(known[1] == formula)
            return known[1]
        named = self.facts.make.flag(f"{self.prefix}{name}")
        self.facts.named[formula.get_id()] = (formula, named)
        self.definitions.append(named == formula)
        return named

    def _settle(self, name: str) -> None:
        fact = self.ruleset.derived[name]
        holding: dict[Value, list[Formula]] = {}
        rivals: dict[Value, list[Formula]] = {}
        for index, value in fact.concluded_by:
            holding.setdefault(value, []).append(self.rules[index].holds)
            rivals.setdefault(value, []).append(self.rules[index].fails)
        held = {value: any_of(formulas) for value, formulas in holding.items()}
        out = {
            value: all_of(
                [held[value], *(f for other, fs in rivals.items() if other != value for f in fs)]
            )
            for value in held
        }
        values = list(held)
        self.conflicts[name] = any_of(
            both(held[one], held[other]) for at, one in enumerate(values) for other in values[:at]
        )
        if fact.otherwise is not None:
            none = all_of(f for fs in rivals.values() for f in fs)
            out[fact.otherwise] = either(out.get(fact.otherwise, False), none)
        named = {
            value: self._named(f"{name} is {value}", formula) for value, formula in out.items()
        }
        none = named.pop(NONE, False)
        known = any_of([*named.values(), none])
        self.derived[name] = Term(known, self._value(name, named), none)

    def _value(self, name: str, cases: Mapping[Value, Formula]) -> Any:
        type_: FactType = self.ruleset.facts[name].type
        if type_.kind == "boolean":
            return cases.get(True, False)
        constants = [(when, self.facts.constant(value)) for value, when in cases.items()]
        if type_.kind == "codes":
            texts = sorted({text for _, value in constants for text in value})
            members = {
                text: any_of(when for when, value in constants if text in value) for text in texts
            }
            for text in self.facts.texts_told_apart(name):
                members.setdefault(text, False)
            others = {
                other: (self.facts[other].value, False) for other in self.facts.compared_with(name)
            }
            return Codes(members, False, others, {text: text for text in members})
        if type_.kind in ("integer", "decimal"):
            if not constants:
                return Number(0)
            bottom = lcm(*(number.bottom for _, number in constants))
            tops = [(when, number.top * (bottom // number.bottom)) for when, number in constants]
            top: Any = tops[-1][1]
            for when, value in reversed(tops[:-1]):
                top = choose(when, value, top)
            return Number(top, bottom)
        if not constants:
            return FIRST_DAY if type_.kind == "date" else 0
        out: Any = constants[-1][1]
        for when, value in reversed(constants[:-1]):
            out = choose(when, value, out)
        return out


def conditions_of(rulesets: Iterable[Ruleset]) -> list[Condition]:
    """All conditions of some rulesets, for `Facts`."""
    return [
        condition
        for ruleset in rulesets
        for condition in (ruleset.applies_to, *(rule.condition for rule in ruleset.rules))
    ]


def codes_concluded_by(rulesets: Iterable[Ruleset]) -> list[tuple[str, frozenset[str]]]:
    """The codes that rules of some rulesets conclude, one or a set at a time, for `Facts`."""
    return [
        (name, value if isinstance(value, frozenset) else frozenset({value}))
        for ruleset in rulesets
        for name, fact in ruleset.derived.items()
        for value in (*(value for _, value in fact.concluded_by), fact.otherwise)
        if isinstance(value, (frozenset, str))
    ]
