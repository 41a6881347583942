"""`payer-policy serve` as a process of its own, as an operator runs it, with its log."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.places import POLICIES, ROOT


@dataclass
class Process:
    """A running service."""

    url: str
    log_file: Path
    popen: subprocess.Popen[bytes]
    client: httpx.Client

    def log(self, event: str | None = None) -> list[dict[str, Any]]:
        """The lines of its log so far; each is one JSON object."""
        lines = [json.loads(line) for line in self.log_file.read_text("utf-8").splitlines()]
        return [line for line in lines if event in (None, line["event"])]

    def wait_for(self, event: str, seconds: float = 20, **carried: Any) -> dict[str, Any]:
        """The first line of an event in the log, with what it must carry."""
        for _ in range(int(seconds * 50)):
            for line in self.log(event):
                if carried.items() <= line.items():
                    return line
            time.sleep(0.02)
        raise AssertionError(f"no {event} {carried} in {self.log_file.read_text('utf-8')}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.popen.send_signal(number)
        return self.popen.wait(30)


def one_payer(folder: Path) -> Path:
    """The shipped policies of one payer, which are ready sooner than all."""
    policies = folder / "policies"
    if not policies.exists():
        others = shutil.ignore_patterns("commercial-*")
        shutil.copytree(POLICIES, policies, ignore=others)
    return policies


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    folder: Path,
    *arguments: str,
    policies: Path | None = None,
    key: str | None = None,
    certificate: Path | None = None,
) -> Iterator[Process]:
    """A service on a free port, ready to answer; killed in the end where it still runs.

    Args:
        folder: Where it runs, and its log.
        policies: What it serves; the policies of one payer where left out.
    """
    policies = policies or one_payer(folder)
    port, log_file = free_port(), folder / "log.jsonl"
    command = [sys.executable, "-m", "payer_policy", "serve", "--policies", str(policies)]
    command += ["--port", str(port), *arguments]
    with log_file.open("wb") as log:
        popen = subprocess.Popen(
            command,
            stderr=log,
            stdout=log,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        )
    scheme = "http" if certificate is None else "https"
    verify: Any = True if certificate is None else ssl.create_default_context(cafile=certificate)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    url = f"{scheme}://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, verify=verify, headers=headers, timeout=30) as client:
            process = Process(url, log_file, popen, client)
            _wait_until_ready(process)
            yield process
    finally:
        if popen.poll() is None:
            popen.kill()
            popen.wait()


def _wait_until_ready(process: Process) -> None:
    for _ in range(1500):
        if process.popen.poll() is not None:
            raise AssertionError(f"it ended: {process.log_file.read_text('utf-8')}")
        try:
            if process.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"it is not ready: {process.log_file.read_text('utf-8')}")
