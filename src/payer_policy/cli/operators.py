"""`payer-policy operators`: the dictionary of tests."""

from __future__ import annotations

from collections.abc import Iterator

import click

from payer_policy.cli import options
from payer_policy.core.vocabulary.operators import OPERATORS, Operator
from payer_policy.language import ARITHMETIC_ARITY

_RIGHT = {
    "one": "a value",
    "several": 'a list, or {"code_set": …}',
    "pair": "[lowest, highest]",
    "window": '{"days": n, "before": date} (weeks, months, years, business_days; after; calendar)',
    "code": "a code",
    "flag": "true or false",
    "whole": "a whole number above zero",
}


@click.command("operators")
@options.as_json
def command(as_json: bool) -> None:
    """Every test operator: its facts, its right side, and what it means."""
    value = [
        {"operator": row.name, "facts": sorted(row.kinds), "right": row.shape, "means": row.means}
        for row in OPERATORS.values()
    ]
    options.report(as_json, value, _text())


def _text() -> Iterator[str]:
    for row in OPERATORS.values():
        yield row.name
        yield f"    {row.means}"
        yield f"    facts: {', '.join(_kinds(row))}; right side: {_RIGHT[row.shape]}"
    yield ""
    yield "Conditions are joined by all, any, not, and at_least … of."
    yield 'Values: a plain value, {"fact": …}, {"parameter": …}, or arithmetic over them:'
    yield f"{', '.join(ARITHMETIC_ARITY)}."
    yield 'The rounding ones take "to": "50 mg", for a multiple. Units are UCUM codes: mg/kg, [lb_av].'


def _kinds(row: Operator) -> list[str]:
    """The types of facts; a choice must be ordered to be compared by size."""
    if row.name == "exists":
        return ["those that can be none"]
    ordered = "choice" in row.kinds and row.by_size
    return sorted("ordered choice" if ordered and k == "choice" else k for k in row.kinds)
