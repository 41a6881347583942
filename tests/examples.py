"""How many random cases a law is tried on: few in every run, more by `PAYER_POLICY_TEST_EXAMPLES`."""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "PAYER_POLICY_TEST_EXAMPLES"
"""So many times as many; 1 where it is not set."""
TIMES: Final = int(os.environ.get(VARIABLE, "1"))


def examples(few: int) -> int:
    """For `settings(max_examples=…)`: the examples of an ordinary run, or many times as many."""
    return few * TIMES
