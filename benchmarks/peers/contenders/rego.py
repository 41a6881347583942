"""Rego: one module that collects the ids of the rules that hold, and says whether another may.

Two implementations: regorus (Rust; a package that publishes its Python binding) and rego-cpp (regopy).
A missing fact is null, and asked for; that a rule may hold is a rule of its own. An `or` becomes a helper
rule with a body for each way.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from halves import INFIX, And, Deciding, Formula, Guarded, Or, as_doubles, halves_in_full
from workload import Policy, Ref

from contenders import About, Decide, Shape

HEAD = """package claims
import rego.v1

default open := false
answer := {"holding": holding, "open": open}
"""


class Writer:
    def __init__(self, policy: Policy) -> None:
        self.doubles = frozenset(fact.name for fact in policy.facts if fact.kind == "decimal")
        self.helpers: dict[Formula, str] = {}
        self.lines: list[str] = []

    def body(self, formula: Formula) -> list[str]:
        match formula:
            case Guarded(_, lenient):
                return [self.helper(formula)] if lenient else self.strict(formula)
            case And(parts):
                return [line for part in parts for line in self.body(part)]
            case Or():
                return [self.helper(formula)]

    def helper(self, formula: Guarded | Or) -> str:
        name = self.helpers.get(formula)
        if name is None:
            if isinstance(formula, Or):
                bodies = [self.body(part) for part in formula.parts]
            else:
                bodies = [[f'input["{fact}"] == null'] for fact in formula.facts]
                bodies.append(self.strict(formula))
            name = self.helpers[formula] = f"way_{len(self.helpers)}"
            self.lines += [f"{name} if {{\n  " + "\n  ".join(body) + "\n}" for body in bodies]
        return name

    def strict(self, one: Guarded) -> list[str]:
        test = one.test
        left, value = f'input["{test.fact}"]', test.value
        there = [f'input["{fact}"] != null' for fact in one.facts]
        if isinstance(value, Ref):
            return [*there, f'{left} {INFIX[test.op]} input["{value.fact}"]']
        if isinstance(value, tuple):
            codes = "{" + ", ".join(map(json.dumps, value)) + "}"
            if test.op in ("in", "not_in"):
                return (
                    [f"{left} in {codes}"]
                    if test.op == "in"
                    else [*there, f"not {left} in {codes}"]
                )
            if test.op == "includes_any" and len(value) == 1:
                return [f"{json.dumps(value[0])} in {left}"]
            some = f"count({codes} & {{code | some code in {left}}})"
            return [f"{some} > 0"] if test.op == "includes_any" else [*there, f"{some} == 0"]
        if hasattr(value, "isoformat"):
            value = value.isoformat()
        shown: Any = float(value) if test.fact in self.doubles else value
        if test.op == "is":
            return [f"{left} == {json.dumps(shown)}"]
        return [*there, f"{left} {INFIX[test.op]} {json.dumps(shown)}"]


def module(policy: Policy) -> str:
    writer = Writer(policy)
    rules: list[str] = []
    for half in halves_in_full(policy):
        holds = "\n  ".join(writer.body(half.holds))
        rules.append(f'holding contains "{half.rule.id}" if {{\n  {holds}\n}}')
        if half.rule.kind != "advise":
            may = "\n  ".join(writer.body(half.may_hold))
            rules.append(f"open if {{\n  {may}\n}}")
    return "\n".join([HEAD, *writer.lines, *rules, ""])


def build_regorus(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import regorus

    engine = regorus.Engine()
    engine.set_policy_length_config(max_col=1024, max_file_bytes=1 << 28, max_lines=10_000_000)
    engine.add_policy("claims.rego", module(policy))
    deciding = Deciding(policy)

    def decide(facts: Any) -> Any:
        engine.set_input_json(json.dumps(facts))
        answer = engine.eval_rule("data.claims.answer")
        return deciding.answer(answer["holding"], answer["open"])

    return shape_of(policy), decide


def shape_of(policy: Policy) -> Shape:
    nothing = dict.fromkeys(fact.name for fact in policy.facts)
    return lambda request: nothing | as_doubles(policy, request["facts"], named=False)


def build_rvm(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import regorus

    program = regorus.Program.compile_from_modules(
        "{}", [("claims.rego", module(policy))], ["data.claims.answer"]
    )
    machine = regorus.Rvm()
    machine.load_program(program)
    deciding = Deciding(policy)

    def decide(facts: Any) -> Any:
        machine.set_input_json(json.dumps(facts))
        answer = json.loads(machine.execute())
        return deciding.answer(answer["holding"], answer["open"])

    return shape_of(policy), decide


def build_rego_cpp(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import regopy

    interpreter = regopy.Interpreter()
    interpreter.add_module("claims", module(policy))
    bundle = interpreter.build(None, ["claims/answer"])
    deciding = Deciding(policy)

    def decide(facts: Any) -> Any:
        interpreter.set_input(regopy.Input(facts))
        output = interpreter.query_bundle_entrypoint(bundle, "claims/answer")
        answer = json.loads(str(output))["expressions"][0]
        return deciding.answer(answer["holding"], answer["open"])

    return shape_of(policy), decide


_SAYS: Any = {
    "unknown": "undefined; a rule of its own says that it may hold",
    "reasons": "yes, as data",
    "proof": "no",
    "dates": "yes; here ISO text, which sorts alike",
}
ABOUT = [
    About(
        name="regorus",
        title="Rego (regorus, interpreted)",
        needs=("gordon-to-regorus==0.13.0",),
        note="Two Rego rules a rule. Microsoft's regorus is not on PyPI; this is its code, published "
        "by another. Time includes writing the claim as JSON.",
        build=build_regorus,
        **_SAYS,
    ),
    About(
        name="regorus-rvm",
        title="Rego (regorus, bytecode)",
        needs=("gordon-to-regorus==0.13.0",),
        note="The same module, compiled to bytecode.",
        build=build_rvm,
        **_SAYS,
    ),
    About(
        name="rego-cpp",
        title="Rego (regopy, C++)",
        needs=("regopy==1.5.2",),
        note="The same module.",
        build=build_rego_cpp,
        growth=(20, 200),
        **_SAYS,
    ),
]
