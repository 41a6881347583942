"""Decide one request or a whole file, and explain: paths under `/v1`.

Every answer has the same bytes as `payer-policy decide --json` prints, and is sent only once it is in the
audit record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from payer_policy.audit import Receipt
from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.determination.explain import explain
from payer_policy.determination.trees import Explanation
from payer_policy.formats import Intake, read_requests, read_supplements, supplemented, unmatched
from payer_policy.formats.answer import Answer, answer
from payer_policy.formats.known import BUILT_IN, PARQUET, known
from payer_policy.request.checking import too_many_lines
from payer_policy.service.admission import check_parts, count_parts
from payer_policy.service.authentication import requires
from payer_policy.service.brief import brief
from payer_policy.service.calls import Call, Content, answer_once
from payer_policy.service.forms import FACTS, FORM, claims_and_facts
from payer_policy.service.negotiation import JSON, best_of, json_bytes, media_type_of
from payer_policy.service.openapi import body, described, problems
from payer_policy.service.problems import Problem, refused
from payer_policy.service.recording import now
from payer_policy.service.state import Deadline, state_of

JSON_LINES: Final = "application/x-ndjson"
BODY: Final = "body"
"""The name of the request's body in the locations of problems."""
ANSWERS_VERSION: Final = "payer-policy/answers/1"
_UNSPECIFIC: Final = ("application/octet-stream", "application/x-www-form-urlencoded")
"""Defaults of clients that state no media type: the format is detected from the content."""
_SHORT_BYTES: Final = 16_384
_FEW_PARTS: Final = 1_000
"""A body within both is decided on the event loop, since that takes less time than a worker thread."""
_OF_BODIES: Final = ("too-large", "too-many-parts", "wrong-media-type")
_OF_ONE: Final = ("several-requests", "key-used", *_OF_BODIES)
View = Annotated[
    Literal["whole", "brief"],
    Query(description="`brief`: only the decision, lines, reason codes and receipt."),
]

router = APIRouter(prefix="/v1", dependencies=[requires("decide")])


@router.post(
    "/decide",
    tags=["decisions"],
    summary="Decide one claim or preauthorization request.",
    openapi_extra=body({JSON: "Request"}, keyed=True),
    responses=described(
        {JSON: "DecideAnswer"}, "The outcome; `decision` is the answer in one word."
    )
    | problems("refused", *_OF_ONE),
)
async def decide(request: Request, view: View = "whole") -> Response:
    """A request with missing facts pends, and `missing` lists the questions that would decide it. It is
    never denied because information is missing."""
    if view == "brief":
        return await _one(request, _brief)
    return await _one(request, lambda answered: json_bytes(answered.to_json()))


