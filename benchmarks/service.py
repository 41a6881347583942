"""The HTTP service under load, on loopback: requests a second, latency, and what a rush does to it.

    python benchmarks/service.py [--seconds 3] [--json FILE]

Every row is one run of a real server process and of this process as its clients (asyncio, keep-alive).
The peer is a bare FastAPI route on the same server that reads a body and answers the same bytes, so the
ratio is what deciding, checking and recording cost. The rush has more clients than may wait: it shows
that the others are refused politely, that each answer given is in the audit record, and that the next
client is served as before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLAIM = ROOT / "examples" / "claims" / "refill.json"
CLIENTS = (1, 8, 64)

_PEER = """
import sys, uvicorn
from fastapi import FastAPI, Request, Response
app = FastAPI()
answer = open(sys.argv[2], "rb").read()
@app.post("/v1/decide")
async def decide(request: Request) -> Response:
    await request.body()
    return Response(answer, media_type="application/json")
@app.get("/readyz")
async def readyz() -> Response:
    return Response("{}")
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False)
"""


@dataclass
class Load:
    """What the clients of one run saw."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    polite: int = 0
    """Refusals with 503 that say when to try again."""
    broken: int = 0
    """Connections that ended without an answer."""
    times: list[float] = field(default_factory=list)
    """Seconds of each request that was decided."""

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.times) or [float("nan")]
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


async def load(port: int, body: bytes, clients: int, seconds: float, patience: float = 0) -> Load:
    """Ask with so many clients for so long, each its next request when the last is answered.

    Args:
        patience: How long a client waits after a refusal, in seconds.
    """
    seen = Load()
    head = (
        f"POST /v1/decide HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    message = head.encode() + body
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader = writer = None
        while time.perf_counter() < end:
            try:
                if reader is None or writer is None:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                start = time.perf_counter()
                writer.write(message)
                status, headers = await _answer(reader)
            except (OSError, asyncio.IncompleteReadError, ValueError):
                seen.broken += 1
                reader = None
                continue
            seen.statuses[status] += 1
            if status == 200:
                seen.times.append(time.perf_counter() - start)
            elif status == 503:
                seen.polite += "retry-after" in headers
                await asyncio.sleep(patience)
        if writer is not None:
            writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seen.seconds = time.perf_counter() - start
    return seen


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.casefold(): value.strip() for name, _, value in pairs}
    await reader.readexactly(int(headers.get("content-length", "0")))
    return int(first.split()[1]), headers


@contextmanager
def server(*arguments: str) -> Iterator[int]:
    """A server process on a free port, ready; stopped as an operator stops it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    made = [one.replace("{port}", str(port)) for one in arguments]
    process = subprocess.Popen(
        [sys.executable, *made], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit("the server ended; run it by hand to see why: " + " ".join(made))
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def service(audit: str | None, *more: str) -> tuple[str, ...]:
    recorded = ("--no-audit",) if audit is None else ("--audit", audit)
    return ("-m", "payer_policy", "serve", "--no-keys", "--port", "{port}", *recorded, *more)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=3, help="the median of so many runs is told")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measured(Path(folder), asked.seconds, asked.rounds)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def measured(folder: Path, seconds: float, rounds: int) -> dict[str, object]:
    """All runs, told as they come."""
    body = CLAIM.read_bytes()
    answer = folder / "answer.json"
    answer.write_bytes(_decided())
    audit = os.environ.get("PAYER_POLICY_BENCHMARK_AUDIT")
    contenders = {
        "bare FastAPI route": ("-c", _PEER, "{port}", str(answer)),
        "payer-policy serve, no audit": service(None),
        "payer-policy serve, SQLite": service(str(folder / "audit.sqlite")),
    }
    if audit:
        contenders["payer-policy serve, PostgreSQL"] = service(audit)
    rows: dict[str, object] = {}
    print("| one process | clients | requests/s | ÷ bare | p50 ms | p99 ms |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for clients in CLIENTS:
        runs: dict[str, list[Load]] = {name: [] for name in contenders}
        for _ in range(rounds):  # in turns, so that a slow minute is everybody's
            for name, arguments in contenders.items():
                with server(*arguments) as port:
                    asyncio.run(load(port, body, clients, 0.3))
                    runs[name].append(asyncio.run(load(port, body, clients, seconds)))
        bare = statistics.median(run.rate for run in runs["bare FastAPI route"])
        for name, found in runs.items():
            assert all(set(run.statuses) == {200} and not run.broken for run in found), name
            rate = statistics.median(run.rate for run in found)
            p50, p99 = (statistics.median(run.quantile(q) for run in found) for q in (0.5, 0.99))
            rows[f"{name}, {clients}"] = {"rate": rate, "p50": p50, "p99": p99}
            print(
                f"| {name} | {clients} | {rate:,.0f} | {bare / rate:.2f} | {p50:.2f} | {p99:.2f} |"
            )
    print()
    rows["rush"] = rush(folder, body, seconds)
    return rows


def rush(folder: Path, body: bytes, seconds: float) -> dict[str, object]:
    """Many more clients than may wait, and then one."""
    record = folder / "rush.sqlite"
    with server(*service(str(record), "--max-waiting", "16")) as port:
        before = asyncio.run(load(port, body, 1, seconds))
        during = asyncio.run(load(port, body, 256, 2 * seconds, patience=1))
        after = asyncio.run(load(port, body, 1, seconds))
    given = sum(run.statuses[200] for run in (before, during, after))
    recorded = _rows(record)
    refused = during.statuses[503]
    print(
        f"A rush of 256 clients where 16 may wait: {during.statuses[200]:,} decided "
        f"(p99 {during.quantile(0.99):.1f} ms), {refused:,} refused with 503, {during.polite:,} of them "
        f"with Retry-After, {during.broken} connections broken, other statuses: "
        f"{sum(during.statuses.values()) - refused - during.statuses[200]}."
    )
    print(f"Answers given: {given:,}; rows in the audit record: {recorded:,}.")
    print(
        f"One client before and after: p50 {before.quantile(0.5):.2f} and {after.quantile(0.5):.2f} ms."
    )
    return {
        "decided": during.statuses[200],
        "refused": refused,
        "with_retry_after": during.polite,
        "broken": during.broken,
        "given": given,
        "recorded": recorded,
        "p50_before": before.quantile(0.5),
        "p50_after": after.quantile(0.5),
    }


def _rows(record: Path) -> int:
    out = subprocess.run(
        [sys.executable, "-m", "payer_policy", "audit", "head", str(record), "--json"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return int(json.loads(out.stdout)["rows"])


def _decided() -> bytes:
    out = subprocess.run(
        [sys.executable, "-m", "payer_policy", "decide", str(CLAIM), "--json"],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    return out.stdout.strip()


if __name__ == "__main__":
    main()
