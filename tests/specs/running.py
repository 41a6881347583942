"""The command line, run in this process in the folder of the test data."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from payer_policy.determination.words import listed
from payer_policy.engines import enough_engines

HERE = enough_engines()
"""The engines that scenarios run on here; `checked` runs two."""
DATA = Path(__file__).with_name("data")


def spec(monkeypatch: pytest.MonkeyPatch, *arguments: str, folder: Path = DATA) -> Result:
    """`payer-policy spec …` as typed in a folder, with the policies of these tests."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PAYER_POLICIES", str(DATA / "policies"))
    return CliRunner().invoke(payer_policy, ["spec", *arguments], catch_exceptions=False)


def all_passed(count: int, engines: tuple[str, ...] = HERE) -> str:
    """The last line of a run in which nothing failed."""
    return f"1 feature on {listed(engines)}, {count} scenarios: {count} passed.\n"
