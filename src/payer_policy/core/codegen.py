"""Conditions and expressions written out as straight-line Python over two-bit truths.

The same meaning as `payer_policy.core.semantics`, for where microseconds count: the `compiled` engine
and the facts derived from claim lines. Only names made here, plain words and small integers reach the
source text; any other value from a policy file is passed beside it as an object.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from payer_policy.core.far_days import far_day
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Condition,
    Constant,
    Edge,
    Expression,
    FactRef,
    Lookup,
    Moved,
    Not,
    Score,
    Test,
    Window,
    facts_taken_over,
    gives_none,
)
from payer_policy.core.semantics import ARITHMETIC, edge
from payer_policy.core.truth import NEGATED, Truth
from payer_policy.core.vocabulary.operators import CORE, complete
from payer_policy.core.vocabulary.types import NONE

_PLAIN: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}\Z", re.ASCII)
"""Names and codes that may be written out; any other text from a file is passed as an object."""

complete(
    "codegen",
    ["exists", "is_known", *(name for name, row in CORE.items() if row.python is not None)],
)

_SIGNS: Final = {"sum": "+", "difference": "-", "product": "*"}
_CHUNK: Final = 40
"""How many parts one `a | b | …` chain may have; longer ones nest, for Python's own parser."""


class _Part(NamedTuple):
    """One side of a comparison or one argument: its source, and what asks whether it is unknown, and
    whether it is none."""

    source: str
    is_unknown: str | None = None
    is_none: str | None = None


