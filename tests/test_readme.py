"""What README.md shows is what the product prints: every `console` block is run and compared."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pages import CONSOLE, is_shown, printed
from tests.places import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = CONSOLE.findall(README)


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=[command for command, _ in BLOCKS])
def test_readme_shows_real_output(command: str, shown: str, tmp_path: Path) -> None:
    folder = (
        tmp_path if command.startswith("payer-policy init ") else ROOT
    )  # it writes where it is typed
    output = printed(command, folder)

    assert is_shown(output, shown), output


def test_the_rule_that_readme_shows_is_shipped() -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    path = ROOT / "policies" / "general" / "wastage" / "2016-01-01.json"
    rules = {rule["id"]: rule for rule in json.loads(path.read_text("utf-8"))["rules"]}

    assert {**shown, "note": rules[shown["id"]]["note"]} == rules[shown["id"]]


def test_the_scenario_that_readme_shows_passes(tmp_path: Path) -> None:
    (scenario,) = re.findall(r"```gherkin\n(.*?)```", README, re.DOTALL)
    (tmp_path / "shown.feature").write_text(f"Feature: README\n\n{scenario}", "utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "payer_policy", "spec", str(tmp_path), "--engine", "compiled"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert run.returncode == 0, run.stdout


def test_the_example_program_runs() -> None:
    run = subprocess.run(
        [sys.executable, "examples/embed.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )

    lines = run.stdout.splitlines()
    assert "SYN-REFILL-1 J0945: approve" in lines
    assert "SYN-REFILL-1 J0945: deny" in lines
    assert "SYN-REFILL-1 J0945: pend" in lines
    assert any(line.startswith("  jz-missing: CO 16 N822") for line in lines)
    assert "100 decisions on 4 threads: {'approve'}" in lines
