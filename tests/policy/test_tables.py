"""Tables, from the file to the decision: which row, what is asked, what is read, what the hash is of."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.analysis.mutants import changed_library, mutants_of
from payer_policy.analysis.text_changes import text_changes
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.tables import Cell, Row, Table
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.determination.english import as_text, describe_ruleset
from payer_policy.engines import ENGINES, why_unavailable
from payer_policy.language.tables import overlapping
from tests.policy.folders import library, policy, rule

DAY = date(2024, 5, 1)
NORTH, SOUTH = "north/iron/2024-01-01.json", "south/iron/2024-01-01.json"
UNITS = {"type": "integer", "unit": "billing units"}
USED = {"table": "limits", "column": "units"}


def row(id_: str, phase: Any, units: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": id_,
        "when": {"drug.code": "J1756", "therapy.phase": phase, **more},
        "units": units,
    }


def limits(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    by = ["drug.code", "therapy.phase"]
    return {"limits": {"by": by, "gives": {"units": UNITS}, "rows": list(rows), **more}}


FIRST, LATER = row("first", "first", 5), row("later", ["repeat", "rescue"], 3)
LIMITS = limits(FIRST, LATER)
REDUCE = {
    "reduce": {
        "group": "CO",
        "carc": "151",
        "rarc": ["N362"],
        "because": "{units.billed} were billed.",
        "to": USED,
    }
}
TOO_MANY = rule("too-many", when={"fact": "units.billed", "more_than": USED}, then=REDUCE)


def files(tables: Any = LIMITS, *rules: Any) -> dict[str, Any]:
    return {NORTH: policy("2024-01-01", tables=tables, rules=list(rules or (TOO_MANY,)))}


def claim(units: int, **facts: Any) -> dict[str, Any]:
    lines = [{"number": 1, "code": "J1756", "units": units, "date": "2024-05-01"}]
    return {
        "id": "1",
        "kind": "claim",
        "coverage": {"payer": "NORTH1"},
        "lines": lines,
        "facts": {name.replace("_", ".", 1): value for name, value in facts.items()},
    }


def ruleset(folder: Path, written: Any, address: str = "north/iron") -> Ruleset:
    made = library(folder, written).ruleset(address, DAY)
    assert made is not None
    return made


@pytest.mark.parametrize("name", [name for name in ENGINES if why_unavailable(name) is None])
def test_a_row_decides_whichever_engine_runs(name: str, tmp_path: Path) -> None:
    library(tmp_path, files())
    engine = Engine.open(tmp_path / "policies", engine=name)

    for phase, units, decision, allowed in (
        ("first", 5, "approve", 5),
        ("first", 6, "partial", 5),
        ("rescue", 5, "partial", 3),
        (None, 3, "approve", 3),  # whichever row it is
    ):
        facts = {} if phase is None else {"therapy_phase": phase}
        (made,) = engine.decide(claim(units, **facts)).determinations
        if phase is None:
            assert made.decision == "pend"
            assert [asked.fact for asked in made.missing] == ["therapy.phase"]
        else:
            assert made.decision == decision
            assert [line.allowed_most for line in made.lines] == [allowed]


def test_an_unknown_key_does_not_matter_where_all_rows_agree(tmp_path: Path) -> None:
    same = limits(FIRST, row("later", ["repeat", "rescue"], 5))
    partly = limits(FIRST, row("later", "repeat", 5), otherwise={"units": 6})
    for number, (tables, decision) in enumerate(((same, "approve"), (partly, "pend"))):
        library(tmp_path / str(number), files(tables))
        engine = Engine.open(tmp_path / str(number) / "policies")

        (made,) = engine.decide(claim(5)).determinations

        # The rows of the first are for every phase, so what is given otherwise cannot be.
        assert made.decision == decision


def test_a_table_that_gives_none_sets_no_limit(tmp_path: Path) -> None:
    free = rule("too-many", when={"fact": "units.billed", "more_than": USED})
    library(tmp_path, files(limits(FIRST, row("later", ["repeat", "rescue"], "none")), free))
    engine = Engine.open(tmp_path / "policies")

    advised = {
        phase: [found.rule for found in made.findings if found.kind == "advise"]
        for phase in ("first", "repeat")
        for made in engine.decide(claim(9, therapy_phase=phase)).determinations
    }

    assert advised == {"first": ["too-many"], "repeat": []}


def test_explanations_name_the_row(tmp_path: Path) -> None:
    library(tmp_path, files())
    engine = Engine.open(tmp_path / "policies")

    (made,) = engine.explain(claim(5, therapy_phase="rescue"))

    assert "row later of the table limits gives 3 billing units" in " ".join(made.as_text().split())


def test_a_policy_is_read_with_its_tables(tmp_path: Path) -> None:
    by_age = {
        "by-age": {
            "by": ["patient.age", "patient.pregnant"],
            "gives": {"dose": {"type": "decimal", "unit": "mg"}, "days": {"type": "integer"}},
            "rows": [
                {"id": "a", "when": {"patient.age": {"below": 18}, "patient.pregnant": "any"},
                 "dose": 2.5, "days": "none"},
                {"id": "b", "when": {"patient.age": {"from": 18, "below": 65},
                                     "patient.pregnant": False}, "dose": 5, "days": 7},
                {"id": "c", "when": {"patient.age": {"from": 65}, "patient.pregnant": False},
                 "dose": 4, "days": 7},
            ],
            "otherwise": {"dose": 0, "days": "none"},
        }
    }  # fmt: skip
    dose = {"table": "by-age", "column": "dose"}
    used = rule("used", when={"fact": "dose.given", "more_than": dose})
    made = ruleset(tmp_path, files(by_age, used))

    text = " ".join(as_text(describe_ruleset(made), width=200).split())

    assert "by-age, by the age and a pregnancy" in text
    assert "a: the age is below 18 years: dose 2.5 mg, days none." in text
    assert "b: the age is from 18 years to below 65 years, a pregnancy is no: dose 5 mg" in text
    assert "c: the age is from 65 years on" in text
    assert "Otherwise: dose 0 mg, days none." in text


def test_the_order_of_rows_means_nothing_and_each_cell_means_something(tmp_path: Path) -> None:
    before = ruleset(tmp_path / "0", files())

    assert ruleset(tmp_path / "1", files(limits(LATER, FIRST))).hash == before.hash
    noted = limits({**FIRST, "note": "As the label says."}, LATER)
    assert ruleset(tmp_path / "2", files(noted)).hash == before.hash
    others = (
        limits(row("first", "first", 4), LATER),
        limits(FIRST, row("later", "repeat", 3)),
        limits(FIRST, LATER, otherwise={"units": 3}),
        limits(FIRST),
    )
    hashes = {
        ruleset(tmp_path / f"other{number}", files(tables)).hash
        for number, tables in enumerate(others)
    }
    assert len(hashes | {before.hash}) == len(others) + 1


def test_an_overlay_changes_rows_by_id(tmp_path: Path) -> None:
    changed = {"limits": {"rows": [row("later", "rescue", 2), row("again", "repeat", 4)]}}
    written = {
        **files(),
        SOUTH: policy("2024-01-01", extends="north/iron", tables=changed, rules=[]),
    }
    base, south = (ruleset(tmp_path / at, written, f"{at}/iron") for at in ("north", "south"))

    changes = [(one.name, one.old, one.new) for one in text_changes(base, south)]

    assert [row.id for row in south.tables["limits"].rows] == ["again", "first", "later"]
    assert ("limits, row again", None, "4") in changes
    assert ("limits, row later", "3", "2 (its keys)") in changes
    assert not any(name == "limits, row first" for name, _, _ in changes)


def test_the_members_of_a_code_set_are_those_of_the_day(tmp_path: Path) -> None:
    dated = {
        "title": "Dated",
        "system": "hcpcs",
        "source": {"title": "A list"},
        "reviewed_on": "2024-01-01",
        "codes": [{"code": "J1756", "through": "2024-06-30"}, {"code": "J1439"}],
    }
    tables = {
        "limits": {
            "by": ["drug.code"],
            "gives": {"units": UNITS},
            "rows": [{"id": "listed", "when": {"drug.code": {"code_set": "dated"}}, "units": 3}],
            "otherwise": {"units": 9},
        }
    }
    made = library(tmp_path, {**files(tables), "code_sets/dated.json": dated})
    read = []
    for day in (date(2024, 6, 30), date(2024, 7, 1)):
        found = made.ruleset("north/iron", day)
        assert found is not None
        read.append(found.tables["limits"].reader("units")("J1756"))

    assert read == [3, 9]


def test_every_small_change_of_a_table_changes_the_policy_or_is_refused(tmp_path: Path) -> None:
    tables = {
        "limits": {
            "by": ["patient.age", "therapy.phase"],
            "gives": {"units": UNITS},
            "rows": [
                {"id": "a", "when": {"patient.age": {"below": 18}, "therapy.phase": "first"},
                 "units": 3},
                {"id": "b", "when": {"patient.age": {"from": 18, "through": 64},
                                     "therapy.phase": ["first", "repeat"]}, "units": 5},
            ],
            "otherwise": {"units": 2},
        }
    }  # fmt: skip
    made = library(tmp_path, files(tables))
    before = made.ruleset("north/iron", DAY)
    assert before is not None

    changes, refused = set(), set()
    for mutant in mutants_of(made, tmp_path / "policies"):
        if mutant.path[0] != "tables":
            continue
        try:
            after = changed_library(made, mutant).ruleset("north/iron", DAY)
        except PolicyError:
            refused.add(mutant.change)
        else:
            assert after is not None and after.rules != before.rules, mutant.change
            changes.add(mutant.change)

    assert refused == {
        "table limits, row a: `patient.age` below 18 → 19",
        "table limits, row b: `patient.age` from 18 → 17",
    }
    assert changes == {
        "table limits, row a is left out",
        "table limits, row b is left out",
        "table limits, row a: `patient.age` below 18 → 17",
        "table limits, row b: `patient.age` from 18 → 19",
        "table limits, row b: `patient.age` through 64 → 63",
        "table limits, row b: `patient.age` through 64 → 65",
        "table limits, row b: `therapy.phase` without first",
        "table limits, row b: `therapy.phase` without repeat",
        "table limits, row a: units 3 → 2",
        "table limits, row a: units 3 → 4",
        "table limits, row b: units 5 → 4",
        "table limits, row b: units 5 → 6",
        "table limits, otherwise: units 2 → 1",
        "table limits, otherwise: units 2 → 3",
    }


@pytest.mark.parametrize("count", [2_001, 30_000])
def test_what_would_take_too_long_to_see_is_refused(count: int, tmp_path: Path) -> None:
    rows = [
        {"id": f"r{at}", "when": {"patient.age": {"from": at, "below": at + 1},
                                  "oral.weeks": {"from": 1}}, "units": 1}
        for at in range(count)
    ]  # fmt: skip
    by = ["patient.age", "oral.weeks"]
    tables = {"limits": {"by": by, "gives": {"units": UNITS}, "rows": rows, "otherwise": "none"}}

    with pytest.raises(PolicyError) as error:
        library(tmp_path, files(tables, rule("a", at_least=USED)))

    (problem,) = error.value.diagnostics
    assert problem.code == "wrong-shape"
    assert (
        "ranges or lists of several keys" if count < 20_000 else "30,000 rows"
    ) in problem.message


def test_overlaps_are_found_by_key_and_by_range() -> None:
    def made(id_: str, code: str, **ends: Any) -> Row:
        return Row(id_, (Cell(frozenset({code})), Cell(**ends)), (1,))

    rows = [
        made("a", "A", least=1, below=5),
        made("b", "A", least=5, most=7),
        made("c", "B", most=7),
        made("d", "A", least=7),
        made("e", "B", below=0),
    ]

    found = [(one.id, other.id) for one, other in overlapping(rows)]

    assert found == [("b", "d"), ("c", "e")]


def test_a_key_that_is_none_is_in_no_row() -> None:
    rows = (Row("all", (Cell(least=0),), (1,)),)
    table = Table("t", ("k",), ("c",), (FactType("integer"),), rows, (2,), (None,))

    assert table.reader("c")(NONE) == 2
    assert table.reader("c")(0) == 1
    assert table.reader("c")(None) is None
