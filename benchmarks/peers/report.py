"""Results as Markdown tables and as a plot: nothing is measured here.

python benchmarks/peers/report.py   # results.json into both READMEs and the plot

"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS = HERE / "results.json"
Json = dict[str, Any]
BEGIN, END = "<!-- table -->", "<!-- /table -->"
WORST = {
    "facts": "numbers and days hardly ever repeat, and four times as many facts are unknown",
    "lines": "20 lines a claim, numbers hardly ever repeat, and four times as much is unknown",
}
"""What the worst case of each workload is."""
GROWING = ("handwritten", "payer-policy-facts", "payer-policy", "cedar", "regorus", "zen")
"""The contenders whose growth the project's README shows."""


def markdown(results: Json) -> str:
    """Every table, with the contenders that have no numbers and why."""
    lines = _one_claim(results, "facts", "single")
    lines += _growth(results)
    lines += _batch(results, "facts", "batch")
    lines += _many(results["many"])
    lines += _one_claim(results, "lines", "lines")
    lines += _batch(results, "lines", "lines_batch")
    lines += _says(results)
    return "\n".join(lines).rstrip()


def excerpt(results: Json) -> str:
    """What the project's README shows of it."""
    lines = _one_claim(results, "facts", "single")
    lines += _growth(results, GROWING)
    lines += _batch(results, "facts", "batch")
    lines += _one_claim(results, "lines", "lines")
    lines += _batch(results, "lines", "lines_batch")
    return "\n".join(lines).rstrip()


def _measured(run: Json) -> str:
    """When and where it was measured."""
    load = f", load {run['load']:.1f} at the start" if run.get("load") is not None else ""
    again = "".join(f" `{name}` again on {day}." for name, day in run.get("again", {}).items())
    return f"Measured on {run['date']}: {run['machine']}{load}.{again}"


def _sorted(rows: Json, by: str) -> list[tuple[str, Json]]:
    return sorted(rows.items(), key=lambda row: ("failed" in row[1], row[1].get(by, math.inf)))


def _by_claim(rows: Json) -> list[tuple[str, Json]]:
    """Batches by their time for a claim: not all decide as many."""
    return sorted(rows.items(), key=lambda row: ("failed" in row[1], _each_us(row[1])))


def _each_us(row: Json) -> float:
    """Microseconds a claim; earlier results do not say how many claims there were."""
    return float(row.get("seconds", math.inf) / row.get("claims", 1_000_000) * 1e6)


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    aligned = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(row) + " |" for row in (head, aligned, *rows)] + [""]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _one_claim(results: Json, workload: str, table: str) -> list[str]:
    rows, run = results.get(table), results["runs"].get(workload)
    if not rows or not run:
        return []
    shown = []
    for name, row in _sorted(rows, "ratio"):
        title = results["about"][name]["title"]
        if "failed" in row:
            shown.append([title, "—", "—", "—", "—", "—", row["failed"]])
            continue
        numbers = [_number(row[key]) for key in ("ratio", "mean_us", "p50_us", "p99_us")]
        shown.append([title, *numbers, f"{1e6 / row['mean_us']:,.0f}", _number(row["first_ms"])])
    what = {"facts": "one claim, 20 rules", "lines": "one claim with lines, 20 rules a drug"}[
        workload
    ]
    head = [what, "÷ by hand", "mean µs", "p50", "p99", "a second", "first answer, ms"]
    rounds = f"Medians of {run['rounds']} rounds of {run['claims']:,} claims."
    return [f"{_measured(run)} {rounds}", "", *_table(head, shown)]


def _cell(row: Json | None) -> str:
    if row is None:
        return "—"
    if "failed" in row:
        return str(row["failed"])
    return f"{_number(row['mean_us'])} ({_number(row['first_ms'])})"


