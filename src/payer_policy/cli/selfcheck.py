"""`payer-policy selfcheck`: the engines against each other on the installed policies."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from payer_policy.analysis.selfcheck import StepByStep, selfcheck
from payer_policy.cli import options
from payer_policy.engines import engine_named, why_unavailable
from payer_policy.policy.loading import open_library

_HELD = ("compiled", "durable", "columnar", "symbolic")
"""The engines that are held against each other; `checked` is two of them."""


@click.command("selfcheck")
@options.policies
@click.option("--cases", type=click.IntRange(1, 10_000_000), default=2000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--symbolic/--no-symbolic",
    default=True,
    help="Whether the formulas of proofs are held to the engines too (about 15 ms a case).",
)
@options.as_json
def command(folder: Path, cases: int, seed: int, symbolic: bool, as_json: bool) -> None:
    """Decide random cases on every engine, and count where they differ.

    The same seed gives the same cases. Exit status 1: at least one difference.
    """
    held = [name for name in _HELD if symbolic or name != "symbolic"]
    names = [name for name in held if why_unavailable(name) is None]
    engines = [*(engine_named(name) for name in names), StepByStep()]
    result = selfcheck(open_library(folder), engines, cases=cases, seed=seed)
    if as_json:
        options.print_json(
            {
                "schema": "payer-policy/selfcheck/1",
                "engines": [engine.name for engine in engines],
                "rulesets": result.rulesets,
                "cases": result.cases,
                "comparisons": result.comparisons,
                "mismatches": [
                    {
                        "policy": found.policy,
                        "first_day": found.first_day.isoformat(),
                        "engines": list(found.engines),
                        "difference": found.difference,
                        "facts": found.facts,
                    }
                    for found in result.mismatches
                ],
            }
        )
    else:
        for found in result.mismatches[:20]:
            click.echo(f"{found.policy} from {found.first_day}: {' / '.join(found.engines)}")
            click.echo(f"    {found.difference}")
            click.echo(f"    facts: {json.dumps(found.facts, ensure_ascii=False)}")
        click.echo(
            f"{result.cases:,} cases on {result.rulesets} rulesets, engines "
            f"{', '.join(engine.name for engine in engines)}: {result.comparisons:,} comparisons, "
            f"{len(result.mismatches)} mismatches."
        )
        for name in held:
            if (why := why_unavailable(name)) is not None:
                click.echo(f"`{name}` was not compared: {why}.")
    sys.exit(1 if result.mismatches else 0)
