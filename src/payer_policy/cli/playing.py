"""What `cover` and `mutate` share: feature files found, and what a scenario that fails means."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from payer_policy.core.diagnostics import did_you_mean

if TYPE_CHECKING:
    from payer_policy.policy.library import Library


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


def check_addresses(library: Library, addresses: Iterable[str]) -> None:
    """Whether there are such policies.

    Raises:
        click.BadParameter: there is none of a name.
    """
    for address in addresses:
        if address not in library.policies:
            known = library.addresses()
            hint = did_you_mean(address, known) or f"there are: {', '.join(known)}"
            raise click.BadParameter(
                f"there is no policy `{address}`; {hint}", param_hint="--policy"
            )


def scenarios_fail(failed: int, first: str) -> click.UsageError:
    """The error where scenarios fail on the policies as they are."""
    return click.UsageError(
        f"{failed} scenario{'s fail' if failed > 1 else ' fails'} on the policies as they are; "
        f"see `payer-policy spec`. The first:\n\n{first}"
    )
