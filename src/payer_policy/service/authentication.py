"""Authentication by API key, as a bearer token or in `X-API-Key`.

A service without keys answers every request, which is why `serving` binds it to the loopback interface.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from payer_policy.service.exchange import exchange_of
from payer_policy.service.keys import SCOPES, Scope
from payer_policy.service.problems import Problem
from payer_policy.service.state import state_of

_BEARER: Final = HTTPBearer(auto_error=False, description="An API key.")
_HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")


async def scopes_of(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    header: Annotated[str | None, Security(_HEADER)] = None,
) -> frozenset[Scope]:
    """The scopes of a request's key: none without a known key; all where the service has no keys.

    For open paths that show more to some keys; it refuses nothing.
    """
    keys = state_of(request).keys
    if keys is None:
        return frozenset(SCOPES)
    key = bearer.credentials if bearer is not None else header
    holder = None if key is None else keys.who(key)
    if holder is None:
        return frozenset()
    exchange_of(request).caller = holder.name
    return holder.scopes


def requires(scope: Scope) -> Any:
    """The dependency of a path that requires a scope; its value is all scopes of the key.

    A request without a known key is refused with 401, one whose key lacks the scope with 403.
    """

    async def required(
        request: Request, scopes: Annotated[frozenset[Scope], Depends(scopes_of)]
    ) -> frozenset[Scope]:
        _check(request, scopes, scope)
        return scopes

    return Depends(required)


async def authorize(request: Request, scope: Scope) -> None:
    """Return if the key of a request has a scope: what `requires` does, without the framework.

    Raises:
        Problem: It has not, or there is no known key.
    """
    _check(request, await scopes_of(request, await _BEARER(request), await _HEADER(request)), scope)


def _check(request: Request, scopes: frozenset[Scope], scope: Scope) -> None:
    caller = exchange_of(request).caller
    if caller is None and not scopes:
        stated = "authorization" in request.headers or "x-api-key" in request.headers
        raise Problem(
            "not-authenticated",
            "the API key is not known" if stated else "the request has no API key",
            headers={"WWW-Authenticate": "Bearer"},
        )
    if scope not in scopes:
        held = f"the scopes {', '.join(sorted(scopes))}" if scopes else "no scopes"
        raise Problem(
            "not-allowed",
            f"the key `{caller}` has {held}; this path requires the scope `{scope}`",
        )
