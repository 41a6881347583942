"""The one intermediate form: what a policy means on one window of dates, typed and in order.

`policy.resolve` makes it, every engine runs it, and the determination and the explanation read it.
Nothing here knows JSON, dates of versions or overlays any more: parameters and code sets have
become literals (they keep their names, so that an explanation can cite them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import ClassVar, Final, Literal

from payer_policy.core.tables import CODE_SET, Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import NONE, Value

ENGINES: Final = ("compiled", "durable", "checked", "columnar", "symbolic")
"""The names of the engines that evaluate rulesets, one module each in `engines`. Declared here, so
that a checker of what an engine reported needs none of them."""

Spans = Literal["pend", "first-day", "per-diem"]
PREAUTHORIZATION: Final = "preauthorization"
"""The kind of a request that asks beforehand."""

# --- expressions: the two sides of a test ---------------------------------------


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
    """A key of `payer_policy.core.semantics.ARITHMETIC`."""
    arguments: tuple[Expression, ...]
    called: str | None = field(default=None, compare=False, repr=False)
    """The name under which the policy defines it, which people read; as for conditions."""


@dataclass(frozen=True, slots=True)
class Window:
    """The days from `amount` units before (or after) an anchor day to that day, both included.

    Where a test was written `within` a window, this is what people read; engines read its `Edge`s.
    """

    amount: Expression
    unit: Literal["days", "weeks", "months", "years", "business_days"] | HolidayCalendar
    """A calendar: its business days; without one those are Monday to Friday."""
    direction: Literal["before", "after"]
    anchor: Expression


@dataclass(frozen=True, slots=True)
class Edge:
    """The first or the last day of a window; of a window of no days, a day that no date reaches."""

    window: Window
    last: bool


@dataclass(frozen=True, slots=True)
class Lookup:
    """A column of a table, looked up by the facts that are its keys; see `payer_policy.core.tables`."""

    table: Table
    column: str
    called: str | None = field(default=None, compare=False, repr=False)
    """The name under which the policy defines it, which people read; as for conditions."""


@dataclass(frozen=True, slots=True)
class Moved:
    """The far day of a window: the day `amount` units before or after another; a negative amount is
    the other way. Unknown where no calendar has that day."""

    window: Window
    called: str | None = field(default=None, compare=False, repr=False)
    """The name under which the policy defines it, which people read; as for conditions."""


Expression = Constant | FactRef | Score | Arithmetic | Lookup | Edge | Moved | Window
"""The right side of a test. A `Window` occurs only in a test as it was written."""

# --- conditions --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared by one core test with an expression. Unknown when any part of it is.

    `left` is the fact's value, or its `Score` where an ordered choice is compared by position.

    `says` is the test as it was written, where another word was used for it. It counts for nothing in
    equality and hash: it is what people read (`written`). Only there a word that is no core test, and a
    `Window`, may stand. So is `called`, on any condition: the name under which the policy defines it.
    """

    fact: str
    operator: str
    """A key of `payer_policy.core.vocabulary.operators.CORE` (of `OPERATORS`, where it is as written)."""
    left: FactRef | Score
    right: tuple[Expression, ...]
    says: Test | None = field(default=None, compare=False, repr=False)
    called: str | None = field(default=None, compare=False, repr=False)

    __test__ = False  # a test runner that collects classes by name must leave this one alone


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]
    says: Test | None = field(default=None, compare=False, repr=False)
    called: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Condition, ...]
    called: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition
    says: Test | None = field(default=None, compare=False, repr=False)
    called: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AtLeast:
    count: int
    parts: tuple[Condition, ...]
    called: str | None = field(default=None, compare=False, repr=False)


Condition = Test | All | AnyOf | Not | AtLeast


def written(condition: Condition) -> Test | None:
    """The test as it was written; None: this is a combination of conditions."""
    match condition:
        case Test(says=None):
            return condition
        case Test(says=says) | All(says=says) | Not(says=says):
            return says
    return None


