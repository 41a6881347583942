"""A malformed code in any field of a claim is named with its line, and all of them at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from payer_policy.formats import read_requests
from tests.batch.building import POLICIES
from tests.formats.x12.reading import read_advice
from tests.places import EXAMPLES, TESTS

FHIR_CLAIM = TESTS / "engine" / "dates" / "files" / "period.fhir.json"

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


def test_it_asks_whether_a_separator_is_missing() -> None:
    lines = [{"code": "J0475JZ"}, {"code": "J0475|JZ"}, {"code": "J0475", "modifiers": ["JZKX"]}]

    (intake,) = read_requests(json.dumps({"id": "SYN-10", "lines": lines}).encode(), "claim.json")

    assert intake.request is None
    assert [problem.hint for problem in intake.diagnostics] == ["is a separator missing?"] * 3


@pytest.mark.parametrize(
    "system", [None, "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"]
)
@pytest.mark.parametrize("code", ["J0475JZ", "J0475|JZ", "J475", "NO CODE"])
def test_a_fhir_item_with_such_a_code_is_refused(code: str, system: str | None) -> None:
    sent = json.loads(FHIR_CLAIM.read_text(encoding="utf-8"))
    resources = [entry["resource"] for entry in sent["entry"]]
    (claim,) = [one for one in resources if one["resourceType"] == "Claim"]
    coding = {"code": code} if system is None else {"code": code, "system": system}
    claim["item"][0]["productOrService"] = {"coding": [coding]}

    (intake,) = read_requests(json.dumps(sent).encode(), "claim.json")

    assert intake.request is None
    (problem,) = [one for one in intake.diagnostics if one.severity == "error"]
    assert problem.hint == "is a separator missing?" and code in problem.message


def test_respond_pays_nothing_for_a_glued_line(tmp_path: Path) -> None:
    text = (EXAMPLES / "claims" / "nightly.837").read_text(encoding="utf-8")
    glued = tmp_path / "glued.837"
    glued.write_text(text.replace("SV1*HC:62370*", "SV1*HC:62370JZ*", 1), encoding="utf-8")
    setup = EXAMPLES / "x12" / "setup.json"
    assert json.loads(setup.read_text(encoding="utf-8"))["others_as_billed"] is True

    arguments = ["respond", str(glued), "--setup", str(setup), "--policies", str(POLICIES)]
    run = CliRunner().invoke(
        payer_policy, [*arguments, "--control", "7", "--at", "2025-12-01T09:30"]
    )

    assert 'found "62370JZ"' in run.stderr
    paid = {claim.id for claim in read_advice(run.stdout, "f").claims}
    assert "SYN-837-WASTE" not in paid and "SYN-837-NO-JZ" in paid


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
