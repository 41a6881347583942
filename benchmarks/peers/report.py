"""Results as Markdown tables and as a plot: nothing is measured here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

Json = dict[str, Any]
BEGIN, END = "<!-- table -->", "<!-- /table -->"


def markdown(results: Json) -> str:
    """Every table, with the contenders that have no numbers and why."""
    about = results["about"]
    lines = [
        f"{results['machine']}. Medians of {results['rounds']} rounds of {results['claims']} claims.",
        "",
    ]
    lines += _single(results["single"], about)
    lines += _growth(results)
    lines += _batch(results, about)
    lines += _many(results["many"])
    lines += _says(results, about)
    return "\n".join(lines).rstrip()


def _sorted(rows: Json, by: str) -> list[tuple[str, Json]]:
    return sorted(rows.items(), key=lambda row: ("failed" in row[1], row[1].get(by, math.inf)))


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    aligned = ["---", *("---:" for _ in head[1:])]
    return ["| " + " | ".join(row) + " |" for row in (head, aligned, *rows)] + [""]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _single(rows: Json, about: Json) -> list[str]:
    head = [
        "one claim, 20 rules",
        "÷ by hand",
        "mean µs",
        "p50",
        "p99",
        "a second",
        "first answer, ms",
    ]
    shown = []
    for name, row in _sorted(rows, "ratio"):
        title = about[name]["title"]
        if "failed" in row:
            shown.append([title, "—", "—", "—", "—", "—", row["failed"]])
            continue
        numbers = [_number(row[key]) for key in ("ratio", "mean_us", "p50_us", "p99_us")]
        shown.append([title, *numbers, f"{1e6 / row['mean_us']:,.0f}", _number(row["first_ms"])])
    return _table(head, shown)


def _cell(row: Json | None) -> str:
    if row is None:
        return "—"
    if "failed" in row:
        return str(row["failed"])
    return f"{_number(row['mean_us'])} ({_number(row['first_ms'])})"


def _growth(results: Json) -> list[str]:
    rows = []
    for name, row in _sorted(results["single"], "ratio"):
        larger = results["growth"].get(name, {})
        if "failed" not in row and larger:
            cells = [_cell(row), _cell(larger.get("200")), _cell(larger.get("2000"))]
            rows.append([results["about"][name]["title"], *cells])
    sizes = ["20 rules", "200", "2000"]
    lines = _table(["growth, a claim is about one block: mean µs (ms to the first)", *sizes], rows)
    rows = [
        [results["about"][name]["title"], *(_cell(row.get(size)) for size in ("20", "200", "2000"))]
        for name, row in results["unguarded"].items()
    ]
    return lines + _table(["growth, every rule is about every claim: mean µs (ms)", *sizes], rows)


def _batch(results: Json, about: Json) -> list[str]:
    head = [f"{results['rows']:,} claims, Parquet to Parquet", "seconds", "processor s", "peak MB"]
    rows = []
    for name, row in _sorted(results["batch"], "seconds"):
        if "failed" in row:
            rows.append([about[name]["title"], row["failed"], "—", "—"])
        else:
            numbers = [f"{row['seconds']:.2f}", f"{row['cpu']:.2f}", f"{row['peak_mb']:,}"]
            rows.append([about[name]["title"], *numbers])
    return _table(head, rows)


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


def _says(results: Json, about: Json) -> list[str]:
    order = [name for name, _ in _sorted(results["single"], "ratio")]
    order += [name for name, _ in _sorted(results["batch"], "seconds")]
    rows = ["| what it says | a missing fact | reasons | proof | dates | note |"]
    rows.append("|---|---|---|---|---|---|")
    for name in order:
        one = about[name]
        cells = [one[key] for key in ("title", "unknown", "reasons", "proof", "dates", "note")]
        rows.append("| " + " | ".join(cells) + " |")
    return [*rows, ""] if order else []


def write_readme(path: Path, results: Json) -> None:
    """Puts the tables between their marks."""
    text = path.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}", encoding="utf-8")


# --- the plot ----------------------------------------------------------------------------------------

STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.v{fill:#666}.g{stroke:#ccc}.o{fill:#8a97a6}"
    ".m{fill:#c2571a}@media(prefers-color-scheme:dark){text{fill:#ddd}.v{fill:#aaa}.g{stroke:#444}"
    ".o{fill:#7d8b9b}.m{fill:#ef8a4c}}"
)
LEFT, WIDTH, ROW, TOP = 310, 820, 24, 52


def plot(path: Path, results: Json) -> None:
    """Microseconds a claim, a bar each on a logarithmic scale; readable on light and dark grounds."""
    rows = [
        (results["about"][name]["title"], row["mean_us"], name.startswith("payer-policy"))
        for name, row in _sorted(results["single"], "mean_us")
        if "failed" not in row
    ]
    lowest, highest = 0, math.ceil(math.log10(max(value for _, value, _ in rows)))
    scale = (WIDTH - LEFT - 70) / (highest - lowest)
    height = TOP + ROW * len(rows) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Microseconds a claim, by contender">',
        f"<style>{STYLE}</style>",
        '<text x="0" y="16">Microseconds a claim (20 rules, 30 facts; one core; logarithmic)</text>',
    ]
    for power in range(lowest, highest + 1):
        x = LEFT + scale * (power - lowest)
        parts.append(
            f'<line class="g" x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 8}"/>'
        )
        parts.append(
            f'<text class="v" x="{x:.1f}" y="{TOP - 14}" text-anchor="middle">{10**power:,}</text>'
        )
    for place, (title, value, ours) in enumerate(rows):
        y = TOP + ROW * place
        length = max(1.0, scale * (math.log10(value) - lowest))
        parts.append(
            f'<text x="{LEFT - 8}" y="{y + 14}" text-anchor="end">{_escaped(title)}</text>'
        )
        kind = "m" if ours else "o"
        parts.append(
            f'<rect class="{kind}" x="{LEFT}" y="{y + 3}" width="{length:.1f}" height="15"/>'
        )
        parts.append(
            f'<text class="v" x="{LEFT + length + 6:.1f}" y="{y + 15}">{_number(value)}</text>'
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("`", "")
