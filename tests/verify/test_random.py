"""Random rulesets, facts and lines: what was decided checks out, and no changed value does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings

from payer_policy.determination import ServiceLine
from payer_policy.engine import Decided
from payer_policy.record import Recorder
from payer_policy.ruleset import All, Ruleset
from payer_policy.verify import Verified, check
from tests.determination.build import (
    decide,
    evaluate,
)
from tests.determination.test_laws import Case, cases

many = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def recorded(
    made: Ruleset, facts: dict[str, Any], lines: tuple[ServiceLine, ...]
) -> dict[str, Any]:
    """The content of the record of a determination, without its hash."""
    made = for_all(made)
    determination = decide(made, facts, lines)
    decided = Decided(determination, made, evaluate(made, facts), facts)
    content: dict[str, Any] = json.loads(Recorder("f" * 64).record(decided))
    del content["sha256"]
    return content


def checked(content: dict[str, Any], made: Ruleset) -> Verified:
    return check(content, for_all(made), "f" * 64, {})


def for_all(made: Ruleset) -> Ruleset:
    """The ruleset for every service: a policy that does not apply decides nothing."""
    return replace(made, applies_to=All(()))


@given(case=cases(is_known=True))
@many
def test_every_determination_checks_out(case: Case) -> None:
    made, facts, lines, random = case
    given_lines = lines if random.randrange(5) else ()
    assert checked(recorded(made, facts, given_lines), made).wrong == ()
