"""The service as a process: keys, TLS, limits, overload, a change of policies, and its end."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from payer_policy.audit import AuditLog
from payer_policy.bundle.building import build_bundle
from payer_policy.bundle.signing import generate
from payer_policy.cli.keys import command as keys_command
from payer_policy.cli.serve import command as serve_command
from payer_policy.service.settings import Settings
from tests.service.conftest import CLAIMS
from tests.service.processes import POLICIES, ROOT, Process, one_payer, served

WEEKS = '"oral_therapy_weeks": {"value": 8'
SECRETS = ("SYN-M-0001", "1979-06-15", "SYN-REFILL-1", "1234567893", "SYN-PATH", "SYN-QUERY")
"""What of the requests below must stand in no line of the log and in no meter."""


def test_keys_are_made_told_once_and_taken_away(tmp_path: Path) -> None:
    runner, file = CliRunner(), str(tmp_path / "keys.json")

    key = runner.invoke(keys_command, ["new", file, "claims"]).stdout.strip()
    again = runner.invoke(keys_command, ["new", file, "claims"])
    runner.invoke(keys_command, ["new", file, "portal", "--scope", "metrics"])
    wrong = runner.invoke(keys_command, ["new", file, "other", "--scope", "everything"])
    listed = runner.invoke(keys_command, ["list", file])
    removed = runner.invoke(keys_command, ["remove", file, "claims"])
    missing = runner.invoke(keys_command, ["remove", file, "claims"])

    assert key.startswith("ppk_")
    assert (again.exit_code, listed.stdout) == (
        2,
        "claims  decide, inquire, policies\nportal  metrics\n",
    )
    assert (wrong.exit_code, "inquire-any" in wrong.stderr) == (2, True)
    assert (removed.exit_code, missing.exit_code) == (0, 2)
    assert "there are: portal" in missing.stderr
    assert key not in Path(file).read_text("utf-8")
    assert Path(file).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--no-keys"),
        (["--no-keys", "--keys", "keys.json"], "--no-keys"),
        (["--no-keys", "--host", "0.0.0.0"], "without keys everybody"),
        (["--no-keys", "--host", "example.test"], "without keys everybody"),
        (["--keys", "nowhere.json", "--host", "0.0.0.0"], "payer-policy keys new"),
        (["--no-keys", "--tls-key", "key.pem"], "go together"),
        (["--no-keys", "--policies", "nowhere"], "nowhere"),
        (["--no-keys", "--audit", "mysql://x/y"], "mysql"),
    ],
)
def test_a_service_that_would_be_unsafe_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    more = [] if "--policies" in arguments else ["--policies", str(POLICIES)]

    result = CliRunner().invoke(serve_command, [*arguments, *more])

    assert result.exit_code != 0
    assert told in result.output + str(result.exception)


def test_the_help_names_the_engine_that_is_used() -> None:
    text = " ".join(CliRunner().invoke(serve_command, ["--help"]).stdout.split())

    assert f"[default: {Settings(POLICIES).engine}]" in text
    assert "checked where durable-rules is installed" not in text


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A service with all policies, for tests that neither stop it nor change anything of it."""
    with served(tmp_path_factory.mktemp("shared"), "--no-keys", policies=POLICIES) as process:
        yield process


def test_member_data_is_in_no_line_of_the_log_and_in_no_meter(shared: Process) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    headers = {"Content-Type": "application/json", "X-Request-ID": "SYN-M-0001"}
    client, before = shared.client, len(_logged_until_now(shared))
    assert client.post("/v1/decide", content=claim, headers=headers).status_code == 200
    assert client.post("/v1/decide", content=claim[:-20], headers=headers).status_code == 422
    client.get("/v1/policies/SYN-PATH/x?on=SYN-QUERY")
    client.get("/SYN-PATH?x=SYN-QUERY")
    meters = client.get("/metrics").text
    lines = _logged_until_now(shared)[before:-1]
    text = shared.log_file.read_text("utf-8")

    assert [line["status"] for line in lines] == [200, 422, 404, 404]
    assert [line["route"] for line in lines][:2] == ["/v1/decide", "/v1/decide"]
    assert lines[0]["decisions"] == {"approve": 1}
    assert all(re.fullmatch(r"[0-9a-f-]{36}", line["request_id"]) for line in lines)
    assert 'payer_policy_decisions_total{decision="approve",policy="medicare/' in meters
    assert [secret for secret in SECRETS if secret in text + meters] == []


def _logged_until_now(process: Process) -> list[dict[str, Any]]:
    """The lines of all requests so far, the last of them one that was made to wait for it."""
    last = process.client.get("/v1/schemas").headers["x-request-id"]
    process.wait_for("request", request_id=last)
    return process.log("request")


