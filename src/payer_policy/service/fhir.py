"""FHIR R4: `Claim/$submit` and `Claim/$inquire` of Da Vinci PAS, and the CapabilityStatement.

A claim is decided like any other; an inquiry is answered from the audit record, with the answers given
then. Every problem is an `OperationOutcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response

from payer_policy.audit import Row, outcome_of
from payer_policy.formats import fhir
from payer_policy.formats.answer import Answer
from payer_policy.formats.fhir import Asked, Inquiry, Stored, Submission, matches
from payer_policy.formats.review import ReviewRules
from payer_policy.service.authentication import requires
from payer_policy.service.calls import RECEIPT, Call, answer_once
from payer_policy.service.decisions import BODY, check_count, decide_each
from payer_policy.service.deployment import Deployed
from payer_policy.service.exchange import exchange_of
from payer_policy.service.keys import Scope
from payer_policy.service.negotiation import JSON, media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

FHIR_JSON: Final = "application/fhir+json"

router = APIRouter(prefix="/fhir", tags=["standards"])


@router.get(
    "/metadata",
    summary="The FHIR capabilities of this service (CapabilityStatement).",
    responses=described({FHIR_JSON: "FhirResource"}, "The statement."),
)
async def metadata(request: Request) -> Response:
    """Open without a key, as FHIR clients expect."""
    deployed = state_of(request).deployed
    operations = [
        {
            "name": name,
            "definition": f"http://hl7.org/fhir/us/davinci-pas/OperationDefinition/Claim-{name}",
        }
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
            "rest": [{"mode": "server", "resource": [{"type": "Claim", "operation": operations}]}],
        }
    )


@router.post(
    "/Claim/$submit",
    summary="Decide the claim or preauthorization request of a Bundle, or one Claim.",
    dependencies=[requires("decide")],
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}, keyed=True),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with the ClaimResponse (for a Bundle), or the ClaimResponse. Missing facts are asked "
        "for with a Questionnaire; send its answers with the Claim again.",
    )
    | problems("bad-request", "key-used", "too-large", "wrong-media-type", "not-configured"),
)
async def submit(request: Request) -> Response:
    """A claim that cannot be read gets a ClaimResponse with its errors, and nothing is decided."""
    media_type_of(request, FHIR_JSON, JSON)
    limits = state_of(request).settings.limits

    async def answered(call: Call) -> Response:
        library = call.deployed.engine.library

        def work(deadline: Deadline) -> tuple[list[Submission], list[Answer], bytes | None]:
            found = fhir.read_submissions(call.data, BODY, library.vocabulary, library.reference)
            check_count(found, limits.batch_requests)
            answers = decide_each(call, (one.intake for one in found), deadline)
            if all(one.asked == Asked() for one in found):  # there is no Claim to respond to
                return found, answers, None
            pairs = zip(found, answers, strict=True)
            made = [_response(one, answer, call.deployed) for one, answer in pairs]
            whole = made[0] if len(made) == 1 else _together(made)
            return found, answers, fhir.exact_json(whole).encode()

        submissions, answers, content = await call.state.in_worker(work)
        if content is None:
            problems = [problem for one in answers for problem in one.problems]
            return _fhir(fhir.operation_outcome(problems), 400)
        contexts = [one.asked.to_json() for one in submissions]
        return await call.answer(answers, content, FHIR_JSON, contexts=contexts)

    return await answer_once(request, answered, limits.body_bytes, limits.parts)


@router.post(
    "/Claim/$inquire",
    summary="Earlier answers to a member's requests.",
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with a ClaimResponse for each answer that matches everything in the inquiry; or an "
        "OperationOutcome if there is none.",
    )
    | problems("too-large", "wrong-media-type", "not-configured"),
)
async def inquire(
    request: Request, scopes: Annotated[frozenset[Scope], requires("inquire")]
) -> Response:
    """Requires the member's number and the provider's NPI. Answers about other members or providers are
    never returned, and answers given to another key only if this one has the scope `inquire-any`. Who
    received which answers is in the record before they are sent."""
    media_type_of(request, FHIR_JSON, JSON)
    state, exchange = state_of(request), exchange_of(request)
    limits = state.settings.limits
    if state.audit is None:
        raise Problem("not-configured", "inquiries are answered from the audit record; see --audit")
    audit = state.audit
    async with state.admission.taken(request, limits.body_bytes, limits.parts) as data:
        deployed = state.deployed

        def work(deadline: Deadline) -> tuple[Inquiry, list[int], bytes]:
            inquiry = fhir.read_inquiry(data, BODY)
            member = inquiry.asked.member_id
            rows = [] if inquiry.refused or member is None else audit.log.of_member(member)
            if "inquire-any" not in scopes:
                rows = [row for row in rows if row.answer.get("caller") == exchange.caller]
            found: dict[int, Stored] = {}
            for row in rows:
                deadline.check()
                if (one := _stored(row)) is not None and matches(inquiry, one):
                    found[row.seq] = one
            made = fhir.inquiry_response(
                inquiry,
                found.values(),
                rules=ReviewRules.of(deployed.engine.library),
                created=_moment(),
            )
            return inquiry, list(found), fhir.exact_json(made).encode()

        inquiry, rows, content = await state.in_worker(work)
        headers = {}
        if not inquiry.refused:
            asked = inquiry.asked
            assert asked.member_id is not None, "an inquiry that is not refused has a member"
            receipt = await audit.record_inquiry(
                asked.member_id, asked.npis, rows, deployed.hash, exchange
            )
            headers[RECEIPT] = str(receipt)
    return Response(content, media_type=FHIR_JSON, headers=headers)


def _stored(row: Row) -> Stored | None:
    """The answer of a row, if it was given to a claim in FHIR."""
    outcome, member = outcome_of(row), row.about_member
    if outcome is None or member is None or "context" not in member:
        return None
    return Stored(Asked.from_json(member["context"]), outcome, row.time)


def _response(submission: Submission, answer: Answer, deployed: Deployed) -> dict[str, Any]:
    """The answer in the form of the request: a Bundle for a Bundle, else a ClaimResponse."""
    asked, created = submission.asked, _moment()
    if answer.request is None:
        make = fhir.error_bundle if submission.bundled else fhir.error_response
        return make(answer.problems, asked, created=created)
    library, outcome = deployed.engine.library, answer.outcome.to_json()
    more: dict[str, Any] = {
        "created": created,
        "rules": ReviewRules.of(library),
        "warnings": answer.problems,
    }
    if not submission.bundled:
        return fhir.claim_response(outcome, asked, **more)
    return fhir.response_bundle(outcome, asked, vocabulary=library.vocabulary, **more)


def _together(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _moment() -> str:
    return now().isoformat(timespec="seconds")


def _fhir(resource: dict[str, Any], status: int = 200) -> Response:
    return Response(fhir.exact_json(resource), status, media_type=FHIR_JSON)


def problem_as_outcome(problem: Problem, request_id: str) -> Response:
    """A problem as an OperationOutcome."""
    issue = {
        "severity": "error",
        "code": _ISSUES.get(problem.kind.status, "processing"),
        "details": {"text": f"{problem.kind.title}: {problem.detail}"},
        "diagnostics": f"request {request_id}",
    }
    resource = {"resourceType": "OperationOutcome", "issue": [issue]}
    if problem.problems:
        resource["issue"] += fhir.operation_outcome(problem.problems)["issue"]
    made = _fhir(resource, problem.kind.status)
    made.headers.update(problem.headers)
    return made


_ISSUES: Final = {
    401: "login",
    404: "not-found",
    405: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    501: "not-supported",
    503: "transient",
}
"""Codes of the value set issue-type (HL7 FHIR R4)."""
