"""An inquiry gets the answers that agree with all it says, and never another member's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payer_policy.formats.fhir import Asked, Stored, inquiry_response, matches, read_inquiry
from payer_policy.formats.review import certification_number
from tests.formats.fhir.building import (
    ANSWERED,
    CASES,
    FAVORABLE,
    HCPCS,
    RULES,
    as_bytes,
    bundle,
    claim,
    coded,
    decided,
    submitted,
)
from tests.formats.fhir.golden import check_golden


def _stored(request: dict[str, Any]) -> Stored:
    submission = submitted(request)
    asked = Asked.from_json(json.loads(json.dumps(submission.asked.to_json(), default=str)))
    return Stored(asked, decided(submission), ANSWERED)


def _of_another_member() -> dict[str, Any]:
    made = bundle(facts=FAVORABLE)
    made["entry"][5]["resource"]["subscriberId"] = "SYN-MEMBER-2"
    return made


STORE = [_stored(bundle(facts=FAVORABLE)), _stored(_of_another_member())]
NUMBER = certification_number(
    STORE[0].outcome,
    STORE[0].asked.claim_id,
    STORE[0].asked.payer,
    STORE[0].asked.member_id,
)


def _inquiry(**changes: Any) -> dict[str, Any]:
    return bundle(claim(**changes))


def _item(**changes: Any) -> list[dict[str, Any]]:
    made = {**claim()["item"][0], **changes}
    return [{key: value for key, value in made.items() if value is not None}]


def _insurance(number: str) -> list[dict[str, Any]]:
    return [{**claim()["insurance"][0], "preAuthRef": [number]}]


def _number(number: str) -> list[dict[str, Any]]:
    name = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-authorizationNumber"
    return [{"url": name, "valueString": number}]


ASKED: dict[str, tuple[dict[str, Any], int]] = {
    "the same": ({}, 1),
    "without a number": ({"identifier": None}, 1),
    "without items": ({"item": None}, 1),
    "another number": ({"identifier": [{"system": "urn:x", "value": "SYN-FHIR-9"}]}, 0),
    "its certification number": ({"insurance": _insurance(NUMBER)}, 1),
    "another certification number": ({"insurance": _insurance("PA0")}, 0),
    "an item's certification number": ({"item": _item(extension=_number(NUMBER))}, 1),
    "an item's other number": ({"item": _item(extension=_number("PA0"))}, 0),
    "another code": ({"item": _item(productOrService=coded(HCPCS, "J0476"))}, 0),
    "a period around it": (
        {
            "item": _item(
                servicedDate=None, servicedPeriod={"start": "2026-03-01", "end": "2026-03-31"}
            )
        },
        1,
    ),
    "a day before": ({"item": _item(servicedDate="2026-03-01")}, 0),
    "an open period": (
        {"item": _item(servicedDate=None, servicedPeriod={"start": "2026-01-01"})},
        1,
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_what_an_inquiry_finds(name: str) -> None:
    changes, count = ASKED[name]
    inquiry = read_inquiry(as_bytes(_inquiry(**changes)), "inquiry.json")
    assert not inquiry.refused, inquiry.diagnostics

    answer = inquiry_response(inquiry, STORE, rules=RULES)

    kinds = [entry["resource"]["resourceType"] for entry in answer["entry"]]
    assert kinds == (["ClaimResponse"] * count or ["OperationOutcome"])
    assert "SYN-MEMBER-2" not in json.dumps(answer)


def test_an_inquiry_of_one_member_never_shows_another() -> None:
    inquiry = read_inquiry(as_bytes(_inquiry(identifier=None)), "inquiry.json")
    assert [matches(inquiry, one) for one in STORE] == [True, False]


def test_another_payer_or_provider_sees_nothing() -> None:
    for change in ("payer", "clinic"):
        request = _inquiry(careTeam=None)
        for entry in request["entry"]:
            if entry["resource"].get("id") == change:
                entry["resource"]["identifier"][0]["value"] = "9999999999"
        inquiry = read_inquiry(as_bytes(request), "inquiry.json")
        assert not any(matches(inquiry, one) for one in STORE), change


def test_an_inquiry_without_a_member_is_answered_with_none() -> None:
    request = _inquiry()
    del request["entry"][5]["resource"]["subscriberId"]
    inquiry = read_inquiry(as_bytes(request), "inquiry.json")

    answer = inquiry_response(inquiry, STORE, rules=RULES)

    assert inquiry.refused
    (issue,) = answer["entry"][0]["resource"]["issue"]
    assert issue["details"]["coding"][0]["code"] == "missing-element"
    assert "member" in issue["details"]["text"]


def test_the_answer_is_the_one_that_was_given() -> None:
    inquiry = read_inquiry(as_bytes(_inquiry()), "inquiry.json")
    answer = inquiry_response(inquiry, STORE, created="2026-05-05T00:00:00Z", rules=RULES)

    response = answer["entry"][0]["resource"]
    assert response["created"] == ANSWERED
    assert response["preAuthRef"] == NUMBER
    check_golden(CASES / "inquiry.json", answer)


def test_what_is_no_inquiry_is_refused() -> None:
    inquiry = read_inquiry(b'{"resourceType": "Patient"}', "inquiry.json")
    assert inquiry.refused
    kinds = [
        one["resource"]["resourceType"]
        for one in inquiry_response(inquiry, STORE, rules=RULES)["entry"]
    ]
    assert kinds == ["OperationOutcome"]
