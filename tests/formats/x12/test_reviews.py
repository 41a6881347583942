"""Every preauthorization request of every scenario as a 278: in, decided, answered, read back."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

from payer_policy.core.diagnostics import PolicyError
from payer_policy.formats import intake_x12
from payer_policy.formats.review import RECOMMENDED
from payer_policy.formats.x12 import Certifying, Envelope, Marks, Review, response, review
from payer_policy.formats.x12.file import x12_loops
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.formats.x12.segment_writer import free
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request
from tests.formats.x12 import oracles
from tests.formats.x12.building import ENVELOPE, REVIEW_RULES, engine, review_text, scenarios
from tests.formats.x12.review_reading import read_reviews

GIVEN = Certifying(REVIEW_RULES, "SYN-CERT-1", "SYN-REF-1")
OTHER_MARKS = Envelope(
    ENVELOPE.sender, ENVELOPE.receiver, ENVELOPE.at, 18, marks=Marks("|", ">", "!", "\x1d")
)


def written_as(text: str) -> tuple[ReviewLoop, Request]:
    """A 278 text read: its one loop and its request."""
    (loop,) = x12_loops(text, "f")
    assert isinstance(loop, ReviewLoop)
    intake = intake_x12(loop, "f")
    assert intake.request is not None, intake.diagnostics
    return loop, intake.request


@cache
def answered() -> list[tuple[Request, dict[str, Any], ReviewLoop, Review]]:
    """Each different request as it came by 278, its outcome and its answer."""
    made = []
    requests = [raw for raw in scenarios() if raw.get("kind") == "preauthorization"]
    for raw in requests:
        raw = {**raw, "id": f"SYN-PA-{len(made) + 1}"}
        try:
            whole = request_from_mapping(raw)
        except PolicyError:  # a scenario about what is refused
            continue
        loop, request = written_as(review_text(raw))
        # What no 278 carries comes from elsewhere, as `--facts` brings it.
        request = request.model_copy(
            update={
                "facts": whole.facts,
                "authorizations": whole.authorizations,
                "history": whole.history,
                "coverage": whole.coverage,
            }
        )
        try:
            outcome = engine().decide(request).to_json()
        except PolicyError:
            continue
        found = review(request, outcome, GIVEN)
        assert found.review is not None, found.problems
        made.append((request, outcome, loop, found.review))
    return made


def test_what_is_asked_comes_in_as_it_was() -> None:
    for request, _, _, _ in answered():
        again = written_as(review_text(request.model_dump(mode="json", exclude_none=True)))[1]
        for field in ("kind", "id", "frequency", "diagnoses", "authorization_number"):
            assert getattr(again, field) == getattr(request, field)
        kept = [(n.code, n.modifiers, n.units, n.date) for n in request.lines]
        assert [(n.code, n.modifiers, n.units, n.date) for n in again.lines] == kept


def test_each_service_has_the_action_of_its_outcome() -> None:
    seen: Counter[str] = Counter()
    for request, document, _, found in answered():
        lines = {
            line["number"]: (line, one)
            for one in document["determinations"]
            for line in one["lines"]
        }
        assert len(found.services) == len(request.lines)
        for asked, decision in zip(request.lines, found.services, strict=True):
            seen[decision.action] += 1
            if request.frequency == "8":
                assert decision.action in ("C", "CT")
                continue
            if asked.number not in lines:
                assert decision.action == "CT"
                continue
            line, one = lines[asked.number]
            expected = {"approve": "A1", "reduce": "A2", "deny": "A3", "pend": "A4"}
            action = {**expected, "not_required": "NA"}[line["outcome"]]
            mine = [f for f in one["findings"] if asked.number in f["lines"]]
            clinical = [f for f in mine if f["kind"] == "deny" and "review" in f]
            recommended = action == "A4" and bool(clinical)  # a clinician issues it
            if request.frequency == "7" and action in ("A1", "A2"):
                action = "A6"
            assert decision.action == action
            certified = action in ("A1", "A2", "A6")
            assert decision.certification == ("SYN-CERT-1" if certified else "")
            assert decision.units == (line["allowed_units"] if certified else None)
            assert bool(decision.message) == (action not in ("A1", "A6")), decision
            if recommended:
                assert decision.message.startswith(RECOMMENDED)
                assert clinical[0]["because"] in decision.message
            if action == "A3":
                first = next(f for f in mine if f["kind"] == "deny" and "review" not in f)
                assert first["because"] in decision.message
                assert not [f for f in clinical if f["because"] in decision.message]

    assert {"A1", "A3", "A4", "NA"} <= set(seen)  # the others: cases


def test_the_answers_read_back_as_they_were() -> None:
    answers = [(loop, found) for _, _, loop, found in answered()]
    for envelope in (ENVELOPE, OTHER_MARKS):
        text = response(envelope, answers)
        assert text.problems == () or text.sound
        read = read_reviews(text.text, "f")
        assert read.problems == ()
        assert list(read.reviews) == [told_as(found, envelope.marks) for _, found in answers]


def told_as(found: Review, marks: Marks) -> Review:
    """The review with its messages as far as a 278 can tell them."""
    services = tuple(replace(one, message=free(one.message, marks, 264)) for one in found.services)
    whole = found.whole
    if whole is not None:
        whole = replace(whole, message=free(whole.message, marks, 264))
    return replace(found, services=services, whole=whole)


def test_a_published_parser_reads_them() -> None:
    answers = [(loop, found) for _, _, loop, found in answered()]
    sets = oracles.sets_of(response(ENVELOPE, answers).text)

    assert len(sets) == len(answers)
    for (kind, stated, segments), (_, found) in zip(sets, answers, strict=True):
        assert (kind, stated) == ("278", len(segments) + 2)  # with ST and SE
        actions = [segment[1] for segment in segments if segment[0] == "HCR"]
        whole = [found.whole.action] if found.whole is not None else []
        assert actions == [*whole, *(one.action for one in found.services)]
        levels = [segment[1:4] for segment in segments if segment[0] == "HL"]
        assert [one[0] for one in levels] == [str(n) for n in range(1, len(levels) + 1)]
        parents = {"20": [], "21": ["20"], "22": ["21"], "EV": ["22"], "SS": ["EV"]}
        by_id = {one[0]: one[2] for one in levels}
        for _, parent, code in levels:
            assert [by_id[parent]] == parents[code] if parent else parents[code] == []
