"""One spelling for each code, and exact factors between units of one dimension."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.vocabulary.codes import SYSTEMS, normalise_code
from payer_policy.vocabulary.units import UNITS, dimension_of, factor


@pytest.mark.parametrize(
    ("system", "text", "code"),
    [
        ("icd10cm", "g35", "G35"),
        ("icd10cm", " G801", "G80.1"),
        ("icd10cm", "G80.1", "G80.1"),
        ("icd10cm", "t85.610a", "T85.610A"),
        ("icd10cm", "T 85 610 A", "T85.610A"),
        ("icd10cm", "nonsense!", "NONSENSE!"),
        ("ndc", "66794-157-02", "66794015702"),
        ("ndc", "0143-9567-01", "00143956701"),
        ("ndc", "12345-6789-1", "12345678901"),
        ("ndc", "12345678901", "12345678901"),
        ("ndc", "1234567890", "1234567890"),
        ("ndc", "1-2-3", "1-2-3"),
        ("place_of_service", "1", "01"),
        ("place_of_service", "11", "11"),
        ("modifier", " jw", "JW"),
        ("hcpcs", "j1756", "J1756"),
        ("revenue", "0636", "0636"),
        ("identifier", " Ab-1 ", "Ab-1"),
        (None, " Ab-1 ", "Ab-1"),
    ],
)
def test_one_spelling(system: str | None, text: str, code: str) -> None:
    assert normalise_code(system, text) == code


@given(system=st.sampled_from([*SYSTEMS, None]), text=st.text(max_size=14))
def test_the_one_spelling_is_its_own(system: str | None, text: str) -> None:
    once = normalise_code(system, text)

    assert normalise_code(system, once) == once


@pytest.mark.parametrize(
    ("source", "target", "by"),
    [
        ("mg", "mcg", 1000),
        ("mcg", "mg", Fraction(1, 1000)),
        ("g", "mg", 1000),
        ("weeks", "days", 7),
        ("days", "weeks", Fraction(1, 7)),
        ("hours", "minutes", 60),
        ("years", "months", 12),
        ("mg/mL", "mcg/mL", 1000),
        ("weeks", "months", None),
        ("years", "days", None),
        ("mg", "mL", None),
        ("billing units", "containers", None),
    ],
)
def test_factors(source: str, target: str, by: int | Fraction | None) -> None:
    assert factor(source, target) == by


def test_factors_go_together() -> None:
    for a, b, c in product(UNITS, repeat=3):
        there, on, all_the_way = factor(a, b), factor(b, c), factor(a, c)
        assert (there is not None) == (dimension_of(a) == dimension_of(b))
        if there is not None and on is not None:
            assert there * on == all_the_way
    assert all(factor(unit, unit) == 1 for unit in UNITS)
