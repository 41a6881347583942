"""What proofs cost: `python benchmarks/trust.py [--full] [--json]`.

Every command is timed as a user calls it, a process of its own with all that it reads. `--full` also
runs `mutate` over every change (some minutes); without it, over one change in ten.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from shutil import copytree

from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.engines import engine_named
from payer_policy.policy.loading import open_library

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "policies"
CHANGED = ("intrathecal-baclofen/2016-01-01.json", '"oral_therapy_weeks": {"value": 6')
"""A parameter that the change for `compare` makes larger by two."""


def seconds(*words: str) -> tuple[float, int]:
    """The time that a command takes, and its exit status."""
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "payer_policy", *words],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - started, run.returncode


def engines(cases: int) -> dict[str, float]:
    """Seconds a case on `compiled` and on `symbolic`, the same facts, in turn."""
    library = open_library(POLICIES)
    address = "medicare/intrathecal-baclofen"
    ruleset = library.ruleset(address, library.windows(address)[-1][0])
    assert ruleset is not None
    evaluators = {name: engine_named(name).compile(ruleset) for name in ("compiled", "symbolic")}
    palette, random = palette_of(ruleset), Random(1)
    spent = dict.fromkeys(evaluators, 0.0)
    for _ in range(cases):
        facts = random_facts(random, palette)
        for name, evaluate in evaluators.items():
            started = time.perf_counter()
            evaluate(facts)
            spent[name] += time.perf_counter() - started
    return {name: total / cases for name, total in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "policies"
        copytree(POLICIES, folder)
        file = folder / "medicare" / CHANGED[0]
        text = file.read_text("utf-8")
        assert text.count(CHANGED[1]) == 1
        file.write_text(text.replace(CHANGED[1], CHANGED[1][:-1] + "8"), "utf-8")
        rows = {
            "prove: every statement, policy and window": (60.0, *seconds("prove")),
            "compare: one policy, every window": (
                10.0,
                *seconds(
                    "compare",
                    str(POLICIES),
                    str(folder),
                    "--policy",
                    "medicare/intrathecal-baclofen",
                ),
            ),
            "check --deep": (None, *seconds("check", "--deep")),
            "cover": (None, *seconds("cover")),
            "mutate --quick": (None, *seconds("mutate", "--quick")),
        }
        if options.full:
            rows["mutate"] = (600.0, *seconds("mutate"))
    per_case = engines(200)
    ratio = per_case["symbolic"] / per_case["compiled"]
    if options.json:
        print(
            json.dumps(
                {
                    "seconds": {name: round(spent, 2) for name, (_, spent, _) in rows.items()},
                    "exit_status": {name: status for name, (_, _, status) in rows.items()},
                    "symbolic_to_compiled": round(ratio),
                }
            )
        )
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores\n")
    print("| command | seconds | aim | exit status |\n|---|---:|---:|---:|")
    for name, (aim, spent, status) in rows.items():
        print(f"| {name} | {spent:.1f} | {'' if aim is None else f'{aim:.0f}'} | {status} |")
    print(
        f"\n`symbolic` ÷ `compiled`, a case: {ratio:,.0f} × ({per_case['symbolic'] * 1000:.1f} ms)"
    )


if __name__ == "__main__":
    main()
