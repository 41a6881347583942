"""What is asked: a claim or a preauthorization request, and the facts that follow from it."""

from payer_policy.request.models import (
    Authorization,
    Coverage,
    Line,
    Patient,
    PriorLine,
    Provider,
    Request,
)

__all__ = [
    "Authorization",
    "Coverage",
    "Line",
    "Patient",
    "PriorLine",
    "Provider",
    "Request",
]
