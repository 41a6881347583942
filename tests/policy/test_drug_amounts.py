"""Amounts of the drug: of what each code is measured by, typed once for each, converted or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.vocabulary.types import format_value
from payer_policy.engine import Engine
from tests.policy.checks.building import build

NORTH = "north/iron/2024-01-01.json"
TOXIN = {
    "code": "J0585",
    "title": "A toxin, 5 units",
    "ingredient": "onabotulinumtoxinA",
    "billing_unit": {"amount": 5, "unit": "[U]"},
}
LIQUID = {
    "code": "J7999",
    "title": "A liquid, 0.5 mL",
    "ingredient": "a liquid",
    "billing_unit": {"amount": 0.5, "unit": "mL"},
}
VIALS = {
    "title": "Vials of the toxin",
    "source": {"title": "A label"},
    "reviewed_on": "2024-01-01",
    "products": [
        {
            "ndc": "11111-1111-11",
            "name": "A vial",
            "codes": ["J0585"],
            "ingredient": "onabotulinumtoxinA",
            "total": {"amount": 100, "unit": "[U]"},
            "single_dose": True,
        }
    ],
}


def fact(unit: str, source: Any = None, kind: str = "decimal") -> dict[str, Any]:
    made = {"type": kind, "unit": unit, "label": "an amount", "question": "How much?"}
    return {**made, "from": source} if source else {**made, "about": "service"}


FACTS = {
    "drug.unit": fact("drug amount/{billing_unit}", {"drug": "billing_unit"}),
    "dose.drug": fact("drug amount"),
    "ndc.amount": fact("drug amount", {"lines": "service", "sum": "ndc_amount"}),
    "vial.amount": fact("drug amount", {"lines": "service", "only": "product.total"}),
    "dose.units": fact(
        "billing units",
        {"compute": {"round_up": {"quotient": [{"fact": "dose.drug"}, {"fact": "drug.unit"}]}}},
        "integer",
    ),
}
RULES = [
    {
        "id": "more-than-was-given",
        "title": "More units were billed than were given",
        "cites": ["manual"],
        "when": {"fact": "units.billed", "more_than": {"fact": "dose.units"}},
        "then": {
            "deny": {
                "group": "CO",
                "carc": "50",
                "rarc": ["N130"],
                "because": "{dose.drug} of {drug.unit}: {dose.units}; NDC {ndc.amount}, {vial.amount}.",
            }
        },
    }
]


def opened(folder: Path, code: str, *more: Any) -> Engine:
    case = {
        "write": {
            "drugs/J0585.json": TOXIN,
            "drugs/J7999.json": LIQUID,
            "products/vials.json": VIALS,
            "south/iron/2024-01-01.json": None,
        },
        "add_facts": FACTS,
        "add_rules": {NORTH: [*RULES, *more]},
        "edit": {NORTH: [['["J1756"]', json.dumps(code.split())]]},
    }
    build(case, folder)
    return Engine.open(folder, engine="compiled")


def claim(code: str, units: int, dose: Any, **line: Any) -> dict[str, Any]:
    return {
        "kind": "claim",
        "coverage": {"payer": "north"},
        "lines": [
            {
                "code": code,
                "units": units,
                "date": "2024-03-04",
                "facts": {"dose.drug": dose},
                **line,
            }
        ],
        "facts": {"therapy.phase": "repeat", "oral.outcome": "not_tolerated"},
    }


@pytest.mark.parametrize(
    ("code", "dose", "units"),
    [
        ("J1756", "200 mg", 200),
        ("J1756", "0.2 g", 200),
        ("J1756", 200_000, 200),
        ("J1756", {"value": 200, "unit": "mg"}, 200),
        ("J0585", "155 [U]", 31),
        ("J0585", {"value": 156, "unit": "[U]"}, 32),
        ("J0585", 155, 31),
        ("J7999", "2 mL", 4),
        ("J7999", "0.001 L", 2),
    ],
)
def test_units_follow_from_the_dose_of_any_drug(
    tmp_path: Path, code: str, dose: Any, units: int
) -> None:
    engine = opened(tmp_path / "p", code)

    [approved] = engine.decide(claim(code, units, dose)).determinations
    [denied] = engine.decide(claim(code, units + 1, dose)).determinations

    assert approved.decision == "approve"
    assert denied.decision == "deny"


def test_amounts_are_shown_in_the_unit_that_is_billed(tmp_path: Path) -> None:
    quantity = {"ndc": "11111-1111-11", "ndc_quantity": 2, "ndc_unit": "UN"}
    toxin = opened(tmp_path / "a", "J0585").decide(claim("J0585", 32, "155 [U]", **quantity))
    iron = opened(tmp_path / "b", "J1756").decide(claim("J1756", 201, "200 mg"))

    [found] = toxin.determinations[0].findings
    assert found.because == (
        "155 onabotulinumtoxinA [U] of 5 onabotulinumtoxinA [U]/billing unit: 31 billing units; "
        "NDC 200 onabotulinumtoxinA [U], 100 onabotulinumtoxinA [U]."
    )
    [found] = iron.determinations[0].findings
    assert found.because.startswith(
        "200 mg (200000 mcg) of 1 mg/billing unit (1000 mcg/billing unit)"
    )


@pytest.mark.parametrize(
    ("code", "dose", "message"),
    [
        ("J0585", "200 mg", "J0585 is measured in onabotulinumtoxinA [U] (activity in [U] of"),
        ("J1756", "155 [U]", "J1756 is measured in mg (mass)"),
        ("J7999", "2 mg", "J7999 is measured in mL (volume)"),
        ("J1756", "2 hours", "hours (time) does not convert to drug amount"),
    ],
)
def test_an_amount_of_another_dimension_is_refused(
    tmp_path: Path, code: str, dose: str, message: str
) -> None:
    engine = opened(tmp_path / "p", code)

    with pytest.raises(PolicyError) as problem:
        engine.decide(claim(code, 10, dose))

    [one] = problem.value.diagnostics
    assert one.code == "unit-mismatch"
    assert message in one.message
    assert one.location.path == "$.lines[0].facts.dose.drug"


def test_one_policy_may_be_for_drugs_of_several_dimensions(tmp_path: Path) -> None:
    engine = opened(tmp_path / "p", "J0585 J1756 J7999")

    for code, dose, units in (("J0585", "155 [U]", 31), ("J1756", "200 mg", 200)):
        [made] = engine.decide(claim(code, units + 1, dose)).determinations
        assert made.decision == "deny"


def test_a_literal_is_of_the_drug_of_the_policy(tmp_path: Path) -> None:
    large = {
        "id": "large",
        "title": "A large dose",
        "cites": ["manual"],
        "when": {"fact": "dose.drug", "more_than": "0.3 g"},
        "then": {"pend": {"group": "CO", "carc": "16", "rarc": ["N706"], "because": "{dose.drug}"}},
    }
    engine = opened(tmp_path / "p", "J1756", large)

    [small] = engine.decide(claim("J1756", 300, "300 mg")).determinations
    [pended] = engine.decide(claim("J1756", 300, "301 mg")).determinations
    assert (small.decision, pended.decision) == ("approve", "pend")
    ruleset = engine.library.ruleset("north/iron", pended.service_date)
    assert ruleset is not None
    assert format_value(301_000, ruleset.facts["dose.drug"].type) == "301 mg (301000 mcg)"
