"""For operators: whether the process is alive and ready, which policies it uses, and its metrics.

Only the metrics need a key, since probes carry none. Nothing here is about a request, and without a key
for the metrics nothing about the files that the service reads.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from payer_policy.service.authentication import requires, scopes_of
from payer_policy.service.keys import Scope
from payer_policy.service.metrics import CONTENT_TYPE
from payer_policy.service.negotiation import JSON, json_response
from payer_policy.service.openapi import described, problems
from payer_policy.service.problems import KINDS, Problem
from payer_policy.service.state import state_of

router = APIRouter(tags=["operation"])


@router.get(
    "/healthz",
    summary="Is the process alive?",
    responses=described({JSON: "Health"}, "It is."),
)
async def healthz() -> Response:
    """Restart the process when this does not answer."""
    return json_response({"status": "alive"})


@router.get(
    "/readyz",
    summary="Is the process ready, and which policies does it use?",
    responses=described({JSON: "Readiness"}, "Ready; the hash names the policies.")
    | problems("not-recorded"),
)
async def readyz(
    request: Request, scopes: Annotated[frozenset[Scope], Depends(scopes_of)]
) -> Response:
    """Lists policies that were refused; the ones before them stay in force. With a key for the metrics,
    also their names and problems. `expired` is a warning: the last day of the bundle is over, and it
    stays in force."""
    state = state_of(request)
    if state.audit is not None and (problem := state.audit.not_ready()) is not None:
        raise problem
    content: dict[str, Any] = {
        "status": "ready",
        **state.deployed.to_json(),
        "expired": state.deployment.expired,
        "refused": [event.to_json() for event in state.deployment.refused],
    }
    if "metrics" not in scopes:  # names and contents of files are for operators only
        del content["name"]
        content["refused"] = [
            {name: event[name] for name in ("kind", "sequence", "hash", "in_force", "at")}
            for event in content["refused"]
        ]
    return json_response(content)


@router.get(
    "/metrics",
    summary="Metrics for Prometheus.",
    dependencies=[requires("metrics")],
    responses=described({"text/plain": None}, "The text format of Prometheus."),
)
async def metrics(request: Request) -> Response:
    """No label comes from a request's data."""
    return Response(state_of(request).metrics.text(), media_type=CONTENT_TYPE)


@router.get(
    "/problems/{name}",
    summary="What a kind of problem means.",
    responses=described({JSON: None}, "Its status, title, and what to do.") | problems("not-found"),
)
async def problem(name: str) -> Response:
    """The `type` of every problem links to this path."""
    if name not in KINDS:
        raise Problem("not-found", f"available problems: {', '.join(KINDS)}")
    return json_response(KINDS[name]._asdict())
