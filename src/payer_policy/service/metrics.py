"""What Prometheus can scrape: requests, decisions, refusals, policies. Never data of a request.

Labels come from the service itself (route templates, policy addresses, decisions), so there are few.
With several processes each writes to files that all of them add up (`prometheus_client`'s way).
"""

from __future__ import annotations

import math
import os
from datetime import datetime
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The meters of one process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "payer_policy_requests",
            "HTTP requests that were answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "payer_policy_request_seconds",
            "From the first byte of a request to the last of its answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._decisions = Counter(
            "payer_policy_decisions",
            "Determinations that were given, by policy and decision.",
            ("policy", "decision"),
            registry=registry,
        )
        self._refused = Counter(
            "payer_policy_refusals",
            "Requests that got a problem instead of an answer, by its name.",
            ("problem",),
            registry=registry,
        )
        self._waiting = Gauge(
            "payer_policy_waiting",
            "Requests that have arrived and wait for their answer.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._recorded = Histogram(
            "payer_policy_audit_seconds",
            "How long answers waited to be in the audit record.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._feedback = Counter(
            "payer_policy_card_feedback",
            "What became of the cards of CDS Hooks.",
            ("service", "outcome"),
            registry=registry,
        )
        self._heads = Counter(
            "payer_policy_audit_heads",
            "Heads of the audit record: signed, or not because something stood in the way.",
            ("result",),
            registry=registry,
        )
        self._of_policies(registry)
        self._hash: str | None = None

    def _of_policies(self, registry: CollectorRegistry) -> None:
        self._changes = Counter(
            "payer_policy_policy_changes",
            "Times that changed policies were seen, by what became of them.",
            ("result",),
            registry=registry,
        )
        self._policies = Gauge(
            "payer_policy_policies",
            "1 for the policies (or bundle) that decide now, by their hash; else 0.",
            ("hash",),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._expires = Gauge(
            "payer_policy_policies_expire_seconds",
            "When the bundle that decides expires, in seconds since 1970; +Inf: never.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._expires.set(math.inf)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def decided(self, policy: str, decision: str) -> None:
        """One determination; `policy` is empty where none was found."""
        self._decisions.labels(policy, decision).inc()

    def refused(self, problem: str) -> None:
        self._refused.labels(problem).inc()

    def waits(self, count: int) -> None:
        self._waiting.set(count)

    def recorded(self, seconds: float) -> None:
        self._recorded.observe(seconds)

    def heard(self, service: str, outcome: str) -> None:
        """What became of one card."""
        self._feedback.labels(service, outcome).inc()

    def policies(self, result: str, in_force: str | None) -> None:
        """The policies have changed, or tried to: what became of it, and the hash of those in force."""
        self._changes.labels(result).inc()
        if self._hash is not None:
            self._policies.labels(self._hash).set(0)
        self._hash = in_force
        if in_force is not None:
            self._policies.labels(in_force).set(1)

    def expires(self, moment: datetime | None) -> None:
        """When the bundle in force expires; None: never."""
        self._expires.set(math.inf if moment is None else moment.timestamp())

    def head(self, result: str) -> None:
        """A head of the audit record was signed, or not."""
        self._heads.labels(result).inc()

    def text(self) -> bytes:
        """All meters of all processes, in Prometheus' text format."""
        if DIRECTORY not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def close(self) -> None:
        """This process ends: what it measured just now no longer counts; what it counted does."""
        if DIRECTORY in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
