"""Which unknown input facts an unknown rule waits for: the quick half of `missing`.

A claim that is approved on assumptions needs no more than this, and most bare claims are. Sets of
facts are bits of an integer; each rule becomes a function when it is first asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Not,
    Ruleset,
    Test,
    facts_in_test,
    lookups_in,
)
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import UNKNOWN, Truth

FactSet = int
"""A set of input facts: bit i is the i-th fact of the vocabulary that is asked for."""


class Pass:
    """One request: its facts, its truths, and what was found out already."""

    __slots__ = ("get", "known", "rules", "truths")

    def __init__(self, truths: Sequence[Truth], known: Facts) -> None:
        self.truths = truths
        self.known = known
        self.get = known.get
        self.rules: dict[int, FactSet] = {}


Walk = Callable[[Pass], FactSet]


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
        self._ruleset = ruleset
        self._bits = bits
        self._behind = behind
        self._overriders = overriders
        self._concluding = {
            name: tuple(index for index, _ in derived.concluded_by)
            for name, derived in ruleset.derived.items()
        }
        self._can_be_none = frozenset(
            name for name, fact in ruleset.facts.items() if fact.type.can_be_none
        )
        self._walks: list[Walk | None] = [None] * len(ruleset.rules)

    def of_rule(self, index: int, state: Pass) -> FactSet:
        """The unknown facts that are reached from the unknown rule through unknown parts only."""
        found = state.rules.get(index)
        if found is not None:
            return found
        walk = self._walks[index]
        if walk is None:
            writer = _Writer(self._bits, self.of_fact, self._can_be_none)
            walk = self._walks[index] = writer.walk(self._ruleset.rules[index].condition)
        facts = walk(state)
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


class _Writer(SourceWriter):
    """Writes a condition out as the set of facts that it waits for.

    What is asked about is unknown, and that says much of its parts: none of an unknown `all` fails,
    none of an unknown `any` holds. So a test among them need not be made: it waits for those of its
    facts that are not known.
    """

    def __init__(
        self,
        bits: Mapping[str, FactSet],
        of_fact: Callable[[str, Pass], FactSet],
        can_be_none: frozenset[str],
    ) -> None:
        super().__init__(self._read, can_be_none)
        self._bits = bits
        self._variables: dict[str, str] = {}
        self.namespace["of_fact"] = of_fact

    def walk(self, condition: Condition) -> Walk:
        """The function for a condition of which it is known that it does not fail."""
        result = self._not_failing(condition)
        reading = [
            f"{variable} = get({self.constant(name)})" for name, variable in self._variables.items()
        ]
        body = ["get = state.get", *reading, *self.lines, f"return {result}"]
        return self.function("walk", "state", body)

    def _read(self, name: str) -> str:
        if name not in self._variables:
            self._variables[name] = self.name("f")
        return self._variables[name]

    def _unknown(self, condition: Condition) -> str:
        match condition:
            case Test():
                return self._facts_of(condition)
            case Not(part):
                return self._unknown(part)
            case All(parts):
                return _union(map(self._not_failing, parts))
            case AnyOf(parts):
                return _union(map(self._not_holding, parts))
            case AtLeast(_, parts):
                return _union(
                    f"({self._unknown(part)} if {self.condition(part)} == 1 else 0)"
                    for part in parts
                )

    def _not_failing(self, condition: Condition) -> str:
        match condition:
            case Test() | All():
                return self._unknown(condition)
            case Not(part):
                return self._not_holding(part)
        return f"(0 if {self.condition(condition)} == 3 else {self._unknown(condition)})"

    def _not_holding(self, condition: Condition) -> str:
        match condition:
            case Test() | AnyOf():
                return self._unknown(condition)
            case Not(part):
                return self._not_failing(part)
        return f"({self._unknown(condition)} if {self.condition(condition)} else 0)"

    def _facts_of(self, test: Test) -> str:
        if test.operator == "is_known":
            return "0"
        facts = _union(map(self._fact, facts_in_test(test)))
        if any(True for side in test.right for _ in lookups_in(side)):
            # What a table gives may be known although a key is not.
            return f"({facts} if {self.test(test)} == 1 else 0)"
        return facts

    def _fact(self, name: str) -> str:
        bit = self._bits.get(name)
        behind = f"of_fact({self.constant(name)}, state)" if bit is None else self.constant(bit)
        return f"({behind} if {self._read(name)} is None else 0)"


def _union(sets: Iterable[str]) -> str:
    distinct = [one for one in dict.fromkeys(sets) if one != "0"]
    if len(distinct) < 2:
        return distinct[0] if distinct else "0"
    return f"({' | '.join(distinct)})"
