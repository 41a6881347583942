"""`payer-policy new`: begin a payer, a drug, a policy, an example or a scenario."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payer_policy.cli import options
from payer_policy.core.whole_file import FOR_ALL

if TYPE_CHECKING:
    from payer_policy.authoring.new import NewFile

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group("new")
def command() -> None:
    """Begin a file that `check` accepts as it is: payer, drug, policy, example, scenario.

    What is not given is asked for. A file that is there already is never changed.
    """


@command.command("payer")
@click.argument("name")
@click.option("--title", prompt="The payer's name", help="Its name as people know it.")
@click.option("--identifier", "identifiers", multiple=True, help="A payer id; may be repeated.")
@click.option("--synthetic", is_flag=True, help="It is made up.")
@options.policies
def payer(
    name: str, title: str, identifiers: tuple[str, ...], synthetic: bool, folder: Path
) -> None:
    """A payer: NAME is the name of its folder."""
    from payer_policy.authoring.new import new_payer

    _write(folder, new_payer(name, title, identifiers, synthetic), folder)


@command.command("drug")
@click.argument("code")
@click.option("--title", prompt="What the code is", help="What it is, with the billing unit.")
@click.option("--ingredient", prompt="The active ingredient", help="The active ingredient.")
@click.option("--amount", prompt="The amount of a billing unit", help="Such as 10.")
@click.option("--unit", prompt="Its unit", help="Such as mg.")
@options.policies
def drug(code: str, title: str, ingredient: str, amount: str, unit: str, folder: Path) -> None:
    """A drug: CODE is its HCPCS code."""
    from payer_policy.authoring.new import NotStarted, new_drug

    with options.wrong_call(NotStarted):
        made = new_drug(code, title, ingredient, amount, unit)
    _write(folder, made, folder)


@command.command("policy")
@click.argument("address")
@click.option("--title", prompt="What the policy is for", help="What it is for.")
@click.option("--from", "first_day", type=_DAY, prompt="First date of service", help="YYYY-MM-DD")
@click.option("--code", "codes", multiple=True, required=True, help="A code; may be repeated.")
@click.option("--extends", "bases", multiple=True, help="A module or policy; may be repeated.")
@click.option("--source", help="The title of the payer's own policy, for its rules to cite.")
@options.policies
def policy(
    address: str,
    title: str,
    first_day: datetime,
    codes: tuple[str, ...],
    bases: tuple[str, ...],
    source: str | None,
    folder: Path,
) -> None:
    """A policy: ADDRESS is <payer>/<policy>."""
    from payer_policy.authoring.new import new_policy
    from payer_policy.policy.loading import open_library

    library = open_library(folder)
    made = new_policy(library, address, title, first_day.date(), codes, bases, source)
    _write(folder, made, folder)


@command.command("example")
@click.argument("address")
@click.argument("name")
@click.option("--date", "day", type=_DAY, prompt="Date of service", help="YYYY-MM-DD")
@click.option("--units", prompt="Units billed", help="Billing units.")
@click.option("--diagnosis", "diagnoses", multiple=True, help="ICD-10-CM; may be repeated.")
@options.policies
def example(
    address: str, name: str, day: datetime, units: str, diagnoses: tuple[str, ...], folder: Path
) -> None:
    """An example: a synthetic claim NAME that the policy at ADDRESS decides."""
    from payer_policy.authoring.new import NotStarted, new_example
    from payer_policy.policy.loading import open_library

    library = open_library(folder)
    with options.wrong_call(NotStarted):
        made = new_example(library, address, name, day.date(), units, diagnoses)
    _write(folder, made, folder)


@command.command("scenario")
@click.argument("address")
@click.option("--title", prompt="What the scenario says", help="What it says.")
@click.option("--example", "name", prompt="The example it starts from", help="An example.")
@click.option(
    "--features",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("features"),
    help="The folder of scenarios. [default: features]",
)
@options.policies
def scenario(address: str, title: str, name: str, features: Path, folder: Path) -> None:
    """A scenario about the policy at ADDRESS: its example is decided as it is decided now."""
    from payer_policy.authoring.new import NotStarted, new_scenario
    from payer_policy.policy.loading import open_library

    library = open_library(folder)
    with options.wrong_call(NotStarted):
        made = new_scenario(library, address, title, name)
        if (features / made.path).exists():
            raise NotStarted(f"{(features / made.path).as_posix()} exists, and nothing was written")
    _write(features, made, None)


def _write(folder: Path, file: NewFile, checked: Path | None) -> None:
    """Write a file, unless it is there or `check` would not accept it."""
    from payer_policy.authoring.new import NotStarted, problems_of
    from payer_policy.core.diagnostics.render import report_text

    if checked is not None:
        with options.wrong_call(NotStarted):
            problems = problems_of(checked, file)
        if problems:
            click.echo(report_text(problems, consequence="nothing was written"), err=True)
            sys.exit(2)
    path = folder / file.path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise options.file_error(path.parent, error, "cannot be made") from None
    with options.written(path, FOR_ALL) as out:
        out.write(file.text.encode("utf-8"))
    click.echo(f"Wrote {path.as_posix()}")
