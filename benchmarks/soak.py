"""Ten minutes of everything at once, on loopback: kills, a database that hangs, hostile bodies.

    python benchmarks/soak.py [--minutes 10] [--json FILE]

Clients send generated claims, each under its own idempotency key and again until it is answered. In the
first tenth of the time the service is killed (SIGKILL) three times and started again. All the time the
database's processes are stopped now and then, its connections are cut, and another client sends bodies
that are made to cost much, and connections that never ask. In the end every answer given is in the
record with its receipt, once, and nothing else is; the record verifies; and the service's memory is
what it was at three tenths of the time, give or take a twentieth. Needs the programs of PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.audit.postgresql import Server
from tests.generated_claims import claims

from payer_policy.audit import AuditLog, Head
from payer_policy.audit.verifying import verify

ROOT = Path(__file__).parents[1]

NAME = "SYN-SOAK-"
CLIENTS = 4
PAUSE = 0.06
"""Seconds between two claims of a client: the record of ten minutes fits into a gigabyte."""
MEASURED = (0.3, 1.0)
"""Shares of the time at whose ends the memory is compared: minutes 3 and 10 of ten."""
GROWTH = 1.05


@dataclass
class Soak:
    """What happened."""

    port: int
    end: float
    seconds: float
    given: dict[str, str] = field(default_factory=dict)
    """The receipt of each answer, by the claim's number."""
    seen: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, int]] = field(default_factory=list)
    """Resident kilobytes of the service, by the seconds since the start."""
    slowest: float = 0.0
    """Of `/healthz`, while the service ran."""

    @property
    def over(self) -> bool:
        return time.monotonic() > self.end

    @property
    def at_rest(self) -> bool:
        """Whether only claims are sent, so that the memory can be compared with that at another time."""
        share = 1 - (self.end - time.monotonic()) / self.seconds
        return any(at - 0.05 < share <= at for at in MEASURED)

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


def client(soak: Soak, number: int) -> None:
    """Claims, one after the other, each until it is answered."""
    connection = soak.connect()
    for count, claim in enumerate(claims(seed=number, count=1_000_000)):
        if soak.over:
            return
        name = f"{NAME}{number}-{count}"
        body = json.dumps({**claim, "id": name}, default=str).encode()
        headers = {"Content-Type": "application/json", "Idempotency-Key": name}
        while True:
            try:
                connection.request("POST", "/v1/decide", body, headers)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                soak.seen["connections lost"] += 1
                connection.close()
                connection = soak.connect()
                time.sleep(0.2)
                continue
            soak.seen[f"answers {answer.status}"] += 1
            if answer.status == 200:
                soak.given[name] = answer.headers["Audit-Receipt"]
                soak.seen["told again"] += "Idempotency-Replayed" in answer.headers
                break
            if answer.status != 503:
                raise SystemExit(f"{name}: {answer.status}")
            time.sleep(0.5)
        time.sleep(PAUSE)


def hostile_bodies() -> list[tuple[str, bytes]]:
    """Bodies up to the limits that are made to cost as much as they can."""
    line = {"code": "J0945", "units": 4, "date": "2025-03-04"}
    pointing = {**line, "diagnosis_pointers": list(range(1, 99))}
    claim = {"coverage": {"payer": "medicare"}, "diagnoses": ["G82.51"]}
    nightly = (ROOT / "examples" / "claims" / "nightly.837").read_bytes()
    return [
        ("/v1/decide", json.dumps({**claim, "lines": [pointing] * 400}).encode()),
        (
            "/v1/decide",
            json.dumps({**claim, "facts": {f"no.{n}": 1 for n in range(40_000)}}).encode(),
        ),
        ("/v1/decide", b"{\n" * 5_400),
        ("/v1/decide/batch", b"{}\n" * 68_000),
        ("/v1/decide/batch", b'[{"id":[' + b"0," * 290_000 + b"0]}]"),
        ("/v1/decide/batch", nightly.replace(b"CLM*", b"ZZ*1~" * 1_000_000 + b"CLM*", 1)),
        ("/v1/decide/batch", nightly.replace(b"CLM*", b"~" * 8_000_000 + b"CLM*", 1)),
        ("/fhir/Claim/$submit", b'{"resourceType":"Claim","item":[' + b"{}," * 20_000 + b"{}]}"),
        ("/v1/decide", b'{"id":"' + b"a" * 1_000_000 + b'"}'),
        ("/v1/decide", b'{"a":' * 10_000),
    ]


def hostile(soak: Soak) -> None:
    """Costly bodies, and connections that say nothing."""
    bodies = hostile_bodies()
    while not soak.over:
        for path, body in bodies:
            connection = soak.connect()
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                soak.seen[f"hostile {connection.getresponse().status}"] += 1
            connection.close()
            time.sleep(1)
            while soak.at_rest and not soak.over:
                time.sleep(1)
            if soak.over:
                return
        silent = []
        with contextlib.suppress(OSError):
            for _ in range(200):
                one = socket.create_connection(("127.0.0.1", soak.port), timeout=5)
                silent.append(one)
                one.sendall(b"POST /v1/decide HTTP/1.1\r\nX: ")
        soak.seen["connections that never asked"] += len(silent)
        time.sleep(3)
        for one in silent:
            one.close()


