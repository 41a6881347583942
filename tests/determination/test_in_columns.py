"""Determinations in columns are those of `Determiner`, service for service and line for line."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings

from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.core.columns import Groups, column_of
from payer_policy.core.ruleset import Reason, Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.determination import About, Determiner, ServiceLine
from payer_policy.determination.in_columns import (
    DECISIONS,
    OUTCOMES,
    ColumnarDeterminer,
    Determined,
    Lines,
)
from payer_policy.engines.compiled import CompiledEngine
from payer_policy.engines.in_columns import ColumnarRuleset, Table
from payer_policy.policy.loading import open_library
from tests.determination.test_laws import with_parts
from tests.determination.test_reference import with_sections
from tests.examples import examples
from tests.places import POLICIES
from tests.random_rulesets import randoms, ruleset, some_facts, with_answers

ABOUT = About(None, "claim", None, None, "columnar")
UNITS = (None, 0, 1, 2, 5, 9, 40, Decimal("2.5"))


def some_lines(random: Random, made: Ruleset) -> list[ServiceLine]:
    """The lines of a service; of none now and then."""
    return [
        ServiceLine(
            number,
            random.choices(UNITS, (1, 1, 3, 3, 3, 3, 3, 0.2))[0],
            frozenset(part for part in made.line_parts if random.random() < 0.5),
        )
        for number in range(1, random.choice((1, 2, 3, 3, 4, 6)))
    ]


def determined(
    made: Ruleset,
    many: Sequence[Facts],
    lines: Sequence[Sequence[ServiceLine]],
    kinds: Sequence[str] = (),
) -> tuple[Determined, Groups]:
    rules = ColumnarRuleset(made)
    names = [name for name in made.facts if name not in made.derived]
    table = Table(
        {name: column_of([facts.get(name) for facts in many]) for name in names}, len(many)
    )
    flat = [line for of_service in lines for line in of_service]
    groups = Groups.of_sizes(np.array([len(of_service) for of_service in lines], dtype=np.int64))
    parts = {
        part: np.array([part in line.parts for line in flat], dtype=np.bool_)
        for part in made.line_parts
    }
    numbers = np.array([line.number for line in flat], dtype=np.int64)
    of_lines = Lines(groups, numbers, column_of([line.units for line in flat]), parts)
    beforehand = np.array([one == "preauthorization" for one in kinds], dtype=np.bool_)
    determiner = ColumnarDeterminer(rules)
    made_of = determiner.determine(
        table, rules.run(table), of_lines, None, beforehand if kinds else None
    )
    return made_of, groups


def agree(
    made: Ruleset,
    many: Sequence[Facts],
    lines: Sequence[Sequence[ServiceLine]],
    kinds: Sequence[str] = (),
) -> tuple[int, int]:
    """Hold both to each other; how many services were decided in columns, and how many not."""
    found, groups = determined(made, many, lines, kinds)
    evaluate, determiner = CompiledEngine().compile(made), Determiner(made)
    order = {name: place for place, name in enumerate(made.facts)}
    asks = made.information_request is not None
    for at, facts in enumerate(many):
        if found.alone[at]:
            continue
        about = ABOUT._replace(kind=kinds[at]) if kinds else ABOUT
        wanted = determiner.determine(evaluate(facts), facts, lines[at], about)
        said: dict[str, Any] = {
            "decision": DECISIONS[found.decision[at]],
            "recommended": bool(found.recommended[at]),
            "follow_up": [one.rule for one in found.findings[at] or () if one.follow_up],
            "headline": found.headline[at],
            "findings": [(one.rule, one.kind, one.reason) for one in found.findings[at] or ()],
            "unsettled": list(found.unsettled[at] or ()),
            "assumptions": list(found.assumptions[at] or ()),
            "missing": list(found.missing[at] or ()),
            "asks": bool(found.asks[at]) and asks,
            "lines": [
                (
                    OUTCOMES[found.outcome[line]],
                    found.line_disposition[line],
                    found.least[line],
                    found.most[line],
                    found.line_parts[line] or (),
                    found.line_findings[line] or (),
                )
                for line in range(groups.starts[at], groups.starts[at + 1])
            ],
        }
        assert said == {
            "decision": wanted.decision,
            "recommended": wanted.recommended is not None,
            "follow_up": [one.rule for one in wanted.findings if one.follow_up],
            "headline": wanted.headline,
            "findings": [
                (one.rule, one.kind, Reason(one.group, one.carc, one.rarcs))
                for one in wanted.findings
            ],
            "unsettled": [one.rule for one in wanted.unsettled],
            "assumptions": [one.rule for one in wanted.assumptions if one.rule is not None],
            "missing": sorted({one.fact for one in wanted.missing}, key=order.__getitem__),
            "asks": wanted.information_request is not None,
            "lines": [
                (
                    one.outcome,
                    one.disposition,
                    one.allowed_least,
                    one.allowed_most,
                    one.parts,
                    one.findings,
                )
                for one in wanted.lines
            ],
        }
    alone = int(found.alone.sum())
    return len(many) - alone, alone


@given(random=randoms)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_rulesets(random: Random) -> None:
    made = ruleset(random, rules=20)
    many = [some_facts(random, made) for _ in range(12)] + [{}]

    agree(made, many, [some_lines(random, made) for _ in many])


@given(random=randoms)
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_random_rulesets_with_every_kind_of_answer(random: Random) -> None:
    made = with_parts(random, ruleset(random, rules=20, is_known=False), assume=True)
    made = with_answers(random, with_sections(random, made))
    many = [some_facts(random, made) for _ in range(12)] + [{}]
    lines = [some_lines(random, made) if random.randrange(6) else [] for _ in many]
    kinds = [random.choice(("claim", "claim", "preauthorization")) for _ in many]

    agree(made, many, lines, kinds)


def test_shipped_policies() -> None:
    library = open_library(POLICIES)
    random = Random(3)
    decided = alone = 0
    for address in library.addresses():
        for first, _, _ in library.windows(address)[-3:]:
            made = library.ruleset(address, first)
            assert made is not None
            palette = palette_of(made)
            many = [random_facts(random, palette) for _ in range(50)]
            here = agree(made, many, [some_lines(random, made) for _ in many])
            decided, alone = decided + here[0], alone + here[1]

    assert decided > 30 * alone


def test_rules_that_contradict_each_other_are_left_to_the_determiner() -> None:
    for seed in range(200):
        random = Random(seed)
        made = ruleset(random, rules=20)
        many = [some_facts(random, made) for _ in range(20)]
        evaluate = CompiledEngine().compile(made)
        conflicts = [bool(evaluate(facts).conflicts) for facts in many]
        found, _ = determined(made, many, [() for _ in many])
        assert all(
            alone for alone, conflict in zip(found.alone, conflicts, strict=True) if conflict
        )
        if any(conflicts):
            return
    raise AssertionError("no rules contradict each other in any case")


def test_a_reduction_about_a_part_of_a_unit_is_left_to_the_determiner() -> None:
    alone = 0
    for seed in range(100):
        random = Random(seed)
        made = ruleset(random, rules=20)
        many = [some_facts(random, made) for _ in range(10)]
        lines = [[ServiceLine(1, Decimal("2.5"), frozenset(made.line_parts))] for _ in many]
        alone += int(determined(made, many, lines)[0].alone.sum())
        agree(made, many, lines)

    assert alone
