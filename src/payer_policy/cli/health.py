"""`payer-policy health`: asks a service on this machine whether it is ready, for container probes."""

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
@click.option("--alive", is_flag=True, help="Ask only whether the process answers.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=2.0, show_default=True, help="Time limit."
)
def command(
    host: str, port: int, tls_certificate: Path | None, alive: bool, seconds: float
) -> None:
    """Ask the service on this machine whether it is ready.

    Host, port and HTTPS are set by the same options or variables as for `serve`. Exit status 0: it is;
    1: it is not, or does not answer.
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
    """The HTTP status of a path."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    if tls:
        # The service is on this machine and gets no secret; its certificate is for other names.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, port, timeout=seconds, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _reachable(host: str) -> str:
    """Where to reach a service by the address that it listens on; for all addresses, the loopback."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"
