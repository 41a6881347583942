"""For all tests: nothing of the command line is kept in the home of whoever runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from payer_policy.policy.cache import VARIABLE
from tests.opening import opened_once

os.environ.setdefault(VARIABLE, "off")


@pytest.fixture(scope="session", autouse=True)
def _folders_are_opened_once() -> Iterator[None]:
    with opened_once():
        yield
