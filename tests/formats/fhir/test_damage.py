"""Damaged and hostile FHIR: never an exception, never a silent change, always words for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.formats import read_requests
from payer_policy.formats.fhir import (
    claim_response,
    error_response,
    operation_outcome,
    read_inquiry,
    read_submissions,
)
from tests.formats.fhir.building import ANSWERED, FAVORABLE, RULES, as_bytes, bundle, engine

WHOLE: dict[str, Any] = json.loads(
    as_bytes(bundle(facts={"trial.dose": 50, "trial.response": "favorable"}))
)
OTHERS: tuple[Any, ...] = (
    None,
    7,
    "x",
    True,
    [],
    {},
    [{}],
    {"coding": 3},
    "9" * 300,
    -1,
    "2026-02-30",
)


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    children = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, child in children:
        yield from _paths(child, (*path, key))


PATHS = list(_paths(WHOLE))


def _changed(path: tuple[Any, ...], how: Any) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(WHOLE))
    target: Any = made
    for step in path[:-1]:
        target = target[step]
    if how == "drop":
        del target[path[-1]]
    else:
        target[path[-1]] = how
    return made


def _judge(made: Any) -> None:
    """Whatever is read is decided or refused with a reason, and can be answered."""
    library = engine().library
    data = json.dumps(made).encode()
    for found in read_submissions(data, "damaged.json", library.vocabulary, library.reference):
        problems = found.intake.diagnostics
        assert not any(one.code == "internal-error" for one in problems), problems
        operation_outcome(problems)
        if found.intake.request is None:
            assert any(one.severity == "error" for one in problems)
            assert all(one.message and len(one.message) < 700 for one in problems)
            error_response(problems, found.asked, created=ANSWERED)
        else:
            outcome = engine().decide(found.intake.request).to_json()
            claim_response(outcome, found.asked, created=ANSWERED, rules=RULES)
    read_inquiry(data, "damaged.json")


@pytest.mark.parametrize("part", range(8))
def test_every_element_dropped(part: int) -> None:
    for path in PATHS[part::8]:
        _judge(_changed(path, "drop"))


@settings(max_examples=120, deadline=None)
@given(path=st.sampled_from(PATHS), how=st.sampled_from(OTHERS))
def test_any_element_as_something_else(path: tuple[Any, ...], how: Any) -> None:
    _judge(_changed(path, how))


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, len(as_bytes(WHOLE))), put=st.binary(max_size=6))
def test_any_bytes(cut: int, put: bytes) -> None:
    data = as_bytes(WHOLE)
    for damaged in (data[:cut], data[:cut] + put + data[cut + len(put) :]):
        for found in read_submissions(damaged, "damaged.json"):
            assert found.intake.request is not None or found.intake.diagnostics
        assert read_requests(damaged, "damaged.json")


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "json-syntax"),
    "a list": (b"[1]", "wrong-format"),
    "no resource": (b'{"resourceType": 5}', "wrong-format"),
    "an empty bundle": (b'{"resourceType": "Bundle", "entry": []}', "wrong-format"),
    "deep": (b'{"resourceType":"Bundle","entry":' + b"[" * 90 + b"]" * 90 + b"}", "json-too-deep"),
    "a huge number": (b'{"resourceType":"Claim","x":1e999999}', "json-number"),
    "twice": (b'{"resourceType":"Claim","use":"claim","use":"claim"}', "duplicate-key"),
    "not text": (b'{"resourceType":"Claim","id":"\xff"}', "not-text"),
    "large": (b'{"resourceType":"Claim","id":"' + b"a" * 8_000_001 + b'"}', "too-large"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_hostile_is_named(name: str) -> None:
    data, code = HOSTILE[name]
    (found,) = read_submissions(data, "hostile.json")
    assert [problem.code for problem in found.intake.diagnostics] == [code]


def test_circles_of_references_end() -> None:
    made = json.loads(json.dumps(WHOLE))
    made["entry"][3]["resource"] = {
        "resourceType": "PractitionerRole",
        "id": "clinic",
        "practitioner": {"reference": "PractitionerRole/clinic"},
    }
    made["entry"][0]["resource"]["provider"] = {"reference": "PractitionerRole/clinic"}
    _judge(made)


def test_a_bundle_in_a_bundle_is_read() -> None:
    (found,) = read_submissions(
        as_bytes({"resourceType": "Bundle", "type": "collection", "entry": [{"resource": WHOLE}]}),
        "nested.json",
    )
    assert found.intake.request is not None


def test_a_claim_in_parameters_is_read() -> None:
    made = {
        "resourceType": "Parameters",
        "parameter": [{"name": "resource", "resource": bundle(facts=FAVORABLE)}],
    }
    (found,) = read_submissions(as_bytes(made), "parameters.json")
    assert found.intake.claim_id == "SYN-FHIR-1"


def test_without_the_models_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fhir.resources.R4B", None)
    (found,) = read_submissions(as_bytes(bundle()), "request.json")

    (problem,) = found.intake.diagnostics
    assert problem.code == "not-installed"
    assert problem.hint == "pip install 'payer-policy[fhir]'"


def _at(path: tuple[Any, ...]) -> Any:
    value: Any = WHOLE
    for step in path:
        value = value[step]
    return value


TEXTS = [path for path in PATHS if isinstance(_at(path), str)]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: ".".join(map(str, path)))
def test_half_a_character_anywhere_refuses_a_document_in_words_that_can_be_written(
    path: tuple[Any, ...],
) -> None:
    """An answer repeats parts of what was asked, and could not be sent with it."""
    text = json.dumps(_changed(path, f"{_at(path)}\ud800"))
    assert not read_submissions(text.replace("\\ud800", "").encode(), "f")[0].intake.is_note

    [one] = read_submissions(text.encode(), "f")

    assert one.intake.request is None
    [problem] = one.intake.diagnostics
    assert "half a character (U+D800)" in problem.message
    said = error_response(one.intake.diagnostics, one.asked, created="2026-02-02T09:00:05Z")
    assert json.dumps([problem.to_json(), said], ensure_ascii=False).encode("utf-8")
    assert [intake.request for intake in read_requests(text.encode(), "f")] == [None]
    whole = json.dumps(_changed(path, f"{_at(path)}\U0001f600"))
    assert "half a character" not in str(
        read_submissions(whole.encode(), "f")[0].intake.diagnostics
    )
