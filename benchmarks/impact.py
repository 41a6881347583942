"""What `payer-policy impact` costs beside `payer-policy batch` by both versions, whole processes.

    python benchmarks/impact.py                    # a million rows of facts, three rounds; Markdown
    python benchmarks/impact.py --rows 100000 --rounds 1
    python benchmarks/impact.py --json             # the same numbers for a program

Each round runs both `batch` calls and `impact` in turn, so that a machine that slows down slows both
sides: the ratio is what to read. The policy of 20 rules and the claims are those of `peers`. It is the
worst case: the new version has all its bounds drawn anew, so that most decisions change, and in
thousands of ways.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE / "peers"))

from workload import SEED, claims, make_policy, rows_of, write_folder, write_parquet  # noqa: E402

Json = dict[str, Any]


def process(*words: object, good: tuple[int, ...] = (0,)) -> tuple[Json, str]:
    """Seconds, seconds of processor time and peak memory of a whole process, and what it printed."""
    command = [sys.executable, "-m", "payer_policy", *map(str, words)]
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        child = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        taken = time.perf_counter() - started
        out.seek(0)
        text = out.read()
    if child.returncode not in good:
        raise SystemExit(f"exit status {child.returncode}: {' '.join(command)}")
    processor = used.ru_utime + used.ru_stime
    return {"seconds": taken, "cpu": processor, "peak_mb": used.ru_maxrss / 1024}, text


def measured(rows: int, rounds: int, work: Path) -> Json:
    """The medians of some rounds, and how many services changed."""
    policies = {"old": make_policy(20), "new": make_policy(20, seed=SEED + 1)}
    for name, policy in policies.items():
        write_folder(work / name, [policy])
    table = work / "claims.parquet"
    write_parquet(table, policies["old"].facts, rows_of(claims(policies["old"], rows)))
    taken: dict[str, list[Json]] = {"batch, old": [], "batch, new": [], "impact": []}
    changed: Json = {}
    for _ in range(rounds):
        for name in policies:
            out = work / f"answers-{name}"
            words = ("batch", table, "-o", out, "--policies", work / name, "-q", "--overwrite")
            taken[f"batch, {name}"].append(process(*words)[0])
        words = ("impact", work / "old", work / "new", table, "-q", "--json")
        used, text = process(*words, good=(0, 1))
        taken["impact"].append(used)
        changed = json.loads(text)
    runs = {
        name: {what: statistics.median(one[what] for one in found) for what in found[0]}
        for name, found in taken.items()
    }
    pairs = zip(*taken.values(), strict=True)
    ratios = [one["cpu"] / (old["cpu"] + new["cpu"]) for old, new, one in pairs]
    return {
        "rows": rows,
        "rounds": rounds,
        "services": changed["services"]["services"],
        "changed": changed["changed"]["decision"]["services"],
        "runs": runs,
        "ratio": statistics.median(ratios),
    }


def markdown(made: Json) -> str:
    """The report."""
    lines = [
        f"| {made['rows']:,} rows of facts, {made['changed']:,} other decisions "
        "| seconds | of processor time | peak MB |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, run in made["runs"].items():
        lines.append(f"| {name} | {run['seconds']:.1f} | {run['cpu']:.1f} | {run['peak_mb']:.0f} |")
    lines.append(f"| impact ÷ both batches | | {made['ratio']:.2f} × | |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = measured(options.rows, options.rounds, Path(folder))
    print(json.dumps(made, indent=2) if options.json else markdown(made))


if __name__ == "__main__":
    main()
