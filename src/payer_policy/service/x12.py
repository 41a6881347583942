"""X12 278: preauthorization requests in, one 278 response for each, in the same interchange form."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Final

from fastapi import APIRouter, Request, Response

from payer_policy.audit import Receipt
from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.formats import form_of, intake_x12, x12_loops, x12_text
from payer_policy.formats.answer import Answer
from payer_policy.formats.intake import remark_duplicates
from payer_policy.formats.review import ReviewRules, certification_number
from payer_policy.formats.x12 import (
    Certifying,
    Envelope,
    Review,
    marks_of,
    rejected,
    response,
    review,
)
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.service.authentication import requires
from payer_policy.service.calls import Call, answer_once
from payer_policy.service.decisions import BODY, check_count, decide_each
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem, refused
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

X12: Final = "application/edi-x12"

router = APIRouter(prefix="/x12", tags=["standards"], dependencies=[requires("decide")])


@router.post(
    "/278",
    summary="Decide the preauthorization requests of an X12 278, and answer with a 278.",
    openapi_extra=body({X12: None, "text/plain": None}, keyed=True),
    responses=described({X12: None}, "One interchange with a 278 response for each request.")
    | problems("refused", "key-used", "too-large", "wrong-media-type", "not-configured"),
)
async def review_requests(request: Request) -> Response:
    """A request that cannot be read is answered with AAA; a certified one gets a number that depends on
    the request and the policies only. Control numbers are those of the audit record's rows, so none is
    ever used twice."""
    media_type_of(request, X12, "text/plain", "application/octet-stream")
    state = state_of(request)
    limits = state.settings.limits
    if state.audit is None:
        raise Problem("not-configured", "control numbers come from the audit record; see --audit")

    async def answered(call: Call) -> Response:
        rules = ReviewRules.of(call.deployed.engine.library)

        def work(deadline: Deadline) -> tuple[list[ReviewLoop], list[Answer]]:
            loops = _requests(call.data, limits.batch_requests, deadline)
            intakes = remark_duplicates(intake_x12(loop, BODY) for loop in loops)
            answers = decide_each(call, intakes, deadline)
            _written(loops, answers, 0, rules)  # what cannot be written is not recorded either
            return loops, answers

        loops, answers = await call.state.in_worker(work)

        def content(receipts: Sequence[Receipt]) -> bytes:
            return _written(loops, answers, receipts[-1].seq, rules).encode()

        # A response that rejects every request has a control number of its own, too.
        return await call.answer(answers, content, X12, even_refusals=True)

    return await answer_once(request, answered, limits.batch_bytes)


def _requests(data: bytes, most: int, deadline: Deadline) -> list[ReviewLoop]:
    """The requests of an interchange that contains nothing else.

    Raises:
        Problem: The body is not X12, has anything else in it, or is broken; or the deadline has passed.
    """
    form = form_of(data[:4096], BODY)
    if isinstance(form, Diagnostic):
        raise refused([form])
    if form.name != "x12":
        raise Problem("wrong-media-type", f"this path accepts {X12}; send JSON to /v1/decide")
    wrong: list[Diagnostic] = []
    found: list[ReviewLoop] = []
    for part in x12_loops(x12_text(BytesIO(data.lstrip(_BEFORE)), deadline.check), BODY):
        if isinstance(part, ReviewLoop):
            found.append(part)
            check_count(found, most)
        elif isinstance(part, Diagnostic):
            wrong.append(part)
        else:
            message = "found a claim (837); requests (278) were expected"
            hint = "send claims to /v1/decide/batch"
            wrong.append(Diagnostic("wrong-transaction", message, Location(BODY), hint))
    if not found or any(problem.severity == "error" for problem in wrong):
        raise refused(wrong)
    return found


_BEFORE: Final = b"\xef\xbb\xbf \t\r\n"


def _written(
    loops: Sequence[ReviewLoop], answers: Sequence[Answer], last: int, rules: ReviewRules
) -> str:
    """The answers as one interchange, from the requests' receiver to their sender.

    Raises:
        Problem: It cannot be written.
    """
    reviews = [(loop, _review(one, rules)) for loop, one in zip(loops, answers, strict=True)]
    isa = loops[0].opened.isa
    assert isa is not None, "an interchange begins with its ISA"
    if any(_parties(loop) != _parties(loops[0]) for loop in loops):
        message = "the body holds interchanges of several parties; one answer goes to one party"
        hint = "send the interchanges of each sender separately"
        raise refused([Diagnostic("several-parties", message, Location(BODY), hint)])
    envelope = Envelope(
        sender=isa.get(8),
        receiver=isa.get(6),
        at=now().replace(tzinfo=None),
        control=last % _CONTROLS + 1,
        sender_qualifier=isa.get(7),
        receiver_qualifier=isa.get(5),
        usage="T" if isa.code(15) == "T" else "P",
        marks=marks_of(loops[0]),
    )
    written = response(envelope, reviews)
    if not written.sound:
        raise refused(written.problems)
    return written.text


def _parties(loop: ReviewLoop) -> tuple[str, ...]:
    """Who sent an interchange to whom, and whether it is a test."""
    isa = loop.opened.isa
    return () if isa is None else tuple(isa.get(at) for at in (5, 6, 7, 8, 15))


_CONTROLS: Final = 999_999_999


def _review(one: Answer, rules: ReviewRules) -> Review:
    if one.request is None:
        return rejected(one.claim_id or "", one.problems)
    outcome = one.outcome.to_json()
    coverage = one.request.coverage
    number = certification_number(outcome, one.request.id, coverage.payer, coverage.member_id)
    made = review(one.request, outcome, Certifying(rules, number))
    if made.review is None:
        return rejected(one.claim_id or "", made.problems)
    return made.review
