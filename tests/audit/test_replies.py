"""Answers that are kept for a day beside the record, so that nothing is answered twice."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from payer_policy.audit import AuditLog, Entry, GroupWriter, NewAnswer, Receipt, Reply
from payer_policy.audit.tables import REPLIES
from payer_policy.audit.verifying import verify
from tests.audit.conftest import START, Clock, Place


def reply(key: str = "k", asked: str = "a") -> Reply:
    return Reply(key, asked, "application/json", lambda rows: f"row {rows[-1].seq}".encode())


def test_what_was_asked_before_is_answered_as_before_and_recorded_once(
    place: Place, entries: dict[str, Entry]
) -> None:
    one, two, *_ = entries.values()
    with place.open() as log:
        first, again, other = log.write(
            [
                NewAnswer((one, two), reply()),
                NewAnswer((one,), reply()),
                NewAnswer((two,), reply("other")),
            ]
        )
    with place.open() as log:  # and also after a restart
        (later,) = log.write([NewAnswer((one, two), reply(asked="something else"))])

        assert [receipt.seq for receipt in first.receipts + other.receipts] == [1, 2, 3]
        assert again.receipts == later.receipts == ()
        for found in (again.earlier, later.earlier, log.reply("k")):
            assert found is not None
            assert (found.content, found.asked) == (b"row 2", "a")
            assert found.receipt == first.receipts[-1]
        assert log.head().count == 3
        assert verify(log.rows()).findings == ()


def test_after_a_day_nobody_finds_it_and_the_next_to_be_kept_erases_it(
    place: Place, entries: dict[str, Entry]
) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        log.write([NewAnswer((entry,), reply())])
    with place.open(clock=Clock(START + timedelta(hours=24, seconds=5))) as log:
        assert log.reply("k") is None
        (new,) = log.write([NewAnswer((entry,), reply())])

        assert [receipt.seq for receipt in new.receipts] == [2]
    assert place.run(f"SELECT last FROM {REPLIES}") == [(2,)]


def test_a_redaction_erases_what_is_kept_of_its_rows_and_nothing_else(
    place: Place, entries: dict[str, Entry]
) -> None:
    one, two, *_ = entries.values()
    with place.open() as log:
        log.write([NewAnswer((two,), reply("two")), NewAnswer((two, one), reply("both"))])
        log.redact(by="privacy office", why="order 7", claim_number=one.claim_number)

        assert log.reply("both") is None
        assert log.reply("two") is not None


def test_nothing_is_kept_of_an_answer_without_a_row(place: Place) -> None:
    with place.open() as log:
        assert log.write([NewAnswer((), reply())])[0].receipts == ()
        assert log.reply("k") is None


def test_what_cannot_be_written_keeps_nothing(place: Place, entries: dict[str, Entry]) -> None:
    def fails(_: Sequence[Receipt]) -> bytes:
        raise RuntimeError("no answer")

    entry = next(iter(entries.values()))
    with place.open() as log, GroupWriter(log) as writer:
        lost = writer.submit(entry, reply=Reply("k", "a", "text/plain", fails))

        assert isinstance(lost.exception(30), RuntimeError)
        assert (log.reply("k"), log.head().count) == (None, 0)


class Hanging:
    """A log that never writes."""

    def write(self, many: Any) -> Any:
        threading.Event().wait(3)
        return [None for _ in many]


def test_how_long_the_oldest_waits_is_told_and_a_stop_does_not_wait_for_ever() -> None:
    writer = GroupWriter(Hanging())  # type: ignore[arg-type]
    before = writer.waits
    writer.submit(Entry("{}"))
    writer.submit(Entry("{}"))

    assert before == 0
    with pytest.raises(TimeoutError):
        writer.submit(Entry("{}")).result(0.2)
    assert writer.waits >= 0.2
    assert writer.close(0.1) is False


def test_a_failure_of_the_database_tells_its_state(place: Place, entries: dict[str, Entry]) -> None:
    entry = next(iter(entries.values()))
    place_log: AuditLog
    with place.open() as place_log:
        place.run(f"DROP TABLE {REPLIES}")
        with pytest.raises(Exception, match=REPLIES) as caught:
            place_log.write([NewAnswer((entry,), reply())])

    assert getattr(caught.value, "state", None) in ("SQLITE_ERROR", "42P01")
