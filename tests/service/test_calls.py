"""Answers on their way out: receipts, the short form, and keys under which nothing is answered twice."""

from __future__ import annotations

import json
import re
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from payer_policy.audit import AuditLog, Written
from payer_policy.audit.verifying import verify
from payer_policy.service.settings import Limits, Settings
from tests.formats.fhir.building import FAVORABLE, as_bytes, bundle
from tests.service.conftest import CLAIMS, POLICIES, ROOT, Serve, Served

FHIR = {"Content-Type": "application/fhir+json"}
X12 = {"Content-Type": "application/edi-x12"}
REFILL = (CLAIMS / "refill.json").read_bytes()
REVIEWS = (ROOT / "examples" / "x12" / "reviews.278").read_bytes()
NIGHTLY = (CLAIMS / "nightly.837").read_bytes()


@pytest.fixture
def own(serve: Serve, tmp_path: Path) -> Served:
    """A service with a record of its own."""
    return serve(Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60))


def log_of(service: Served) -> AuditLog:
    assert service.state.audit is not None
    return service.state.audit.log


def test_an_answer_has_the_receipt_of_its_row(own: Served) -> None:
    one = own.post("/v1/decide", REFILL)
    many = own.post("/v1/decide/batch", NIGHTLY)
    refused = own.post("/v1/decide", b"{}}")

    rows = [f"{row.seq}:{row.hash}" for row in log_of(own).rows()]
    ids = [row.answer["request_id"] for row in log_of(own).rows()]
    assert ids == [one.headers["x-request-id"]] + [many.headers["x-request-id"]] * 3
    assert one.headers["audit-receipt"] == rows[0]
    assert many.headers["audit-receipt"] == rows[-1]
    assert "audit-receipt" not in refused.headers
    assert len(rows) == 4


@pytest.mark.parametrize("name", ["refill", "no-jz", "question"])
def test_the_short_form_says_what_a_claims_system_posts(own: Served, name: str) -> None:
    body = (CLAIMS / f"{name}.json").read_bytes()
    whole = own.post("/v1/decide", body).json()

    answer = own.post("/v1/decide?view=brief", body)

    short = answer.json()
    (made,) = whole["determinations"]
    assert short.keys() == {"schema", "claim_id", "decision", "lines", "reasons", "receipt"}
    assert short["decision"] == whole["decision"]
    assert [one["outcome"] for one in short["lines"]] == [one["outcome"] for one in made["lines"]]
    assert [one["allowed_units"] for one in short["lines"]] == [
        one["allowed_units"] for one in made["lines"]
    ]
    found = {one["carc"] for one in made["findings"] if one["kind"] != "advise"} - {None}
    asked = made["information_request"]
    assert {one["carc"] for one in short["reasons"]} == found | (
        {asked["carc"]} if asked else set()
    )
    assert short["receipt"] == answer.headers["audit-receipt"]


def test_nothing_else_is_worked_out_for_the_short_form(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payer_policy.determination.details import Detailer

    service = serve(Settings(POLICIES, poll_seconds=60))
    body = (CLAIMS / "question.json").read_bytes()
    computed = []
    details = Detailer.details
    monkeypatch.setattr(
        Detailer, "details", lambda self, account: computed.append(1) or details(self, account)
    )

    short = service.post("/v1/decide?view=brief", body)
    before = len(computed)
    service.post("/v1/decide", body)

    assert (short.json()["decision"], short.json()["receipt"]) == ("pend", None)
    assert (before, len(computed)) == (0, 1)


@pytest.mark.parametrize("form", ["application/json", "application/x-ndjson"])
def test_the_short_forms_of_a_batch_have_their_own_receipts(own: Served, form: str) -> None:
    wrong = b'{"id": "SYN-WRONG", "facts": {"no.such": 1}}'
    body = b"\n".join([REFILL.replace(b"\n", b" "), wrong, REFILL.replace(b"\n", b" ")])

    answer = own.post("/v1/decide/batch?view=brief", body, headers={"Accept": form})

    told = answer.text.splitlines() if "nd" in form else None
    short = answer.json()["answers"] if told is None else [json.loads(line) for line in told]
    rows = [f"{row.seq}:{row.hash}" for row in log_of(own).rows()]
    assert [one.get("receipt") for one in short] == [rows[0], None, rows[1]]
    assert short[1]["problems"]


ROUTES: dict[str, tuple[str, bytes, dict[str, str]]] = {
    "decide": ("/v1/decide", REFILL, {}),
    "brief": ("/v1/decide?view=brief", REFILL, {}),
    "batch": ("/v1/decide/batch", NIGHTLY, {}),
    "explain": ("/v1/explain", REFILL, {"Accept": "text/html"}),
    "fhir": ("/fhir/Claim/$submit", as_bytes(bundle(facts=FAVORABLE)), FHIR),
    "x12": ("/x12/278", REVIEWS, X12),
}


@pytest.mark.parametrize("name", ROUTES)
def test_the_same_key_and_body_get_the_same_bytes_and_one_row(
    serve: Serve, tmp_path: Path, name: str
) -> None:
    settings = Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60)
    path, body, headers = ROUTES[name]
    keyed = {**headers, "Idempotency-Key": f'"SYN-{name}"'}
    first_service = serve(settings)

    first = first_service.post(path, body, headers=keyed)
    rows = log_of(first_service).head()
    second = first_service.post(path, body, headers=keyed)
    after_restart = serve(settings).post(path, body, headers=keyed)
    other_body = first_service.post(path, body + b" ", headers=keyed)
    other_key = first_service.post(path, body, headers={**headers, "Idempotency-Key": "another"})

    assert first.status_code == other_key.status_code == 200
    for again in (second, after_restart):
        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        for header in ("audit-receipt", "content-type"):
            assert again.headers[header] == first.headers[header]
    assert (other_body.status_code, "key-used" in other_body.text or "used" in other_body.text) == (
        422,
        True,
    )
    assert log_of(first_service).head().count == 2 * rows.count
    assert verify(log_of(first_service).rows()).findings == ()