def test_a_request_id_that_is_a_uuid_goes_through(shared: Process) -> None:
    mine = "0b6f0c5e-5a51-4c43-9d3c-3a2d7ad0a111"
    answer = shared.client.get("/v1/schemas", headers={"X-Request-ID": mine})
    line = shared.wait_for("request", request_id=mine)

    assert answer.headers["x-request-id"] == mine
    assert line["status"] == 200


def test_only_a_known_key_may_ask_and_a_removed_one_no_longer(tmp_path: Path) -> None:
    runner, file = CliRunner(), str(tmp_path / "keys.json")
    key = runner.invoke(keys_command, ["new", file, "claims"]).stdout.strip()
    with served(tmp_path, "--keys", file, "--no-audit", "--poll", "0.1", key=key) as process:
        client = process.client
        mine = client.get("/v1/policies").status_code
        by_header = client.get(
            "/v1/policies", headers={"Authorization": "", "X-API-Key": key}
        ).status_code
        wrong = client.get("/v1/policies", headers={"Authorization": f"Bearer {key}x"})
        runner.invoke(keys_command, ["remove", file, "claims"])
        process.wait_for("keys-read", keys=0)
        removed = client.get("/v1/policies").status_code
        Path(file).write_text("{", encoding="utf-8")
        process.wait_for("keys-refused", kept=0)
        callers = [line["caller"] for line in process.log("request")]

    assert (mine, by_header, wrong.status_code, removed) == (200, 200, 401, 401)
    assert wrong.headers["www-authenticate"] == "Bearer"
    assert callers == ["claims", "claims", None, None]


def test_https_by_flags(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    asked = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-batch",
        "-subj",
        "/CN=127.0.0.1",
    ]
    asked += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        ["openssl", *asked, "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    arguments = ["--no-keys", "--no-audit", "--tls-certificate", str(certificate)]
    with served(tmp_path, *arguments, "--tls-key", str(key), certificate=certificate) as process:
        assert process.client.get("/healthz").json() == {"status": "alive"}


def test_bodies_have_limits_in_bytes_lines_requests_and_time(tmp_path: Path) -> None:
    arguments = ["--no-keys", "--no-audit", "--max-body", "4096", "--max-batch-body", "8192"]
    limits = ["--max-lines", "3", "--max-batch", "2", "--max-seconds", "0.5"]
    line = {"code": "J0945", "units": 1, "date": "2025-03-04"}
    small = {"coverage": {"payer": "medicare"}, "lines": [line]}
    with served(tmp_path, *arguments, *limits) as process:
        client = process.client
        announced = client.post("/v1/decide", content=b" " * 5000)
        chunked = client.post("/v1/decide", content=(b" " * 1000 for _ in range(6)))
        batch = client.post("/v1/decide/batch", content=b" " * 9000)
        lines = client.post("/v1/decide", json={**small, "lines": [line] * 4})
        several = client.post("/v1/decide/batch", json=[{**small, "id": f"{n}"} for n in range(3)])
        slow = _slow(process)
        fine = client.post("/v1/decide", json=small)

    assert [one.json()["type"] for one in (announced, chunked, batch)] == [
        "/problems/too-large"
    ] * 3
    assert announced.status_code == 413
    assert lines.json()["problems"][0]["code"] == "too-many-lines"
    assert several.json()["type"] == "/problems/too-many-requests-in-one"
    assert b" 408 " in slow and b"/problems/too-slow" in slow
    assert fine.json()["decision"] == "pend"


def _slow(process: Process) -> bytes:
    """What a client gets that announces a body and does not send it."""
    host, port = process.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/decide HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
        )
        got = b""
        while chunk := connection.recv(4096):
            got += chunk
        return got


def test_a_rush_is_refused_politely_and_every_answer_given_is_recorded(tmp_path: Path) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    arguments = ["--no-keys", "--audit", "audit.sqlite", "--max-waiting", "4"]
    with served(tmp_path, *arguments) as process:

        def ask(_: int) -> list[tuple[int, str | None]]:
            with httpx.Client(base_url=process.url, timeout=30) as client:
                answers = [client.post("/v1/decide", content=claim) for _ in range(15)]
            return [(one.status_code, one.headers.get("retry-after")) for one in answers]

        with ThreadPoolExecutor(24) as pool:
            seen = Counter(answer for found in pool.map(ask, range(24)) for answer in found)
        after = process.client.post("/v1/decide", content=claim)
        process.stop()

    assert set(seen) <= {(200, None), (503, "1")}
    assert seen[503, "1"] > 0
    assert after.status_code == 200
    assert _rows(tmp_path) == seen[200, None] + 1


def _rows(folder: Path) -> int:
    with AuditLog.open(folder / "audit.sqlite", clock=_no_clock, create=False) as log:
        return log.head().count


