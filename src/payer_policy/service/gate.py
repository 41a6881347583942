"""Around every request: its id, its line in the log, its meters, and the last line of defense.

Pure ASGI, so that it costs microseconds and sees every answer, those of the framework included.
"""

from __future__ import annotations

import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from payer_policy.service.logs import log, log_fault
from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, problem_response

_KEY: Final = "payer_policy.exchange"
_TRACE: Final = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\Z")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PAGE: Final = (
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a page of ours may do: show itself, with the styles that stand in it, and nothing else."""
_HOST: Final = re.compile(r":[0-9]{1,5}\Z")
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


@dataclass(slots=True)
class Exchange:
    """One request and what is told of it. Nothing here comes from its body."""

    request_id: str
    """A UUID: the client's own where it sent one, so it cannot hold anything else."""
    caller: str | None = None
    """The name of the API key."""
    problem: str | None = None
    decisions: Counter[str] = field(default_factory=Counter)
    received: int = 0
    replayed: bool = False
    """Whether the answer is one that was given before."""


def exchange_of(connection: HTTPConnection) -> Exchange:
    """The exchange that the gate opened for a request."""
    found: Exchange = connection.scope[_KEY]
    return found


class Gate:
    """The outermost part of the application."""

    def __init__(
        self,
        app: ASGIApp,
        metrics: Callable[[], Metrics],
        full: Callable[[], Problem | None],
        told: Callable[[Scope, Problem, str], ASGIApp],
        host_names: Collection[str] = (),
    ) -> None:
        """
        Args:
            app: The application.
            metrics: Its meters, which are made when it starts.
            full: Why it takes in nothing more just now, if so.
            told: A problem as its clients read it.
            host_names: The names that `Host` may have; none: any.
        """
        self._app = app
        self._metrics = metrics
        self._full = full
        self._told = told
        self._host_names = host_names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        head = scope["method"] == "HEAD"
        if head:  # as GET, without the body (RFC 9110 section 9.3.2)
            scope["method"] = "GET"
        exchange = scope[_KEY] = Exchange(_request_id(scope))
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
            problem = self._misdirected(scope)
            # A rush is refused before it costs anything, so that the others get answers.
            if problem is None and scope["method"] == "POST":
                problem = self._full()
            if problem is None:
                await self._app(scope, counted, marked)
            else:
                exchange.problem = problem.name
                await self._told(scope, problem, exchange.request_id)(scope, counted, marked)
        except Exception as error:
            log_fault("fault", error, request_id=exchange.request_id)
            exchange.problem = "internal"
            if status == 0:
                problem = Problem("internal", "the service failed; nothing was decided")
                response = problem_response(problem, exchange.request_id)
                await response(scope, receive, marked)
        seconds = time.perf_counter() - start
        self._tell(scope, exchange, status, sent, seconds)

    def _misdirected(self, scope: Scope) -> Problem | None:
        """Why a request must not be looked at at all, by its headers."""
        names = [name for name, _ in scope["headers"]]
        if b"content-length" in names and b"transfer-encoding" in names:
            # RFC 9112 section 6.3: a proxy in front may have read it otherwise.
            return Problem(
                "bad-request",
                "both `Content-Length` and `Transfer-Encoding` are present",
                headers={"Connection": "close"},
            )
        if not self._host_names or scope["path"] in _QUIET:
            return None  # probes ask by address
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        host = hosts[0].decode("latin-1") if len(hosts) == 1 else ""
        if _HOST.sub("", host).strip("[]").casefold() in self._host_names:
            return None
        return Problem("wrong-host", "`Host` names a host that this service does not answer for")

    def _tell(
        self, scope: Scope, exchange: Exchange, status: int, sent: int, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics = self._metrics()
        metrics.answered(method, route, status, seconds)
        if exchange.problem is not None:
            metrics.refused(exchange.problem)
        if route in _QUIET and status < 400:
            return  # asked every few seconds, and they say nothing new
        carried: dict[str, Any] = {
            "request_id": exchange.request_id,
            "caller": exchange.caller,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 3),
            "received": exchange.received,
            "sent": sent,
        }
        if exchange.problem is not None:
            carried["problem"] = exchange.problem
        if exchange.replayed:
            carried["replayed"] = True
        if exchange.decisions:
            carried["decisions"] = dict(sorted(exchange.decisions.items()))
        log("request", **carried)


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
