"""zen-engine (GoRules): a decision graph of two decision tables, a row a rule, as its users draw them.

The first table collects the rules that hold; the second says (first hit) whether another may hold.
Days are whole numbers like 20251103, since its texts have no order.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from halves import INFIX, Deciding, Guarded, as_doubles, halves_in_full, underscored, written
from workload import Policy, Ref

from contenders import About, Decide, Shape


def guarded(one: Guarded) -> str:
    test = one.test
    left, value = underscored(test.fact), test.value
    if isinstance(value, Ref):
        true = f"{left} {INFIX[test.op]} {underscored(value.fact)}"
    elif isinstance(value, tuple):
        listed = f"[{', '.join(map(json.dumps, value))}]"
        if test.op in ("includes_any", "excludes"):
            some = f"some({left}, # in {listed})"
            true = some if test.op == "includes_any" else f"not({some})"
        else:
            true = f"{left} {'in' if test.op == 'in' else 'not in'} {listed}"
    elif hasattr(value, "isoformat"):
        true = f"{left} {INFIX[test.op]} {number(value)}"
    elif isinstance(value, bool | str):
        true = f"{left} {INFIX[test.op]} {json.dumps(value)}"
    else:
        true = f"{left} {INFIX[test.op]} {value}"
    names = [underscored(fact) for fact in one.facts]
    if one.lenient:
        return "(" + " or ".join([*(f"{name} == null" for name in names), true]) + ")"
    return "(" + " and ".join([*(f"{name} != null" for name in names), true]) + ")"


def number(day: Any) -> int:
    return int(str(day).replace("-", ""))


def graph(policy: Policy) -> dict[str, Any]:
    halves = halves_in_full(policy)

    def rows(column: str) -> list[tuple[str, str]]:
        return [
            (half.rule.id, written(getattr(half, column), guarded, " and ", " or "))
            for half in halves
            if column == "holds" or half.rule.kind != "advise"
        ]

    nodes = [
        _node("claim", "inputNode"),
        _table("holding", rows("holds"), "collect"),
        _table("open", rows("may_hold"), "first"),
        _node("answer", "outputNode"),
    ]
    edges = [
        {"id": f"{a['id']}-{b['id']}", "type": "edge", "sourceId": a["id"], "targetId": b["id"]}
        for a, b in pairwise(nodes)
    ]
    return {"nodes": nodes, "edges": edges}


def _node(name: str, kind: str, content: Any = None) -> dict[str, Any]:
    node = {"id": name, "name": name, "type": kind, "position": {"x": 0, "y": 0}}
    return node if content is None else node | {"content": content}


def _table(name: str, rows: list[tuple[str, str]], policy: str) -> dict[str, Any]:
    content = {
        "hitPolicy": policy,
        "inputs": [{"id": "when", "name": "when"}],
        "outputs": [{"id": "rule", "name": "rule", "field": "rule"}],
        "rules": [{"_id": id_, "when": when, "rule": json.dumps(id_)} for id_, when in rows],
        "passThrough": True,
        "inputField": None,
        "outputPath": name,
        "executionMode": "single",
    }
    return _node(name, "decisionTableNode", content)


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import zen

    decision = zen.ZenEngine().create_decision(json.dumps(graph(policy)))
    deciding = Deciding(policy)
    names = dict.fromkeys(underscored(fact.name) for fact in policy.facts)
    days = [underscored(fact.name) for fact in policy.facts if fact.kind == "date"]

    def shape(request: dict[str, Any]) -> Any:
        facts = names | as_doubles(policy, request["facts"])
        return facts | {day: number(facts[day]) for day in days if facts[day] is not None}

    def decide(facts: Any) -> Any:
        result = decision.evaluate(facts)["result"]
        held = (row["rule"] for row in result["holding"])
        return deciding.answer(held, bool(result.get("open")))

    return shape, decide


ABOUT = [
    About(
        name="zen",
        title="zen-engine (GoRules)",
        needs=("zen-engine==2.1.3",),
        unknown="null, asked for in every test",
        reasons="yes, as columns of the table",
        proof="a trace of the tables, on demand",
        dates="yes, slowly; here whole numbers",
        note="Two decision tables, a row a rule. Doses are doubles or decimals of its own.",
        build=build,
    )
]
