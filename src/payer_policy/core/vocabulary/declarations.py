"""A declared type, checked: that of a fact, or of a field of a record type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Reporter
from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import TypeModel
from payer_policy.core.vocabulary.types import (
    NUMERIC,
    FactType,
    Kind,
    Value,
    ValueProblem,
    parse_value,
)
from payer_policy.core.vocabulary.units import NotAUnit, UnitTable

_ONLY_FOR: Final[Mapping[str, tuple[frozenset[Kind], str]]] = {
    "values": (frozenset({"choice"}), "a choice"),
    "ordered": (frozenset({"choice"}), "a choice"),
    "minimum": (frozenset({"integer", "decimal", "date"}), "numbers and dates"),
    "maximum": (frozenset({"integer", "decimal", "date"}), "numbers and dates"),
    "unit": (frozenset({"integer", "decimal"}), "numbers"),
    "precision": (frozenset({"decimal"}), "numbers that need not be whole"),
    "system": (frozenset({"code", "codes"}), "codes"),
}
"""The fields of a declaration that are for some types only."""


class Declaration(NamedTuple):
    """Reads one declaration, and reports what is wrong with it by its name."""

    report: Reporter
    units: UnitTable

    def problem(
        self,
        code: str,
        message: str,
        field: str | None = None,
        *,
        key: bool = True,
        hint: str | None = None,
    ) -> None:
        self.report(code, message, () if field is None else (field,), key=key, hint=hint)

    def type(self, model: TypeModel) -> FactType:
        """The declared type, with its range; what is wrong with it is reported."""
        self._kinds(model)
        type_ = self._range(self._in_units(model.fact_type(), model), model)
        self._values(type_)
        self._names(model)
        return type_

    def _values(self, type_: FactType) -> None:
        if type_.kind == "choice":
            if not type_.values:
                self.problem("missing-key", "a choice needs its `values`", hint='add "values": […]')
            twice = sorted({value for value in type_.values if type_.values.count(value) > 1})
            for value in twice:
                again = len(type_.values) - 1 - type_.values[::-1].index(value)
                message = f"the value `{value}` is listed twice"
                self.report("duplicate-entry", message, ("values", again), hint="keep one")

    def _kinds(self, model: TypeModel) -> None:
        """What is for some types only goes with one of them."""
        for field, (kinds, noun) in _ONLY_FOR.items():
            given = field in model.model_fields_set and getattr(model, field) is not None
            if given and model.type not in kinds:
                message = f"`{field}` is for {noun}; the type here is {model.type}"
                hint = "remove it" + (', or write "type": "choice"' if "choice" in kinds else "")
                self.problem("wrong-shape", message, field, hint=hint)

    def _range(self, type_: FactType, model: TypeModel) -> FactType:
        """The type with the least and the most that a supplied value can be."""
        bounds: dict[str, Any] = {}
        for field in ("minimum", "maximum"):
            if type_.kind in _ONLY_FOR[field][0]:
                bounds[field] = self.value(type_, getattr(model, field), field)
        least, most = bounds.get("minimum"), bounds.get("maximum")
        if least is not None and most is not None and least > most:
            message = f"`minimum` {model.minimum} is above `maximum` {model.maximum}"
            self.problem("wrong-value", message, "minimum", key=False, hint="swap the two values")
            return type_
        return replace(type_, **bounds)

    def _names(self, model: TypeModel) -> None:
        """The code system is a known one."""
        of_codes = model.type in ("code", "codes")
        if model.system is not None and of_codes and model.system not in SYSTEMS:
            message = f"`{model.system}` is not a code system; expected one of {', '.join(SYSTEMS)}"
            hint = did_you_mean(model.system, SYSTEMS)
            self.problem("unknown-value", message, "system", key=False, hint=hint)

    def _in_units(self, type_: FactType, model: TypeModel) -> FactType:
        """The type with its unit in its one spelling, and the units that values may be given in."""
        unit = model.unit
        if unit is not None and model.type in NUMERIC:
            try:
                unit = self.units.read(unit).name
            except NotAUnit as problem:
                self.problem("unknown-unit", problem.message, "unit", key=False, hint=problem.hint)
        step = model.precision
        if step is not None and model.type == "decimal" and (step <= 0 or unit is None):
            message = "`precision` is a number above zero, for facts with a `unit`"
            self.problem("wrong-value", message, "precision", key=False, hint="remove it")
            step = None
        return replace(type_, unit=unit, units=self.units, precision=step)

    def value(self, type_: FactType, raw: Any, field: str) -> Value | None:
        if raw is None:
            return None
        try:
            return parse_value(type_, raw)
        except ValueProblem as found:
            message = f"`{field}`: {found.message}"
            self.problem(found.code, message, field, key=False, hint=found.hint)
            return None
