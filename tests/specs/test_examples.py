"""Named examples: found by name, changed by sentences, and carried wherever scenarios run."""

from __future__ import annotations

import json
import pickle
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy.bundle.building import build_bundle
from payer_policy.bundle.opening import open_bundle_bytes
from payer_policy.bundle.problems import BundleError
from payer_policy.bundle.signing import generate
from payer_policy.cli import payer_policy
from payer_policy.engine import Engine
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.specs.case import Case
from payer_policy.specs.examples import example_problems, examples_of, find_example
from payer_policy.specs.failures import Wrong
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from payer_policy.specs.sentences import matching
from payer_policy.specs.steps import STEPS
from tests.places import POLICIES, ROOT

DATA = Path(__file__).with_name("data")
PLACE = "policies/example-health/vitamin-b12/examples"
FEATURE = """Feature: x
  Scenario: y
    Given the example clean-injection of Example Health for J3420
    But the drug lines have units 3
    When the claim is decided
    Then line 1 is reduced to 1 unit
"""


@pytest.fixture(scope="module")
def library() -> Library:
    return open_library(DATA / "policies")


def _request(library: Library, *sentences: str) -> dict[str, Any]:
    """The request that Given sentences build."""
    case = Case(Engine(library))
    for text in sentences:
        step, arguments = matching(STEPS, "given", text) or (None, {})
        assert step is not None, text
        step.run(case, arguments, ())
    return case.json()


CLEAN = "the example clean-injection"


@pytest.mark.parametrize(
    ("sentence", "path", "value"),
    [
        ("the drug lines carry no JZ", ("lines", 0, "modifiers"), []),
        ("the drug lines carry no modifiers", ("lines", 0, "modifiers"), []),
        ("the drug lines carry no KX", ("lines", 0, "modifiers"), ["JZ"]),
        ("the drug lines carry JW, 59", ("lines", 0, "modifiers"), ["JW", "59"]),
        ("line 2 carries 59", ("lines", 1, "modifiers"), ["59"]),
        ("the drug lines have units 2.5", ("lines", 0, "units"), "2.5"),
        ("line 2 has code 96365", ("lines", 1, "code"), "96365"),
        ("the claim has place of service 22", ("place_of_service",), "22"),
        ("the claim has line of business medicare", ("coverage", "line_of_business"), "medicare"),
        (
            "the authorization has valid through 2024-12-31",
            ("authorizations", 0, "valid_through"),
            "2024-12-31",
        ),
        (
            "the authorization has codes J3420 and J0945",
            ("authorizations", 0, "codes"),
            ["J3420", "J0945"],
        ),
        (
            "it is known that oral_trial.outcome is inadequate",
            ("facts", "oral_trial.outcome"),
            "inadequate",
        ),
        ("the diagnoses E53.8", ("diagnoses",), ["E53.8"]),
        ("no authorization is on file", ("authorizations",), []),
    ],
)
def test_a_sentence_changes_one_thing_of_the_example(
    library: Library, sentence: str, path: tuple[str | int, ...], value: object
) -> None:
    changed, clean = _request(library, CLEAN, sentence), _request(library, CLEAN)
    *parents, last = path
    places = []
    for request in (changed, clean):
        place: Any = request
        for step in parents:
            place = place[step]
        places.append(place)

    assert places[0][last] == value
    places[1][last] = value
    assert changed == clean


@pytest.mark.parametrize(
    ("sentence", "place", "name"),
    [
        ("the drug lines have no units", ("lines", 0), "units"),
        ("the claim has no plan", ("coverage",), "plan"),
        ("the authorization has no units", ("authorizations", 0), "units"),
        ("nothing is known about oral_trial.outcome", ("facts",), "oral_trial.outcome"),
    ],
)
def test_what_is_cleared_is_not_known(
    library: Library, sentence: str, place: tuple[str | int, ...], name: str
) -> None:
    found: Any = _request(library, CLEAN, sentence)
    for step in place:
        found = found[step]

    assert name not in found


