"""The chain of the audit record: rows, the hash that links each row to the one before, and the head.

Only values and SHA-256, no database and no policy. A hash covers what is kept for good and a salted
commitment to the member part, so the member part can be erased and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

FORMAT: Final = "payer-policy/audit/2"
FIRST: Final = "0" * 64
"""The previous hash of the first row."""
SALT_BYTES: Final = 32

_ENCODER: Final = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_SALT: Final = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_HEAD: Final = re.compile(r"(0|[1-9]\d{0,17}):([0-9a-f]{64})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """What to append. Made by `entry_of`, or by the log itself for a redaction."""

    kept: str
    """Canonical JSON that identifies no member; never erased."""
    member: str | None = None
    """Canonical JSON: the request, the facts, the determinations. Erased by a redaction."""
    salt: str | None = None
    """Random, 64 hexadecimal digits, so that no guess can be tested against the commitment. Erased with
    the member part."""
    commitment: str | None = None
    """SHA-256 (hex) of the salt and the member part; None: there is no member part."""
    claim_number: str | None = None
    """The number of the claim or request, to find it by. Erased with the member part."""
    member_id: str | None = None
    """The member's number at the payer, to find it by. Erased with the member part."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Shows that an entry is in the record: its number, and the hash of the chain up to it.

    As text it is the `Head` of the record when the entry was its last.
    """

    seq: int
    """The number of the row, from 1."""
    hash: str
    """SHA-256 (hex) of the row, which covers every row before it."""

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the record as it was read. Run `verify` before relying on it."""

    seq: int
    """The number of the row, from 1."""
    time: str
    """UTC, to the microsecond: `2026-01-31T12:00:00.000000Z`."""
    previous: str
    """The hash of the row before; 64 zeros for the first one."""
    hash: str
    """SHA-256 (hex) of the row, which covers every row before it."""
    kept: str
    """Canonical JSON that identifies no member."""
    commitment: str | None
    """SHA-256 (hex) of the salt and the member part; None: there is no member part."""
    claim_number: str | None
    """The number of the claim or request; None: none, or erased."""
    member_id: str | None
    """The member's number at the payer; None: none, or erased."""
    member: str | None
    """Canonical JSON of the member part; None: none, or erased."""
    salt: str | None
    """What the commitment was made with; None: none, or erased."""
    left_out: bool = False
    """Whether the row is from an export without member parts."""

    @property
    def answer(self) -> Mapping[str, Any]:
        """What is kept, as JSON values."""
        found: Mapping[str, Any] = json.loads(self.kept)
        return found

    @property
    def about_member(self) -> Mapping[str, Any] | None:
        """The member part as JSON values; None if it was erased or left out."""
        return None if self.member is None else json.loads(self.member)


@dataclass(frozen=True, slots=True)
class Head:
    """How many rows there are, and the hash of the last, which covers the whole record."""

    count: int
    """How many rows there are."""
    hash: str
    """The hash of the last row; 64 zeros if there is none."""

    def __str__(self) -> str:
        return f"{self.count}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """A head as it is printed.

        Raises:
            ValueError: the text is not a head; the message says what one looks like.
        """
        found = _HEAD.match(text.strip())
        if found is None:
            raise ValueError(
                "a head is the number of rows, a colon and 64 hexadecimal digits, "
                "as `payer-policy audit head` prints it"
            )
        return cls(int(found[1]), found[2])


def canonical(value: Any) -> str:
    """Compact ASCII JSON: the same value always gives the same text, and nothing is lost."""
    return _ENCODER.encode(value)


def entry_hash(seq: int, time: str, previous: str, kept: str, commitment: str | None) -> str:
    """SHA-256 over a row: its number, its time, the hash before it, what is kept, the commitment."""
    text = canonical([FORMAT, seq, time, previous, kept, commitment])
    return hashlib.sha256(text.encode()).hexdigest()


def commitment_of(salt: str, member: str) -> str:
    """SHA-256 over the salt's bytes and the member part; reveals nothing once both are erased.

    Raises:
        ValueError: the text is not a salt, so it is not the one that was written.
    """
    if _SALT.match(salt) is None:
        raise ValueError("a salt is 64 hexadecimal digits")
    return hashlib.sha256(bytes.fromhex(salt) + member.encode("utf-8", "replace")).hexdigest()


def stamp(clock: Callable[[], datetime]) -> str:
    """The clock's time as in rows.

    Raises:
        ValueError: the clock's time has no time zone.
    """
    now = clock()
    if now.tzinfo is None:
        raise ValueError("the clock of an audit record gives times with a time zone")
    return instant(now)


def instant(at: datetime) -> str:
    """A moment with a time zone as in rows; such texts sort in the order of time."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    """A moment as in rows, with its time zone."""
    return datetime.fromisoformat(text)


def linked(entry: Entry, seq: int, time: str, previous: str) -> Row:
    """The row of an entry after a row with the hash `previous`."""
    return Row(
        seq,
        time,
        previous,
        entry_hash(seq, time, previous, entry.kept, entry.commitment),
        entry.kept,
        entry.commitment,
        entry.claim_number,
        entry.member_id,
        entry.member,
        entry.salt,
    )
