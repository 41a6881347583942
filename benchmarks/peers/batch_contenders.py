"""A million claims from Parquet to Parquet: written by hand in Polars, in SQL, and `payer-policy batch`.

    python batch_contenders.py NAME CLAIMS.parquet OUT [--policies FOLDER]

Each writes for every claim its decision and the rules that hold. Prints one JSON object: seconds of
work (without starting Python and importing), and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import workload

REQUIREMENTS = {
    "polars": ["polars"],
    "duckdb": ["duckdb"],
    "payer_policy": ["payer-policy[batch]"],
}
SIGNS = {"is": "==", "at_least": ">=", "at_most": "<=", "on_or_before": "<=", "on_or_after": ">="}


def by_polars(claims: Path, out: Path, policies: Path) -> Callable[[], None]:
    """Polars keeps null as unknown in `&`, `|` and comparisons, so each rule is one expression."""
    import datetime as dt
    from functools import reduce
    from operator import and_, or_

    import polars as pl

    rules = workload.rules(20)
    derived: dict[str, list[Any]] = {}

    def truth(when: dict[str, Any]) -> pl.Expr:
        if "all" in when:
            return reduce(and_, map(truth, when["all"]))
        if "any" in when:
            return reduce(or_, map(truth, when["any"]))
        fact, operator = when["fact"], next(key for key in when if key != "fact")
        right, column = when[operator], pl.col(fact)
        if isinstance(right, dict):
            right = pl.col(right["fact"])
        elif operator.startswith("on_or"):
            right = dt.date.fromisoformat(right)
        match operator:
            case "is":
                return column if right is True else ~column if right is False else column == right
            case "in":
                return reduce(or_, [column == value for value in right])
            case "at_least" | "on_or_after":
                return column >= right
            case _:
                return column <= right

    for rule in rules:
        if "conclude" in rule:
            derived.setdefault(rule["conclude"], []).append(truth(rule["when"]))
    first = {name: reduce(or_, truths) for name, truths in derived.items()}
    found = {rule["id"]: truth(rule["when"]) for rule in rules if "conclude" not in rule}
    kinds = {rule["id"]: rule for rule in rules}
    deny = reduce(or_, [pl.col(id_) for id_ in found if "deny" in kinds[id_]])
    pend = reduce(or_, [pl.col(id_) for id_ in found if "pend" in kinds[id_]])
    codes = [pl.when(pl.col(id_)).then(pl.lit(id_)) for id_ in found]

    def run() -> None:
        (
            pl.scan_parquet(claims)
            .with_columns(**first)
            .select("id", **found)
            .select(
                "id",
                decision=pl.when(deny).then(pl.lit("deny"))
                .when(pend | pend.is_null() | deny.is_null()).then(pl.lit("pend"))
                .otherwise(pl.lit("approve")),
                # One text: several times quicker than a list, and as good for most readers.
                findings=pl.concat_str(codes, separator=" ", ignore_nulls=True),
            )
            .sink_parquet(out, compression="zstd", compression_level=1)
        )  # fmt: skip

    return run


def by_duckdb(claims: Path, out: Path, policies: Path) -> Callable[[], None]:
    """SQL has three truth values too."""
    import duckdb

    rules = workload.rules(20)

    def truth(when: dict[str, Any]) -> str:
        if "all" in when:
            return "(" + " AND ".join(map(truth, when["all"])) + ")"
        if "any" in when:
            return "(" + " OR ".join(map(truth, when["any"])) + ")"
        fact, operator = when["fact"], next(key for key in when if key != "fact")
        right = when[operator]
        if isinstance(right, bool):
            return f'"{fact}"' if right else f'(NOT "{fact}")'
        if isinstance(right, dict):
            return f'"{fact}" {SIGNS[operator]} "{right["fact"]}"'
        if operator == "in":
            return f'"{fact}" IN ({", ".join(repr(value) for value in right)})'
        value = f"DATE '{right}'" if operator.startswith("on_or") else repr(right)
        return f'"{fact}" {SIGNS[operator]} {value}'

    derived: dict[str, list[str]] = {}
    for rule in rules:
        if "conclude" in rule:
            derived.setdefault(rule["conclude"], []).append(truth(rule["when"]))
    first = ", ".join(f'({" OR ".join(told)}) AS "{name}"' for name, told in derived.items())
    found = [rule for rule in rules if "conclude" not in rule]
    second = ", ".join(f'{truth(rule["when"])} AS "{rule["id"]}"' for rule in found)
    deny = " OR ".join(f'"{rule["id"]}"' for rule in found if "deny" in rule)
    pend = " OR ".join(f'"{rule["id"]}"' for rule in found if "pend" in rule)
    held = ", ".join(f"CASE WHEN \"{rule['id']}\" THEN '{rule['id']}' END" for rule in found)
    sql = f"""
        COPY (
          WITH derived AS (SELECT *, {first} FROM read_parquet('{claims}')),
               rules AS (SELECT id, {second} FROM derived)
          SELECT id,
                 CASE WHEN ({deny}) THEN 'deny'
                      WHEN ({pend}) OR ({pend}) IS NULL OR ({deny}) IS NULL THEN 'pend'
                      ELSE 'approve' END AS decision,
                 list_filter([{held}], lambda rule: rule IS NOT NULL) AS findings
          FROM rules
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """

    def run() -> None:
        duckdb.connect().execute(sql)

    return run


def by_payer_policy(claims: Path, out: Path, policies: Path) -> Callable[[], None]:
    """With unsettled rules, missing facts, assumptions, policy hashes, a journal and a summary."""
    import os

    from payer_policy.batch.run import Options
    from payer_policy.batch.run import run as run_batch

    options = Options(workers=os.cpu_count() or 1, overwrite=True)
    return lambda: run_batch([str(claims)], policies, out, options) and None


CONTENDERS = {"polars": by_polars, "duckdb": by_duckdb, "payer_policy": by_payer_policy}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("claims", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--policies", type=Path, default=Path("policies"))
    asked = parser.parse_args()
    run = CONTENDERS[asked.name](asked.claims, asked.out, asked.policies)
    before = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    json.dump(
        {"seconds": round(seconds, 3), "cpu": round(cpu, 3), "peak_mb": after.ru_maxrss // 1024},
        sys.stdout,
    )


if __name__ == "__main__":
    main()
