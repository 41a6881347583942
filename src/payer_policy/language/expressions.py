"""What may stand on the right side of a test, checked and typed: values, names, exact arithmetic.

Units of one dimension are converted here, once, so that everything after deals in plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonPath
from payer_policy.language.scope import Reporter, Scope
from payer_policy.ruleset import Arithmetic, Constant, Expression, FactRef, Score
from payer_policy.semantics import value_of
from payer_policy.vocabulary.codes import normalise_code
from payer_policy.vocabulary.types import (
    NUMERIC,
    FactType,
    ValueProblem,
    exact_number,
    parse_value,
    shown,
)
from payer_policy.vocabulary.units import UNITS, factor

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
REFERENCES: Final = ("fact", "parameter", "code_set")

COMPOUND: Final = "?"
"""The unit of a product or quotient that has no name here; it goes with any unit."""

NUMBER: Final = FactType("decimal")
WHOLE: Final = FactType("integer")
DATE: Final = FactType("date")

_ON_DATES: Final = ("days_between", "years_between")


class Typed(NamedTuple):
    """An expression with its type, and what people call it."""

    expression: Expression
    type: FactType
    called: str


class Expressions:
    """Turns raw JSON operands into expressions, within one scope and one file.

    Every method reports all that is wrong below its place and returns None where nothing sound is
    left; a caller goes on with the next part, so that one run shows all problems.
    """

    def __init__(self, scope: Scope, report: Reporter) -> None:
        self.scope = scope
        self.report = report

    def operand(self, raw: Any, wanted: FactType, path: JsonPath) -> Expression | None:
        """What stands on a right side, comparable with the wanted type, in the wanted unit."""
        typed = self.typed(raw, wanted, path)
        return None if typed is None else self.fitted(typed, wanted, path)

    def value(self, raw: Any, wanted: FactType, path: JsonPath) -> Expression | None:
        """An expression whose value is itself of the wanted type: whole where that is whole."""
        typed = self.typed(raw, wanted, path)
        expression = None if typed is None else self.fitted(typed, wanted, path)
        if typed is None or expression is None:
            return None
        if wanted.kind == "integer" and not _is_whole(typed, expression, wanted):
            found = _number_text(expression) or f"{typed.called} is {typed.type.describe()}"
            self.report(
                "wrong-type",
                f"{found}; {wanted.describe()} was expected",
                path,
                hint='write {"round_up": …} or {"round_down": …} around it',
            )
            return None
        return expression

    def typed(self, raw: Any, wanted: FactType | None, path: JsonPath) -> Typed | None:
        """A literal, a reference or arithmetic, with its own type. Literals are of the wanted one
        (None: a number)."""
        if isinstance(raw, dict):
            return self._made(raw, path)
        try:
            value = _literal(raw, wanted)
        except ValueProblem as problem:
            self.report(problem.code, problem.message, path, hint=problem.hint)
            return None
        if wanted is None:
            return Typed(Constant(value), WHOLE if isinstance(value, int) else NUMBER, shown(raw))
        unknown = self._unknown_codes(value, wanted)
        for code, spelt in unknown:
            where = (*path, raw.index(spelt)) if isinstance(raw, list) else path
            self.report("unknown-code", *self._unknown_code(code, wanted, where))
        return None if unknown else Typed(Constant(value), wanted, shown(raw))

    # --- codes -----------------------------------------------------------------------------------

    def _unknown_codes(self, value: Any, wanted: FactType) -> list[tuple[str, str]]:
        ...

    # --- names -----------------------------------------------------------------------------------
