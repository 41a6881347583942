"""Files of every format whose dates are missing or several, under the shipped policies (synthetic)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from payer_policy.determination.render import render_determination
from payer_policy.determination.rules import NEED
from payer_policy.formats import read_requests
from payer_policy.formats.answer import answer
from payer_policy.formats.review import ReviewRules, line_reviews
from tests.batch.building import engine

FILES = Path(__file__).parent / "files"
EXPECTED = json.loads((FILES / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_file_pends_and_says_why(name: str) -> None:
    decision, rule, sentence = EXPECTED[name]
    library = engine().library
    (intake,) = [
        one
        for one in read_requests(
            (FILES / name).read_bytes(), name, library.vocabulary, library.reference
        )
        if not one.is_note
    ]

    (made,) = answer(engine(), intake).outcome.determinations

    assert made.decision == decision
    assert "not known" not in render_determination(made)
    outcome = json.loads(json.dumps(answer(engine(), intake).to_json()))
    reviews = line_reviews(outcome, ReviewRules.of(library))
    if rule is None:  # this payer asks for no preauthorization, so nothing is to be certified
        assert {one.kind for one in made.findings} <= {"advise"}
        assert {reviews[line.number].action for line in made.lines} == {"NA"}
        return
    if rule == NEED:  # this payer asks for it in some phases of therapy only
        assert [one.rule for one in made.unsettled] == [NEED]
        assert {one.kind for one in made.findings} <= {"advise"}
        return
    (found,) = [one for one in made.findings if one.kind == "pend"]
    assert found.rule == rule
    assert sentence in found.because
    assert {reviews[number].action for number in found.lines} == {"A4"}


def fhir_lines(change: Callable[[dict[str, Any]], None]) -> tuple[list[Any], list[str]]:
    """The lines of the FHIR file once something in its claim is changed, and what is remarked."""
    document = json.loads((FILES / "period.fhir.json").read_text("utf-8"))
    claim = document
    if document["resourceType"] == "Bundle":
        claim = next(
            one["resource"]
            for one in document["entry"]
            if one["resource"]["resourceType"] == "Claim"
        )
    change(claim)
    library = engine().library
    (intake,) = read_requests(
        json.dumps(document).encode(), "f", library.vocabulary, library.reference
    )
    assert intake.request is not None
    return list(intake.request.lines), [one.code for one in intake.diagnostics]


def test_a_period_that_has_no_end_is_no_day() -> None:
    def change(claim: dict[str, Any]) -> None:
        for item in claim["item"]:
            item.pop("servicedDate", None)
            item["servicedPeriod"] = {"start": "2025-09-15"}

    lines, remarks = fhir_lines(change)

    assert {line.date for line in lines} == {None}
    assert "not-read" in remarks


@pytest.mark.parametrize(
    ("use", "end", "known"),
    [
        ("claim", "2025-09-15", True),
        ("claim", "2025-09-17", False),
        ("preauthorization", "2025-09-17", True),
    ],
)
def test_a_billable_period_of_several_days_dates_no_item(use: str, end: str, known: bool) -> None:
    def change(claim: dict[str, Any]) -> None:
        claim["use"] = use
        claim.pop("supportingInfo", None)
        claim["billablePeriod"] = {"start": "2025-09-15", "end": end}
        for item in claim["item"]:
            item.pop("servicedDate", None)
            item.pop("servicedPeriod", None)

    lines, _ = fhir_lines(change)

    assert all((line.date is not None) is known for line in lines)