def _growth(results: Json, some: tuple[str, ...] = ()) -> list[str]:
    rows = []
    for name, row in _sorted(results["single"], "ratio"):
        larger = results["growth"].get(name, {})
        if "failed" not in row and larger and (not some or name in some):
            cells = [_cell(row), _cell(larger.get("200")), _cell(larger.get("2000"))]
            rows.append([results["about"][name]["title"], *cells])
    sizes = ["20 rules", "200", "2000"]
    lines = _table(["growth, a claim is about one block: mean µs (ms to the first)", *sizes], rows)
    if some:
        return lines
    rows = [
        [results["about"][name]["title"], *(_cell(row.get(size)) for size in ("20", "200", "2000"))]
        for name, row in results["unguarded"].items()
    ]
    return lines + _table(["growth, every rule is about every claim: mean µs (ms)", *sizes], rows)


def _batch(results: Json, workload: str, table: str) -> list[str]:
    rows, run = results.get(table), results["runs"].get(workload)
    if not rows or not run:
        return []
    with_worst = any("worst" in row for row in rows.values())
    shown = []
    for name, row in _by_claim(rows):
        title = results["about"][name]["title"]
        if "failed" in row:
            shown.append([title, row["failed"], *["—"] * (5 if with_worst else 3)])
            continue
        if row.get("claims", run["rows"]) != run["rows"]:
            title += f", {row['claims']:,} claims"
        cells = [f"{row['seconds']:.2f}", _number(_each_us(row))]
        cells += [f"{row['cpu']:.2f}", f"{row['peak_mb']:,}"]
        if with_worst:
            cells += _worst(row.get("worst", {"failed": "—"}))
        shown.append([title, *cells])
    what = "claims" if workload == "facts" else "claims with lines"
    head = [f"{run['rows']:,} {what}, Parquet to Parquet"]
    head += ["seconds", "µs a claim", "processor s", "peak MB"]
    if not with_worst:
        return _table(head, shown)
    made = _table([*head, "worst case, µs a claim", "peak MB"], shown)
    return [*made, f"Worst case, a quarter of the claims: {WORST[workload]}.", ""]


def _worst(row: Json) -> list[str]:
    if "failed" in row:
        return [row["failed"], "—"]
    return [_number(_each_us(row)), f"{row['peak_mb']:,}"]


def _many(rows: Json) -> list[str]:
    head = [
        "payer-policy, many policies of 20 rules",
        "mean µs",
        "p99",
        "first, ms",
        "open folder, ms",
    ]
    shown = []
    for count, row in rows.items():
        if "failed" in row:
            shown.append([f"{count}", row["failed"], "—", "—", "—"])
        else:
            keys = ("mean_us", "p99_us", "first_ms", "open_ms")
            shown.append([count, *(_number(row[key]) for key in keys)])
    return _table(head, shown)


def _says(results: Json) -> list[str]:
    about = results["about"]
    order = [name for name, _ in _sorted(results["single"], "ratio")]
    order += [name for name, _ in _by_claim(results["batch"])]
    order += [name for name in about if name not in order]
    rows = ["| what it says | a missing fact | reasons | proof | dates | note |"]
    rows.append("|---|---|---|---|---|---|")
    for name in order:
        one = about[name]
        cells = [one[key] for key in ("title", "unknown", "reasons", "proof", "dates", "note")]
        if one.get("lines"):
            cells[-1] += f" With lines: {one['lines']}"
        rows.append("| " + " | ".join(cells) + " |")
    return [*rows, ""] if order else []


def write(results: Json) -> None:
    """The pages and the plot that show the results."""
    write_between(HERE / "README.md", (BEGIN, END), markdown(results))
    write_between(ROOT / "README.md", (BEGIN, END), excerpt(results))
    plot(ROOT / "docs/peers.svg", results)


def write_between(path: Path, marks: tuple[str, str], text: str) -> None:
    """Puts the text between its marks."""
    path.write_text(between(path.read_text(encoding="utf-8"), marks, text), encoding="utf-8")


def between(page: str, marks: tuple[str, str], text: str) -> str:
    """The page with the text between its marks."""
    before, rest = page.split(marks[0])
    _, after = rest.split(marks[1])
    return f"{before}{marks[0]}\n{text}\n{marks[1]}{after}"


