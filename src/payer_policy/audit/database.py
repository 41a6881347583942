"""The audit record in a database: SQLite in a file, or PostgreSQL by URL. All SQL is here.

One writer at a time, however many processes there are: `BEGIN IMMEDIATE` in SQLite, an advisory lock
of the transaction in PostgreSQL. A commit is on the disk when it returns.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    create_engine,
    delete,
    event,
    exists,
    func,
    insert,
    inspect,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from payer_policy.audit import tables
from payer_policy.audit.chain import FIRST, Head, Receipt, Row
from payer_policy.audit.errors import AuditBusy, AuditError, AuditUnavailable
from payer_policy.audit.replies import KeptReply
from payer_policy.audit.searching import Search
from payer_policy.core.whole_file import new_file

WAIT_SECONDS: Final = 10
"""How long a writer waits for the others before it gives up."""
_LOCK: Final = 0x7061_7965_725F_6175
"""The key of the advisory lock: the same for every writer of a PostgreSQL database."""
_AT_ONCE: Final = 500
_BUSY: Final = (
    "database is locked",
    "database table is locked",
    "lock timeout",
    "locking protocol",
)
_COLUMNS: Final = [tables.rows.c[name] for name in Row.__dataclass_fields__ if name != "left_out"]


class Database:
    """A database that holds the record. Safe to share between threads; forks open their own."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        """The file, or the URL without its password."""
        self._file: tuple[int, int] | None = None
        """Which file was opened, by device and number; None: no file."""

    @classmethod
    def open(cls, target: str, *, create: bool) -> Database:
        """Connect, and make the table where there is none (and `create` says so).

        Raises:
            AuditError: what is named is no record, or cannot be opened.
            AuditUnavailable: the driver of the database is not installed.
        """
        url = _url(target)
        sqlite = url.get_backend_name() == "sqlite"
        if sqlite and create:
            _make_private(Path(url.database or ""))
        if sqlite and not create and not Path(url.database or "").is_file():
            raise AuditError(f"{url.database}: there is no such file, so no audit record")
        try:
            engine = (
                create_engine(url, hide_parameters=True)
                if sqlite
                # Whatever the role's default is: a writer that waited must see what it waited for.
                else create_engine(
                    url,
                    hide_parameters=True,
                    pool_pre_ping=True,
                    isolation_level="READ COMMITTED",
                    connect_args=_within_time(url),
                )
            )
        except ImportError:
            raise AuditUnavailable(
                "an audit record in PostgreSQL needs psycopg, not installed here; "
                "to install: pip install 'payer-policy[postgres]'"
            ) from None
        if sqlite:
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        name = str(url.database) if sqlite else url.render_as_string(hide_password=True)
        database = cls(engine, name)
        try:
            database._make_ready(create)
            database._file = _identity(name) if sqlite else None
        except BaseException:
            engine.dispose()
            raise
        return database

    def _make_ready(self, create: bool) -> None:
        with self._reading() as connection:
            there = inspect(connection).has_table(tables.TABLE)
            complete = there and inspect(connection).has_table(tables.REPLIES)
            if there:
                found = {one["name"] for one in inspect(connection).get_columns(tables.TABLE)}
                if found != set(tables.rows.c.keys()):
                    raise AuditError(
                        f"{self.name}: the table {tables.TABLE} is not that of this version"
                    )
        if complete or (there and not create):
            return
        if not create:
            raise AuditError(f"{self.name}: holds no audit record (no table {tables.TABLE})")
        with self.writing() as connection:
            tables.create(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that no other writer is in. Committed, and on the disk, at its end.

        Raises:
            AuditBusy: the others took too long; nothing was written.
            AuditError: the database refused or was lost; nothing was half written.
        """
        with self._told(), self._engine.connect() as connection:
            connection = connection.execution_options(payer_policy_writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(_begin_postgresql())
                yield connection
                # Before the commit: a file that was moved or deleted would take rows with it that
                # nobody finds again.
                if self._file is not None and _identity(self.name) != self._file:
                    raise AuditError(
                        f"{self.name}: the file was moved, deleted or replaced while it was open; "
                        "put it back, or start anew"
                    )

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The database's errors as ours: its own first words, never the values of a statement."""
        try:
            yield
        except SQLAlchemyError as error:
            why = _why(error)
            if any(words in why for words in _BUSY):
                raise AuditBusy(
                    f"{self.name}: other writers held the audit record for {WAIT_SECONDS} seconds; "
                    "nothing was written",
                    _state(error),
                ) from None
            raise AuditError(f"{self.name}: {why}", _state(error)) from None

    def head(self, connection: Connection | None = None) -> Head:
        """The number of the last row and its hash, within a transaction or by itself."""
        if connection is None:
            with self._reading() as own:
                return self.head(own)
        table = tables.rows.c
        last = connection.execute(
            select(table.seq, table.hash).order_by(table.seq.desc()).limit(1)
        ).first()
        return Head(0, FIRST) if last is None else Head(last.seq, last.hash)

    def add(self, connection: Connection, made: Sequence[Row]) -> None:
        """Write rows at the end, within a transaction."""
        names = [column.name for column in _COLUMNS]
        connection.execute(
            insert(tables.rows), [{name: getattr(row, name) for name in names} for row in made]
        )

    def reply(self, key: str, now: str, connection: Connection | None = None) -> KeptReply | None:
        """The answer that is kept under a key now, within a transaction or by itself."""
        if connection is None:
            with self._reading() as own:
                return self.reply(key, now, own)
        table = tables.replies.c
        found = connection.execute(
            select(table.asked, table.media_type, table.content, table.last, table.hash)
            .where(table.key == key, table.until > now)
            .limit(1)
        ).first()
        if found is None:
            return None
        asked, media_type, content, last, hash_ = found
        return KeptReply(asked, media_type, bytes(content), Receipt(last, hash_))

    def keep(
        self, connection: Connection, key: str, until: str, reply: KeptReply, first: int
    ) -> None:
        """Keep an answer, whose first row has a number, until a moment, within a transaction."""
        connection.execute(
            insert(tables.replies).values(
                key=key,
                until=until,
                asked=reply.asked,
                media_type=reply.media_type,
                content=reply.content,
                first=first,
                last=reply.receipt.seq,
                hash=reply.receipt.hash,
            )
        )

    def forget(self, connection: Connection, now: str) -> None:
        """Erase the answers whose time is over, where this writer may."""
        if (
            connection.dialect.name == "postgresql"
            and not connection.execute(
                select(func.has_table_privilege(tables.REPLIES, "DELETE"))
            ).scalar()
        ):
            return  # the owner does it, when a redaction is due
        connection.execute(delete(tables.replies).where(tables.replies.c.until <= now))

    def rows(self, *where: ColumnElement[bool], after: int = 0) -> Generator[Row, None, None]:
        """The rows in their order, as one unchanging picture, a few hundred at a time in memory."""
        chosen = select(*_COLUMNS).order_by(tables.rows.c.seq)
        # Also rows that nobody could have written rightly: with the number 0, or less.
        if after > 0:
            chosen = chosen.where(tables.rows.c.seq > after)
        for condition in where:
            chosen = chosen.where(condition)
        with self._told(), self._engine.connect() as connection:
            found = connection.execution_options(yield_per=_AT_ONCE).execute(chosen)
            for row in found:
                yield Row(*row)

    def newest(self, where: ColumnElement[bool], limit: int) -> list[Row]:
        """The newest rows that meet a condition, the newest last."""
        chosen = select(*_COLUMNS).where(where).order_by(tables.rows.c.seq.desc()).limit(limit)
        with self._reading() as connection:
            return [Row(*row) for row in connection.execute(chosen)][::-1]

    def erasable(self, connection: Connection, *where: ColumnElement[bool]) -> Iterator[int]:
        """The numbers of the rows that still have a member part and meet all conditions."""
        table = tables.rows.c
        chosen = select(table.seq).where(table.member.is_not(None), *where).order_by(table.seq)
        yield from connection.execute(chosen).scalars()

    def erase(self, connection: Connection, *where: ColumnElement[bool]) -> None:
        """Erase the member parts of those rows and the kept answers, within a transaction."""
        connection.execute(
            update(tables.rows)
            .where(tables.rows.c.member.is_not(None), *where)
            .values(dict.fromkeys(tables.ERASED))
        )
        kept, rows = tables.replies.c, tables.rows.c
        erased = rows.member.is_(None) & rows.commitment.is_not(None)
        within = rows.seq.between(kept.first, kept.last)
        connection.execute(delete(tables.replies).where(exists().where(erased, within)))

    def sweep(self) -> None:
        """Leave nothing of what was erased in the database's own files, as far as it lets us."""
        if self._engine.dialect.name != "sqlite":
            return  # VACUUM is the owner's, and the server's autovacuum's
        with self._told(), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def backup(self, path: Path) -> None:
        """Copy the record into an empty file, as one unchanging picture, while writers go on.

        Raises:
            AuditError: The record is in PostgreSQL, or it cannot be copied.
        """
        if self._engine.dialect.name != "sqlite":
            raise AuditError(
                f"{self.name}: PostgreSQL has its own tools for this: "
                f"pg_dump --format=custom --table={tables.TABLE}"
            )
        with self._told(), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            try:
                with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                    # All pages in one step: the picture of one reader, whom writers do not wait for.
                    raw.backup(copy)
                    copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # one file, no others
                    whole = [one for (one,) in copy.execute("PRAGMA integrity_check")]
            except sqlite3.Error as error:
                raise AuditError(f"{self.name}: cannot be copied: {error}") from None
            if whole != ["ok"]:
                raise AuditError(f"{self.name}: SQLite finds the copy damaged: {whole[0]}")

    def missing_guards(self) -> tuple[str, ...]:
        """The names of the triggers that do not stand, or are switched off."""
        with self._reading() as connection:
            return tables.missing_guards(connection)

    def close(self) -> None:
        self._engine.dispose()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_claim(claim_number: str) -> ColumnElement[bool]:
    return tables.rows.c.claim_number == claim_number


def is_member(member_id: str) -> ColumnElement[bool]:
    return tables.rows.c.member_id == member_id


def is_before(moment: str) -> ColumnElement[bool]:
    return tables.rows.c.time < moment


def is_asked_for(search: Search) -> list[ColumnElement[bool]]:
    """The conditions of a search that the columns can answer; the search itself asks the others."""
    table = tables.rows.c
    conditions = {
        "claim_number": table.claim_number.__eq__,
        "member_id": table.member_id.__eq__,
        "first": table.seq.__ge__,
        "last": table.seq.__le__,
        "since": table.time.__ge__,
        "before": table.time.__lt__,
    }
    asked = {name: getattr(search, name) for name in conditions}
    return [conditions[name](value) for name, value in asked.items() if value is not None]


def _make_private(path: Path) -> None:
    """A file that only its owner can read, where there is none; SQLite's own beside it are like it."""
    with suppress(OSError):  # it is there, or whoever opens it is told why it cannot be
        new_file(path).close()


def _url(target: str) -> URL:
    if "://" not in target:
        return URL.create("sqlite", database=target)
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        raise AuditError(f"this is no URL of a database; {_EXPECTED}") from None
    if url.drivername == "postgres" or url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise AuditError(f"`{url.drivername}` databases are not supported; {_EXPECTED}")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise AuditError(f"an audit record in memory would be lost; {_EXPECTED}")
    return url


def _within_time(url: URL) -> dict[str, Any]:
    """What keeps a server that does not answer from holding a connection for ever (libpq)."""
    usual = {
        "connect_timeout": WAIT_SECONDS,
        "keepalives_idle": WAIT_SECONDS,
        "keepalives_interval": WAIT_SECONDS // 3,
        "keepalives_count": 3,
        "tcp_user_timeout": WAIT_SECONDS * 1000,
    }
    return {name: value for name, value in usual.items() if name not in url.query}


_EXPECTED: Final = "write a file's path, sqlite:///PATH or postgresql://USER@HOST/DATABASE"


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions are begun below, in words
    connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
    # Two processes that switch the journal at once are not made to wait by the time-out.
    for attempt in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            break
        except Exception as error:
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(0.02)
    # What is no UTF-8 was put there by no writer of ours: read it all the same, so that it is found.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")  # else REPLACE deletes unseen
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("payer_policy_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql() -> str:
    """What a writer says first, in one message: wait for the others, and commit to the disk."""
    return (
        f"SET LOCAL lock_timeout = {int(WAIT_SECONDS * 1000)};"
        # A writer that is gone lets the others on, and so does one that the server cannot serve.
        f"SET LOCAL idle_in_transaction_session_timeout = {int(WAIT_SECONDS * 3000)};"
        # Every other setting writes to the disk before a commit returns; some wait for more.
        "SELECT set_config('synchronous_commit', 'on', true)"
        " WHERE current_setting('synchronous_commit') = 'off';"
        f"SELECT pg_advisory_xact_lock({_LOCK})"
    )


def _state(error: SQLAlchemyError) -> str | None:
    """The SQLSTATE of the server, or SQLite's name of the error; None: it never got so far."""
    original = getattr(error, "orig", None)
    found = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return found if isinstance(found, str) else None


def _why(error: SQLAlchemyError) -> str:
    """What went wrong in the database's own words, one line, without any value of a row."""
    original = getattr(error, "orig", None)
    diagnostic = getattr(original, "diag", None)
    words = getattr(diagnostic, "message_primary", None) or str(original or type(error).__name__)
    return str(words).strip().split("\n")[0]
