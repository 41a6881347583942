"""The quicker constructor makes what the dataclass's own makes."""

from __future__ import annotations

import copy
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace
from typing import Any

import pytest

from payer_policy.core.frozen import quickly_made
from payer_policy.determination.model import Outcome


@dataclass(frozen=True, slots=True)
class Plain:
    one: int
    two: str = "2"
    three: int | None = field(default=None, kw_only=True, compare=False)


@quickly_made
@dataclass(frozen=True, slots=True)
class Quick:
    one: int
    two: str = "2"
    three: int | None = field(default=None, kw_only=True, compare=False)


def test_the_signature_and_the_values_are_the_same() -> None:
    assert inspect.signature(Quick) == inspect.signature(Plain)
    for arguments, named in (((1,), {}), ((1, "x"), {"three": 3}), ((), {"two": "y", "one": 4})):
        quick, plain = Quick(*arguments, **named), Plain(*arguments, **named)  # type: ignore[arg-type]
        for one in fields(Plain):
            assert getattr(quick, one.name) == getattr(plain, one.name)
        assert repr(quick) == repr(plain).replace("Plain", "Quick")
        assert hash(quick) == hash(plain)
        assert replace(quick, one=9) == Quick(9, quick.two)
        assert copy.deepcopy(quick) == pickle.loads(pickle.dumps(quick)) == quick


def test_it_stays_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Quick(1).one = 2  # type: ignore[misc]


@pytest.mark.parametrize("named", [{}, {"one": 1, "four": 4}, {"two": "x"}])
def test_wrong_arguments_are_refused(named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        Quick(**named)


def test_what_it_does_not_do_is_refused() -> None:
    @dataclass(frozen=True, slots=True)
    class Made:
        many: list[int] = field(default_factory=list)

    @dataclass(frozen=True, slots=True)
    class After:
        one: int

        def __post_init__(self) -> None: ...

    for cls in (Made, After):
        with pytest.raises(TypeError):
            quickly_made(cls)


def test_an_outcome_is_made_as_it_is_declared() -> None:
    assert list(inspect.signature(Outcome).parameters) == [
        "claim_id", "determinations", "without_policy", "as_of"
    ]  # fmt: skip
