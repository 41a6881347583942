"""Synthetic PAS bundles and what the engine answers to them. Nobody in here is real."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payer_policy.engine import Engine
from payer_policy.formats.fhir import (
    AskedFact,
    Submission,
    exact_json,
    form_for,
    read_submissions,
    response_to,
)
from payer_policy.formats.review import ReviewRules
from tests.places import POLICIES

CASES = Path(__file__).parent / "cases"
ROOT = "https://provider.example/fhir"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
CREATED = "2026-02-02T09:00:00Z"
ANSWERED = "2026-02-02T09:00:05Z"

FAVORABLE: Mapping[str, Any] = {
    "therapy.phase": "initial",
    "oral_therapy.outcome": "inadequate",
    "oral_therapy.duration": 84,
    "oral_therapy.with_physical_therapy": True,
    "trial.response": "favorable",
    "trial.date": "2026-01-12",
    "trial.dose": 50,
    "trial.doses_given": 1,
    "trial.ashworth_before": "3",
    "trial.ashworth_after": "1",
    "trial.response_hours": 6,
    "spasticity.origin": "spinal",
    "implant.date": "2026-03-02",
    "service.route": "intrathecal",
    "contraindication.hypersensitivity": False,
    "contraindication.active_infection": False,
    "contraindication.body_too_small": False,
    "contraindication.device_crosstalk": False,
    "contraindication.psychosis": False,
    "contraindication.autonomic_dysreflexia": False,
}


@functools.cache
def engine() -> Engine:
    """One engine on the shipped policies."""
    return Engine.open(POLICIES, engine="compiled")


RULES = ReviewRules.of(engine().library)


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def claim(**changes: Any) -> dict[str, Any]:
    """A preauthorization request for the first fill of a pump."""
    made = {
        "resourceType": "Claim",
        "id": "request-1",
        "identifier": [{"system": f"{ROOT}/trace", "value": "SYN-FHIR-1"}],
        "status": "active",
        "type": coded("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
        "use": "preauthorization",
        "patient": {"reference": "Patient/member"},
        "created": CREATED,
        "insurer": {"reference": "Organization/payer"},
        "provider": {"reference": "Organization/clinic"},
        "priority": coded("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
        "careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/doctor"}}],
        "diagnosis": [{"sequence": 1, "diagnosisCodeableConcept": coded(ICD, "G80.0")}],
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/coverage"}}
        ],
        "item": [
            {
                "sequence": 1,
                "diagnosisSequence": [1],
                "productOrService": coded(HCPCS, "J0475"),
                "servicedDate": "2026-03-02",
                "locationCodeableConcept": coded(
                    "https://www.cms.gov/Medicare/Coding/place-of-service-codes"
                    "/Place_of_Service_Code_Set",
                    "22",
                ),
                "quantity": {"value": 4},
            }
        ],
    }
    return {key: value for key, value in {**made, **changes}.items() if value is not None}


def bundle(
    request: Mapping[str, Any] | None = None,
    payer: str = "CSTD0001",
    facts: Mapping[str, Any] | None = None,
    plan: str = "PLAN-1",
) -> dict[str, Any]:
    """A PAS request bundle; the facts come as answers to a questionnaire."""
    resources: list[dict[str, Any]] = [
        dict(request) if request is not None else claim(),
        {
            "resourceType": "Patient",
            "id": "member",
            "name": [{"family": "Synthetic", "given": ["Sam"]}],
            "gender": "other",
            "birthDate": "1990-04-01",
        },
        {
            "resourceType": "Organization",
            "id": "payer",
            "name": "A payer",
            "identifier": [{"system": "urn:example:payer-ids", "value": payer}],
        },
        {
            "resourceType": "Organization",
            "id": "clinic",
            "name": "A clinic",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        },
        {
            "resourceType": "Practitioner",
            "id": "doctor",
            "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1122334450"}],
        },
        {
            "resourceType": "Coverage",
            "id": "coverage",
            "status": "active",
            "type": coded("urn:payer-policy:line-of-business", "commercial"),
            "subscriberId": "SYN-MEMBER-1",
            "beneficiary": {"reference": "Patient/member"},
            "payor": [{"reference": "Organization/payer"}],
            "class": [
                {
                    "type": coded("http://terminology.hl7.org/CodeSystem/coverage-class", "plan"),
                    "value": plan,
                }
            ],
        },
    ]
    if facts:
        vocabulary = engine().library.vocabulary
        form = form_for([AskedFact(vocabulary.facts[name]) for name in facts], "Facts")
        resources.append(response_to(form, vocabulary, facts))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": f"{ROOT}/{one['resourceType']}/{one.get('id', 'answers')}",
                "resource": one,
            }
            for one in resources
        ],
    }


def as_bytes(resource: Mapping[str, Any]) -> bytes:
    return exact_json(resource).encode()


def submitted(resource: Mapping[str, Any]) -> Submission:
    """The one claim of a resource, read as the service reads it."""
    library = engine().library
    (found,) = read_submissions(
        as_bytes(resource), "request.json", library.vocabulary, library.reference
    )
    return found


def decided(submission: Submission) -> dict[str, Any]:
    """The outcome's JSON, as it would come out of a store."""
    request = submission.intake.request
    assert request is not None, submission.intake.diagnostics
    stored: dict[str, Any] = json.loads(json.dumps(engine().decide(request).to_json()))
    return stored
