"""The `compiled` engine: a ruleset written out once as one straight-line Python function.

Every test is evaluated at most once; a truth is two bits, so conditions are `&` and `|`.
"""

from __future__ import annotations

from typing import Final

from payer_policy.codegen import SourceWriter
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.ruleset import Conclude, DerivedFact, Ruleset
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
        self._inputs: dict[str, str] = {}
        self._last_rule = {
            name: max((index for index, _ in fact.concluded_by), default=-1)
            for name, fact in ruleset.derived.items()
        }

    def evaluator(self) -> Evaluator:
        for name, last in self._last_rule.items():
            if last < 0:
                self._derive(self.ruleset.derived[name])
        for index, rule in enumerate(self.ruleset.rules):
            source = self.condition(rule.condition)
            for blocker in rule.overridden_by:
                source += f" & NEG[{self.rule_variables[self.ruleset.index_of(blocker)]}]"
            self.rule_variables.append(self.assign(("rule", index), "r", source))
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
        body = [*self.lines]
        if self.conflict_checks:
            body.append("conflicts = ()")
            for name, check in sorted(self.conflict_checks):
                body.append(f"if {check}: conflicts += ({self.constant(name)},)")
        found = "conflicts" if self.conflict_checks else "()"
        body.append(f"return Evaluation(({truths}{',' if truths else ''}), {{{derived}}}, {found})")
        return self.function("evaluate", "facts", ["get = facts.get", *body])

    def _read(self, fact: str) -> str:
        if fact in self.ruleset.derived:
            return self.derived_variables[fact]
        if fact not in self._inputs:
            self._inputs[fact] = self.assign(("fact", fact), "f", f"get({self.constant(fact)})")
        return self._inputs[fact]

    def _derive(self, fact: DerivedFact) -> None:
        rules_by_value: dict[Value, list[str]] = {}
        for index, value in fact.concluded_by:
            rules_by_value.setdefault(value, []).append(self.rule_variables[index])
        otherwise = "None" if fact.otherwise is None else self.constant(fact.otherwise)
        held = {
            value: self.assign(object(), "h", " | ".join(rules))
            for value, rules in rules_by_value.items()
        }
        source = " ".join(
            f"{self.constant(value)} if {variable} == 3"
            + "".join(f" and {other} == 0" for other in held.values() if other != variable)
            + " else"
            for value, variable in held.items()
        )
        if held:
            source += f" {otherwise} if {' == '.join([*held.values(), '0'])} else None"
        else:
            source = otherwise
        self.derived_variables[fact.name] = self.assign(("derived", fact.name), "d", source)
        if len(held) > 1:
            twice = " + ".join(f"({variable} >> 1)" for variable in held.values())
            self.conflict_checks.append((fact.name, f"{twice} > 1"))
