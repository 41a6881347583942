"""A void that names its original is answered void, by every engine and in every form (synthetic)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from payer_policy import Engine
from payer_policy.audit import record as recorder
from payer_policy.audit.checker import Verifier
from payer_policy.cli import payer_policy
from payer_policy.core.sealed import sealed
from payer_policy.determination import outcome_schema
from payer_policy.determination.render import render_determination
from payer_policy.engines import why_unavailable
from payer_policy.formats import read_requests
from payer_policy.formats.answer import Answer, answer
from payer_policy.formats.review import ReviewRules, line_reviews
from tests.batch.building import POLICIES, engine
from tests.places import ROOT

FILE = Path(__file__).parent / "void.837"
TEXT = FILE.read_text("utf-8")


def answered(text: str, by: Engine | None = None) -> Answer:
    by = by or engine()
    library = by.library
    (intake,) = [
        one
        for one in read_requests(text.encode(), "void.837", library.vocabulary, library.reference)
        if not one.is_note
    ]
    return answer(by, intake)


ENGINES = [
    name
    for name in ("compiled", "durable", "checked", "columnar", "symbolic")
    if why_unavailable(name) is None
]


@pytest.mark.parametrize("name", ENGINES)
def test_a_void_allows_nothing_and_names_the_claim_to_reverse(name: str) -> None:
    outcome = answered(TEXT, Engine.open(POLICIES, engine=name)).outcome

    (made,) = outcome.determinations
    assert outcome.decision == made.decision == "void"
    assert made.voids == "PAYERCLM77"
    assert [(one.outcome, one.billed_units, one.allowed_units) for one in made.lines] == [
        ("void", 4, 0)
    ]
    assert not (made.findings or made.unsettled or made.missing or made.assumptions)
    assert made.information_request is None


def test_the_text_and_the_explanation_say_what_to_reverse() -> None:
    (made,) = answered(TEXT).outcome.determinations
    run = CliRunner().invoke(payer_policy, ["explain", str(FILE), "--policies", str(POLICIES)])

    text = render_determination(made)
    assert text.startswith("VOID  SYN-1")
    assert "voids claim PAYERCLM77. Reverse what was paid on that claim" in text
    assert "date of service is not settled" not in text
    assert "No rule is evaluated for a void" in run.stdout
    assert "PAYERCLM77" in run.stdout
    assert "pend" not in run.stdout.lower()


def test_its_json_fits_the_schema_and_others_do_not_say_voids() -> None:
    validator = Draft202012Validator(outcome_schema())
    void = json.loads(json.dumps(answered(TEXT).outcome.to_json()))
    original = json.loads(json.dumps(answered(TEXT.replace(":B:8*", ":B:1*")).outcome.to_json()))

    assert list(validator.iter_errors(void)) == []
    assert list(validator.iter_errors(original)) == []
    assert void["determinations"][0]["voids"] == "PAYERCLM77"
    assert "voids" not in original["determinations"][0]


@pytest.mark.parametrize(
    "change",
    [
        ("HI*ABK:G800~", "HI*ABK:E119~"),
        ("*UN*4*", "*UN*40*"),
        ("HC:J0475:JZ", "HC:J0475"),
        ("DTP*472*D8*20250304", "DTP*472*RD8*20250304-20250310"),
    ],
)
def test_nothing_else_that_it_says_matters(change: tuple[str, str]) -> None:
    assert change[0] in TEXT

    assert answered(TEXT.replace(*change)).outcome.decision == "void"


def test_a_void_without_a_date_is_void_too() -> None:
    kept = [one for one in TEXT.split("~") if not one.strip().startswith("DTP*472")]

    (made,) = answered("~".join(kept)).outcome.determinations

    assert made.service_date is None
    assert made.decision == "void"


def test_a_void_that_names_no_claim_pends_and_asks_for_it() -> None:
    outcome = answered(TEXT.replace("REF*F8*PAYERCLM77~", "")).outcome

    (made,) = outcome.determinations
    assert outcome.decision == "pend"
    assert made.voids is None
    assert [one.rule for one in made.findings if one.kind == "pend"] == ["void-asks-for-nothing"]
    assert "request.original_id" in {one.fact for one in made.missing}


def test_the_number_may_be_a_fact_that_was_supplied() -> None:
    request: dict[str, Any] = {
        "id": "SYN-1", "frequency": "8", "coverage": {"payer": "medicare"},
        "lines": [{"code": "J0475", "units": 4, "date": "2025-03-04"}],
    }  # fmt: skip

    assert engine().decide(request).decision == "pend"
    voided = engine().decide({**request, "facts": {"request.original_id": "C-77"}})
    assert [one.voids for one in voided.determinations] == ["C-77"]


@pytest.mark.parametrize("frequency", ["1", "7"])
def test_only_a_void_is_void(frequency: str) -> None:
    assert answered(TEXT.replace(":B:8*", f":B:{frequency}*")).outcome.decision != "void"


def test_what_no_policy_covers_stays_without_one() -> None:
    outcome = answered(TEXT.replace("HC:J0475:JZ", "HC:J1100:JZ")).outcome

    assert outcome.decision == "no_policy"


def records() -> list[bytes]:
    found = answered(TEXT)
    assert found.request is not None
    return list(recorder.records(engine(), found.request, *engine().decide_fully(found.request)))


def test_its_record_is_verified() -> None:
    verified = Verifier(engine().library).verify_all(records())

    assert [one.wrong for one in verified] == [()] * len(verified)
    assert verified[0].steps > 20


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("determination", "decision"), "approve"),
        (("determination", "voids"), "OTHER"),
        (("determination", "lines", 0, "allowed_units"), 4),
        (("determination", "lines", 0, "outcome"), "pend"),
        (("facts", "request.frequency", "value"), "1"),
        (("facts", "request.original_id"), None),
    ],
)
def test_a_record_that_says_something_else_is_wrong(path: tuple[Any, ...], value: Any) -> None:
    content = json.loads(records()[0])
    content.pop("sha256")
    inside = content
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value

    assert Verifier(engine().library).verify(sealed(content)).wrong


def test_a_record_that_decided_a_void_by_rules_is_wrong() -> None:
    library = engine().library
    found = answered(TEXT.replace("REF*F8*PAYERCLM77~", ""))
    assert found.request is not None
    decided, _ = engine().decide_fully(found.request)
    content = json.loads(recorder.record(decided[0]))
    content.pop("sha256")
    assert not Verifier(library).verify(sealed(content)).wrong
    content["facts"]["request.original_id"] = {"type": "code", "unit": None, "value": "C-77"}

    wrong = Verifier(library).verify(sealed(content)).wrong

    assert ("determination", "decision") in [one.path for one in wrong]


def test_a_review_says_what_to_reverse() -> None:
    outcome = json.loads(json.dumps(answered(TEXT).outcome.to_json()))

    review = line_reviews(outcome, ReviewRules.of(engine().library))[2]

    assert (review.outcome, review.reasons) == ("void", ())
    assert "PAYERCLM77" in review.notes[0]


def test_respond_writes_no_payment(tmp_path: Path) -> None:
    shipped = ROOT / "examples" / "x12" / "setup.json"
    setup = tmp_path / "setup.json"
    numbers = {"payer_controls": {"SYN-1": "PC-1"}}
    setup.write_text(json.dumps(json.loads(shipped.read_text("utf-8")) | numbers), "utf-8")
    arguments = ["respond", str(FILE), "--setup", str(setup), "--policies", str(POLICIES)]

    run = CliRunner().invoke(
        payer_policy, [*arguments, "--control", "7", "--at", "2025-12-01T09:30"]
    )

    assert "reversal-needed" in run.stderr
    assert "CLP*SYN-1" not in run.stdout
