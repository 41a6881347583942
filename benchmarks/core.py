"""What a decision costs, stage by stage and engine by engine, against the same policy by hand.

    python benchmarks/core.py            # a Markdown report
    python benchmarks/core.py --json     # the same numbers for a program
    python benchmarks/core.py --quick    # a tenth of the rounds

Everything that is compared is timed in this one process, in turn within each round, so a machine
that slows down slows both sides: the ratios are what to read. Stages are timed one after the other
on the way through one decision, not each in a loop of its own, which would flatter all of them.
Times are processor time of the thread, less what reading the clock costs, so that other work on the
machine is not counted (what it does to the caches is).
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from handwritten import CODE, Baclofen, ClaimLine

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.generated_claims import claims as generated_claims

from payer_policy.determination import About, Determiner, ServiceLine
from payer_policy.engine import Engine
from payer_policy.engines import ENGINES, engine_named
from payer_policy.engines.durable import durable_available
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.derive import Context, Derivation
from payer_policy.request.given import parse_facts
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request
from payer_policy.request.records import read_lists
from payer_policy.request.services import services_of, view_lines
from payer_policy.service.negotiation import json_bytes

ROOT = Path(__file__).parents[1]
POLICIES = ROOT / "policies"
EXAMPLE = ROOT / "examples/claims/refill.json"
POLICY = "medicare/intrathecal-baclofen"
STAGES = (
    "lines and services",
    "facts (derive)",
    "rules (evaluate)",
    "parts of lines",
    "determination",
)
now = time.thread_time_ns


class Timing(NamedTuple):
    """Microseconds."""

    median: float
    p99: float
    mean: float
    runs: int


def cost_of_the_clock() -> int:
    pairs = [(now(), now()) for _ in range(5000)]
    return int(statistics.median(end - start for start, end in pairs))


CLOCK = cost_of_the_clock()


def timing(nanoseconds: Iterable[int]) -> Timing:
    ordered = sorted(max(0, taken - CLOCK) for taken in nanoseconds)
    return Timing(
        statistics.median(ordered) / 1e3,
        ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] / 1e3,
        statistics.fmean(ordered) / 1e3,
        len(ordered),
    )


def interleaved(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, Timing]:
    """Every call once a round, in turn; a few rounds first that are not counted."""
    for call in [*calls.values()] * 30:
        call()
    taken: dict[str, list[int]] = {name: [] for name in calls}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, call in calls.items():
            start = now()
            call()
            taken[name].append(now() - start)
    gc.unfreeze()
    return {name: timing(values) for name, values in taken.items()}


def seconds(call: Callable[..., Any], runs: int, prepare: Callable[[], Any] | None = None) -> float:
    """The median of some runs of something slow, in processor time, child processes included.

    What `prepare` makes is given to the call; making it is not counted.
    """

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + used.ru_utime + used.ru_stime

    taken = []
    for _ in range(runs):
        given = () if prepare is None else (prepare(),)
        start = spent()
        call(*given)
        taken.append(spent() - start)
    return statistics.median(taken)


COMPILED_FILES = tempfile.TemporaryDirectory()
"""Modules compiled to byte code, as they are where a package is installed."""
DECIDE_ONE = f"""
import json
from payer_policy import Engine
claim = json.load(open({str(EXAMPLE)!r}))
Engine.open({str(POLICIES)!r}).decide(claim)
"""


def process(*arguments: str) -> None:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": COMPILED_FILES.name}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 2:
        raise SystemExit(f"{' '.join(arguments)}: {done.stderr}")


# --- the parts -------------------------------------------------------------------------------------


def starting(runs: int) -> dict[str, float]:
    """Seconds to import, load, compile, and to run the command line as a whole process."""
    process("-c", DECIDE_ONE)
    empty = seconds(lambda: process("-c", "pass"), runs)

    def opened() -> Library:
        return open_library(POLICIES)

    def all_windows(library: Library) -> None:
        for address in library.addresses():
            for first_day, _, _ in library.windows(address):
                compiled(library, address, first_day)

    library = opened()
    windows = sum(len(library.windows(address)) for address in library.addresses())
    first_day = library.windows(POLICY)[-1][0]
    one = seconds(lambda fresh: compiled(fresh, POLICY, first_day), runs, opened)
    return {
        "a Python process that does nothing": empty,
        "import payer_policy.engine (beyond that)": seconds(
            lambda: process("-c", "import payer_policy.engine"), runs
        )
        - empty,
        "load and check the whole policy folder": seconds(opened, runs),
        "resolve and compile one ruleset": one,
        f"resolve and compile all windows of all policies ({windows})": seconds(
            all_windows, 3, opened
        ),
        "import pydantic and numpy, whole process": seconds(
            lambda: process("-c", "import pydantic, numpy"), runs
        ),
        "open the folder and decide one claim, whole process": seconds(
            lambda: process("-c", DECIDE_ONE), runs
        ),
        "payer-policy --help, whole process": seconds(
            lambda: process("-m", "payer_policy", "--help"), runs
        ),
        "payer-policy decide one claim (compiled), whole process": seconds(
            lambda: process(
                "-m", "payer_policy", "decide", str(EXAMPLE), "--policies", str(POLICIES),
                "--engine", "compiled",
            ),
            runs,
        ),
    }  # fmt: skip


class Prepared(NamedTuple):
    derivation: Derivation
    evaluate: Any
    determiner: Determiner


def compiled(library: Library, address: str, first_day: Any, engine: str = "compiled") -> Prepared:
    ruleset = library.ruleset(address, first_day)
    assert ruleset is not None
    return Prepared(
        Derivation.over(library.basis, ruleset.facts, first_day),
        engine_named(engine).compile(ruleset),
        Determiner(ruleset),
    )


class Walk:
    """One claim of the policy, decided stage by stage as `Engine.decide` does it."""

    def __init__(self, library: Library, request: Request) -> None:
        self.library, self.request = library, request
        self.prepared = compiled(library, POLICY, library.windows(POLICY)[-1][0])
        self.taken: dict[str, list[int]] = {stage: [] for stage in STAGES}
        self.facts: dict[str, Any] = {}
        self.lines: list[ServiceLine] = []

    def __call__(self) -> None:
        request, reference = self.request, self.library.reference
        derivation, evaluate, determiner = self.prepared
        marks = [now()]
        given, _ = parse_facts(self.library.vocabulary, request.facts)
        views = view_lines(request, reference)
        service = next(service for service in services_of(views) if service.code == CODE)
        context = Context(
            request,
            "medicare",
            service,
            views,
            authorization_facts(request, "medicare", service),
            read_lists(self.library.vocabulary, request),
        )
        marks.append(now())
        facts, _ = derivation.facts(context, given)
        marks.append(now())
        evaluation = evaluate(facts)
        marks.append(now())
        lines = [
            ServiceLine(line.number, line.units, derivation.parts_of(line, facts))
            for line in service.lines
        ]
        marks.append(now())
        determiner.determine(
            evaluation, facts, lines,
            About(request.id, request.kind, service.code, service.day, "compiled"),
        )  # fmt: skip
        marks.append(now())
        for stage, start, end in zip(STAGES, marks, marks[1:], strict=False):
            self.taken[stage].append(end - start)
        self.facts, self.lines = facts, lines

    def forget(self) -> None:
        for values in self.taken.values():
            values.clear()


def stages(library: Library, raw: dict[str, Any], rounds: int) -> dict[str, Timing]:
    """One claim, by stage and as a whole, beside the same by hand."""
    request = request_from_mapping(raw)
    engine, by_hand, walk = Engine(library), Baclofen(library), Walk(library, request)
    walk()
    facts = walk.facts
    lines = [ClaimLine(line.number, line.units, "discarded" in line.parts) for line in walk.lines]
    for _ in range(30):
        walk()
    walk.forget()
    outcome = engine.decide(request)

    def decide_and_print() -> None:
        json.dumps(engine.decide(request).to_json())

    whole = interleaved(
        {
            "decide": partial(engine.decide, request),
            "decide, from a mapping": partial(engine.decide, raw),
            "by stages": walk,
            "by hand, from the facts": partial(by_hand.decide, facts, lines),
            "by hand, from the request": partial(by_hand.decide_request, request),
            "request from a mapping": partial(request_from_mapping, raw),
            "outcome to JSON text": lambda: json.dumps(outcome.to_json()),
            "decide, and the outcome to JSON text": decide_and_print,
        },
        rounds,
    )
    del whole["by stages"]
    return {**{stage: timing(taken) for stage, taken in walk.taken.items()}, **whole}


def engines(library: Library, raw: dict[str, Any], rounds: int) -> dict[str, Timing]:
    """The whole decision on each engine; each round has all of them."""
    request = request_from_mapping(raw)
    named = [name for name in ENGINES if name == "compiled" or durable_available()]
    return interleaved(
        {name: partial(Engine(library, name).decide, request) for name in named}, rounds
    )


def throughput(library: Library, claims: dict[str, dict[str, Any]], rounds: int) -> dict[str, Any]:
    """Each claim of the mix on its own, and how many determinations a second they come to."""
    engine = Engine(library)
    requests = {name: request_from_mapping(raw) for name, raw in claims.items()}
    decisions = {name: engine.decide(request).decision for name, request in requests.items()}
    timings = interleaved(
        {name: partial(engine.decide, request) for name, request in requests.items()}, rounds
    )

    def to_text(text: str) -> str:
        return json.dumps(engine.decide(json.loads(text)).to_json())

    def to_bytes(text: str) -> bytes:
        return json_bytes(engine.decide(json.loads(text)).to_json())

    texts = [json.dumps(raw) for raw in claims.values()]
    clean = requests["SYN-B-REFILL"]
    return {
        "decisions": decisions,
        "timings": timings,
        "the bare refill, from a request": a_second([clean] * len(requests), engine.decide, rounds),
        "the mix, from requests": a_second(list(requests.values()), engine.decide, rounds),
        "the mix, from JSON text to JSON text": a_second(texts, to_text, rounds),
        "the same, written as the service writes it": a_second(texts, to_bytes, rounds),
        **of_generated_claims(engine, to_text, 4 * rounds),
    }


def of_generated_claims(
    engine: Engine, to_text: Callable[[str], str], count: int
) -> dict[str, int]:
    """How many generated claims a second are decided. No two are alike; each is decided once.

    All that is compiled on the way was compiled before, by a round that is not counted.
    """
    varied = list(generated_claims(0, count))
    requests = [request_from_mapping(raw) for raw in varied]
    texts = [json.dumps(raw) for raw in varied]
    for text in texts:
        to_text(text)
    gc.collect()
    gc.freeze()
    measured = {
        "generated claims, from requests": a_second(requests, engine.decide),
        "generated claims, from JSON text to JSON text": a_second(texts, to_text),
    }
    gc.unfreeze()
    return measured


def a_second(given: list[Any], call: Callable[[Any], Any], times: int = 1) -> int:
    start = time.process_time()
    for _ in range(times):
        for one in given:
            call(one)
    return round(times * len(given) / (time.process_time() - start))


# --- the report ------------------------------------------------------------------------------------


def ratios(one: dict[str, Timing], by_engine: dict[str, Timing]) -> dict[str, float]:
    by_hand = one["by hand, from the facts"], one["by hand, from the request"]
    deciding = one["rules (evaluate)"].median + one["determination"].median
    compared = {
        "rules and determination ÷ by hand, from the same facts": deciding / by_hand[0].median,
        "whole decide ÷ by hand, from the same request": one["decide"].median / by_hand[1].median,
        "whole decide, reading a mapping ÷ by hand, from the request": (
            one["decide, from a mapping"].median / by_hand[1].median
        ),
    }
    for name, taken in by_engine.items():
        if name != "compiled":
            compared[f"decide on {name} ÷ on compiled"] = (
                taken.median / by_engine["compiled"].median
            )
    return {name: round(value, 1) for name, value in compared.items()}


def row(name: str, taken: Timing) -> str:
    return f"| {name} | {taken.median:.1f} | {taken.p99:.1f} | {taken.mean:.1f} |"


def markdown(results: dict[str, Any]) -> str:
    times = ["", "| | median µs | p99 µs | mean µs |", "|---|---:|---:|---:|"]
    out = [f"{results['machine']}", ""]
    for title, name in (("a bare refill", "refill"), ("a refill with its record", "record")):
        out += [f"| {title}: ratio of medians | |", "|---|---:|"]
        out += [f"| {what} | {value} × |" for what, value in results[name]["ratios"].items()]
        out += times
        out += [row(what, taken) for what, taken in results[name]["stages"].items()]
        out += [row(f"decide on {engine}", t) for engine, t in results[name]["engines"].items()]
        out.append("")
    mix = results["mix"]
    out += ["| the mix | decision | median µs | p99 µs |", "|---|---|---:|---:|"]
    for name, taken in mix["timings"].items():
        decision = mix["decisions"][name]
        out.append(f"| {name} | {decision} | {taken.median:.1f} | {taken.p99:.1f} |")
    out += ["", "| determinations on one core | a second |", "|---|---:|"]
    out += [f"| {name} | {value:,} |" for name, value in mix.items() if isinstance(value, int)]
    out += ["", "| starting | ms of processor time |", "|---|---:|"]
    out += [f"| {name} | {value * 1e3:.0f} |" for name, value in results["starting"].items()]
    return "\n".join(out)


def plain(value: Any) -> Any:
    if isinstance(value, Timing):
        return {name: round(number, 2) for name, number in value._asdict().items()}
    return (
        {name: plain(inner) for name, inner in value.items()} if isinstance(value, dict) else value
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="the numbers for a program")
    parser.add_argument("--quick", action="store_true", help="a tenth of the rounds")
    options = parser.parse_args()
    rounds = 200 if options.quick else 2000
    library = open_library(POLICIES)
    claims = {
        raw["id"]: raw
        for raw in map(json.loads, (ROOT / "benchmarks/claims.jsonl").read_text().splitlines())
    }
    results: dict[str, Any] = {
        "machine": f"Python {platform.python_version()}, {platform.machine()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when begun"
    }
    for name, claim in (("refill", "SYN-B-REFILL"), ("record", "SYN-B-REFILL-RECORD")):
        by_stage = stages(library, claims[claim], rounds)
        by_engine = engines(library, claims[claim], rounds // 10)
        results[name] = {
            "ratios": ratios(by_stage, by_engine), "stages": by_stage, "engines": by_engine,
        }  # fmt: skip
    results["mix"] = throughput(library, claims, rounds // 4)
    results["starting"] = starting(3 if options.quick else 10)
    print(json.dumps(plain(results), indent=2) if options.json else markdown(results))


if __name__ == "__main__":
    main()
