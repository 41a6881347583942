"""A class is declared once; its JSON and its JSON Schema follow, and agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from payer_policy.core.declared import ADDED, BY_NAME, OMITTED, after, schema_of, to_json
from payer_policy.core.lazy import Lazy
from payer_policy.core.vocabulary.types import NONE, Units, Value

Color = Literal["red", "green"]


class Pair(NamedTuple):
    label: str
    value: Value | None


@dataclass(frozen=True)
class Inner:
    """One part."""

    color: Color
    """Its color."""
    units: Units | None
    shade: Color | None = None


@dataclass(frozen=True)
class More:
    names: tuple[str, ...]
    """The names."""
    known: Annotated[tuple[tuple[str, Value], ...], BY_NAME]


@dataclass(frozen=True)
class Whole:
    """A whole,
    over two lines.

    And more.
    """

    id: str | None
    """Who it is."""
    day: date | None
    parts: tuple[Inner, ...]
    best: Inner | None
    more: Lazy[More]
    numbers: tuple[int, ...]
    pairs: tuple[Pair, ...]
    extra: Annotated[bool, ADDED]
    left_out: Annotated[str | None, OMITTED] = None

    schema = "whole/1"

    @property
    @after("day")
    def year(self) -> int:
        """The year of
        the day."""
        return 0 if self.day is None else self.day.year


MADE = Whole(
    "A",
    date(2024, 5, 1),
    (Inner("red", Decimal("1.5"), "green"), Inner("green", 2)),
    None,
    Lazy(lambda: More(("x",), (("a", frozenset({"c", "b"})), ("n", NONE)))),
    (1, 2),
    (Pair("p", None), Pair("q", Fraction(1, 3))),
    True,
)
WRITTEN = {
    "schema": "whole/1",
    "id": "A",
    "day": "2024-05-01",
    "year": 2024,
    "parts": [
        {"color": "red", "units": "1.5", "shade": "green"},
        {"color": "green", "units": 2, "shade": None},
    ],
    "best": None,
    "names": ["x"],
    "known": {"a": ["b", "c"], "n": "none"},
    "numbers": [1, 2],
    "pairs": [{"label": "p", "value": None}, {"label": "q", "value": "1/3"}],
    "extra": True,
}


def test_what_is_written() -> None:
    assert to_json(MADE) == WRITTEN
    assert list(to_json(MADE)) == list(WRITTEN)


def test_what_is_described() -> None:
    schema = schema_of(Whole)

    assert schema["title"] == "whole/1"
    assert schema["description"] == "A whole, over two lines."
    assert list(schema["properties"]) == [*WRITTEN, "left_out"]
    assert schema["required"] == [name for name in WRITTEN if name != "extra"]
    assert schema["properties"]["id"] == {"type": ["string", "null"], "description": "Who it is."}
    assert schema["properties"]["year"] == {
        "type": "integer",
        "description": "The year of the day.",
    }
    assert schema["properties"]["best"]["anyOf"] == [{"$ref": "#/$defs/inner"}, {"type": "null"}]
    assert schema["properties"]["numbers"]["uniqueItems"] is True
    inner = schema["$defs"]["inner"]["properties"]
    assert inner["color"] == {"enum": ["red", "green"], "description": "Its color."}
    assert inner["shade"]["enum"] == ["red", "green", None]
    assert set(schema["$defs"]) == {"inner", "pair"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "May"),
        ("parts", [{"color": "blue", "units": 1, "shade": None}]),
        ("parts", [{"color": "red", "units": 1.5, "shade": None}]),
        ("parts", [{"color": "red", "units": "many", "shade": None}]),
        ("best", {"color": "red"}),
        ("numbers", [1, 1]),
        ("known", {"a": 1.5}),
        ("schema", "whole/2"),
        ("other", 1),
    ],
)
def test_what_is_not_such_a_value_is_refused(name: str, value: Any) -> None:
    valid = Draft202012Validator(
        schema_of(Whole), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    valid.validate(WRITTEN)

    assert not valid.is_valid({**WRITTEN, name: value})


VALUES: st.SearchStrategy[Value] = st.one_of(
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.fractions(),
    st.text(),
    st.dates(),
    st.frozensets(st.text()),
    st.just(NONE),
)
NUMBERS = st.one_of(st.integers(), st.decimals(-(10**9), 10**9, places=4), st.fractions())


@given(
    value=VALUES, units=st.none() | NUMBERS, day=st.none() | st.dates(), text=st.none() | st.text()
)
def test_everything_that_is_written_is_as_described(
    value: Value, units: Any, day: date | None, text: str | None
) -> None:
    made = Whole(
        text, day, (Inner("red", units),), Inner("green", units, "red"),
        Lazy.known(More((), (("name", value),))), (), (Pair("label", value),), False, text,
    )  # fmt: skip

    Draft202012Validator(schema_of(Whole)).validate(to_json(made))


def test_a_declaration_without_a_form_is_a_mistake() -> None:
    @dataclass
    class Wrong:
        weight: float

    with pytest.raises(TypeError, match="float"):
        to_json(Wrong(1.5))
