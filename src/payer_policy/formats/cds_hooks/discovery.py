"""The services of coverage-requirements discovery, as `GET /cds-services` lists them (CRD 2.x)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from payer_policy.formats.cds_hooks.model import CONFIGURATION_OPTIONS, VERSION

SERVICES: Final[Mapping[str, str]] = MappingProxyType(
    {"order-sign": "order-sign", "order-select": "order-select", "order-dispatch": "order-dispatch"}
)
"""The hook of each service by the service's id."""
_TITLES: Final = {
    "order-sign": "What coverage asks of the orders that are signed",
    "order-select": "What coverage asks of the orders that are chosen",
    "order-dispatch": "What coverage asks of an order for this performer",
}
_PATIENT: Final = {
    "patient": "Patient/{{context.patientId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active"
    "&_include=Coverage:payor:Organization",
    "conditions": "Condition?patient={{context.patientId}}&clinical-status=active",
    "responses": "QuestionnaireResponse?patient={{context.patientId}}&status=completed",
}
_DRAFTS: Final = {
    "medications": "Medication?_id="
    "{{context.draftOrders.entry.resource.ofType(MedicationRequest).medication.resolve().id}}",
}
_DISPATCHED: Final = {
    **{
        f"{kind[0].lower()}{kind[1:]}s": f"{kind}?_id="
        f"{{{{context.dispatchedOrders.resolve().ofType({kind}).id}}}}"
        for kind in ("ServiceRequest", "MedicationRequest", "DeviceRequest")
    },
    "medications": "Medication?_id={{%medicationRequests.entry.resource.medication.resolve().id}}",
    "performer": "{{context.performer}}",
}
"""Beside those of the patient, as the CRD guide writes queries on the context of a hook."""
_OPTIONS: Final = (
    {
        "code": "coverage-info",
        "type": "boolean",
        "name": "Coverage information",
        "description": "Whether orders are given back with coverage information",
        "default": True,
    },
    {
        "code": "max-cards",
        "type": "integer",
        "name": "Cards at most",
        "description": "The most cards in one answer",
        "default": 10,
    },
)


def discovery() -> dict[str, Any]:
    """The answer to `GET /cds-services`: three services, what each wants prefetched, and the
    configuration that a call may carry."""
    return {"services": [_service(name, hook) for name, hook in SERVICES.items()]}


def _service(name: str, hook: str) -> dict[str, Any]:
    orders = _DISPATCHED if hook == "order-dispatch" else _DRAFTS
    return {
        "hook": hook,
        "id": name,
        "title": _TITLES[hook],
        "description": "Whether an order is covered, needs preauthorization, and what is missing to "
        "say so; decided by the payer's published policies.",
        "prefetch": {**_PATIENT, **orders},
        "usageRequirements": "Nothing is fetched: what is not in the call is not known.",
        "extension": {
            VERSION: ["2.2", "2.0"],
            CONFIGURATION_OPTIONS: [dict(option) for option in _OPTIONS],
        },
    }
