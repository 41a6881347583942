"""What people read: determinations, explanations and the policy itself, against golden files."""

from __future__ import annotations

import json

import pytest

from payer_policy.determination.english import read_ruleset
from payer_policy.determination.explain import explain
from payer_policy.determination.render import render_determination
from tests.determination.build import CASES, EXAMPLE, decide, evaluate
from tests.determination.golden import GOLDEN, agrees


@pytest.mark.parametrize("name", CASES)
def test_a_determination_as_it_is_printed(name):
    facts, lines = CASES[name]
    determination = decide(EXAMPLE, facts, lines)
    agrees(f"{name}.determination.txt", render_determination(determination))
    text = json.dumps(determination.to_json(), indent=1, ensure_ascii=False)
    agrees(f"{name}.determination.json", text + "\n")


@pytest.mark.parametrize("name", CASES)
def test_an_explanation_as_it_is_printed(name):
    facts, lines = CASES[name]
    told = explain(EXAMPLE, evaluate(EXAMPLE, facts), facts, decide(EXAMPLE, facts, lines))
    agrees(f"{name}.explanation.txt", told.as_text())


@pytest.mark.parametrize("name", ["approved", "reduced"])
def test_an_explanation_with_every_rule_that_does_not_hold(name):
    facts, lines = CASES[name]
    determination = decide(EXAMPLE, facts, lines)
    told = explain(EXAMPLE, evaluate(EXAMPLE, facts), facts, determination, include_failing=True)
    agrees(f"{name}.failing.txt", told.as_text())
    agrees(f"{name}.failing.md", told.as_markdown())
    agrees(f"{name}.failing.html", told.as_html())


def test_a_policy_read_aloud():
    agrees("policy.txt", read_ruleset(EXAMPLE))
    agrees("policy.md", read_ruleset(EXAMPLE, form="markdown"))


def test_every_golden_file_is_used():
    names = {
        f"{name}.{kind}"
        for name in CASES
        for kind in ("determination.txt", "determination.json", "explanation.txt")
    }
    names |= {
        f"{name}.failing.{kind}"
        for name in ("approved", "reduced")
        for kind in ("txt", "md", "html")
    }
    assert {path.name for path in GOLDEN.iterdir()} == names | {"policy.txt", "policy.md"}
