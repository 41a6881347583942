"""What the service answers: the same bytes as the command line, and every wrong request told."""

from __future__ import annotations

import copy
import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.cli.decide import command as decide_command
from payer_policy.formats.json import places
from payer_policy.service.negotiation import json_bytes
from tests.service.conftest import CLAIMS, POLICIES, Served


def _by_command_line(path: str, *more: str) -> list[str]:
    arguments = [path, *more, "--json", "--policies", str(POLICIES), "--engine", "compiled"]
    return CliRunner().invoke(decide_command, arguments).stdout.splitlines()


@pytest.mark.parametrize("name", ["refill", "no-jz", "question"])
def test_one_claim_has_the_bytes_of_the_command_line(served: Served, name: str) -> None:
    path = CLAIMS / f"{name}.json"

    answer = served.post("/v1/decide", path.read_bytes())

    assert (answer.status_code, [answer.text]) == (200, _by_command_line(str(path)))


def test_a_file_of_claims_has_the_bytes_of_the_command_line(served: Served) -> None:
    path = CLAIMS / "nightly.837"
    data = path.read_bytes()

    lines = served.post(
        "/v1/decide/batch",
        data,
        headers={"Accept": "application/x-ndjson", "Content-Type": "application/edi-x12"},
    )
    whole = served.post("/v1/decide/batch", data).json()

    assert lines.text.splitlines() == _by_command_line(str(path))
    assert whole["answers"] == [json.loads(line) for line in lines.text.splitlines()]


def test_each_wrong_claim_of_a_batch_is_told_in_its_place(
    served: Served, claim: dict[str, Any]
) -> None:
    wrong = {**claim, "id": "SYN-WRONG", "facts": {"therapy.phase": "refil"}}

    answers = served.post("/v1/decide/batch", [claim, wrong]).json()["answers"]

    assert [one.get("decision") for one in answers] == ["approve", None]
    (problem,) = answers[1]["problems"]
    assert problem["code"] == "unknown-value"
    assert "did you mean `refill`?" in problem["message"] + str(problem["hint"])


@pytest.mark.parametrize(
    ("body", "status", "name", "told"),
    [
        (b"", 422, "refused", "the file is empty"),
        (b"{", 422, "refused", "json-syntax"),
        (b"[]", 422, "refused", "at least one request"),
        (b"\xff\xfe\x00", 422, "refused", "UTF-16"),
        (b'{"id": 1e400}', 422, "refused", "1e400"),
        (b'{"lines": ' + b"[" * 20_000 + b"]" * 20_000 + b"}", 422, "refused", "nested"),
        (b'{"id": "A", "id": "B"}', 422, "refused", "duplicate-key"),
        (b'{"lines": [{"code": "J0945", "date": "2025-02-30"}]}', 422, "refused", "2025-02-30"),
        (b'{"kind": "claim"}\n{"kind": "claim"}', 422, "several-requests", "several requests"),
    ],
)
def test_wrong_bodies_are_refused_with_their_problems(
    served: Served, body: bytes, status: int, name: str, told: str
) -> None:
    answer = served.post("/v1/decide", body)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{name}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert told in answer.text
    assert answer.json()["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"


def test_several_problems_are_told_at_once_with_their_places(
    served: Served, claim: dict[str, Any]
) -> None:
    claim["lines"][1] |= {"units": "four", "date": "2025-13-01", "ndcs": "1"}

    problems = served.post("/v1/decide", json.dumps(claim, indent=1).encode()).json()["problems"]

    assert {problem["location"]["path"] for problem in problems} == {
        "$.lines[1].units",
        "$.lines[1].date",
        "$.lines[1].ndcs",
    }
    assert all(problem["location"]["start"]["line"] > 10 for problem in problems)


def test_what_is_sent_must_be_json_where_one_is_decided(served: Served) -> None:
    headers = {"Content-Type": "application/edi-x12"}

    answer = served.post("/v1/decide", (CLAIMS / "nightly.837").read_bytes(), headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/wrong-media-type")


@pytest.mark.parametrize(
    ("accept", "starts"),
    [
        ("application/json", '{"outcome": {"schema": "payer-policy/outcome/1"'),
        ("text/html", "<!doctype html>"),
        ("text/markdown", "# "),
        ("text/plain", "Claim SYN-"),
        ("text/html;q=0.2, text/plain;q=0.9", "Claim SYN-"),
        ("*/*", '{"outcome"'),
    ],
)
def test_a_proof_comes_in_the_form_that_is_liked_best(
    served: Served, accept: str, starts: str
) -> None:
    body = (CLAIMS / "no-jz.json").read_bytes()

    answer = served.post("/v1/explain", body, headers={"Accept": accept})

    assert answer.status_code == 200
    assert answer.text.casefold().startswith(starts.casefold())
    assert "jz-missing" in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    is_page = answer.headers["content-type"].startswith("text/html")
    assert (
        answer.headers.get("content-security-policy", "").startswith("default-src 'none';")
        is is_page
    )


def test_a_form_that_is_not_made_is_not_acceptable(served: Served) -> None:
    answer = served.post("/v1/explain", b"{}", headers={"Accept": "application/pdf"})

    assert answer.status_code == 406
    assert "text/html" in answer.json()["detail"]


def test_requirements_need_only_a_payer_and_a_code(served: Served) -> None:
    question = {"payer": "commercial-strict", "code": "J0945", "line_of_business": "commercial"}

    answer = served.post("/v1/requirements", question).json()

    (said,) = answer["policies"]
    assert said["policy"]["address"] == "commercial-strict/intrathecal-baclofen"
    assert said["decision"] == "pend"
    assert said["found"] == []
    assert {"diagnosis.codes", "therapy.phase"} <= {one["fact"] for one in said["questions"]}


def test_requirements_for_an_unknown_code_name_what_was_looked_for(served: Served) -> None:
    answer = served.post("/v1/requirements", {"payer": "medicare", "code": "Z9999"}).json()

    assert answer["policies"] == []
    assert [one["code"] for one in answer["without_policy"]] == ["Z9999"]


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ({"payer": "medicare"}, "`payer` and `code`"),
        ({"payer": "medicare", "code": 5}, "`code`: text"),
        ({"payer": "medicare", "code": " "}, "`code` is empty"),
        ({"payer": "medicare", "code": "J0945", "drug": "x"}, "`service_date`"),
        ([], "an object"),
    ],
)
def test_a_wrong_question_is_told(served: Served, question: Any, told: str) -> None:
    answer = served.post("/v1/requirements", question)

    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_the_date_of_a_question_is_checked(served: Served) -> None:
    question = {"payer": "medicare", "code": "J0945", "service_date": "2025-02-30"}

    answer = served.post("/v1/requirements", question)

    assert answer.status_code == 422
    assert "2025-02-30" in answer.json()["problems"][0]["message"]


