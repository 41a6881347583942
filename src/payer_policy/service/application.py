"""The ASGI application: routes, the gate around them, and every error as problem details.

`create` is given what it serves, so that a test or another program can run it inside itself.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

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
from payer_policy.service.gate import Gate, exchange_of
from payer_policy.service.giving import KEY, RECEIPT, REPLAYED
from payer_policy.service.logs import log
from payer_policy.service.problems import Problem, problem_response
from payer_policy.service.state import State

_DESCRIPTION = """Coverage policies, decided with reasons, citations and a proof.

What is not known never denies and never approves: the request pends, and the answer lists the questions
that would settle it. Numbers are exact: send integers, or numerals as text. The same request under the
same policies gets the same bytes.
"""


def create(make_state: Callable[[], State], origins: Sequence[str] = ()) -> FastAPI:
    """The application. The state is made when the application starts, in its own process.

    Args:
        make_state: Opens policies, keys and the audit record; what it raises stops the start.
        origins: Web pages of these origins may ask from a browser (CORS), as CDS Hooks has it.
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
            {"name": "policies", "description": "What decides: policies and schemas."},
            {"name": "operation", "description": "For whoever keeps the service running."},
        ],
        redirect_slashes=False,  # a redirect would go where the Host header says
        docs_url=None,  # these pages load scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
    )
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", KEY, "X-API-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "Retry-After", RECEIPT, REPLAYED],
        )
    for module in (decisions, requirements, policies, fhir, cds_hooks, x12, health):
        app.include_router(module.router)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _framework_problem)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(FhirUnavailable, _not_installed)
    app.add_exception_handler(Exception, _fault)
    _describe(app)
    return app


def gated(app: FastAPI, host_names: Collection[str] = ()) -> Gate:
    """The application with the gate around it, as it is served.

    Args:
        app: The application.
        host_names: The names that the header `Host` may have; none: any.
    """
    return Gate(
        app,
        lambda: app.state.service.metrics,
        lambda: app.state.service.admission.full(),
        lambda scope, problem, request_id: _told(scope["path"], problem, request_id),
        host_names,
    )


def _describe(app: FastAPI) -> None:
    """Make the OpenAPI document when asked, once for each set of policies."""
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
    with suppress(asyncio.CancelledError):
        while state.keys is not None:
            await asyncio.sleep(state.settings.poll_seconds)
            state.keys.look()


async def _tidy(state: State) -> None:
    """Tidy the memory whenever no batch is being worked on."""
    with suppress(asyncio.CancelledError):
        while True:
            await asyncio.sleep(memory.SECONDS)
            if not state.is_at_work:
                await asyncio.to_thread(memory.tidy)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    exchange = exchange_of(request)
    exchange.problem = error.name
    return _told(request.url.path, error, exchange.request_id)


def _told(path: str, problem: Problem, request_id: str) -> Response:
    """A problem as the clients of a path read it."""
    if path.startswith(fhir.router.prefix + "/"):
        return fhir.problem_as_outcome(problem, request_id)
    return problem_response(problem, request_id)


_FRAMEWORK = {404: "not-found", 405: "wrong-method"}


def _framework_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    name = _FRAMEWORK.get(error.status_code, "bad-request")
    detail = "no such path; GET /openapi.json lists all" if name == "not-found" else error.detail
    return _problem(request, Problem(name, detail, headers=error.headers))


def _not_installed(request: Request, error: Exception) -> Response:
    return _problem(request, Problem("not-configured", str(error)))


def _fault(request: Request, error: Exception) -> Response:
    """A fault of ours, as a problem like any other; the gate writes it to the log."""
    return _problem(request, Problem("internal", "the service failed; nothing was decided"))


def _wrong_parameter(request: Request, error: Exception) -> Response:
    """A parameter that the framework refused: its name, never its value."""
    assert isinstance(error, RequestValidationError)
    names = sorted({".".join(map(str, one["loc"][1:])) for one in error.errors()})
    told = ", ".join(f"`{name}`" for name in names)
    return _problem(request, Problem("bad-request", f"{told}: not a value that is read here"))
