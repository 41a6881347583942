"""What docs/semantics.md shows is so: its tables of tests, and its scenarios."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from payer_policy import Engine
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.json_source import Reporter, read_json
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.language import Elaborator, Scope
from payer_policy.request.given import parse_facts
from payer_policy.specs.reading import read_feature
from payer_policy.specs.replay import replay, scripts_of
from tests.places import ROOT

PAGE = (ROOT / "docs/semantics.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(\{.*\})` \| `(\{.*\})` \| (\w+) \|$", PAGE, re.MULTILINE)
SCENARIOS = re.findall(r"^```gherkin\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
WORDS = {"holds": HOLDS, "fails": FAILS, "unknown": UNKNOWN}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(ROOT / "policies")


def test_the_page_has_examples() -> None:
    assert len(ROWS) >= 19
    assert len(SCENARIOS) == PAGE.count("```gherkin") == 3


@pytest.mark.parametrize(("condition", "facts", "word"), ROWS)
def test_a_row(engine: Engine, condition: str, facts: str, word: str) -> None:
    def fail(problem: Diagnostic) -> None:
        raise AssertionError(f"{problem.code}: {problem.message}")

    report = Reporter(read_json(condition, "page"), fail)
    vocabulary = engine.library.vocabulary
    types = {name: fact.type for name, fact in vocabulary.facts.items()}
    typed = Elaborator(Scope(types, types), report).condition(json.loads(condition), ())
    values, problems = parse_facts(vocabulary, json.loads(facts))

    assert typed is not None
    assert problems == []
    assert truth_of(typed, values) == WORDS[word]


@pytest.mark.parametrize("text", SCENARIOS)
def test_a_scenario(engine: Engine, text: str, tmp_path: Path) -> None:
    file = tmp_path / "page.feature"
    file.write_text(f"Feature: The page\n\n{text}", "utf-8")
    (script,) = scripts_of(read_feature(file, file.name))

    assert replay(script, engine).failure is None
