"""`payer-policy audit`: check, search, replay, export, back up and redact the record of answers."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click

from payer_policy.audit import searching
from payer_policy.audit.chain import Head, instant
from payer_policy.audit.errors import AuditError
from payer_policy.audit.exporting import exported, read_export
from payer_policy.audit.log import AuditLog
from payer_policy.audit.searching import DECISIONS, KINDS
from payer_policy.audit.verifying import checked
from payer_policy.audit.verifying import verify as verify_rows
from payer_policy.cli import audit_rows, audit_words, options
from payer_policy.core.whole_file import whole_path

if TYPE_CHECKING:
    from payer_policy.audit.heads import Heads
    from payer_policy.audit.replaying import Folder, Replayed

_MAX_LINE: Final = 64 * 1024 * 1024
"""Bytes; a longer line is not a row."""
_SQLITE: Final = b"SQLite format 3\x00"

_VARIABLE: Final = "PAYER_POLICY_AUDIT"
_LISTED: Final = 100
"""The maximum number of rows that `find` lists for people: a few screens."""
_DIGITS: Final = 18
"""The most digits of a row number that fit into a database's integer."""
_TIME: Final = "2026-01-31 or 2026-01-31T08:00:00Z (UTC)"

_record = click.argument("record", envvar=_VARIABLE)
_claim_number = click.option("--claim-number", metavar="NUMBER", help="Rows about this claim.")
_member = click.option("--member", "member_id", metavar="ID", help="Rows about this member.")


