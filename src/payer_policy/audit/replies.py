"""Answers that are kept for a day, so that a question sent twice with one key is answered once.

They are beside the record and not part of it: they repeat what the rows say, are erased with the member
parts of their rows, and expire after a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from payer_policy.audit.chain import Receipt

KEPT_FOR: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to keep in the transaction that records it."""

    key: str
    """SHA-256 of the caller and the key that they sent; the database holds neither."""
    asked: str
    """SHA-256 of all that was asked."""
    media_type: str
    """Of the answer's bytes."""
    content: Callable[[Sequence[Receipt]], bytes]
    """The answer's bytes, by the receipts of its rows."""


@dataclass(frozen=True, slots=True)
class KeptReply:
    """An answer as it was sent before."""

    asked: str
    """SHA-256 of all that was asked."""
    media_type: str
    """Of the answer's bytes."""
    content: bytes
    """The answer's bytes."""
    receipt: Receipt
    """Of the answer's last row."""
