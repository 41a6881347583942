"""The words of tests: one row each, with all that anything here does with a test.

A few words are *core tests*: what engines run, and what proofs speak of. Every other word is sugar:
it is written with core tests (`payer_policy.core.core_tests`), and kept only for what people read.

Adding sugar is a row here. Adding a core test is a row here, its meaning for the checker of records
(`verify.values`) and for the reference of the tests (`tests/reference.py`). A module that lacks the form
of a core test fails when it is imported.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

from payer_policy.core.vocabulary.types import FactType, Kind

Shape = Literal["one", "several", "pair", "window", "code", "flag", "whole"]
"""The right side: one value like the fact's, a list of such values (or a code set), two
values, a span of days, one code, true/false, or one whole number above zero."""

_EVERY: Final[frozenset[Kind]] = frozenset(
    {"boolean", "integer", "decimal", "date", "code", "choice", "codes"}
)
_SINGLE: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "date", "code", "choice"})
_SIZED: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "choice"})
"""Comparable by size: numbers, and choices that are declared `ordered`."""
_DATE: Final[frozenset[Kind]] = frozenset({"date"})
_CODES: Final[frozenset[Kind]] = frozenset({"codes"})
_WHOLE: Final[frozenset[Kind]] = frozenset({"integer"})


@dataclass(frozen=True, slots=True)
class Operator:
    """A word of the condition language."""

    name: str
    kinds: frozenset[Kind]
    shape: Shape
    says: str
    """Between the fact's label and the value: "is at least"."""
    says_not: str
    means: str
    """One sentence for the dictionary."""
    core: tuple[str, ...]
    """The core tests that it is written with: itself; or one for each value on its right side."""
    negated: bool = False
    """Whether it is the negation of those, of facts that have a value."""
    near: tuple[str, ...] = ()
    """The words that a slip of the pen could have meant: what `mutate` writes instead."""
    holds: Callable[..., Any] | None = None
    """Of a core test: what it means on values that are there."""
    python: str | None = None
    """`holds` as a Python expression over `{0}` (the fact) and `{1}` (the right side)."""
    formula: Callable[[Any, Any], Any] | None = None
    """`holds` over two whole terms of a solver: numbers of one scale, or days. None: the test is of
    sets of codes, or of nothing but whether there is a value."""

    @property
    def is_core(self) -> bool:
        return self.core == (self.name,)

    @property
    def by_size(self) -> bool:
        """Whether it compares by size, so that it has a bound with a value on either side."""
        return not {"at_least", "at_most"}.isdisjoint(self.core)

    def fits(self, type_: FactType) -> bool:
        """Whether the word is legal for a fact of that type. (Days have words of their own.)"""
        if type_.kind not in self.kinds or (self.name == "exists" and not type_.can_be_none):
            return False
        return not (type_.kind == "choice" and self.by_size and not type_.ordered)


def _row(
    name: str,
    kinds: frozenset[Kind],
    shape: Shape,
    says: str,
    says_not: str,
    means: str,
    sugar: str = "",
    *,
    near: tuple[str, ...] = (),
    **forms: Any,
) -> Operator:
    """A word. `sugar` is how it is written with core tests, each with its own right side:
    `at_least`, `not at_least`, or `at_least and at_most`; without it the word is a core test."""
    core = tuple(sugar.removeprefix("not ").split(" and ")) if sugar else (name,)
    negated = sugar.startswith("not ")
    return Operator(name, kinds, shape, says, says_not, means, core, negated, near, **forms)


