"""What several commands share about scenarios: the feature files, failures, and how one is printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from payer_policy.analysis.scenario_run import ScenariosFail


def feature_files(paths: tuple[Path, ...]) -> list[Path]:
    """The feature files of some files and folders (none: of `features`).

    Raises:
        click.UsageError: a path does not exist, or there is no feature file.
    """
    from payer_policy.specs.reading import features_in

    paths = paths or (Path("features"),)
    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path} is not there")
    files = features_in(paths)
    if not files:
        raise click.UsageError(f"no feature file in {', '.join(map(str, paths))}")
    return files


def print_scenario(text: str, parts: frozenset[str] | None) -> None:
    """Print a scenario that an analysis wrote, and the parts that its service has lines of."""
    click.echo("")
    for line in text.splitlines():
        click.echo(f"    {line}")
    if parts is not None:
        named = ", ".join(sorted(parts)) or "none of the parts"
        click.echo(f"    # where the service has lines of: {named}")
    click.echo("")


def scenarios_fail(error: ScenariosFail) -> click.UsageError:
    """The error where scenarios fail on the policies as they are."""
    return click.UsageError(
        f"{error.failed} scenario{'s fail' if error.failed > 1 else ' fails'} on the policies as "
        f"they are; see `payer-policy spec`. The first:\n\n{error.first}"
    )
