"""Questions out and answers in: nothing is lost on the way, whatever the type of a fact."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.json_source import read_json
from payer_policy.core.vocabulary.codes import stand_in
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import parse_value
from payer_policy.formats.fhir import (
    AskedFact,
    exact_json,
    facts_from_response,
    form_for,
    questionnaire,
    questionnaire_package,
    read_submissions,
    response_to,
)
from payer_policy.request.given import parse_facts
from tests.formats.fhir.building import CASES, FAVORABLE, bundle, claim, decided, engine, submitted
from tests.formats.fhir.golden import check_golden

VOCABULARY = engine().library.vocabulary
FACTS = [fact for fact in VOCABULARY.facts.values() if not fact.derived]


def _values(fact: Fact) -> st.SearchStrategy[Any]:
    """Any value, and where there may be no such thing, that."""
    some = _some(fact)
    return st.just("none") | some if fact.type.can_be_none else some


def _some(fact: Fact) -> st.SearchStrategy[Any]:
    kind, least, most = fact.type.kind, fact.type.minimum, fact.type.maximum
    if fact.type.is_numeric:
        least = -1000 if least is None else least
        most = 10**9 if most is None else most
    match kind:
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(least, most)
        case "decimal":
            return st.decimals(least, most, places=3).map(
                lambda value: int(value) if value == int(value) else value.normalize()
            )
        case "date":
            return st.dates(least or date.min, most or date.max).map(str)
        case "choice":
            return st.sampled_from(fact.type.values)
        case "codes":
            return st.sets(_codes(fact.type.system), max_size=4).map(sorted)
        case _:
            return _codes(fact.type.system)


def _codes(system: str | None) -> st.SearchStrategy[str]:
    return st.integers(0, 99).map(lambda number: stand_in(system, number))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_answers_give_the_facts_back_exactly(data: st.DataObject) -> None:
    asked = data.draw(st.lists(st.sampled_from(FACTS), unique_by=lambda f: f.name, max_size=8))
    facts = {fact.name: data.draw(_values(fact), fact.name) for fact in asked}
    on_lines = {
        number: {fact.name: data.draw(_values(fact), fact.name) for fact in asked}
        for number in data.draw(st.sets(st.integers(1, 99999), max_size=2))
    }
    questions = [AskedFact(fact) for fact in asked or FACTS[:1]]
    questions += [
        AskedFact(fact, number, f"Line {number}") for number in on_lines for fact in asked
    ]
    form = form_for(questions, "Questions")

    response = response_to(form, VOCABULARY, facts, on_lines)
    # On the wire and back, as exact text.
    again = facts_from_response(read_json(exact_json(response), "answers.json").value, VOCABULARY)

    assert again.problems == ()
    assert _parsed(again.facts) == _parsed(facts)
    assert {number: _parsed(given) for number, given in again.lines.items()} == {
        number: _parsed(given) for number, given in on_lines.items() if given
    }


def _parsed(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    made, problems = parse_facts(VOCABULARY, facts)
    assert problems == []
    return made


def test_a_pended_request_is_answered_by_its_own_questionnaire() -> None:
    """Ask, answer, send again: what pended for facts is then decided."""
    outcome = decided(submitted(bundle()))
    assert outcome["decision"] == "pend"
    form = questionnaire(VOCABULARY, outcome)
    assert form is not None
    missing = [one["fact"] for one in outcome["determinations"][0]["missing"]]
    asked = [item["linkId"] for item in form["item"]]
    assert [name for name in asked if not name.endswith(":none")] == missing
    assert "trial.dose:none" in asked

    response = response_to(form, VOCABULARY, FAVORABLE)
    facts, _, problems = facts_from_response(response, VOCABULARY)
    answered = decided(submitted(bundle(facts=facts)))

    assert problems == ()
    assert set(facts) == set(missing) & set(FAVORABLE)
    assert answered["decision"] == "approve"


def test_what_is_about_one_of_two_services_is_asked_and_answered_for_each() -> None:
    """Two doses on one claim: what is about the member is asked once, the rest for each line."""
    [item] = claim()["item"]
    later = {**item, "sequence": 4, "servicedDate": "2026-09-07"}
    request = claim(item=[item, later])
    outcome = decided(submitted(bundle(request)))
    form = questionnaire(VOCABULARY, outcome)
    assert form is not None
    asked = {one["linkId"]: one["text"] for one in form["item"]}

    assert "therapy.phase" not in asked
    assert asked["therapy.phase:line-1"].startswith("Line 1, J0475 on 2026-03-02: What is the drug")
    assert asked["therapy.phase:line-4"].startswith("Line 4, J0475 on 2026-09-07: What is the drug")
    assert "trial.response" in asked
    assert "trial.response:line-1" not in asked

    phases = {1: {"therapy.phase": "initial"}, 4: {"therapy.phase": "refill"}}
    member = {name: value for name, value in FAVORABLE.items() if name != "therapy.phase"}
    response = response_to(form, VOCABULARY, member, phases)
    _, lines, problems = facts_from_response(response, VOCABULARY)
    assert (lines, problems) == (phases, ())
    again = bundle(request)
    again["entry"].append({"fullUrl": "urn:synthetic:answers", "resource": response})
    answered = decided(submitted(again))

    before = [(one["service_date"], one["decision"]) for one in outcome["determinations"]]
    after = [(one["service_date"], one["decision"]) for one in answered["determinations"]]
    assert before == [("2026-03-02", "pend"), ("2026-09-07", "pend")]
    assert after == [("2026-03-02", "approve"), ("2026-09-07", "approve")]


def test_an_answer_for_a_line_that_the_claim_has_not_is_an_error() -> None:
    form = form_for([AskedFact(VOCABULARY.facts["therapy.phase"], 3, "Line 3")], "Questions")
    response = response_to(form, VOCABULARY, {}, {3: {"therapy.phase": "refill"}})
    given = bundle()
    given["entry"].append({"fullUrl": "urn:synthetic:answers", "resource": response})
    [one] = read_submissions(exact_json(given).encode(), "f.json", VOCABULARY)

    [problem] = one.intake.diagnostics
    assert problem.code == "unknown-line"
    assert (
        "`therapy.phase` is answered for line 3, and the claim has no such item" in problem.message
    )


def test_the_form_itself() -> None:
    form = questionnaire(VOCABULARY, decided(submitted(bundle(payer="CSTR0001"))))
    assert form is not None
    check_golden(CASES / "questionnaire.json", form)
    package = questionnaire_package(form)
    assert package["parameter"][0]["resource"]["entry"][0]["resource"] == form


def test_the_same_questions_are_the_same_form_and_no_question_is_none() -> None:
    outcome = decided(submitted(bundle()))
    again = questionnaire(VOCABULARY, outcome)
    assert again == questionnaire(VOCABULARY, outcome["determinations"][0])
    assert questionnaire(VOCABULARY, decided(submitted(bundle(facts=FAVORABLE)))) is None


ANSWERS: dict[str, tuple[str, list[dict[str, Any]], Any, str | None]] = {
    # name: (fact, its answers, the fact's value, the code of what is wrong)
    "milligrams": (
        "trial.dose",
        [{"valueQuantity": {"value": Decimal("0.05"), "code": "mg"}}],
        {"value": Decimal("0.05"), "unit": "mg"},
        None,
    ),
    "weeks": (
        "oral_therapy.duration",
        [{"valueQuantity": {"value": 6, "unit": "weeks"}}],
        {"value": 6, "unit": "weeks"},
        None,
    ),
    "its own unit": ("trial.dose", [{"valueQuantity": {"value": 50, "code": "ug"}}], 50, None),
    "no unit": ("trial.dose", [{"valueQuantity": {"value": 50}}], 50, None),
    "hours for a dose": (
        "trial.dose",
        [{"valueQuantity": {"value": 50, "code": "h"}}],
        None,
        "unit-mismatch",
    ),
    "months are no days": (
        "oral_therapy.duration",
        [{"valueQuantity": {"value": 2, "code": "mo"}}],
        None,
        "unit-mismatch",
    ),
    "a numeral": ("trial.dose", [{"valueString": "50.5"}], Decimal("50.5"), None),
    "yes as a coding": (
        "contraindication.psychosis",
        [{"valueCoding": {"system": "http://terminology.hl7.org/CodeSystem/v2-0136", "code": "Y"}}],
        True,
        None,
    ),
    "yes as a word for a number": ("trial.dose", [{"valueBoolean": True}], None, "wrong-type"),
    "asked, not known": (
        "trial.response",
        [
            {
                "valueCoding": {
                    "system": "http://terminology.hl7.org/CodeSystem/data-absent-reason",
                    "code": "asked-unknown",
                }
            }
        ],
        None,
        None,
    ),
    "a choice that there is not": (
        "trial.response",
        [{"valueCoding": {"code": "good"}}],
        None,
        "unknown-value",
    ),
    "two answers": (
        "trial.response",
        [{"valueString": "favorable"}, {"valueString": "not_favorable"}],
        None,
        "contradiction",
    ),
    "a time": ("trial.date", [{"valueDateTime": "2026-01-12T10:00:00Z"}], "2026-01-12", None),
    "a month": ("trial.date", [{"valueDateTime": "2026-01"}], None, "wrong-value"),
    "no document": (
        "documents.received",
        [{"valueCoding": {"system": "urn:payer-policy:answers", "code": "none"}}],
        [],
        None,
    ),
    "two documents": (
        "documents.received",
        [{"valueString": "trial_note"}, {"valueCoding": {"code": "order"}}],
        ["order", "trial_note"],
        None,
    ),
    "no answer": ("trial.dose", [], None, None),
    "what follows from others": (
        "preauthorization.needed",
        [{"valueBoolean": True}],
        None,
        "derived-fact",
    ),
    "what is no fact": ("trial.dos", [{"valueDecimal": 1}], None, "unknown-fact"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_how_an_answer_is_read(name: str) -> None:
    fact, answers, value, wrong = ANSWERS[name]
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [{"linkId": "group", "item": [{"linkId": fact, "answer": answers}]}],
    }

    facts, _, problems = facts_from_response(response, VOCABULARY)

    assert facts.get(fact) == value  # with the unit that it was given in
    if value is not None:
        read = parse_value(VOCABULARY.facts[fact].type, facts[fact])
        assert read == {"milligrams": 50, "weeks": 42}.get(name, read)
        assert read is not None
    assert [problem.code for problem in problems] == ([wrong] if wrong else [])


def test_a_wrong_answer_refuses_the_claim_at_its_place() -> None:
    request = bundle(facts={"trial.dose": 50})
    answers = request["entry"][-1]["resource"]
    answers["item"][0]["answer"] = [{"valueString": "a lot"}]

    intake = submitted(request).intake

    assert intake.request is None
    assert [problem.code for problem in intake.diagnostics] == ["wrong-type"]
    assert "entry[6].resource.item[0].answer" in intake.diagnostics[0].location.path


def test_two_questionnaires_that_disagree_refuse_the_claim() -> None:
    request = bundle(facts={"trial.dose": 50})
    other = bundle(facts={"trial.dose": 75})["entry"][-1]
    request["entry"].append({**other, "fullUrl": "urn:uuid:other"})

    intake = submitted(request).intake

    assert intake.request is None
    assert [problem.code for problem in intake.diagnostics] == ["contradiction"]
