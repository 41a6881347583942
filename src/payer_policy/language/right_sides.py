"""The right side of a test: one value, a list, two values or a span of days, as its operator wants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import Constant, Expression, FactRef, Score
from payer_policy.core.vocabulary.codes import codes_of, family_of
from payer_policy.core.vocabulary.operators import Operator
from payer_policy.core.vocabulary.types import NUMERIC, FactType, shown
from payer_policy.language.expressions import (
    NUMBER,
    Expressions,
    Typed,
    same_system,
)

MAX_PARTS: Final = 1_000
"""The most conditions in one `all` or `any`, and numbers in one list: every engine copes."""
MAX_COUNTED: Final = 100
"""The most conditions in one `of`: as tokens, every way to share out the count is a rule."""

_FOR_A_LIST: Final = {"is": "in", "is_not": "not_in", "includes": "includes_any"}
_FOR_ONE: Final = {"in": "is", "not_in": "is_not", "includes_any": "includes"}


class RightSides(Expressions):
    """Turns the right sides of tests into expressions, within one scope and one file."""

    def right_side(
        self, operator: Operator, type_: FactType, left: FactRef | Score, raw: Any, path: JsonPath
    ) -> tuple[Expression, ...] | None:
        """The right side of a test, in the shape that its operator wants."""
        match operator.shape:
            case "flag":
                if isinstance(raw, bool):
                    return (Constant(raw),)
                self.report.mistyped(raw, "true or false", path)
                return None
            case "several":
                return _one(self._several(operator, type_, raw, path))
            case "window":
                return _one(self.window(raw, path))
            case "pair":
                return self._pair(operator, type_, left, raw, path)
            case "whole":
                return _one(self._above_zero(operator, type_, raw, path))
            case "code" | "one":
                item = replace(type_, kind="code") if operator.shape == "code" else type_
                if isinstance(raw, list) and item.kind != "codes":
                    several = _FOR_A_LIST.get(operator.name) if type_.kind != "boolean" else None
                    message = f"`{operator.name}` takes one value; found a list"
                    hint = f"write `{several}` for a list" if several else None
                    self.report("wrong-type", message, path, hint=hint)
                    return None
                if isinstance(raw, dict) and raw.get("code_set") and item.kind == "code":
                    if self.typed(raw, item, path) is not None:
                        message = f"`{operator.name}` takes one code; found a code set"
                        several = _FOR_A_LIST.get(operator.name)
                        hint = f"write `{several}` for a code set" if several else None
                        self.report("wrong-type", message, path, hint=hint)
                    return None
                if item.kind == "code" and isinstance(raw, str):
                    family = family_of(item.system, raw)
                    if family is not None:
                        message = f"`{operator.name}` takes one code; {family} stands for all codes"
                        hint = f'write "{_FOR_A_LIST[operator.name]}": ["{family}"]'
                        self.report("wrong-type", f"{message} below it", path, hint=hint)
                        return None
                return _one(self._comparable(left, item, raw, path))

    def _comparable(
        self, left: FactRef | Score, type_: FactType, raw: Any, path: JsonPath
    ) -> Expression | None:
        """One value on the right; for an ordered choice compared by size, its position."""
        if isinstance(left, FactRef):
            return self.operand(raw, type_, path)
        if not isinstance(raw, dict):
            constant = self.operand(raw, type_, path)
            return _position(constant, left) if isinstance(constant, Constant) else None
        typed = self.typed(raw, None, path)
        if typed is None:
            return None
        if typed.type.kind in ("code", "codes"):
            constant = self.fitted(typed, type_, path)
            return _position(constant, left) if isinstance(constant, Constant) else None
        if typed.type.kind == "choice" and typed.type.values != left.values:
            self.mismatch(typed, type_, path)
            return None
        return self.fitted(typed, NUMBER, path, any_unit=True)

    def _pair(
        self, operator: Operator, type_: FactType, left: FactRef | Score, raw: Any, path: JsonPath
    ) -> tuple[Expression, ...] | None:
        if not isinstance(raw, list) or len(raw) != 2:
            found = f"{len(raw)} values" if isinstance(raw, list) else shown(raw)
            message = f"`{operator.name}` takes a list of two values; found {found}"
            self.report("wrong-type", message, path, hint="write [lowest, highest]")
            return None
        low = self._comparable(left, type_, raw[0], (*path, 0))
        high = self._comparable(left, type_, raw[1], (*path, 1))
        if low is None or high is None:
            return None
        if _above(low, high):
            message = f"{_text(raw[0])} is above {_text(raw[1])}, so nothing is between them"
            self.report("wrong-value", message, path, hint="swap the two values")
            return None
        return (low, high)

    def _above_zero(
        self, operator: Operator, type_: FactType, raw: Any, path: JsonPath
    ) -> Expression | None:
        """A whole number, which must be above zero where it can be seen."""
        expression = self.value(raw, type_, path)
        value = expression.value if isinstance(expression, Constant) else 1
        if isinstance(value, int) and value < 1:
            message = f"`{operator.name}`: found {value}; a whole number above zero was expected"
            self.report("wrong-value", message, path)
            return None
        return expression

    def _several(
        self, operator: Operator, type_: FactType, raw: Any, path: JsonPath
    ) -> Expression | None:
        item = replace(type_, kind="code") if type_.kind == "codes" else type_
        if isinstance(raw, dict):
            return self._named_list(type_, raw, path)
        if not isinstance(raw, list):
            one = _FOR_ONE.get(operator.name)
            hint = "put it in square brackets" + (f", or write `{one}`" if one else "")
            self.report.mistyped(raw, "a list", path, hint=hint)
            return None
        if not raw:
            message = "the list is empty; the test would decide nothing"
            self.report("empty-condition", message, path, hint="add a value, or remove the test")
            return None
        if type_.kind in NUMERIC and len(raw) > MAX_PARTS:
            message = f"the list has {len(raw):,} numbers; at most {MAX_PARTS:,} can be in one list"
            hint = "test a range with `between`"
            self.report("wrong-shape", message, path, hint=hint)
            return None
        values = []
        for index, entry in enumerate(raw):
            where = (*path, index)
            expression = self.listed(entry, item, where)
            if isinstance(expression, Constant):
                values.append(expression.value)
            elif expression is not None:
                message = "a list holds plain values and parameters only"
                hint = 'use {"any": [ … ]} with one test each'
                self.report("wrong-type", message, where, hint=hint)
        if len(values) != len(raw):
            return None
        if item.kind == "code":
            return Constant(codes_of(item.system, map(str, values)))
        return Constant(frozenset(values))  # type: ignore[arg-type]

    def _named_list(
        self, type_: FactType, raw: dict[str, Any], path: JsonPath
    ) -> Expression | None:
        """A code set, a parameter or a fact that is a list of codes (of values, for a choice)."""
        typed = self.typed(raw, None, path)
        if typed is None:
            return None
        if typed.type.kind != "codes":
            self.mismatch(typed, replace(type_, kind="codes"), path)
            return None
        if type_.kind == "choice" and isinstance(typed.expression, Constant):
            entries = typed.expression.value
            assert isinstance(entries, frozenset)
            sound = [
                self.fitted(_entry(typed, entry), type_, path) is not None
                for entry in sorted(entries)
            ]
            return typed.expression if all(sound) else None
        wanted = replace(type_, kind="codes", values=(), ordered=False)
        if type_.kind not in ("code", "codes") or not same_system(typed.type, wanted):
            self.mismatch(typed, type_ if type_.kind not in ("code", "codes") else wanted, path)
            return None
        return self.fitted(typed, wanted, path)


def _one(expression: Expression | None) -> tuple[Expression, ...] | None:
    return None if expression is None else (expression,)


def _entry(typed: Typed, entry: str) -> Typed:
    """One entry of a parameter that is a list, as a parameter of its own."""
    assert isinstance(typed.expression, Constant)
    return typed._replace(expression=replace(typed.expression, value=entry), type=FactType("code"))


def _position(constant: Constant, score: Score) -> Constant:
    return replace(constant, value=score.values.index(str(constant.value)))


def _above(low: Expression, high: Expression) -> bool:
    return (
        isinstance(low, Constant) and isinstance(high, Constant) and low.value > high.value  # type: ignore[operator]
    )


def _text(raw: Any) -> str:
    names: Sequence[Any] = list(raw.values()) if isinstance(raw, dict) else []
    return f"`{names[0]}`" if len(names) == 1 and isinstance(names[0], str) else shown(raw)
