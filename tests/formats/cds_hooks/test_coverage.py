"""What is asserted about an order: covered, preauthorization, documents; and never on ignorance."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.formats.cds_hooks.coverage_information import authorization_needed, covered
from tests.formats.cds_hooks.building import answered, call, information, order, read
from tests.formats.fhir.building import FAVORABLE, HCPCS, ICD, RULES, coded
from tests.formats.fhir.golden import check_golden

CASES = Path(__file__).parent / "cases"
UNFAVORABLE = {
    **FAVORABLE,
    "trial.response": "not_favorable",
    "trial.dose": 100,
    "trial.ashworth_after": "3",
}
ELSEWHERE = [coded(ICD, "M54.50")]

ORDERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # name: (the call, what is asserted)
    "few facts": (
        call(),
        {"covered": "conditional", "pa-needed": "conditional", "doc-needed": "clinical"},
    ),
    "all facts": (
        call(facts=FAVORABLE),
        {"covered": "covered", "pa-needed": "auth-needed", "doc-needed": "no-doc"},
    ),
    "no preauthorization": (
        call(facts=FAVORABLE, payer="medicare"),
        {"covered": "covered", "pa-needed": "no-auth", "doc-needed": "no-doc"},
    ),
    "no preauthorization and few facts": (
        call(payer="medicare"),
        {
            "covered": "conditional",
            "pa-needed": "no-auth",
        },
    ),
    "the phase alone": (
        call(facts={"therapy.phase": "initial"}),
        {
            "covered": "conditional",
            "pa-needed": "auth-needed",
            "doc-needed": "clinical",
            "doc-purpose": "withpa",
        },
    ),
    "a diagnosis that is not covered": (
        call(order(reasonCode=ELSEWHERE), facts=FAVORABLE),
        {"covered": "not-covered"},
    ),
    "a reason for a clinician": (
        call(facts=UNFAVORABLE),
        {"covered": "conditional", "pa-needed": "auth-needed"},
    ),
    "a diagnosis that is coded too shortly": (
        call(order(reasonCode=[coded(ICD, "G35")]), facts=FAVORABLE),
        {"covered": "not-covered"},
    ),
    "nothing but the code": (
        call(order(reasonCode=None, occurrenceDateTime=None, quantityQuantity=None)),
        {"covered": "conditional", "pa-needed": "conditional", "doc-needed": "clinical"},
    ),
    "a payer that is not known": (
        call(facts=FAVORABLE, payer="ELSEWHERE-1"),
        {"covered": "conditional", "pa-needed": "conditional", "info-needed": "OTH"},
    ),
    "another code": (
        call(order(code=coded(HCPCS, "E0250"))),
        {"covered": "conditional", "pa-needed": "conditional", "info-needed": "OTH"},
    ),
}
TOLD = ("covered", "pa-needed", "doc-needed", "doc-purpose")


@pytest.mark.parametrize("name", ORDERS)
def test_what_is_asserted(name: str) -> None:
    body, expected = ORDERS[name]
    hook = read(body)
    assert hook.diagnostics == ()

    answer = answered(hook)

    said = information(answer["systemActions"][0]["resource"])
    told = {key: said[key][0] for key in TOLD if key in said}
    assert told == {key: value for key, value in expected.items() if key in TOLD}
    if "info-needed" in expected:
        assert expected["info-needed"] in said["info-needed"]
    check_golden(CASES / f"{name.replace(' ', '-')}.json", answer)


@pytest.mark.parametrize("name", ORDERS)
def test_the_rules_of_the_extension_are_kept(name: str) -> None:
    """The invariants crd-ci-q1 to q5 of the CRD guide, and what its elements may be."""
    for action in answered(read(ORDERS[name][0]))["systemActions"]:
        said = information(action["resource"])
        (cover,), (_,), (_,) = said["covered"], said["date"], said["coverage-assertion-id"]
        needed = said.get("pa-needed", [None])[0]
        documents = said.get("doc-needed", [None])[0]
        assert cover in ("covered", "not-covered", "conditional")
        assert (needed is None) == (cover == "not-covered")
        if "questionnaire" in said:
            assert documents in ("clinical", "admin")
        if "info-needed" in said:
            assert "conditional" in (cover, needed, documents)
        assert ("satisfied-pa-id" in said) == (needed == "satisfied")


@settings(max_examples=25, deadline=None)
@given(names=st.sets(st.sampled_from(sorted(FAVORABLE))))
def test_learning_more_never_takes_an_assertion_back(names: set[str]) -> None:
    """With fewer facts: the same assertion or `conditional`; and nothing is refused on ignorance."""
    for whole, cover in ((FAVORABLE, "covered"), (UNFAVORABLE, "conditional")):
        some = {name: whole[name] for name in sorted(names)}
        said = information(answered(read(call(facts=some)))["systemActions"][0]["resource"])
        assert said["covered"][0] in (cover, "conditional")
        assert said["pa-needed"][0] in ("auth-needed", "conditional")


def _determination(**changes: Any) -> dict[str, Any]:
    made = {
        "decision": "deny",
        "internal": None,
        "lines": [{"number": 1, "outcome": "deny", "allowed_units": 0}],
        "findings": [{"kind": "deny", "carc": "11"}],
        "derived": {},
        "missing": [],
    }
    return {**made, **changes}


REVIEWED = {"kind": "deny", "carc": "50", "review": "clinician"}


def _of_a_claim(*findings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A service for which no preauthorization is needed."""
    found = [{"kind": "advise", **one} for one in findings]
    return _determination(
        decision="not_required", **{"unsettled": [], "findings": found, **changes}
    )


