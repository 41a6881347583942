"""For whoever keeps the service running: is it alive, is it ready and by which policies, its meters.

Open without a key but for the meters, since probes carry none; nothing here tells of a request, and
without a key nothing of this machine's files.
"""

from __future__ import annotations

import json
import time
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from payer_policy.service.authentication import AUTHENTICATED, is_known
from payer_policy.service.metrics import CONTENT_TYPE
from payer_policy.service.openapi import described, problems
from payer_policy.service.problems import KINDS, Problem, busy
from payer_policy.service.state import state_of

JSON: Final = "application/json"

_HELD_BACK: Final = 10
"""Seconds after an answer could not be recorded for which the process is not ready. Then it is tried
again, since only a request can tell whether the record can be written."""

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
async def readyz(request: Request, known: Annotated[bool, Depends(is_known)]) -> Response:
    """Policies that were refused are listed; those before them go on deciding. With a key, also by
    their names and with their problems. `expired` is a warning: the last day of the bundle is over, and
    it goes on deciding."""
    state = state_of(request)
    failed_at = None if state.audit is None else state.audit.failed_at
    if failed_at is not None and time.monotonic() - failed_at < _HELD_BACK:
        raise busy("not-recorded", "the audit record could not be written just now", 5)
    content: dict[str, Any] = {
        "status": "ready",
        **state.deployed.to_json(),
        "expired": state.deployment.expired,
        "refused": [event.to_json() for event in state.deployment.refused],
    }
    if not known:  # names of files, and what is in them, are for those who run the service
        del content["name"]
        content["refused"] = [
            {name: event[name] for name in ("kind", "sequence", "hash", "in_force", "at")}
            for event in content["refused"]
        ]
    return Response(json.dumps(content, ensure_ascii=False), media_type=JSON)


@router.get(
    "/metrics",
    summary="Meters for Prometheus.",
    dependencies=[AUTHENTICATED],
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
