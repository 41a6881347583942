"""What of a FHIR claim becomes which part of the request, and what is said where it does not."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.cli.decide import command
from payer_policy.formats import read_requests
from payer_policy.formats.fhir import (
    claim_response,
    exact_json,
    operation_outcome,
    read_submissions,
)
from tests.formats.fhir.building import (
    FAVORABLE,
    HCPCS,
    ICD,
    POLICIES,
    ROOT,
    RULES,
    as_bytes,
    bundle,
    claim,
    coded,
    decided,
    submitted,
)

SAMPLES = Path(__file__).parent / "samples"
POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
NDC = "http://hl7.org/fhir/sid/ndc"


def _item(**changes: Any) -> dict[str, Any]:
    made = {**claim()["item"][0], **changes}
    return {key: value for key, value in made.items() if value is not None}


def _read(resource: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The request without what is not known, and the codes of what was said."""
    intake = submitted(resource).intake
    assert intake.request is not None, [problem.message for problem in intake.diagnostics]
    made = intake.request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for line in made["lines"]:
        if "modifiers" in line:  # a set
            line["modifiers"].sort()
    return made, [problem.code for problem in intake.diagnostics]


def test_a_whole_bundle_is_read_into_a_request() -> None:
    made, said = _read(bundle(facts={"trial.dose": 50}))

    assert said == []
    assert made == {
        "kind": "preauthorization",
        "id": "SYN-FHIR-1",
        "expedited": False,
        "coverage": {
            "payer": "CSTD0001",
            "payer_name": "A payer",
            "line_of_business": "commercial",
            "plan": "PLAN-1",
            "member_id": "SYN-MEMBER-1",
        },
        "patient": {"birth_date": "1990-04-01"},
        "provider": {"billing_npi": "1234567893", "rendering_npi": "1122334450"},
        "diagnoses": ["G80.0"],
        "lines": [
            {
                "number": 1,
                "code": "J0475",
                "units": 4,
                "date": "2026-03-02",
                "place_of_service": "22",
                "diagnosis_pointers": [1],
            }
        ],
        "facts": {"trial.dose": 50},
    }


LINES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    # name: (changes of the item, what the line has of them, what is said)
    "modifiers": (
        {"modifier": [coded(HCPCS, "JW"), coded(HCPCS, "kx")]},
        {"modifiers": ["JW", "KX"]},
        [],
    ),
    "exact decimals": ({"quantity": {"value": Decimal("2.50")}}, {"units": "2.5"}, []),
    "units by name": ({"quantity": {"value": 3, "code": "{unit}"}}, {"units": 3}, []),
    "milligrams are no units": ({"quantity": {"value": 40, "unit": "mg"}}, {}, ["not-read"]),
    "a period": (
        {"servicedDate": None, "servicedPeriod": {"start": "2026-03-02", "end": "2026-03-04"}},
        {"date": "2026-03-02", "through": "2026-03-04"},
        [],
    ),
    "a time of day": (
        {
            "servicedDate": None,
            "servicedPeriod": {"start": "2026-03-02T23:30:00-08:00", "end": "2026-03-02"},
        },
        {"date": "2026-03-02"},
        [],
    ),
    "a month is no day": ({"servicedDate": "2026-03"}, {}, ["not-read"]),
    "no place of service": (
        {
            "locationCodeableConcept": coded(
                "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "HOSP"
            )
        },
        {},
        ["not-read"],
    ),
    "another code system": (
        {"productOrService": coded("http://snomed.info/sct", "99213")},
        {"code": "SCT|99213"},
        [],
    ),
    "a bare code": (
        {"productOrService": {"coding": [{"code": "J0475"}]}},
        {"code": "J0475"},
        [],
    ),
    "Level II before CPT": (
        {
            "productOrService": {
                "coding": [
                    {"system": "http://www.ama-assn.org/go/cpt", "code": "62370"},
                    {"system": "urn:oid:2.16.840.1.113883.6.285", "code": "J0475"},
                ]
            }
        },
        {"code": "J0475"},
        [],
    ),
    "the text alone": (
        {"productOrService": {"text": "Something unheard of"}},
        {"code": "NO CODE", "description": "Something unheard of"},
        [],
    ),
    "a revenue code": (
        {
            "productOrService": {"text": "Drug"},
            "revenue": coded("https://www.nubc.org/CodeSystem/RevenueCodes", "0636"),
        },
        {"revenue_code": "0636", "description": "Drug"},
        [],
    ),
    "an NDC with its amount": (
        {
            "detail": [
                {
                    "sequence": 1,
                    "productOrService": coded(NDC, "66794-157-02"),
                    "quantity": {"value": Decimal("20.5"), "code": "mL"},
                }
            ]
        },
        {"ndc": "66794015702", "ndc_quantity": "20.5", "ndc_unit": "ML"},
        [],
    ),
    "an NDC by the dozen": (
        {
            "detail": [
                {
                    "sequence": 1,
                    "productOrService": coded(NDC, "66794-157-02"),
                    "quantity": {"value": 1, "unit": "dozen"},
                }
            ]
        },
        {"ndc": "66794015702", "ndc_quantity": 1},
        ["not-read"],
    ),
    "a detail that is billed": (
        {"detail": [{"sequence": 1, "productOrService": coded(HCPCS, "J0476")}]},
        {},
        ["not-read"],
    ),
    "the charge as price times quantity": (
        {"unitPrice": {"value": Decimal("10.01"), "currency": "USD"}},
        {"charge": "40.04"},
        [],
    ),
    "the net charge": ({"net": {"value": 12, "currency": "USD"}}, {"charge": 12}, []),
    "an earlier authorization": (
        {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
                    "extension-authorizationNumber",
                    "valueString": "AUTH-9",
                }
            ]
        },
        {"authorization_number": "AUTH-9"},
        [],
    ),
}


