"""Who asks: an API key as a bearer token or in `X-API-Key`, and nobody else.

A service without keys answers everybody, which is why `serving` binds it to the loopback interface.
"""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Depends, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import Request

from payer_policy.service.gate import exchange_of
from payer_policy.service.problems import Problem
from payer_policy.service.state import state_of

_BEARER: Final = HTTPBearer(auto_error=False, description="An API key.")
_HEADER: Final = APIKeyHeader(name="X-API-Key", auto_error=False, description="An API key.")


async def caller(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    header: Annotated[str | None, Security(_HEADER)] = None,
) -> str | None:
    """The name of the key that a request carries; None where the service has no keys.

    Raises:
        Problem: it carries none, or one that is not known.
    """
    keys = state_of(request).keys
    if keys is None:
        return None
    key = bearer.credentials if bearer is not None else header
    name = None if key is None else keys.who(key)
    if name is None:
        raise Problem(
            "not-authenticated",
            "the request carries no API key" if key is None else "the API key is not known",
            headers={"WWW-Authenticate": "Bearer"},
        )
    exchange_of(request).caller = name
    return name


async def is_known(
    request: Request,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)] = None,
    header: Annotated[str | None, Security(_HEADER)] = None,
) -> bool:
    """Whether a request on an open path comes from someone who may see more; none is refused."""
    try:
        await caller(request, bearer, header)
    except Problem:
        return False
    return True


AUTHENTICATED: Final = Depends(caller)
