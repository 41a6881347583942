"""The step library: every sentence that a scenario may say, in the order to learn them.

Each is declared above the function that runs it, in `given` and `then`. The examples are run by the
tests.
"""

from typing import Final

from payer_policy.specs import given, then
from payer_policy.specs.sentences import Step

STEPS: Final[tuple[Step, ...]] = (*given.STEPS, *then.STEPS)
