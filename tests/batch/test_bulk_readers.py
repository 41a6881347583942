"""Readers in bulk are no laxer than the strict ones: what they refuse or leave has the same rejects."""

from __future__ import annotations

import json
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payer_policy import Engine
from payer_policy.batch.deciding import Answered, Decider
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.json_source import read_json
from payer_policy.formats.blocks import Block, JsonLines
from payer_policy.formats.json.bulk import quick_lines
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.reading_in_columns import Reading
from payer_policy.request.requests_in_columns import gathered
from tests.examples import examples
from tests.generated_claims import claims
from tests.places import POLICIES
from tests.random_rulesets import randoms


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


GOOD: list[dict[str, Any]] = [one for one in claims(12, 60) if one.get("lines")][:40]


def changed(**changes: Any) -> str:
    """A claim of which the first line, or the claim, says something else."""
    claim = deepcopy(GOOD[0])
    for name, value in changes.items():
        (claim["lines"][0] if name in claim["lines"][0] else claim)[name] = value
    return json.dumps(claim)


PLAIN = json.dumps(GOOD[0])
HOSTILE = {
    "null where none may be": changed(modifiers=None, frequency=None),
    "null as the code": changed(code=None),
    "half a character": PLAIN.replace('"id": "', '"id": "\\ud800', 1),
    "a character of no text": PLAIN.replace('"id": "', '"id": "\\u0000', 1),
    "a numeral with an exponent as text": changed(units="1e1"),
    "an exponent": PLAIN.replace('"units": ', '"units": 1e0, "ndc_unit": "ML", "u": ', 1),
    "a long exponent": PLAIN.replace('"charge": ', '"charge": 0e50, "x": ', 1),
    "too many digits": changed(units=1).replace('"units": 1', '"units": 1.' + "0" * 40, 1),
    "a huge number": changed(units=10**30),
    "a number too large for a claim": changed(units=10**13),
    "negative units": changed(units=-1),
    "true as units": changed(units=True),
    "true as a number of a line": changed(units=1).replace('"units": 1', '"number": true, "units": 1', 1),
    "a day of no calendar": changed(date="2023-02-29"),
    "a date with a time": changed(date="2025-03-04T00:00:00"),
    "a week date": changed(date="2025-W10-2"),
    "two objects on a line": PLAIN + " " + PLAIN,
    "an object over two lines": PLAIN[:200] + "\n" + PLAIN[200:],
    "a member twice": PLAIN.replace('"id": ', '"id": "A", "id": ', 1),
    "a member twice, with blanks": PLAIN.replace('"id": ', '"id" : "A", "id": ', 1),
    "a member twice behind a name in a text": PLAIN.replace(
        '"id": ', '"id": "\\":", "id": ', 1
    ),
    "a fact twice": PLAIN[:-1] + ', "facts": {"dose.administered": 1, "dose.administered": 2}}',
    "no such field": changed(no_field=1),
    "no such fact": PLAIN[:-1] + ', "facts": {"no.fact": 1}}' if '"facts"' not in PLAIN else "{}",
    "a list as a fact": PLAIN.replace('"coverage"', '"facts": {"dose.remainder": [[1]]}, "coverage"', 1),
    "an object as an id": changed(id={"a": 1}),
    "another object as an id": changed(id={"b": 1}),
    "an object as units": changed(units={"a": 1}),
    "lines that are none": changed(lines=[1, 2]),
    "lines in an object": changed(lines={"code": "J0945"}),
    "a pointer to no diagnosis": changed(code="J0945").replace(
        '"code"', '"diagnosis_pointers": [9], "code"', 1
    ),
    "an authorization that ends before it begins": PLAIN.replace(
        '"coverage"',
        '"authorizations": [{"valid_from": "2025-02-02", "valid_through": "2025-02-01"}], "coverage"',
        1,
    ) if '"authorizations"' not in PLAIN else "[]",
    "a resource": '{"resourceType": "Claim"}',
    "a schema": PLAIN[:-1] + ', "$schema": "request.schema.json"}',
    "a schema that is no text": PLAIN[:-1] + ', "$schema": 1}',
    "a list": "[]",
    "nothing": "null",
    "a comment": PLAIN + " // synthetic",
    "a tab in a text": PLAIN.replace('"id": "', '"id": "\t', 1),
    "an apostrophe": PLAIN.replace('"', "'"),
    "NaN": changed(units=1).replace('"units": 1', '"units": NaN', 1),
    "deep": '{"facts": {"a": ' + "[" * 2_000 + "]" * 2_000 + "}}",
    "ten digits that could be three NDCs": changed(ndc="1234567890", ndc_unit="XX"),
    "an NDC with its qualifier": changed(ndc="N466794015502"),
}  # fmt: skip


def decided(engine: Engine, data: bytes, *, columns: bool) -> Answered:
    block = Block(JsonLines(data, 1, False), None, {}, 0)
    return Decider(engine, None, columns=columns).answered("claims.jsonl", block)


