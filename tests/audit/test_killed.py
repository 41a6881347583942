"""Writers killed at any moment, and a database that loses its power: no receipt is ever lost.

Real processes, several at once, ended by SIGKILL while they write.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random

import pytest

from payer_policy.audit import AuditLog, Entry
from payer_policy.audit.verifying import verify
from tests.audit.conftest import Clock, Place
from tests.audit.postgresql import Server
from tests.places import ROOT

NAMES = ("one-a", "one-b", "group-c")


@pytest.fixture(scope="module")
def parts(entries: dict[str, Entry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    entry = entries["SYN-REFILL-1"]
    assert entry.member is not None
    path = tmp_path_factory.mktemp("parts") / "parts.json"
    path.write_text(json.dumps({"kept": entry.kept, "member": json.loads(entry.member)}))
    return path


class Writer:
    """A process that writes, with what it told in a file."""

    def __init__(self, process: int, told: Path) -> None:
        self._process, self._told = process, told

    def receipts(self) -> Iterator[tuple[str, int, str]]:
        for line in self._told.read_text("ascii").splitlines():
            claim_number, seq, hash_ = line.split()
            yield claim_number, int(seq), hash_

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + 60
        while not self._told.exists() or self._told.read_bytes().count(b"\n") < count:
            assert time.monotonic() < until
            time.sleep(0.005)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._process, signal.SIGKILL)


@contextmanager
def writing(url: str, names: Sequence[str], parts: Path, folder: Path) -> Iterator[list[Writer]]:
    """Processes that write, all killed in the end."""
    folder.mkdir(exist_ok=True)
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.audit.writer", url, str(parts), str(folder), *names],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert starter.stdout is not None
    made = [Writer(int(starter.stdout.readline()), folder / name) for name in names]
    try:
        yield made
    finally:
        for writer in made:
            writer.kill()
        starter.stdout.close()
        starter.wait(30)


def given_is_kept(writers: list[Writer], log: AuditLog) -> int:
    """Every receipt that was given is in the record, which is whole; how many there were."""
    rows = {row.seq: row for row in log.rows()}
    count = 0
    for writer in writers:
        for claim_number, seq, hash_ in writer.receipts():
            assert (rows[seq].claim_number, rows[seq].hash) == (claim_number, hash_)
            count += 1
    assert verify(log.rows()).findings == ()
    return count


def test_writers_that_are_killed_lose_no_receipt(
    places: Callable[[], Place], parts: Path, tmp_path: Path
) -> None:
    random, place, everyone = Random(11), places(), list[Writer]()
    for again in range(2):
        with writing(place.url, NAMES, parts, tmp_path / str(again)) as writers:
            everyone += writers
            for writer in random.sample(writers, len(writers)):
                writer.wait_for(random.randrange(1, 15))
                time.sleep(random.random() / 50)
                writer.kill()

    with place.open(create=False) as log:
        assert given_is_kept(everyone, log) >= 6
        assert log.append([Entry("{}")])[0].seq == log.head().count  # and it goes on
    place.close()


def test_a_killed_postgresql_loses_no_receipt(parts: Path, tmp_path: Path, server: Server) -> None:
    """With `fsync` on, as every real server has it; `server` says whether there can be one."""
    own = Server(fsync=True)
    try:
        before = AuditLog.open(own.url(), clock=Clock())
        before.append([Entry("{}")])
        with writing(own.url(), NAMES[1:], parts, tmp_path) as writers:
            for writer in writers:
                writer.wait_for(10)
            own.crash()

        with before:  # its connections are gone, so it makes new ones
            before.append([Entry("{}")])
        with AuditLog.open(own.url(), clock=Clock(), create=False) as log:
            assert given_is_kept(writers, log) >= 20
            log.append([Entry("{}")])
            assert verify(log.rows()).findings == ()
    finally:
        own.stop()
