"""The layout of the report's chart: services flow from their old decision to their new one.

`flow.svg.jinja` draws it, without script. Coordinates are multiples of a hundredth, so that the same
impact gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from payer_policy.analysis.impact.model import Impact, Tally, total

_HEIGHT: Final = 30_000
"""The height of all services together, in hundredths of an SVG unit."""
_THIN: Final = 150
"""The least height of a ribbon, so that one service in a million can still be seen."""
_PITCH: Final = 4_400
"""The least distance from one bar to the next, so that their labels do not touch."""
_GAP: Final = 1_400
_TOP: Final = 3_600


@dataclass(frozen=True, slots=True)
class Bar:
    """One decision on one side of the chart; `top` and `height` in SVG units."""

    decision: str
    top: float
    height: float
    services: int


@dataclass(frozen=True, slots=True)
class Ribbon:
    """The services that go from one decision to another; where it begins and ends, in SVG units."""

    old: str
    new: str
    tally: Tally
    start: float
    end: float
    height: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The whole chart."""

    sides: tuple[list[Bar], list[Bar]]
    ribbons: list[Ribbon]
    """What changes comes last, so that it is drawn above what stays the same."""
    height: float


def flow_of(impact: Impact) -> Flow:
    """The chart of an impact."""
    shown = impact.shown_decisions
    whole = max(impact.everything.services, 1)
    cells = {
        (old, new): impact.cells[old, new]
        for old in shown
        for new in shown
        if (old, new) in impact.cells and impact.cells[old, new].services
    }
    heights = {pair: max(_THIN, _HEIGHT * tally.services // whole) for pair, tally in cells.items()}
    sides: tuple[list[Bar], list[Bar]] = ([], [])
    free: tuple[dict[str, int], dict[str, int]] = ({}, {})
    bottom = _TOP
    for side, bars in enumerate(sides):
        top = _TOP
        for name in shown:
            mine = [pair for pair in cells if pair[side] == name]
            if mine:
                height = sum(heights[pair] for pair in mine)
                count = total(cells[pair] for pair in mine).services
                bars.append(Bar(name, top / 100, height / 100, count))
                free[side][name] = top
                bottom = max(bottom, top + height)
                top += max(height + _GAP, _PITCH)
    ribbons = []
    for (old, new), tally in cells.items():
        height = heights[old, new]
        start, end = free[0][old], free[1][new]
        ribbons.append(Ribbon(old, new, tally, start / 100, end / 100, height / 100))
        free[0][old] += height
        free[1][new] += height
    ribbons.sort(key=lambda one: one.old != one.new)
    return Flow(sides, ribbons, (bottom + _PITCH // 2) / 100)
