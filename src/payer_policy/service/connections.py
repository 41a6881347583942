"""Connection limits of the HTTP server: how many may be open, and how long request headers may take.

A client that opens connections and sends nothing costs a file descriptor each. When the limit is
reached, the connection that has been idle longest is closed, so a client that sends its request at once
is served. A connection whose headers never end is closed after a time limit.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from functools import partial
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from payer_policy.service.problems import MEDIA_TYPE, Problem

BACKLOG: Final = 128
"""How many new connections wait in the kernel, and how many are accepted at once."""
_OTHER_FILES: Final = 64
"""Files of a process other than connections: policies, the audit record, keys, the log."""


class Door:
    """The connections of one process.

    Args:
        most: How many may be open.
        seconds: How long the headers of a request may take to arrive.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.most, self.seconds = most, seconds
        self.open: set[Connection] = set()
        self.quiet: dict[Connection, None] = {}
        """Those that are not sending or waiting for an answer, the longest idle first."""

    def __reduce__(self) -> Any:
        return Door, (self.most, self.seconds)  # each process opens its own

    def protocol(self) -> Any:
        """The class that uvicorn instantiates for each connection."""
        return partial(Connection, self)


class _InOneWrite(h11.Connection):
    """Writes the headers of a response with the first part of its body: one system call, one packet."""

    _headers = b""

    def send(self, event: h11.Event) -> bytes:  # type: ignore[override]
        """The bytes of an event; the headers come with the event after them."""
        written = super().send(event) or b""
        if isinstance(event, h11.Response):
            self._headers = written
            return b""
        headers, self._headers = self._headers, b""
        return headers + written


class Connection(H11Protocol):
    """One HTTP/1.1 connection."""

    def __init__(self, door: Door, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.conn = _InOneWrite(h11.SERVER)
        self._door = door
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Open; at the limit, close the connection that has been idle longest."""
        super().connection_made(transport)
        door = self._door
        if len(door.open) >= door.most:
            oldest = next(iter(door.quiet), self)
            oldest.end()
        if not transport.is_closing():
            door.open.add(self)
            self._wait()

    def data_received(self, data: bytes) -> None:
        """A whole request arrived, or a part of one."""
        super().data_received(data)
        if self._is_busy():
            self._rest()

    def on_response_complete(self) -> None:
        """An answer was sent; the next request may be here already."""
        super().on_response_complete()
        if not self._is_busy() and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._rest()
        self._door.open.discard(self)
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """The client did not send HTTP."""
        self._answer(Problem("bad-request", "not a valid HTTP/1.1 request (RFC 9112)"))

    def end(self) -> None:
        """Close it at once, to make room for others."""
        self._rest()
        self._door.open.discard(self)
        self.transport.abort()

    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._rest()
        self._door.quiet[self] = None
        self._late = self.loop.call_later(self._door.seconds, self._too_late)

    def _rest(self) -> None:
        self._door.quiet.pop(self, None)
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _too_late(self) -> None:
        seconds = f"{self._door.seconds:g} s"
        self._answer(Problem("too-slow", f"the headers did not arrive within {seconds}"))

    def _answer(self, problem: Problem) -> None:
        """Send a problem to a client without a usable request, and close."""
        self._rest()
        body = json.dumps(problem.to_json(str(uuid.uuid4()))).encode()
        head = (
            f"HTTP/1.1 {problem.kind.status} \r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            "x-content-type-options: nosniff\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()


def most_connections(wanted: int) -> int:
    """The number of connections that this process can hold, up to the wanted number."""
    try:
        import resource
    except ImportError:  # not on Windows, which has no such limit
        return wanted
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if files == resource.RLIM_INFINITY:
        return wanted
    return max(8, min(wanted, files - BACKLOG - _OTHER_FILES))
