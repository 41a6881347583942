"""What a policy requires before there is a claim, from the payer and a code (and a plan).

The same decision as any other, with few facts: what is decided already, and what would be asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from payer_policy.core.diagnostics import Location
from payer_policy.determination import Determination
from payer_policy.determination.interview import Item
from payer_policy.formats import read_requests
from payer_policy.formats.answer import answer
from payer_policy.request.mappings import QUESTION_FIELDS, question_about
from payer_policy.service.authentication import requires
from payer_policy.service.decisions import BODY, one_of
from payer_policy.service.negotiation import JSON, json_response, media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem, refused
from payer_policy.service.recording import now
from payer_policy.service.state import state_of

VERSION: Final = "payer-policy/requirements/1"

router = APIRouter(prefix="/v1", dependencies=[requires("decide")])


@router.post(
    "/requirements",
    tags=["decisions"],
    summary="What a policy requires for a drug code.",
    openapi_extra=body({JSON: "RequirementsQuestion"}),
    responses=described(
        {JSON: "Requirements"},
        "For each policy that applies: what it decides already, and the questions it would ask.",
    )
    | problems("refused", "too-large", "wrong-media-type"),
)
async def requirements(request: Request) -> Response:
    """Without a date of service the question is about today, and `as_of` says so. No member data is
    asked for, and nothing is recorded."""
    media_type_of(request, JSON)
    state = state_of(request)
    async with state.admission.taken(request, _MAX_BYTES) as data:
        engine = state.deployed.engine
        asked = question_about(engine.library, _question(data))
        intake = one_of(read_requests(json.dumps(asked).encode(), BODY))
        answered = answer(engine, intake, now().date())
        if answered.refused:  # locations would be in the request that was made from the question
            raise refused([replace(one, location=Location(BODY)) for one in answered.problems])
    outcome = answered.outcome
    assert answered.request is not None
    interviews = engine.interviews(answered.request, whole=True)
    return json_response(
        {
            "schema": VERSION,
            "as_of": None if outcome.as_of is None else outcome.as_of.isoformat(),
            "policies": [
                _policy_json(one, items)
                for one, items in zip(outcome.determinations, interviews, strict=True)
            ],
            "without_policy": [service.to_json() for service in outcome.without_policy],
        }
    )


_MAX_BYTES: Final = 16_384


def _question(data: bytes) -> Mapping[str, str]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Problem("bad-request", "the body is not JSON in UTF-8") from None
    if not isinstance(value, dict) or not {"payer", "code"} <= value.keys():
        raise Problem("bad-request", "an object with `payer` and `code` was expected")
    for name, part in value.items():
        if name not in QUESTION_FIELDS:
            known = ", ".join(f"`{field}`" for field in QUESTION_FIELDS)
            raise Problem("bad-request", f"unknown member; expected {known}")
        if not isinstance(part, str):
            raise Problem("bad-request", f"`{name}`: text was expected")
        if not part.strip():
            raise Problem("bad-request", f"`{name}` is empty; leave it out if it is not known")
    return value


def _policy_json(determination: Determination, items: Sequence[Item]) -> dict[str, Any]:
    findings = determination.findings
    return {
        "policy": determination.policy.to_json(),
        "code": determination.code,
        "decision": determination.decision,
        "found": [found.to_json() for found in findings if found.kind != "advise"],
        "notes": [found.to_json() for found in findings if found.kind == "advise"],
        "questions": [question.to_json() for question in determination.missing],
        "interview": [item.to_json() for item in items],
        "assumptions": [assumption.to_json() for assumption in determination.assumptions],
    }
