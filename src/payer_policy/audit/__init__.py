"""The audit record: every answer given, append-only and hash-chained, in SQLite or PostgreSQL.

`AuditLog` appends and erases, `GroupWriter` appends for many threads at once, `verify` finds what was
tampered with, `Replayer` decides again, `exported` writes JSON Lines.
"""

from __future__ import annotations

from payer_policy.audit.chain import Entry, Head, Receipt, Row
from payer_policy.audit.entries import entry_of, inquiry_entry, outcome_of, refusal_entry
from payer_policy.audit.errors import (
    AuditBusy,
    AuditClosed,
    AuditError,
    AuditFull,
    AuditUnavailable,
)
from payer_policy.audit.group import GroupWriter
from payer_policy.audit.log import AuditLog, Given, Written
from payer_policy.audit.replies import KeptReply, Reply

__all__ = [
    "AuditBusy",
    "AuditClosed",
    "AuditError",
    "AuditFull",
    "AuditLog",
    "AuditUnavailable",
    "Entry",
    "Given",
    "GroupWriter",
    "Head",
    "KeptReply",
    "Receipt",
    "Reply",
    "Row",
    "Written",
    "entry_of",
    "inquiry_entry",
    "outcome_of",
    "refusal_entry",
]
