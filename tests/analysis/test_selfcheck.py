"""The agreement test finds a broken engine, and finds nothing where the engines agree."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from payer_policy import Library
from payer_policy.analysis.selfcheck import StepByStep, selfcheck
from payer_policy.cli import payer_policy
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import FAILS, UNKNOWN
from payer_policy.engines import engine_named
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.protocol import Evaluation
from payer_policy.policy.loading import open_library
from tests.places import ROOT


@pytest.fixture(scope="module")
def library() -> Library:
    return open_library(ROOT / "policies")


def test_the_engines_agree_on_the_shipped_policies(library: Library) -> None:
    engines = [engine_named("compiled"), engine_named("durable"), StepByStep()]
    result = selfcheck(library, engines, cases=400, seed=11)

    assert result.mismatches == ()
    assert result.cases == 400
    assert result.comparisons > 400 * 2 * 20


class TakesUnknownForNo(CompiledEngine):
    """The classic fault: what is not known is taken not to hold."""

    name = "takes unknown for no"  # type: ignore[assignment,misc]  # another engine, another name

    def compile(self, ruleset: Ruleset) -> Any:
        evaluate = super().compile(ruleset)

        def broken(facts: Facts) -> Evaluation:
            found = evaluate(facts)
            return found._replace(truths=[FAILS if t == UNKNOWN else t for t in found.truths])

        return broken


class ForgetsOneRule(CompiledEngine):
    """One rule of each policy never holds."""

    name = "forgets one rule"  # type: ignore[assignment,misc]  # another engine, another name

    def compile(self, ruleset: Ruleset) -> Any:
        evaluate = super().compile(ruleset)
        forgotten = len(ruleset.rules) // 2

        def broken(facts: Facts) -> Evaluation:
            truths = list(evaluate(facts).truths)
            truths[forgotten] = FAILS
            return evaluate(facts)._replace(truths=truths)

        return broken


@pytest.mark.parametrize("broken", [TakesUnknownForNo(), ForgetsOneRule()])
def test_a_broken_engine_is_caught(library: Library, broken: CompiledEngine) -> None:
    result = selfcheck(library, [engine_named("compiled"), broken], cases=400, seed=5)

    assert result.mismatches
    assert result.mismatches[0].engines == ("compiled", broken.name)
    assert "rule `" in result.mismatches[0].difference


def test_the_same_seed_gives_the_same_cases() -> None:
    """In another process, too, in which sets have another order."""
    arguments = ["selfcheck", "--cases", "40", "--seed", "4", "--no-symbolic", "--json"]
    command = [sys.executable, "-m", "payer_policy", *arguments]
    there = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    policies = ["--policies", str(ROOT / "policies")]

    here = CliRunner().invoke(payer_policy, [*arguments, *policies]).stdout

    assert here == there
    assert json.loads(here)["mismatches"] == []
