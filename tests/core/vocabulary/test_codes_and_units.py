"""One spelling for each code, and exact factors between units of one dimension."""

from __future__ import annotations

import pickle
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.vocabulary.codes import (
    SYSTEMS,
    CodeFamilies,
    code_below,
    codes_of,
    families_above,
    family_of,
    malformed,
    normalize_code,
    stand_in,
)
from payer_policy.core.vocabulary.types import FactType, ValueProblem, exact_number, parse_value
from payer_policy.core.vocabulary.units import BUILT_IN, UNITS, factor


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
    assert normalize_code(system, text) == code


@given(system=st.sampled_from([*SYSTEMS, None]), text=st.text(max_size=14))
def test_the_one_spelling_is_its_own(system: str | None, text: str) -> None:
    once = normalize_code(system, text)

    assert normalize_code(system, once) == once


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("K50.-", "K50.-"),
        (" g43.7- ", "G43.7-"),
        ("G437-", "G43.7-"),
        ("k50-", "K50.-"),
        ("S14.101-", "S14.101-"),
        ("K5-", None),
        ("S14.1012-", None),
        ("G43.--", None),
        ("G43.7", None),
        ("-", None),
        ("G43.7-1", None),
    ],
)
def test_one_spelling_of_a_family(text: str, family: str | None) -> None:
    assert family_of("icd10cm", text) == family
    assert family_of("modifier", text) is None
    assert (malformed("icd10cm", text) is None) == (text == "G43.7")  # it is never a code


icd10 = st.from_regex(r"[AG][01][01]([01A]{1,4})?", fullmatch=True).map(
    lambda text: normalize_code("icd10cm", text)
)
families = icd10.filter(lambda code: len(code) < 8).map(
    lambda code: f"{code}{'' if '.' in code else '.'}-"
)


@given(codes=st.frozensets(icd10), others=st.frozensets(icd10), some=st.frozensets(families))
def test_a_family_is_all_codes_below_it(
    codes: frozenset[str], others: frozenset[str], some: frozenset[str]
) -> None:
    def below(code: str, family: str) -> bool:
        head, bare = family[:-1].replace(".", ""), code.replace(".", "")
        return bare.startswith(head) and bare != head

    made = codes_of("icd10cm", codes | some)

    assert isinstance(made, CodeFamilies) == bool(some)
    for code in others:
        inside = any(below(code, family) for family in some)
        assert (code in made) == (code in codes or inside)
        assert {one for one in some if below(code, one)} == some & {*families_above(code)}
    assert made.isdisjoint(others) == (not any(code in made for code in others))
    each = all(any(below(code, family) for code in others) for family in some)
    assert (others >= made) == (codes <= others and each)
    assert made == codes | some
    assert type(pickle.loads(pickle.dumps(made))) is type(made)
    for family in some:
        found = code_below(family, 3, some)
        if found is not None:
            narrower = {one for one in some if one.startswith(family[:-1])} - {family}
            assert below(found, family) and malformed("icd10cm", found) is None
            assert not any(below(found, one) for one in narrower)


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
        assert (there is not None) == (_powers(a) == _powers(b))
        if there is not None and on is not None:
            assert there * on == all_the_way
    assert all(factor(unit, unit) == 1 for unit in UNITS)


MALFORMED = [
    ("icd10cm", "G-82.51", "write G82.51"),
    ("icd10cm", "Ｇ82.51", "U+FF27"),
    ("icd10cm", "G82.51\u200b", "U+200B"),
    ("icd10cm", "G82\u201151", "U+2011"),
    ("icd10cm", "hello", None),
    ("icd10cm", "8G2.51", None),
    ("icd10cm", "G82.51000", None),
    ("hcpcs", "JO945", None),
    ("hcpcs", "J-0945", "write J0945"),
    ("hcpcs", "J0945JZ", None),
    ("modifier", "ß", "U+00DF"),
    ("modifier", "J", None),
    ("modifier", "JZKX", None),
    ("place_of_service", "１１", "write 11"),
    ("place_of_service", "office", None),
    ("npi", "123456789", None),
    ("npi", "123-456-7893", "write 1234567893"),
    ("revenue", "36", None),
    ("ndc", "1-2-3", None),
    ("ndc", "123456789012", None),
    ("ndc", "1234567890", "write it with its hyphens"),
]


@pytest.mark.parametrize(("system", "text", "hint"), MALFORMED)
def test_what_is_no_code_is_refused(system: str, text: str, hint: str | None) -> None:
    with pytest.raises(ValueProblem) as caught:
        parse_value(FactType("code", system=system), text)

    assert caught.value.code == "wrong-value"
    assert " was expected (" in caught.value.message
    assert (hint is None) == (caught.value.hint is None)
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("system", "text", "code"),
    [
        ("icd10cm", "\u00a0g82.51 ", "G82.51"),
        ("icd10cm", "G82\u00a051", "G82.51"),
        ("ndc", "N466794015702", "66794015702"),
        ("ndc", "66794 0157 02", "66794015702"),
        ("hcpcs", "0001u", "0001U"),
        ("hcpcs", "62370", "62370"),
        ("revenue", "636", "0636"),
        ("place_of_service", "1", "01"),
        ("identifier", "Ｇ-1", "Ｇ-1"),
    ],
)
def test_what_is_plainly_a_code_is_read(system: str, text: str, code: str) -> None:
    assert parse_value(FactType("code", system=system), text) == code


@given(system=st.sampled_from(SYSTEMS), text=st.text(max_size=14))
def test_what_is_read_is_ascii_and_reads_as_itself(system: str, text: str) -> None:
    """No two texts that look alike, and are not, can be one code."""
    if malformed(system, text) is None and system != "identifier":
        code = normalize_code(system, text)
        assert code.isascii()
        assert parse_value(FactType("code", system=system), code) == code


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.0000001", "more than 6 decimal places"),
        ("0." + "0" * 30 + "1", "more than 6 decimal places"),
        ("1" * 20, "too large"),
        ("1e3", "a number was expected"),
    ],
)
def test_a_numeral_that_is_refused_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueProblem, match=message):
        exact_number(text)


def test_zeros_after_the_last_place_say_nothing() -> None:
    assert exact_number("1.0000000000") == 1


@pytest.mark.parametrize("system", [*SYSTEMS, None])
def test_a_stand_in_has_the_shape_of_its_system(system: str | None) -> None:
    made = [stand_in(system, number) for number in range(100)]

    assert len(set(made)) == 100
    assert all(
        malformed(system, one) is None and normalize_code(system, one) == one for one in made
    )


def _powers(name: str) -> object:
    unit = BUILT_IN.named(name)
    assert unit is not None
    return unit.powers
