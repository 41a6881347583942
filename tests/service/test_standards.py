"""FHIR, CDS Hooks and X12 over HTTP: what is asked and answered, and what of it is recorded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from payer_policy.audit import outcome_of
from payer_policy.audit.verifying import verify
from payer_policy.service.keys import SCHEMA, USUAL, Keys, KeysUnreadable
from payer_policy.service.settings import Settings
from tests.formats.cds_hooks.building import call, order
from tests.formats.fhir.building import FAVORABLE, as_bytes, bundle, claim
from tests.formats.x12.review_reading import read_reviews
from tests.service.conftest import POLICIES, ROOT, Serve, Served
from tests.service.processes import one_payer

FHIR = {"Content-Type": "application/fhir+json"}
X12 = {"Content-Type": "application/edi-x12"}
CLAIMS_IN_FILE = ("SYN-837-WASTE", "SYN-837-NO-JZ", "SYN-837-INITIAL")
REVIEWS = (ROOT / "examples" / "x12" / "reviews.278").read_bytes()


def _response(resource: Mapping[str, Any]) -> dict[str, Any]:
    """The ClaimResponse of a bundle."""
    found = [one["resource"] for one in resource["entry"]]
    (response,) = [one for one in found if one["resourceType"] == "ClaimResponse"]
    return dict(response)


def _actions(response: Mapping[str, Any]) -> list[str]:
    text = json.dumps(response)
    return [code for code in ("A1", "A2", "A3", "A4", "CT", "NA") if f'"code": "{code}"' in text]


def test_a_submitted_bundle_is_answered_by_a_bundle(served: Served) -> None:
    answer = served.post("/fhir/Claim/$submit", as_bytes(bundle(facts=FAVORABLE)), headers=FHIR)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    response = _response(answer.json())
    assert _actions(response) == ["A1"]
    assert response["preAuthRef"]


def test_what_is_missing_comes_as_a_questionnaire_and_its_answers_settle_it(served: Served) -> None:
    first = served.post("/fhir/Claim/$submit", as_bytes(bundle()), headers=FHIR).json()
    kinds = [one["resource"]["resourceType"] for one in first["entry"]]
    (form,) = [one["resource"] for one in first["entry"] if _is(one, "Questionnaire")]

    again = served.post("/fhir/Claim/$submit", as_bytes(bundle(facts=FAVORABLE)), headers=FHIR)

    assert kinds[0] == "ClaimResponse"
    assert _actions(_response(first)) == ["A4"]
    assert "trial.response" in {item["linkId"] for item in form["item"]}
    assert _actions(_response(again.json())) == ["A1"]


def _is(entry: Mapping[str, Any], kind: str) -> bool:
    return bool(entry["resource"]["resourceType"] == kind)


def test_a_claim_alone_is_answered_by_a_claim_response(served: Served) -> None:
    answer = served.post("/fhir/Claim/$submit", as_bytes(claim()), headers=FHIR).json()

    assert answer["resourceType"] == "ClaimResponse"


@pytest.mark.parametrize(
    ("body", "status", "kind", "told"),
    [
        (b"{", 400, "OperationOutcome", "json"),
        (b'{"resourceType": "Patient"}', 400, "OperationOutcome", "a Claim"),
        (b'{"resourceType": "Claim"}', 200, "ClaimResponse", "status"),
    ],
)
def test_what_cannot_be_read_is_told_in_fhir(
    served: Served, body: bytes, status: int, kind: str, told: str
) -> None:
    answer = served.post("/fhir/Claim/$submit", body, headers=FHIR)

    assert (answer.status_code, answer.json()["resourceType"]) == (status, kind)
    assert told in answer.text


def test_problems_of_fhir_paths_are_operation_outcomes(served: Served) -> None:
    wrong = served.post("/fhir/Claim/$submit", b"<Claim/>", headers={"Content-Type": "text/xml"})
    nobody = served.post("/fhir/Claim/$submit", b"{}", headers={**FHIR, "Authorization": ""})

    assert (wrong.status_code, nobody.status_code) == (415, 401)
    assert wrong.json()["issue"][0]["code"] == "not-supported"
    assert nobody.json()["issue"][0]["code"] == "login"
    assert served.get("/fhir/metadata").json()["fhirVersion"] == "4.0.1"


def test_an_inquiry_gets_what_was_answered_and_nothing_of_others(
    serve: Serve, tmp_path: Path
) -> None:
    own = serve(Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60))
    given = own.post("/fhir/Claim/$submit", as_bytes(bundle(facts=FAVORABLE)), headers=FHIR)
    stranger = bundle()
    stranger["entry"][5]["resource"]["subscriberId"] = "SYN-MEMBER-2"

    mine = own.post("/fhir/Claim/$inquire", as_bytes(bundle()), headers=FHIR)
    theirs = own.post("/fhir/Claim/$inquire", as_bytes(stranger), headers=FHIR)

    (found,) = [one["resource"] for one in mine.json()["entry"]]
    said = _response(given.json())
    assert (found["preAuthRef"], found["item"]) == (said["preAuthRef"], said["item"])
    (nothing,) = [one["resource"] for one in theirs.json()["entry"]]
    assert nothing["resourceType"] == "OperationOutcome"
    assert "No answer was found" in nothing["issue"][0]["details"]["text"]


@pytest.mark.parametrize("path", ["/fhir/Claim/$submit", "/v1/decide/batch"])
@pytest.mark.parametrize("place", ["resourceType", "text"])
def test_half_a_character_is_refused_and_nothing_of_it_recorded(
    serve: Serve, tmp_path: Path, path: str, place: str
) -> None:
    own = serve(Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60))
    resource = bundle(facts=FAVORABLE)
    if place == "text":
        resource["entry"][0]["resource"]["text"] = {"status": "generated", "div": "\ud800"}
    else:
        resource["resourceType"] += "\ud800"

    answer = own.post(path, json.dumps(resource).encode(), headers=FHIR)

    assert answer.status_code in (200, 400)
    assert "U+D800" in answer.text
    assert own.state.audit is not None
    assert own.state.audit.log.head().count == 0


@pytest.fixture
def keyed(serve: Serve, tmp_path: Path) -> tuple[Served, dict[str, str]]:
    """A service with keys of every kind."""
    keys, made = Keys({}), {}
    for name, scopes in {
        "clinic": USUAL,
        "other": USUAL,
        "registry": {"inquire-any", "inquire"},
        "meters": {"metrics"},
        "nothing": set(),
    }.items():
        keys, made[name] = keys.with_new(name, scopes)  # type: ignore[arg-type]
    keys.write(tmp_path / "keys.json")
    settings = Settings(
        POLICIES, keys=tmp_path / "keys.json", audit=str(tmp_path / "audit.sqlite"), poll_seconds=60
    )
    return serve(settings), made


def test_an_inquiry_shows_a_key_its_own_submissions_and_is_recorded(
    keyed: tuple[Served, dict[str, str]],
) -> None:
    service, keys = keyed

    def ask(path: str, who: str, resource: dict[str, Any]) -> dict[str, Any]:
        headers = {**FHIR, "X-API-Key": keys[who]}
        answer: dict[str, Any] = service.post(path, as_bytes(resource), headers=headers).json()
        return answer

    unnamed = bundle()
    for entry in unnamed["entry"]:
        entry["resource"].pop("identifier", None)
    ask("/fhir/Claim/$submit", "clinic", bundle(facts=FAVORABLE))
    own = ask("/fhir/Claim/$inquire", "clinic", bundle())
    other = ask("/fhir/Claim/$inquire", "other", bundle())
    wider = ask("/fhir/Claim/$inquire", "registry", bundle())
    without_provider = ask("/fhir/Claim/$inquire", "registry", unnamed)

    kinds = [one["entry"][0]["resource"]["resourceType"] for one in (own, other, wider)]
    assert kinds == ["ClaimResponse", "OperationOutcome", "ClaimResponse"]
    assert "No answer was found" in json.dumps(other)
    assert "found no NPI" in json.dumps(without_provider)
    assert service.state.audit is not None
    rows = list(service.state.audit.log.rows())
    told = [(row.answer["caller"], row.answer.get("answers")) for row in rows]
    assert told == [("clinic", None), ("clinic", 1), ("other", 0), ("registry", 1)]
    assert [row.about_member["rows"] for row in rows[1:] if row.about_member] == [[1], [], [1]]
    assert verify(iter(rows)).findings == ()


@pytest.mark.parametrize(
    ("who", "open_"),
    [
        ("clinic", {"decide", "inquire", "policies"}),
        ("registry", {"inquire"}),
        ("meters", {"metrics"}),
        ("nothing", set()),
    ],
)
def test_a_key_opens_what_its_scopes_say(
    keyed: tuple[Served, dict[str, str]], who: str, open_: set[str]
) -> None:
    service, keys = keyed
    headers = {"X-API-Key": keys[who], **FHIR}
    paths = {
        "decide": ("POST", "/v1/decide/batch"),
        "inquire": ("POST", "/fhir/Claim/$inquire"),
        "policies": ("GET", "/v1/policies"),
        "metrics": ("GET", "/metrics"),
    }
    statuses = {
        scope: service.ask(method, path, headers=headers, content=b"{}").status_code
        for scope, (method, path) in paths.items()
    }

    assert {scope for scope, status in statuses.items() if status == 403} == paths.keys() - open_
    told = service.get("/readyz", headers=headers).json()
    assert ("name" in told) == (who == "meters")
    if who == "nothing":
        refused = service.get("/v1/policies", headers=headers).json()
        assert refused["type"] == "/problems/not-allowed"
        assert "has no scopes; this path requires the scope `policies`" in refused["detail"]


def test_a_file_of_keys_without_scopes_is_read_as_before(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    entry = {"sha256": "0" * 64}
    file.write_text(json.dumps({"schema": SCHEMA, "keys": {"old": entry}}), encoding="utf-8")
    (holder,) = Keys.read(file).holders()
    file.write_text(json.dumps({"schema": SCHEMA, "keys": {"a": {**entry, "scopes": ["all"]}}}))

    assert holder.scopes == USUAL
    with pytest.raises(KeysUnreadable, match="`scopes` is a list of decide, inquire"):
        Keys.read(file)


def test_without_an_audit_record_inquiries_and_278s_say_what_is_missing(
    serve: Serve, tmp_path: Path
) -> None:
    own = serve(Settings(one_payer(tmp_path), poll_seconds=60))

    inquiry = own.post("/fhir/Claim/$inquire", as_bytes(bundle()), headers=FHIR)
    review = own.post("/x12/278", REVIEWS, headers=X12)

    assert (inquiry.status_code, review.status_code) == (501, 501)
    assert "--audit" in inquiry.text
    assert "--audit" in review.text


def test_cds_services_are_listed_without_a_key(served: Served) -> None:
    services = served.get("/cds-services", headers={"Authorization": ""}).json()["services"]

    assert [one["hook"] for one in services] == ["order-sign", "order-select", "order-dispatch"]


def test_an_order_comes_back_with_coverage_information(served: Served) -> None:
    answer = served.post("/cds-services/order-sign", as_bytes(call())).json()

    (action,) = answer["systemActions"]
    (card,) = answer["cards"]
    text = json.dumps(action["resource"])
    assert "ext-coverage-information" in text
    assert '"not-covered"' not in text  # nobody said anything against it
    assert len(card["summary"]) <= 140


def test_an_order_comes_back_with_its_decimals_as_they_were_sent(served: Served) -> None:
    body = as_bytes(call(order(quantityQuantity={"value": 4}))).replace(
        b'"quantityQuantity":{"value":4}', b'"quantityQuantity":{"value":4.50}'
    )
    assert b"4.50" in body

    answer = served.post("/cds-services/order-sign", body)

    assert answer.status_code == 200
    assert '"quantityQuantity": {"value": 4.50}' in answer.text


def test_a_wrong_call_of_a_cds_service_is_told(served: Served) -> None:
    unknown = served.post("/cds-services/order-sing", as_bytes(call()))
    other = served.post("/cds-services/order-select", as_bytes(call()))
    feedback = {"feedback": [{"card": "1", "outcome": "accepted"}]}
    heard = served.post("/cds-services/order-sign/feedback", feedback)
    wrong = served.post("/cds-services/order-sign/feedback", {"feedback": []})

    assert (unknown.status_code, other.status_code) == (404, 422)
    assert "order-sign" in unknown.json()["detail"]
    assert (heard.status_code, wrong.status_code) == (200, 422)
    assert 'outcome="accepted",service="order-sign"' in served.get("/metrics").text


def test_a_278_is_answered_by_a_278_from_its_receiver(served: Served) -> None:
    answer = served.post("/x12/278", REVIEWS, headers=X12)
    again = served.post("/x12/278", REVIEWS, headers=X12)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/edi-x12")
    isa, other = answer.text.split("*")[:16], again.text.split("*")[:16]
    asked = REVIEWS.decode().split("*")[:16]
    assert (isa[6], isa[8]) == (asked[8], asked[6])
    assert isa[13] != other[13]
    read = read_reviews(answer.text, "answer")
    assert read.problems == ()
    actions = [(one.id, one.whole.action if one.whole else None) for one in read.reviews]
    assert actions == [("SYN-PA-1", "A4"), ("SYN-PA-2", "A4"), ("SYN-PA-3", "")]
    assert [bool(one.rejections) for one in read.reviews] == [False, False, True]


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 422, "empty"),
        (b"{}", 415, "/v1/decide"),
        ((ROOT / "examples" / "claims" / "nightly.837").read_bytes(), 422, "837"),
        (REVIEWS[:300], 422, ""),
    ],
)
def test_what_is_no_278_request_is_told(
    served: Served, body: bytes, status: int, told: str
) -> None:
    answer = served.post("/x12/278", body, headers=X12)

    assert answer.status_code == status
    assert told in answer.text


def test_every_answer_of_every_standard_is_in_the_record(serve: Serve, tmp_path: Path) -> None:
    own = serve(Settings(POLICIES, audit=str(tmp_path / "audit.sqlite"), poll_seconds=60))
    own.post("/fhir/Claim/$submit", as_bytes(bundle(facts=FAVORABLE)), headers=FHIR)
    own.post("/cds-services/order-sign", as_bytes(call()))
    own.post("/x12/278", REVIEWS, headers=X12)
    own.post("/v1/decide/batch", (ROOT / "examples" / "claims" / "nightly.837").read_bytes())
    own.post("/fhir/Claim/$submit", b'{"resourceType": "Claim"}', headers=FHIR)
    assert own.state.audit is not None

    rows = list(own.state.audit.log.rows())

    kinds = [(outcome_of(row) or {})["determinations"][0]["kind"] for row in rows[:3]]
    assert kinds == ["preauthorization"] * 3
    decided = [(outcome_of(row) or {})["claim_id"] for row in rows[2:]]
    assert decided == ["SYN-PA-1", "SYN-PA-2", *CLAIMS_IN_FILE]  # SYN-PA-3 cannot be read


def test_a_test_278_is_answered_as_a_test_and_rejections_have_numbers_of_their_own(
    served: Served,
) -> None:
    asked = REVIEWS.replace(b"*0*P*:", b"*0*T*:", 1) if b"*0*P*:" in REVIEWS else REVIEWS
    only_wrong = REVIEWS[: REVIEWS.index(b"ST*278*0001")] + REVIEWS[REVIEWS.index(b"ST*278*0003") :]

    answers = [served.post("/x12/278", only_wrong, headers=X12).text for _ in range(2)]
    tried = served.post("/x12/278", asked, headers=X12).text

    assert all("AAA*" in one for one in answers)
    assert len({one.split("*")[13] for one in answers}) == 2
    assert tried.split("*")[15] == "T"


def test_interchanges_of_several_parties_are_not_answered_to_one(served: Served) -> None:
    other = REVIEWS.replace(b"SYNTHCLINIC    ", b"OTHERCLINIC    ")

    answer = served.post("/x12/278", REVIEWS + other, headers=X12)

    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "several-parties"


@pytest.mark.parametrize("kind", ["application/json", "application/fhir+json; charset=utf-8"])
def test_both_media_types_of_fhir_are_read(served: Served, kind: str) -> None:
    answer = served.post("/fhir/Claim/$submit", as_bytes(bundle()), headers={"Content-Type": kind})

    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["application/pdf", "application/json", "multipart/form-data"])
def test_what_is_no_x12_by_its_own_word_is_not_read(served: Served, kind: str) -> None:
    assert served.post("/x12/278", REVIEWS, headers={"Content-Type": kind}).status_code == 415


def test_diagnoses_of_another_code_system_deny_nothing(served: Served) -> None:
    asked = REVIEWS.replace(b"HI*ABK:", b"HI*BK:")
    assert asked != REVIEWS

    read = read_reviews(served.post("/x12/278", asked, headers=X12).text, "answer")

    messages = [one.whole.message for one in read.reviews if one.whole]
    assert not any("diagnoses" in text and "[11" in text for text in messages)
