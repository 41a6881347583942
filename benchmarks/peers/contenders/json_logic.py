"""JsonLogic by panzi-json-logic: one document a rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer
from expressions import Language, flat, name_of, one_by_one, ordinal
from workload import Claim, Rule

REQUIREMENTS = ["panzi-json-logic==1.0.1"]
NOTE = "presence is asked for in every test; which rules hold, nothing more"
SIGNS = {"is": "===", "at_least": ">=", "at_most": "<=", "on_or_before": "<=", "on_or_after": ">="}


def prepare(claim: Claim) -> Claim:
    return flat(claim, lambda day: day.toordinal(), float)


def _leaf(fact: str, operator: str, right: Any, possible: bool) -> Any:
    value = {"var": name_of(fact, possible)}
    if fact.startswith("derived."):
        return value
    other: Any = right
    if isinstance(right, dict):
        other = {"var": name_of(right["fact"])}
    elif operator.startswith("on_or"):
        other = ordinal(right)
    test = {"in": [value, other]} if operator == "in" else {SIGNS[operator]: [value, other]}
    asked = [value, other] if isinstance(right, dict) else [value]
    if possible:
        return {"or": [*({"===": [one, None]} for one in asked), test]}
    return {"and": [*({"!==": [one, None]} for one in asked), test]}


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    from json_logic import jsonLogic

    language = Language(
        _leaf, lambda parts: {"and": list(parts)}, lambda parts: {"or": list(parts)}
    )
    return one_by_one(rules, language, lambda logic: lambda claim: bool(jsonLogic(logic, claim)))
