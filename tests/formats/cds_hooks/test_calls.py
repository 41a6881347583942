"""Calls of the services: which orders are read, from where, and what is said of the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.formats.cds_hooks import discovery, read_feedback, read_hook, response
from payer_policy.formats.fhir import exact_json
from tests.formats.cds_hooks.building import DAY, answered, call, information, order, read
from tests.formats.fhir.building import FAVORABLE, HCPCS, RULES, coded, engine
from tests.formats.fhir.golden import check_golden

SAMPLES = Path(__file__).parent / "samples"
CASES = Path(__file__).parent / "cases"


def test_the_services() -> None:
    check_golden(CASES / "services.json", discovery())
    published = json.loads((SAMPLES / "cds-services.json").read_text(encoding="utf-8"))
    keys = {"hook", "title", "description", "id", "prefetch"}
    for service in (*discovery()["services"], *published["services"]):
        assert keys <= set(service)


def test_the_published_call_goes_through() -> None:
    data = (SAMPLES / "order_sign_hook_request.json").read_bytes()
    library = engine().library
    hook = read_hook("order-sign", data, library.vocabulary, library.reference)

    answer = answered(hook)

    assert [one.reference for one in hook.orders] == [
        "NutritionOrder/pureeddiet-simple",
        "MedicationRequest/smart-MedicationRequest-103",
    ]
    assert [card["summary"] for card in answer["cards"]] == [
        "SCT|226211001: a billing code (HCPCS or CPT) is missing",
        "RXNORM|617993: a billing code (HCPCS or CPT) is missing",
    ]
    assert "systemActions" not in answer
    assert "does not say which coverage is asked" in answer["cards"][0]["detail"]
    assert "SAMPLE_TOKEN" not in repr(hook)


def test_an_answer_has_the_shape_of_the_published_one() -> None:
    path = SAMPLES / "coverage_info_system_action_covered.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    body = call(order("DeviceRequest"), facts=FAVORABLE, payer="medicare")

    (ours,) = answered(read(body))["systemActions"]

    assert set(ours) == set(published)
    theirs = information(published["resource"])
    assert set(theirs) <= set(information(ours["resource"]))
    assert theirs["covered"] == information(ours["resource"])["covered"]


@pytest.mark.parametrize("kind", ["ServiceRequest", "DeviceRequest", "MedicationRequest"])
def test_every_kind_of_order_is_decided(kind: str) -> None:
    (one,) = read(call(order(kind))).orders

    assert one.intake.request is not None
    made = one.intake.request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    assert made == {
        "kind": "preauthorization",
        "id": f"{kind}/order-1",
        "coverage": {
            "payer": "CSTD0001",
            "payer_name": "A payer",
            "line_of_business": "commercial",
            "plan": "PLAN-1",
            "member_id": "SYN-MEMBER-1",
        },
        "patient": {"birth_date": "1990-04-01"},
        "diagnoses": ["G80.0"],
        "lines": [{"number": 1, "code": "J0475", "units": 4, "date": "2026-03-02"}],
    }


def test_a_medication_by_reference() -> None:
    drug = order(
        "MedicationRequest",
        medicationCodeableConcept=None,
        medicationReference={"reference": "#drug"},
        contained=[{"resourceType": "Medication", "id": "drug", "code": coded(HCPCS, "J0475")}],
    )
    (one,) = read(call(drug)).orders
    assert one.label == "J0475"


def test_the_age_of_another_patient_is_not_taken() -> None:
    (one,) = read(call(order(subject={"reference": "Patient/somebody-else"}))).orders
    assert one.intake.request is not None
    assert one.intake.request.patient.birth_date is None


def test_only_what_is_chosen_is_answered() -> None:
    body = call(order(id="a"), order(id="b"), hook="order-select")
    body["context"]["selections"] = ["ServiceRequest/b", "ServiceRequest/c"]

    hook = read(body, "order-select")

    assert [one.reference for one in hook.orders] == ["ServiceRequest/b"]
    assert [(one.code, one.severity) for one in hook.diagnostics] == [("not-sent", "warning")]
    assert answered(hook)["cards"][-1]["detail"] == (
        '* the selection "ServiceRequest/c" is not among the draft orders'
    )


@pytest.mark.parametrize("key", ["dispatchedOrders", "order"])
def test_dispatched_orders_come_from_what_was_prefetched(key: str) -> None:
    body = call(hook="order-dispatch")
    del body["context"]["draftOrders"]
    body["context"][key] = (
        "ServiceRequest/order-1" if key == "order" else ["ServiceRequest/order-1"]
    )
    body["context"]["performer"] = "Practitioner/doctor"
    body["prefetch"]["order"] = order()
    body["prefetch"]["performer"] = {
        "resourceType": "Practitioner",
        "id": "doctor",
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1122334450"}],
        "qualification": [
            {
                "code": {
                    "coding": [
                        {"system": "http://nucc.org/provider-taxonomy", "code": "207L00000X"}
                    ]
                }
            }
        ],
    }

    (one,) = read(body, "order-dispatch").orders

    assert one.intake.request is not None
    provider = one.intake.request.provider
    assert (provider.rendering_npi, provider.rendering_specialty) == ("1122334450", "207L00000X")


def test_an_order_that_was_not_prefetched_is_named() -> None:
    body = call(hook="order-dispatch")
    body["context"]["dispatchedOrders"] = ["ServiceRequest/elsewhere"]
    hook = read(body, "order-dispatch")

    assert hook.orders == ()
    assert not hook.refused
    assert "was not prefetched" in answered(hook)["cards"][0]["detail"]


def test_of_several_coverages_the_known_payers_is_asked() -> None:
    body = call()
    entries = body["prefetch"]["coverage"]["entry"]
    other = json.loads(json.dumps(entries[1]["resource"]))
    payer = json.loads(json.dumps(entries[0]["resource"]))
    coverage = other if other["resourceType"] == "Coverage" else payer
    organization = payer if coverage is other else other
    coverage.update(id="other", payor=[{"reference": "Organization/other"}])
    organization.update(id="other", identifier=[{"value": "ELSEWHERE-1"}])
    entries += [{"resource": coverage}, {"resource": organization}]

    (one,) = read(body).orders
    assert one.coverage == "Coverage/coverage"

    organization["identifier"][0]["value"] = "CSTR0001"
    (one,) = read(body).orders
    assert one.coverage is None


def test_a_call_can_do_without_coverage_information_and_cards() -> None:
    more = {"davinci-crd.configuration": {"coverage-info": False, "max-cards": 0}}
    assert answered(read(call(extension=more))) == {"cards": []}


def test_cards_are_as_cds_hooks_has_them() -> None:
    for body in (call(), call(facts=FAVORABLE), call(payer="medicare"), call(payer="X-1")):
        for card in answered(read(body))["cards"]:
            assert len(card["summary"]) <= 140
            assert card["indicator"] in ("info", "warning", "critical")
            assert card["source"]["label"]
            for link in card.get("links", ()):
                assert link["url"].startswith("https://")
                assert link["type"] == "absolute"


def test_markdown_that_came_with_the_call_stays_text() -> None:
    body = call(order(code={"text": "[click](javascript:1) <b>*now*</b>"}))
    (card,) = answered(read(body))["cards"]
    assert "<b>" not in card["detail"]
    assert "](" not in card["detail"]


def test_an_order_that_cannot_be_read_leaves_the_others_alone() -> None:
    two = order(id="b")
    two["code"]["coding"].append({"system": HCPCS, "code": "J0476"})
    hook = read(call(order(id="a"), two))

    answer = answered(hook)

    assert [one["description"] for one in answer["systemActions"]] == [
        "Coverage information for ServiceRequest/a"
    ]
    assert "J0475 and J0476" in answer["cards"][1]["detail"]


BAD: dict[str, tuple[str, Any, str]] = {
    # name: (service, body, the code)
    "no such service": ("order-sing", call(), "unknown-value"),
    "another hook": ("order-sign", call(hook="order-select"), "wrong-value"),
    "no instance": ("order-sign", {"hook": "order-sign", "context": {}}, "missing-key"),
    "no orders": (
        "order-sign",
        {"hook": "order-sign", "hookInstance": "1", "context": {}},
        "missing-key",
    ),
    "a list": ("order-sign", [1], "wrong-type"),
    "no JSON": ("order-sign", b"{", "json-syntax"),
    "too many orders": (
        "order-sign",
        call(*[order(id=str(i)) for i in range(201)]),
        "too-many-lines",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_call_that_cannot_be_read(name: str) -> None:
    service, body, code = BAD[name]
    hook = read_hook(service, body if isinstance(body, bytes) else json.dumps(body).encode())

    assert hook.refused
    assert hook.orders == ()
    assert [problem.code for problem in hook.diagnostics] == [code]


def test_an_outcome_for_each_order_is_demanded() -> None:
    with pytest.raises(ValueError, match="zip"):
        response(read(call()), [], DAY, vocabulary=engine().library.vocabulary, rules=RULES)


WHOLE: dict[str, Any] = json.loads(exact_json(call(order(), order("MedicationRequest", id="b"))))
OTHERS: tuple[Any, ...] = (None, 7, "x", True, [], {}, [{}], "9" * 300)


def _paths(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node)
        if isinstance(node, list)
        else ()
    )
    for key, child in pairs:
        yield from _paths(child, (*path, key))


@settings(max_examples=150, deadline=None)
@given(path=st.sampled_from(list(_paths(WHOLE))), how=st.sampled_from(OTHERS))
def test_damaged_calls_are_answered_or_refused(path: tuple[Any, ...], how: Any) -> None:
    made = json.loads(json.dumps(WHOLE))
    target: Any = made
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = how

    hook = read(made)

    assert not any(
        problem.code == "internal-error"
        for one in hook.orders
        for problem in one.intake.diagnostics
    )
    exact_json(answered(hook))


def test_feedback() -> None:
    body = {
        "feedback": [
            {"card": "c-1", "outcome": "accepted", "outcomeTimestamp": "2026-02-02T10:00:00Z"},
            {"card": "c-2", "outcome": "overridden", "overrideReason": {"userComment": "no"}},
        ]
    }
    found, problems = read_feedback(json.dumps(body).encode())
    assert problems == ()
    assert [one.outcome for one in found] == ["accepted", "overridden"]

    found, problems = read_feedback(b'{"feedback": [{"card": "c", "outcome": "liked"}]}')
    assert found == ()
    assert [problem.code for problem in problems] == ["wrong-value"]


def test_a_draft_of_a_type_that_is_not_read_is_told() -> None:
    sent = call(order(), {"resourceType": "Frobnicate", "id": "x", "status": "draft"})

    answer = answered(read(sent))

    assert len(answer["systemActions"]) == 1
    assert any("Frobnicate" in card["detail"] for card in answer["cards"])


BILLING = json.loads((Path(__file__).parent / "billing.json").read_text("utf-8"))
SYSTEMS = {
    "hcpcs": HCPCS,
    "cpt": "http://www.ama-assn.org/go/cpt",
    "ndc": "http://hl7.org/fhir/sid/ndc",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "snomed": "http://snomed.info/sct",
}
OPTIONS = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-billing-options"


def concept(codes: list[list[str]]) -> dict[str, Any]:
    return {"coding": [{"system": SYSTEMS[name], "code": code} for name, code in codes]}


@pytest.mark.parametrize("case", BILLING, ids=[case["title"] for case in BILLING])
def test_what_an_order_is_billed_by(case: dict[str, Any]) -> None:
    given, expected = case["code"], case["then"]
    code = {**concept(given["coding"]), "text": given.get("text", "x")}
    code["extension"] = [
        {"url": OPTIONS, "valueCodeableConcept": concept([one])} for one in given.get("options", [])
    ]
    hook = read(call(order(code=code)))
    (one,) = hook.orders

    assert one.intake.request is not None
    (line,) = one.intake.request.lines
    assert (line.code, line.ndc) == (expected["code"], expected.get("ndc"))
    assert (one.billing or {}).get("code") == expected.get("billing")
    made = answered(hook)
    (card,) = made["cards"]
    info = information(made["systemActions"][0]["resource"])
    known = "|" not in expected["code"] and expected["code"] != "NO CODE"
    assert ("a billing code (HCPCS or CPT) is missing" in card["summary"]) is not known
    if not known:
        reasons = [reason["text"] for reason in info["reason"]]
        assert reasons[0].startswith("The order gives no billing code (HCPCS or CPT)")
        assert "contact the payer" not in json.dumps(made)
        assert info["covered"] == ["conditional"]
        assert [expected["says"] in one for one in reasons[1:]] == [True] * ("says" in expected)


def test_options_on_the_order_itself_and_on_a_medication() -> None:
    option = {"url": OPTIONS, "valueCodeableConcept": concept([["hcpcs", "J0475"]])}
    clinical = concept([["rxnorm", "1292"]])
    drug = order(
        "MedicationRequest",
        medicationCodeableConcept=None,
        medicationReference={"reference": "#drug"},
        contained=[
            {
                "resourceType": "Medication",
                "id": "drug",
                "code": {**clinical, "extension": [option]},
            }
        ],
    )
    for made in (order(code=clinical, extension=[option]), drug):
        (one,) = read(call(made)).orders
        assert (one.label, one.lacks_billing_code) == ("J0475", False)
