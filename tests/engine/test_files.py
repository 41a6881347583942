"""No output empties an input or is left half written; what holds member data is its owner's alone."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy
from payer_policy.core.whole_file import IsInput, refuse_inputs, whole_file
from tests.places import ROOT

CLAIM = (ROOT / "examples" / "claims" / "no-jz.json").read_bytes()
FACTS = b"{}\n"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as a project's."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    (tmp_path / "claim.json").write_bytes(CLAIM)
    (tmp_path / "facts.json").write_bytes(FACTS)
    (tmp_path / "hard.json").hardlink_to(tmp_path / "claim.json")
    (tmp_path / "soft.json").symlink_to("claim.json")
    return tmp_path


@pytest.fixture(autouse=True)
def _mask() -> Iterator[None]:
    """What is made can be read by everybody, where the program does not say otherwise."""
    old = os.umask(0o022)
    yield
    os.umask(old)


def call(*words: str) -> Result:
    return CliRunner().invoke(payer_policy, list(words))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


DECIDE = ("decide", "claim.json", "--facts", "facts.json", "--record")
IMPACT = ("impact", "policies", "policies", "claim.json", "--facts", "facts.json", "-q")
BUILD = ("bundle", "build", "--key", "key.private.pem", "--without-specs", "-o")


@pytest.mark.parametrize(
    "words",
    [
        *(
            (*head, output)
            for head in (DECIDE, (*IMPACT, "--html"), (*IMPACT, "--parquet"))
            for output in (
                "claim.json",
                "./policies/../claim.json",
                "hard.json",
                "soft.json",
                "facts.json",
                "policies/vocabulary.json",
            )
        ),
        (*BUILD, "policies/vocabulary.json"),
        (*BUILD, "key.private.pem"),
        ("audit", "export", "record.sqlite", "-o", "record.sqlite"),
        ("bundle", "keygen", "-o", "key"),
        ("batch", "claim.json", "-o", "."),
        ("batch", "policies", "-o", "policies"),
    ],
    ids=" ".join,
)
def test_an_output_that_is_an_input_is_refused_and_nothing_is_touched(
    here: Path, words: tuple[str, ...]
) -> None:
    assert call("bundle", "keygen", "-o", "key").exit_code == 0
    assert call("audit", "begin", "record.sqlite").exit_code == 0
    before = state(here)

    result = call(*words)

    assert result.exit_code == 2
    assert "another" in result.output or "a new file" in result.output
    assert state(here) == before


def test_a_record_is_private_whole_and_leaves_nothing_beside_it(here: Path) -> None:
    (here / "record.jsonl").write_text("of an earlier call")
    (here / "record.jsonl").chmod(0o644)

    result = call("decide", "claim.json", "--record", "record.jsonl")

    assert result.exit_code == 1, result.output
    assert mode(here / "record.jsonl") == 0o600
    assert json.loads((here / "record.jsonl").read_text().splitlines()[0])
    assert not [path.name for path in here.iterdir() if path.name.startswith(".")]


def test_a_record_that_cannot_be_written_is_reported_by_its_name(here: Path) -> None:
    result = call("decide", "claim.json", "--record", "no/such.jsonl")
    assert result.exit_code == 2
    assert "no/such.jsonl: no such file or directory" in result.output
    result = call("decide", "claim.json", "--record", "policies")
    assert result.exit_code == 2
    assert "policies: is a directory" in result.output


def test_reports_of_impact_are_private(here: Path) -> None:
    result = call(*IMPACT, "--html", "a.html", "--parquet", "a.parquet")
    assert result.exit_code == 0, result.output
    assert {mode(here / name) for name in ("a.html", "a.parquet")} == {0o600}

    result = call(*IMPACT, "--html", "a.html", "--parquet", "./a.html")
    assert result.exit_code == 2
    assert "need different files" in result.output


def test_the_answers_of_a_batch_are_private(here: Path) -> None:
    (here / "many.jsonl").write_bytes(b'{"id": 4}\n' + json.dumps(json.loads(CLAIM)).encode())
    assert call("batch", "many.jsonl", "-o", "out", "--workers", "1").exit_code == 1

    files = [path for path in (here / "out").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"rejects.jsonl", "journal.jsonl", "summary.json"}
    assert {path.name: mode(path) for path in files if mode(path) != 0o600} == {}
    assert mode(here / "out") == mode(here / "out" / "rows") == 0o700


@pytest.mark.parametrize(
    ("words", "made"),
    [
        (("decide", "claim.json", "--record", "record.jsonl"), {"record.jsonl"}),
        ((*IMPACT, "--html", "a.html", "--parquet", "a.parquet"), {"a.html", "a.parquet"}),
        (("batch", "claim.json", "-o", "out", "--workers", "1"), {"out", "out/summary.json"}),
        (("audit", "begin", "new.sqlite"), {"new.sqlite"}),
        (("audit", "export", "old.sqlite", "-o", "rows.jsonl"), {"rows.jsonl"}),
        (("audit", "backup", "old.sqlite", "-o", "copy.sqlite"), {"copy.sqlite"}),
        (("keys", "new", "keys.json", "tests"), {"keys.json"}),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_whatever_a_command_makes_is_its_owners_alone(
    here: Path, words: tuple[str, ...], made: set[str]
) -> None:
    assert call("audit", "begin", "old.sqlite").exit_code == 0
    before = set(here.rglob("*"))

    result = call(*words)

    new = set(here.rglob("*")) - before
    assert {str(path.relative_to(here)) for path in new} >= made, result.output
    wrong = {
        path: oct(mode(path)) for path in new if mode(path) != (0o700 if path.is_dir() else 0o600)
    }
    assert wrong == {}


def test_the_files_beside_an_audit_record_are_private_too(here: Path) -> None:
    from datetime import UTC, datetime

    from payer_policy.audit import AuditLog, refusal_entry

    with AuditLog.open("record.sqlite", clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)) as log:
        log.append([refusal_entry(1, None, None)])
        beside = {path.name: mode(path) for path in here.glob("record.sqlite*")}
    names = ("record.sqlite", "record.sqlite-shm", "record.sqlite-wal")
    assert beside == dict.fromkeys(names, 0o600)


def test_schemas_are_for_everybody(here: Path) -> None:
    assert call("schema", "--write", "schema").exit_code == 0
    assert {mode(path) for path in (here / "schema").iterdir()} == {0o644}


# --- the one place ------------------------------------------------------------------------------------


def _fault(file: Path) -> None:
    with whole_file(file) as out:
        out.write(b"half of ")
        raise KeyboardInterrupt


@pytest.mark.parametrize("before", [None, b"whole"])
def test_what_stops_half_way_leaves_what_was_there(tmp_path: Path, before: bytes | None) -> None:
    file = tmp_path / "out"
    if before is not None:
        file.write_bytes(before)

    with pytest.raises(KeyboardInterrupt):
        _fault(file)

    assert [path.name for path in tmp_path.iterdir()] == ([] if before is None else ["out"])
    assert before is None or file.read_bytes() == before


def test_of_a_link_the_file_is_replaced_and_the_link_stays(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target = tmp_path / "there" / "file"
    target.write_bytes(b"old")
    link = tmp_path / "link"
    link.symlink_to(target)

    with whole_file(link) as out:
        out.write(b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(pipe) as out:
        out.write(b"text")
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_very_long_name_and_a_circle_of_links_are_errors_of_the_file(tmp_path: Path) -> None:
    with whole_file(tmp_path / ("n" * 250)) as out:
        out.write(b"text")
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic links"), whole_file(tmp_path / "a"):
        pass


@pytest.mark.parametrize("output", [lambda at: at / "new", lambda at: Path("/dev/null")])
def test_what_is_not_there_and_a_device_are_no_inputs(
    tmp_path: Path, output: Callable[[Path], Path]
) -> None:
    refuse_inputs(output(tmp_path), [tmp_path / "none", "-", None, tmp_path, "/dev/null"])
    refuse_inputs(None, [tmp_path])


def test_a_file_of_a_folder_that_is_read_is_an_input(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "in" / "a.json"
    file.write_bytes(b"{}")
    with pytest.raises(IsInput, match="is also read; name another file"):
        refuse_inputs(file, [tmp_path])


@pytest.mark.parametrize("letter", ["a", "é", "患", "😀"])
def test_a_name_as_long_as_the_file_system_allows_can_be_written(
    letter: str, tmp_path: Path
) -> None:
    path = tmp_path / (letter * (255 // len(letter.encode())))
    path.write_bytes(b"before")

    with whole_file(path) as file:
        file.write(b"after")

    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]
