"""What an operator can set for the service, in one immutable value that every process gets a copy of.

Paths, not contents: no secret is in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from payer_policy.request.models import MAX_LINES


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for, and how much may be asked at once of one process."""

    body_bytes: int = 1_048_576
    """The largest body where one request is decided."""
    batch_bytes: int = 16_777_216
    """The largest body where many are."""
    batch_requests: int = 2_000
    lines: int = MAX_LINES
    """The most lines of one claim."""
    seconds: float = 10.0
    """The longest that a body may take to arrive, and again that the answer may take."""
    receiving: int = 1_024
    """How many requests may be on their way in; each may hold one body in memory."""
    held_bytes: int = 268_435_456
    """How many bytes of bodies may be in memory at once, whether they are on their way or waited for."""
    waiting: int = 128
    """How many requests that have arrived may wait for their answer. More are refused with 503."""
    write_seconds: float = 5.0
    """Seconds within which the audit record must accept an answer; after that, 503."""
    parts: int = 50_000
    """The most values, lists and objects in the JSON of one request, counted by commas and brackets."""
    batch_parts: int = 300_000
    """The same for a batch."""
    batch_lines: int = 20_000
    """The most lines in all claims of one body together."""
    connections: int = 1_024
    """The most open connections; fewer if the process may not open that many files."""
    header_seconds: float = 10.0
    """Seconds for the headers of a request to arrive."""
    batches: int = 4
    """How many long answers (batches, explanations) are worked on at once."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is run."""

    source: Path
    """A policy folder, a bundle file, or a folder of bundles."""
    trusted: tuple[Path, ...] = ()
    """Public keys (PEM) that a bundle must be signed with one of."""
    minimum_sequence: int | None = None
    """The lowest sequence of a bundle that is deployed."""
    sequence_file: Path | None = None
    """Remembers the highest sequence that was ever deployed; None: only this process does."""
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
    """How often a head is signed, where it has changed."""
    origins: tuple[str, ...] = ()
    """Origins of web pages that may ask from a browser (CORS)."""
    poll_seconds: float = 2.0
    """How often the policies (and the keys) are looked at for a change."""
    host_names: tuple[str, ...] = ()
    """Names accepted in the `Host` header; empty: any."""
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    stop_seconds: int = 30
    """How long requests in flight have to finish when the service is stopped."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
