"""The garbage collector rests within, and is afterwards as it was."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from payer_policy import Engine
from payer_policy.core.collector import at_rest
from tests.places import POLICIES


@pytest.fixture(autouse=True)
def running() -> Iterator[None]:
    yield
    gc.enable()


def test_it_rests_within_and_runs_afterwards() -> None:
    with at_rest():
        assert not gc.isenabled()
        with at_rest():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_runs_again_after_a_fault() -> None:
    with pytest.raises(ValueError, match="x"), at_rest():
        raise ValueError("x")
    assert gc.isenabled()


def test_who_has_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    with at_rest():
        pass
    assert not gc.isenabled()


def test_it_runs_once_an_engine_is_open_and_has_decided() -> None:
    engine = Engine.open(POLICIES)
    assert gc.isenabled()
    line = {"code": "J0945", "units": 4, "date": "2025-03-04"}
    engine.decide({"coverage": {"payer": "medicare"}, "lines": [line]})
    assert gc.isenabled()
