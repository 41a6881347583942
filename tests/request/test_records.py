"""Records of a request: histories, declared lists, and the facts that are made from them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import pytest

from payer_policy import Engine, PolicyError
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.core.vocabulary.records import AUTHORIZATIONS, HISTORY
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.request import records
from payer_policy.request.models import SPELLED, Authorization, Date, PriorLine, Quantity, Request
from tests.places import ROOT
from tests.policy.checks.building import CASES, build

OF_THIS_DRUG = {"field": "code", "is": {"fact": "drug.code"}}
RECORDS: dict[str, Any] = {
    "iron.labs": {
        "label": "the iron values", "question": "Which iron values are on file?",
        "lists_are": "open", "key": ["drawn", "kind"],
        "fields": {
            "drawn": {"type": "date"},
            "kind": {"type": "choice", "values": ["ferritin", "saturation"]},
            "value": {"type": "decimal", "minimum": 0},
        },
    },
    "iron.infusions": {
        "label": "the infusions of the service", "about": "service",
        "fields": {"minutes": {"type": "integer", "unit": "minutes", "minimum": 0}},
    },
}  # fmt: skip
FACTS: dict[str, Any] = {
    "iron.last": {
        "type": "date", "can_be_none": True, "label": "the date of the last dose",
        "from": {"records": "history", "where": OF_THIS_DRUG, "latest": "date"},
    },
    "iron.days_since": {
        "type": "integer", "unit": "days", "label": "the time since the last dose",
        "from": {"compute": {"days_between": [{"fact": "iron.last"}, {"fact": "service.date"}]}},
    },
    "iron.units": {
        "type": "decimal", "unit": "billing units", "label": "the units of the last 8 weeks",
        "from": {
            "records": "history",
            "where": {"all": [
                OF_THIS_DRUG,
                {"field": "date", "within": {"weeks": 8, "before": {"fact": "service.date"}}},
            ]},
            "sum": "units",
        },
    },
    "iron.paid": {
        "type": "decimal", "unit": "billing units", "label": "the units paid before",
        "from": {"records": "history", "where": OF_THIS_DRUG, "sum": "paid_units"},
    },
    "iron.other": {
        "type": "integer", "label": "the services of another iron before this one",
        "from": {"records": "history", "where": {"field": "code", "is": "J1439"}, "count": True},
    },
    "iron.value": {
        "type": "decimal", "can_be_none": True, "label": "the latest ferritin",
        "from": {
            "records": "iron.labs", "where": {"field": "kind", "is": "ferritin"},
            "latest": "drawn", "give": "value",
        },
    },
    "iron.low": {
        "type": "boolean", "label": "whether a ferritin was low",
        "from": {"records": "iron.labs", "any": {"field": "value", "less_than": 30}},
    },
    "iron.minutes": {
        "type": "integer", "unit": "minutes", "label": "the minutes of infusion",
        "from": {"records": "iron.infusions", "sum": "minutes"},
    },
}  # fmt: skip


def denies(name: str, when: dict[str, Any]) -> dict[str, Any]:
    reason = {"group": "CO", "carc": "151", "rarc": ["N362"], "because": "No."}
    return {"id": name, "title": name, "cites": ["manual"], "when": when, "then": {"deny": reason}}


CASE = {
    "add_facts": FACTS,
    "add_records": RECORDS,
    "add_rules": {
        "north/iron/2024-01-01.json": [
            denies("too-soon", {"fact": "iron.days_since", "less_than": 56}),
            denies("too-much", {"fact": "iron.units", "more_than": 10}),
            denies("paid", {"fact": "iron.paid", "at_least": 100}),
            denies("high", {"fact": "iron.value", "at_least": 100}),
            denies("low", {"all": [
                {"fact": "iron.low", "is": True}, {"fact": "iron.minutes", "at_least": 90}
            ]}),
            denies("beside", {"fact": "iron.other", "at_least": 1}),
        ]
    },
}  # fmt: skip
RULES = ("too-soon", "too-much", "paid", "high", "low", "beside")


@pytest.fixture(scope="module", params=["compiled", "durable", "columnar"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Engine:
    if request.param == "durable":
        pytest.importorskip("durable_rules_engine")
    folder = tmp_path_factory.mktemp("records") / "policies"
    build(CASE, folder)
    return Engine.open(folder, engine=request.param)


def claim(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "SYN-1",
        "coverage": {"payer": "north"},
        "lines": [{"code": "J1756", "units": 4, "date": "2024-06-03", **line} for line in lines],
        **more,
    }


def prior(day: str | None, units: int | None = 4, **more: Any) -> dict[str, Any]:
    return {"claim_id": "SYN-0", "code": "J1756", "date": day, "units": units, **more}


def facts(engine: Engine, request: dict[str, Any]) -> list[dict[str, Any]]:
    """The facts of the services, in the order of their lines."""
    decided, _ = engine.decide_fully(request)
    return [dict(one.facts) for one in decided]


def found(engine: Engine, request: dict[str, Any]) -> list[dict[str, str]]:
    """By service and rule: it denies, or waits (?); a rule that is not named fails."""
    return [
        {one.rule: "denies" for one in made.findings if one.rule in RULES}
        | {waits.rule: "?" for waits in made.unsettled if waits.rule in RULES}
        for made in engine.decide(request).determinations
    ]


def problems(engine: Engine, request: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(PolicyError) as raised:
        engine.decide(request)
    return [(one.code, one.location.path, one.message) for one in raised.value.diagnostics]


# --- the history of a service ------------------------------------------------------------------------


def test_each_service_has_what_came_before_it_on_its_own_claim(engine: Engine) -> None:
    """Two days on one claim: the first dose is eight weeks after the last one, the second a week."""
    request = claim({"date": "2024-06-03"}, {"date": "2024-06-10"}, history=[prior("2024-04-01")])

    first, second = facts(engine, request)

    assert (first["iron.last"], first["iron.days_since"]) == (date(2024, 4, 1), 63)
    assert (second["iron.last"], second["iron.days_since"]) == (date(2024, 6, 3), 7)
    assert [one.get("too-soon") for one in found(engine, request)] == [None, "denies"]


def test_of_two_services_of_one_day_the_one_of_the_first_line_comes_first(engine: Engine) -> None:
    other = {"code": "J1439"}

    (after,) = facts(engine, claim(other, {}, history=[]))
    (before,) = facts(engine, claim({}, other, history=[]))
    (next_day,) = facts(engine, claim({}, {**other, "date": "2024-06-04"}, history=[]))

    assert [one["iron.other"] for one in (after, before, next_day)] == [1, 0, 0]
    assert after["iron.last"] is NONE


def test_own_services_count_as_given_and_not_as_paid(engine: Engine) -> None:
    request = claim(
        {"date": "2024-06-03", "units": 7},
        {"date": "2024-06-10"},
        history=[prior("2024-05-27", paid_units=3)],
    )

    second = facts(engine, request)[1]

    assert second["iron.units"] == 11
    assert second["iron.paid"] == 3


@pytest.mark.parametrize(
    "row",
    [
        {"void": True},
        {"replaced_by": "SYN-7"},
        {"claim_id": "SYN-1"},
        {"claim_id": "SYN-6"},
    ],
)
def test_what_no_longer_counts_is_not_in_the_history(engine: Engine, row: dict[str, Any]) -> None:
    request = claim({}, history=[prior("2024-05-27", **row)], frequency="7", original_id="SYN-6")

    (one,) = facts(engine, request)

    assert (one["iron.last"], one["iron.units"]) == (NONE, 0)
    assert found(engine, request) == [{"high": "?", "low": "?"}]


def test_tax_numbers_of_earlier_claims_and_of_this_one_are_compared_as_numbers(
    tmp_path: Path,
) -> None:
    facts_ = {
        "biller.tin": {
            "type": "code", "system": "tin", "label": "the tax number of who bills",
            "question": "Which tax number bills?", "from": {"request": "provider.billing_tin"},
        },
        "iron.of_the_group": {
            "type": "integer", "label": "the earlier services of the same tax number",
            "from": {
                "records": "history", "count": True,
                "where": {"field": "billing_tin", "is": {"fact": "biller.tin"}},
            },
        },
    }  # fmt: skip
    limit = denies("often", {"fact": "iron.of_the_group", "at_least": 2})
    rules = {"north/iron/2024-01-01.json": [limit]}
    build({"add_facts": facts_, "add_rules": rules}, tmp_path / "policies")
    request = claim(
        {"date": "2024-06-03"},
        {"date": "2024-06-10"},
        history=[
            prior("2024-05-27", billing_tin="12-3456789"),
            prior("2024-05-20", billing_tin="9" * 9),
        ],
        provider={"billing_tin": "123456789"},
    )

    first, second = facts(Engine.open(tmp_path / "policies"), request)

    assert (first["iron.of_the_group"], second["iron.of_the_group"]) == (1, 2)


def test_a_first_dose_is_not_too_soon(engine: Engine) -> None:
    assert "too-soon" not in found(engine, claim({}, history=[]))[0]


# --- what is not known -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("covered", "last"),
    [("2024-01-01", date(2024, 5, 27)), ("2024-05-27", date(2024, 5, 27)), ("2024-05-28", None)],
)
def test_the_last_dose_is_known_where_the_history_covers_its_day(
    engine: Engine, covered: str, last: date | None
) -> None:
    """What the list lacks is of days before it is complete, so it is no later dose."""
    history = {"rows": [prior("2024-05-27"), prior("2023-05-27")], "complete_from": covered}

    (one,) = facts(engine, claim({}, history=history))

    assert one["iron.last"] == last
    assert one["iron.days_since"] == (last and 7)


def test_without_a_history_the_question_asks_for_it(engine: Engine) -> None:
    (made,) = engine.decide(claim({})).determinations

    assert found(engine, claim({}))[0] == dict.fromkeys(RULES, "?")
    asked = {question.fact: question.question for question in made.missing}
    assert asked["iron.units"] == HISTORY.question
    assert asked["iron.value"] == "Which iron values are on file?"


@pytest.mark.parametrize(
    ("first", "settled"), [("2024-04-08", True), ("2024-04-09", False), ("2024-01-01", True)]
)
def test_a_list_is_complete_where_it_covers_the_window(
    engine: Engine, first: str, settled: bool
) -> None:
    history = {"rows": [prior("2024-05-27")], "complete_from": first}

    (one,) = facts(engine, claim({}, history=history))

    assert one["iron.units"] == (4 if settled else None)
    assert one["iron.last"] == date(2024, 5, 27)
    assert one["iron.units#least"] == 4


PAGE = (ROOT / "docs/semantics.md").read_text("utf-8").partition("## Facts from records")[2]
SHOWN = re.findall(
    r"^\| (.+?) \| (.+?) \| (.+?) \| (holds|fails|unknown) \| (.+?) \|$", PAGE, re.MULTILINE
)


@pytest.mark.parametrize(("rows", "covered", "units", "truth", "last"), SHOWN)
def test_the_page_of_semantics(
    engine: Engine, rows: str, covered: str, units: str, truth: str, last: str
) -> None:
    history: Any = {"rows": []}
    if shown := re.match(r"(\d{4}-\d\d-\d\d|a day that is not known): (\d+|not known)", rows):
        day, amount = shown.groups()
        given = None if amount == "not known" else int(amount)
        history["rows"] = [prior(day if day[0] == "2" else None, given)]
    if covered.startswith("complete from "):
        history["complete_from"] = covered.removeprefix("complete from ")
    else:
        history["complete"] = covered == "complete"
    request = claim({}, **({} if covered == "not known" else {"history": history}))

    ((decided,), _) = engine.decide_fully(request)
    one = decided.facts
    assert decided.evaluation is not None
    ids = [rule.id for rule in decided.ruleset.rules]

    bounds = [one[f"iron.units#{side}"] for side in ("least", "most")]
    if units.endswith(" or more"):
        assert bounds[0] == int(units.removesuffix(" or more")) and bounds[1] > 10**12
    else:
        assert bounds == [int(bound) for bound in (*units.split(" to "), units)[:2]]
    wanted = {"holds": HOLDS, "unknown": UNKNOWN, "fails": FAILS}[truth]
    assert decided.evaluation.truths[ids.index("too-much")] == wanted
    later = last.removesuffix(" or later")
    known = {"none": NONE, "not known": None}.get(last) or (
        None if later in ("none", "not known") else date.fromisoformat(later)
    )
    assert one["iron.last"] == (known if later == last else None)
    if later != last:
        assert one["iron.last#least"] == known


def test_every_row_of_the_page_is_tried() -> None:
    assert len(SHOWN) == 9


def test_an_overdose_is_denied_although_older_claims_are_not_known(engine: Engine) -> None:
    history = {"rows": [prior("2024-05-27", 12)], "complete": False}

    (made,) = engine.decide(claim({}, history=history)).determinations

    assert "too-much" in {one.rule for one in made.findings}
    assert made.decision == "deny"


def test_the_explanation_says_what_the_known_rows_settle(engine: Engine) -> None:
    history = {"rows": [prior("2024-05-27", 12)], "complete": False}

    (explanation,) = engine.explain(claim({}, history=history))

    assert "they are at least 12 billing units, by the rows that are known" in str(explanation)


def test_a_row_that_may_count_widens_the_bounds(engine: Engine) -> None:
    (one,) = facts(engine, claim({}, history=[prior("2024-05-27", 4), prior(None, 3)]))

    assert one["iron.units"] is None
    assert (one["iron.units#least"], one["iron.units#most"]) == (4, 7)
    assert (
        "too-much" not in found(engine, claim({}, history=[prior("2024-05-27"), prior(None, 3)]))[0]
    )
    assert (
        found(engine, claim({}, history=[prior("2024-05-27"), prior(None, 7)]))[0]["too-much"]
        == "?"
    )


def test_a_fact_that_is_given_lies_within_its_bounds(engine: Engine) -> None:
    history = {"rows": [prior("2024-05-27", 6)], "complete": False}

    def given(value: Any) -> dict[str, Any]:
        return claim({}, history=history, facts={"iron.units": value})

    assert facts(engine, given(8))[0]["iron.units"] == 8
    assert problems(engine, given(5)) == [
        (
            "contradicts-claim",
            "$.facts.iron.units",
            "the facts give `iron.units` as 5 billing units, but the claim says at least "
            "6 billing units",
        )
    ]


# --- declared records --------------------------------------------------------------------------------


def labs(*rows: tuple[str | None, str, int], **more: Any) -> dict[str, Any]:
    listed = [{"drawn": day, "kind": kind, "value": value} for day, kind, value in rows]
    return {"iron.labs": {"rows": listed, **more} if more else listed}


def test_the_latest_row_gives_another_field(engine: Engine) -> None:
    rows = [("2024-05-01", "ferritin", 20), ("2024-05-20", "ferritin", 120)]
    known = labs(*rows, ("2024-06-01", "saturation", 15), complete=True)

    (one,) = facts(engine, claim({}, records=known))

    assert one["iron.value"] == 120
    assert one["iron.low"] is True
    assert found(engine, claim({}, history=[], records=known))[0]["high"] == "denies"


def test_a_plain_list_is_read_as_its_type_says(engine: Engine) -> None:
    rows = ("2024-05-20", "ferritin", 20)
    (open_list,) = facts(engine, claim({}, records=labs(rows)))
    (complete,) = facts(engine, claim({}, records=labs(rows, complete=True)))

    assert (open_list["iron.value"], open_list["iron.low"]) == (None, True)
    assert (complete["iron.value"], complete["iron.low"]) == (20, True)


def test_two_rows_of_the_latest_day_that_differ_settle_nothing(engine: Engine) -> None:
    rows = [{"drawn": "2024-05-20", "value": 20}, {"drawn": "2024-05-20", "value": 21}]
    known = {
        "iron.labs": {"rows": [{**row, "kind": "ferritin"} for row in rows[:1]], "complete": True}
    }
    (one,) = facts(engine, claim({}, records=known))
    assert one["iron.value"] == 20

    unclear = {"iron.labs": {"rows": rows, "complete": True}}
    (two,) = facts(engine, claim({}, records=unclear))
    assert two["iron.value"] is None


def test_records_of_a_service_are_on_its_lines(engine: Engine) -> None:
    infusions = {"iron.infusions": [{"minutes": 60}, {"minutes": 40}]}

    first, second = facts(engine, claim({"records": infusions}, {"date": "2024-06-10"}))

    assert (first["iron.minutes"], second["iron.minutes"]) == (100, None)


def test_what_is_wrong_with_records_is_all_reported(engine: Engine) -> None:
    row = {"drawn": "2024-05-20", "kind": "ferritin"}
    request = claim(
        {"records": {"iron.labs": []}},
        records={
            "iron.lab": [],
            "history": [],
            "iron.infusions": [],
            "iron.labs": {
                "rows": [
                    row,
                    row,
                    {"drawn": "20.5.2024", "valu": 1},
                    {"kind": "x", "value": -1},
                    3,
                ],
                "complete_form": "2024-01-01",
            },
        },
    )

    reported = {(code, path) for code, path, _ in problems(engine, request)}

    assert reported == {
        ("misplaced-record", "$.lines[0].records.iron.labs"),
        ("unknown-record", "$.records.iron.lab"),
        ("unknown-record", "$.records.history"),
        ("misplaced-record", "$.records.iron.infusions"),
        ("unknown-key", "$.records.iron.labs.complete_form"),
        ("duplicate-row", "$.records.iron.labs.rows[1]"),
        ("wrong-type", "$.records.iron.labs.rows[2].drawn"),
        ("unknown-field", "$.records.iron.labs.rows[2].valu"),
        ("unknown-value", "$.records.iron.labs.rows[3].kind"),
        ("wrong-value", "$.records.iron.labs.rows[3].value"),
        ("wrong-type", "$.records.iron.labs.rows[4]"),
    }


def test_a_list_that_is_too_long_is_refused_by_its_name(engine: Engine) -> None:
    rows = [{"drawn": None, "kind": "ferritin", "value": 1}] * 10_001

    ((code, path, _),) = problems(engine, claim({}, records={"iron.labs": rows}))
    assert (code, path) == ("too-large", '$.records["iron.labs"]')

    made = Request(records={"iron.labs": rows})
    with pytest.raises(PolicyError, match=r"`iron\.labs`: found 10,001 rows"):
        engine.decide(made)


def test_the_work_of_a_request_is_bounded(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MAX_LOOKS", 250)
    history = [prior("2024-01-02", claim_id=f"SYN-{at + 100}") for at in range(100)]
    days = [{"date": f"2024-06-{day:02}"} for day in (3, 10, 17)]

    assert engine.decide(claim(days[0], history=history)).determinations
    assert [(code, path) for code, path, _ in problems(engine, claim(*days, history=history))] == [
        ("too-much-work", "$.history")
    ]


# --- a policy's own ----------------------------------------------------------------------------------


def test_a_policy_asks_its_own_records_by_its_own_parameters(tmp_path: Path) -> None:
    build(json.loads((CASES / "ok--local-records.json").read_text("utf-8")), tmp_path / "policies")
    engine = Engine.open(tmp_path / "policies")

    def low(*values: int) -> dict[str, Any]:
        rows = {"rows": [{"ferritin": value} for value in values], "complete": True}
        request = claim({}, records={"iron.labs": rows}, coverage={"payer": "south"})
        return facts(engine, request)[0]

    assert low(29, 30, 3)["iron.low"] == 2
    assert low()["iron.low"] == 0


# --- one declaration ---------------------------------------------------------------------------------

NEVER_ASKED = {"void", "replaced_by"}


@pytest.mark.parametrize(
    ("kind", "model"),
    [(HISTORY, PriorLine), (AUTHORIZATIONS, Authorization)],
    ids=lambda one: str(one)[:9],
)
def test_the_fields_of_records_are_those_of_the_form(kind: Any, model: Any) -> None:
    of_form = get_type_hints(model, include_extras=True)

    assert kind.fields.keys() == model.model_fields.keys() - NEVER_ASKED
    for name, type_ in kind.fields.items():
        assert type_ == replace(typed(of_form[name]), unit=type_.unit), name


def typed(hint: Any) -> FactType:
    """The type of a field of a model."""
    hints = [one for one in get_args(hint) if one is not NoneType]
    if NoneType in get_args(hint):
        (hint,) = hints
    if get_origin(hint) is Literal:
        return FactType("choice", values=get_args(hint))
    if get_origin(hint) is frozenset:
        return replace(typed(get_args(hint)[0]), kind="codes")
    if hint in (Quantity, Date):
        return FactType("decimal", minimum=0) if hint == Quantity else FactType("date")
    (system,) = [system for alias, system in SPELLED if alias == hint]
    return FactType("code", system=system)
