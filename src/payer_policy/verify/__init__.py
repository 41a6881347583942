"""The independent checker of records: `verify(line, library)`. Imports no engine.

`steps` checks every step; `values` says once more what tests and expressions mean; `files` opens a
record and finds the policy that it names.
"""

from payer_policy.verify.files import verify
from payer_policy.verify.steps import Verified, check

__all__ = ["Verified", "check", "verify"]
