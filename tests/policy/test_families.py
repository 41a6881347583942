"""Families of codes, from the file to the decision: what is below one, and what is said of it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.analysis.mutants import mutants_of
from payer_policy.core.diagnostics import PolicyError
from payer_policy.determination.english import as_text, describe_ruleset
from payer_policy.engines import ENGINES, why_unavailable
from tests.policy.folders import library, policy, rule

NORTH = "north/iron/2024-01-01.json"
ANAEMIA = {
    "title": "Iron deficiency anaemia",
    "system": "icd10cm",
    "source": {"title": "ICD-10-CM"},
    "reviewed_on": "2026-01-01",
    "codes": [{"code": "D50.-", "through": "2024-06-30"}, {"code": "D50.8-", "from": "2024-07-01"}],
}
COPPER = {**ANAEMIA, "title": "Other deficiencies", "codes": [{"code": "E61.1"}]}
SETS = {"code_sets/anaemia.json": ANAEMIA, "code_sets/other.json": COPPER}
LISTED = rule("listed", when={"fact": "diagnosis.codes", "includes_any": {"code_set": "anaemia"}})
OTHER = rule("other", when={"fact": "diagnosis.codes", "excludes": ["E61.-", "D508-"]})
BOTH = rule("both", when={"fact": "diagnosis.codes", "includes_all": ["D50.-", "E61.1"]})
UNITS = {"type": "integer", "unit": "billing units"}


def files(*rules: Any, **more: Any) -> dict[str, Any]:
    return {
        NORTH: policy("2024-01-01", rules=list(rules), **more),
        **SETS,
    }


def claim(*diagnoses: str, day: str = "2024-05-01", **facts: Any) -> dict[str, Any]:
    line = {"number": 1, "code": "J1756", "units": 5, "date": day}
    given = {name.replace("_", "."): value for name, value in facts.items()}
    return {
        "id": "1",
        "kind": "claim",
        "coverage": {"payer": "NORTH1"},
        "diagnoses": list(diagnoses),
        "lines": [line],
        "facts": given,
    }


@pytest.mark.parametrize("name", [name for name in ENGINES if why_unavailable(name) is None])
def test_every_code_below_is_in_a_family_and_the_category_is_not(name: str, tmp_path: Path) -> None:
    library(tmp_path, files(LISTED, OTHER, BOTH))
    engine = Engine.open(tmp_path / "policies", engine=name)

    for request, found in (
        (claim("D50.1"), {"listed", "other"}),
        (claim("d50812"), {"listed"}),
        (claim("D50"), {"other"}),
        (claim("D50.1", day="2024-07-01"), {"other"}),
        (claim("D50.81", day="2024-07-01"), {"listed"}),
        (claim("E61.1", "D50.0"), {"listed", "both"}),
        (claim("E61.11"), set()),
    ):
        (made,) = engine.decide(request).determinations
        assert {one.rule for one in made.findings if one.kind == "advise"} == found


def test_a_request_names_codes_and_no_family(tmp_path: Path) -> None:
    library(tmp_path, files(LISTED))
    engine = Engine.open(tmp_path / "policies")

    with pytest.raises(PolicyError) as caught:
        engine.decide(claim("D50.-"))

    (problem,) = caught.value.diagnostics
    assert problem.hint == "D50.- stands for all codes below it: write one of them in full"


def test_families_are_read_as_any_code_of_them(tmp_path: Path) -> None:
    made = library(tmp_path, files(LISTED, OTHER, BOTH)).ruleset("north/iron", date(2024, 5, 1))
    assert made is not None

    text = " ".join(as_text(describe_ruleset(made)).split())

    assert "the diagnoses do not include any code of D50.8- or any code of E61.-" in text
    assert "the diagnoses include all of E61.1 and any code of D50.-" in text
    assert "the diagnoses include a code of the code set “anaemia” (any code of D50.-)" in text


@pytest.mark.parametrize("count", [1, 3_000])
def test_a_table_finds_the_family_that_a_code_is_in(count: int, tmp_path: Path) -> None:
    first = {
        "type": "code",
        "system": "icd10cm",
        "label": "the first diagnosis",
        "question": "Which is the first diagnosis?",
    }
    rows = [
        {"id": "iron", "when": {"diagnosis.first": ["D50.-", "E61.1"]}, "units": 3},
        *(
            {
                "id": f"row-{n}",
                "when": {"diagnosis.first": f"F{n // 100:02}.{n % 100:02}-"},
                "units": 9,
            }
            for n in range(count)
        ),
    ]
    by = {"by": ["diagnosis.first"], "gives": {"units": UNITS}, "rows": rows}
    many = rule(
        "many", when={"fact": "units.billed", "more_than": {"table": "most", "column": "units"}}
    )
    tables = {"most": {**by, "otherwise": {"units": 9}}}
    library(tmp_path, files(LISTED, many, tables=tables), add_facts={"diagnosis.first": first})
    engine = Engine.open(tmp_path / "policies")

    for code, found in (("D50.81", ["many"]), ("E61.1", ["many"]), ("E61.11", []), ("D50", [])):
        request = claim("A00.0", diagnosis_first=code)
        (made,) = engine.decide(request).determinations
        assert [one.rule for one in made.findings if one.kind == "advise"] == found


def test_mutants_drop_a_family(tmp_path: Path) -> None:
    made = library(tmp_path, files(LISTED, OTHER))

    changes = [one.change for one in mutants_of(made, tmp_path / "policies")]

    assert any("E61.-" in change for change in changes)
    assert any("D50.8-" in change for change in changes)