@router.post(
    "/decide/batch",
    tags=["decisions"],
    summary="Decide every claim of a file.",
    openapi_extra=body(
        {
            JSON: "Requests",
            **{one: None for form in BUILT_IN for one in form.media_types if one != JSON},
            "text/plain": None,
            FORM: "ClaimsAndFacts",
        },
        keyed=True,
    ),
    responses=described(
        {JSON: "Answers", JSON_LINES: None},
        "One outcome or refusal per claim, in the order of the file, and notes about the file. As "
        "JSON Lines: the outcomes and refusals only, one per line.",
    )
    | problems("too-many-requests-in-one", "key-used", *_OF_BODIES),
)
async def decide_batch(
    request: Request, accept: Annotated[str, Header()] = "*/*", view: View = "whole"
) -> Response:
    """A list of requests, JSON Lines, FHIR, a CSV table, an X12 interchange with 837s and 278s, or a
    format that another package adds, which may be a format for answers too. Facts that a claim form
    does not carry can be sent with it: a form with the parts `claims` and `facts`, facts by claim number.
    A problem with one claim is reported in its place and does not stop the others. All are recorded
    together or none is."""
    formats = [one for one in known() if one is not PARQUET]
    writers = {one.media_types[0]: one.write for one in formats if one.write and one.media_types}
    form = best_of(accept, (JSON, JSON_LINES) if view == "brief" else (JSON, *writers))
    read = [name for one in formats for name in one.media_types if name != JSON]
    stated = media_type_of(request, JSON, *read, FORM, "text/plain", *_UNSPECIFIC)
    limits = state_of(request).settings.limits

    async def answered(call: Call) -> Response:
        claims, facts = await claims_and_facts(request, call.data)
        for part in (claims, facts or b""):
            check_parts(part, limits.batch_parts)

        def work(deadline: Deadline) -> tuple[list[Answer], Content]:
            library = call.deployed.engine.library
            intakes = read_requests(
                claims,
                BODY,
                library.vocabulary,
                library.reference,
                most=limits.batch_requests,
                pause=deadline.check,
                media_type=stated,
            )
            check_count(intakes, limits.batch_requests)
            if facts is not None:
                intakes = _with_facts(intakes, facts)
            notes = [d for one in intakes if one.is_note for d in one.diagnostics]
            answers = decide_each(call, [one for one in intakes if not one.is_note], deadline)
            deadline.check()
            if view == "brief":
                return answers, lambda receipts: _briefs(answers, notes, receipts, form)
            if form in writers:
                return answers, writers[form]([one.to_json() for one in answers])
            return answers, _together([json_bytes(one.to_json()) for one in answers], notes)

        answers, content = await call.state.in_worker(work)
        return await call.answer(answers, content, form)

    return await answer_once(request, answered, limits.batch_bytes)


_EXPLANATIONS: Final[Mapping[str, Callable[[Explanation], str]]] = {
    "text/html": Explanation.as_html,
    "text/plain": Explanation.as_text,
    "text/markdown": Explanation.as_markdown,
}


@router.post(
    "/explain",
    tags=["decisions"],
    summary="The proof behind every determination of one request.",
    openapi_extra=body({JSON: "Request"}, keyed=True),
    responses=described(
        {JSON: "Explanations", **dict.fromkeys(_EXPLANATIONS)},
        "The outcome with a tree for each determination; or the trees as a page, text or Markdown.",
    )
    | problems("refused", "not-acceptable", *_OF_ONE),
)
async def explained(
    request: Request,
    accept: Annotated[str, Header()] = "*/*",
    everything: Annotated[
        bool, Query(alias="all", description="Also why other rules do not apply.")
    ] = False,
) -> Response:
    """Why each line was approved, denied, reduced or pended, test by test, with the sources."""
    form = best_of(accept, (JSON, *_EXPLANATIONS))

    def written(answered: Answer) -> bytes:
        trees = [
            explain(d.ruleset, d.evaluation, d.facts, d.determination, include_failing=everything)
            for d in answered.decided
        ]
        if form == JSON:
            parts = [tree.to_json() for tree in trees]
            return json_bytes({"outcome": answered.to_json(), "explanations": parts})
        return "".join(map(_EXPLANATIONS[form], trees)).encode()

    return await _one(request, written, form, in_worker=True)


async def _one(
    request: Request,
    write: Callable[[Answer], Content],
    form: str = JSON,
    *,
    in_worker: bool = False,
) -> Response:
    """The response to the one request of a body.

    Args:
        request: The HTTP request.
        write: Writes the answer.
        form: The media type that it writes.
        in_worker: Whether even a short body is answered in a worker thread.

    Raises:
        Problem: The body does not hold exactly one request, or it is refused.
    """
    media_type_of(request, JSON)
    limits = state_of(request).settings.limits

    async def answered(call: Call) -> Response:
        def work(deadline: Deadline) -> tuple[Answer, Content]:
            library = call.deployed.engine.library
            read = read_requests(
                call.data, BODY, library.vocabulary, library.reference, most=1, pause=deadline.check
            )
            (one,) = decide_each(call, [one_of(read)], deadline)
            if one.refused:
                raise refused(one.problems)
            return one, write(one)

        size = len(call.data)
        if in_worker or size > _SHORT_BYTES or count_parts(call.data) > _FEW_PARTS:
            one, content = await call.state.in_worker(work)
        else:
            one, content = work(call.state.deadline())
        return await call.answer((one,), content, form)

    return await answer_once(request, answered, limits.body_bytes, limits.parts)


