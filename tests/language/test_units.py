"""The unit of arithmetic: worked out and converted exactly, or refused; nothing goes with anything."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.json_source import JsonDocument, Reporter
from payer_policy.core.semantics import truth_of, truth_of_test, value_of
from payer_policy.core.truth import HOLDS
from payer_policy.core.vocabulary.types import FactType
from payer_policy.core.vocabulary.units import (
    BUILT_IN,
    UNITS,
    activity,
    nominal,
    product_of,
    quotient_of,
)
from payer_policy.language.elaborate import Elaborator
from payer_policy.language.scope import ParameterValue, Scope

FACTS = {
    "mg": "mg",
    "mcg": "mcg",
    "mL": "mL",
    "L": "L",
    "conc": "mg/mL",
    "rate": "mcg/day",
    "days": "days",
    "weeks": "weeks",
    "hours": "hours",
    "months": "months",
    "units": "billing units",
    "more_units": "billing units",
    "containers": "containers",
    "share": "%",
    "charge": "USD",
    "bare": None,
    "kg": "kg",
    "lb": "[lb_av]",
    "per_kg": "mg/kg",
    "per_week": "mg/kg/wk",
    "surface": "m2",
    "height": "cm",
    "toxin": "onabotulinumtoxinA [U]",
    "other_toxin": "abobotulinumtoxinA [U]",
    "toxin_per_vial": "onabotulinumtoxinA [U]/{container}",
}
DECLARED = BUILT_IN.with_declared(
    {
        f"{kind} [U]": nominal(kind, activity("[U]"), "[U]")  # type: ignore[arg-type]
        for kind in ("onabotulinumtoxinA", "abobotulinumtoxinA")
    }
)
TYPES = {f"x.{name}": FactType("decimal", unit) for name, unit in FACTS.items()}
PARAMETERS = {
    "vial": ParameterValue(100, FactType("integer", "mg")),
    "whole": ParameterValue(100, FactType("integer", "%")),
    "twice": ParameterValue(2, FactType("integer")),
}


def of(name: str) -> dict[str, str]:
    return {"parameter": name} if name in PARAMETERS else {"fact": f"x.{name}"}


def times(*parts: Any) -> dict[str, Any]:
    return {"product": [of(one) if isinstance(one, str) else one for one in parts]}


def over(*parts: Any) -> dict[str, Any]:
    return {"quotient": [of(one) if isinstance(one, str) else one for one in parts]}


def elaborated(left: str, raw: Any) -> tuple[Any, list[str]]:
    said: list[str] = []

    def take(problem: Diagnostic) -> None:
        hint = f" ({problem.hint})" if problem.hint and "parameter" not in problem.message else ""
        said.append(f"{problem.code}: {problem.message}{hint}")

    report = Reporter(JsonDocument("", "test", None), take)
    scope = Scope(
        TYPES,
        TYPES,
        parameters=PARAMETERS,
        units=DECLARED,
        at_parameter=lambda name: report.on(f"parameter `{name}`"),
    )
    return Elaborator(scope, report).condition({"fact": f"x.{left}", "is": raw}, ()), said


CONVERTS: list[tuple[str, Any, dict[str, int], Fraction | int]] = [
    ("mcg", times("conc", "mL"), {"conc": 2, "mL": 3}, 6_000),
    ("mg", times("conc", "mL"), {"conc": 2, "mL": 3}, 6),
    ("mg", times("conc", "L"), {"conc": 2, "L": 3}, 6_000),
    ("mg", times("rate", "days"), {"rate": 500, "days": 4}, 2),
    ("mcg", times("weeks", "rate"), {"rate": 10, "weeks": 2}, 140),
    ("mcg", times("rate", "hours"), {"rate": 10, "hours": 6}, Fraction(5, 2)),
    ("mL", over("mcg", "conc"), {"mcg": 6_000, "conc": 2}, 3),
    ("days", over("mg", "rate"), {"mg": 2, "rate": 500}, 4),
    ("weeks", over("mg", "rate"), {"mg": 7, "rate": 500}, 2),
    ("conc", over("mcg", "mL"), {"mcg": 6_000, "mL": 3}, 2),
    ("rate", over("mg", "weeks"), {"mg": 7, "weeks": 1}, 1_000),
    ("mcg", times(2, "mg"), {"mg": 3}, 6_000),
    ("mcg", times("twice", "mg"), {"mg": 3}, 6_000),
    ("mcg", over("mg", 2), {"mg": 3}, 1_500),
    ("mcg", {"sum": [times("conc", "mL"), of("mg"), 5]}, {"conc": 2, "mL": 3, "mg": 1}, 12_000),
    ("mcg", {"maximum": [0, {"difference": [of("mg"), of("mcg")]}]}, {"mg": 2, "mcg": 1}, 1_999),
    ("mg", {"maximum": [times("conc", "mL"), of("mcg")]}, {"conc": 1, "mL": 1, "mcg": 3_000}, 3),
    ("mcg", {"round_up": times("conc", "mL")}, {"conc": 2, "mL": 3}, 6_000),
    ("mcg", times(times("conc", "L"), over("mL", "L")), {"conc": 2, "L": 1, "mL": 500}, 1_000_000),
    ("mcg", times(over("mcg", "units"), "more_units"), {"mcg": 6, "units": 3, "more_units": 4}, 8),
    # A plain number that is computed can count things.
    ("units", over("mg", "mcg"), {"mg": 2, "mcg": 500}, 4),
    ("units", {"round_up": over("mcg", "vial")}, {"mcg": 250_000}, 3),
    ("containers", over("mcg", "vial"), {"mcg": 250_000}, Fraction(5, 2)),
    ("bare", over("mcg", "mg"), {"mcg": 250, "mg": 1}, Fraction(1, 4)),
    ("charge", times("charge", over("share", "whole")), {"charge": 80, "share": 25}, 20),
    ("share", times(over("mg", "vial"), "whole"), {"mg": 25}, 25),
    # A dose by weight is a mass once it is multiplied by the weight, and a mass divided by it.
    ("mg", times("per_kg", "kg"), {"per_kg": 5, "kg": 70}, 350),
    ("mg", times("per_kg", "lb"), {"per_kg": 5, "lb": 100}, Fraction(45_359_237, 200_000)),
    ("per_kg", over("mg", "kg"), {"mg": 350, "kg": 70}, 5),
    ("per_kg", times("per_week", "weeks"), {"per_week": 2, "weeks": 3}, 6),
    ("per_kg", over("mcg", "lb"), {"mcg": 1_000, "lb": 1}, Fraction(10**8, 45_359_237)),
    ("surface", times("height", "height"), {"height": 200}, 4),
    ("kg", of("lb"), {"lb": 180}, Fraction(816_466_266, 10_000_000)),
    ("toxin", times("toxin_per_vial", "containers"), {"toxin_per_vial": 100, "containers": 2}, 200),
    # A literal may carry its unit.
    ("mcg", "10 mg", {}, 10_000),
    ("kg", "180 [lb_av]", {}, Fraction(816_466_266, 10_000_000)),
    ("mcg", {"sum": ["1 mg", of("mcg"), "2 ug"]}, {"mcg": 5}, 1_007),
    ("mg", {"minimum": ["0.5 g", of("mg"), of("mcg")]}, {"mg": 600, "mcg": 700_000}, 500),
    # To a multiple, in the unit of the multiple.
    ("mg", {"round_up": times("per_kg", "kg"), "to": "100 mg"}, {"per_kg": 5, "kg": 71}, 400),
    ("mcg", {"round_down": of("mg"), "to": "0.05 g"}, {"mg": 399}, 350_000),
    ("mg", {"round_half_up": of("mcg"), "to": of("vial")}, {"mcg": 150_000}, 200),
    ("mg", {"round_up": of("mg"), "to": of("mcg")}, {"mg": 1, "mcg": 300}, Fraction(12, 10)),
    ("bare", {"round_up": of("bare"), "to": 5}, {"bare": 11}, 15),
    ("units", {"round_up": over("mcg", "vial"), "to": 2}, {"mcg": 250_000}, 4),
    # Numbers written on the spot take the unit of their place, as one alone does.
    ("mg", over(1, 4), {}, Fraction(1, 4)),
]


@pytest.mark.parametrize(("left", "raw", "known", "value"), CONVERTS)
def test_it_converts(left: str, raw: Any, known: dict[str, int], value: Fraction | int) -> None:
    test, said = elaborated(left, raw)

    assert said == []
    facts = {f"x.{name}": number for name, number in known.items()}
    assert value_of(test.right[0], facts) == value
    if f"x.{left}" not in facts:
        assert truth_of_test(test, {**facts, f"x.{left}": value}) == HOLDS


REFUSED: list[tuple[str, Any, str]] = [
    (
        "mL",
        times("conc", "mL"),
        "is in mg (mass), which does not convert to mL (volume) (multiply it by a number of mL/mg)",
    ),
    (
        "mcg",
        times("mg", "mg"),
        "mg × mg (mass²), which does not convert to mcg (mass) (divide it by a number of mg)",
    ),
    (
        "mcg",
        times("rate", "months"),
        "(mcg/day) × months (calendar time × mass/time), which does not convert to mcg (mass)",
    ),
    (
        "mcg",
        over("conc", "mL"),
        "(mg/mL)/mL (mass/volume²), which does not convert to mcg (mass) (multiply it by",
    ),
    (
        "mcg",
        over(100, "units"),
        "in 1/billing unit (1/billing units), which does not convert to mcg (mass)",
    ),
    ("mcg", over("mg", "mcg"), "comes to a number without a unit; a number of mcg was expected"),
    ("mcg", times("bare", 2), "comes to a number without a unit; a number of mcg was expected"),
    (
        "mcg",
        times("units", "mcg"),
        "(billing units × mass), which does not convert to mcg (mass) (divide it by a number of bill",
    ),
    (
        "units",
        times("units", "more_units"),
        "in billing units × billing units (billing units²), which does not",
    ),
    (
        "units",
        over("units", "containers"),
        "in billing units/container (billing units/containers), which does not convert",
    ),
    (
        "units",
        times("units", "containers"),
        "in billing units × containers, which does not convert to billing units (divide it by",
    ),
    (
        "bare",
        times("conc", "mL"),
        "`product` is in mg (mass); a number without a unit was expected",
    ),
    (
        "bare",
        times("mg", "mL"),
        "`product` is in mg × mL (mass × volume); a number without a unit was expected",
    ),
    (
        "days",
        over("months", "twice"),
        "months (calendar time), which does not convert to days (time) (compare dates: {",
    ),
    (
        "charge",
        times("charge", "share"),
        "in USD × % (money × percent), which does not convert to USD (money) (divide or",
    ),
    ("share", over("mg", "vial"), "without a unit; a number of % was expected (divide or"),
    (
        "charge",
        times("charge", "units"),
        "in USD × billing units (billing units × money), which does not convert to USD",
    ),
    (
        "mcg",
        {"sum": [of("mg"), times("mg", "mL")]},
        "in mg × mL (mass × volume), which does not convert to mg (mass) (divide it by a number of mL)",
    ),
    ("mcg", {"sum": [of("mg"), of("bare")]}, "`x.bare` has no unit; a number of mg was expected"),
    ("mcg", {"sum": [of("mg"), of("twice")]}, "parameter `twice`: it has no unit"),
    ("mcg", {"sum": [of("mg"), of("mcg"), 5]}, "5 could be a number of `mg` or `mcg` (make it a"),
    (
        "mcg",
        {"minimum": [times("rate", "days"), of("mL")]},
        "`x.mL` is in mL (volume), which does not convert to mcg (mass) (multiply it by a number of",
    ),
    ("mcg", {"difference": [of("mg"), over("mg", "mcg")]}, "comes to a number without a unit"),
    ("toxin", of("other_toxin"), "units of one product are not those of another"),
    (
        "toxin",
        {"sum": [of("toxin"), of("other_toxin")]},
        "which does not convert to onabotulinumtoxinA [U]",
    ),
    (
        "toxin",
        "100 mg",
        '"100 mg" is in mg (mass), which does not convert to onabotulinumtoxinA [U]',
    ),
    ("units", of("toxin"), "is in onabotulinumtoxinA [U] (activity in [U] of onabotulinumtoxinA)"),
    ("bare", "10 mg", '"10 mg" is in mg (mass); a number without a unit was expected'),
    ("mg", {"round_up": of("mg"), "to": 50}, "50 has no unit; the number that is rounded is in mg"),
    ("mg", {"round_up": of("mg"), "to": "50 mL"}, "is in mg (mass), which does not convert to mL"),
    ("mg", {"round_up": of("bare"), "to": "50 mg"}, "`x.bare` has no unit; a number of mg was"),
    ("mcg", {"round_up": times("rate", "weeks")}, "would round a number of (mcg/day) × weeks"),
]


@pytest.mark.parametrize(("left", "raw", "message"), REFUSED)
def test_it_is_refused(left: str, raw: Any, message: str) -> None:
    test, said = elaborated(left, raw)

    assert test is None
    assert len(said) == 1
    assert said[0].startswith("unit-mismatch: ")
    assert message in said[0]


@given(st.lists(st.tuples(st.sampled_from(["product", "quotient"]), st.sampled_from(UNITS))))
def test_a_unit_divided_away_leaves_the_unit(steps: list[tuple[str, str]]) -> None:
    """Whatever is multiplied and divided by, the other way round leads back to the unit."""
    start = BUILT_IN.named("mcg")
    assert start is not None
    made = start
    for way in (
        steps,
        [({"product": "quotient", "quotient": "product"}[how], u) for how, u in steps],
    ):
        for how, name in way:
            other = BUILT_IN.named(name)
            assert other is not None
            made = product_of([made, other]) if how == "product" else quotient_of(made, other)
    assert made == start


def test_a_product_is_a_named_unit_exactly_where_one_is_equal() -> None:
    for a, b in product(UNITS, repeat=2):
        one, other = BUILT_IN.named(a), BUILT_IN.named(b)
        assert one is not None and other is not None
        made = product_of([one, other])
        equal = [name for name in UNITS if BUILT_IN.named(name)[1:] == made[1:]]  # type: ignore[index]
        assert [made.name] == equal if made.name in UNITS else not equal


@given(
    pounds=st.decimals(0, 1_000, places=2),
    limit=st.decimals(1, 500, places=1),
    word=st.sampled_from(["at_least", "at_most", "more_than", "less_than", "is"]),
)
def test_a_fact_in_pounds_decides_as_one_in_kilograms(pounds: Any, limit: Any, word: str) -> None:
    """Whatever unit a fact is declared in, and whatever unit a rule gives its limit in."""
    kilograms = Fraction(pounds) * Fraction(45_359_237, 10**8)
    truths = set()
    for unit, value in (("lb", Fraction(pounds)), ("kg", kilograms)):
        for written in (f"{limit} kg", f"{limit * 1_000} g"):
            report = Reporter(JsonDocument("", "test", None), pytest.fail)
            scope = Scope(TYPES, TYPES, units=DECLARED)
            condition = Elaborator(scope, report).condition(
                {"fact": f"x.{unit}", word: written}, ()
            )
            assert condition is not None
            truths.add(truth_of(condition, {f"x.{unit}": value}))
    assert len(truths) == 1
