"""The audit record in a database: SQLite in a file, or PostgreSQL by URL. `tables` has the schema.

One writer at a time, across processes: `BEGIN IMMEDIATE` in SQLite, an advisory lock of the transaction
in PostgreSQL. When a commit returns, it is on the disk.
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
"""Seconds that a writer waits for the others before it gives up."""
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
    """A database that holds the record. Threads can share it; a forked process opens its own."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self.name = name
        """The file, or the URL without its password."""
        self._file: tuple[int, int] | None = None
        """The file that was opened, by device and number; None: no file."""
        self._may_forget: bool | None = None
        """Whether this writer may delete kept answers; None: not yet asked."""

    @classmethod
    def open(cls, target: str, *, create: bool) -> Database:
        """Connect, and create the table if it does not exist and `create` is set.

        Raises:
            AuditError: the target holds no record, or cannot be opened.
            AuditUnavailable: the driver of the database is not installed.
        """
        url = _url(target)
        sqlite = url.get_backend_name() == "sqlite"
        if sqlite and create:
            _make_private(Path(url.database or ""))
        if sqlite and not create and not Path(url.database or "").is_file():
            raise AuditError(f"{url.database}: there is no such file, so no audit record")
        options: dict[str, Any] = {}
        if not sqlite:
            # The role's default may be stricter; a writer that waited must see what it waited for.
            options = {"isolation_level": "READ COMMITTED", "pool_pre_ping": True}
            options["connect_args"] = _within_time(url)
        try:
            engine = create_engine(url, hide_parameters=True, **options)
        except ImportError:
            raise AuditUnavailable(
                "an audit record in PostgreSQL needs psycopg, which is not installed here; "
                "to install it: pip install 'payer-policy[postgres]'"
            ) from None
        if sqlite:
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
        name = str(url.database) if sqlite else url.render_as_string(hide_password=True)
        database = cls(engine, name)
        try:
            database._prepare(create)
            database._file = _identity(name) if sqlite else None
        except BaseException:
            engine.dispose()
            raise
        return database

    def _prepare(self, create: bool) -> None:
        with self.reading() as connection:
            found = inspect(connection)
            present = found.has_table(tables.TABLE)
            complete = present and found.has_table(tables.REPLIES)
            columns = {one["name"] for one in found.get_columns(tables.TABLE)} if present else set()
        if present and columns != set(tables.rows.c.keys()):
            raise AuditError(f"{self.name}: the table {tables.TABLE} is from another version")
        if not present and not create:
            raise AuditError(f"{self.name}: holds no audit record (no table {tables.TABLE})")
        if create and not complete:
            with self.writing() as connection:
                tables.create(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction with no other writer. When it ends it is committed and on the disk.

        Raises:
            AuditBusy: the other writers took too long; nothing was written.
            AuditError: the database refused or was lost; nothing was half written.
        """
        with self._connected() as connection:
            connection = connection.execution_options(payer_policy_writes=True)
            with connection.begin():
                if connection.dialect.name == "postgresql":
                    connection.exec_driver_sql(_begin_postgresql())
                yield connection
                # Before the commit: a file that was moved or deleted would take the rows with it.
                if self._file is not None and _identity(self.name) != self._file:
                    raise AuditError(
                        f"{self.name}: the file was moved, deleted or replaced while it was open; "
                        "put it back, or start a new one"
                    )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        """A connection whose errors are `AuditError`s, with no value of a statement in them."""
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            why = _why(error)
            if any(words in why for words in _BUSY):
                raise AuditBusy(
                    f"{self.name}: other writers held the audit record for {WAIT_SECONDS} seconds; "
                    "nothing was written",
                    _state(error),
                ) from None
            raise AuditError(f"{self.name}: {why}", _state(error)) from None

    def head(self, connection: Connection) -> Head:
        """The number and hash of the last row."""
        table = tables.rows.c
        last = connection.execute(
            select(table.seq, table.hash).order_by(table.seq.desc()).limit(1)
        ).first()
        return Head(0, FIRST) if last is None else Head(last.seq, last.hash)

    def add(self, connection: Connection, made: Sequence[Row]) -> None:
        """Write rows at the end."""
        names = [column.name for column in _COLUMNS]
        connection.execute(
            insert(tables.rows), [{name: getattr(row, name) for name in names} for row in made]
        )

    def reply(self, connection: Connection, key: str, now: str) -> KeptReply | None:
        """The answer kept under a key now."""
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
        """Keep an answer until a moment; `first` is the number of its first row."""
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
        """Delete the kept answers that expired. A writer without that right leaves it to the owner."""
        if self._may_forget is None:
            self._may_forget = connection.dialect.name == "sqlite" or bool(
                connection.execute(
                    select(func.has_table_privilege(tables.REPLIES, "DELETE"))
                ).scalar()
            )
        if self._may_forget:
            connection.execute(delete(tables.replies).where(tables.replies.c.until <= now))

    def rows(self, search: Search) -> Generator[Row, None, None]:
        """The rows that meet the conditions on columns, in order, as one unchanging snapshot.

        Only a few hundred are in memory at a time.
        """
        chosen = select(*_COLUMNS).where(*search.on_columns(tables.rows.c))
        with self._connected() as connection:
            streaming = connection.execution_options(yield_per=_AT_ONCE)
            for row in streaming.execute(chosen.order_by(tables.rows.c.seq)):
                yield Row(*row)

    def newest(self, search: Search, limit: int) -> list[Row]:
        """The newest rows that meet the conditions on columns, the newest last."""
        chosen = select(*_COLUMNS).where(*search.on_columns(tables.rows.c))
        with self.reading() as connection:
            found = connection.execute(chosen.order_by(tables.rows.c.seq.desc()).limit(limit))
            return [Row(*row) for row in found][::-1]

    def erasable(self, connection: Connection, search: Search) -> Iterator[int]:
        """The numbers of the rows that have a member part and meet the conditions on columns."""
        table = tables.rows.c
        chosen = select(table.seq).where(table.member.is_not(None), *search.on_columns(table))
        yield from connection.execute(chosen.order_by(table.seq)).scalars()

    def erase(self, connection: Connection, search: Search) -> None:
        """Erase the member parts of those rows, and the answers kept for them."""
        kept, rows = tables.replies.c, tables.rows.c
        connection.execute(
            update(tables.rows)
            .where(rows.member.is_not(None), *search.on_columns(rows))
            .values(dict.fromkeys(tables.ERASED))
        )
        erased = rows.member.is_(None) & rows.commitment.is_not(None)
        within = rows.seq.between(kept.first, kept.last)
        connection.execute(delete(tables.replies).where(exists().where(erased, within)))

    def sweep(self) -> None:
        """Clear what was erased from the write-ahead log of SQLite.

        PostgreSQL does so by autovacuum, and `VACUUM` is for the owner.
        """
        if self._engine.dialect.name == "sqlite":
            with self._connected() as connection:
                raw: Any = connection.connection.dbapi_connection
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def backup(self, path: Path) -> None:
        """Copy the record into an empty file, as one unchanging snapshot, while writers continue.

        Raises:
            AuditError: The record is in PostgreSQL, or it cannot be copied.
        """
        if self._engine.dialect.name != "sqlite":
            raise AuditError(
                f"{self.name}: PostgreSQL has its own tools for this: "
                f"pg_dump --format=custom --table={tables.TABLE}"
            )
        with self._connected() as connection:
            raw: Any = connection.connection.dbapi_connection
            try:
                with closing(sqlite3.connect(path, isolation_level=None)) as copy:
                    raw.backup(copy)  # all pages in one step: one reader's snapshot
                    copy.execute("PRAGMA journal_mode = DELETE").fetchall()  # a single file
                    whole = [one for (one,) in copy.execute("PRAGMA integrity_check")]
            except sqlite3.Error as error:
                raise AuditError(f"{self.name}: cannot be copied: {error}") from None
            if whole != ["ok"]:
                raise AuditError(f"{self.name}: SQLite finds the copy damaged: {whole[0]}")

    def missing_guards(self) -> tuple[str, ...]:
        """The names of the triggers that are missing or disabled."""
        with self.reading() as connection:
            return tables.missing_guards(connection)

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = Path(path).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_private(path: Path) -> None:
    """Create the file so that only its owner can read it; SQLite gives its other files the same mode."""
    with suppress(OSError):  # the file exists, or opening it reports why it cannot
        new_file(path).close()


def _url(target: str) -> URL:
    if "://" not in target:
        return URL.create("sqlite", database=target)
    try:
        url = make_url(target)
    except (ArgumentError, ValueError):
        raise AuditError(f"this is not a database URL; {_EXPECTED}") from None
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise AuditError(f"`{url.drivername}` databases are not supported; {_EXPECTED}")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise AuditError(f"an audit record in memory would be lost; {_EXPECTED}")
    return url


def _within_time(url: URL) -> dict[str, Any]:
    """Options of libpq that end a connection to a server that does not answer."""
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
    connection.isolation_level = None  # `_begin_sqlite` begins transactions
    connection.execute(f"PRAGMA busy_timeout = {int(WAIT_SECONDS * 1000)}")
    # The busy timeout does not apply when two processes switch the journal mode at once.
    for attempt in range(100):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            break
        except Exception as error:
            if "locked" not in str(error) or attempt == 99:
                raise
            time.sleep(0.02)
    # Bytes that are not UTF-8 come from another writer; they are read so that `verify` can report them.
    connection.text_factory = lambda data: data.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA recursive_triggers = ON")  # or REPLACE deletes without a trigger
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("payer_policy_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql() -> str:
    """The first statements of a writer, in one message: wait for the others, and commit to the disk."""
    return (
        f"SET LOCAL lock_timeout = {int(WAIT_SECONDS * 1000)};"
        # A writer that disappears does not block the others.
        f"SET LOCAL idle_in_transaction_session_timeout = {int(WAIT_SECONDS * 3000)};"
        # Every other setting writes to the disk before a commit returns; some wait for replicas too.
        "SELECT set_config('synchronous_commit', 'on', true)"
        " WHERE current_setting('synchronous_commit') = 'off';"
        f"SELECT pg_advisory_xact_lock({_LOCK})"
    )


def _state(error: SQLAlchemyError) -> str | None:
    """The SQLSTATE of the server, or SQLite's name of the error; None if there is none."""
    original = getattr(error, "orig", None)
    found = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return found if isinstance(found, str) else None


def _why(error: SQLAlchemyError) -> str:
    """The database's own message, one line, without any value of a row."""
    original = getattr(error, "orig", None)
    diagnostic = getattr(original, "diag", None)
    words = getattr(diagnostic, "message_primary", None) or str(original or type(error).__name__)
    return str(words).strip().split("\n")[0]
