"""The audit record as a service uses it: append answers, find them again, erase member data.

An answer sent after `append` returned (or after `GroupWriter`'s future resolved) is in the record, even
if the process is killed or the machine loses power.
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
from payer_policy.audit.errors import AuditUnavailable
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
"""Characters of who ordered a redaction, and of why."""


@dataclass(frozen=True, slots=True)
class NewAnswer:
    """An answer to write: its rows, and the reply to keep with them, if any."""

    entries: tuple[Entry, ...]
    """The rows, in order. If there are none, nothing is written."""
    reply: Reply | None = None
    """The reply to keep with them."""


@dataclass(frozen=True, slots=True)
class Written:
    """The result of writing an answer: the receipts of its rows, or the earlier reply to its key."""

    receipts: tuple[Receipt, ...] = ()
    """Of its rows, in order."""
    earlier: KeptReply | None = None
    """The answer already kept under the same key; None: this answer was written."""


class AuditLog:
    """An append-only, hash-chained record of answers. Threads can share it.

    Several processes can write one record; each opens its own log, also after a fork.
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
        """Open a record, or create one.

        Args:
            target: A file's path (SQLite), or `postgresql://USER@HOST/DATABASE`.
            clock: Gives the time of each entry, with its time zone.
            keep_requests: Whether whole requests are kept, or only their SHA-256. Facts are always
                kept.
            create: Whether to create a record if there is none.

        Raises:
            AuditError: The record does not exist or cannot be opened.
            AuditUnavailable: SQLAlchemy or the driver of the database is not installed.
        """
        try:
            from payer_policy.audit.database import Database
        except ImportError:
            raise AuditUnavailable(
                "an audit record needs sqlalchemy, which is not installed here; "
                "to install it: pip install 'payer-policy[audit]'"
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
        """The entry of an answer of `Engine.decide_fully`; the options are those of `entry_of`."""
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
        """Write entries at the end, all or none. When this returns they are on the disk.

        Raises:
            AuditBusy: Other writers took too long. Nothing was written.
            AuditError: The database refused. Nothing was written, unless the connection was lost
                during the commit: then the record may hold entries whose answer was not sent.
        """
        (written,) = self.write([NewAnswer(tuple(entries))])
        return list(written.receipts)

    def write(self, many: Sequence[NewAnswer]) -> list[Written]:
        """Write several answers at the end, all in one transaction.

        An answer whose key was used before is not written again: its `Written` has the earlier reply.
        The caller checks whether the question was the same.

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
                    earlier = kept.get(reply.key) or database.reply(connection, reply.key, time)
                    if earlier is not None:
                        out.append(Written(earlier=earlier))
                        continue
                made = _linked(one.entries, head, time)
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
        """The answer kept under a key, if it was sent within the last day."""
        with self._database.reading() as connection:
            return self._database.reply(connection, key, stamp(self._clock))

    def find(self, claim_number: str, *, limit: int = 100) -> list[Row]:
        """The newest `limit` rows about a claim or request, the newest last.

        A redacted row is no longer found by its claim.
        """
        return self._database.newest(Search(claim_number=claim_number), limit)

    def of_member(self, member_id: str, *, limit: int = 10_000) -> list[Row]:
        """The newest `limit` rows about a member, the newest last."""
        return self._database.newest(Search(member_id=member_id), limit)

    def rows(self, *, after: int = 0) -> Generator[Row, None, None]:
        """All rows (with a number above `after`) in order, in bounded memory."""
        # Without `after` also rows numbered 0 or less, which only tampering can write.
        return self._database.rows(Search(first=after + 1) if after > 0 else Search())

    def search(self, search: Search) -> Iterator[Row]:
        """The rows that meet all conditions, in order, in bounded memory."""
        return filter(search.matches, self._database.rows(search))

    def backup(self, path: Path) -> None:
        """Copy the record into an empty file, as it is at this moment, while writers continue.

        Raises:
            AuditError: The record is in PostgreSQL, or it cannot be copied.
        """
        self._database.backup(path)

    def head(self) -> Head:
        """How many rows there are, and the hash of the last."""
        with self._database.reading() as connection:
            return self._database.head(connection)

    def missing_guards(self) -> tuple[str, ...]:
        """The names of the triggers against mistakes that are missing or disabled."""
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
        """Erase the member parts of rows; the rest of the rows and the chain stay.

        The redaction is an entry of the record itself, in the same transaction: who ordered it, why,
        and which rows, but not which member. A row must meet all conditions.

        Args:
            by: Who orders it. Name no member in `by` or `why`: they are never erased.
            why: The reason.
            claim_number: Rows about this claim.
            member_id: Rows about this member.
            before: Rows written before this moment, which has a time zone.

        Returns:
            How many rows were redacted, and the receipt of the redaction (None if there were none).

        Raises:
            ValueError: There is no condition; or `by` or `why` is empty, too long or unreadable.
            AuditBusy, AuditError: As `append`.
        """
        if before is not None and before.tzinfo is None:
            raise ValueError("`before` has no time zone")
        search = Search(claim_number, member_id, before=None if before is None else instant(before))
        if search == Search():
            raise ValueError("say which rows: of a request, of a member, or before a day")
        for name, value in (("by", by), ("why", why)):
            if not value.strip() or len(value) > MAX_TEXT or not value.isprintable():
                raise ValueError(f"`{name}` is a readable text of 1 to {MAX_TEXT} characters")
        database, receipt = self._database, None
        with database.writing() as connection:
            erased = Ranges()
            for seq in database.erasable(connection, search):
                erased.add(seq)
            if erased:
                entry = redaction_entry(by, why, erased.pairs)
                (row,) = _linked([entry], database.head(connection), stamp(self._clock))
                database.erase(connection, search)
                database.add(connection, [row])
                receipt = Receipt(row.seq, row.hash)
        if erased:
            database.sweep()
        return len(erased), receipt

    def close(self) -> None:
        """Close the database's connections."""
        self._database.close()

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _linked(entries: Sequence[Entry], head: Head, time: str) -> list[Row]:
    previous, made = head.hash, []
    for seq, entry in enumerate(entries, head.count + 1):
        made.append(linked(entry, seq, time, previous))
        previous = made[-1].hash
    return made
