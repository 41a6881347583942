"""Answers into the audit record: an answer leaves the service only when it is on the disk."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from payer_policy.answer import Answer
from payer_policy.audit import AuditError, AuditLog, Entry, GroupWriter, refusal_entry
from payer_policy.service.logs import log_fault
from payer_policy.service.problems import Problem, busy
from payer_policy.service.settings import Settings


def now() -> datetime:
    """The time of an answer, to be written beside it. No decision reads it; a question that names no
    day is asked about this one."""
    return datetime.now(UTC)


class Recording:
    """One process's way into the audit record."""

    def __init__(self, settings: Settings, target: str) -> None:
        """
        Raises:
            AuditError: the record cannot be opened, or what it needs is not installed.
        """
        keep = settings.audit_keeps == "request"
        self.log = AuditLog.open(target, clock=now, keep_requests=keep)
        self.failed_at: float | None = None
        """When the last write failed, by the monotonic clock; None: it did not."""
        self._writer = GroupWriter(self.log, waiting=settings.limits.waiting + 64)

    async def record(
        self,
        answers: Sequence[Answer],
        *,
        source: str,
        caller: str | None,
        contexts: Sequence[Mapping[str, Any]] | None = None,
    ) -> int | None:
        """Write every answer that is one, and wait until all are on the disk.

        Args:
            answers: Refusals among them are not written: nothing was decided.
            source: The hash of the policies that answered.
            caller: The name of the API key.
            contexts: For each answer, what its form needs to be answered again.

        Returns:
            The number of the last row; None where nothing was written.

        Raises:
            Problem: They cannot be written.
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
                    caller=caller,
                    context=context,
                    as_of=one.as_of,
                )
                for one, context in zip(answers, told, strict=True)
                if one.request is not None
            ]

        try:
            if len(answers) > 1:  # of one body, so in one transaction: all or none
                loop = asyncio.get_running_loop()
                receipts = await loop.run_in_executor(None, lambda: self.log.append(entries()))
            else:
                waiting = [self._writer.submit(entry) for entry in entries()]
                receipts = [await asyncio.wrap_future(one) for one in waiting]
        except AuditError as error:
            raise self._failed(error) from error
        if not receipts:
            return None
        self.failed_at = None  # and not where nothing had to be written
        return receipts[-1].seq

    async def refuse(self, requests: int, *, source: str, caller: str | None) -> int:
        """Write that requests are answered without a decision; the number of the row.

        Raises:
            Problem: It cannot be written.
        """
        try:
            entry = refusal_entry(requests, source, caller)
            return (await asyncio.wrap_future(self._writer.submit(entry))).seq
        except AuditError as error:
            raise self._failed(error) from error

    def _failed(self, error: AuditError) -> Problem:
        self.failed_at = time.monotonic()
        log_fault("not-recorded", error)
        return busy("not-recorded", "the audit record cannot be written; nothing was decided", 5)

    def close(self) -> None:
        """Write what waits, and let go of the database."""
        self._writer.close()
        self.log.close()
