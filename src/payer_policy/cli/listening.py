"""The address of the service: options that `serve` and `health` share, so that a probe finds the service.

Each can be set by a variable, which both read. Not PAYER_POLICY_PORT: Kubernetes sets that one itself for
a service named payer-policy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

HOST: Final = "127.0.0.1"
PORT: Final = 8080
_PEM: Final = click.Path(path_type=Path, dir_okay=False)

host = click.option(
    "--host",
    default=HOST,
    envvar="PAYER_POLICY_LISTEN_HOST",
    show_default=True,
    help="The address to listen on (or set PAYER_POLICY_LISTEN_HOST).",
)
port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    envvar="PAYER_POLICY_LISTEN_PORT",
    show_default=True,
    help="Its port (or set PAYER_POLICY_LISTEN_PORT).",
)
tls_certificate = click.option(
    "--tls-certificate",
    type=_PEM,
    envvar="PAYER_POLICY_TLS_CERTIFICATE",
    help="For HTTPS: the certificates (PEM; or set PAYER_POLICY_TLS_CERTIFICATE).",
)
tls_key = click.option(
    "--tls-key",
    type=_PEM,
    envvar="PAYER_POLICY_TLS_KEY",
    help="For HTTPS: the private key (PEM; or set PAYER_POLICY_TLS_KEY).",
)
