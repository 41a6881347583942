"""Answers that are kept for a day, so that a question sent twice under one key is answered once.

They stand beside the record and not in it: they say nothing that the rows do not, they are erased with
the member parts of their rows, and after a day nobody finds them.
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
    """An answer that is to be kept in the transaction that records it."""

    key: str
    """SHA-256 of who asks and of the key that they sent: neither stands in the database."""
    asked: str
    """SHA-256 of all that was asked."""
    media_type: str
    """Of the answer's bytes."""
    content: Callable[[Sequence[Receipt]], bytes]
    """The answer's bytes, by the receipts of its rows."""


@dataclass(frozen=True, slots=True)
class KeptReply:
    """An answer that was given before, as it left."""

    asked: str
    """SHA-256 of all that was asked."""
    media_type: str
    """Of the answer's bytes."""
    content: bytes
    """The answer's bytes."""
    receipt: Receipt
    """Of the answer's last row."""
