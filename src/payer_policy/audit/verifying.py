"""`verify`: every row of a record that was changed, removed, moved, inserted, or erased unrecorded.

Reads rows once, in bounded memory, from a database or from an exported file. It cannot see a record that
was rewritten as a whole, or cut at its end; heads that are kept elsewhere or signed can.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, Literal

from payer_policy.audit.chain import FIRST, Head, Row, commitment_of, entry_hash
from payer_policy.audit.entries import REDACTION
from payer_policy.audit.ranges import Ranges

Kind = Literal[
    "changed", "removed", "moved", "inserted", "erased", "not erased", "damaged", "other record",
    "rewritten", "forged head", "stale heads",
]  # fmt: skip
MOST_FINDINGS: Final = 1_000
_NUMBERS: Final = {
    "claim_number": "claim number (column claim_number)",
    "member_id": "member number (column member_id)",
}
_LARGEST: Final = 2**63


@dataclass(frozen=True, slots=True)
class Fault:
    """One problem: the number of the row (None: no row), and what is wrong."""

    seq: int | None
    kind: Kind
    message: str


@dataclass(frozen=True, slots=True)
class Verified:
    """The result. Without findings the record is as it was written."""

    rows: int
    head: Head
    """Of the rows as they are now; compare it with one that was kept elsewhere."""
    redacted: int
    left_out: int
    """Rows whose member part is not in this export, so it was not checked."""
    findings: tuple[Fault, ...]
    """In the order of the rows, `MOST_FINDINGS` at most."""
    more: int = 0
    """Findings that are not listed."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something in place of a row."""

    message: str


def verify(
    rows: Iterable[Row | Damaged], anchor: Head | None = None, heads: Iterable[Head] = ()
) -> Verified:
    """Check every row of a record.

    Args:
        rows: All rows, in the order of the record.
        anchor: A head that was printed earlier and kept elsewhere; the record must still hold it.
        heads: Heads signed by a trusted key; the record must still hold them. All are in memory.
    """
    check = _Check(anchor)
    for head in heads:
        signed = check.heads.setdefault(head.count, head.hash)
        if signed != head.hash:
            check.find(head.count, "rewritten", "two signed heads of this row differ")
    return check.run(rows)


def is_as_written(row: Row) -> bool:
    """Whether a row, by itself, is as it was written: its hash, its member part, its columns."""
    return not checked(row)


def checked(row: Row, before: Row | None = None, after: Row | None = None) -> tuple[Fault, ...]:
    """Everything that is wrong with one row.

    Args:
        row: The row.
        before: The previous row, to check the link between them.
        after: The next row, likewise.
    """
    if (wrong := of_no_row(row)) is not None:
        return (Fault(None, "damaged", f"the row has {wrong}"),)
    check = _Check(None)
    check.own(row, before)
    check.member(row)
    for one in check.suspects:
        one.after = None if after is None else after.previous
    check.report_suspects()
    if before is not None and row.previous != before.hash:
        check.find(row.seq, "changed", f"it is not chained to row {before.seq} as that row is now")
    if after is not None and after.previous != row.hash:
        check.find(row.seq, "changed", f"row {after.seq} was chained to another row {row.seq}")
    return tuple(check.findings)


def kept_of(row: Row) -> dict[str, Any] | None:
    """What is kept of a row, as JSON values; None if it is not a JSON object."""
    return _object(row.kept)


def member_of(row: Row) -> dict[str, Any] | None:
    """The member part of a row, as JSON values; None if there is none or it is not a JSON object."""
    return None if row.member is None else _object(row.member)


