"""What is decided in columns has, row for row, the answers of `Engine.decide`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from payer_policy import Engine
from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.batch.deciding import DIFFERENT, FAULT, IN_COLUMNS, TWICE, Answered, Decider
from payer_policy.batch.in_columns import ColumnarBatch, Decided
from payer_policy.core.vocabulary.types import NONE, Value, to_json
from payer_policy.formats.blocks import ArrowRows, Block, ClaimRows, JsonLines, Payload
from payer_policy.formats.tables.parquet_blocks import table_columns
from payer_policy.request.reading_in_columns import Reading
from tests.generated_claims import claims, json_lines
from tests.places import POLICIES

Facts = dict[str, Value]
MOST_ALONE = 0.03
"""The share of ordinary claims that may be decided by themselves."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def both(engine: Engine, payload: Payload) -> tuple[Answered, Answered]:
    """The same block decided in columns, and record by record."""
    block = Block(payload, None, {}, 0)
    made = [
        Decider(engine, None, columns=columns).answered("claims", block)
        for columns in (True, False)
    ]
    return made[0], made[1]


def rows_of(answered: Answered) -> list[dict[str, Any]]:
    return [{**row, "engine": None} for row in answered.table.to_pylist()]


def agree(engine: Engine, payload: Payload) -> Answered:
    """Hold both to each other, and return what was decided in columns."""
    columns, rows = both(engine, payload)
    for one, other in zip(rows_of(columns), rows_of(rows), strict=True):
        assert one == other
    assert columns.rejects == rows.rejects
    assert (columns.records, columns.decided) == (rows.records, rows.decided)
    ways = {**columns.counts["paths"], TWICE: 0, DIFFERENT: 0}
    assert columns.decided <= sum(ways.values()) <= columns.records
    return columns


def lines_of(given: Iterable[Mapping[str, Any]]) -> JsonLines:
    return JsonLines(json_lines(given).encode(), 1, False)


@pytest.mark.parametrize("seed", range(3))
def test_generated_claims(engine: Engine, seed: int) -> None:
    made = agree(engine, lines_of(claims(seed, 500)))

    assert made.counts["paths"][IN_COLUMNS] >= (1 - MOST_ALONE) * made.decided
    assert made.counts["decisions"].keys() >= {"approve", "deny", "pend", "partial", "no_policy"}


def test_claims_without_days_and_over_several(engine: Engine) -> None:
    given = claims(7, 400, undated=0.15, spanned=0.15, undated_history=True)

    made = agree(engine, lines_of(given))

    assert made.counts["paths"]["dates"] > 40


def test_claims_of_which_something_is_odd(engine: Engine) -> None:
    """A fact that contradicts the form, one that is no fact, numbers out of order, a part of a unit."""
    given = list(claims(8, 240))
    for at, claim in enumerate(given):
        if not claim.get("lines"):
            continue
        line = claim["lines"][0]
        match at % 8:
            case 0:
                claim["facts"] = {**claim.get("facts", {}), "drug.code": "J0945"}
            case 1:
                claim["facts"] = {**claim.get("facts", {}), "no.fact": 1}
            case 2:
                for number, one in enumerate(reversed(claim["lines"]), 1):
                    one["number"] = number
            case 3:
                line["units"] = "2.5"
            case 4:
                line["units"] = "1000000000000"
            case 5:
                line["facts"] = {"dose.administered": 40}
            case 6:
                line["number"] = 7

    made = agree(engine, lines_of(given))

    assert made.counts["paths"].keys() >= {IN_COLUMNS, "facts", "unreadable", "line-numbers"}


# --- decided twice ---------------------------------------------------------------------------------


def test_one_record_in_a_thousand_is_decided_twice(engine: Engine) -> None:
    records = np.arange(1, 100_001)

    chosen = [Decider(engine, None, columns=True, seed=seed)._again(records) for seed in (0, 5)]

    assert all(70 < one.sum() < 130 for one in chosen)
    assert (chosen[0] != chosen[1]).any()


def everything_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Decider, "_again", lambda self, records: np.ones(len(records), dtype=bool))


def line_table(engine: Engine, count: int) -> Payload:
    """Claims with lines, as the reader of Parquet gives them."""
    rows = [
        {"id": claim["id"], "coverage.payer": claim["coverage"]["payer"],
         "line.code": line["code"], "line.units": str(line["units"]), "line.date": line["date"]}
        for claim in claims(4, count)
        for line in claim.get("lines", ())
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows)
    columns = table_columns(table.schema, engine.library.vocabulary.facts, "lines")
    return ClaimRows(table, columns, 1)


def payloads(engine: Engine) -> dict[str, Payload]:
    return {
        "JSON Lines": lines_of(claims(3, 60)),
        "claim lines": line_table(engine, 60),
        "facts": ArrowRows(as_batch(engine, generated_rows(engine, 4, 60)), 1),
    }


