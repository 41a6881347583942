"""Whether two conditions can hold together, as far as their tests show: never a wrong "no".

Used to find rules that conclude different values of one fact, and policies that both apply. The
alternatives of both conditions are tried, each until one fact would have to have two values at
once. What cannot be decided (dates in a span, some comparisons between facts, very large conditions)
counts as possible.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    Expression,
    FactRef,
    Not,
    Score,
    Test,
    facts_taken_over,
    gives_none,
)
from payer_policy.core.vocabulary.codes import code_below, families_in
from payer_policy.core.vocabulary.operators import CORE
from payer_policy.core.vocabulary.types import FactType

_BUDGET: Final = 60_000
"""Parts of conditions looked at before the answer is "they can"."""
_DEPTH: Final = 200
_FEW: Final = 400
"""Maximum number of whole numbers or days between two bounds that are tried one by one."""


def can_both_hold(a: Condition, b: Condition, types: Mapping[str, FactType] | None = None) -> bool:
    """False only when no facts whatever make both conditions hold.

    `types` are those of the facts; of a fact without one, any value is possible, named or not.
    """
    return _Search(types or {}).possible([(a, True), (b, True)], {}, 0)


class _Literal(NamedTuple):
    """A test that must hold, or must be known not to hold (`wanted` False)."""

    operator: str
    left: FactRef | Score
    right: Expression
    wanted: bool

    def passes(self, value: Any) -> bool:
        """Whether a value of the fact does what is wanted; True where that cannot be seen."""
        holds = CORE[self.operator].holds
        if not isinstance(self.right, Constant) or holds is None:
            return True
        if isinstance(self.left, Score):
            if value not in self.left.values:
                return True
            value = self.left.values.index(value)
        return bool(holds(value, self.right.value)) is self.wanted


def _literal(test: Test, wanted: bool) -> _Literal:
    """A test without the names of its constants. Of a fact that exists and of one that has no value
    nothing is seen here, so `exists` counts as possible either way."""
    (right,) = test.right
    if isinstance(right, Constant):
        right = Constant(right.value)
    return _Literal(test.operator, test.left, right, wanted)


@dataclass
class _Search:
    types: Mapping[str, FactType]
    budget: int = _BUDGET

    def _may_be_none(self, right: Expression) -> bool:
        read = facts_taken_over(right)
        return gives_none(right) or any(
            name not in self.types or self.types[name].can_be_none for name in read
        )

    def possible(
        self,
        todo: list[tuple[Condition, bool]],
        known: Mapping[str, tuple[_Literal, ...]],
        depth: int,
    ) -> bool:
        """Whether some facts make all of `todo` come out as wanted, beside what is `known`."""
        literals = dict(known)
        choices: list[tuple[tuple[Condition, ...], bool]] = []
        while todo:
            condition, wanted = todo.pop()
            self.budget -= 1
            if self.budget < 0:
                return True
            match condition:
                case Test():
                    new = _literal(condition, wanted)
                    if not wanted and self._may_be_none(new.right):
                        continue  # then no test holds, whatever it is
                    listed = literals.get(condition.fact, ())
                    if new not in listed:
                        literals[condition.fact] = (*listed, new)
                        type_ = self.types.get(condition.fact)
                        if not _fact_possible(literals[condition.fact], type_):
                            return False
                case Not(part):
                    todo.append((part, not wanted))
                case AtLeast(count, parts):
                    needed = count if wanted else len(parts) - count + 1
                    if needed == len(parts):
                        todo += [(part, wanted) for part in parts]
                    elif needed == 1:
                        choices.append((parts, wanted))
                case All(parts) | AnyOf(parts):
                    if isinstance(condition, All) is wanted or len(parts) == 1:
                        todo += [(part, wanted) for part in parts]
                    else:
                        choices.append((parts, wanted))
        if not choices or depth > _DEPTH:
            return True
        choices.sort(key=lambda choice: len(choice[0]))
        (parts, wanted), *others = choices
        later: list[tuple[Condition, bool]] = [
            (AnyOf(parts) if wanted else All(parts), wanted) for parts, wanted in others
        ]
        return any(self.possible([*later, (part, wanted)], literals, depth + 1) for part in parts)


def _fact_possible(literals: tuple[_Literal, ...], type_: FactType | None) -> bool:
    """Whether one value of a fact (or its not being known) does all that is wanted."""
    if any(literal._replace(wanted=not literal.wanted) in literals for literal in literals):
        return False
    tests = [one for one in literals if one.operator not in ("is_known", "exists")]
    unknown = any(one.operator == "is_known" and not one.wanted for one in literals)
    if unknown and len(literals) > 1:
        return False
    exists = [one for one in literals if one.operator == "exists"]
    if (type_ is None or type_.can_be_none) and not any(one.wanted for one in (*tests, *exists)):
        return True  # it can be none: then every test fails, and it does not exist
    if any(not one.wanted for one in exists):
        return False
    candidates = _candidates(tests, type_)
    if candidates is not None:
        return any(all(test.passes(value) for test in tests) for value in candidates)
    if type_ is not None and type_.kind == "codes":
        return _codes_possible(tests)
    return not any(_empty(bounds) for bounds in _bounds(tests).values())


def _candidates(tests: list[_Literal], type_: FactType | None) -> Iterable[Any] | None:
    """All values that have to be tried; None where they are not known, or too many."""
    for test in tests:
        if isinstance(test.right, Constant) and test.wanted:
            value: Any = test.right.value
            if test.operator == "is":
                return (value,)
            if test.operator == "in" and not families_in(value):
                return sorted(value, key=repr)
    if any(test.operator == "in" and test.wanted for test in tests):
        return _codes_named(tests)
    if type_ is not None and type_.kind == "boolean":
        return (True, False)
    values = next((test.left.values for test in tests if isinstance(test.left, Score)), ())
    if type_ is not None and type_.kind == "choice":
        values = type_.values
    if values:
        return values
    return _between(_bounds(tests).get(None, []), type_)


def _codes_named(tests: Iterable[_Literal]) -> list[str]:
    """The codes that tests name, and of each family one that none of them names."""
    texts: set[str] = set()
    for test in tests:
        if not isinstance(test.right, Constant):
            continue
        value = test.right.value
        texts.update(map(str, value) if isinstance(value, frozenset) else [str(value)])
    families = {family for family in texts if family.endswith("-")}
    for family in families:
        numbers = range(len(texts) + 1)
        below = (code_below(family, number, families) for number in numbers)
        texts.update(one for one in below if one is not None)
    return sorted(texts - families)


def _between(bounds: list[_Bound], type_: FactType | None) -> Iterable[Any] | None:
    """The whole numbers or days between constant bounds, when they are few."""
    if type_ is None or type_.kind not in ("integer", "date"):
        return None
    low = [_inner(bound) for bound in bounds if bound.low]
    high = [_inner(bound) for bound in bounds if not bound.low]
    if not low or not high or min(high) - max(low) > _FEW:
        return None
    numbers = range(max(low), min(high) + 1)
    return [date.fromordinal(n) for n in numbers] if type_.kind == "date" else numbers


class _Bound(NamedTuple):
    at: Fraction
    included: bool
    low: bool


def _inner(bound: _Bound) -> int:
    """The first whole number on the inner side of a bound."""
    edge = math.ceil(bound.at) if bound.low else math.floor(bound.at)
    if edge == bound.at and not bound.included:
        edge += 1 if bound.low else -1
    return edge


def _bounds(tests: Iterable[_Literal]) -> dict[Expression | None, list[_Bound]]:
    """Lower and upper bounds: those that are constants, and those against each expression."""
    out: dict[Expression | None, list[_Bound]] = {}
    for test in tests:
        key = None if isinstance(test.right, Constant) else test.right
        edge = _number(test.right.value) if isinstance(test.right, Constant) else Fraction(0)
        if edge is not None:
            bounds = [_Bound(edge, included, low) for included, low in _edges(test)]
            out.setdefault(key, []).extend(bounds)
    return out


def _edges(test: _Literal) -> tuple[tuple[bool, bool], ...]:
    """How the right side bounds the fact: (included, from below)."""
    match test.operator:
        case "at_least":
            return ((test.wanted, test.wanted),)
        case "at_most":
            return ((test.wanted, not test.wanted),)
        case "is" if test.wanted:
            return ((True, True), (True, False))
    return ()


def _number(value: Any) -> Fraction | None:
    if isinstance(value, date):
        return Fraction(value.toordinal())
    if isinstance(value, (bool, str, frozenset)):
        return None
    return Fraction(value)


def _empty(bounds: list[_Bound]) -> bool:
    """Whether lower and upper bounds leave nothing between them."""
    return any(
        low.at > high.at or (low.at == high.at and not (low.included and high.included))
        for low in bounds
        if low.low
        for high in bounds
        if not high.low
    )


def _codes_possible(tests: Iterable[_Literal]) -> bool:
    """Whether some set of codes has all that it must and nothing that it must not."""
    needed: set[str] = set()
    banned: list[frozenset[str]] = []
    sided: list[tuple[_Literal, Any]] = [
        (test, test.right.value) for test in tests if isinstance(test.right, Constant)
    ]
    for test, side in sided:
        match test.operator, test.wanted:
            case "includes", True:
                needed.add(side)
            case "includes", False:
                banned.append(frozenset({side}))
            case "includes_all", True:
                needed |= side - families_in(side)
            case "includes_any", False:
                banned.append(side)

    def is_banned(code: str) -> bool:
        return any(code in codes for codes in banned)

    if any(map(is_banned, needed)):
        return False
    return all(
        not all(map(is_banned, side)) if test.operator == "includes_any" else not side <= needed
        for test, side in sided
        if (test.operator, test.wanted) in (("includes_any", True), ("includes_all", False))
    )
