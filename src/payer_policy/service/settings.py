"""The settings of the service, in one immutable value that every process gets a copy of.

Paths, not contents: it holds no secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from payer_policy.request.models import MAX_LINES


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request, and on all requests of one process at once."""

    body_bytes: int = 1_048_576
    """The largest body with one request."""
    batch_bytes: int = 16_777_216
    """The largest body with many requests."""
    batch_requests: int = 2_000
    """The most requests in one body."""
    lines: int = MAX_LINES
    """The most lines of one claim."""
    seconds: float = 10.0
    """The longest time for a body to arrive, and again for its answer."""
    receiving: int = 1_024
    """The most requests being received; each may hold one body in memory."""
    held_bytes: int = 268_435_456
    """The most bytes of bodies in memory, being received or waiting."""
    waiting: int = 128
    """The most requests waiting for their answer; more are refused with 503."""
    write_seconds: float = 5.0
    """The longest time for the audit record to accept an answer; after that, 503."""
    parts: int = 50_000
    """The most values, lists and objects in the JSON of one request, counted by commas and brackets."""
    batch_parts: int = 300_000
    """The same for a body with many requests."""
    batch_lines: int = 20_000
    """The most lines in all claims of one body together."""
    connections: int = 1_024
    """The most open connections; fewer if the process cannot open that many files."""
    header_seconds: float = 10.0
    """The longest time for the headers of a request to arrive."""
    batches: int = 4
    """The number of worker threads for long answers (batches, explanations)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is run."""

    source: Path
    """A policy folder, a bundle file, or a folder of bundles."""
    trusted: tuple[Path, ...] = ()
    """Public keys (PEM); a bundle must be signed with one of them."""
    minimum_sequence: int | None = None
    """The lowest sequence of a bundle that is deployed."""
    sequence_file: Path | None = None
    """Keeps the highest sequence ever deployed; None: only this process remembers it."""
    engine: str = "compiled"
    keys: Path | None = None
    """The file of API keys; None: no authentication, on the loopback interface only."""
    audit: str | None = None
    """The URL or the file of the audit record; None: nothing is recorded."""
    audit_keeps: Literal["request", "hash"] = "request"
    heads: Path | None = None
    """The file of signed heads of the audit record; None: none are signed."""
    heads_key: Path | None = None
    """The private key (PEM) that signs them."""
    heads_seconds: float = 60.0
    """How often a changed head is signed."""
    origins: tuple[str, ...] = ()
    """Origins of web pages that may call from a browser (CORS)."""
    poll_seconds: float = 2.0
    """How often the policies and the keys are checked for changes."""
    host_names: tuple[str, ...] = ()
    """Names accepted in the `Host` header; empty: any."""
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    """The number of processes."""
    stop_seconds: int = 30
    """How long requests in flight have to finish when the service stops."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