def _instant(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """A day or a time in UTC, in the form of the times of rows."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"`{text}` is not a time; write {_TIME}") from None
    return instant(moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC))


@click.group("audit")
def command() -> None:
    """Check, search, replay, export, back up and redact the record of answers.

    RECORD is a SQLite file or postgresql://USER@HOST/DATABASE (or set PAYER_POLICY_AUDIT); put a
    password into PGPASSWORD or ~/.pgpass. `verify`, `find`, `show` and `replay` also read a file
    written by `export`, or - for stdin. Exit status 0: fine; 1: the answer is bad news; 2: the call
    was wrong.
    """


@command.command("begin", short_help="Make the table of a record, if it does not exist.")
@_record
def begin(record: str) -> None:
    """Make the table and the triggers of a record, if they do not exist, and print its head.

    A service does so itself if it has the rights; in PostgreSQL the owner does, and the service only
    writes.
    """
    with _opened(record, create=True) as log:
        click.echo(str(log.head()))


@command.command("head", short_help="Print the head, to keep elsewhere, or sign it.")
@_record
@click.option("--sign", "key", type=options.PATH, metavar="PRIVATE.pem", help="Sign with this key.")
@click.option(
    "--heads",
    type=options.PATH,
    metavar="FILE",
    help="Append the signed head here, if it has changed.",
)
@options.as_json
def head(record: str, key: Path | None, heads: Path | None, as_json: bool) -> None:
    """Print the number of rows and the hash of the last, to keep elsewhere.

    With it, `audit verify --head` also detects that the last rows were removed, or all were written
    anew; so does `audit verify --heads` with a file of signed heads. `bundle keygen` makes a key. Exit
    status 0: printed or appended; 1: the record no longer contains the last head of FILE; 2: the call
    was wrong.
    """
    if heads is not None and key is None:
        raise click.UsageError("--heads needs --sign PRIVATE.pem")
    if key is not None:
        _sign(record, key, heads, as_json)
        return
    with _opened(record) as log:
        found = log.head()
    shown = {"schema": "payer-policy/audit-head/1", "rows": found.count, "hash": found.hash}
    options.report(as_json, shown, [str(found)])


def _sign(record: str, key: Path, heads: Path | None, as_json: bool) -> None:
    from payer_policy.audit.heads import append_head, signed_head
    from payer_policy.cli.signing_keys import private_key

    signer = private_key(key)
    with _opened(record) as log:
        if heads is None:
            click.echo(signed_head(log.head(), signer, _clock).line(), nl=False)
            return
        try:
            made = append_head(heads, log, signer, _clock)
        except AuditError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
    text = f"{heads}: the head has not changed since the last one; nothing was signed."
    if made is not None:
        text = f"{heads}: signed the head {made.head}"
    shown = {
        "schema": "payer-policy/audit-signed/1",
        "head": None if made is None else str(made.head),
        "time": None if made is None else made.time,
    }
    options.report(as_json, shown, [text])


@command.command("verify", short_help="Find changed, removed, moved, inserted or erased rows.")
@_record
@click.option("--head", "anchor", metavar="HEAD", help="A head that was printed earlier.")
@click.option("--heads", type=options.PATH, metavar="FILE", help="Signed heads; needs --trust.")
@click.option(
    "--trust",
    "trusted",
    type=options.PATH,
    multiple=True,
    metavar="PUBLIC.pem",
    help="A key whose heads count; may be repeated.",
)
@click.option(
    "--heads-since",
    "since",
    metavar="TIME",
    callback=_instant,
    help="The newest signed head must be of this time or later.",
)
@options.as_json
def verify(
    record: str,
    anchor: str | None,
    heads: Path | None,
    trusted: tuple[Path, ...],
    since: str | None,
    as_json: bool,
) -> None:
    """Find every row that was changed, removed, moved, inserted, or erased without a redaction.

    With signed heads, also detect that the record was cut off at its end or written anew, up to the
    newest head. Exit status 0: every row is as it was written; 1: one is not; 2: the call was wrong.
    """

    if (heads is None) != (not trusted) or (since is not None and heads is None):
        raise click.UsageError("--heads FILE and --trust PUBLIC.pem go together")
    with options.wrong_call(ValueError, option="--head"):
        expected = None if anchor is None else Head.parse(anchor)
    signed = None if heads is None else _heads(heads, trusted, since)
    with _rows(record) as source:
        in_heads = [one.head for one in signed.trusted] if signed else ()
        found = verify_rows(source.rows, expected, in_heads)
        guards = () if source.log is None else source.log.missing_guards()
    if signed is not None:
        found = replace(found, findings=(*found.findings, *signed.findings))
    parts = (source.name, found, expected, guards, signed)
    options.report(as_json, audit_words.verified_json(*parts), audit_words.verified_text(*parts))
    sys.exit(1 if found.findings or guards else 0)


@command.command("replay", short_help="Decide every answer again, byte for byte.")
@_record
@click.option(
    "--policies",
    "folders",
    type=options.PATH,
    multiple=True,
    default=(Path("policies"),),
    envvar="PAYER_POLICIES",
    show_default=True,
    help="A folder of policies or a bundle, past or present; may be repeated (or set PAYER_POLICIES).",
)
@_claim_number
@click.option("--after", type=click.IntRange(0), default=0, metavar="ROW", help="Only later rows.")
@options.as_json
def replay(
    record: str, folders: tuple[Path, ...], claim_number: str | None, after: int, as_json: bool
) -> None:
    """Decide every answer again by the policy with its hash, and compare byte for byte.

    A row whose member part was redacted, or never kept, cannot be decided again. Exit status 0: all
    others are the same; 1: an answer differs, or cannot be decided again for another reason; 2: the
    call was wrong.
    """
    from payer_policy.audit.replaying import Replayer

    for path in folders:
        options.need_policies(path)
    replayer = Replayer([_folder(path) for path in folders])
    count: Counter[str] = Counter()
    notable: list[Replayed] = []
    with _rows(record) as source:
        for row in source.rows:
            if not hasattr(row, "seq"):
                raise click.UsageError(f"{row.message}; see `payer-policy audit verify`")
            if row.seq <= after or (claim_number is not None and row.claim_number != claim_number):
                continue
            found = replayer.replay(row)
            if found is None:
                continue
            count[found.status] += 1
            count[found.why] += bool(found.why)
            if as_json:
                options.print_json(audit_words.replayed_json(found), indent=None)
            elif found.status == "differs" or found.why not in ("", *audit_words.EXPECTED):
                if len(notable) < audit_words.SHOWN:
                    notable.append(found)
                count["notable"] += 1
    if not as_json:
        click.echo("\n".join(audit_words.replayed_text(source.name, count, notable)))
    unknown = count["cannot"] - sum(count[why] for why in audit_words.EXPECTED)
    sys.exit(1 if count["differs"] or unknown else 0)


@command.command("find", short_help="List the rows about a claim, a member, a decision, a day, …")
@_record
@_claim_number
@_member
@click.option(
    "--decision",
    type=click.Choice(DECISIONS),
    help="Rows with this decision of the whole claim.",
)
@click.option("--policy", metavar="PAYER/POLICY", help="Rows that this policy decided.")
@click.option("--code", metavar="CODE", help="Rows with a service of this billing code.")
@click.option("--caller", metavar="NAME", help="Rows requested with the API key of this name.")
@click.option("--request-id", metavar="ID", help="Rows of the HTTP request with this id.")
@click.option("--kind", type=click.Choice(KINDS), help="Rows of this kind.")
@click.option("--first", type=int, metavar="ROW", help="The lowest row number.")
@click.option("--last", type=int, metavar="ROW", help="The highest row number.")
@click.option("--since", metavar="TIME", callback=_instant, help=f"Written at {_TIME} or later.")
@click.option("--before", metavar="TIME", callback=_instant, help="Written before this time.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    metavar="N",
    help="At most the newest N rows. [default: 100; with --json all]",
)
@options.as_json
def find(record: str, limit: int | None, as_json: bool, **wanted: Any) -> None:
    """List the rows that meet all conditions, the newest last.

    Each row says whether its hash matches its contents. A row that was redacted is no longer found by
    claim number or member. With --json: one object per line, as `show --json` without the member part.
    Exit status 0: found; 1: no such row; 2: the call was wrong.
    """

    search = searching.Search(**wanted)
    with _rows(record) as source:
        log = source.log
        matching = (
            log.search(search) if log else filter(search.matches, searching.whole(source.rows))
        )
        found, count = searching.newest(
            matching, _LISTED if limit is None and not as_json else limit
        )
    if as_json:
        for row in found:
            click.echo(json.dumps(audit_rows.row_json(row, checked(row), whole=False)))
    else:
        click.echo("\n".join(audit_rows.found_text(source.name, found, count)))
    sys.exit(0 if found else 1)


@command.command("show", short_help="Show one row in full, with its hash checked.")
@click.argument("arguments", nargs=-1, required=True, metavar="[RECORD] ROW")
@options.as_json
def show(arguments: tuple[str, ...], as_json: bool) -> None:
    """Show the row with the number ROW in full, and check it.

    Its hash, its member part and its links to the rows before and after are checked; `verify` checks
    all rows. RECORD may be left out if PAYER_POLICY_AUDIT is set. Exit status 0: the row is as it was
    written; 1: it is not, or there is no such row; 2: the call was wrong.
    """

    record, seq = _record_and_row(arguments)
    with _rows(record, after=seq - 2) as source:
        found = searching.one_row(searching.whole(source.rows), seq)
    if found is None:
        click.echo(f"{source.name}: there is no row {seq}.", err=True)
        sys.exit(1)
    row, findings = found
    if as_json:
        # ASCII: a row that was tampered with may contain what is not text in UTF-8.
        click.echo(json.dumps(audit_rows.row_json(row, findings, whole=True), indent=2))
    else:
        click.echo("\n".join(audit_rows.row_text(source.name, row, findings)))
    sys.exit(1 if findings else 0)


@command.command(
    "backup", short_help="Copy a SQLite record while it is written, and verify the copy."
)
@_record
@click.option("-o", "--out", type=options.PATH, required=True, help="A new file, private (0600).")
@options.as_json
def backup(record: str, out: Path, as_json: bool) -> None:
    """Copy a SQLite record as it is at this moment, while it is in use, and verify every row.

    FILE exists only when it is complete. A record with wrong rows is copied unchanged. For PostgreSQL
    use pg_dump. Exit status 0: copied, and every row is as it was written; 1: copied, and a row is
    not; 2: nothing was copied.
    """

    if out.exists():
        raise _exists(out)
    try:
        with _opened(record) as log, whole_path(out) as copy:
            log.backup(copy)
            with _opened(copy) as copied:
                found, guards = verify_rows(copied.rows()), copied.missing_guards()
    except OSError as error:
        raise options.file_error(out, error, "cannot be written") from None
    parts = (str(out), found, None, guards)
    lines = [f"{log.name}: copied to {out} and read back", *audit_words.verified_text(*parts)]
    options.report(as_json, audit_words.verified_json(*parts), lines)
    sys.exit(1 if found.findings or guards else 0)


@command.command("export", short_help="Write all rows as JSON Lines.")
@_record
@click.option("-o", "--out", type=options.PATH, help="A new file. [default: standard output]")
@click.option("--without-members", is_flag=True, help="Leave out requests, facts and sentences.")
def export(record: str, out: Path | None, without_members: bool) -> None:
    """Write all rows as JSON Lines, for `audit verify` and for other programs.

    The same rows give the same bytes. Only its owner can read a new file, since it contains member
    data unless they are left out.
    """

    with ExitStack() as stack:
        log = stack.enter_context(_opened(record))
        file: BinaryIO = sys.stdout.buffer
        if out is not None:
            if out.is_file():
                raise _exists(out)
            file = stack.enter_context(options.written(out))
        for line in exported(log.rows(), members=not without_members):
            file.write(line.encode("ascii"))
        file.flush()


@command.command("redact", short_help="Erase the member data of rows for good.")
@_record
@_claim_number
@_member
@click.option("--before", type=options.DAY, help="Rows written before this day (UTC): retention.")
@click.option("--by", required=True, help="Who orders it; kept for good, so name no member.")
@click.option("--why", required=True, help="The reason; kept for good, so name no member.")
@options.as_json
def redact(
    record: str, before: datetime | None, by: str, why: str, as_json: bool, **which: str | None
) -> None:
    """Erase the member data of rows for good; the chain and the decisions stay.

    Rows that meet all given conditions lose request, facts, determination, and the numbers of claim
    and member. The redaction is itself a row. Exit status 0: erased; 1: no row had anything to
    erase; 2: the call was wrong.
    """

    if before is None and not any(one is not None for one in which.values()):
        raise click.UsageError("say which rows: --claim-number, --member or --before")
    day = None if before is None else before.replace(tzinfo=UTC)
    with _opened(record) as log, options.wrong_call(ValueError):
        count, receipt = log.redact(by=by, why=why, before=day, **which)
    text, row = f"{log.name}: no such row has member data; nothing was erased.", None
    if receipt is not None:
        text = f"{log.name}: erased the member data of {audit_words.rows_of(count)}. "
        text += f"Row {receipt.seq} says so; the new head is {receipt.seq}:{receipt.hash}"
        row = {"seq": receipt.seq, "hash": receipt.hash}
    shown = {"schema": "payer-policy/audit-redaction/1", "erased": count, "row": row}
    options.report(as_json, shown, [text])
    sys.exit(0 if count else 1)


# --- shared by the commands ------------------------------------------------------------------------


def _clock() -> datetime:
    """The time of a redaction or a signature: the only time that the command line writes."""
    return datetime.fromtimestamp(time.time(), UTC)


@contextmanager
def _opened(record: str | Path, *, create: bool = False) -> Iterator[AuditLog]:
    """A record in a database; its errors are wrong calls."""

    with (
        options.wrong_call(AuditError),
        AuditLog.open(record, clock=_clock, create=create) as log,
    ):
        yield log


@dataclass(frozen=True)
class _Source:
    """The rows of a record or of its export."""

    name: str
    rows: Iterator[Any]
    log: AuditLog | None
    """The database, if it is one."""


@contextmanager
def _rows(record: str, *, after: int = 0) -> Iterator[_Source]:
    """The rows of a database (with a number above `after`) or of an exported file (all of them)."""

    with ExitStack() as stack:
        if "://" not in record:
            file = _input(record, stack)
            start = file.read(len(_SQLITE))
            if start != _SQLITE:
                if not start:
                    raise click.UsageError(
                        f"{record}: is empty; a record or its export was expected"
                    )
                if start[:1] != b"{":
                    raise click.UsageError(
                        f"{record}: is neither an audit record nor an export of one"
                    )
                stack.enter_context(options.wrong_call(AuditError))
                yield _Source(options.file_name(record), read_export(_lines(start, file)), None)
                return
            if record == "-":
                raise click.UsageError("name the database; standard input is for an export")
        log = stack.enter_context(_opened(record))
        rows = log.rows(after=after)
        stack.callback(rows.close)  # also where not all are read: it holds a connection
        yield _Source(log.name, rows, log)


def _lines(start: bytes, file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file whose first bytes were read already; it need not be seekable."""
    *whole, rest = start.split(b"\n")
    yield from (line + b"\n" for line in whole)
    if line := rest + file.readline(_MAX_LINE):
        yield line
    yield from iter(lambda: file.readline(_MAX_LINE), b"")


def _input(record: str, stack: ExitStack) -> BinaryIO:
    if record == "-":
        return sys.stdin.buffer
    try:
        return stack.enter_context(Path(record).open("rb"))
    except OSError as error:
        raise options.file_error(record, error, "cannot be read") from None


def _exists(path: Path) -> click.UsageError:
    return click.UsageError(f"{path}: already exists; name a new file")


def _heads(path: Path, trusted: tuple[Path, ...], since: str | None) -> Heads:
    from payer_policy.audit.heads import read_heads
    from payer_policy.cli.signing_keys import public_key

    keys = [public_key(one) for one in trusted]
    with ExitStack() as stack:
        return read_heads(_lines(b"", _input(str(path), stack)), keys, since=since)


def _record_and_row(arguments: tuple[str, ...]) -> tuple[str, int]:
    *named, number = arguments
    record = named[0] if named else os.environ.get(_VARIABLE)
    if record is None or len(named) > 1:
        raise click.UsageError(f"give RECORD and ROW (or set {_VARIABLE} and give ROW)")
    if not number.isascii() or not number.isdecimal() or len(number) > _DIGITS:
        raise click.UsageError(f"`{number}` is not the number of a row, such as 7")
    return record, int(number)


def _folder(path: Path) -> Folder:
    """A folder, or a bundle: its signature is not verified, since rows name it by its hash."""
    from payer_policy.audit.replaying import Folder

    if path.is_file():
        from payer_policy.bundle.opening import open_contents, read_bundle

        bundle = read_bundle(path)
        return Folder(str(path), open_contents(bundle.policies, str(path)).library, bundle.hash)
    from payer_policy.policy.folder_hash import folder_hash
    from payer_policy.policy.loading import open_library

    return Folder(str(path), open_library(path), folder_hash(path))
