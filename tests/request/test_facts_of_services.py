"""Facts about the member stand on the request, facts about a service on its lines."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy import Engine, PolicyError
from tests.policy.checks.building import build

FACTS: dict[str, Any] = {
    "iron.last": {
        "type": "date", "can_be_none": True, "about": "service",
        "label": "the date of the last dose", "question": "When?",
    },
    "iron.dose": {
        "type": "integer", "unit": "mcg", "about": "service",
        "label": "the dose", "question": "How much?",
    },
    "iron.days_since": {
        "type": "integer", "unit": "days", "label": "the time since the last dose",
        "from": {"compute": {"days_between": [{"fact": "iron.last"}, {"fact": "service.date"}]}},
    },
    "iron.allergic": {"type": "boolean", "label": "an allergy", "question": "Is there one?"},
}  # fmt: skip


def rule(name: str, when: dict[str, Any], **then: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "cites": ["manual"], "when": when, "then": then}


def denies(name: str, when: dict[str, Any], because: str) -> dict[str, Any]:
    reason = {"group": "CO", "carc": "151", "rarc": ["N362"], "because": because}
    return rule(name, when, deny=reason)


CASE = {
    "add_facts": FACTS,
    "add_rules": {
        "north/iron/2024-01-01.json": [
            denies("too-soon", {"fact": "iron.days_since", "less_than": 56}, "{iron.days_since}."),
            denies("too-much", {"fact": "iron.dose", "more_than": 900}, "{iron.dose}."),
            denies("allergic", {"fact": "iron.allergic", "is": True}, "An allergy."),
        ]
    },
}

RULES = ("too-soon", "too-much", "allergic")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("services") / "policies"
    build(CASE, folder)
    return Engine.open(folder)


def claim(*lines: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {
        "id": "SYN-1",
        "coverage": {"payer": "north"},
        "lines": [{"code": "J1756", "units": 1, "date": "2024-06-03", **line} for line in lines],
        "facts": {name.replace("__", "."): value for name, value in facts.items()},
    }


def answers(engine: Engine, request: dict[str, Any]) -> dict[tuple[int, ...], list[str]]:
    """By the lines of each service, which of the rules were found on it or wait for a fact."""
    return {
        tuple(line.number for line in one.lines): sorted(
            {found.rule for found in one.findings if found.rule in RULES}
            | {f"{waits.rule}?" for waits in one.unsettled if waits.rule in RULES}
        )
        for one in engine.decide(request).determinations
    }


def problems(engine: Engine, request: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(PolicyError) as found:
        engine.decide(request)
    return [(one.code, one.location.path, one.message) for one in found.value.diagnostics]


NO_ALLERGY = {"iron__allergic": False}


def test_each_service_has_its_own_facts(engine: Engine) -> None:
    request = claim(
        {"facts": {"iron.last": "2024-05-27", "iron.dose": 100}},
        {"date": "2024-06-10", "facts": {"iron.last": "2024-06-03", "iron.dose": 1000}},
        {"date": "2024-08-12", "facts": {"iron.last": "none", "iron.dose": 900}},
        **NO_ALLERGY,
    )

    assert answers(engine, request) == {
        (1,): ["too-soon"],
        (2,): ["too-much", "too-soon"],
        (3,): [],
    }


def test_what_stands_on_one_line_is_not_known_of_another_service(engine: Engine) -> None:
    request = claim(
        {"facts": {"iron.last": "2024-05-27", "iron.dose": 100}},
        {"date": "2024-06-10"},
        **NO_ALLERGY,
    )

    assert answers(engine, request) == {(1,): ["too-soon"], (2,): ["too-much?", "too-soon?"]}


def test_a_fact_on_any_line_of_a_service_is_the_service_s(engine: Engine) -> None:
    request = claim(
        {"modifiers": ["JZ"]},
        {"modifiers": ["59"], "facts": {"iron.last": "2024-05-27"}},
        {"modifiers": ["76"], "facts": {"iron.dose": 1000, "iron.last": "2024-05-27"}},
        **NO_ALLERGY,
    )

    assert answers(engine, request) == {(1, 2, 3): ["too-much", "too-soon"]}


def test_the_request_s_facts_are_the_one_service_s_that_can_be_meant(engine: Engine) -> None:
    """A line without a policy is no service that a fact can be meant of."""
    request = claim(
        {},
        {"code": "96365", "date": "2024-06-10"},
        iron__last="2024-05-27",
        iron__dose=1000,
        **NO_ALLERGY,
    )

    assert answers(engine, request) == {(1,): ["too-much", "too-soon"]}


def test_a_fact_for_the_whole_request_that_could_be_meant_of_two_services_is_refused(
    engine: Engine,
) -> None:
    request = claim(
        {},
        {"modifiers": ["59"]},
        {"date": "2024-06-10"},
        iron__last="2024-05-27",
        iron__allergic=True,
    )

    assert problems(engine, request) == [
        (
            "several-services",
            "$.facts.iron.last",
            "`iron.last` is about one service, but 2 services need it: lines 1 and 2 (J1756 on "
            "2024-06-03), line 3 (J1756 on 2024-06-10)",
        )
    ]


def test_a_computed_fact_is_about_the_service_too(engine: Engine) -> None:
    [(code, path, _)] = problems(engine, claim({}, {"date": "2024-06-10"}, iron__days_since=7))

    assert (code, path) == ("several-services", "$.facts.iron.days_since")


def test_many_services_are_counted(engine: Engine) -> None:
    lines = [{"date": f"2024-06-{day:02}"} for day in range(1, 9)]
    [(_, _, message)] = problems(engine, claim(*lines, iron__dose=100))

    assert message.startswith("`iron.dose` is about one service, but 8 services need it: line 1 (")
    assert message.endswith("line 5 (J1756 on 2024-06-05), 3 more")


def test_every_wrong_fact_of_a_line_is_reported_at_its_place(engine: Engine) -> None:
    request = claim(
        {"facts": {"iron.allergic": True, "iron.dos": 3}},
        {"number": 7, "facts": {"iron.dose": "much"}},
        iron__dose=False,
    )

    assert problems(engine, request) == [
        (
            "misplaced-fact",
            "$.lines[0].facts.iron.allergic",
            "line 1: `iron.allergic` is about the member and not about one service",
        ),
        ("unknown-fact", "$.lines[0].facts.iron.dos", "line 1: `iron.dos` is not a fact"),
        (
            "wrong-type",
            "$.facts.iron.dose",
            "fact `iron.dose`: found false; a number was expected",
        ),
        (
            "wrong-type",
            "$.lines[1].facts.iron.dose",
            'line 7: fact `iron.dose`: found "much"; a number was expected',
        ),
    ]


def test_lines_of_one_service_that_disagree_are_refused(engine: Engine) -> None:
    request = claim(
        {"modifiers": ["JZ"], "facts": {"iron.dose": 100}},
        {"modifiers": ["59"], "facts": {"iron.dose": 200, "iron.last": "none"}},
        iron__last="2024-05-27",
    )

    assert problems(engine, request) == [
        (
            "contradicts-claim",
            "$.lines[1].facts.iron.dose",
            "line 2 gives `iron.dose` as 200 mcg, but line 1 gives 100 mcg, and both are about one "
            "service",
        ),
        (
            "contradicts-claim",
            "$.lines[1].facts.iron.last",
            "line 2 gives `iron.last` as none, but the request gives 2024-05-27, and both are about "
            "one service",
        ),
    ]


def test_a_line_that_contradicts_its_form_is_refused_at_its_place(engine: Engine) -> None:
    request = claim({}, {"date": "2024-06-10", "facts": {"units.billed": 3}})

    assert problems(engine, request) == [
        (
            "contradicts-claim",
            "$.lines[1].facts.units.billed",
            "the facts give `units.billed` as 3 billing units, but the claim says 1 billing units",
        )
    ]


def test_a_line_s_facts_can_give_its_date(engine: Engine) -> None:
    days = {"service.date": "2024-06-10", "iron.last": "2024-06-03", "iron.dose": 1}
    request = claim({"facts": {"iron.last": "none", "iron.dose": 1}}, {"facts": days}, **NO_ALLERGY)
    del request["lines"][1]["date"]

    assert answers(engine, request) == {(1,): [], (2,): ["too-soon"]}


def test_where_the_day_is_not_known_lines_may_be_one_service_or_several(engine: Engine) -> None:
    """They pend for the day: neither what they disagree on nor what one of them means is refused."""
    request = claim(
        {"facts": {"iron.dose": 100}}, {"facts": {"iron.dose": 200}}, {}, iron__last="none"
    )
    for line in request["lines"]:
        del line["date"]
    request["lines"][2]["date"] = "2024-06-10"
    outcome = engine.decide(request)

    assert {one.headline for one in outcome.determinations} == {"date-of-service-missing"}
    assert {question.fact for one in outcome.determinations for question in one.missing} == {
        "service.date"
    }


# --- against a plain reading of the rule ---------------------------------------------------------------

_SERVICE_FACTS = {
    "iron.last": st.sampled_from(["none", "2024-04-01", "2024-05-27", "2024-06-03"]),
    "iron.dose": st.sampled_from([1, 900, 901]),
    "iron.days_since": st.sampled_from([7, 56]),
}
_MEMBER_FACTS = {"iron.allergic": st.booleans()}


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        line = {
            "code": draw(st.sampled_from(["J1756", "J1756", "J1756", "96365"])),
            "date": draw(st.sampled_from(["2024-06-03", "2024-06-03", "2024-06-10"])),
            "facts": draw(st.fixed_dictionaries({}, optional=_SERVICE_FACTS)),
        }
        lines.append(line)
    whole = draw(st.fixed_dictionaries({}, optional=_MEMBER_FACTS))
    if draw(st.booleans()):
        whole |= draw(st.fixed_dictionaries({}, optional=_SERVICE_FACTS))
    return {**claim(*lines), "facts": whole}


def expected(request: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
    """By day, what is given of the service of that day; None: the request is refused."""
    said: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for line in request["lines"]:
        if line["code"] == "J1756":
            for name, value in [*request["facts"].items(), *line["facts"].items()]:
                said[line["date"]][name].add(value)
            said[line["date"]]  # a service of which nothing is given is one too
    ambiguous = [name for name in request["facts"] if name in _SERVICE_FACTS]
    if len(said) > 1 and ambiguous:
        return None
    if any(len(values) > 1 for facts in said.values() for values in facts.values()):
        return None
    return {day: {name: value for name, (value,) in facts.items()} for day, facts in said.items()}


@settings(max_examples=300, deadline=None)
@given(request=requests())
def test_a_service_is_decided_as_if_it_were_billed_alone(
    engine: Engine, request: dict[str, Any]
) -> None:
    services = expected(request)
    try:
        made = engine.decide(request).determinations
    except PolicyError as error:
        codes = {one.code for one in error.diagnostics}
        contradicted = codes <= {"contradicts-claim"}  # days_since may contradict the last dose
        assert codes == {"several-services"} or contradicted
        if services is None:
            return
        with pytest.raises(PolicyError):
            for day, facts in services.items():
                engine.decide(_alone(request, day, facts))
        return

    assert services is not None
    assert [str(one.service_date) for one in made] == list(services)
    for one, (day, facts) in zip(made, services.items(), strict=True):
        (alone,) = engine.decide(_alone(request, day, facts)).determinations
        # Which rows a claim looked up depends on its other lines too.
        assert replace(one, reference_hash=None) == replace(alone, reference_hash=None)


def _alone(request: dict[str, Any], day: str, facts: dict[str, Any]) -> dict[str, Any]:
    lines = [
        {**line, "number": number, "facts": {}}
        for number, line in enumerate(request["lines"], 1)
        if line["code"] == "J1756" and line["date"] == day
    ]
    return {**request, "lines": lines, "facts": facts}
