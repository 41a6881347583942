"""A run that is stopped at any moment goes on and leaves the bytes of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payer_policy.batch import journal
from payer_policy.batch import run as running
from payer_policy.batch.deciding import CountsDiffer
from payer_policy.batch.run import Options, run
from payer_policy.formats import pieces
from payer_policy.formats.json import blocks as json_blocks
from payer_policy.formats.source import WrongCall
from payer_policy.formats.tables import csv_blocks
from tests.batch import building
from tests.batch.building import ROOT, X12, claims, contents, decided, line_rows
from tests.batch.test_kinds import fact_rows
from tests.examples import examples


class Killed(BaseException):
    """The process is gone at this moment."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of every kind, with broken records among the good ones."""
    folder = tmp_path_factory.mktemp("in")
    given = claims(24)
    lines = building.write_lines(folder / "a.jsonl", given)
    text = lines.read_text("utf-8").splitlines(keepends=True)
    lines.write_text("".join([*text[:7], "{broken\n", "\n", *text[7:]]), "utf-8")
    table = building.write_csv(folder / "b.csv", line_rows(given))
    rows = table.read_text("utf-8").splitlines(keepends=True)
    table.write_text("".join([*rows[:9], "one,two\n", *rows[9:]]), "utf-8")
    return [
        lines,
        table,
        building.write_csv(folder / "c.csv", fact_rows(12)),
        building.write_parquet(folder / "d.parquet", line_rows(given), row_group_size=7),
        building.write_parquet(folder / "e.parquet", fact_rows(), row_group_size=5),
        *X12,
    ]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of one payer: what is decided is said elsewhere, here each answer must only be there once."""
    return building.one_payer(tmp_path_factory.mktemp("one"))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_blocks, "_BYTES", 1500)
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 5)
    monkeypatch.setattr(csv_blocks, "_SHARE", 10**6)


def killing(at: int, seed: int) -> Callable[[IO[bytes]], None]:
    """As `_sync`, until it is called for the nth time: then a part of what was written is there."""
    left = iter(range(at))
    rng = random.Random(seed)

    def sync(file: IO[bytes]) -> None:
        if next(left, None) is not None:
            file.flush()
            return
        before = Path(file.name).stat().st_size
        file.flush()
        after = Path(file.name).stat().st_size
        with Path(file.name).open("r+b") as again:
            again.truncate(rng.randint(before, after))
        raise Killed

    return sync


@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    stops=st.lists(st.integers(0, 40), min_size=1, max_size=3),
    part_records=st.integers(1, 90),
    seed=st.integers(0, 9),
)
def test_a_killed_run_goes_on_and_writes_each_row_once(
    stops: list[int],
    part_records: int,
    seed: int,
    files: list[Path],
    policies: Path,
    small_blocks: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("out")
    decided(files, folder / "whole", policies, part_records=part_records, columns=False)
    for at in stops:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journal, "_sync", killing(at, seed))
            try:
                decided(files, folder / "again", policies, part_records=part_records, columns=False)
            except Killed:
                continue
            break

    finished = decided(files, folder / "again", policies, part_records=part_records, columns=False)

    assert contents(folder / "again") == contents(folder / "whole")
    summary = finished.summary
    assert summary["records"] == summary["decided"] + summary["rejected"]
    rows = [(row["file"], row["record"]) for row in building.rows_of(folder / "again")]
    assert len(rows) == summary["rows"]
    assert len(set(rows)) == summary["decided"]
    rejects = [(one["file"], one["record"]) for one in building.rejects_of(folder / "again")]
    assert len(rejects) == summary["rejected"]
    assert not set(rows) & set(rejects)


@pytest.mark.parametrize("moment", ["Path.replace", "write_table", "between blocks"])
def test_a_run_that_fails_elsewhere_goes_on_too(
    moment: str, files: list[Path], policies: Path, small_blocks: None, tmp_path: Path
) -> None:
    decided(files, tmp_path / "whole", policies, part_records=12)
    stops = iter([0, 1, 2, 5])
    for stop in stops:
        calls = iter(range(stop))

        def failing(real: Callable[..., Any], calls: Iterator[int] = calls) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                if next(calls, None) is None:
                    raise Killed
                return real(*args, **kwargs)

            return call

        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            if moment == "Path.replace":
                patch.setattr(Path, "replace", failing(Path.replace))
            elif moment == "write_table":
                writer = journal.pq.ParquetWriter
                patch.setattr(writer, "write_table", failing(writer.write_table))
            report = failing(lambda _: None) if moment == "between blocks" else lambda _: None
            paths = [str(path) for path in files]
            run(paths, policies, tmp_path / "again", Options(part_records=12), report)

    decided(files, tmp_path / "again", policies, part_records=12)

    assert contents(tmp_path / "again") == contents(tmp_path / "whole")


def test_block_sizes_change_no_answer(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided(files, tmp_path / "large")
    monkeypatch.setattr(json_blocks, "_BYTES", 1)
    monkeypatch.setattr(pieces, "_SHARE", 10**6)
    monkeypatch.setattr(running, "ROWS_BY_COLUMN", 1)
    monkeypatch.setattr(csv_blocks, "_SHARE", 10**6)

    decided(files, tmp_path / "small")

    large, small = (building.rows_of(tmp_path / name) for name in ("large", "small"))
    for row in (*large, *small):
        del row["engine"]  # a few records are not worth columns
    assert large == small
    assert building.rejects_of(tmp_path / "large") == building.rejects_of(tmp_path / "small")


# --- a real process ------------------------------------------------------------------------------


def started(files: list[Path], out: Path, policies: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "payer_policy", "batch", *map(str, files), "-o", str(out)]
    command += ["--policies", str(policies)]
    return subprocess.Popen(
        [*command, "--part-records", "25", *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return False


def journal_lines(out: Path) -> int:
    path = out / "journal.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def children_of(pid: int) -> set[int]:
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found.add(int(path.parent.name))
    return found


@pytest.fixture(scope="module")
def undisturbed(
    policies: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[Path], dict[str, bytes]]:
    """Files, and what a run writes that nobody stops."""
    folder = tmp_path_factory.mktemp("undisturbed")
    given = claims(40)
    files = [building.write_lines(folder / f"{n}.jsonl", given) for n in range(30)]
    decided(files, folder / "whole", policies, part_records=25)
    return files, contents(folder / "whole")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize(("workers", "kills"), [("1", (2, 14)), ("2", (8,))], ids=["1", "2"])
def test_a_process_that_is_killed_loses_nothing(
    workers: str,
    kills: tuple[int, ...],
    undisturbed: tuple[list[Path], dict[str, bytes]],
    policies: Path,
    tmp_path: Path,
) -> None:
    files, whole = undisturbed

    for lines in kills:
        process = started(files, tmp_path / "again", policies, "--workers", workers)
        assert wait_for(lambda: journal_lines(tmp_path / "again") >= lines)  # noqa: B023
        crew = children_of(process.pid) if Path("/proc").is_dir() else set()
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in crew))  # noqa: B023
    process = started(files, tmp_path / "again", policies, "--workers", workers)
    out, err = process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert out.startswith(b"1,200 records of 30 files: 1,200 decided, 0 rejected;")
    assert contents(tmp_path / "again") == whole


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find the workers")
def test_a_worker_that_dies_is_told_and_loses_nothing(policies: Path, tmp_path: Path) -> None:
    given = claims(100)
    files = [building.write_lines(tmp_path / f"{n:03}.jsonl", given) for n in range(40)]
    process = started(files, tmp_path / "out", policies, "--workers", "2")
    assert wait_for(lambda: journal_lines(tmp_path / "out") >= 3)
    for pid in children_of(process.pid):
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGKILL)
            break
    _, err = process.communicate()

    assert process.returncode == 2
    assert b"a worker process was killed or ended early; is memory short?" in err
    assert b"Traceback" not in err
    finished = decided(files, tmp_path / "out", policies, part_records=25)
    assert finished.summary["rows"] == len(building.rows_of(tmp_path / "out"))
    assert finished.summary["records"] == 4_000


# --- the folder ----------------------------------------------------------------------------------


def test_a_finished_run_is_not_done_again(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(5))
    first = decided([file], tmp_path / "out")
    before = contents(tmp_path / "out")

    again = decided([file], tmp_path / "out")

    assert (first.before, again.before) == (False, True)
    assert first.summary == again.summary
    assert contents(tmp_path / "out") == before


def test_two_runs_do_not_write_one_folder(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(5))

    def second(_: object) -> None:
        with pytest.raises(WrongCall, match="another run is writing this folder"):
            decided([file], tmp_path / "out")

    run([str(file)], building.POLICIES, tmp_path / "out", Options(), second)


def test_what_differs_from_the_run_in_the_folder_is_said(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(5))
    other = building.write_lines(tmp_path / "d.jsonl", claims(2))
    out = tmp_path / "out"
    decided([file], out)

    with pytest.raises(WrongCall, match=r"in the input files \(.*d\.jsonl is new\)"):
        decided([file, other], out)
    with pytest.raises(WrongCall, match=r"in the options\. .* --overwrite"):
        decided([file], out, part_records=7)
    building.write_lines(file, claims(6))
    with pytest.raises(WrongCall, match=r"in the input files \(.*c\.jsonl was changed\)"):
        decided([file], out)
    decided([file], out, overwrite=True)
    assert len({row["claim_id"] for row in building.rows_of(out)}) == 6
    next((out / "rows").iterdir()).unlink()
    with pytest.raises(WrongCall, match="missing or was changed"):
        decided([file], out)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(2))
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")

    for overwrite in (False, True):
        with pytest.raises(WrongCall, match=r"holds `thesis\.txt`, which no run of batch wrote"):
            decided([file], out, overwrite=overwrite)
    with pytest.raises(WrongCall, match="this is a file"):
        decided([file], file)
    with pytest.raises(WrongCall, match="is in the folder of the answers"):
        decided([file], tmp_path)


def test_a_file_that_changes_while_it_is_read_is_noticed(tmp_path: Path) -> None:
    file = building.write_lines(tmp_path / "c.jsonl", claims(5))

    def change(_: object) -> None:
        building.write_lines(file, claims(6))

    with pytest.raises(WrongCall, match="was changed while it was read"):
        run([str(file)], building.POLICIES, tmp_path / "out", Options(), change)


def test_a_block_that_is_not_answered_ends_the_run(
    files: list[Path], policies: Path, small_blocks: None, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Tasks are counted where they are sent, and held to those that come back."""
    answered = running.decided_by

    def losing(*args: Any, **more: Any) -> Any:
        return (done for at, done in enumerate(answered(*args, **more)) if at != 2)

    monkeypatch.setattr(running, "decided_by", losing)

    with pytest.raises(CountsDiffer, match=r"(\d+) parts of files were sent, \d+ came back"):
        decided(files, tmp_path / "out", policies)
    assert not (tmp_path / "out" / "summary.json").exists()