@pytest.mark.parametrize("form", ["JSON Lines", "claim lines", "facts"])
def test_what_is_decided_twice_is_the_same(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    everything_twice(monkeypatch)

    made = agree(engine, payloads(engine)[form])

    assert made.counts["paths"][TWICE] == made.counts["paths"][IN_COLUMNS] > 30
    assert DIFFERENT not in made.counts["paths"]


@pytest.mark.parametrize("form", ["JSON Lines", "claim lines", "facts"])
def test_where_columns_are_wrong_the_decision_by_itself_counts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    everything_twice(monkeypatch)
    right = ColumnarBatch.decide

    def wrong(self: ColumnarBatch, *given: Any) -> Decided:
        made = right(self, *given)
        swapped = pc.if_else(pc.equal(made.table["decision"], "deny"), "approve", "deny")
        at = made.table.column_names.index("decision")
        words = swapped.cast(pa.string()).dictionary_encode()
        return made._replace(table=made.table.set_column(at, made.table.schema.field(at), words))

    monkeypatch.setattr(ColumnarBatch, "decide", wrong)

    made = agree(engine, payloads(engine)[form])

    assert made.counts["paths"][DIFFERENT] == made.counts["paths"][TWICE] > 30


def test_an_error_in_reading_in_bulk_costs_no_record(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Reading, given: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Reading, "read", fails)

    made = agree(engine, payloads(engine)["JSON Lines"])

    assert made.counts["paths"].keys() == {FAULT}


def test_an_error_in_columns_costs_no_record(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: ColumnarBatch, *given: Any) -> Decided:
        raise ZeroDivisionError

    monkeypatch.setattr(ColumnarBatch, "decide", fails)

    for payload in payloads(engine).values():
        made = agree(engine, payload)

        assert made.counts["paths"].keys() == {FAULT}
        assert made.counts["warnings"]["decided-row-by-row"] == made.records


# --- tables of facts -------------------------------------------------------------------------------


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
            if not library.vocabulary.tested[name].derived and _may_be_given(engine, name, random)
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
        rows.append({name: value for name, value in facts.items() if _fits(engine, name, value)})
    return rows


def _fits(engine: Engine, name: str, value: Any) -> bool:
    """Whether a column of its type has the value: of numbers and days it has no none, and no thirds."""
    kind = engine.library.vocabulary.facts[name].type.kind
    if value is None or isinstance(value, Fraction):
        return False
    return value is not NONE or kind in ("code", "choice")


def generated_rows(engine: Engine, seed: int, count: int) -> list[Facts]:
    """The facts of generated claims, those that follow from their lines included."""
    facts = engine.library.vocabulary.facts
    return [
        {
            name: value
            for name, value in one.facts.items()
            if name in facts and not facts[name].derived and _fits(engine, name, value)
        }
        for claim in claims(seed, count, undated=0.1)
        for one in engine.decide_fully(claim)[0]
    ]


def _may_be_given(engine: Engine, name: str, random: Random) -> bool:
    """Most facts that the form tells, or that follow from others, would contradict it."""
    fact = engine.library.vocabulary.facts.get(name)  # of bounds nothing can be given
    if fact is None:
        return False
    source = fact.source or {}
    if {"compute", "drug"} & source.keys() or source.get("request") in ("kind", "frequency"):
        return random.random() < 0.02
    return True


_TYPES: Mapping[str, Any] = {
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "decimal": pa.decimal128(18, 6),
    "date": pa.date32(),
    "codes": pa.list_(pa.string()),
}


def as_batch(engine: Engine, rows: list[Facts]) -> Any:
    """The rows as a warehouse would hold them: numbers as decimals, sets as lists."""
    columns = {"id": pa.array([f"C{at}" for at in range(len(rows))])}
    for name, fact in engine.library.vocabulary.facts.items():
        values = [row.get(name) for row in rows]
        if any(value is not None for value in values):
            kind = fact.type.kind
            raw: list[Any] = [
                to_json(value)
                if value is NONE
                else sorted(value)
                if isinstance(value, frozenset)
                else Decimal(value)  # type: ignore[arg-type]
                if kind == "decimal" and value is not None
                else value
                for value in values
            ]
            columns[name] = pa.array(raw, _TYPES.get(kind, pa.string()))
    return pa.RecordBatch.from_pydict(columns)


@pytest.mark.parametrize("seed", range(2))
def test_random_facts(engine: Engine, seed: int) -> None:
    made = agree(engine, ArrowRows(as_batch(engine, random_rows(engine, Random(seed), 200)), 1))

    assert {"deny", "pend", "no_policy"} <= made.counts["decisions"].keys()


def test_facts_of_claims(engine: Engine) -> None:
    made = agree(engine, ArrowRows(as_batch(engine, generated_rows(engine, 3, 150)), 1))

    assert {"approve", "deny", "pend"} <= made.counts["decisions"].keys()


def test_records_are_in_order_whatever_their_policies(engine: Engine) -> None:
    payload = ArrowRows(as_batch(engine, random_rows(engine, Random(11), 120)), 1001)

    made = Decider(engine, None, columns=True).answered("facts", Block(payload, None, {}, 0))

    records = made.table["record"].to_pylist()
    assert records == sorted(records)
    rejected = [one.record for one in made.rejects]
    assert {*records, *rejected} == set(range(1001, 1121))


def test_a_table_cut_in_two_gives_the_same_rows(engine: Engine) -> None:
    batch = as_batch(engine, random_rows(engine, Random(12), 80))
    decider = Decider(engine, None, columns=True)

    whole, first, second = (
        decider.answered("facts", Block(ArrowRows(part, at), None, {}, 0)).table.to_pylist()
        for part, at in ((batch, 1), (batch.slice(0, 30), 1), (batch.slice(30), 31))
    )

    assert whole == first + second


def test_an_empty_table_has_no_rows(engine: Engine) -> None:
    batch = as_batch(engine, random_rows(engine, Random(13), 10)).slice(0, 0)

    made = Decider(engine, None, columns=True).answered(
        "facts", Block(ArrowRows(batch, 1), None, {}, 0)
    )

    assert (len(made.table), made.records, made.counts["paths"]) == (0, 0, Counter())
