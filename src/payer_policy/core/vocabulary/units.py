"""Units of quantity and time: vectors of dimensions with exact factors.

A product of two units adds their vectors and a quotient subtracts them, so concentration times volume
is a mass. Units are known only while a policy is read; after that there are plain numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, NamedTuple

_SIMPLE: Final[dict[str, dict[str, int]]] = {
    "mass": {"mcg": 1, "mg": 1_000, "g": 1_000_000},
    "volume": {"mL": 1, "L": 1_000},
    "time": {"minutes": 1, "hours": 60, "days": 1_440, "weeks": 10_080},
    # A month has no fixed number of days, so months and years do not convert to days.
    "calendar time": {"months": 1, "years": 12},
    "billing units": {"billing units": 1},
    "points": {"points": 1},
    "containers": {"containers": 1},
    # A dimension of its own: whether 50 or 0.5 is meant is never guessed.
    "percent": {"%": 1},
    "money": {"USD": 1},
}
_RATES: Final = {
    "mcg/day": ("mcg", "days"),
    "mg/day": ("mg", "days"),
    "mcg/mL": ("mcg", "mL"),
    "mg/mL": ("mg", "mL"),
}
_COUNTS: Final = ("billing units", "points", "containers")


class Unit(NamedTuple):
    """A unit: its dimensions with their exponents, and how many of the smallest units it is."""

    name: str
    powers: tuple[tuple[str, int], ...]
    size: Fraction

    @property
    def counts(self) -> bool:
        """Whether it counts things, so that a plain number can be one: billing units, points."""
        return self.name in _COUNTS

    def factor_to(self, other: Unit) -> Fraction | None:
        """What a number in this unit is multiplied by to be one in the other; None: no such factor."""
        return self.size / other.size if self.powers == other.powers else None


def _combined(name: str, parts: Iterable[tuple[Unit, int]]) -> Unit:
    powers: Counter[str] = Counter()
    size = Fraction(1)
    for unit, sign in parts:
        for dimension, exponent in unit.powers:
            powers[dimension] += sign * exponent
        size *= unit.size**sign
    return Unit(name, tuple(sorted(item for item in powers.items() if item[1])), size)


_NAMED: Final = {
    name: Unit(name, ((dimension, 1),), Fraction(size))
    for dimension, units in _SIMPLE.items()
    for name, size in units.items()
}
_NAMED.update(
    {
        name: _combined(name, [(_NAMED[above], 1), (_NAMED[below], -1)])
        for name, (above, below) in _RATES.items()
    }
)
_BY_MEANING: Final = {(unit.powers, unit.size): unit for unit in _NAMED.values()}

UNITS: Final[tuple[str, ...]] = tuple(_NAMED)


def units_like(unit: Unit) -> list[str]:
    """The names of the units that a unit converts to, its own among them."""
    return [one.name for one in _NAMED.values() if unit.factor_to(one) is not None]


def unit_named(name: str | None) -> Unit | None:
    """The unit of a name; None for no name and for one that is no unit."""
    return _NAMED.get(name) if name is not None else None


def product_of(units: Sequence[Unit]) -> Unit:
    """The unit of a product of at least one number with a unit."""
    if len(units) == 1:
        return units[0]
    return _known(_combined(" × ".join(map(_shown, units)), [(unit, 1) for unit in units]))


def quotient_of(above: Unit | None, below: Unit) -> Unit:
    """The unit of a quotient; `above` is None for a plain number."""
    if above is None:
        return _known(_combined(f"1/{_shown(below)}", [(below, -1)]))
    return _known(_combined(f"{_shown(above)}/{_shown(below)}", [(above, 1), (below, -1)]))


def factor(from_unit: str, to_unit: str) -> Fraction | None:
    """What a number of `from_unit` is multiplied by to be one of `to_unit`; None: no such factor."""
    return _NAMED[from_unit].factor_to(_NAMED[to_unit])


def _known(made: Unit) -> Unit:
    """The unit with its own name, where it has one."""
    return _BY_MEANING.get((made.powers, made.size), made)


def _shown(unit: Unit) -> str:
    return f"({unit.name})" if "/" in unit.name or " × " in unit.name else unit.name