# --- rules ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with slots: pieces of text, and the names of facts to print between them."""

    pieces: tuple[str, ...]
    facts: tuple[str, ...]
    """`pieces[0] fact[0] pieces[1] … fact[n-1] pieces[n]`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is adjusted: group, CARC and RARCs as an 835 carries them."""

    group: str | None
    carc: str | None
    rarcs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conclude:
    """Derived facts that the rule concludes when it holds."""

    values: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Certifies:
    """What an approval of a preauthorization certifies beside its quantity; None: as asked."""

    codes: Expression | None = None
    """The codes (HCPCS)."""
    per: Expression | None = None
    """The units at most in each period of `every`."""
    every: Expression | None = None
    """How many of `every_unit` such a period is long."""
    every_unit: str | None = None
    first_day: Expression | None = None
    last_day: Expression | None = None
    """The last day, included."""
    length: Expression | None = None
    """How many of `length_unit` after the first day the last day has passed."""
    length_unit: str | None = None

    EXPRESSIONS: ClassVar = ("codes", "per", "every", "first_day", "last_day", "length")

    def expressions(self) -> Iterator[Expression]:
        """The values that must be known to certify."""
        values = (getattr(self, name) for name in self.EXPRESSIONS)
        yield from (one for one in values if one is not None)


LEFT_OUT: Final = MappingProxyType({"left out": True})
"""Marks a field that a digest leaves out while it has its default: what came later changes no hash."""


@dataclass(frozen=True, slots=True)
class FindingEffect:
    """What the rule finds when it holds, on which part of the service's lines (None: all)."""

    kind: Literal["deny", "pend", "reduce", "certify", "advise"]
    reason: Reason
    because: Sentence
    part: str | None
    to: Expression | None = None
    """For `reduce`: the units allowed in all over the lines that it falls on. For `certify`: the units
    that an approval certifies; None: as asked."""
    review: bool = field(default=False, metadata=LEFT_OUT)
    """Whether a clinician must confirm that the rule denies."""
    disposition: Literal["return", "packaged"] | None = field(default=None, metadata=LEFT_OUT)
    """What becomes of a line that the rule denies, where it is not simply denied."""
    follow_up: bool = field(default=False, metadata=LEFT_OUT)
    """Whether advice is to be reviewed after payment."""
    certifies: Certifies | None = field(default=None, metadata=LEFT_OUT)
    """For `certify`, what else is certified."""

    def amounts(self) -> tuple[Expression, ...]:
        """The values that must be known beside the condition."""
        own = () if self.to is None else (self.to,)
        return own if self.certifies is None else (*own, *self.certifies.expressions())


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `overridden_by` are the ids of the rules that must be known not to hold."""

    id: str
    title: str
    condition: Condition
    effect: Conclude | FindingEffect
    cites: tuple[str, ...]
    overridden_by: tuple[str, ...] = ()
    assume_not_holding: bool = False
    note: str | None = None
    section: str | None = None
    """The section of the policy that the rule belongs to."""
    origin: str = ""
    """The policy file that the rule comes from, as `<payer>/<policy>/<first day>`."""

    @property
    def concludes(self) -> Mapping[str, Value]:
        """The values that the rule concludes, by derived fact; empty for a finding."""
        return dict(self.effect.values) if isinstance(self.effect, Conclude) else {}


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


@dataclass(frozen=True, slots=True)
class PartHashes:
    """The SHA-256 (hex) of each part of a ruleset's meaning.

    Where two rulesets have different hashes, these say where: in which rule, or in which other part
    (`applies_to`, `facts`, `parameters`, …).
    """

    rules: Mapping[str, str]
    others: Mapping[str, str]


NO_HASHES = PartHashes(MappingProxyType({}), MappingProxyType({}))


@dataclass(frozen=True)
class Ruleset:
    """A policy as it is in force on one window of service dates.

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
    """SHA-256 (hex) of the meaning, made from `parts`; empty where nothing is decided by it."""
    parts: PartHashes = field(default=NO_HASHES, repr=False)
    follows: Mapping[str, str] = field(default_factory=dict)
    """The part of the lines that another part follows, by the name of the part that follows."""
    sections: tuple[str, ...] = ()
    """The policy's sections; of findings of one kind the first section leads."""
    silences: frozenset[str] = frozenset()
    """The sections whose findings become advice where an authorization covers the service."""
    covered_by: str | None = None
    """The derived fact that says so, where a section is silenced."""
    needed_by: str | None = None
    """The derived fact that says whether preauthorization is needed, where the rules conclude it."""
    spans: Spans = "pend"
    """How a claim line over several days is decided: not at all, as of its first day, or day by day."""
    tables: Mapping[str, Table] = field(default_factory=dict)
    """The policy's tables, by name."""
    ask_first: tuple[str, ...] = ()
    """The facts that are asked before others."""

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


