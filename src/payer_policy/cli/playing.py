"""What `cover` and `mutate` share: feature files found, and what a scenario that fails means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from payer_policy.analysis.scenario_run import ScenariosFail


def feature_files(paths: tuple[Path, ...]) -> list[Path]:
    """The feature files of some files and folders (none: of `features`).

    Raises:
        click.UsageError: a path is not there, or there is none.
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


def scenarios_fail(error: ScenariosFail) -> click.UsageError:
    """The error where scenarios fail on the policies as they are."""
    return click.UsageError(
        f"{error.failed} scenario{'s fail' if error.failed > 1 else ' fails'} on the policies as "
        f"they are; see `payer-policy spec`. The first:\n\n{error.first}"
    )
