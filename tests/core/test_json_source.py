"""Strict JSON: the same values as the standard library's reader, and everything at its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.core.json_source import (
    MAX_DEPTH,
    JsonDocument,
    JsonPath,
    decode_utf8,
    position_in,
    read_json,
    render_path,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
numerals = st.one_of(
    st.integers(-(10**17), 10**17).map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,6})\.[0-9]{1,6}", fullmatch=True),
    st.from_regex(r"-?[1-9](\.[0-9]{1,3})?[eE][+-]?[0-9]", fullmatch=True),
)
spaces = st.sampled_from(["", " ", "\n", "\r\n", "\t", "  \n   "])


@st.composite
def written(draw: st.DrawFn, depth: int = 3) -> str:
    """A JSON text: any value, with any blanks, any escapes and any line ends."""

    def blank() -> str:
        return draw(spaces)

    def text() -> str:
        return json.dumps(draw(texts), ensure_ascii=draw(st.booleans()))

    kind = draw(st.sampled_from("nbts" if depth == 0 else "nbtsoool"))
    if kind == "o":
        keys = draw(st.lists(texts, unique=True, max_size=4))
        members = [
            f"{blank()}{json.dumps(key, ensure_ascii=draw(st.booleans()))}{blank()}:{blank()}"
            f"{draw(written(depth - 1))}{blank()}"
            for key in keys
        ]
        return "{" + (",".join(members) or blank()) + "}"
    if kind == "l":
        entries = [
            f"{blank()}{draw(written(depth - 1))}{blank()}" for _ in range(draw(st.integers(0, 4)))
        ]
        return "[" + (",".join(entries) or blank()) + "]"
    if kind == "n":
        return draw(numerals)
    return (
        draw(st.sampled_from(["true", "false"]))
        if kind == "b"
        else text()
        if kind == "t"
        else "null"
    )


def paths(value: Any, path: JsonPath = ()) -> Iterator[tuple[JsonPath, Any]]:
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from paths(inner, (*path, index))


def piece(text: str, where: Location) -> str:
    """The text between the two positions of a location."""
    assert where.start and where.end
    lines = text.split("\n")
    offsets = [
        sum(len(line) + 1 for line in lines[: at.line - 1]) + at.column - 1
        for at in (where.start, where.end)
    ]
    return text[offsets[0] : offsets[1]]


def refusal(text: str) -> list[tuple[str, str]]:
    """(code, line:column) of each problem of a text."""
    with pytest.raises(PolicyError) as refused:
        read_json(text, "f")
    return [
        (problem.code, f"{problem.location.start.line}:{problem.location.start.column}")
        for problem in refused.value.diagnostics
        if problem.location.start
    ]


@given(text=st.tuples(spaces, written(), spaces).map("".join))
@settings(max_examples=150, deadline=None)
def test_values_are_those_of_the_standard_library(text: str) -> None:
    expected = json.loads(text, parse_float=Decimal)

    assert read_json(text, "f").value == expected


@given(text=st.tuples(spaces, written(), spaces).map("".join))
@settings(max_examples=150, deadline=None)
def test_every_value_and_key_is_found_at_its_place(text: str) -> None:
    document = read_json(text, "f")
    for path, value in paths(document.value):
        where = document.locate(path)
        assert json.loads(piece(text, where), parse_float=Decimal) == value
        assert where.path == render_path(path)
        if path and isinstance(path[-1], str):
            assert json.loads(piece(text, document.locate(path, key=True))) == path[-1]


@given(text=st.text(st.sampled_from('{}[]",:truefalsn 0123456789.-+eE\\u\n\x00'), max_size=30))
@settings(max_examples=300, deadline=None)
def test_what_is_no_json_is_refused_with_a_place_inside_the_text(text: str) -> None:
    try:
        json.loads(text, parse_constant=lambda name: pytest.fail(name))
        known = True
    except ValueError:
        known = False
    try:
        read_json(text, "f")
    except PolicyError as refused:
        (first, *_) = refused.diagnostics
        assert not known or first.code in ("duplicate-key", "json-number")
        assert first.location.start
        lines = text.split("\n")
        assert 1 <= first.location.start.line <= len(lines)
        assert 1 <= first.location.start.column <= len(lines[first.location.start.line - 1]) + 1
    else:
        assert known


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [("json-syntax", "1:1")]),
        ("\n\n", [("json-syntax", "1:1")]),
        ("{", [("json-syntax", "1:2")]),
        ('{"a": 1', [("json-syntax", "1:8")]),
        ('{"a": 1,\n}', [("json-syntax", "2:1")]),
        ("[1, 2,]", [("json-syntax", "1:7")]),
        ("[1 2]", [("json-syntax", "1:4")]),
        ('{"a" 1}', [("json-syntax", "1:6")]),
        ("{'a': 1}", [("json-syntax", "1:2")]),
        ('"ab', [("json-syntax", "1:1")]),
        ('"a\nb"', [("json-syntax", "1:3")]),
        ('"\\x"', [("json-syntax", "1:2")]),
        ("nul", [("json-syntax", "1:1")]),
        ("1 1", [("json-syntax", "1:3")]),
        ("1٢", [("json-syntax", "1:2")]),
        ("[NaN]", [("json-number", "1:2")]),
        ("[-Infinity]", [("json-number", "1:2")]),
        ("1e19", [("json-number", "1:1")]),
        ("0.0000000000000000001", [("json-number", "1:1")]),
        ("1234567890123456789", [("json-number", "1:1")]),
        ('{"a": 1, "a": 2}', [("duplicate-key", "1:10")]),
        ('{"a": 1, "\\u0061": 2}', [("duplicate-key", "1:10")]),
        ('{"a": {"b": 1, "b": 1},\n "a": 2, ]', [("duplicate-key", "1:16"), ("duplicate-key", "2:2"),
                                                 ("json-syntax", "2:10")]),
    ],
)  # fmt: skip
def test_what_is_refused_and_where(text: str, found: list[tuple[str, str]]) -> None:
    assert refusal(text) == found


def test_brackets_may_be_nested_so_deep_and_no_deeper() -> None:
    deep = "[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH
    document = read_json(deep, "f")

    assert piece(deep, document.locate((0,) * MAX_DEPTH)) == "1"
    assert refusal(f"[{deep}]") == [("json-too-deep", f"1:{MAX_DEPTH + 1}")]


@pytest.mark.parametrize("long", ["1" * 19, "-" + "9" * 19, "1" * 5000])
@pytest.mark.parametrize("around", ["{}", "[{}]", '[1, "2", {}, 3]', '{{"a": {{"b": {}}}}}'])
def test_a_whole_number_has_so_many_digits_and_no_more(long: str, around: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_json(around.format(long), "a.json")
    assert [one.code for one in caught.value.diagnostics] == ["json-number"]
    short = long[: 18 + long.startswith("-")]
    for text in (around.format(short), around.format(f'["{long}", {short}]')):
        value = read_json(text, "a.json").value
        assert value == json.loads(text)
        assert json.dumps(value) == json.dumps(json.loads(text))


def test_numbers_are_exact() -> None:
    values = read_json("[0.1, 1.10, 1e2, -0.0, 100000000000000000]", "f").value

    assert values == [Decimal("0.1"), Decimal("1.10"), Decimal(100), Decimal(0), 10**17]
    assert [type(value) for value in values] == [Decimal, Decimal, Decimal, Decimal, int]


def test_a_byte_order_mark_is_no_character_of_the_file() -> None:
    text = decode_utf8(b"\xef\xbb\xbf[1]", "f")

    assert read_json(text, "f").locate((0,)).start == (1, 2)
    assert read_json("\ufeff[1]", "f").value == [1]


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(PolicyError) as refused:
        decode_utf8(b'{"a": "\xe9"}', "f")

    (problem,) = refused.value.diagnostics
    assert problem.code == "not-text"
    assert "byte 7 is 0xe9" in problem.message


def test_a_part_that_is_not_there_is_told_at_what_would_hold_it() -> None:
    document = read_json('{"a": {"b": [1]}}', "f")

    assert piece(document.text, document.locate(("a", "c", 3))) == '{"b": [1]}'
    assert piece(document.text, document.locate(("a", "b", 7))) == "[1]"
    assert piece(document.text, document.locate(("z",), key=True)) == document.text


LONG = """{
  "rules": [
    {
      "id": "a",
      "when": {
        "all": []
      }
    },
    [
      1
    ]
  ]
}
"""


@pytest.mark.parametrize(
    ("path", "underlined"),
    [
        (("rules", 0, "id"), '"a"'),
        (("rules", 0, "when"), '"when"'),
        (("rules", 0), '"id"'),
        (("rules", 1), "["),
        (("rules", 0, "when", "all"), "[]"),
        ((), "{"),
    ],
)
def test_a_part_over_several_lines_is_pointed_at_by_its_name(
    path: JsonPath, underlined: str
) -> None:
    problem = read_json(LONG, "f").problem("wrong-value", "…", path)

    assert piece(LONG, problem.location) == underlined
    assert problem.location.path == render_path(path)


def test_a_piece_of_a_text_can_be_pointed_at() -> None:
    document = read_json('{"because": "Taken for {weeks}.", "b": "\\u007bweeks}"}', "f")

    def underlined(key: str) -> str:
        problem = document.problem("unknown-fact", "…", (key,), part="{weeks}")
        return piece(document.text, problem.location)

    assert underlined("because") == "{weeks}"
    assert underlined("b") == '"\\u007bweeks}"'


def test_lines_end_where_editors_end_them() -> None:
    """Other marks that Unicode calls line ends are characters like any other."""
    text = '{"a": "x\u2028y\x85z",\r\n "b": 1}'
    document = read_json(text, "f")

    assert document.locate(("b",)).start == (2, 7)
    assert document.problem("wrong-value", "…", ("b",)).excerpt == ' "b": 1}'
    assert position_in(text, 0) == (1, 1)


def test_a_very_long_line_is_not_quoted() -> None:
    document = read_json('{"a": "' + "x" * 1_000 + '"}', "f")

    assert document.problem("wrong-value", "…", ("a",)).excerpt is None


def test_positions_are_found_only_when_they_are_asked_for() -> None:
    document = read_json('{"a": 1}', "f")

    assert isinstance(document, JsonDocument)
    assert document._values is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            '{"id": "\\udfff", "literal": ["\\u0000"]}',
            [(8, "$.id", "U+DFFF"), (30, "$.literal[0]", "U+0000")],
        ),
        ('["\\ud83d"]', [(2, "$[0]", "U+D83D")]),
        ('{"\\uD800": 1}', [(1, "$", "U+D800")]),
        ('["\\ud83d\\ude00", "\\\\ud800"]', []),
    ],
)
def test_a_character_that_nobody_can_read_is_refused_where_text_is_read(
    text: str, told: list[tuple[int, str, str]]
) -> None:
    found: list[tuple[int, str, str]] = []
    try:
        read_json(text, "f")
    except PolicyError as error:
        for one in sorted(error.diagnostics, key=Diagnostic.sort_key):
            assert one.location.start and one.code == "wrong-value"
            found.append((one.location.start.column, one.location.path, one.message[-7:-1]))

    assert found == told
