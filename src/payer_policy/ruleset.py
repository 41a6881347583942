"""The one intermediate form: what a policy means on one window of dates, typed and in order.

`policy.resolve` makes it, every engine runs it, and the determination and the explanation read it.
Nothing here knows JSON, dates of versions or overlays any more: parameters and code sets have
become literals (they keep their names, so that an explanation can cite them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Final, Literal

from payer_policy.vocabulary.model import Fact
from payer_policy.vocabulary.types import Value

Spans = Literal["pend", "first-day", "per-diem"]

# --- expressions: what stands on either side of a test ---------------------------------------


@dataclass(frozen=True, slots=True)
class Constant:
    """A known value. `name` tells where it came from (`parameter:…`, `code_set:…`), if anywhere."""

    value: Value
    name: str | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class FactRef:
    """The value of a fact, unknown while the fact is."""

    fact: str


@dataclass(frozen=True, slots=True)
class Score:
    """The position (0, 1, 2, …) of an ordered choice's value among its values."""

    fact: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Exact arithmetic; unknown when an argument is, or on division by zero."""

    operation: str
    """A key of `payer_policy.semantics.ARITHMETIC`."""
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The days from `amount` units before (or after) an anchor day to that day, both included."""

    amount: Expression
    unit: Literal["days", "weeks", "months", "years", "business_days"]
    direction: Literal["before", "after"]
    anchor: Expression


Expression = Constant | FactRef | Score | Arithmetic | Window

# --- conditions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared by one operator with some expressions. Unknown when any part of it is.

    `left` is the fact's value, or its `Score` where an ordered choice is compared by position.
    """

    fact: str
    operator: str
    """A key of `payer_policy.vocabulary.operators.OPERATORS`."""
    left: FactRef | Score
    right: tuple[Expression, ...]

    __test__ = False  # a test runner that collects classes by name must leave this one alone


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    parts: tuple[Condition, ...]


Condition = Test | All | AnyOf | Not | AtLeast

# --- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with slots: pieces of text, and the names of facts to print between them."""

    pieces: tuple[str, ...]
    facts: tuple[str, ...]
    """`pieces[0] fact[0] pieces[1] … fact[n-1] pieces[n]`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is adjusted: group, CARC and RARCs as an 835 carries them, and our own sentence."""

    group: str | None
    carc: str | None
    rarcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conclude:
    """Derived facts that the rule concludes when it holds."""

    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What the rule finds when it holds, on which part of the service's lines (None: all)."""

    kind: Literal["deny", "pend", "reduce", "advise"]
    reason: Reason
    because: Sentence
    part: str | None
    to: Expression | None = None
    """For `reduce`: the units allowed in all over the lines that it falls on."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `overridden_by` are the ids of the rules that must be known not to hold."""

    id: str
    title: str
    condition: Condition
    effect: Conclude | Finding
    cites: tuple[str, ...]
    overridden_by: tuple[str, ...] = ()
    assume_not_holding: bool = False
    note: str | None = None
    origin: str = ""
    """The policy file that the rule comes from, as `<payer>/<policy>/<first day>`."""


@dataclass(frozen=True, slots=True)
class DerivedFact:
    """A fact that rules conclude: the indices of those rules with the value each concludes."""

    name: str
    otherwise: Value | None
    concluded_by: tuple[tuple[int, Value], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A source that rules cite."""

    id: str
    title: str
    href: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """A named value of the policy."""

    name: str
    value: Value
    unit: str | None = None
    cites: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True)
class Ruleset:
    """A policy as it stands on one window of service dates.

    `rules` are in an order in which each rule comes after the rules that conclude a fact it reads
    and after the rules that override it; ties are broken by id, so the order is always the same.
    """

    policy: str
    """The policy's address, `<payer>/<policy>`."""
    version: str
    """The first day in force of the version, as in the file's name."""
    title: str
    first_day: date
    last_day: date | None
    """The window of service dates for which this ruleset is exact; both ends included."""
    applies_to: Condition
    rules: tuple[Rule, ...]
    derived: Mapping[str, DerivedFact]
    facts: Mapping[str, Fact]
    """The declarations of all facts that are read, shown or concluded, by name."""
    line_parts: Mapping[str, str]
    """The labels of the parts of a service's lines, by name."""
    parameters: Mapping[str, Parameter]
    references: Mapping[str, Reference]
    information_request: Reason | None
    hash: str
    """SHA-256 (hex) of the meaning: equal for equal rules, whatever the files' layout."""
    spans: Spans = "pend"
    """How a claim line over several days is decided: not at all, as of its first day, or day by day."""

    def rule(self, id_: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        return self.rules[self.index_of(id_)]

    def index_of(self, id_: str) -> int:
        for index, rule in enumerate(self.rules):
            if rule.id == id_:
                return index
        raise KeyError(id_)

    def inputs(self) -> tuple[str, ...]:
        """The names of the facts that conditions read and that no rule concludes, sorted."""
        read = {name for rule in self.rules for name in facts_read(rule)}
        return tuple(sorted(read - set(self.derived)))


DATE_MISSING: Final = "date-of-service-missing"
SEVERAL_DAYS: Final = "line-over-several-days"
CHANGES: Final = "answer-changes-in-period"
RESERVED: Final[Mapping[str, str]] = {
    DATE_MISSING: "The date of service is missing",
    SEVERAL_DAYS: "A line runs over several days",
    CHANGES: "The answer changes within the period",
}
"""The ids of what is found without a rule of a policy, with their titles. No rule may have one."""

EMPTY: Mapping[str, str] = MappingProxyType({})


def facts_in_expression(expression: Expression) -> Iterator[str]:
    """The names of the facts that an expression reads."""
    match expression:
        case FactRef(fact) | Score(fact, _):
            yield fact
        case Arithmetic(_, arguments):
            for argument in arguments:
                yield from facts_in_expression(argument)
        case Window(amount, _, _, anchor):
            yield from facts_in_expression(amount)
            yield from facts_in_expression(anchor)
        case _:
            return


def tests_in(condition: Condition) -> Iterator[Test]:
    """The tests of a condition, from left to right."""
    match condition:
        case Test():
            yield condition
        case Not(part):
            yield from tests_in(part)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from tests_in(part)


def facts_in_test(test: Test) -> Iterator[str]:
    """The facts that a test reads: its own first, then those on its right side."""
    yield test.fact
    for expression in test.right:
        yield from facts_in_expression(expression)


def facts_read(rule: Rule) -> Iterator[str]:
    """The facts that a rule's condition (and the amount it reduces to) reads."""
    for test in tests_in(rule.condition):
        yield from facts_in_test(test)
    if isinstance(rule.effect, Finding) and rule.effect.to is not None:
        yield from facts_in_expression(rule.effect.to)


Number = int | Fraction
