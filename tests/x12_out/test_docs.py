"""What docs/x12.md shows is what the product prints."""

from __future__ import annotations

import re
import shlex

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from tests.x12_out.building import ROOT

BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "docs" / "x12.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "shown"), BLOCKS, ids=["reviews", "claims"])
def test_the_page_shows_real_output(
    command: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    words = shlex.split(command)
    run = CliRunner().invoke(payer_policy, [*words[1:], "--engine", "compiled"])
    parts = re.split(r"(?m)^…\n", shown)

    assert words[0] == "payer-policy"
    pattern = "(?:.*\n)*?".join(re.escape(part) for part in parts)
    assert re.fullmatch(pattern, run.stdout), run.stdout
