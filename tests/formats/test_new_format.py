"""A format in one folder, found by its entry point, which `decide`, `batch` and the service use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.formats import known, pieces, read_requests
from tests.batch.building import POLICIES, rejects_of, rows_of
from tests.service.conftest import Served

FOLDER = Path(__file__).parent / "claim_bars"
CLAIM = """\
claim|{}|medicare|medicare|G80.0 G82.51
line|62370||1|2025-03-04
line|J0945|{}|{}|2025-03-04
"""
TEXT = (
    CLAIM.format("BAR-1", "JZ", 4) + CLAIM.format("BAR-2", "", 4) + CLAIM.format("BAR-3", "", "x")
)
ANSWERS = "answer|BAR-1|approve\nanswer|BAR-2|pend\nanswer|BAR-3|refused\n"


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(FOLDER))
    known.installed.cache_clear()
    yield
    known.installed.cache_clear()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "claims.bars"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(payer_policy, [*map(str, words), "--policies", str(POLICIES)])


def test_decide_reads_and_writes_it(file: Path) -> None:
    result = run("decide", file, "--engine", "compiled", "--as", "claim_bars")

    assert (result.stdout, result.exit_code) == (ANSWERS, 2)
    assert f"{file}:7:1: error" in result.stderr


def test_what_comes_by_it_is_decided_as_the_same_claim_in_json_is(
    file: Path, tmp_path: Path
) -> None:
    read = [one.request for one in read_requests(file.read_bytes(), str(file))]
    same = tmp_path / "same.jsonl"
    requests = [one.model_dump_json(exclude_none=True) for one in read if one is not None]
    same.write_text("\n".join(requests), encoding="utf-8")

    by_bars = run("decide", file, "--engine", "compiled", "--json").stdout.splitlines()
    by_json = run("decide", same, "--engine", "compiled", "--json").stdout.splitlines()

    assert len(by_json) == 2 and by_bars[:2] == by_json


@pytest.mark.parametrize("workers", [1, 2])
def test_batch_reads_and_writes_it(
    workers: int, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    out = tmp_path / "out"

    result = run("batch", file, "-o", out, "--as", "claim_bars", "--workers", workers)

    assert result.exit_code == 1, result.output
    assert [(row["record"], row["claim_id"], row["decision"]) for row in rows_of(out)] == [
        (1, "BAR-1", "approve"),
        (2, "BAR-2", "pend"),
    ]
    assert [(one["record"], one["claim_id"]) for one in rejects_of(out)] == [(3, "BAR-3")]
    assert (out / "answers.bars").read_text("utf-8") == ANSWERS


def test_batch_merges_facts_into_it(file: Path, tmp_path: Path) -> None:
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps({"BAR-1": {"facts": {"therapy.phase": "refill"}}}))

    run("batch", file, "-o", tmp_path / "out", "--facts", facts, "--workers", 1)

    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert summary["facts"]["claims"] == 1


def test_the_service_reads_and_writes_it(served: Served) -> None:
    headers = {"Content-Type": "text/vnd.claim-bars", "Accept": "text/vnd.claim-bars"}

    answer = served.post("/v1/decide/batch", TEXT.encode(), headers=headers)

    assert (answer.status_code, answer.text) == (200, ANSWERS)
    assert answer.headers["content-type"].startswith("text/vnd.claim-bars")


def test_a_claim_that_its_reader_fails_on_is_refused_alone(tmp_path: Path) -> None:
    found = read_requests((TEXT + "claim|BAR-4\n").encode(), "f.bars")

    assert [one.request is not None for one in found] == [True, True, False, False]
    assert found[3].diagnostics[0].code == "internal-error"


def test_two_formats_of_one_name_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = tmp_path / "again-1.0.dist-info"
    again.mkdir()
    (again / "METADATA").write_text("Metadata-Version: 2.1\nName: again\nVersion: 1.0\n")
    points = "[payer_policy.formats]\nagain = claim_bars:FORMAT\n"
    (again / "entry_points.txt").write_text(points)
    monkeypatch.syspath_prepend(str(tmp_path))

    with pytest.raises(PayerPolicyError, match="two formats are called `claim_bars`"):
        known.installed()


def test_answers_are_not_written_in_a_format_that_is_only_read(file: Path) -> None:
    result = run("decide", file, "--as", "csv")

    assert result.exit_code == 2
    assert "answers are not written as `csv`; there is json_lines, claim_bars" in result.stderr


def test_json_lines_are_written_as_by_json(file: Path, tmp_path: Path) -> None:
    run("batch", file, "-o", tmp_path / "out", "--as", "json_lines", "--workers", 1)
    decided = run("decide", file, "--engine", "compiled", "--json").stdout

    assert (tmp_path / "out" / "answers.jsonl").read_text("utf-8") == decided


def test_a_stopped_run_writes_each_answer_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    out = tmp_path / "out"
    words = ("batch", file, "-o", out, "--as", "claim_bars", "--workers", 1, "--part-records", 1)
    run(*words)
    journal = out / "journal.jsonl"
    journal.write_bytes(b"".join(journal.read_bytes().splitlines(keepends=True)[:2]))

    run(*words)

    assert (out / "answers.bars").read_text("utf-8") == ANSWERS
