"""Random rulesets, facts and lines: what was decided checks out, and what was changed does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from payer_policy.audit import record as recorder
from payer_policy.audit.checker import Verified, check
from payer_policy.core.ruleset import All, Ruleset
from payer_policy.determination import ServiceLine
from payer_policy.engine import Decided
from payer_policy.request.models import Confirmation
from tests.audit.checker.changes import changes, names_it
from tests.determination.build import CASES, EXAMPLE, decide, evaluate
from tests.determination.test_laws import Case
from tests.determination.test_reference import cases
from tests.examples import examples
from tests.random_rulesets import hashed

many = settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def recorded(
    made: Ruleset,
    facts: dict[str, Any],
    lines: tuple[ServiceLine, ...],
    kind: str = "claim",
    confirmed: Sequence[str] = (),
) -> Any:
    """The content of the record of a determination, without its hash."""
    decided = Decided(
        decide(made, facts, lines, engine="compiled", kind=kind, confirmed=confirmed),
        made,
        evaluate(made, facts),
        facts,
        confirmations=tuple(
            [Confirmation(rule=one, by="A. Physician", on=date(2025, 3, 4)) for one in confirmed]
        ),
    )
    content = json.loads(recorder.record(decided))
    del content["sha256"]
    return content


def checked(content: Any, made: Ruleset) -> Verified:
    return check(content, made, {})


def counts(one: tuple[Any, Any]) -> bool:
    """Whether a change is of what `check` looks at: not of what is around the determination."""
    return one[0][0] not in ("answers", "candidates", "through")


def for_all(made: Ruleset) -> Ruleset:
    """The ruleset for every service: one that does not apply could have decided nothing."""
    return hashed(replace(made, applies_to=All(())))


@given(case=cases(is_known=True))
@many
def test_every_determination_checks_out(case: Case) -> None:
    made, facts, lines, random = case
    made = for_all(made)
    kind = random.choice(("claim", "preauthorization"))
    reviewed = [one.id for one in made.rules if getattr(one.effect, "review", False)]
    confirmed = random.sample(reviewed, random.randint(0, len(reviewed)))
    content = recorded(made, facts, lines if random.randrange(5) else (), kind, confirmed)
    assert checked(content, made).wrong == ()


@given(case=cases(is_known=True))
@many
def test_a_changed_value_is_named(case: Case) -> None:
    made, facts, lines, random = case
    made = for_all(made)
    content = recorded(made, facts, lines, random.choice(("claim", "preauthorization")))
    path, change = random.choice([one for one in changes(content, fields=False) if counts(one)])
    altered = deepcopy(content)
    change(altered)

    wrong = [one.path for one in checked(altered, made).wrong]

    assert any(names_it(content, path, one) for one in wrong), (path, wrong)


@pytest.mark.parametrize("name", CASES)
def test_every_value_of_an_example_is_checked(name: str) -> None:
    """Any value of a record is changed or left out: a truth, a code, a unit, a sentence, a rule."""
    made, (facts, lines) = for_all(EXAMPLE), CASES[name]
    content = recorded(made, facts, lines)
    assert checked(content, made).wrong == ()
    every = list(filter(counts, changes(content, fields=False)))
    for path, change in Random(name).sample(every, min(len(every), examples(400))):
        altered = deepcopy(content)
        change(altered)
        wrong = [one.path for one in checked(altered, made).wrong]
        assert any(names_it(content, path, one) for one in wrong), (path, wrong)


def test_a_sum_of_decimals_that_is_whole_is_spelled_as_a_whole_number() -> None:
    """1.5 and 2.5 units are 4: a record has one spelling for one value."""
    facts, lines = CASES["approved"]
    content = recorded(
        for_all(EXAMPLE), facts | {"units.billed": Decimal("1.5") + Decimal("2.5")}, lines
    )

    assert content["facts"]["units.billed"]["value"] == 4
    assert checked(content, for_all(EXAMPLE)).wrong == ()
