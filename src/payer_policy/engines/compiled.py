"""The `compiled` engine: a ruleset written out once as one straight-line Python function.

A truth is two bits, so conditions are `&` and `|`. A test that several rules make is evaluated once;
one that a single rule makes stands inside it, and is left out where the rule fails without it.
"""

from __future__ import annotations

from typing import Final

from payer_policy.codegen import SourceWriter
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.ruleset import Conclude, Constant, DerivedFact, Ruleset, Test
from payer_policy.vocabulary.types import Value


class CompiledEngine:
    """Runs anywhere Python runs; needs no C compiler; microseconds a decision."""

    name: Final = "compiled"

    def compile(self, ruleset: Ruleset) -> Evaluator:
        """The ruleset as a function from facts to an `Evaluation`."""
        return _Writer(ruleset).evaluator()


class _Writer(SourceWriter):
    def __init__(self, ruleset: Ruleset) -> None:
        super().__init__(self._read)
        self.ruleset = ruleset
        self.rule_variables: list[str] = []
        self.derived_variables: dict[str, str] = {}
        self.conflict_checks: list[tuple[str, str]] = []
        self._held: dict[str, dict[Value, str]] = {}
        """For each derived fact and each value concluded: whether some rule that does so holds."""
        self._inputs: dict[str, str] = {}
        self._last_rule = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }

    def evaluator(self) -> Evaluator:
        self.expect(rule.condition for rule in self.ruleset.rules)
        place = {rule.id: index for index, rule in enumerate(self.ruleset.rules)}
        for name, last in self._last_rule.items():
            if last < 0:
                self._derive(self.ruleset.derived[name])
        for index, rule in enumerate(self.ruleset.rules):
            source = self.condition(rule.condition)
            for blocker in rule.overridden_by:
                source += f" & NEG[{self.rule_variables[place[blocker]]}]"
            self.rule_variables.append(self.shared("r", source))
            if isinstance(rule.effect, Conclude):
                for name, _ in rule.effect.values:
                    if self._last_rule[name] == index:
                        self._derive(self.ruleset.derived[name])
        self.namespace["Evaluation"] = Evaluation
        truths = ", ".join(self.rule_variables)
        derived = ", ".join(
            f"{self.constant(name)}: {variable}"
            for name, variable in sorted(self.derived_variables.items())
        )
        body = [*self._reading(), *self.lines]
        if self.conflict_checks:
            body.append("conflicts = ()")
            for name, check in sorted(self.conflict_checks):
                body.append(f"if {check}: conflicts += ({self.constant(name)},)")
        found = "conflicts" if self.conflict_checks else "()"
        body.append(f"return Evaluation(({truths}{',' if truths else ''}), {{{derived}}}, {found})")
        return self.function("evaluate", "facts", body)

    def test(self, test: Test, *, negated: bool = False) -> str:
        """As for any fact; that a derived fact has a value is often just that a rule holds."""
        derived = self.ruleset.derived.get(test.fact)
        if derived is None:
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
            return self.derived_variables[fact]
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
        if held:
            source += f" {otherwise} if {' == '.join([*held.values(), '0'])} else None"
            self.derived_variables[fact.name] = self.shared("d", source)
        else:
            self.derived_variables[fact.name] = self.assign("d", otherwise)
        if len(held) > 1:
            twice = " + ".join(f"({variable} >> 1)" for variable in held.values())
            self.conflict_checks.append((fact.name, f"{twice} > 1"))
