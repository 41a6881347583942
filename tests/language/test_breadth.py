"""How broad a condition can be: to a limit that `check` names, on every engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payer_policy.core.diagnostics import PolicyError
from payer_policy.engine import Engine
from payer_policy.engines import ENGINES, why_unavailable
from payer_policy.language import MAX_COUNTED, MAX_PARTS
from payer_policy.language.elaborate import MAX_COUNTS
from payer_policy.policy.loading import open_library
from tests.policy.checks.building import build

POLICY = "north/iron/2024-01-01.json"


def lined_up(count: int) -> list[dict[str, Any]]:
    return [{"fact": "lab.ferritin", "more_than": at} for at in range(count)]


def counted(depth: int) -> dict[str, Any]:
    """Fails only where the innermost test does."""
    made = lined_up(1)[0]
    for _ in range(depth):
        made = {
            "at_least": 2,
            "of": [made, lined_up(1)[0], {"fact": "lab.ferritin", "less_than": -1}],
        }
    return made


def denied(when: Any, folder: Path) -> Path:
    rule = {
        "id": "broad",
        "title": "A rule",
        "cites": ["manual"],
        "when": when,
        "then": {"deny": {"group": "CO", "carc": "50", "rarc": ["N130"], "because": "No."}},
    }
    build({"add_rules": {POLICY: [rule]}}, folder)
    return folder


BROAD: dict[str, tuple[Any, int]] = {
    "any": ({"any": lined_up(MAX_PARTS)}, 1),
    "all": ({"all": lined_up(MAX_PARTS)}, MAX_PARTS),
    "of": ({"at_least": MAX_COUNTED // 2, "of": lined_up(MAX_COUNTED)}, MAX_COUNTED // 2),
    "not of": ({"not": {"not": {"at_least": 3, "of": lined_up(MAX_COUNTED)}}}, 3),
    "any of all": ({"any": [{"all": lined_up(30)} for _ in range(100)]}, 30),
    "a list": ({"fact": "lab.ferritin", "in": list(range(5, MAX_PARTS + 5))}, 5),
    "of in of": (counted(MAX_COUNTS), 1),
}
"""Conditions, with the least whole number of `lab.ferritin` for which they hold."""


REQUEST = {
    "coverage": {"payer": "north", "line_of_business": "medicare"},
    "lines": [{"code": "J1756", "units": 1, "date": "2024-06-03"}],
}


@pytest.mark.parametrize("name", BROAD)
def test_every_engine_decides_what_check_lets_pass(name: str, tmp_path: Path) -> None:
    when, least = BROAD[name]
    folder = denied(when, tmp_path / "policies")
    for engine in (one for one in ENGINES if why_unavailable(one) is None):
        opened = Engine.open(folder, engine=engine)
        found = {}
        for value in (least - 1, least):
            outcome = opened.decide({**REQUEST, "facts": {"lab.ferritin": value}})
            findings = outcome.determinations[0].findings
            found[value] = [one.rule for one in findings if one.rule == "broad"]
        assert found == {least - 1: [], least: ["broad"]}, engine


def test_what_is_broad_is_asked_for_and_explained(tmp_path: Path) -> None:
    engine = Engine.open(denied(BROAD["of"][0], tmp_path / "policies"))

    determination = engine.decide(REQUEST).determinations[0]

    assert "broad" in {one.rule for one in determination.unsettled}
    assert "lab.ferritin" in {question.fact for question in determination.missing}


TOO_BROAD = {
    "any": (
        {"any": lined_up(MAX_PARTS + 1)},
        "`any` has 1,001 conditions; at most 1,000 can be in",
    ),
    "all": (
        {"all": lined_up(MAX_PARTS + 1)},
        "`all` has 1,001 conditions; at most 1,000 can be in",
    ),
    "of": (
        {"at_least": 2, "of": lined_up(3_000)},
        "`of` has 3,000 conditions; at most 100 can be in",
    ),
    "a list": (
        {"fact": "lab.ferritin", "in": list(range(MAX_PARTS + 1))},
        "the list has 1,001 numbers; at most 1,000 can be in one list",
    ),
    "of in of": (counted(MAX_COUNTS + 1), "is inside 8 others; at most 8 can be nested"),
}


@pytest.mark.parametrize("name", TOO_BROAD)
def test_check_names_the_limit(name: str, tmp_path: Path) -> None:
    when, message = TOO_BROAD[name]

    with pytest.raises(PolicyError) as caught:
        open_library(denied(when, tmp_path / "policies"))

    (problem,) = caught.value.diagnostics
    assert problem.code == "wrong-shape"
    assert message in problem.message
    assert problem.hint
    assert problem.location.start is not None
