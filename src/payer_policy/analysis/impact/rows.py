"""The services that changed as a Parquet file: one row each, written block by block.

The file is there when it is whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.analysis.impact.columns import SideBySide
from payer_policy.analysis.impact.model import CHANGE_KINDS
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
    ("new_decision", pa.string(), "decision", "the same of the new version"),
    ("old_rules", _TEXTS, "findings", "the rules that found something, by id"),
    ("new_rules", _TEXTS, "findings", "the same of the new version"),
    ("old_reasons", _TEXTS, "reasons", "of each of them what it finds, and its reason codes"),
    ("new_reasons", _TEXTS, "reasons", "the same of the new version"),
    ("old_unsettled", _TEXTS, "unsettled", "the rules of which something is not known"),
    ("new_unsettled", _TEXTS, "unsettled", "the same of the new version"),
    ("old_policy", pa.string(), "policy", "the address of the policy that decided"),
    ("new_policy", pa.string(), "policy", "the same of the new version"),
    ("billed", pa.decimal128(28, 6), "", "what was billed for the service; null: not known"),
)
CHANGED: Final = pa.schema([(name, type_) for name, type_, _, _ in _COLUMNS])
DESCRIPTIONS: Final = {name: says for name, _, _, says in _COLUMNS}


def changed_rows(services: SideBySide, file: str) -> Any:
    """The table of services that changed; `file` is the file of claims."""
    billed = services.billed
    amounts = [None if one is None else Decimal(one).scaleb(-6) for one in billed.values]
    made = {
        "file": pa.array([file] * len(services), pa.string()),
        "change": pa.array(np.array(CHANGE_KINDS)[services.kinds], pa.string()),
        "billed": pa.array(amounts, pa.decimal128(28, 6)).take(pa.array(billed.codes)),
    }
    rows = {"old": services.old, "new": services.new}
    for name, type_, source, _ in _COLUMNS:
        if source:
            taken = services.rows[source].take(pa.array(rows.get(name[:3], services.named)))
            made[name] = taken.combine_chunks().cast(type_)
    return pa.table({name: made[name] for name in CHANGED.names}, CHANGED)


@contextmanager
def writer(path: Path | None) -> Iterator[pq.ParquetWriter | None]:
    """Writes tables to a file that is there when all went well; None: nothing is written."""
    if path is None:
        yield None
        return
    with whole_file(path) as file, pq.ParquetWriter(file, CHANGED, compression="zstd") as out:
        yield out
