"""The record as a service sees it: what was appended is found, and nothing else can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from payer_policy.audit import (
    AuditBusy,
    AuditError,
    AuditLog,
    Entry,
    Receipt,
    outcome_of,
    refusal_entry,
)
from payer_policy.audit.chain import FIRST, entry_hash
from payer_policy.audit.tables import TABLE
from payer_policy.audit.verifying import verify
from payer_policy.determination import Outcome
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
    # printf '["payer-policy/audit/2",1,"t","p","{}",null]' | sha256sum
    assert entry_hash(1, "t", "p", "{}", None).startswith("d0dcac28fe3035933a125c2560cb13aa")


def test_every_other_change_is_refused(place: Place, entries: dict[str, Entry]) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        log.append([entry] * 3)
        log.redact(by="privacy office", why="test", claim_number="SYN-NEVER-ASKED")
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
            f"UPDATE {TABLE} SET member = NULL, salt = NULL, claim_number = NULL, member_id = NULL, "
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
        ("://", "this is not a database URL"),
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

    with pytest.raises(AuditError, match="is from another version"):
        place.open()


def test_an_empty_database_is_no_record(place: Place) -> None:
    place.run("CREATE TABLE something_else (number BIGINT)")

    with pytest.raises(AuditError, match="holds no audit record"):
        place.open(create=False)


def test_what_a_service_knows_of_an_answer_is_kept_and_found_again(
    place: Place, answers: dict[str, Answer]
) -> None:
    request, decided, without = answers["SYN-REFILL-1"]
    context = {"form": "of the question", "n": [1, None]}
    with place.open() as log:
        about = {"source": "a" * 64, "caller": "portal", "context": context}
        log.append([log.entry(request, decided, without, **about)])
        log.append([log.entry(*answers["SYN-NO-JZ-1"])])
        log.append([refusal_entry(3, "a" * 64, "portal")])
        first, second, refused = log.rows()
        member = request.coverage.member_id
        assert member is not None
        of_member = [row.seq for row in log.of_member(member)]

    assert (first.answer["source"], first.answer["caller"]) == ("a" * 64, "portal")
    assert first.about_member is not None
    assert first.about_member["context"] == context
    made = tuple(one.determination for one in decided)
    assert outcome_of(first) == Outcome(request.id, made, without).to_json()
    assert first.seq in of_member
    assert outcome_of(refused) is None
    assert (refused.answer["requests"], refused.member, refused.claim_number) == (3, None, None)
    assert second.about_member is not None
    assert "context" not in second.about_member
    assert verify([first, second, refused]).findings == ()


def test_a_context_is_not_kept_where_requests_are_not(
    place: Place, answers: dict[str, Answer]
) -> None:
    request, decided, without = answers["SYN-REFILL-1"]
    with place.open(keep_requests=False) as log:
        log.append([log.entry(request, decided, without, context={"who": "it names"})])
        (row,) = log.rows()

    assert "it names" not in str(row.member)


def test_a_file_that_was_moved_or_replaced_takes_nothing_more(
    tmp_path: Path, entries: dict[str, Entry]
) -> None:
    file = tmp_path / "audit.db"
    one, *others = entries.values()
    with AuditLog.open(file, clock=Clock()) as log:
        log.append([one])
        file.rename(tmp_path / "moved.db")
        with pytest.raises(AuditError, match="moved, deleted or replaced"):
            log.append(others)
        file.write_bytes(b"")
        with pytest.raises(AuditError, match="moved, deleted or replaced"):
            log.append(others)
        file.unlink()
        (tmp_path / "moved.db").rename(file)
        assert [receipt.seq for receipt in log.append(others[:1])] == [2]
