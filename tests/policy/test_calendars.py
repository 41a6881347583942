"""Holiday calendars, from the file to the decision: whose they are, and what the hash is of."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payer_policy import Engine
from payer_policy.analysis.mutants import mutants_of
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.determination.english import as_text, describe_ruleset
from payer_policy.engines import ENGINES, why_unavailable
from tests.policy.checks.building import BASE
from tests.policy.folders import library, policy, rule

NORTH = "north/iron/2024-01-01.json"


def calendar(*days: str, through: str = "2024-12-31") -> dict[str, Any]:
    return {"title": "Holidays", "from": "2024-01-01", "through": through, "days": list(days)}


FEDERAL = calendar("2024-05-27", "2024-07-04")
SPAN = {"business_days": 2, "after": {"fact": "lab.date"}, "calendar": "federal"}
SOON = rule("soon", when={"fact": "service.date", "within": SPAN})
LATE = rule("late", when={"fact": "service.date", "after": SPAN})


def files(*rules: Any, folder: Any = None, **own: Any) -> dict[str, Any]:
    """One policy with these rules; the calendars of the folder, and its own."""
    vocabulary = json.loads((BASE / "vocabulary.json").read_text("utf-8"))
    vocabulary["calendars"] = {"federal": FEDERAL} if folder is None else folder
    made = policy("2024-01-01", rules=list(rules), **({"calendars": own} if own else {}))
    return {NORTH: made, "vocabulary.json": vocabulary}


def advised(engine: Engine, lab: str, day: str) -> tuple[set[str], list[str]]:
    """The rules that hold, and the facts that are asked for, of a service on a day."""
    line = {"number": 1, "code": "J1756", "units": 5, "date": day}
    claim = {"id": "1", "kind": "claim", "coverage": {"payer": "NORTH1"}, "lines": [line]}
    (made,) = engine.decide({**claim, "facts": {"lab.date": lab}}).determinations
    return {one.rule for one in made.findings if one.kind == "advise"}, [
        asked.fact for asked in made.missing
    ]


@pytest.mark.parametrize("name", [name for name in ENGINES if why_unavailable(name) is None])
def test_holidays_are_no_business_days(name: str, tmp_path: Path) -> None:
    library(tmp_path, files(SOON, LATE))
    engine = Engine.open(tmp_path / "policies", engine=name)

    # 2024-05-27 is a Monday; 2024-07-04 a Thursday.
    assert advised(engine, "2024-05-24", "2024-05-29") == ({"soon"}, [])
    assert advised(engine, "2024-05-24", "2024-05-30") == ({"late"}, [])
    assert advised(engine, "2024-07-03", "2024-07-08") == ({"soon"}, [])
    assert advised(engine, "2024-07-03", "2024-07-09") == ({"late"}, [])
    # Its last day is a Tuesday: what lies two business days after the day before is not known.
    assert advised(engine, "2024-12-27", "2024-12-31") == ({"soon"}, [])
    assert advised(engine, "2024-12-30", "2024-12-31") == (set(), [])
    assert advised(engine, "2024-12-30", "2024-12-29") == (set(), [])


def test_a_policy_has_its_own_calendar_in_place_of_that_of_the_folder(tmp_path: Path) -> None:
    library(tmp_path, files(LATE, federal=calendar("2024-05-28")))
    engine = Engine.open(tmp_path / "policies")

    assert advised(engine, "2024-05-24", "2024-05-29")[0] == set()
    assert advised(engine, "2024-05-27", "2024-05-30")[0] == set()
    assert advised(engine, "2024-05-27", "2024-05-31")[0] == {"late"}


def test_the_hash_is_of_the_calendars_that_are_used(tmp_path: Path) -> None:
    def hash_of(name: str, *rules: Any, **more: Any) -> str:
        made = library(tmp_path / name, files(*rules, **more)).ruleset(
            "north/iron", date(2024, 5, 1)
        )
        assert made is not None
        return made.hash

    plain = rule("plain")
    used = hash_of("used", SOON)
    assert hash_of("other", SOON, folder={"federal": FEDERAL, "x": FEDERAL}) == used
    assert (
        hash_of("title", SOON, folder={"federal": {**FEDERAL, "title": "T", "note": "N"}}) == used
    )
    assert hash_of("moved", SOON, federal=FEDERAL) == used
    assert hash_of("day", SOON, folder={"federal": calendar("2024-05-27")}) != used
    longer = {"federal": {**FEDERAL, "through": "2025-12-31"}}
    assert hash_of("end", SOON, folder=longer) != used
    assert hash_of("unused", plain, folder=longer) == hash_of("none", plain, folder={})


def test_a_calendar_is_read_and_mutated(tmp_path: Path) -> None:
    made = library(tmp_path, files(SOON, LATE))
    found = made.ruleset("north/iron", date(2024, 5, 1))
    assert found is not None

    text = " ".join(as_text(describe_ruleset(found)).split())
    changes = [one.change for one in mutants_of(made, tmp_path / "policies")]

    assert "2 business days (calendar federal) after the date of the ferritin value" in text
    assert any("without the holidays of federal" in change for change in changes)


days = st.dates(date(2024, 1, 1), date(2024, 3, 31))


@given(holidays=st.frozensets(days, max_size=20), day=days, amount=st.integers(-30, 30))
def test_a_business_day_away_is_counted_day_by_day(
    holidays: frozenset[date], day: date, amount: int
) -> None:
    made = HolidayCalendar("x", date(2024, 1, 10), date(2024, 3, 20), holidays)
    open_ = [
        ordinal
        for ordinal in range(made.first_day.toordinal(), made.last_day.toordinal() + 1)
        if date.fromordinal(ordinal).weekday() < 5 and date.fromordinal(ordinal) not in holidays
    ]
    later = [one for one in open_ if one > day.toordinal()]
    earlier = [one for one in reversed(open_) if one < day.toordinal()]
    away = later if amount > 0 else earlier
    there = date.fromordinal(away[abs(amount) - 1]) if len(away) >= abs(amount) > 0 else None

    if amount == 0:
        assert made.moved(day, amount) == day
    elif made.first_day <= day <= made.last_day:
        assert made.moved(day, amount) == there
    else:
        assert made.moved(day, amount) is None
