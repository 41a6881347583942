"""Group commit: many threads, one writer; what is too much, or cannot be written, is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from payer_policy.audit import (
    AuditClosed,
    AuditError,
    AuditFull,
    AuditLog,
    Entry,
    GroupWriter,
    NewAnswer,
    Receipt,
    Written,
)
from payer_policy.audit.verifying import verify
from tests.audit.conftest import Place


def test_many_threads_share_commits(place: Place, entries: dict[str, Entry]) -> None:
    entry = next(iter(entries.values()))
    with place.open() as log:
        with GroupWriter(log) as writer, ThreadPoolExecutor(8) as pool:
            receipts = list(
                pool.map(lambda _: writer.submit(entry).result(30).receipts[0], range(200))
            )

        assert {row.seq: row.hash for row in log.rows()} == dict(receipts_by(receipts))
        assert verify(log.rows()).findings == ()


def receipts_by(receipts: list[Receipt]) -> Any:
    return ((receipt.seq, receipt.hash) for receipt in receipts)


class Slow:
    """A log that writes when it is told to: the real one, held up."""

    def __init__(self, log: AuditLog) -> None:
        self.log, self.go, self.groups = log, threading.Event(), list[int]()

    def write(self, many: list[NewAnswer]) -> list[Written]:
        assert self.go.wait(30)
        self.groups.append(len(many))
        return self.log.write(many)


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
        with pytest.raises(AuditFull, match="5 answers wait"):
            writer.submit(entry)
        slow.go.set()
        writer.close()
        with pytest.raises(AuditClosed):
            writer.submit(entry)

        assert [future.result(0).receipts[0].seq for future in taken] == [1, 2, 3, 4, 5, 6]
        assert slow.groups == [1, 3, 2]


def test_what_cannot_be_written_is_told_and_the_writer_goes_on(
    place: Place, entries: dict[str, Entry]
) -> None:
    entry = next(iter(entries.values()))
    broken = Entry(kept=None)  # type: ignore[arg-type]
    with place.open() as log, GroupWriter(log, group=1) as writer:
        lost, kept = writer.submit(broken), writer.submit(entry)

        assert isinstance(lost.exception(30), AuditError)
        assert kept.result(30).receipts[0].seq == 1
