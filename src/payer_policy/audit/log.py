"""The audit record as a service uses it: append answers, find them again, erase member data.

An answer that is given after `append` returned (or after `GroupWriter`'s future resolved) is in the
record, whatever happens to the process or to the machine's power.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from payer_policy.audit.chain import (
    Entry,
    Head,
    Receipt,
    Row,
    instant,
    linked,
    moment,
    stamp,
)
from payer_policy.audit.entries import Salt, entry_of, redaction_entry
from payer_policy.audit.errors import AuditError, AuditUnavailable
from payer_policy.audit.ranges import Ranges
from payer_policy.audit.replies import KEPT_FOR, KeptReply, Reply
from payer_policy.audit.searching import Search
from payer_policy.determination import NoPolicy
from payer_policy.engine import Decided
from payer_policy.request.models import Request

if TYPE_CHECKING:
    from payer_policy.audit.database import Database

Clock = Callable[[], datetime]
MAX_TEXT: Final = 500


@dataclass(frozen=True, slots=True)
class Given:
    """One answer to write: its rows, and the reply to keep with them, if any."""

    entries: tuple[Entry, ...]
    """The rows, in their order; of none nothing is written."""
    reply: Reply | None = None
    """What is kept with them; None: nothing."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of an answer: the receipts of its rows, or the reply to the same key before."""

    receipts: tuple[Receipt, ...] = ()
    """Of its rows, in their order."""
    earlier: KeptReply | None = None
    """The answer that is kept under the same key; None: there was none, and this one is written."""


