"""Units as UCUM codes and as people write them: one unit, exact factors, and clear refusals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.vocabulary.types import FactType, ValueProblem, parse_value
from payer_policy.core.vocabulary.units import (
    BUILT_IN,
    UNITS,
    NotAUnit,
    activity,
    nominal,
    quotient_of,
    ucum_of,
)

TOXIN = nominal("onabotulinumtoxinA", activity("[U]"), "[U]")  # type: ignore[arg-type]
DECLARED = BUILT_IN.with_declared({TOXIN.name: TOXIN})


@pytest.mark.parametrize(
    ("text", "name", "size"),
    [
        ("mcg", "mcg", 1),
        ("ug", "mcg", 1),
        ("µg", "mcg", 1),
        ("MCG", "mcg", 1),
        ("[lb_av]", "lb", 453_592_370),
        ("lbs", "lb", 453_592_370),
        ("[oz_av]", "oz", Fraction(453_592_370, 16)),
        ("[in_i]", "in", Fraction(254, 100)),
        ("d", "days", 1_440),
        ("week", "weeks", 10_080),
        ("{billing_unit}", "billing units", 1),
        ("mm[Hg]", "mmHg", 1),
        ("mg/kg", "mg/kg", Fraction(1, 10**6)),
        (" mg / kg ", "mg/kg", Fraction(1, 10**6)),
        ("ug/d", "mcg/day", Fraction(1, 1_440)),
        ("mg/kg/wk", "mg/kg/week", Fraction(1, 10**6 * 10_080)),
        ("mg/(kg.wk)", "mg/kg/week", Fraction(1, 10**6 * 10_080)),
        ("g/(24.h)", "g/(24.h)", Fraction(10**6, 1_440)),
        ("g/d", "g/day", Fraction(10**6, 1_440)),
        ("/uL", "/uL", 1_000),
        ("10*3/uL", "10*3/uL", 10**6),
        ("10*9/L", "10*9/L", 10**6),
        ("m2", "m2", 10_000),
        ("m²", "m2", 10_000),
        ("kg/m2", "kg/m2", 10**5),
        ("mL/min/{1.73_m2}", "mL/min/{1.73_m2}", 1),
        ("onabotulinumtoxinA [U]", "onabotulinumtoxinA [U]", 1),
        ("onabotulinumtoxinA [U]/wk", "onabotulinumtoxinA [U]/week", Fraction(1, 10_080)),
        ("{onabotulinumtoxinA [U]}", "onabotulinumtoxinA [U]", 1),
    ],
)
def test_a_unit_is_read(text: str, name: str, size: Fraction | int) -> None:
    unit = DECLARED.read(text)

    assert (unit.name, unit.size) == (name, size)
    assert DECLARED.read(unit.name) == unit
    assert DECLARED.read(ucum_of(unit))[1:] == unit[1:]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("Cel", "`Cel` is a temperature, which no factor converts", "declare the fact without a"),
        ("mg/[degF]", "`[degF]` is a temperature", "declare the fact without a unit"),
        ("[pH]", "`[pH]` is a logarithm", "declare the fact without a unit"),
        ("[U]", "is a unit of one product only", 'name its kind: "onabotulinumtoxinA [U]"'),
        ("[IU]", "is a unit of one product only", 'kind: "onabotulinumtoxinA [IU]", declared in'),
        ("rimabotulinumtoxinB [U]", "is not a unit", "did you mean `onabotulinumtoxinA [U]`?"),
        ("kgs", "`kgs` is not a unit", "did you mean `kg`?"),
        ("milgrams", "`milgrams` is not a unit", "did you mean `milligrams`?"),
        ("mg/", "`mg/` is not a unit", "write a UCUM code, such as mg, mg/kg"),
        ("mg)", "`mg)` is not a unit", "write a UCUM code"),
        ("(mg", "`(mg` is not a unit", "write a UCUM code"),
        ("", "`` is not a unit", "write a UCUM code"),
        ("24", "`24` is a number and not a unit", None),
        ("mg/0", "`mg/0` is not a unit", "write a UCUM code"),
        ("mg" * 60, "a text of more than 100 characters is not a unit", None),
        ("/".join(["mg"] * 30), "has more than 12 parts", None),
    ],
)
def test_what_is_no_unit_is_refused(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(NotAUnit) as problem:
        DECLARED.read(text)

    assert message in problem.value.message
    assert hint is None or hint in str(problem.value.hint)
    assert DECLARED.named(text) is None


@given(st.text(max_size=30))
def test_any_text_is_a_unit_or_is_refused(text: str) -> None:
    unit = DECLARED.named(text)

    if unit is not None:
        assert unit.size > 0
        assert DECLARED.read(unit.name)[1:] == unit[1:]


atoms = st.sampled_from([name for name in UNITS if "/" not in name])


@given(above=atoms, below=st.lists(atoms, max_size=3))
def test_a_quotient_has_the_name_that_it_is_read_by(above: str, below: list[str]) -> None:
    text = "/".join([above, *below])
    unit = BUILT_IN.read(text)
    expected = BUILT_IN.read(above)
    for name in below:
        expected = quotient_of(expected, BUILT_IN.read(name))

    assert expected[1:] == unit[1:]
    assert BUILT_IN.read(ucum_of(unit))[1:] == unit[1:]


kinds = st.sampled_from(["botulinum", "factor viii", "insulin"])


@given(one=kinds, other=kinds)
def test_units_of_two_kinds_never_compare(one: str, other: str) -> None:
    for ucum in ("[U]", "{billing_unit}", "mg"):
        bare = activity(ucum) or BUILT_IN.read(ucum)
        a, b = nominal(one, bare, ucum), nominal(other, bare, ucum)
        assert (a.factor_to(b) is None) is (one != other)
        assert a.factor_to(bare) is None


# --- values that carry a unit ---------------------------------------------------------------------

KG = FactType("decimal", "kg", units=DECLARED)
ROUNDED = FactType("decimal", "kg", precision=Decimal("0.1"), units=DECLARED)
WEEKS = FactType("integer", "weeks", units=DECLARED)
BARE = FactType("decimal", units=DECLARED)
ACTIVITY = FactType("decimal", "onabotulinumtoxinA [U]", units=DECLARED)


@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        (KG, 70, 70),
        (KG, "70", 70),
        (KG, "70 kg", 70),
        (KG, "70kg", 70),
        (KG, "70000 g", 70),
        (KG, {"value": 70, "unit": "kg"}, 70),
        (KG, {"value": "70.5", "unit": "kg"}, Decimal("70.5")),
        (KG, "100000 [lb_av]", Decimal("45359.237")),
        (ROUNDED, "180 [lb_av]", Decimal("81.6")),
        (ROUNDED, "180 lb", Decimal("81.6")),
        (ROUNDED, "81649.999 g", Decimal("81.6")),
        (ROUNDED, "81650 g", Decimal("81.7")),
        (ROUNDED, Decimal("81.65"), Decimal("81.65")),
        (ROUNDED, "81.65 kg", Decimal("81.65")),
        (WEEKS, "14 days", 2),
        (ACTIVITY, "155 onabotulinumtoxinA [U]", 155),
    ],
)
def test_a_value_is_converted(type_: FactType, raw: object, value: object) -> None:
    assert parse_value(type_, raw) == value


@pytest.mark.parametrize(
    ("type_", "raw", "message", "hint"),
    [
        (
            KG,
            "180 lb",
            'found "180 lb", which has more than 6 decimal places in kg',
            "give it in kg",
        ),
        (KG, "70 cm", "cm (length) does not convert to kg (mass)", "give it in kg"),
        (
            KG,
            "70 kgs",
            "`kgs` is not a unit, and a number of kg was expected",
            "did you mean `kg`?",
        ),
        (KG, {"value": 70}, "found an object; a number of kg was expected", '{"value": 70, "unit"'),
        (KG, {"value": 70, "unit": "cm"}, 'found "70 cm"; cm (length) does not', "give it in kg"),
        (KG, "98.6 [degF]", "`[degF]` is a temperature", "declare the fact without a unit"),
        (KG, "heavy", 'found "heavy"; a number was expected', None),
        (BARE, "70 kg", 'found "70 kg"; a number without a unit was expected', "write 70"),
        (BARE, "1e5", "a number was expected", None),
        (WEEKS, "10 days", "more than 6 decimal places in weeks", "give it in weeks"),
        (
            WEEKS,
            "2 months",
            "months (calendar time) does not convert to weeks (time)",
            "give it in",
        ),
        (
            ACTIVITY,
            "155 [U]",
            "is a unit of one product only",
            'name its kind: "onabotulinumtoxinA',
        ),
    ],
)
def test_a_value_is_refused(type_: FactType, raw: object, message: str, hint: str | None) -> None:
    with pytest.raises(ValueProblem) as problem:
        parse_value(type_, raw)

    assert message in problem.value.message
    assert hint is None or hint in str(problem.value.hint)


@given(
    number=st.decimals(0, 10**5, places=3),
    pair=st.sampled_from([("mg", "g"), ("kg", "mg"), ("m", "in"), ("hours", "days"), ("L", "dL")]),
)
def test_a_conversion_goes_back_exactly(number: Decimal, pair: tuple[str, str]) -> None:
    there, back = (BUILT_IN.read(name) for name in pair)
    by = there.factor_to(back)

    assert by is not None
    assert Fraction(number) * by * back.factor_to(there) == Fraction(number)  # type: ignore[operator]


@given(pounds=st.decimals(1, 1_000, places=2))
def test_a_weight_in_pounds_is_rounded_half_up_once(pounds: Decimal) -> None:
    value = parse_value(ROUNDED, f"{pounds} lb")
    exact = Fraction(pounds) * Fraction(45_359_237, 10**8)

    assert isinstance(value, (int, Decimal))
    assert -Fraction(1, 20) < Fraction(value) - exact <= Fraction(1, 20)
