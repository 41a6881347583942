"""`payer-policy operators`: the dictionary of tests."""

from __future__ import annotations

import click

from payer_policy.cli import options
from payer_policy.core.vocabulary.operators import OPERATORS, Operator
from payer_policy.language import ARITHMETIC_ARITY

_RIGHT = {
    "one": "a value",
    "several": 'a list, or {"code_set": …}',
    "pair": "[lowest, highest]",
    "window": '{"days": n, "before": date} (weeks, months, years, business_days; after)',
    "code": "a code",
    "flag": "true or false",
    "whole": "a whole number above zero",
}


@click.command("operators")
@options.as_json
def command(as_json: bool) -> None:
    """Every test operator: for which facts, what stands on its right, and what it means."""
    if as_json:
        options.print_json(
            [
                {
                    "operator": row.name,
                    "facts": sorted(row.kinds),
                    "right": row.shape,
                    "means": row.means,
                }
                for row in OPERATORS.values()
            ]
        )
        return
    for row in OPERATORS.values():
        click.echo(f"{row.name}")
        click.echo(f"    {row.means}")
        click.echo(f"    facts: {', '.join(_kinds(row))}; right side: {_RIGHT[row.shape]}")
    click.echo("")
    click.echo("Conditions are joined by all, any, not, and at_least … of.")
    click.echo('Values: a plain value, {"fact": …}, {"parameter": …}, or arithmetic over them:')
    click.echo(f"{', '.join(ARITHMETIC_ARITY)}.")


def _kinds(row: Operator) -> list[str]:
    """The types of fact, with what a choice needs to be compared by size."""
    if row.name == "exists":
        return ["those that can be none"]
    ordered = "choice" in row.kinds and row.by_size
    return sorted("ordered choice" if ordered and k == "choice" else k for k in row.kinds)
