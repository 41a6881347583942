"""CEL by common-expression-language (Rust): one program a rule, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer
from expressions import Language, one_by_one
from workload import Claim, Rule

from contenders import rule_engine_

REQUIREMENTS = ["common-expression-language==0.10.0"]
NOTE = "presence is asked for in every test; which rules hold, nothing more"
prepare = rule_engine_.prepare


def _leaf(fact: str, operator: str, right: Any, possible: bool) -> str:
    text = rule_engine_._leaf(fact, operator, right, possible)
    return text.replace(" and ", " && ").replace(" or ", " || ")


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    import cel

    language = Language(
        _leaf,
        lambda parts: "(" + " && ".join(parts) + ")",
        lambda parts: "(" + " || ".join(parts) + ")",
    )
    return one_by_one(rules, language, lambda text: cel.compile(text).execute)
