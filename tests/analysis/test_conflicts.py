"""Rules that conclude different values: a request for which both hold, a proof, or a plain "not seen"."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.cli.check import command
from payer_policy.engine import Engine
from payer_policy.policy.loading import open_library
from tests.analysis.lab_folders import CASES, POLICY, build_lab

CASE = CASES / "seen-from-either-side"
BOTH = ('"on_or_before": {', '"on_or_after": {')
"""With this change both rules hold for some dates."""


def folder(tmp_path: Path, *, both_hold: bool) -> Path:
    made = tmp_path / "policies"
    build_lab(CASE, made)
    if both_hold:
        file = made / POLICY
        text = file.read_text("utf-8")
        assert BOTH[0] in text
        file.write_text(text.replace(*BOTH), "utf-8")
    return made


def check(made: Path, *more: str) -> tuple[int, list[tuple[str, str, str]]]:
    result = CliRunner().invoke(command, [str(made), "--json", *more])
    problems = json.loads(result.output)["problems"]
    return result.exit_code, [(p["severity"], p["code"], p["message"]) for p in problems]


@pytest.fixture
def without_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "payer_policy.engines.why_unavailable", lambda name: "z3-solver is not installed"
    )


def test_rules_that_exclude_each_other_are_no_problem(tmp_path: Path) -> None:
    assert check(folder(tmp_path, both_hold=False)) == (0, [])


def test_a_request_for_which_both_hold_is_shown(tmp_path: Path) -> None:
    status, problems = check(folder(tmp_path, both_hold=True))

    ((severity, code, message),) = problems
    assert (status, severity, code) == (1, "error", "conflict")
    assert "can hold together, but conclude different values of `d.lvl`: d1 " in message
    assert ", d2 " in message


@pytest.mark.parametrize("both_hold", [False, True])
def test_without_a_solver_it_cannot_be_seen(
    both_hold: bool, tmp_path: Path, without_solver: None
) -> None:
    status, problems = check(folder(tmp_path, both_hold=both_hold))

    ((severity, code, message),) = problems
    assert (status, severity, code) == (0, "warning", "conflict-not-seen")
    assert "whether both can hold together cannot be seen" in message


def test_what_the_solver_gives_up_cannot_be_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from payer_policy.analysis import deep
    from payer_policy.engines.symbolic.search import NotProved

    class Tired(deep.Search):
        def find(self, *formulas: object) -> object:
            raise NotProved("timeout")

    monkeypatch.setattr(deep, "Search", Tired)
    status, problems = check(folder(tmp_path, both_hold=True))

    assert (status, [code for _, code, _ in problems]) == (0, ["conflict-not-seen"])


@pytest.mark.parametrize("both_hold", [False, True])
def test_a_folder_opens_alike_with_and_without_a_solver(
    both_hold: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = folder(tmp_path, both_hold=both_hold)
    before = open_library(made)
    monkeypatch.setitem(__import__("sys").modules, "z3", None)
    after = Engine.open(made, engine="compiled").library

    day = before.windows("lab/main")[0][0]
    one, other = before.ruleset("lab/main", day), after.ruleset("lab/main", day)
    assert one is not None
    assert other is not None
    assert one.hash == other.hash
