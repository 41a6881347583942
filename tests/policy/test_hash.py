"""The hash of a ruleset: the same for the same meaning, another one for any other."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy.engine import Engine
from payer_policy.policy.loading import open_library
from tests.policy.checks.building import build

POLICY = "north/iron/2024-01-01.json"
DAY = date(2024, 5, 1)
Change = Callable[[dict[str, Any]], object]


def hashes(folder: Path) -> dict[str, str]:
    made = open_library(folder)
    found = {address: made.ruleset(address, DAY) for address in made.addresses()}
    return {address: ruleset.hash for address, ruleset in found.items() if ruleset}


def built(folder: Path) -> Path:
    """The golden base, with a rule that asks about a code set and one that asks for an age."""
    build({}, folder)
    path = folder / POLICY
    value = json.loads(path.read_text(encoding="utf-8"))
    condition = [
        {"fact": "diagnosis.codes", "includes_any": {"code_set": "anaemia"}},
        {"fact": "patient.age", "at_least": 18},
        {"fact": "drug.daily_limit", "at_least": 1},
    ]
    rule = {**value["rules"][2], "id": "seen", "when": {"all": condition}}
    rule["then"] = {"advise": {"because": "A note.", "on": "wasted"}}
    value["rules"].append(rule)
    path.write_text(json.dumps(value), encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return built(tmp_path / "policies")


def shuffled(value: Any, random: Random) -> Any:
    """JSON with the keys of all objects in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        random.shuffle(items)
        return {key: shuffled(item, random) for key, item in items}
    return [shuffled(item, random) for item in value] if isinstance(value, list) else value


def test_it_is_a_sha_256(folder: Path) -> None:
    found = hashes(folder)

    assert set(found) == {"north/iron", "south/iron"}
    assert all(len(text) == 64 and int(text, 16) for text in found.values())
    assert len(set(found.values())) == 2


def test_layout_and_the_order_of_keys_and_rules_are_no_meaning(folder: Path) -> None:
    before = hashes(folder)
    for seed in range(4):
        random = Random(seed)
        for path in sorted(folder.rglob("*.json")):
            value = shuffled(json.loads(path.read_text(encoding="utf-8")), random)
            if "rules" in value:
                random.shuffle(value["rules"])
            indent = random.choice((None, 1, 7))
            path.write_text(json.dumps(value, indent=indent), encoding="utf-8")

        assert hashes(folder) == before


