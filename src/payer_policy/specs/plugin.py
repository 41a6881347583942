"""The pytest plugin: `.feature` files are tests, without a line of Python beside them.

Load it with `-p payer_policy.specs.plugin` (it is not an entry point, so that it never meets an
embedder's own tests). Every scenario runs on every engine, where `checked` is two of them at once; its
test id ends with the engine's name. pytest-bdd finds the scenarios and goes through their steps;
`replay` says what each step does and why one fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, Final

try:
    import pytest
    from pytest_bdd import given, scenario, then, when
    from pytest_bdd.parser import Feature, Scenario
    from pytest_bdd.parsers import StepParser
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"{missing}; to run features under pytest: pip install 'payer-policy[pytest]' "
        "(`payer-policy spec` runs them without it)",
        name=missing.name,
    ) from None

from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.diagnostics.render import report_text
from payer_policy.engine import Engine
from payer_policy.engines import ENGINES, engine_named, enough_engines, why_unavailable
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.specs.failures import Failure
from payer_policy.specs.reading import FeatureFile, read_feature, scenarios_in, shown_path
from payer_policy.specs.replay import Running, Script
from payer_policy.specs.roles import scripts_in
from payer_policy.specs.sentences import Kind, matching
from payer_policy.specs.steps import STEPS


@dataclass
class Session:
    """What the scenarios of one run share: the policies, read once, and an engine of each name."""

    folder: Path
    base: Path
    """Where the command was given: paths are shown relative to it."""
    engines: dict[str, Engine] = field(default_factory=dict)
    reported: bool = False

    @cached_property
    def library(self) -> Library:
        """The policies.

        Raises:
            PolicyError: they have errors.
        """
        return open_library(self.folder)

    def engine(self, name: str) -> Engine:
        """The engine of that name, one for all scenarios."""
        if name not in self.engines:
            self.engines[name] = Engine(self.library, name)
        return self.engines[name]


SESSION: Final = pytest.StashKey[Session]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("payer-policy", "scenarios of coverage policies")
    group.addoption(
        "--policies",
        default=None,
        metavar="DIR",
        help="the folder of policies (default: PAYER_POLICIES, else ./policies)",
    )
    group.addoption(
        "--engine",
        default=None,
        metavar="NAME",
        help=f"run scenarios on this engine only ({', '.join(ENGINES)}; default: every one)",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--engine")
    if name is not None:
        try:
            engine_named(name)
        except ValueError as error:
            raise pytest.UsageError(f"--engine: {error}") from None
    base = config.invocation_params.dir
    chosen = config.getoption("--policies") or os.environ.get("PAYER_POLICIES")
    folder = base / (chosen or "policies")
    if chosen is None and not folder.is_dir():
        folder = config.rootpath / "policies"
    config.stash[SESSION] = Session(folder, base)


# --- collecting ----------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> FeatureModule | None:
    if file_path.suffix == ".feature":
        module: FeatureModule = FeatureModule.from_parent(parent, path=file_path)
        return module
    return None


class FeatureModule(pytest.Module):
    """A feature file where pytest expects a module: a test for each scenario, named like it."""

    file: FeatureFile
    _tests: frozenset[str] = frozenset()

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        session = self.config.stash[SESSION]
        try:
            self.file = read_feature(self.path, shown_path(self.path, session.base))
        except PolicyError as error:
            raise self.CollectError(report_text(error.diagnostics)) from None
        try:
            session.library  # noqa: B018  (it is read here, once)
        except PolicyError as error:
            text = report_text(error.diagnostics, consequence="no scenario can run")
            if session.reported:  # they are shown once in full
                text = f"the policies in {session.folder} have errors; no scenario can run"
            session.reported = True
            raise self.CollectError(text) from None
        for tag in self.file.tags:
            self.config.addinivalue_line("markers", f"{tag}: a tag of {self.file.shown}")
        items = super().collect()
        for item in items:
            if isinstance(item, pytest.Function):
                line = item.function.payer_policy_scripts[0].place.line
                # Without this, pytest shows the place of pytest-bdd's own function.
                item.__dict__["location"] = (self.file.shown, line - 1, item.name)
            yield item

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.path.stem)
        folder, name = str(self.path.parent), self.path.name
        by_line: dict[int, list[Script]] = {}
        for script in scripts_in([self.file], self.config.stash[SESSION].library):
            by_line.setdefault(script.place.line, []).append(script)
        tests = {}
        for _, _, spoken in scenarios_in(self.file.feature):
            scripts = by_line.get(spoken["location"]["line"])
            if scripts is None:  # every policy withdraws it
                continue
            test = scenario(name, spoken["name"], "utf-8-sig", features_base_dir=folder)(_test)
            test.payer_policy_scripts = scripts  # type: ignore[attr-defined]
            tests[spoken["name"].replace("::", ":")] = test
        vars(module).update(tests)
        self._tests = frozenset(tests)
        return module

    def funcnamefilter(self, name: str) -> bool:
        return name in self._tests

    def classnamefilter(self, name: str) -> bool:
        return False


def _test(payer_policy_running: Running) -> None:
    """Once pytest-bdd has gone through the steps, nothing is left, unless a step defined elsewhere
    reads like a sentence of the library and ran in its place."""
    __tracebackhide__ = True
    _report(payer_policy_running.rest())


@pytest.hookimpl(trylast=True)  # after the rows of an outline: the engine ends the test id
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if isinstance(metafunc.definition.parent, FeatureModule):
        scripts: list[Script] = metafunc.function.payer_policy_scripts
        policies = list(dict.fromkeys(one.place.policy for one in scripts))
        if policies != [None]:
            metafunc.parametrize("payer_policy_address", policies, indirect=True)
        only = metafunc.config.getoption("--engine")
        metafunc.parametrize(
            "payer_policy_engine",
            [_engine_parameter(name) for name in ([only] if only else enough_engines())],
            indirect=True,
        )


def _engine_parameter(name: str) -> Any:
    why = why_unavailable(name)
    marks = [] if why is None else [pytest.mark.skip(reason=why)]
    return pytest.param(name, id=name, marks=marks)


@pytest.fixture
def payer_policy_engine(request: pytest.FixtureRequest) -> Engine:
    """The engine that a scenario runs on."""
    return request.config.stash[SESSION].engine(request.param)


@pytest.fixture
def payer_policy_address(request: pytest.FixtureRequest) -> str | None:
    """The policy that a scenario of a module runs for."""
    return getattr(request, "param", None)


@pytest.fixture
def payer_policy_running(
    request: pytest.FixtureRequest, payer_policy_engine: Engine, payer_policy_address: str | None
) -> Running:
    """The scenario while it runs."""
    asked = request.node.callspec.params.get("_pytest_bdd_example", {}), payer_policy_address
    scripts: list[Script] = request.node.function.payer_policy_scripts
    script = next(one for one in scripts if (dict(one.place.example), one.place.policy) == asked)
    return Running(script, payer_policy_engine)


# --- the steps -----------------------------------------------------------------------------------


class _Sentences(StepParser):
    """All sentences of a kind as one step of pytest-bdd, which looks slowly through many."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"a sentence of the step library ({kind})")
        self._kind = kind

    def is_matching(self, name: str) -> bool:
        return matching(STEPS, self._kind, name) is not None

    def parse_arguments(self, name: str) -> dict[str, Any]:
        return {}  # `Running` has them


@given(_Sentences("given"))
@when(_Sentences("when"))
@then(_Sentences("then"))
def _run(payer_policy_running: Running) -> None:
    __tracebackhide__ = True
    _report(payer_policy_running.say())


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_scenario(
    request: pytest.FixtureRequest, feature: Feature, scenario: Scenario
) -> None:
    """Before anything is decided: whether every sentence is one of the library."""
    __tracebackhide__ = True
    if isinstance(request.node.parent, FeatureModule):
        _report(request.getfixturevalue("payer_policy_running").misread())


def _report(failure: Failure | None) -> None:
    __tracebackhide__ = True
    if failure is not None:
        pytest.fail(failure.text(), pytrace=False)
