"""zen-engine (GoRules): one decision graph of expressions, evaluated in one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from answers import Answer, decided
from expressions import Language, name_of
from workload import Claim, Rule

from contenders import rule_engine_

REQUIREMENTS = ["zen-engine==2.1.3"]
NOTE = "decision graph; presence is asked for in every test; trace on demand"
prepare = rule_engine_.prepare


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    import zen

    language = Language(
        rule_engine_._leaf,
        lambda parts: "(" + " and ".join(parts) + ")",
        lambda parts: "(" + " or ".join(parts) + ")",
    )
    derived: dict[str, list[Rule]] = {}
    for rule in rules:
        if "conclude" in rule:
            derived.setdefault(rule["conclude"], []).append(rule)
    first = [
        (name_of(fact, possible),
         language.any([language.of(rule["when"], possible) for rule in concluding]))
        for fact, concluding in derived.items()
        for possible in (False, True)
    ]  # fmt: skip
    found = [rule for rule in rules if "conclude" not in rule]
    second = [(f"h{at}", language.of(rule["when"], False)) for at, rule in enumerate(found)]
    second += [
        (f"p{at}", language.of(rule["when"], True))
        for at, rule in enumerate(found)
        if "advise" not in rule
    ]
    engine = zen.ZenEngine()
    decision = engine.create_decision(json.dumps(_graph(first, second)))

    def decide(claim: Claim) -> Answer:
        told = decision.evaluate(claim)["result"]
        holding = [(rule, told[f"h{at}"]) for at, rule in enumerate(found)]
        return decided(
            [rule["id"] for rule, holds in holding if holds],
            any(holds for rule, holds in holding if "deny" in rule),
            any(holds for rule, holds in holding if "pend" in rule),
            any(told.get(f"p{at}") and not told[f"h{at}"] for at in range(len(found))),
        )

    return decide


def _graph(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> dict[str, Any]:
    def node(id_: str, pairs: list[tuple[str, str]], passing: bool) -> dict[str, Any]:
        return {
            "id": id_, "name": id_, "type": "expressionNode", "position": {"x": 0, "y": 0},
            "content": {
                "expressions": [
                    {"id": f"{id_}{at}", "key": key, "value": value}
                    for at, (key, value) in enumerate(pairs)
                ],
                "passThrough": passing, "inputField": None, "outputPath": None,
                "executionMode": "single",
            },
        }  # fmt: skip

    ends = [
        {"id": "in", "name": "in", "type": "inputNode", "position": {"x": 0, "y": 0}},
        {"id": "out", "name": "out", "type": "outputNode", "position": {"x": 0, "y": 0}},
    ]
    nodes = [ends[0], node("derived", first, True), node("rules", second, False), ends[1]]
    order = [one["id"] for one in nodes]
    return {
        "nodes": nodes,
        "edges": [
            {"id": f"e{at}", "sourceId": a, "targetId": b, "type": "edge"}
            for at, (a, b) in enumerate(pairwise(order))
        ],
    }