def database(soak: Soak, server: Server) -> None:
    """The database hangs for a while, and cuts its connections, again and again."""
    while not soak.over:
        time.sleep(20)
        children = subprocess.run(
            ["pgrep", "-P", str(server.process_id)], capture_output=True, text=True, check=False
        ).stdout.split()
        for number, seconds in ((signal.SIGSTOP, 8.0), (signal.SIGCONT, 0.0)):
            for child in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(child), number)
            time.sleep(seconds)
        soak.seen["database hung"] += 1
        time.sleep(10)
        with contextlib.suppress(Exception):
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            soak.seen["connections of the database cut"] += 1


def health(soak: Soak) -> None:
    """Whether the process answers at all, and how soon."""
    while not soak.over:
        start = time.perf_counter()
        try:
            connection = soak.connect()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            soak.slowest = max(soak.slowest, time.perf_counter() - start)
            connection.close()
        except (OSError, http.client.HTTPException):
            soak.seen["health not answered (killed)"] += 1
        time.sleep(0.25)


@contextlib.contextmanager
def service(port: int, record: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service, ready; killed in the end."""
    arguments = ["--port", str(port), "--no-keys", "--audit", record, "--write-seconds", "2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "payer_policy", "serve", "--policies", "policies", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
    )
    try:
        until = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    break
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the service does not start; run it by hand to see why")
            time.sleep(0.1)
        yield process
    finally:
        process.kill()
        process.wait()


def resident(process: subprocess.Popen[bytes]) -> int:
    """Kilobytes."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def run(minutes: float, server: Server) -> tuple[Soak, dict[str, Any]]:
    """The soak, and what it shows."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    record, seconds = server.url(), minutes * 60
    start = time.monotonic()
    soak = Soak(port, start + seconds, seconds)
    threads: list[threading.Thread] = []

    def begin(work: Callable[..., None], *arguments: Any) -> None:
        threads.append(threading.Thread(target=work, args=(soak, *arguments), daemon=True))
        threads[-1].start()

    for life in range(4):
        with service(port, record) as process:
            if not threads:
                for number in range(CLIENTS):
                    begin(client, number)
                begin(hostile)
                begin(database, server)
                begin(health)
            until = start + seconds * (0.1 * (life + 1) / 3) if life < 3 else soak.end
            while time.monotonic() < until:
                if life == 3:
                    soak.memory.append((time.monotonic() - start, resident(process)))
                time.sleep(1)
            if life == 3:
                for thread in threads:
                    thread.join(90)
                process.send_signal(signal.SIGTERM)
                process.wait(60)
            else:
                soak.seen["service killed"] += 1
    return soak, shown(soak, record, seconds)


def shown(soak: Soak, record: str, seconds: float) -> dict[str, Any]:
    """The record held against what was given, and the memory late against early."""

    def resident_at(share: float) -> float:
        near = [size for moment, size in soak.memory if share - 0.02 < moment / seconds <= share]
        return statistics.median(near)

    def no_clock() -> Any:
        raise AssertionError("nothing is written here")

    with AuditLog.open(record, clock=no_clock, create=False) as log:
        own = [row for row in log.rows() if (row.claim_number or "").startswith(NAME)]
        rows = {row.claim_number: str(Head(row.seq, row.hash)) for row in own}
        findings = verify(log.rows()).findings
    early, late = (resident_at(share) for share in MEASURED)
    return {
        "answers given": len(soak.given),
        "rows recorded": len(own),
        "answers without their row": sum(rows.get(n) != said for n, said in soak.given.items()),
        "rows without an answer": len(rows.keys() - soak.given.keys()),
        "findings of verify": len(findings),
        "resident MB at minute 3 of 10": round(early / 1024, 1),
        "resident MB at the end": round(late / 1024, 1),
        "growth": round(late / early, 3),
        "slowest health answer, s": round(soak.slowest, 2),
        "memory, every 10 s": [kilobytes // 1024 for _, kilobytes in soak.memory[::10]],
        **{name: soak.seen[name] for name in sorted(soak.seen)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    server = Server(fsync=False)
    try:
        soak, found = run(options.minutes, server)
    finally:
        server.stop()
    for name, value in found.items():
        print(f"{name:36}{value:>12,}" if not isinstance(value, list) else f"{name}, MB: {value}")
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sound = (
        found["answers given"] == found["rows recorded"] > 0
        and not found["answers without their row"]
        and not found["rows without an answer"]
        and not found["findings of verify"]
        and found["growth"] <= GROWTH
        and not any(name.startswith("hostile 5") and name != "hostile 503" for name in soak.seen)
    )
    sys.exit(0 if sound else 1)


if __name__ == "__main__":
    main()
