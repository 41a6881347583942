"""`examples/three-drugs`, laid over the shipped policies: it adds files, changes none, and decides."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from tests.places import EXAMPLES, POLICIES

EXAMPLE = EXAMPLES / "three-drugs"
ADDED = sorted(
    path.relative_to(EXAMPLE / "policies")
    for path in (EXAMPLE / "policies").rglob("*")
    if path.is_file()
)
MOST_BYTES = 40_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    both = tmp_path_factory.mktemp("laid-over") / "policies"
    shutil.copytree(POLICIES, both)
    shutil.copytree(EXAMPLE / "policies", both, dirs_exist_ok=True)
    return both


def run(*arguments: object) -> Result:
    return CliRunner().invoke(payer_policy, list(map(str, arguments)), catch_exceptions=False)


def test_it_adds_files_and_replaces_none() -> None:
    assert [str(path) for path in ADDED if (POLICIES / path).exists()] == []


def test_it_is_small() -> None:
    assert sum((EXAMPLE / "policies" / path).stat().st_size for path in ADDED) <= MOST_BYTES


def test_check_finds_nothing(folder: Path) -> None:
    result = run("check", folder)

    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"{folder}: no errors (")
    assert len(result.output.splitlines()) == 1, result.output  # no warnings


def test_the_shipped_policies_keep_their_hashes(folder: Path) -> None:
    assert hashes(open_library(POLICIES)).items() <= hashes(open_library(folder)).items()


def hashes(library: Library) -> dict[tuple[str, date], str | None]:
    """By policy and first day of a window, the hash of what decides then."""
    return {
        (address, first): made.hash if made else None
        for address in library.policies
        for first, _, _ in library.windows(address)
        for made in [library.ruleset(address, first)]
    }


def test_its_scenarios_pass(folder: Path) -> None:
    result = run("spec", EXAMPLE / "features", "--policies", folder, "--json")

    said = json.loads(result.output)
    scenarios = [one for feature in said["features"] for one in feature["scenarios"]]
    failed = [one for one in scenarios if set(one["engines"].values()) != {"passed"}]
    assert failed == []
    assert len(scenarios) == 37
