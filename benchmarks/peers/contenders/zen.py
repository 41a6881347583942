"""zen-engine (GoRules): a decision graph of two decision tables, a row a rule, as its users draw them.

The first table collects the rules that hold; the second says (first hit) whether another may hold.
Days are whole numbers like 20251103, since its texts have no order.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

from halves import (
    INFIX,
    Deciding,
    Guarded,
    as_doubles,
    halves_in_full,
    known_to_hold,
    may_hold,
    underscored,
    written,
)
from line_workload import LINE_FACTS
from tables import claim_by_claim, read_lines
from workload import LINE, Aggregate, Policy, Ref

from contenders import About, Decide, Lines, Shape


def guarded(one: Guarded) -> str:
    test = one.test
    left, value = variable(test.fact), test.value
    if isinstance(value, Ref):
        true = f"{left} {INFIX[test.op]} {variable(value.fact)}"
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
    names = [variable(fact) for fact in one.facts]
    if one.lenient:
        return "(" + " or ".join([*(f"{name} == null" for name in names), true]) + ")"
    return "(" + " and ".join([*(f"{name} != null" for name in names), true]) + ")"


def variable(fact: str) -> str:
    """A field of the line at hand, or of the whole input."""
    return f"#.{fact.removeprefix(LINE)}" if fact.startswith(LINE) else underscored(fact)


def over_lines(one: Aggregate) -> str:
    """A fact over lines as an expression."""
    lines = one.lines
    if one.where is not None:
        lines = f"filter({lines}, {written(known_to_hold(one.where), guarded, ' and ', ' or ')})"
    if one.how == "count":
        return f"len({lines})"
    if one.condition is not None:
        true, open_ = (
            f"some({lines}, {written(half(one.condition), guarded, ' and ', ' or ')})"
            for half in (known_to_hold, may_hold)
        )
        return true if true == open_ else f"{true} ? true : {open_} ? null : false"
    assert one.field is not None
    field = variable(one.field)
    values = f"map({lines}, {field})"
    made = f"len({lines}) == 0 ? 0 : sum({values})" if one.how == "sum" else f"max({values})"
    return f"some({lines}, {field} == null) ? null : {made}"


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
        *([_expressions(policy)] if policy.aggregates else []),
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


def _expressions(policy: Policy) -> dict[str, Any]:
    """The node that adds up lines before the tables."""
    written_ = [
        {"id": name, "key": underscored(name), "value": over_lines(one)}
        for name, one in policy.aggregates.items()
    ]
    content = {
        "expressions": written_,
        "passThrough": True,
        "inputField": None,
        "outputPath": None,
        "executionMode": "single",
    }
    return _node("over_lines", "expressionNode", content)


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


def build_lines(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    """The host program finds the services of a claim; the graph adds up their lines, and decides."""
    import zen

    decision = zen.ZenEngine().create_decision(json.dumps(graph(policy)))
    deciding = Deciding(policy)
    given = [fact for fact in policy.facts if fact.name not in policy.aggregates]
    names = dict.fromkeys(underscored(fact.name) for fact in given)
    days = [underscored(fact.name) for fact in given if fact.kind == "date"]
    fields = dict.fromkeys(fact.name.removeprefix(LINE) for fact in LINE_FACTS)

    def shape(request: dict[str, Any]) -> Any:
        facts = names | as_doubles(policy, request["facts"])
        lines = []
        for line in request["lines"]:
            typed = fields | line | {"date": number(line["date"])}
            if typed["charge"] is not None:
                typed["charge"] = float(typed["charge"])
            lines.append(typed)
        dated = {day: number(facts[day]) for day in days if facts[day] is not None}
        return facts | dated | {"claim": lines}

    def decide(claim: Any) -> Any:
        services: dict[tuple[str, int], list[Any]] = {}
        same_day: dict[int, list[Any]] = {}
        for line in claim["claim"]:
            code, day = line["code"], line["date"]
            same_day.setdefault(day, []).append(line)
            if code in policy.codes:
                services.setdefault((code, day), []).append(line)
        answers = []
        for code, day in sorted(services):
            lines = {"service": services[code, day], "same_day": same_day[day]}
            result = decision.evaluate(claim | lines | {"drug_code": code, "service_date": day})[
                "result"
            ]
            held = (row["rule"] for row in result["holding"])
            text = f"{day // 10000}-{day // 100 % 100:02}-{day % 100:02}"
            answers.append((code, text, *deciding.answer(held, bool(result.get("open")))))
        return answers

    return shape, decide


ABOUT = [
    About(
        name="zen",
        title="zen-engine (GoRules)",
        needs=("zen-engine==2.1.3", "pyarrow"),
        unknown="null, asked for in every test",
        reasons="yes, as columns of the table",
        proof="a trace of the tables, on demand",
        dates="yes, slowly; here whole numbers",
        note="Two decision tables, a row a rule. Doses are doubles or decimals of its own.",
        build=build,
        lines=Lines(
            build_lines,
            claim_by_claim(build_lines),
            read_lines,
            rows=5_000,
            note="A node of expressions before the tables, with functions over arrays; the host program "
            "finds the drugs and days.",
        ),
    )
]
