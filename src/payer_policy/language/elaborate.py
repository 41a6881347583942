"""Elaboration: a raw JSON condition or expression, checked and typed.

Every method reports all that is wrong below its place and returns None where nothing sound is
left; a caller goes on with the next part, so that one run shows all problems.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonPath
from payer_policy.language.scope import Reporter, Scope
from payer_policy.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Condition,
    Constant,
    Expression,
    FactRef,
    Not,
    Score,
    Test,
    Window,
)
from payer_policy.semantics import value_of
from payer_policy.vocabulary.operators import OPERATORS, Operator
from payer_policy.vocabulary.types import FactType, ValueProblem, exact_number, parse_value, shown
from payer_policy.vocabulary.units import UNITS, factor

COMBINATORS: Final = ("all", "any", "not", "at_least", "of")
ARITHMETIC_ARITY: Final[dict[str, tuple[int, int]]] = {
    "sum": (1, 99),
    "difference": (2, 2),
    "product": (1, 99),
    "quotient": (2, 2),
    "round_up": (1, 1),
    "round_down": (1, 1),
    "minimum": (1, 99),
    "maximum": (1, 99),
    "days_between": (2, 2),
    "years_between": (2, 2),
}
WINDOW_UNITS: Final = ("days", "weeks", "months", "years", "business_days")
REFERENCES: Final = ("fact", "parameter", "code_set")

COMPOUND: Final = "?"
"""The unit of a product or quotient that has no name here; it goes with any unit."""

_NUMBER: Final = FactType("decimal")
_WHOLE: Final = FactType("integer")
_DATE: Final = FactType("date")


class _Typed(NamedTuple):
    expression: Expression
    type: FactType


class Elaborator:
    """Turns raw JSON into the intermediate form, within one scope and one file."""

    def __init__(self, scope: Scope, report: Reporter) -> None:
        self.scope = scope
        self.report = report

    # --- conditions ------------------------------------------------------------------------------

    def condition(self, raw: Any, path: JsonPath) -> Condition | None:
        """A condition: `all`, `any`, `not`, `at_least … of`, or one test."""
        subject = self.scope.subject
        if not isinstance(raw, dict):
            self.report(
                "wrong-type",
                f"found {shown(raw)}; a condition was expected",
                path,
                hint=f'write {{"{subject}": …, "is": …}} or {{"all": [ … ]}}',
            )
            return None
        keys = [key for key in raw if key != "note"]
        if not keys:
            self.report(
                "empty-condition",
                "a condition is empty; it would say nothing",
                path,
                hint=f'write a test such as {{"{subject}": …, "is": …}}',
            )
            return None
        if subject in raw:
            return self._test(raw, path)
        if "of" in raw or "at_least" in raw:
            return self._at_least(raw, path, keys)
        heads = [key for key in keys if key in ("all", "any", "not")]
        for key in keys:
            if key not in heads:
                known = [*COMBINATORS, subject]
                hint = did_you_mean(key, known)
                if hint is None and key in OPERATORS:
                    hint = f'a test names its {subject} first: {{"{subject}": …, "{key}": …}}'
                self.report(
                    "unknown-key",
                    f"`{key}` is not part of a condition; expected one of {', '.join(known)}",
                    (*path, key),
                    key=True,
                    hint=hint,
                )
        if len(heads) > 1:
            self.report(
                "wrong-shape",
                f"a condition has one of `all`, `any`, `not`; found {_and(heads)}",
                (*path, heads[1]),
                key=True,
                hint="put one inside the other",
            )
        if len(heads) != 1 or len(keys) != 1:
            for head in heads:
                self._combined(head, raw[head], (*path, head))
            return None
        return self._combined(heads[0], raw[heads[0]], (*path, heads[0]))

    def _combined(self, head: str, raw: Any, path: JsonPath) -> Condition | None:
        if head == "not":
            part = self.condition(raw, path)
            return None if part is None else Not(part)
        parts = self._parts(raw, path, head)
        if parts is None:
            return None
        return All(parts) if head == "all" else AnyOf(parts)

    def _at_least(self, raw: dict[str, Any], path: JsonPath, keys: list[str]) -> Condition | None:
        for key in keys:
            if key not in ("at_least", "of"):
                self.report(
                    "unknown-key",
                    f"`{key}` does not go with `at_least … of`",
                    (*path, key),
                    key=True,
                    hint=did_you_mean(key, ("at_least", "of")),
                )
        parts = self._parts(raw["of"], (*path, "of"), "of") if "of" in raw else None
        count = raw.get("at_least")
        for key in ("at_least", "of"):
            if key not in raw:
                hint = 'write {"at_least": 2, "of": [ … ]}'
                if key == "of" and self.scope.subject not in raw:
                    hint += f', or for a test {{"{self.scope.subject}": …, "at_least": …}}'
                self.report("missing-key", f"`{key}` is missing here", path, hint=hint)
        if "at_least" in raw and (isinstance(count, bool) or not isinstance(count, int)):
            self.report(
                "wrong-type",
                f"found {shown(count)}; a whole number was expected",
                (*path, "at_least"),
            )
            return None
        if parts is None or not isinstance(count, int):
            return None
        if not 1 <= count <= len(parts):
            self.report(
                "wrong-value",
                f"at least {count} of {len(parts)} conditions can "
                f"{'never fail' if count < 1 else 'never hold'}",
                (*path, "at_least"),
                hint=f"use a number from 1 to {len(parts)}",
            )
            return None
        return AtLeast(count, parts)

    def _parts(self, raw: Any, path: JsonPath, head: str) -> tuple[Condition, ...] | None:
        if not isinstance(raw, list):
            self.report("wrong-type", f"`{head}` takes a list of conditions", path)
            return None
        if not raw:
            self.report(
                "empty-condition",
                f"`{head}` has no conditions; it would always "
                f"{'hold' if head == 'all' else 'fail'}",
                path,
                hint="add a condition or remove it",
            )
            return None
        parts = [self.condition(part, (*path, index)) for index, part in enumerate(raw)]
        sound = tuple(part for part in parts if part is not None)
        return sound if len(sound) == len(parts) else None

    # --- tests -----------------------------------------------------------------------------------

    def _test(self, raw: dict[str, Any], path: JsonPath) -> Test | None:
        subject = self.scope.subject
        name = raw[subject]
        type_ = self._subject_type(name, (*path, subject))
        operators = [key for key in raw if key not in (subject, "note")]
        for key in operators:
            if key not in OPERATORS:
                self.report(
                    "unknown-operator",
                    f"`{key}` is not a test operator",
                    (*path, key),
                    key=True,
                    hint=did_you_mean(key, OPERATORS)
                    or "to see every operator: payer-policy operators",
                )
        known = [key for key in operators if key in OPERATORS]
        if not operators:
            self.report(
                "missing-key",
                f"the test of `{name}` has no operator",
                path,
                hint='add one, such as "is": …',
            )
        elif len(operators) > 1:
            self.report(
                "wrong-shape",
                f"a test has one operator; found {_and(operators)}",
                (*path, operators[1]),
                key=True,
                hint='use {"all": [ … ]} with one test each',
            )
        if type_ is None or len(operators) != 1 or len(known) != 1:
            return None
        return self._typed_test(name, type_, OPERATORS[known[0]], raw[known[0]], (*path, known[0]))

    def _subject_type(self, name: Any, path: JsonPath) -> FactType | None:
        subject = self.scope.subject
        noun = "fact" if subject == "fact" else "line field"
        if not isinstance(name, str):
            self.report("wrong-type", f"found {shown(name)}; the name of a {noun} was expected", path)
            return None
        type_ = self.scope.subjects.get(name)
        if type_ is None:
            group = name.partition(".")[0]
            hint = did_you_mean(name, self.scope.subjects)
            if hint is None and subject == "fact":
                hint = f"to see every fact you can use: payer-policy facts {group}"
            self.report("unknown-fact", f"`{name}` is not a {noun}", path, hint=hint)
        return type_

    def _typed_test(
        self, name: str, type_: FactType, operator: Operator, raw: Any, path: JsonPath
    ) -> Test | None:
        if not operator.fits(type_.kind, type_.ordered):
            legal = [row.name for row in OPERATORS.values() if row.fits(type_.kind, type_.ordered)]
            self.report(
                "operator-type",
                f"`{operator.name}` does not go with `{name}`, which is {type_.describe()}",
                path,
                key=True,
                hint=f"use one of {', '.join(legal)}",
            )
            return None
        right: tuple[Expression, ...] | None
        left: FactRef | Score = FactRef(name)
        match operator.shape:
            case "flag":
                if not isinstance(raw, bool):
                    self.report(
                        "wrong-type", f"found {shown(raw)}; true or false was expected", path
                    )
                    return None
                right = (Constant(raw),)
            case "several":
                right = self._several(type_, raw, path)
            case "window":
                window = self._window(raw, path)
                right = None if window is None else (window,)
            case "code":
                right = self._wrap(self.operand(raw, replace(type_, kind="code"), path))
            case shape:
                wanted = type_
                if type_.kind == "choice" and operator.name not in ("is", "is_not"):
                    left = Score(name, type_.values)
                if shape == "pair":
                    if not isinstance(raw, list) or len(raw) != 2:
                        self.report(
                            "wrong-type",
                            f"`{operator.name}` takes a list of two values",
                            path,
                            hint="write [lowest, highest]",
                        )
                        return None
                    low = self._scored(left, raw[0], wanted, (*path, 0))
                    high = self._scored(left, raw[1], wanted, (*path, 1))
                    if low is None or high is None:
                        return None
                    if _above(low, high):
                        self.report(
                            "wrong-value", "the first value is above the second", path,
                            hint="swap the two values",
                        )
                        return None
                    right = (low, high)
                else:
                    right = self._wrap(self._scored(left, raw, wanted, path))
        return None if right is None else Test(name, operator.name, left, right)

    @staticmethod
    def _wrap(expression: Expression | None) -> tuple[Expression, ...] | None:
        return None if expression is None else (expression,)

    def _scored(
        self, left: FactRef | Score, raw: Any, type_: FactType, path: JsonPath
    ) -> Expression | None:
        """The right side; for an ordered choice compared by size, its position."""
        if isinstance(left, FactRef):
            return self.operand(raw, type_, path)
        if isinstance(raw, dict) and (("fact" not in raw) or raw["fact"] not in self.scope.facts):
            return self.operand(raw, _NUMBER, path)
        if isinstance(raw, dict):
            typed = self._typed(raw, None, path)
            if typed is None:
                return None
            if typed.type.values == left.values and isinstance(typed.expression, FactRef):
                return Score(typed.expression.fact, left.values)
            return self._fitted(typed, _NUMBER, path)
        expression = self.operand(raw, type_, path)
        if isinstance(expression, Constant):
            value = str(expression.value)
            return Constant(left.values.index(value), name=f"choice:{value}")
        return expression

    def _several(self, type_: FactType, raw: Any, path: JsonPath) -> tuple[Expression, ...] | None:
        item = replace(type_, kind="code") if type_.kind == "codes" else type_
        listed = replace(type_, kind="codes") if type_.kind in ("code", "codes") else None
        if isinstance(raw, dict):
            return self._wrap(self._code_list(raw, listed, path))
        if not isinstance(raw, list):
            self.report("wrong-type", f"found {shown(raw)}; a list was expected", path)
            return None
        if not raw:
            self.report(
                "empty-condition",
                "the list is empty; the test would decide nothing",
                path,
                hint="add a value or remove the test",
            )
            return None
        values = []
        for index, entry in enumerate(raw):
            typed = self.operand(entry, item, (*path, index))
            if typed is None:
                continue
            if not isinstance(typed, Constant):
                self.report("wrong-type", "a list holds plain values only", (*path, index))
                continue
            values.append(typed.value)
        return (Constant(frozenset(values)),) if len(values) == len(raw) else None  # type: ignore[arg-type]

    def _code_list(
        self, raw: dict[str, Any], wanted: FactType | None, path: JsonPath
    ) -> Expression | None:
        typed = self._typed(raw, wanted, path)
        if typed is None:
            return None
        if typed.type.kind != "codes":
            self.report("wrong-type", "a list of codes or a code set was expected", path)
            return None
        if (
            wanted is None
            or not _same_system(typed.type.system, wanted.system)
        ):
            expected = wanted.system if wanted else None
            self.report(
                "wrong-type",
                f"the codes are of the system {typed.type.system}; "
                f"{expected or 'no codes'} were expected",
                path,
            )
            return None
        return typed.expression

    def _window(self, raw: Any, path: JsonPath) -> Window | None:
        shape = 'write {"days": 30, "before": {"fact": …}}'
        if not isinstance(raw, dict):
            self.report("wrong-type", "`within` takes a span of days", path, hint=shape)
            return None
        units = [key for key in raw if key in WINDOW_UNITS]
        directions = [key for key in raw if key in ("before", "after")]
        sound = True
        for key in raw:
            if key not in (*WINDOW_UNITS, "before", "after", "note"):
                sound = False
                self.report(
                    "unknown-key",
                    f"`{key}` is not part of a span of days",
                    (*path, key),
                    key=True,
                    hint=did_you_mean(key, (*WINDOW_UNITS, "before", "after")),
                )
        if len(units) != 1 or len(directions) != 1:
            self.report(
                "wrong-shape",
                f"a span has one of {', '.join(WINDOW_UNITS)} and one of before, after",
                path,
                hint=shape,
            )
            return None
        amount = self.operand(raw[units[0]], _WHOLE, (*path, units[0]))
        anchor = self.operand(raw[directions[0]], _DATE, (*path, directions[0]))
        if amount is None or anchor is None or not sound:
            return None
        if isinstance(amount, Constant) and isinstance(amount.value, int) and amount.value < 0:
            self.report("wrong-value", "a span of days cannot be negative", (*path, units[0]))
            return None
        return Window(amount, units[0], directions[0], anchor)  # type: ignore[arg-type]

    # --- expressions -------------------------------------------------------------------------------

    def operand(self, raw: Any, wanted: FactType, path: JsonPath) -> Expression | None:
        """What stands on a right side, of the wanted type, converted to the wanted unit."""
        typed = self._typed(raw, wanted, path)
        return None if typed is None else self._fitted(typed, wanted, path)

    def number(self, raw: Any, path: JsonPath) -> Expression | None:
        """An expression whose value is a number, in whatever unit."""
        return self.operand(raw, _NUMBER, path)

    def any_expression(self, raw: Any, path: JsonPath) -> tuple[Expression, FactType] | None:
        """An expression of any type, with its type."""
        return self._typed(raw, None, path)

    def _typed(self, raw: Any, wanted: FactType | None, path: JsonPath) -> _Typed | None:
        if isinstance(raw, dict):
            return self._made(raw, path)
        if wanted is None:
            try:
                number = exact_number(raw)
            except ValueProblem as problem:
                self.report(problem.code, problem.message, path, hint=problem.hint)
                return None
            return _Typed(Constant(number), _NUMBER)
        if isinstance(raw, str) and wanted.kind in ("integer", "decimal"):
            self.report("wrong-type", f"found {shown(raw)}; {wanted.describe()} was expected", path,
                        hint="write the number without quotation marks")
            return None
        try:
            value = parse_value(wanted, raw)
        except ValueProblem as problem:
            self.report(problem.code, problem.message, path, hint=problem.hint)
            return None
        if wanted.kind == "code" and wanted.system:
            known = self.scope.known_codes(wanted.system)
            if known and value not in known:
                self.report(
                    "unknown-code",
                    f"`{value}` is not a code that the policy folder knows "
                    f"(system {wanted.system})",
                    path,
                    hint=did_you_mean(str(value), known)
                    or "add it to a file under code_sets/ with its source and dates",
                )
                return None
        return _Typed(Constant(value), wanted)

    def _made(self, raw: dict[str, Any], path: JsonPath) -> _Typed | None:
        keys = [key for key in raw if key != "note"]
        legal = (*REFERENCES, *ARITHMETIC_ARITY)
        if len(keys) != 1 or keys[0] not in legal:
            wrong = [key for key in keys if key not in legal]
            if wrong:
                self.report(
                    "unknown-key",
                    f"`{wrong[0]}` is not a value; expected a plain value or one of "
                    f"{', '.join(legal)}",
                    (*path, wrong[0]),
                    key=True,
                    hint=did_you_mean(wrong[0], legal),
                )
            else:
                self.report(
                    "wrong-shape",
                    f"a value is made by one of {', '.join(legal)}; found {_and(keys) or 'nothing'}",
                    path,
                )
            return None
        key, inner = keys[0], raw[keys[0]]
        here = (*path, key)
        if key in REFERENCES:
            if not isinstance(inner, str):
                self.report("wrong-type", f"found {shown(inner)}; a name was expected", here)
                return None
            return self._reference(key, inner, here)
        return self._arithmetic(key, inner, here)

    def _reference(self, key: str, name: str, path: JsonPath) -> _Typed | None:
        if key == "fact":
            type_ = self.scope.facts.get(name)
            if type_ is None:
                self.report(
                    "unknown-fact", f"`{name}` is not a fact", path,
                    hint=did_you_mean(name, self.scope.facts)
                    or "to see every fact you can use: payer-policy facts",
                )
                return None
            return _Typed(FactRef(name), type_)
        if key == "parameter":
            self.scope.used("parameter", name)
            parameter = self.scope.parameters.get(name)
            if parameter is None:
                self.report(
                    "unknown-parameter", f"`{name}` is not a parameter of this policy", path,
                    hint=did_you_mean(name, self.scope.parameters)
                    or 'declare it under "parameters"',
                )
                return None
            return _Typed(
                Constant(parameter.value, f"parameter:{name}", parameter.type.unit), parameter.type
            )
        self.scope.used("code_set", name)
        members = self.scope.code_sets.get(name)
        if members is None:
            self.report(
                "unknown-code-set", f"`{name}` is not a code set", path,
                hint=did_you_mean(name, self.scope.code_sets)
                or f"add code_sets/{name}.json",
            )
            return None
        return _Typed(
            Constant(members.codes, f"code_set:{name}"), FactType("codes", system=members.system)
        )

    def _arithmetic(self, key: str, raw: Any, path: JsonPath) -> _Typed | None:
        least, most = ARITHMETIC_ARITY[key]
        entries = raw if isinstance(raw, list) else [raw]
        if (not isinstance(raw, list) and least != 1) or not least <= len(entries) <= most:
            count = "two values" if least == 2 else "one value" if most == 1 else "a list of values"
            self.report("wrong-shape", f"`{key}` takes {count}", path)
            return None
        on_dates = key in ("days_between", "years_between")
        typed: list[_Typed] = []
        for index, entry in enumerate(entries):
            where = (*path, index) if isinstance(raw, list) else path
            part = self._typed(entry, _DATE if on_dates else None, where)
            if part is None:
                continue
            if on_dates != (part.type.kind == "date") or not (on_dates or part.type.is_numeric):
                self.report(
                    "wrong-type",
                    f"`{key}` takes {'dates' if on_dates else 'numbers'}; "
                    f"this is {part.type.describe()}",
                    where,
                )
                continue
            if part.type.ordered and isinstance(part.expression, FactRef):
                part = _Typed(Score(part.expression.fact, part.type.values), _WHOLE)
            typed.append(part)
        if len(typed) != len(entries):
            return None
        return self._combine(key, typed, path)

    def _combine(self, key: str, parts: Sequence[_Typed], path: JsonPath) -> _Typed | None:
        if key in ("days_between", "years_between"):
            unit = "days" if key == "days_between" else "years"
            made = Arithmetic(key, tuple(part.expression for part in parts))
            return _Typed(made, FactType("integer", unit))
        unit = _unit_of(key, parts)
        expressions = [part.expression for part in parts]
        if key in ("sum", "difference", "minimum", "maximum") or (
            key == "quotient" and unit is None and parts[0].type.unit is not None
        ):
            common = next((part.type.unit for part in parts if part.type.unit), None)
            fitted = [self._fitted(part, FactType("decimal", common), path) for part in parts]
            if None in fitted:
                return None
            expressions = [expression for expression in fitted if expression is not None]
        whole = key in ("round_up", "round_down") or (
            key in ("sum", "difference", "product", "minimum", "maximum")
            and all(part.type.kind == "integer" for part in parts)
        )
        made = Arithmetic(key, tuple(expressions))
        type_ = FactType("integer" if whole else "decimal", unit)
        if all(isinstance(expression, Constant) for expression in expressions):
            value = value_of(made, {})
            if value is None:
                self.report("wrong-value", "this divides by zero", path)
                return None
        return _Typed(made, type_)

    def _fitted(self, typed: _Typed, wanted: FactType, path: JsonPath) -> Expression | None:
        """The expression if it can stand where `wanted` is expected; numbers in its unit."""
        found = typed.type
        if wanted.kind in ("integer", "decimal"):
            if found.ordered and isinstance(typed.expression, FactRef):
                return Score(typed.expression.fact, found.values)
            if found.kind not in ("integer", "decimal"):
                self._mismatch(found, wanted, path)
                return None
            return self._in_unit(typed, wanted.unit, path)
        same = found.kind == wanted.kind and (
            found.kind != "choice" or found.values == wanted.values
        )
        if found.kind in ("code", "codes") and same:
            same = _same_system(found.system, wanted.system)
        if found.kind == "code" and wanted.kind == "choice":
            same = isinstance(typed.expression, Constant) and typed.expression.value in wanted.values
        if not same:
            self._mismatch(found, wanted, path)
            return None
        return typed.expression

    def _mismatch(self, found: FactType, wanted: FactType, path: JsonPath) -> None:
        self.report(
            "wrong-type",
            f"this is {found.describe()}; {wanted.describe()} was expected",
            path,
        )

    def _in_unit(self, typed: _Typed, unit: str | None, path: JsonPath) -> Expression | None:
        found = typed.type.unit
        if unit is None or found is None or found == unit:
            return typed.expression
        if found not in UNITS or unit not in UNITS:
            return typed.expression  # the declaration of the unit is reported where it stands
        by = factor(found, unit)
        if by is None:
            self.report(
                "unit-mismatch",
                f"this is in {found}; {unit} were expected, and the one does not convert "
                "to the other",
                path,
            )
            return None
        if isinstance(typed.expression, Constant):
            converted = Fraction(typed.expression.value) * by  # type: ignore[arg-type]
            return replace(typed.expression, value=_tidy(converted))
        return Arithmetic("product", (typed.expression, Constant(_tidy(by))))


def _unit_of(key: str, parts: Sequence[_Typed]) -> str | None:
    """The unit of an operation's result; a compound one is `COMPOUND` and not checked further."""
    units = [part.type.unit for part in parts]
    if key == "product":
        named = [unit for unit in units if unit is not None]
        return named[0] if len(named) == 1 else COMPOUND if named else None
    if key == "quotient":
        above, below = units
        if below is None:
            return above
        same = above in UNITS and below in UNITS and factor(str(above), below) is not None
        return None if same else COMPOUND
    return next((unit for unit in units if unit is not None), None)


def _tidy(value: Fraction) -> int | Decimal | Fraction:
    return value.numerator if value.denominator == 1 else value


def _same_system(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b


def _above(low: Expression, high: Expression) -> bool:
    return (
        isinstance(low, Constant)
        and isinstance(high, Constant)
        and low.value > high.value  # type: ignore[operator]
    )


def _and(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names]
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
