"""docs/bundles.md shows what the commands print: each is run here on small synthetic policies."""

from __future__ import annotations

import re
import shlex
import textwrap
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from tests.bundle.making import write
from tests.places import ROOT

PAGE = (ROOT / "docs" / "bundles.md").read_text("utf-8")
COMMAND = re.compile(
    r"\$ payer-policy (?P<command>[^\n]+)\n(?P<output>.*?)(?=^\$ |\Z)", re.M | re.S
)
COMMANDS = [
    found
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    for found in COMMAND.findall(block)
]


def shape(text: str) -> str:
    """A text without what another folder, key or machine changes."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "HASH", text)
    text = re.sub(r"on \w+(, \w+)*( and \w+)? \(\d+ feature files?", "on ENGINES (N", text)
    return re.sub(r"\d[\d,]*", "N", text)


def test_every_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path)
    assert [command.split()[:2] for command, _ in COMMANDS] == [
        ["bundle", one] for one in ("keygen", "build", "verify", "verify")
    ]
    for command, shown in COMMANDS:
        if "changed.zip" in command:
            data = bytearray((tmp_path / "2026-11-27.zip").read_bytes())
            data[data.index(b"What a rule about iron")] ^= 1
            (tmp_path / "changed.zip").write_bytes(data)
        result = CliRunner().invoke(payer_policy, shlex.split(command), catch_exceptions=False)
        assert shape(result.output) == shape(shown), result.output


def test_the_python_of_the_page_decides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.bundle.making import bundle, key

    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundles").mkdir()
    (tmp_path / "bundles" / "1.zip").write_bytes(bundle(tmp_path / "apart"))
    (tmp_path / "release.public.pem").write_bytes(key().public.pem)
    (shown,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, object] = {}

    exec(textwrap.dedent(shown), names)  # noqa: S102 - our own page

    assert "bundles/1.zip: " in capsys.readouterr().out
    assert names["deployed"] is not None
    assert "outcome" in names
