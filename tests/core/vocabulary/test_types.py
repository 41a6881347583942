"""Raw values to exact ones, and back: each type with what it takes and what it refuses."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.types import (
    MAX_NUMBER,
    FactType,
    ValueProblem,
    calendar_date,
    exact_number,
    format_number,
    format_value,
    parse_value,
    shown,
    to_json,
)
from payer_policy.request.given import parse_facts

CHOICE = FactType("choice", values=("first", "second", "2"))
GRADE = FactType("choice", values=("0", "1", "1+", "2"), ordered=True)
ICD = FactType("code", system="icd10cm")
MODIFIERS = FactType("codes", system="modifier")


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        (FactType("boolean"), True, True),
        (FactType("integer"), 5, 5),
        (FactType("integer"), Decimal("5.0"), 5),
        (FactType("integer"), "12", 12),
        (FactType("integer"), -3, -3),
        (FactType("decimal"), Decimal("0.10"), Decimal("0.1")),
        (FactType("decimal"), "2.50", Decimal("2.5")),
        (FactType("decimal"), Decimal("1E+2"), 100),
        (FactType("decimal"), Decimal("-0.0"), 0),
        (FactType("decimal"), Decimal("0E-10"), 0),
        (FactType("date"), "2024-02-29", date(2024, 2, 29)),
        (FactType("date"), date(2024, 2, 29), date(2024, 2, 29)),
        (CHOICE, "second", "second"),
        (CHOICE, 2, "2"),
        (GRADE, "1+", "1+"),
        (ICD, " g801 ", "G80.1"),
        (MODIFIERS, ["jw", "JW", "59"], frozenset({"JW", "59"})),
        (MODIFIERS, [], frozenset()),
    ],
)
def test_a_value_of_the_type(type_: FactType, raw: Any, value: Any) -> None:
    made = parse_value(type_, raw)

    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("type_", "raw", "code"),
    [
        (FactType("boolean"), 1, "wrong-type"),
        (FactType("boolean"), "true", "wrong-type"),
        (FactType("integer"), True, "wrong-type"),
        (FactType("integer"), Decimal("0.5"), "wrong-type"),
        (FactType("integer"), 0.5, "wrong-type"),
        (FactType("decimal"), 0.5, "wrong-type"),
        (FactType("decimal"), "a lot", "wrong-type"),
        (FactType("decimal"), Decimal("NaN"), "wrong-value"),
        (FactType("decimal"), Decimal("Infinity"), "wrong-value"),
        (FactType("decimal"), Decimal("0.0000001"), "wrong-value"),
        (FactType("decimal"), MAX_NUMBER, "wrong-value"),
        (FactType("decimal"), -MAX_NUMBER, "wrong-value"),
        (FactType("date"), "29.02.2024", "wrong-type"),
        (FactType("date"), "2024-2-9", "wrong-type"),
        (FactType("date"), "2023-02-29", "wrong-value"),
        (FactType("date"), 20240101, "wrong-type"),
        (CHOICE, "frist", "unknown-value"),
        (CHOICE, 1, "unknown-value"),
        (CHOICE, True, "unknown-value"),
        (ICD, 5, "wrong-type"),
        (ICD, "", "wrong-value"),
        (ICD, "x" * 300, "wrong-value"),
        (MODIFIERS, "JW", "wrong-type"),
        (MODIFIERS, {"JW": 1}, "wrong-type"),
        (MODIFIERS, ["JW", 5], "wrong-type"),
        *((FactType(kind), None, "wrong-type") for kind in ("boolean", "integer", "date", "codes")),
    ],
)
def test_no_value_of_the_type(type_: FactType, raw: Any, code: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_value(type_, raw)

    assert refused.value.code == code


def test_a_misspelled_choice_is_told_the_nearest_value() -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_value(CHOICE, "frist")

    assert refused.value.message == 'found "frist"; expected one of first, second, 2'
    assert refused.value.hint == "did you mean `first`?"


numbers = st.one_of(
    st.integers(-(10**9), 10**9),
    st.decimals(-(10**9), 10**9, places=6, allow_nan=False, allow_infinity=False),
)


@given(raw=numbers)
def test_a_number_is_exact_and_equal_numbers_are_one_value(raw: int | Decimal) -> None:
    made = exact_number(raw)

    assert made == raw
    assert isinstance(made, int) is (raw == int(raw))
    assert exact_number(str(f"{raw:f}" if isinstance(raw, Decimal) else raw)) == made


@given(raw=numbers)
def test_what_is_written_reads_back_to_the_same_value(raw: int | Decimal) -> None:
    value = exact_number(raw)
    type_ = FactType("decimal")

    assert parse_value(type_, to_json(value)) == value
    assert "E" not in format_number(value)


@given(day=st.dates())
def test_a_day_reads_back_to_itself(day: date) -> None:
    assert calendar_date(to_json(day)) == day


SHOWN_IN_MG = FactType("decimal", "mcg", shown_in=("mg", Fraction(1, 1000)))


@pytest.mark.parametrize(
    ("value", "type_", "text"),
    [
        (None, None, "not known"),
        (True, None, "yes"),
        (False, None, "no"),
        (6, FactType("integer", "weeks"), "6 weeks"),
        (Decimal("1.50"), FactType("decimal", "mg"), "1.5 mg"),
        (35_000, SHOWN_IN_MG, "35 mg (35000 mcg)"),
        (Decimal("1250.5"), SHOWN_IN_MG, "1.2505 mg (1250.5 mcg)"),
        (1000, SHOWN_IN_MG, "1 mg (1000 mcg)"),
        (50, SHOWN_IN_MG, "50 mcg"),
        (0, SHOWN_IN_MG, "0 mcg"),
        (None, SHOWN_IN_MG, "not known"),
        (Fraction(1, 3), None, "1/3"),
        (Fraction(1, 8), None, "0.125"),
        (Decimal("1E+2"), None, "100"),
        (date(2024, 1, 31), None, "2024-01-31"),
        ("not_tolerated", FactType("choice", values=("not_tolerated",)), "not tolerated"),
        ("A_1", FactType("code"), "A_1"),
        (frozenset({"JZ", "JW"}), MODIFIERS, "JW, JZ"),
        (frozenset(), MODIFIERS, "none"),
    ],
)
def test_a_value_as_people_read_it(value: Any, type_: FactType | None, text: str) -> None:
    assert format_value(value, type_) == text


def test_a_message_never_holds_a_whole_document() -> None:
    assert shown("x " * 100) == '"' + ("x " * 19)[:37] + '…"'
    assert shown("x" * 300) == '"' + "x" * 197 + '…"'
    assert [shown(raw) for raw in ({"a": 1}, [1, 2], None, True)] == [
        "an object",
        "a list",
        "null",
        "true",
    ]
    assert len(shown(10**60)) <= 40


def test_a_message_never_cuts_a_url_or_a_code() -> None:
    url = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemCancelled"
    for text in (url, url + "?" + "x" * 500, "urn:oid:2.16.840.1.113883.3.1937.777.24.5.3.7.1.2"):
        assert shown(text) == f'"{text}"'
    assert shown("ABF:R252:ABF:G800:ABF:M245:ABF:R252:ABF:G800").endswith('G800"')


UPTO: tuple[tuple[FactType, Any, str | None], ...] = (
    (FactType("integer", minimum=0, maximum=130), 130, None),
    (FactType("integer", minimum=0, maximum=130), 131, "a number from 0 through 130"),
    (FactType("integer", minimum=0, maximum=130), -1, "a number from 0 through 130"),
    (FactType("decimal", maximum=Decimal("2.5")), Decimal("2.5"), None),
    (FactType("decimal", maximum=Decimal("2.5")), Decimal("2.51"), "a number of 2.5 or less"),
    (FactType("decimal", minimum=Decimal("0.1")), 0, "a number of 0.1 or more"),
    (FactType("date", minimum=date(1900, 1, 1)), "1900-01-01", None),
    (FactType("date", minimum=date(1900, 1, 1)), "0001-01-01", "a date on or after 1900-01-01"),
    (FactType("date", maximum=date(2030, 1, 1)), "2030-01-02", "a date on or before 2030-01-01"),
)


@pytest.mark.parametrize(("type_", "raw", "expected"), UPTO)
def test_a_range_holds(type_: FactType, raw: Any, expected: str | None) -> None:
    """As it is read, and as a request's facts are that need no reading."""
    fact = Fact("x.a", type_, "a")
    plain = calendar_date(raw) if type_.kind == "date" else raw
    for said in (raw, plain):
        values, problems = parse_facts(Vocabulary({"x.a": fact}, {}), {"x.a": said})
        assert [problem.message for _, problem in problems] == (
            [] if expected is None else [f"found {raw}; {expected} was expected"]
        )
        assert values == ({"x.a": plain} if expected is None else {})
