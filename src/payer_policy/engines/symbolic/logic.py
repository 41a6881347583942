"""Formulas with their constants folded away: a Python bool, or a term of the solver.

Most of a policy folds (a constant is always known), and what is folded need never be solved.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import z3

Formula = Any
"""`bool`, or `z3.BoolRef`."""
Whole = Any
"""`int`, or `z3.ArithRef`."""


class Names:
    """Makes the variables of one set of formulas, in a place of their own.

    Formulas of two places never meet, so what is asked of one does not depend on what was asked of
    another before: the same questions give the same answers, in any process.
    """

    def __init__(self) -> None:
        self.context = z3.Context()
        self._fresh = 0

    def flag(self, name: str) -> Formula:
        """A formula that may be either."""
        return z3.Bool(name, self.context)

    def some_flag(self) -> Formula:
        """A formula that may be either, unlike any other."""
        self._fresh += 1
        return z3.Bool(f"either {self._fresh}", self.context)

    def whole(self, name: str) -> Whole:
        """A whole number that may be any."""
        return z3.Int(name, self.context)

    def real(self, name: str) -> Any:
        """A number that may be any fraction."""
        return z3.Real(name, self.context)


def all_of(parts: Iterable[Formula]) -> Formula:
    """True where every part is."""
    kept: dict[Any, Formula] = {}
    for part in parts:
        if part is False:
            return False
        if part is not True:
            kept[part.get_id()] = part
    if not kept:
        return True
    return next(iter(kept.values())) if len(kept) == 1 else z3.And(*kept.values())


def any_of(parts: Iterable[Formula]) -> Formula:
    """True where some part is."""
    kept: dict[Any, Formula] = {}
    for part in parts:
        if part is True:
            return True
        if part is not False:
            kept[part.get_id()] = part
    if not kept:
        return False
    return next(iter(kept.values())) if len(kept) == 1 else z3.Or(*kept.values())


def both(*parts: Formula) -> Formula:
    """`all_of` for a few."""
    return all_of(parts)


def either(*parts: Formula) -> Formula:
    """`any_of` for a few."""
    return any_of(parts)


def negated(part: Formula) -> Formula:
    """True where the part is not."""
    if isinstance(part, bool):
        return not part
    return part.arg(0) if z3.is_not(part) else z3.Not(part)


def same(one: Formula, other: Formula) -> Formula:
    """True where both are true or both are not."""
    if isinstance(one, bool):
        return other if one else negated(other)
    if isinstance(other, bool):
        return one if other else negated(one)
    return one == other


def at_least(count: int, parts: Iterable[Formula]) -> Formula:
    """True where this number of parts is."""
    open_: list[Formula] = []
    for part in parts:
        if part is True:
            count -= 1
        elif part is not False:
            open_.append(part)
    if count <= 0:
        return True
    if count > len(open_):
        return False
    if count == len(open_):
        return all_of(open_)
    return any_of(open_) if count == 1 else z3.AtLeast(*open_, count)


def choose(condition: Formula, one: Any, other: Any) -> Any:
    """`one` where the condition is true, else `other`; of numbers or of formulas."""
    if isinstance(condition, bool):
        return one if condition else other
    if isinstance(one, bool) or isinstance(other, bool) or z3.is_bool(one):
        return either(both(condition, one), both(negated(condition), other))
    if isinstance(one, int) and isinstance(other, int) and one == other:
        return one
    return z3.If(condition, one, other)


def truth_in(model: Any, formula: Formula) -> bool:
    """Whether a formula is true in a model."""
    if isinstance(formula, bool):
        return formula
    return bool(z3.is_true(model.eval(formula, model_completion=True)))


def number_in(model: Any, term: Any) -> int | Fraction:
    """The value of a number in a model: `int`, or `Fraction`."""
    if isinstance(term, int):
        return term
    value = model.eval(term, model_completion=True)
    if z3.is_int_value(value):
        return _whole(value)
    exact = Fraction(_whole(value.numerator()), _whole(value.denominator()))
    return exact.numerator if exact.denominator == 1 else exact


def _whole(value: Any) -> int:
    """A whole number of the solver, of any length: Python reads no text of over 4,300 digits as one."""
    return int(Decimal(value.as_string()))
