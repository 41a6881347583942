"""JsonLogic by datalogic-py (Rust): one compiled document that says which rules hold or may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from halves import And, Deciding, Formula, Guarded, Or, as_doubles, halves_in_full, underscored
from workload import Policy, Ref

from contenders import About, Decide, Shape

SIGNS = {
    "is": "===", "is_not": "!==", "at_least": ">=", "on_or_after": ">=", "more_than": ">",
    "after": ">", "less_than": "<", "before": "<", "at_most": "<=", "on_or_before": "<=",
}  # fmt: skip


def logic(formula: Formula, doubles: frozenset[str]) -> Any:
    match formula:
        case Guarded():
            return guarded(formula, doubles)
        case And(parts):
            return {"and": [logic(part, doubles) for part in parts]}
        case Or(parts):
            return {"or": [logic(part, doubles) for part in parts]}


def guarded(one: Guarded, doubles: frozenset[str]) -> Any:
    test = one.test
    left: Any = {"var": underscored(test.fact)}
    value: Any = test.value
    if isinstance(value, Ref):
        true: Any = {SIGNS[test.op]: [left, {"var": underscored(value.fact)}]}
    elif test.op in ("includes_any", "excludes"):
        true = {"or": [{"in": [code, left]} for code in value]}
        true = true if test.op == "includes_any" else {"!": [true]}
    elif isinstance(value, tuple):
        true = {"in": [left, list(value)]}
        true = true if test.op == "in" else {"!": [true]}
    else:
        if hasattr(value, "isoformat"):
            value = value.isoformat()
        true = {SIGNS[test.op]: [left, float(value) if test.fact in doubles else value]}
    names = [{"var": underscored(fact)} for fact in one.facts]
    if one.lenient:
        return {"or": [*({"===": [name, None]} for name in names), true]}
    return {"and": [*({"!==": [name, None]} for name in names), true]}


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    from datalogic_py import Engine

    doubles = frozenset(fact.name for fact in policy.facts if fact.kind == "decimal")
    halves = halves_in_full(policy)
    ids = [half.rule.id for half in halves]
    engine = Engine()
    document = [logic(half.holds, doubles) for half in halves]
    some = [logic(half.may_hold, doubles) for half in halves if half.rule.kind != "advise"]
    rules = engine.compile([*document, {"or": some}])
    deciding = Deciding(policy)

    def decide(facts: Any) -> Any:
        *held, may = rules.evaluate(facts)
        return deciding.answer((id_ for id_, holds in zip(ids, held, strict=True) if holds), may)

    return (lambda request: as_doubles(policy, request["facts"])), decide


ABOUT = [
    About(
        name="jsonlogic",
        title="JsonLogic (datalogic-py, Rust)",
        needs=("datalogic-py==5.9.0",),
        unknown="null, asked for in every test",
        reasons="which rule is true; the rest is ours",
        proof="a trace, on demand",
        dates="ISO text, which sorts alike",
        note="All rules in one document, compiled once. Doses are doubles.",
        build=build,
    )
]
