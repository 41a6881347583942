"""`audit find`, `show` and `backup`: the same answers from a database and from its export."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any, get_args

import pytest

from payer_policy.audit import AuditLog, Entry, refusal_entry
from payer_policy.audit.entries import DECISION, INQUIRY, REDACTION, REFUSAL
from payer_policy.audit.searching import DECISIONS, KINDS
from payer_policy.audit.tables import TABLE
from payer_policy.cli.audit_rows import DECIDED
from payer_policy.determination.model import Decision, LineDecision
from tests.audit.conftest import Answer, Clock, Place
from tests.audit.test_cli import audit

STARTS = {
    "claims": ("SYN-837-WASTE", "SYN-837-NO-JZ"),
    "portal": ("SYN-837-INITIAL", "SYN-QUESTION-1", "SYN-REFILL-1"),
    "nobody": ("SYN-NO-JZ-1", "SYN-NO-POLICY"),
}
"""Claim numbers in the order of their rows, by who asks: rows 1 to 7."""


@pytest.fixture
def record(place: Place, answers: dict[str, Answer]) -> Place:
    """Seven answers a second apart, a redaction of row 4 (row 8), and a refusal (row 9)."""
    clock = Clock()
    with place.open(clock=clock) as log:
        for caller, numbers in STARTS.items():
            for number in numbers:
                log.append([log.entry(*answers[number], caller=caller)])
        log.redact(by="privacy office", why="order 7", claim_number="SYN-QUESTION-1")
        log.append([refusal_entry(3, None, "portal")])
    return place


def found(record: str, *conditions: str) -> list[int]:
    told = audit("find", record, *conditions, "--json")
    rows = [json.loads(line) for line in told.output.splitlines()]
    assert told.exit_code == (0 if rows else 1)
    assert all(row["as_written"] for row in rows)
    return [row["row"] for row in rows]


@pytest.mark.parametrize(
    ("conditions", "rows"),
    [
        ([], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["--claim-number", "SYN-REFILL-1"], [5]),
        (["--claim-number", "SYN-QUESTION-1"], []),  # redacted
        (["--claim-number", "SYN-REFILL"], []),
        (["--member", "SYN-M-0001"], [1, 2, 5]),
        (["--decision", "deny"], [2, 6]),
        (["--decision", "pend"], [3, 4]),
        (["--decision", "no_policy"], [7]),
        (["--policy", "commercial-strict/intrathecal-baclofen"], [3, 4]),
        (["--policy", "commercial-strict"], []),
        (["--code", "Q9999"], [7]),
        (["--code", "62370"], [1, 2, 5, 6]),
        (["--caller", "portal"], [3, 4, 5, 9]),
        (["--kind", "redaction"], [8]),
        (["--kind", "refusal"], [9]),
        (["--first", "4", "--last", "6"], [4, 5, 6]),
        (["--since", "2025-06-01T12:00:07Z"], [7, 8, 9]),
        (["--since", "2025-06-01T14:00:07+02:00"], [7, 8, 9]),
        (["--before", "2025-06-01T12:00:03"], [1, 2]),
        (["--since", "2025-06-01", "--before", "2025-06-02"], [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (["--before", "2025-06-01"], []),
        (["--decision", "approve", "--caller", "portal"], [5]),
        (["--decision", "approve", "--caller", "nobody"], []),
        (["--limit", "2"], [8, 9]),
    ],
)
def test_rows_are_found_alike_in_a_database_and_in_its_export(
    record: Place, tmp_path: Path, conditions: list[str], rows: list[int]
) -> None:
    export = tmp_path / "export.jsonl"
    audit("export", record.url, "-o", str(export))

    assert found(record.url, *conditions) == rows
    assert found(str(export), *conditions) == rows


def test_a_list_for_people(record: Place) -> None:
    told = audit("find", record.url, "--caller", "portal").output.splitlines()

    assert told[0].endswith(": 4 rows")
    heads = ["row", "time", "claim number", "member", "answer", "caller", "policy"]
    assert re.split(" {2,}", told[1].strip()) == heads
    assert told[2].startswith(
        "    3  2025-06-01 12:00:03 UTC  SYN-837-INITIAL  SYN-M-0002  pended "
    )
    assert "SYN-QUESTION-1" not in "\n".join(told)
    cut = audit("find", record.url, "--limit", "1").output
    assert ": 9 rows\n" in cut and "These are the newest 1; more: --limit" in cut
    none = audit("find", record.url, "--member", "x")
    assert (none.exit_code, none.output.endswith(": no row meets all conditions.\n")) == (1, True)


def test_a_row_in_full(record: Place) -> None:
    told = audit("show", record.url, "2")
    value = json.loads(audit("show", record.url, "2", "--json").output)

    assert told.exit_code == 0
    for words in (
        "12:00:02 UTC: denied\n",
        "  claim number  SYN-837-NO-JZ\n",
        "  member        SYN-M-0001\n",
        "  caller        claims\n",
        "  J0945 on 2025-03-06: denied\n    by medicare/intrathecal-baclofen 2016-01-01, policy ver",
        "    line 2 denied\n",
        "    jz-missing: No discarded drug is billed, so each line needs JZ.",
        "  62370, lines 1: no policy\n",
        "  As written: its hash, its member data and its links to the rows before and after agree.\n",
    ):
        assert words in told.output
    assert (value["row"], value["claim_number"], value["as_written"]) == (2, "SYN-837-NO-JZ", True)
    assert value["member"]["answers"][0]["determination"]["decision"] == "deny"
    assert "request_id" not in told.output
    redaction, erased = audit("show", record.url, "8").output, audit("show", record.url, "4").output
    assert (
        "  by order of   privacy office\n" in redaction and "  erased        row 4\n" in redaction
    )
    assert "  member data   erased\n" in erased and "SYN-QUESTION-1" not in erased


@pytest.mark.parametrize(
    ("statement", "row", "words"),
    [
        ("kept = REPLACE(kept, 'approve', 'deny') WHERE seq = 1", 1, "changed: its time, what is"),
        ("member = REPLACE(member, 'J0945', 'J0475') WHERE seq = 2", 2, "its member part or salt"),
        (
            "claim_number = 'SYN-X' WHERE seq = 5",
            5,
            "its claim number (column claim_number) is not",
        ),
        ("hash = '00' WHERE seq = 6", 5, ""),
        ("hash = '00' WHERE seq = 6", 6, "its hash is not the one written"),
        ("hash = '00' WHERE seq = 6", 7, "it is not chained to row 6 as that row is now"),
        ("previous = '00' WHERE seq = 6", 5, "row 6 was chained to another row 5"),
        ("kept = 'none' WHERE seq = 1", 1, "what is kept of it is not JSON of this record"),
    ],
)
def test_a_row_that_is_not_as_written_says_so(
    record: Place, statement: str, row: int, words: str
) -> None:
    record.drop_guards()
    record.run(f"UPDATE {TABLE} SET {statement}")

    told = audit("show", record.url, str(row))
    value = json.loads(audit("show", record.url, str(row), "--json").output)

    assert told.exit_code == (1 if words else 0)
    assert ("NOT AS WRITTEN" in told.output) == (not value["as_written"]) == bool(words)
    assert words in told.output
    listed = audit("find", record.url, "--first", str(row), "--last", str(row)).output
    own = words and "chained" not in words
    assert ("NOT AS WRITTEN" in listed) == bool(own)


def test_bytes_that_are_no_text_are_shown_all_the_same(tmp_path: Path, record: Place) -> None:
    if record.kind != "sqlite":
        pytest.skip("PostgreSQL holds text only")
    record.drop_guards()
    record.run(f"UPDATE {TABLE} SET kept = CAST(X'7B2261223A22FF227D' AS TEXT) WHERE seq = 1")

    assert audit("show", record.url, "1", "--json").exit_code == 1
    assert audit("show", record.url, "1").exit_code == 1
    assert audit("find", record.url).exit_code == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["show", "x", "audit.db"], "`audit.db` is not the number of a row, such as 7"),
        (["show", "x", "audit.db", "7"], "give RECORD and ROW (or set PAYER_POLICY_AUDIT"),
        (["show", "7"], "give RECORD and ROW (or set PAYER_POLICY_AUDIT and give ROW)"),
        (["show", "nowhere.db", "7"], "nowhere.db: no such file"),
        (["find", "nowhere.db"], "nowhere.db: no such file"),
        (["find", "x", "--since", "soon"], "`soon` is not a time; write 2026-01-31 or 2026-01-31T"),
        (["find", "x", "--decision", "denied"], "'denied' is not one of 'approve', 'deny',"),
        (["backup", "nowhere.db", "-o", "b.db"], "nowhere.db: there is no such file"),
        (["backup", "cut.jsonl", "-o", "there"], "there: already exists; name a new file"),
        (["find", "cut.jsonl"], "line 1: has no line end; the file was cut"),
    ],
)
def test_wrong_calls_are_explained(
    call: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAYER_POLICY_AUDIT", raising=False)
    Path("there").touch()
    Path("cut.jsonl").write_text('{"a long line that": "was cut before its end')

    told = audit(*call)

    assert told.exit_code == 2
    assert words in " ".join(told.output.split())


def test_the_record_of_show_may_come_from_the_environment(
    record: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYER_POLICY_AUDIT", record.url)

    assert audit("show", "2").output.startswith("Row 2 of ")
    missing = audit("show", "99")
    assert (missing.exit_code, missing.stderr.endswith(": there is no row 99.\n")) == (1, True)


def test_what_can_be_searched_for_is_what_rows_hold() -> None:
    assert set(DECISIONS) == {*get_args(Decision), "no_policy"}
    assert set(KINDS) == {DECISION, REDACTION, REFUSAL, INQUIRY}
    assert set(DECIDED) == {*DECISIONS, *get_args(LineDecision)}


# --- backup --------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_backup_while_writers_go_on(tmp_path: Path, entries: dict[str, Entry]) -> None:
    url, folder = tmp_path / "audit.db", tmp_path / "backups"
    folder.mkdir()
    stop = threading.Event()
    with AuditLog.open(url, clock=Clock()) as log:
        log.append([*entries.values()] * 30)
        before = log.head().count

        def write() -> None:
            with AuditLog.open(url, clock=Clock()) as writer:
                while not stop.is_set():
                    writer.append(list(entries.values())[:1])

        threads = [threading.Thread(target=write) for _ in range(2)]
        for one in threads:
            one.start()
        umask = os.umask(0o022)
        try:
            told = [audit("backup", str(url), "-o", str(folder / f"{n}.db")) for n in range(3)]
        finally:
            os.umask(umask)
            stop.set()
            for one in threads:
                one.join()
        assert log.head().count > before
        rows = {row.seq: row for row in log.rows()}

    assert [one.exit_code for one in told] == [0, 0, 0], told[0].output
    assert modes(folder) == {f"{n}.db": 0o600 for n in range(3)}  # and nothing beside them
    counts = []
    for number in range(3):
        with AuditLog.open(folder / f"{number}.db", clock=Clock(), create=False) as copy:
            copied = list(copy.rows())
            assert copy.missing_guards() == ()
        assert copied == [rows[row.seq] for row in copied]
        counts.append(len(copied))
    assert counts == sorted(counts) and counts[0] >= before
    assert told[0].output.startswith(f"{url}: copied to {folder / '0.db'} and read back\n")


def test_a_record_that_was_tampered_with_is_copied_as_it_is(record: Place, tmp_path: Path) -> None:
    out = tmp_path / "copy.db"
    if record.kind == "postgresql":
        told = audit("backup", record.url, "-o", str(out))
        assert (told.exit_code, out.exists()) == (2, False)
        assert (
            "PostgreSQL has its own tools for this: pg_dump --format=custom "
            "--table=payer_policy_audit" in " ".join(told.output.split())
        )
        return
    record.drop_guards()
    record.run(f"UPDATE {TABLE} SET kept = REPLACE(kept, 'approve', 'deny') WHERE seq = 1")

    told = audit("backup", record.url, "-o", str(out))

    assert told.exit_code == 1 and "row 1, changed" in told.output
    with AuditLog.open(out, clock=Clock(), create=False) as copy:
        assert copy.head().count == 9


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = tmp_path / "audit.db"
    with AuditLog.open(url, clock=Clock()) as log:
        log.append(entries.values())
    (tmp_path / "out").mkdir()
    real = sqlite3.connect

    def connect(path: Any, **how: Any) -> Any:
        if str(path).endswith(".part"):
            raise sqlite3.OperationalError("disk I/O error")
        return real(path, **how)

    monkeypatch.setattr("payer_policy.audit.database.sqlite3.connect", connect)
    told = audit("backup", str(url), "-o", str(tmp_path / "out" / "b.db"))

    assert told.exit_code == 2 and "cannot be copied: disk I/O error" in told.output
    assert modes(tmp_path / "out") == {}
