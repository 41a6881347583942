"""Group commit: many waiting entries in one transaction, so that one write to the disk serves all.

A service's threads submit and wait for their future; one thread writes. While it writes, the next
group gathers by itself: there is no time to tune.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from typing import Final

from payer_policy.audit.chain import Entry, Receipt
from payer_policy.audit.errors import AuditClosed, AuditFull
from payer_policy.audit.log import AuditLog

WAITING: Final = 10_000
GROUP: Final = 1_000


class GroupWriter:
    """Writes entries of many threads to a log, each group in one transaction.

    Args:
        log: The record.
        waiting: How many entries may wait; more are refused, so that a service can say so (503).
        group: How many entries one transaction takes at most.
    """

    def __init__(self, log: AuditLog, *, waiting: int = WAITING, group: int = GROUP) -> None:
        if waiting < 1 or group < 1:
            raise ValueError("at least one entry waits and is written at a time")
        self._log, self._most, self._group = log, waiting, group
        self._queue: deque[tuple[Entry, Future[Receipt]]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    def submit(self, entry: Entry) -> Future[Receipt]:
        """Hand over an entry. The future has its receipt once it is on the disk.

        A group that could not be written gives each of its futures the error of `AuditLog.append`.

        Raises:
            AuditFull: Too many entries wait already.
            AuditClosed: The writer was closed.
        """
        future: Future[Receipt] = Future()
        with self._changed:
            if self._closed:
                raise AuditClosed("the writer of the audit record was closed")
            if len(self._queue) >= self._most:
                raise AuditFull(
                    f"{self._most:,} entries wait to be written to the audit record already"
                )
            self._queue.append((entry, future))
            self._changed.notify()
        return future

    def close(self) -> None:
        """Take nothing more, write what waits, and end the thread. The log stays open."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def __enter__(self) -> GroupWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._queue and not self._closed:
                    self._changed.wait()
                taken = [self._queue.popleft() for _ in range(min(len(self._queue), self._group))]
            if not taken:
                return
            # An entry whose future was cancelled was given up by whoever asked: not an answer.
            group = [one for one in taken if one[1].set_running_or_notify_cancel()]
            try:
                receipts = self._log.append([entry for entry, _ in group])
            except BaseException as error:  # whatever it is, the thread must go on for the others
                for _, future in group:
                    future.set_exception(error)
            else:
                for (_, future), receipt in zip(group, receipts, strict=True):
                    future.set_result(receipt)
