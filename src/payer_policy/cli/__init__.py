"""The command line: one file a command, each thin. Commands are imported only when they run.

Exit status: 0, or 1 where the answer is bad news, or 2 where the call or the input was wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Final

import click

from payer_policy.core.diagnostics import PolicyError, did_you_mean

COMMANDS: Final = {
    "audit": "Check, search, replay, export, back up and redact the record of answers.",
    "batch": "Decide files of millions of claims into a Parquet dataset.",
    "bundle": "Build, verify and show signed bundles of policies.",
    "check": "Find everything that is wrong with a policy folder.",
    "compare": "Show what a change of a policy does, as behavior.",
    "cover": "Show what of the policies no scenario exercises.",
    "decide": "Decide the claims of a file, with reasons.",
    "explain": "Show the proof of a determination, step by step.",
    "facts": "The dictionary of facts that a rule can read.",
    "health": "Ask a running service whether it is ready.",
    "impact": "What a change of the policies does to past claims.",
    "init": "Write a starter folder: policies, schemas, examples, CI.",
    "keys": "Make and remove the API keys of the service.",
    "mutate": "Change the policies a little: does a scenario notice?",
    "operators": "The dictionary of tests that a rule can make.",
    "prove": "Prove what is said to be always or never so.",
    "read": "Read a policy as numbered plain English.",
    "repair": "What would get a denied or pended claim approved.",
    "respond": "Answer X12 claims by an 835, requests by a 278.",
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
    """The `payer-policy` command. Nobody sees a stack trace."""
    try:
        payer_policy(standalone_mode=True)
    except PolicyError as error:
        from payer_policy.core.diagnostics.render import report_text

        click.echo(report_text(error.diagnostics, consequence="nothing was loaded"), err=True)
        sys.exit(2)
    except BrokenPipeError:  # `payer-policy … | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(2)
    except RecursionError:
        click.echo("payer-policy: the input is nested too deeply", err=True)
        sys.exit(2)
    except Exception as error:  # the last line of defense; the kind of error only, no data
        if os.environ.get("PAYER_POLICY_DEBUG"):
            raise
        click.echo(
            f"payer-policy: internal error ({type(error).__name__}). Nothing was decided by it. "
            "Set PAYER_POLICY_DEBUG=1 to see where.",
            err=True,
        )
        sys.exit(2)
