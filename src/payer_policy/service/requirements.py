"""What a policy requires, before there is a claim: only the payer and a code (and a plan) are known.

The same decision as any other, with few facts: what holds already, and what would have to be answered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from payer_policy.core.diagnostics import Location
from payer_policy.determination import Determination
from payer_policy.formats import read_requests
from payer_policy.formats.answer import answer
from payer_policy.policy.library import Library
from payer_policy.service.authentication import holds
from payer_policy.service.decisions import BODY, JSON, one_of, refused
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import state_of

VERSION: Final = "payer-policy/requirements/1"

router = APIRouter(prefix="/v1", dependencies=[holds("decide")])


@router.post(
    "/requirements",
    tags=["decisions"],
    summary="What a policy requires for a drug code.",
    openapi_extra=body({JSON: "RequirementsQuestion"}),
    responses=described(
        {JSON: "Requirements"},
        "For each policy that applies: what it says already, and the questions that it would ask.",
    )
    | problems("refused", "too-large", "wrong-media-type"),
)
async def requirements(request: Request) -> Response:
    """Without a date of service the question is about today, and `as_of` says so. Nothing about a
    member is asked for, and nothing is recorded."""
    media_type_of(request, JSON)
    state = state_of(request)
    async with state.admission.taken(request, _MOST) as data:
        engine = state.deployed.engine
        asked = request_for(engine.library, _question(data))
        intake = one_of(read_requests(json.dumps(asked).encode(), BODY))
        answered = answer(engine, intake, now().date())
        if answered.refused:  # places would be those of the request that was made of the question
            raise refused([replace(one, location=Location(BODY)) for one in answered.problems])
    outcome = answered.outcome
    content = {
        "schema": VERSION,
        "as_of": None if outcome.as_of is None else outcome.as_of.isoformat(),
        "policies": [_said(one) for one in outcome.determinations],
        "without_policy": [service.to_json() for service in outcome.without_policy],
    }
    return Response(json.dumps(content, ensure_ascii=False), media_type=JSON)


_MOST: Final = 16_384
"""Bytes of a question."""
_FIELDS: Final = ("payer", "code", "plan", "line_of_business", "service_date", "kind")


def _question(data: bytes) -> Mapping[str, str]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Problem("bad-request", "the body is not JSON in UTF-8") from None
    if not isinstance(value, dict) or not {"payer", "code"} <= value.keys():
        raise Problem("bad-request", "an object with `payer` and `code` was expected")
    for name, part in value.items():
        if name not in _FIELDS:
            known = ", ".join(f"`{field}`" for field in _FIELDS)
            raise Problem("bad-request", f"a member is not known; there are {known}")
        if not isinstance(part, str):
            raise Problem("bad-request", f"`{name}`: a text was expected")
        if not part.strip():
            raise Problem("bad-request", f"`{name}` is empty; leave it out when it is not known")
    return value


def request_for(library: Library, question: Mapping[str, str]) -> dict[str, Any]:
    """The request, in its JSON form, that knows no more than a question says."""
    facts = library.facts_by_source
    known = {facts["service", "code"]: question["code"]}
    if "service_date" in question:
        known[facts["service", "date"]] = question["service_date"]
    coverage = {
        name: question[name] for name in ("payer", "plan", "line_of_business") if name in question
    }
    return {"kind": question.get("kind", "claim"), "coverage": coverage, "facts": known}


def _said(determination: Determination) -> dict[str, Any]:
    findings = determination.findings
    return {
        "policy": determination.policy.to_json(),
        "code": determination.code,
        "decision": determination.decision,
        "found": [found.to_json() for found in findings if found.kind != "advise"],
        "notes": [found.to_json() for found in findings if found.kind == "advise"],
        "questions": [question.to_json() for question in determination.missing],
        "assumptions": [assumption.to_json() for assumption in determination.assumptions],
    }
