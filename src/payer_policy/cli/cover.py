"""`payer-policy cover`: what of the policies no scenario exercises."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.cli import options, playing


@click.command("cover")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.policies
@click.option("--policy", "addresses", multiple=True, metavar="ADDRESS", help="Only this policy.")
@click.option("--each", is_flag=True, help="Count inherited rules for each policy by itself.")
@click.option("--unknown", is_flag=True, help="List also what is never seen as not known.")
@click.option(
    "--at-least",
    type=click.IntRange(0, 100),
    default=0,
    metavar="PERCENT",
    help="Exit status 1 where less is exercised.",
)
@options.as_json
def command(
    paths: tuple[Path, ...],
    folder: Path,
    addresses: tuple[str, ...],
    each: bool,
    unknown: bool,
    at_least: int,
    as_json: bool,
) -> None:
    """Run the scenarios of feature files and folders (default: features), and show what of the
    policies they exercise: each rule and each test both ways, each bound at, below and above.

    An inherited rule counts once, whichever policy's scenario exercises it. What is never seen as
    not known is counted apart: the form of a claim always tells some facts.
    """
    from payer_policy.analysis.coverage import coverage
    from payer_policy.analysis.played import play
    from payer_policy.analysis.reports import coverage_json, coverage_text
    from payer_policy.engine import Engine
    from payer_policy.policy.loading import open_library
    from payer_policy.specs.reading import read_features

    files = playing.feature_files(paths)
    library = open_library(folder)
    playing.check_addresses(library, addresses)
    played = play(Engine(library, "compiled"), read_features(files, Path.cwd()))
    if played.failures:
        raise playing.scenarios_fail(len(played.failures), played.failures[0].text())
    found = coverage(played, each=each, policies=addresses)
    if as_json:
        options.print_json(coverage_json(found))
    else:
        click.echo(coverage_text(found, unknown=unknown))
    sys.exit(1 if found.percent() < at_least else 0)