class AuditLog:
    """An append-only, hash-chained record of answers. Safe to share between threads.

    Several processes may write one record; each opens its own, after a fork too.
    """

    def __init__(
        self, database: Database, clock: Clock, keep_requests: bool = True, salt: Salt | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._salt = salt or secrets.token_bytes
        self.keep_requests = keep_requests

    @classmethod
    def open(
        cls,
        target: str | Path,
        *,
        clock: Clock,
        keep_requests: bool = True,
        create: bool = True,
    ) -> AuditLog:
        """Open a record, or begin one.

        Args:
            target: A file's path (SQLite), or `postgresql://USER@HOST/DATABASE`.
            clock: Gives the time of each entry, with its time zone.
            keep_requests: Whether requests are kept as they were, or only their SHA-256. Facts
                are kept in any case.
            create: Whether a record is begun where there is none.

        Raises:
            AuditError: There is no such record, or it cannot be opened.
            AuditUnavailable: SQLAlchemy or the driver of the database is not installed.
        """
        try:
            from payer_policy.audit.database import Database
        except ImportError:
            raise AuditUnavailable(
                "an audit record needs sqlalchemy, not installed here; "
                "to install: pip install 'payer-policy[audit]'"
            ) from None
        return cls(Database.open(str(target), create=create), clock, keep_requests)

    @property
    def name(self) -> str:
        """The file, or the URL without its password."""
        return self._database.name

    def entry(
        self,
        request: Request,
        decided: Sequence[Decided],
        without_policy: Sequence[NoPolicy] = (),
        *,
        source: str | None = None,
        caller: str | None = None,
        request_id: str | None = None,
        context: Mapping[str, Any] | None = None,
        as_of: date | None = None,
    ) -> Entry:
        """The entry of an answer of `Engine.decide_fully`; the rest is as for `entry_of`."""
        return entry_of(
            request,
            decided,
            without_policy,
            keep_request=self.keep_requests,
            source=source,
            caller=caller,
            request_id=request_id,
            context=context,
            as_of=as_of,
            salt=self._salt,
        )

    def append(self, entries: Iterable[Entry]) -> list[Receipt]:
        """Write entries at the end, all or none; they are on the disk when this returns.

        Raises:
            AuditBusy: Other writers took too long. Nothing was written.
            AuditError: The database refused. Nothing was written, unless the connection was lost
                while it committed: then entries may be in the record whose answer was not given.
        """
        (written,) = self.write([Given(tuple(entries))])
        return list(written.receipts)

    def write(self, many: Sequence[Given]) -> list[Written]:
        """Write several answers at the end, all in one transaction.

        What was asked before under the same key is not written again: its `Written` has the reply that
        was kept, and it is for the caller to see whether the same was asked.

        Raises:
            AuditBusy, AuditError: As `append`.
        """
        if not any(one.entries for one in many):
            return [Written() for _ in many]
        database, time = self._database, stamp(self._clock)
        rows: list[Row] = []
        kept: dict[str, KeptReply] = {}
        out: list[Written] = []
        with database.writing() as connection:
            head = database.head(connection)
            for one in many:
                reply = one.reply if one.entries else None
                if reply is not None:
                    earlier = kept.get(reply.key) or database.reply(reply.key, time, connection)
                    if earlier is not None:
                        out.append(Written(earlier=earlier))
                        continue
                made = self._linked(one.entries, head, time)
                receipts = tuple(Receipt(row.seq, row.hash) for row in made)
                rows += made
                out.append(Written(receipts))
                if receipts:
                    head = Head(receipts[-1].seq, receipts[-1].hash)
                if reply is not None:
                    content = reply.content(receipts)
                    kept[reply.key] = KeptReply(
                        reply.asked, reply.media_type, content, receipts[-1]
                    )
                    until = instant(moment(time) + KEPT_FOR)
                    database.keep(connection, reply.key, until, kept[reply.key], receipts[0].seq)
            if kept:
                database.forget(connection, time)
            if rows:
                database.add(connection, rows)
        return out

    def reply(self, key: str) -> KeptReply | None:
        """The answer that was kept under a key, if it was given within the last day."""
        return self._database.reply(key, stamp(self._clock))

    def _linked(self, entries: Sequence[Entry], head: Head, time: str) -> list[Row]:
        previous, made = head.hash, []
        for seq, entry in enumerate(entries, head.count + 1):
            row = linked(entry, seq, time, previous)
            made.append(row)
            previous = row.hash
        return made

    def find(self, claim_number: str, *, limit: int = 100) -> list[Row]:
        """The rows about a claim or request, the newest last; of very many, the newest `limit`.

        A row that was redacted is no longer found by its request.
        """
        from payer_policy.audit.database import is_claim

        return self._database.newest(is_claim(claim_number), limit)

    def of_member(self, member_id: str, *, limit: int = 10_000) -> list[Row]:
        """The rows about a member, as `find` gives those about a request."""
        from payer_policy.audit.database import is_member

        return self._database.newest(is_member(member_id), limit)

    def rows(self, *, after: int = 0) -> Generator[Row, None, None]:
        """All rows (with a number above `after`) in their order, in bounded memory."""
        return self._database.rows(after=after)

    def search(self, search: Search) -> Iterator[Row]:
        """The rows that meet all conditions, in their order, in bounded memory."""
        from payer_policy.audit.database import is_asked_for

        return filter(search.matches, self._database.rows(*is_asked_for(search)))

    def backup(self, path: Path) -> None:
        """Copy the record into an empty file, as it is at this moment, while writers go on.

        Raises:
            AuditError: The record is in PostgreSQL, or it cannot be copied.
        """
        self._database.backup(path)

    def head(self) -> Head:
        """How many rows there are, and the hash of the last."""
        return self._database.head()

    def missing_guards(self) -> tuple[str, ...]:
        """The triggers against slips that do not stand in the database, by name."""
        return self._database.missing_guards()

    def redact(
        self,
        *,
        by: str,
        why: str,
        claim_number: str | None = None,
        member_id: str | None = None,
        before: datetime | None = None,
    ) -> tuple[int, Receipt | None]:
        """Erase the member parts of rows; what is kept of them, and the chain, stay.

        The redaction is an entry of the record itself, in the same transaction: by whom, why, and
        which rows, but not whose. Conditions that are given must all be met.

        Args:
            by: Who orders it. Name no member in `by` or `why`: they are never erased.
            why: The reason.
            claim_number: Rows about this claim.
            member_id: Rows of this member.
            before: Rows written before this moment, which has a time zone.

        Returns:
            How many rows were redacted, and the receipt of the redaction; none, if none was.

        Raises:
            ValueError: No condition is given; or `by` or `why` is empty, too long or unreadable.
            AuditBusy, AuditError: As `append`.
        """
        from payer_policy.audit.database import is_before, is_claim, is_member

        where = []
        if claim_number is not None:
            where.append(is_claim(claim_number))
        if member_id is not None:
            where.append(is_member(member_id))
        if before is not None:
            if before.tzinfo is None:
                raise ValueError("`before` has no time zone")
            where.append(is_before(instant(before)))
        if not where:
            raise ValueError("say which rows: of a request, of a member, or before a day")
        for name, value in (("by", by), ("why", why)):
            if not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
                raise ValueError(f"`{name}` is a readable text of 1 to {MAX_TEXT} characters")
        database, count, receipt = self._database, 0, None
        with database.writing() as connection:
            erased = Ranges()
            for seq in database.erasable(connection, *where):
                erased.add(seq)
                count += 1
            if count:
                entry = redaction_entry(by, why, erased.pairs)
                (row,) = self._linked([entry], database.head(connection), stamp(self._clock))
                database.erase(connection, *where)
                database.add(connection, [row])
                receipt = Receipt(row.seq, row.hash)
        if count:
            database.sweep()
        return count, receipt

    def close(self) -> None:
        """Let go of the database's connections."""
        self._database.close()

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


__all__ = ["AuditError", "AuditLog", "Clock"]
