"""The right sides of tests, checked and typed: values, names, exact arithmetic.

Units are converted here, once, so that everything after deals in plain numbers. The unit of a product
or quotient is worked out; where another one is wanted, it converts or is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Literal, NamedTuple

from payer_policy.core.diagnostics import did_you_mean, slip_of
from payer_policy.core.far_days import far_day
from payer_policy.core.json_source import JsonPath, Reporter
from payer_policy.core.ruleset import (
    Arithmetic,
    Constant,
    Expression,
    FactRef,
    Lookup,
    Moved,
    Score,
    Window,
)
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import (
    category,
    codes_of,
    family_of,
    malformed,
    normalize_code,
)
from payer_policy.core.vocabulary.types import (
    NONE_TEXT,
    NUMERIC,
    FactType,
    Kind,
    Value,
    ValueProblem,
    exact_number,
    format_value,
    is_numeral,
    parse_value,
    quantity_of,
    shown,
)
from payer_policy.core.vocabulary.units import (
    DRUG_AMOUNT,
    NotAUnit,
    Unit,
    product_of,
    quotient_of,
    typical,
)
from payer_policy.language.scope import Scope

WINDOW_UNITS: Final[dict[str, str | None]] = {
    "days": "days",
    "weeks": "weeks",
    "months": "months",
    "years": "years",
    "business_days": None,
}
"""The keys that say how long a span of days is, with the unit that the number is in."""

ARITHMETIC_ARITY: Final[dict[str, tuple[int, int]]] = {
    "sum": (1, 99),
    "difference": (2, 2),
    "product": (1, 99),
    "quotient": (2, 2),
    "round_up": (1, 1),
    "round_down": (1, 1),
    "round_half_up": (1, 1),
    "minimum": (1, 99),
    "maximum": (1, 99),
    "days_between": (2, 2),
    "days_overlapping": (2, 2),
    "years_between": (2, 2),
}
REFERENCES: Final = ("fact", "parameter", "define", "code_set")
ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)

CALENDAR: Final = "calendar:"
"""What the name of a calendar begins with among the names that a rule uses."""

NUMBER: Final = FactType("decimal")
WHOLE: Final = FactType("integer")
DATE: Final = FactType("date")

_DRUG_CODE: Final = re.compile(r"[A-Z]\d{4}\Z", re.ASCII)
_ON_DATES: Final = ("days_between", "years_between")
_ROUNDED: Final = ("round_up", "round_down", "round_half_up")
_OF_DATES_TOO: Final = ("minimum", "maximum")
_SPAN_KEYS: Final = frozenset({*WINDOW_UNITS, "before", "after"})
_OF_ONE_UNIT: Final = ("sum", "difference", "minimum", "maximum")


class Typed(NamedTuple):
    """An expression with its own type, and what people call it."""

    expression: Expression
    type: FactType
    called: str
    unit: Unit | None = None
    """The unit of a number; a product may have one that no fact could have, such as mg times mL."""

    @property
    def misnamed(self) -> bool:
        """Whether its unit is none, which is reported where it is declared."""
        return self.type.unit is not None and self.unit is None


class Expressions:
    """Turns raw JSON operands into expressions, within one scope and one file.

    Every method reports all that is wrong below its place and returns None where nothing sound is
    left; the caller continues with the next part, so that one run shows all problems.
    """

    def __init__(self, scope: Scope, report: Reporter) -> None:
        self.scope = scope
        self.report = report

    def operand(self, raw: Any, wanted: FactType, path: JsonPath) -> Expression | None:
        """What can be compared with a value of the wanted type, in the wanted unit."""
        typed = self.typed(raw, wanted, path)
        return None if typed is None else self.fitted(typed, wanted, path)

    def value(self, raw: Any, wanted: FactType, path: JsonPath) -> Expression | None:
        """An expression whose value is itself of the wanted type: whole where that is whole."""
        typed = self.typed(raw, wanted, path)
        expression = None if typed is None else self.fitted(typed, wanted, path)
        if typed is None or expression is None:
            return None
        if wanted.kind == "integer" and not _is_whole(typed, expression, self._unit(wanted)):
            found = f"{typed.called} is {typed.type.describe()}"
            hint = 'write {"round_up": …} or {"round_down": …} around it'
            if isinstance(expression, Constant):
                found = f"{typed.called} comes to {format_value(expression.value)}"
                hint = "change the number, or its unit"
            message = f"{found}; {wanted.describe()} was expected"
            self.report("wrong-type", message, path, hint=hint)
            return None
        return expression

    def typed(self, raw: Any, wanted: FactType | None, path: JsonPath) -> Typed | None:
        """A literal, a name or arithmetic, with its own type.

        A literal is read as one of the wanted type (None: as a number).
        """
        if isinstance(raw, dict):
            return self._made(raw, path)
        try:
            if (quantity := self._quantity(raw, wanted)) is not None:
                return quantity
        except ValueProblem as problem:
            self.report(problem.code, problem.message, path, hint=problem.hint)
            return None
        value = self.literal(raw, wanted, path)
        if value is None:
            return None
        type_ = wanted or (WHOLE if isinstance(value, int) else NUMBER)
        return Typed(Constant(value), type_, shown(raw), self._unit(type_))

    def literal(self, raw: Any, wanted: FactType | None, path: JsonPath) -> Value | None:
        """A plain value of the wanted type (None: a number); None where it is not one (reported)."""
        try:
            if wanted is not None and (quantity := self._quantity(raw, wanted)) is not None:
                made = self.fitted(quantity, wanted, path)
                return made.value if isinstance(made, Constant) else None
            value = _literal(raw, wanted)
        except ValueProblem as problem:
            self.report(problem.code, problem.message, path, hint=problem.hint)
            return None
        if wanted is None or wanted.kind not in ("code", "codes"):
            return value
        return value if self._codes_known(raw, wanted, path) else None

    def _unit(self, type_: FactType) -> Unit | None:
        return self.scope.units.named(type_.unit)

    def _quantity(self, raw: Any, wanted: FactType | None) -> Typed | None:
        """A number with a unit written beside it, such as "10 mg"; None: it is something else."""
        if not isinstance(raw, str) or (wanted is not None and wanted.kind not in NUMERIC):
            return None
        given = quantity_of(raw)
        if given is None:
            return None
        try:
            unit = self.scope.units.read(given.unit)
        except NotAUnit as problem:
            message = f"found {shown(raw)}; {problem.message}"
            raise ValueProblem("unknown-unit", message, problem.hint) from None
        number = exact_number(given.number)
        kind: Kind = "integer" if isinstance(number, int) else "decimal"
        constant = Constant(number, None, unit.name)
        return Typed(constant, FactType(kind, unit.name), shown(raw), unit)

    def fitted(
        self, typed: Typed, wanted: FactType, path: JsonPath, *, any_unit: bool = False
    ) -> Expression | None:
        """The expression if it fits where `wanted` is expected; numbers in its unit."""
        found, expression = typed.type, typed.expression
        if wanted.kind in NUMERIC:
            if found.ordered and isinstance(expression, FactRef):
                return Score(expression.fact, found.values)
            if found.kind in NUMERIC:
                unit = self._unit(wanted)
                if any_unit or (wanted.unit is not None and unit is None):
                    return expression  # a unit that is none is reported where it is declared
                return self._in_unit(typed, unit, path)
            if self._quoted(typed, wanted):
                return None
        elif parameter := _code_parameter(typed):
            return self._parameter_codes(parameter, typed, wanted, path)
        elif (
            found.kind == wanted.kind
            and found.values == wanted.values
            and same_system(found, wanted)
        ):
            return expression
        self.mismatch(typed, wanted, path)
        return None

    def _quoted(self, typed: Typed, wanted: FactType) -> bool:
        """Report a parameter that is a number in quotation marks, where it stands."""
        name, value = _code_parameter(typed), getattr(typed.expression, "value", None)
        if name is None or not isinstance(value, str) or not is_numeral(value):
            return False
        message = f'found "{value}", a text; a rule takes it as {wanted.describe()}'
        hint = f"remove the quotation marks: {value}"
        self.scope.at_parameter(name)("wrong-type", message, hint=hint)
        return True

    def note(self, raw: dict[str, Any], path: JsonPath) -> None:
        """Check the remark that any condition or value may carry."""
        if "note" in raw and not isinstance(raw["note"], str):
            self.report.mistyped(raw["note"], "a text", (*path, "note"), of="note")

    def mismatch(self, typed: Typed, wanted: FactType, path: JsonPath) -> None:
        """Report that an expression is of another type than its place wants."""
        message = f"{typed.called} is {typed.type.describe()}; {wanted.describe()} was expected"
        self.report("wrong-type", message, path)

    # --- codes -----------------------------------------------------------------------------------

    def _codes_known(self, raw: Any, wanted: FactType, path: JsonPath) -> bool:
        sound = True
        listed = enumerate(raw) if wanted.kind == "codes" else [(None, raw)]
        for index, text in listed:
            where = path if index is None else (*path, index)
            sound = self._code_known(text, wanted.system, self.report, where) and sound
        return sound

    def _code_known(
        self, text: str, system: str | None, report: Reporter, path: JsonPath = (), **more: Any
    ) -> bool:
        """Whether a text is a code that can be named; what is wrong with it is reported."""
        known = self.scope.known_codes(system) if system else frozenset()
        code = normalize_code(system, text)
        if (wrong := malformed(system, text)) is not None:
            message, hint = f"found {shown(text)}; {wrong[0]}", wrong[1]
            report("unknown-code", message, path, hint=hint, **more)
            return False
        if system == "icd10cm" and code in self.scope.categories:
            since = self.scope.categories[code]
            message, hint = category(code, since)
            more["warning"] = since is not None
            report("category-code", message, path, hint=hint, **more)
            return since is not None
        if not known or code in known:
            return True
        listed = "list it in a file under code_sets/"
        if system == "hcpcs" and _DRUG_CODE.match(code):
            # Neighbors are other drugs, so none is proposed: J0585 and J0586 are two.
            hint = f"add drugs/{code}.json; if it is no drug, {listed}"
        else:
            hint = slip_of(code, known) or f"if it is right, {listed}"
        message = f"`{code}` is in no list of {system} codes of the policy folder"
        report("unknown-code", message, path, hint=hint, **more)
        return False

    def listed(self, raw: Any, item: FactType, path: JsonPath) -> Expression | None:
        """What can be in a list of values of a type: for a code, a family of codes as well."""
        if item.kind == "code" and isinstance(raw, str) and (family := family_of(item.system, raw)):
            return Constant(family)
        return self.operand(raw, item, path)

    def _parameter_codes(
        self, name: str, typed: Typed, wanted: FactType, path: JsonPath
    ) -> Expression | None:
        """A parameter that is a text, or several, in the spelling of the wanted codes or values."""
        constant = typed.expression
        assert isinstance(constant, Constant)
        several = isinstance(constant.value, frozenset)
        if wanted.kind not in (("codes",) if several else ("code", "choice")):
            self.mismatch(typed, wanted, path)
            return None
        texts = (
            sorted(constant.value) if isinstance(constant.value, frozenset) else [constant.value]
        )
        sound, report = True, self.scope.at_parameter(name)
        for text in map(str, texts):
            if wanted.kind == "choice":
                if text not in wanted.values:
                    message = f'found "{text}"; expected one of {", ".join(wanted.values)}'
                    hint = did_you_mean(text, wanted.values)
                    report("unknown-value", message, hint=hint, part=f'"{text}"')
                    sound = False
            elif not (several and family_of(wanted.system, text)):
                sound = self._code_known(text, wanted.system, report, part=f'"{text}"') and sound
        if not sound or wanted.kind == "choice":
            return constant if sound else None
        spelled = [
            family_of(wanted.system, str(text)) or normalize_code(wanted.system, str(text))
            for text in texts
        ]
        return replace(constant, value=codes_of(wanted.system, spelled) if several else spelled[0])

    # --- names -----------------------------------------------------------------------------------

    def _made(self, raw: dict[str, Any], path: JsonPath) -> Typed | None:
        self.note(raw, path)
        rounds = next((key for key in _ROUNDED if key in raw), None)
        keys = [key for key in raw if key != "note" and not (rounds and key == "to")]
        if "table" in raw:
            return self._looked_up(raw, path)
        if not _SPAN_KEYS.isdisjoint(raw):
            return self._day(raw, path)
        legal = (*REFERENCES, "table", *ARITHMETIC_ARITY)
        wrong = [key for key in keys if key not in legal]
        for key in wrong:
            message = f"`{key}` does not make a value; expected a plain value or one of "
            message += ", ".join(legal)
            hint = did_you_mean(key, legal)
            if key == "to":
                hint = f"`to` is for {', '.join(_ROUNDED)}"
            self.report("unknown-key", message, (*path, key), key=True, hint=hint)
        if wrong:
            return None
        if len(keys) != 1:
            message = f"a value is made in one way; found {and_(keys) or 'an empty object'}"
            hint = f"write one of {', '.join(legal)}"
            self.report("wrong-shape", message, (*path, *keys[1:2]), key=True, hint=hint)
            return None
        key, inner = keys[0], raw[keys[0]]
        here = (*path, key)
        if key == "days_overlapping":
            return self._overlapping(inner, here)
        if key not in REFERENCES:
            made = self._arithmetic(key, inner, here, to_multiple="to" in raw)
            return self._to_multiple(key, made, raw["to"], (*path, "to")) if "to" in raw else made
        if not isinstance(inner, str):
            self.report.mistyped(inner, "a name", here)
            return None
        if key == "fact":
            return self._fact(inner, here)
        if key == "define":
            defined: Typed | None = self.defined(inner, "value", here)
            return defined
        return self._parameter(inner, here) if key == "parameter" else self._code_set(inner, here)

    def defined(self, name: Any, wanted: Literal["value", "when"], path: JsonPath) -> Any:
        """What the policy defines by a name; None where it is not what is wanted (reported)."""
        known = self.scope.definitions
        if not isinstance(name, str):
            self.report.mistyped(name, "a name", path)
            return None
        if known is None:
            message = "a definition cannot be used here: definitions belong to policies"
            self.report("unknown-definition", message, path, hint="write what is meant itself")
            return None
        if name not in known.kinds:
            hint = did_you_mean(name, known.kinds)
            hint = hint or f'define it: "define": {{"{name}": {{"{wanted}": …}}}}'
            message = f"`{name}` is not a definition of this policy"
            self.report("unknown-definition", message, path, hint=hint)
            return None
        made, kind = known.made(name), known.kinds[name]
        if kind is None or kind == wanted:
            return made
        message = f"`{name}` is defined as a value; a condition was expected"
        hint = f'test a fact: {{"{self.scope.subject}": …, "is": {{"define": "{name}"}}}}'
        if wanted == "value":
            message = f"`{name}` is defined as a condition; a value was expected"
            hint = f'use it as a condition: {{"define": "{name}"}}'
        self.report("wrong-type", message, path, hint=hint)
        return None

    def _fact(self, name: str, path: JsonPath) -> Typed | None:
        type_ = self.scope.facts.get(name)
        if type_ is not None:
            return Typed(FactRef(name), type_, f"`{name}`", self._unit(type_))
        hint = did_you_mean(name, self.scope.facts)
        if name in self.scope.subjects:
            hint = "only facts of the vocabulary can be compared with, not fields of the line"
        hint = hint or "to see every fact you can use: payer-policy facts"
        self.report("unknown-fact", f"`{name}` is not a fact", path, hint=hint)
        return None

    def _parameter(self, name: str, path: JsonPath) -> Typed | None:
        self.scope.used(name)
        known = self.scope.parameters
        if known is None:
            message = "a parameter cannot be used here: parameters belong to policies"
            self.report("unknown-parameter", message, path, hint="write the value itself")
            return None
        if name not in known:
            hint = did_you_mean(name, known)
            hint = hint or f'declare it: "parameters": {{"{name}": {{"value": …}}}}'
            message = f"`{name}` is not a parameter of this policy"
            self.report("unknown-parameter", message, path, hint=hint)
            return None
        parameter = known[name]
        if parameter is None:
            return None  # what is wrong with its value is said where that stands
        value, type_ = parameter
        constant = Constant(value, f"parameter:{name}", type_.unit)
        return Typed(constant, type_, f"parameter `{name}`", self._unit(type_))

    def _looked_up(self, raw: dict[str, Any], path: JsonPath) -> Typed | None:
        name, known = raw["table"], self.scope.tables
        strange = [key for key in raw if key not in ("table", "column", "note")]
        for key in strange:
            message = f"`{key}` cannot be beside `table`"
            near = did_you_mean(key, ("column",)) or 'write {"table": …, "column": …}'
            self.report("unknown-key", message, (*path, key), key=True, hint=near)
        if not isinstance(name, str):
            self.report.mistyped(name, "the name of a table", (*path, "table"))
            return None
        self.scope.used(f"table:{name}")
        if known is None or name not in known:
            message = f"`{name}` is not a table of this policy"
            hint = did_you_mean(name, known or ())
            hint = hint or f'declare it: "tables": {{"{name}": {{"by": […], "gives": {{…}}, …}}}}'
            if known is None:
                message = "a table cannot be used here: tables belong to policies"
                hint = "write a rule that concludes what is meant"
            self.report("unknown-table", message, (*path, "table"), hint=hint)
            return None
        table, column = known[name], raw.get("column")
        if table is None or strange:
            return None  # what is wrong with a table is said where that is
        if column not in table.columns:
            message = f"{shown(column)} is no column of `{name}`; "
            message = message if "column" in raw else "a table is looked up with a `column`; "
            message += f"expected one of {', '.join(table.columns)}"
            hint = (
                did_you_mean(str(column), table.columns) or f'write "column": "{table.columns[0]}"'
            )
            self.report(
                "unknown-column",
                message,
                (*path, "column" if "column" in raw else "table"),
                hint=hint,
            )
            return None
        type_ = table.types[table.columns.index(column)]
        return Typed(Lookup(table, column), type_, f"table `{name}`", self._unit(type_))

    def _code_set(self, name: str, path: JsonPath) -> Typed | None:
        members = self.scope.code_sets.get(name)
        if members is None:
            hint = did_you_mean(name, self.scope.code_sets) or f"add code_sets/{name}.json"
            self.report("unknown-code-set", f"`{name}` is not a code set", path, hint=hint)
            return None
        constant = Constant(members.codes, f"code_set:{name}")
        return Typed(constant, FactType("codes", system=members.system), f"code set `{name}`")

    # --- days ------------------------------------------------------------------------------------

    def window(self, raw: Any, path: JsonPath) -> Window | None:
        """A span of days that ends or begins with a date, such as 30 days before another."""
        shape = 'write {"days": 30, "before": {"fact": …}}'
        if not isinstance(raw, dict):
            self.report.mistyped(raw, "a span of days", path, hint=shape)
            return None
        self.note(raw, path)
        known = (*WINDOW_UNITS, "before", "after", "calendar")
        strange = [key for key in raw if key not in (*known, "note")]
        for key in strange:
            message = f"`{key}` is not part of a span of days"
            hint = did_you_mean(key, known)
            self.report("unknown-key", message, (*path, key), key=True, hint=hint)
        units = [key for key in raw if key in WINDOW_UNITS]
        directions = [key for key in raw if key in ("before", "after")]
        if len(units) != 1 or len(directions) != 1:
            if not strange:
                message = f"a span of days has one of {', '.join(WINDOW_UNITS)} and one of before, "
                message += f"after; found {and_([*units, *directions]) or 'an empty object'}"
                self.report("wrong-shape", message, path, hint=shape)
            return None
        unit, direction = units[0], directions[0]
        whole = FactType("integer", WINDOW_UNITS[unit])
        amount = self.value(raw[unit], whole, (*path, unit))
        anchor = self.operand(raw[direction], DATE, (*path, direction))
        if amount is None or anchor is None or strange:
            return None
        if isinstance(amount, Constant) and isinstance(amount.value, int) and amount.value < 0:
            message = f"found {amount.value}; a span of days cannot be negative"
            other = "after" if direction == "before" else "before"
            hint = f"write `{other}` for the other direction"
            self.report("wrong-value", message, (*path, unit), hint=hint)
            return None
        if "calendar" not in raw:
            return Window(amount, unit, direction, anchor)
        calendar = self._calendar(raw["calendar"], unit, (*path, "calendar"))
        if calendar is None:
            return None
        window = Window(amount, calendar, direction, anchor)
        return window if self._is_known(window, path) else None

    def _calendar(self, name: Any, unit: str, path: JsonPath) -> HolidayCalendar | None:
        """A holiday calendar; None where it cannot be used (reported)."""
        known = self.scope.calendars
        if unit != "business_days":
            message = f"`calendar` is for business days; found `{unit}`"
            hint = "remove it, or write `business_days`"
            self.report("wrong-shape", message, path, key=True, hint=hint)
            return None
        if not isinstance(name, str):
            self.report.mistyped(name, "the name of a holiday calendar", path)
            return None
        self.scope.used(f"{CALENDAR}{name}")
        if name not in known:
            declare = f'declare it: "calendars": {{"{name}": {{"title": …, "from": …, …}}}}'
            near = did_you_mean(name, known)
            message = f"`{name}` is not a holiday calendar"
            self.report("unknown-calendar", message, path, hint=near or declare)
        return known.get(name)

    def _is_known(self, window: Window, path: JsonPath) -> bool:
        """Whether there can be the far day of a window; where it is written out, it is looked at."""
        if not (isinstance(window.amount, Constant) and isinstance(window.anchor, Constant)):
            return True
        count: Any = window.amount.value
        day: Any = window.anchor.value
        if far_day(count, window.unit, window.direction, day) is not None:
            return True
        hint: str | None = None
        message = "there is no such day: the calendar has the years 1 to 9999"
        if isinstance(window.unit, HolidayCalendar):
            name, first, last = window.unit.name, window.unit.first_day, window.unit.last_day
            message = f"the calendar `{name}` has the days from {first} through {last}"
            message += ", which do not reach that far"
            hint = f'extend "{name}" in "calendars", or write another day'
        self.report("wrong-value", message, path, hint=hint)
        return False

    def _day(self, raw: dict[str, Any], path: JsonPath) -> Typed | None:
        """The day so many days, weeks, months, years or business days before or after another."""
        window = self.window(raw, path)
        if window is None or not self._is_known(window, path):
            return None
        unit = next(key for key in raw if key in WINDOW_UNITS)
        return Typed(Moved(window), DATE, f"`{unit} {window.direction}`")

    def _overlapping(self, raw: Any, path: JsonPath) -> Typed | None:
        """The days that are in both of two periods."""
        shape = 'write [{"from": …, "through": …}, {"from": …, "through": …}]; `below` for an end '
        shape += "that is not included"
        if not isinstance(raw, list) or len(raw) != 2:
            found = f"{len(raw)} values" if isinstance(raw, list) else shown(raw)
            message = f"`days_overlapping` takes two periods; found {found}"
            self.report("wrong-shape", message, path, key=True, hint=shape)
            return None
        ends: list[Expression] = []
        for index, period in enumerate(raw):
            where = (*path, index)
            if not isinstance(period, dict) or set(period) - {"note"} not in (
                {"from", "through"},
                {"from", "below"},
            ):
                self.report("wrong-shape", "this is no period", where, hint=shape)
                continue
            first = self.operand(period["from"], DATE, (*where, "from"))
            end = "through" if "through" in period else "below"
            last = self.operand(period[end], DATE, (*where, end))
            if first is not None and last is not None:
                if end == "below":
                    last = Moved(Window(Constant(1), "days", "before", last))
                ends += [first, last]
        if len(ends) != 4:
            return None
        made = Arithmetic("days_overlapping", tuple(ends))
        type_ = FactType("integer", "days")
        return Typed(made, type_, "`days_overlapping`", self._unit(type_))

    # --- arithmetic ------------------------------------------------------------------------------

    def _arithmetic(
        self, key: str, raw: Any, path: JsonPath, *, to_multiple: bool = False
    ) -> Typed | None:
        least, most = ARITHMETIC_ARITY[key]
        entries = raw if isinstance(raw, list) else [raw]
        if (not isinstance(raw, list) and least != 1) or not least <= len(entries) <= most:
            count = "two values" if least == 2 else "one value" if most == 1 else "a list of values"
            found = f"{len(entries)} values" if isinstance(raw, list) else shown(raw)
            self.report("wrong-shape", f"`{key}` takes {count}; found {found}", path, key=True)
            return None
        on_dates = key in _ON_DATES
        typed: list[Typed] = []
        for index, entry in enumerate(entries):
            where = (*path, index) if isinstance(raw, list) else path
            dated = key in _OF_DATES_TOO and isinstance(entry, str) and ISO_DATE.match(entry)
            part = self.typed(entry, DATE if on_dates or dated else None, where)
            if part is None:
                continue
            if index == 0 and key in _OF_DATES_TOO:
                on_dates = part.type.kind == "date"
            if not (part.type.kind == "date" if on_dates else part.type.is_numeric):
                if not on_dates and self._quoted(part, NUMBER):
                    continue
                takes = "dates" if on_dates else "numbers"
                message = f"`{key}` takes {takes}; {part.called} is {part.type.describe()}"
                self.report("wrong-type", message, where)
                continue
            if part.type.ordered and isinstance(part.expression, FactRef):
                part = part._replace(
                    expression=Score(part.expression.fact, part.type.values), type=WHOLE
                )
            typed.append(part)
        if len(typed) < len(entries):
            return None
        return typed[0] if to_multiple else self._calculated(key, typed, path)

    def _to_multiple(self, key: str, typed: Typed | None, raw: Any, path: JsonPath) -> Typed | None:
        """A number rounded to a multiple of another one, in the unit of the multiple."""
        to = self.typed(raw, None, path)
        if typed is None or to is None:
            return None
        if not to.type.is_numeric:
            message = f"`to` takes a number; {to.called} is {to.type.describe()}"
            self.report("wrong-type", message, path)
            return None
        if to.unit is None and typed.unit is not None and _is_literal(to.expression):
            hint = f'write its unit too, such as "50 {typed.unit.name}"'
            message = f"{to.called} has no unit; the number that is rounded is in {typed.unit.name}"
            self.report("unit-mismatch", message, path, hint=hint)
            return None
        step = to.expression
        if isinstance(step, Constant) and step.value <= 0:  # type: ignore[operator]
            message = f"`to`: found {to.called}; a number above zero was expected"
            self.report("wrong-value", message, path)
            return None
        number = self._in_unit(typed, to.unit, path)
        if number is None:
            return None
        kind: Kind = "integer" if _is_whole(to, step, to.unit) else "decimal"
        unit = None if to.unit is None else to.unit.name
        made = Arithmetic(key, (number, step))
        return Typed(made, FactType(kind, unit), f"`{key}`", to.unit)

    def _calculated(self, key: str, parts: Sequence[Typed], path: JsonPath) -> Typed | None:
        called = f"`{key}`"
        expressions = [part.expression for part in parts]
        if parts[0].type.kind == "date" and key in _OF_DATES_TOO:
            return Typed(Arithmetic(key, tuple(expressions)), DATE, called)
        if key in _ON_DATES:
            type_ = FactType("integer", "days" if key == "days_between" else "years")
            return Typed(Arithmetic(key, tuple(expressions)), type_, called, self._unit(type_))
        divisor = expressions[-1]
        if key == "quotient" and isinstance(divisor, Constant) and divisor.value == 0:
            self.report("wrong-value", "this divides by zero", (*path, 1))
            return None
        whole = key != "quotient" and all(part.type.kind == "integer" for part in parts)
        kind: Kind = "integer" if whole or key in _ROUNDED else "decimal"
        if misnamed := next((part for part in parts if part.misnamed), None):
            made = Arithmetic(key, tuple(expressions))
            return Typed(made, FactType(kind, misnamed.type.unit), called)
        units = [part.unit for part in parts if part.unit is not None]
        made_in = _unit_of(key, parts)
        if key in _ROUNDED and made_in is not None and not self._is_named(made_in):
            message = f"{called} would round a number of {made_in.name}, which is not a named unit"
            hint = "declare a computed fact with the unit that is meant, and round that"
            self.report("unit-mismatch", message, path, hint=hint)
            return None
        if key in _OF_ONE_UNIT and self._ambiguous(parts, path):
            return None
        if units and (key in _OF_ONE_UNIT or (key == "quotient" and made_in is None)):
            fitted = [self._in_unit(part, units[0], path) for part in parts]
            expressions = [expression for expression in fitted if expression is not None]
            if len(expressions) != len(parts):
                return None
            pairs = zip(parts, expressions, strict=True)
            if whole and not all(_is_whole(part, made, units[0]) for part, made in pairs):
                kind = "decimal"
        result: Expression = Arithmetic(key, tuple(expressions))
        if made_in is not None and not made_in.powers:  # a plain number, once its factor is in it
            if made_in.size != 1:
                result = Arithmetic("product", (result, Constant(_plain(made_in.size))))
                kind = (
                    "integer" if kind == "integer" and made_in.size.denominator == 1 else "decimal"
                )
            made_in = None
        name = None if made_in is None else made_in.name
        return Typed(result, FactType(kind, name), called, made_in)

    def _is_named(self, unit: Unit) -> bool:
        """Whether a fact could be declared in the unit, so that a number of it is plain to read."""
        return self.scope.units.named(unit.name) is not None

    def _ambiguous(self, parts: Sequence[Typed], path: JsonPath) -> bool:
        """Report a number written on the spot among numbers of several units: it could be of any."""
        names = list(dict.fromkeys(part.unit.name for part in parts if part.unit is not None))
        for part in parts:
            made = part.expression
            if len(names) > 1 and _is_literal(made) and made != Constant(0):
                message = f"{part.called} could be a number of {and_(names, 'or')}"
                hint = 'make it a parameter with its unit: {"value": …, "unit": …}'
                self.report("unit-mismatch", message, path, hint=hint)
                return True
        return False

    def _in_unit(self, typed: Typed, wanted: Unit | None, path: JsonPath) -> Expression | None:
        """The number in a unit (None: without one); what does not convert is reported."""
        found, expression = typed.unit, typed.expression
        if typed.misnamed or (found is None and (wanted is None or _is_literal(expression))):
            return expression
        if found is None or wanted is None:
            return self._without_unit(typed, wanted, path)
        by = found.factor_to(wanted)
        if by is None:
            message = f"{typed.called} is in {found.described}, which does not convert to "
            message += wanted.described
            hint = _what_converts(found, wanted)
            if DRUG_AMOUNT in (found.name, wanted.name):
                hint = (
                    "compare it with another amount of the drug; a number with a unit belongs in "
                )
                hint += "a policy whose drugs are all measured in it"
            elif _is_number(expression) and not _of_calendar(found, wanted):
                hint = f'write it in {wanted.name}, such as "10 {wanted.name}"'
            self.report("unit-mismatch", message, path, hint=hint)
            return None
        return _times(expression, by)

    def _without_unit(self, typed: Typed, wanted: Unit | None, path: JsonPath) -> Expression | None:
        """A number with a unit where one without is wanted, or the other way round.

        Only a plain number that was computed goes with something else: with a count of things.
        """
        expression, name = typed.expression, _parameter_name(typed.expression)
        if wanted is None:
            assert typed.unit is not None
            unit = typed.unit
            message = f"{typed.called} is in {unit.described}; a number without a unit "
            message += "was expected"
            hint = f"divide it by a number of {unit.name}, such as a parameter with that unit"
            if isinstance(expression, Constant) and name is None:
                hint = f"write {format_value(expression.value)}"
            self.report("unit-mismatch", message, path, hint=hint)
        elif name is not None:
            message = f"it has no unit, but a rule takes it as a number of {wanted.name}"
            hint = f'add "unit": "{wanted.name}" (or another unit that converts to it)'
            report = self.scope.at_parameter(name)
            report("unit-mismatch", message, hint=hint if self._is_named(wanted) else None)
        elif isinstance(expression, FactRef):
            message = f"{typed.called} has no unit; a number of {wanted.name} was expected"
            self.report("unit-mismatch", message, path)
        elif wanted.counts:
            return expression
        elif not wanted.powers:  # mg divided by kg is a number of mg/kg
            return _times(expression, 1 / wanted.size)
        else:
            message = f"{typed.called} comes to a number without a unit"
            message += f"; a number of {wanted.name} was expected"
            self.report("unit-mismatch", message, path, hint=_of_percent(wanted))
        return None


def _literal(raw: Any, wanted: FactType | None) -> Value:
    """A literal of the wanted type, or a number. Raises ValueProblem."""
    numeric = wanted is None or wanted.kind in NUMERIC
    says = "a number" if wanted is None else wanted.describe()
    if raw is None:
        hint = 'to ask whether it is known: "is_known": false'
        raise ValueProblem("wrong-type", f"found null; {says} was expected", hint)
    if numeric and isinstance(raw, str):
        number = raw.strip() if is_numeral(raw) else None
        hint = f"remove the quotation marks: {number}" if number else "write a number such as 7.5"
        raise ValueProblem("wrong-type", f"found {shown(raw)}; {says} was expected", hint)
    if isinstance(raw, str) and not raw.strip():
        raise ValueProblem("wrong-value", f"found an empty text; {says} was expected")
    if wanted is not None and wanted.can_be_none and raw == NONE_TEXT:
        hint = 'to ask whether there is one: "exists": false'
        raise ValueProblem("wrong-value", "nothing is equal to none", hint)
    if wanted is not None and wanted.kind == "boolean" and raw in ("true", "false"):
        hint = "write it without quotation marks"
        raise ValueProblem("wrong-type", f"found {shown(raw)}; {says} was expected", hint)
    return exact_number(raw) if wanted is None else parse_value(wanted, raw)


def _is_whole(typed: Typed, expression: Expression, unit: Unit | None) -> bool:
    """Whether the value, brought into a unit, is certainly a whole number."""
    if isinstance(expression, Constant):
        return isinstance(expression.value, int)
    if isinstance(expression, Score):
        return True
    by = typed.unit.factor_to(unit) if typed.unit is not None and unit is not None else None
    return typed.type.kind == "integer" and (by is None or by.denominator == 1)


def _is_literal(expression: Expression) -> bool:
    """Whether only numbers written on the spot are in it, which take the unit of their place."""
    match expression:
        case Constant(_, name, unit):
            return name is None and unit is None
        case Arithmetic(_, arguments):
            return all(map(_is_literal, arguments))
    return False


def _parameter_name(expression: Expression) -> str | None:
    name = (expression.name or "") if isinstance(expression, Constant) else ""
    return name.removeprefix("parameter:") if name.startswith("parameter:") else None


def _code_parameter(typed: Typed) -> str | None:
    """The name of a parameter that is a text or a list of texts."""
    return _parameter_name(typed.expression) if typed.type.kind in ("code", "codes") else None


def _unit_of(key: str, parts: Sequence[Typed]) -> Unit | None:
    """The unit of an operation's result; None for a plain number."""
    units = [part.unit for part in parts if part.unit is not None]
    if not units:
        return None
    if key == "product":
        return product_of(units)
    if key == "quotient":
        above, below = parts[0].unit, parts[1].unit
        if below is None or above is None:
            return above if below is None else quotient_of(None, below)
        return None if above.factor_to(below) is not None else quotient_of(above, below)
    return units[0]


