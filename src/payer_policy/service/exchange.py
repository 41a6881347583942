"""What is logged and counted about one request. Nothing here comes from its body."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from starlette.requests import HTTPConnection

SCOPE_KEY: Final = "payer_policy.exchange"
"""Under which the gate puts it into the ASGI scope."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as the log, the metrics and the audit record need them."""

    request_id: str
    """A UUID: the client's own where it sent one, so it cannot contain anything else."""
    caller: str | None = None
    """The name of the API key."""
    problem: str | None = None
    decisions: Counter[str] = field(default_factory=Counter)
    received: int = 0
    """Bytes of the body."""
    replayed: bool = False
    """Whether the answer was given before, under the same idempotency key."""


def exchange_of(connection: HTTPConnection) -> Exchange:
    """The exchange that the gate opened for a request."""
    found: Exchange = connection.scope[SCOPE_KEY]
    return found
