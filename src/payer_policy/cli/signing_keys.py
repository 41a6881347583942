"""Reads the key files that sign and verify bundles and heads of the audit record."""

from __future__ import annotations

import os
from pathlib import Path

import click

from payer_policy.bundle.signing import (
    PrivateKey,
    PublicKey,
    read_private,
    read_public,
    why_unavailable,
)
from payer_policy.cli import options


def need_signing() -> None:
    """Return if signatures can be made and verified here.

    Raises:
        click.UsageError: cryptography is not installed; the message says what to type.
    """
    if (why := why_unavailable()) is not None:
        raise click.UsageError(why)


def private_key(path: Path) -> PrivateKey:
    """The private key of a file; a file that others can read is reported on standard error.

    Raises:
        click.UsageError: The file cannot be read.
        BundleError: It is not a private key.
    """
    need_signing()
    data = options.read_bytes(str(path))
    if path.is_file() and os.name == "posix" and path.stat().st_mode & 0o077:
        click.echo(f"{path.as_posix()}: others can read this key; type chmod 600 on it", err=True)
    return read_private(data, path.as_posix())


def public_key(path: Path) -> PublicKey:
    """The public key of a file.

    Raises:
        click.UsageError: The file cannot be read.
        BundleError: It is not a public key.
    """
    need_signing()
    return read_public(options.read_bytes(str(path)), path.as_posix())
