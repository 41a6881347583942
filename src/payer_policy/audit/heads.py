"""Signed heads of the record, which its owner cannot rewrite without the key.

A file of heads has one JSON object per line: row number, hash, time, key, signature. Each covers all
rows up to its own. The caller provides the keys (`bundle.signing` has them).
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from payer_policy.audit.chain import Head, canonical, stamp
from payer_policy.audit.errors import AuditError
from payer_policy.audit.log import AuditLog, Clock
from payer_policy.audit.searching import Search
from payer_policy.audit.verifying import Fault
from payer_policy.core.whole_file import FOR_ALL, locked

FORMAT: Final = "payer-policy/audit-head/1"
_LONGEST: Final = 1_000
"""Bytes of a line; a signed head has about 400."""
LAST_SECONDS: Final[float] = 10
"""How long `close` waits for the last head. A process that must stop must end."""
_SHORT: Final = 16
"""Digits of a key's id in a message; enough to tell keys apart."""


class Verifier(Protocol):
    """A key that checks signatures."""

    @property
    def id(self) -> str: ...

    def signed(self, data: bytes, signature: bytes) -> bool: ...


class Signer(Protocol):
    """A key that signs."""

    @property
    def public(self) -> Verifier: ...

    def sign(self, data: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head, when it was signed, and by which key."""

    head: Head
    time: str
    """As in rows."""
    key: str
    """The id of the key."""
    signature: bytes

    def line(self) -> bytes:
        """The head as a line of a file of heads, with its line end."""
        content = {
            "format": FORMAT,
            "row": self.head.count,
            "hash": self.head.hash,
            "time": self.time,
            "key": self.key,
            "signature": self.signature.hex(),
        }
        return (canonical(content) + "\n").encode("ascii")


@dataclass(frozen=True, slots=True)
class Heads:
    """The heads of a file signed by trusted keys, in order, and what is wrong with the others."""

    trusted: tuple[SignedHead, ...]
    findings: tuple[Fault, ...]

    @property
    def newest(self) -> SignedHead | None:
        """The head of the highest row."""
        return max(self.trusted, key=lambda one: one.head.count, default=None)


def signed_head(head: Head, signer: Signer, clock: Clock) -> SignedHead:
    """A head, signed now."""
    time, key = stamp(clock), signer.public.id
    return SignedHead(head, time, key, signer.sign(_message(head, time, key)))


def _message(head: Head, time: str, key: str) -> bytes:
    """The bytes to sign. No bundle's manifest begins like this, so no signature fits both."""
    return canonical([FORMAT, head.count, head.hash, time, key]).encode("ascii")


def read_heads(
    lines: Iterable[bytes], trusted: Sequence[Verifier], *, since: str | None = None
) -> Heads:
    """The heads of a file. Never raises for its bytes.

    Args:
        lines: The lines of the file, with their line ends.
        trusted: The keys whose signature counts.
        since: An instant as in rows; the newest head must not be older.
    """
    by_id = {key.id: key for key in trusted}
    known = ", ".join(f"{id_[:_SHORT]}…" for id_ in by_id)
    good: list[SignedHead] = []
    findings: list[Fault] = []
    for number, line in enumerate(lines, 1):
        found, what = _parsed(line), f"line {number} of the file of heads"
        if found is None:
            what += " is not a signed head"
            if not line.endswith(b"\n"):
                what += " (it has no line end: the file was cut, or is being written)"
        else:
            what += f" (row {found.head.count})"
            by, message = f"key {found.key[:_SHORT]}…", _message(found.head, found.time, found.key)
            if (key := by_id.get(found.key)) is None:
                what += f" is signed by the {by}, which is not trusted (trusted: {known})"
            elif not key.signed(message, found.signature):
                what += f" does not have the signature of the {by}: it was changed or forged"
            else:
                good.append(found)
                continue
        findings.append(Fault(None, "forged head", what))
    newest = max((one.time for one in good), default=None)
    if newest is None:
        what = "the file of heads has no head of a trusted key, so no row was checked against it"
        findings.append(Fault(None, "stale heads", what))
    elif since is not None and newest < since:
        what = f"the newest signed head is of {newest}; one of {since} or later was expected"
        findings.append(Fault(None, "stale heads", what))
    return Heads(tuple(good), tuple(findings))


def _parsed(line: bytes) -> SignedHead | None:
    """A line as a head, with any signature; None if it is not exactly as heads are written."""
    if len(line) > _LONGEST:
        return None
    try:
        value = json.loads(line.decode("ascii"))
        head = Head.parse(f"{value['row']}:{value['hash']}")
        made = SignedHead(head, value["time"], value["key"], bytes.fromhex(value["signature"]))
        texts = isinstance(made.time, str) and isinstance(made.key, str)
        return made if texts and made.line() == line else None
    except (LookupError, TypeError, ValueError, RecursionError):
        return None


def append_head(
    path: Path, log: AuditLog, signer: Signer, clock: Clock, *, every: float = 0
) -> SignedHead | None:
    """Sign the record's head and append it to a file, if the head changed since the last one.

    Several processes can append to one file; each waits for the others.

    Args:
        path: The file, created if there is none. It holds no member data.
        log: The record.
        signer: The key.
        clock: The time of the signature, with its time zone.
        every: Seconds after the last head within which nothing is signed.

    Returns:
        The head; None if there is nothing to sign.

    Raises:
        AuditError: The record no longer holds the last head of the file, or the file cannot be
            written. Nothing was signed.
    """
    try:
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, FOR_ALL)
        with os.fdopen(number, "rb+", buffering=0) as file, locked(file):
            last = _last(file, path)
            head = log.head()
            if last is not None:
                _must_hold(log, last, head)
            if head.count == 0 or (last is not None and last.head == head):
                return None
            made = signed_head(head, signer, clock)
            if last is not None and _seconds(last.time, made.time) < every:
                return None
            file.write(made.line())
            os.fsync(file.fileno())
            return made
    except OSError as error:
        why = (error.strerror or "cannot be written").lower()
        raise AuditError(f"{path}: {why}; no head was signed") from None


