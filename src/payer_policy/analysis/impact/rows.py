"""The services that changed as a Parquet file: one row each, written block by block.

The file is there when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.core.whole_file import whole_file

_TEXTS: Final = pa.list_(pa.string())
_COLUMNS: Final[tuple[tuple[str, Any, str, str], ...]] = (
    ("file", pa.string(), "", "the file of claims"),
    ("record", pa.int64(), "record", "where in it, from 1: the row, the line, or which claim"),
    ("claim_id", pa.string(), "claim_id", "the claim's number"),
    ("code", pa.string(), "code", "the drug code"),
    ("service_date", pa.date32(), "service_date", "the day of service"),
    ("change", pa.string(), "", "what changed: decision, units or reasons"),
    ("old_decision", pa.string(), "decision", "approve, deny, pend, partial, no_policy, rejected"),
    ("new_decision", pa.string(), "decision_new", "the same of the new version"),
    ("old_rules", _TEXTS, "findings", "the rules that found something, by id"),
    ("new_rules", _TEXTS, "findings_new", "the same of the new version"),
    ("old_reasons", _TEXTS, "reasons", "of each of them what it finds, and its reason codes"),
    ("new_reasons", _TEXTS, "reasons_new", "the same of the new version"),
    ("old_unsettled", _TEXTS, "unsettled", "the rules of which something is not known"),
    ("new_unsettled", _TEXTS, "unsettled_new", "the same of the new version"),
    ("old_policy", pa.string(), "policy", "the address of the policy that decided"),
    ("new_policy", pa.string(), "policy_new", "the same of the new version"),
    ("billed", pa.decimal128(28, 6), "", "what was billed for the service; null: not known"),
)
CHANGED: Final = pa.schema([(name, type_) for name, type_, _, _ in _COLUMNS])
DESCRIPTIONS: Final = {name: says for name, _, _, says in _COLUMNS}


def changed_rows(frame: pl.DataFrame, file: str, billed: str, lines: str) -> Any:
    """The table of some services side by side.

    Args:
        frame: From `columns.side_by_side`.
        file: The file of claims.
        billed: The column of amounts, in millionths.
        lines: The column that says whether lines differ.
    """
    if not len(frame):
        return CHANGED.empty_table()
    change = frame.select(
        pl.when(pl.col("decision") != pl.col("decision_new"))
        .then(pl.lit("decision"))
        .when(lines)
        .then(pl.lit("units"))
        .otherwise(pl.lit("reasons"))
        .alias("change")
    )["change"]
    made = {
        "file": pa.array([file] * len(frame), pa.string()),
        "change": change.to_arrow(),
        "billed": pa.array(
            [None if one is None else Decimal(one).scaleb(-6) for one in frame[billed]],
            pa.decimal128(28, 6),
        ),
    }
    arrays = [
        (made[name] if name in made else frame[source].to_arrow()).cast(type_)
        for name, type_, source, _ in _COLUMNS
    ]
    return pa.Table.from_arrays(arrays, schema=CHANGED)


@contextmanager
def writer(path: Path | None) -> Iterator[pq.ParquetWriter | None]:
    """Writes tables to a file that is there when all went well; None: nothing is written."""
    if path is None:
        yield None
        return
    with whole_file(path) as file, pq.ParquetWriter(file, CHANGED, compression="zstd") as out:
        yield out
