"""One meaning of a scenario: run in process, by pytest, on any engine, in any number of processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from payer_policy.core.diagnostics import PolicyError
from payer_policy.engine import Engine
from payer_policy.policy.loading import open_library
from payer_policy.specs import running
from payer_policy.specs.reading import features_in, read_feature, read_features, shown_path
from payer_policy.specs.replay import Script, replay, scripts_of
from payer_policy.specs.roles import scripts_in
from payer_policy.specs.running import Run, run_scripts
from tests.places import ROOT

DATA = Path(__file__).with_name("data")
SHIPPED = [
    ROOT / "features" / "medicare/intrathecal-baclofen/units.feature",
    ROOT
    / "features"
    / "commercial-strict/intrathecal-baclofen/preauthorization-before-2024.feature",
    ROOT / "features" / "commercial-standard/baclofen-under-another-code/mix-ups.feature",
]
PYTEST = """
import json, os, sys, pytest

class Reports:
    def __init__(self):
        self.found = []
    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.failed:
            self.found.append([report.nodeid.partition("::")[0], report.longreprtext])

reports = Reports()
pytest.main(["-q", "-c", os.devnull, "--rootdir=.", *sys.argv[2:]], plugins=[reports])
with open(sys.argv[1], "w") as file:
    json.dump(reports.found, file)
"""


def _readable(files: list[Path], base: Path) -> list[Path]:
    out = []
    for file in files:
        try:
            read_feature(file, shown_path(file, base))
        except PolicyError:
            continue  # a malformed file never comes to be run
        out.append(file)
    return out


def _by_pytest(files: list[Path], base: Path, out: Path) -> list[list[str]]:
    """Each scenario as pytest runs it: its file, and what a failure says."""
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    arguments = [
        "-p",
        "pytest_bdd.plugin",
        "-p",
        "payer_policy.specs.plugin",
        "-p",
        "no:cacheprovider",
    ]
    subprocess.run(
        [
            sys.executable,
            "-c",
            PYTEST,
            out,
            *arguments,
            "--noconftest",
            "--engine=compiled",
            *files,
        ],
        cwd=base,
        env=environment,
        capture_output=True,
        timeout=300,
    )
    found: list[list[str]] = json.loads(out.read_text("utf-8"))
    return found


@pytest.mark.parametrize(
    ("base", "files", "passed", "failed"),
    [(DATA, features_in([DATA / "cases", DATA / "features"]), 10, 20), (ROOT, SHIPPED, 80, 0)],
    ids=["failing", "shipped"],
)
def test_pytest_says_the_same(
    base: Path, files: list[Path], passed: int, failed: int, tmp_path: Path
) -> None:
    files = _readable(files, base)
    engine = Engine(open_library(base / "policies"), "compiled")
    scripts = scripts_in(read_features(files, base), engine.library)
    failures = [replay(script, engine).failure for script in scripts]

    found = _by_pytest(files, base, tmp_path / "reports.json")

    assert found == [
        [script.place.file, "" if failure is None else failure.text()]
        for script, failure in zip(scripts, failures, strict=True)
    ]
    assert failures.count(None) > passed
    assert (len(failures) - failures.count(None) > failed) == (failed > 0)


def _scripts(files: list[Path], base: Path) -> list[Script]:
    return [script for file in read_features(files, base) for script in scripts_of(file)]


def _said(run: Run) -> list[object]:
    return [(one.place, one.outcomes, one.failures) for one in run.scenarios]


def test_any_number_of_processes_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    files = _readable(features_in([DATA / "cases", DATA / "features"]), DATA)
    scripts, library = _scripts(files, DATA), open_library(DATA / "policies")
    monkeypatch.setattr(running, "_WORTH_IT", 10)

    one, two = (
        run_scripts(scripts, library, engine="compiled", processes=count) for count in (1, 2)
    )

    assert _said(one) == _said(two)


def test_in_columns_no_scenario_is_asked_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """And each answer is what a table of its own gives."""
    columns = pytest.importorskip("payer_policy.engines.in_columns")
    scripts = [
        *_scripts(SHIPPED, ROOT),
        *_scripts(_readable(features_in([DATA / "cases"]), DATA), DATA),  # these all fail here
    ]
    library = open_library(ROOT / "policies")
    engine = Engine(library, "columnar")
    alone = [replay(script, engine).failure for script in scripts[::7]]

    def called(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(columns.ColumnarEvaluator, "__call__", called)
    run = run_scripts(scripts, library, engine="columnar")

    assert [one.failures.get("columnar") for one in run.scenarios[::7]] == alone
    assert run.count("passed") > 80


def test_what_was_decided_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    file = read_feature(DATA / "features" / "every-sentence.feature", "every-sentence.feature")
    engine = Engine(open_library(DATA / "policies"), "compiled")
    runs = [(script, replay(script, engine)) for script in scripts_in([file], engine.library)]

    for script, run in runs:
        whens = sum(one.kind == "when" for one in script.said)
        assert len(run.answers) == whens, script.place.scenario
    assert any(script.asks for script, _ in runs)


def test_a_script_has_the_tags_it_inherits(tmp_path: Path) -> None:
    (tmp_path / "x.feature").write_text(TAGGED, "utf-8")
    file = read_feature(tmp_path / "x.feature", "x.feature")

    assert [script.tags for script in scripts_of(file)] == [("a", "b"), ("a", "c", "d", "e")]
    assert file.tags == ("a", "b", "c", "d", "e")


TAGGED = """@a
Feature: x
  @b
  Scenario: one
    When the claim is decided
    Then it is denied
  @c
  Rule: y
    @d
    Scenario Outline: two
      When the claim is decided
      Then it is <decision>
      @e
      Examples:
        | decision |
        | denied   |
"""
