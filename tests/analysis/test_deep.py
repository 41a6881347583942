"""Planted defects: `check --deep` finds each, where it is, and nothing else.

The clean folder is that of the golden cases of `check`, with a rule that uses its code set. A defect is
some rules more (or an edit), and what is to be found of it: the code, and the rule.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from payer_policy.analysis.conflicts import settled
from payer_policy.analysis.deep import deep_check
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.engine import Engine
from payer_policy.policy.loading import open_library, read_library
from tests.policy.checks.building import BASE, build

POLICY = "north/iron/2024-01-01.json"
FINDING = {"group": "CO", "carc": "50", "rarc": ["N130"], "because": "No."}


def rule(id_: str, when: Any, **more: Any) -> dict[str, Any]:
    then = more.pop("then", {"deny": FINDING})
    return {"id": id_, "title": "A rule", "cites": ["manual"], "when": when, "then": then, **more}


def fact(name: str, operator: str, value: Any) -> dict[str, Any]:
    return {"fact": name, operator: value}


ANAEMIA = rule("anaemia", fact("diagnosis.codes", "includes_any", {"code_set": "anaemia"}))
"""What makes the folder clean: its code set has a use."""
FIRST = fact("therapy.phase", "is", "first")
PREGNANT = fact("patient.pregnant", "is", True)
OLD = fact("patient.age", "at_least", 65)


def all_(*parts: Any) -> dict[str, Any]:
    return {"all": list(parts)}


def any_(*parts: Any) -> dict[str, Any]:
    return {"any": list(parts)}


def never(*parts: Any) -> list[dict[str, Any]]:
    return [rule("planted", all_(*parts))]


NEVER: Mapping[str, list[dict[str, Any]]] = {
    "two values of a choice": never(FIRST, fact("therapy.phase", "is", "repeat")),
    "a value and its opposite": never(FIRST, fact("therapy.phase", "is_not", "first")),
    "yes and no": never(PREGNANT, fact("patient.pregnant", "is", False)),
    "a test and its denial": never(PREGNANT, {"not": PREGNANT}),
    "bounds that cross": never(OLD, fact("patient.age", "less_than", 18)),
    "bounds that just miss": never(
        fact("oral.weeks", "more_than", 5), fact("oral.weeks", "less_than", 6)
    ),
    "decimals that miss": never(
        fact("dose.given", "more_than", 10), fact("dose.given", "at_most", 10)
    ),
    "grades that cross": never(
        fact("fatigue.grade", "at_least", "severe"), fact("fatigue.grade", "less_than", "moderate")
    ),
    "values without a common one": never(
        fact("therapy.phase", "in", ["first", "repeat"]), fact("therapy.phase", "in", ["rescue"])
    ),
    "all values excluded": never(
        fact("oral.outcome", "not_in", ["failed", "not_tolerated", "helped"])
    ),
    "codes that are in and out": never(
        fact("diagnosis.codes", "includes_any", {"code_set": "anaemia"}),
        fact("diagnosis.codes", "excludes", {"code_set": "anaemia"}),
    ),
    "a code that is in and out": never(
        fact("modifiers.all", "includes", "JW"), fact("modifiers.all", "excludes", ["JW", "JZ"])
    ),
    "a day before the policy": never(fact("service.date", "before", "2024-01-01")),
    "a code to which it does not apply": never(fact("drug.code", "is", "J1439")),
    "a lab after it is before": never(
        fact("lab.date", "after", {"fact": "service.date"}),
        fact("lab.date", "on_or_before", {"fact": "service.date"}),
    ),
    "a span that is over": never(
        fact("lab.date", "within", {"days": 30, "before": {"fact": "service.date"}}),
        fact("lab.date", "after", {"fact": "service.date"}),
    ),
    "an age that its birthday rules out": never(
        fact("patient.age", "at_least", 3),
        fact("patient.birth_date", "on_or_after", "2023-06-01"),
        fact("service.date", "before", "2025-01-01"),
    ),
    "a derived fact that says no": never(
        fact("oral.tried", "is", True), fact("oral.outcome", "is", "helped")
    ),
    "two of three that exclude each other": [
        rule(
            "planted",
            {
                "at_least": 2,
                "of": [
                    FIRST,
                    fact("therapy.phase", "is", "repeat"),
                    fact("therapy.phase", "is", "rescue"),
                ],
            },
        )
    ],
    "twice as much as there is": never(
        fact("units.billed", "more_than", {"product": [2, {"fact": "units.billed"}]}),
        fact("units.billed", "more_than", 0),
    ),
    "rounding up to less": never(
        fact("dose.given", "more_than", {"round_up": {"fact": "dose.given"}})
    ),
}
"""Rules that can never hold."""


def with_override(when: Any, over: Any) -> list[dict[str, Any]]:
    return [rule("planted", when), rule("stronger", over, overrides=["planted"])]


HIDDEN: Mapping[str, list[dict[str, Any]]] = {
    "by the same condition": with_override(PREGNANT, PREGNANT),
    "by a wider bound": with_override(OLD, fact("patient.age", "at_least", 60)),
    "by more values": with_override(FIRST, fact("therapy.phase", "in", ["first", "repeat"])),
    "by one of its parts": with_override(all_(FIRST, PREGNANT), PREGNANT),
    "by any of several": with_override(PREGNANT, any_(PREGNANT, OLD)),
    "by a set with its code": with_override(
        fact("diagnosis.codes", "includes", "D50.9"),
        fact("diagnosis.codes", "includes_any", {"code_set": "anaemia"}),
    ),
    "by two together": [
        rule("planted", fact("therapy.phase", "in", ["first", "repeat"])),
        rule("stronger", FIRST, overrides=["planted"]),
        rule("stronger-too", fact("therapy.phase", "is", "repeat"), overrides=["planted"]),
    ],
}
"""Rules that are overridden whenever they would hold."""

IDLE: Mapping[str, list[dict[str, Any]]] = {
    "the same twice": [rule("planted", all_(PREGNANT, any_(PREGNANT, OLD)))],
    "a wider bound beside": [rule("planted", all_(OLD, fact("patient.age", "at_least", 18)))],
    "more values beside": [
        rule("planted", all_(FIRST, fact("therapy.phase", "in", ["first", "rescue"])))
    ],
    "what the policy is for": [rule("planted", all_(PREGNANT, fact("drug.code", "is", "J1756")))],
    "another value is none": [
        rule("planted", all_(FIRST, fact("therapy.phase", "is_not", "rescue")))
    ],
    "a branch inside another": [rule("planted", any_(PREGNANT, all_(PREGNANT, OLD)))],
    "not what it cannot be": [
        rule("planted", all_(FIRST, {"not": fact("therapy.phase", "is", "repeat")}))
    ],
    "a grade that follows": [
        rule(
            "planted",
            all_(fact("fatigue.grade", "is", "severe"), fact("fatigue.grade", "more_than", "mild")),
        )
    ],
    "what a concluded fact says": [
        rule(
            "planted",
            all_(
                fact("oral.tried", "is", True),
                fact("oral.outcome", "in", ["failed", "not_tolerated"]),
            ),
        )
    ],
    "a code of the set": [
        rule(
            "planted",
            any_(
                fact("diagnosis.codes", "includes_any", {"code_set": "anaemia"}),
                fact("diagnosis.codes", "includes", "D50.9"),
            ),
        )
    ],
}
"""Rules with a test that makes no difference."""

OPEN: Mapping[str, list[dict[str, Any]]] = {
    "a division by what may be zero": [
        rule(
            "planted",
            fact("lab.ferritin", "more_than", {"quotient": [100, {"fact": "lab.ferritin"}]}),
        )
    ],
    "a part of nothing": [
        rule(
            "planted",
            fact(
                "lab.ferritin",
                "less_than",
                {"quotient": [{"fact": "dose.given"}, {"fact": "dose.given"}]},
            ),
        )
    ],
}
"""Rules that stay open though everything is known."""


def high(id_: str, when: Any, level: str) -> dict[str, Any]:
    return rule(id_, when, then={"conclude": {"need.level": level}})


def found_in(folder: Path, rules: list[dict[str, Any]], **case: Any) -> list[Diagnostic]:
    build({"add_rules": {POLICY: [ANAEMIA, *rules]}, **case}, folder)
    return deep_check(Engine(open_library(folder)))


def test_the_clean_folder_has_nothing_to_find(tmp_path: Path) -> None:
    assert found_in(tmp_path / "policies", []) == []


PLANTED = [
    pytest.param(code, rules, id=f"{code}: {name}")
    for code, cases in (
        ("never-holds", NEVER),
        ("hidden-by-overrides", HIDDEN),
        ("test-without-effect", IDLE),
        ("never-settled", OPEN),
    )
    for name, rules in cases.items()
]


@pytest.mark.parametrize(("code", "rules"), PLANTED)
def test_a_planted_defect_is_found(code: str, rules: list[dict[str, Any]], tmp_path: Path) -> None:
    found = found_in(tmp_path / "policies", rules)

    assert {one.code for one in found} == {code}, [str(one) for one in found]
    for one in found:
        assert one.severity == "warning"
        assert "`planted`" in one.message
        assert one.location.file.endswith(POLICY)
        assert one.location.start is not None
        assert f'"acknowledges": {{"{code}:planted"' in (one.hint or "")


def test_there_are_enough_of_them() -> None:
    assert len(PLANTED) >= 40


def test_a_code_set_that_nothing_names_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    build({}, folder)

    (found,) = deep_check(Engine(open_library(folder)))

    assert (found.code, found.location.file) == (
        "unused-code-set",
        (folder / "code_sets/anaemia.json").as_posix(),
    )


def test_an_overlay_that_makes_a_test_matter_is_heard(tmp_path: Path) -> None:
    # Six weeks or more are always more than four; an overlay that asks for three makes it matter.
    rules = [
        rule(
            "planted",
            all_(
                fact("oral.weeks", "at_least", {"parameter": "oral_weeks"}),
                fact("oral.weeks", "at_least", 4),
            ),
        )
    ]
    found = found_in(tmp_path / "alone" / "policies", rules)
    overlay = '"oral_weeks": {"value": 12'
    edit = {"south/iron/2024-01-01.json": [[overlay, overlay.replace("12", "3")]]}

    assert [one.code for one in found] == ["test-without-effect"]
    assert found_in(tmp_path / "with" / "policies", rules, edit=edit) == []


def test_what_is_acknowledged_is_not_said_and_what_is_not_there_is(tmp_path: Path) -> None:
    known = '"applies_to": {"fact": "drug.code", "in": ["J1756"]},'
    edit = {
        POLICY: [
            [known, f'{known} "acknowledges": {{"never-holds:planted": "We like it."}},'],
        ]
    }

    assert found_in(tmp_path / "one" / "policies", NEVER["yes and no"], edit=edit) == []
    (found,) = found_in(tmp_path / "two" / "policies", [rule("planted", PREGNANT)], edit=edit)
    assert (found.code, found.location.path) == (
        "unused-acknowledgement",
        '$.acknowledges["never-holds:planted"]',
    )


def test_a_conflict_comes_with_a_request(tmp_path: Path) -> None:
    rules = [
        high("planted", fact("lab.date", "within", {"days": 5, "before": "2024-03-10"}), "high"),
        high("planted-low", fact("lab.date", "on_or_after", "2024-03-09"), "low"),
    ]
    folder = tmp_path / "policies"
    build({"add_rules": {POLICY: [ANAEMIA, *rules]}}, folder)
    library, problems = read_library(folder)
    assert library is not None

    (found,) = [one for one in settled(library, problems) if one.severity == "error"]

    assert found.code == "conflict"
    assert "`planted-low` and rule `planted`" in found.message
    assert "2024-03-09" in found.message or "2024-03-10" in found.message
    apart = [rules[0], high("planted-low", fact("lab.date", "after", "2024-03-10"), "low")]
    build({"add_rules": {POLICY: [ANAEMIA, *apart]}}, tmp_path / "apart")
    library, problems = read_library(tmp_path / "apart")
    assert library is not None
    assert settled(library, problems) == []


IDLE_POLICY = {
    "title": "Idle",
    "effective": {"from": "2024-01-01", "through": None},
    "applies_to": all_(
        fact("drug.code", "in", ["J1439"]), fact("service.date", "before", "1900-01-01")
    ),
    "references": {"manual": {"title": "Made up"}},
    "rules": [
        rule("one-part", PREGNANT),
        rule("two-parts", all_(PREGNANT, OLD)),
        rule("any-part", any_(PREGNANT, OLD)),
        high("concludes", PREGNANT, "high"),
    ],
}


def test_a_policy_that_applies_to_nothing_is_told_once(tmp_path: Path) -> None:
    write = {"north/idle/2024-01-01.json": IDLE_POLICY}
    (found,) = found_in(tmp_path / "policies", [], write=write)

    assert (found.code, found.severity) == ("never-applies", "warning")
    assert "`north/idle`" in found.message


def test_a_policy_that_is_written_to_be_extended_may_apply_to_nothing(tmp_path: Path) -> None:
    heir = {
        "title": "Heir",
        "extends": "north/idle",
        "effective": {"from": "2024-01-01", "through": None},
        "applies_to": fact("drug.code", "in", ["J1439"]),
    }
    write = {"north/idle/2024-01-01.json": IDLE_POLICY, "north/heir/2024-01-01.json": heir}
    assert found_in(tmp_path / "policies", [], write=write) == []


def test_what_no_file_says_of_a_drug_is_no_fault_of_a_rule(tmp_path: Path) -> None:
    # Without a billing unit a quotient by it has no result: its file has to say it, not the rule.
    unit = {
        "type": "decimal",
        "unit": "mcg",
        "minimum": 0,
        "label": "the billing unit",
        "question": "How much is a billing unit?",
        "from": {"drug": "billing_unit_mcg"},
    }
    planted = rule(
        "planted",
        fact(
            "units.billed",
            "more_than",
            {"quotient": [{"fact": "dose.given"}, {"fact": "drug.unit"}]},
        ),
    )
    file = "drugs/J1756.json"
    drug = json.loads((BASE / file).read_text("utf-8"))
    del drug["billing_unit"]
    case = {"add_facts": {"drug.unit": unit}, "write": {file: drug}}
    assert found_in(tmp_path / "policies", [planted], **case) == []
