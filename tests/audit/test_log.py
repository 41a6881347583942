"""The record as a service sees it: what was appended is found, and nothing else can be done to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from payer_policy import Engine
from payer_policy.audit import (
    AuditBusy,
    AuditClosed,
    AuditError,
    AuditFull,
    AuditLog,
    Entry,
    GroupWriter,
    Receipt,
    entry_of,
)
from payer_policy.audit.chain import FIRST, canonical, entry_hash
from payer_policy.audit.tables import TABLE
from payer_policy.audit.verifying import verify
from tests.audit.conftest import Answer, Clock, Place


def test_what_was_appended_is_found_newest_last(place: Place, entries: dict[str, Entry]) -> None:
    first, second, *_ = entries
    with place.open() as log:
        receipts = log.append([entries[first], entries[second]])
        receipts += log.append([entries[first]])

        found = log.find(first)

        assert [row.seq for row in found] == [1, 3]
        assert [Receipt(row.seq, row.hash) for row in found] == [receipts[0], receipts[2]]
        assert [row.seq for row in log.find(first, limit=1)] == [3]
        assert log.find("SYN-NEVER-ASKED") == []
        assert [row.seq for row in log.rows(after=1)] == [2, 3]
        assert (log.head().count, log.head().hash) == (3, receipts[2].hash)
        assert verify(log.rows(), log.head()).findings == ()
    with place.open(create=False) as again:
        assert [row.seq for row in again.find(first)] == [1, 3]


def test_the_hash_of_a_row_is_what_the_documents_say(place: Place, entries: Any) -> None:
    with place.open() as log:
        log.append(list(entries.values())[:2])
        one, two = log.rows()

    assert one.previous == FIRST and two.previous == one.hash
    assert one.time == "2025-06-01T12:00:01.000000Z"
    assert one.hash == entry_hash(1, one.time, "0" * 64, one.kept, one.commitment)
    # printf '["payer-policy/audit/1",1,"t","p","{}",null]' | sha256sum
    assert entry_hash(1, "t", "p", "{}", None).startswith("fb94e67eccf3e08bcb37bd68a973421b")


def test_every_other_change_is_refused(place: Place, entries: dict[str, Entry]) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        log.append([entry] * 3)
        log.redact(by="privacy office", why="test", request_id="SYN-NEVER-ASKED")
        assert log.missing_guards() == ()
        before = list(log.rows())
        copy = ", ".join(
            name for name in type(before[0]).__dataclass_fields__ if name not in ("seq", "left_out")
        )
        tries = [
            f"DELETE FROM {TABLE} WHERE seq = 3",
            f"UPDATE {TABLE} SET kept = '{{}}' WHERE seq = 2",
            f"UPDATE {TABLE} SET time = time || ' ' WHERE seq = 2",
            f"UPDATE {TABLE} SET seq = 9 WHERE seq = 2",
            f"UPDATE {TABLE} SET member = NULL WHERE seq = 2",
            f"UPDATE {TABLE} SET member = '{{}}' WHERE seq = 2",
            f"UPDATE {TABLE} SET member = NULL, salt = NULL, request_id = NULL, member_id = NULL, "
            "commitment = NULL WHERE seq = 2",
            f"INSERT INTO {TABLE} (seq, {copy}) SELECT 9, {copy} FROM {TABLE} WHERE seq = 2",
            f"INSERT INTO {TABLE} (seq, {copy}) SELECT 2, {copy} FROM {TABLE} WHERE seq = 3",
            f"INSERT INTO {TABLE} (seq, {copy}) SELECT 0, {copy} FROM {TABLE} WHERE seq = 3",
        ]
        if place.kind == "sqlite":
            tries.append(
                f"INSERT OR REPLACE INTO {TABLE} (seq, {copy}) SELECT 2, {copy} FROM {TABLE} "
                "WHERE seq = 3"
            )
        else:
            tries.append(f"TRUNCATE {TABLE}")
        for statement in tries:
            with pytest.raises(DBAPIError, match=r"audit record"):
                place.run(statement)

        assert list(log.rows()) == before


def test_a_commit_in_sqlite_is_on_the_disk(tmp_path: Path) -> None:
    """What a receipt promises rests on these; kill -9 alone would not notice them missing."""
    names = ("synchronous", "journal_mode", "recursive_triggers", "secure_delete")
    with (
        AuditLog.open(tmp_path / "audit.db", clock=Clock()) as log,
        log._database.writing() as connection,
    ):
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names}

    assert found == {
        "synchronous": 2,
        "journal_mode": "wal",
        "recursive_triggers": 1,
        "secure_delete": 1,
    }


def test_a_writer_that_waits_too_long_says_so(
    place: Place, entries: dict[str, Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("payer_policy.audit.database.WAIT_SECONDS", 0.2)
    entry = next(iter(entries.values()))
    with place.open() as log, place.open() as other:
        with log._database.writing(), pytest.raises(AuditBusy, match="nothing was written"):
            other.append([entry])
        assert other.append([entry])[0].seq == 1


def test_missing_guards_are_named(place: Place) -> None:
    with place.open() as log:
        place.drop_guards()

        assert f"{TABLE}_update" in log.missing_guards()
        assert len(log.missing_guards()) == (3 if place.kind == "sqlite" else 4)


def test_a_clock_without_a_time_zone_is_refused(place: Place, entries: dict[str, Entry]) -> None:
    with place.open(clock=lambda: datetime(2025, 1, 1)) as log:
        with pytest.raises(ValueError, match="time zone"):
            log.append(list(entries.values()))

        assert log.head().count == 0


def test_times_are_utc(place: Place, entries: dict[str, Entry]) -> None:
    east = datetime(2025, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=2)))
    with place.open(clock=lambda: east) as log:
        log.append(list(entries.values())[:1])

        assert [row.time for row in log.rows()] == ["2024-12-31T22:30:00.000000Z"]


# --- entries -------------------------------------------------------------------------------------


def test_nothing_that_is_kept_leads_to_a_member(answers: dict[str, Answer]) -> None:
    for request, decided, without in answers.values():
        kept = entry_of(request, decided, without).kept
        values = {value for one in decided for value in _texts(one.facts.values())}
        told = {one.determination.code for one in decided} | {"claim", None}
        told |= {one.determination.policy.address for one in decided}
        told |= {service.code for service in without}
        for text in (request.id, request.coverage.member_id, "2025-", *(values - told)):
            if text is not None and len(text) > 5:
                assert f'"{text}"' not in kept, text


def _texts(values: Any) -> Any:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, frozenset):
            yield from value


def test_what_is_kept_tells_the_answer(answers: dict[str, Answer]) -> None:
    denied = next(one for one in answers.values() if one[1] and "deny" in _decisions(one))
    entry = entry_of(*denied, source="a" * 64)
    (determination,) = (one.determination for one in denied[1])

    kept = json.loads(entry.kept)
    assert kept["decision"] == determination.decision == "deny"
    assert kept["source"] == "a" * 64
    (told,) = kept["determinations"]
    assert told["ruleset"] == determination.policy.hash
    assert told["policy"] == determination.policy.address
    assert told["engine"] == "compiled"
    assert told["lines"] == [[line.number, line.outcome] for line in determination.lines]
    assert told["findings"] == [found.rule for found in determination.findings] != []


def _decisions(answer: Answer) -> list[str]:
    return [one.determination.decision for one in answer[1]]


def test_the_same_answer_is_the_same_entry_but_for_the_salt(
    engine: Engine, answers: dict[str, Answer]
) -> None:
    for request, decided, without in answers.values():
        again = engine.decide_fully(request)
        fixed = {"salt": lambda size: b"7" * size}
        assert entry_of(request, decided, without, **fixed) == entry_of(request, *again, **fixed)
        one, other = entry_of(request, *again), entry_of(request, *again)
        assert one.member == other.member and one.commitment != other.commitment


def test_texts_are_canonical(entries: dict[str, Entry]) -> None:
    for entry in entries.values():
        assert canonical(json.loads(entry.kept)) == entry.kept
        assert entry.member is not None
        assert canonical(json.loads(entry.member)) == entry.member


def test_a_request_may_be_kept_as_its_hash_only(place: Place, answers: dict[str, Answer]) -> None:
    answer = answers["SYN-837-WASTE"]
    with place.open() as whole, place.open(keep_requests=False) as hashed:
        whole.append([whole.entry(*answer)])
        hashed.append([hashed.entry(*answer)])
        one, two = (row.about_member for row in whole.find("SYN-837-WASTE"))

    assert one is not None and two is not None
    assert one["request"]["id"] == "SYN-837-WASTE" and two["request"] is None
    assert one["request_sha256"] == two["request_sha256"]
    assert one["answers"] == two["answers"]


# --- group commit --------------------------------------------------------------------------------


def test_many_threads_share_commits(place: Place, entries: dict[str, Entry]) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        with GroupWriter(log) as writer, ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(lambda _: writer.submit(entry).result(30), range(200)))

        assert {row.seq: row.hash for row in log.rows()} == dict(receipts_by(receipts))
        assert verify(log.rows()).findings == ()


def receipts_by(receipts: list[Receipt]) -> Any:
    return ((receipt.seq, receipt.hash) for receipt in receipts)


class Slow:
    """A log that writes when it is told to: the real one, held up."""

    def __init__(self, log: AuditLog) -> None:
        self.log, self.go, self.groups = log, threading.Event(), list[int]()

    def append(self, entries: list[Entry]) -> list[Receipt]:
        assert self.go.wait(30)
        self.groups.append(len(entries))
        return self.log.append(entries)


def test_more_than_may_wait_is_refused_and_the_rest_is_written(
    place: Place, entries: dict[str, Entry]
) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        slow = Slow(log)
        writer = GroupWriter(slow, waiting=5, group=3)  # type: ignore[arg-type]
        taken = [writer.submit(entry)]
        while writer._queue:  # until the thread has taken it, and hangs in `append`
            threading.Event().wait(0.01)
        taken += [writer.submit(entry) for _ in range(5)]
        with pytest.raises(AuditFull, match="5 entries wait"):
            writer.submit(entry)
        slow.go.set()
        writer.close()
        with pytest.raises(AuditClosed):
            writer.submit(entry)

        assert [future.result(0).seq for future in taken] == [1, 2, 3, 4, 5, 6]
        assert slow.groups == [1, 3, 2]


def test_what_cannot_be_written_is_told_and_the_writer_goes_on(
    place: Place, entries: dict[str, Entry]
) -> None:
    entry = next(iter(entries.values()))
    broken = Entry(kept=None)  # type: ignore[arg-type]
    with place.open() as log, GroupWriter(log, group=1) as writer:
        lost, kept = writer.submit(broken), writer.submit(entry)

        assert isinstance(lost.exception(30), AuditError)
        assert kept.result(30).seq == 1


# --- opening -------------------------------------------------------------------------------------


def test_several_may_begin_a_record_at_once(places: Callable[[], Place], entries: Any) -> None:
    entry = next(iter(entries.values()))
    place = places()

    def begin(_: int) -> int:
        with place.open() as log:
            return log.append([entry])[0].seq

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(begin, range(8))) == list(range(1, 9))


def test_what_a_role_has_set_does_not_weaken_a_receipt(
    request: pytest.FixtureRequest, entries: dict[str, Entry]
) -> None:
    """Neither a commit that is not waited for, nor a picture of the record from before waiting."""
    server = request.getfixturevalue("server")
    server.execute("CREATE SCHEMA settings")
    url = server.url("settings") + "".join(
        f"%20-c{name}%3D{value}"
        for name, value in (
            ("default_transaction_isolation", "serializable"),
            ("synchronous_commit", "off"),
        )
    )
    entry = next(iter(entries.values()))
    with AuditLog.open(url, clock=Clock()) as log, ThreadPoolExecutor(4) as pool:
        receipts = list(pool.map(lambda _: log.append([entry])[0].seq, range(40)))
        assert sorted(receipts) == list(range(1, 41))
        with log._database.writing() as connection:
            found = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
        assert found == "on"
    stronger = server.url("settings") + "%20-csynchronous_commit%3Dremote_apply"
    with AuditLog.open(stronger, clock=Clock()) as log, log._database.writing() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "remote_apply"


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("mysql://a:secret@b/c", r"`mysql` databases are not supported; write a file's path"),
        ("sqlite://", "in memory would be lost"),
        ("sqlite:///:memory:", "in memory would be lost"),
        ("://", "this is no URL"),
        ("postgresql://owner:secret@localhost:1/none", "connection"),
        ("/nowhere/at/all/audit.db", "unable to open database file"),
    ],
)
def test_what_cannot_be_opened_is_told(target: str, words: str) -> None:
    with pytest.raises(AuditError, match=words) as told:
        AuditLog.open(target, clock=Clock())

    assert "secret" not in str(told.value)


def test_another_file_is_no_record(tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("not a database, and long enough to be looked at by SQLite" * 20)

    with pytest.raises(AuditError, match="not a database"):
        AuditLog.open(other, clock=Clock())
    with pytest.raises(AuditError, match="no such file"):
        AuditLog.open(tmp_path / "none.db", clock=Clock(), create=False)
    assert not (tmp_path / "none.db").exists()


def test_another_table_of_that_name_is_refused(place: Place) -> None:
    place.run(f"CREATE TABLE {TABLE} (seq BIGINT PRIMARY KEY, other TEXT)")

    with pytest.raises(AuditError, match="not that of this version"):
        place.open()


def test_an_empty_database_is_no_record(place: Place) -> None:
    place.run("CREATE TABLE something_else (number BIGINT)")

    with pytest.raises(AuditError, match="holds no audit record"):
        place.open(create=False)


# --- redaction -----------------------------------------------------------------------------------


def test_a_redaction_erases_and_the_chain_holds(place: Place, entries: dict[str, Entry]) -> None:
    with place.open() as log:
        log.append([*entries.values(), *entries.values()])
        total = log.head().count
        head = log.head()

        count, receipt = log.redact(by="privacy office", why="order 7", request_id="SYN-837-WASTE")

        assert (count, receipt and receipt.seq) == (2, total + 1)
        rows = list(log.rows())
        erased = [row.seq for row in rows[:-1] if row.member is None]
        assert len(erased) == 2 and rows[-1].answer["rows"] == [[seq, seq] for seq in erased]
        assert rows[-1].answer["by"] == "privacy office" and rows[-1].answer["why"] == "order 7"
        assert log.find("SYN-837-WASTE") == []
        assert "SYN-837-WASTE" not in repr(rows)
        checked = verify(log.rows(), head)  # an older head is still in the record
        assert (checked.findings, checked.redacted) == ((), 2)
        assert log.redact(by="a", why="b", request_id="SYN-837-WASTE") == (0, None)
        assert log.head().count == total + 1


def test_redaction_by_member_and_by_age(place: Place, entries: dict[str, Entry]) -> None:
    clock = Clock()
    with place.open(clock=clock) as log:
        log.append(list(entries.values()))
        clock.now += timedelta(days=30)
        log.append(list(entries.values()))
        member = next(entry.member_id for entry in entries.values() if entry.member_id)
        of_member = sum(entry.member_id == member for entry in entries.values())

        new, _ = log.redact(by="a", why="b", member_id=member, before=clock.now - timedelta(days=1))
        assert new == of_member
        old, receipt = log.redact(by="a", why="retention", before=clock.now - timedelta(days=1))
        assert old == len(entries) - of_member
        again, _ = log.redact(by="a", why="the rest", member_id=member)
        assert again == of_member
        assert receipt is not None
        checked = verify(log.rows())
        assert (checked.findings, checked.redacted) == ((), len(entries) + of_member)


def test_nothing_of_an_erased_part_stays_in_the_file(tmp_path: Path, answers: Any) -> None:
    path = tmp_path / "audit.db"
    with AuditLog.open(path, clock=Clock()) as log:
        log.append([log.entry(*answers["SYN-837-WASTE"])] * 20)
        wal = path.with_name("audit.db-wal")
        assert b"SYN-837-WASTE" in path.read_bytes() + wal.read_bytes()

        log.redact(by="a", why="b", before=datetime(2030, 1, 1, tzinfo=UTC))

        left = path.read_bytes() + (wal.read_bytes() if wal.exists() else b"")
        assert b"SYN-837-WASTE" not in left


@pytest.mark.parametrize(
    "how",
    [
        {"by": "a", "why": "b"},
        {"by": " ", "why": "b", "request_id": "x"},
        {"by": "a", "why": "", "request_id": "x"},
        {"by": "a", "why": "b\n", "request_id": "x"},
        {"by": "a", "why": "b" * 501, "request_id": "x"},
        {"by": "a", "why": "b", "before": datetime(2025, 1, 1)},
    ],
)
def test_a_redaction_says_which_rows_who_and_why(how: Any, tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "audit.db", clock=Clock()) as log, pytest.raises(ValueError):
        log.redact(**how)


# --- roles in PostgreSQL -------------------------------------------------------------------------


def test_a_role_that_may_only_insert_can_serve(
    request: pytest.FixtureRequest, entries: dict[str, Entry]
) -> None:
    server = request.getfixturevalue("server")
    entry = next(iter(entries.values()))
    server.execute("CREATE SCHEMA roles")
    AuditLog.open(server.url("roles"), clock=Clock()).close()
    server.execute(
        "CREATE ROLE writer LOGIN",
        "CREATE ROLE auditor LOGIN",
        "CREATE ROLE redactor LOGIN",
        "GRANT USAGE ON SCHEMA roles TO writer, auditor, redactor",
        f"GRANT SELECT ON roles.{TABLE} TO writer, auditor, redactor",
        f"GRANT INSERT ON roles.{TABLE} TO writer, redactor",
        f"GRANT UPDATE (member, salt, request_id, member_id) ON roles.{TABLE} TO redactor",
    )
    asked = entry.request_id
    with AuditLog.open(server.url("roles", "writer"), clock=Clock()) as log:
        assert log.append([entry])[0].seq == 1
        with pytest.raises(AuditError, match="permission denied"):
            log.redact(by="a", why="b", request_id=asked)
    with AuditLog.open(server.url("roles", "auditor"), clock=Clock(), create=False) as log:
        assert verify(log.rows()).findings == ()
        with pytest.raises(AuditError, match="permission denied"):
            log.append([entry])
    with AuditLog.open(server.url("roles", "redactor"), clock=Clock()) as log:
        assert log.redact(by="a", why="b", request_id=asked)[0] == 1
        assert verify(log.rows()).redacted == 1
