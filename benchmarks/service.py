"""The HTTP service under load, on loopback: requests a second, processor time, a rush.

    python benchmarks/service.py [--before REVISION] [--seconds 2] [--rounds 7] [--json FILE]

Every contender is a real server process; this process is its clients (asyncio, keep-alive). All servers
run from the start, and one after the other is asked for a few seconds, round by round, so that a slow
minute is everybody's. With `--before`, the service of that revision is among them.

The peer is a bare FastAPI route that reads a body and answers the same bytes, so the ratio of processor
times is what deciding, checking and recording cost. It runs on uvicorn's faster parser of HTTP (which
needs `pip install httptools`) and on the one that the service uses. The rush has more clients than may
wait: it shows that the others are refused politely, that each answer given is in the audit record, and
that the next client is served as before.
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
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLAIM = ROOT / "examples" / "claims" / "refill.json"
CLIENTS = (1, 16, 64)
BARE = "bare FastAPI route"

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
uvicorn.run(app, port=int(sys.argv[1]), log_level="warning", access_log=False, http=sys.argv[3])
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
    cpu: float = 0.0
    """Seconds of processor time that the server took."""

    @property
    def rate(self) -> float:
        return self.statuses[200] / self.seconds

    @property
    def cost(self) -> float:
        """Microseconds of the server's processor time for each request that was decided."""
        return self.cpu / self.statuses[200] * 1e6

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


@dataclass
class Server:
    """A running server process."""

    port: int
    pid: int

    def cpu(self) -> float:
        """Seconds of processor time that it has taken so far, all threads together."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def load(self, body: bytes, clients: int, seconds: float) -> Load:
        """What so many clients see, and what it costs the server."""
        before = self.cpu()
        seen = asyncio.run(load(self.port, body, clients, seconds))
        seen.cpu = self.cpu() - before
        return seen


@contextmanager
def server(*arguments: str, root: Path = ROOT) -> Iterator[Server]:
    """A server process on a free port, ready; stopped as an operator stops it.

    Args:
        arguments: Of the interpreter; `{port}` is replaced.
        root: The checkout whose source it runs.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    made = [one.replace("{port}", str(port)) for one in arguments]
    process = subprocess.Popen(
        [sys.executable, *made],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=root,
        env=_of(root),
    )
    try:
        for _ in range(600):
            if process.poll() is not None:
                raise SystemExit("the server ended; run it by hand to see why: " + " ".join(made))
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def checkout(revision: str, folder: Path) -> Iterator[Path]:
    """The files of another revision, in a folder of their own."""
    subprocess.run(
        ["git", "worktree", "add", "--quiet", "--detach", str(folder), revision],
        check=True,
        cwd=ROOT,
    )
    try:
        yield folder
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], check=True, cwd=ROOT)


def service(audit: str | None, *more: str) -> tuple[str, ...]:
    recorded = ("--no-audit",) if audit is None else ("--audit", audit)
    return ("-m", "payer_policy", "serve", "--no-keys", "--port", "{port}", *recorded, *more)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--before", metavar="REVISION", help="measure this revision's service too")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=7, help="medians are of so many runs")
    parser.add_argument("--json", type=Path, help="write the figures to a file too")
    asked = parser.parse_args()
    body = CLAIM.read_bytes()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        before = None
        if asked.before:
            before = stack.enter_context(checkout(asked.before, folder / "before"))
        figures = measured(folder, body, before, asked.seconds, asked.rounds)
        figures["rush"] = rush(folder, body, asked.seconds)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def contenders(folder: Path, before: Path | None) -> dict[str, tuple[Path, tuple[str, ...]]]:
    """The checkout and the command of each server."""
    answer = folder / "answer.json"
    answer.write_bytes(_decided())
    records: dict[str, str | None] = {"no audit": None, "SQLite": str(folder / "{name}.sqlite")}
    if audit := os.environ.get("PAYER_POLICY_BENCHMARK_AUDIT"):
        records["PostgreSQL"] = audit
    peer = "-c", _PEER, "{port}", str(answer)
    found = {BARE: (ROOT, (*peer, "httptools")), f"{BARE}, h11": (ROOT, (*peer, "h11"))}
    for name, record in records.items():
        for when, root in (("before", before), ("now", ROOT)):
            if root is not None:
                audit = record and record.replace("{name}", when)
                found[f"payer-policy serve, {name}, {when}"] = root, service(audit)
    return found


