"""Folders of older forms: rewritten, with everything else as it was, and right afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.authoring.migrating import migrated
from payer_policy.cli import payer_policy
from payer_policy.policy.loading import load_folder
from tests.places import POLICIES
from tests.policy.checks.building import build

SOUTH = "south/iron/2024-01-01.json"
STATEMENTS = {
    "title": "What is always so",
    "statements": [
        {
            "id": "no-first",
            "title": "First therapy without oral iron is denied",
            "never": {"fact": "oral.tried", "is": False},
        }
    ],
}


def run(folder: Path, *arguments: str) -> Result:
    command = [*arguments, "--policies", str(folder)]
    if arguments == ("check",):
        command = ["check", str(folder)]
    return CliRunner().invoke(payer_policy, command, catch_exceptions=False)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder whose statements are withdrawn beside the policy, as they were before."""
    withdrawn = {"title": "South", "withdraws": {"no-first": "A first dose is paid on trust."}}
    write = {
        "north/iron/statements.json": STATEMENTS,
        "south/iron/statements.json": {**withdrawn, "statements": []},
    }
    folder = tmp_path / "policies"
    build(
        {
            "write": write,
            "edit": {
                SOUTH: [
                    [
                        '"extends": "north/iron",',
                        '"extends": "north/iron",\n  "withdraws": ["too-many-units"],',
                    ]
                ]
            },
        },
        folder,
    )
    return folder


def test_an_old_folder_is_right_afterwards_and_says_what_was_done(old: Path) -> None:
    checked = run(old, "check")
    assert checked.exit_code == 1 and "2 files are of an older form" in checked.output
    assert run(old, "migrate", "--check").exit_code == 1
    before = load_folder(old)[0]
    made = run(old, "migrate")
    assert made.exit_code == 0
    assert "withdraws the statements no-first, as statements.json did" in made.output
    assert "2 files rewritten" in made.output
    assert run(old, "check").exit_code == 0
    after = load_folder(old)[0]
    assert {path for path in after if after[path] != before[path]} == {
        SOUTH,
        "south/iron/statements.json",
    }
    text = after[SOUTH].decode("utf-8")
    assert '"statement:no-first": "A first dose is paid on trust."' in text
    assert '"too-many-units": "The reason was not recorded."' in text
    assert text.splitlines()[:5] == before[SOUTH].decode("utf-8").splitlines()[:5]


def test_a_folder_of_this_form_is_left_alone(old: Path) -> None:
    run(old, "migrate")
    again = run(old, "migrate")
    assert again.exit_code == 0 and "nothing is of an older form" in again.output
    assert migrated(load_folder(POLICIES)[0]) == ({}, [])


def test_what_reason_codes_and_sources_said_is_said_by_rules_and_records(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    summed = {
        "type": "decimal",
        "unit": "billing units",
        "label": "the units of the day before",
        "question": "How many units do earlier claims have for the day?",
        "supplied_by": "payer",
        "from": {"service": "units_in_history"},
    }
    code = '{"code": "50", "means": "Not medically necessary."'
    build(
        {
            "edit": {
                "reason_codes/carc.json": [[code, f'{code}, "rests_on": "clinical judgment"']]
            },
            "add_facts": {"units.earlier": summed},
        },
        folder,
    )
    checked = run(folder, "check")
    assert checked.exit_code == 1 and "of an older form" in checked.output
    made = run(folder, "migrate").output
    assert "fact units.earlier: sums the units of the history" in made
    assert "a clinician reviews the denial, as CARC 50 had" in made
    assert run(folder, "check").exit_code == 0
    policy = (folder / "north/iron/2024-01-01.json").read_text()
    denial = '"rarc": ["N130"],\n          "review": "clinician",\n          "because": "Oral iron'
    assert denial in policy and policy.count("clinician") == 1
    assert f"    {code}}},\n" in (folder / "reason_codes/carc.json").read_text()
    assert run(folder, "migrate", "--check").exit_code == 0
