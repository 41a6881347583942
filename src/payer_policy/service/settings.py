"""The settings of the service, in one immutable value that every process gets a copy of.

The texts below the fields are also the help of the options of `payer-policy serve`. Paths, not contents:
the settings hold no secret.
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
    """Maximum bytes of a body with one request."""
    batch_bytes: int = 16_777_216
    """Maximum bytes of a body with many requests."""
    batch_requests: int = 2_000
    """Maximum number of requests in one body."""
    lines: int = MAX_LINES
    """Maximum number of lines of one claim."""
    seconds: float = 10.0
    """Seconds for a body to arrive, and again for its answer."""
    receiving: int = 1_024
    """Maximum number of requests being received; each may hold one body in memory."""
    held_bytes: int = 268_435_456
    """Maximum bytes of bodies in memory, being received or waiting."""
    waiting: int = 128
    """Maximum number of requests waiting for their answer, per process; more get 503 with Retry-After."""
    write_seconds: float = 5.0
    """Seconds for the audit record to accept an answer; after that, 503."""
    parts: int = 50_000
    """Maximum number of values, lists and objects in the JSON of one request, counted by commas and
    brackets."""
    batch_parts: int = 300_000
    """The same for a body with many requests."""
    batch_lines: int = 20_000
    """Maximum number of lines in all claims of one body together."""
    connections: int = 1_024
    """Maximum number of open connections, per process; fewer if it cannot open that many files (ulimit
    -n)."""
    header_seconds: float = 10.0
    """Seconds for the headers of a request to arrive."""
    batches: int = 4
    """The number of worker threads for long answers (batches, explanations)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the service is run."""

    source: Path
    """A folder of policies, a signed bundle, or a folder of bundles. It is watched: a change that passes
    its checks comes into force, any other changes nothing."""
    trusted: tuple[Path, ...] = ()
    """A public key (PEM) that bundles may be signed with; may be repeated."""
    minimum_sequence: int | None = None
    """Refuse bundles with a lower sequence or with none; needs --trust."""
    sequence_file: Path | None = None
    """Keep the highest sequence here, so that no older bundle is deployed after a restart; needs
    --trust."""
    engine: str = "compiled"
    keys: Path | None = None
    """The API keys, a file of `payer-policy keys`."""
    audit: str | None = None
    """The audit record: a SQLite file, or postgresql://…"""
    audit_keeps: Literal["request", "hash"] = "request"
    """Keep the whole request, or only its hash. Facts are kept in any case."""
    heads: Path | None = None
    """Append signed heads of the audit record to this file; needs --heads-key."""
    heads_key: Path | None = None
    """The private key (PEM) that signs them, from `payer-policy bundle keygen`."""
    heads_seconds: float = 60.0
    """Seconds between two heads; an unchanged head is not signed again."""
    origins: tuple[str, ...] = ()
    """Web pages of this origin may call from a browser (CORS), as CDS Hooks requires; may be repeated."""
    poll_seconds: float = 2.0
    """Seconds between checks of the policies and keys for changes."""
    host_names: tuple[str, ...] = ()
    """A name accepted in the Host header, in addition to those of this machine; may be repeated. Without
    it, and with keys, any name."""
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    """The number of processes."""
    stop_seconds: int = 30
    """Seconds for requests in flight to finish after the signal to stop."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    limits: Limits = field(default_factory=Limits)
