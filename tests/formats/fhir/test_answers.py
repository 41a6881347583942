"""What is answered to PAS bundles: the action of every item, its reasons, and the whole answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from payer_policy.engine import Engine
from payer_policy.formats.fhir import Asked, claim_response, error_bundle, response_bundle
from payer_policy.formats.review import line_reviews
from tests.formats.fhir.building import (
    ANSWERED,
    CASES,
    FAVORABLE,
    HCPCS,
    ICD,
    POLICIES,
    RULES,
    bundle,
    claim,
    coded,
    decided,
    engine,
    submitted,
)
from tests.formats.fhir.golden import check_golden

UNFAVORABLE = {
    **FAVORABLE,
    "trial.response": "not_favorable",
    "trial.dose": 100,
    "trial.ashworth_after": "3",
}


def _item(code: str, **changes: Any) -> dict[str, Any]:
    return {**claim()["item"][0], "productOrService": coded(HCPCS, code), **changes}


NAMES = {
    # name: (bundle, action by item, CARCs by item)
    "certified": (bundle(facts=FAVORABLE), {1: "A1"}, {1: []}),
    "certified-under-the-clients-code": (
        bundle(claim(item=[_item("J0945")]), facts=FAVORABLE),
        {1: "A1"},
        {1: []},
    ),
    "certified-strict": (bundle(payer="CSTR0001", facts=FAVORABLE), {1: "A1"}, {1: []}),
    "pended-for-facts": (bundle(), {1: "A4"}, {1: ["252"]}),
    "recommended-not-to-certify": (bundle(facts=UNFAVORABLE), {1: "A4"}, {1: ["50"]}),
    "not-certified-for-the-diagnosis": (
        bundle(
            claim(diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "M54.50")}]),
            facts=FAVORABLE,
        ),
        {1: "A3"},
        {1: ["11"]},
    ),
    "no-preauthorization-needed": (bundle(payer="medicare", facts=FAVORABLE), {1: "NA"}, {1: []}),
    "no-preauthorization-needed-and-not-covered": (
        bundle(
            claim(diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "M54.50")}]),
            payer="medicare",
            facts=FAVORABLE,
        ),
        {1: "NA"},
        {1: []},
    ),
    "no-preauthorization-needed-and-a-clinician-decides": (
        bundle(payer="medicare", facts=UNFAVORABLE),
        {1: "NA"},
        {1: []},
    ),
    "certification-changed": (
        bundle(
            claim(
                related=[
                    {
                        "relationship": coded("urn:x", "prior"),
                        "reference": {"value": "SYN-FHIR-0"},
                    }
                ],
                insurance=[{**claim()["insurance"][0], "preAuthRef": ["PA-EARLIER"]}],
            ),
            facts=FAVORABLE,
        ),
        {1: "A6"},
        {1: []},
    ),
    "payer-not-known": (bundle(payer="ELSEWHERE-1", facts=FAVORABLE), {1: "CT"}, {1: []}),
    "procedure-beside-the-drug": (
        bundle(
            claim(item=[_item("J0475"), _item("62362", sequence=2, quantity={"value": 1})]),
            facts=FAVORABLE,
        ),
        {1: "A1", 2: "CT"},
        {1: [], 2: []},
    ),
    "cancelled": (bundle(claim(status="cancelled"), facts=FAVORABLE), {1: "C"}, {1: []}),
    "claim-denied": (
        bundle(
            claim(
                use="claim",
                diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "M54.50")}],
            ),
            facts=FAVORABLE,
        ),
        {1: None},
        {1: ["11"]},
    ),
    "claim-pended": (bundle(claim(use="claim"), facts=FAVORABLE), {1: None}, {1: ["252"]}),
}


def _actions(response: Mapping[str, Any]) -> dict[int, str | None]:
    out: dict[int, str | None] = {}
    for item in response["item"]:
        inside = [e for a in item["adjudication"] for e in a.get("extension", ())]
        codes = [
            one["valueCodeableConcept"]["coding"][0]["code"]
            for extension in inside
            for one in extension["extension"]
            if one["url"].endswith("extension-reviewActionCode")
        ]
        out[item["itemSequence"]] = codes[0] if codes else None
    return out


def _carcs(response: Mapping[str, Any]) -> dict[int, list[str]]:
    return {
        item["itemSequence"]: [
            coding["code"]
            for adjudication in item["adjudication"]
            for coding in adjudication.get("reason", {}).get("coding", ())
            if coding["system"].endswith("claim-adjustment-reason-codes")
        ]
        for item in response["item"]
    }


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_to_a_bundle(name: str) -> None:
    request, actions, carcs = NAMES[name]
    submission = submitted(request)
    assert submission.intake.diagnostics == ()

    answer = response_bundle(
        decided(submission),
        submission.asked,
        vocabulary=engine().library.vocabulary,
        created=ANSWERED,
        rules=RULES,
    )

    response = answer["entry"][0]["resource"]
    assert _actions(response) == actions
    assert _carcs(response) == carcs
    check_golden(CASES / f"{name}.json", answer)


def test_the_same_request_has_the_same_answer_and_number() -> None:
    first, second = (submitted(bundle(facts=FAVORABLE)) for _ in range(2))

    one = claim_response(decided(first), first.asked, rules=RULES)
    other = claim_response(decided(second), second.asked, rules=RULES)

    assert one == other
    assert one["preAuthRef"].startswith("PA")
    assert one["created"] == first.asked.created


def test_a_number_is_given_only_where_something_is_certified() -> None:
    for name, (request, actions, _) in NAMES.items():
        submission = submitted(request)
        response = claim_response(
            decided(submission), submission.asked, number="CERT-1", rules=RULES
        )
        certified = bool({"A1", "A2", "A6"} & set(actions.values()))
        assert ("preAuthRef" in response) == certified, name


def test_a_clinician_who_confirmed_lets_the_denial_out() -> None:
    submission = submitted(bundle(facts=UNFAVORABLE))
    outcome = decided(submission)

    confirmed = claim_response(
        outcome, submission.asked, rules=replace(RULES, clinician_confirmed=True)
    )
    held = claim_response(outcome, submission.asked, rules=RULES)

    assert _actions(confirmed) == {1: "A3"}
    assert _actions(held) == {1: "A4"}
    assert held["processNote"][0]["text"].startswith("Recommended: not to certify.")
    assert held["outcome"] == "queued"


def test_an_administrative_reason_is_issued_also_beside_a_clinical_one() -> None:
    request = bundle(
        claim(diagnosis=[{"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "M54.50")}]),
        facts=UNFAVORABLE,
    )
    submission = submitted(request)

    outcome = decided(submission)
    review = line_reviews(outcome, RULES)[1]
    (made,) = outcome["determinations"]
    clinical = [one["rule"] for one in made["findings"] if "review" in one]

    assert review.action == "A3"
    assert clinical
    assert {reason.carc for reason in review.reasons} == {"11"}
    assert not [note for note in review.notes if any(f"rule {one} " in note for one in clinical)]


def test_fewer_units_are_a_partial_certification(tmp_path: Path) -> None:
    """No shipped policy limits what is preauthorized, so one that does is made here."""
    folder = tmp_path / "policies"
    shutil.copytree(POLICIES, folder)
    path = folder / "commercial-standard" / "intrathecal-baclofen" / "2016-01-01.json"
    policy = json.loads(path.read_text(encoding="utf-8"))
    policy["rules"].append(
        {
            "id": "fewer-units-certified",
            "title": "At most two units and a half are certified at once (synthetic)",
            "cites": ["commercial-policies"],
            "when": {
                "all": [
                    {"fact": "request.kind", "is": "preauthorization"},
                    {"fact": "units.billed", "more_than": 2.5},
                ]
            },
            "then": {
                "reduce": {
                    "to": 2.5,
                    "group": "CO",
                    "carc": "151",
                    "rarc": ["N362"],
                    "because": "{units.billed} are asked for.",
                }
            },
        }
    )
    path.write_text(json.dumps(policy), encoding="utf-8")
    submission = submitted(bundle(facts=FAVORABLE))
    assert submission.intake.request is not None
    outcome = Engine.open(folder, engine="compiled").decide(submission.intake.request).to_json()

    answer = response_bundle(outcome, submission.asked, created=ANSWERED, rules=RULES)

    response = answer["entry"][0]["resource"]
    assert _actions(response) == {1: "A2"}
    assert _carcs(response) == {1: ["151"]}
    check_golden(CASES / "certified-in-part.json", answer)


def test_what_could_not_be_read_is_answered_with_errors() -> None:
    request = bundle(claim(item=[_item("J0475", sequence="first")], created=None))
    submission = submitted(request)

    answer = error_bundle(submission.intake.diagnostics, submission.asked, created=ANSWERED)

    response = answer["entry"][0]["resource"]
    assert response["outcome"] == "error"
    assert sorted(one["code"]["coding"][0]["code"] for one in response["error"]) == [
        "missing-key",
        "wrong-value",
    ]
    check_golden(CASES / "unreadable.json", answer)


def test_without_any_time_there_is_no_answer() -> None:
    submission = submitted(bundle(facts=FAVORABLE))
    outcome = decided(submission)
    asked = replace(submission.asked, created=None)

    with pytest.raises(ValueError, match="created"):
        claim_response(outcome, asked, rules=RULES)


def test_what_was_asked_reads_back_from_its_json() -> None:
    for request, _, _ in NAMES.values():
        asked = submitted(request).asked
        stored = json.loads(json.dumps(asked.to_json(), default=str))
        again = Asked.from_json(stored)
        assert again.to_json().keys() == asked.to_json().keys()
        outcome = decided(submitted(request))
        assert claim_response(outcome, again, rules=RULES) == claim_response(
            outcome, asked, rules=RULES
        )


def test_another_document_is_no_asked() -> None:
    with pytest.raises(ValueError, match="fhir-asked"):
        Asked.from_json({"schema": "payer-policy/outcome/1"})
