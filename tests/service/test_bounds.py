"""Work is bounded by what a body costs, not by its bytes: steps are counted here, not seconds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from payer_policy.core.json_source import JsonDocument
from payer_policy.formats import read_requests
from payer_policy.formats.json.places import Piece
from payer_policy.service.admission import check_parts, count_parts
from payer_policy.service.problems import Problem
from payer_policy.service.settings import Limits
from payer_policy.service.state import Deadline
from tests.service.conftest import CLAIMS, Served

LINE = {"code": "J0945", "units": 4, "date": "2025-03-04"}
X12 = (CLAIMS / "nightly.837").read_bytes()


def request(**parts: Any) -> bytes:
    return json.dumps({"coverage": {"payer": "medicare"}, **parts}).encode()


def pointing(most: int) -> bytes:
    line = {**LINE, "diagnosis_pointers": list(range(1, most))}
    return request(diagnoses=["G82.51"], lines=[line] * 200)


BODIES: dict[str, tuple[str, bytes, int, str]] = {
    "pointers that are too many": ("/v1/decide", pointing(900), 413, "too-many-parts"),
    "pointers to nothing": ("/v1/decide", pointing(99), 422, "refused"),
    "facts that are none": (
        "/v1/decide",
        request(facts={f"no.such.{number}": 1 for number in range(5_000)}),
        422,
        "refused",
    ),
    "lines of JSON where one request belongs": (
        "/v1/decide",
        b"{\n" * 5_400,
        422,
        "several-requests",
    ),
    "lines of JSON, many": ("/v1/decide", b"{}\n" * 68_000, 413, "too-many-parts"),
    "lines of JSON, many, in a batch": (
        "/v1/decide/batch",
        b"{}\n" * 68_000,
        413,
        "too-many-requests-in-one",
    ),
    "items of a FHIR claim": (
        "/fhir/Claim/$submit",
        b'{"resourceType":"Claim","item":[' + b",".join([b"{}"] * 333_333) + b"]}",
        413,
        "too-many-parts",
    ),
    "numbers": (
        "/v1/decide/batch",
        b'[{"id":[' + b",".join([b"0"] * 1_950_000) + b"]}]",
        413,
        "too-many-parts",
    ),
    "lines of many claims": (
        "/v1/decide/batch",
        json.dumps(
            [{"lines": [{"code": "J0945", "number": n + 1} for n in range(900)]}] * 30
        ).encode(),
        413,
        "too-many-requests-in-one",
    ),
}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many problems are made and how many texts are read, by whoever."""
    counts: Counter[str] = Counter()

    def counting(owner: Any, name: str) -> None:
        old: Callable[..., Any] = getattr(owner, name)

        def counted(*args: Any, **more: Any) -> Any:
            counts[name] += 1
            return old(*args, **more)

        monkeypatch.setattr(owner, name, counted)

    counting(JsonDocument, "problem")
    counting(Piece, "read")
    return counts


@pytest.mark.parametrize("name", BODIES)
def test_no_body_makes_more_than_a_hundred_problems_or_reads_more_than_it_must(
    served: Served, made: Counter[str], name: str
) -> None:
    path, body, status, kind = BODIES[name]

    answer = served.post(path, body)

    assert answer.status_code == status
    assert kind in answer.text or "Too many values" in answer.text
    assert len(answer.json().get("problems", ())) <= 101
    assert made["problem"] <= 101
    # Of a batch each is read once, and one more tells that there are too many; twice where its
    # problems are to be placed.
    assert made["read"] <= (Limits().batch_requests + 1 if "batch" in path else 2)


@pytest.mark.parametrize(
    "body",
    [
        X12.replace(b"CLM*", b"ZZ*1~" * 200_000 + b"CLM*", 1),
        X12.replace(b"CLM*", b"~" * 1_000_000 + b"CLM*", 1),
        json.dumps([{"id": f"SYN-{number}"} for number in range(50)]).encode(),
        b"\n".join(b'{"id": "SYN-%d"}' % number for number in range(50)),
    ],
    ids=["unknown segments", "empty segments", "a list", "JSON Lines"],
)
def test_readers_look_at_the_clock(body: bytes) -> None:
    looked = []

    read_requests(body, "body", pause=lambda: looked.append(1))

    assert 3 <= len(looked) <= 51

    late = Deadline(-1)
    with pytest.raises(Problem, match="deadline"):
        read_requests(body, "body", pause=late.check)


def test_parts_are_counted_before_a_body_is_read() -> None:
    assert count_parts(b' \n[{"a": [1, 2]}, {}]') == 6
    assert count_parts(X12 * 100) == 0
    with pytest.raises(Problem) as caught:
        check_parts(b"\xef\xbb\xbf[1,2,3]", 2)

    assert (caught.value.name, caught.value.detail) == (
        "too-many-parts",
        "found 3 values; the maximum is 2",
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"resourceType":"Claim","item":[' + b",".join([b"{}"] * 20_000) + b"]}", "$.item"),
        (b'{"id":[' + b",".join([b"0"] * 20_000) + b"]}", "$.id"),
        (b'{"facts":{"a":' + b"[" + b",".join([b'"b"'] * 10_001) + b"]}}", "$.facts.a"),
    ],
)
def test_a_list_that_no_claim_has_is_refused_before_its_elements_are_looked_at(
    body: bytes, path: str
) -> None:
    (intake,) = read_requests(body, "body")

    (problem,) = intake.diagnostics
    assert (problem.code, problem.location.path) == ("too-large", path)
    assert "more than 10,000 elements" in problem.message