@pytest.mark.parametrize(
    ("sentence", "given"),
    [
        ("it is known that injection.previous_date is 2024-05-20", "2024-05-20"),
        ("nothing is known about injection.previous_date", None),
    ],
)
def test_a_fact_for_the_request_replaces_that_of_a_line(
    library: Library, sentence: str, given: str | None
) -> None:
    case = Case(Engine(library))
    step, arguments = matching(STEPS, "given", CLEAN) or (None, {})
    assert step is not None
    step.run(case, arguments, ())
    first, *others = case.request["lines"]
    before = {**first, "facts": {"injection.previous_date": "2024-05-06"}}
    case.request["lines"] = [before, *others]

    step, arguments = matching(STEPS, "given", sentence) or (None, {})
    assert step is not None
    step.run(case, arguments, ())

    assert case.json()["facts"].get("injection.previous_date") == given
    assert case.json()["lines"] == [{**first, "facts": {}}, *others]
    assert before["facts"] == {"injection.previous_date": "2024-05-06"}
    case.decide()
    assert case.answer is not None and case.answer.refused is None


def test_a_date_replaces_the_dates_of_all_lines(library: Library) -> None:
    request = _request(library, f"{CLEAN} of Example Health for J3420 on 2024-07-01")
    asked = _request(library, "the example first-injection of EX-001 for J3420 on 2024-07-01")

    assert [line["date"] for line in request["lines"]] == ["2024-07-01", "2024-07-01"]
    assert asked["facts"]["service.date"] == "2024-07-01"


def test_two_policies_with_an_example_of_one_name(library: Library) -> None:
    named = library.examples["example-health/vitamin-b12"]
    twice = replace(library, examples={**library.examples, "two-lines/vitamin-b12": named})

    with pytest.raises(Wrong, match="several policies have an example `clean-injection`") as error:
        find_example(twice, "clean-injection")
    assert error.value.hint == "say whose it is: the example clean-injection of … for …"
    one = find_example(twice, "clean-injection", ("two-lines/vitamin-b12",))
    assert one.address == "two-lines/vitamin-b12"


def test_a_scenario_names_what_is_wrong_with_its_example(tmp_path: Path) -> None:
    shutil.copytree(DATA / "policies", tmp_path / "policies")
    path = tmp_path / PLACE / "clean-injection.json"
    path.write_text(path.read_text("utf-8").replace('"units": 1,', '"unit": 1,'), "utf-8")

    with pytest.raises(Wrong, match=r"clean-injection.json:8:\d+: `unit` is not a field of a line"):
        _request(open_library(tmp_path / "policies"), CLEAN)


def test_examples_go_along_with_the_policies(library: Library) -> None:
    kept = pickle.loads(pickle.dumps(library))

    for other in (kept, library.with_changes(vocabulary=library.vocabulary)):
        assert [one.name for one in examples_of(other)] == ["clean-injection", "first-injection"]
        assert _request(other, CLEAN) == _request(library, CLEAN)


def test_a_bundle_carries_the_examples_of_its_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    monkeypatch.chdir(tmp_path)
    shutil.copytree(DATA / "policies", tmp_path / "policies")
    (tmp_path / "x.feature").write_text(FEATURE, "utf-8")
    key = generate()

    built = build_bundle(Path("policies"), Path("x.feature"), key, pack_features=True)
    opened = open_bundle_bytes(built.data, "b.zip", [key.public])

    [script] = scripts_of(read_feature(tmp_path / "x.feature", "x.feature"))
    assert replay(script, Engine(opened.library)).failure is None
    path = tmp_path / PLACE / "clean-injection.json"
    path.write_text(path.read_text("utf-8").replace("J3420", "J9999"), "utf-8")
    with pytest.raises(BundleError) as error:
        build_bundle(Path("policies"), Path("x.feature"), key)
    assert {one.code for one in error.value.diagnostics} == {"wrong-example"}


def test_coverage_and_mutation_run_scenarios_with_examples(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(DATA / "policies", tmp_path / "policies")
    (tmp_path / "features").mkdir()
    (tmp_path / "features/x.feature").write_text(FEATURE, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PAYER_POLICIES", "policies")

    covered = CliRunner().invoke(payer_policy, ["cover"], catch_exceptions=False)
    mutated = CliRunner().invoke(
        payer_policy, ["mutate", "--json", "--jobs", "1"], catch_exceptions=False
    )

    assert "one-a-day" in covered.output
    report = json.loads(mutated.output)
    assert report["scenarios"] == 1 and report["killed"] > 10


def test_shipped_examples_are_decided_by_their_policies() -> None:
    library = open_library(POLICIES)

    assert example_problems(library) == []
    said = "\n".join(path.read_text("utf-8") for path in (ROOT / "features").rglob("*.feature"))
    assert [
        one.name for one in examples_of(library) if f"the example {one.name} " not in said
    ] == []