@dataclass
class _Check:
    anchor: Head | None
    findings: list[Fault] = field(default_factory=list)
    more: int = 0
    suspects: list[_Suspect] = field(default_factory=list)
    """Rows whose own hash is wrong, kept to find at the end what was done to each."""
    seen: Ranges = field(default_factory=Ranges)
    erased: Ranges = field(default_factory=Ranges)
    whole: Ranges = field(default_factory=Ranges)
    """Rows that have their member part."""
    listed: Ranges = field(default_factory=Ranges)
    """Rows that a redaction in the record says it erased."""
    wrong: int | None = None
    """The last row with a finding of its own."""
    heads: dict[int, str] = field(default_factory=dict)
    """The hash of each row that has a signed head."""
    agrees: int = 0
    """The last row, before any that differs, whose signed head agrees."""
    differ: list[int] = field(default_factory=list)
    """The first and the last row whose signed head differs."""

    def run(self, rows: Iterable[Row | Damaged]) -> Verified:
        count = left_out = 0
        last: Row | None = None
        for row in rows:
            if isinstance(row, Damaged):
                self.find(None, "damaged", row.message)
                continue
            count += 1
            if (wrong := of_no_row(row)) is not None:
                self.find(None, "damaged", f"a row ({count}. in its place) has {wrong}")
                continue
            left_out += row.left_out
            if row.seq in self.seen:
                self.find(row.seq, "inserted", "is in the record twice")
            elif last is not None and row.seq < last.seq:
                self.find(row.seq, "moved", f"comes after row {last.seq}")
            self.own(row, last)
            self.link(row, last)
            self.member(row)
            self.seen.add(row.seq)
            last = row if last is None or row.seq > last.seq else last
        return self.result(count, left_out, last)

    def find(self, seq: int | None, kind: Kind, message: str) -> None:
        self.wrong = seq if seq is not None else self.wrong
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Fault(seq, kind, message))
        else:
            self.more += 1

    def own(self, row: Row, last: Row | None) -> None:
        """Check the row's hash and its heads, and collect what it says about redactions."""
        if not 1 <= row.seq < _LARGEST:
            self.find(row.seq, "inserted", "rows are numbered from 1")
        if self.suspects and self.suspects[-1].row is last:
            self.suspects[-1].after = row.previous
        if _hash(row) != row.hash:
            # What differs is reported at the end, when all such rows are known.
            if len(self.suspects) < MOST_FINDINGS:
                self.suspects.append(_Suspect(row, FIRST if last is None else last.hash))
            else:
                self.more += 1
            self.wrong = row.seq
        anchor = self.anchor
        if anchor is not None and row.seq == anchor.count and row.hash != anchor.hash:
            what = f"its hash is {row.hash}, that of the head is {anchor.hash}"
            self.find(row.seq, "other record", what)
        if (signed := self.heads.get(row.seq)) is not None:
            if signed != row.hash:
                self.differ[1:] = [row.seq]
            elif not self.differ:
                self.agrees = row.seq
        kept = kept_of(row)
        if kept is None:
            self.find(row.seq, "damaged", "what is kept of it is not JSON of this record")
        elif kept.get("kind") == REDACTION:
            for first, final in _pairs(kept.get("rows")):
                self.listed.add(first, min(final, row.seq - 1))

    def link(self, row: Row, last: Row | None) -> None:
        """Check that the row is chained to the one before it."""
        if row.seq == 1 and row.previous != FIRST and self.wrong != 1:
            self.find(1, "removed", "it is chained to a row before it, and there is none")
        if last is None or row.seq != last.seq + 1 or row.previous == last.hash:
            return
        if self.wrong is None or self.wrong < last.seq:
            # This row is as it was written, so it shows the hash that the one before it had.
            self.find(last.seq, "changed", f"row {row.seq} was chained to another row {last.seq}")

    def member(self, row: Row) -> None:
        """Check that the member part is the one that the row commits to, or was erased."""
        parts = (row.member, row.salt, row.claim_number, row.member_id)
        if row.left_out:
            return
        if row.commitment is None:
            if any(part is not None for part in parts):
                self.find(row.seq, "changed", "it has a member part, and was written without one")
            return
        if row.member is None:
            self.erased.add(row.seq)
            if any(part is not None for part in parts):
                self.find(row.seq, "erased", "a part of its member data was erased, not all of it")
            return
        self.whole.add(row.seq)
        if not _commits(row):
            if not self.suspects or self.suspects[-1].row is not row:
                self.find(row.seq, "changed", "its member part or salt is not the one written")
            return
        about = member_of(row) or {}
        for name, words in _NUMBERS.items():
            if about.get(name) != getattr(row, name):
                self.find(row.seq, "changed", f"its {words} is not that of its member part")

    def result(self, count: int, left_out: int, last: Row | None) -> Verified:
        self.report_suspects()
        top = 0 if last is None else last.seq
        anchored = 0 if self.anchor is None else self.anchor.count
        expected = max(top, anchored, max(self.heads, default=0))
        if self.differ:
            first, final = self.differ[0], self.differ[-1]
            also = f", nor do later ones, up to row {final}" if final != first else ""
            begin = f"rewriting began at one of the rows {self.agrees + 1} to {first}"
            if self.agrees + 1 == first:
                begin = "rewriting began here"
            what = f"it does not have the hash of its signed head{also}; {begin}"
            self.find(first, "rewritten", what)
        every = Ranges()
        every.add(1, expected)
        for first, final in every.without(self.seen).pairs:
            many = f"rows {first} to {final} are" if final > first else f"row {first} is"
            self.find(first, "removed", f"{many} not in the record")
        if self.anchor is not None and self.anchor.count == 0 and self.anchor.hash != FIRST:
            self.find(None, "other record", "no record begins with the hash of the head")
        for seq in islice(self.erased.without(self.listed), MOST_FINDINGS + 1):
            self.find(seq, "erased", "its member part was erased, and no redaction lists it")
        for seq in islice(self.whole.both(self.listed), MOST_FINDINGS + 1):
            self.find(
                seq, "not erased", "a redaction lists it as erased, but its member part is here"
            )
        redacted = len(self.erased.both(self.listed))
        findings = sorted(self.findings, key=lambda one: (one.seq is None, one.seq or 0))
        head = Head(0, FIRST) if last is None else Head(last.seq, last.hash)
        return Verified(count, head, redacted, left_out, tuple(findings), self.more)

    def report_suspects(self) -> None:
        numbers = [one.row.seq for one in self.suspects[:200]]
        for one in self.suspects:
            row = one.row
            near = dict.fromkeys((row.seq - 1, row.seq + 1, *numbers))
            written = [seq for seq in near if seq != row.seq and _hash(row, seq=seq) == row.hash]
            if written:
                self.find(row.seq, "moved", f"this was written as row {written[0]}")
            else:
                self.find(row.seq, "changed", one.what_differs())