_ROWS: Final = (
    _row("is", _EVERY, "one", "is", "is not", "The fact has this value.",
         holds=operator.eq, python="{0} == {1}", formula=operator.eq, near=("is_not",)),
    _row("is_not", _EVERY, "one", "is not", "is", "The fact is known and has another value.",
         "not is", near=("is",)),
    _row("in", _SINGLE, "several", "is one of", "is none of",
         "The fact has one of these values.",
         holds=lambda x, v: x in v, python="{0} in {1}", near=("not_in",)),
    _row("not_in", _SINGLE, "several", "is none of", "is one of",
         "The fact has none of these values.", "not in", near=("in",)),
    _row("at_least", _SIZED, "one", "is at least", "is less than", "The value or more.",
         holds=operator.ge, python="{0} >= {1}", formula=operator.ge, near=("more_than",)),
    _row("more_than", _SIZED, "one", "is more than", "is at most", "More than the value.",
         "not at_most", near=("at_least",)),
    _row("at_most", _SIZED, "one", "is at most", "is more than", "The value or less.",
         holds=operator.le, python="{0} <= {1}", formula=operator.le, near=("less_than",)),
    _row("less_than", _SIZED, "one", "is less than", "is at least", "Less than the value.",
         "not at_least", near=("at_most",)),
    _row("between", _SIZED | _DATE, "pair", "is between", "is not between",
         "From the first value to the second, both included.", "at_least and at_most"),
    _row("outside", _SIZED | _DATE, "pair", "is outside", "is not outside",
         "Below the first value, or above the second.", "not at_least and at_most"),
    _row("multiple_of", _WHOLE, "whole", "is a multiple of", "is not a multiple of",
         "A whole number of times the value: whole vials, or the days of whole cycles.",
         holds=lambda x, v: v > 0 and x % v == 0, python="({1} > 0 and {0} % {1} == 0)",
         formula=lambda x, v: (x % v == 0) & (v > 0)),
    _row("on_or_before", _DATE, "one", "is on or before", "is after",
         "That day or an earlier one.", "at_most", near=("before",)),
    _row("before", _DATE, "one", "is before", "is on or after", "An earlier day.",
         "not at_least", near=("on_or_before",)),
    _row("on_or_after", _DATE, "one", "is on or after", "is before",
         "That day or a later one.", "at_least", near=("after",)),
    _row("after", _DATE, "one", "is after", "is on or before", "A later day.",
         "not at_most", near=("on_or_after",)),
    _row("within", _DATE, "window", "is within", "is not within",
         "In a span of days that ends or begins with another date; both ends included. "
         "Business days are Monday to Friday, or those of a holiday calendar.",
         "at_least and at_most"),
    _row("includes", _CODES, "code", "include", "do not include",
         "The code is among the fact's codes.",
         holds=lambda x, v: v in x, python="{1} in {0}"),
    _row("includes_any", _CODES, "several", "include any of", "include none of",
         "At least one of the codes is among the fact's codes.",
         holds=lambda x, v: not v.isdisjoint(x), python="not {1}.isdisjoint({0})",
         near=("includes_all", "excludes")),
    _row("includes_all", _CODES, "several", "include all of", "do not include all of",
         "Every one of the codes is among the fact's codes; of a family of codes, one.",
         holds=operator.ge, python="{0} >= {1}", near=("includes_any",)),
    _row("excludes", _CODES, "several", "include none of", "include any of",
         "None of the codes is among the fact's codes.", "not includes_any",
         near=("includes_any",)),
    _row("exists", _EVERY, "flag", "exists", "does not exist",
         "Whether there is such a thing: false where the fact is known to be none."),
    _row("is_known", _EVERY, "flag", "is known", "is not known",
         "Whether the fact was supplied at all, none included. The one test that learning a fact "
         "can flip: use it to ask whether something was submitted, and for nothing else."),
)  # fmt: skip

OPERATORS: Final[dict[str, Operator]] = {row.name: row for row in _ROWS}
CORE: Final[dict[str, Operator]] = {row.name: row for row in _ROWS if row.is_core}


def words_for(type_: FactType) -> list[str]:
    """The words that are legal for a fact of that type, in the order of the dictionary."""
    return [row.name for row in _ROWS if row.fits(type_)]


def complete(module: str, forms: Collection[str]) -> None:
    """Make sure that a module has a form of each core test.

    Raises:
        AssertionError: it lacks one; the message names it.
    """
    lacking = sorted(CORE.keys() - set(forms))
    if lacking:
        raise AssertionError(f"{module} has no form of the core tests {', '.join(lacking)}")
