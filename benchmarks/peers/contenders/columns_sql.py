"""The columns, Parquet to Parquet: the policy by hand as a Polars query, and as SQL for DuckDB.

Both keep null as unknown in `and`, `or` and `not`, so each rule is one expression. They write for each
claim its decision and the rules that hold with their codes, as one text.
"""

from __future__ import annotations

from functools import reduce
from itertools import combinations
from operator import and_, or_
from pathlib import Path
from typing import Any

from halves import INFIX, Answer
from workload import All, AnyOf, AtLeast, Condition, Not, Policy, Ref, Rule, Test

from contenders import About


def text_of(rule: Rule) -> str:
    return f"{rule.id}|{rule.carc or ''}|{','.join(rule.rarcs)}"


def read_texts(path: Path) -> list[Answer]:
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["id", "decision", "findings"]).to_pylist()
    rows.sort(key=lambda row: int(row["id"][1:]))
    return [(row["decision"], findings_of(row["findings"])) for row in rows]


def findings_of(text: str | None) -> list[tuple[str, str | None, tuple[str, ...]]]:
    found = []
    for one in sorted((text or "").split()):
        rule, carc, rarcs = one.split("|")
        found.append((rule, carc or None, tuple(rarcs.split(",")) if rarcs else ()))
    return found


def overridden(policy: Policy) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for rule in policy.rules:
        for other in rule.overrides:
            found.setdefault(other, []).append(rule.id)
    return found


def by_polars(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import polars as pl

    kinds = {fact.name: fact.kind for fact in policy.facts}

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
    said = [pl.when(pl.col(rule.id)).then(pl.lit(text_of(rule))) for rule in found]
    decision = (
        pl.when(pl.col("deny")).then(pl.lit("deny"))
        .when(pl.col("pend") | pl.col("pend").is_null() | pl.col("deny").is_null())
        .then(pl.lit("pend")).otherwise(pl.lit("approve"))
    )  # fmt: skip
    (
        pl.scan_parquet(claims)
        .with_columns(**derived)
        .with_columns(**first)
        .with_columns(**later)
        .select("id", *first, *later, deny=deny, pend=pend)
        .select(
            "id", decision=decision, findings=pl.concat_str(said, separator=" ", ignore_nulls=True)
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


def by_duckdb(policy: Policy, _: Path, claims: Path, out: Path) -> None:
    import duckdb

    def truth(condition: Condition) -> str:
        match condition:
            case Test():
                return test_truth(condition)
            case Not(part):
                return f"(NOT {truth(part)})"
            case All(parts):
                return "(" + " AND ".join(map(truth, parts)) + ")"
            case AnyOf(parts):
                return "(" + " OR ".join(map(truth, parts)) + ")"
            case AtLeast(count, parts):
                ways = combinations(map(truth, parts), count)
                return "(" + " OR ".join("(" + " AND ".join(way) + ")" for way in ways) + ")"

    def test_truth(test: Test) -> str:
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

    over = overridden(policy)
    found = [rule for rule in policy.rules if rule.kind != "conclude"]
    derived = ", ".join(
        "("
        + " OR ".join(truth(rule.when) for rule in policy.rules if rule.concludes == name)
        + f') AS "{name}"'
        for name in policy.derived
    )
    rules = ", ".join(f'{truth(rule.when)} AS "{rule.id}"' for rule in found)
    held = ", ".join(
        "(" + " AND ".join([f'"{id_}"', *(f'NOT "{other}"' for other in others)]) + f') AS "{id_}"'
        for id_, others in over.items()
    )
    deny = " OR ".join(f'"{rule.id}"' for rule in found if rule.kind == "deny")
    pend = " OR ".join(f'"{rule.id}"' for rule in found if rule.kind == "pend")
    said = ", ".join(f"CASE WHEN \"{rule.id}\" THEN '{text_of(rule)}' END" for rule in found)
    duckdb.connect().execute(f"""
        COPY (
          WITH derived AS (SELECT *, {derived} FROM read_parquet('{claims}')),
               rules AS (SELECT id, {rules} FROM derived),
               held AS (SELECT * REPLACE ({held}) FROM rules),
               settled AS (SELECT *, ({deny}) AS deny, ({pend}) AS pend FROM held)
          SELECT id,
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
    ),
]
