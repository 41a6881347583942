"""X12 278: preauthorization requests in, one 278 response for each, in the same interchange form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from payer_policy.service.authentication import holds
from payer_policy.service.decisions import BODY, decided, refused, too_many
from payer_policy.service.giving import Question
from payer_policy.service.negotiation import media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

X12: Final = "application/edi-x12"

router = APIRouter(prefix="/x12", tags=["standards"], dependencies=[holds("decide")])


@router.post(
    "/278",
    summary="Decide the preauthorization requests of an X12 278, and answer with a 278.",
    openapi_extra=body({X12: None, "text/plain": None}, keyed=True),
    responses=described({X12: None}, "One interchange with a 278 response for each request.")
    | problems("refused", "key-used", "too-large", "wrong-media-type", "not-configured"),
)
async def review_requests(request: Request) -> Response:
    """A request that cannot be read is answered with AAA; what is certified gets a number that depends
    on the request and the policies alone. Control numbers are those of the audit record's rows, so
    that none is ever given twice."""
    media_type_of(request, X12, "text/plain", "application/octet-stream")
    state = state_of(request)
    if state.audit is None:
        raise Problem("not-configured", "control numbers come from the audit record; see --audit")
    async with state.admission.taken(request, state.settings.limits.batch_bytes) as data:
        question = Question.of(request, data)
        if (before := await question.answered()) is not None:
            return before
        deployed = state.deployed
        rules = ReviewRules.of(deployed.engine.library)

        def work(deadline: Deadline) -> tuple[list[ReviewLoop], list[Answer]]:
            loops = list(_requests(data, state.settings.limits.batch_requests, deadline))
            intakes = remark_duplicates(intake_x12(loop, BODY) for loop in loops)
            answers = decided(state, deployed, intakes, deadline)
            _written(loops, answers, 0, rules)  # what cannot be written is not recorded either
            return loops, answers

        loops, answers = await state.at_length(work)

        def content(receipts: Sequence[Receipt]) -> bytes:
            return _written(loops, answers, receipts[-1].seq, rules).encode()

        # An answer that rejects all has a control number of its own, too.
        return await question.give(deployed, answers, content, X12, even_refusals=True)


def _requests(data: bytes, most: int, deadline: Deadline) -> Iterator[ReviewLoop]:
    """The requests of an interchange, and nothing else.

    Raises:
        Problem: the body is no X12, has something else in it, or is broken; or it is too late.
    """
    form = form_of(data[:4096], BODY)
    if isinstance(form, Diagnostic):
        raise refused([form])
    if form.name != "x12":
        raise Problem("wrong-media-type", f"this path reads {X12}; send JSON to /v1/decide")
    wrong: list[Diagnostic] = []
    count = 0
    for part in x12_loops(x12_text(BytesIO(data.lstrip(_BEFORE)), deadline.check), BODY):
        if isinstance(part, ReviewLoop):
            count += 1
            if count > most:
                raise too_many(most)
            yield part
        elif isinstance(part, Diagnostic):
            wrong.append(part)
        else:
            message = "a claim (837) stands here; requests (278) were expected"
            hint = "send claims to /v1/decide/batch"
            wrong.append(Diagnostic("wrong-transaction", message, Location(BODY), hint))
    if not count or any(problem.severity == "error" for problem in wrong):
        raise refused(wrong)


_BEFORE: Final = b"\xef\xbb\xbf \t\r\n"


def _written(
    loops: Sequence[ReviewLoop], answers: Sequence[Answer], last: int, rules: ReviewRules
) -> str:
    """The answers as one interchange, from the requests' receiver to their sender.

    Raises:
        Problem: it cannot be written.
    """
    reviews = [(loop, _review(one, rules)) for loop, one in zip(loops, answers, strict=True)]
    isa = loops[0].opened.isa
    assert isa is not None, "an interchange begins with its ISA"
    if any(_parties(loop) != _parties(loops[0]) for loop in loops):
        message = "the body holds interchanges of several parties; one answer goes to one of them"
        hint = "send the interchanges of each sender by themselves"
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
