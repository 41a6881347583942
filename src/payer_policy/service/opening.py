"""From settings to the state of one process: policies, keys and the audit record."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

from payer_policy.bundle import PublicKey
from payer_policy.bundle.signing import read_public
from payer_policy.deployment import Deployment, Event
from payer_policy.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.service.keys import KeyFile, Keys
from payer_policy.service.logs import log
from payer_policy.service.metrics import Metrics
from payer_policy.service.recording import Recording, now
from payer_policy.service.settings import Settings
from payer_policy.service.state import State

SETTLE = 0.2
"""Seconds between two readings of what changed, so that nothing half-written is taken."""


def open_state(settings: Settings) -> State:
    """Open all that a process of the service needs.

    Raises:
        PolicyError: The policies, the bundle or a trusted key do not pass; with every problem.
        KeysUnreadable: The file of API keys is wrong.
        AuditError: The audit record cannot be opened.
    """
    keys = None if settings.keys is None else KeyFile(settings.keys, Keys.read(settings.keys))
    metrics = Metrics()
    deployment = Deployment(
        settings.source,
        [_public_key(path) for path in settings.trusted],
        engine=settings.engine,
        on_event=partial(_tell, metrics),
        interval=settings.poll_seconds,
        settle=min(SETTLE, settings.poll_seconds),
        clock=now,
    )
    deployment.start()
    try:
        if deployment.current is None:
            raise PolicyError(problem for event in deployment.refused for problem in event.problems)
        recording = None if settings.audit is None else Recording(settings, settings.audit, metrics)
    except BaseException:
        deployment.stop()
        raise
    return State(settings, deployment, recording, keys, metrics)


def _public_key(path: Path) -> PublicKey:
    try:
        return read_public(path.read_bytes(), path.as_posix())
    except OSError as error:
        why = (error.strerror or "it cannot be read").lower()
        message = f"the public key cannot be read: {why}"
        raise PolicyError([Diagnostic("unreadable", message, Location(path.as_posix()))]) from None


def _tell(metrics: Metrics, event: Event) -> None:
    """Policies have changed, or tried to: for the log and the meters."""
    if event.in_force is None:
        return  # the service does not start, and says why by itself
    level = logging.WARNING if event.kind == "refused" else logging.INFO
    log(f"policies-{event.kind}", level, **event.to_json())
    metrics.policies(event.kind, event.in_force)
