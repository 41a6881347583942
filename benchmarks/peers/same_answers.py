"""Whether the answers in the folders of `batch_contenders.py` are the same, claim for claim.

Prints one JSON object: by contender `yes`, or how many claims differ from the first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl


def main() -> None:
    folder = Path(sys.argv[1])
    ours = pl.read_parquet(folder / "out-payer_policy" / "rows" / "*.parquet").select(
        id="claim_id",
        decision=pl.col("decision").cast(pl.String),
        findings=pl.col("findings").list.join(" "),
    )
    duckdb = pl.read_parquet(folder / "out-duckdb").with_columns(pl.col("findings").list.join(" "))
    answers = {"polars": pl.read_parquet(folder / "out-polars"), "duckdb": duckdb}
    wanted = ours.sort("id")
    told = {"payer_policy": "yes"}
    for name, found in answers.items():
        found = found.sort("id")
        same = found.height == wanted.height and found.equals(wanted)
        differing = "another number of claims"
        if not same and found.height == wanted.height:
            differing = f"{(found != wanted).max_horizontal().sum()} differ"
        told[name] = "yes" if same else differing
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
