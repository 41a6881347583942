"""FHIR R4: `Claim/$submit` and `Claim/$inquire` of Da Vinci PAS, and what the service can do.

A claim is decided as any other is; an inquiry is answered from the audit record, with what was said
then. Every problem is an `OperationOutcome`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from payer_policy import fhir
from payer_policy.answer import Answer, answer
from payer_policy.audit import Row
from payer_policy.deployment import Deployed
from payer_policy.fhir import Asked, Inquiry, Stored, Submission
from payer_policy.service.authentication import AUTHENTICATED
from payer_policy.service.decisions import BODY, limited
from payer_policy.service.gate import exchange_of
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, State, state_of

FHIR_JSON: Final = "application/fhir+json"
JSON: Final = "application/json"

router = APIRouter(prefix="/fhir", tags=["standards"])


@router.get(
    "/metadata",
    summary="What of FHIR this service can do (CapabilityStatement).",
    responses=described({FHIR_JSON: "FhirResource"}, "The statement."),
)
async def metadata(request: Request) -> Response:
    """Open without a key, as FHIR clients expect."""
    deployed = state_of(request).deployed
    operations = [
        {"name": name, "definition": f"http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-{name}"}
        for name in ("submit", "inquire")
    ]
    return _fhir(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": deployed.since or now().isoformat(timespec="seconds"),
            "kind": "instance",
            "implementation": {"description": "payer-policy"},
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {"mode": "server", "resource": [{"type": "Claim", "operation": operations}]}
            ],
        }
    )


@router.post(
    "/Claim/$submit",
    summary="Decide the claim or preauthorization request of a Bundle, or one Claim.",
    dependencies=[AUTHENTICATED],
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with the ClaimResponse (for a Bundle), or the ClaimResponse. What is missing comes "
        "with it as a Questionnaire; send its answers with the Claim again.",
    )
    | problems("bad-request", "too-large", "wrong-media-type", "not-configured"),
)
async def submit(request: Request) -> Response:
    """A claim that cannot be read gets a ClaimResponse with its errors; nothing was decided then."""
    media_type_of(request, FHIR_JSON)
    state, exchange = state_of(request), exchange_of(request)
    data = await state.admission.body(request, state.settings.limits.body_bytes)
    async with state.admission.turn():
        deployed = state.deployed
        library = deployed.engine.library

        def work(deadline: Deadline) -> tuple[list[Submission], list[Answer]]:
            found = fhir.read_submissions(data, BODY, library.vocabulary, library.reference)
            answers = []
            for one in found:
                deadline.check()
                intake = limited(one.intake, state.settings.limits.lines)
                answers.append(answer(deployed.engine, intake))
            return found, answers

        submissions, answers = await state.at_length(work)
        if all(one.asked.reference is None and one.asked.claim_id is None for one in submissions):
            if all(one.request is None for one in answers):
                return _fhir(_outcome(answers), 400)
        contexts = [one.asked.to_json() for one in submissions]
        await state.given(exchange, deployed, answers, contexts)

        def written(_: Deadline) -> list[dict[str, Any]]:
            return [
                _answered(one, said, deployed)
                for one, said in zip(submissions, answers, strict=True)
            ]

        resources = await state.at_length(written)
    return _fhir(resources[0] if len(resources) == 1 else _together(resources))


@router.post(
    "/Claim/$inquire",
    summary="The answers given before to a member's requests.",
    dependencies=[AUTHENTICATED],
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with a ClaimResponse for each answer that agrees with everything that the inquiry "
        "says; or an OperationOutcome that there is none.",
    )
    | problems("too-large", "wrong-media-type", "not-configured"),
)
async def inquire(request: Request) -> Response:
    """The member's number is needed; nothing of another member is ever told."""
    media_type_of(request, FHIR_JSON)
    state = state_of(request)
    if state.audit is None:
        raise Problem("not-configured", "inquiries are answered from the audit record; see --audit")
    audit = state.audit
    data = await state.admission.body(request, state.settings.limits.body_bytes)
    async with state.admission.turn():

        def work(_: Deadline) -> dict[str, Any]:
            inquiry = fhir.read_inquiry(data, BODY)
            stored = () if inquiry.refused else _stored(audit.log.of_member(_member(inquiry)))
            return fhir.inquiry_response(inquiry, stored, created=_moment())

        return _fhir(await state.at_length(work))


def _member(inquiry: Inquiry) -> str:
    return inquiry.asked.member_id or ""


def _stored(rows: Iterable[Row]) -> Iterable[Stored]:
    """The answers of the record that were given to claims in FHIR."""
    for row in rows:
        kept = row.answer()
        if kept is not None and kept.context is not None:
            yield Stored(Asked.from_json(kept.context), kept.outcome, row.time)


def _answered(submission: Submission, said: Answer, deployed: Deployed) -> dict[str, Any]:
    """The answer in the form of the question: a Bundle for a Bundle, else a ClaimResponse."""
    asked, created = submission.asked, _moment()
    if said.request is None:
        make = fhir.error_bundle if submission.in_bundle else fhir.error_response
        return make(said.problems, asked, created=created)
    outcome = said.outcome.to_json()
    if not submission.in_bundle:
        return fhir.claim_response(outcome, asked, created=created)
    vocabulary = deployed.engine.library.vocabulary
    return fhir.response_bundle(outcome, asked, vocabulary=vocabulary, created=created)


def _together(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _outcome(answers: Iterable[Answer]) -> dict[str, Any]:
    return fhir.operation_outcome([problem for one in answers for problem in one.problems])


def _moment() -> str:
    return now().isoformat(timespec="seconds")


def _fhir(resource: dict[str, Any], status: int = 200) -> Response:
    return Response(fhir.exact_json(resource), status, media_type=FHIR_JSON)