class SourceWriter:
    """Writes statements into `lines`; what is needed twice gets a local variable, once.

    Every variable is assigned before it is read and never again, so equal source means equal value.
    """

    def __init__(self, read: Callable[[str], str], can_be_none: Container[str] = ()) -> None:
        """`read` gives the source that reads a fact; it must be cheap to repeat (a local name)."""
        self.read = read
        self._can_be_none = can_be_none
        self.lines: list[str] = []
        self.namespace: dict[str, Any] = {"NEG": NEGATED, "NONE": NONE}
        self._constants: dict[object, str] = {}
        self._written: dict[str, str] = {}
        self._tests: dict[tuple[Test, bool], str] = {}
        self._uses: Counter[object] = Counter()
        self._count = 0

    def expect(self, conditions: Iterable[Condition]) -> None:
        """Say what will be written: what occurs only once is then written where it is used."""
        for condition in conditions:
            for signed in _tests_with_signs(condition, False):
                self._uses[signed] += 1
                if self._uses[signed] == 1:
                    for side in (signed[0].left, *signed[0].right):
                        self._expect_expression(side)

    def _expect_expression(self, expression: Expression) -> None:
        self._uses[expression] += 1
        if self._uses[expression] == 1:
            match expression:
                case Arithmetic(_, arguments):
                    for argument in arguments:
                        self._expect_expression(argument)
                case Edge(Window(amount, _, _, anchor)) | Moved(Window(amount, _, _, anchor)):
                    self._expect_expression(amount)
                    self._expect_expression(anchor)

    def optional(self, fact: str) -> bool:
        """Whether a fact can be None."""
        return True

    def name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: Any) -> str:
        """A name in the namespace (or a literal) for a constant."""
        if (
            value is None
            or value is True
            or value is False
            or (type(value) is int and abs(value) < 10**9)
        ):
            return repr(value)
        if type(value) is str and _PLAIN.match(value):
            return repr(value)
        return self._named((type(value), value), value)

    def _named(self, key: object, value: object) -> str:
        if key not in self._constants:
            name = self._constants[key] = self.name("K")
            self.namespace[name] = value
        return self._constants[key]

    def assign(self, prefix: str, source: str) -> str:
        """A new local variable for a source."""
        variable = self.name(prefix)
        self.lines.append(f"{variable} = {source}")
        return variable

    def shared(self, prefix: str, source: str) -> str:
        """A local variable for a source; the same source gets the same variable."""
        if source.isidentifier():
            return source
        found = self._written.get(source)
        if found is None:
            found = self._written[source] = self.assign(prefix, source)
        return found

    def expression(self, expression: Expression) -> str:
        """A variable (or a constant) with the value of an expression; None where not known."""
        match expression:
            case Constant() | FactRef():
                return self._part(expression).source
        return self.shared("x", self._value(expression))

    def _part(self, expression: Expression) -> _Part:
        none = gives_none(expression) or any(
            name in self._can_be_none for name in facts_taken_over(expression)
        )
        match expression:
            case Constant(value):
                return _Part(self.constant(value))
            case FactRef(fact):
                source = self.read(fact)
                unknown = f"{source} is None" if self.optional(fact) else None
                return _Part(source, unknown, f"{source} is NONE" if none else None)
        source = self._value(expression)
        if self._uses[expression] == 1 and source not in self._written:
            name = self.name("x")
            unknown = f"({name} := {source}) is None"
        else:
            name = self.shared("x", source)
            unknown = f"{name} is None"
        return _Part(name, unknown, f"{name} is NONE" if none else None)

    def _value(self, expression: Expression) -> str:
        match expression:
            case Score(fact, values):
                positions = {value: index for index, value in enumerate(values)}
                part = self._part(FactRef(fact))
                table = self._named(("positions", values), positions)
                return _guarded([part], "None", "NONE", f"{table}.get({part.source})")
            case Lookup(table, column):
                reader = self._named((table, column), table.reader(column))
                return f"{reader}({', '.join(map(self.read, table.keys))})"
            case Arithmetic(operation, arguments):
                function = f"do_{operation}"
                self.namespace[function] = ARITHMETIC[operation]
                parts = [self._part(argument) for argument in arguments]
                call = f"{function}({', '.join(part.source for part in parts)})"
                if operation in _SIGNS and len(parts) == 2:
                    # Whole numbers, nearly always: Python's own operator is exact for those.
                    a, b = (part.source for part in parts)
                    call = (
                        f"{a} {_SIGNS[operation]} {b} if type({a}) is type({b}) is int else {call}"
                    )
                return _guarded(parts, "None", "NONE", call)
            case Edge(Window(amount, unit, direction, anchor), last):
                self.namespace["edge"] = edge
                parts = [self._part(amount), self._part(anchor)]
                span = f"{self.constant(unit)}, {direction!r}"
                given = f"{parts[0].source}, {span}, {parts[1].source}, {last}"
                return _guarded(parts, "None", "NONE", f"edge({given})")
            case Moved(Window(amount, unit, direction, anchor)):
                self.namespace["far_day"] = far_day
                parts = [self._part(amount), self._part(anchor)]
                given = (
                    f"{parts[0].source}, {self.constant(unit)}, {direction!r}, {parts[1].source}"
                )
                return _guarded(parts, "None", "NONE", f"far_day({given})")
        raise AssertionError(expression)

    def test(self, test: Test, *, negated: bool = False) -> str:
        """The source of the truth of a test (or of its negation): a variable, or in brackets."""
        signed = test, negated
        if signed in self._tests:
            return self._tests[signed]
        source = self.truth(test, negated)
        if self._uses[signed] == 1 and source not in self._written:
            return f"({source})"
        found = self._tests[signed] = self.shared("t", source)
        return found

    def truth(self, test: Test, negated: bool) -> str:
        """The truth of a test as it is worked out."""
        holds, fails = ("0", "3") if negated else ("3", "0")
        left = self._part(test.left)
        if test.operator == "is_known":
            return f"{fails} if {left.is_unknown} else {holds}" if left.is_unknown else holds
        if test.operator == "exists":
            return _guarded([left], "1", fails, holds)
        parts = [left, *(self._part(side) for side in test.right)]
        if test.operator == "is" and parts[1].source in ("True", "False"):
            truths = (holds, fails) if parts[1].source == "True" else (fails, holds)
            return _guarded(parts, "1", fails, f"{truths[0]} if {left.source} else {truths[1]}")
        python = CORE[test.operator].python
        assert python is not None
        comparison = python.format(*(part.source for part in parts))
        return _guarded(parts, "1", fails, f"{holds} if {comparison} else {fails}")

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
                    self.shared("c", self.condition(part, negated=negated)) for part in parts
                ]
                certain = self._chain([f"({variable} >> 1)" for variable in variables], "+")
                possible = self._chain([f"({variable} & 1)" for variable in variables], "+")
                return f"(3 if {certain} >= {count} else 0 if {possible} < {count} else 1)"

    def _joined(self, parts: Sequence[Condition], sign: str, negated: bool) -> str:
        sources = self._chunks([self.condition(part, negated=negated) for part in parts], sign)
        if len(sources) == 1:
            return sources[0]
        if sign == "&":
            # Where one that is at hand fails already, the rest is not looked at.
            ready = list(dict.fromkeys(source for source in sources if source.isidentifier()))
            rest = [source for source in sources if not source.isidentifier()]
            if ready and rest:
                return f"({' and '.join(ready)} and {' & '.join([*ready, *rest])})"
        return f"({f' {sign} '.join(sources)})"

    def _chain(self, sources: list[str], sign: str) -> str:
        return f" {sign} ".join(self._chunks(sources, sign))

    def _chunks(self, sources: list[str], sign: str) -> list[str]:
        """The same chain in at most `_CHUNK` parts; longer ones are worked out piece by piece."""
        while len(sources) > _CHUNK:
            sources = [
                self.assign("c", f" {sign} ".join(sources[at : at + _CHUNK]))
                for at in range(0, len(sources), _CHUNK)
            ]
        return sources

    def function(self, name: str, parameters: str, body: Sequence[str]) -> Callable[..., Any]:
        """Compile lines of source into a function over the namespace gathered so far."""
        return compiled_function(name, parameters, body, self.namespace)


