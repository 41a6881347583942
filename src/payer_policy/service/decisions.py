"""Decide one request or a whole file, explain, and say what a policy requires: the paths under `/v1`.

Every answer has the same bytes as `payer-policy decide --json` gives, and leaves only when it is in the
audit record.
"""

from __future__ import annotations

import json
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
from payer_policy.service.authentication import holds
from payer_policy.service.brief import brief
from payer_policy.service.deployment import Deployed
from payer_policy.service.forms import FACTS, FORM, claims_and_facts
from payer_policy.service.giving import Content, Question
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
_FEW: Final = 1_000
"""Bytes and parts of a body up to which deciding it on the event loop keeps nobody waiting."""
_PARQUET: Final = b"PAR1"
"""Not read here: a small file can unpack to any size."""
_BLANK: Final = b" \t\r\n\xef\xbb\xbf"
_OF_BODIES: Final = ("too-large", "too-many-parts", "wrong-media-type")
_OF_ONE: Final = ("several-requests", "key-used", *_OF_BODIES)
View = Annotated[
    Literal["whole", "brief"],
    Query(description="`brief`: decision, lines, reason codes and receipt, and nothing else."),
]

router = APIRouter(prefix="/v1", dependencies=[holds("decide")])


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
    """A request with facts that are not known pends, and `missing` lists the questions that would
    settle it. It never denies for what nobody said."""
    if view == "brief":
        return await _one(request, _brief)
    return await _one(request, lambda answered: _encoded(answered.to_json()))


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
        "One outcome or refusal a claim, in the order of the file, and remarks about the file. As "
        "JSON Lines: the outcomes and refusals alone, one a line.",
    )
    | problems("too-many-requests-in-one", "key-used", *_OF_BODIES),
)
async def decide_batch(
    request: Request, accept: Annotated[str, Header()] = "*/*", view: View = "whole"
) -> Response:
    """A list of requests, JSON Lines, FHIR, a CSV table, an X12 interchange with 837s and 278s, or a
    format that another package adds, in which answers may be written too. What no claim form
    carries comes beside it as a form with the parts `claims` and `facts`, facts by claim number. What is
    wrong with one claim is told in its place and does not stop the others. All are recorded together
    or none is."""
    formats = [one for one in known() if one is not PARQUET]
    writers = {one.media_types[0]: one.write for one in formats if one.write and one.media_types}
    form = best_of(accept, (JSON, JSON_LINES) if view == "brief" else (JSON, *writers))
    read = [name for one in formats for name in one.media_types if name != JSON]
    stated = media_type_of(request, JSON, *read, FORM, "text/plain", *_ANYTHING)
    state = state_of(request)
    limits = state.settings.limits
    async with state.admission.taken(request, limits.batch_bytes) as data:
        question = Question.of(request, data)
        if (before := await question.answered()) is not None:
            return before
        claims, facts = await claims_and_facts(request, data)
        for part in (claims, facts or b""):
            check_parts(part, limits.batch_parts)
        deployed = state.deployed

        def work(deadline: Deadline) -> tuple[list[Answer], Content]:
            library = deployed.engine.library
            most = limits.batch_requests
            intakes = read_requests(
                claims,
                BODY,
                library.vocabulary,
                library.reference,
                most=most,
                pause=deadline.check,
                media_type=stated,
            )
            if len(intakes) > most:
                raise too_many(most)
            if facts is not None:
                intakes = _with_facts(intakes, facts)
            notes = [d for one in intakes if one.is_note for d in one.diagnostics]
            asked = [one for one in intakes if not one.is_note]
            answers = decided(state, deployed, asked, deadline)
            deadline.check()
            if view == "brief":
                return answers, lambda receipts: _briefs(answers, notes, receipts, form)
            if form in writers:
                return answers, writers[form]([one.to_json() for one in answers])
            return answers, _together([_encoded(one.to_json()) for one in answers], notes)

        answers, content = await state.at_length(work)
        return await question.give(deployed, answers, content, form)


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
        bool, Query(alias="all", description="Also why other rules fail.")
    ] = False,
) -> Response:
    """What made each line approved, denied, reduced or pended, test by test, with the sources."""
    form = best_of(accept, (JSON, *_EXPLANATIONS))

    def written(answered: Answer) -> bytes:
        trees = [
            explain(d.ruleset, d.evaluation, d.facts, d.determination, include_failing=everything)
            for d in answered.decided
        ]
        if form == JSON:
            parts = [tree.to_json() for tree in trees]
            return _encoded({"outcome": answered.to_json(), "explanations": parts})
        return "".join(map(_EXPLANATIONS[form], trees)).encode()

    return await _one(request, written, form, longest=0)


