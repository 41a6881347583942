"""The results of a run of scenarios, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from payer_policy.determination.words import counted, listed
from payer_policy.specs.failures import Failure
from payer_policy.specs.running import Outcome, Run, ScenarioResult

SCHEMA: Final = "payer-policy/spec/1"
_ORDER: Final[tuple[Outcome, ...]] = ("passed", "failed", "skipped")


def as_text(run: Run) -> str:
    """Feature by feature, then every failure in full, then the count."""
    parts = ["\n".join(_feature(results)) for results in _features(run)]
    failed = [result for result in run.scenarios if result.failures]
    if failed:
        parts.append("FAILURES")
        parts += [text for result in failed for text in _failures(result, run.engines)]
    parts.append(_total(run))
    return "\n\n".join(parts)


def _features(run: Run) -> list[list[ScenarioResult]]:
    by_file: dict[str, list[ScenarioResult]] = {}
    for result in run.scenarios:
        by_file.setdefault(result.place.file, []).append(result)
    return list(by_file.values())


def _feature(results: Sequence[ScenarioResult]) -> Iterator[str]:
    place = results[0].place
    yield f"{place.file}: {place.feature}" if place.feature else place.file
    yield f"  {_counts(results)}"
    for result in results:
        if result.outcome == "failed":
            yield f"  failed: {_named(result)}"


def _named(result: ScenarioResult) -> str:
    place = result.place
    where = f"line {place.example_line or place.line}"
    if place.example:
        where += ": " + ", ".join(value for _, value in place.example)
    if place.policy is not None:
        where += f"; for {place.policy}"
    return f"{place.scenario} ({where})"


def _counts(results: Sequence[ScenarioResult]) -> str:
    count = {one: sum(result.outcome == one for result in results) for one in _ORDER}
    parts = ", ".join(f"{count[one]} {one}" for one in _ORDER if count[one])
    return f"{counted(len(results), 'scenario')}: {parts}"


def _failures(result: ScenarioResult, engines: Sequence[str]) -> Iterator[str]:
    """Each failure once, with the engines that it came up on where that is not all of them."""
    groups: dict[tuple[object, ...], list[str]] = {}
    for engine, failure in result.failures.items():
        groups.setdefault(_essence(failure), []).append(engine)
    for names in groups.values():
        text = result.failures[names[0]].text()
        if len(engines) > 1 and len(names) < len(engines):
            head, _, rest = text.partition("\n")
            text = f"{head}\n  only on           {listed(names)}\n{rest}"
        yield text


def _essence(failure: Failure) -> tuple[object, ...]:
    """A failure without its account, which names the engine."""
    return (failure.line, failure.problem, failure.expected, failure.found, failure.hint)


def _total(run: Run) -> str:
    features = counted(len(_features(run)), "feature")
    engines = f" on {listed(run.engines)}" if run.engines else ""
    return f"{features}{engines}, {_counts(run.scenarios)}."


def as_json(run: Run) -> dict[str, Any]:
    """The same for programs, versioned."""
    return {
        "schema": SCHEMA,
        "passed": run.count("failed") == 0,
        "engines": list(run.engines),
        "counts": {one: run.count(one) for one in _ORDER},
        "features": [
            {
                "file": results[0].place.file,
                "feature": results[0].place.feature,
                "scenarios": [_scenario(result) for result in results],
            }
            for results in _features(run)
        ],
    }


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    place = result.place
    return {
        "scenario": place.scenario,
        "line": place.line,
        "example": dict(place.example) or None,
        "example_line": place.example_line,
        "policy": place.policy,
        "outcome": result.outcome,
        "engines": result.outcomes,
        "failures": [
            {"engine": engine, **failure.to_json()} for engine, failure in result.failures.items()
        ],
    }
