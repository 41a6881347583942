"""The command line: one thin file per command, imported only when the command runs.

Exit status: 0; 1 if the answer is bad news; 2 if the call or the input was wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from payer_policy.core import collector
from payer_policy.core.diagnostics import PolicyError, did_you_mean

COMMANDS: Final = {
    "audit": "Check, search, replay, export, back up and redact the record of answers.",
    "batch": "Decide files of millions of claims into a Parquet dataset.",
    "bundle": "Build, verify and show signed bundles of policies.",
    "check": "Find every problem of a policy folder.",
    "compare": "Show how a change of a policy changes decisions.",
    "cover": "Show the parts of policies that no scenario exercises.",
    "decide": "Decide the claims of a file, with reasons.",
    "explain": "Show the proof of a determination, step by step.",
    "facts": "List the facts that a rule can read.",
    "health": "Ask a running service whether it is ready.",
    "impact": "Show how a change of policies changes past claims.",
    "init": "Write a starter folder: policies, schemas, examples, CI.",
    "keys": "Make, list and remove the API keys of the service.",
    "migrate": "Rewrite policies of an older form.",
    "mutate": "Test the scenarios by small changes to policies.",
    "new": "Begin a payer, a drug, a policy, an example or a scenario.",
    "operators": "List the tests that a rule can make.",
    "prove": "Prove statements about every possible request.",
    "read": "Read a policy as numbered plain English.",
    "repair": "Show what would get a denied or pended claim approved.",
    "requirements": "List what a policy asks, as a checklist.",
    "respond": "Answer X12 claims with an 835, requests with a 278.",
    "schema": "Write the JSON Schemas that editors use.",
    "selfcheck": "Run the engines against each other on random claims.",
    "serve": "Serve decisions over HTTP.",
    "spec": "Run Gherkin scenarios; no Python needed.",
    "verify": "Check every step of recorded determinations.",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        with collector.at_rest():
            module = importlib.import_module(f"payer_policy.cli.{name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = did_you_mean(args[0], COMMANDS) or "to see all commands: payer-policy --help"
            raise click.UsageError(f"`{args[0]}` is not a command; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # From the table above: help must not import what every command needs.
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="payer-policy", message="payer-policy %(version)s")
def payer_policy() -> None:
    """Coverage policies as JSON, decided with reasons, citations and a proof."""


def main() -> None:
    """The `payer-policy` command. It never prints a stack trace."""
    try:
        payer_policy(standalone_mode=True)
    except PolicyError as error:
        from payer_policy.core.diagnostics.render import report_text

        click.echo(report_text(error.diagnostics, consequence="nothing was loaded"), err=True)
        sys.exit(2)
    except BrokenPipeError:  # `payer-policy … | head`: the reader has closed
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)
    except RecursionError:
        click.echo("payer-policy: the input is nested too deeply", err=True)
        sys.exit(2)
    except Exception as error:  # the kind of error only, since its text may quote data
        if os.environ.get("PAYER_POLICY_DEBUG"):
            raise
        click.echo(
            f"payer-policy: internal error ({type(error).__name__}). Nothing was decided. "
            "Set PAYER_POLICY_DEBUG=1 to see where.",
            err=True,
        )
        sys.exit(2)
