"""Stored answers may be damaged, old, or another request's: nothing of them is taken on trust."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.ruleset import Reason
from payer_policy.formats.x12 import About, Certifying, Rules, remit, review
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request
from tests.formats.x12.building import DAY, REVIEW_RULES, engine, written
from tests.formats.x12.test_cases import CASES

RULES = Rules(DAY, Reason("OA", "133", ()), others_as_billed=True)
NAMES = ("835--denied-50", "835--reduced", "835--one-line-denied", "835--pended")


@cache
def stored(name: str) -> tuple[Request, dict[str, Any]]:
    raw = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))["request"]
    request = request_from_mapping(raw)
    return request, engine().decide(request).to_json()


def changed(document: Any, path: list[Any], value: Any) -> Any:
    document = copy.deepcopy(document)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return document


def paths(document: Any) -> list[list[Any]]:
    if isinstance(document, dict):
        inner = [(key, document[key]) for key in document]
    elif isinstance(document, list):
        inner = list(enumerate(document))
    else:
        return []
    return [[key, *rest] for key, part in inner for rest in ([], *paths(part))]


WORDS = ("approve", "deny", "pend", "reduce", "CO", "16", "MA01", "", "*", "é~", "9" * 5000)
NUMBERS = (0, -1, 10**40, 1.5, "1/0", "1/3", "-2")
VALUES = st.sampled_from([*WORDS, *NUMBERS, None, True, [], {}, [None], ["N1", "N1"], ["*"]])


@given(st.sampled_from(NAMES), st.data())
@settings(max_examples=250, deadline=None)
def test_no_damaged_answer_makes_a_writer_fail(name: str, data: st.DataObject) -> None:
    request, document = stored(name)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(paths(document)))
        document = changed(document, path, data.draw(VALUES))
    made = remit(request, document, About("PCN-1"), RULES, engine().library.reference.reason_codes)

    errors = [problem for problem in made.problems if problem.severity == "error"]
    assert (made.payment is None) == bool(errors)
    if made.payment is not None:
        assert made.payment.balances()
        text = written(made.payment)
        assert text.text or text.problems
    asked = request.model_copy(update={"kind": "preauthorization"})
    answer = review(asked, document, Certifying(REVIEW_RULES, "C-1"))
    assert answer.review is not None or answer.problems


@pytest.mark.parametrize("value", ["1/0", "-1/2", "9" * 40 + ".5"])
def test_units_that_are_none_are_told(value: str) -> None:
    request, document = stored("835--reduced")
    document = changed(document, ["determinations", 0, "lines", 0, "allowed_units"], value)
    made = remit(request, document, About("PCN-1"), RULES, engine().library.reference.reason_codes)

    assert [problem.code for problem in made.problems] == ["wrong-value"]
    assert "allowed_units" in made.problems[0].message


def test_remarks_of_an_approved_line_are_looked_up_too() -> None:
    raw = json.loads((CASES / "835--approved.json").read_text(encoding="utf-8"))["request"]
    request = request_from_mapping(raw)
    document = engine().decide(request).to_json()
    note = next(f for f in document["determinations"][0]["findings"] if f["kind"] == "advise")
    note["rarcs"] = ["N9999"]
    made = remit(request, document, About("PCN-1"), RULES, engine().library.reference.reason_codes)

    assert [problem.code for problem in made.problems] == ["unknown-code"]
