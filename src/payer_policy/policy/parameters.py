"""Parameters: a value's type is what its JSON shows, and numbers may have a unit."""

from __future__ import annotations

from typing import Any, Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Reporter
from payer_policy.core.vocabulary.types import (
    NUMERIC,
    FactType,
    Kind,
    ValueProblem,
    calendar_date,
    exact_number,
    parse_value,
    shown,
)
from payer_policy.core.vocabulary.units import UNITS
from payer_policy.language import ParameterValue
from payer_policy.policy.files import ParameterModel
from payer_policy.policy.versions import ISO_DATE, Placed

_TEXT: Final = FactType("code", system="identifier")
_TEXTS: Final = FactType("codes", system="identifier")
_SHAPES: Final = {
    "boolean": "true or false",
    "date": "a date",
    "code": "a text",
    "codes": "a list",
}


def _parameter(raw: Any, unit: str | None) -> ParameterValue:
    """A parameter's value with the type that its JSON shows. Raises ValueProblem."""
    if isinstance(raw, bool):
        return ParameterValue(raw, FactType("boolean"))
    if isinstance(raw, str):
        if ISO_DATE.match(raw):
            return ParameterValue(calendar_date(raw), FactType("date"))
        return ParameterValue(parse_value(_TEXT, raw), FactType("code"))
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return ParameterValue(parse_value(_TEXTS, raw), FactType("codes"))
    if isinstance(raw, (list, dict)) or raw is None:
        message = f"found {'a list of other things' if isinstance(raw, list) else shown(raw)}; "
        message += "true or false, a number, a date, a text or a list of texts was expected"
        raise ValueProblem("wrong-type", message)
    number = exact_number(raw)
    kind: Kind = "integer" if isinstance(number, int) else "decimal"
    return ParameterValue(number, FactType(kind, unit))


def read_parameter(placed: Placed[ParameterModel], report: Reporter) -> ParameterValue | None:
    """A parameter's value, or None when it is wrong (reported)."""
    model = placed.model
    unit = model.unit
    try:
        made = _parameter(model.value, unit)
    except ValueProblem as problem:
        report(problem.code, problem.message, ("value",), hint=problem.hint)
        return None
    if unit is None:
        return made
    if unit not in UNITS:
        message = f"`{unit}` is not a unit; expected one of {', '.join(UNITS)}"
        hint = did_you_mean(unit, UNITS)
        report("unknown-unit", message, ("unit",), hint=hint)
        return None
    if made.type.kind not in NUMERIC:
        message = f"`unit` is for numbers; the value is {_SHAPES[made.type.kind]}"
        report("wrong-shape", message, ("unit",), key=True, hint="remove the unit")
        return None
    return made
