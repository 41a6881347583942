"""The columns, Parquet to Parquet: the policy by hand as a Polars query, and as SQL for DuckDB.

Both keep null as unknown in `and`, `or` and `not`, so each rule is one expression. They write for each
claim its decision and the rules that hold with their codes, as one text. Claims with lines are grouped
first: lines of a drug on a day, of a day, of a claim. Both sum over nulls as if they were nothing, so an
unknown sum has to be written out.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import combinations
from operator import and_, or_
from pathlib import Path
from typing import Any

from halves import INFIX
from line_workload import CLAIM_FACTS, LINE_FACTS
from tables import read_lines, read_texts, text_of
from workload import Aggregate, All, AnyOf, AtLeast, Condition, Not, Policy, Ref, Rule, Test

from contenders import About, Lines

NAMED = {"drug.code": "code", "service.date": "service_date"}
"""What answers call the facts that say which service they are about."""


def overridden(policy: Policy) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rule in policy.rules:
        for other in rule.overrides:
            found.setdefault(other, []).append(rule.id)
    return found


def text_of_rule(rule: Rule) -> str:
    return text_of(rule.id, rule.carc, rule.rarcs)


def _polars_truth(kinds: dict[str, str]) -> Callable[[Condition], Any]:
    """What writes a condition as an expression over columns of those kinds."""
    import polars as pl

    def truth(condition: Condition) -> pl.Expr:
        match condition:
            case Test():
                return test_truth(condition)
            case Not(part):
                return ~truth(part)
            case All(parts):
                return reduce(and_, map(truth, parts))
            case AnyOf(parts):
                return reduce(or_, map(truth, parts))
            case AtLeast(count, parts):
                ways = combinations(map(truth, parts), count)
                return reduce(or_, [reduce(and_, way) for way in ways])

    def test_truth(test: Test) -> pl.Expr:
        column, value = pl.col(test.fact), test.value
        if isinstance(value, bool):
            return column if value else ~column
        if test.op in ("includes_any", "excludes"):
            assert isinstance(value, tuple)
            found = column.list.contains(value[0])
            if len(value) > 1:
                found = column.list.set_intersection(list(value)).list.len() > 0
            return found if test.op == "includes_any" else ~found
        if isinstance(value, tuple):
            return column.is_in(value) if test.op == "in" else ~column.is_in(value)
        right: Any = pl.col(value.fact) if isinstance(value, Ref) else pl.lit(value)
        if kinds[test.fact] == "decimal":
            right = pl.lit(value, dtype=pl.Decimal(12, 3))
        compared: pl.Expr = compare(test.op, column, right)
        return compared

    return truth


def by_polars(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import polars as pl

    _sink_by_polars(policy, pl.scan_parquet(claims), ("id",), out)


def lines_by_polars(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import polars as pl

    truth = _polars_truth({fact.name: fact.kind for fact in LINE_FACTS})

    def over(one: Aggregate) -> pl.Expr:
        among = pl.lit(True) if one.where is None else truth(one.where)
        if one.how == "count":
            return among.sum()
        if one.condition is not None:
            return truth(one.condition).filter(among).any(ignore_nulls=False)
        values = pl.col(one.field).filter(among)
        made = values.sum() if one.how == "sum" else values.max()
        return pl.when(values.null_count() == 0).then(made)

    aggregates = {
        lines: {name: over(one) for name, one in policy.aggregates.items() if one.lines == lines}
        for lines in ("service", "same_day", "claim")
    }
    lines = pl.scan_parquet(claims)
    of_claim = [pl.col(fact.name).first() for fact in CLAIM_FACTS]
    services = (
        lines.filter(pl.col("line.code").is_in(policy.codes))
        .group_by("id", "line.code", "line.date")
        .agg(*of_claim, **aggregates["service"])
        .join(lines.group_by("id").agg(**aggregates["claim"]), on="id")
        .join(
            lines.group_by("id", "line.date").agg(**aggregates["same_day"]), on=["id", "line.date"]
        )
        .rename({"line.code": "drug.code", "line.date": "service.date"})
    )
    _sink_by_polars(policy, services, ("id", "drug.code", "service.date"), out)


def _sink_by_polars(policy: Policy, facts: Any, keys: tuple[str, ...], out: Path) -> None:
    """Answers on a frame of facts, each with its keys."""
    import polars as pl

    truth = _polars_truth({fact.name: fact.kind for fact in policy.facts})

    derived = {
        name: reduce(or_, [truth(rule.when) for rule in policy.rules if rule.concludes == name])
        for name in policy.derived
    }
    over = overridden(policy)
    found = [rule for rule in policy.rules if rule.kind != "conclude"]
    first = {rule.id: truth(rule.when) for rule in found if rule.id not in over}
    later = {
        rule.id: reduce(and_, [truth(rule.when), *(~pl.col(other) for other in over[rule.id])])
        for rule in found
        if rule.id in over
    }
    deny = reduce(or_, [pl.col(rule.id) for rule in found if rule.kind == "deny"])
    pend = reduce(or_, [pl.col(rule.id) for rule in found if rule.kind == "pend"])
    said = [pl.when(pl.col(rule.id)).then(pl.lit(text_of_rule(rule))) for rule in found]
    decision = (
        pl.when(pl.col("deny")).then(pl.lit("deny"))
        .when(pl.col("pend") | pl.col("pend").is_null() | pl.col("deny").is_null())
        .then(pl.lit("pend")).otherwise(pl.lit("approve"))
    )  # fmt: skip
    (
        facts.with_columns(**derived)
        .with_columns(**first)
        .with_columns(**later)
        .select(*keys, *first, *later, deny=deny, pend=pend)
        .select(
            *(pl.col(key).alias(NAMED.get(key, key)) for key in keys),
            decision=decision,
            findings=pl.concat_str(said, separator=" ", ignore_nulls=True),
        )
        .sink_parquet(out, compression="zstd", compression_level=1)
    )


def compare(op: str, left: Any, right: Any) -> Any:
    match INFIX[op]:
        case "==":
            return left == right
        case "!=":
            return left != right
        case ">=":
            return left >= right
        case ">":
            return left > right
        case "<":
            return left < right
        case "<=":
            return left <= right
    raise AssertionError(op)


def sql(condition: Condition) -> str:
    match condition:
        case Test():
            return _sql_test(condition)
        case Not(part):
            return f"(NOT {sql(part)})"
        case All(parts):
            return "(" + " AND ".join(map(sql, parts)) + ")"
        case AnyOf(parts):
            return "(" + " OR ".join(map(sql, parts)) + ")"
        case AtLeast(count, parts):
            ways = combinations(map(sql, parts), count)
            return "(" + " OR ".join("(" + " AND ".join(way) + ")" for way in ways) + ")"


def _sql_test(test: Test) -> str:
    column, value = f'"{test.fact}"', test.value
    if isinstance(value, bool):
        return column if value else f"(NOT {column})"
    if isinstance(value, tuple):
        listed = ", ".join(map(repr, value))
        if test.op in ("includes_any", "excludes"):
            word = "" if test.op == "includes_any" else "NOT "
            return f"({word}list_has_any({column}, [{listed}]))"
        return f"({column} {'IN' if test.op == 'in' else 'NOT IN'} ({listed}))"
    if isinstance(value, Ref):
        return f'({column} {INFIX[test.op]} "{value.fact}")'
    shown = f"DATE '{value}'" if hasattr(value, "isoformat") else repr(value)
    if hasattr(value, "as_tuple"):
        shown = str(value)
    return f"({column} {INFIX[test.op]} {shown})"


def by_duckdb(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    _copy_by_duckdb(policy, f"facts AS (SELECT * FROM read_parquet('{claims}'))", ("id",), out)


def lines_by_duckdb(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    def over(one: Aggregate) -> str:
        among = "" if one.where is None else f" FILTER ({sql(one.where)})"
        if one.how == "count":
            return f"count(*){among}"
        if one.condition is not None:
            holds = sql(one.condition)
            return (
                f"CASE WHEN bool_or({holds}){among} THEN true"
                f" WHEN count({holds}){among} = count(*){among} THEN false END"
            )
        value = f'"{one.field}"'
        made = f"coalesce(sum({value}){among}, 0)" if one.how == "sum" else f"max({value}){among}"
        return f"CASE WHEN count({value}){among} = count(*){among} THEN {made} END"

    def listed(lines: str) -> str:
        aggregates = policy.aggregates.items()
        return ", ".join(
            f'{over(one)} AS "{name}"' for name, one in aggregates if one.lines == lines
        )

    of_claim = ", ".join(f'any_value("{fact.name}") AS "{fact.name}"' for fact in CLAIM_FACTS)
    codes = ", ".join(map(repr, policy.codes))
    facts = f"""
        lines AS (SELECT * FROM read_parquet('{claims}')),
        services AS (SELECT id, "line.code" AS "drug.code", "line.date" AS "service.date",
                            {of_claim}, {listed("service")}
                     FROM lines WHERE "line.code" IN ({codes}) GROUP BY ALL),
        same_day AS (SELECT id, "line.date" AS "service.date", {listed("same_day")}
                     FROM lines GROUP BY ALL),
        claims AS (SELECT id, {listed("claim")} FROM lines GROUP BY ALL),
        facts AS (SELECT * FROM services JOIN same_day USING (id, "service.date")
                                         JOIN claims USING (id))"""
    _copy_by_duckdb(policy, facts, ("id", "drug.code", "service.date"), out)


def _copy_by_duckdb(policy: Policy, facts: str, keys_: tuple[str, ...], out: Path) -> None:
    """Answers on the common table expression `facts`, each with its keys."""
    import duckdb

    keys = ", ".join(f'"{key}"' for key in keys_)
    named = ", ".join(f'"{key}" AS {NAMED.get(key, key)}' for key in keys_)
    over = overridden(policy)
    found = [rule for rule in policy.rules if rule.kind != "conclude"]
    derived = ", ".join(
        "("
        + " OR ".join(sql(rule.when) for rule in policy.rules if rule.concludes == name)
        + f') AS "{name}"'
        for name in policy.derived
    )
    rules = ", ".join(f'{sql(rule.when)} AS "{rule.id}"' for rule in found)
    held = ", ".join(
        "(" + " AND ".join([f'"{id_}"', *(f'NOT "{other}"' for other in others)]) + f') AS "{id_}"'
        for id_, others in over.items()
    )
    deny = " OR ".join(f'"{rule.id}"' for rule in found if rule.kind == "deny")
    pend = " OR ".join(f'"{rule.id}"' for rule in found if rule.kind == "pend")
    said = ", ".join(f"CASE WHEN \"{rule.id}\" THEN '{text_of_rule(rule)}' END" for rule in found)
    duckdb.connect().execute(f"""
        COPY (
          WITH {facts},
               derived AS (SELECT *, {derived} FROM facts),
               rules AS (SELECT {keys}, {rules} FROM derived),
               held AS (SELECT * REPLACE ({held}) FROM rules),
               settled AS (SELECT *, ({deny}) AS deny, ({pend}) AS pend FROM held)
          SELECT {named},
                 CASE WHEN deny THEN 'deny'
                      WHEN pend OR pend IS NULL OR deny IS NULL THEN 'pend'
                      ELSE 'approve' END AS decision,
                 concat_ws(' ', {said}) AS findings
          FROM settled
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """)


ABOUT = [
    About(
        name="polars",
        title="Polars by hand",
        needs=("polars==2.1.0", "pyarrow"),
        unknown="null, Kleene's",
        reasons="as we write them",
        proof="no",
        dates="yes",
        note="Knows this one policy; one pass over a dozen columns. Writes 3 columns.",
        batch=by_polars,
        read=read_texts,
        lines=Lines(
            batch=lines_by_polars,
            read=read_lines,
            note="Three groupings, joined; a sum of nulls has to be made null.",
        ),
    ),
    About(
        name="duckdb",
        title="DuckDB SQL by hand",
        needs=("duckdb", "pyarrow"),
        unknown="null, Kleene's",
        reasons="as we write them",
        proof="no",
        dates="yes",
        note="Knows this one policy. Writes 3 columns.",
        batch=by_duckdb,
        read=read_texts,
        lines=Lines(
            batch=lines_by_duckdb,
            read=read_lines,
            note="Three groupings, joined; a sum of nulls has to be made null.",
        ),
    ),
]
