"""For all tests: a folder is read once for each state of its files."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from payer_policy.policy import loading
from tests.opening import keeping

READ_ANEW = {"checks", "deployment", "engine", "policy", "schemas"}
"""Folders of tests about reading itself: there every library is read from its files."""

settings.register_profile(
    "fast", max_examples=20, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate]
)
"""For `.ci/fast`: a law that fails is not shrunk for minutes."""

read_once = keeping(loading.read_library)


@pytest.fixture(scope="module", autouse=True)
def _folders_are_opened_once(request: pytest.FixtureRequest) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name not in READ_ANEW:
            patch.setattr(loading, "read_library", read_once)
        yield
