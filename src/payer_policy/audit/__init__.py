"""The audit record: every answer, append-only and hash-chained, in SQLite or PostgreSQL.

`AuditLog` appends and redacts, `GroupWriter` appends for many threads at once, `verify` finds tampering,
`Replayer` decides again, `exported` writes JSON Lines. Names are imported at first use, so that the
checker of records (`checker`) loads no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from payer_policy.audit.log import AuditLog, NewAnswer, Written
    from payer_policy.audit.replies import KeptReply, Reply

_HOMES = {
    **dict.fromkeys(("Entry", "Head", "Receipt", "Row"), "chain"),
    **dict.fromkeys(("entry_of", "inquiry_entry", "outcome_of", "refusal_entry"), "entries"),
    **dict.fromkeys(
        ("AuditBusy", "AuditClosed", "AuditError", "AuditFull", "AuditUnavailable"), "errors"
    ),
    "GroupWriter": "group",
    **dict.fromkeys(("AuditLog", "NewAnswer", "Written"), "log"),
    **dict.fromkeys(("KeptReply", "Reply"), "replies"),
}

__all__ = [
    "AuditBusy",
    "AuditClosed",
    "AuditError",
    "AuditFull",
    "AuditLog",
    "AuditUnavailable",
    "Entry",
    "GroupWriter",
    "Head",
    "KeptReply",
    "NewAnswer",
    "Receipt",
    "Reply",
    "Row",
    "Written",
    "entry_of",
    "inquiry_entry",
    "outcome_of",
    "refusal_entry",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)
