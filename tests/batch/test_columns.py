"""A table decided in columns has, row for row, the answers of `Engine.decide` on the same facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import polars as pl
import pytest

from payer_policy import Engine
from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.batch.columns import ColumnarBatch
from payer_policy.core.vocabulary.types import NONE, Value, to_json
from payer_policy.determination import Outcome
from tests.engine.test_engine import POLICIES
from tests.generated_claims import claims

Facts = dict[str, Value]
Row = dict[str, Any]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def random_rows(engine: Engine, random: Random, count: int) -> list[Facts]:
    """Facts near what the policies test, for payers, codes and dates of all kinds."""
    library = engine.library
    policies = [(a, first) for a in library.addresses() for first, _, _ in library.windows(a)]
    rows = []
    for _ in range(count):
        address, first = random.choice(policies)
        ruleset = library.ruleset(address, first)
        assert ruleset is not None
        facts: dict[str, Any] = {
            name: value
            for name, value in random_facts(random, palette_of(ruleset)).items()
            if not library.vocabulary.facts[name].derived and _may_be_given(engine, name, random)
        }
        payer = address.partition("/")[0]
        facts["coverage.payer"] = payer if random.random() < 0.95 else random.choice(["none", None])
        facts["coverage.line_of_business"] = (
            "commercial" if payer.startswith("commercial") else "medicare"
        )
        facts["drug.code"] = random.choice(
            [*sorted(library.codes[address]), "J3490", "Z9999", None]
        )
        facts["service.date"] = random.choice([first, date(2025, 11, 3), date(2015, 1, 1), None])
        rows.append(
            {
                name: value
                for name, value in facts.items()
                if value is not None and _held(engine, name, value)
            }
        )
    return rows


def _held(engine: Engine, name: str, value: Value) -> bool:
    """Whether a column of its type has the value: of numbers and days it has no none."""
    kind = engine.library.vocabulary.facts[name].type.kind
    return value is not NONE or kind in ("code", "choice")


def generated_rows(engine: Engine, seed: int, count: int) -> list[Facts]:
    """The facts of generated claims, those that follow from their lines included."""
    rows = []
    for claim in claims(seed, count, undated=0.1):
        for one in engine.decide_fully(claim)[0]:
            rows.append(
                {
                    name: value
                    for name, value in one.facts.items()
                    if value is not None
                    and _held(engine, name, value)
                    and not isinstance(value, Fraction)  # no table can hold a third
                    and not engine.library.vocabulary.facts[name].derived
                }
            )
    return rows


def _may_be_given(engine: Engine, name: str, random: Random) -> bool:
    """Most facts that the form tells, or that follow from others, would contradict it."""
    source = engine.library.vocabulary.facts[name].source or {}
    if {"compute", "drug"} & source.keys() or source.get("request") in ("kind", "frequency"):
        return random.random() < 0.02
    return True


def as_table(engine: Engine, rows: list[Facts]) -> pl.DataFrame:
    """The rows as a warehouse would hold them: numbers as decimals, sets as lists."""
    columns = [pl.Series("id", [f"C{at}" for at in range(len(rows))])]
    for name, fact in engine.library.vocabulary.facts.items():
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            kind = fact.type.kind
            dtype: Any = {
                "boolean": pl.Boolean,
                "integer": pl.Int32,
                "decimal": pl.Decimal(18, 6),
                "date": pl.Date,
                "codes": pl.List(pl.String),
            }.get(kind, pl.String)
            raw: list[Any] = [
                to_json(value)
                if value is NONE
                else sorted(value)
                if isinstance(value, frozenset)
                else Decimal(value)
                if kind == "decimal" and value is not None
                else value
                for value in values
            ]
            columns.append(pl.Series(name, raw, dtype=dtype))
    return pl.DataFrame(columns)


def expected(outcome: Outcome, row: Mapping[str, Value]) -> list[Row]:
    """What the rows of an answer say, from the outcome on the request."""
    return [
        {
            "claim_id": one.claim_id,
            "kind": one.kind,
            "code": one.code,
            "service_date": one.service_date,
            "decision": one.decision,
            "findings": [
                (
                    found.rule,
                    " ".join(filter(None, [found.kind, found.group, found.carc, *found.rarcs])),
                )
                for found in one.findings
            ],
            "missing": {question.fact for question in one.missing},
            "unsettled": [rule.rule for rule in one.unsettled],
            "assumptions": [each.rule for each in one.assumptions if each.rule is not None],
            "asked": None
            if (asked := one.information_request) is None
            else " ".join(filter(None, ["ask", asked.group, asked.carc, *asked.rarcs])),
            "policy": (one.policy.address, one.policy.version, one.policy.hash),
        }
        for one in outcome.determinations
    ] or [
        {
            "claim_id": outcome.claim_id,
            "kind": "claim",
            "code": row.get("drug.code"),
            "service_date": row.get("service.date"),
            "decision": "no_policy",
            "findings": [],
            "missing": set(),
            "unsettled": [],
            "assumptions": [],
            "asked": None,
            "policy": (None, None, None),
        }
    ]


def told(answer: Row) -> Row:
    return {
        **{name: answer[name] for name in ("claim_id", "kind", "code", "service_date", "decision")},
        "findings": list(zip(answer["findings"], answer["reasons"], strict=True)),
        "missing": set(answer["missing"]),
        "unsettled": answer["unsettled"],
        "assumptions": answer["assumptions"],
        "asked": answer["information_request"],
        "policy": (answer["policy"], answer["policy_version"], answer["policy_hash"]),
    }


@pytest.mark.parametrize("seed", range(2))
def test_columns_answer_as_decide_does(engine: Engine, seed: int) -> None:
    decisions = held_to_decide(engine, random_rows(engine, Random(seed), 200))

    assert {"deny", "pend", "no_policy"} <= decisions


def test_columns_answer_on_the_facts_of_claims_as_decide_does(engine: Engine) -> None:
    decisions = held_to_decide(engine, generated_rows(engine, 3, 100))

    assert {"approve", "deny", "pend"} <= decisions


def held_to_decide(engine: Engine, rows: list[Facts]) -> set[str]:
    """The decisions that came up; every row has the answer of `Engine.decide`."""
    table, alone = ColumnarBatch(engine).decide(as_table(engine, rows), first=1)
    answers: dict[int, list[Row]] = {}
    for answer in table.to_pylist():
        answers.setdefault(answer["record"] - 1, []).append(told(answer))

    decisions: Counter[str] = Counter()
    assert not set(alone) & set(answers)
    for at, facts in enumerate(rows):
        if at in alone:
            continue
        request = {"id": f"C{at}", "facts": {n: to_json(v) for n, v in facts.items()}}
        wanted = expected(engine.decide(request), facts)
        assert answers[at] == wanted, facts
        decisions.update(row["decision"] for row in wanted)
    assert len(alone) < len(rows) * 0.6
    return set(decisions)


def test_records_are_in_order_whatever_their_policies(engine: Engine) -> None:
    rows = random_rows(engine, Random(11), 120)

    table, alone = ColumnarBatch(engine).decide(as_table(engine, rows), first=1001)

    records = table["record"].to_pylist()
    assert records == sorted(records)
    assert {record - 1001 for record in records} | set(alone) == set(range(120))


def test_a_table_cut_in_two_gives_the_same_rows(engine: Engine) -> None:
    table = as_table(engine, random_rows(engine, Random(12), 80))
    batch = ColumnarBatch(engine)

    whole, _ = batch.decide(table, first=1)
    first, _ = batch.decide(table[:30], first=1)
    second, _ = batch.decide(table[30:], first=31)

    assert whole.to_pylist() == first.to_pylist() + second.to_pylist()


def test_an_empty_table_has_no_rows(engine: Engine) -> None:
    table = as_table(engine, random_rows(engine, Random(13), 10))[:0]

    answers, alone = ColumnarBatch(engine).decide(table, first=1)

    assert (len(answers), alone) == (0, [])
