"""The step library as a whole: no text is two sentences, and every sentence is shown to work."""

from __future__ import annotations

import re
from contextlib import suppress
from itertools import product

import pytest
from gherkin.parser import Parser

from payer_policy.engine import Engine
from payer_policy.specs.case import Case
from payer_policy.specs.failures import Mismatch
from payer_policy.specs.listing import steps_text
from payer_policy.specs.reading import FeatureFile, read_feature
from payer_policy.specs.replay import scripts_of
from payer_policy.specs.roles import scripts_in
from payer_policy.specs.sentences import matching, nearest_sentence, plain, sentences_of
from payer_policy.specs.steps import STEPS
from tests.specs.running import DATA, all_passed, spec

FORMS = [(step, form) for step in STEPS for form in step.forms]
FILLINGS = ("one", "CO 50", "it is approved", "rule x holds", "a is b with c from rule d on e")


def _texts(form):
    """The form with its slots filled in unkind ways."""
    for sentence in sentences_of(form):
        slots = re.findall(r"\{\w+\}", sentence)
        for fillings in product(FILLINGS, repeat=min(len(slots), 2)):
            text = sentence
            for slot, filling in zip(slots, [*fillings, *fillings, *fillings], strict=False):
                text = text.replace(slot, filling, 1)
            yield text


def test_no_text_is_two_sentences():
    offenders = []
    for _, form in FORMS:
        for text in _texts(form):
            found = {other.forms[0] for other in STEPS if other.arguments(text) is not None}
            if len(found) > 1:
                offenders.append(f"{text}: {sorted(found)}")

    assert offenders == []


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.forms[0])
def test_the_example_is_the_sentence(step):
    keyword, _, text = step.example.splitlines()[0].partition(" ")

    assert keyword in ("Given", "When", "Then", "And", "But")
    assert matching(STEPS, step.kind, text)[0] is step
    assert bool(step.example.splitlines()[1:]) is step.table
    assert step.about.endswith(".")


BEFORE = """Feature: x
  Scenario: y
    Given a claim to Example Health for J3420 on 2024-06-03
    And these claim lines
      | units |
      | 3     |
"""


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.forms[0])
def test_the_example_can_be_run(step, engine):
    """Its names and values are right; whether it holds of another scenario's claim is open."""
    first = step.kind == "given" and step.forms[0].startswith(("a ", "the example ", "the role "))
    before = BEFORE.partition("    Given")[0] if first else BEFORE
    if step.kind == "then":
        before += "    When the claim is decided\n"
    if "question" in step.forms[0] and step.kind == "when":
        before = (
            before.partition("    Given")[0]
            + "    Given a question to Example Health about J3420\n"
        )
    feature = Parser().parse(before + step.example)["feature"]
    [script, *_] = scripts_in([FeatureFile(DATA, "x.feature", feature)], engine.library)
    case = Case(engine, script.place.policy)

    with suppress(Mismatch):
        for one in script.said:
            one.step.run(case, one.arguments, one.table)

    assert one.step is step


@pytest.fixture(scope="module")
def engine():
    return Engine.open(DATA / "policies")


def test_every_sentence_and_form_is_said_in_the_feature_of_these_tests():
    file = read_feature(DATA / "features" / "every-sentence.feature", "every-sentence.feature")
    said = {
        (step.kind, pattern)
        for script in scripts_of(file)
        for one in script.said
        for step in STEPS
        for pattern in step._patterns
        if step.kind == one.kind and pattern.fullmatch(one.text)
    }

    missing = [
        plain(form)
        for step in STEPS
        for form, pattern in zip(step.forms, step._patterns, strict=True)
        if (step.kind, pattern) not in said
    ]
    assert missing == []


def test_the_feature_of_these_tests_passes_on_every_engine(monkeypatch):
    result = spec(monkeypatch, "features")

    assert result.exit_code == 0, result.output
    assert result.output.endswith(all_passed(29))


@pytest.mark.parametrize(
    ("kind", "text", "nearest"),
    [
        ("then", "it is aproved", "it is approved"),
        ("then", "rule jz-missing hold", "rule jz-missing holds"),
        ("then", "the reason is CO 50 from the rule x-y", "the reason is CO 50 from rule x-y"),
        ("then", "line 1 is reduced to 3", "line 1 is reduced to 3 units"),
        ("then", 'it say "two words"', 'it says "two words"'),
        ("then", "it says two words", 'it says "two words"'),
        (
            "given",
            "a claim to Example Health for J3420",
            "a claim to Example Health for J3420 on …",
        ),
        ("given", "these facts:", "these facts"),
        ("given", "it is know that a b is c", "it is known that a b is c"),
        ("when", "the claim is determined", "the claim is decided"),
        ("then", "all is well that ends well", None),
    ],
)
def test_the_nearest_sentence_is_offered_with_its_slots_filled(kind, text, nearest):
    assert nearest_sentence(STEPS, kind, text) == nearest


def test_the_readme_lists_the_library():
    readme = (DATA.parents[2] / "features" / "README.md").read_text(encoding="utf-8")

    assert readme.endswith(steps_text()), (
        "features/README.md ends with what `payer-policy spec --steps` prints; put it there anew"
    )
