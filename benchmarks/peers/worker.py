"""One measurement in a contender's own environment: `run.py` starts it and reads the JSON it prints.

    worker.py single NAME …    latency, throughput, time to the first decision; held to the answers
    worker.py batch NAME …     one run from Parquet to Parquet (`run.py` times the whole process)
    worker.py read NAME …      holds what a batch wrote to the answers
    worker.py many …           payer-policy alone: a folder of many policies

Every round times the contender and the hand-written baseline in turn, in this one process, so that a
machine that slows down slows both: the ratio is the number to read.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contenders import About, Lines, contenders
from line_workload import line_claims, make_line_policy
from workload import Policy, claims, make_policy, many_policies, write_folder

Json = dict[str, Any]


def main() -> None:
    sys.dont_write_bytecode = True  # or a second build of generated modules would read the first's
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["single", "batch", "read", "many"])
    parser.add_argument("name", nargs="?", default="payer-policy")
    parser.add_argument("--workload", choices=["facts", "lines"], default="facts")
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--unguarded", action="store_true")
    parser.add_argument("--claims", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--expected", type=Path)
    parser.add_argument("--input", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--policies", type=int, default=1)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    about = of_workload(asked.name, asked.workload)
    if asked.workload == "lines":
        policy = make_line_policy()
    else:
        policy = make_policy(asked.rules, guarded=not asked.unguarded)
    try:
        if asked.what == "single":
            made = single(about, policy, asked)
        elif asked.what == "batch":
            assert about.batch is not None
            about.batch(policy, asked.folder, asked.input, asked.out)
            made = {}
        elif asked.what == "read":
            assert about.read is not None
            answers = about.read(asked.out)
            missing = abs(asked.claims - len(answers))
            made = {"wrong": missing + wrong(answers, expected(asked.expected))}
        else:
            made = many(asked)
    except NotImplementedError as error:
        made = {"left_out": str(error)}
    json.dump(made, sys.stdout)


def of_workload(name: str, workload: str) -> About | Lines:
    about = contenders()[name]
    if workload == "facts":
        return about
    assert about.lines is not None
    return about.lines


def expected(path: Path) -> list[Any]:
    found: list[Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def plain(answer: Any) -> list[Any]:
    """An answer as JSON has it."""
    made: list[Any] = json.loads(json.dumps(answer))
    return made


def wrong(answers: list[Any], right: list[Any]) -> int:
    """How many of the claims with a known answer are answered otherwise, or not at all."""
    missing = max(0, len(right) - len(answers))
    pairs = zip(answers, right, strict=False)
    return missing + sum(1 for answer, one in pairs if plain(answer) != one)


def single(about: About | Lines, policy: Policy, asked: argparse.Namespace) -> Json:
    assert about.build is not None
    drawn = line_claims if asked.workload == "lines" else claims
    requests = list(drawn(policy, asked.claims))
    started = time.process_time()
    shape, decide = about.build(policy, asked.folder)
    decide(shape(requests[0]))
    cold = time.process_time() - started
    # Again, when all modules are loaded: compiling, without importing.
    ready = shape(requests[0])
    started = time.process_time()
    shape, decide = about.build(policy, asked.folder)
    decide(ready)
    first = time.process_time() - started
    shaped = [shape(request) for request in requests]
    right = expected(asked.expected)
    incorrect = wrong([decide(claim) for claim in shaped[: len(right)]], right)

    by_hand = of_workload("handwritten", asked.workload)
    baseline_shape, baseline = by_hand.build(policy, asked.folder)  # type: ignore[misc]
    base = [baseline_shape(request) for request in requests]
    started = time.process_time()
    for claim in shaped[:50]:
        decide(claim)
    about_each = (time.process_time() - started) / 50
    few = max(100, min(len(shaped), int(1.5 / max(about_each, 1e-7))))  # a round: 1.5 seconds
    shaped = shaped[:few]
    rounds = []
    _, _ = one_round(baseline, base), one_round(decide, shaped)  # warm-up
    gc.collect()
    gc.freeze()  # what was loaded so far is not gone through again; collection stays on
    for _ in range(asked.rounds):
        rounds.append((one_round(decide, shaped), one_round(baseline, base)))

    def middle(values: list[float]) -> float:
        return round(statistics.median(values), 3)

    return {
        "wrong": incorrect,
        "checked": len(right),
        "cold_ms": round(cold * 1e3, 2),
        "first_ms": round(first * 1e3, 2),
        "mean_us": middle([mine["mean"] for mine, _ in rounds]),
        "p50_us": middle([mine["p50"] for mine, _ in rounds]),
        "p99_us": middle([mine["p99"] for mine, _ in rounds]),
        "baseline_us": middle([theirs["mean"] for _, theirs in rounds]),
        "ratio": middle([mine["mean"] / theirs["mean"] for mine, theirs in rounds]),
        "claims": len(shaped),
        "rounds": len(rounds),
    }


def one_round(decide: Callable[[Any], Any], shaped: list[Any]) -> dict[str, float]:
    """Microseconds: the mean of processor time in one loop; then each claim by the wall clock."""
    started = time.process_time()
    for claim in shaped:
        decide(claim)
    mean = (time.process_time() - started) / len(shaped) * 1e6
    clock, times = time.perf_counter_ns, []
    for claim in shaped:
        start = clock()
        decide(claim)
        times.append(clock() - start)
    times.sort()
    return {
        "mean": mean,
        "p50": times[len(times) // 2] / 1e3,
        "p99": times[int(len(times) * 0.99)] / 1e3,
    }


def many(asked: argparse.Namespace) -> Json:
    from payer_policy import Engine

    policies = many_policies(asked.policies)
    folder = asked.folder / f"many-{asked.policies}"
    write_folder(folder, policies)
    some = policies[:: max(1, len(policies) // 100)]  # claims for a hundred of them, in turn
    each = max(1, asked.claims // len(some))
    by_policy = [list(claims(policy, each)) for policy in some]
    requests = [request for turn in zip(*by_policy, strict=True) for request in turn]
    started = time.process_time()
    engine = Engine.open(folder)
    opened = time.process_time() - started
    started = time.process_time()
    engine.decide(requests[0])
    first = time.process_time() - started
    one_round(engine.decide, requests)
    gc.collect()
    gc.freeze()
    rounds = [one_round(engine.decide, requests) for _ in range(asked.rounds)]
    return {
        "open_ms": round(opened * 1e3, 1),
        "first_ms": round(first * 1e3, 2),
        "mean_us": round(statistics.median(one["mean"] for one in rounds), 3),
        "p99_us": round(statistics.median(one["p99"] for one in rounds), 3),
    }


if __name__ == "__main__":
    main()
