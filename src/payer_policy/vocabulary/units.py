"""Units of quantity and time, and exact factors between units of one dimension."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

_DIMENSIONS: Final[dict[str, dict[str, int]]] = {
    "mass": {"mcg": 1, "mg": 1_000, "g": 1_000_000},
    "volume": {"mL": 1, "L": 1_000},
    "time": {"minutes": 1, "hours": 60, "days": 1_440, "weeks": 10_080},
    # A month has no fixed number of days, so months and years do not convert to days.
    "calendar time": {"months": 1, "years": 12},
    "billing units": {"billing units": 1},
    "points": {"points": 1},
    "containers": {"containers": 1},
    "percent": {"%": 1},
    "money": {"USD": 1},
    "dose rate": {"mcg/day": 1, "mg/day": 1_000},
    "concentration": {"mcg/mL": 1, "mg/mL": 1_000},
}

_BY_UNIT: Final = {
    unit: (dimension, size)
    for dimension, units in _DIMENSIONS.items()
    for unit, size in units.items()
}

UNITS: Final[tuple[str, ...]] = tuple(_BY_UNIT)


def dimension_of(unit: str) -> str:
    """The dimension of a known unit. Raises KeyError."""
    return _BY_UNIT[unit][0]


def factor(from_unit: str, to_unit: str) -> Fraction | None:
    """What a number of `from_unit` is multiplied by to be one of `to_unit`; None: no such factor."""
    source, target = _BY_UNIT[from_unit], _BY_UNIT[to_unit]
    return Fraction(source[1], target[1]) if source[0] == target[0] else None
