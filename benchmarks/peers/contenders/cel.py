"""CEL: one program for each half of each rule, compiled once, in three implementations.

Python's own (cel-python), a binding of the Rust one (common-expression-language), and a binding of
Google's C++ one (cel-expr-python). A missing fact is asked for with `in`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from halves import INFIX, Formula, Guarded, as_doubles, one_by_one, written
from workload import Policy, Ref

from contenders import About, Decide, Shape


def guarded(one: Guarded, doubles: frozenset[str]) -> str:
    test = one.test
    left, value = f'f["{test.fact}"]', test.value
    if isinstance(value, Ref):
        true = f'{left} {INFIX[test.op]} f["{value.fact}"]'
    elif test.op in ("includes_any", "excludes"):
        assert isinstance(value, tuple)
        any_ = " || ".join(f"{literal(code)} in {left}" for code in value)
        true = f"({any_})" if test.op == "includes_any" else f"!({any_})"
    elif isinstance(value, tuple):
        listed = f"{left} in [{', '.join(map(literal, value))}]"
        true = listed if test.op == "in" else f"!({listed})"
    else:
        shown = repr(float(value)) if test.fact in doubles else literal(value)  # type: ignore[arg-type]
        true = f"{left} {INFIX[test.op]} {shown}"
    there = [f'"{fact}" in f' for fact in one.facts]
    if one.lenient:
        return "(" + " || ".join([*(f"!({asked})" for asked in there), true]) + ")"
    return "(" + " && ".join([*there, true]) + ")"


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'


def sources(policy: Policy) -> Any:
    doubles = frozenset(fact.name for fact in policy.facts if fact.kind == "decimal")
    return lambda formula: written(formula, lambda one: guarded(one, doubles))


def build_rust(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import cel

    write = sources(policy)

    def compiled(formula: Formula) -> Any:
        return cel.compile(write(formula)).execute

    decide = one_by_one(policy, compiled)

    # One context a claim: the facts are turned into CEL's values once.
    def in_context(facts: Any) -> Any:
        return decide(cel.Context(variables={"f": facts}))

    return (lambda request: as_doubles(policy, request["facts"], named=False)), in_context


def build_python(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import celpy

    write = sources(policy)
    environment = celpy.Environment(runner_class=celpy.CompiledRunner)

    def compiled(formula: Formula) -> Any:
        return environment.program(environment.compile(write(formula))).evaluate

    decide = one_by_one(policy, compiled)

    def from_json(facts: Any) -> Any:
        return decide({"f": celpy.json_to_cel(facts)})

    return (lambda request: as_doubles(policy, request["facts"], named=False)), from_json


def build_cpp(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    from cel_expr_python import cel

    write = sources(policy)
    facts_type = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    environment = cel.NewEnv(variables={"f": facts_type})

    def compiled(formula: Formula) -> Any:
        program = environment.compile(write(formula))
        return lambda activation: program.eval(activation).value()

    decide = one_by_one(policy, compiled)

    def activated(facts: Any) -> Any:
        return decide(environment.Activation({"f": facts}))

    return (lambda request: as_doubles(policy, request["facts"], named=False)), activated


_SAYS: Any = {
    "unknown": "an error, unless asked for in every test",
    "reasons": "which program is true; the rest is ours",
    "proof": "no",
    "dates": "timestamps; here ISO text, which sorts alike",
}
ABOUT = [
    About(
        name="cel-rust",
        title="CEL (common-expression-language, Rust)",
        needs=("common-expression-language==0.10.0",),
        note="Two programs a rule. Doses are doubles.",
        build=build_rust,
        growth=(20, 200, 2000),
        **_SAYS,
    ),
    About(
        name="cel-cpp",
        title="CEL (cel-expr-python, C++)",
        needs=("cel-expr-python==0.1.3",),
        note="Two programs a rule. Doses are doubles.",
        build=build_cpp,
        **_SAYS,
    ),
    About(
        name="cel-python",
        title="CEL (cel-python)",
        needs=("cel-python==0.5.0",),
        note="Two programs a rule, run by Python. Doses are doubles.",
        build=build_python,
        growth=(20, 200),
        **_SAYS,
    ),
]
