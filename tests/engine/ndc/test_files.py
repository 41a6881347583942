"""Claims whose NDCs, NDC quantities and units do not fit, from file to reasons (synthetic)."""

from __future__ import annotations

from pathlib import Path

import pytest

from payer_policy.determination.model import Determination
from payer_policy.formats import read_requests
from payer_policy.formats.answer import answer
from tests.batch.building import engine

FILES = Path(__file__).parent / "files"
JZ_ON_A_PART = ("pend", "CO", "4", ("N823",), "jz-on-part-of-a-container")
JZ_BELOW = ("pend", "CO", "4", ("N823",), "jz-below-ndc-quantity")
ABOVE = ("deny", "CO", "16", ("M53",), "units-above-ndc-quantity")
CONTAINERS = ("pend", "CO", "16", ("M53",), "units-differ-from-containers")

CASES = {
    "jz-30-mg-of-a-40-mg-vial.837": ("pend", [JZ_ON_A_PART], "JZ is on 3 billing units"),
    "jz-10-mg-of-a-40-mg-vial.837": ("pend", [JZ_ON_A_PART], "What became of the rest?"),
    "jz-two-ndcs-used-up.837": ("approve", [], ""),
    "jz-80-mg-for-4-units.837": ("pend", [JZ_BELOW], "80 mg (80000 mcg), makes more"),
    "20-me-for-4-units.837": ("deny", [ABOVE], "20 mg (20000 mcg), makes fewer"),
    "1-un-of-20-mg-for-4-units.837": ("pend", [CONTAINERS], "containers (UN) of 20 mg (20000 mcg)"),
    "1-un-of-40-mg.837": ("approve", [], ""),
    "40-me-of-a-dependent.837": ("approve", [], ""),
    "quantity-in-mg.837": ("approve", [], ""),
}


def decided(name: str, text: str | None = None) -> tuple[Determination, list[str]]:
    """The determination of the claim of a file, and the codes of what is remarked about it."""
    library = engine().library
    source = (FILES / name).read_text("utf-8") if text is None else text
    (intake,) = [
        one
        for one in read_requests(source.encode(), name, library.vocabulary, library.reference)
        if not one.is_note
    ]
    (made,) = answer(engine(), intake).outcome.determinations
    return made, [one.code for one in intake.diagnostics]


def reasons(made: Determination) -> list[tuple[str, str | None, str | None, tuple[str, ...], str]]:
    return [
        (one.kind, one.group, one.carc, one.rarcs, one.rule)
        for one in made.findings
        if one.kind != "advise"
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_file_has_these_reasons(name: str) -> None:
    decision, expected, sentence = CASES[name]

    made, _ = decided(name)

    assert made.decision == decision
    assert reasons(made) == expected
    assert all(sentence in one.because for one in made.findings if one.kind != "advise")


def test_a_quantity_without_an_x12_unit_is_remarked_and_assumed_to_fit() -> None:
    made, remarks = decided("quantity-in-mg.837")

    assert "not-read" in remarks
    assumed = {one.name for one in made.assumptions}
    assert {"units-above-ndc-quantity", "jz-below-ndc-quantity"} <= assumed


@pytest.mark.parametrize(("quantity", "unit"), [("40", "MG"), ("40", ""), ("20", "XX")])
def test_only_a_unit_that_is_unknown_or_absent_is_remarked(quantity: str, unit: str) -> None:
    text = (FILES / "quantity-in-mg.837").read_text("utf-8")
    other = text.replace("CTP****40*MG", f"CTP****{quantity}*{unit}".rstrip("*"))
    known = text.replace("CTP****40*MG", "CTP****40*ME")

    assert decided("a", other)[1].count("not-read") == 1
    assert "not-read" not in decided("a", known)[1]
    assert decided("a", known)[0].decision == "approve"


@pytest.mark.parametrize(
    ("units", "quantity", "unit", "expected"),
    [
        (2, 20, "ME", [JZ_ON_A_PART]),
        (4, 20, "ML", []),
        (4, 10, "ML", [ABOVE]),
        (4, "0.02", "GR", [ABOVE]),
        (4, "0.04", "GR", []),
        (4, 4, "UN", [CONTAINERS]),
        (8, 2, "UN", []),
        (4, 2, "UN", [CONTAINERS]),
        (4, 40, "F2", []),
        (8, 80, "ME", []),
        (4, 80, "ME", [JZ_BELOW]),
    ],
)
def test_other_amounts_of_the_same_vial(
    units: int, quantity: int | str, unit: str, expected: list[object]
) -> None:
    text = (FILES / "quantity-in-mg.837").read_text("utf-8")
    text = text.replace("*UN*4*", f"*UN*{units}*").replace("40*MG", f"{quantity}*{unit}")

    assert reasons(decided("a", text)[0]) == expected
