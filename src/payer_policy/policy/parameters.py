"""Parameters: a value's type is what its JSON shows, and numbers may have a unit."""

from __future__ import annotations

import re
from typing import Any, Final

from payer_policy.core.json_source import Reporter
from payer_policy.core.vocabulary.types import (
    NUMERIC,
    FactType,
    Kind,
    ValueProblem,
    calendar_date,
    exact_number,
    is_numeral,
    parse_value,
    shown,
)
from payer_policy.core.vocabulary.units import BUILT_IN, NotAUnit, UnitTable
from payer_policy.language import ParameterValue
from payer_policy.policy.files import ParameterModel
from payer_policy.policy.versions import Placed

_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
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
        if unit is not None and is_numeral(raw):
            message = f"found {shown(raw)}, a text; a number of {unit} was expected"
            raise ValueProblem("wrong-type", message, f"remove the quotation marks: {raw.strip()}")
        if _ISO_DATE.match(raw):
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


def read_parameter(
    placed: Placed[ParameterModel], units: UnitTable, report: Reporter
) -> ParameterValue | None:
    """A parameter's value, or None when it is wrong (reported)."""
    model = placed.model
    unit = model.unit
    if unit is not None:
        try:
            unit = units.read(unit).name
        except NotAUnit as problem:
            report("unknown-unit", problem.message, ("unit",), hint=problem.hint)
            return None
    try:
        made = _parameter(model.value, unit)
    except ValueProblem as problem:
        report(problem.code, problem.message, ("value",), hint=problem.hint)
        return None
    if unit is not None and made.type.kind not in NUMERIC:
        message = f"`unit` is for numbers; the value is {_SHAPES[made.type.kind]}"
        report("wrong-shape", message, ("unit",), key=True, hint="remove the unit")
        return None
    return made


def fits(name: str, base: ParameterModel, mine: ParameterModel, report: Reporter) -> bool:
    """Whether a parameter that is changed keeps its type, and a unit that converts; else reported."""
    it = f"parameter `{name}`"
    theirs, ours = _kind(base.value), _kind(mine.value)
    if theirs != ours:
        report("wrong-type", f"{it} is {ours}, but {theirs} in the base", ("value",))
        return False
    known, own = BUILT_IN.named(base.unit), BUILT_IN.named(mine.unit)
    if base.unit == mine.unit or known is None:
        return True
    if mine.unit is None:
        message = f"{it} has no unit, but the base gives it in {base.unit}"
        report("unit-mismatch", message, key=True, hint=f'add "unit": "{base.unit}"')
        return False
    if own is not None and own.factor_to(known) is None:
        message = f"{it} is in {mine.unit}, which does not convert to {base.unit} as in the base"
        report("unit-mismatch", message, ("unit",))
        return False
    return True


def _kind(raw: object) -> str:
    """What a parameter is, in words."""
    if isinstance(raw, bool):
        return "true or false"
    if isinstance(raw, str):
        return "a date" if _ISO_DATE.match(raw) else "a text"
    return (
        "a list" if isinstance(raw, list) else "an object" if isinstance(raw, dict) else "a number"
    )
