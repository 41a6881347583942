"""rule-engine: one expression a rule, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer
from expressions import Language, flat, name_of, one_by_one, ordinal
from workload import Claim, Rule

REQUIREMENTS = ["rule-engine==5.1.0"]
NOTE = "presence is asked for in every test; which rules hold, nothing more"
SIGNS = {"is": "==", "at_least": ">=", "at_most": "<=", "on_or_before": "<=", "on_or_after": ">="}


def prepare(claim: Claim) -> Claim:
    return flat(claim, lambda day: day.toordinal(), float)


def _leaf(fact: str, operator: str, right: Any, possible: bool) -> str:
    name = name_of(fact, possible)
    if fact.startswith("derived."):
        return name
    missing, join = ("== null", "or") if possible else ("!= null", "and")
    if isinstance(right, dict):
        other = name_of(right["fact"])
        return (
            f"({name} {missing} {join} {other} {missing} {join} {name} {SIGNS[operator]} {other})"
        )
    if operator == "in":
        test = "(" + " or ".join(f'{name} == "{value}"' for value in right) + ")"
    elif operator.startswith("on_or"):
        test = f"{name} {SIGNS[operator]} {ordinal(right)}"
    else:
        value = str(right).lower() if isinstance(right, bool) else right
        test = f"{name} {SIGNS[operator]} " + (
            f'"{value}"' if isinstance(right, str) else f"{value}"
        )
    return f"({name} {missing} {join} {test})"


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    import rule_engine

    context = rule_engine.Context(default_value=None)
    language = Language(
        _leaf,
        lambda parts: "(" + " and ".join(parts) + ")",
        lambda parts: "(" + " or ".join(parts) + ")",
    )
    return one_by_one(rules, language, lambda text: rule_engine.Rule(text, context=context).matches)
