"""The public answer: its JSON keeps to its schema, and the same input gives the same bytes."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from payer_policy.determination import (
    LookedFor,
    NoPolicy,
    Outcome,
    determination_schema,
    outcome_schema,
)
from tests.determination.build import CASES, DAY, EXAMPLE, KNOWN, decide

VALID = Draft202012Validator(
    determination_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER
)
OUTCOME = Draft202012Validator(outcome_schema())
NO_POLICY = NoPolicy(
    "C-1",
    "X9999",
    DAY,
    (3,),
    (
        LookedFor("payer", None),
        LookedFor("code", "X9999"),
        LookedFor("day", DAY),
        LookedFor("units", Decimal("1.5")),
    ),
    ("a/b covers X9999, for the payer a",),
)


def test_the_schemas_are_schemas():
    Draft202012Validator.check_schema(determination_schema())
    Draft202012Validator.check_schema(outcome_schema())


@pytest.mark.parametrize("name", CASES)
def test_a_determination_keeps_to_its_schema(name):
    VALID.validate(decide(EXAMPLE, *CASES[name]).to_json())


def test_the_same_input_gives_the_same_bytes():
    facts, lines = CASES["reduced"]
    turned = dict(reversed(facts.items()))
    first, second = (json.dumps(decide(EXAMPLE, f, lines).to_json()) for f in (facts, turned))
    assert first == second
    assert json.loads(first)["schema"] == "payer-policy/determination/1"


def test_numbers_stay_exact():
    line = decide(EXAMPLE, KNOWN).lines[0]
    kept = [4, Decimal("0.1"), Fraction(1, 3), None]
    shown = [replace(line, billed_units=units).to_json()["billed_units"] for units in kept]
    assert shown == [4, "0.1", "1/3", None]


def test_an_outcome_keeps_to_its_schema():
    made = tuple(decide(EXAMPLE, *case) for case in CASES.values())
    OUTCOME.validate(Outcome("C-1", made, (NO_POLICY,)).to_json())
    OUTCOME.validate(Outcome(None, (), ()).to_json())


@pytest.mark.parametrize(
    ("names", "decision"),
    [
        ([], "no_policy"),
        (["approved"], "approve"),
        (["approved", "authorized"], "approve"),
        (["approved", "denied"], "partial"),
        (["denied", "denied"], "deny"),
        (["denied-in-part"], "partial"),
        (["nothing-known", "requirements"], "pend"),
    ],
)
def test_a_request_is_decided_where_its_services_agree(names, decision):
    made = tuple(decide(EXAMPLE, *CASES[name]) for name in names)
    assert Outcome("C-1", made).decision == decision
    # What no policy covers is not ours to decide.
    assert Outcome("C-1", made, (NO_POLICY,)).decision == decision


@pytest.mark.parametrize(
    ("names", "decision"),
    [
        ([], "not_required"),
        (["approved"], "approve"),
        (["denied"], "deny"),
        (["nothing-known"], "pend"),
        (["approved", "denied"], "partial"),
    ],
)
def test_a_service_that_needs_no_preauthorization_changes_no_decision(names, decision):
    unneeded = replace(decide(EXAMPLE, *CASES["approved"]), decision="not_required")
    made = (unneeded, *(decide(EXAMPLE, *CASES[name]) for name in names))

    assert Outcome("C-1", made).decision == decision


def _objects(schema):
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


def test_the_schema_leaves_nothing_open():
    open_ = [
        schema
        for schema in _objects(outcome_schema())
        if schema.get("additionalProperties") is not False and "properties" in schema
    ]
    assert open_ == []


@pytest.mark.parametrize(
    "break_it",
    [
        lambda made: made.update(extra=1),
        lambda made: made.pop("engine"),
        lambda made: made.update(decision="approved"),
        lambda made: made["lines"][0].update(billed_units=1.5),
        lambda made: made["lines"][0].update(billed_units="many"),
        lambda made: made["findings"][0].update(kind="reject"),
        lambda made: made.update(service_date="5 March 2024"),
    ],
)
def test_the_schema_refuses_what_is_no_determination(break_it):
    made = decide(EXAMPLE, *CASES["denied"]).to_json()
    break_it(made)
    with pytest.raises(ValidationError):
        VALID.validate(made)


def test_a_determination_cannot_be_changed():
    determination = decide(EXAMPLE, KNOWN)
    with pytest.raises(FrozenInstanceError):
        determination.decision = "approve"
    assert hash(determination) == hash(decide(EXAMPLE, KNOWN))
