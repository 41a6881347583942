"""Sections of a policy file and of its overlays: their order, and what an authorization silences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.engines import engine_named
from tests.policy.checks.building import build

NORTH, SOUTH = "north/iron/2024-01-01.json", "south/iron/2024-01-01.json"
COVERED = {
    "type": "boolean", "label": "whether an authorization covers the service", "derived": True,
    "otherwise": False, "tells": "preauthorization satisfied",
}  # fmt: skip


def folder_of(tmp_path: Path, south: str = "") -> Path:
    """Iron infusions with two sections, of which an authorization silences one."""
    sections = '"sections": ["units", "necessity"], "silences": ["section:necessity"],\n  '
    case: dict[str, Any] = {
        "add_facts": {
            "paper.approved": {
                "type": "boolean", "label": "whether it was approved", "question": "Was it?"
            },
            "paper.covers": COVERED,
        },
        "add_rules": {
            NORTH: [
                {
                    "id": "covered", "title": "It was approved", "cites": ["manual"],
                    "when": {"fact": "paper.approved", "is": True},
                    "then": {"conclude": {"paper.covers": True}},
                }
            ]
        },
        "edit": {
            NORTH: [
                ['"parameters": {', f'{sections}"parameters": {{'],
                ['"title": "Oral iron comes first",',
                 '"title": "Oral iron comes first", "section": "necessity",'],
                ['"title": "No more units than the label allows",',
                 '"title": "No more units than the label allows", "section": "units",'],
            ],
            SOUTH: [['"extends"', f'{south}"extends"']],
        },
    }  # fmt: skip
    build(case, tmp_path / "policies")
    return tmp_path / "policies"


def decide(engine: Engine, **facts: Any) -> Any:
    known = {"therapy.phase": "first", "oral.outcome": "failed", "oral.weeks": 2}
    known |= {name.replace("__", "."): value for name, value in facts.items()}
    request = {
        "id": "SYN-1",
        "coverage": {"payer": "north"},
        "diagnoses": ["D50.9"],
        "lines": [{"code": "J1756", "units": 1, "date": "2024-06-03"}],
        "facts": known,
    }
    (determination,) = engine.decide(request).determinations
    return determination


@pytest.mark.parametrize("name", ["compiled", "columnar"])
@pytest.mark.parametrize(
    ("approved", "decision", "finding"),
    [(True, "approve", ("advise", True)), (False, "deny", ("deny", False)), (None, "pend", None)],
)
def test_an_authorization_silences_a_section(
    tmp_path: Path, name: str, approved: bool | None, decision: str, finding: Any
) -> None:
    engine = Engine.open(folder_of(tmp_path), engine=name)
    made = decide(engine, paper__approved=approved)

    assert made.decision == decision
    found = {one.rule: (one.kind, one.silenced) for one in made.findings}
    assert found.get("oral-iron-first") == finding
    if approved is None:
        assert [(one.rule, one.unknown) for one in made.unsettled] == [
            ("oral-iron-first", "authorization")
        ]
        assert "paper.approved" in [one.fact for one in made.missing]


@pytest.mark.parametrize(
    ("south", "sections", "silences"),
    [
        ("", ("units", "necessity"), {"necessity"}),
        ('"sections": ["necessity"], ', ("necessity", "units"), {"necessity"}),
        ('"silences": [], ', ("units", "necessity"), set()),
        ('"silences": ["section:units"], ', ("units", "necessity"), {"units"}),
    ],
)
def test_an_overlay_takes_over_sections_and_may_change_their_order(
    tmp_path: Path, south: str, sections: tuple[str, ...], silences: set[str]
) -> None:
    library = Engine.open(folder_of(tmp_path, south)).library
    ruleset = library.ruleset("south/iron", library.windows("south/iron")[-1][0])

    assert ruleset is not None
    assert (ruleset.sections, ruleset.silences) == (sections, frozenset(silences))
    assert ruleset.covered_by == ("paper.covers" if silences else None)
    assert engine_named("compiled").compile(ruleset)({}).derived["paper.covers"] is None
