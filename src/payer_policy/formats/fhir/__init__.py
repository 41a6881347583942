"""FHIR R4: claims in (`read_submissions`, alone or in a bundle, with the answers to questionnaires), and
answers out (`ClaimResponse` with review actions, `$inquire`, questionnaires, problems).

`read_submissions` gives each claim with what an answer needs to echo; `formats.read_requests` takes the
claims alone. What is answered is made from an outcome's JSON.
"""

from payer_policy.formats.fhir.answers import facts_from_response
from payer_policy.formats.fhir.claim import read_submissions
from payer_policy.formats.fhir.claim_response import (
    NotDated,
    claim_response,
    error_bundle,
    error_response,
    response_bundle,
)
from payer_policy.formats.fhir.inquiry import (
    Inquiry,
    Stored,
    inquiry_response,
    matches,
    read_inquiry,
)
from payer_policy.formats.fhir.model import Asked, AskedItem, NotAsked, Submission
from payer_policy.formats.fhir.models import FhirUnavailable, NotExact, NotFhir, exact_json
from payer_policy.formats.fhir.outcomes import operation_outcome
from payer_policy.formats.fhir.questionnaire import (
    AskedFact,
    form_for,
    questionnaire,
    questionnaire_package,
    response_to,
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
