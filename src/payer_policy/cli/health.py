"""`payer-policy health`: asks a service on this machine whether it is ready, for probes of containers."""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import sys
from pathlib import Path
from typing import Final

import click

from payer_policy.cli import listening

_READY: Final = "/readyz"
_ALIVE: Final = "/healthz"


@click.command("health")
@listening.host
@listening.port
@listening.tls_certificate
@click.option("--alive", is_flag=True, help="Ask only whether the process answers at all.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=2.0, show_default=True, help="To wait."
)
def command(
    host: str, port: int, tls_certificate: Path | None, alive: bool, seconds: float
) -> None:
    """Ask the service on this machine whether it is ready.

    Host, port and HTTPS are those of `serve`, by the same options or variables. Exit status 0: it is;
    1: it is not, or nothing answers.
    """
    path = _ALIVE if alive else _READY
    try:
        status = _asked(_reachable(host), port, tls_certificate is not None, path, seconds)
    except (OSError, http.client.HTTPException) as error:
        why = str(getattr(error, "strerror", None) or error or type(error).__name__).lower()
        click.echo(f"{path} on port {port}: no answer ({why})", err=True)
        sys.exit(1)
    if status != 200:
        click.echo(f"{path} on port {port}: not ready (status {status})", err=True)
        sys.exit(1)
    click.echo("alive" if alive else "ready")


def _asked(host: str, port: int, tls: bool, path: str, seconds: float) -> int:
    """The status of an answer."""
    connection: http.client.HTTPConnection
    if tls:
        # This machine asks itself and sends no secret; the certificate is for the names of others.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """Where to reach a service that listens on an address; on all of them, on the machine's own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
