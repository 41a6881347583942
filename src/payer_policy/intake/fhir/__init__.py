"""FHIR R4 to requests: a `Claim` alone or in a bundle, and the answers to questionnaires in it.

`read_submissions` gives each claim with what an answer needs to echo; `intake.read_requests` takes
the claims alone.
"""

from payer_policy.intake.fhir.answers import facts_from_response
from payer_policy.intake.fhir.claim import read_submissions
from payer_policy.intake.fhir.model import Asked, AskedItem, NotAsked, Submission

__all__ = [
    "Asked",
    "AskedItem",
    "NotAsked",
    "Submission",
    "facts_from_response",
    "read_submissions",
]
