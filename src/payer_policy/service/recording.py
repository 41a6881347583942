"""Writes answers to the audit record: an answer is sent only once it is on the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from payer_policy.audit import (
    AuditError,
    AuditLog,
    Entry,
    GroupWriter,
    KeptReply,
    Receipt,
    Reply,
    Written,
    inquiry_entry,
    refusal_entry,
)
from payer_policy.formats.answer import Answer
from payer_policy.service.exchange import Exchange
from payer_policy.service.logs import log_fault
from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, busy
from payer_policy.service.settings import Settings

T = TypeVar("T")
_BACK_OFF_SECONDS: Final = 10.0
"""How long the process is not ready after an answer could not be recorded. Then requests come again,
since only a request shows whether the record can be written."""
_FEW_ANSWERS: Final = 8
"""Up to this many answers are made into rows on the event loop; more in a thread."""


def now() -> datetime:
    """The time of an answer, for the record. No decision reads it; a question that names no day is
    about this one."""
    return datetime.now(UTC)


class Recording:
    """Writes the audit record of one process."""

    def __init__(self, settings: Settings, target: str, metrics: Metrics) -> None:
        """
        Raises:
            AuditError: The record cannot be opened, or a library that it needs is not installed.
        """
        keep = settings.audit_keeps == "request"
        self.log = AuditLog.open(target, clock=now, keep_requests=keep)
        self._metrics = metrics
        self._failed_at: float | None = None
        self._writer = GroupWriter(self.log, waiting=settings.limits.waiting + 64)
        self._seconds = settings.limits.write_seconds
        self._stop_seconds = settings.stop_seconds

    def stalled(self) -> Problem | None:
        """Why an answer could not be recorded now: a write has been waiting for too long."""
        if self._writer.waits <= self._seconds:
            return None
        return busy("not-recorded", "the audit record does not answer; nothing was decided", 5)

    def not_ready(self) -> Problem | None:
        """Why this process is not ready to record answers; None: it is."""
        failed = self._failed_at
        if failed is not None and time.monotonic() - failed < _BACK_OFF_SECONDS:
            return busy("not-recorded", "the audit record could not be written just now", 5)
        return self.stalled()

    async def record(
        self,
        answers: Sequence[Answer],
        *,
        source: str,
        exchange: Exchange,
        contexts: Sequence[Mapping[str, Any]] | None = None,
        reply: Reply | None = None,
        even_refusals: bool = False,
    ) -> Written:
        """Write all answers but the refusals, and wait until they are on the disk.

        Args:
            answers: The answers. Nothing was decided by a refusal, so it has no row.
            source: The hash of the policies that answered.
            exchange: The caller and the request.
            contexts: For each answer, what its format needs to write it again.
            reply: The reply to keep with them, for the idempotency key.
            even_refusals: Whether to write a row where all are refusals.

        Returns:
            The receipts of the rows, none where nothing was written; or the earlier reply under the
            same key.

        Raises:
            Problem: They cannot be written, or not in time.
        """
        nothing: list[Mapping[str, Any] | None] = [None] * len(answers)

        def entries() -> list[Entry]:
            return [
                self.log.entry(
                    one.request,
                    one.decided,
                    one.without_policy,
                    source=source,
                    caller=exchange.caller,
                    request_id=exchange.request_id,
                    context=context,
                    as_of=one.as_of,
                )
                for one, context in zip(answers, contexts or nothing, strict=True)
                if one.request is not None
            ]

        try:
            made = entries() if len(answers) <= _FEW_ANSWERS else await asyncio.to_thread(entries)
        except AuditError as error:
            raise self._failed(error) from error
        if not made and even_refusals:
            made = [refusal_entry(len(answers), source, exchange.caller, exchange.request_id)]
        return await self._write(made, reply) if made else Written()

    async def record_inquiry(
        self, member_id: str, npis: Sequence[str], rows: Sequence[int], source: str, by: Exchange
    ) -> Receipt:
        """Write which earlier answers about a member are sent, and wait until it is on the disk.

        Args:
            member_id: The member.
            npis: The providers that the inquiry named.
            rows: The numbers of the rows that are sent.
            source: The hash of the policies in use.
            by: The caller and the request.

        Raises:
            Problem: It cannot be written, or not in time.
        """
        entry = inquiry_entry(
            member_id, npis, rows, source=source, caller=by.caller, request_id=by.request_id
        )
        return (await self._write([entry], None)).receipts[-1]

    async def reply(self, key: str) -> KeptReply | None:
        """The reply kept under an idempotency key, if any.

        Raises:
            Problem: The record cannot be read, or not in time.
        """
        return await self._in_time(asyncio.to_thread(self.log.reply, key))

    async def _write(self, entries: Sequence[Entry], reply: Reply | None) -> Written:
        start = time.perf_counter()
        try:
            writing = self._writer.submit(*entries, reply=reply)
        except AuditError as error:
            raise self._failed(error) from error
        written = await self._in_time(asyncio.wrap_future(writing))
        self._failed_at = None
        self._metrics.recorded(time.perf_counter() - start)
        return written

    async def _in_time(self, work: Awaitable[T]) -> T:
        """The result of work of the database, within its time limit."""
        try:
            return await asyncio.wait_for(work, self._seconds)
        except TimeoutError as error:
            raise self._failed(error) from None
        except AuditError as error:
            raise self._failed(error) from error

    def _failed(self, error: AuditError | TimeoutError) -> Problem:
        self._failed_at = time.monotonic()
        log_fault("not-recorded", error, state=getattr(error, "state", None))
        return busy("not-recorded", "the audit record cannot be written; nothing was decided", 5)

    def close(self) -> None:
        """Write what is waiting and close the database; give up after `stop_seconds`."""
        if self._writer.close(self._stop_seconds):
            self.log.close()
