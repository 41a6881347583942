"""The quick reader of common requests gives what the models give, or leaves the request to them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from payer_policy.core.diagnostics import PolicyError
from payer_policy.request import mappings
from payer_policy.request.checking import numbered
from payer_policy.request.models import Line, Request
from payer_policy.request.quick import MOST_INSIDE, read_quickly
from tests.generated_claims import claims
from tests.places import ROOT

GENERATED = list(claims(7, 300))
FULL: dict[str, Any] = {
    "kind": "claim", "id": " SYN-1 ", "frequency": "7", "original_id": "SYN-0",
    "received": "2025-03-05", "received_at": "2025-03-05T23:30-05:00", "expedited": True,
    "bill_type": "0131", "place_of_service": "11",
    "coverage": {
        "payer": "medicare", "payer_name": "Medicare", "line_of_business": "medicare",
        "plan": "P", "member_id": "M",
    },
    "patient": {"birth_date": "1970-01-02"},
    "provider": {"billing_npi": "1234567893", "rendering_npi": "1234567893",
        "billing_tin": "12-3456789", "billing_specialty": "207l00000x",
        "rendering_specialty": "208VP0014X",
    },
    "diagnoses": ["g800", "E11.9"],
    "authorization_number": "A-1", "description": " compounded   baclofen",
    "lines": [
        {
            "number": 4, "code": "j0945", "modifiers": ["jz", "JZ"], "units": "4.50",
            "date": "2025-03-04", "through": date(2025, 3, 4), "place_of_service": "1",
            "revenue_code": "636", "ndc": "66794-157-02", "ndc_quantity": Decimal("20.0"),
            "ndc_unit": "ml", "charge": 800, "diagnosis_pointers": [1, 2],
            "description": " baclofen   40 mg ", "authorization_number": "A-1",
            "facts": {"dose.administered": 40000, "trial.effects": ["a", "b"]}, "records": {},
        },
        {"code": None, "revenue_code": "0250"},
    ],
    "authorizations": [
        {
            "number": "A-1", "status": "approved", "payer": "medicare", "plan": "P",
            "member_id": "M", "provider_npi": "1234567893", "codes": ["J0945"],
            "valid_from": "2025-01-01", "valid_through": "2025-12-31", "units": 40,
            "units_used": 4, "requested_on": "2024-12-01",
        }
    ],
    "history": [
        {
            "claim_id": "SYN-C", "code": "J0945", "date": "2025-01-02", "modifiers": [],
            "units": 4, "charge": Decimal("1.5"), "billing_npi": "1234567893", "void": False,
            "paid_units": 4, "ndc": "66794-157-02", "rendering_npi": "1234567893",
            "billing_tin": "123456789", "payer": "medicare", "status": "paid",
            "replaced_by": "SYN-D",
        }
    ],
    "confirmations": [{"rule": "too-soon", "by": "A. Physician, MD", "on": "2025-03-04"}],
    "other_payers": [
        {
            "rank": "primary", "payer": "SYN-P", "payer_name": "A payer", "paid": "12.50",
            "denied": 0, "remitted_on": "2025-04-01",
            "adjustments": [{"group": "PR", "carc": "1", "amount": Decimal("-3.5"), "line": 4}],
        }
    ],
    "eligibility": [
        {
            "kind": "hospice", "first_day": "2025-01-01", "last_day": "2025-02-01",
            "ongoing": False, "number": "SYN-H", "name": "A hospice",
        }
    ],
    "facts": {"container.opened": 1, "note": "x", "day": date(2025, 1, 1), "no": None},
    "records": {},
}  # fmt: skip


class _Code(StrEnum):
    BACLOFEN = "J0945"


HOSTILE: list[Any] = [
    None, True, False, 0, 1, -1, 99, 100, 99999, 100000, 10**12, 10**30, 10**5000, 1.5, float("nan"),
    Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Decimal("4.0"), Decimal("-0"),
    Decimal("1.1234567"), 1j, b"J0945", date(2025, 3, 4), datetime(2025, 3, 4), object(), "", " ",
    "4", " 4 ", "-4", "1e1", "٤", "x" * 41, "x" * 201, "x" * 1001, "J0945", " j0945 ", "J0945|JZ",
    "LOCAL|1", "NO CODE", "ß", "ﬀ", "J0945\n", "a\tb", "a\0b", "\ud800", "\x1f", "\x85", "\u2028",
    "2025-03-04", "2025-13-01", "2025-3-4", "20250304", "2025-W01-1", "٢٠٢٥-٠٣-٠٤", "2025-03-04 ",
    "2025-03-04T23:30:00.5Z", "2025-03-04T24:30+25:00", "2025-03-04 09:30-05:00", "207L00000X",
    "123456789", "1234-56789", datetime(2025, 3, 4, tzinfo=UTC),
    "66794015702", "6679415702", "N466794015702", "66794-157-02", "none", "approved", "claim", "8",
    _Code.BACLOFEN, [], (), {}, set(), frozenset({"JZ"}), ["JZ"], ("JZ", "JZ"), ["JZ"] * 41, [None],
    [[]], [{}], [1, 2], [True], [1.0], {"a": 1}, {"a": "b\0"}, {"a": ["b\ud800"]}, {"a": {"b": 1}},
    {"a": [1]}, {1: 2}, {"\0": 1}, {"a" * 300: 1}, {"a": 10**5000}, {"a": ("x", "y")},
    Line(code="J0945"), [Line(code="J0945")],
]  # fmt: skip


def strictly(value: Any) -> Request | None:
    """The request by the models alone."""
    try:
        return numbered(Request.model_validate(value))
    except ValidationError:
        return None


def spelled(value: Any) -> Any:
    """A model with all that is in it, the types of values and the fields that were set among it."""
    if isinstance(value, BaseModel):
        fields = {name: spelled(one) for name, one in vars(value).items()}
        return type(value), value.model_fields_set, value.__pydantic_extra__, fields
    if isinstance(value, tuple):
        return [spelled(one) for one in value]
    if isinstance(value, dict):
        return {name: spelled(one) for name, one in value.items()}
    return type(value), str(value) if isinstance(value, Decimal) else value


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each part of a JSON value: what it is in, and its key."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        yield value, key
        if isinstance(part, (dict, list)):
            yield from places(part)


@pytest.mark.parametrize("value", [FULL, {}, {"lines": [], "history": []}], ids=["full", "", "[]"])
def test_what_every_field_may_hold_is_read_quickly(value: Any) -> None:
    found = read_quickly(value)
    assert found is not None
    assert spelled(found) == spelled(strictly(value))
    assert found == strictly(value)
    assert found.model_copy() == found


def test_the_full_request_has_every_field_of_every_model() -> None:
    request = read_quickly(FULL)
    assert request is not None
    parts = [request, request.coverage, request.patient, request.provider, request.lines[0]]
    lists = (request.authorizations, request.history, request.other_payers, request.eligibility)
    parts += [one for rows in lists for one in rows or ()]
    parts += (request.other_payers or ())[0].adjustments or ()
    parts += request.confirmations
    for part in parts:
        assert part.model_fields_set == type(part).model_fields.keys()


def test_common_requests_are_read_quickly_and_as_by_the_models() -> None:
    examples = [
        json.loads(path.read_text("utf-8"), parse_float=Decimal)
        for path in sorted((ROOT / "examples/claims").glob("*.json"))
        if not path.stem.endswith(".facts")
    ]
    for value in examples:
        value.pop("$schema", None)
    quick = 0
    for value in [*GENERATED, *examples]:
        found = read_quickly(value)
        if found is not None:
            quick += 1
            assert spelled(found) == spelled(strictly(value))
    assert quick > 0.95 * len(GENERATED) + len(examples)


@given(st.data())
def test_what_is_read_quickly_is_what_the_models_make_of_it(data: st.DataObject) -> None:
    value = copy.deepcopy(data.draw(st.sampled_from([FULL, *GENERATED[:20]])))
    for _ in range(data.draw(st.integers(1, 2))):
        inside, key = data.draw(st.sampled_from(list(places(value))))
        change = data.draw(st.sampled_from(["change", "add", "remove"]))
        if change == "remove":
            del inside[key]
        elif change == "change":
            inside[key] = data.draw(st.sampled_from(HOSTILE) | st.text(max_size=12))
        elif isinstance(inside, dict):
            inside[data.draw(st.sampled_from(["number", "code", "facts", "units", "zip"]))] = (
                data.draw(st.sampled_from(HOSTILE))
            )
        if not value:
            return

    found = read_quickly(value)

    if found is not None:
        assert spelled(found) == spelled(strictly(value))
    try:
        made = mappings.request_from_mapping(value)
    except PolicyError as refused:
        with pytest.raises(PolicyError) as caught:
            mappings._with_places(mappings._Copy().of(value))
        assert caught.value.diagnostics == refused.diagnostics
    else:
        assert spelled(made) == spelled(mappings._with_places(mappings._Copy().of(value)))


def test_a_fact_of_too_many_digits_is_refused_as_anywhere() -> None:
    value = {**FULL, "facts": {**FULL["facts"], "dose.administered": 10**5000}}

    with pytest.raises(PolicyError, match="too large for a claim"):
        mappings.request_from_mapping(value)


def test_no_hostile_value_of_any_field_is_read_quickly_unless_the_models_take_it() -> None:
    for at in range(len(list(places(FULL)))):
        value = copy.deepcopy(FULL)
        inside, key = list(places(value))[at]
        for hostile in HOSTILE:
            inside[key] = hostile
            found = read_quickly(value)
            if found is not None:
                assert spelled(found) == spelled(strictly(value)), key


def test_what_is_larger_than_common_is_left_to_the_models() -> None:
    for field in ("modifiers", "diagnosis_pointers"):
        for count in (MOST_INSIDE, MOST_INSIDE + 1):
            one: object = "JZ" if field == "modifiers" else 1
            value = {"lines": [{"code": "J0945", field: [one] * count}]}
            assert (read_quickly(value) is not None) == (count <= MOST_INSIDE)
    facts = {f"f{at}": 1 for at in range(MOST_INSIDE + 1)}
    assert read_quickly({"facts": facts}) is None
    assert strictly({"facts": facts}) is not None


def test_what_was_read_quickly_keeps_nothing_of_the_mapping() -> None:
    value = copy.deepcopy(FULL)
    found = read_quickly(value)
    value["lines"][0]["facts"]["trial.effects"].clear()
    value["lines"][0]["modifiers"].clear()
    value["facts"].clear()
    assert spelled(found) == spelled(read_quickly(FULL))


def test_requests_without_facts_do_not_share_them() -> None:
    one, other = read_quickly({}), read_quickly({})
    assert one is not None and other is not None
    assert one.facts is not other.facts
