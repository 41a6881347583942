"""What docs/x12.md shows is what the product prints."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from payer_policy.request.mappings import request_from_mapping
from tests.formats.x12.building import ROOT

BLOCK = re.compile(r"```console\n\$ (?P<command>[^\n]+)\n(?P<output>.*?)```", re.DOTALL)
PAGE = (ROOT / "docs" / "x12.md").read_text(encoding="utf-8")
BLOCKS = BLOCK.findall(PAGE)


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


def test_the_program_that_the_page_shows_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    line = {"code": "J0945", "date": "2025-03-04", "units": 4, "charge": 100}
    line |= {"place_of_service": "11"}
    raw = {
        "id": "SYN-1",
        "coverage": {"payer": "medicare", "line_of_business": "medicare"},
        "diagnoses": ["G82.51"],
        "lines": [line],
    }
    names: dict[str, Any] = {"request": request_from_mapping(raw)}
    exec(program, names)  # noqa: S102

    assert [one.id for one in names["part"]] == [
        "CLP",
        "NM1",
        "MOA",
        "SVC",
        "DTM",
        "CAS",
        "REF",
        "LQ",
    ]
