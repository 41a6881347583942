"""All contenders on the same policy and the same claims, held to the same answers, in one table.

    python benchmarks/peers/run.py             # installs each in an environment of its own, ~10 minutes
    python benchmarks/peers/run.py --quick     # fewer claims and rounds
    python benchmarks/peers/run.py --only zen  # one contender

Writes `results.json` beside this file, the table into `README.md`, and the plot `docs/peers.svg`.
"""

from __future__ import annotations

import argparse
import html
import importlib
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
ENVIRONMENTS: Final = HERE / ".envs"
NAMES: Final = {
    "handwritten": "Python, written by hand",
    "handwritten_account": "Python by hand, with an account of every rule",
    "payer_policy_facts": "payer-policy `compiled`, from exact facts",
    "payer_policy_request": "payer-policy `compiled`, from a JSON request",
    "durable": "durable-rules alone",
    "zen": "zen-engine",
    "clips": "CLIPS (clipspy)",
    "rule_engine_": "rule-engine",
    "json_logic": "JsonLogic (panzi-json-logic)",
    "cel": "CEL (common-expression-language)",
}
GROWTH: Final = ("handwritten", "payer_policy_facts")
BATCHES: Final = {
    "polars": "Polars, written by hand (one text of rule ids)",
    "duckdb": "DuckDB SQL, written by hand (a list of rule ids)",
    "payer_policy": "`payer-policy batch` (19 columns, journal, summary)",
}
Result = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer claims and rounds")
    parser.add_argument("--only", choices=[*NAMES, *BATCHES], help="one contender")
    parser.add_argument("--claims", type=int, default=1_000_000, help="of the Parquet run")
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    asked = parser.parse_args()
    claims, rounds = (1000, 3) if asked.quick else (4000, 7)
    chosen = [name for name in NAMES if asked.only in (None, name)]
    results: Result = {
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "single": {name: _measured(name, 20, claims, rounds) for name in chosen},
    }
    if asked.only is None:
        results["growth"] = {
            f"{name} {form}": {
                str(rules): _measured(name, rules, claims, rounds, unguarded=form == "unguarded")
                for rules in ((20, 200, 2000) if form == "guarded" else (20, 200))
            }
            for name in GROWTH
            for form in ("guarded", "unguarded")
        }
    batches = [name for name in BATCHES if asked.only in (None, name)]
    if batches:
        count = asked.claims // 10 if asked.quick else asked.claims
        results["claims"] = count
        results["batch"] = _batches(batches, count)
    if asked.json:
        print(json.dumps(results, indent=1))
    if asked.only is None and not asked.quick:
        (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        (ROOT / "docs" / "peers.svg").write_text(plot(results), encoding="utf-8")
        _into_readme(HERE / "README.md", table(results))
    print(table(results))


# --- running -----------------------------------------------------------------------------------------


def _measured(
    name: str, rules: int, claims: int, rounds: int, *, unguarded: bool = False
) -> Result:
    module = importlib.import_module(f"contenders.{name}") if name in _PLAIN else None
    requirements = module.REQUIREMENTS if module else _requirements(name)
    print(f"{name}, {rules} rules …", file=sys.stderr)
    command = [
        "measure.py", name, "--rules", str(rules), "--claims", str(claims),
        "--rounds", str(rounds), *(["--unguarded"] if unguarded else []),
    ]  # fmt: skip
    return _run(requirements, command)


_PLAIN: Final = ("handwritten", "handwritten_account")


def _requirements(name: str) -> list[str]:
    """Read from the file: importing it would need what it requires."""
    for line in (HERE / "contenders" / f"{name}.py").read_text("utf-8").splitlines():
        if line.startswith("REQUIREMENTS"):
            found: list[str] = json.loads(line.partition("= ")[2])
            return found
    raise ValueError(name)


def _batches(names: list[str], count: int) -> Result:
    from batch_contenders import REQUIREMENTS

    out: Result = {}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        ours = REQUIREMENTS["payer_policy"]
        _run(ours, ["workload.py", str(folder), "--claims", str(count)], parse=False)
        for name in names:
            print(f"{name}, {count:,} claims …", file=sys.stderr)
            command = [
                "batch_contenders.py", name, str(folder / "claims.parquet"),
                str(folder / f"out-{name}"), "--policies", str(folder / "policies"),
            ]  # fmt: skip
            runs = [_run(REQUIREMENTS[name], command) for _ in range(3)]
            wrong = [run for run in runs if "error" in run]
            out[name] = wrong[0] if wrong else min(runs, key=lambda run: float(run["seconds"]))
        if set(names) == set(BATCHES):
            same = _run(ours, ["same_answers.py", str(folder)])
            for name, told in same.items():
                if name in out:
                    out[name]["same"] = told
    return out


def _run(requirements: list[str], command: list[str], *, parse: bool = True) -> Result:
    """A script in the environment with those requirements; what it prints, or why it did not."""
    try:
        python = _environment(requirements)
        done = subprocess.run(
            [python, *command], cwd=HERE, capture_output=True, text=True, timeout=1200, check=True
        )
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines() or ["failed"]
        return {"error": lines[-1][:160]}
    except subprocess.TimeoutExpired:
        return {"error": "took more than 20 minutes"}
    return dict(json.loads(done.stdout)) if parse else {}


def _environment(requirements: list[str]) -> str:
    """The Python of an environment with these packages; installed when it is first asked for."""
    if not requirements:
        return sys.executable
    name = "".join(char if char.isalnum() else "-" for char in " ".join(requirements))
    folder = ENVIRONMENTS / name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed"
    if not done.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        local = [
            f"{ROOT}{one.removeprefix('payer-policy')}" if one.startswith("payer-policy") else one
            for one in requirements
        ]
        install = [python, "-m", "pip", "install", "--quiet"]
        for one in local:
            editable = ["-e"] if one.startswith(str(ROOT)) else []
            subprocess.run([*install, *editable, one], check=True, capture_output=True, text=True)
        done.touch()
    return str(python)


# --- showing -----------------------------------------------------------------------------------------


def table(results: Result) -> str:
    """The results as Markdown."""
    base = results["single"].get("handwritten", {}).get("mean_us")
    lines = [
        f"Python {results['python']}, {results['machine']}. 20 rules, 30 facts of which about 8% are "
        "not known; from a mapping to the decision and its reasons.",
        "",
        "| one claim | mean µs | p50 | p99 | a second | ÷ by hand | to the first decision, ms |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, found in results["single"].items():
        if "error" in found:
            lines.append(f"| {NAMES[name]} | not measured: {found['error']} | | | | | |")
            continue
        wrong = f" (**{found['wrong']} wrong answers**)" if found["wrong"] else ""
        mean = found["mean_us"]
        ratio = f"{mean / base:.1f}" if base else ""
        lines.append(
            f"| {NAMES[name]}{wrong} | {mean:.1f} | {found['p50_us']:.1f} | {found['p99_us']:.1f} | "
            f"{1e6 / mean:,.0f} | {ratio} | {found['first_ms']:.1f} |"
        )
    if "growth" in results:
        lines += [
            "",
            "| growth: mean µs a claim (ms to the first decision) | 20 rules | 200 | 2,000 |",
            "|---|---:|---:|---:|",
        ]
        for name, found in results["growth"].items():
            contender, _, form = name.partition(" ")
            cells = [
                f"{one['mean_us']:.1f} ({one['first_ms']:.0f})" if "error" not in one else "—"
                for one in found.values()
            ]
            cells += ["—"] * (3 - len(cells))
            about = "a claim is about one block" if form == "guarded" else "every rule, every claim"
            lines.append(f"| {NAMES[contender]}; {about} | {' | '.join(cells)} |")
    if "batch" in results:
        lines += [
            "",
            f"| {results['claims']:,} claims, Parquet to Parquet | seconds | CPU s | peak MB | "
            "same answers |",
            "|---|---:|---:|---:|---|",
        ]
        for name, found in results["batch"].items():
            if "error" in found:
                lines.append(f"| {BATCHES[name]} | not measured: {found['error']} | | | |")
            else:
                lines.append(
                    f"| {BATCHES[name]} | {found['seconds']:.2f} | {found['cpu']:.2f} | "
                    f"{found['peak_mb']} | {found.get('same', '—')} |"
                )
    return "\n".join(lines) + "\n"


def plot(results: Result) -> str:
    """Microseconds a claim as bars on a logarithmic scale."""
    rows = sorted(
        (found["mean_us"], NAMES[name].replace("`", ""), name.startswith("payer_policy"))
        for name, found in results["single"].items()
        if "error" not in found
    )
    left, width, row, top = 330, 420, 28, 44
    most = math.ceil(math.log10(max(mean for mean, _, _ in rows)))
    scale = width / most
    height = top + row * len(rows) + 36
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 80} {height}" '
        'font-family="system-ui, sans-serif" font-size="13" role="img" '
        'aria-label="Microseconds a claim, by contender">',
        f'<rect width="{left + width + 80}" height="{height}" fill="#ffffff"/>',
        '<text x="12" y="24" font-size="15" font-weight="600" fill="#1b1f24">'
        "Microseconds a claim (logarithmic; 20 rules, 30 facts, some not known)</text>",
    ]
    for power in range(most + 1):
        x = left + power * scale
        parts.append(
            f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{top - 6}" y2="{height - 26}" stroke="#d0d7de"/>'
            f'<text x="{x:.0f}" y="{height - 10}" text-anchor="middle" fill="#57606a">'
            f"{10**power:,}</text>"
        )
    for at, (mean, name, ours) in enumerate(rows):
        y = top + at * row
        length = max(2.0, math.log10(max(mean, 1.0)) * scale)
        colour = "#0550ae" if ours else "#8c959f"
        parts.append(
            f'<text x="{left - 10}" y="{y + 15}" text-anchor="end" fill="#1b1f24">'
            f"{html.escape(name)}</text>"
            f'<rect x="{left}" y="{y + 2}" width="{length:.1f}" height="18" fill="{colour}"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 15}" fill="#1b1f24">{mean:.1f}</text>'
        )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _into_readme(path: Path, made: str) -> None:
    text = path.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- table -->\n")
    _, _, tail = rest.partition("<!-- /table -->\n")
    path.write_text(f"{head}<!-- table -->\n{made}<!-- /table -->\n{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
