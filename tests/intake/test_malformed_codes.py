"""A malformed code in any field of a claim is named with its line, and all of them at once."""

from __future__ import annotations

import json

from payer_policy.intake import read_requests

CLAIM = {
    "id": "SYN-7",
    "place_of_service": "office",
    "provider": {"billing_npi": "12345"},
    "diagnoses": ["G80.1", "G-82.51"],
    "lines": [
        {"code": "J0475JZ", "units": 1, "date": "2025-03-04"},
        {"code": "J0475", "modifiers": ["JZKX"], "ndc": "1-2-3", "revenue_code": "drug"},
    ],
    "authorizations": [{"number": "A-1", "codes": ["hello"], "provider_npi": "none"}],
    "history": [{"claim_id": "C-1", "code": "JO475", "date": "2025-03-04"}],
}


def test_json_names_every_one_of_them() -> None:
    (intake,) = read_requests(json.dumps(CLAIM, indent=1).encode(), "claim.json")

    assert intake.request is None
    found = {problem.location.path: problem.message for problem in intake.diagnostics}
    assert {path: message.split("found ")[1].split(";")[0] for path, message in found.items()} == {
        "$.place_of_service": '"office"',
        "$.provider.billing_npi": '"12345"',
        "$.diagnoses[1]": '"G-82.51"',
        "$.lines[0].code": '"J0475JZ"',
        "$.lines[1].modifiers[0]": '"JZKX"',
        "$.lines[1].ndc": '"1-2-3"',
        "$.lines[1].revenue_code": '"drug"',
        "$.authorizations[0].codes[0]": '"hello"',
        "$.authorizations[0].provider_npi": '"none"',
        "$.history[0].code": '"JO475"',
    }


def test_an_ndc_of_ten_digits_is_read_with_a_remark() -> None:
    line = {"code": "J0475", "ndc": "6679415702", "units": 1, "date": "2025-03-04"}

    (intake,) = read_requests(json.dumps({"id": "SYN-8", "lines": [line]}).encode(), "claim.json")

    assert intake.request is not None
    (remark,) = intake.diagnostics
    assert (remark.severity, remark.code) == ("warning", "ambiguous-code")
    assert "could be three different NDCs" in remark.message
    assert remark.location.path == "$.lines[0].ndc"


def test_a_code_that_names_its_system_is_of_no_policy() -> None:
    lines = [{"code": "1365|3"}, {"code": "no code"}]

    (intake,) = read_requests(json.dumps({"id": "SYN-9", "lines": lines}).encode(), "claim.json")

    assert intake.request is not None
    assert [line.code for line in intake.request.lines] == ["1365|3", "NO CODE"]
