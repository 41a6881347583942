"""Running scenarios on every engine, with what came of each."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from payer_policy.core.in_parallel import ask_each
from payer_policy.engine import Engine
from payer_policy.engines import ENGINES, enough_engines, why_unavailable
from payer_policy.policy.library import Library
from payer_policy.specs.failures import Failure, Place
from payer_policy.specs.replay import Script, replay

Outcome = Literal["passed", "failed", "skipped"]
_WORTH_IT: Final = 400
"""Scenarios that take as long as the start of another process."""


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
    """The results of some scenarios, in their order."""

    scenarios: list[ScenarioResult]

    def count(self, outcome: Outcome) -> int:
        return sum(result.outcome == outcome for result in self.scenarios)

    @property
    def engines(self) -> tuple[str, ...]:
        """The engines that scenarios ran on, in their order."""
        outcomes = {pair for result in self.scenarios for pair in result.outcomes.items()}
        return tuple(one for one in ENGINES if outcomes & {(one, "passed"), (one, "failed")})


def run_scripts(
    scripts: Sequence[Script],
    library: Library,
    *,
    engine: str | None = None,
    processes: int = 1,
) -> Run:
    """Run scenarios.

    Args:
        scripts: The scenarios.
        library: The policies that decide.
        engine: Only this engine. None: every one that is installed.
        processes: How many may work at once. More than one needs a main module that can be imported.
    """
    count = max(1, min(processes, len(scripts) // _WORTH_IT))
    names = enough_engines() if engine is None else (engine,)
    shares = [scripts[at::count] for at in range(count)]
    results = [ScenarioResult(script.place) for script in scripts]
    done = ask_each(partial(_engines, library, names), shares, _results, processes=count)
    for at, share in enumerate(done):
        results[at::count] = share
    return Run(results)


def _engines(library: Library, names: Sequence[str]) -> dict[str, Engine]:
    return {name: Engine(library, name) for name in names}


def _results(engines: Mapping[str, Engine], scripts: Sequence[Script]) -> list[ScenarioResult]:
    results = [ScenarioResult(script.place) for script in scripts]
    for name, engine in engines.items():
        if why_unavailable(name) is not None:
            for result in results:
                result.outcomes[name] = "skipped"
            continue
        if name == "columnar":
            from payer_policy.specs.bulk import in_bulk

            engine = in_bulk(engine, scripts)
        for script, result in zip(scripts, results, strict=True):
            failure = _failure(script, engine)
            result.outcomes[name] = "passed" if failure is None else "failed"
            if failure is not None:
                result.failures[name] = failure
    return results


def _failure(script: Script, engine: Engine) -> Failure | None:
    """Why a scenario fails. Of a fault of this program the kind only, unless asked for more."""
    try:
        return replay(script, engine).failure
    except Exception as error:
        return Failure(
            script.place,
            script.place.line,
            f"Scenario: {script.place.scenario}",
            problem=f"a fault in this program ended the scenario ({type(error).__name__})",
            hint="report it, or set PAYER_POLICY_DEBUG=1 to see where",
            account=traceback.format_exc() if os.environ.get("PAYER_POLICY_DEBUG") else None,
        )
