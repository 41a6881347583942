"""The urls and code systems that FHIR answers use: of FHIR, Da Vinci, X12 and this product.

Da Vinci PAS 2.x (`extension-reviewAction` and those around it) and X12 306 (the action codes).
"""

from __future__ import annotations

from typing import Any, Final

PAS: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
REVIEW_ACTION: Final = PAS + "extension-reviewAction"
REVIEW_ACTION_CODE: Final = PAS + "extension-reviewActionCode"
ACTION_CODES: Final = "https://codesystem.x12.org/005010/306"
CARC: Final = "https://x12.org/codes/claim-adjustment-reason-codes"
RARC: Final = "https://x12.org/codes/remittance-advice-remark-codes"
GROUP: Final = "https://x12.org/codes/claim-adjustment-group-codes"
ADJUDICATION: Final = "http://terminology.hl7.org/CodeSystem/adjudication"

OWN: Final = "urn:payer-policy:"
QUESTIONNAIRE: Final = OWN + "questionnaire:"
FACT: Final = OWN + "fact:"
ALLOWED: Final = OWN + "adjudication"
PROBLEMS: Final = OWN + "problem"

ACTIONS: Final = {
    "A1": "Certified in total",
    "A2": "Certified - partial",
    "A3": "Not certified",
    "A4": "Pended",
    "A6": "Modified",
    "C": "Cancelled",
    "CT": "Contact payer",
    "NA": "No action required",
}
"""HCR01 of X12 278 by code."""


def concept(system: str, *codes: str, text: str | None = None) -> dict[str, Any]:
    """A CodeableConcept."""
    out: dict[str, Any] = {}
    if codes:
        out["coding"] = [{"system": system, "code": code} for code in codes]
    if text:
        out["text"] = text
    return out


def action(code: str) -> dict[str, Any]:
    """The CodeableConcept of an action code."""
    return {"coding": [{"system": ACTION_CODES, "code": code, "display": ACTIONS[code]}]}
