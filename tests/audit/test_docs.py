"""docs/audit.md shows what the commands print: each is run here on the rows that the page shows."""

from __future__ import annotations

import re
import shlex
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.audit import AuditLog
from payer_policy.audit.chain import entry_hash
from payer_policy.audit.tables import TABLE
from payer_policy.cli import payer_policy
from tests.audit.conftest import ROOT, Answer, Clock

PAGE = (ROOT / "docs" / "audit.md").read_text("utf-8")
SECTIONS = ("Find a row, and read it", "Backups", "Signed heads")
COMMAND = re.compile(
    r"\$ payer-policy (?P<command>[^\n]+)\n(?P<output>.*?)(?=^\$ |\Z)", re.M | re.S
)


def commands() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name in SECTIONS:
        section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL):
            found += COMMAND.findall(block)
    return [one for one in found if not one[0].startswith("serve")]


def pattern(shown: str) -> str:
    """What the page shows as a pattern: any hash, and any lines where it has an ellipsis alone."""
    lines = []
    for line in shown.splitlines():
        if line.strip() == "…":
            lines.append(r"(?:.*\n)*?")
        else:
            lines.append(re.sub(r"[0-9a-f]{64}", "[0-9a-f]{64}", re.escape(line)) + r"\n")
    return "".join(lines)


def written_anew(file: Path) -> None:
    """Row 2 decided otherwise, and every hash from there on made anew."""
    with sqlite3.connect(file) as database:
        for name in ("insert", "update", "delete"):
            database.execute(f"DROP TRIGGER {TABLE}_{name}")
        rows = database.execute(
            f"SELECT seq, time, previous, kept, commitment FROM {TABLE} ORDER BY seq"
        ).fetchall()
        previous = rows[0][2]
        for seq, time, _, kept, commitment in rows:
            kept = kept.replace('"deny"', '"approve"') if seq == 2 else kept
            made = entry_hash(seq, time, previous, kept, commitment)
            database.execute(
                f"UPDATE {TABLE} SET kept = ?, previous = ?, hash = ? WHERE seq = ?",
                (kept, previous, made, seq),
            )
            previous = made
    database.close()


def test_every_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, Answer]
) -> None:
    monkeypatch.chdir(tmp_path)
    with AuditLog.open("audit.db", clock=Clock(datetime(2026, 11, 27, 14, tzinfo=UTC))) as log:
        for number, answer in answers.items():
            if number != "SYN-NO-POLICY":
                log.append([log.entry(*answer, source="f" * 64, caller="claims-intake")])

    run = commands()
    assert [command.split()[1] for command, _ in run] == [
        "find", "show", "backup", "keygen", "head", "verify",
    ]  # fmt: skip
    for command, shown in run:
        if command.startswith("audit verify"):
            written_anew(tmp_path / "audit.db")
        result = CliRunner().invoke(payer_policy, shlex.split(command), catch_exceptions=False)
        assert re.fullmatch(pattern(shown), result.output), f"{command}\n{result.output}"
