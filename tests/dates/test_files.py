"""Files of every format whose dates are missing or several, under the shipped policies (synthetic)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from payer_policy.answer import answer
from payer_policy.determination.render import render_determination
from payer_policy.intake import read_requests
from payer_policy.review import ReviewRules, line_reviews
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
    (found,) = [one for one in made.findings if one.kind == "pend"]
    assert found.rule == rule
    assert sentence in found.because
    assert "not known" not in render_determination(made)
    outcome = json.loads(json.dumps(answer(engine(), intake).to_json()))
    reviews = line_reviews(outcome, ReviewRules.of(library))
    # NA: this payer asks for no preauthorization, so nothing was to be certified.
    assert {reviews[number].action for number in found.lines} <= {"A4", "NA"}
