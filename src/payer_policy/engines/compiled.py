"""The `compiled` engine: a ruleset written out once as one straight-line Python function.

A truth is two bits, so conditions are `&` and `|`. A test that several rules make is evaluated once;
one that a single rule makes stands inside it, and is left out where the rule fails without it.

A large ruleset is written once for each value of the fact that most of its rules ask for first (the
category of the drug, say), with just the rules that do not fail for it, and when it is first needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress
from threading import Lock
from typing import Any, Final

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import (
    All,
    Conclude,
    Condition,
    Constant,
    DerivedFact,
    FindingEffect,
    Ruleset,
    Test,
)
from payer_policy.core.semantics import Facts
from payer_policy.core.vocabulary.types import Value
from payer_policy.engines.protocol import Evaluation, Evaluator

GUARDED: Final = 32
"""Number of rules that test one fact from which a function for each of its values pays off."""


class CompiledEngine:
    """Runs anywhere Python runs; needs no C compiler; microseconds a decision."""

    name: Final = "compiled"

    def compile(self, ruleset: Ruleset) -> Evaluator:
        """The ruleset as a function from facts to an `Evaluation`."""
        guard = _guard_of(ruleset)
        if guard is None:
            return _Writer(ruleset, range(len(ruleset.rules))).evaluator()
        return _Guarded(ruleset, *guard)


# --- rules that ask for one fact first --------------------------------------------------------------


class _Guarded:
    """Evaluates only the rules that do not fail for the guard's value; all, where it is unknown."""

    def __init__(self, ruleset: Ruleset, guard: str, wanted: Mapping[int, frozenset[Any]]) -> None:
        self._ruleset, self._guard = ruleset, guard
        self._always = [index for index in range(len(ruleset.rules)) if index not in wanted]
        self._asking: dict[Any, list[int]] = {}
        for index, values in wanted.items():
            for value in values:
                self._asking.setdefault(value, []).append(index)
        self._lock = Lock()
        self._written: dict[Any, Evaluator] = {}

    def __call__(self, facts: Facts, /) -> Evaluation:
        value: object = facts.get(self._guard)
        if value is not None and value not in self._asking:
            value = (
                _OTHER  # one for all that no rule asks for, so that input cannot fill the memory
            )
        evaluate = self._written.get(value)
        if evaluate is None:
            evaluate = self._write(value)
        return evaluate(facts)

    def _write(self, value: Any) -> Evaluator:
        with self._lock:
            found = self._written.get(value)
            if found is None:
                rules: Sequence[int] = range(len(self._ruleset.rules))
                if value is not None:
                    rules = sorted([*self._always, *self._asking.get(value, ())])
                found = self._written[value] = _Writer(self._ruleset, rules).evaluator()
        return found


_OTHER: Final = object()


def _guard_of(ruleset: Ruleset) -> tuple[str, dict[int, frozenset[Any]]] | None:
    """The input fact that most rules test for certain values, and the values that each tests for."""
    asked: dict[str, dict[int, frozenset[Any]]] = {}
    kinds = ("code", "choice")
    for index, rule in enumerate(ruleset.rules):
        for fact, values in _asked_first(rule.condition):
            if fact not in ruleset.derived and ruleset.facts[fact].type.kind in kinds:
                mine = asked.setdefault(fact, {})
                mine[index] = mine[index] & values if index in mine else values
    if not asked:
        return None
    guard = max(sorted(asked), key=lambda fact: len(asked[fact]))
    return (guard, asked[guard]) if len(asked[guard]) >= GUARDED else None


def _asked_first(condition: Condition) -> Iterator[tuple[str, frozenset[Any]]]:
    """Facts that must have one of certain values, or else the condition fails."""
    match condition:
        case All(parts):
            for part in parts:
                yield from _asked_first(part)
        case Test(fact, "is", _, (Constant(value),)):
            yield fact, frozenset({value})
        case Test(fact, "in", _, (Constant(value),)) if type(value) is frozenset:
            yield fact, value  # a set with families of codes has more values than it lists


class _Derived(Mapping[str, "Value | None"]):
    """The derived facts of a large ruleset: those of the active rules, and those that are settled."""

    __slots__ = ("_active", "_settled")

    def __init__(
        self, active: dict[str, Value | None], settled: Mapping[str, Value | None]
    ) -> None:
        self._active, self._settled = active, settled

    def __getitem__(self, name: str) -> Value | None:
        active = self._active
        return active[name] if name in active else self._settled[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted([*self._active, *self._settled]))

    def __len__(self) -> int:
        return len(self._active) + len(self._settled)


# --- a function ----------------------------------------------------------------------------------------