def measured(
    folder: Path, body: bytes, before: Path | None, seconds: float, rounds: int
) -> dict[str, object]:
    """All runs, reported as they come."""
    rows: dict[str, object] = {}
    print(
        "| one process | clients | requests/s | ÷ before | p50 ms | p99 ms "
        "| CPU µs | ÷ before | ÷ bare |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with ExitStack() as stack:
        servers = {
            name: stack.enter_context(server(*arguments, root=root))
            for name, (root, arguments) in contenders(folder, before).items()
        }
        for clients in CLIENTS:
            runs: dict[str, list[Load]] = {name: [] for name in servers}
            for one in servers.values():
                one.load(body, clients, 0.5)
            for _ in range(rounds):
                for name, one in servers.items():
                    runs[name].append(one.load(body, clients, seconds))
            rows |= reported(clients, runs)
    print()
    return rows


def reported(clients: int, runs: dict[str, list[Load]]) -> dict[str, object]:
    """The rows of a number of clients. Ratios are medians of the ratios within each round."""
    rows: dict[str, object] = {}
    for name, found in runs.items():
        assert all(set(run.statuses) == {200} and not run.broken for run in found), name
        earlier = runs.get(name.replace(", now", ", before"), found)
        row = {
            "rate": statistics.median(run.rate for run in found),
            "rate_to_before": _ratio("rate", found, earlier),
            "p50": statistics.median(run.quantile(0.5) for run in found),
            "p99": statistics.median(run.quantile(0.99) for run in found),
            "cpu_us": statistics.median(run.cost for run in found),
            "cpu_to_before": _ratio("cost", found, earlier),
            "cpu_to_bare": _ratio("cost", found, runs[BARE]),
        }
        rows[f"{name}, {clients}"] = row
        print(
            f"| {name} | {clients} | {row['rate']:,.0f} | {row['rate_to_before']:.2f} "
            f"| {row['p50']:.2f} | {row['p99']:.2f} | {row['cpu_us']:,.0f} "
            f"| {row['cpu_to_before']:.2f} | {row['cpu_to_bare']:.2f} |",
            flush=True,
        )
    return rows


def _ratio(what: str, runs: list[Load], others: list[Load]) -> float:
    pairs = zip(runs, others, strict=True)
    return statistics.median(getattr(one, what) / getattr(other, what) for one, other in pairs)


def rush(folder: Path, body: bytes, seconds: float) -> dict[str, object]:
    """Many more clients than may wait, and then one."""
    record = folder / "rush.sqlite"
    with server(*service(str(record), "--max-waiting", "16")) as one:
        before = one.load(body, 1, seconds)
        during = asyncio.run(load(one.port, body, 256, 2 * seconds, patience=1))
        after = one.load(body, 1, seconds)
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
    return int(json.loads(_output("audit", "head", str(record), "--json"))["rows"])


def _decided() -> bytes:
    return _output("decide", str(CLAIM), "--json").strip()


def _output(*arguments: str) -> bytes:
    """What a command of payer-policy prints."""
    command = [sys.executable, "-m", "payer_policy", *arguments]
    return subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=_of(ROOT)).stdout


def _of(root: Path) -> dict[str, str]:
    """The environment of a process that runs the source of a checkout."""
    return {**os.environ, "PYTHONPATH": str(root / "src")}


if __name__ == "__main__":
    main()
