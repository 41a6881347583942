"""Each planted edit changes what `Engine.decide` changes, service by service, and nothing else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from payer_policy.analysis.impact import rows
from payer_policy.batch import run as running
from tests.analysis.impact.building import (
    CHARGE_FACT,
    STRICT,
    UNDER_ANOTHER_CODE,
    WASTAGE,
    Edit,
    claims,
    compared,
    counted,
    daily_limit,
    edited,
    expected,
    fact,
    fact_claims,
    fact_rows,
    fact_table,
    kinds,
    parameter,
    removed,
    rule,
)
from tests.batch import building
from tests.batch.building import POLICIES, X12, line_rows


def _reworded(found: dict) -> None:  # type: ignore[type-arg]
    found["then"]["deny"]["because"] = "Each line needs JZ when nothing is discarded."


def _recoded(found: dict) -> None:  # type: ignore[type-arg]
    found["then"]["deny"]["rarc"] = ["N822"]


def _reviewed(found: dict) -> None:  # type: ignore[type-arg]
    found["then"] = {"pend": found["then"]["deny"]}


REFILLS = parameter("preauthorization_required_for_refill", True)
NO_JZ = parameter("jz_required", False, STRICT)
NO_NDC = parameter("ndc_required", False, STRICT)
REVIEWED = rule("specific-code-exists", _reviewed, UNDER_ANOTHER_CODE)

EDITS: dict[str, tuple[tuple[Edit, ...], set[str]]] = {
    "refills need preauthorization": ((REFILLS,), {"decision", "reasons"}),
    "JZ and NDC are no longer required": ((NO_JZ, NO_NDC), {"decision", "reasons"}),
    "JZ alone is no longer required": ((NO_JZ,), {"reasons"}),
    "another reason code": ((rule("jz-missing", _recoded, WASTAGE),), {"reasons"}),
    "a reworded sentence": ((rule("jz-missing", _reworded, WASTAGE),), set()),
    "a lower limit of a day": ((daily_limit("J0475", 3),), {"units"}),
    "a policy less": (
        (removed("medicare/intrathecal-baclofen-official"),),
        {"decision"},
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_claims_change_as_they_are_decided_one_by_one(name: str, tmp_path: Path) -> None:
    edits, wanted = EDITS[name]
    new = edited(tmp_path / "new", *edits)
    given = claims()
    file = building.write_lines(tmp_path / "c.jsonl", given)

    made = compared(POLICIES, new, file)

    assert counted(made) == expected(POLICIES, new, given)
    assert kinds(made).keys() == wanted
    assert made.records == len(given)
    assert made.rejects.both == 0


FACT_EDITS: dict[str, tuple[tuple[Edit, ...], set[str]]] = {
    "a denial becomes a review": ((REVIEWED,), {"decision"}),
    "refills need preauthorization": ((REFILLS,), {"reasons"}),
    "a reworded sentence": EDITS["a reworded sentence"],
}


@pytest.mark.parametrize("name", FACT_EDITS)
def test_a_table_of_facts_changes_as_its_rows_do(name: str, tmp_path: Path) -> None:
    edits, wanted = FACT_EDITS[name]
    new = edited(tmp_path / "new", *edits)
    given = fact_rows()
    file = fact_table(tmp_path / "c.parquet", given)

    made = compared(POLICIES, new, file)

    cells, changes = expected(POLICIES, new, fact_claims(given))
    found, changed = counted(made)
    assert found == cells
    assert changed == changes
    assert kinds(made).keys() == wanted
    assert (made.everything.services == made.same.services) == (not wanted)
    assert made.rejects.both == len(given) - sum(one[0] for one in cells.values())


def test_what_is_decided_in_columns_and_one_by_one_is_the_same(tmp_path: Path) -> None:
    new = edited(tmp_path / "new", REVIEWED)
    given = fact_rows()
    table = fact_table(tmp_path / "c.parquet", given)
    lines = building.write_lines(tmp_path / "c.jsonl", fact_claims(given))

    by_column, by_row = compared(POLICIES, new, table), compared(POLICIES, new, lines)

    assert by_column.cells == by_row.cells
    assert {one.key: one.tally for one in by_column.changes} == {
        one.key: one.tally for one in by_row.changes
    }


def test_charges_of_a_table_of_facts_are_summed_exactly(tmp_path: Path) -> None:
    charged = fact("service.charge", CHARGE_FACT)
    old = edited(tmp_path / "old", charged)
    new = edited(tmp_path / "new", charged, REVIEWED)
    given = fact_rows()
    amounts = [None if at % 7 == 0 else f"{at}.{at:03}001" for at in range(len(given))]
    file = fact_table(tmp_path / "c.parquet", given, service__charge=amounts)

    made = compared(old, new, file, changed=tmp_path / "changed.parquet")

    everything = made.everything
    rejected = made.rejects.both
    assert everything.services + rejected == len(given)
    assert everything.unknown > 0
    changed = pq.read_table(tmp_path / "changed.parquet").to_pylist()
    known = {f"C{at}": amount for at, amount in enumerate(amounts)}
    assert changed
    for row in changed:
        wanted = known[row["claim_id"]]
        assert (None if row["billed"] is None else f"{row['billed']:f}") == wanted
    decided = [row for row in changed if row["change"] == "decision"]
    assert len(decided) == made.changed.services > 0
    assert sum((row["billed"] or 0) * 10**6 for row in decided) == made.changed.billed


def test_a_request_without_lines_has_the_charge_of_its_facts(tmp_path: Path) -> None:
    charged = fact("service.charge", CHARGE_FACT)
    old = edited(tmp_path / "old", charged)
    new = edited(tmp_path / "new", charged, REVIEWED)
    given = fact_claims(fact_rows()[:40])
    for at, claim in enumerate(given):
        claim["facts"]["service.charge"] = f"{at}.5"
    file = building.write_lines(tmp_path / "c.jsonl", given)

    made = compared(old, new, file)

    assert made.everything.unknown == 0
    refused = _rejected(old, given)
    assert made.everything.billed == sum(
        at * 1_000_000 + 500_000 for at in range(40) if f"C{at}" not in refused
    )


def _rejected(folder: Path, given: list) -> set[str]:  # type: ignore[type-arg]
    from payer_policy.core.diagnostics import PolicyError
    from payer_policy.engine import Engine

    engine, found = Engine.open(folder), set()
    for claim in given:
        try:
            engine.decide(claim)
        except PolicyError:
            found.add(claim["id"])
    return found


def test_what_one_version_cannot_read_is_rejected_there(tmp_path: Path) -> None:
    seen = {**CHARGE_FACT, "type": "boolean", "label": "whether a note was seen"}
    del seen["unit"], seen["from"]
    old = edited(tmp_path / "old", fact("note.seen", seen))
    given = claims()
    for claim in given[::5]:
        claim.setdefault("facts", {})["note.seen"] = True
    given[3]["facts"] = {"no.such.fact": True}
    file = building.write_lines(tmp_path / "c.jsonl", given)

    made = compared(old, POLICIES, file)

    assert counted(made) == expected(old, POLICIES, given)
    assert (made.rejects.both, made.rejects.old_only) == (1, 0)
    assert made.rejects.new_only == len(given[::5])
    assert dict(made.rejects.new_codes) == {"unknown-fact": len(given[::5]) + 1}
    rejected = [one for one in made.changes if one.key.new == "rejected"]
    said = {example.new.sentence for one in rejected for example in one.examples}
    assert all("note.seen" in one for one in said)
    assert said


def test_a_policy_alone(tmp_path: Path) -> None:
    new = edited(tmp_path / "new", REFILLS)
    file = building.write_lines(tmp_path / "c.jsonl", claims())
    whole = compared(POLICIES, new, file)
    one = compared(POLICIES, new, file, policy="medicare/intrathecal-baclofen")
    other = compared(POLICIES, new, file, policy="commercial-strict/intrathecal-baclofen")

    decided = whole.everything.services - whole.cells["no_policy", "no_policy"].services
    assert 0 < one.everything.services < decided
    assert {pair[0] for pair in one.cells} == {"approve", "deny", "pend", "partial"} & {
        pair[0] for pair in one.cells
    }
    assert 0 < one.changed.services <= whole.changed.services
    assert other.changed.services == 0
    assert other.everything.services > 0


def test_the_same_folder_changes_nothing(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims())

    made = compared(POLICIES, edited(tmp_path / "new"), file)

    assert made.changes == ()
    assert made.same == made.everything
    assert all(old == new for old, new in made.cells)


KINDS = {
    "CSV of claim lines": lambda folder, given: building.write_csv(
        folder / "c.csv", line_rows(given)
    ),
    "Parquet of claim lines": lambda folder, given: building.write_parquet(
        folder / "c.parquet", line_rows(given)
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_counted_alike(kind: str, tmp_path: Path) -> None:
    new = edited(tmp_path / "new", NO_JZ, NO_NDC)
    given = building.claims(60)
    lines = compared(POLICIES, new, building.write_lines(tmp_path / "c.jsonl", given))

    made = compared(POLICIES, new, KINDS[kind](tmp_path, given))

    assert made.cells == lines.cells
    assert {one.key: one.tally for one in made.changes} == {
        one.key: one.tally for one in lines.changes
    }
    assert made.changes


@pytest.mark.parametrize("odd", [True, False], ids=["days that are not plain", "plain days"])
def test_services_without_a_policy_have_the_charges_of_their_own_lines(
    odd: bool, tmp_path: Path
) -> None:
    """Also where several lines of one code begin on one day, or have their day from a fact."""
    day, last = "2025-03-04", "2025-03-09"
    lines: list[Any] = [
        {"code": "J0585", "date": day, "charge": "1"},
        {"code": "J0585", "date": last, "charge": "4000"},
        {"code": "J1100", "date": day},
        {"code": "J0585", "date": day, "charge": "300"},
    ]
    if odd:
        lines[3] = {"code": "J0585", "facts": {"service.date": day}, "charge": "300"}
        lines.insert(1, {"code": "J0585", "date": day, "through": last, "charge": "20"})
    coverage = {"payer": "medicare", "line_of_business": "medicare"}
    claim = {"coverage": coverage, "lines": lines, "facts": {"note.seen": True}}
    given = [{"id": f"C{at}", **claim} for at in range(30)]
    file = building.write_lines(tmp_path / "c.jsonl", given)
    rows = tmp_path / "changed.parquet"
    seen = {**CHARGE_FACT, "type": "boolean", "label": "whether a note was seen"}
    del seen["unit"], seen["from"]
    old = edited(tmp_path / "old", fact("note.seen", seen))

    made = compared(old, POLICIES, file, changed=rows)

    billed = [301, 20, 4000, None] if odd else [301, 4000, None]
    assert made.cells["no_policy", "rejected"].services == len(billed) * 30
    assert [row["billed"] for row in pq.read_table(rows).to_pylist()] == billed * 30


def test_claims_of_837_files_are_compared(tmp_path: Path) -> None:
    new = edited(tmp_path / "new", REFILLS)

    made = compared(POLICIES, new, *X12)

    assert made.records > made.rejects.both > 0
    assert made.everything.billed > 0
    assert made.everything.unknown == 0


def test_how_many_decide_and_how_the_file_is_cut_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = edited(tmp_path / "new", REVIEWED)
    table = fact_table(tmp_path / "c.parquet", fact_rows()[:240])
    lines = building.write_lines(tmp_path / "c.jsonl", claims())
    made = [compared(POLICIES, new, one) for one in (table, lines)]

    processes = compared(POLICIES, new, lines, workers=2)
    monkeypatch.setattr("payer_policy.analysis.impact.running.ROWS_BY_COLUMN", 17)
    small = compared(POLICIES, new, table)
    threads = compared(POLICIES, new, table, workers=2)

    assert made[0].changes
    assert [threads, processes] == made
    assert small == made[0]
    assert running.ROWS_BY_COLUMN != 17


def test_the_rows_that_changed_are_those_that_were_counted(tmp_path: Path) -> None:
    new = edited(tmp_path / "new", NO_JZ, NO_NDC)
    file = building.write_lines(tmp_path / "c.jsonl", claims())
    out = tmp_path / "changed.parquet"

    made = compared(POLICIES, new, file, changed=out)

    table = pq.read_table(out)
    assert table.schema.equals(rows.CHANGED)
    found = table.to_pylist()
    assert Counter(row["change"] for row in found) == kinds(made)
    for old, decision in {(row["old_decision"], row["new_decision"]) for row in found}:
        of_pair = [
            row for row in found if (row["old_decision"], row["new_decision"]) == (old, decision)
        ]
        changes = [one for one in made.changes if (one.key.old, one.key.new) == (old, decision)]
        assert len(of_pair) == sum(one.tally.services for one in changes)
    went = {rule for row in found for rule in set(row["old_rules"]) - set(row["new_rules"])}
    assert went == {"jz-missing", "ndc-missing"}
    assert {path.name for path in tmp_path.iterdir()} == {"new", "c.jsonl", "changed.parquet"}


def test_examples_say_why_on_both_sides(tmp_path: Path) -> None:
    new = edited(tmp_path / "new", NO_JZ, NO_NDC)
    file = building.write_lines(tmp_path / "c.jsonl", claims())

    made = compared(POLICIES, new, file, examples=2)
    none = compared(POLICIES, new, file, examples=0)
    every = compared(POLICIES, new, file, examples=1000)

    change = made.changes[0]
    assert change.key.kind == "decision"
    assert len(change.examples) == 2
    for example in change.examples:
        assert example.old.sentence.startswith("Denied. No discarded drug is billed")
        assert "No discarded drug is billed" not in example.new.sentence
        assert example.old.policy is not None
    assert made.titles["jz-missing"] == "JZ missing although nothing was discarded"
    assert [one.examples for one in none.changes] == [()] * len(made.changes)
    assert none.titles == made.titles
    for change, whole in zip(made.changes, every.changes, strict=True):
        assert change.examples == whole.examples[:2]
        assert len(whole.examples) == whole.tally.services
        records = [example.record for example in whole.examples]
        assert records == sorted(records)
