"""For all tests: nothing of the command line is kept in the home of whoever runs them."""

from __future__ import annotations

import os

from payer_policy.policy.cache import VARIABLE

os.environ.setdefault(VARIABLE, "off")
