"""FHIR R4: `Claim/$submit` and `Claim/$inquire` of Da Vinci PAS, and what the service can do.

A claim is decided as any other is; an inquiry is answered from the audit record, with what was said
then. Every problem is an `OperationOutcome`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request, Response

from payer_policy.audit import Row, outcome_of
from payer_policy.formats import fhir
from payer_policy.formats.answer import Answer
from payer_policy.formats.fhir import Asked, Inquiry, Stored, Submission, matches
from payer_policy.formats.review import ReviewRules
from payer_policy.service.authentication import holds
from payer_policy.service.decisions import BODY, check_parts, decided, too_many
from payer_policy.service.deployment import Deployed
from payer_policy.service.gate import exchange_of
from payer_policy.service.giving import RECEIPT, Question
from payer_policy.service.keys import Scope
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

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
    dependencies=[holds("decide")],
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}, keyed=True),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with the ClaimResponse (for a Bundle), or the ClaimResponse. What is missing comes "
        "with it as a Questionnaire; send its answers with the Claim again.",
    )
    | problems("bad-request", "key-used", "too-large", "wrong-media-type", "not-configured"),
)
async def submit(request: Request) -> Response:
    """A claim that cannot be read gets a ClaimResponse with its errors; nothing was decided then."""
    media_type_of(request, FHIR_JSON, JSON)
    state = state_of(request)
    async with state.admission.taken(request, state.settings.limits.body_bytes) as data:
        check_parts(data, state.settings.limits.parts)
        question = Question.of(request, data)
        if (before := await question.answered()) is not None:
            return before
        deployed = state.deployed
        library = deployed.engine.library

        def work(deadline: Deadline) -> tuple[list[Submission], list[Answer], bytes | None]:
            found = fhir.read_submissions(data, BODY, library.vocabulary, library.reference)
            if len(found) > state.settings.limits.batch_requests:
                raise too_many(state.settings.limits.batch_requests)
            answers = decided(state, deployed, (one.intake for one in found), deadline)
            if all(one.asked == Asked() for one in found):  # there is no Claim to respond to
                return found, answers, None
            pairs = zip(found, answers, strict=True)
            made = [_answered(one, said, deployed) for one, said in pairs]
            whole = made[0] if len(made) == 1 else _together(made)
            return found, answers, fhir.exact_json(whole).encode()

        submissions, answers, content = await state.at_length(work)
        if content is None:
            return _fhir(_outcome(answers), 400)
        contexts = [one.asked.to_json() for one in submissions]
        return await question.give(deployed, answers, content, FHIR_JSON, contexts=contexts)


@router.post(
    "/Claim/$inquire",
    summary="The answers given before to a member's requests.",
    openapi_extra=body({FHIR_JSON: "FhirResource", JSON: "FhirResource"}),
    responses=described(
        {FHIR_JSON: "FhirResource"},
        "A Bundle with a ClaimResponse for each answer that agrees with everything that the inquiry "
        "says; or an OperationOutcome that there is none.",
    )
    | problems("too-large", "wrong-media-type", "not-configured"),
)
async def inquire(
    request: Request, scopes: Annotated[frozenset[Scope], holds("inquire")]
) -> Response:
    """The member's number and the provider's NPI are needed; nothing of another member or provider is
    ever told, and nothing that was answered to another key, unless this one may `inquire-any`. Who was
    told which answers is in the record before they leave."""
    media_type_of(request, FHIR_JSON, JSON)
    state, exchange = state_of(request), exchange_of(request)
    if state.audit is None:
        raise Problem("not-configured", "inquiries are answered from the audit record; see --audit")
    audit = state.audit
    async with state.admission.taken(request, state.settings.limits.body_bytes) as data:
        check_parts(data, state.settings.limits.parts)
        deployed = state.deployed

        def work(deadline: Deadline) -> tuple[Inquiry, list[int], bytes]:
            inquiry = fhir.read_inquiry(data, BODY)
            member = inquiry.asked.member_id
            rows = [] if inquiry.refused or member is None else audit.log.of_member(member)
            if "inquire-any" not in scopes:
                rows = [row for row in rows if row.answer.get("caller") == exchange.caller]
            told: dict[int, Stored] = {}
            for row in rows:
                deadline.check()
                if (one := _stored(row)) is not None and matches(inquiry, one):
                    told[row.seq] = one
            made = fhir.inquiry_response(
                inquiry,
                told.values(),
                rules=ReviewRules.of(deployed.engine.library),
                created=_moment(),
            )
            return inquiry, list(told), fhir.exact_json(made).encode()

        inquiry, told, content = await state.at_length(work)
        headers = {}
        if not inquiry.refused:
            asked = inquiry.asked
            assert asked.member_id is not None, "an inquiry that is not refused has a member"
            receipt = await audit.tell(asked.member_id, asked.npis, told, deployed.hash, exchange)
            headers[RECEIPT] = str(receipt)
    return Response(content, media_type=FHIR_JSON, headers=headers)


def _stored(row: Row) -> Stored | None:
    """The answer of a row, if it was given to a claim in FHIR."""
    outcome, member = outcome_of(row), row.about_member
    if outcome is None or member is None or "context" not in member:
        return None
    return Stored(Asked.from_json(member["context"]), outcome, row.time)


def _answered(submission: Submission, said: Answer, deployed: Deployed) -> dict[str, Any]:
    """The answer in the form of the question: a Bundle for a Bundle, else a ClaimResponse."""
    asked, created = submission.asked, _moment()
    if said.request is None:
        make = fhir.error_bundle if submission.bundled else fhir.error_response
        return make(said.problems, asked, created=created)
    library, outcome = deployed.engine.library, said.outcome.to_json()
    rules = ReviewRules.of(library)
    if not submission.bundled:
        return fhir.claim_response(
            outcome, asked, created=created, rules=rules, warnings=said.problems
        )
    return fhir.response_bundle(
        outcome,
        asked,
        vocabulary=library.vocabulary,
        created=created,
        rules=rules,
        warnings=said.problems,
    )


def _together(resources: Sequence[dict[str, Any]]) -> dict[str, Any]:
    entries = [{"resource": one} for one in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _outcome(answers: Iterable[Answer]) -> dict[str, Any]:
    return fhir.operation_outcome([problem for one in answers for problem in one.problems])


def _moment() -> str:
    return now().isoformat(timespec="seconds")


def _fhir(resource: dict[str, Any], status: int = 200) -> Response:
    return Response(fhir.exact_json(resource), status, media_type=FHIR_JSON)


def problem_as_outcome(problem: Problem, request_id: str) -> Response:
    """A problem as FHIR clients expect it."""
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
