"""Opens the state of one process from its settings: policies, keys and the audit record."""

from __future__ import annotations

import logging
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path

from payer_policy.audit import AuditError
from payer_policy.audit.heads import HeadWriter, SignedHead
from payer_policy.bundle import PublicKey
from payer_policy.bundle.signing import read_private, read_public
from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.service.deployment import Deployment, Event
from payer_policy.service.keys import KeyFile
from payer_policy.service.logs import log
from payer_policy.service.metrics import Metrics
from payer_policy.service.recording import Recording, now
from payer_policy.service.settings import Settings
from payer_policy.service.state import State

SETTLE = 0.2
"""Seconds between two readings of a change, so that nothing half-written is used."""


def open_state(settings: Settings) -> State:
    """Open everything that a process of the service needs.

    Raises:
        PolicyError: The policies, the bundle or a trusted key are wrong; with every problem.
        KeysUnreadable: The file of API keys is wrong.
        AuditError: The audit record cannot be opened.
    """
    keys = None if settings.keys is None else KeyFile(settings.keys)
    metrics = Metrics()
    deployment = Deployment(
        settings.source,
        [_public_key(path) for path in settings.trusted],
        engine=settings.engine,
        on_event=partial(_on_event, metrics),
        interval=settings.poll_seconds,
        settle=min(SETTLE, settings.poll_seconds),
        clock=now,
        minimum_sequence=settings.minimum_sequence,
        sequence_file=settings.sequence_file,
    )
    deployment.start()
    recording = None
    try:
        if deployment.current is None:
            raise PolicyError(problem for event in deployment.refused for problem in event.problems)
        recording = None if settings.audit is None else Recording(settings, settings.audit, metrics)
        heads = None if recording is None else _heads(settings, recording, metrics)
    except BaseException:
        deployment.stop()
        if recording is not None:
            recording.close()
        raise
    return State(settings, deployment, recording, keys, metrics, heads)


def _heads(settings: Settings, recording: Recording, metrics: Metrics) -> HeadWriter | None:
    """Signs the heads of the audit record, if the settings ask for it."""
    if settings.heads is None or settings.heads_key is None:
        return None

    def signed(head: SignedHead) -> None:
        metrics.head("signed")
        log("head-signed", row=head.head.count, hash=head.head.hash)

    def failed(error: Exception) -> None:
        metrics.head("failed")
        # Only errors of the audit record are known to contain nothing of a request.
        why = str(error) if isinstance(error, AuditError) else type(error).__name__
        log("head-not-signed", logging.ERROR, why=why)

    signer = read_private(_read_key(settings.heads_key), settings.heads_key.as_posix())
    return HeadWriter(
        settings.heads, recording.log, signer, now, settings.heads_seconds, signed, failed
    )


def _public_key(path: Path) -> PublicKey:
    return read_public(_read_key(path), path.as_posix())


def _read_key(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        message = f"the key cannot be read: {why}"
        raise PolicyError([Diagnostic("unreadable", message, Location(path.as_posix()))]) from None


def _on_event(metrics: Metrics, event: Event) -> None:
    """Log and count an event of the deployment."""
    if event.in_force is None:
        return  # the service does not start, and reports why itself
    level = logging.WARNING if event.kind in ("refused", "expired") else logging.INFO
    log(f"policies-{event.kind}", level, **event.to_json())
    expires = None if event.expires is None else _end_of(event.expires)
    metrics.policies(event.kind, event.in_force, expires)


def _end_of(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time.min, UTC)
