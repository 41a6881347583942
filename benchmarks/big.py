"""What `payer-policy batch` takes for a file of ten million claims: time, and memory of each process.

    python benchmarks/big.py                       # ten million claims in each form; Markdown
    python benchmarks/big.py --claims 300000
    python benchmarks/big.py --json                # the same numbers for a program

The claims are mixed ones (`tests/generated_claims.py`), drawn again with other numbers, members,
days and units. The files are written block by block into a temporary folder, `--work` names another one
(ten million claims take some 3 GB there). Linux only: the peak of each process is read from `/proc`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests import generated_forms, peaks  # noqa: E402
from tests.generated_claims import claims  # noqa: E402

Json = dict[str, Any]

BASE: Final = 20_000
"""So many claims are generated; those of the files are made from them."""
BLOCK: Final = 50_000
DAYS: Final = 20
"""The days of a claim are moved by up to so many."""
STEPS: Final = {
    "line.units": "1", "line.charge": "0.01", "dose.administered": "100", "dose.discarded": "100",
    "oral_therapy.duration": "1",
}  # fmt: skip
"""By up to nine times these, a fifth of the amounts are raised."""
AMOUNTS: Final = pa.decimal128(12, 2)


class Base(NamedTuple):
    """Generated claims as a table, and the first row of each claim and of none."""

    table: Any
    starts: Any


def lines() -> Base:
    """A table of claim lines."""
    rows = generated_forms.table(claims(0, BASE)).rows
    ids = [row["id"] for row in rows]
    firsts = [at for at, id_ in enumerate(ids) if not at or ids[at - 1] != id_]
    return Base(_typed(rows), np.array([*firsts, len(rows)]))


def facts() -> Base:
    """A table of facts."""
    rows = [{"id": one["id"], **generated_forms.service_facts(one)} for one in claims(0, BASE)]
    return Base(_typed(rows), np.arange(len(rows) + 1))


FORMS: Final[dict[str, Callable[[], Base]]] = {"facts": facts, "claim lines": lines}


def _typed(rows: list[Json]) -> Any:
    """Rows as a table with days, numbers and lists, as a warehouse would write them."""
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        known = [one for one in values if one is not None]
        if name not in STEPS and all(isinstance(one, list | int) for one in known):
            columns[name] = pa.array(values)
            continue
        column = pa.array([one if one is None else str(one) for one in values])
        if name in STEPS:
            column = column.cast(AMOUNTS)
        elif name.endswith(("date", "_on")):
            column = column.cast(pa.date32())
        columns[name] = column
    return pa.table(columns)


def blocks(base: Base, count: int) -> Iterator[Any]:
    """So many claims, some at a time."""
    random = np.random.default_rng(0)
    for first in range(0, count, BLOCK):
        drawn = random.integers(0, len(base.starts) - 1, min(BLOCK, count - first))
        sizes = np.diff(base.starts)[drawn]
        ends = np.cumsum(sizes)
        rows = np.repeat(base.starts[drawn] - (ends - sizes), sizes) + np.arange(ends[-1])
        claim = np.repeat(np.arange(len(drawn)), sizes)
        yield _varied(base.table.take(rows), claim, first, random)


def _varied(table: Any, claim: Any, first: int, random: np.random.Generator) -> Any:
    """Rows with a number, a member, days and amounts of their own; `claim` is that of each row."""
    moved = random.integers(-DAYS, DAYS + 1, claim[-1] + 1)[claim]
    members = random.integers(0, 10**9, claim[-1] + 1)[claim]
    new = {
        "id": pc.binary_join_element_wise("SYN", pa.array(first + claim).cast(pa.string()), "-"),
        "coverage.member_id": pc.binary_join_element_wise(
            "M", pa.array(members).cast(pa.string()), "-"
        ),
    }
    for at, (name, column) in enumerate(zip(table.column_names, table.columns, strict=True)):
        if pa.types.is_date(column.type):
            days = pc.add(column.cast(pa.int32()), pa.array(moved.astype(np.int32)))
            table = table.set_column(at, name, days.cast(pa.date32()))
        elif name in STEPS:
            times = random.integers(0, 10, len(table)) * (random.random(len(table)) < 0.2)
            step = pa.scalar(STEPS[name]).cast(AMOUNTS)
            raised = pc.add(column, pc.multiply(pa.array(times.astype(np.int8)), step))
            table = table.set_column(at, name, raised.cast(AMOUNTS))
        elif name in new:
            table = table.set_column(at, name, new[name])
    return table


def write(path: Path, tables: Iterable[Any]) -> Path:
    """A Parquet file of some tables, one row group each."""
    writer = None
    for table in tables:
        if writer is None:
            writer = pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()
    return path


def measured(path: Path, claims: int, workers: int, work: Path) -> Json:
    """What a run over a file takes."""
    words = ("batch", path, "-o", work / "answers", "--policies", ROOT / "policies")
    used = peaks.run_command(*words, "--workers", workers, "--overwrite", "-q")
    if used.status not in (0, 1):  # 1: some claims contradict themselves and are rejected
        raise SystemExit(f"exit status {used.status}")
    return {
        "workers": workers,
        "seconds": used.seconds,
        "claims_per_second": claims / used.seconds,
        "processor_us_per_claim": used.processor / claims * 1e6,
        "peaks_mb": used.peaks,
    }


def markdown(made: Json) -> str:
    """The report."""
    lines = [
        f"| {made['claims']:,} claims | processes | MB of file | claims/s | processor µs a claim "
        "| peak MB of each process |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for form, one in made["forms"].items():
        for run in one["runs"]:
            most = ", ".join(f"{peak:.0f}" for peak in run["peaks_mb"])
            lines.append(
                f"| {form} | {run['workers']} | {one['file_mb']:,.0f} "
                f"| {run['claims_per_second']:,.0f} | {run['processor_us_per_claim']:.1f} | {most} |"
            )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--claims", type=int, default=10_000_000)
    parser.add_argument("--work", help="the folder in which a temporary one is made")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    made: Json = {"claims": options.claims, "forms": {}}
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        for form, base in FORMS.items():
            work = Path(folder)
            path = write(work / "claims.parquet", blocks(base(), options.claims))
            runs = [measured(path, options.claims, workers, work) for workers in (1, 2)]
            made["forms"][form] = {"file_mb": path.stat().st_size / 1e6, "runs": runs}
    print(json.dumps(made, indent=2) if options.json else markdown(made))


if __name__ == "__main__":
    main()
