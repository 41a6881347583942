"""All scenarios, run once on the policies as they are, with every decision made in them.

Coverage reads from it what the scenarios exercise; mutation looks up in it which scenarios a change
can affect at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.ruleset import Ruleset
from payer_policy.core.vocabulary.types import Value
from payer_policy.determination import NoPolicy
from payer_policy.engine import Decided, Engine
from payer_policy.policy.library import Library
from payer_policy.specs.reading import FeatureFile
from payer_policy.specs.replay import Script, replay
from payer_policy.specs.roles import scripts_in


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One service that a scenario decided under one policy; `decided` is None where the policy does
    not apply to it."""

    script: int
    """Which scenario, as an index of `ScenarioRun.scripts`."""
    address: str
    day: date
    decided: Decided | None

    @property
    def ruleset(self) -> Ruleset | None:
        return None if self.decided is None else self.decided.ruleset

    def known(self) -> Mapping[str, Value | None]:
        """The facts, with what the rules concluded."""
        decided = self.decided
        if decided is None or decided.evaluation is None:
            return {}
        return {**decided.facts, **decided.evaluation.derived}


@dataclass(frozen=True)
class ScenarioRun:
    """The scenarios of some feature files, and everything that was decided in them."""

    engine: Engine
    scripts: tuple[Script, ...]
    seen: tuple[Evaluated, ...]

    @property
    def library(self) -> Library:
        return self.engine.library

    def by_window(self) -> dict[tuple[str, date], list[Evaluated]]:
        """The decisions by policy and first day of its window, without those that did not apply."""
        out: dict[tuple[str, date], list[Evaluated]] = {}
        for one in self.seen:
            if one.ruleset is not None:
                out.setdefault((one.address, one.ruleset.first_day), []).append(one)
        return out


class ScenariosFail(PayerPolicyError):
    """Scenarios fail on the policies as they are, so they cannot show what a change does."""

    def __init__(self, failed: int, first: str) -> None:
        super().__init__(failed, first)  # its own arguments, so that it reaches another process
        self.failed, self.first = failed, first


def run_scenarios(engine: Engine, features: Sequence[FeatureFile]) -> ScenarioRun:
    """Every scenario, run once.

    Raises:
        ScenariosFail: a scenario fails.
    """
    scripts = tuple(scripts_in(features, engine.library))
    seen: list[Evaluated] = []
    failures = []
    for index, script in enumerate(scripts):
        run = replay(script, engine)
        if run.failure is not None:
            failures.append(run.failure)
        for _, answer in run.answers:
            for decided in answer.decided:
                for one in decided.days or (decided,):
                    ruleset, day = one.ruleset, one.determination.service_date
                    seen.append(Evaluated(index, ruleset.policy, day or ruleset.first_day, one))
            for without in answer.without:
                seen += _not_applied(index, without, engine.library)
    if failures:
        raise ScenariosFail(len(failures), failures[0].text())
    return ScenarioRun(engine, scripts, tuple(seen))


def _not_applied(script: int, without: NoPolicy, library: Library) -> Iterator[Evaluated]:
    payer = next((str(value) for label, value in without.looked_for if label == "payer"), "")
    if without.code is not None and without.service_date is not None:
        for address in library.candidates(payer, without.code):
            yield Evaluated(script, address, without.service_date, None)
