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
