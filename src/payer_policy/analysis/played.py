"""All scenarios run once on the policies as they are, with what was decided kept beside each.

Coverage reads from it what the scenarios exercise; mutation looks up in it which scenarios a change
can touch at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from payer_policy.core.ruleset import Ruleset
from payer_policy.core.vocabulary.types import Value
from payer_policy.determination import NoPolicy
from payer_policy.engine import Decided, Engine
from payer_policy.policy.library import Library
from payer_policy.specs.failures import Failure
from payer_policy.specs.reading import FeatureFile
from payer_policy.specs.replay import Script, replay, scripts_of


@dataclass(frozen=True, slots=True)
class Seen:
    """One service that a scenario had decided under one policy; `decided` is None where the policy
    was looked at and did not apply."""

    script: int
    """Which scenario, as an index of `Played.scripts`."""
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
class Played:
    """The scenarios of some feature files, and all that was decided in them."""

    engine: Engine
    scripts: tuple[Script, ...]
    seen: tuple[Seen, ...]
    failures: tuple[Failure, ...]

    @property
    def library(self) -> Library:
        return self.engine.library


def play(engine: Engine, features: Sequence[FeatureFile]) -> Played:
    """Run every scenario once."""
    scripts = tuple(script for file in features for script in scripts_of(file))
    seen: list[Seen] = []
    failures = []
    for index, script in enumerate(scripts):
        run = replay(script, engine)
        if run.failure is not None:
            failures.append(run.failure)
        for _, answer in run.answers:
            for decided in answer.decided:
                for one in decided.days or (decided,):
                    ruleset, day = one.ruleset, one.determination.service_date
                    seen.append(Seen(index, ruleset.policy, day or ruleset.first_day, one))
            for without in answer.without:
                seen += _looked_at(index, without, engine.library)
    return Played(engine, scripts, tuple(seen), tuple(failures))


def _looked_at(script: int, without: NoPolicy, library: Library) -> Iterator[Seen]:
    payer = next((str(value) for label, value in without.looked_for if label == "payer"), "")
    if without.code is not None and without.service_date is not None:
        for address in library.candidates(payer, without.code):
            yield Seen(script, address, without.service_date, None)
