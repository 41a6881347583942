"""What the form of a request holds beside the claim's own lines: when it came, how urgent, of whom."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from payer_policy import Engine, PolicyError
from payer_policy.analysis.possible import FoundRequest
from payer_policy.analysis.witness import Decider
from payer_policy.audit.entries import request_text
from payer_policy.batch.deciding import IN_COLUMNS, TOO_FEW
from payer_policy.core.json_source import read_json
from payer_policy.core.vocabulary.types import Value
from payer_policy.formats.blocks import ClaimRows
from payer_policy.formats.supplements import apply_supplement, read_supplements
from payer_policy.formats.tables.parquet_blocks import table_columns
from payer_policy.request.mappings import request_from_mapping
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from payer_policy.specs.writing import ScenarioWriter
from tests.batch.test_in_columns import agree, lines_of, rows_of
from tests.policy.checks.building import build
from tests.request.test_facts_of_services import rule

EASTERN = timezone(timedelta(hours=-5))


def test_a_time_has_one_spelling_and_keeps_its_offset() -> None:
    spelled = {
        "2025-03-05T23:30-05:00": "2025-03-05T23:30:00-05:00",
        "2025-03-05 23:30:15.25-05:00": "2025-03-05T23:30:15-05:00",
        "2025-03-06T04:30:00Z": "2025-03-06T04:30:00+00:00",
    }
    for text, wanted in spelled.items():
        request = request_from_mapping({"received_at": text})
        assert request.received_at == wanted
        assert request.received_on == date.fromisoformat(text[:10]), "the day at the offset"
    made = request_from_mapping({"received_at": datetime(2025, 3, 5, 23, 30, tzinfo=EASTERN)})
    assert made.received_at == "2025-03-05T23:30:00-05:00"


@pytest.mark.parametrize(
    ("given", "path", "code", "message", "hint"),
    [
        (
            {"received_at": "2025-03-05T09:30"}, "received_at", "wrong-type",
            'found "2025-03-05T09:30"; a date and time with its UTC offset was expected',
            "write it as 2025-03-05T14:30:00-05:00",
        ),
        (
            {"received_at": "2025-02-30T09:30Z"}, "received_at", "wrong-value",
            "2025-02-30T09:30Z is not a time of the calendar", None,
        ),
        (
            {"received_at": "2025-03-05T23:30-05:00", "received": "2025-03-06"},
            "received_at", "contradiction",
            "it was received at 2025-03-05T23:30:00-05:00, which is another day than 2025-03-06",
            "correct one of the two, or leave `received` out",
        ),
        ({"expedited": "yes"}, "expedited", "wrong-type", "true or false was expected", None),
        (
            {"provider": {"billing_tin": "12-345"}}, "provider.billing_tin", "wrong-value",
            "a tax number (TIN) was expected (nine digits, such as 12-3456789)", None,
        ),
        (
            {"provider": {"rendering_specialty": "oncology"}}, "provider.rendering_specialty",
            "wrong-value", "a taxonomy code was expected (ten characters, such as 207L00000X)", None,
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_reported_at_its_place(
    given: dict[str, Any], path: str, code: str, message: str, hint: str | None
) -> None:
    with pytest.raises(PolicyError) as caught:
        request_from_mapping(given)

    (found,) = caught.value.diagnostics
    assert (found.code, found.location.path) == (code, f"$.{path}")
    assert message in found.message
    assert found.hint == hint or hint is None
    assert found.location.start is not None


def test_the_record_keeps_all_of_it() -> None:
    given = {
        "received_at": "2025-03-05T23:30:00-05:00",
        "expedited": True,
        "provider": {"billing_tin": "12-3456789", "billing_specialty": "207l00000x"},
    }
    request = request_from_mapping(given)

    assert request.provider.billing_tin == "123456789"
    assert request_from_mapping(read_json(request_text(request), "r").value) == request


# --- rules and columns read it ------------------------------------------------------------------------

FACTS: dict[str, Any] = {
    name: {**type_, "label": name.replace(".", " "), "question": f"{name}?", "from": {"request": path}}
    for name, path, type_ in (
        ("came.on", "received", {"type": "date"}),
        ("came.urgent", "expedited", {"type": "boolean"}),
        ("biller.tin", "provider.billing_tin", {"type": "code", "system": "tin"}),
        ("biller.specialty", "provider.billing_specialty", {"type": "code", "system": "taxonomy"}),
        ("doctor.specialty", "provider.rendering_specialty", {"type": "code", "system": "taxonomy"}),
    )
}  # fmt: skip
WHEN = {
    "late": {"fact": "came.on", "after": "2025-03-05"},
    "urgent": {"fact": "came.urgent", "is": True},
    "one-biller": {"fact": "biller.tin", "is": "12-3456789"},
    "oncology": {"fact": "biller.specialty", "is": "207RX0202X"},
    "anesthesiology": {"fact": "doctor.specialty", "is": "207L00000X"},
}
CASE = {
    "add_facts": FACTS,
    "add_rules": {
        "north/iron/2024-01-01.json": [
            rule(name, when, advise={"because": f"Seen: {name}."}) for name, when in WHEN.items()
        ]
    },
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("form") / "policies"
    build(CASE, folder)
    return Engine.open(folder)


CLAIM: dict[str, Any] = {
    "id": "SYN-1",
    "coverage": {"payer": "north"},
    "lines": [{"code": "J1756", "units": 1, "date": "2025-03-04"}],
}
GIVEN: list[tuple[dict[str, Any], set[str]]] = [
    ({}, set()),
    ({"received": "2025-03-06"}, {"late"}),
    ({"received_at": "2025-03-05T23:30:00-05:00"}, set()),
    ({"received_at": "2025-03-06T04:30:00+00:00"}, {"late"}),  # the same moment, on another day
    ({"received_at": "2025-03-06T04:30:00+00:00", "received": "2025-03-06"}, {"late"}),
    ({"expedited": True}, {"urgent"}),
    ({"expedited": False}, set()),
    ({"provider": {"billing_tin": "123456789"}}, {"one-biller"}),
    ({"provider": {"billing_specialty": "207rx0202x"}}, {"oncology"}),
    ({"provider": {"rendering_specialty": "207L00000X"}}, {"anesthesiology"}),
]
WRONG: list[dict[str, Any]] = [
    {"received_at": "2025-03-06T04:30:00+00:00", "received": "2025-03-05"},
    {"received_at": "2025-03-06"},
    {"expedited": "yes"},
    {"provider": {"billing_tin": "1234"}},
]


@pytest.mark.parametrize(("given", "seen"), GIVEN, ids=[str(one) for one, _ in GIVEN])
def test_rules_read_it(engine: Engine, given: dict[str, Any], seen: set[str]) -> None:
    (made,) = engine.decide(CLAIM | given).determinations

    assert {found.rule for found in made.findings} & WHEN.keys() == seen


def test_columns_read_it_too(engine: Engine) -> None:
    good = [deepcopy(CLAIM) | {"id": f"G-{at}"} | one for at, (one, _) in enumerate(GIVEN * 9)]
    bad = [deepcopy(CLAIM) | {"id": f"W-{at}"} | one for at, one in enumerate(WRONG)]

    made = agree(engine, lines_of([*good, *bad]))

    assert made.counts["paths"] == {IN_COLUMNS: len(good)}
    assert [one.claim_id for one in made.rejects] == [one["id"] for one in bad]


def flat(claim: dict[str, Any], *, as_text: bool) -> dict[str, Any]:
    """The row of a claim of one line."""
    provider = {f"provider.{name}": value for name, value in claim.get("provider", {}).items()}
    line = {f"line.{name}": value for name, value in claim["lines"][0].items()}
    row = {"id": claim["id"], "coverage.payer": "north", **provider, **line}
    row |= {name: claim.get(name) for name in ("received", "received_at", "expedited")}
    if as_text:
        return {name: None if one is None else str(one) for name, one in row.items()}
    if row["received_at"] is not None:
        row["received_at"] = datetime.fromisoformat(row["received_at"])
    return row


@pytest.mark.parametrize("as_text", [True, False])
def test_tables_have_columns_for_it(engine: Engine, as_text: bool) -> None:
    offset = "2025-03-06T04:30:00+00:00"  # one column of points in time has one offset
    given = [
        deepcopy(CLAIM) | {"id": f"T-{at}"} | one
        for at, (one, _) in enumerate(GIVEN * 9)
        if one.get("received_at") in (None, offset)
    ]
    names = {name: None for claim in given for name in flat(claim, as_text=as_text)}
    rows = [dict.fromkeys(names) | flat(claim, as_text=as_text) for claim in given]
    table = pa.Table.from_pylist(rows)
    columns = table_columns(table.schema, engine.library.vocabulary.facts, "lines")

    made = agree(engine, ClaimRows(table, columns, 1))

    assert made.counts["paths"] == {IN_COLUMNS: len(given)}
    found = {row["claim_id"]: set(row["findings"]) & WHEN.keys() for row in rows_of(made)}
    wanted = {f"T-{at}": seen for at, (_, seen) in enumerate(GIVEN * 9)}
    assert found == {name: wanted[name] for name in found}
    assert len(found) == len(given)


# --- eligibility and other payers ---------------------------------------------------------------------

SPAN = {"kind": "hospice", "first_day": "2025-01-01", "last_day": "2025-02-01", "number": "SYN-H"}
PAYER = {"rank": "primary", "payer": "SYN-P", "paid": "12.50", "remitted_on": "2025-04-01"}
ADJUSTED = PAYER | {"adjustments": [{"group": "PR", "carc": "1", "amount": "-3.5", "line": 1}]}


def test_the_record_keeps_spans_and_payers() -> None:
    request = request_from_mapping({"eligibility": [SPAN], "other_payers": [PAYER, ADJUSTED, {}]})

    assert request_from_mapping(read_json(request_text(request), "r").value) == request
    (span,) = request.eligibility or ()
    assert (span.kind, span.last_day, span.ongoing) == ("hospice", date(2025, 2, 1), None)
    assert [one.carcs for one in request.other_payers or ()] == [None, {"1"}, None]


@pytest.mark.parametrize(
    ("given", "path", "code", "message"),
    [
        (
            {"eligibility": [SPAN, SPAN | {"last_day": "2024-12-31"}]}, "eligibility[1].last_day",
            "wrong-value",
            "a span of eligibility: the last day 2024-12-31 is before the first day 2025-01-01",
        ),
        (
            {"eligibility": [SPAN | {"ongoing": True}]}, "eligibility[0].ongoing", "contradiction",
            "it is ongoing, and its last day is 2025-02-01",
        ),
        (
            {"eligibility": [SPAN | {"kind": "snf"}]}, "eligibility[0].kind", "wrong-value",
            'found "snf"; one of inpatient, part-a-snf, hospice',
        ),
        ({"eligibility": [{}]}, "eligibility[0]", "missing-key", "a span of eligibility needs `kind`"),
        (
            {"other_payers": [PAYER | {"rank": "first"}]}, "other_payers[0].rank", "wrong-value",
            "one of primary, secondary, tertiary",
        ),
        (
            {"other_payers": [PAYER | {"paid": -1}]}, "other_payers[0].paid", "wrong-value",
            "a number of 0 or more was expected",
        ),
        (
            {"other_payers": [{"adjustments": [{"group": "XX", "carc": "1"}]}]},
            "other_payers[0].adjustments[0].group", "wrong-value", "one of CO, CR, OA, PI, PR",
        ),
        ({"other_payers": [{}] * 21}, "other_payers", "wrong-value", "at most 20 were expected"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_row_is_reported_at_its_place(
    given: dict[str, Any], path: str, code: str, message: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        request_from_mapping(given)

    (found,) = caught.value.diagnostics
    assert (found.code, found.location.path) == (code, f"$.{path}")
    assert message in found.message


def test_columns_carry_spans_and_payers_or_leave_the_claim_to_the_strict_reader(
    engine: Engine,
) -> None:
    lists = [{"eligibility": [SPAN]}, {"other_payers": [PAYER]}, {"eligibility": []}]
    good = [deepcopy(CLAIM) | {"id": f"G-{at}"} | one for at, one in enumerate(lists * 20)]
    nested = [deepcopy(CLAIM) | {"id": f"N-{at}", "other_payers": [ADJUSTED]} for at in range(3)]
    bad = [
        deepcopy(CLAIM) | {"id": "W-1", "eligibility": [SPAN | {"last_day": "2024-12-31"}]},
        deepcopy(CLAIM) | {"id": "W-2", "eligibility": [SPAN | {"ongoing": True}]},
        deepcopy(CLAIM) | {"id": "W-3", "eligibility": [{}]},
    ]

    made = agree(engine, lines_of([*good, *nested, *bad]))

    assert made.counts["paths"] == {IN_COLUMNS: len(good), TOO_FEW: len(nested)}
    assert [one.claim_id for one in made.rejects] == ["W-1", "W-2", "W-3"]


def test_a_facts_file_gives_spans_and_payers_and_never_overrules_a_claim() -> None:
    text = json.dumps({"SYN-1": {"eligibility": [SPAN], "other_payers": [PAYER]}})
    (supplement,) = read_supplements(text.encode(), "facts.json").values()

    made = apply_supplement(request_from_mapping({"id": "SYN-1"}), supplement)
    with pytest.raises(PolicyError, match="the claim gives them too"):
        apply_supplement(request_from_mapping({"id": "SYN-1", "other_payers": []}), supplement)

    wanted = request_from_mapping({"eligibility": [SPAN], "other_payers": [PAYER]})
    assert (made.eligibility, made.other_payers) == (wanted.eligibility, wanted.other_payers)


# --- scenarios ----------------------------------------------------------------------------------------

SAID: list[dict[str, Value]] = [
    {"came.on": date(2025, 3, 6), "came.urgent": True, "biller.tin": "123456789"},
    {"came.urgent": False, "biller.specialty": "207RX0202X", "doctor.specialty": "207L00000X"},
]


@pytest.mark.parametrize("said", SAID, ids=["1", "2"])
def test_a_scenario_says_it(engine: Engine, said: dict[str, Value], tmp_path: Path) -> None:
    decider, writer = Decider(engine, "north/iron"), ScenarioWriter(engine.library)
    facts = {"drug.code": "J1756", "service.date": date(2025, 3, 4), "request.kind": "claim"}
    case = decider.decide(FoundRequest({**facts, **said}))
    assert case is not None
    file = tmp_path / "said.feature"
    text = writer.scenario("Said", decider.payer, case.facts, [case.determination])
    file.write_text(f"Feature: said\n\n{text}", "utf-8")

    (script,) = scripts_of(read_feature(file, file.name))
    result = replay(script, engine)

    assert result.failure is None, (text, result.failure)
    ((_, answer),) = result.answers
    (again,) = answer.decided
    assert again.determination.findings == case.determination.findings
