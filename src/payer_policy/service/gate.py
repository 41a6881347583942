"""The outermost layer: request id, log line, metrics, and the checks that come before anything else.

Pure ASGI, so that it costs microseconds and covers every answer, including those of the framework.
"""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payer_policy.service.exchange import SCOPE_KEY, Exchange
from payer_policy.service.logs import log, log_fault
from payer_policy.service.problems import Problem, internal
from payer_policy.service.state import State

_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PAGE: Final = (
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of an HTML answer: its own inline styles, and nothing else."""
_PORT: Final = re.compile(r":[0-9]{1,5}\Z")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Paths that probes ask every few seconds."""


@dataclass(frozen=True)
class Gate:
    """The application with the gate around it."""

    app: ASGIApp
    state: Callable[[], State]
    """The application's state, which exists once it has started."""
    answer: Callable[[HTTPConnection, Problem], ASGIApp]
    """A problem as the clients of the path read it."""
    host_names: Collection[str] = ()
    """The accepted values of the `Host` header; empty: any."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        head = scope["method"] == "HEAD"
        if head:  # as GET, without the body (RFC 9110 section 9.3.2)
            scope["method"] = "GET"
        exchange = scope[SCOPE_KEY] = Exchange(_request_id(scope))
        status = 0
        sent = 0

        async def counted() -> Message:
            message = await receive()
            exchange.received += len(message.get("body", b""))
            return message

        async def marked(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers += [
                    (b"x-request-id", exchange.request_id.encode()),
                    (b"x-content-type-options", b"nosniff"),
                ]
                if any(n == b"content-type" and b"text/html" in v for n, v in headers):
                    headers.append((b"content-security-policy", _PAGE))
            else:
                if head:
                    message = {**message, "body": b""}
                sent += len(message.get("body", b""))
            await send(message)

        try:
            app = self.app
            problem = self._misdirected(scope)
            if problem is None and scope["method"] == "POST":
                # Overload is refused before it costs anything, so that the others get answers.
                problem = self.state().admission.full()
            if problem is not None:
                app = self.answer(HTTPConnection(scope), problem)
            await app(scope, counted, marked)
        except Exception as error:
            log_fault("fault", error, request_id=exchange.request_id)
            exchange.problem = "internal"
            if status == 0:
                await self.answer(HTTPConnection(scope), internal())(scope, receive, marked)
        self._record(scope, exchange, status, sent, time.perf_counter() - start)

    def _misdirected(self, scope: Scope) -> Problem | None:
        """Why the headers of a request rule out reading it, if they do."""
        names = [name for name, _ in scope["headers"]]
        if b"content-length" in names and b"transfer-encoding" in names:
            # RFC 9112 section 6.3: a proxy in front may have read it differently.
            return Problem(
                "bad-request",
                "both `Content-Length` and `Transfer-Encoding` are present",
                headers={"Connection": "close"},
            )
        if not self.host_names or scope["path"] in _QUIET:
            return None  # probes ask by address
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if _PORT.sub("", host).strip("[]").casefold() in self.host_names:
            return None
        return Problem("wrong-host", "`Host` names a host that this service does not answer for")

    def _record(
        self, scope: Scope, exchange: Exchange, status: int, sent: int, seconds: float
    ) -> None:
        """Count and log a request that is over."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics = self.state().metrics
        metrics.answered(method, route, status, seconds)
        if exchange.problem is not None:
            metrics.refused(exchange.problem)
        if route in _QUIET and status < 400:
            return
        optional: dict[str, Any] = {
            "problem": exchange.problem,
            "replayed": exchange.replayed,
            "decisions": dict(sorted(exchange.decisions.items())),
        }
        log(
            "request",
            request_id=exchange.request_id,
            caller=exchange.caller,
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 3),
            received=exchange.received,
            sent=sent,
            **{name: value for name, value in optional.items() if value},
        )


def _request_id(scope: Scope) -> str:
    """The client's request id or trace id where it is a UUID or a trace id; else a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            try:
                return str(uuid.UUID(value.decode("ascii")))
            except ValueError:
                continue
        if name == b"traceparent" and (trace := _TRACE.match(value.decode("latin-1"))):
            return str(uuid.UUID(trace[1]))
    return str(uuid.uuid4())
