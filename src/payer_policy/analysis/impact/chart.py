"""The chart of the HTML report: services flow from their old decision to their new one.

Inline SVG without script. Coordinates are whole hundredths, so that the same impact gives the same
bytes; what stays is gray, what changes has the color of its new decision and is said in words.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from payer_policy.analysis.impact.model import Impact, share
from payer_policy.analysis.impact.told import NAMES, billed, number, services

_HEIGHT: Final = 30_000
"""What all services together take, in hundredths of a unit."""
_THIN: Final = 150
_PITCH: Final = 4_400
"""The least distance from one bar to the next, so that their labels do not touch."""
_GAP: Final = 1_400
_TOP: Final = 3_600
_LEFT: Final = 17_000
_RIGHT: Final = 55_000
_BAR: Final = 1_400
_WIDTH: Final = 72_000


COLORS: Final = {
    "approve": "#1a7f37",
    "partial": "#7a3fc7",
    "deny": "#c11f33",
    "pend": "#9a6700",
    "void": "#0a3069",
    "no_policy": "#57606a",
    "rejected": "#0b6e8a",
}
"""The colors on white paper. The page's style sheet, where there is one, goes before them."""
_STAYS: Final = "#c9d1d9"


@dataclass(slots=True)
class _Bar:
    top: int
    height: int
    filled: int = 0
    """How much of it ribbons have taken."""


def flow_chart(impact: Impact) -> str:
    """The `<svg>` element."""
    shown = impact.shown_decisions
    everything = max(impact.everything.services, 1)
    flows = {
        pair: max(_THIN, _HEIGHT * tally.services // everything)
        for pair, tally in impact.cells.items()
        if tally.services
    }
    olds = _bars(shown, {one: sum(h for (o, _), h in flows.items() if o == one) for one in shown})
    news = _bars(shown, {one: sum(h for (_, n), h in flows.items() if n == one) for one in shown})
    ribbons = [
        _ribbon(impact, old, new, flows[old, new], olds[old], news[new])
        for old in shown
        for new in shown
        if (old, new) in flows
    ]
    # What changes lies above what stays.
    ribbons.sort(key=lambda ribbon: ribbon[0])
    bottom = max((bar.top + bar.height for bar in (*olds.values(), *news.values())), default=_TOP)
    height = bottom + _PITCH // 2
    parts = [
        f'<svg class="flow" viewBox="0 0 {_n(_WIDTH)} {_n(height)}" role="img" '
        'font-family="sans-serif" font-size="13" '
        'aria-labelledby="flow-title flow-desc">',
        '<title id="flow-title">From old decisions to new decisions</title>',
        f'<desc id="flow-desc">{html.escape(_description(impact))}</desc>',
        f'<text class="head" font-size="12" x="{_n(_LEFT)}" y="16" text-anchor="end">old decision</text>',
        f'<text class="head" font-size="12" x="{_n(_RIGHT)}" y="16">new decision</text>',
        *(text for _, text in ribbons),
    ]
    for name, bar in olds.items():
        if bar.height:
            count = sum(t.services for (old, _), t in impact.cells.items() if old == name)
            parts.append(
                _bar(name, bar, _LEFT - _BAR, _LEFT - _BAR - 900, "end", count, everything)
            )
    for name, bar in news.items():
        if bar.height:
            count = sum(t.services for (_, new), t in impact.cells.items() if new == name)
            parts.append(_bar(name, bar, _RIGHT, _RIGHT + _BAR + 900, "start", count, everything))
    return "\n".join([*parts, "</svg>"])


def _bars(shown: Sequence[str], heights: Mapping[str, int]) -> dict[str, _Bar]:
    bars, top = {}, _TOP
    for name in shown:
        height = heights[name]
        bars[name] = _Bar(top, height)
        if height:
            top += max(height + _GAP, _PITCH)
    return bars


def _ribbon(
    impact: Impact, old: str, new: str, height: int, left: _Bar, right: _Bar
) -> tuple[bool, str]:
    """Whether it changes anything, and the path."""
    start, end = left.top + left.filled, right.top + right.filled
    left.filled += height
    right.filled += height
    middle = (_LEFT + _RIGHT) // 2
    path = (
        f"M{_n(_LEFT)} {_n(start)}C{_n(middle)} {_n(start)} {_n(middle)} {_n(end)} "
        f"{_n(_RIGHT)} {_n(end)}V{_n(end + height)}C{_n(middle)} {_n(end + height)} "
        f"{_n(middle)} {_n(start + height)} {_n(_LEFT)} {_n(start + height)}Z"
    )
    kind = "stays" if old == new else f"changes d-{new}"
    fill = _STAYS if old == new else COLORS[new]
    tally = impact.cells[old, new]
    said = f"{NAMES[old]} → {NAMES[new]}: {services(tally.services)}, billed {billed(tally)}"
    return (
        old != new,
        f'<path class="{kind}" fill="{fill}" opacity="0.7" d="{path}">'
        f"<title>{html.escape(said)}</title></path>",
    )


def _bar(name: str, bar: _Bar, x: int, text: int, anchor: str, count: int, whole: int) -> str:
    middle = bar.top + bar.height // 2
    return (
        f'<rect class="d-{name}" fill="{COLORS[name]}" x="{_n(x)}" y="{_n(bar.top)}" '
        f'width="{_n(_BAR)}" '
        f'height="{_n(bar.height)}" rx="2"/>'
        f'<text class="name" font-weight="600" x="{_n(text)}" y="{_n(middle - 200)}" '
        f'text-anchor="{anchor}">'
        f"{html.escape(NAMES[name])}</text>"
        f'<text class="count" font-size="12" x="{_n(text)}" y="{_n(middle + 1_400)}" '
        f'text-anchor="{anchor}">'
        f"{number(count)} · {share(count, whole)} %</text>"
    )


def _description(impact: Impact) -> str:
    said = [
        f"{NAMES[old]} to {NAMES[new]}: {services(tally.services)}"
        for (old, new), tally in sorted(
            impact.cells.items(), key=lambda item: (-item[1].services, item[0])
        )
    ]
    return "; ".join(said) + ". The table beside it has the same numbers."


def _n(hundredths: int) -> str:
    whole, part = divmod(hundredths, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".") if part else str(whole)
