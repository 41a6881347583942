"""Group commit: many waiting answers in one transaction, so that one write to the disk serves all.

A service's threads submit and wait for their future; one thread writes. While it writes, the next
group collects, so there is no delay to tune.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from itertools import islice
from typing import Final

from payer_policy.audit.chain import Entry
from payer_policy.audit.errors import AuditClosed, AuditFull
from payer_policy.audit.log import AuditLog, NewAnswer, Written
from payer_policy.audit.replies import Reply

WAITING: Final = 10_000
"""Answers that may wait; several seconds of writing."""
GROUP: Final = 1_000
"""Answers in one transaction."""


class GroupWriter:
    """Writes answers of many threads to a log, each group of them in one transaction.

    Args:
        log: The record.
        waiting: The most answers that may wait; more are refused, so a service can reply 503.
        group: The most answers in one transaction.
    """

    def __init__(self, log: AuditLog, *, waiting: int = WAITING, group: int = GROUP) -> None:
        if waiting < 1 or group < 1:
            raise ValueError("at least one answer waits and is written at a time")
        self._log, self._most, self._group = log, waiting, group
        self._queue: deque[tuple[float, NewAnswer, Future[Written]]] = deque()
        self._writing_since: float | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    @property
    def waits(self) -> float:
        """How many seconds the oldest waiting answer has waited; 0 if none waits."""
        with self._changed:
            times = [since for since, _, _ in islice(self._queue, 1)]
            times += [] if self._writing_since is None else [self._writing_since]
        return time.monotonic() - min(times) if times else 0.0

    def submit(self, *entries: Entry, reply: Reply | None = None) -> Future[Written]:
        """Submit the rows of an answer, which are written together.

        Args:
            entries: The rows.
            reply: What to keep with them.

        Returns:
            A future that resolves once the rows are on the disk, or with the error of `AuditLog.write`.

        Raises:
            AuditFull: Too many answers wait already.
            AuditClosed: The writer was closed.
        """
        future: Future[Written] = Future()
        with self._changed:
            if self._closed:
                raise AuditClosed("the writer of the audit record was closed")
            if len(self._queue) >= self._most:
                raise AuditFull(
                    f"{self._most:,} answers wait to be written to the audit record already"
                )
            self._queue.append((time.monotonic(), NewAnswer(entries, reply), future))
            self._changed.notify()
        return future

    def close(self, seconds: float | None = None) -> bool:
        """Accept nothing more, write what waits, and end the thread. The log stays open.

        Args:
            seconds: How long to wait; None: as long as it takes.

        Returns:
            Whether everything that waited was written or failed.
        """
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def __enter__(self) -> GroupWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing_since = None
                while not self._queue and not self._closed:
                    self._changed.wait()
                taken = [self._queue.popleft() for _ in range(min(len(self._queue), self._group))]
                if not taken:
                    return
                self._writing_since = taken[0][0]
            # The caller gave up an answer whose future was canceled: it is not written.
            group = [
                (answer, future)
                for _, answer, future in taken
                if future.set_running_or_notify_cancel()
            ]
            try:
                written = self._log.write([answer for answer, _ in group])
            except BaseException as error:  # the thread must continue for the other answers
                for _, future in group:
                    future.set_exception(error)
            else:
                for (_, future), one in zip(group, written, strict=True):
                    future.set_result(one)
