"""`Search`: conditions on the rows of a record, the same for a database and for an exported file.

`matches` is the whole meaning. A database narrows the rows it reads by `on_columns`
(`AuditLog.search`); an exported file is read from end to end.
"""

from __future__ import annotations

import operator
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

from payer_policy.audit.chain import Row
from payer_policy.audit.entries import DECISION, INQUIRY, REDACTION, REFUSAL
from payer_policy.audit.errors import AuditError
from payer_policy.audit.verifying import Damaged, Fault, checked, kept_of, of_no_row

KINDS: Final = (DECISION, REDACTION, REFUSAL, INQUIRY)
DECISIONS: Final = ("approve", "deny", "pend", "partial", "void", "not_required", "no_policy")
_ON_COLUMNS: Final[Mapping[str, tuple[str, Callable[[Any, Any], Any]]]] = {
    "claim_number": ("claim_number", operator.eq),
    "member_id": ("member_id", operator.eq),
    "first": ("seq", operator.ge),
    "last": ("seq", operator.le),
    "since": ("time", operator.ge),
    "before": ("time", operator.lt),
}
"""For each condition that a column answers: the column, and how it compares with what was asked for."""


@dataclass(frozen=True, slots=True)
class Search:
    """Conditions on rows; a row must meet all of them."""

    claim_number: str | None = None
    """Not found after the row is redacted, nor in an export without members."""
    member_id: str | None = None
    decision: str | None = None
    """Of the whole claim: one of `DECISIONS`."""
    policy: str | None = None
    """The address of a policy that decided a service of the claim: `payer/policy`."""
    code: str | None = None
    """A billing code of a service, with or without a policy."""
    caller: str | None = None
    """The name of the API key."""
    request_id: str | None = None
    """The id of the HTTP request, as in the service's log."""
    kind: str | None = None
    """One of `KINDS`."""
    first: int | None = None
    """The lowest row number, included."""
    last: int | None = None
    """The highest row number, included."""
    since: str | None = None
    """An instant as in rows: rows written then or later."""
    before: str | None = None
    """An instant as in rows: rows written earlier."""

    def matches(self, row: Row) -> bool:
        """Whether a row meets every condition. Never raises for what a row holds."""
        if of_no_row(row) is not None or not all(self.on_columns(row)):
            return False
        kept = kept_of(row) or {}
        decided = objects(kept.get("determinations"))
        services = [*decided, *objects(kept.get("without_policy"))]
        found: dict[str, list[Any]] = {
            "kind": [kept.get("kind")],
            "decision": [kept.get("decision")] if kept.get("kind") == DECISION else [],
            "caller": [kept.get("caller")],
            "request_id": [kept.get("request_id")],
            "policy": [one.get("policy") for one in decided],
            "code": [one.get("code") for one in services],
        }
        return all(getattr(self, name) in (None, *values) for name, values in found.items())

    def on_columns(self, columns: Any) -> list[Any]:
        """The conditions that columns answer.

        Args:
            columns: A row, or the columns of the table.

        Returns:
            For a row, whether it meets each condition; for a table, each condition as SQL.
        """
        return [
            compare(getattr(columns, column), asked)
            for name, (column, compare) in _ON_COLUMNS.items()
            if (asked := getattr(self, name)) is not None
        ]


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The JSON objects in a list; empty for anything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def newest(rows: Iterable[Row], limit: int | None) -> tuple[list[Row], int]:
    """The last `limit` rows (None: all of them), and how many rows there were."""
    kept: deque[Row] = deque(maxlen=limit)
    count = 0
    for row in rows:
        kept.append(row)
        count += 1
    return list(kept), count


def whole(rows: Iterable[Row | Damaged]) -> Iterator[Row]:
    """The rows of an iteration.

    Raises:
        AuditError: Something is not a row; no row is skipped silently.
    """
    for row in rows:
        if isinstance(row, Damaged):
            raise AuditError(f"{row.message}; see `payer-policy audit verify`")
        yield row


def one_row(rows: Iterable[Row], seq: int) -> tuple[Row, tuple[Fault, ...]] | None:
    """A row and everything wrong with it: its hash, its member part, its links to its neighbors.

    Args:
        rows: Rows in order, from the one before `seq` or from the start.
        seq: The number of the row.

    Returns:
        None if there is no such row.
    """
    upto = takewhile(lambda row: row.seq <= seq + 1, rows)
    near = {row.seq: row for row in upto if row.seq >= seq - 1}
    row = near.get(seq)
    if row is None:
        return None
    return row, checked(row, near.get(seq - 1), near.get(seq + 1))
