"""Beside what users would pick instead: one command installs, runs, checks and shows every contender.

    python benchmarks/peers/run.py              # everything; writes results.json, the README and the plot
    python benchmarks/peers/run.py --quick      # fewer claims and rounds, nothing written
    python benchmarks/peers/run.py --only zen   # one contender (may be given again), nothing written
    python benchmarks/peers/run.py --only zen --update   # its rows replaced in what is written
    python benchmarks/peers/run.py --workload lines --update   # one of the two workloads: facts, lines
    python benchmarks/peers/run.py --json       # the numbers for a program

Each contender has a virtual environment of its own in `.envs` and runs in a process of its own. One
that cannot be installed, fails, or answers otherwise than the reference stays in the table with why.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from contenders import About, contenders
from line_workload import line_claims, make_line_policy
from report import HERE, RESULTS, ROOT, markdown, write
from workload import claims, make_policy

from reference import answer, line_answers

SIZES = (20, 200, 2000)
WORKLOADS = {
    "facts": ("single", "growth", "unguarded", "batch", "many"),
    "lines": ("lines", "lines_batch"),
}
"""The tables of each workload."""
TABLES = (*WORKLOADS["facts"], *WORKLOADS["lines"], "about")
WORST_PART = 4
"""The worst case is measured with this part of the claims."""
ENOUGH = 60
"""Seconds after which a batch is not run once more."""
PATIENCE = 600
"""Seconds that one measurement may take."""
Json = dict[str, Any]


class Failed(Exception):
    """Why a contender has no numbers, in a few words."""


@dataclass(frozen=True)
class Settings:
    cache: Path
    product: Path
    claims: int
    rounds: int
    rows: int
    line_rows: int
    quick: bool

    def rows_of(self, workload: str) -> int:
        """Claims of the Parquet file."""
        return self.line_rows if workload == "lines" else self.rows

    @property
    def work(self) -> Path:
        return self.cache / "work"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="fewer claims and rounds")
    parser.add_argument("--only", action="append", metavar="NAME", help="one contender")
    parser.add_argument(
        "--update", action="store_true", help="write these, and keep the others' rows"
    )
    parser.add_argument("--workload", choices=WORKLOADS, help="one of the workloads")
    parser.add_argument("--json", action="store_true", help="the numbers for a program")
    parser.add_argument("--claims", type=int, help="claims of a round [default: 2000]")
    parser.add_argument("--rows", type=int, help="claims of the Parquet file [default: 1000000]")
    parser.add_argument("--line-rows", type=int, help="of those with lines [default: 200000]")
    parser.add_argument("--cache", type=Path, default=HERE / ".envs", help="where to install")
    parser.add_argument("--product", type=Path, default=ROOT, help="the payer-policy to measure")
    asked = parser.parse_args()
    rows = contenders()
    if unknown := set(asked.only or ()) - set(rows):
        parser.error(f"no contender {min(unknown)}; there are {', '.join(rows)}")
    settings = Settings(
        asked.cache.resolve(),
        asked.product.resolve(),
        asked.claims or (500 if asked.quick else 2000),
        3 if asked.quick else 7,
        asked.rows or (100_000 if asked.quick else 1_000_000),
        asked.line_rows or (20_000 if asked.quick else 200_000),
        asked.quick,
    )
    settings.work.mkdir(parents=True, exist_ok=True)
    chosen = {name: one for name, one in rows.items() if not asked.only or name in asked.only}
    workloads = (asked.workload,) if asked.workload else tuple(WORKLOADS)
    results = measure(chosen, workloads, settings)
    if asked.json:
        print(json.dumps(results, indent=1))
    else:
        print(markdown(results))
    if asked.update or not (asked.quick or asked.only or asked.workload):
        if asked.update and RESULTS.exists():
            kept = json.loads(RESULTS.read_text(encoding="utf-8"))
            results = updated(kept, results, asked.only or [])
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        write(results)
    return 0


def updated(kept: Json, results: Json, only: list[str]) -> Json:
    """Earlier results with these rows in them, which say their own day where it is only some."""
    runs = dict(kept["runs"])
    for workload, run in results["runs"].items():
        names = [
            name for name in only if any(name in results[table] for table in WORKLOADS[workload])
        ]
        if names and workload in runs:
            again = runs[workload].get("again", {}) | dict.fromkeys(names, run["date"])
            runs[workload] = runs[workload] | {"again": again}
        elif names or not only:
            runs[workload] = run
    return {"runs": runs} | {table: kept.get(table, {}) | results[table] for table in TABLES}


def this_run(workload: str, settings: Settings) -> Json:
    return {
        "date": date.today().isoformat(),
        "machine": f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores",
        "load": round(os.getloadavg()[0], 2),
        "claims": settings.claims,
        "rounds": settings.rounds,
        "rows": settings.rows_of(workload),
    }


def measure(chosen: dict[str, About], workloads: tuple[str, ...], settings: Settings) -> Json:
    results: Json = {"runs": {}} | {table: {} for table in TABLES}
    if "facts" not in workloads:
        chosen = {name: about for name, about in chosen.items() if about.lines}
    results["runs"] = {workload: this_run(workload, settings) for workload in workloads}
    for name, about in chosen.items():
        said = {
            key: getattr(about, key) for key in ("title", "unknown", "reasons", "proof", "dates")
        }
        results["about"][name] = said | {"note": about.note, "needs": list(about.needs)}
        if about.lines:
            results["about"][name]["lines"] = about.lines.note
        try:
            python = environment(about.needs, settings)
            tell(f"{name}: installed")
        except Failed as failed:
            for table, measured in _tables(about, workloads):
                if measured:
                    results[table][name] = {"failed": f"not installed: {failed}"}
            tell(f"{name}: not installed: {failed}")
            continue
        if "facts" in workloads:
            measure_facts(name, about, python, results, settings)
        if "lines" in workloads and about.lines:
            if about.lines.build:
                results["lines"][name] = single(python, name, 40, settings, workload="lines")
                tell(f"{name}, lines: {results['lines'][name]}")
            if about.lines.batch:
                made = batch(python, name, settings, "lines", about.lines.rows)
                results["lines_batch"][name] = made
                tell(f"{name}, lines: {made}")
    return results


def _tables(about: About, workloads: tuple[str, ...]) -> list[tuple[str, Any]]:
    """The tables that a contender that was not installed stays in."""
    facts = [("single", about.build), ("batch", about.batch)] if "facts" in workloads else []
    lines = about.lines if "lines" in workloads else None
    return facts + ([("lines", lines.build), ("lines_batch", lines.batch)] if lines else [])


def measure_facts(name: str, about: About, python: Path, results: Json, settings: Settings) -> None:
    if about.build:
        results["single"][name] = single(python, name, 20, settings)
        tell(f"{name}: {results['single'][name]}")
        growth = results["growth"][name] = {}
        for size in about.growth[1:]:
            growth[str(size)] = single(python, name, size, settings)
            tell(f"{name}, {size} rules: {growth[str(size)]}")
        if about.unguarded:
            loose = results["unguarded"][name] = {}
            for size in (20, 200) if settings.quick else SIZES:
                loose[str(size)] = single(python, name, size, settings, unguarded=True)
                tell(f"{name}, {size} rules about every claim: {loose[str(size)]}")
    if about.batch:
        results["batch"][name] = batch(python, name, settings, "facts")
        tell(f"{name}: {results['batch'][name]}")
    if name == "payer-policy":
        for count in (1, 100) if settings.quick else (1, 100, 1000):
            extra = ["--policies", str(count), "--claims", str(settings.claims)]
            results["many"][str(count)] = worker(python, ["many", name, *extra], settings)
            tell(f"{count} policies: {results['many'][str(count)]}")


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- environments -----------------------------------------------------------------------------------


def environment(needs: tuple[str, ...], settings: Settings) -> Path:
    """The Python of a virtual environment with those packages; made when first asked for."""
    if not needs:
        return Path(sys.executable)
    wanted, stamp = list(needs), " ".join(needs)
    if needs[0].startswith("."):
        source = copy_of_product(settings)
        wanted = [f"{source}{needs[0][1:]}", *needs[1:]]
        stamp += " " + source.name
    folder = settings.cache / hashlib.sha256(" ".join(needs).encode()).hexdigest()[:12]
    python, mark = folder / "bin/python", folder / "installed"
    if mark.exists() and mark.read_text(encoding="utf-8") == stamp:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", str(folder)])
    run([str(python), "-m", "pip", "install", "--quiet", *wanted])
    mark.write_text(stamp, encoding="utf-8")
    return python


def copy_of_product(settings: Settings) -> Path:
    """The product's files, so that installing it leaves nothing behind in its checkout."""
    pyproject = tomllib.loads((settings.product / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = pyproject["tool"].get("hatch", {}).get("build", {}).get("targets", {}).get("wheel", {})
    named = ["src", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "setup.py"]
    places = [settings.product / name for name in (*named, *wheel.get("force-include", ()))]
    files = [path for place in places for path in (place, *sorted(place.rglob("*")))]
    files = [
        path
        for path in files
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path)
    ]
    hashed = hashlib.sha256()
    for path in files:
        hashed.update(str(path.relative_to(settings.product)).encode() + path.read_bytes())
    copied = settings.work / f"payer-policy-{hashed.hexdigest()[:12]}"
    for path in files:
        place = copied / path.relative_to(settings.product)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return copied


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Failed(lines[-1] if lines else f"exit status {done.returncode}")


# --- measurements -----------------------------------------------------------------------------------


def single(
    python: Path,
    name: str,
    rules: int,
    settings: Settings,
    *,
    unguarded: bool = False,
    workload: str = "facts",
) -> Json:
    count = settings.claims if rules <= 40 else min(settings.claims, 400)
    right = answers(workload, rules, settings, unguarded=unguarded)
    extra = ["--rules", str(rules), "--claims", str(count), "--rounds", str(settings.rounds)]
    extra += ["--workload", workload, "--expected", str(right)]
    extra += ["--unguarded"] if unguarded else []
    return worker(python, ["single", name, *extra], settings)


@cache
def answers(
    workload: str,
    rules: int,
    settings: Settings,
    *,
    unguarded: bool = False,
    worst: bool = False,
) -> Path:
    """The file of right answers, by the reference: a thousand, fewer for large policies."""
    count = min(settings.claims, 1000 if rules <= 40 else 200 if rules == 200 else 60)
    kind = f"{'-unguarded' if unguarded else ''}{'-worst' if worst else ''}"
    path = settings.work / f"answers-{workload}-{rules}-{count}{kind}.json"
    right: list[Any]
    if workload == "lines":
        policy = make_line_policy()
        requests = line_claims(policy, count, worst=worst)
        right = [line_answers(policy, request) for request in requests]
    else:
        policy = make_policy(rules, guarded=not unguarded)
        right = [answer(policy, request)[:2] for request in claims(policy, count, worst=worst)]
    path.write_text(json.dumps(right), encoding="utf-8")
    return path


def worker(python: Path, arguments: list[str], settings: Settings) -> Json:
    command = [str(python), str(HERE / "worker.py"), *arguments]
    command += ["--folder", str(settings.work / arguments[1])]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE, env=clean
        )
    except subprocess.TimeoutExpired:
        return {"failed": f"took longer than {PATIENCE // 60} minutes"}
    if done.returncode < 0:
        return {"failed": f"crashed (signal {-done.returncode})"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        return {"failed": lines[-1][:200]}
    made: Json = json.loads(done.stdout.strip().splitlines()[-1])
    if "left_out" in made:
        return {"failed": made["left_out"]}
    if made.get("wrong"):
        made["failed"] = f"answers {made['wrong']} claims otherwise than the reference"
    return made


def batch(
    python: Path, name: str, settings: Settings, workload: str, most: int | None = None
) -> Json:
    """Whole processes, and beside them the worst case."""
    rows = settings.rows_of(workload)
    count = min(rows, most or rows)
    made = processes(python, name, settings, workload, count, worst=False)
    if "failed" not in made:
        fewer = count // WORST_PART
        made["worst"] = processes(python, name, settings, workload, fewer, worst=True)
    return made


def processes(
    python: Path, name: str, settings: Settings, workload: str, count: int, *, worst: bool
) -> Json:
    """Whole processes: the wall clock, and the peak of memory that the system saw."""
    table = parquet(settings, workload, count, worst)
    out = settings.work / f"out-{name}"
    which = ["--workload", workload, "--out", str(out)]
    command = [str(python), str(HERE / "worker.py"), "batch", name, "--input", str(table)]
    command += [*which, "--folder", str(settings.work / name)]
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    seconds: list[float] = []
    processor, peaks = [], []
    for _ in range(2 if settings.quick else 4):
        if len(seconds) > 1 and sum(seconds) > ENOUGH:
            break
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean
        )
        assert process.stdout is not None and process.stderr is not None
        told, complaint = process.stdout.read(), process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            return {"failed": (complaint.strip().splitlines() or ["no reason given"])[-1][:200]}
        if "left_out" in (made := json.loads(told)):
            return {"failed": made["left_out"]}
        seconds.append(time.perf_counter() - started)
        processor.append(used.ru_utime + used.ru_stime)
        peaks.append(used.ru_maxrss / 1024)
    # The first run warms the file cache and is not counted.
    middle = [statistics.median(values[1:]) for values in (seconds, processor, peaks)]
    made = {"seconds": round(middle[0], 3), "cpu": round(middle[1], 3), "peak_mb": round(middle[2])}
    made |= {"claims": count, "runs": len(seconds) - 1}
    rules = 40 if workload == "lines" else 20
    right = answers(workload, rules, settings, worst=worst)
    extra = [*which, "--expected", str(right), "--claims", str(count)]
    return made | worker(python, ["read", name, *extra], settings)


def parquet(settings: Settings, workload: str, count: int, worst: bool) -> Path:
    written_by = [HERE / "workload.py", HERE / "line_workload.py"]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in written_by)).hexdigest()[:8]
    path = settings.work / f"{workload}-{count}{'-worst' if worst else ''}-{version}.parquet"
    if not path.exists():
        tell(f"writing {count} claims: {path.stem}")
        python = environment(("polars==2.1.0", "pyarrow"), settings)
        part = path.with_suffix(".part.parquet")
        script = HERE / ("line_workload.py" if workload == "lines" else "workload.py")
        order = ["claims", "--claims", str(count), "--out", str(part)]
        run([str(python), str(script), *order, *(["--worst"] if worst else [])])
        part.rename(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
