"""The runner without pytest gives what the pytest plugin gives, scenario by scenario, to the word."""

from __future__ import annotations

from pathlib import Path

import pytest

from payer_policy.core.diagnostics import PolicyError
from payer_policy.engine import Engine
from payer_policy.policy.library import Library
from payer_policy.specs.reading import FeatureFile, features_in, read_feature, shown_path
from payer_policy.specs.replay import replay, scripts_of
from payer_policy.specs.running import run_features

DATA = Path(__file__).with_name("data")
ROOT = Path(__file__).parents[2]
SHIPPED = (
    "medicare/intrathecal-baclofen/units.feature",
    "commercial-strict/intrathecal-baclofen/preauthorization-before-2024.feature",
    "commercial-standard/baclofen-under-another-code/mix-ups.feature",
)


def _readable(files: list[Path], base: Path) -> list[FeatureFile]:
    out = []
    for file in files:
        try:
            out.append(read_feature(file, shown_path(file, base)))
        except PolicyError:
            continue  # a malformed file never comes to be run
    return out


def _compare(files: list[FeatureFile], folder: Path, library: Library) -> tuple[int, int]:
    """Hold the two runners to each other; how many scenarios passed and failed."""
    run = run_features([file.path for file in files], folder, library, engine="compiled")
    engine = Engine(library, "compiled")
    wanted = {result.place: result.failures.get("compiled") for result in run.scenarios}
    found = {
        script.place: replay(script, engine).failure
        for file in files
        for script in scripts_of(file)
    }
    assert run.wrong is None
    assert list(found) == list(wanted)
    for place, failure in wanted.items():
        assert found[place] == failure
    failed = sum(failure is not None for failure in wanted.values())
    return len(wanted) - failed, failed


def test_on_failing_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(DATA)
    folder = DATA / "policies"
    files = _readable(features_in([DATA / "cases", DATA / "features"]), DATA)
    passed, failed = _compare(files, folder, Library.open(folder))

    assert passed > 10
    assert failed > 20


def test_on_shipped_scenarios(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    files = _readable([ROOT / "features" / name for name in SHIPPED], ROOT)
    passed, failed = _compare(files, ROOT / "policies", Library.open(ROOT / "policies"))

    assert passed > 80
    assert failed == 0


def test_what_was_decided_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    file = read_feature(DATA / "features" / "every-sentence.feature", "every-sentence.feature")
    engine = Engine(Library.open(DATA / "policies"), "compiled")
    runs = [(script, replay(script, engine)) for script in scripts_of(file)]

    for script, run in runs:
        whens = sum(one.kind == "when" for one in script.said)
        assert len(run.answers) == whens, script.place.scenario
    assert any(script.asks for script, _ in runs)