def test_the_order_in_which_files_are_read_is_no_meaning(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hashes(folder)
    from payer_policy.policy.folder import Folder

    listed = Folder._listed
    monkeypatch.setattr(Folder, "_listed", lambda self: listed(self)[::-1])

    assert hashes(folder) == before


def rule(value: dict[str, Any], index: int) -> dict[str, Any]:
    found: dict[str, Any] = value["rules"][index]
    return found


def fact(value: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = value["facts"][name]
    return found


NO_MEANING: dict[str, tuple[str, Change]] = {
    "the schema for editors": (POLICY, lambda v: v.pop("$schema")),
    "another spelling of a number": (
        POLICY,
        lambda v: v["parameters"]["most_units"].update(value=300.0),
    ),
    "a title": (POLICY, lambda v: v.update(title="Other")),
    "a rule's title": (POLICY, lambda v: rule(v, 1).update(title="Other")),
    "a rule's note": (POLICY, lambda v: rule(v, 1).update(note="Looked at.")),
    "a parameter's note": (POLICY, lambda v: v["parameters"]["most_units"].update(note="New.")),
    "the title of a reference": (POLICY, lambda v: v["references"]["manual"].update(title="Other")),
    "a rule's days, on a day within them": (
        POLICY,
        lambda v: rule(v, 1).update(in_force={"from": "2024-05-01"}),
    ),
    "a fact's label": ("vocabulary.json", lambda v: fact(v, "units.billed").update(label="units")),
    "a fact's question": ("vocabulary.json", lambda v: fact(v, "patient.birth_date").update(
        question="When?")),
    "a fact that no rule reads": (
        "vocabulary.json",
        lambda v: v["facts"].update({"patient.weight": {
            "type": "decimal", "label": "the weight", "question": "What is the weight?"}}),
    ),
    "what silence means of a fact that no rule reads": (
        "vocabulary.json",
        lambda v: fact(v, "patient.pregnant").update(absent_means=False),
    ),
    "a remark in a drug file": ("drugs/J1756.json", lambda v: v.update(note="Looked at.")),
    "another spelling of a code": (
        "code_sets/anaemia.json",
        lambda v: v["codes"][0].update(code="d500"),
    ),
    "the order of a code set": ("code_sets/anaemia.json", lambda v: v["codes"].reverse()),
    "the review of a code set": (
        "code_sets/anaemia.json",
        lambda v: v.update(reviewed_on="2027-01-01"),
    ),
    "the days of a code, on a day within them": ("code_sets/anaemia.json", lambda v: v["codes"][
        2].update({"from": "2015-11-01"})),
    "a code of a code set that nothing asks about": (
        "code_sets/modifiers.json", lambda v: v["codes"].pop(1)),
    "a reason code's own words": (
        "reason_codes/carc.json",
        lambda v: v["codes"][3].update(means="Not needed."),
    ),
    "a drug's attribute": ("drugs/J1756.json", lambda v: v["attributes"]["daily_limit"][
        1].update(value=400)),
    "a product": ("products/iron-sucrose.json", lambda v: v["products"][0].update(
        single_dose=False)),
}  # fmt: skip
A_MEANING: dict[str, tuple[str, Change]] = {
    "a parameter": (POLICY, lambda v: v["parameters"]["oral_weeks"].update(value=7)),
    "a unit": (POLICY, lambda v: v["parameters"]["oral_weeks"].update(unit="days")),
    "what it applies to": (POLICY, lambda v: v["applies_to"].update({"in": ["J1756", "J1439"]})),
    "a citation": (POLICY, lambda v: rule(v, 0).update(cites=["label"])),
    "an operator": (POLICY, lambda v: rule(v, 2).update(
        when={"fact": "units.billed", "at_least": {"parameter": "most_units"}})),
    "a value": (POLICY, lambda v: rule(v, 0)["when"]["any"][0].update({"is": "failed"})),
    "any for all": (POLICY, lambda v: rule(v, 1)["when"].update(
        any=rule(v, 1)["when"].pop("all"))),
    "the negation of a condition": (POLICY, lambda v: rule(v, 2).update(
        when={"not": rule(v, 2)["when"]})),
    "an effect": (POLICY, lambda v: rule(v, 1).update(then={"pend": rule(v, 1)["then"]["deny"]})),
    "a reason code": (POLICY, lambda v: rule(v, 1)["then"]["deny"].update(carc="151")),
    "the order of remark codes": (POLICY, lambda v: rule(v, 1)["then"]["deny"].update(
        rarc=["N130", "N706"])),
    "a sentence": (POLICY, lambda v: rule(v, 1)["then"]["deny"].update(because="No.")),
    "the lines that it falls on": (POLICY, lambda v: rule(v, 1)["then"]["deny"].update(
        on="wasted")),
    "what not known means": (POLICY, lambda v: rule(v, 1).update(
        if_unknown="assume_not_holding")),
    "what is overridden": (POLICY, lambda v: rule(v, 1).update(overrides=["too-many-units"])),
    "a rule id": (POLICY, lambda v: rule(v, 1).update(id="other")),
    "one rule less": (POLICY, lambda v: v["rules"].pop(1)),
    "the request for information": (POLICY, lambda v: v["information_request"].update(
        rarc=["N130"])),
    "a fact's source": ("vocabulary.json", lambda v: v["facts"]["units.billed"]["from"].update(
        lines="claim")),
    "what silence means": ("vocabulary.json", lambda v: fact(v, "oral.weeks").update(
        absent_means=0)),
    "the source of a fact behind a fact": ("vocabulary.json", lambda v: fact(
        v, "patient.birth_date").pop("from")),
    "what a derived fact is otherwise": ("vocabulary.json", lambda v: v["facts"][
        "oral.tried"].update(otherwise=True)),
    "a part of the lines": ("vocabulary.json", lambda v: v["line_parts"]["wasted"].update(
        where={"line": "modifiers", "includes": "JZ"})),
    "a code of a code set": ("code_sets/anaemia.json", lambda v: v["codes"].pop(2)),
    "the days of a code": ("code_sets/anaemia.json", lambda v: v["codes"][2].update(
        {"from": "2024-06-01"})),
    "a rule's own days": (POLICY, lambda v: rule(v, 1).update(in_force={"from": "2024-06-01"})),
}  # fmt: skip


def after(folder: Path, file: str, change: Change) -> dict[str, str]:
    path = folder / file
    value = json.loads(path.read_text(encoding="utf-8"))
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    return hashes(folder)


@pytest.mark.parametrize("name", NO_MEANING)
def test_what_is_no_meaning_leaves_the_hash(folder: Path, name: str) -> None:
    assert after(folder, *NO_MEANING[name]) == hashes_of_base(folder)


@pytest.mark.parametrize("name", A_MEANING)
def test_any_other_meaning_is_another_hash(folder: Path, name: str) -> None:
    """Of the policy, and of the overlay that takes it over."""
    before, now = hashes_of_base(folder), after(folder, *A_MEANING[name])

    assert now["north/iron"] != before["north/iron"]
    if name not in ("a parameter", "a unit"):
        assert now["south/iron"] != before["south/iron"]


def test_the_days_of_a_version_are_no_meaning(folder: Path) -> None:
    before = hashes(folder)
    overlay = "south/iron/2024-01-01.json"
    assert after(folder, overlay, lambda v: v["effective"].update(through="2030-01-01")) == before


ROWS: dict[str, tuple[str, Change, bool]] = {
    # what is changed, and whether it is read for the claim below
    "a drug's attribute": ("drugs/J1756.json", lambda v: v["attributes"]["daily_limit"][
        1].update(value=400), True),
    "a drug's billing unit": ("drugs/J1756.json", lambda v: v["billing_unit"].update(amount=2),
                              True),
    "a product": ("products/iron-sucrose.json", lambda v: v["products"][0].update(
        single_dose=False), True),
    "a product's name": ("products/iron-sucrose.json", lambda v: v["products"][0].update(
        name="Other"), False),
    "an attribute from a later day on": ("drugs/J1756.json", lambda v: v["attributes"][
        "daily_limit"].append({"from": "2030-01-01", "value": 9}), False),
    "another drug": ("drugs/J1439.json", lambda v: v["billing_unit"].update(amount=7), False),
    "a note": ("drugs/J1756.json", lambda v: v.update(note="Looked at."), False),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_that_were_read_have_a_hash_of_their_own(folder: Path, name: str) -> None:
    file, change, read = ROWS[name]
    ndc = json.loads((folder / "products/iron-sucrose.json").read_text(encoding="utf-8"))
    line = {"code": "J1756", "units": 3, "date": "2024-05-01", "ndc": ndc["products"][0]["ndc"]}
    claim = {"id": "SYN-1", "coverage": {"payer": "north"}, "lines": [line]}

    def decided() -> tuple[str, str | None]:
        (made,) = Engine.open(folder, engine="compiled").decide(claim).determinations
        return made.policy.hash, made.reference_hash

    before = decided()
    path = folder / file
    value = json.loads(path.read_text(encoding="utf-8"))
    if name.startswith("an attribute"):
        value["attributes"]["daily_limit"][-1]["through"] = "2029-12-31"
    change(value)
    path.write_text(json.dumps(value), encoding="utf-8")
    now = decided()

    assert now[0] == before[0]
    assert (now[1] != before[1]) is read


def hashes_of_base(folder: Path) -> dict[str, str]:
    return hashes(built(folder.parent / "fresh"))
