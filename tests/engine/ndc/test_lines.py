"""What the lines of a service tell of their NDCs: amounts, and whether containers are whole."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from payer_policy.formats import read_requests
from payer_policy.request.derive import Context, Derivation
from payer_policy.request.models import Line, Request
from payer_policy.request.records import Lists
from payer_policy.request.services import services_of, view_lines
from tests.batch.building import engine

DAY = date(2025, 3, 3)
VIAL = "66794015702"  # 40 mg: 4 units of J0945
SMALL = "66794015502"  # 10 mg
SCREENING = "70121249605"  # 50 mcg


@cache
def derivation(name: str) -> Derivation:
    """How a fact is read where silence means nothing."""
    basis = engine().library.basis
    facts = {
        other: replace(fact, absent_means=None) for other, fact in basis.vocabulary.facts.items()
    }
    silent = replace(basis.vocabulary, facts=facts)
    return Derivation.over(basis, [name], DAY, silent)


def fact(name: str, lines: list[dict[str, Any]]) -> Any:
    request = Request(lines=tuple(Line(code="J0945", date=DAY, **line) for line in lines))
    views = view_lines(request, engine().library.reference)
    (service,) = services_of(views)
    context = Context(request, "medicare", service, views, {}, Lists(request, {}, {}))
    facts, _ = derivation(name).facts(context, {})
    return facts[name]


def part_of_a_container(*lines: tuple[int | str | None, str | None]) -> Any:
    made = [
        {
            "units": None if units is None else Decimal(units),
            "ndc": ndc,
            "modifiers": frozenset(["JW"] if number else []),
        }
        for number, (units, ndc) in enumerate(lines)
    ]
    return fact("ndc.part_of_a_container", made)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(4, VIAL)], False),
        ([(8, VIAL)], False),
        ([(3, VIAL)], True),
        ([(5, VIAL)], True),
        ([(3, VIAL), (1, VIAL)], False),
        ([(3, VIAL), (2, VIAL)], True),
        ([(4, VIAL), (1, SMALL)], False),
        ([(3, VIAL), (1, SMALL)], True),
        ([(3, VIAL), (1, None)], None),
        ([(3, VIAL), (2, None)], True),
        ([(4, VIAL), (4, None)], None),
        ([(3, VIAL), (None, None)], None),
        ([(None, VIAL)], None),
        ([(3, VIAL), (None, SMALL)], True),
        ([(3, None)], None),
        ([(3, "12345678901")], None),
        ([("3.6", VIAL)], False),
        ([("2.5", VIAL)], True),
        ([(0, VIAL)], False),
    ],
)
def test_whether_containers_are_whole(lines: list[Any], expected: bool | None) -> None:
    assert part_of_a_container(*lines) is expected


def test_a_container_smaller_than_a_unit_is_billed_as_none_or_one() -> None:
    # 50 mcg, the screening dose, under the code of 10 mg
    assert [part_of_a_container((units, SCREENING)) for units in (1, 2)] == [False, False]


def test_many_lines_without_an_ndc_settle_nothing() -> None:
    lines = [(3, VIAL), *((5 * 2**power, None) for power in range(14))]

    assert part_of_a_container(*lines) is None


@pytest.mark.parametrize(
    ("quantity", "unit", "expected"),
    [
        ("20", "ML", 40_000),
        ("15.001", "ML", 30_002),
        ("0.0001", "ML", Decimal("0.2")),
        ("1", "UN", 40_000),
        ("0.775", "UN", 31_000),
        ("40", "ME", 40_000),
        ("0.04", "GR", 40_000),
        ("40", "F2", None),
        ("40", "MG", None),
        ("40", None, None),
        (None, "ML", None),
        ("0", "ML", 0),
    ],
)
def test_the_amount_by_each_unit(quantity: str | None, unit: str | None, expected: Any) -> None:
    amount = None if quantity is None else Decimal(quantity)

    assert fact("ndc.amount", [{"ndc": VIAL, "ndc_quantity": amount, "ndc_unit": unit}]) == expected


def test_the_amounts_of_lines_add_up_only_where_all_are_known() -> None:
    vial = {"ndc": VIAL, "ndc_quantity": 15, "ndc_unit": "ML"}
    weak = {"ndc": SMALL, "ndc_quantity": 20, "ndc_unit": "ML"}
    without = {"ndc_quantity": 20, "ndc_unit": "ME"}

    assert fact("ndc.amount", [vial, weak]) == 40_000
    assert fact("ndc.amount", [vial, without]) is None


@pytest.mark.parametrize(("unit", "remarked"), [("ML", 0), ("me", 0), ("MG", 1), (None, 1)])
def test_json_remarks_a_unit_that_is_none(unit: str | None, remarked: int) -> None:
    line = {"code": "J0945", "ndc": VIAL, "ndc_quantity": 20, "date": "2025-03-03", "units": 4}
    given = line if unit is None else {**line, "ndc_unit": unit}

    (intake,) = read_requests(json.dumps({"id": "SYN-1", "lines": [given]}).encode(), "claim.json")

    assert [one.code for one in intake.diagnostics] == ["not-read"] * remarked
    assert intake.request is not None
