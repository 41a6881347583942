"""Runs the service: one or several processes on one socket, with TLS, and a stop that loses nothing.

The policies are opened once before the socket, so that a wrong folder is reported on the terminal and not
by a process that dies.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from threading import Thread
from typing import Any, Final

import uvicorn
from uvicorn.supervisors import Multiprocess

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.service.application import create, gated
from payer_policy.service.connections import BACKLOG, Door, most_connections
from payer_policy.service.gate import Gate
from payer_policy.service.logs import set_up_logs
from payer_policy.service.metrics import DIRECTORY
from payer_policy.service.opening import open_state
from payer_policy.service.settings import Settings
from payer_policy.service.state import State


class Unsafe(PayerPolicyError):
    """The settings would give everybody access; the message says what to change."""


def serve(settings: Settings) -> None:
    """Serve until a signal to stop (SIGTERM, SIGINT).

    Then no new request is accepted, those in flight finish within `stop_seconds`, and their answers are
    in the audit record.

    Raises:
        Unsafe: There are no keys, and others can reach the address.
        PolicyError, KeysUnreadable, AuditError: Something cannot be opened.
    """
    if settings.keys is None and not _loopback(settings.host):
        raise Unsafe(
            f"without keys everybody who can reach {settings.host} would have access; "
            "give --keys FILE, or serve on 127.0.0.1 only"
        )
    if hasattr(signal, "SIGHUP"):  # closing the terminal must not lose answers
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGINT):
        # The HTTP server raises them again after it has stopped; that is not a failure.
        signal.signal(number, lambda *_: sys.exit(0))
    state = open_state(settings)  # any problem is reported here, on the terminal
    set_up_logs()
    if settings.workers == 1:
        uvicorn.Server(_config(settings, _gated(settings, lambda: state))).run()
        return
    state.close()
    with tempfile.TemporaryDirectory(prefix="payer-policy-meters-") as meters:
        os.environ[DIRECTORY] = meters  # read when a worker imports the library
        config = _config(settings, partial(application, settings), factory=True)
        Multiprocess(config, sockets=[config.bind_socket()]).run()


def application(settings: Settings) -> Gate:
    """The application of each process."""
    set_up_logs()
    Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    return _gated(settings, partial(open_state, settings))


def _gated(settings: Settings, make_state: Callable[[], State]) -> Gate:
    return gated(create(make_state), host_names(settings), settings.origins)


def host_names(settings: Settings) -> frozenset[str]:
    """The accepted values of the `Host` header; empty: any.

    Without keys only those of this machine: otherwise any web page could have its own name resolve to
    it, and call (DNS rebinding).
    """
    names = {name.casefold() for name in settings.host_names}
    if settings.keys is None or names:
        names |= _LOOPBACK
    return frozenset(names)


def _end_with(parent: int) -> None:
    """End this worker when the process that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _config(settings: Settings, app: Any, *, factory: bool = False) -> uvicorn.Config:
    limits = settings.limits
    door = Door(most_connections(limits.connections), limits.header_seconds)
    return uvicorn.Config(
        app,
        factory=factory,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # By h11: uvicorn's other parser loses the body of a request that offers to upgrade, and accepts
        # headers of any size.
        http=door.protocol(),
        backlog=BACKLOG,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=settings.stop_seconds,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )


_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
