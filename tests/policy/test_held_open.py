"""A folder that is held open says after each change of a file what a fresh reading of it says."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy.policy.library import Library
from payer_policy.policy.loading import PolicyFolder, open_library, read_library
from tests.policy.checks.building import build

POLICY, OVERLAY = "north/iron/2024-01-01.json", "south/iron/2024-01-01.json"


def meanings(library: Library | None) -> Any:
    """The rulesets' hashes of all windows, and the payers by identifier."""
    if library is None:
        return None
    return {
        address: [
            (first, last, found.hash)
            for first, last, _ in library.windows(address)
            if (found := library.ruleset(address, first))
        ]
        for address in library.addresses()
    }, library.reference.payers


def compared(held: PolicyFolder, folder: Path) -> tuple[Library | None, int]:
    library, problems = held.read()
    fresh, same = read_library(folder)
    assert problems == same
    if not any(one.severity == "error" for one in same):
        assert meanings(library) == meanings(fresh)
    return library, len(problems)


def edited(value: Any, random: Random) -> None:
    """A change of one place of a JSON value: a key gone or misspelled, a value of another type."""
    while True:
        places = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not places:
            return
        at = random.choice(places)
        if isinstance(value[at], (dict, list)) and random.randrange(3):
            value = value[at]
            continue
        how = random.choice(("gone", "misspelled", "other", "twice"))
        if how == "gone":
            del value[at]
        elif how == "misspelled" and isinstance(value, dict):
            value[f"{at}x"] = value.pop(at)
        elif how == "twice" and isinstance(value, list):
            value.append(value[at])
        else:
            value[at] = random.choice((7, "J1756", True, "north/iron", None, [], "2024-02-30"))
        return


@pytest.mark.parametrize("seed", range(4))
def test_it_says_what_a_fresh_reading_says(tmp_path: Path, seed: int) -> None:
    folder, random = tmp_path / "policies", Random(seed)
    build({}, folder)
    held = PolicyFolder(folder)
    compared(held, folder)
    files = sorted(folder.rglob("*.json"))
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    problems = 0
    for _ in range(40):
        path = random.choice([*files, folder / POLICY, folder / OVERLAY])
        text = texts[path]
        if not random.randrange(12):
            path.unlink(missing_ok=True)
        elif not random.randrange(12):
            path.write_text(text[:-2], encoding="utf-8")
        else:
            value = json.loads(text)
            edited(value, random)
            path.write_text(json.dumps(value), encoding="utf-8")
        problems += compared(held, folder)[1]
        if random.randrange(3):
            path.write_text(text, encoding="utf-8")
            compared(held, folder)
    assert problems > 20


def test_only_what_a_change_touches_is_typed_again(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    build({}, folder)
    held = PolicyFolder(folder)
    before, _ = compared(held, folder)
    path = folder / OVERLAY
    value = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**value, "title": "Other"}), encoding="utf-8")
    now, _ = compared(held, folder)
    assert before and now

    def elaborated(library: Library, address: str) -> Any:
        (window,) = library._windows_of(address)
        return window.elaboration

    assert elaborated(now, "north/iron") is elaborated(before, "north/iron")
    assert elaborated(now, "south/iron") is not elaborated(before, "south/iron")


def test_what_check_typed_is_what_runs(tmp_path: Path) -> None:
    """And an overlay runs the very rules of its base, where it changes no parameter of theirs."""
    folder = tmp_path / "policies"
    build({}, folder)
    overlay = {"title": "Same", "effective": {"from": "2024-01-01", "through": None}}
    path = folder / "south/same/2024-01-01.json"
    path.parent.mkdir(parents=True)
    path.write_text(
        json.dumps(
            {
                **overlay,
                "extends": "north/iron",
                "applies_to": {"fact": "drug.code", "is": "J1439"},
            }
        ),
        encoding="utf-8",
    )
    library = open_library(folder)
    (typed,) = library._elaborated("north/iron")
    (taken,) = library._elaborated("south/same")

    assert {id(one) for one in taken.rules.values()} == {id(one) for one in typed.rules.values()}
    (first, _, _) = library.windows("north/iron")[0]
    ruleset = library.ruleset("north/iron", first)
    assert ruleset is not None
    assert {id(rule) for rule in ruleset.rules} == {id(one.made) for one in typed.rules.values()}
