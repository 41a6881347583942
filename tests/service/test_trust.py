"""What a service trusts, and what it lets others verify: sequences, last days, signed heads."""

from __future__ import annotations

import itertools
import json
import logging
import os
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.audit import AuditError, AuditLog, refusal_entry
from payer_policy.audit.heads import read_heads
from payer_policy.audit.verifying import verify
from payer_policy.cli import payer_policy
from payer_policy.core.diagnostics import PolicyError
from payer_policy.service import opening
from payer_policy.service.opening import open_state
from payer_policy.service.settings import Settings
from payer_policy.service.state import State
from tests.bundle.making import bundle, key
from tests.service.conftest import Serve
from tests.service.processes import served

Place = Callable[..., Settings]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Settings for a service of a signed bundle, with a record and its heads."""
    (tmp_path / "signer.pem").write_bytes(key().public.pem)
    (tmp_path / "auditor.pem").touch(mode=0o600)
    (tmp_path / "auditor.pem").write_bytes(key("auditor").pem())

    numbers = itertools.count()

    def make(*, heads: bool = False, **about: Any) -> Settings:
        (tmp_path / "b.zip").write_bytes(bundle(tmp_path / f"apart-{next(numbers)}", **about))
        return Settings(
            tmp_path / "b.zip",
            trusted=(tmp_path / "signer.pem",),
            sequence_file=tmp_path / "sequence",
            audit=str(tmp_path / "audit.sqlite") if heads else None,
            heads=tmp_path / "heads.jsonl" if heads else None,
            heads_key=tmp_path / "auditor.pem" if heads else None,
            heads_seconds=0.05,
            poll_seconds=60,
        )

    return make


def append(state: State, count: int) -> None:
    assert state.audit is not None
    state.audit.log.append([refusal_entry(1, None, None)] * count)


def test_the_heads_of_a_services_record_verify(place: Place) -> None:
    settings = place(heads=True)
    assert settings.heads is not None
    for _ in range(2):  # over a restart as well
        state = open_state(settings)
        append(state, 3)
        state.close()

    lines = settings.heads.read_bytes().splitlines(keepends=True)
    heads = read_heads(lines, [key("auditor").public])
    assert heads.findings == ()
    assert [one.head.count for one in heads.trusted][-1] == 6
    with AuditLog.open(settings.audit or "", clock=opening.now, create=False) as log:
        rows = list(log.rows())
    assert verify(rows, None, [one.head for one in heads.trusted]).findings == ()
    cut = verify(rows[:5], None, [one.head for one in heads.trusted])
    assert [(one.seq, one.kind) for one in cut.findings] == [(6, "removed")]


def test_a_service_does_not_start_on_a_record_that_was_cut(place: Place, tmp_path: Path) -> None:
    settings = place(heads=True)
    state = open_state(settings)
    append(state, 3)
    state.close()
    (tmp_path / "audit.sqlite").rename(tmp_path / "gone.sqlite")

    with pytest.raises(AuditError, match="row 3 is not in the record; no head was signed"):
        open_state(settings)


def test_a_head_that_cannot_be_signed_is_in_the_log_and_in_the_meters(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    settings = place(heads=True)
    assert settings.heads is not None
    state = open_state(settings)
    caplog.set_level(logging.INFO, "payer_policy.service")
    settings.heads.write_bytes(b"notes\n")
    append(state, 1)
    state.close()

    (why,) = {one.event["why"] for one in caplog.records if one.msg == "head-not-signed"}  # type: ignore[attr-defined]
    assert why.endswith("its last line is not a signed head; name another file, and keep this one")
    assert b'payer_policy_audit_heads_total{result="failed"}' in state.metrics.text()


def test_a_service_does_not_start_with_what_may_not_be_deployed(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_state(place(sequence=41)).close()
    for about, code in (
        ({"sequence": 40}, "older-sequence"),
        ({}, "no-sequence"),
        ({"sequence": 42, "expires": date(2020, 1, 1)}, "expired"),
    ):
        with pytest.raises(PolicyError) as error:
            open_state(place(**about))
        assert [one.code for one in error.value.diagnostics] == [code]


def test_a_bundle_that_expires_while_it_serves_is_a_warning(
    place: Place, serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
    monkeypatch.setattr(opening, "now", lambda: now)
    caplog.set_level(logging.INFO, "payer_policy.service")
    started = serve(place(sequence=1, expires=date(2027, 1, 31)))
    meter = "payer_policy_policies_expire_seconds 1.80144e+09"  # 2027-02-01
    before = started.get("/readyz")
    assert (before.status_code, before.json()["expired"]) == (200, False)
    assert before.json()["about"]["expires"] == "2027-01-31"
    assert meter in started.get("/metrics").text

    now = datetime(2027, 2, 1, tzinfo=UTC)
    started.state.deployment.look()

    after = started.get("/readyz")
    assert (after.status_code, after.json()["status"], after.json()["expired"]) == (
        200,
        "ready",
        True,
    )
    (line,) = [one for one in caplog.records if one.msg == "policies-expired"]
    assert (line.levelname, line.event["expires"]) == ("WARNING", "2027-01-31")  # type: ignore[attr-defined]
    metrics = started.get("/metrics").text
    assert 'payer_policy_policy_changes_total{result="expired"} 1.0' in metrics and meter in metrics
    claim = {
        "coverage": {"payer": "NORTH1"},
        "lines": [{"code": "J1756", "units": 1, "date": "2024-06-03"}],
    }
    assert started.post("/v1/decide", claim).status_code == 200  # and it decides


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--minimum-sequence", "1"], "--minimum-sequence and --sequence-file need --trust"),
        (["--sequence-file", "s"], "--minimum-sequence and --sequence-file need --trust"),
        (["--heads", "h"], "--heads and --heads-key go together"),
        (["--heads-key", "k"], "--heads and --heads-key go together"),
        (["--heads", "h", "--heads-key", "k", "--no-audit"], "--no-audit leaves no head to sign"),
    ],
)
def test_what_goes_together_is_said(options: list[str], words: str) -> None:
    told = CliRunner().invoke(payer_policy, ["serve", "--no-keys", *options])

    assert told.exit_code == 2 and words in " ".join(told.output.split())


def test_several_processes_sign_in_one_file_and_share_the_sequence(
    place: Place, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings = place(heads=True, sequence=41)
    options = (
        *("--no-keys", "--workers", "2", "--trust", "signer.pem", "--minimum-sequence", "40"),
        *("--sequence-file", "sequence", "--audit", "audit.sqlite", "--heads", "heads.jsonl"),
        *("--heads-key", "auditor.pem", "--heads-every", "0.1"),
    )
    claim = {
        "coverage": {"payer": "NORTH1"},
        "lines": [{"code": "J1756", "units": 1, "date": "2024-06-03"}],
    }
    umask = os.umask(0o022)
    request.addfinalizer(lambda: os.umask(umask))
    with served(tmp_path, *options, policies=settings.source) as service:
        for _ in range(5):
            assert service.client.post("/v1/decide", json=claim).status_code == 200
        service.wait_for("head-signed")
        record = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.glob("audit.*")}
        assert service.stop() == 0

    names = ("audit.sqlite", "audit.sqlite-shm", "audit.sqlite-wal")
    assert record == dict.fromkeys(names, 0o600)  # also of files beside it, under any mask
    lines = (tmp_path / "heads.jsonl").read_bytes().splitlines(keepends=True)
    heads = read_heads(lines, [key("auditor").public])
    counts = [one.head.count for one in heads.trusted]
    assert (heads.findings, counts) == ((), sorted(set(counts))) and counts[-1] == 5
    assert json.loads((tmp_path / "sequence").read_text())["sequence"] == 41
