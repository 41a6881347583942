"""A request from a program: accepted as it would be from a file, or refused with every problem; never an
error of Python's, and never changed by what the caller does with its mapping afterwards."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from payer_policy import (
    Coverage,
    Engine,
    Line,
    Outcome,
    PayerPolicyError,
    PolicyError,
    PriorLine,
    Request,
    read_requests,
    request_from_mapping,
)
from payer_policy.bundle import open_bundle, open_folder
from payer_policy.formats import read_supplements
from payer_policy.formats.answer import answer
from payer_policy.formats.cds_hooks import SERVICES, read_feedback, read_hook
from payer_policy.formats.fhir import Asked, exact_json, read_inquiry, read_submissions
from payer_policy.policy.loading import open_library
from tests.places import ROOT

ENGINE = Engine.open(ROOT / "policies")
LINE = {"code": "J0945", "units": 4, "date": "2025-03-04"}
HOOK = next(iter(SERVICES))
POLICY, DAY = "medicare/intrathecal-baclofen", date(2025, 3, 4)
CLAIM = {"id": "SYN-1", "coverage": {"payer": "medicare"}, "lines": [LINE]}


def _line(**changes: Any) -> dict[str, Any]:
    return {**CLAIM, "lines": [{**LINE, **changes}]}


def _circle() -> dict[str, Any]:
    claim = dict(CLAIM)
    claim["facts"] = claim
    return claim


def _round_list() -> dict[str, Any]:
    value: list[Any] = []
    value += [value, value]
    return {**CLAIM, "facts": {"trial.response": value}, "kind": 5}


def _deep() -> dict[str, Any]:
    value: list[Any] = []
    for _ in range(3000):
        value = [value]
    return {**CLAIM, "facts": {"trial.response": value}, "kind": 5}


class _Code(StrEnum):
    BACLOFEN = "J0945"


FACT = next(
    name
    for name, fact in ENGINE.library.vocabulary.facts.items()
    if fact.type.kind == "decimal" and fact.source is None and not fact.derived
)
FLOAT = "a binary floating-point number, which is not exact"
REFUSED: dict[str, tuple[Any, str, str]] = {
    # what is given: the place, and a piece of the sentence
    "None": (None, "$", "found None; a request was expected: a `Request`, or a mapping"),
    "a list": ([CLAIM], "$", "found a list; a request was expected"),
    "a tuple": ((CLAIM,), "$", "found a `tuple`; a request was expected"),
    "a text": ("x", "$", "found a text; a request was expected"),
    "bytes": (b"{}", "$", "found a `bytes`; a request was expected"),
    "a number": (4, "$", "found an `int`; a request was expected"),
    "a generator": ((one for one in [CLAIM]), "$", "found a `generator`; a request was"),
    "an object": (object(), "$", "found an `object`; a request was expected"),
    "a float": (_line(units=4.0), "$.lines[0].units", f"found 4.0, {FLOAT}"),
    "a float number": (_line(number=1.0), "$.lines[0].number", f"found 1.0, {FLOAT}"),
    "a float of a fact": ({**CLAIM, "facts": {FACT: 1.5}}, f"$.facts.{FACT}", f"1.5, {FLOAT}"),
    "NaN": (_line(units=math.nan), "$.lines[0].units", f"found nan, {FLOAT}"),
    "infinity": (_line(charge=-math.inf), "$.lines[0].charge", f"found -inf, {FLOAT}"),
    "decimal NaN": (_line(units=Decimal("NaN")), "$.lines[0].units", "a finite number was"),
    "signaling NaN": (_line(units=Decimal("sNaN")), "$.lines[0].units", "a finite number was"),
    "a huge number": (_line(units=10**5000), "$.lines[0].units", "too large for a claim"),
    "a huge decimal": (_line(units=Decimal("1e999999")), "$.lines[0].units", "too large"),
    "a number as key": ({**CLAIM, 1: 2}, "$", "found an `int` as a key; every key is a text"),
    "None as key": ({**CLAIM, None: 2}, "$", "found null as a key; every key is a text"),
    "a tuple as key": ({**CLAIM, (1, 2): 2}, "$", "found a `tuple` as a key"),
    "a key deep inside": ({**CLAIM, "facts": {3: 1}}, "$.facts", "found an `int` as a key"),
    "a circle": (_circle(), "$.facts", "the value here contains itself"),
    "a circle of lists": (_round_list(), '$.facts["trial.response"][0]', "contains itself"),
    "very deep": (_deep(), "$.facts", "nested more than 64 deep"),
    "bytes inside": (_line(code=b"J0945"), "$.lines[0].code", "found a `bytes`; expected text"),
    "a complex number": (_line(units=1j), "$.lines[0].units", "found a `complex`"),
    "a time": (_line(date=datetime(2025, 3, 4)), "$.lines[0].date", "a date was expected"),
    "half a character": (_line(code="\ud800"), "$.lines[0].code", "half a character (U+D800)"),
    "a set in order": ({**CLAIM, "diagnoses": {"G35"}}, "$.diagnoses", "the order counts"),
    "a FHIR resource": ({"resourceType": "Claim"}, "$.resourceType", "this is a FHIR resource"),
    "a number for $schema": ({**CLAIM, "$schema": 1}, "$.$schema", "`$schema` is not a field"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_request_is_made_of_a_mapping_or_refused_with_the_same_sentence(name: str) -> None:
    value, _, _ = REFUSED[name]
    found = []
    for ask in (request_from_mapping, ENGINE.decide):
        if name == "a float of a fact" and ask is request_from_mapping:
            return  # facts are typed by the vocabulary, which only the engine has
        with pytest.raises(PolicyError) as caught:
            ask(value)
        found.append([one.to_json() for one in caught.value.diagnostics])
    assert found[0] == found[1]


@pytest.mark.parametrize("ask", ["decide", "decide_fully", "considered", "explain"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_request_is_refused_with_a_sentence(name: str, ask: str) -> None:
    value, place, message = REFUSED[name]

    with pytest.raises(PolicyError) as caught:
        getattr(ENGINE, ask)(value)

    (problem,) = [one for one in caught.value.diagnostics if one.location.path == place]
    assert message in problem.message
    if FLOAT in problem.message:
        assert problem.hint is not None
        assert "give an int, a Decimal or text" in problem.hint


def test_all_problems_are_reported_at_once_and_at_most_a_hundred() -> None:
    with pytest.raises(PolicyError) as caught:
        ENGINE.decide({**CLAIM, 1: 1, "facts": {2: 2}, "id": b"x"})
    assert len(caught.value.diagnostics) == 3

    with pytest.raises(PolicyError) as caught:
        ENGINE.decide({**CLAIM, "facts": {str(at): b"" for at in range(1000)}})
    assert len(caught.value.diagnostics) == 101
    assert "too-many-problems" in {one.code for one in caught.value.diagnostics}


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(max_size=5)
    | st.dates()
    | st.datetimes()
    | st.binary(max_size=3)
    | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(
            st.sampled_from(["id", "lines", "code", "facts", "units", "$schema"]) | st.integers(),
            inner,
            max_size=4,
        )
        | st.frozensets(st.integers() | st.text(max_size=2), max_size=2)
    ),
)


@given(_ANYTHING, st.sampled_from([None, "id", "lines", "facts", "coverage", "diagnoses"]))
def test_anything_is_decided_or_refused_and_never_a_fault(value: Any, place: str | None) -> None:
    try:
        outcome = ENGINE.decide(value if place is None else {**CLAIM, place: value})
    except PolicyError as error:
        assert error.diagnostics
    else:
        assert isinstance(outcome, Outcome)


ACCEPTED: dict[str, Any] = {
    "with $schema": {"$schema": "../../schema/request.schema.json", **CLAIM},
    "a mapping that is no dict": MappingProxyType(CLAIM),
    "mappings inside": {**CLAIM, "coverage": MappingProxyType({"payer": "medicare"})},
    "tuples": {**CLAIM, "lines": (LINE,)},
    "a date": _line(date=date(2025, 3, 4)),
    "a Decimal": _line(units=Decimal("4.0")),
    "a numeral as text": _line(units="4"),
    "a text of another class": _line(code=_Code.BACLOFEN),
    "models": {
        **CLAIM,
        "coverage": Coverage(payer="medicare"),
        "lines": [Line(code="J0945", units=4, date=date(2025, 3, 4))],
    },
    "blanks around the id": {**CLAIM, "id": "  SYN-1 "},
    "a request": Request.model_validate(CLAIM),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_the_same_request_in_other_python_values_has_the_same_answer(name: str) -> None:
    assert ENGINE.decide(ACCEPTED[name]).to_json() == ENGINE.decide(CLAIM).to_json()


EXAMPLES = sorted((ROOT / "examples" / "claims").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_shipped_example_is_accepted_as_a_mapping_as_it_is(path: Path) -> None:
    value = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    if not path.stem.endswith(".facts"):
        assert ENGINE.decide(value).determinations


@pytest.mark.parametrize("id_", [" SYN-1 ", "SYN-1", "SYN   1", "\tSYN-1\n", "", "   ", None])
def test_the_claim_number_of_an_outcome_is_that_of_its_determinations(id_: str | None) -> None:
    claim = {**CLAIM, "id": id_, "lines": [LINE, {**LINE, "code": "99213"}]}
    (intake,) = read_requests(json.dumps(claim).encode(), "a.json")
    try:
        outcomes = [ENGINE.decide(claim), answer(ENGINE, intake).outcome]
    except PolicyError as error:
        assert [one.message for one in error.diagnostics] == [
            one.message.partition(": ")[2] if intake.claim_id else one.message
            for one in intake.diagnostics
        ]
        return
    for outcome in outcomes:
        assert {one.claim_id for one in outcome.determinations} == {outcome.claim_id}
        assert {one.claim_id for one in outcome.without_policy} <= {outcome.claim_id}
    assert outcomes[0].to_json() == outcomes[1].to_json()


def _emptied(value: Any) -> None:
    """All that is inside a value, taken out."""
    for part in list(value.values() if isinstance(value, dict) else value):
        if isinstance(part, (dict, list)):
            _emptied(part)
    value.clear()


def _example() -> dict[str, Any]:
    path = ROOT / "examples" / "claims" / "question.json"
    value: dict[str, Any] = json.loads(path.read_text("utf-8"), parse_float=Decimal)
    return value


@pytest.mark.parametrize("made", [lambda value: value, Request.model_validate])
def test_a_determination_does_not_change_with_the_mapping_that_it_was_made_of(
    made: Callable[[dict[str, Any]], Any],
) -> None:
    claim = _example()
    claim.pop("$schema")
    expected = ENGINE.decide(_example()).to_json()
    request = made(claim)

    outcome = ENGINE.decide(request)
    _emptied(claim)
    if isinstance(request, Request):
        request.facts.clear()

    assert outcome.to_json() == expected
    assert outcome.determinations


def test_a_determination_does_not_change_with_the_facts_that_it_was_made_of() -> None:
    policy = ENGINE.policy("medicare/intrathecal-baclofen", date(2025, 3, 4))
    facts: dict[str, Any] = {
        "coverage.payer": "medicare",
        "drug.code": "J0945",
        "service.date": date(2025, 3, 4),
        "therapy.phase": "initial",
        "claim.for_payment": True,
    }
    expected = policy.decide(dict(facts)).to_json()

    made = policy.decide(facts)
    facts["trial.response"] = "favorable"
    del facts["therapy.phase"]

    assert made.to_json() == expected


def test_the_schema_beside_a_request_is_accepted_from_every_form_of_file() -> None:
    values = [{"$schema": "x", **CLAIM, "id": f"SYN-{at}"} for at in range(2)]
    lines = "\n".join(json.dumps(value) for value in values)
    for text in (json.dumps(values), lines, json.dumps(values[0])):
        found = read_requests(text.encode(), "a.json")
        assert all(one.request is not None and not one.diagnostics for one in found)


@pytest.mark.parametrize("value", [None, 4, CLAIM, "x", b"x", Request.model_validate(CLAIM)])
def test_many_requests_are_a_list_or_another_iterable(value: Any) -> None:
    with pytest.raises(PolicyError, match="requests were expected: a list, or another iterable"):
        list(ENGINE.decide_many(value))


def test_many_requests_are_decided_one_after_another() -> None:
    for many in ([CLAIM, CLAIM], (CLAIM,), iter([CLAIM]), (one for one in [CLAIM])):
        assert {one.claim_id for one in ENGINE.decide_many(many)} == {"SYN-1"}
    outcomes = ENGINE.decide_many([CLAIM, None])  # type: ignore[list-item]
    assert next(outcomes).claim_id == "SYN-1"
    with pytest.raises(PolicyError, match="found None; a request was expected"):
        next(outcomes)


BUILT: dict[str, tuple[Callable[[], object], str, str]] = {
    # what a program writes: the place, and a piece of the sentence
    "a float": (lambda: Line(code="J0945", units=4.0), "$.units", f"found 4.0, {FLOAT}"),
    "a float inside": (
        lambda: Request(lines=[{**LINE, "units": math.nan}]),
        "$.lines[0].units",
        f"`units` of a line: found nan, {FLOAT}",
    ),
    "no such field": (lambda: Request(zip=1), "$.zip", "`zip` is not a field of a request"),
    "nothing that is needed": (lambda: PriorLine(code="J0945"), "$", "needs `claim_id`"),
    "a text for a list": (lambda: Request(lines="x"), "$.lines", "a list was expected"),
    "bytes": (lambda: Request(id=b"x"), "$.id", "a text was expected"),
    "a part of another kind": (
        lambda: Request(coverage=Line(code="J0945")),
        "$.coverage",
        "object",
    ),
    "a key that is no text": (lambda: Request(facts={3: 4}), "$.facts[3]", "a text was expected"),
    "a mapping": (lambda: Request(CLAIM), "$", "`Request` takes its fields by name"),
    "a circle": (lambda: Request(lines=[_circle()]), "$.lines[0]", "a line needs `code`"),
    "a huge number": (lambda: Line(code="J0945", units=10**5000), "$.units", "too large"),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_model_that_is_built_of_bad_values_is_refused_with_a_sentence(name: str) -> None:
    build, place, message = BUILT[name]

    with pytest.raises(PolicyError) as caught:
        build()

    (problem,) = [one for one in caught.value.diagnostics if one.location.path == place]
    assert message in problem.message
    assert problem.location.start is None, "a value of a program has no line"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_what_a_model_inherits_from_pydantic_raises_its_error_and_says_so() -> None:
    with pytest.raises(ValidationError):
        Request.model_validate({"zip": 1})
    assert "raises pydantic's `ValidationError`" in " ".join((Request.__doc__ or "").split())


@given(st.dictionaries(st.sampled_from(["id", "lines", "facts", "coverage", "zip"]), _ANYTHING))
def test_a_request_is_built_of_anything_or_refused(fields: dict[str, Any]) -> None:
    try:
        request = Request(**fields)
        assert ENGINE.decide(request) == ENGINE.decide(request)
    except PolicyError as error:
        assert error.diagnostics


@pytest.mark.parametrize("ask", ["decide", "decide_fully", "considered", "explain"])
@pytest.mark.parametrize(
    "value",
    [10**5000, math.inf, b"x", _circle(), [[]], object()],
    ids=["huge", "infinite", "bytes", "a circle", "a list", "an object"],
)
def test_facts_of_a_model_are_held_to_the_vocabulary(value: Any, ask: str) -> None:
    request = Request(**{**CLAIM, "facts": {FACT: value}})
    with pytest.raises(
        PolicyError, match=f"fact `{FACT}`: (found|a whole number of 16,610 bits is too large)"
    ):
        getattr(ENGINE, ask)(request)


CALLS: dict[str, tuple[Callable[[], object], str]] = {
    # a call with a value that does not fit: a piece of the sentence
    "open(None)": (lambda: Engine.open(None), "found None; the path of a policy folder was"),
    "open(123)": (lambda: Engine.open(123), "found an `int`; the path of a policy folder was"),
    "open(bytes)": (lambda: Engine.open(b"policies"), "found a `bytes`; the path of a policy"),
    "open('')": (lambda: Engine.open(""), "found an empty text; the path of a policy folder"),
    "open(missing)": (lambda: Engine.open("no-such"), "the folder `no-such` is not there"),
    "open(file)": (lambda: Engine.open(__file__), "is a file, not a folder"),
    "open(null character)": (lambda: Engine.open("a\0b"), "is not there"),
    "open_library(None)": (lambda: open_library(None), "found None; the path of a policy folder"),
    "open_folder(None)": (lambda: open_folder(None), "found None; the path of a policy folder"),
    "open_bundle(4)": (lambda: open_bundle(4, []), "found an `int`; the path of a bundle was"),
    "engine=None": (lambda: Engine.open(ROOT / "policies", engine=None), "`None` is not an engine"),
    "engine=[]": (lambda: Engine.open(ROOT / "policies", engine=[]), "`[]` is not an engine"),
    "a text as day": (
        lambda: ENGINE.policy(POLICY, "2025-03-04"),
        "a date of service was expected",
    ),
    "a time as day": (lambda: ENGINE.policy(POLICY, datetime(2025, 3, 4)), "found a `datetime`"),
    "None as policy": (lambda: ENGINE.policy(None, DAY), "no policy `None` is in force"),
    "a list as policy": (lambda: ENGINE.policy([], DAY), "no policy `[]` is in force"),
    "None as facts": (
        lambda: ENGINE.policy(POLICY, DAY).decide(None),
        "a mapping of facts to values",
    ),
    "a text as facts": (lambda: ENGINE.policy(POLICY, DAY).decide("x"), "found a text; a mapping"),
    "a ruleset on no day": (lambda: ENGINE.library.ruleset(POLICY, None), "found None; a date of"),
    "a text to read": (lambda: read_requests("{}", "a.json"), "found a text; the bytes of a file"),
    "a FHIR text": (lambda: read_submissions("{}", "a.json"), "found a text; the bytes of a file"),
    "an inquiry that is None": (lambda: read_inquiry(None, "a.json"), "found None; the bytes of a"),
    "facts as a text": (
        lambda: read_supplements("{}", "a.json"),
        "found a text; the bytes of a file",
    ),
    "a hook as a text": (lambda: read_hook(HOOK, "{}"), "found a text; the bytes of a file"),
    "feedback that is None": (lambda: read_feedback(None), "found None; the bytes of a file"),
    "what was not asked": (lambda: Asked.from_json({}), "a document of payer-policy/fhir-asked/1"),
    "a float in FHIR": (lambda: exact_json({"value": 1.5}), "found a `float`, which has no exact"),
    "a path to read": (lambda: read_requests(Path("a.json"), "a.json"), "the bytes of a file were"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_with_a_value_that_does_not_fit_is_refused_with_a_sentence(name: str) -> None:
    call, message = CALLS[name]
    with pytest.raises(PayerPolicyError) as caught:
        call()
    assert message in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_folder_is_named_by_a_text_a_path_or_what_gives_one() -> None:
    class Named:
        def __fspath__(self) -> str:
            return str(ROOT / "policies")

    for folder in (str(ROOT / "policies"), ROOT / "policies", Named()):
        assert Engine.open(folder).library.addresses() == ENGINE.library.addresses()  # type: ignore[arg-type]


def test_a_request_made_of_the_models_is_held_to_the_same_as_a_mapping() -> None:
    wrong = {**CLAIM, "lines": [{**LINE, "number": 1}, {**LINE, "number": 1}]}
    found = []
    for value in (wrong, Request.model_validate(wrong)):
        with pytest.raises(PolicyError) as caught:
            ENGINE.decide(value)
        (problem,) = caught.value.diagnostics
        found.append((problem.code, problem.location.path, problem.hint))
    assert found[0] == found[1]
    assert found[0][:2] == ("duplicate-line", "$.lines[1].number")
