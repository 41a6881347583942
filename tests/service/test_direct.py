"""The busiest paths are answered without the framework's routing, and exactly as with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

import h11
import httpx
import pytest
from fastapi import FastAPI

from payer_policy.service.application import gated
from payer_policy.service.connections import _InOneWrite
from payer_policy.service.keys import Keys
from payer_policy.service.recording import now
from payer_policy.service.settings import Limits, Settings
from tests.formats.fhir.building import FAVORABLE, as_bytes, bundle
from tests.service.conftest import CLAIMS, POLICIES, Serve, Served

REFILL = (CLAIMS / "refill.json").read_bytes()
BUNDLE = as_bytes(bundle(facts=FAVORABLE))
FHIR = {"Content-Type": "application/fhir+json"}
DECIDE, BRIEF, SUBMIT = "/v1/decide", "/v1/decide?view=brief", "/fhir/Claim/$submit"
SAME_ID = {"X-Request-ID": "0b6f0c5e-5a51-4c43-9d3c-3a2d7ad0a111"}


@dataclass
class Keyed:
    """A service with keys and without a record, so that equal requests get equal bytes."""

    service: Served
    key: str
    other: str
    """A key that may not decide."""


@pytest.fixture(scope="module")
def keyed(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Keyed:
    folder = tmp_path_factory.mktemp("direct")
    keys, key = Keys({}).with_new("claims")
    keys, other = keys.with_new("meters", ["metrics"])
    keys.write(folder / "keys.json")
    settings = Settings(POLICIES, keys=folder / "keys.json", poll_seconds=60)
    return Keyed(serve(replace(settings, limits=Limits(body_bytes=100_000))), key, other)


@dataclass
class Both:
    """The same request by both roads, and how often each went through the framework."""

    direct: httpx.Response
    framework: httpx.Response
    through: list[int]
    logged: list[dict[str, Any]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Any:
    calls = []
    called = FastAPI.__call__

    async def counted(self: FastAPI, *args: Any) -> None:
        calls.append(1)
        await called(self, *args)

    monkeypatch.setattr(FastAPI, "__call__", counted)
    moment = now()  # a FHIR answer says when it was made
    monkeypatch.setattr("payer_policy.service.fhir.now", lambda: moment)
    caplog.set_level(logging.INFO, "payer_policy.service")

    def asked(service: Served, path: str, body: bytes, headers: dict[str, str]) -> Both:
        answers, through = [], []
        caplog.clear()
        # A parameter that no path has: the framework ignores it, and is asked for every one.
        for one in (path, f"{path}{'&' if '?' in path else '?'}unknown=1"):
            before = len(calls)
            answers.append(service.post(one, body, headers={**SAME_ID, **headers}))
            through.append(len(calls) - before)
        events = [one.event for one in caplog.records if one.msg == "request"]  # type: ignore[attr-defined]
        return Both(*answers, through, [{**one, "ms": None} for one in events])

    return asked


def alike(both: Both) -> None:
    direct, framework = both.direct, both.framework
    assert both.through == [0, 1]
    assert (direct.status_code, direct.content) == (framework.status_code, framework.content)
    assert sorted(direct.headers.multi_items()) == sorted(framework.headers.multi_items())
    assert both.logged[0] == both.logged[1]


REQUESTS: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "decided": (DECIDE, REFILL, {}, 200),
    "pended": (DECIDE, (CLAIMS / "question.json").read_bytes(), {}, 200),
    "short form": (BRIEF, REFILL, {}, 200),
    "FHIR": (SUBMIT, BUNDLE, FHIR, 200),
    "FHIR, wrong": (SUBMIT, b"[1]", FHIR, 400),
    "FHIR, another media type": (SUBMIT, BUNDLE, {"Content-Type": "text/csv"}, 415),
    "no JSON": (DECIDE, b"{", {}, 422),
    "nothing": (DECIDE, b"", {}, 422),
    "a key twice": (BRIEF, b'{"id": "A", "id": "B"}', {}, 422),
    "two requests": (DECIDE, b'{"kind": "claim"}\n{"kind": "claim"}', {}, 422),
    "another media type": (DECIDE, REFILL, {"Content-Type": "text/csv"}, 415),
    "compressed": (DECIDE, REFILL, {"Content-Encoding": "gzip"}, 415),
    "too large": (DECIDE, b" " * 100_001, {}, 413),
    "too many values": (DECIDE, b"[" + b"0," * 60_000 + b"0]", {}, 413),
    "an idempotency key and no record": (DECIDE, REFILL, {"Idempotency-Key": "k"}, 501),
    "FHIR, an idempotency key": (SUBMIT, BUNDLE, {**FHIR, "Idempotency-Key": "k"}, 501),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_both_roads_lead_to_the_same_answer(keyed: Keyed, ask: Any, name: str) -> None:
    path, body, headers, status = REQUESTS[name]

    both = ask(keyed.service, path, body, {"X-API-Key": keyed.key, **headers})

    alike(both)
    assert both.direct.status_code == status
    assert both.logged[0]["route"] == path.partition("?")[0]
    assert both.logged[0]["caller"] == "claims"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer {key}"}, 200),
        ({"Authorization": "bearer  {key} "}, 200),
        ({"Authorization": "Basic {key}"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer {key}x"}, 401),
        ({"Authorization": "Bearer {other}"}, 403),
        ({"X-API-Key": "{key}"}, 200),
        ({"X-API-Key": "{other}"}, 403),
        ({"X-API-Key": ""}, 401),
        ({"Authorization": "Bearer {other}", "X-API-Key": "{key}"}, 403),
        ({"Authorization": "Basic {other}", "X-API-Key": "{key}"}, 200),
    ],
)
def test_keys_are_asked_for_on_both_roads(
    keyed: Keyed, ask: Any, headers: dict[str, str], status: int
) -> None:
    stated = {n: v.format(key=keyed.key, other=keyed.other) for n, v in headers.items()}

    for path, body in ((DECIDE, REFILL), (SUBMIT, BUNDLE)):
        both = ask(keyed.service, path, body, {**stated, "Content-Type": "application/json"})

        alike(both)
        assert both.direct.status_code == status


@pytest.mark.parametrize("path", [DECIDE, SUBMIT])
def test_a_fault_is_a_problem_on_both_roads(
    keyed: Keyed, ask: Any, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError("SYN-SECRET")

    for module in ("decisions", "fhir"):
        monkeypatch.setattr(f"payer_policy.service.{module}.answer_once", fails)
    headers = {"X-API-Key": keyed.key, "Content-Type": "application/json"}

    def asked(path: str) -> httpx.Response:
        return keyed.service.post(path, REFILL, headers={**SAME_ID, **headers})

    both = Both(asked(path), asked(f"{path}?unknown=1"), [0, 1], [{}, {}])

    alike(both)
    assert both.direct.status_code == 500
    assert "SYN-SECRET" not in both.direct.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", DECIDE, 405),
        ("PUT", DECIDE, 405),
        ("POST", "/v1/decide/", 404),
        ("POST", "/v1/decide?view=long", 400),
        ("POST", "/v1/decide?view=", 400),
    ],
)
def test_whatever_is_not_plain_is_left_to_the_framework(
    keyed: Keyed, method: str, path: str, status: int
) -> None:
    answer = keyed.service.ask(method, path, headers={"X-API-Key": keyed.key}, content=REFILL)

    assert answer.status_code == status


def test_a_web_page_of_a_named_origin_may_read_the_answer(keyed: Keyed) -> None:
    app = keyed.service.gate.app.app  # type: ignore[attr-defined]
    service = replace(keyed.service, gate=gated(app, origins=["https://ehr.example"]))
    headers = {"X-API-Key": keyed.key, "Origin": "https://ehr.example"}

    for path in (DECIDE, f"{DECIDE}?unknown=1"):
        answer = service.post(path, REFILL, headers=headers)

        assert answer.headers["access-control-allow-origin"] == "https://ehr.example"
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


def test_headers_are_written_with_the_body_and_nothing_is_lost() -> None:
    asked = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    events: list[h11.Event] = [
        h11.InformationalResponse(status_code=100, headers=[]),
        h11.Response(status_code=200, headers=[(b"content-length", b"4")]),
        h11.Data(data=b"ab"),
        h11.Data(data=b"cd"),
        h11.EndOfMessage(),
    ]
    plain, own = h11.Connection(h11.SERVER), _InOneWrite(h11.SERVER)
    for one in (plain, own):
        one.receive_data(asked)
        one.next_event()
        one.next_event()

    expected = [plain.send(event) or b"" for event in events]
    written = [own.send(event) for event in events]

    assert b"".join(written) == b"".join(expected)
    assert written == [expected[0], b"", expected[1] + b"ab", b"cd", b""]
