"""The independent checker of records: `Verifier(library).verify(line)`. Imports no engine.

`steps` checks every step, and `lines` the steps from rules to lines. `values` defines again what tests
and expressions mean, and `waits` what an unknown rule waits for. `answers` checks that no policy and no
answer was left out. `files` opens a record and finds the policy that it names.
"""

from payer_policy.audit.checker.files import Verifier
from payer_policy.audit.checker.steps import Verified, check

__all__ = ["Verified", "Verifier", "check"]
