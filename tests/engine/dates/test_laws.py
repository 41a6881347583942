"""Laws of dates: what is learned of a date never turns what was settled without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy import Engine
from payer_policy.determination import Outcome
from tests.examples import examples
from tests.policy.checks.building import build

TABLES = Path(__file__).parent / "cases"
DAYS = ("2024-03-03", "2024-03-04", "2024-03-05")
_DAY = st.one_of(st.none(), st.sampled_from(DAYS))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """A policy that reads what counts on the same day, here and on earlier claims."""
    folder = tmp_path_factory.mktemp("laws") / "policies"
    table = json.loads((TABLES / "same-day.json").read_text("utf-8"))
    earlier = json.loads((TABLES / "history.json").read_text("utf-8"))
    name = "north/iron/2024-01-01.json"
    policy = table["folder"]["write"][name]
    policy["rules"] += earlier["folder"]["write"][name]["rules"]
    build(table["folder"], folder)
    return Engine.open(folder)


@st.composite
def undated_requests(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    """A request, and the same with every date known."""
    lines: list[tuple[dict[str, Any], str | None, str]] = []
    for number in range(1, draw(st.integers(2, 5))):
        line = {
            "number": number,
            "code": draw(st.sampled_from(["J1756", "J1756", "96365", "96413", "99213"])),
            "units": draw(st.sampled_from([1, 4, 8, 12])),
        }
        lines.append((line, draw(_DAY), draw(st.sampled_from(DAYS))))
    history: list[tuple[dict[str, Any], str | None, str]] = []
    for number in range(draw(st.integers(0, 2))):
        row = {"claim_id": f"SYN-{number}", "code": "J1756", "units": draw(st.sampled_from([4, 8]))}
        history.append((row, draw(_DAY), draw(st.sampled_from(DAYS))))

    def made(learned: bool) -> dict[str, Any]:
        def dated(parts: list[tuple[dict[str, Any], str | None, str]]) -> list[dict[str, Any]]:
            out = []
            for part, day, other in parts:
                known = day or (other if learned else None)
                out.append(part if known is None else {**part, "date": known})
            return out

        return {
            "id": "SYN-L",
            "coverage": {"payer": "north"},
            "diagnoses": ["D50.0"],
            "lines": dated(lines),
            "history": dated(history),
        }

    return made(False), made(True)


def outcomes(outcome: Outcome) -> dict[int, str]:
    return {line.number: line.outcome for one in outcome.determinations for line in one.lines}


@settings(max_examples=examples(150))
@given(pair=undated_requests())
def test_what_is_settled_stays_when_dates_are_learned(
    engine: Engine, pair: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    before, after = (engine.decide(one) for one in pair)
    known = outcomes(after)
    for number, outcome in outcomes(before).items():
        if outcome in ("approve", "deny"):
            assert known[number] == outcome, (before, after)


@settings(max_examples=examples(100))
@given(pair=undated_requests())
def test_no_line_without_a_date_is_settled(
    engine: Engine, pair: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    request, _ = pair
    undated = {line["code"] for line in request["lines"] if "date" not in line}
    found = outcomes(engine.decide(request))
    for line in request["lines"]:
        if line["code"] in undated and line["number"] in found:
            assert found[line["number"]] == "pend"
