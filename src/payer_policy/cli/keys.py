"""`payer-policy keys`: the API keys of the HTTP service."""

from __future__ import annotations

from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.service.keys import SCOPES, USUAL, Keys, KeysUnreadable, Scope

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group("keys")
def command() -> None:
    """Make, list and remove the API keys of `payer-policy serve --keys FILE`.

    The file contains names, scopes and hashes, never a key. A running service sees a change within
    seconds.
    """


@command.command("new")
@_file
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=sorted(USUAL),
    show_default=True,
    help="What the key may do: decide and explain; inquire about answers given to this key, or to "
    "any; read policies; read the metrics and the details of /readyz. May be repeated.",
)
def new(file: Path, name: str, scopes: tuple[Scope, ...]) -> None:
    """Make a key for NAME (a service, a team) and print it, this once."""
    keys = _read(file) if file.exists() else Keys({})
    with options.wrong_call(ValueError):
        keys, key = keys.with_new(name, scopes)
    _write(keys, file)
    click.echo(key)
    click.echo(f"The key of `{name}` is shown only now; {file} contains its hash.", err=True)


@command.command("list")
@_file
def listed(file: Path) -> None:
    """The names that have a key, each with its scopes."""
    for one in _read(file).holders():
        click.echo(f"{one.name}  {', '.join(sorted(one.scopes))}")


@command.command("remove")
@_file
@click.argument("name")
def remove(file: Path, name: str) -> None:
    """Remove the key of NAME."""
    keys = _read(file)
    if name not in keys.names():
        names = ", ".join(keys.names()) or "none"
        raise click.UsageError(f"there is no key `{name}`; there are: {names}")
    _write(keys.without(name), file)


def _read(file: Path) -> Keys:
    with options.wrong_call(KeysUnreadable):
        return Keys.read(file)


def _write(keys: Keys, file: Path) -> None:
    try:
        keys.write(file)
    except OSError as error:
        raise options.file_error(file, error, "cannot be written") from None
