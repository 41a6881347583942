"""What is not in a list of JSON or a facts file is missing; what is not attached is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.formats import read_requests, read_supplements, supplemented
from tests.formats.fhir.building import as_bytes, bundle
from tests.places import ROOT

CLAIM: dict[str, Any] = {
    "id": "SYN-1",
    "coverage": {"payer": "commercial-strict", "line_of_business": "commercial"},
    "diagnoses": ["G82.51"],
    "lines": [
        {
            "code": "J0945", "units": 4, "date": "2025-03-03", "modifiers": ["JZ"],
            "ndc": "66794015702", "ndc_quantity": 20, "ndc_unit": "ML",
        }
    ],
    "facts": {"therapy.phase": "initial"},
}  # fmt: skip
BOTH = ["trial_note", "oral_history"]
EARLIER = {
    "claim_id": "SYN-0", "code": "J0945", "date": "2025-03-03", "units": 4, "modifiers": ["JZ"]
}  # fmt: skip


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(ROOT / "policies", engine="compiled")


def said(engine: Engine, beside: dict[str, Any], *, in_facts_file: bool) -> dict[str, str]:
    """What becomes of the rules about documents, earlier claims and authorizations."""
    request = dict(CLAIM)
    facts = beside.pop("facts", {})
    if in_facts_file:
        entry = json.dumps({"SYN-1": {**beside, "facts": facts}}).encode()
        read = read_requests(json.dumps(request).encode(), "claim.json")
        [intake] = supplemented(read, read_supplements(entry, "facts.json"))
    else:
        request = {**request, **beside, "facts": {**request["facts"], **facts}}
        [intake] = read_requests(json.dumps(request).encode(), "claim.json")
    assert intake.request is not None, intake.diagnostics
    [one] = engine.decide(intake.request).determinations
    out = {finding.rule: finding.kind for finding in one.findings}
    out |= {entry.rule: "not known" for entry in one.unsettled}
    return out


@pytest.mark.parametrize("in_facts_file", [False, True], ids=["claim", "facts file"])
@pytest.mark.parametrize(
    ("beside", "rule", "expected"),
    [
        ({"facts": {"documents.received": BOTH}}, "first-fill-records-missing", None),
        ({"facts": {"documents.received": BOTH[:1]}}, "first-fill-records-missing", "pend"),
        ({"facts": {"documents.received": []}}, "first-fill-records-missing", "pend"),
        ({}, "first-fill-records-missing", "not known"),
        ({"history": [EARLIER]}, "duplicate-of-earlier-claim", "deny"),
        ({"history": [{**EARLIER, "units": 3}]}, "duplicate-of-earlier-claim", None),
        ({"history": []}, "duplicate-of-earlier-claim", None),
        ({"authorizations": []}, "authorization-number-missing", "deny"),
        ({}, "authorization-number-missing", "not known"),
    ],
)
def test_a_list_is_complete(
    engine: Engine, beside: dict[str, Any], rule: str, expected: str | None, in_facts_file: bool
) -> None:
    assert said(engine, dict(beside), in_facts_file=in_facts_file).get(rule) == expected


def test_what_is_attached_to_a_request_is_no_complete_list_of_documents() -> None:
    text = (ROOT / "examples" / "x12" / "reviews.278").read_text("ascii")
    attachment = "PWK*OZ*BM***AC*SYN-ATTACHMENT~\n"
    with_attachment = text.replace("HL*5*4*SS", f"{attachment}HL*5*4*SS")
    for segments in (17, 14):
        with_attachment = with_attachment.replace(f"SE*{segments}*", f"SE*{segments + 1}*")
    sent = bundle()
    for entry in sent["entry"]:
        if entry["resource"]["resourceType"] == "Claim":
            attached = {"contentType": "application/pdf", "data": "c3ludGhldGlj"}
            kind = {"coding": [{"code": "attachment"}]}
            entry["resource"]["supportingInfo"] = [
                *entry["resource"].get("supportingInfo", []),
                {"sequence": 99, "category": kind, "valueAttachment": attached},
            ]
    for data, file in ((with_attachment.encode(), "r.278"), (as_bytes(sent), "r.json")):
        read = [one.request for one in read_requests(data, file) if one.request is not None]
        assert read
        for request in read:
            assert "documents.received" not in request.facts
            assert (request.history, request.authorizations) == (None, None)
