"""rule-engine: one expression for each half of each rule, compiled once, null for unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from halves import INFIX, Formula, Guarded, as_doubles, one_by_one, underscored, written
from workload import Policy, Ref

from contenders import About, Decide, Shape


def guarded(one: Guarded) -> str:
    test = one.test
    left, value = underscored(test.fact), test.value
    if isinstance(value, Ref):
        true = f"{left} {INFIX[test.op]} {underscored(value.fact)}"
    elif test.op in ("includes_any", "excludes"):
        assert isinstance(value, tuple)
        any_ = " or ".join(f"{literal(code)} in {left}" for code in value)
        true = f"({any_})" if test.op == "includes_any" else f"not ({any_})"
    elif isinstance(value, tuple):
        word = "in" if test.op == "in" else "not in"
        true = f"{left} {word} [{', '.join(map(literal, value))}]"
    else:
        true = f"{left} {INFIX[test.op]} {literal(value)}"
    names = [underscored(fact) for fact in one.facts]
    if one.lenient:
        return "(" + " or ".join([*(f"{name} == null" for name in names), true]) + ")"
    return "(" + " and ".join([*(f"{name} != null" for name in names), true]) + ")"


def literal(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'"{value}"'
    return f'"{value.isoformat()}"' if hasattr(value, "isoformat") else str(value)


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import rule_engine

    context = rule_engine.Context(default_value=None)
    names = [underscored(fact.name) for fact in policy.facts]

    def compiled(formula: Formula) -> Any:
        text = written(formula, guarded, " and ", " or ")
        return rule_engine.Rule(text, context=context).matches

    def shape(request: dict[str, Any]) -> Any:
        return dict.fromkeys(names) | as_doubles(policy, request["facts"])

    return shape, one_by_one(policy, compiled)


ABOUT = [
    About(
        name="rule-engine",
        title="rule-engine",
        needs=("rule-engine==5.1.0",),
        unknown="null, asked for in every test",
        reasons="which expression is true; the rest is ours",
        proof="no",
        dates="yes; here ISO text, which sorts alike",
        note="Two expressions a rule. Its numbers are decimals made from doubles.",
        build=build,
        growth=(20, 200),
    )
]