TABLE: list[tuple[list[dict[str, Any]], str]] = [
    ([_determination()], "not-covered"),
    ([_determination(findings=[])], "conditional"),
    ([_determination(findings=[{"kind": "deny", "carc": "16"}])], "conditional"),
    ([_determination(decision="pend", recommended="deny", findings=[REVIEWED])], "conditional"),
    ([_determination(findings=[REVIEWED, {"kind": "deny", "carc": "11"}])], "not-covered"),
    ([_of_a_claim()], "covered"),
    ([_of_a_claim(findings=[{"kind": "advise", "carc": None}])], "covered"),
    ([_of_a_claim({"would": "deny", "carc": "11"})], "not-covered"),
    ([_of_a_claim({"would": "deny", "carc": "16"})], "conditional"),
    ([_of_a_claim({"would": "deny", "carc": "50", "review": "clinician"})], "conditional"),
    ([_of_a_claim({"would": "pend", "carc": "16"})], "conditional"),
    ([_of_a_claim(unsettled=[{"rule": "a-rule"}])], "conditional"),
    ([_determination(findings=[{"kind": "pend", "carc": "11"}])], "conditional"),
    ([_determination(internal="a conflict")], "conditional"),
    ([_determination(decision="pend", lines=[])], "conditional"),
    ([_determination(decision="approve")], "covered"),
    (
        [_determination(decision="partial", lines=[{"outcome": "reduce"}, {"outcome": "approve"}])],
        "covered",
    ),
    (
        [_determination(decision="partial", lines=[{"outcome": "deny"}, {"outcome": "approve"}])],
        "conditional",
    ),
    ([_determination(), _determination(decision="approve")], "conditional"),
    ([], "conditional"),
]


@pytest.mark.parametrize("index", range(len(TABLE)))
def test_the_table_of_covered(index: int) -> None:
    determinations, expected = TABLE[index]
    assert covered({"determinations": determinations}, RULES) == expected


def test_a_clinician_who_confirmed_makes_it_not_covered() -> None:
    one = _determination(decision="pend", recommended="deny", findings=[REVIEWED])
    rules = replace(RULES, clinician_confirmed=True)
    assert covered({"determinations": [one]}, rules) == "not-covered"


@pytest.mark.parametrize(
    ("derived", "number", "expected"),
    [
        ({}, None, "conditional"),
        ({"preauthorization.needed": False}, "A-1", "no-auth"),
        ({"preauthorization.needed": True}, "A-1", "auth-needed"),
        ({"preauthorization.needed": True, "authorization.matches": True}, "A-1", "satisfied"),
        ({"preauthorization.needed": True, "authorization.matches": True}, None, "auth-needed"),
        ({"authorization.matches": True}, "A-1", "conditional"),
    ],
)
def test_the_table_of_preauthorization(
    derived: dict[str, Any], number: str | None, expected: str
) -> None:
    outcome = {"determinations": [_determination(derived=derived)]}
    assert authorization_needed(outcome, number, RULES) == expected


def test_the_same_order_has_the_same_assertion_on_every_day() -> None:
    first, second = (json.dumps(answered(read(call()))) for _ in range(2))
    assert first == second


def test_an_assertion_takes_the_place_of_the_one_before_it() -> None:
    before = answered(read(call()))["systemActions"][0]["resource"]
    before["extension"].insert(0, {"url": "urn:example:kept", "valueString": "kept"})

    after = answered(read(call(before, facts=FAVORABLE)))["systemActions"][0]["resource"]

    assert [one["url"].rpartition("/")[2] for one in after["extension"]] == [
        "urn:example:kept",
        "ext-coverage-information",
    ]
    assert information(after)["covered"] == ["covered"]
    assert after["id"] == before["id"]
