"""Who asks: an API key as a bearer token or in `X-API-Key`, and nobody else.

A service without keys answers everybody, which is why `serving` binds it to the loopback interface.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from payer_policy.service.gate import exchange_of
from payer_policy.service.keys import SCOPES, Scope
from payer_policy.service.problems import Problem
from payer_policy.service.state import state_of

_BEARER: Final = HTTPBearer(auto_error=False, description="An API key.")
_HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")


async def known(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    header: Annotated[str | None, Security(_HEADER)] = None,
) -> frozenset[Scope]:
    """What the key of a request may do: nothing without a known one; all where the service has none.

    On open paths, which tell more to whoever may see more; none is refused.
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


def holds(scope: Scope) -> Any:
    """The dependency of a path that only keys with a scope may ask; it gives all that the key may do.

    A request without a known key is refused with 401, one whose key has other scopes with 403.
    """

    async def held(
        request: Request, scopes: Annotated[frozenset[Scope], Depends(known)]
    ) -> frozenset[Scope]:
        caller = exchange_of(request).caller
        if caller is None and not scopes:
            given = "authorization" in request.headers or "x-api-key" in request.headers
            raise Problem(
                "not-authenticated",
                "the API key is not known" if given else "the request carries no API key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        if scope not in scopes:
            raise Problem(
                "not-allowed",
                f"the key `{caller}` has {_listed(scopes)}; this path requires the scope `{scope}`",
            )
        return scopes

    return Depends(held)


def _listed(scopes: frozenset[Scope]) -> str:
    return f"the scopes {', '.join(sorted(scopes))}" if scopes else "no scopes"
