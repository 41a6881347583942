"""Decide one request or a whole file, explain, and say what a policy requires: the paths under `/v1`.

Every answer has the same bytes as `payer-policy decide --json` gives, and leaves only when it is in the
audit record.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request, Response

from payer_policy.answer import Answer, answer
from payer_policy.deployment import Deployed
from payer_policy.determination.explain import explain
from payer_policy.determination.trees import Explanation
from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.intake import (
    Intake,
    read_requests,
    read_supplements,
    supplemented,
    unmatched,
)
from payer_policy.intake.model import too_many_lines
from payer_policy.service.authentication import AUTHENTICATED
from payer_policy.service.forms import FACTS, FORM, claims_and_facts
from payer_policy.service.gate import exchange_of
from payer_policy.service.negotiation import best_of, media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, State, state_of

JSON: Final = "application/json"
JSON_LINES: Final = "application/x-ndjson"
BODY: Final = "body"
"""What the places of problems call the request's body."""
ANSWERS_VERSION: Final = "payer-policy/answers/1"
_ANYTHING: Final = ("application/octet-stream", "application/x-www-form-urlencoded")
"""What clients say who say nothing: what a file is, is found out from the file."""
_SHORT: Final = 16_384
"""Bytes of a body up to which deciding it on the event loop keeps nobody waiting."""

router = APIRouter(prefix="/v1", dependencies=[AUTHENTICATED])


@router.post(
    "/decide",
    tags=["decisions"],
    summary="Decide one claim or preauthorization request.",
    openapi_extra=body({JSON: "Request"}),
    responses=described({JSON: "Outcome"}, "The outcome; `decision` is the answer in one word.")
    | problems("refused", "several-requests", "too-large", "wrong-media-type"),
)
async def decide(request: Request) -> Response:
    """A request with facts that are not known pends, and `missing` lists the questions that would
    settle it. It never denies for what nobody said."""
    text = await _one(request, lambda answered: _line(answered.to_json()))
    return Response(text, media_type=JSON)


@router.post(
    "/decide/batch",
    tags=["decisions"],
    summary="Decide every claim of a file.",
    openapi_extra=body(
        {
            JSON: "Requests",
            JSON_LINES: None,
            "application/edi-x12": None,
            "text/plain": None,
            FORM: "ClaimsAndFacts",
        }
    ),
    responses=described(
        {JSON: "Answers", JSON_LINES: None},
        "One outcome or refusal a claim, in the order of the file, and remarks about the file. As "
        "JSON Lines: the outcomes and refusals alone, one a line.",
    )
    | problems("too-large", "too-many-requests-in-one", "wrong-media-type", "deadline"),
)
async def decide_batch(request: Request, accept: Annotated[str, Header()] = "*/*") -> Response:
    """A list of requests, JSON Lines, FHIR, or an X12 interchange with 837s and 278s. What no claim form
    carries comes beside it as a form with the parts `claims` and `facts`, facts by claim number. What is
    wrong with one claim is told in its place and does not stop the others. All are recorded together
    or none is."""
    form = best_of(accept, (JSON, JSON_LINES))
    media_type_of(request, JSON, JSON_LINES, "application/edi-x12", FORM, "text/plain", *_ANYTHING)
    state, exchange = state_of(request), exchange_of(request)
    async with state.admission.taken(request, state.settings.limits.batch_bytes) as data:
        claims, facts = await claims_and_facts(request, data)
        deployed = state.deployed

        def work(deadline: Deadline) -> tuple[list[Answer], str]:
            library = deployed.engine.library
            most = state.settings.limits.batch_requests
            intakes = read_requests(claims, BODY, library.vocabulary, library.reference, most=most)
            if len(intakes) > most:
                raise too_many(most)
            deadline.check()
            if facts is not None:
                intakes = _with_facts(intakes, facts)
            notes = [d for one in intakes if one.is_note for d in one.diagnostics]
            asked = [one for one in intakes if not one.is_note]
            answers = decided(state, deployed, asked, deadline)
            if form == JSON_LINES:
                return answers, "".join(_line(one.to_json()) + "\n" for one in answers)
            return answers, _line(_answers(answers, notes))

        answers, text = await state.at_length(work)
        await state.given(exchange, deployed, answers)
    return Response(text, media_type=form)


_EXPLANATIONS: Final[Mapping[str, Callable[[Explanation], str]]] = {
    "text/html": Explanation.as_html,
    "text/plain": Explanation.as_text,
    "text/markdown": Explanation.as_markdown,
}


