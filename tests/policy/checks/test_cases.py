"""Every file of `cases/` makes `payer-policy check` print exactly the text that stands beside it.

`UPDATE_GOLDEN=1 pytest tests/policy/checks` writes the texts anew: review the diff as an analyst would.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.cli.check import command
from payer_policy.core.diagnostics.codes import CODES
from tests.policy.checks.building import CASES, build

FILES = sorted(CASES.glob("*.json"))
REPORTED = re.compile(r"^\S.*: (?:error|warning)\[([a-z-]+)\]$", re.MULTILINE)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_check_prints(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    build(case, tmp_path / "policies")
    monkeypatch.chdir(tmp_path)

    deep = case.get("deep", False)
    result = CliRunner().invoke(command, ["--deep"] if deep else [])

    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    golden = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(result.output, encoding="utf-8")
    assert result.output == golden.read_text(encoding="utf-8")
    codes = set(REPORTED.findall(result.output))
    wanted = path.stem.partition("--")[0]
    if wanted == "ok":
        assert codes == set()
    else:
        assert wanted in codes
    bad = "error[" in result.output or (deep and wanted != "ok")
    assert result.exit_code == (1 if bad else 0)


def test_every_code_has_a_case() -> None:
    with_a_case = {path.stem.partition("--")[0] for path in FILES}
    elsewhere = {
        "no-folder",  # test_cli_check: the folder is what is missing
        "too-large",  # test_hostile: the file is made on the spot
        "unreadable",  # test_hostile: not a file that can lie in a repository
        "conflict-not-seen",  # test_conflicts: where the solver is not installed, or gives up
        "schema-mismatch",  # test_schemas: would be a fault of ours
        "too-many-problems",  # test_hostile: its text would be as long
    }
    assert with_a_case - {"ok"} == set(CODES) - elsewhere


def test_every_text_has_its_case() -> None:
    assert {path.stem for path in CASES.glob("*.txt")} == {path.stem for path in FILES}
