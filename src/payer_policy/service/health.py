"""For whoever keeps the service running: is it alive, is it ready and by which policies, its meters.

Open without a key but for the meters, since probes carry none; nothing here tells of a request, and
without a key for the meters nothing of the files that it reads.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from payer_policy.service.authentication import holds, known
from payer_policy.service.keys import Scope
from payer_policy.service.metrics import CONTENT_TYPE
from payer_policy.service.openapi import described, problems
from payer_policy.service.problems import KINDS, Problem
from payer_policy.service.state import state_of

JSON: Final = "application/json"

router = APIRouter(tags=["operation"])


@router.get(
    "/healthz",
    summary="Is the process alive?",
    responses=described({JSON: "Health"}, "It is."),
)
async def healthz() -> Response:
    """Restart the process when this does not answer."""
    return Response('{"status": "alive"}', media_type=JSON)


@router.get(
    "/readyz",
    summary="Is the process ready, and by which policies does it decide?",
    responses=described({JSON: "Readiness"}, "Ready; the hash names the policies.")
    | problems("not-recorded"),
)
async def readyz(request: Request, scopes: Annotated[frozenset[Scope], Depends(known)]) -> Response:
    """Policies that were refused are listed; those before them go on deciding. With a key for the
    meters, also by their names and with their problems. `expired` is a warning: the last day of the
    bundle is over, and it goes on deciding."""
    state = state_of(request)
    if state.audit is not None and (problem := state.audit.not_ready()) is not None:
        raise problem
    content: dict[str, Any] = {
        "status": "ready",
        **state.deployed.to_json(),
        "expired": state.deployment.expired,
        "refused": [event.to_json() for event in state.deployment.refused],
    }
    if (
        "metrics" not in scopes
    ):  # names of files, and what is in them, are for those who run the service
        del content["name"]
        content["refused"] = [
            {name: event[name] for name in ("kind", "sequence", "hash", "in_force", "at")}
            for event in content["refused"]
        ]
    return Response(json.dumps(content, ensure_ascii=False), media_type=JSON)


@router.get(
    "/metrics",
    summary="Meters for Prometheus.",
    dependencies=[holds("metrics")],
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
    """The `type` of every problem is a link to here."""
    kind = KINDS.get(name)
    if kind is None:
        raise Problem("not-found", f"there are {', '.join(KINDS)}")
    return Response(json.dumps(kind._asdict()), media_type=JSON)
