"""CDS Hooks for coverage-requirements discovery: what coverage asks of the orders of a call.

Each order is decided as a preauthorization request of which little is known yet.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from payer_policy.formats import cds_hooks
from payer_policy.formats.answer import Answer
from payer_policy.formats.review import ReviewRules
from payer_policy.service.authentication import holds
from payer_policy.service.decisions import BODY, check_parts, decided, refused
from payer_policy.service.giving import Question
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

JSON: Final = "application/json"

router = APIRouter(prefix="/cds-services", tags=["standards"])


@router.get(
    "",
    summary="The CDS services that there are.",
    responses=described({JSON: None}, "Each with its hook and what it would like prefetched."),
)
async def discovery() -> Response:
    """Open without a key, as CDS clients expect."""
    return _json(cds_hooks.discovery())


@router.post(
    "/{service}",
    summary="What coverage asks of the orders of a call.",
    dependencies=[holds("decide")],
    openapi_extra=body({JSON: "CdsHooksCall"}, keyed=True),
    responses=described(
        {JSON: "CdsHooksAnswer"},
        "Cards, and for each order an update of it with the coverage information of Da Vinci CRD.",
    )
    | problems(
        "refused", "key-used", "not-found", "too-large", "wrong-media-type", "not-configured"
    ),
)
async def call(request: Request, service: Annotated[str, Path(max_length=200)]) -> Response:
    """What is not known is asked for; nothing is said not to be covered for what nobody told."""
    if service not in cds_hooks.SERVICES:
        raise Problem("not-found", f"there is {', '.join(cds_hooks.SERVICES)}")
    media_type_of(request, JSON)
    state = state_of(request)
    async with state.admission.taken(request, state.settings.limits.body_bytes) as data:
        check_parts(data, state.settings.limits.parts)
        question = Question.of(request, data)
        if (before := await question.answered()) is not None:
            return before
        deployed = state.deployed
        library = deployed.engine.library

        def work(deadline: Deadline) -> tuple[list[Answer], bytes]:
            hook = cds_hooks.read_hook(
                service, data, library.vocabulary, library.reference, file=BODY
            )
            if hook.refused:
                raise refused(hook.diagnostics)
            orders = (order.intake for order in hook.orders)
            answers = decided(state, deployed, orders, deadline, are_orders=True)
            outcomes = [None if one.request is None else one.outcome.to_json() for one in answers]
            rules = ReviewRules.of(library)
            return answers, _encoded(
                cds_hooks.response(
                    hook,
                    outcomes,
                    now().date().isoformat(),
                    vocabulary=library.vocabulary,
                    rules=rules,
                )
            )

        answers, content = await state.at_length(work)
        return await question.give(deployed, answers, content, JSON)


@router.post(
    "/{service}/feedback",
    summary="What became of the cards.",
    dependencies=[holds("decide")],
    openapi_extra=body({JSON: "CdsHooksFeedback"}),
    responses=described({JSON: None}, "Taken.") | problems("refused", "not-found", "too-large"),
)
async def feedback(request: Request, service: Annotated[str, Path(max_length=200)]) -> Response:
    """Counted by outcome, not kept: the words of whoever overrode a card may name a patient."""
    if service not in cds_hooks.SERVICES:
        raise Problem("not-found", f"there is {', '.join(cds_hooks.SERVICES)}")
    media_type_of(request, JSON)
    state = state_of(request)
    async with state.admission.taken(request, state.settings.limits.body_bytes) as data:
        check_parts(data, state.settings.limits.parts)
        found, wrong = cds_hooks.read_feedback(data, file=BODY)
    if wrong:
        raise refused(wrong)
    for one in found:
        state.metrics.heard(service, one.outcome)
    return _json({})


def _json(value: Any) -> Response:
    return Response(_encoded(value), media_type=JSON)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
