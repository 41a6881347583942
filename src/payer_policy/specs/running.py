"""Running feature files with pytest, apart from whatever pytest is set up to do where we are.

For the command line; embedders who want scenarios among their own tests load the plugin instead.
"""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from payer_policy.engines import ENGINES
from payer_policy.policy.library import Library
from payer_policy.specs import plugin
from payer_policy.specs.failures import Failure, Place

Outcome = Literal["passed", "failed", "skipped"]


@dataclass
class ScenarioResult:
    """One scenario (or one row of an outline) on every engine that it ran on."""

    place: Place
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)
    """By engine."""

    @property
    def outcome(self) -> Outcome:
        """Failed where it failed on any engine."""
        seen = self.outcomes.values()
        return "failed" if "failed" in seen else "passed" if "passed" in seen else "skipped"


@dataclass
class Run:
    """What came of a run. `wrong`: it did not take place, and why."""

    scenarios: list[ScenarioResult]
    wrong: str | None = None

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome == outcome for result in self.scenarios)

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that scenarios ran on, in their order."""
        ran = {
            name
            for result in self.scenarios
            for name, outcome in result.outcomes.items()
            if outcome != "skipped"
        }
        return tuple(name for name in ENGINES if name in ran)


def run_features(
    files: Sequence[Path],
    folder: Path,
    library: Library,
    *,
    engine: str | None = None,
    expression: str | None = None,
) -> Run:
    """Run feature files that `read_feature` found in order.

    Args:
        files: The feature files.
        folder: The folder of policies, for messages.
        library: The same, read.
        engine: Only this engine.
        expression: Only scenarios whose names fit, as pytest's `-k`.
    """
    recorder = _Recorder([file.absolute() for file in files], library)
    arguments = [
        "-c",
        str(Path(__file__).with_name("spec.ini")),
        "--rootdir=.",
        "--confcutdir=.",
        "--noconftest",
        "--import-mode=importlib",
        "--strict-markers",
        *_disabled("cacheprovider", "terminal", "faulthandler"),
        *("-p", "pytest_bdd.plugin", "-p", plugin.__name__),
        f"--policies={folder.absolute()}",
        *([f"--engine={engine}"] if engine else []),
        *(["-k", expression] if expression else []),
        ".",
    ]
    with _own_environment(), redirect_stderr(io.StringIO()) as told, redirect_stdout(told):
        status = pytest.main(arguments, plugins=[recorder])
    scenarios = list(recorder.results.values())
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return Run(scenarios, f"no scenario fits `{expression}`")
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or recorder.wrong:
        said = told.getvalue().strip().removeprefix("ERROR: ")
        return Run(scenarios, recorder.wrong or said or "the run was stopped")
    return Run(scenarios)


def _disabled(*names: str) -> Iterator[str]:
    for name in names:
        yield from ("-p", f"no:{name}")


@contextmanager
def _own_environment() -> Generator[None]:
    """Without what the environment tells pytest; put back at the end."""
    ours = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": "", "PYTEST_PLUGINS": ""}
    before: Mapping[str, str | None] = {name: os.environ.get(name) for name in ours}
    current = os.environ.get("PYTEST_CURRENT_TEST")
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in {**before, "PYTEST_CURRENT_TEST": current}.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class _AllFeatures(pytest.Directory):
    """The feature files where pytest expects the tests of a folder.

    They are not handed over as arguments: pytest gives `[` and `::` in a path a meaning.
    """

    files: Sequence[Path] = ()

    def collect(self) -> Iterator[pytest.Collector]:
        for file in self.files:
            module: plugin.FeatureModule = plugin.FeatureModule.from_parent(self, path=file)
            yield module


class _Recorder:
    """The plugin that hands over the files and keeps the results, in the order of the files."""

    def __init__(self, files: Sequence[Path], library: Library) -> None:
        self._files, self._library = files, library
        self.results: dict[Place, ScenarioResult] = {}
        self.wrong: str | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        session.config.stash[plugin.SESSION].library = self._library

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector:
        collector: _AllFeatures = _AllFeatures.from_parent(parent, path=path)
        collector.files = self._files
        return collector

    def pytest_ignore_collect(self) -> bool:
        return False  # the folder we are called in may have any name

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.wrong is None:
            self.wrong = str(report.longrepr)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        place, engine = plugin.place_of(item), plugin.engine_of(item)
        result = self.results.setdefault(place, ScenarioResult(place))
        if report.when == "call" or not report.passed:
            result.outcomes[engine] = report.outcome
        if report.failed:
            result.failures[engine] = item.stash.get(plugin.FAILURE, None) or _fault(
                place, report, call
            )
        return report


def _fault(place: Place, report: pytest.TestReport, call: pytest.CallInfo[Any]) -> Failure:
    """A fault of this program: the kind of error only, unless asked for more."""
    kind = call.excinfo.typename if call.excinfo is not None else "no account of it"
    return Failure(
        place,
        place.line,
        f"Scenario: {place.scenario}",
        problem=f"a fault in this program ended the scenario ({kind})",
        hint="report it, or set PAYER_POLICY_DEBUG=1 to see where",
        account=report.longreprtext if os.environ.get("PAYER_POLICY_DEBUG") else None,
    )
