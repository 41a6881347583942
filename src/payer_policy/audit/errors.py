"""Errors of the audit record. Each message says what to do.

No message holds member data or the password of a database.
"""

from __future__ import annotations

from payer_policy.core.diagnostics import PayerPolicyError


class AuditError(PayerPolicyError):
    """The audit record could not be opened, written or read. Nothing was half written.

    Args:
        message: What went wrong, and what to do.
        state: The SQLSTATE of the server, or SQLite's name of the error, if there is one.
    """

    def __init__(self, message: str, state: str | None = None) -> None:
        super().__init__(message, state)
        self.message, self.state = message, state

    def __str__(self) -> str:
        return self.message


class AuditUnavailable(AuditError):
    """A required library is not installed; the message says what to install."""


class AuditBusy(AuditError):
    """Other writers held the record longer than this one waits. Nothing was written."""


class AuditFull(AuditError):
    """Too many entries already wait to be written. Nothing was accepted; try again later."""


class AuditClosed(AuditError):
    """The writer is closed and accepts nothing more."""