class _Writer(SourceWriter):
    """Writes the function for some rules of a ruleset; the others are known to fail."""

    def __init__(self, ruleset: Ruleset, active: Sequence[int]) -> None:
        none = frozenset(name for name, fact in ruleset.facts.items() if fact.type.can_be_none)
        super().__init__(self._read, none)
        self.ruleset, self.active = ruleset, active
        self.rule_variables: dict[int, str] = {}
        self.derived_variables: dict[str, str] = {}
        self.conflict_checks: list[tuple[str, str]] = []
        self._held: dict[str, dict[Value, str]] = {}
        """For each derived fact and each value concluded: whether some rule that does so holds."""
        self._inputs: dict[str, str] = {}
        self._settled: dict[str, str] = {}
        """Variables of derived facts that no active rule concludes."""
        self._place = {ruleset.rules[index].id: index for index in active}
        self._concluding: dict[str, list[int]] = {name: [] for name in ruleset.derived}
        """The active rules that conclude a derived fact."""
        for index in active:
            effect = ruleset.rules[index].effect
            if isinstance(effect, Conclude):
                for name, _ in effect.values:
                    self._concluding[name].append(index)

    def evaluator(self) -> Evaluator:
        rules = self.ruleset.rules
        self.expect(rules[index].condition for index in self.active)
        settled = {
            name: self.ruleset.derived[name].otherwise
            for name, concluding in self._concluding.items()
            if not concluding
        }
        for index in self.active:
            rule = rules[index]
            source = self.condition(rule.condition)
            for blocker in rule.overridden_by:
                if blocker in self._place:
                    source += f" & NEG[{self.rule_variables[self._place[blocker]]}]"
            self.rule_variables[index] = self.shared("r", source)
            if isinstance(rule.effect, Conclude):
                for name, _ in rule.effect.values:
                    if self._concluding[name][-1] == index:
                        self._derive(self.ruleset.derived[name])
        self.namespace["Evaluation"] = Evaluation
        return self.function("evaluate", "facts", self._body(settled))

    def _body(self, settled: dict[str, Value | None]) -> list[str]:
        derived = {
            **{name: self.constant(value) for name, value in settled.items()},
            **self.derived_variables,
        }
        body = [*self._reading(), *self.lines]
        if self.conflict_checks:
            body.append("conflicts = ()")
            for name, check in sorted(self.conflict_checks):
                body.append(f"if {check}: conflicts += ({self.constant(name)},)")
        found = "conflicts" if self.conflict_checks else "()"
        if len(self.active) == len(self.ruleset.rules):
            truths = "".join(f"{self.rule_variables[index]}, " for index in self.active)
            pairs = ", ".join(f"{self.constant(name)}: {derived[name]}" for name in sorted(derived))
            return [*body, f"return Evaluation(({truths}), {{{pairs}}}, {found})"]
        # Of a large ruleset only what can be something else than "fails" is filled in.
        finding = sorted(
            (
                index
                for index in self.active
                if isinstance(self.ruleset.rules[index].effect, FindingEffect)
            ),
            key=lambda index: self.ruleset.rules[index].id,
        )
        self.namespace["FAILING"] = bytes(len(self.ruleset.rules))
        self.namespace["FINDING"] = tuple(finding)
        self.namespace["SETTLED"] = settled
        self.namespace["compress"] = compress
        self.namespace["Derived"] = _Derived
        body.append("truths = bytearray(FAILING)")
        body += [f"truths[{index}] = {self.rule_variables[index]}" for index in self.active]
        pairs = ", ".join(
            f"{self.constant(name)}: {variable}"
            for name, variable in sorted(self.derived_variables.items())
        )
        live = "".join(f"{self.rule_variables[index]}, " for index in finding)
        body.append(f"live = list(compress(FINDING, ({live})))")
        derived_facts = f"Derived({{{pairs}}}, SETTLED)"
        return [*body, f"return Evaluation(truths, {derived_facts}, {found}, None, live)"]

    def test(self, test: Test, *, negated: bool = False) -> str:
        """As for any fact; that a derived fact has a value is often just that a rule holds."""
        derived = self.ruleset.derived.get(test.fact)
        if derived is None or test.fact not in self._held:
            return super().test(test, negated=negated)
        if test.operator == "is" and isinstance(test.right[0], Constant):
            wanted = test.right[0].value
            held = self._held[test.fact]
            # With one value to conclude, and another where nothing concludes it, there is no third.
            if len(held) == 1 and derived.otherwise is not None and derived.otherwise not in held:
                truth = next(iter(held.values()))
                if wanted in held or wanted == derived.otherwise:
                    positive = (wanted in held) is not negated
                    return truth if positive else self.shared("n", f"NEG[{truth}]")
        return self.shared("t", self.truth(test, negated))

    def _read(self, fact: str) -> str:
        if fact in self.ruleset.derived:
            if self._concluding[fact]:
                return self.derived_variables[fact]
            if fact not in self._settled:
                otherwise = self.ruleset.derived[fact].otherwise
                self._settled[fact] = self.assign("d", self.constant(otherwise))
            return self._settled[fact]
        if fact not in self._inputs:
            self._inputs[fact] = self.name("f")
        return self._inputs[fact]

    def _reading(self) -> list[str]:
        """All facts that are read, at once: the quickest way to get many out of a mapping."""
        if not self._inputs:
            return []
        self.namespace["INPUTS"] = tuple(self._inputs)
        return [f"{', '.join(self._inputs.values())}, = map(facts.get, INPUTS)"]

    def _derive(self, fact: DerivedFact) -> None:
        rules_by_value: dict[Value, list[str]] = {}
        for index, value in fact.concluded_by:
            if index in self.rule_variables:
                rules_by_value.setdefault(value, []).append(self.rule_variables[index])
        otherwise = "None" if fact.otherwise is None else self.constant(fact.otherwise)
        held = self._held[fact.name] = {
            value: self.shared("h", " | ".join(rules)) for value, rules in rules_by_value.items()
        }
        source = " ".join(
            f"{self.constant(value)} if {variable} == 3"
            + "".join(f" and {other} == 0" for rival, other in held.items() if rival != value)
            + " else"
            for value, variable in held.items()
        )
        source += f" {otherwise} if {' == '.join([*held.values(), '0'])} else None"
        self.derived_variables[fact.name] = self.shared("d", source)
        if len(held) > 1:
            twice = " + ".join(f"({variable} >> 1)" for variable in held.values())
            self.conflict_checks.append((fact.name, f"{twice} > 1"))
