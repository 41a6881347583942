"""The units of the vocabulary as FHIR has them: by their UCUM codes."""

from __future__ import annotations

from typing import Final

from payer_policy.core.vocabulary.types import FactType
from payer_policy.core.vocabulary.units import ucum_of

UCUM_SYSTEM: Final = "http://unitsofmeasure.org"


def unit_coding(type_: FactType) -> dict[str, str] | None:
    """The unit of a fact as a coding; None: it has none."""
    if type_.unit is None:
        return None
    code = ucum_of(type_.units.read(type_.unit))
    return {"system": UCUM_SYSTEM, "code": code, "display": type_.unit}
