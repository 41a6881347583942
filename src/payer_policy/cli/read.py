"""`payer-policy read`: a policy as numbered plain English, made from the JSON itself."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.determination.english import read_ruleset
from payer_policy.policy.loading import open_library


@click.command("read")
@click.argument("policy")
@click.option(
    "--on",
    type=options.DAY,
    help="The version for this date of service. [default: the newest]",
)
@click.option("--markdown", is_flag=True, help="Markdown instead of plain text.")
@options.policies
def command(policy: str, on: datetime | None, markdown: bool, folder: Path) -> None:
    """Print POLICY (<payer>/<policy>, or its file) in plain English."""
    library = open_library(folder)
    address = _address(policy, folder)
    day = on.date() if on else None
    parts = address.split("/")
    if len(parts) == 3 and day is None:  # a file: its own first day
        day = datetime.strptime(parts[2], "%Y-%m-%d").date()
    address = "/".join(parts[:2])
    if address not in library.policies:
        hint = did_you_mean(address, library.policies) or (
            f"there are: {', '.join(sorted(library.policies))}"
        )
        raise click.UsageError(f"`{policy}` is not a policy here; {hint}")
    ruleset = library.ruleset(address, day or library.windows(address)[-1][0])
    if ruleset is None:
        raise click.UsageError(f"{address} is not in force on {day}")
    click.echo(read_ruleset(ruleset, form="markdown" if markdown else "text"), nl=False)


def _address(policy: str, folder: Path) -> str:
    path = Path(policy)
    if policy.endswith(".json"):
        try:
            path = path.resolve().relative_to(folder.resolve())
        except ValueError:
            path = Path(*path.parts[-3:])
    return path.as_posix().removesuffix(".json").strip("/")
