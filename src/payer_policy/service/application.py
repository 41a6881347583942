"""The ASGI application: routes, the gate around them, and every error as problem details.

`create` is given what makes its state, so that a test or another program can run it in its own process.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from payer_policy.formats.fhir.models import FhirUnavailable
from payer_policy.service import (
    cds_hooks,
    decisions,
    fhir,
    health,
    memory,
    openapi,
    policies,
    requirements,
    x12,
)
from payer_policy.service.calls import KEY, RECEIPT, REPLAYED
from payer_policy.service.direct import Direct
from payer_policy.service.exchange import exchange_of
from payer_policy.service.gate import Gate
from payer_policy.service.logs import log
from payer_policy.service.problems import Problem, internal
from payer_policy.service.state import State

_DESCRIPTION = """Coverage policies, decided with reasons, citations and a proof.

Missing facts neither approve nor deny a request: it pends, and the answer lists the questions that would
decide it. Numbers are exact: send integers, or numerals as text. The same request under the same policies
gets the same bytes.
"""


def create(make_state: Callable[[], State]) -> FastAPI:
    """The application. Its state is made when it starts, in its own process.

    Args:
        make_state: Opens policies, keys and the audit record; what it raises stops the start.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        state = app.state.service = make_state()
        tasks = [asyncio.create_task(_watch_keys(state)), asyncio.create_task(_tidy(state))]
        memory.settle()
        log("started", hash=state.deployed.hash, engine=state.settings.engine)
        yield
        for task in tasks:
            task.cancel()
        state.close()
        log("stopped")

    app = FastAPI(
        title="payer-policy",
        summary="Claims and preauthorization requests, decided by payers' written policies.",
        description=_DESCRIPTION,
        version=importlib.metadata.version("payer-policy"),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=[
            {"name": "decisions", "description": "Decide, explain, ask what is required."},
            {"name": "standards", "description": "FHIR R4, CDS Hooks, X12."},
            {"name": "policies", "description": "The policies in use, and schemas."},
            {"name": "operation", "description": "For operators of the service."},
        ],
        redirect_slashes=False,  # a redirect would go where the Host header says
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    for module in (decisions, requirements, policies, fhir, cds_hooks, x12, health):
        app.include_router(module.router)
    for kind in (Problem, HTTPException, RequestValidationError, FhirUnavailable, Exception):
        app.add_exception_handler(kind, _handle)
    _describe(app)
    return app


def gated(app: FastAPI, host_names: Collection[str] = (), origins: Sequence[str] = ()) -> Gate:
    """The application with the gate around it, as it is served.

    Args:
        app: The application.
        host_names: The accepted values of the `Host` header; empty: any.
        origins: Origins of web pages that may call from a browser (CORS), as CDS Hooks requires.
    """
    inner: ASGIApp = Direct(app, _handle)
    if origins:
        inner = CORSMiddleware(
            inner,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", KEY, "X-API-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", RECEIPT, REPLAYED],
        )
    return Gate(inner, lambda: app.state.service, _answer, host_names)


def _describe(app: FastAPI) -> None:
    """Have the OpenAPI document made on request, once for each set of policies."""
    made: dict[int, dict[str, Any]] = {}

    def document() -> dict[str, Any]:
        state: State = app.state.service
        deployed = state.deployed
        if deployed.sequence not in made:
            made.clear()
            made[deployed.sequence] = openapi.document(
                app, deployed.engine, with_keys=state.keys is not None
            )
        return made[deployed.sequence]

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way


async def _watch_keys(state: State) -> None:
    while state.keys is not None:
        await asyncio.sleep(state.settings.poll_seconds)
        state.keys.look()


async def _tidy(state: State) -> None:
    """Tidy the memory from time to time while no worker thread is busy."""
    while True:
        await asyncio.sleep(memory.SECONDS)
        if not state.is_at_work:
            await asyncio.to_thread(memory.tidy)


def _handle(request: HTTPConnection, error: Exception) -> Response:
    """The response to an error; for a fault, the gate writes the log."""
    return _answer(request, _as_problem(error))


def _answer(connection: HTTPConnection, problem: Problem) -> Response:
    """A problem as the clients of the path read it."""
    exchange = exchange_of(connection)
    exchange.problem = problem.name
    if connection.scope["path"].startswith(fhir.router.prefix + "/"):
        return fhir.problem_as_outcome(problem, exchange.request_id)
    return problem.response(exchange.request_id)


def _as_problem(error: Exception) -> Problem:
    match error:
        case Problem():
            return error
        case RequestValidationError():  # the name of a parameter, never its value
            names = sorted({".".join(map(str, one["loc"][1:])) for one in error.errors()})
            listed = ", ".join(f"`{name}`" for name in names)
            return Problem("bad-request", f"{listed}: not a valid value")
        case HTTPException(status_code=404):
            detail = "no such path; GET /openapi.json lists all"
            return Problem("not-found", detail, headers=error.headers)
        case HTTPException():
            name = "wrong-method" if error.status_code == 405 else "bad-request"
            return Problem(name, error.detail, headers=error.headers)
        case FhirUnavailable():
            return Problem("not-configured", str(error))
        case _:
            return internal()