def test_the_same_request_gets_the_same_bytes(served: Served, claim: dict[str, Any]) -> None:
    texts = {served.post("/v1/decide", copy.deepcopy(claim)).text for _ in range(5)}

    assert len(texts) == 1


def test_facts_beside_an_837_have_the_bytes_of_the_command_line(served: Served) -> None:
    claims, facts = CLAIMS / "nightly.837", CLAIMS / "nightly.facts.json"
    files = {"claims": claims.read_bytes(), "facts": facts.read_bytes()}

    answer = served.ask(
        "POST", "/v1/decide/batch", files=files, headers={"Accept": "application/x-ndjson"}
    )

    by_command_line = _by_command_line(str(claims), "--facts", str(facts))
    assert answer.text.splitlines() == by_command_line
    assert by_command_line != _by_command_line(str(claims))


@pytest.mark.parametrize(
    ("files", "status", "told"),
    [
        ({"claim": b"{}"}, 400, "`claims`"),
        ({"claims": b"[]", "facts": b"{"}, 422, "json-syntax"),
        ({"claims": b'{"id": "A"}', "facts": b'{"B": {"trial.dose": 5}}'}, 422, "B"),
    ],
)
def test_a_wrong_form_is_told(
    served: Served, files: dict[str, bytes], status: int, told: str
) -> None:
    answer = served.ask("POST", "/v1/decide/batch", files=files)

    assert answer.status_code == status
    assert told in answer.text


def test_a_form_that_is_none_is_told(served: Served) -> None:
    for kind in ("multipart/form-data", "multipart/form-data; boundary=x"):
        answer = served.post("/v1/decide/batch", b"nothing", headers={"Content-Type": kind})

        assert answer.status_code == 400


def test_a_form_that_was_cut_off_loses_no_facts_silently(served: Served) -> None:
    claims = (CLAIMS / "nightly.837").read_bytes()
    part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    whole = part % (b"claims", claims) + part % (b"facts", b'{"NOBODY": {"facts": {}}}')
    kind = {"Content-Type": "multipart/form-data; boundary=x"}

    ended = served.post("/v1/decide/batch", whole + b"--x--\r\n", headers=kind)
    cut = served.post("/v1/decide/batch", whole, headers=kind)
    shorter = served.post("/v1/decide/batch", whole[:-20], headers=kind)

    assert (ended.status_code, cut.status_code, shorter.status_code) == (422, 400, 400)
    assert ended.json()["detail"].startswith("1 problem")
    assert "not complete" in cut.json()["detail"]


def test_a_coded_body_is_not_read_as_it_is(served: Served, claim: dict[str, Any]) -> None:
    answer = served.post("/v1/decide", claim, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_a_slash_too_many_leads_nowhere(served: Served, claim: dict[str, Any]) -> None:
    answer = served.post("/v1/decide/", claim, headers={"Host": "elsewhere.example"})

    assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_a_hundred_problems_of_very_many_are_told_and_found_in_one_reading(
    served: Served, claim: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = []
    read = places.read_json
    monkeypatch.setattr(places, "read_json", lambda *a: reads.append(1) or read(*a))
    claim["facts"] = {f"not.a.fact.{n}": 1 for n in range(600)}

    answer = served.post("/v1/decide", claim)

    codes = Counter(problem["code"] for problem in answer.json()["problems"])
    assert codes == {"unknown-fact": 100, "too-many-problems": 1}
    assert len(reads) == 2  # as a request, and again to find the places of its facts


def test_an_answer_is_written_as_the_command_line_writes_it_and_decimals_exactly() -> None:
    text = "".join(map(chr, [*range(0xD800), *range(0xE000, 0x110000, 7)]))
    value = {
        text: [text, "", {}, [], [[], {"a": {}}], True, False, None],
        "numbers": [0, -1, 2**63, -(2**63), 2**64 - 1, 2**64, 10**30, -(10**30)],
        "pairs": (1, ("a", 2)),
    }

    assert json_bytes(value) == json.dumps(value, ensure_ascii=False).encode()
    for one in ("2.50", "0.1", "1234567890123456789.000000000001", "1E+2", "-0.0"):
        assert json_bytes([Decimal(one)]) == f"[{one}]".encode()
    with pytest.raises(UnicodeEncodeError):
        json_bytes("\ud800")
