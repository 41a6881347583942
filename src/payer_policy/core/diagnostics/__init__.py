"""What is wrong with a file or a request, as values: code, place, message, hint.

Everything that refuses input says so with a `Diagnostic`; everything that shows one to people or
programs does it through `payer_policy.core.diagnostics.render`. Codes and wording are public: other
programs match the codes, and people learn the sentences.
"""

from payer_policy.core.diagnostics.arguments import given_bytes, given_path, given_text, kind_of
from payer_policy.core.diagnostics.model import (
    Diagnostic,
    Location,
    PayerPolicyError,
    PolicyError,
    Position,
    Severity,
)
from payer_policy.core.diagnostics.suggest import did_you_mean, nearest, slip_of

__all__ = [
    "Diagnostic",
    "Location",
    "PayerPolicyError",
    "PolicyError",
    "Position",
    "Severity",
    "did_you_mean",
    "given_bytes",
    "given_path",
    "given_text",
    "kind_of",
    "nearest",
    "slip_of",
]
