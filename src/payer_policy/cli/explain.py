"""`payer-policy explain`: the proof behind every determination of a claim file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.cli.deciding import answers
from payer_policy.determination.explain import explain
from payer_policy.determination.render import as_of_in_words, render_no_policy
from payer_policy.determination.trees import Explanation

_FORMATS = {
    "text": Explanation.as_text,
    "markdown": Explanation.as_markdown,
    "html": Explanation.as_html,
}


@click.command("explain")
@click.argument("claim")
@options.facts
@click.option("--claim-number", help="Only the claim with this number.")
@click.option("--all", "everything", is_flag=True, help="Also why the other rules do not apply.")
@click.option(
    "--format", "form", type=click.Choice(list(_FORMATS)), default="text", show_default=True
)
@options.policies
@options.engine()
def command(
    claim: str,
    facts: str | None,
    claim_number: str | None,
    everything: bool,
    form: str,
    folder: Path,
    engine: str | None,
) -> None:
    """Show how each determination of CLAIM follows from the policy and the facts.

    Exit status 0: everything was explained; 2: some input was wrong.
    """
    opened = options.open_engine(folder, engine)
    refused = False
    for answer in answers(opened, claim, facts):
        if claim_number is not None and answer.claim_id != claim_number:
            continue
        refused = refused or answer.refused
        options.print_problems(answer.problems)
        for decided in answer.decided:
            tree = explain(
                decided.ruleset,
                decided.evaluation,
                decided.facts,
                decided.determination,
                include_failing=everything,
            )
            click.echo(_FORMATS[form](tree), nl=False)
        if answer.as_of is not None and form == "text":
            click.echo(as_of_in_words(answer.as_of))
        if not answer.decided:
            for service in answer.without_policy:
                click.echo(render_no_policy(service))
    sys.exit(2 if refused else 0)
