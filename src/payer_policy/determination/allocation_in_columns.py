"""How many units of each line are allowed, for many services at once: `allocation.allocate` in columns.

Lines are looked at by their position in the service: the first lines of all services, then the second
ones. Units are whole here; a service with a part of a unit is left to `allocate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from payer_policy.core.columns import Flags, Groups, Places

NOT_KNOWN: Final = 1 << 62
"""A number of units that is not known."""
APPROVE, DENY, PEND, REDUCE = range(4)

Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Shares(NamedTuple):
    """The decision on each line, and the units that are allowed of those with a limit."""

    outcome: np.ndarray[Any, np.dtype[np.uint8]]
    limited: Flags
    """Lines that a limit gives their units; of all others `least` and `most` say nothing."""
    least: Numbers
    most: Numbers
    without_units: Flags
    """By limit and service, whether it is not known what a line takes of the limit."""
    earlier: Flags
    """By limit and service, whether it matters what lines before a line take of it."""


def share_out(
    groups: Groups,
    units: Numbers,
    denied: Flags,
    pending: Flags,
    on: Sequence[Flags],
    left: Sequence[Numbers],
) -> Shares:
    """Give out the units of services, line by line in the order of their numbers.

    Args:
        groups: The lines of the services.
        units: What is billed on each line.
        denied: Lines that are denied.
        pending: Lines that pend, whatever their units.
        on: By limit, the lines that it falls on.
        left: By limit, the units that it leaves each service.
    """
    limits, services, lines = len(on), len(groups), len(units)
    falls = np.array(on, dtype=np.bool_).reshape(limits, lines)
    most_left = np.array(left, dtype=np.int64).reshape(limits, services)
    least_left = np.where(most_left == NOT_KNOWN, 0, most_left)
    made = Shares(
        np.where(denied, DENY, np.where(pending, PEND, APPROVE)).astype(np.uint8),
        np.zeros(lines, dtype=np.bool_),
        np.zeros(lines, dtype=np.int64),
        np.zeros(lines, dtype=np.int64),
        np.zeros((limits, services), dtype=np.bool_),
        np.zeros((limits, services), dtype=np.bool_),
    )
    for position in range(int(groups.sizes.max(initial=0))):
        rows = np.flatnonzero(groups.sizes > position)
        at = groups.starts[rows] + position
        here = falls[:, at] & ~denied[at]
        rows, at, here = _with_limits(rows, at, here)
        billed, waits, known = units[at], pending[at], units[at] != NOT_KNOWN
        least_here, most_here = least_left[:, rows], most_left[:, rows]
        least = np.where(here, least_here, NOT_KNOWN).min(axis=0, initial=NOT_KNOWN)
        most = np.where(here, most_here, NOT_KNOWN).min(axis=0, initial=NOT_KNOWN)
        most = np.minimum(billed, most)
        least = np.where(known, np.minimum(billed, least), 0)
        nothing = (most <= 0) & known & (billed > 0)
        pends = ~nothing & (waits | ~known | (least != most))
        least = np.where(waits, 0, least)
        most = np.where(waits, np.maximum(most, 0), most)
        outcome = np.where(pends, PEND, np.where(least < billed, REDUCE, APPROVE))
        made.outcome[at] = np.where(nothing, DENY, outcome)
        made.limited[at] = ~nothing
        made.least[at], made.most[at] = least, most
        of_known = here & pends & (most_here != NOT_KNOWN)
        made.without_units[:, rows] |= of_known & ~known
        made.earlier[:, rows] |= of_known & known & (least_here < np.minimum(billed, most_here))
        takes = here & ~nothing & (most > 0) & (most != NOT_KNOWN)
        least_left[:, rows] = np.where(takes, np.maximum(least_here - most, 0), least_here)
        taken = most_here - np.maximum(least, 0)
        most_left[:, rows] = np.where(takes & (most_here != NOT_KNOWN), taken, most_here)
    return made


def _with_limits(rows: Places, at: Places, here: Flags) -> tuple[Places, Places, Flags]:
    """The lines on which any limit falls."""
    some = here.any(axis=0)
    return rows[some], at[some], here[:, some]
