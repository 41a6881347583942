"""Answers into the audit record: an answer leaves the service only when it is on the disk."""

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
from payer_policy.service.gate import Exchange
from payer_policy.service.logs import log_fault
from payer_policy.service.metrics import Metrics
from payer_policy.service.problems import Problem, busy
from payer_policy.service.settings import Settings

T = TypeVar("T")
_HELD_BACK: Final = 10.0
"""Seconds after an answer could not be recorded for which the process is not ready. Then it is tried
again, since only a request can tell whether the record can be written."""
_AT_ONCE: Final = 8
"""So many answers are made into rows while the event loop waits; more, beside it."""


def now() -> datetime:
    """The time of an answer, to be written beside it. No decision reads it; a question that names no
    day is asked about this one."""
    return datetime.now(UTC)


class Recording:
    """One process's way into the audit record."""

    def __init__(self, settings: Settings, target: str, metrics: Metrics) -> None:
        """
        Raises:
            AuditError: the record cannot be opened, or what it needs is not installed.
        """
        keep = settings.audit_keeps == "request"
        self.log = AuditLog.open(target, clock=now, keep_requests=keep)
        self._metrics = metrics
        self._failed_at: float | None = None
        self._writer = GroupWriter(self.log, waiting=settings.limits.waiting + 64)
        self._seconds = settings.limits.write_seconds
        self._stop_seconds = settings.stop_seconds

    def stalled(self) -> Problem | None:
        """Why an answer could not be recorded just now: one waits for longer than any should."""
        if self._writer.waits <= self._seconds:
            return None
        return busy("not-recorded", "the audit record does not answer; nothing was decided", 5)

    def not_ready(self) -> Problem | None:
        """Why this process is not ready to record answers, if it is not."""
        failed = self._failed_at
        if failed is not None and time.monotonic() - failed < _HELD_BACK:
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
        """Write every answer that is one, and wait until all are on the disk.

        Args:
            answers: Refusals among them are not written: nothing was decided.
            source: The hash of the policies that answered.
            exchange: Who asks, and in which request.
            contexts: For each answer, what its form needs to be answered again.
            reply: What is to be kept with them.
            even_refusals: Whether a row says so where all are refusals.

        Returns:
            The receipts of the rows; none where nothing was written. Or what was answered under the
            same key before.

        Raises:
            Problem: They cannot be written, or not in time.
        """
        none: list[Mapping[str, Any] | None] = [None] * len(answers)
        told = none if contexts is None else contexts

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
                for one, context in zip(answers, told, strict=True)
                if one.request is not None
            ]

        try:
            made = entries() if len(answers) <= _AT_ONCE else await asyncio.to_thread(entries)
        except AuditError as error:
            raise self._failed(error) from error
        if not made and even_refusals:
            made = [refusal_entry(len(answers), source, exchange.caller, exchange.request_id)]
        return await self._write(made, reply) if made else Written()

    async def tell(
        self, member_id: str, npis: Sequence[str], told: Sequence[int], source: str, who: Exchange
    ) -> Receipt:
        """Write that earlier answers about a member are told, and wait until it is on the disk.

        Args:
            member_id: Whose answers were asked for.
            npis: The providers that the inquiry named.
            told: The numbers of the rows that are told.
            source: The hash of the policies in use.
            who: Who asks.

        Raises:
            Problem: It cannot be written, or not in time.
        """
        entry = inquiry_entry(
            member_id,
            npis,
            told,
            source=source,
            caller=who.caller,
            request_id=who.request_id,
        )
        return (await self._write([entry], None)).receipts[-1]

    async def reply(self, key: str) -> KeptReply | None:
        """What is kept under a key.

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
        """What is waited for from the database, no longer than it may take."""
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
        """Write what waits, and let go of the database; not for ever, where it does not answer."""
        if self._writer.close(self._stop_seconds):
            self.log.close()
