"""What can go wrong with the audit record, each with a sentence that says what to do.

No message holds member data, and none holds the password of a database.
"""

from __future__ import annotations

from payer_policy.core.diagnostics import PayerPolicyError


class AuditError(PayerPolicyError):
    """The audit record could not be opened, written or read. Nothing was half done.

    Args:
        message: What went wrong, with a sentence on what to do.
        state: The SQLSTATE of the server, or SQLite's name of the error, where there is one.
    """

    def __init__(self, message: str, state: str | None = None) -> None:
        super().__init__(message, state)
        self.message, self.state = message, state

    def __str__(self) -> str:
        return self.message


class AuditUnavailable(AuditError):
    """What the audit record needs is not installed; the message says what to install."""


class AuditBusy(AuditError):
    """Other writers held the record for longer than this one waits. Nothing was written."""


class AuditFull(AuditError):
    """More entries wait to be written than may wait. Nothing was taken; try again later."""


class AuditClosed(AuditError):
    """The writer was closed before; it takes nothing more."""
