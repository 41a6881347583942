"""`payer-policy mutate`: does a scenario notice when a policy is changed a little?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payer_policy.cli import options, playing

if TYPE_CHECKING:
    from payer_policy.analysis.mutation import Prover
    from payer_policy.engine import Engine


@click.command("mutate")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.policies
@click.option(
    "--policy",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help="Only changes in the files of this policy.",
)
@click.option(
    "--quick",
    is_flag=False,
    flag_value=10,
    default=1,
    type=click.IntRange(1),
    metavar="[N]",
    help="Only one change in N (10), the same ones each time.",
)
@click.option("--jobs", type=click.IntRange(1, 64), default=2, show_default=True)
@options.as_json
def command(
    paths: tuple[Path, ...],
    folder: Path,
    addresses: tuple[str, ...],
    quick: int,
    jobs: int,
    as_json: bool,
) -> None:
    """Change the policies a little, one thing at a time (an operator, a bound by one, a dropped
    test, a moved date, a reason code, …), and run the scenarios of feature files and folders
    (default: features) on each change.

    A change that no scenario notices survives, and is shown with what would notice it; where
    z3-solver is installed, what is proved to change nothing is none. Exit status 1: at least one
    survivor.
    """
    from payer_policy.analysis.mutants import mutants_of
    from payer_policy.analysis.mutation import ScenariosFail, Setup, run_mutants, sample
    from payer_policy.analysis.reports import mutation_json, mutation_text
    from payer_policy.policy.loading import open_library
    from payer_policy.specs.reading import read_features

    files = playing.feature_files(paths)
    library = open_library(folder)
    read_features(files, Path.cwd())  # what is wrong with any of them is told before the work
    playing.check_addresses(library, addresses)
    mutants = [
        mutant
        for mutant in mutants_of(library, folder)
        if not addresses or mutant.file.rpartition("/")[0] in addresses
    ]
    chosen = sample(mutants, quick)
    setup = Setup(folder, tuple(files), Path.cwd(), _prover())
    watched = sys.stderr.isatty() and not as_json

    def told(done: int) -> None:
        if watched:
            click.echo(f"\r{done:,} of {len(chosen):,} changes", nl=done == len(chosen), err=True)

    try:
        found = run_mutants(setup, chosen, jobs=jobs, of=len(mutants), told=told)
    except ScenariosFail as error:
        raise playing.scenarios_fail(error.failed, error.first) from None
    options.print_json(mutation_json(found)) if as_json else click.echo(mutation_text(found))
    sys.exit(1 if found.count("survivor") else 0)


def _prover() -> Callable[[Engine], Prover] | None:
    from payer_policy.engines import why_unavailable

    if (why := why_unavailable("symbolic")) is not None:
        click.echo(f"Equivalence proofs are off: {why}", err=True)
        return None
    from payer_policy.analysis.equivalence import Equivalence

    return Equivalence
