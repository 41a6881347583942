"""How many units of each line are allowed: the least and the most, from what was found.

The second half of a determination. It changes no finding; lines go by position here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from payer_policy.core.semantics import difference
from payer_policy.core.vocabulary.types import Units
from payer_policy.determination.model import LineDecision


class ServiceLine(NamedTuple):
    """One line of the service: its billed units, and the parts of the service it belongs to."""

    number: int
    """The number of the line on the claim."""
    units: int | Decimal | None
    """Billing units of the code (HCPCS); None: not known."""
    parts: frozenset[str] = frozenset()
    """The parts of the service that the line belongs to."""


class Limit:
    """A reduction that applies, while its units are allocated.

    At least `least` units are left, and at most `most`; None: not known.
    """

    __slots__ = ("depends_on_earlier", "least", "most", "on", "without_units")

    def __init__(self, on: Sequence[int], to: Units | None) -> None:
        self.on = frozenset(on)
        self.least: Units = 0 if to is None else max(to, 0)
        self.most: Units | None = None if to is None else self.least
        self.without_units: list[int] = []
        """The lines whose billed units are not known, and so what they take."""
        self.depends_on_earlier: list[int] = []
        """The lines for which it matters what lines before them take."""

    @property
    def unknown(self) -> bool:
        """Whether the units that it leaves are not known."""
        return self.most is None

    def again(self) -> Limit:
        """The limit before anything is taken from it."""
        return Limit(tuple(self.on), self.most)

    def take(self, least: Units, most: Units) -> None:
        """Take the units of a line from it."""
        self.least = max(difference(self.least, most), 0)
        if self.most is not None:
            self.most = difference(self.most, least)


class Allotted(NamedTuple):
    """The decision on a line. `most` is None where it is not known."""

    outcome: LineDecision
    least: Units | None
    most: Units | None


DENIED: Final = Allotted("deny", 0, 0)


class Allocation(NamedTuple):
    """The decision on every line, and the lines that got theirs from the lines they follow."""

    lines: Sequence[Allotted]
    denied_with: Mapping[str, Sequence[int]]
    """By part, the lines of it that are denied since no line that they follow is paid."""
    pended_with: Mapping[str, Sequence[int]]
    """By part, the lines of it that pend since it is not known whether one will be paid."""


def leaders_of(
    lines: Sequence[ServiceLine], follows: Mapping[str, str]
) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Of each line that follows others, the part by which it does, and the lines it follows."""
    if not follows or len(lines) < 2:
        return {}
    leading = frozenset(follows.values())
    out: dict[int, tuple[str, tuple[int, ...]]] = {}
    for at, line in enumerate(lines):
        part = min(line.parts & follows.keys(), default=None)
        if part is None or line.parts & leading:
            continue
        followed = tuple(i for i, other in enumerate(lines) if follows[part] in other.parts)
        if followed:
            out[at] = part, followed
    return out


def allocate(
    lines: Sequence[ServiceLine],
    denied: Collection[int],
    pending: Collection[int],
    limits: Sequence[Limit],
    follows: Mapping[str, str],
) -> Allocation:
    """Give out the units, line by line in the order given.

    A denied line takes nothing. Any other is allowed what every limit on it has left, at most what
    is billed; it is denied where nothing is left, also if it waits for something. A line that pends may
    come to take anything from nothing to all that it could, and so may make others pend.

    A line that follows others is denied where none of those could be paid even if it took nothing,
    and pends where that is not known.

    Args:
        lines: All lines, in the order of their numbers.
        denied: The lines on which a denial was found.
        pending: The lines that pend, whatever their units.
        limits: The reductions that hold; what they leave is counted down here.
        follows: By part, the part that it follows.
    """
    denied_with: dict[str, list[int]] = {}
    pended_with: dict[str, list[int]] = {}
    leaders = leaders_of(lines, follows)
    if leaders:
        alone = _in_order(lines, {*denied, *leaders}, pending, [limit.again() for limit in limits])
        for at, (part, followed) in leaders.items():
            outcomes = {alone[one].outcome for one in followed}
            if at in denied or not outcomes.isdisjoint(("approve", "reduce")):
                continue
            if outcomes == {"deny"}:
                denied_with.setdefault(part, []).append(at)
            elif at not in pending:
                pended_with.setdefault(part, []).append(at)
        denied = {*denied, *(at for on in denied_with.values() for at in on)}
        pending = {*pending, *(at for on in pended_with.values() for at in on)}
    return Allocation(_in_order(lines, denied, pending, limits), denied_with, pended_with)


def _in_order(
    lines: Sequence[ServiceLine],
    denied: Collection[int],
    pending: Collection[int],
    limits: Sequence[Limit],
) -> list[Allotted]:
    return [
        DENIED
        if at in denied
        else _allot(
            at,
            line.units,
            at in pending,
            [limit for limit in limits if at in limit.on] if limits else limits,
        )
        for at, line in enumerate(lines)
    ]


def _allot(at: int, units: Units | None, waits: bool, limits: Sequence[Limit]) -> Allotted:
    """What one line is allowed; it is taken from its limits."""
    if not limits:
        if waits:
            return Allotted("pend", 0, None if units is None else max(units, 0))
        return Allotted("approve", units, units)
    least: Units = min(limit.least for limit in limits)
    known = [limit.most for limit in limits if limit.most is not None]
    most: Units | None = min(known, default=None)
    if units is not None:
        most = units if most is None else min(units, most)
        least = min(units, least)
    else:
        least = 0
    if most is not None and most <= 0 and units is not None and units > 0:
        return DENIED  # nothing is left, whatever it waits for
    outcome: LineDecision = "approve"
    if waits:
        outcome, least, most = "pend", 0, None if most is None else max(most, 0)
    elif units is None or least != most:
        outcome = "pend"
    elif least < units:
        outcome = "reduce"
    for limit in limits:
        if outcome == "pend" and limit.most is not None:
            if units is None:
                limit.without_units.append(at)
            elif limit.least < min(units, limit.most):
                limit.depends_on_earlier.append(at)
        if most is not None and most > 0:
            limit.take(max(least, 0), most)
    return Allotted(outcome, least, most)
