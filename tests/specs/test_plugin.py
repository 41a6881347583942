"""The plugin inside somebody's own pytest run, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.specs.running import DATA, HERE

FEATURE = """
@a-tag
Feature: Something
  Scenario: It passes
    Given a claim to Example Health for J3420 on 2024-06-03
    When the claim is decided
    Then it is pended

  @another
  Scenario Outline: It fails once
    Given a claim to Example Health for J3420 on 2024-06-03
    And it is known that oral_trial.outcome is <outcome>
    When the claim is decided
    Then it is denied
    Examples:
      | outcome       |
      | adequate      |
      | not tolerated |
"""
PYTHON = """
import pytest

def test_their_own():
    assert True
"""


def _pytest(folder, *arguments, others=False):
    """Run pytest with the plugin: beside all others that are installed or, sooner, the one it needs."""
    environment = {name: value for name, value in os.environ.items() if "PYTEST" not in name}
    if not others:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        arguments = ("-p", "pytest_bdd.plugin", *arguments)
    environment["PAYER_POLICIES"] = str(DATA / "policies")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "payer_policy.specs.plugin", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run of a folder with a feature and a test of somebody's own, on two workers."""
    folder = tmp_path_factory.mktemp("somewhere")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers\n", encoding="utf-8")
    (folder / "some.feature").write_text(FEATURE, encoding="utf-8")
    (folder / "test_own.py").write_text(PYTHON, encoding="utf-8")
    return _pytest(folder, "-v", "-n", "2", "-rf", others=True)


def test_every_scenario_runs_on_every_engine_beside_other_tests(ran):
    passed = sorted(line.split(" PASSED ")[1].strip() for line in _lines(ran, " PASSED "))
    assert passed == [
        *(f"some.feature::It fails once[adequate-{name}]" for name in sorted(HERE)),
        *(f"some.feature::It passes[{name}]" for name in sorted(HERE)),
        "test_own.py::test_their_own",
    ]
    failed = sorted(line.split(" FAILED ")[1].strip() for line in _lines(ran, " FAILED "))
    assert failed == [f"some.feature::It fails once[not tolerated-{name}]" for name in sorted(HERE)]
    assert ran.returncode == 1


def test_a_failure_shows_the_sentence_and_no_python(ran):
    assert "some.feature:14: Then it is denied" in ran.stdout
    assert "with the example  outcome = not tolerated (line 18)" in ran.stdout
    assert "expected: denied" in ran.stdout
    for word in ("Traceback", "site-packages", "scenario.py", "plugin.py", "Warning", "_pytest"):
        assert word not in ran.stdout + ran.stderr


def _lines(ran, word):
    return [line for line in ran.stdout.splitlines() if word in line and line.startswith("[gw")]


def test_one_engine_can_be_chosen_and_tags_select(tmp_path):
    (tmp_path / "some.feature").write_text(FEATURE, encoding="utf-8")

    ran = _pytest(tmp_path, "--engine", "compiled", "--collect-only", "-q", "-m", "another")

    assert ran.stdout.splitlines()[:2] == [
        "some.feature::It fails once[adequate-compiled]",
        "some.feature::It fails once[not tolerated-compiled]",
    ]
    assert "Warning" not in ran.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "compield"], "did you mean `compiled`?"),
        (["--policies", "nowhere"], "nowhere"),
    ],
)
def test_a_wrong_option_is_told_in_words(tmp_path, arguments, told):
    (tmp_path / "some.feature").write_text(FEATURE, encoding="utf-8")

    ran = _pytest(tmp_path, *arguments)

    assert told in ran.stdout + ran.stderr
    assert ran.returncode != 0
    assert "Traceback" not in ran.stdout + ran.stderr


def test_a_malformed_feature_is_an_error_of_that_file_alone(tmp_path):
    (tmp_path / "a.feature").write_text(FEATURE, encoding="utf-8")
    (tmp_path / "b.feature").write_text("Feature: x\n  Scenario: y\n    Then z\n", encoding="utf-8")
    (tmp_path / "c.feature").write_text("nothing\n", encoding="utf-8")

    ran = _pytest(tmp_path, "--engine", "compiled", "--continue-on-collection-errors", "-q")

    assert "b.feature:2:3: error[nothing-checked]" in ran.stdout
    assert "c.feature:1:1: error[malformed-feature]" in ran.stdout
    assert "2 passed" in ran.stdout and "1 failed" in ran.stdout


def test_a_step_defined_elsewhere_does_not_replace_a_sentence(tmp_path):
    (tmp_path / "some.feature").write_text(FEATURE.replace("is pended", "is denied"), "utf-8")
    (tmp_path / "conftest.py").write_text(
        "from pytest_bdd import then\n@then('it is denied')\ndef _(): pass\n", "utf-8"
    )

    ran = _pytest(tmp_path, "--engine", "compiled", "-q")

    assert "some.feature:7: Then it is denied" in ran.stdout
    assert "1 passed" in ran.stdout and "2 failed" in ran.stdout


@pytest.mark.parametrize("missing", ["pytest", "pytest_bdd"])
def test_without_its_extra_the_plugin_says_what_to_install(missing):
    program = f"import sys; sys.modules[{missing!r}] = None; import payer_policy.specs.plugin"

    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert "to run features under pytest: pip install 'payer-policy[pytest]'" in ran.stderr
    assert ran.returncode == 1