@router.post(
    "/explain",
    tags=["decisions"],
    summary="The proof behind every determination of one request.",
    openapi_extra=body({JSON: "Request"}),
    responses=described(
        {JSON: "Explanations", **dict.fromkeys(_EXPLANATIONS)},
        "The outcome with a tree for each determination; or the trees as a page, text or Markdown.",
    )
    | problems("refused", "several-requests", "too-large", "wrong-media-type", "not-acceptable"),
)
async def explained(
    request: Request,
    accept: Annotated[str, Header()] = "*/*",
    everything: Annotated[
        bool, Query(alias="all", description="Also why other rules fail.")
    ] = False,
) -> Response:
    """What made each line approved, denied, reduced or pended, test by test, with the sources."""
    form = best_of(accept, (JSON, *_EXPLANATIONS))

    def written(answered: Answer) -> str:
        trees = [
            explain(d.ruleset, d.evaluation, d.facts, d.determination, include_failing=everything)
            for d in answered.decided
        ]
        if form == JSON:
            parts = [tree.to_json() for tree in trees]
            return _line({"outcome": answered.to_json(), "explanations": parts})
        return "".join(map(_EXPLANATIONS[form], trees))

    return Response(await _one(request, written, longest=0), media_type=form)


async def _one(request: Request, write: Callable[[Answer], str], longest: int = _SHORT) -> str:
    """The answer on the one request of a body, written, and then recorded.

    Args:
        request: What came.
        write: Writes the answer.
        longest: The most bytes of a body that is worked on while the event loop waits.

    Raises:
        Problem: There is not one request in the body, or it is refused.
    """
    media_type_of(request, JSON)
    state, exchange = state_of(request), exchange_of(request)
    async with state.admission.taken(request, state.settings.limits.body_bytes) as data:
        deployed = state.deployed

        def work(deadline: Deadline | None = None) -> tuple[Answer, str]:
            library = deployed.engine.library
            intake = one_of(read_requests(data, BODY, library.vocabulary, library.reference))
            (answered,) = decided(state, deployed, [intake], deadline)
            if answered.refused:
                raise refused(answered.problems)
            return answered, write(answered)

        answered, text = work() if len(data) <= longest else await state.at_length(work)
        await state.given(exchange, deployed, (answered,))
    return text


def one_of(intakes: Sequence[Intake]) -> Intake:
    """The one request of a body.

    Raises:
        Problem: there are several, or none.
    """
    claims = [intake for intake in intakes if not intake.is_note]
    if len(claims) != 1:
        detail = f"the body holds {len(claims)} requests; one was expected"
        raise Problem("several-requests", detail)
    return claims[0]


def decided(
    state: State,
    deployed: Deployed,
    intakes: Iterable[Intake],
    deadline: Deadline | None,
    *,
    are_orders: bool = False,
) -> list[Answer]:
    """The answer on each request that was read, in order. None is recorded yet.

    A question that names no day is about today, and so is an order (`are_orders`).

    Raises:
        Problem: It takes too long.
    """
    answers = []
    today = now().date()
    for intake in intakes:
        if deadline is not None:
            deadline.check()
        small = _limited(intake, state.settings.limits.lines)
        answers.append(answer(deployed.engine, small, today, is_order=are_orders))
    return answers


def _limited(intake: Intake, most: int) -> Intake:
    """The same, refused where the claim has more lines than the service takes."""
    request = intake.request
    if request is None or len(request.lines) <= most:
        return intake
    code, message, hint = too_many_lines(len(request.lines), most)
    problem = Diagnostic(code, message, intake.locate(("lines",)), hint)
    return replace(intake, request=None, diagnostics=(*intake.diagnostics, problem))


def too_many(most: int) -> Problem:
    return Problem(
        "too-many-requests-in-one",
        f"the body holds more than {most:,} requests (and remarks), which are decided at once",
    )


def refused(problems: Sequence[Diagnostic]) -> Problem:
    """The problem that carries what is wrong with a request."""
    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
    return Problem("refused", f"{count} in the request; nothing was decided", problems=problems)


def _with_facts(intakes: list[Intake], facts: bytes) -> list[Intake]:
    """The requests with the facts that came beside them.

    Raises:
        Problem: The facts are wrong, or are about claims that are not there.
    """
    try:
        supplements = read_supplements(facts, FACTS)
    except PolicyError as error:
        raise refused(error.diagnostics) from None
    if stray := tuple(unmatched(supplements, intakes)):
        raise refused(stray)
    return supplemented(intakes, supplements)


def _answers(answers: Sequence[Answer], notes: Sequence[Diagnostic]) -> dict[str, Any]:
    return {
        "schema": ANSWERS_VERSION,
        "answers": [one.to_json() for one in answers],
        "notes": [note.to_json() for note in notes],
    }


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
