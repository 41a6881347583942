"""Scenarios of a module: run for every policy that extends it, from its examples, unless withdrawn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from tests.policy.checks.building import build

FEATURE = """Feature: Doses, whatever the drug

  Scenario: Many units are looked at
    Given the role clean-claim of general/doses
    But the drug lines have units 9
    When the claim is decided
    Then it is pended
    And rule many-units holds

  Scenario: Few units are approved
    Given the role clean-claim of general/doses
    When the claim is decided
    Then it is approved
"""
MODULE = {
    "title": "Doses",
    "effective": {"from": "2024-01-01"},
    "abstract": True,
    "references": {"manual": {"title": "Manual"}},
    "rules": [
        {
            "id": "many-units",
            "title": "Many units",
            "cites": ["manual"],
            "when": {"fact": "units.billed", "at_least": 5},
            "then": {"pend": {"because": "{units.billed} are many."}},
        }
    ],
}


def example(payer: str, units: int) -> dict[str, Any]:
    return {
        "coverage": {"payer": payer},
        "lines": [{"code": "J1756", "units": units, "date": "2024-06-03"}],
    }


def policy(**more: Any) -> dict[str, Any]:
    return {
        "title": "Iron",
        "effective": {"from": "2024-01-01"},
        "extends": ["general/doses"],
        "applies_to": {"fact": "drug.code", "in": ["J1756"]},
        **more,
    }


def folder(path: Path, north: dict[str, Any], south: dict[str, Any], **more: Any) -> Path:
    """Two payers whose policies extend one module, and the module's scenarios."""
    write = {
        "general/doses/2024-01-01.json": MODULE,
        "north/iron/2024-01-01.json": policy(**north),
        "north/iron/examples/clean-claim.json": example("north", 2),
        "south/iron/2024-01-01.json": policy(**south),
        "south/iron/examples/ordinary.json": example("south", 3),
        **more,
    }
    build({"write": write}, path / "policies")
    (path / "features").mkdir()
    (path / "features" / "doses.feature").write_text(FEATURE, encoding="utf-8")
    return path


def run(monkeypatch: pytest.MonkeyPatch, path: Path, *arguments: str) -> tuple[int, str]:
    monkeypatch.chdir(path)
    monkeypatch.setenv("PAYER_POLICIES", "policies")
    made = CliRunner().invoke(payer_policy, list(arguments), catch_exceptions=False)
    return made.exit_code, made.output


BOUND = {"roles": {"clean-claim": "ordinary"}}


def test_a_scenario_runs_for_every_policy_from_its_own_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = run(
        monkeypatch, folder(tmp_path, {}, BOUND), "spec", "--engine", "compiled", "--json"
    )
    (feature,) = json.loads(output)["features"]
    assert code == 0
    assert [(one["scenario"], one["policy"], one["outcome"]) for one in feature["scenarios"]] == [
        ("Many units are looked at", "north/iron", "passed"),
        ("Many units are looked at", "south/iron", "passed"),
        ("Few units are approved", "north/iron", "passed"),
        ("Few units are approved", "south/iron", "passed"),
    ]


def test_a_policy_without_an_example_for_the_role_fails_and_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = run(monkeypatch, folder(tmp_path, {}, {}), "spec", "--engine", "compiled")
    assert code == 1
    assert "4 scenarios: 2 passed, 2 failed" in output
    assert "for the policy    south/iron" in output
    assert "south/iron has no example for the role `clean-claim`" in output
    assert 'add "roles": {"clean-claim": "…"} to the policy' in " ".join(output.split())


def test_a_policy_withdraws_a_scenario_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = {"scenario:Few units are approved": "South Health looks at every dose."}
    made = folder(tmp_path, {}, {**BOUND, "withdraws": why})
    code, output = run(monkeypatch, made, "spec", "--engine", "compiled")
    assert (code, output.splitlines()[-1]) == (
        0,
        "1 feature on compiled, 3 scenarios: 3 passed.",
    )


def test_what_is_withdrawn_must_be_a_scenario_of_a_module_of_the_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    why = {"scenario:Few units are aproved": "South Health looks at every dose."}
    made = folder(tmp_path, {}, {**BOUND, "withdraws": why})
    code, output = run(monkeypatch, made, "spec")
    assert code == 2
    assert "error[overlay-touches-nothing]" in output
    assert "there is no scenario `Few units are aproved` of a module that this policy" in output
    assert "did you mean `Few units are approved`?" in output


def test_a_role_is_bound_to_an_example_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path, {}, {"roles": {"clean-claim": "ordinry"}})
    code, output = run(monkeypatch, made, "check")
    assert code == 1
    assert "error[unknown-value]" in output
    assert "role `clean-claim`: the policy south/iron has no example `ordinry`" in output
    assert "did you mean `ordinary`?" in output


def test_a_module_that_nothing_extends_or_that_is_not_there_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path, {"extends": []}, {"extends": []})
    code, output = run(monkeypatch, made, "spec", "--engine", "compiled")
    assert code == 1 and "no policy of this folder extends general/doses" in output
    text = FEATURE.replace("general/doses", "general/dosis")
    (made / "features" / "doses.feature").write_text(text, encoding="utf-8")
    code, output = run(monkeypatch, made, "spec", "--engine", "compiled")
    assert code == 1 and "`general/dosis` is not a policy or module of this folder" in output
    assert "did you mean `general/doses`?" in output


def test_pytest_has_a_test_for_each_policy(tmp_path: Path) -> None:
    made = folder(tmp_path, {}, BOUND)
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "payer_policy.specs.plugin", "-v", "features"],
        cwd=made,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    for address in ("north/iron", "south/iron"):
        assert f"Few units are approved[{address}-" in ran.stdout.replace("_", " ")
