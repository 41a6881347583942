"""FHIR R4 answers: `ClaimResponse` with review actions, `$inquire`, questionnaires, problems.

Claims are read by `payer_policy.intake.fhir`; what is answered is made from an outcome's JSON.
"""

from payer_policy.fhir.claim_response import (
    NotDated,
    claim_response,
    error_bundle,
    error_response,
    response_bundle,
)
from payer_policy.fhir.inquiry import Inquiry, Stored, inquiry_response, matches, read_inquiry
from payer_policy.fhir.outcomes import operation_outcome
from payer_policy.fhir.questionnaire import (
    AskedFact,
    form_for,
    questionnaire,
    questionnaire_package,
    response_to,
)
from payer_policy.fhir_models import FhirUnavailable, NotExact, NotFhir, exact_json
from payer_policy.intake.fhir import (
    Asked,
    AskedItem,
    NotAsked,
    Submission,
    facts_from_response,
    read_submissions,
)

__all__ = [
    "Asked",
    "AskedFact",
    "AskedItem",
    "FhirUnavailable",
    "Inquiry",
    "NotAsked",
    "NotDated",
    "NotExact",
    "NotFhir",
    "Stored",
    "Submission",
    "claim_response",
    "error_bundle",
    "error_response",
    "exact_json",
    "facts_from_response",
    "form_for",
    "inquiry_response",
    "matches",
    "operation_outcome",
    "questionnaire",
    "questionnaire_package",
    "read_inquiry",
    "read_submissions",
    "response_bundle",
    "response_to",
]
