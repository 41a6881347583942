"""`payer-policy audit`: what people see, exit status, JSON; on a record in a file and in PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy import PolicyError
from payer_policy.audit import AuditLog, Entry
from payer_policy.audit.tables import TABLE
from payer_policy.cli.audit import command
from tests.audit.conftest import ROOT, Answer, Clock, Place

POLICIES = ["--policies", str(ROOT / "policies")]


def audit(*arguments: str, data: bytes | None = None) -> Result:
    result = CliRunner().invoke(command, list(arguments), input=data)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def record(place: Place, entries: dict[str, Entry]) -> Place:
    with place.open() as log:
        log.append(list(entries.values()))
    return place


def test_a_record_that_is_whole(record: Place, entries: dict[str, Entry]) -> None:
    head = audit("head", record.url).output.strip()
    assert head.startswith(f"{len(entries)}:")

    told = audit("verify", record.url, "--head", head)
    assert told.exit_code == 0
    assert told.output.endswith(
        f": {len(entries)} rows, head {head}\n"
        f"  Every row is as it was written, and the head of row {len(entries)} is in it.\n"
    )
    without = audit("verify", record.url)
    assert without.exit_code == 0 and "seen only with heads kept elsewhere" in without.output
    value = json.loads(audit("verify", record.url, "--head", head, "--json").output)
    assert value["schema"] == "payer-policy/audit-verification/1"
    assert (value["rows"], value["head"], value["findings"]) == (len(entries), head, [])
    shown = json.loads(audit("head", record.url, "--json").output)
    assert f"{shown['rows']}:{shown['hash']}" == head


def test_a_record_that_was_tampered_with(record: Place) -> None:
    head = audit("head", record.url).output.strip()
    record.drop_guards()
    record.run(
        f"UPDATE {TABLE} SET kept = REPLACE(kept, 'approve', 'deny') WHERE seq = 1",
        f"DELETE FROM {TABLE} WHERE seq IN (3, 4)",
    )

    told = audit("verify", record.url, "--head", head)
    assert told.exit_code == 1
    assert "Triggers against slips are missing: payer_policy_audit_delete, payer" in told.output
    assert (
        "  2 things are wrong:\n"
        "    row 1, changed: its time, what is kept of it, or its commitment is not as written\n"
        "    row 3, removed: rows 3 to 4 are not in the record\n"
    ) in told.output
    value = json.loads(audit("verify", record.url, "--json").output)
    assert [(one["row"], one["kind"]) for one in value["findings"]] == [
        (1, "changed"),
        (3, "removed"),
    ]
    assert len(value["missing_guards"]) >= 3


def test_replay(record: Place, entries: dict[str, Entry]) -> None:
    told = audit("replay", record.url, *POLICIES)
    assert told.exit_code == 0
    assert f"{len(entries)} decided again, the same byte for byte" in told.output

    lines = audit(
        "replay", record.url, *POLICIES, "--claim-number", "SYN-REFILL-1", "--json"
    ).output
    (one,) = [json.loads(line) for line in lines.splitlines()]
    assert (one["claim_number"], one["status"]) == ("SYN-REFILL-1", "same")
    later = audit("replay", record.url, *POLICIES, "--after", str(len(entries) - 1))
    assert "1 decided again" in later.output


def test_replay_tells_what_it_could_not(record: Place, answers: dict[str, Answer]) -> None:
    from dataclasses import replace

    audit("redact", record.url, "--claim-number", "SYN-837-WASTE", "--by", "x", "--why", "y")
    other = ROOT / "tests" / "policy" / "checks" / "base"  # a small folder with other policies
    told = audit("replay", record.url, "--policies", str(other))
    assert told.exit_code == 1
    assert "1 not decided again: redacted" in told.output
    assert "not decided again: no policy file" in told.output
    assert (
        "claim number SYN-REFILL-1: no folder given has medicare/intrathecal-baclofen"
        in told.output
    )

    request, (decided,), without = answers["SYN-REFILL-1"]
    wrong = replace(decided.determination, decision="deny")
    with record.open() as log:
        log.append([log.entry(request, [replace(decided, determination=wrong)], without)])
    told = audit("replay", record.url, *POLICIES)
    assert told.exit_code == 1
    assert (
        "not the same; decided from the request\n"
        '  determination, decision: recorded "deny"\n'
        '    again "approve"\n'
    ) in told.output


def test_replay_by_a_bundle(tmp_path: Path, answers: dict[str, Answer]) -> None:
    """Also of an answer that no policy was found: the bundle that said so is known by its hash."""
    from payer_policy.cli.bundle import command as bundle

    key, file = tmp_path / "key", tmp_path / "policies.zip"
    for call in (
        ["keygen", "-o", str(key)],
        ["build", *POLICIES, "--without-specs", "--key", f"{key}.private.pem", "-o", str(file)],
    ):
        made = CliRunner().invoke(bundle, call)
        assert made.exit_code == 0, made.output
    hash_ = hashlib.sha256(file.read_bytes()).hexdigest()
    url = str(tmp_path / "audit.db")
    with AuditLog.open(url, clock=Clock()) as log:
        log.append([log.entry(*answer, source=hash_) for answer in answers.values()])

    told = audit("replay", url, "--policies", str(file))
    assert told.exit_code == 0
    assert f"{len(answers)} decided again, the same byte for byte" in told.output
    (tmp_path / "no.zip").write_bytes(b"PK")
    with pytest.raises(PolicyError):  # which the command line prints, as for every bundle
        audit("replay", url, "--policies", str(tmp_path / "no.zip"))


def test_export_and_what_is_read_back(record: Place, tmp_path: Path) -> None:
    out = tmp_path / "export.jsonl"
    assert audit("export", record.url, "-o", str(out)).exit_code == 0
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_bytes() == audit("export", record.url).stdout_bytes
    assert audit("export", record.url, "-o", str(out)).exit_code == 2
    head = audit("head", record.url).output.strip()

    assert audit("verify", str(out), "--head", head).exit_code == 0
    assert audit("verify", "-", data=out.read_bytes()).exit_code == 0
    assert audit("replay", str(out), *POLICIES).exit_code == 0
    cut = out.read_bytes()[:-200]
    told = audit("verify", "-", "--head", head, data=cut)
    assert told.exit_code == 1 and "the file was cut" in told.output
    assert audit("replay", "-", *POLICIES, data=cut).exit_code == 2
    bare = audit("export", record.url, "--without-members").stdout_bytes
    assert b"SYN-" not in bare
    told = audit("verify", "-", "--head", head, data=bare)
    assert told.exit_code == 0 and "Left out of this export, and not checked" in told.output


def test_redaction(record: Place, entries: dict[str, Entry]) -> None:
    member = entries["SYN-REFILL-1"].member_id
    assert member is not None
    count = sum(entry.member_id == member for entry in entries.values())
    call = ("redact", record.url, "--member", member, "--by", "privacy office", "--why", "order 7")

    told = audit(*call)
    assert told.exit_code == 0
    rows = "1 row" if count == 1 else f"{count} rows"
    assert f"erased the member data of {rows}. Row {len(entries) + 1} says so" in told.output
    again = audit(*call)
    assert again.exit_code == 1 and "nothing was erased" in again.output
    assert json.loads(audit(*call, "--json").output) == {
        "schema": "payer-policy/audit-redaction/1",
        "erased": 0,
        "row": None,
    }
    told = audit("verify", record.url)
    assert told.exit_code == 0 and f"Redacted: the member data of {rows}." in told.output
    # Of the clock of the machine, and not of the tests: rows of 2025 are before tomorrow.
    everything = audit("redact", record.url, "--before", "2025-06-02", "--by", "x", "--why", "y")
    assert f"{len(entries) - count} rows" in everything.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["verify", "nowhere.db"], "nowhere.db: no such file"),
        (["head", "nowhere.db"], "there is no such file, so no audit record"),
        (["verify", "."], "is a directory"),
        (["verify", "empty"], "is empty; a record or its export was expected"),
        (["verify", "notes"], "is neither an audit record nor an export of one"),
        (["head", "notes"], "file is not a database"),
        (["verify", "other.db"], "holds no audit record"),
        (["export", "other.db", "-o", "none/x"], "holds no audit record"),
        (["verify", "oracle://a:secret@b/c"], "`oracle` databases are not supported"),
        (["verify", "record", "--head", "12"], "a head is the number of rows, a colon and 64"),
        (["redact", "other.db", "--by", "x", "--why", "y"], "say which rows"),
        (["redact", "x", "--before", "1", "--by", "x", "--why", "y"], "does not match the format"),
        (["redact", "other.db", "--claim-number", "x", "--by", "x"], "--why"),
    ],
)
def test_wrong_calls_are_told(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("notes").write_text("Nothing that a record would hold.\n" * 100)
    with sqlite3.connect("other.db") as other:
        other.execute("CREATE TABLE something (number INTEGER)")
    other.close()

    told = audit(*arguments)
    assert told.exit_code == 2
    assert words in " ".join(told.output.split())
    assert "secret" not in told.output


def test_a_redaction_needs_readable_words(record: Place) -> None:
    told = audit("redact", record.url, "--claim-number", "x", "--by", " ", "--why", "y")

    assert told.exit_code == 2 and "`by` is a readable text of 1 to 500 characters" in told.output


def test_without_sqlalchemy_it_says_what_to_install(tmp_path: Path) -> None:
    """Nor does reading an export need it."""
    (tmp_path / "sqlalchemy.py").write_text("raise ImportError('not here')")
    (tmp_path / "export.jsonl").write_text("{}\n")
    program = "from payer_policy.cli import main; main()"

    def run(*arguments: str) -> Any:
        path = ":".join([str(tmp_path), *sys.path])
        return subprocess.run(
            [sys.executable, "-c", program, "audit", *arguments],
            capture_output=True, text=True, cwd=tmp_path, env={"PYTHONPATH": path},
        )  # fmt: skip

    told = run("head", "audit.db")
    assert told.returncode == 2
    assert "pip install 'payer-policy[audit]'" in told.stderr
    assert run("verify", "export.jsonl").returncode == 1


def test_a_record_is_begun_once(place: Place, entries: dict[str, Entry]) -> None:
    begun = audit("begin", place.url)
    with place.open(create=False) as log:
        log.append(list(entries.values())[:1])
        head = log.head()
    again = audit("begin", place.url)

    assert (begun.exit_code, begun.stdout) == (0, f"0:{'0' * 64}\n")
    assert (again.exit_code, again.stdout) == (0, f"{head}\n")
