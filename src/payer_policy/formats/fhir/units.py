"""The units of the vocabulary in UCUM, the units of FHIR, and back; conversions are exact."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from payer_policy.core.vocabulary.units import UNITS, factor

UCUM_SYSTEM: Final = "http://unitsofmeasure.org"
UCUM: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mcg": "ug",
        "mg": "mg",
        "g": "g",
        "mL": "mL",
        "L": "L",
        "minutes": "min",
        "hours": "h",
        "days": "d",
        "weeks": "wk",
        "months": "mo",
        "years": "a",
        "billing units": "{billing_unit}",
        "points": "{points}",
        "containers": "{container}",
        "%": "%",
        "USD": "{USD}",
        "mcg/day": "ug/d",
        "mg/day": "mg/d",
        "mcg/mL": "ug/mL",
        "mg/mL": "mg/mL",
    }
)
"""By unit of the vocabulary; curly brackets are UCUM's own way to name what it has no unit for."""

_BY_NAME: Final = {
    **{unit.casefold(): unit for unit in UNITS},
    **{ucum.casefold(): unit for unit, ucum in UCUM.items()},
    "hr": "hours",
    "hour": "hours",
    "day": "days",
    "week": "weeks",
    "wks": "weeks",
    "month": "months",
    "year": "years",
    "yr": "years",
    "minute": "minutes",
    "µg": "mcg",
}


def unit_named(text: str) -> str | None:
    """The unit of the vocabulary that a Quantity's code or unit names; None: no such unit."""
    return _BY_NAME.get(text.strip().casefold())


def converted(value: int | Decimal, unit: str, wanted: str) -> int | Decimal | None:
    """A number of one unit in another, exactly; None where no exact decimal or no factor is."""
    size = factor(unit, wanted)
    if size is None:
        return None
    exact = Fraction(value) * size
    if exact.denominator == 1:
        return exact.numerator
    scaled = exact * 10**12
    return Decimal(scaled.numerator).scaleb(-12).normalize() if scaled.denominator == 1 else None