def agree(engine: Engine, data: bytes) -> None:
    columns, rows = (decided(engine, data, columns=way) for way in (True, False))
    assert columns.rejects == rows.rejects
    assert columns.counts["warnings"] == rows.counts["warnings"]
    assert columns.counts["rejects"] == rows.counts["rejects"]
    found, wanted = (one.table.drop_columns(["engine"]).to_pylist() for one in (columns, rows))
    assert found == wanted


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_line_among_good_ones(engine: Engine, name: str) -> None:
    lines = [json.dumps(one) for one in GOOD]
    lines.insert(7, HOSTILE[name])

    agree(engine, "\n".join(lines).encode("utf-8", "surrogatepass") + b"\n")


def test_all_of_them_and_bytes_that_are_no_text(engine: Engine) -> None:
    lines = [json.dumps(one).encode() for one in GOOD]
    lines += [one.encode("utf-8", "surrogatepass") for one in HOSTILE.values()]
    lines += [b'{"id": "\xff"}', b"\xef\xbb\xbf" + PLAIN.encode(), b"", b"  \t\r", b"\xed\xa0\x80"]

    agree(engine, b"\xef\xbb\xbf" + b"\r\n".join(lines))


@given(text=st.text(st.sampled_from('{}[]":,.-+eE0159 \t\\u\ud83dantfls'), max_size=40))
@settings(max_examples=examples(600), deadline=None)
def test_what_the_quick_reader_reads_the_strict_one_reads_alike(text: str) -> None:
    for data in (text, f'{{"id": {text}}}', f'{{"facts": {{"a": {text}}}}}'):
        line = data.replace("\n", " ").encode("utf-8", "surrogatepass")
        for _, value in quick_lines(line, 1):
            if value is None:
                continue
            try:
                strict = read_json(line.decode(), "line").value
            except PolicyError:
                # Numbers of many digits are refused where a field or a fact is read.
                assert any(
                    len(digits) > 17
                    for digits in "".join(char if char.isdigit() else " " for char in text).split()
                )
            else:
                assert value == strict
                assert json.dumps(value, default=str) == json.dumps(strict, default=str)


MUTATIONS: list[Any] = [
    None, True, False, 0, 1, -1, 7, 10**13, "", " ", "x", "J0945", "2025-03-04", "2025-13-01", "1.50",
    "N4", [], ["JW"], [None], ["JW", "JW"], [1], {}, {"a": 1}, "A\u0085B", "  two  words ", "12345",
]  # fmt: skip


def mutated(random: Random, claim: dict[str, Any]) -> dict[str, Any]:
    """A claim with some of its values replaced, or some members gone or new."""
    claim = deepcopy(claim)
    for _ in range(random.randint(1, 3)):
        part: Any = claim
        while True:
            name = random.choice(list(part)) if isinstance(part, dict) and part else None
            if isinstance(part, list) and part:
                name = random.randrange(len(part))
            if name is None:
                break
            if isinstance(part[name], (dict, list)) and part[name] and random.random() < 0.7:
                part = part[name]
                continue
            if isinstance(part, dict) and random.random() < 0.2:
                del part[name]
            else:
                part[name] = deepcopy(random.choice(MUTATIONS))
            break
    return claim


@given(random=randoms)
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_request_is_read_in_bulk_as_by_itself_or_not_at_all(
    engine: Engine, random: Random
) -> None:
    vocabulary = engine.library.vocabulary
    given_ = [mutated(random, random.choice(GOOD)) for _ in range(12)]
    reading = Reading(vocabulary)
    for one in given_:
        reading.read(one)

    made = reading.made()

    for row, one in enumerate(given_):
        try:
            request = request_from_mapping(one)
            alone = gathered([request], vocabulary)
        except PolicyError:
            assert made.refused[row] or _repeats_a_number(one), one
            continue
        if made.refused[row]:
            assert alone.refused[0], one
            continue
        columns = made.columns
        for path, column in alone.columns.fields.items():
            if path not in ("authorizations", "history"):
                found = columns.fields.get(path)
                assert (None if found is None else found[row]) == column[0], path
        for name, column in alone.columns.facts.items():
            assert columns.facts[name][row] == column[0]
        start = columns.lines.starts[row]
        for name, column in alone.columns.line_fields.items():
            found = columns.line_fields.get(name)
            for at in range(len(request.lines)):
                value = None if found is None else found[start + at]
                assert value == column[at] or (name == "number" and value is None), name


def _repeats_a_number(claim: dict[str, Any]) -> bool:
    """Lines of one number are found where services are made of lines."""
    numbers = [line.get("number") for line in claim["lines"] if isinstance(line, dict)]
    through = any(line.get("through") for line in claim["lines"] if isinstance(line, dict))
    return len(set(numbers)) < len(numbers) or through
