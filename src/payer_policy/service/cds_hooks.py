"""CDS Hooks for coverage-requirements discovery: what coverage requires for the orders of a call.

Each order is decided as a preauthorization request with few facts.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from payer_policy.formats import cds_hooks
from payer_policy.formats.answer import Answer
from payer_policy.formats.review import ReviewRules
from payer_policy.service.authentication import requires
from payer_policy.service.calls import Call, answer_once
from payer_policy.service.decisions import BODY, decide_each
from payer_policy.service.negotiation import JSON, json_bytes, json_response, media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem, refused
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

router = APIRouter(prefix="/cds-services", tags=["standards"])


@router.get(
    "",
    summary="The available CDS services.",
    responses=described({JSON: None}, "Each with its hook and the data to prefetch."),
)
async def discovery() -> Response:
    """Open without a key, as CDS clients expect."""
    return json_response(cds_hooks.discovery())


def _service(service: Annotated[str, Path(max_length=200)]) -> str:
    """The name of a service.

    Raises:
        Problem: There is no such service.
    """
    if service not in cds_hooks.SERVICES:
        raise Problem("not-found", f"available services: {', '.join(cds_hooks.SERVICES)}")
    return service


Service = Annotated[str, Depends(_service)]


@router.post(
    "/{service}",
    summary="What coverage requires for the orders of a call.",
    dependencies=[requires("decide")],
    openapi_extra=body({JSON: "CdsHooksCall"}, keyed=True),
    responses=described(
        {JSON: "CdsHooksAnswer"},
        "Cards, and for each order an update of it with the coverage information of Da Vinci CRD.",
    )
    | problems(
        "refused", "key-used", "not-found", "too-large", "wrong-media-type", "not-configured"
    ),
)
async def call(request: Request, service: Service) -> Response:
    """Missing facts are asked for; nothing is reported as not covered because a fact is missing."""
    media_type_of(request, JSON)
    limits = state_of(request).settings.limits

    async def answered(call: Call) -> Response:
        library = call.deployed.engine.library

        def work(deadline: Deadline) -> tuple[list[Answer], bytes]:
            hook = cds_hooks.read_hook(
                service, call.data, library.vocabulary, library.reference, file=BODY
            )
            if hook.refused:
                raise refused(hook.diagnostics)
            orders = (order.intake for order in hook.orders)
            answers = decide_each(call, orders, deadline, are_orders=True)
            content = cds_hooks.response(
                hook,
                [None if one.request is None else one.outcome.to_json() for one in answers],
                now().date().isoformat(),
                vocabulary=library.vocabulary,
                rules=ReviewRules.of(library),
            )
            return answers, json_bytes(content)

        return await call.answer(*await call.state.in_worker(work), JSON)

    return await answer_once(request, answered, limits.body_bytes, limits.parts)


@router.post(
    "/{service}/feedback",
    summary="What users did with the cards.",
    dependencies=[requires("decide")],
    openapi_extra=body({JSON: "CdsHooksFeedback"}),
    responses=described({JSON: None}, "Counted.") | problems("refused", "not-found", "too-large"),
)
async def feedback(request: Request, service: Service) -> Response:
    """Counted by outcome, not stored: the reason for overriding a card may name a patient."""
    media_type_of(request, JSON)
    state = state_of(request)
    limits = state.settings.limits
    async with state.admission.taken(request, limits.body_bytes, limits.parts) as data:
        found, wrong = cds_hooks.read_feedback(data, file=BODY)
    if wrong:
        raise refused(wrong)
    for one in found:
        state.metrics.heard(service, one.outcome)
    return json_response({})