def test_a_key_asked_twice_at_once_is_answered_once(
    own: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both find nothing kept; the second to be written gets what was kept for the first."""

    async def nothing(_: Any) -> None:
        return None

    monkeypatch.setattr(own.state.audit, "reply", nothing)
    key = {"Idempotency-Key": "at-once"}

    answers = [own.post("/v1/decide", REFILL, headers=key) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert [one.headers.get("idempotency-replayed") for one in answers] == [None, "true"]
    assert log_of(own).head().count == 1


def test_keys_of_callers_are_apart_and_nothing_of_a_key_is_stored(
    serve: Serve, tmp_path: Path
) -> None:
    from payer_policy.service.keys import Keys

    keys, first = Keys({}).with_new("first")
    keys, second = keys.with_new("second")
    keys.write(tmp_path / "keys.json")
    file = tmp_path / "audit.sqlite"
    service = serve(
        Settings(POLICIES, keys=tmp_path / "keys.json", audit=str(file), poll_seconds=60)
    )
    own = [
        service.post(
            "/v1/decide", REFILL, headers={"X-API-Key": key, "Idempotency-Key": "SYN-SAME"}
        )
        for key in (first, second, first)
    ]

    assert [one.headers.get("idempotency-replayed") for one in own] == [None, None, "true"]
    stored = b"".join(part.read_bytes() for part in tmp_path.glob("audit.sqlite*"))
    assert b"SYN-REFILL-1" in stored
    assert b"SYN-SAME" not in stored


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, '"'])
def test_a_key_that_is_none_is_refused(own: Served, key: str) -> None:
    answer = own.post("/v1/decide", REFILL, headers={"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/bad-request")
    assert log_of(own).head().count == 0


def test_without_a_record_a_key_cannot_be_kept(serve: Serve) -> None:
    service = serve(Settings(POLICIES, poll_seconds=60))

    answer = service.post("/v1/decide", REFILL, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.json()["type"]) == (501, "/problems/not-configured")


class Held:
    """A writer whose database takes its time: nothing is ever written."""

    def __init__(self, waits: float) -> None:
        self.waits = waits

    def submit(self, *_: Any, **__: Any) -> Future[Written]:
        return Future()

    def close(self, _: float) -> bool:
        return False


def test_a_database_that_hangs_gives_no_answer_within_its_time_and_is_not_ready(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = Limits(write_seconds=0.2)
    settings = Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60)
    service = serve(replace(settings, limits=limits))
    monkeypatch.setattr(service.state.audit, "_writer", Held(0.1))

    late = service.post("/v1/decide", REFILL)
    held_back = service.get("/readyz")
    monkeypatch.setattr(service.state.audit, "_failed_at", None)
    at_once_ready = service.get("/readyz")
    monkeypatch.setattr(service.state.audit, "_writer", Held(0.3))
    refused = service.post("/v1/decide", REFILL)
    stalled = service.get("/readyz")

    assert [one.status_code for one in (late, held_back, at_once_ready, refused, stalled)] == [
        503,
        503,
        200,
        503,
        503,
    ]
    assert {one.json()["type"] for one in (late, refused, stalled)} == {"/problems/not-recorded"}
    assert "does not answer" in refused.json()["detail"]
    assert refused.headers["retry-after"] == "5"


def test_a_fault_is_a_problem_and_nothing_of_it_is_recorded(
    own: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("SYN-SECRET")

    monkeypatch.setattr("payer_policy.service.decisions.json_bytes", fails)
    answer = own.ask(
        "POST", "/v1/decide", content=REFILL, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", answer.json()["instance"])
    assert "SYN-SECRET" not in answer.text
    assert log_of(own).head().count == 0