def _no_clock() -> Any:
    raise AssertionError("nothing is written here")


def test_stopping_loses_no_answer(tmp_path: Path) -> None:
    with served(tmp_path, "--no-keys", "--audit", "audit.sqlite") as process:
        status, given = _stopped_while_it_is_asked(process)

    assert status == 0
    assert given > 0
    # An answer may be in the record whose client did not read it any more, never the reverse.
    assert given <= _rows(tmp_path) <= given + 4


def test_several_processes_add_up_their_meters_and_lose_no_answer_either(tmp_path: Path) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    arguments = ["--no-keys", "--audit", "audit.sqlite", "--workers", "2"]
    asked, processes, end = 0, set(), time.monotonic() + 30
    total = r'payer_policy_requests_total\{method="POST",route="/v1/decide",status="200"\} '
    with served(tmp_path, *arguments) as process:
        # Each on a connection of its own, so that both get some; one may be ready before the other.
        while asked < 20 or (len(processes) < 2 and time.monotonic() < end):
            assert httpx.post(f"{process.url}/v1/decide", content=claim).status_code == 200
            asked += 1
            processes = {
                line["process"] for line in process.log("request") if line.get("decisions")
            }
        # An answer is counted once it is sent, so whoever has it may be ahead of its meter.
        while not (counted := re.search(rf"{total}{asked}\.0\n", _meters(process))):
            assert time.monotonic() < end + 10
            time.sleep(0.05)
        status, given = _stopped_while_it_is_asked(process)

    assert counted
    assert len(processes) == 2
    assert status == 0
    assert given > 0
    assert given <= _rows(tmp_path) - asked <= given + 4


def _meters(process: Process) -> str:
    text: str = process.client.get("/metrics").text
    return text


def _stopped_while_it_is_asked(process: Process) -> tuple[int, int]:
    """The exit status, and how many answers four clients got before the end."""
    claim = (CLAIMS / "refill.json").read_bytes()

    def ask(_: int) -> int:
        count = 0
        with httpx.Client(base_url=process.url, timeout=30) as client:
            while True:
                try:
                    answer = client.post("/v1/decide", content=claim)
                except httpx.TransportError:
                    return count
                if answer.status_code == 200:
                    count += 1

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, n) for n in range(4)]
        time.sleep(0.7)
        status = process.stop()
        return status, sum(one.result() for one in asking)


def test_killed_at_any_moment_every_answer_given_is_recorded(tmp_path: Path) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    given = 0
    with served(tmp_path, "--no-keys", "--audit", "audit.sqlite") as process:
        timer = threading.Timer(0.5, lambda: process.popen.send_signal(signal.SIGKILL))
        timer.start()
        try:
            while True:
                given += process.client.post("/v1/decide", content=claim).status_code == 200
        except httpx.TransportError:
            pass

    assert given > 0
    assert given <= _rows(tmp_path) <= given + 1


def test_policies_are_swapped_while_requests_are_decided(tmp_path: Path) -> None:
    policies = one_payer(tmp_path)
    claim = json.loads((CLAIMS / "refill.json").read_bytes())
    del claim["$schema"]
    file = policies / "medicare" / "intrathecal-baclofen" / "2016-01-01.json"
    text = file.read_text("utf-8")
    seen: set[tuple[int, str]] = set()
    done = threading.Event()
    arguments = ["--no-keys", "--no-audit", "--poll", "0.1"]
    with served(tmp_path, *arguments, policies=policies) as process:
        client = process.client
        first = client.get("/readyz").json()

        def ask() -> None:
            with httpx.Client(base_url=process.url, timeout=30) as mine:
                while not done.is_set():
                    answer = mine.post("/v1/decide", json=claim)
                    policy = answer.json()["determinations"][0]["policy"]["hash"]
                    seen.add((answer.status_code, policy))

        asking = threading.Thread(target=ask)
        asking.start()
        file.write_text(text.replace('"fact"', '"fakt"', 1), encoding="utf-8")
        process.wait_for("policies-refused")
        refused = client.get("/readyz").json()
        file.write_text(
            text.replace('"oral_therapy_weeks": {"value": 6', '"oral_therapy_weeks": {"value": 8'),
            encoding="utf-8",
        )
        process.wait_for("policies-swapped")
        second = client.get("/readyz").json()
        time.sleep(0.3)
        done.set()
        asking.join()

    assert refused["hash"] == first["hash"]
    assert "fakt" in json.dumps(refused["refused"])
    assert (second["hash"] != first["hash"], second["refused"]) == (True, [])
    assert {status for status, _ in seen} == {200}
    assert len({policy for _, policy in seen}) == 2


