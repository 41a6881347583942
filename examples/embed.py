"""Embed the engine in a service: open the policies once, then decide requests from any thread.

Run from the project's folder: `python examples/embed.py`. All people and claims here are synthetic.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from payer_policy import Engine, Outcome, PolicyError

HERE = Path(__file__).parent


def main() -> None:
    engine = Engine.open(HERE.parent / "policies")  # raises PolicyError with every problem
    claim: dict[str, Any] = json.loads((HERE / "claims" / "refill.json").read_text("utf-8"))

    show(engine.decide(claim))

    # What is denied says why, in codes for an 835 and in words for a person.
    without_jz = json.loads(json.dumps(claim))
    without_jz["lines"][1]["modifiers"] = []
    show(engine.decide(without_jz))

    # What is not known is asked for, never guessed.
    first_fill = json.loads(json.dumps(claim))
    first_fill["lines"][0]["code"] = "62362"
    first_fill["coverage"] = {"payer": "commercial-strict", "line_of_business": "commercial"}
    show(engine.decide(first_fill))

    # What is wrong with a request is said all at once, and nothing is decided.
    try:
        engine.decide({**claim, "facts": {"therapy.phase": "refil", "trial.day": "2025-01-01"}})
    except PolicyError as error:
        for problem in error.diagnostics:
            print(f"{problem.code}: {problem.message} ({problem.hint})")

    # The engine is immutable: share it between threads.
    with ThreadPoolExecutor(4) as pool:
        decisions = {outcome.decision for outcome in pool.map(engine.decide, [claim] * 100)}
    print(f"100 decisions on 4 threads: {decisions}")


def show(outcome: Outcome) -> None:
    for determination in outcome.determinations:
        print(f"{determination.claim_id} {determination.code}: {determination.decision}")
        for found in determination.findings:
            if found.kind != "advise":
                codes = " ".join(filter(None, [found.group, found.carc, *found.rarcs]))
                print(f"  {found.rule}: {codes}: {found.because}")
        for question in determination.missing[:3]:
            print(f"  ask {question.supplied_by}: {question.question}")


if __name__ == "__main__":
    main()
