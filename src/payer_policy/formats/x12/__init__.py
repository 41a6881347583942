"""Answers as X12: the 835's claim part for claims, the 278 response for preauthorization requests.

Made from a request and its stored answer (`Outcome.to_json()`); what is not known there is an argument,
and what cannot be said is a `Diagnostic` instead of a guess.
"""

from payer_policy.formats.x12.advice import Address, Payee, Payer, Payment, advice, claim_segments
from payer_policy.formats.x12.interchange import Envelope, Written
from payer_policy.formats.x12.model import Adjustment, ClaimPayment, Name, ServicePayment
from payer_policy.formats.x12.remittance import About, Remitted, Rules, remit
from payer_policy.formats.x12.review_response import marks_of, response, response_segments
from payer_policy.formats.x12.reviews import (
    Certifying,
    Decision,
    Rejection,
    Review,
    Reviewed,
    rejected,
    review,
)
from payer_policy.formats.x12.segment_writer import Marks, Out

__all__ = [
    "About",
    "Address",
    "Adjustment",
    "Certifying",
    "ClaimPayment",
    "Decision",
    "Envelope",
    "Marks",
    "Name",
    "Out",
    "Payee",
    "Payer",
    "Payment",
    "Rejection",
    "Remitted",
    "Review",
    "Reviewed",
    "Rules",
    "ServicePayment",
    "Written",
    "advice",
    "claim_segments",
    "marks_of",
    "rejected",
    "remit",
    "response",
    "response_segments",
    "review",
]
