"""Synthetic calls of services. Nobody in here is real."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from payer_policy.formats.answer import answer
from payer_policy.formats.cds_hooks import Hook, read_hook, response
from payer_policy.formats.fhir import exact_json
from tests.formats.fhir.building import HCPCS, ICD, RULES, bundle, coded, engine

DAY = "2026-02-02"


def order(kind: str = "ServiceRequest", **changes: Any) -> dict[str, Any]:
    """An order of four units of a drug."""
    concept = {
        "ServiceRequest": "code",
        "DeviceRequest": "codeCodeableConcept",
        "MedicationRequest": "medicationCodeableConcept",
    }[kind]
    made = {
        "resourceType": kind,
        "id": "order-1",
        "status": "draft",
        "intent": "order",
        concept: coded(HCPCS, "J0475"),
        "subject": {"reference": "Patient/member"},
        "reasonCode": [coded(ICD, "G80.0")],
        "occurrenceDateTime": "2026-03-02",
        "quantityQuantity": {"value": 4},
    }
    return {key: value for key, value in {**made, **changes}.items() if value is not None}


def call(
    *orders: Mapping[str, Any],
    hook: str = "order-sign",
    payer: str = "CSTD0001",
    facts: Mapping[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A call with prefetched patient, coverage and answers."""
    sent = {entry["resource"]["resourceType"]: entry for entry in bundle(payer=payer)["entry"]}
    inside = [dict(one) for one in orders] or [order()]
    prefetch: dict[str, Any] = {
        "patient": sent["Patient"]["resource"],
        "coverage": {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [
                {"resource": entry["resource"]}
                for entry in bundle(payer=payer)["entry"]
                if entry["resource"].get("id") in ("coverage", "payer")
            ],
        },
    }
    if facts:
        prefetch["responses"] = bundle(facts=facts)["entry"][-1]["resource"]
    return {
        "hook": hook,
        "hookInstance": "5f3c1d7a-synthetic",
        "context": {
            "userId": "Practitioner/doctor",
            "patientId": "member",
            "draftOrders": {
                "resourceType": "Bundle",
                "entry": [{"resource": one} for one in inside],
            },
        },
        "prefetch": prefetch,
        **more,
    }


def read(body: Mapping[str, Any], service: str = "order-sign") -> Hook:
    library = engine().library
    data = exact_json(body).encode()
    return read_hook(service, data, library.vocabulary, library.reference)


def answered(hook: Hook) -> dict[str, Any]:
    """The answer, decided as the service decides."""
    outcomes = [
        None
        if one.intake.request is None
        else json.loads(
            json.dumps(
                answer(engine(), one.intake, date.fromisoformat(DAY), is_order=True).to_json()
            )
        )
        for one in hook.orders
    ]
    return response(hook, outcomes, DAY, vocabulary=engine().library.vocabulary, rules=RULES)


def information(resource: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The coverage information of an order by name."""
    out: dict[str, list[Any]] = {}
    (extension,) = [
        one for one in resource["extension"] if one["url"].endswith("ext-coverage-information")
    ]
    for one in extension["extension"]:
        (value,) = [one[key] for key in one if key.startswith("value")] or [one["extension"]]
        out.setdefault(one["url"], []).append(value)
    return out