def _last(file: BinaryIO, path: Path) -> SignedHead | None:
    """The last head of a file. An incomplete line after it, as from a loss of power, is removed."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2 * _LONGEST))
    end = file.read()
    whole, found, torn = end.rpartition(b"\n")
    if torn:
        file.truncate(size - len(torn))
    if not found:
        return None
    head = _parsed(whole.rpartition(b"\n")[2] + b"\n")
    if head is None:
        raise AuditError(
            f"{path}: its last line is not a signed head; name another file, and keep this one"
        )
    return head


def _must_hold(log: AuditLog, last: SignedHead, head: Head) -> None:
    """Refuse to sign a record that was rewritten: it must still hold the last head."""
    seq = last.head.count
    found = next(log.search(Search(first=seq, last=seq)), None)
    if head.count < seq or found is None:
        what = f"row {seq} is not in the record"
    elif found.hash != last.head.hash:
        what = f"row {seq} does not have the hash of the head signed at {last.time}"
    else:
        return
    raise AuditError(f"{log.name}: {what}; no head was signed (audit verify --heads)")


def _seconds(earlier: str, later: str) -> float:
    try:
        return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()
    except (ValueError, TypeError):  # the last head was written by another program
        return float("inf")


@dataclass
class HeadWriter:
    """Appends a signed head at the start, every `every` seconds, and at the end, in a thread.

    Raises:
        AuditError: The first head cannot be written, as `append_head` says.
    """

    path: Path
    log: AuditLog
    signer: Signer
    clock: Clock
    every: float
    """Seconds."""
    on_head: Callable[[SignedHead], None] = lambda head: None
    """Called with each head that was written."""
    on_error: Callable[[Exception], None] = lambda error: None
    """Called with each error; the thread continues and tries again."""
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)

    def __post_init__(self) -> None:
        self._write(every=0)
        self._thread = threading.Thread(target=self._run, name="audit-heads", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(self.every):
            self._try(self.every / 2)  # other processes sign in the same file just as often
        self._try(every=0)

    def _try(self, every: float) -> None:
        try:
            self._write(every)
        except Exception as error:  # the thread must continue
            self.on_error(error)

    def _write(self, every: float) -> None:
        head = append_head(self.path, self.log, self.signer, self.clock, every=every)
        if head is not None:
            self.on_head(head)

    def close(self) -> None:
        """Sign the last head and end the thread, waiting `LAST_SECONDS` at most."""
        self._stop.set()
        self._thread.join(LAST_SECONDS)
