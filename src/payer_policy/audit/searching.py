"""`Search`: which rows of a record are asked for, by what rows hold; the same for every way of reading.

`matches` is the whole meaning. A database narrows the rows it reads by the columns that it has an index
for (`AuditLog.search`); an exported file is read from end to end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from payer_policy.audit.chain import Row
from payer_policy.audit.entries import DECISION, INQUIRY, REDACTION, REFUSAL
from payer_policy.audit.errors import AuditError
from payer_policy.audit.verifying import Damaged, Finding, checked, kept_of, of_no_row

KINDS: Final = (DECISION, REDACTION, REFUSAL, INQUIRY)
DECISIONS: Final = ("approve", "deny", "pend", "partial", "no_policy")


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions on rows; a row must meet all that are given."""

    claim_number: str | None = None
    """Not found once the row was redacted, nor in an export without members."""
    member_id: str | None = None
    decision: str | None = None
    """Of the whole claim: one of `DECISIONS`."""
    policy: str | None = None
    """The address of a policy that decided a service of the claim: `payer/policy`."""
    code: str | None = None
    """A billing code of a service that was decided, or for which no policy was found."""
    caller: str | None = None
    """The name of the API key."""
    request_id: str | None = None
    """The id of the HTTP request, as the log has it."""
    kind: str | None = None
    """One of `KINDS`."""
    first: int | None = None
    """The lowest row number, included."""
    last: int | None = None
    """The highest row number, included."""
    since: str | None = None
    """An instant as rows carry it: rows written then or later."""
    before: str | None = None
    """An instant as rows carry it: rows written earlier."""

    def matches(self, row: Row) -> bool:
        """Whether a row meets every condition. Never raises for what a row holds."""
        if of_no_row(row) is not None or not self._by_columns(row):
            return False
        kept = kept_of(row) or {}
        if self.kind is not None and kept.get("kind") != self.kind:
            return False
        if self.decision is not None and (
            kept.get("kind") != DECISION or kept.get("decision") != self.decision
        ):
            return False
        if self.caller is not None and kept.get("caller") != self.caller:
            return False
        if self.request_id is not None and kept.get("request_id") != self.request_id:
            return False
        decided = objects(kept.get("determinations"))
        if self.policy is not None and all(one.get("policy") != self.policy for one in decided):
            return False
        services = [*decided, *objects(kept.get("without_policy"))]
        return self.code is None or any(one.get("code") == self.code for one in services)

    def _by_columns(self, row: Row) -> bool:
        return (
            (self.claim_number is None or row.claim_number == self.claim_number)
            and (self.member_id is None or row.member_id == self.member_id)
            and (self.first is None or row.seq >= self.first)
            and (self.last is None or row.seq <= self.last)
            and (self.since is None or row.time >= self.since)
            and (self.before is None or row.time < self.before)
        )


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The JSON objects of a list; of anything else, none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def newest(rows: Iterable[Row], limit: int | None) -> tuple[list[Row], int]:
    """The last rows of an iteration (None: all of them), and how many rows there were."""
    kept: deque[Row] = deque(maxlen=limit)
    count = 0
    for row in rows:
        kept.append(row)
        count += 1
    return list(kept), count


def whole(rows: Iterable[Row | Damaged]) -> Iterator[Row]:
    """The rows of an iteration.

    Raises:
        AuditError: At something that is not a row, so that no row is silently passed over.
    """
    for row in rows:
        if isinstance(row, Damaged):
            raise AuditError(f"{row.message}; see `payer-policy audit verify`")
        yield row


def one_row(rows: Iterable[Row], seq: int) -> tuple[Row, tuple[Finding, ...]] | None:
    """A row with everything that is wrong with it: its hash, its member part, its neighbors.

    Args:
        rows: Rows in their order, from the one before `seq` or from the start.
        seq: The number of the row.

    Returns:
        None where there is no such row.
    """
    near = {row.seq: row for row in takewhile(lambda row: row.seq <= seq + 1, rows)
            if row.seq >= seq - 1}  # fmt: skip
    row = near.get(seq)
    if row is None:
        return None
    return row, checked(row, near.get(seq - 1), near.get(seq + 1))