def _times(expression: Expression, by: Fraction) -> Expression:
    """The expression multiplied by a conversion factor."""
    if isinstance(expression, Constant):
        converted = Fraction(expression.value) * by  # type: ignore[arg-type]
        value = expression.value if by == 1 else _plain(converted)
        # A number that was written with its unit is from here on one of its place, like any other.
        return replace(expression, value=value, unit=expression.name and expression.unit)
    if by == 1:
        return expression
    return Arithmetic("product", (expression, Constant(_plain(by))))


def _is_number(expression: Expression) -> bool:
    """Whether it is a number written on the spot, with or without its unit."""
    return isinstance(expression, Constant) and expression.name is None


def _of_calendar(found: Unit, wanted: Unit) -> bool:
    """Whether days meet months, which have no fixed number of days."""
    return {found.measures, wanted.measures} == {"time", "calendar time"}


def _what_converts(found: Unit, wanted: Unit) -> str:
    """What to type where one unit does not convert to another."""
    if (hint := _of_percent(found, wanted)) is not None:
        return hint
    if _of_calendar(found, wanted):
        return 'compare dates: {"within": {"months": 3, "before": {"fact": …}}}'
    if any(" of " in dimension for dimension, _ in (*found.powers, *wanted.powers)):
        return "units of one product are not those of another: give each a limit of its own unit"
    missing = quotient_of(wanted, found)
    if all(exponent < 0 for _, exponent in missing.powers):
        return f"divide it by a number of {typical(quotient_of(found, wanted))}"
    return f"multiply it by a number of {typical(missing)}"


def _of_percent(*units: Unit) -> str | None:
    """What to type where a percentage meets a plain number: neither is taken for the other."""
    if all(dimension != "percent" for unit in units for dimension, _ in unit.powers):
        return None
    return 'divide or multiply by a parameter of 100 %: {"value": 100, "unit": "%"}'


def _plain(value: Fraction) -> int | Decimal | Fraction:
    return value.numerator if value.denominator == 1 else value


def same_system(a: FactType, b: FactType) -> bool:
    """Whether codes of two types can be compared: one system, or one of them says none."""
    return a.system is None or b.system is None or a.system == b.system


def and_(names: Sequence[str], word: str = "and") -> str:
    """Names of keys as a list in words."""
    quoted = [f"`{name}`" for name in names]
    return f" {word} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)