@dataclass
class _Suspect:
    """A row whose own hash is wrong."""

    row: Row
    before: str
    """The hash of the row before it."""
    after: str | None = None
    """The hash that the row after it was chained to."""

    def what_differs(self) -> str:
        """What part of the row is not as it was written, as far as the chain shows."""
        row = self.row
        if self.after == _hash(row):
            return "its hash is not the one written"
        if _hash(row, previous=self.before) == row.hash:
            return "its previous hash is not the one written"
        if _with_its_own_commitment(row) == row.hash:
            return "its commitment is not the one written"
        what = "its time, what is kept of it, or its commitment is not as written"
        if row.member is not None and not _commits(row):
            return f"{what}, nor is its member part"
        return what


def _with_its_own_commitment(row: Row) -> str | None:
    if row.member is None or row.salt is None:
        return _hash(row, commitment=None)
    try:
        return _hash(row, commitment=commitment_of(row.salt, row.member))
    except ValueError:
        return None


def _hash(row: Row, **other: Any) -> str:
    hashed = ("seq", "time", "previous", "kept", "commitment")
    return entry_hash(**{name: getattr(row, name) for name in hashed} | other)


def _commits(row: Row) -> bool:
    if row.member is None or row.salt is None:
        return False
    try:
        return commitment_of(row.salt, row.member) == row.commitment
    except ValueError:
        return False


def of_no_row(row: Row) -> str | None:
    """What in a row has a type that no row has; a database need not enforce its types."""
    if type(row.seq) is not int:
        return "a number that is not whole"
    texts = (row.time, row.previous, row.hash, row.kept)
    more = (row.commitment, row.claim_number, row.member_id, row.member, row.salt)
    if all(type(one) is str for one in texts) and all(type(one) in _OPTIONAL for one in more):
        return None
    return f"the number {row.seq}, and values that are not texts"


_OPTIONAL: Final = (str, type(None))


def _object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _pairs(value: Any) -> list[tuple[int, int]]:
    if not isinstance(value, list):
        return []
    return [
        (one[0], one[1])
        for one in value
        if isinstance(one, list) and len(one) == 2 and all(type(end) is int for end in one)
    ]
