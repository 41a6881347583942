"""`decide --record` and `verify` as they are called."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

CLAIM = ROOT / "examples" / "claims" / "refill.json"


def payer_policy(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "payer_policy", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    plain = payer_policy("decide", CLAIM)
    run = payer_policy("decide", CLAIM, "--record", path)
    assert (run.returncode, run.stdout, run.stderr) == (plain.returncode, plain.stdout, "")
    return path


def test_records_check_out(records: Path) -> None:
    run = payer_policy("verify", records)

    assert run.returncode == 0, run.stdout
    assert "every step follows" in run.stdout
    answer = json.loads(payer_policy("verify", records, "--json").stdout)
    assert answer["schema"] == "payer-policy/verification/1"
    assert [one["record"] for one in answer["records"]] == [1, 2]
    assert all(one["wrong"] == [] and one["policy_changed"] is None for one in answer["records"])


def test_one_changed_byte_of_a_record_is_told_with_its_step(records: Path, tmp_path: Path) -> None:
    first, rest = records.read_bytes().split(b"\n", 1)
    altered = first.replace(b'"decision":"approve"', b'"decision":"approvd"')
    assert altered != first
    path = tmp_path / "altered.jsonl"
    path.write_bytes(altered + b"\n" + rest)

    run = payer_policy("verify", path)

    assert run.returncode == 1
    assert "Record 1, claim SYN-REFILL-1" in run.stdout
    assert "2 steps are wrong" in run.stdout
    assert "  hash of the record\n" in run.stdout
    assert "  determination, decision (medicare/" in run.stdout
    assert '    recorded: "approvd"\n    follows:  "approve"\n' in run.stdout
    assert "every step follows" not in run.stdout.split("Record 2")[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no such file or directory"),
        (b"", "contains no record; `decide --record` writes them"),
    ],
)
def test_a_wrong_call_is_no_verdict(tmp_path: Path, content: bytes | None, told: str) -> None:
    path = tmp_path / "records.jsonl"
    if content is not None:
        path.write_bytes(content)
    run = payer_policy("verify", path)

    assert run.returncode == 2
    assert told in run.stderr
    assert run.stdout == ""


def test_records_that_cannot_be_written_decide_nothing(tmp_path: Path) -> None:
    run = payer_policy("decide", CLAIM, "--record", tmp_path / "nowhere" / "r.jsonl")

    assert run.returncode == 2
    assert "no such file or directory" in run.stderr
    assert run.stdout == ""


# --- what the checker is made of -------------------------------------------------------------------

CHECKER = sorted((ROOT / "src" / "payer_policy" / "audit" / "checker").glob("*.py"))
MAY_IMPORT = {
    "payer_policy.policy.library",
    "payer_policy.core.ruleset",
    "payer_policy.core.sealed",
    "payer_policy.core.tables",
    "payer_policy.core.vocabulary.calendars",
    "payer_policy.core.vocabulary.codes",
    "payer_policy.core.vocabulary.operators",
    "payer_policy.core.vocabulary.types",
}
FORBIDDEN = (
    "engine",
    "core.codegen",
    "core.semantics",
    "determination",
    "analysis",
    "audit.record",
)


def test_the_checker_imports_no_engine() -> None:
    imported = {
        node.module
        for path in CHECKER
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("payer_policy")
    }
    assert {
        name for name in imported if not str(name).startswith("payer_policy.audit.checker")
    } == (MAY_IMPORT)


def test_nothing_that_the_command_runs_imports_an_engine() -> None:
    code = (
        "import sys, payer_policy.cli.verify\n"
        "print([n for n in sys.modules if n.startswith('payer_policy.')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = {name.removeprefix("payer_policy.") for name in ast.literal_eval(run.stdout)}

    assert "audit.checker" in loaded
    assert [one for one in loaded if one.startswith(FORBIDDEN)] == []


def test_the_checker_is_short_enough_to_be_read() -> None:
    """Lines of code, without blank ones, comments and docstrings."""
    lines = {path.stem: _lines_of_code(path) for path in CHECKER}

    assert lines["steps"] < 360
    assert lines["lines"] < 320
    assert lines["values"] < 240
    assert lines["dates"] < 215
    assert lines["silence"] < 125
    assert sum(lines.values()) < 1600


def _lines_of_code(path: Path) -> int:
    text = path.read_text("utf-8")
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(
            node
        ):
            first = node.body[0]
            docstrings |= {*range(first.lineno, (first.end_lineno or first.lineno) + 1)}
    return sum(
        number not in docstrings and bool(line.strip()) and not line.strip().startswith("#")
        for number, line in enumerate(text.splitlines(), 1)
    )