def one_of(intakes: Sequence[Intake]) -> Intake:
    """The one request of a body.

    Raises:
        Problem: There are several, or none.
    """
    claims = [intake for intake in intakes if not intake.is_note]
    if len(claims) != 1:
        detail = f"the body holds {'several' if claims else 'no'} requests; one was expected"
        raise Problem("several-requests", detail)
    return claims[0]


def check_count(requests: Sequence[Any], most: int) -> None:
    """Return if a body does not hold too many requests (notes included).

    Raises:
        Problem: It does.
    """
    if len(requests) > most:
        raise Problem(
            "too-many-requests-in-one", f"the body holds more than {most:,} requests (and notes)"
        )


def decide_each(
    call: Call, intakes: Iterable[Intake], deadline: Deadline, *, are_orders: bool = False
) -> list[Answer]:
    """The answer to each request that was read, in order. None is recorded yet.

    A question that names no day is about today, and so is an order (`are_orders`).

    Raises:
        Problem: The deadline has passed, or the claims have too many lines together.
    """
    limits = call.state.settings.limits
    answers, lines, today = [], 0, now().date()
    for intake in intakes:
        deadline.check()
        lines += 0 if intake.request is None else len(intake.request.lines)
        if lines > limits.batch_lines:
            detail = f"the claims have more than {limits.batch_lines:,} lines together"
            raise Problem("too-many-requests-in-one", detail)
        small = _limited(intake, limits.lines)
        answers.append(answer(call.deployed.engine, small, today, is_order=are_orders))
    return answers


def _limited(intake: Intake, max_lines: int) -> Intake:
    """The intake; refused if its claim has too many lines."""
    request = intake.request
    if request is None or len(request.lines) <= max_lines:
        return intake
    code, message, hint = too_many_lines(len(request.lines), max_lines)
    problem = Diagnostic(code, message, intake.locate(("lines",)), hint)
    return replace(intake, request=None, diagnostics=(*intake.diagnostics, problem))


def _with_facts(intakes: list[Intake], facts: bytes) -> list[Intake]:
    """The requests with the facts that were sent with them.

    Raises:
        Problem: The facts are wrong, or about claims that are not in the body.
    """
    try:
        supplements = read_supplements(facts, FACTS)
    except PolicyError as error:
        raise refused(error.diagnostics) from None
    if stray := tuple(unmatched(supplements, intakes)):
        raise refused(stray)
    return supplemented(intakes, supplements)


def _brief(answered: Answer) -> Content:
    return lambda receipts: json_bytes(brief(answered, receipts[0] if receipts else None))


def _briefs(
    answers: Sequence[Answer],
    notes: Sequence[Diagnostic],
    receipts: Sequence[Receipt],
    form: str,
) -> bytes:
    """The short forms of many answers, each with the receipt of its own row."""
    rows = iter(receipts)
    made = [
        json_bytes(brief(one, None if one.request is None else next(rows, None))) for one in answers
    ]
    if form == JSON_LINES:
        return b"".join(one + b"\n" for one in made)
    return _together(made, notes)


def _together(made: Sequence[bytes], notes: Sequence[Diagnostic]) -> bytes:
    """Encoded answers as one document. Encoding all at once would block every other thread."""
    schema, encoded = json_bytes(ANSWERS_VERSION), json_bytes([note.to_json() for note in notes])
    return b'{"schema": %b, "answers": [%b], "notes": %b}' % (schema, b", ".join(made), encoded)
