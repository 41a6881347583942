"""The paths that systems call all day, answered without the framework's routing.

Their routes are declared as any other, for the OpenAPI document and for every request that is not plain
(another method, other parameters); the same function answers both. The framework's way to it costs more
than deciding.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from fastapi import Request, Response
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from payer_policy.formats.fhir.models import FhirUnavailable
from payer_policy.service import decisions, fhir
from payer_policy.service.authentication import authorize
from payer_policy.service.problems import Problem

_DECIDE: Final = "/v1/decide"
_SUBMIT: Final = f"{fhir.router.prefix}/Claim/$submit"


@dataclass(frozen=True, slots=True)
class Route:
    """A path with a query, and what answers a POST to it with a key that may decide."""

    path: str
    endpoint: Callable[[Request], Awaitable[Response]]


_ROUTES: Final[Mapping[tuple[str, bytes], Route]] = {
    (_DECIDE, b""): Route(_DECIDE, decisions.decide),
    (_DECIDE, b"view=brief"): Route(_DECIDE, partial(decisions.decide, view="brief")),
    (_SUBMIT, b""): Route(_SUBMIT, fhir.submit),
}


@dataclass(frozen=True)
class Direct:
    """The application; the busiest paths in front of its routing."""

    app: ASGIApp
    answer: Callable[[HTTPConnection, Exception], ASGIApp]
    """The response to a request that ended with an error."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = None
        if scope["type"] == "http" and scope["method"] == "POST":
            route = _ROUTES.get((scope["path"], scope["query_string"]))
        if route is None:
            await self.app(scope, receive, send)
            return
        scope["app"], scope["route"] = self.app, route
        request = Request(scope, receive)
        response: ASGIApp
        try:
            await authorize(request, "decide")
            response = await route.endpoint(request)
        except (Problem, FhirUnavailable) as error:
            response = self.answer(request, error)
        await response(scope, receive, send)