def test_a_signed_bundle_is_served_and_only_a_signed_one_takes_its_place(tmp_path: Path) -> None:
    policies, key = one_payer(tmp_path), generate()
    other = tmp_path / "other"
    shutil.copytree(policies, other)
    file = other / "medicare" / "intrathecal-baclofen" / "2016-01-01.json"
    text = file.read_text("utf-8")
    file.write_text(text.replace('"oral_therapy_weeks": {"value": 6', WEEKS), encoding="utf-8")
    first, second = (build_bundle(folder, None, key).data for folder in (policies, other))
    forged = build_bundle(other, None, generate()).data
    (tmp_path / "signer.pem").write_bytes(key.public.pem)
    bundle = tmp_path / "policies.zip"
    bundle.write_bytes(first)
    arguments = ["--no-keys", "--no-audit", "--poll", "0.1", "--trust", "signer.pem"]
    with served(tmp_path, *arguments, policies=bundle) as process:
        before = process.client.get("/readyz").json()
        _put(forged, bundle)
        process.wait_for("policies-refused")
        held = process.client.get("/readyz").json()
        _put(second, bundle)
        process.wait_for("policies-swapped", in_force=hashlib.sha256(second).hexdigest())
        after = process.client.get("/readyz").json()

    assert before["signed_by"] == key.public.id
    assert held["hash"] == before["hash"] == hashlib.sha256(first).hexdigest()
    assert [one["code"] for event in held["refused"] for one in event["problems"]] == [
        "untrusted-key"
    ]
    assert (after["hash"], after["refused"]) == (hashlib.sha256(second).hexdigest(), [])


def _put(data: bytes, place: Path) -> None:
    beside = place.with_suffix(".new")
    beside.write_bytes(data)
    beside.replace(place)


def test_of_the_request_only_its_hash_is_kept_where_asked(tmp_path: Path) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    arguments = ["--no-keys", "--audit", "audit.sqlite", "--audit-keeps", "hash"]
    with served(tmp_path, *arguments) as process:
        process.client.post("/v1/decide", content=claim)
        process.stop()
    with AuditLog.open(tmp_path / "audit.sqlite", clock=_no_clock, create=False) as log:
        (row,) = log.rows()

    member = row.about_member
    assert member is not None
    assert member["request"] is None
    assert re.fullmatch("[0-9a-f]{64}", member["request_sha256"])
    assert row.answer["caller"] is None


def test_the_example_client_runs(shared: Process) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "examples" / "client.py", shared.url],
        capture_output=True,
        text=True,
        check=True,
    )

    assert "SYN-REFILL-1: approve" in run.stdout
    assert "would ask" in run.stdout
    assert "did you mean `refill`?" in run.stdout


@pytest.mark.parametrize("how", ["moved", "deleted"])
def test_a_record_whose_file_is_gone_takes_no_more_answers(tmp_path: Path, how: str) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    file, kept = tmp_path / "audit.sqlite", tmp_path / "elsewhere.sqlite"
    with served(tmp_path, "--no-keys", "--audit", "audit.sqlite") as process:
        first = process.client.post("/v1/decide", content=claim)
        file.rename(kept)
        second = process.client.post("/v1/decide", content=claim)
        ready = process.client.get("/readyz")
        if how == "moved":
            kept.rename(file)
            third = process.client.post("/v1/decide", content=claim).status_code
            assert (third, process.client.get("/readyz").status_code) == (200, 200)

    assert (first.status_code, second.status_code, ready.status_code) == (200, 503, 503)
    assert second.json()["type"] == "/problems/not-recorded"


def test_web_pages_of_named_origins_may_ask(tmp_path: Path) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    with served(tmp_path, "--no-keys", "--no-audit", "--origin", "https://ehr.example") as process:
        ours, other = (
            process.client.options(
                "/cds-services/order-sign", headers={"Origin": f"https://{name}.example", **asked}
            )
            for name in ("ehr", "other")
        )

    assert ours.headers["access-control-allow-origin"] == "https://ehr.example"
    assert "access-control-allow-origin" not in other.headers


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    with served(tmp_path, "--no-keys", "--no-audit", "--workers", "2") as process:
        process.popen.kill()
        process.popen.wait()
        for _ in range(100):
            try:
                httpx.get(f"{process.url}/healthz")
            except httpx.TransportError:
                break
            time.sleep(0.1)
        else:
            raise AssertionError("somebody still answers")


def test_a_request_that_offers_to_upgrade_keeps_its_body(tmp_path: Path) -> None:
    claim = (CLAIMS / "refill.json").read_bytes()
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAA"}
    with served(tmp_path, "--no-keys", "--no-audit") as process:
        answer = process.client.post("/v1/decide", content=claim, headers=offer)

    assert answer.json()["decision"] == "approve"
