"""A process takes as much memory for a large file as for a small one, although every value differs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests import peaks
from tests.places import POLICIES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the peaks in /proc")

LIMIT: Final = 450
"""MB that a process may take."""
GROWTH: Final = 50
"""MB by which the peak may grow with the file. Allocators need some blocks to settle, so the smaller file
has two full ones."""
FIRST: Final = (date(2016, 1, 1) - date(1970, 1, 1)).days
PAYERS: Final = pa.array(["medicare", "commercial-strict", "commercial-standard"])
BUSINESS: Final = pa.array(["medicare", "commercial", "commercial"])
PART: Final = 30_000
"""Records of a part: the smaller file has more than one."""
_SAMPLE: Final = 1_000


def numbers(count: int) -> Any:
    """Claim numbers, as long as they come."""
    return pa.array([f"{at:0>60}" for at in range(count)])


def days(count: int) -> Any:
    return pa.array((FIRST + np.arange(count) % 3_800).astype(np.int32)).cast(pa.date32())


def fact_table(count: int) -> Any:
    """Rows of which no two have a claim number, an amount, a duration or an hour in common."""
    at = np.arange(count)
    amounts = {
        name: pa.array(at + 1)
        for name in (
            "dose.administered", "dose.discarded", "container.total", "trial.dose",
        )
    }  # fmt: skip
    past = pa.array((FIRST - 1 - at % 10_000).astype(np.int32)).cast(pa.date32())
    return pa.table(
        {
            "id": numbers(count),
            "coverage.payer": PAYERS.take(pa.array(at % 3)),
            "coverage.line_of_business": BUSINESS.take(pa.array(at % 3)),
            "drug.code": pa.array(["J0945", "J0475"]).take(pa.array(at % 2)),
            "service.date": days(count),
            **amounts,
            "trial.date": past,
            "refill.previous_date": past,
        }
    )


def line_table(count: int) -> Any:
    """Claims of two lines with numbers, members, charges and units of their own."""
    claim, second = np.repeat(np.arange(count), 2), np.arange(2 * count) % 2
    return pa.table(
        {
            "id": numbers(count).take(pa.array(claim)),
            "coverage.payer": PAYERS.take(pa.array(claim % 3)),
            "coverage.line_of_business": BUSINESS.take(pa.array(claim % 3)),
            "coverage.member_id": pa.array([f"M-{one:0>58}" for one in claim.tolist()]),
            "authorization_number": pa.array([f"A-{one:0>58}" for one in claim.tolist()]),
            "patient.birth_date": pa.array((claim % 16_000).astype(np.int32)).cast(pa.date32()),
            "diagnoses": pa.array(["G80.0"]).take(pa.array(claim * 0)),
            "line.number": pa.array(second + 1),
            "line.code": pa.array(["62370", "J0945"]).take(pa.array(second)),
            "line.units": pa.array(np.where(second, claim + 1, 1)),
            "line.charge": pa.array((claim + 1).astype(np.int32)).cast(pa.decimal128(12, 2)),
            "line.date": days(count).take(pa.array(claim)),
        }
    )


@pytest.mark.parametrize(("made", "count"), [(fact_table, 100_000), (line_table, 50_000)])
def test_the_peak_does_not_grow_with_the_file(
    made: Callable[[int], Any], count: int, tmp_path: Path
) -> None:
    file = tmp_path / "claims.parquet"
    most = []
    for times in (1, 3):
        table = made(times * count)
        pq.write_table(table, file)
        used = peaks.run_command(
            "batch", file, "-o", tmp_path / "out", "--policies", POLICIES, "--workers", 1,
            "--part-records", PART, "--overwrite", "-q",
        )  # fmt: skip
        assert used.status == 0
        most.append(max(used.peaks))

    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["records"] == 3 * count
    assert most[0] + held(table) > LIMIT
    assert most[1] <= LIMIT
    assert most[1] - most[0] <= GROWTH


def held(table: Any) -> float:
    """MB that the rows would take as Python holds them."""
    rows = table.slice(0, _SAMPLE).to_pylist()
    sizes = [sys.getsizeof(row) + sum(map(sys.getsizeof, row.values())) for row in rows]
    return sum(sizes) / len(rows) * len(table) / 1e6
