"""Dates as values: before and after others, the earlier and the later, and the days of two periods."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.json_source import JsonDocument, Reporter
from payer_policy.core.semantics import value_of
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.language import Elaborator, Scope
from tests.policy.folders import library, policy, rule

TYPES = {
    "a": FactType("date"),
    "b": FactType("date", can_be_none=True),
    "n": FactType("integer", "weeks"),
}
A = date(2024, 1, 31)


def worked_out(raw: Any, wanted: FactType = TYPES["a"], **facts: Any) -> Any:
    problems: list[Diagnostic] = []
    report = Reporter(JsonDocument(None, "file.json", "null"), problems.append)
    expression = Elaborator(Scope(TYPES, TYPES), report).value(raw, wanted, ())
    assert problems == []
    assert expression is not None
    return value_of(expression, facts)


@pytest.mark.parametrize(
    ("raw", "day"),
    [
        ({"days": 30, "after": {"fact": "a"}}, "2024-03-01"),
        ({"weeks": 2, "before": {"fact": "a"}}, "2024-01-17"),
        ({"months": 1, "after": {"fact": "a"}}, "2024-02-29"),
        ({"years": 1, "before": "2024-02-29"}, "2023-02-28"),
        ({"business_days": 1, "after": "2024-03-01"}, "2024-03-04"),
        ({"days": 1, "before": {"months": 1, "after": "2024-03-01"}}, "2024-03-31"),
        ({"maximum": [{"fact": "a"}, "2024-06-26"]}, "2024-06-26"),
        ({"minimum": ["2024-06-26", {"days": 7, "after": {"fact": "a"}}]}, "2024-02-07"),
        ({"weeks": {"fact": "n"}, "after": {"fact": "a"}}, "2024-02-14"),
    ],
)
def test_a_date_is_worked_out(raw: Any, day: str) -> None:
    assert worked_out(raw, a=A, n=2) == date.fromisoformat(day)


def test_whether_the_end_of_a_period_is_included_is_said() -> None:
    def days(end: str, *dates: str) -> int:
        first, last, other, until = dates
        periods = [{"from": first, "through": last}, {"from": other, end: until}]
        found: int = worked_out({"days_overlapping": periods}, FactType("integer", "days"))
        return found

    march = ("2024-03-01", "2024-03-31")
    assert days("through", *march, "2024-03-30", "2024-04-05") == 2
    assert days("below", *march, "2024-02-01", "2024-03-02") == 1
    assert days("below", *march, "2024-02-01", "2024-03-01") == 0
    assert days("through", *march, "2024-04-01", "2024-04-05") == 0


def test_what_is_not_known_is_none_or_is_no_day_stays_so() -> None:
    after = {"weeks": 2, "after": {"fact": "b"}}

    assert worked_out(after) is None
    assert worked_out(after, b=NONE) is NONE
    assert worked_out(after, b=date.max) is None
    assert worked_out({"years": 1, "before": {"fact": "a"}}, a=date(1, 5, 1)) is None
    assert worked_out({"weeks": {"fact": "n"}, "after": {"fact": "a"}}, a=A, n=10**9) is None
    assert worked_out({"weeks": {"fact": "n"}, "after": {"fact": "a"}}, a=A, n=-1) == date(
        2024, 1, 24
    )


def test_a_sentence_prints_a_date_that_is_worked_out(tmp_path: Path) -> None:
    earliest = {
        "type": "date",
        "label": "the earliest date",
        "from": {"compute": {"weeks": 12, "after": {"fact": "lab.date"}}},
    }
    soon = rule(
        "too-soon",
        when={"fact": "service.date", "before": {"weeks": 12, "after": {"fact": "lab.date"}}},
        then={"advise": {"because": "Earliest date {next.on}."}},
    )
    files = {"north/iron/2024-01-01.json": policy("2024-01-01", rules=[soon])}
    library(tmp_path, files, add_facts={"next.on": earliest})
    engine = Engine.open(tmp_path / "policies")
    lines = [{"number": 1, "code": "J1756", "units": 1, "date": "2024-05-01"}]
    claim = {"id": "1", "kind": "claim", "coverage": {"payer": "NORTH1"}, "lines": lines}

    said = {
        day: [found.because for found in made.findings]
        for day in ("2024-04-01", "2024-02-07")
        for made in engine.decide({**claim, "facts": {"lab.date": day}}).determinations
    }

    assert said == {"2024-04-01": ["Earliest date 2024-06-24."], "2024-02-07": []}
