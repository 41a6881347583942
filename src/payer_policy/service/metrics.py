"""Metrics for Prometheus: requests, decisions, refusals, policies. Never data of a request.

Labels come from the service itself (route templates, policy addresses, decisions), so there are few.
With several processes, each writes files that any of them adds up (`prometheus_client`'s way).
"""

from __future__ import annotations

import math
import os
from datetime import datetime
from typing import Final, Literal

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

Mode = Literal["livesum", "livemax", "livemin"]
"""How the values of several processes become one."""
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"payer_policy_{name}", about, labels, registry=registry)

        def gauge(name: str, about: str, mode: Mode, *labels: str) -> Gauge:
            name = f"payer_policy_{name}"
            return Gauge(name, about, labels, registry=registry, multiprocess_mode=mode)

        def histogram(name: str, about: str, *labels: str) -> Histogram:
            name = f"payer_policy_{name}"
            return Histogram(name, about, labels, registry=registry, buckets=_BUCKETS)

        self._requests = counter("requests", "HTTP requests answered.", "method", "route", "status")
        self._seconds = histogram(
            "request_seconds",
            "From the first byte of a request to the last of its answer.",
            "route",
        )
        self._decisions = counter("decisions", "Determinations given.", "policy", "decision")
        self._refused = counter("refusals", "Requests answered with a problem.", "problem")
        self._waiting = gauge("waiting", "Requests waiting for their answer.", "livesum")
        self._recorded = histogram("audit_seconds", "How long answers waited to be recorded.")
        self._feedback = counter("card_feedback", "Use of CDS Hooks cards.", "service", "outcome")
        self._heads = counter(
            "audit_heads", "Heads of the audit record, signed or failed.", "result"
        )
        self._changes = counter("policy_changes", "Changes of the policies, by result.", "result")
        self._policies = gauge(
            "policies", "1 for the policies in force, by their hash; else 0.", "livemax", "hash"
        )
        self._expires = gauge(
            "policies_expire_seconds",
            "When the bundle in force expires, in seconds since 1970; +Inf: never.",
            "livemin",
        )
        self._expires.set(math.inf)
        self._hash: str | None = None

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def decided(self, policy: str, decision: str) -> None:
        """One determination; `policy` is empty where no policy applies."""
        self._decisions.labels(policy, decision).inc()

    def refused(self, problem: str) -> None:
        self._refused.labels(problem).inc()

    def waits(self, count: int) -> None:
        self._waiting.set(count)

    def recorded(self, seconds: float) -> None:
        self._recorded.observe(seconds)

    def heard(self, service: str, outcome: str) -> None:
        """Feedback on one card."""
        self._feedback.labels(service, outcome).inc()

    def policies(self, result: str, in_force: str | None, expires: datetime | None) -> None:
        """A change of the policies was seen.

        Args:
            result: What came of it.
            in_force: The hash of the policies in force after it.
            expires: When they expire; None: never.
        """
        self._changes.labels(result).inc()
        if self._hash is not None:
            self._policies.labels(self._hash).set(0)
        self._hash = in_force
        if in_force is not None:
            self._policies.labels(in_force).set(1)
        self._expires.set(math.inf if expires is None else expires.timestamp())

    def head(self, result: str) -> None:
        """A head of the audit record was signed, or not."""
        self._heads.labels(result).inc()

    def text(self) -> bytes:
        """All metrics of all processes, in Prometheus' text format."""
        if DIRECTORY not in os.environ:
            return generate_latest(self._registry)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def close(self) -> None:
        """This process ends: its gauges no longer count; its counters do."""
        if DIRECTORY in os.environ:
            mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]