def compiled_function(
    name: str, parameters: str, body: Sequence[str], namespace: dict[str, Any]
) -> Callable[..., Any]:
    """Lines of source as a function over a namespace.

    The lines hold only names that were made for them, operators from our own table, and small integers;
    every other value is in the namespace.
    """
    text = f"def {name}({parameters}):\n" + "".join(f"    {line}\n" for line in body)
    exec(compile(text, f"<{name}>", "exec"), namespace)  # noqa: S102
    made: Callable[..., Any] = namespace[name]
    return made


def condition_function(
    condition: Condition, can_be_none: Container[str] = ()
) -> Callable[[Mapping[str, Any]], Truth]:
    """One condition over facts as a function of its own."""
    writer = SourceWriter(lambda name: f"get({writer.constant(name)})", can_be_none)
    result = writer.condition(condition)
    body = ["get = facts.get", *writer.lines, f"return {result}"]
    return writer.function("condition", "facts", body)


def _guarded(parts: Sequence[_Part], unknown: str, none: str, source: str) -> str:
    checks = dict.fromkeys(part.is_unknown for part in parts if part.is_unknown is not None)
    # What must be worked out first is looked at last.
    ordered = sorted(checks, key=lambda check: ":=" in check)
    nothing = dict.fromkeys(part.is_none for part in parts if part.is_none is not None)
    if nothing:
        source = f"{none} if {' or '.join(nothing)} else {source}"
    return f"{unknown} if {' or '.join(ordered)} else {source}" if ordered else source


def _tests_with_signs(condition: Condition, negated: bool) -> Iterator[tuple[Test, bool]]:
    """Each test of a condition, and whether an odd number of `not` precedes it."""
    match condition:
        case Test():
            yield condition, negated
        case Not(part):
            yield from _tests_with_signs(part, not negated)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from _tests_with_signs(part, negated)
