"""One contender in its own process and environment: held to the right answers, then timed.

    python measure.py CONTENDER --rules 20 --claims 4000 [--unguarded]

Prints one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import sys
import time

import workload
from answers import answer


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contender")
    parser.add_argument("--rules", type=int, default=20)
    parser.add_argument("--claims", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--unguarded", action="store_true")
    asked = parser.parse_args()
    rules = workload.rules(asked.rules, guarded=not asked.unguarded)
    module = importlib.import_module(f"contenders.{asked.contender}")
    # One that slows the longer it runs is measured on as many as a user would give it at once.
    count = min(asked.claims, getattr(module, "MOST", asked.claims))
    claims = workload.claims(count, asked.rules // workload.BLOCK)
    ready = [module.prepare(claim) for claim in claims]
    # Reading and checking policy files is another job than compiling them.
    read = getattr(module, "read", list)(rules)
    start = time.perf_counter()
    decide = module.build(read)
    decide(ready[0])
    first = time.perf_counter() - start
    wrong = 0
    for claim, mine in list(zip(claims, ready, strict=True))[:: max(1, count // 1000)]:
        decision, holding = decide(mine)
        wrong += (decision, sorted(holding)) != answer(rules, claim)
    for mine in ready:
        decide(mine)  # whatever is made when it is first needed is made now
    gc.collect()
    gc.disable()
    means = []
    for _ in range(asked.rounds):
        start = time.perf_counter()
        for mine in ready:
            decide(mine)
        means.append((time.perf_counter() - start) / len(ready) * 1e6)
    single = []
    for mine in ready:
        start_ns = time.perf_counter_ns()
        decide(mine)
        single.append((time.perf_counter_ns() - start_ns) / 1e3)
    single.sort()
    json.dump(
        {
            "wrong": wrong,
            "first_ms": round(first * 1e3, 2),
            "mean_us": round(min(means), 2),
            "p50_us": round(single[len(single) // 2], 2),
            "p99_us": round(single[int(len(single) * 0.99)], 2),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
