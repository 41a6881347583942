"""The door of the service: connections that never ask, headers that never end, hosts and lengths that
are not ours."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from payer_policy.service.connections import Door, most_connections
from payer_policy.service.serving import host_names
from payer_policy.service.settings import Settings
from tests.service.processes import Process, served

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("door")
    arguments = ["--no-keys", "--no-audit", "--max-connections", "20", "--header-seconds", "1"]
    with served(folder, *arguments) as process:
        yield process


def connect(process: Process, data: bytes) -> socket.socket:
    host, port = process.url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(data)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What comes until the other side closes."""
    got = b""
    try:
        while part := connection.recv(65_536):
            got += part
    except ConnectionResetError:
        pass
    return got


def answered(connection: socket.socket, count: int) -> bytes:
    """What comes, up to so many answers."""
    got = b""
    while got.count(b"alive") < count:
        part = connection.recv(65_536)
        assert part, got
        got += part
    return got


def test_whoever_asks_gets_in_however_many_keep_silent(process: Process) -> None:
    silent = [connect(process, b"POST /v1/decide HTTP/1.1\r\nX: ") for _ in range(120)]
    for _ in range(5):
        assert httpx.get(f"{process.url}/healthz", timeout=5).status_code == 200

    told = [all_of(one) for one in silent]  # all are closed in the end: at once, or after a second

    assert {one[:12] for one in told} == {b"", b"HTTP/1.1 408"}
    assert 90 <= told.count(b"") <= 120


def test_headers_that_never_end_are_cut_off(process: Process) -> None:
    connection = connect(process, b"GET / HTTP/1.1\r\n")
    start = time.monotonic()
    try:
        for _ in range(40):  # a drop now and then buys no time
            connection.sendall(b"X")
            time.sleep(0.1)
    except OSError:
        pass

    assert time.monotonic() - start < 3
    answer = all_of(connection) or b"HTTP/1.1 408 /problems/too-slow"
    assert answer.startswith(b"HTTP/1.1 408") and b"/problems/too-slow" in answer


def test_a_second_request_has_as_long_and_no_longer(process: Process) -> None:
    connection = connect(process, HEALTH)
    answered(connection, 1)
    time.sleep(0.6)
    connection.sendall(HEALTH)
    answered(connection, 1)
    connection.sendall(HEALTH[:30])

    assert all_of(connection).startswith(b"HTTP/1.1 408")


def test_requests_one_behind_the_other_are_all_answered(process: Process) -> None:
    got = answered(connect(process, HEALTH * 5), 5)

    assert got.count(b"HTTP/1.1 200") == 5


def test_two_lengths_get_one_answer_and_the_end(process: Process) -> None:
    body = b"0\r\n\r\n" + HEALTH
    head = b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)

    got = all_of(connect(process, head + b"Transfer-Encoding: chunked\r\n\r\n" + body))

    assert got.count(b"HTTP/1.1 ") == 1
    assert got.startswith(b"HTTP/1.1 400") and b"Transfer-Encoding" in got


def test_what_is_no_http_is_told_as_a_problem(process: Process) -> None:
    got = all_of(connect(process, b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"))

    assert got.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in got and b"RFC 9112" in got


def test_only_names_of_this_machine_are_answered_without_keys(process: Process) -> None:
    own = httpx.get(f"{process.url}/v1/schemas", headers={"Host": "LocalHost:80"})
    other = httpx.get(f"{process.url}/v1/schemas", headers={"Host": "rebound.example"})
    probe = httpx.get(f"{process.url}/healthz", headers={"Host": "10.0.0.7:8080"})

    assert [one.status_code for one in (own, other, probe)] == [200, 421, 200]
    assert other.json()["type"] == "/problems/wrong-host"


@pytest.mark.parametrize(
    ("keys", "names", "expected"),
    [
        (None, (), {"localhost", "127.0.0.1", "::1"}),
        ("keys.json", (), set()),
        ("keys.json", ("Policies.Example",), {"policies.example", "localhost", "127.0.0.1", "::1"}),
    ],
)
def test_which_names_are_answered(
    keys: str | None, names: tuple[str, ...], expected: set[str]
) -> None:
    path = None if keys is None else Path(keys)
    assert host_names(Settings(Path("policies"), keys=path, host_names=names)) == expected


def test_no_more_connections_than_a_process_may_open_files() -> None:
    command = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
    command += "from payer_policy.service.connections import most_connections as most;"
    command += "print(most(1024), most(20))"
    run = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )

    assert run.stdout == "64 20\n"
    assert most_connections(8) == 8


def test_each_process_has_a_door_of_its_own() -> None:
    import pickle

    door = Door(5, 2.5)
    door.open.add("a connection")  # type: ignore[arg-type]
    copy = pickle.loads(pickle.dumps(door))

    assert (copy.most, copy.seconds, copy.open) == (5, 2.5, set())
