"""Every file of `cases` gives the segments, and the problems, that stand beside it.

`UPDATE_GOLDEN=1 pytest tests/formats/x12` writes them anew; review the difference as a biller would.
"""

from __future__ import annotations

import copy
import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.ruleset import Reason
from payer_policy.formats import intake_x12
from payer_policy.formats.x12 import (
    About,
    Certifying,
    Envelope,
    Marks,
    Name,
    Rules,
    rejected,
    remit,
    response,
    review,
)
from payer_policy.formats.x12.file import x12_loops
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request
from tests.formats.x12.building import (
    DAY,
    ENVELOPE,
    REVIEW_RULES,
    engine,
    review_text,
    told,
    written,
)
from tests.formats.x12.reading import read_advice
from tests.formats.x12.review_reading import read_reviews

CASES = Path(__file__).parent / "cases"
FILES = sorted(CASES.glob("*.json"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_case_gives_what_stands_beside_it(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    text, problems = _advice(case) if "request" in case else _response(case)
    refused = any(problem.severity == "error" for problem in problems)
    assert refused == ("--refused" in path.stem or not text)
    shown = "\n".join([f"# {case['note']}", _set(text), *told(problems), ""])
    golden = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(shown, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == shown


def test_no_golden_text_is_left_behind() -> None:
    assert [p.stem for p in sorted(CASES.glob("*.txt"))] == [p.stem for p in FILES]


def _advice(case: dict[str, Any]) -> tuple[str, tuple[Diagnostic, ...]]:
    request = request_from_mapping(case["request"])
    group, _, carc = case.get("pended", "").partition(" ")
    rules = Rules(
        DAY,
        Reason(group, carc, ()) if carc else None,
        case.get("others_as_billed", False),
        tuple(case.get("first", ())),
    )
    said = case.get("about", {})
    about = About(
        "PCN-1",
        said.get("status", "1"),
        said.get("filing"),
        Name(**said.get("patient", {})),
        {int(number): control for number, control in said.get("controls", {}).items()},
    )
    outcome = _outcome(case, request)
    made = remit(request, outcome, about, rules, engine().library.reference.reason_codes)
    if made.payment is None:
        return "", made.problems
    text = written(made.payment)
    if text.sound:
        (read,) = read_advice(text.text, "f").claims
        if "patient" not in said:
            assert read == made.payment
    return text.text, (*made.problems, *text.problems)


def _response(case: dict[str, Any]) -> tuple[str, tuple[Diagnostic, ...]]:
    raw = case["review"]
    text = review_text(raw)
    for old, new in case.get("damage", ()):
        assert old in text
        text = text.replace(old, new)
    (loop,) = (part for part in x12_loops(text, "f") if isinstance(part, ReviewLoop))
    intake = intake_x12(loop, "f")
    problems: tuple[Diagnostic, ...] = ()
    if intake.request is None:
        found = rejected(intake.claim_id or "", intake.diagnostics)
    else:
        known = request_from_mapping({**raw, "lines": []})
        request = intake.request.model_copy(
            update={
                "facts": known.facts,
                "authorizations": known.authorizations,
                "coverage": known.coverage,
                "kind": case.get("kind", "preauthorization"),
            }
        )
        given = Certifying(
            REVIEW_RULES,
            case.get("certification"),
            case.get("administrative"),
            date.fromisoformat(case["valid_from"]) if "valid_from" in case else None,
            date.fromisoformat(case["valid_through"]) if "valid_through" in case else None,
            case.get("reasons", {}),
        )
        made = review(request, _outcome(case, request), given)
        problems = made.problems
        if made.review is None:
            return "", problems
        found = made.review
    marks = Marks(*case["marks"]) if "marks" in case else Marks()
    envelope = Envelope(ENVELOPE.sender, ENVELOPE.receiver, ENVELOPE.at, 17, marks=marks)
    answer = response(envelope, [(loop, found)])
    if answer.sound:
        (read,) = read_reviews(answer.text, "f").reviews
        assert [one.action for one in read.services] == [one.action for one in found.services]
        assert read.rejections == found.rejections
    return answer.text, (*problems, *answer.problems)


def _outcome(case: dict[str, Any], request: Request) -> dict[str, Any]:
    """The answer to a request, with what the case says is other in the stored document."""
    if "keep_outcome_of" in case:
        path = CASES / f"{case['keep_outcome_of']}.json"
        request = request_from_mapping(json.loads(path.read_text(encoding="utf-8"))["request"])
    outcome: dict[str, Any] = copy.deepcopy(engine().decide(request).to_json())
    for one in outcome["determinations"]:
        one["findings"] += case.get("findings", [])
        for line in one["lines"]:
            line.update(case.get("change_line", {}))
        for finding in one["findings"]:
            if finding["kind"] == "deny":
                finding.update(case.get("change", {}))
    return {**outcome, **case.get("change_outcome", {})}


def _set(text: str) -> str:
    """The transaction set alone; the envelopes are the same in every case."""
    lines = text.splitlines()
    return "\n".join(lines[2:-2]) if lines else "(nothing is written)"
