"""The ruleset of a day: versions, overlays over overlays, rules and codes with days of their own.

Every boundary is looked at from both sides.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from payer_policy.core import ruleset
from payer_policy.core.ruleset import Ruleset
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.policy.versions import PolicyVersion
from tests.places import POLICIES
from tests.policy.folders import library, policy, rule, units

MOST = {"parameter": "most"}
DAY = timedelta(days=1)


def on(made: Library, address: str, day: str) -> Ruleset | None:
    return made.ruleset(address, date.fromisoformat(day))


def facts_of(made: Library, address: str, day: str) -> tuple[Any, ...] | None:
    """(version, `most`, rule ids) of a day."""
    found = on(made, address, day)
    if found is None:
        return None
    return found.version, found.parameters["most"].value, {rule.id for rule in found.rules}


def test_versions_of_one_policy(tmp_path: Path) -> None:
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy(
                "2024-01-01", "2024-06-30", parameters=units(1), rules=[rule("r", MOST)]
            ),
            "north/a/2024-07-01.json": policy(
                "2024-07-01", "2024-12-31", parameters=units(2), rules=[rule("s", MOST)]
            ),
            "north/a/2025-03-01.json": policy(
                "2025-03-01", parameters=units(3), rules=[rule("t", MOST)]
            ),
        },
    )

    def at(day: str) -> Any:
        return facts_of(made, "north/a", day)

    assert at("2023-12-31") is None
    assert at("2024-01-01") == ("2024-01-01", 1, {"r"})
    assert at("2024-06-30") == ("2024-01-01", 1, {"r"})
    assert at("2024-07-01") == ("2024-07-01", 2, {"s"})
    assert at("2024-12-31") == ("2024-07-01", 2, {"s"})
    assert at("2025-01-01") is at("2025-02-28") is None  # the gap between two versions
    assert at("2025-03-01") == ("2025-03-01", 3, {"t"})
    assert at("9999-12-31") == ("2025-03-01", 3, {"t"})
    assert on(made, "north/nothing", "2024-01-01") is None


@pytest.fixture
def three_levels(tmp_path: Path) -> Library:
    """A base whose version changes within an overlay, which lies under another one."""
    one = policy(
        "2024-01-01", "2024-06-30", parameters=units(1), rules=[rule("r", MOST), rule("old")]
    )
    two = policy("2024-07-01", parameters=units(2), rules=[rule("r", MOST), rule("new")])
    middle = policy("2024-03-01", extends="north/base", rules=[rule("mine")])
    top = policy(
        "2024-05-01",
        "2024-12-31",
        extends="south/middle",
        applies_to={"fact": "drug.code", "is": "J1439"},
        parameters=units(9),
        withdraws=["mine"],
        rules=[rule("r", 5, replaces=True, title="Replaced"), rule("top", MOST)],
    )
    return library(
        tmp_path,
        {
            "north/base/2024-01-01.json": one,
            "north/base/2024-07-01.json": two,
            "south/middle/2024-03-01.json": middle,
            "south/top/2024-05-01.json": top,
        },
    )


def test_a_base_changes_within_its_overlay(three_levels: Library) -> None:
    def at(day: str) -> Any:
        return facts_of(three_levels, "south/middle", day)

    assert at("2024-02-29") is None
    assert at("2024-03-01") == ("2024-03-01", 1, {"r", "old", "mine"})
    assert at("2024-06-30") == ("2024-03-01", 1, {"r", "old", "mine"})
    assert at("2024-07-01") == ("2024-03-01", 2, {"r", "new", "mine"})
    assert at("2030-01-01") == ("2024-03-01", 2, {"r", "new", "mine"})


def test_an_overlay_over_an_overlay(three_levels: Library) -> None:
    def at(day: str) -> Any:
        return facts_of(three_levels, "south/top", day)

    assert at("2024-04-30") is None
    assert at("2024-05-01") == ("2024-05-01", 9, {"r", "old", "top"})
    assert at("2024-06-30") == ("2024-05-01", 9, {"r", "old", "top"})
    assert at("2024-07-01") == ("2024-05-01", 9, {"r", "new", "top"})
    assert at("2024-12-31") == ("2024-05-01", 9, {"r", "new", "top"})
    assert at("2025-01-01") is None


def test_a_rule_says_which_file_it_comes_from(three_levels: Library) -> None:
    made = on(three_levels, "south/top", "2024-07-01")
    assert made is not None

    assert {rule.id: (rule.origin, rule.title) for rule in made.rules} == {
        "r": ("south/top/2024-05-01", "Replaced"),
        "new": ("north/base/2024-07-01", "A rule"),
        "top": ("south/top/2024-05-01", "A rule"),
    }
    assert three_levels.codes == {
        "north/base": {"J1756"},
        "south/middle": {"J1756"},
        "south/top": {"J1439"},
    }


def test_what_an_overlay_leaves_alone_stays_as_it_is(three_levels: Library) -> None:
    base, middle = (
        on(three_levels, address, "2024-08-01") for address in ("north/base", "south/middle")
    )
    assert base and middle

    assert {rule.id for rule in base.rules} == {"r", "new"}
    assert base.rule("r") == middle.rule("r")
    assert base.hash != middle.hash


def test_rules_with_days_of_their_own(tmp_path: Path) -> None:
    rules = [
        rule("always", MOST),
        rule("later", in_force={"from": "2024-03-01"}),
        rule("until", in_force={"through": "2024-03-31"}),
        rule("between", in_force={"from": "2024-03-15", "through": "2024-03-15"}),
        rule("early", in_force={"from": "2020-01-01", "through": "2024-01-01"}),
    ]
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy(
                "2024-01-01", "2024-12-31", parameters=units(1), rules=rules
            )
        },
    )

    def at(day: str) -> set[str]:
        found = on(made, "north/a", day)
        assert found is not None
        return {rule.id for rule in found.rules}

    assert at("2024-01-01") == {"always", "until", "early"}
    assert at("2024-01-02") == {"always", "until"}
    assert at("2024-02-29") == {"always", "until"}
    assert at("2024-03-01") == {"always", "until", "later"}
    assert at("2024-03-14") == {"always", "until", "later"}
    assert at("2024-03-15") == {"always", "until", "later", "between"}
    assert at("2024-03-16") == {"always", "until", "later"}
    assert at("2024-03-31") == {"always", "until", "later"}
    assert at("2024-04-01") == {"always", "later"}
    assert at("2024-12-31") == {"always", "later"}


def test_an_overriding_rule_overrides_on_its_own_days_only(tmp_path: Path) -> None:
    rules = [
        rule("base", MOST, then={"pend": {"because": "Look."}}),
        rule("over", in_force={"from": "2024-03-01", "through": "2024-03-31"}, overrides=["base"]),
    ]
    made = library(
        tmp_path,
        {"north/a/2024-01-01.json": policy("2024-01-01", parameters=units(1), rules=rules)},
    )
    overridden = {
        day: found.rule("base").overridden_by
        for day in ("2024-02-29", "2024-03-01", "2024-03-31", "2024-04-01")
        if (found := on(made, "north/a", day))
    }

    assert overridden == {
        "2024-02-29": (),
        "2024-03-01": ("over",),
        "2024-03-31": ("over",),
        "2024-04-01": (),
    }


def test_codes_with_days_of_their_own(tmp_path: Path) -> None:
    when = {"fact": "diagnosis.codes", "includes_any": {"code_set": "anaemia"}}
    first = {"code": "D50.0", "through": "2024-06-30"}
    codes = [first, {"code": "D50.1", "from": "2024-07-01"}, {"code": "D50.8"}]
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy(
                "2024-01-01", parameters=units(1), rules=[rule("r", MOST), rule("c", when=when)]
            ),
            "code_sets/anaemia.json": {
                "title": "Anaemia",
                "system": "icd10cm",
                "source": {"title": "ICD-10-CM"},
                "reviewed_on": "2026-01-01",
                "codes": codes,
            },
        },
    )

    def members(day: str) -> Any:
        found = on(made, "north/a", day)
        assert found is not None
        (test,) = ruleset.tests_in(found.rule("c").condition)
        return test.right[0].value  # type: ignore[union-attr]

    assert members("2024-06-30") == {"D50.0", "D50.8"}
    assert members("2024-07-01") == {"D50.1", "D50.8"}


def anaemia(*codes: dict[str, str]) -> dict[str, Any]:
    return {
        "title": "Anaemia",
        "system": "icd10cm",
        "source": {"title": "ICD-10-CM"},
        "reviewed_on": "2026-01-01",
        "codes": list(codes),
    }


def starts(made: Library, address: str) -> list[str]:
    return [first.isoformat() for first, _, _ in made.windows(address)]


def test_only_what_a_policy_reads_cuts_it(tmp_path: Path) -> None:
    when = {"fact": "diagnosis.codes", "includes_any": {"code_set": "anaemia"}}
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy("2024-01-01", rules=[rule("c", when=when)]),
            "north/b/2024-01-01.json": policy(
                "2024-01-01", applies_to={"fact": "drug.code", "is": "J1439"}, rules=[rule("r")]
            ),
            "code_sets/anaemia.json": anaemia({"code": "D50.0", "through": "2024-06-30"}),
            "code_sets/other.json": anaemia({"code": "D50.1", "from": "2025-02-01"}),
        },
    )

    assert starts(made, "north/a") == ["2024-01-01", "2024-07-01"]
    assert starts(made, "north/b") == ["2024-01-01"]


def test_neighbors_of_one_meaning_are_one_window(tmp_path: Path) -> None:
    """A code that ends one day and goes on the next; a rule that follows itself under its id."""
    when = {"fact": "diagnosis.codes", "includes_any": {"code_set": "anaemia"}}
    codes = [
        {"code": "D50.0", "through": "2024-06-30"},
        {"code": "D50.0", "from": "2024-07-01", "through": "2024-12-31"},
        {"code": "D50.0", "from": "2025-02-01"},
    ]
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy("2024-01-01", rules=[rule("c", when=when)]),
            "code_sets/anaemia.json": anaemia(*codes),
        },
    )

    assert starts(made, "north/a") == ["2024-01-01", "2025-01-01", "2025-02-01"]
    first, gap, after = (made.ruleset("north/a", day) for day, _, _ in made.windows("north/a"))
    assert first and gap and after
    assert first.hash == after.hash != gap.hash
    assert (first.last_day, gap.last_day) == (date(2024, 12, 31), date(2025, 1, 31))


@pytest.mark.parametrize(
    ("change", "cut"),
    [
        ({}, False),
        ({"note": "Read again."}, False),
        ({"rules": [rule("r", 2)]}, True),
        ({"rules": [rule("r", title="Other words")]}, True),  # what is printed differs
    ],
)
def test_a_new_version_of_a_base_cuts_an_overlay_where_it_says_something_else(
    tmp_path: Path, change: dict[str, Any], cut: bool
) -> None:
    made = library(
        tmp_path,
        {
            "north/base/2024-01-01.json": policy("2024-01-01", "2024-06-30", rules=[rule("r")]),
            "north/base/2024-07-01.json": policy("2024-07-01", **{"rules": [rule("r")], **change}),
            "south/top/2024-01-01.json": policy("2024-01-01", extends="north/base"),
        },
    )

    assert starts(made, "north/base") == ["2024-01-01", "2024-07-01"]
    assert starts(made, "south/top") == ["2024-01-01", *(["2024-07-01"] if cut else [])]


def test_a_code_set_behind_a_fact_cuts(tmp_path: Path) -> None:
    """The rule asks for the place; the place is told by a code set."""
    vocabulary = json.loads(
        (POLICIES.parent / "tests/policy/checks/base/vocabulary.json").read_text("utf-8")
    )
    vocabulary["facts"]["setting.place"]["from"]["cases"] = [
        {"any": {"line": "code", "in": {"code_set": "visits"}}, "value": "home"}
    ]
    visits = {**anaemia({"code": "J1439", "from": "2024-09-01"}), "system": "hcpcs"}
    asks = rule("r", when={"fact": "setting.place", "is": "home"})
    made = library(
        tmp_path,
        {
            "vocabulary.json": vocabulary,
            "north/a/2024-01-01.json": policy("2024-01-01", rules=[asks]),
            "code_sets/visits.json": visits,
        },
    )

    assert starts(made, "north/a") == ["2024-01-01", "2024-09-01"]


def test_a_code_set_in_applies_to_counts_with_all_its_codes(tmp_path: Path) -> None:
    made = library(
        tmp_path,
        {
            "north/a/2024-01-01.json": policy(
                "2024-01-01",
                applies_to={"fact": "drug.code", "in": {"code_set": "iron"}},
                rules=[rule("r")],
            ),
            "code_sets/iron.json": {
                "title": "Iron",
                "system": "hcpcs",
                "source": {"title": "HCPCS"},
                "reviewed_on": "2026-01-01",
                "codes": [{"code": "J1756"}, {"code": "J1439", "from": "2025-01-01"}],
            },
        },
    )

    assert made.codes["north/a"] == {"J1756", "J1439"}


def test_the_ends_of_the_calendar(tmp_path: Path) -> None:
    rules = [rule("r", MOST, in_force={"from": "0001-01-01", "through": "9999-12-31"})]
    made = library(
        tmp_path,
        {
            "north/a/0001-01-01.json": policy(
                "0001-01-01", "9999-12-31", parameters=units(1), rules=rules
            )
        },
    )

    assert facts_of(made, "north/a", "0001-01-01") == ("0001-01-01", 1, {"r"})
    assert facts_of(made, "north/a", "9999-12-31") == ("0001-01-01", 1, {"r"})


@pytest.fixture(scope="module")
def shipped() -> Library:
    return open_library(POLICIES)


def test_the_windows_of_every_policy_are_whole(shipped: Library) -> None:
    for address, versions in shipped.policies.items():
        windows = shipped.windows(address)
        for (_, last, _), (first, _, _) in pairwise(windows):
            assert last is not None
            assert last < first
        for first, last, merged in windows:
            for day in (first, last or first):
                made = shipped.ruleset(address, day)
                assert made is not None
                assert (made.first_day, made.last_day) == (first, last)
                (version,) = [one for one in versions if _covers(one, day)]
                assert made.version == version.first_day.isoformat()
                assert {rule.id for rule in made.rules} == {
                    id_ for id_, placed in merged.rules.items() if placed.model.days.in_force(day)
                }
        before = windows[0][0] - DAY
        assert shipped.ruleset(address, before) is None


def test_rulesets_are_made_once_whoever_asks(tmp_path: Path) -> None:
    """Many threads, one library: every one gets the same ruleset of a window."""
    made = open_library(POLICIES)
    days = [
        (address, day)
        for address in made.addresses()
        for first, last, _ in made.windows(address)
        for day in {first, last or first}
    ]
    fresh = open_library(POLICIES)
    with ThreadPoolExecutor(16) as pool:
        rulesets = list(pool.map(lambda asked: fresh.ruleset(*asked), days * 8))

    by_window = {(found.policy, found.first_day): found for found in rulesets if found}
    assert len({id(found) for found in rulesets}) == len(by_window)
    assert all(fresh.ruleset(*key) is found for key, found in by_window.items())


def _covers(version: PolicyVersion, day: date) -> bool:
    return version.first_day <= day and (version.last_day is None or day <= version.last_day)
