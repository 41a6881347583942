"""What an approved request certifies, kept as an authorization, is honored when its claim comes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.ruleset import Certifies, Constant, FindingEffect, Reason, Sentence
from payer_policy.determination.certifying import authorization_of, terms_of
from payer_policy.request.mappings import request_from_mapping
from tests.batch.building import engine
from tests.examples import examples

NEVER = {"197", "198", "284", "296", "302", "50"}
PAYERS = ("commercial-standard", "commercial-strict")
FACTS = {
    "trial.response": "favorable",
    "trial.dose": 50,
    "trial.response_hours": 6,
    "trial.ashworth_before": "4",
    "trial.ashworth_after": "2",
    "oral_therapy.outcome": "inadequate",
    "oral_therapy.duration": 90,
    "oral_therapy.with_physical_therapy": True,
    "spasticity.origin": "spinal",
    "contraindication.hypersensitivity": False,
    "contraindication.active_infection": False,
    "contraindication.body_too_small": False,
    "contraindication.device_crosstalk": False,
    "contraindication.psychosis": False,
    "contraindication.autonomic_dysreflexia": False,
}


def asked(payer: str, phase: str, units: int, first: date, last: date) -> dict[str, Any]:
    return {
        "id": "SYN-REQUEST",
        "kind": "preauthorization",
        "received": "2025-01-02",
        "coverage": {"payer": payer, "line_of_business": "commercial", "member_id": "SYN-M"},
        "patient": {"birth_date": "1980-01-01"},
        "provider": {"billing_npi": "1234567893"},
        "diagnoses": ["G82.51"],
        "lines": [
            {"code": "J0945", "units": units, "date": str(first), "through": str(last),
             "place_of_service": "22"}
        ],
        "facts": {**FACTS, "therapy.phase": phase},
    }  # fmt: skip


@given(
    payer=st.sampled_from(PAYERS),
    phase=st.sampled_from(("initial_fill", "refill", "dose_change", "trial")),
    units=st.integers(1, 20),
    share=st.integers(1, 20),
    day=st.integers(0, 59),
)
@settings(max_examples=examples(40), deadline=None)
def test_what_is_certified_is_honored(payer, phase, units, share, day):
    first, last = date(2025, 3, 1), date(2025, 4, 29)
    values = engine().library.vocabulary.facts["therapy.phase"].type.values
    phase = phase if phase in values else values[len(phase) % len(values)]
    request = request_from_mapping(asked(payer, phase, units, first, last))
    (made,) = engine().decide(request).determinations
    filed = authorization_of(made, request, "SYN-PA")
    if made.decision not in ("approve", "partial"):
        assert filed is None
        return
    assert filed is not None and filed.units == units
    assert (filed.valid_from, filed.valid_through) == (first, last)

    when = date.fromordinal(first.toordinal() + day)
    claim = asked(payer, phase, min(share, units), when, when) | {
        "kind": "claim",
        "id": "SYN-CLAIM",
        "received": "2025-05-05",
        "authorization_number": "SYN-PA",
        "authorizations": [filed.model_dump(exclude_none=True)],
    }
    for one in engine().decide(claim).determinations:
        denying = [found for found in one.findings if found.kind in ("deny", "pend", "reduce")]
        assert not [found for found in denying if found.carc in NEVER]


def test_a_request_is_approved_so_the_law_is_about_something() -> None:
    first, last = date(2025, 3, 1), date(2025, 4, 29)
    decisions = {
        engine().decide(asked(payer, phase, 4, first, last)).decision
        for payer in PAYERS
        for phase in engine().library.vocabulary.facts["therapy.phase"].type.values
    }
    assert decisions & {"approve", "partial"}, decisions


def test_six_months_from_january_1_end_on_june_30() -> None:
    effect = FindingEffect(
        "certify",
        Reason(None, None, ()),
        Sentence(("So.",), ()),
        None,
        Constant(20),
        certifies=Certifies(length=Constant(6), length_unit="months"),
    )

    terms = terms_of(effect, {}, date(2025, 1, 1))

    assert terms is not None
    assert (terms.first_day, terms.last_day) == (date(2025, 1, 1), date(2025, 6, 30))


def test_a_confirmation_of_no_such_rule_is_refused_with_its_place() -> None:
    claim = asked("commercial-strict", "refill", 4, date(2025, 3, 1), date(2025, 3, 1)) | {
        "kind": "claim",
        "confirmations": [{"rule": "contraindicate", "by": "A. Physician", "on": "2025-03-02"}],
    }

    with pytest.raises(PolicyError) as refused:
        engine().decide(claim)

    (found,) = refused.value.diagnostics
    assert (found.code, found.location.path) == ("unknown-rule", "$.confirmations[0].rule")
    assert found.hint == "did you mean `contraindicated`?"