@pytest.mark.parametrize("name", LINES)
def test_what_an_item_says(name: str) -> None:
    changes, expected, said = LINES[name]
    made, found = _read(bundle(claim(item=[_item(**changes)])))

    (line,) = made["lines"]
    touched = {"productOrService": "code", "quantity": "units", "servicedDate": "date"}
    about = {*expected, *(touched[key] for key in changes if key in touched)}
    if "locationCodeableConcept" in changes:
        about.add("place_of_service")
    assert {key: value for key, value in line.items() if key in about} == expected
    assert found == said


CLAIMS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "a diagnosis that is not ICD-10 makes none known": (
        {
            "diagnosis": [
                {"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "G80.0")},
                {
                    "sequence": 2,
                    "diagnosisCodeableConcept": coded("http://snomed.info/sct", "128188000"),
                },
            ]
        },
        {"diagnoses": None},
        ["not-read"],
    ),
    "diagnoses in the order of their sequence": (
        {
            "diagnosis": [
                {"sequence": 2, "diagnosisCodeableConcept": coded(ICD, "G35.A")},
                {"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "G80.0")},
            ]
        },
        {"diagnoses": ["G80.0", "G35.A"]},
        [],
    ),
    "an authorization number": (
        {
            "insurance": [
                {
                    "sequence": 1,
                    "focal": True,
                    "coverage": {"reference": "Coverage/coverage"},
                    "preAuthRef": ["AUTH-1"],
                }
            ]
        },
        {"authorization_number": "AUTH-1"},
        [],
    ),
    "several authorization numbers": (
        {
            "insurance": [
                {
                    "sequence": 1,
                    "focal": True,
                    "coverage": {"reference": "Coverage/coverage"},
                    "preAuthRef": ["AUTH-1", "AUTH-2"],
                }
            ]
        },
        {"authorization_number": None},
        ["not-read"],
    ),
    "a replacement": (
        {
            "use": "claim",
            "related": [
                {"relationship": coded("urn:x", "prior"), "reference": {"value": "CLAIM-0"}}
            ],
        },
        {"frequency": "7", "original_id": "CLAIM-0"},
        [],
    ),
    "a void": ({"use": "claim", "status": "cancelled"}, {"frequency": "8"}, []),
    "a coverage that was not sent": (
        {
            "insurance": [
                {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/other"}}
            ]
        },
        {"coverage": {"payer": "CSTD0001", "payer_name": "A payer"}},
        ["not-sent"],
    ),
    "who referred gives no service": (
        {
            "careTeam": [
                {
                    "sequence": 1,
                    "provider": {"reference": "Practitioner/doctor"},
                    "role": coded("https://codesystem.x12.org/005010/98", "DN"),
                }
            ]
        },
        {"provider": {"billing_npi": "1234567893"}},
        [],
    ),
    "the one of the team who gives the service": (
        {
            "careTeam": [
                {
                    "sequence": 1,
                    "provider": {"reference": "Organization/clinic"},
                    "role": coded("https://codesystem.x12.org/005010/98", "DN"),
                },
                {
                    "sequence": 2,
                    "provider": {"reference": "Practitioner/doctor"},
                    "role": coded("https://codesystem.x12.org/005010/98", "SJ"),
                },
            ]
        },
        {"provider": {"billing_npi": "1234567893", "rendering_npi": "1122334450"}},
        [],
    ),
    "the day of the patient event": (
        {
            "supportingInfo": [
                {
                    "sequence": 1,
                    "category": coded("urn:x", "patientEvent"),
                    "timingDate": "2026-04-01",
                }
            ],
            "item": [_item(servicedDate=None)],
        },
        {"lines": "2026-04-01"},
        [],
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_what_a_claim_says(name: str) -> None:
    changes, expected, said = CLAIMS[name]
    made, found = _read(bundle(claim(**changes)))

    for key, value in expected.items():
        assert (made["lines"][0]["date"] if key == "lines" else made.get(key)) == value
    assert found == said


def test_a_cancelled_item_counts_for_nothing_and_is_answered() -> None:
    flag = {
        "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/modifierextension-infoCancelled",
        "valueBoolean": True,
    }
    items = [_item(modifierExtension=[flag]), _item(sequence=2, quantity={"value": 1})]
    submission = submitted(bundle(claim(item=items), facts=FAVORABLE))

    assert submission.intake.request is not None
    (line,) = submission.intake.request.lines
    assert (line.number, line.units) == (2, 1)
    response = claim_response(decided(submission), submission.asked, rules=RULES)
    assert response["disposition"] == "Cancelled: item 1. Certified in total: item 2."


def test_what_reading_warned_of_reaches_the_submitter() -> None:
    submission = submitted(bundle(claim(item=[_item(quantity={"value": 40, "unit": "mg"})])))
    response = claim_response(
        decided(submission), submission.asked, warnings=submission.intake.diagnostics, rules=RULES
    )
    assert response["processNote"][-1]["text"].startswith(
        'Read with a warning: claim SYN-FHIR-1: a quantity of "mg" is not a number of billing units'
    )


WRONG: dict[str, tuple[dict[str, Any], list[str], str]] = {
    # name: (changes of the claim, the codes of the errors, words of the first)
    "an unknown element": (
        {"itme": []},
        ["unknown-key"],
        "`itme` is not an element here",
    ),
    "an unknown modifier extension": (
        {"modifierExtension": [{"url": "urn:example:not", "valueBoolean": True}]},
        ["unknown-key"],
        "changes the meaning",
    ),
    "no use that there is": ({"use": "proposal"}, ["wrong-value"], "preauthorization"),
    "no items": ({"item": None}, ["no-lines"], "has no item"),
    "a draft": ({"status": "draft"}, ["wrong-value"], "only an active claim"),
    "two codes": (
        {
            "item": [
                _item(
                    productOrService={
                        "coding": [
                            {"system": HCPCS, "code": "J0475"},
                            {"system": HCPCS, "code": "J0476"},
                        ]
                    }
                )
            ]
        },
        ["contradiction"],
        "J0475 and J0476",
    ),
    "a modifier in words alone": (
        {"item": [_item(modifier=[{"text": "nothing was discarded"}])]},
        ["wrong-value"],
        "a modifier has no code",
    ),
    "a pointer into nothing": (
        {"item": [_item(diagnosisSequence=[7])]},
        ["wrong-value"],
        "points to diagnosis 7",
    ),
    "a negative quantity": (
        {"item": [_item(quantity={"value": -1})]},
        ["wrong-value"],
        "a number of 0 or more",
    ),
    "two items of one sequence": ({"item": [_item(), _item()]}, ["duplicate-line"], "number 1"),
    "a day that is none": (
        {"item": [_item(servicedDate="2026-02-30")]},
        ["wrong-value"],
        '`servicedDate`: found "2026-02-30"; a date (YYYY-MM-DD) was expected',
    ),
    "words for a number": (
        {"item": [_item(sequence="first")]},
        ["wrong-value"],
        '`sequence`: found "first"; a whole number was expected',
    ),
    "two focal insurances": (
        {
            "insurance": [
                {"sequence": one, "focal": True, "coverage": {"reference": "Coverage/coverage"}}
                for one in (1, 2)
            ]
        },
        ["contradiction"],
        "which one is asked",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_refuses_a_claim(name: str) -> None:
    changes, codes, words = WRONG[name]
    request = {**claim(), **changes}
    intake = submitted(
        bundle({key: value for key, value in request.items() if value is not None})
    ).intake

    errors = [problem for problem in intake.diagnostics if problem.severity == "error"]
    assert intake.request is None
    assert [problem.code for problem in errors] == codes
    assert words in errors[0].message
    assert errors[0].location.start is not None
    (place,) = operation_outcome(errors)["issue"][0]["expression"]
    assert place.startswith("entry[0].resource")


def test_a_misspelled_element_is_told_its_right_name() -> None:
    request = bundle({**claim(), "insurence": []})
    (problem,) = submitted(request).intake.diagnostics
    assert problem.hint == "did you mean `insurance`?"


def _as_urn(reference: str) -> str:
    kind, _, name = reference.partition("/")
    return f"urn:uuid:{kind.lower()}-{name}"


@pytest.mark.parametrize("way", ["relative", "absolute", "urn", "contained", "version"])
def test_references_of_every_kind(way: str) -> None:
    """However the parties are referred to, the same request is read."""
    expected, _ = _read(bundle(facts=FAVORABLE))
    text = exact_json(bundle(facts=FAVORABLE))
    names = ("Patient/member", "Organization/payer", "Organization/clinic", "Coverage/coverage")
    names += ("Practitioner/doctor",)
    made: dict[str, Any] = json.loads(text)
    if way == "contained":
        inside = [one["resource"] for one in made["entry"][1:]]
        request = made["entry"][0]["resource"] | {"contained": inside}
        text = exact_json(request)
        for name in names:
            text = text.replace(f'"reference":"{name}"', f'"reference":"#{name.split("/")[1]}"')
        made = json.loads(text)
    for name in names:
        new = {
            "relative": name,
            "absolute": f"{ROOT}/{name}",
            "urn": _as_urn(name),
            "contained": name,
            "version": f"{name}/_history/3",
        }[way]
        text = exact_json(made).replace(f'"reference":"{name}"', f'"reference":"{new}"')
        if way == "urn":
            text = text.replace(f'"fullUrl":"{ROOT}/{name}"', f'"fullUrl":"{new}"')
        made = json.loads(text)

    assert _read(made)[0] == expected


def test_several_claims_are_read_each_by_itself() -> None:
    first = bundle()
    other = claim(id="request-2", identifier=[{"value": "SYN-FHIR-2"}], use="bill")
    first["entry"].append({"fullUrl": f"{ROOT}/Claim/request-2", "resource": other})

    found = read_submissions(as_bytes(first), "two.json")

    assert [one.intake.claim_id for one in found] == ["SYN-FHIR-1", "SYN-FHIR-2"]
    assert found[0].intake.request is not None
    assert found[1].intake.request is None


def test_the_claim_before_this_one_is_not_asked_again() -> None:
    request = bundle(
        claim(
            related=[
                {
                    "claim": {"reference": "Claim/before"},
                    "relationship": coded("urn:x", "prior"),
                }
            ]
        )
    )
    before = claim(id="before", identifier=[{"value": "SYN-FHIR-0"}])
    request["entry"].append({"fullUrl": f"{ROOT}/Claim/before", "resource": before})

    intake = submitted(request).intake

    assert intake.request is not None
    assert intake.claim_id == "SYN-FHIR-1"
    assert intake.request.original_id == "SYN-FHIR-0"


def test_who_pays_alone_is_no_payer() -> None:
    request = bundle(claim(insurer=None))
    for entry in request["entry"]:
        if entry["resource"]["resourceType"] == "Coverage":
            entry["resource"]["payor"] = [{"reference": "Patient/member"}]
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["identifier"] = [{"value": "CSTD0001"}]
    intake = submitted(request).intake
    assert intake.request is not None
    assert intake.request.coverage.payer is None


def test_claims_of_one_number_are_both_read_with_a_remark() -> None:
    first = bundle()
    first["entry"].append({"fullUrl": f"{ROOT}/Claim/b", "resource": claim(id="b")})

    found = read_submissions(as_bytes(first), "two.json")

    assert all(one.intake.request for one in found)
    assert [[(d.code, d.severity) for d in one.intake.diagnostics] for one in found] == [
        [("duplicate-claim", "warning")]
    ] * 2


def test_without_a_vocabulary_the_answers_are_named_and_left() -> None:
    (intake,) = read_requests(as_bytes(bundle(facts={"trial.dose": 50})), "request.json")

    assert intake.request is not None
    assert intake.request.facts == {}
    assert [problem.code for problem in intake.diagnostics] == ["not-read"]


def test_the_command_line_decides_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_bytes(as_bytes(bundle(facts=FAVORABLE)))

    run = CliRunner().invoke(
        command, [str(path), "--policies", str(POLICIES), "--engine", "compiled", "--json"]
    )

    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["decision"] == "approve"


def test_the_published_request_goes_through() -> None:
    data = (SAMPLES / "conformant_pas_bundle_v110.json").read_bytes()
    (found,) = read_submissions(data, "published.json")
    assert found.intake.diagnostics == ()

    response = claim_response(decided(found), found.asked, rules=RULES)

    assert response["disposition"] == "Contact payer: item 1."
    assert response["processNote"][0]["text"] == (
        "No policy here decides this service; contact the payer. Looked for payer: 789312; line of "
        "business: not given; code: 1365|3; date of service: not given."
    )
    assert response["item"][0]["extension"][0]["valueIdentifier"]["value"] == "1122334"


def test_the_published_response_is_no_request() -> None:
    data = (SAMPLES / "valid_pa_response_bundle.json").read_bytes()
    (intake,) = read_requests(data, "published.json")

    assert [problem.message for problem in intake.diagnostics] == [
        "found ClaimResponse, Organization, Patient, Practitioner; a Claim, or a Bundle with one, "
        "was expected"
    ]


# --- urgency, tax number, specialty, narrative ------------------------------------------------------

NUCC = "http://nucc.org/provider-taxonomy"
LEVEL = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-levelOfServiceCode"
PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"


def _level(code: str) -> list[dict[str, Any]]:
    return [{"url": LEVEL, "valueCodeableConcept": coded("https://codesystem.x12.org/1338", code)}]


@pytest.mark.parametrize(
    ("changes", "expedited", "said"),
    [
        ({"extension": _level("U")}, True, []),
        ({"extension": _level("E"), "priority": coded(PRIORITY, "stat")}, False, []),
        ({"extension": _level("04"), "priority": coded(PRIORITY, "stat")}, True, ["not-read"]),
        ({"priority": coded(PRIORITY, "stat")}, True, []),
        ({"priority": coded(PRIORITY, "deferred")}, False, []),
        ({"priority": coded(PRIORITY, "soon")}, None, []),
        ({"priority": coded(PRIORITY, "stat"), "use": "claim"}, None, []),
    ],
)
def test_urgency(changes: dict[str, Any], expedited: bool | None, said: list[str]) -> None:
    made, codes = _read(bundle(claim(**changes)))

    assert (made.get("expedited"), codes) == (expedited, said)


def _with(changes: dict[str, dict[str, Any]], **of_claim: Any) -> dict[str, Any]:
    """The bundle with other resources in place of those of these ids, or besides."""
    made = bundle(claim(**of_claim))
    known = {entry["resource"]["id"]: entry["resource"] for entry in made["entry"]}
    for name, change in changes.items():
        if name in known:
            known[name] |= change
        else:
            kind = change["resourceType"]
            added = {"fullUrl": f"{ROOT}/{kind}/{name}", "resource": {**change, "id": name}}
            made["entry"].append(added)
    return made


NPI = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}
EIN = {"system": "urn:oid:2.16.840.1.113883.4.4", "value": "00-0000001"}
TAX = {"type": coded("http://terminology.hl7.org/CodeSystem/v2-0203", "TAX"), "value": "000000002"}
ROLE = {
    "resourceType": "PractitionerRole",
    "practitioner": {"reference": "Practitioner/doctor"},
    "organization": {"reference": "Organization/clinic"},
    "specialty": [coded("http://snomed.info/sct", "1"), coded(NUCC, "207L00000X")],
}


@pytest.mark.parametrize(
    ("resource", "wanted", "said"),
    [
        (
            _with({"clinic": {"identifier": [NPI, EIN]}}),
            {"billing_tin": "000000001"}, [],
        ),
        (
            _with({"clinic": {"identifier": [NPI, {**EIN, "value": "123"}]}}),
            {}, ["not-read"],
        ),
        (
            _with({"clinic": {"identifier": [NPI, TAX]}}),
            {"billing_tin": "000000002"}, [],
        ),
        (
            _with(
                {"clinic": {"identifier": [NPI, EIN]}, "role": ROLE},
                provider={"reference": "PractitionerRole/role"},
            ),
            {
                "billing_npi": "1122334450", "billing_tin": "000000001",
                "billing_specialty": "207L00000X",
            },
            [],
        ),
        (
            _with({}, careTeam=[{**claim()["careTeam"][0], "qualification": coded(NUCC, "208vp0014x")}]),
            {"rendering_specialty": "208VP0014X"}, [],
        ),
        (
            _with({"doctor": {"qualification": [{"code": coded(NUCC, "207L00000X")}]}}),
            {"rendering_specialty": "207L00000X"}, [],
        ),
        (
            _with({"doctor": {"qualification": [
                {"code": coded(NUCC, one)} for one in ("207L00000X", "208VP0014X")
            ]}}),
            {}, ["not-read"],
        ),
        (_with({"doctor": {"qualification": [{"code": coded(NUCC, "pain")}]}}), {}, ["not-read"]),
    ],
)  # fmt: skip
def test_tax_number_and_specialty(
    resource: dict[str, Any], wanted: dict[str, str], said: list[str]
) -> None:
    made, codes = _read(resource)

    usual = {"billing_npi": "1234567893", "rendering_npi": "1122334450"}
    assert (made["provider"], codes) == (usual | wanted, said)


def test_texts_for_people_are_the_description() -> None:
    told = [
        {"sequence": at, "category": coded("PASTempCodes", "freeFormMessage"), "valueString": text}
        for at, text in enumerate(("first fill", "compounded", "first fill"), 1)
    ]
    made, _ = _read(bundle(claim(supportingInfo=told)))

    assert made["description"] == "first fill; compounded"


# --- other payers -----------------------------------------------------------------------------------

CARC = "https://x12.org/codes/claim-adjustment-reason-codes"
GROUP = "https://x12.org/codes/claim-adjustment-group-codes"


def _reason(*carcs: str, group: str | None = None) -> dict[str, Any]:
    codes = [{"system": CARC, "code": carc} for carc in carcs]
    return {"coding": [*codes, *([{"system": GROUP, "code": group}] if group else [])]}


FIRST: dict[str, dict[str, Any]] = {
    "first-payer": {
        "resourceType": "Organization",
        "name": "First payer",
        "identifier": [{"system": "urn:example:payer-ids", "value": "P1"}],
    },
    "first": {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"reference": "Patient/member"},
        "payor": [{"reference": "Organization/first-payer"}],
        "order": 1,
    },
    "answer": {
        "resourceType": "ClaimResponse",
        "created": "2026-03-20",
        "payment": {
            "date": "2026-03-21",
            "amount": {"value": Decimal("120.50"), "currency": "USD"},
        },
        "adjudication": [{"reason": _reason("1", group="PR"), "amount": {"value": 25}}],
        "item": [
            {
                "itemSequence": 1,
                "adjudication": [{"reason": _reason("45", "97"), "amount": {"value": 9}}],
            }
        ],
    },
}
ASKED = {"sequence": 2, "focal": True, "coverage": {"reference": "Coverage/coverage"}}
OTHER = {"sequence": 1, "focal": False, "coverage": {"reference": "Coverage/first"}}
ANSWERED = OTHER | {"claimResponse": {"reference": "ClaimResponse/answer"}}
WHO = {"rank": "primary", "payer": "P1", "payer_name": "First payer"}


@pytest.mark.parametrize(
    ("resources", "insurance", "use", "wanted", "said"),
    [
        ({}, [ASKED], "claim", [], []),
        ({}, [ASKED], "preauthorization", None, []),
        (FIRST, [OTHER, ASKED], "preauthorization", [WHO], []),
        (
            FIRST, [ASKED, ANSWERED], "claim",
            [{
                **WHO, "paid": "120.5", "remitted_on": "2026-03-21",
                "adjustments": [
                    {"carc": "1", "group": "PR", "amount": 25},
                    {"carc": "45", "line": 1},
                    {"carc": "97", "line": 1},
                ],
            }],
            [],
        ),
        ({}, [OTHER, ASKED], "claim", [{"rank": "primary"}], ["not-sent"]),
        (
            {name: FIRST[name] for name in ("first", "first-payer")}, [ANSWERED, ASKED], "claim",
            [WHO], ["not-sent"],
        ),
    ],
)  # fmt: skip
def test_other_payers(
    resources: dict[str, dict[str, Any]],
    insurance: list[dict[str, Any]],
    use: str,
    wanted: list[dict[str, Any]] | None,
    said: list[str],
) -> None:
    made, codes = _read(_with(resources, insurance=insurance, use=use))

    assert (made.get("other_payers"), codes) == (wanted, said)
