"""Conditions and expressions written out as straight-line Python over two-bit truths.

The same meaning as `payer_policy.semantics`, for where microseconds count: the `compiled` engine
and the facts derived from claim lines. Only names made here, plain words and small integers reach the
source text; any other value from a policy file is passed beside it as an object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

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
from payer_policy.semantics import ARITHMETIC, span
from payer_policy.truth import NEGATED
from payer_policy.vocabulary.operators import OPERATORS

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}\Z", re.ASCII)
"""Names and codes that may be written out; any other text from a file is passed as an object."""

_CHUNK: Final = 40
"""How many parts one `a | b | …` chain may have; longer ones nest, for Python's own parser."""


class SourceWriter:
    """Writes statements into `lines`, one local variable an expression or test, each only once."""

    def __init__(self, read: Callable[[str], str]) -> None:
        """`read` gives the source that reads a fact; it must be cheap to repeat (a local name)."""
        self.read = read
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {"NEG": NEGATED}
        self._variables: dict[object, str] = {}
        self._count = 0

    def name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: Any) -> str:
        """A name in the namespace (or a literal) for a constant."""
        if value is True or value is False or (type(value) is int and abs(value) < 10**9):
            return repr(value)
        if type(value) is str and _PLAIN.match(value):
            return repr(value)
        key = ("constant", type(value), value)
        if key not in self._variables:
            name = self.name("K")
            self.namespace[name] = value
            self._variables[key] = name
        return self._variables[key]

    def assign(self, key: object, prefix: str, source: str) -> str:
        """A local variable for a source; the same key gets the same variable."""
        variable = self.name(prefix)
        self.lines.append(f"{variable} = {source}")
        self._variables[key] = variable
        return variable

    def expression(self, expression: Expression) -> tuple[str, bool]:
        """The source of an expression's value, and whether it can be None (not known)."""
        if isinstance(expression, Constant):
            return self.constant(expression.value), False
        if isinstance(expression, FactRef):
            return self.read(expression.fact), True
        if expression in self._variables:
            return self._variables[expression], True
        match expression:
            case Score(fact, values):
                positions = {value: index for index, value in enumerate(values)}
                table = self.name("K")
                self.namespace[table] = positions
                return self.assign(expression, "x", f"{table}.get({self.read(fact)})"), True
            case Arithmetic(operation, arguments):
                function = f"do_{operation}"
                self.namespace[function] = ARITHMETIC[operation]
                parts = [self.expression(argument) for argument in arguments]
                call = f"{function}({', '.join(part for part, _ in parts)})"
                return self.assign(expression, "x", _guarded(parts, "None", call)), True
            case Window(amount, unit, direction, anchor):
                self.namespace["span"] = span
                parts = [self.expression(amount), self.expression(anchor)]
                call = f"span({parts[0][0]}, {unit!r}, {direction!r}, {parts[1][0]})"
                return self.assign(expression, "x", _guarded(parts, "None", call)), True
        raise AssertionError(expression)

    def test(self, test: Test, *, negated: bool = False) -> str:
        """A variable that holds the truth of a test (or of its negation)."""
        key = (test, negated)
        if key in self._variables:
            return self._variables[key]
        operator = OPERATORS[test.operator]
        parts = [self.expression(test.left), *(self.expression(side) for side in test.right)]
        if operator.shape == "flag":
            parts[0] = (parts[0][0], False)
        holds, fails = ("0", "3") if negated else ("3", "0")
        if test.operator == "is" and parts[1][0] in ("True", "False"):
            if parts[1][0] == "False":
                holds, fails = fails, holds
            comparison = parts[0][0]
        else:
            comparison = operator.python.format(*(part for part, _ in parts))
        source = _guarded(parts, "1", f"{holds} if {comparison} else {fails}")
        return self.assign(key, "t", source)

    def condition(self, condition: Condition, *, negated: bool = False) -> str:
        """The source of a condition's truth; `not` has been pushed down to the tests."""
        match condition:
            case Test():
                return self.test(condition, negated=negated)
            case Not(part):
                return self.condition(part, negated=not negated)
            case All(parts):
                return self._joined(parts, "|" if negated else "&", negated)
            case AnyOf(parts):
                return self._joined(parts, "&" if negated else "|", negated)
            case AtLeast(count, parts):
                if negated:  # fewer than n of m hold: at least m - n + 1 fail
                    count = len(parts) - count + 1
                variables = [
                    self.assign(object(), "c", self.condition(part, negated=negated))
                    for part in parts
                ]
                certain = " + ".join(f"({variable} >> 1)" for variable in variables)
                possible = " + ".join(f"({variable} & 1)" for variable in variables)
                return f"(3 if {certain} >= {count} else 0 if {possible} < {count} else 1)"

    def _joined(self, parts: Sequence[Condition], sign: str, negated: bool) -> str:
        sources = [self.condition(part, negated=negated) for part in parts]
        while len(sources) > _CHUNK:
            sources = [
                self.assign(object(), "c", f" {sign} ".join(sources[at : at + _CHUNK]))
                for at in range(0, len(sources), _CHUNK)
            ]
        joined = f" {sign} ".join(sources)
        return f"({joined})" if len(sources) > 1 else joined

    def function(self, name: str, parameters: str, body: Sequence[str]) -> Callable[..., Any]:
        """Compile lines of source into a function over the namespace gathered so far."""
        text = f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in body)
        # The text holds only names made above, operators from our own table, and small integers.
        exec(compile(text, f"<{name}>", "exec"), self.namespace)  # noqa: S102
        made: Callable[..., Any] = self.namespace[name]
        return made


def _guarded(parts: Sequence[tuple[str, bool]], unknown: str, source: str) -> str:
    checks = dict.fromkeys(f"{part} is None" for part, optional in parts if optional)
    return f"{unknown} if {' or '.join(checks)} else {source}" if checks else source
