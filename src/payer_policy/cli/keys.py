"""`payer-policy keys`: the API keys of the HTTP service."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.service.keys import SCOPES, USUAL, Keys, KeysUnreadable, Scope

_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group("keys")
def command() -> None:
    """Make, list and remove the API keys of `payer-policy serve --keys FILE`.

    The file holds names, scopes and hashes, never a key. A running service sees a change within seconds.
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
    help="What the key may do: decide and explain; inquire about what was answered to this key, or "
    "to any; read policies; read the meters and the details of /readyz. May be repeated.",
)
def new(file: Path, name: str, scopes: tuple[Scope, ...]) -> None:
    """Make a key for NAME (a service, a team) and print it, this once."""
    keys = _read(file) if file.exists() else Keys({})
    try:
        keys, key = keys.with_new(name, scopes)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    _write(keys, file)
    click.echo(key)
    click.echo(f"The key of `{name}`, told this once; {file} holds its hash.", err=True)


@command.command("list")
@_file
def listed(file: Path) -> None:
    """The names that have a key, each with what the key may do."""
    for one in _read(file).holders():
        click.echo(f"{one.name}  {', '.join(sorted(one.scopes))}")


@command.command("remove")
@_file
@click.argument("name")
def remove(file: Path, name: str) -> None:
    """Take NAME's key away."""
    keys = _read(file)
    try:
        keys = keys.without(name)
    except KeyError:
        names = ", ".join(keys.names()) or "none"
        click.echo(f"there is no key `{name}`; there are: {names}", err=True)
        sys.exit(2)
    _write(keys, file)


def _read(file: Path) -> Keys:
    try:
        return Keys.read(file)
    except KeysUnreadable as error:
        raise click.UsageError(str(error)) from None


def _write(keys: Keys, file: Path) -> None:
    try:
        keys.write(file)
    except OSError as error:
        why = (error.strerror or "it cannot be written").lower()
        raise click.UsageError(f"{file}: {why}") from None