VOID: Final = "8"
"""The frequency of a claim that takes another one back (CLM05-3)."""
DATE_MISSING: Final = "date-of-service-missing"
SEVERAL_DAYS: Final = "line-over-several-days"
CHANGES: Final = "answer-changes-in-period"
APPLIES: Final = "policy-may-not-apply"
RESERVED: Final[Mapping[str, str]] = {
    DATE_MISSING: "The date of service is missing",
    SEVERAL_DAYS: "A line runs over several days",
    CHANGES: "The answer changes within the period",
    APPLIES: "It is not known whether the policy applies",
}
"""The ids of what is found without a rule of a policy, with their titles. No rule may have one."""


def _all_in(expression: Expression) -> Iterator[Expression]:
    """An expression and all that it is made of, each before its parts. A window counts as its edge's."""
    yield expression
    match expression:
        case Arithmetic(_, parts):
            pass
        case Edge(Window(amount, _, _, anchor)) | Moved(Window(amount, _, _, anchor)):
            parts = (amount, anchor)
        case _:
            return
    for part in parts:
        yield from _all_in(part)


def facts_in_expression(expression: Expression) -> Iterator[str]:
    """The names of the facts that an expression reads."""
    if isinstance(expression, Window):
        yield from facts_in_expression(expression.amount)
        yield from facts_in_expression(expression.anchor)
        return
    for one in _all_in(expression):
        if isinstance(one, Lookup):
            yield from one.table.keys
        elif isinstance(one, FactRef | Score):
            yield one.fact


def lookups_in(expression: Expression) -> Iterator[Lookup]:
    """The look-ups of tables in an expression."""
    return (one for one in _all_in(expression) if isinstance(one, Lookup))


def facts_taken_over(expression: Expression) -> Iterator[str]:
    """The facts that make an expression none where they are none: all but the keys of tables."""
    return (one.fact for one in _all_in(expression) if isinstance(one, FactRef | Score))


def gives_none(expression: Expression) -> bool:
    """Whether a table in an expression may give none."""
    return any(NONE in one.table.gives(one.column) for one in lookups_in(expression))


def constants_in(expression: Expression) -> Iterator[Value]:
    """The constant values in an expression, and those that a table in it gives or asks about."""
    match expression:
        case Constant(value):
            yield value
        case Lookup(table, column):
            yield from (value for value in table.gives(column) if value is not NONE)
            for cell in (cell for row in table.rows for cell in row.cells if cell is not None):
                yield from cell.values or ()
                bounds = (cell.least, cell.most, cell.below)
                yield from (bound for bound in bounds if bound is not None)
        case Arithmetic(_, arguments):
            for argument in arguments:
                yield from constants_in(argument)
        case Edge(Window(amount, _, _, anchor)) | Moved(Window(amount, _, _, anchor)):
            yield from constants_in(amount)
            yield from constants_in(anchor)
        case _:
            return


def code_lists_in(expression: Expression) -> Iterator[frozenset[Value]]:
    """The sets of values in an expression, and those that the tables in it ask about."""
    match expression:
        case Constant(frozenset() as value):
            yield value
    for lookup in lookups_in(expression):
        for cell in (cell for row in lookup.table.rows for cell in row.cells):
            if cell is not None and cell.values is not None:
                yield cell.values


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


def code_sets_in(condition: Condition) -> Iterator[str]:
    """The names of the code sets that a condition asks about, itself or by its tables."""
    for test in tests_in(condition):
        for side in test.right:
            yield from code_sets_of(side)


def code_sets_of(expression: Expression) -> Iterator[str]:
    """The code set whose members an expression is, or those that its tables ask about."""
    if isinstance(expression, Constant) and expression.name:
        if expression.name.startswith(CODE_SET):
            yield expression.name.removeprefix(CODE_SET)
        return
    for lookup in lookups_in(expression):
        yield from lookup.table.code_sets


