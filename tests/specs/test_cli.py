"""`payer-policy spec`: its exit status, its JSON, and that nothing around it disturbs it."""

from __future__ import annotations

import json
import os
import shutil

import pytest

from payer_policy.specs import running
from payer_policy.specs.case import Case
from payer_policy.specs.failures import Mismatch
from tests.specs.running import DATA, HERE, all_passed, spec


def test_json_for_programs(monkeypatch):
    result = spec(monkeypatch, "cases/outline-rows.feature", "--json")

    document = json.loads(result.output)
    assert result.exit_code == 1
    assert document["schema"] == "payer-policy/spec/1"
    assert document["passed"] is False
    assert document["engines"] == list(HERE)
    assert document["counts"] == {"passed": 2, "failed": 1, "skipped": 0}
    failed = document["features"][0]["scenarios"][2]
    assert failed["example"] == {"units": "3", "decision": "denied"}
    assert failed["example_line"] == 19
    assert [name for name, outcome in failed["engines"].items() if outcome == "failed"] == list(
        HERE
    )
    assert [failure["engine"] for failure in failed["failures"]] == list(HERE)
    assert failed["failures"][0]["expected"] == "denied"
    assert failed["failures"][0]["found"] == "partly approved (line 1 reduced)"


def test_a_failure_on_every_engine_is_told_once(monkeypatch):
    result = spec(monkeypatch, "cases/outline-rows.feature")

    assert result.output.count("outline-rows.feature:9: Then it is denied") == 1
    assert "only on" not in result.output


def test_engines_that_differ_are_named(monkeypatch):
    if "checked" not in HERE:
        pytest.skip("columnar-rules is not installed, so there is only one engine")
    decide = Case.decide

    def differs(case):
        decide(case)
        if case.engine.name == "columnar":
            raise Mismatch("the same", "another")

    monkeypatch.setattr(Case, "decide", differs)

    result = spec(monkeypatch, "features", "-k", "exactly")

    assert "only on           columnar" in result.output
    assert "1 scenario: 1 failed" in result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere"], "nowhere is not there"),
        (["policies"], "no feature file in policies"),
        (["features", "--engine", "compield"], "did you mean `compiled`?"),
        (["features", "-k", "nothing of the kind"], "put `and`, `or`, `and not` between words"),
        (["features", "-k", "nothing_of_the_kind"], "no scenario matches"),
        (["features", "--policies", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_call_is_told(monkeypatch, arguments, told):
    from payer_policy.core.diagnostics import PolicyError

    try:
        result = spec(monkeypatch, *arguments)
    except PolicyError as error:  # `main` prints it
        assert told in str(error)
        return
    assert result.exit_code == 2
    assert told in result.output
    assert "Traceback" not in result.output


def test_scenarios_are_chosen_by_name(monkeypatch):
    result = spec(monkeypatch, "features", "-k", "weeks and not exactly")

    assert "2 scenarios: 2 passed" in result.output
    assert result.exit_code == 0


def test_where_only_one_engine_is_installed_it_runs(monkeypatch):
    monkeypatch.setattr(running, "enough_engines", lambda: ("compiled",))

    result = spec(monkeypatch, "features")

    assert result.output.endswith(all_passed(29, ("compiled",)))
    assert result.exit_code == 0


def test_any_folder_will_do(monkeypatch, tmp_path):
    """Names that pytest gives a meaning, and its settings, have none here; no Python file is run."""
    folder = tmp_path / "build" / "a[b]::c"
    (folder / "node_modules").mkdir(parents=True)
    shutil.copy(
        DATA / "features" / "every-sentence.feature", folder / "node_modules" / "[x].feature"
    )
    for name in ("conftest.py", "test_it.py", "node_modules/conftest.py"):
        (folder / name).write_text("raise SystemExit(9)\n", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --nonsense\n", encoding="utf-8")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--nonsense")
    monkeypatch.setenv("PYTEST_PLUGINS", "nonsense")

    result = spec(monkeypatch, "node_modules", "--engine", "compiled", folder=folder)

    assert result.output == (
        "node_modules/[x].feature: Every sentence of the step library\n"
        "  29 scenarios: 29 passed\n\n"
        "1 feature on compiled, 29 scenarios: 29 passed.\n"
    )
    assert os.environ["PYTEST_ADDOPTS"] == "--nonsense"
    assert {path.name for path in folder.iterdir()} == {
        "conftest.py", "test_it.py", "pytest.ini", "node_modules",
    }  # fmt: skip


def test_a_changed_file_is_read_anew(monkeypatch, tmp_path):
    feature = tmp_path / "one.feature"
    text = (
        "Feature: x\n  Scenario: y\n"
        "    Given a claim to Example Health for J3420 on 2024-06-03\n"
        "    When the claim is decided\n    Then it is {}\n"
    )
    for decision, status in (("pended", 0), ("denied", 1)):
        feature.write_text(text.format(decision), encoding="utf-8")
        assert spec(monkeypatch, str(feature), "--engine", "compiled").exit_code == status


def test_the_steps_are_listed(monkeypatch):
    text = spec(monkeypatch, "--steps").output
    document = json.loads(spec(monkeypatch, "--steps", "--json").output)

    assert "**Given a claim to {payer} for {code} on {date}**" in text
    decisions = "approved|denied|pended|partly approved|void|not required|recommended for denial"
    assert f"**Then it is ({decisions})**" in text
    assert {step["kind"] for step in document["steps"]} == {"given", "when", "then"}


def test_a_fault_of_the_program_ends_one_scenario_and_is_told_as_such(monkeypatch):
    def fault(*_):
        raise KeyError("member 42")

    monkeypatch.setattr("payer_policy.specs.case.Case.decide", fault)

    result = spec(monkeypatch, "cases/outline-rows.feature", "--engine", "compiled")

    assert result.exit_code == 1
    assert "a fault in this program ended the scenario (KeyError)" in result.output
    assert "42" not in result.output