# --- the plot ----------------------------------------------------------------------------------------

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.v{fill:#666}.g{stroke:#ccc}.o{fill:#8a97a6}"
    ".m{fill:#c2571a}@media(prefers-color-scheme:dark){text{fill:#ddd}.v{fill:#aaa}.g{stroke:#444}"
    ".o{fill:#7d8b9b}.m{fill:#ef8a4c}}"
)
LEFT, WIDTH, ROW, TOP, GAP = 310, 820, 24, 52, 26
Bar = tuple[str, float, float | None, bool]
"""A contender, its value, its worst case, and whether it is payer-policy."""


def plot(path: Path, results: Json) -> None:
    """A panel for each table, of bars on a logarithmic scale; readable on light and dark grounds."""
    panels = [
        ("Microseconds a claim (20 rules, 30 facts; one core; logarithmic)", "single"),
        ("Microseconds a claim with one to six lines (20 rules a drug; one core)", "lines"),
        ("Microseconds a claim, Parquet to Parquet (line: worst case)", "batch"),
        (
            "Microseconds a claim with lines, Parquet to Parquet (line: 20 lines a claim)",
            "lines_batch",
        ),
    ]
    height, parts = 0, []
    for title, table in panels:
        if bars := _bars(results, table):
            parts += _panel(title, bars, height)
            height += TOP + ROW * len(bars) + GAP
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height - GAP + 12}" '
        'role="img" aria-label="Microseconds a claim, by contender">',
        f"<style>{STYLE}</style>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*head, *parts, "</svg>", ""]), encoding="utf-8")


def _bars(results: Json, table: str) -> list[Bar]:
    bars: list[Bar] = []
    for name, row in results.get(table, {}).items():
        if "failed" not in row:
            worst = row.get("worst", {})
            value = row["mean_us"] if "mean_us" in row else _each_us(row)
            high = None if "seconds" not in worst or "failed" in worst else _each_us(worst)
            title = results["about"][name]["title"]
            bars.append((title, value, high, name.startswith("payer-policy")))
    return sorted(bars, key=lambda bar: bar[1])


def _panel(title: str, bars: list[Bar], top: int) -> list[str]:
    values = [value for _, value, worst, _ in bars for value in (value, worst) if value is not None]
    lowest = min(0, math.floor(math.log10(min(values))))
    highest = max(lowest + 1, math.ceil(math.log10(max(values))))
    scale = (WIDTH - LEFT - 70) / (highest - lowest)
    parts = [f'<text x="0" y="{top + 16}">{_escaped(title)}</text>']
    for power in range(lowest, highest + 1):
        x, y = LEFT + scale * (power - lowest), top + TOP
        end = y + ROW * len(bars) + 4
        parts.append(f'<line class="g" x1="{x:.1f}" y1="{y - 8}" x2="{x:.1f}" y2="{end}"/>')
        label = f"{10**power:,}" if power >= 0 else f"{10.0**power:g}"
        parts.append(
            f'<text class="v" x="{x:.1f}" y="{y - 14}" text-anchor="middle">{label}</text>'
        )
    for place, (name, value, worst, ours) in enumerate(bars):
        y = top + TOP + ROW * place
        length = max(1.0, scale * (math.log10(value) - lowest))
        kind, end = "m" if ours else "o", length
        parts.append(f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{_escaped(name)}</text>')
        parts.append(
            f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="15"/>'
        )
        text = _number(value)
        if worst is not None:
            end = max(length, scale * (math.log10(worst) - lowest))
            x, more = LEFT + length, end - length
            parts.append(
                f'<rect class="{kind}" x="{x:.1f}" y="{y + 9}" width="{more:.1f}" height="3"/>'
            )
            text += f" – {_number(worst)}"
        parts.append(f'<text class="v" x="{LEFT + end + 6:.1f}" y="{y + 15}">{text}</text>')
    return parts


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("`", "")


if __name__ == "__main__":
    write(json.loads(RESULTS.read_text(encoding="utf-8")))