def effect_with_members(
    effect: FindingEffect, members: Mapping[str, frozenset[str]]
) -> FindingEffect:
    """The effect with the members that the code sets have which its amounts ask about."""

    def dated(expression: Expression | None) -> Expression | None:
        return None if expression is None else _with_members(expression, members)

    to, certifies = dated(effect.to), effect.certifies
    if certifies is not None:
        made = {name: dated(getattr(certifies, name)) for name in certifies.EXPRESSIONS}
        if any(made[name] is not getattr(certifies, name) for name in made):
            certifies = replace(certifies, **made)  # type: ignore[arg-type]
    if to is effect.to and certifies is effect.certifies:
        return effect
    return replace(effect, to=to, certifies=certifies)


def written_tests_in(condition: Condition) -> Iterator[Test]:
    """The tests of a condition as they were written, from left to right."""
    test = written(condition)
    if test is not None:
        yield test
        return
    match condition:
        case Not(part):
            yield from written_tests_in(part)
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            for part in parts:
                yield from written_tests_in(part)


def with_members(condition: Condition, members: Mapping[str, frozenset[str]]) -> Condition:
    """The condition with the members that its code sets have; itself where it has them already."""
    match condition:
        case Test(right=sides, says=says):
            made = tuple([_with_members(side, members) for side in sides])
            if all(a is b for a, b in zip(made, sides, strict=True)):
                return condition
            return replace(condition, right=made, says=_as_written(says, members))
        case Not(part, says):
            inner = with_members(part, members)
            if inner is part:
                return condition
            return replace(condition, part=inner, says=_as_written(says, members))
        case All(parts, says):
            inside = tuple([with_members(part, members) for part in parts])
            if all(a is b for a, b in zip(inside, parts, strict=True)):
                return condition
            return replace(condition, parts=inside, says=_as_written(says, members))
        case AnyOf(parts) | AtLeast(_, parts):
            inside = tuple([with_members(part, members) for part in parts])
            same = all(a is b for a, b in zip(inside, parts, strict=True))
            return condition if same else replace(condition, parts=inside)


def _dated(expression: Expression, members: Mapping[str, frozenset[str]]) -> Expression:
    """An expression with the members that the code sets of its tables have; itself if it has them."""
    match expression:
        case Lookup(table):
            dated = table.with_members(members)
            return expression if dated is table else replace(expression, table=dated)
        case Arithmetic(_, arguments):
            made = tuple([_dated(argument, members) for argument in arguments])
            same = all(a is b for a, b in zip(made, arguments, strict=True))
            return expression if same else replace(expression, arguments=made)
        case Edge(window) | Moved(window):
            inner = _dated(window, members)
            assert isinstance(inner, Window)
            return expression if inner is window else replace(expression, window=inner)
        case Window(amount, _, _, anchor):
            count, day = _dated(amount, members), _dated(anchor, members)
            same = count is amount and day is anchor
            return expression if same else replace(expression, amount=count, anchor=day)
    return expression


def _as_written(says: Test | None, members: Mapping[str, frozenset[str]]) -> Test | None:
    if says is None:
        return None
    return replace(says, right=tuple([_with_members(side, members) for side in says.right]))


def _with_members(side: Expression, members: Mapping[str, frozenset[str]]) -> Expression:
    if not isinstance(side, Constant):
        return _dated(side, members)
    if not (side.name and side.name.startswith(CODE_SET)):
        return side
    wanted = members[side.name.removeprefix(CODE_SET)]
    return side if side.value == wanted else replace(side, value=wanted)


def facts_in_test(test: Test) -> Iterator[str]:
    """The facts that a test reads: its own first, then those on its right side."""
    yield test.fact
    for expression in test.right:
        yield from facts_in_expression(expression)


def facts_in_condition(condition: Condition) -> Iterator[str]:
    """The names on both sides of all tests of a condition."""
    for test in tests_in(condition):
        yield from facts_in_test(test)


def facts_read(rule: Rule) -> Iterator[str]:
    """The facts that a rule's condition reads, and the amounts that it reduces to or certifies."""
    yield from facts_in_condition(rule.condition)
    if isinstance(rule.effect, FindingEffect):
        for amount in rule.effect.amounts():
            yield from facts_in_expression(amount)


Number = int | Fraction
