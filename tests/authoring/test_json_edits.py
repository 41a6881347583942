"""Edits of JSON texts: the value is what it is to be, and what was not touched is the same text."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.authoring.json_edits import laid_out, with_member, with_value, without_member
from payer_policy.core.json_source import JsonDocument, JsonPath, read_json
from tests.examples import examples

NAMES = st.sampled_from(["a", "b", "c", "d é", 'e"f'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "x, y", "{"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
INDENTS = st.sampled_from([None, 1, 2])


def document(value: Any, indent: int | None) -> JsonDocument:
    return read_json(json.dumps(value, indent=indent, ensure_ascii=False), "file.json")


def paths(value: Any, at: JsonPath = ()) -> list[JsonPath]:
    found: list[JsonPath] = [at]
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inside:
            found += paths(part, (*at, key))
    return found


def replaced(value: Any, path: JsonPath, new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


@given(OBJECTS, INDENTS, VALUES, st.data())
@settings(max_examples=examples(100), deadline=None)
def test_a_value_is_replaced(value: Any, indent: int | None, new: Any, data: st.DataObject) -> None:
    path = data.draw(st.sampled_from(paths(value)))
    made = document(value, indent)
    text = with_value(made, path, json.dumps(new))
    assert json.loads(text) == replaced(value, path, new)
    start, end = made.span(path)
    assert text.startswith(made.text[:start]) and text.endswith(made.text[end:])


@given(OBJECTS, INDENTS, VALUES, st.data())
@settings(max_examples=examples(100), deadline=None)
def test_a_member_is_added_behind_another(
    value: Any, indent: int | None, new: Any, data: st.DataObject
) -> None:
    after = data.draw(st.none() | st.sampled_from([*value, "not there"]))
    text = with_member(document(value, indent), (), "new", laid_out(new, 1), after=after)
    read = json.loads(text)
    assert read == {**value, "new": new}
    order = [*value]
    order.insert(order.index(after) + 1 if after in value else len(order), "new")
    assert list(read) == order


@given(OBJECTS.filter(bool), INDENTS, st.data())
@settings(max_examples=examples(100), deadline=None)
def test_a_member_is_removed_with_its_comma(
    value: Any, indent: int | None, data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(list(value)))
    text = without_member(document(value, indent), (gone,))
    assert json.loads(text) == {name: one for name, one in value.items() if name != gone}
    assert list(json.loads(text)) == [name for name in value if name != gone]


def test_the_layout_stays() -> None:
    text = '{\n  "a": [1,  2],\n  "b": {"c": 3}\n}\n'
    made = read_json(text, "file.json")
    more = text.replace(",\n", ',\n  "d": 4,\n', 1)
    assert with_member(made, (), "d", "4", after="a") == more
    assert without_member(made, ("b",)) == '{\n  "a": [1,  2]\n}\n'
    assert with_member(made, ("b",), "d", "4") == text.replace('"c": 3', '"c": 3, "d": 4')