async def _one(
    request: Request,
    write: Callable[[Answer], Content],
    form: str = JSON,
    longest: int = _SHORT,
) -> Response:
    """The answer on the one request of a body.

    Args:
        request: What came.
        write: Writes the answer.
        form: The media type of what is written.
        longest: The most bytes of a body that is worked on while the event loop waits.

    Raises:
        Problem: There is not one request in the body, or it is refused.
    """
    media_type_of(request, JSON)
    state = state_of(request)
    limits = state.settings.limits
    async with state.admission.taken(request, limits.body_bytes) as data:
        question = Question.of(request, data)
        if (before := await question.answered()) is not None:
            return before
        parts = check_parts(data, limits.parts)
        deployed = state.deployed

        def work(deadline: Deadline | None = None) -> tuple[Answer, Content]:
            library = deployed.engine.library
            pause = None if deadline is None else deadline.check
            read = read_requests(
                data, BODY, library.vocabulary, library.reference, most=1, pause=pause
            )
            (answered,) = decided(state, deployed, [one_of(read)], deadline)
            if answered.refused:
                raise refused(answered.problems)
            return answered, write(answered)

        short = len(data) <= longest and parts <= _FEW
        answered, content = work() if short else await state.at_length(work)
        return await question.give(deployed, (answered,), content, form)


def check_parts(data: bytes, most: int) -> int:
    """How many values, lists and objects a JSON text can have, by its marks; of any other text none.

    What a body costs in time and memory depends on them and not on its bytes. X12 is read piece by
    piece, with an eye on the clock.

    Raises:
        Problem: It may have more than may be; or it is Parquet.
    """
    if data.startswith(_PARQUET):
        raise Problem("wrong-media-type", "Parquet is read by `payer-policy batch`; send CSV here")
    if data[:64].lstrip(_BLANK)[:1] not in (b"{", b"["):
        return 0
    count = data.count(b",") + data.count(b"[") + data.count(b"{")
    if count > most:
        raise Problem("too-many-parts", f"found {count:,} values; a body has at most {most:,}")
    return count


def one_of(intakes: Sequence[Intake]) -> Intake:
    """The one request of a body.

    Raises:
        Problem: there are several, or none.
    """
    claims = [intake for intake in intakes if not intake.is_note]
    if len(claims) != 1:
        detail = f"the body holds {'several' if claims else 'no'} requests; one was expected"
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
        Problem: It takes too long, or they have too many lines together.
    """
    answers, lines = [], 0
    today, most = now().date(), state.settings.limits.batch_lines
    for intake in intakes:
        if deadline is not None:
            deadline.check()
        lines += 0 if intake.request is None else len(intake.request.lines)
        if lines > most:
            raise Problem(
                "too-many-requests-in-one", f"the claims have more than {most:,} lines together"
            )
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


def _brief(answered: Answer) -> Content:
    return lambda receipts: _encoded(brief(answered, receipts[0] if receipts else None))


def _briefs(
    answers: Sequence[Answer],
    notes: Sequence[Diagnostic],
    receipts: Sequence[Receipt],
    form: str,
) -> bytes:
    """The short forms of many answers, each with the receipt of its own row."""
    rows = iter(receipts)
    made = [
        _encoded(brief(one, None if one.request is None else next(rows, None))) for one in answers
    ]
    return _lines(made) if form == JSON_LINES else _together(made, notes)


def _lines(made: Iterable[bytes]) -> bytes:
    return b"".join(one + b"\n" for one in made)


def _together(made: Sequence[bytes], notes: Sequence[Diagnostic]) -> bytes:
    """Answers that are written each by itself, since writing them at once would stop every other."""
    told = _encoded([note.to_json() for note in notes])
    schema = _encoded(ANSWERS_VERSION)
    return b'{"schema": %b, "answers": [%b], "notes": %b}' % (schema, b", ".join(made), told)


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
