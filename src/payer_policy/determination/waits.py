"""Which unknown input facts an unknown rule waits for: the quick half of `missing`.

A claim that is approved on assumptions needs no more than this, and most bare claims are. Sets of
facts are bits of an integer; conditions become closures once a ruleset.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from payer_policy.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Constant,
    FactRef,
    Not,
    Ruleset,
    Test,
    facts_in_test,
)
from payer_policy.semantics import Facts, truth_of_test
from payer_policy.truth import HOLDS, UNKNOWN, Truth
from payer_policy.vocabulary.operators import OPERATORS

FactSet = int
"""A set of input facts: bit i is the i-th fact of the vocabulary that is asked for."""
_HOLDS: Final = -1
_FAILS: Final = -2
"""A condition waits for a set of facts (not negative), or it is settled: one of these two."""


class Pass:
    """One request: its facts, its truths, and what was found out already."""

    __slots__ = ("get", "known", "rules", "truths")

    def __init__(self, truths: Sequence[Truth], known: Facts) -> None:
        self.truths = truths
        self.known = known
        self.get = known.get
        self.rules: dict[int, FactSet] = {}


Walk = Callable[[Pass], int]


class Waits:
    """What each rule of a ruleset waits for.

    `bits` are the facts that are asked for as such; `behind` says what is asked for any other.
    """

    def __init__(
        self,
        ruleset: Ruleset,
        overriders: Sequence[Sequence[int]],
        bits: Mapping[str, FactSet],
        behind: Callable[[str, Facts], FactSet],
    ) -> None:
        self._bits = bits
        self._behind = behind
        self._overriders = overriders
        self._concluding = {
            name: tuple(index for index, _ in derived.concluded_by)
            for name, derived in ruleset.derived.items()
        }
        self._walks = [self._condition(rule.condition) for rule in ruleset.rules]

    def of_rule(self, index: int, state: Pass) -> FactSet:
        """The unknown facts that are reached from the rule through unknown parts only."""
        found = state.rules.get(index)
        if found is not None:
            return found
        waits = self._walks[index](state)
        facts = max(waits, 0)
        for other in self._overriders[index]:
            if state.truths[other] == UNKNOWN:
                facts |= self.of_rule(other, state)
        state.rules[index] = facts
        return facts

    def of_fact(self, name: str, state: Pass) -> FactSet:
        """The unknown facts behind an unknown fact: itself, or what its unknown rules wait for."""
        bit = self._bits.get(name)
        if bit is not None:
            return bit
        concluding = self._concluding.get(name)
        if concluding is None:
            return self._behind(name, state.known)
        facts = 0
        for index in concluding:
            if state.truths[index] == UNKNOWN:
                facts |= self.of_rule(index, state)
        return facts

    def _condition(self, condition: Condition) -> Walk:
        match condition:
            case Test():
                return self._test(condition)
            case Not(part):
                inner = self._condition(part)

                def negated(state: Pass) -> int:
                    waits = inner(state)
                    return waits if waits >= 0 else -3 - waits

                return negated
            case All(parts):
                return _combined([self._condition(part) for part in parts], _FAILS, _HOLDS)
            case AnyOf(parts):
                return _combined([self._condition(part) for part in parts], _HOLDS, _FAILS)
            case AtLeast(count, parts):
                return _counted(count, [self._condition(part) for part in parts])

    def _test(self, test: Test) -> Walk:
        operator = OPERATORS[test.operator]
        constants = [side.value for side in test.right if isinstance(side, Constant)]
        fact = test.fact
        if (
            operator.shape != "flag"
            and isinstance(test.left, FactRef)
            and len(constants) == len(test.right)
        ):
            holds = operator.holds
            bit = self._bits.get(fact)

            def plain(state: Pass) -> int:
                value = state.get(fact)
                if value is None:
                    return self.of_fact(fact, state) if bit is None else bit
                return _HOLDS if holds(value, *constants) else _FAILS

            return plain
        names = tuple(dict.fromkeys(facts_in_test(test)))
        is_flag = operator.shape == "flag"

        def general(state: Pass) -> int:
            get = state.get
            unknown = [] if is_flag else [name for name in names if get(name) is None]
            facts = 0
            for name in unknown:
                facts |= self.of_fact(name, state)
            if unknown:
                return facts
            truth = truth_of_test(test, state.known)
            return 0 if truth == UNKNOWN else _HOLDS if truth == HOLDS else _FAILS

        return general


def _combined(walks: Sequence[Walk], settles: int, otherwise: int) -> Walk:
    """A condition that one part settles; where none does and none is unknown, it is `otherwise`."""

    def combined(state: Pass) -> int:
        facts = otherwise
        for walk in walks:
            waits = walk(state)
            if waits == settles:
                return settles
            if waits >= 0:
                facts = waits if facts < 0 else facts | waits
        return facts

    return combined


def _counted(count: int, walks: Sequence[Walk]) -> Walk:
    def counted(state: Pass) -> int:
        facts = certain = possible = 0
        for walk in walks:
            waits = walk(state)
            if waits == _HOLDS:
                certain += 1
            elif waits >= 0:
                possible += 1
                facts |= waits
        if certain >= count:
            return _HOLDS
        return _FAILS if certain + possible < count else facts

    return counted
