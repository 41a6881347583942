"""The operators of tests: one row each. Adding one is a row here, a case in tests, a sentence of docs.

Each row says for which types of fact it is legal, what stands on its right side, how it is read
aloud, and what it means on known values (`holds`), also as Python source for the compiled engine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from payer_policy.vocabulary.types import Kind

Shape = Literal["one", "several", "pair", "window", "code", "flag"]
"""What stands on the right: one value like the fact's, a list of such values (or a code set), two
values, a span of days, one code, or true/false."""

_EVERY: Final[frozenset[Kind]] = frozenset(
    {"boolean", "integer", "decimal", "date", "code", "choice", "codes"}
)
_SINGLE: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "date", "code", "choice"})
_SIZED: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "choice"})
"""Comparable by size: numbers, and choices that are declared `ordered`."""
_DATE: Final[frozenset[Kind]] = frozenset({"date"})
_CODES: Final[frozenset[Kind]] = frozenset({"codes"})


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    kinds: frozenset[Kind]
    shape: Shape
    says: str
    """Between the fact's label and the value: "is at least"."""
    says_not: str
    holds: Callable[..., bool]
    python: str
    """`holds` as a Python expression over `{0}` (the fact) and `{1}`, `{2}` (the right side)."""
    means: str
    """One sentence for the dictionary."""

    def fits(self, kind: Kind, ordered: bool) -> bool:
        """Whether the operator is legal for a fact of that kind."""
        if kind not in self.kinds:
            return False
        by_size = self.kinds is _SIZED or (self.name == "between" and kind == "choice")
        return not (kind == "choice" and by_size and not ordered)


def _operator(
    name: str,
    kinds: frozenset[Kind],
    shape: Shape,
    says: str,
    says_not: str,
    holds: Callable[..., Any],
    python: str,
    means: str,
) -> Operator:
    return Operator(name, kinds, shape, says, says_not, holds, python, means)


_ROWS: Final = (
    _operator("is", _EVERY, "one", "is", "is not",
              lambda x, v: x == v, "{0} == {1}", "The fact has this value."),
    _operator("is_not", _EVERY, "one", "is not", "is",
              lambda x, v: x != v, "{0} != {1}", "The fact is known and has another value."),
    _operator("in", _SINGLE, "several", "is one of", "is none of",
              lambda x, v: x in v, "{0} in {1}", "The fact has one of these values."),
    _operator("not_in", _SINGLE, "several", "is none of", "is one of",
              lambda x, v: x not in v, "{0} not in {1}", "The fact has none of these values."),
    _operator("at_least", _SIZED, "one", "is at least", "is less than",
              lambda x, v: x >= v, "{0} >= {1}", "The value or more."),
    _operator("more_than", _SIZED, "one", "is more than", "is at most",
              lambda x, v: x > v, "{0} > {1}", "More than the value."),
    _operator("at_most", _SIZED, "one", "is at most", "is more than",
              lambda x, v: x <= v, "{0} <= {1}", "The value or less."),
    _operator("less_than", _SIZED, "one", "is less than", "is at least",
              lambda x, v: x < v, "{0} < {1}", "Less than the value."),
    _operator("between", _SIZED | _DATE, "pair", "is between", "is not between",
              lambda x, a, b: a <= x <= b, "{1} <= {0} <= {2}",
              "From the first value to the second, both included."),
    _operator("on_or_before", _DATE, "one", "is on or before", "is after",
              lambda x, v: x <= v, "{0} <= {1}", "That day or an earlier one."),
    _operator("before", _DATE, "one", "is before", "is on or after",
              lambda x, v: x < v, "{0} < {1}", "An earlier day."),
    _operator("on_or_after", _DATE, "one", "is on or after", "is before",
              lambda x, v: x >= v, "{0} >= {1}", "That day or a later one."),
    _operator("after", _DATE, "one", "is after", "is on or before",
              lambda x, v: x > v, "{0} > {1}", "A later day."),
    _operator("within", _DATE, "window", "is within", "is not within",
              lambda x, span: span[0] <= x <= span[1], "{1}[0] <= {0} <= {1}[1]",
              "In a span of days that ends or begins with another date; both ends included. "
              "Business days are Monday to Friday."),
    _operator("includes", _CODES, "code", "include", "do not include",
              lambda x, v: v in x, "{1} in {0}", "The code is among the fact's codes."),
    _operator("includes_any", _CODES, "several", "include any of", "include none of",
              lambda x, v: not x.isdisjoint(v), "not {0}.isdisjoint({1})",
              "At least one of the codes is among the fact's codes."),
    _operator("includes_all", _CODES, "several", "include all of", "do not include all of",
              lambda x, v: x >= v, "{0} >= {1}", "Every one of the codes is among the fact's codes."),
    _operator("excludes", _CODES, "several", "include none of", "include any of",
              lambda x, v: x.isdisjoint(v), "{0}.isdisjoint({1})",
              "None of the codes is among the fact's codes."),
    _operator("is_known", _EVERY, "flag", "is known", "is not known",
              lambda x, v: (x is not None) == v, "({0} is not None) == {1}",
              "Whether the fact was supplied at all. The one test that learning a fact can turn "
              "round: use it to ask whether something was submitted, and for nothing else."),
)  # fmt: skip

OPERATORS: Final[dict[str, Operator]] = {row.name: row for row in _ROWS}
