"""The pytest plugin: `.feature` files are tests, without a line of Python beside them.

Load it with `-p payer_policy.specs.plugin` (it is no entry point, so that it never meets an
embedder's own tests). Every scenario runs on every engine, where `checked` is two of them at once; its
test id ends with the engine's name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import pytest
from pytest_bdd import given, scenario, then, when
from pytest_bdd.feature import features as pytest_bdd_features
from pytest_bdd.parser import Feature, Scenario, render_string
from pytest_bdd.parser import Step as SpokenStep
from pytest_bdd.parsers import StepParser

from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.diagnostics.render import report_text
from payer_policy.engine import Engine
from payer_policy.engines import ENGINES, engine_named, enough_engines, why_unavailable
from payer_policy.policy.library import Library
from payer_policy.specs.case import Case
from payer_policy.specs.failures import Failure, Mismatch, Place, Wrong, failure_of
from payer_policy.specs.reading import FeatureFile, read_feature, shown_path, table_of
from payer_policy.specs.replay import Said, check_shape, told_of, unknown_sentence
from payer_policy.specs.sentences import Arguments, Kind, Step, matching
from payer_policy.specs.steps import STEPS


@dataclass
class Session:
    """What the scenarios of one run share: the policies, read once, and an engine of each name."""

    folder: Path
    base: Path
    """Where the command was given: paths are told from here."""
    library: Library | None = None
    engines: dict[str, Engine] = field(default_factory=dict)
    told: bool = False

    def open(self) -> Library:
        """The policies.

        Raises:
            PolicyError: they are not in order.
        """
        if self.library is None:
            self.library = Library.open(self.folder)
        return self.library

    def engine(self, name: str) -> Engine:
        found = self.engines.get(name)
        if found is None:
            found = self.engines[name] = Engine(self.open(), name)
        return found


SESSION: Final = pytest.StashKey[Session]()
STEP: Final = pytest.StashKey[SpokenStep]()
FAILURE: Final = pytest.StashKey[Failure]()


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
            session.open()
        except PolicyError as error:
            text = report_text(error.diagnostics, consequence="no scenario can run")
            if session.told:  # it is said once in full
                text = f"the policies in {session.folder} have errors; no scenario can run"
            session.told = True
            raise self.CollectError(text) from None
        for tag in self.file.tags:
            self.config.addinivalue_line("markers", f"{tag}: a tag of {self.file.shown}")
        items = super().collect()
        for item in items:
            if isinstance(item, pytest.Function):
                line = item.function.payer_policy_scenario.line_number
                # Without this, pytest tells the place of pytest-bdd's own function.
                item.__dict__["location"] = (self.file.shown, line - 1, item.name)
            yield item

    def _getobj(self) -> ModuleType:
        module = ModuleType(self.path.stem)
        folder, name = str(self.path.parent), self.path.name
        # pytest-bdd keeps what it parsed for the life of the process; the file may have changed.
        pytest_bdd_features[str(self.path)] = self.file.feature
        tests = {}
        for title, template in self.file.feature.scenarios.items():
            test = scenario(name, title, "utf-8-sig", features_base_dir=folder)(_test)
            test.payer_policy_scenario = template  # type: ignore[attr-defined]
            tests[title.replace("::", ":")] = test
        vars(module).update(tests)
        self._tests = frozenset(tests)
        return module

    def funcnamefilter(self, name: str) -> bool:
        return name in self._tests

    def classnamefilter(self, name: str) -> bool:
        return False


def _test(payer_policy_case: Case) -> None:
    """Nothing is left to do once the steps have run; names the fixture that every step needs."""


@pytest.hookimpl(trylast=True)  # after the rows of an outline: the engine ends the test id
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if isinstance(metafunc.definition.parent, FeatureModule):
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
def payer_policy_case(payer_policy_engine: Engine) -> Case:
    """The scenario as its sentences build it."""
    return Case(payer_policy_engine)


# --- the steps -----------------------------------------------------------------------------------


class _Sentences(StepParser):
    """All sentences of a kind as one step of pytest-bdd, which looks slowly through many."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"a sentence of the step library ({kind})")
        self._steps = tuple(step for step in STEPS if step.kind == kind)
        self._kind = kind

    def is_matching(self, name: str) -> bool:
        return matching(self._steps, self._kind, name) is not None

    def parse_arguments(self, name: str) -> dict[str, Any] | None:
        found = matching(self._steps, self._kind, name)
        return None if found is None else {"step": found[0], "said": found[1]}


@given(_Sentences("given"))
@when(_Sentences("when"))
@then(_Sentences("then"))
def _run(
    request: pytest.FixtureRequest, payer_policy_case: Case, step: Step, said: Arguments
) -> None:
    __tracebackhide__ = True
    spoken = request.node.stash[STEP]
    table = table_of(spoken.datatable)
    failed: Wrong | Mismatch
    try:
        check_shape(step, table, spoken.docstring)
        step.run(payer_policy_case, said, table)
        return
    except (Wrong, Mismatch) as error:
        failed = error
    # Outside the handler, so that pytest has no chain of exceptions to show.
    _fail(request.node, spoken, failed, payer_policy_case)


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_scenario(
    request: pytest.FixtureRequest, feature: Feature, scenario: Scenario
) -> None:
    """Before anything is decided: whether every sentence is one of the library."""
    if not isinstance(request.node.parent, FeatureModule):
        return
    unknown = [step for step in scenario.steps if matching(STEPS, step.type, step.name) is None]
    if unknown:
        errors = [_unknown(step) for step in unknown]
        first = errors[0]
        more = [
            f"line {step.line_number}: {step.keyword} {step.name}\n  {error.hint}"
            for step, error in zip(unknown[1:], errors[1:], strict=True)
        ]
        if more:
            also = "\n".join(["", "also not a sentence here:", *more])
            first = Wrong(first.message, f"{first.hint}\n{also}")
        _fail(request.node, unknown[0], first, None)


def _unknown(step: SpokenStep) -> Wrong:
    return unknown_sentence(
        Said(step.type, step.keyword, step.name, step.line_number, (), None, None, {})
    )


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_before_step(request: pytest.FixtureRequest, step: SpokenStep) -> None:
    request.node.stash[STEP] = step


def _fail(item: pytest.Item, step: SpokenStep, error: Wrong | Mismatch, case: Case | None) -> None:
    __tracebackhide__ = True
    told = None if case is None else told_of(error, case)
    failure = failure_of(
        error, place_of(item), step.line_number, f"{step.keyword} {step.name}", told
    )
    if isinstance(error, Wrong) and error.line is not None:
        cells = next(row.cells for row in table_of(step.datatable) if row.line == error.line)
        failure = replace(failure, line=error.line, row=f"| {' | '.join(cells)} |")
    item.stash[FAILURE] = failure
    pytest.fail(failure.text(), pytrace=False)


def place_of(item: pytest.Item) -> Place:
    """Where a scenario stands, and which row of its examples it is."""
    module = item.parent
    assert isinstance(module, FeatureModule) and isinstance(item, pytest.Function)
    template = item.function.payer_policy_scenario
    example = cast("dict[str, str]", item.callspec.params.get("_pytest_bdd_example", {}))
    cells = tuple(str(cell) for cell in example.values())
    return Place(
        module.file.shown,
        module.file.feature.name,
        render_string(template.name, example),
        template.line_number,
        tuple(example.items()),
        module.file.rows.get((template.line_number, cells)),
    )


def engine_of(item: pytest.Item) -> str:
    """The name of the engine that a scenario runs on."""
    assert isinstance(item, pytest.Function)
    return str(item.callspec.params["payer_policy_engine"])
