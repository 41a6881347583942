"""What holds of facts that are made from one list, whatever its rows are.

`axioms(…)` says that there are rows from which all of them could be made: one value behind each fact that
is what is known of it, within its bounds, and that agrees with the others of the list. So what is proved
holds of every request; a request in which no rows could lie behind the facts is not found.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any, Final

from payer_policy.core.ruleset import (
    All,
    Condition,
    Constant,
    Edge,
    Test,
    Window,
)
from payer_policy.core.vocabulary.model import (
    LEAST,
    MOST,
    UNBOUNDED,
    RecordType,
    Vocabulary,
    bound_name,
)
from payer_policy.engines.symbolic.arithmetic import Outside, compare
from payer_policy.engines.symbolic.formulas import Conditions
from payer_policy.engines.symbolic.logic import Formula, all_of, both, either, negated, same
from payer_policy.engines.symbolic.terms import FIRST_DAY, LAST_DAY, Facts, Number, Term
from payer_policy.language.sources import OR_NONE, RecordAggregate, Source

_LATER: Final = ("latest", "max")
_EARLIER: Final = ("earliest", "min")


@dataclass(frozen=True, slots=True)
class _Behind:
    """The value that some rows make of a fact; `none`: there is no such row."""

    source: RecordAggregate
    value: Any
    none: Formula
    conjuncts: frozenset[Condition]
    negative: bool
    """Whether a row may have a value below zero."""


def axioms(
    sources: Mapping[str, Source],
    vocabulary: Vocabulary,
    facts: Facts,
    conditions: Conditions,
    prefix: str,
) -> Iterator[Formula]:
    """What holds of the facts that are made from records.

    Args:
        sources: Where the facts come from.
        vocabulary: Their declarations, and the types of records.
        facts: The facts as terms.
        conditions: Writes what right sides are.
        prefix: Of the names of the values behind the facts: those of one request.
    """
    found: list[_Behind] = []
    for name, source in sources.items():
        if isinstance(source, RecordAggregate) and name in vocabulary.facts:
            kind = vocabulary.records[source.records]
            behind = _behind(name, source, kind, facts, prefix)
            if behind is not None:
                found.append(behind)
                yield from _of_one(name, behind, vocabulary, facts, conditions)
    for one, other in permutations(found, 2):
        if one.source.records == other.source.records:
            yield from _of_two(one, other)


def not_given(
    sources: Mapping[str, Source], vocabulary: Vocabulary, facts: Facts
) -> Iterator[Formula]:
    """That no list is given: the facts made from records are given themselves, or are not known.

    Such requests can be shown: they need no rows.
    """
    for name, source in sources.items():
        if (
            not isinstance(source, RecordAggregate)
            or bound_name(name, LEAST) not in vocabulary.bounds
        ):
            continue
        field = source.field
        smallest: Any = (
            None if field is None else vocabulary.records[source.records].fields[field].minimum
        )
        from_zero = source.how in ("count", "count_distinct") or (
            source.how == "sum" and smallest is not None and smallest >= 0
        )
        least, most = (facts[bound_name(name, side)] for side in (LEAST, MOST))
        yield _equal(least.value, Number(0)) if from_zero else _says_nothing(least, LEAST)
        yield _says_nothing(most, MOST)


def _behind(
    name: str, source: RecordAggregate, records: RecordType, facts: Facts, prefix: str
) -> _Behind | None:
    kind = facts.types[name].kind
    if source.give is not None or source.how in ("collect", "only"):
        return None
    behind = f"{prefix}{name} by its rows"
    value: Any
    if kind == "boolean":
        value = facts.make.flag(behind)
    else:
        whole = facts.make.whole(behind)
        value = whole if kind == "date" else Number(whole, facts[name].value.bottom)
    none = facts.make.flag(f"{behind} is none") if source.how in OR_NONE else False
    least: Any = None if source.field is None else records.fields[source.field].minimum
    negative = kind != "date" and (least is None or least < 0)
    return _Behind(source, value, none, frozenset(_conjuncts(source.where)), negative)


def _conjuncts(condition: Condition | None) -> Iterator[Condition]:
    """The conditions that all hold where this one does."""
    if isinstance(condition, All):
        for part in condition.parts:
            yield from _conjuncts(part)
    elif condition is not None:
        yield condition


# --- one fact ------------------------------------------------------------------------------------------


def _of_one(
    name: str, behind: _Behind, vocabulary: Vocabulary, facts: Facts, conditions: Conditions
) -> Iterator[Formula]:
    fact, value = facts[name], behind.value
    if isinstance(value, Number) or behind.source.how not in ("any", "all"):
        there = negated(fact.none)
        equal = both(same(fact.none, behind.none), either(fact.none, _equal(fact.value, value)))
        yield either(negated(fact.known), equal)
        if bound_name(name, LEAST) in vocabulary.bounds:
            yield from _between(name, behind, facts, there)
        yield from _in_range(behind, vocabulary.records[behind.source.records])
        yield from _in_window(behind, vocabulary.records[behind.source.records], conditions)
    else:
        yield either(negated(fact.known), same(fact.value, value))


def _between(name: str, behind: _Behind, facts: Facts, there: Formula) -> Iterator[Formula]:
    """The bounds are always known, and where they are one, the fact is that."""
    fact = facts[name]
    least, most = facts[bound_name(name, LEAST)], facts[bound_name(name, MOST)]
    yield least.known
    yield most.known
    yield _order(least.value, most.value)
    # Of what may be none no bound says anything, so a row is there where one does.
    inside = both(_order(least.value, behind.value), _order(behind.value, most.value))
    yield either(behind.none, inside)
    yield either(negated(behind.none), _says_nothing(least, LEAST))
    yield either(negated(behind.none), _says_nothing(most, MOST))
    settled = all_of([fact.known, there, _equal(fact.value, least.value)])
    yield either(negated(_equal(least.value, most.value)), settled)


def _says_nothing(bound: Term, side: str) -> Formula:
    """That a bound is as far as any can be."""
    if isinstance(bound.value, Number):
        return _equal(bound.value, _number(UNBOUNDED[side]["decimal"]))
    return bound.value == (FIRST_DAY if side == LEAST else LAST_DAY)


def _in_range(behind: _Behind, kind: RecordType) -> Iterator[Formula]:
    """A count is not negative; any other value lies where its field can."""
    how, value = behind.source.how, behind.value
    if how in ("count", "count_distinct"):
        yield compare(operator.ge, value, Number(0))
        return
    assert behind.source.field is not None
    type_ = kind.fields[behind.source.field]
    for bound, side in ((type_.minimum, operator.ge), (type_.maximum, operator.le)):
        if bound is None or not isinstance(value, Number):
            continue
        limit = 0 if how == "sum" and _signed(bound, side) else bound
        if how != "sum" or _signed(bound, side):
            fits = compare(side, value, _number(limit))
            yield either(behind.none, fits)


def _signed(bound: Any, side: Callable[[Any, Any], Any]) -> bool:
    """Whether values on that side of a bound all have one sign, so that their sum has it too."""
    return bool(bound >= 0 if side is operator.ge else bound <= 0)


def _in_window(behind: _Behind, kind: RecordType, conditions: Conditions) -> Iterator[Formula]:
    """A first or a last day of rows lies where `where` says that their day does."""
    if behind.source.field != kind.dated_by or behind.source.how not in (*_LATER, *_EARLIER):
        return
    for part in behind.conjuncts:
        match part:
            case Test(field, "is" | "at_least" | "at_most" as word, _, (side,)) if (
                field == kind.dated_by
            ):
                try:
                    day = conditions.expression(side)
                except Outside:
                    continue
                known = both(day.known, negated(day.none))
                fits = {
                    "is": behind.value == day.value,
                    "at_least": behind.value >= day.value,
                    "at_most": behind.value <= day.value,
                }[word]
                yield either(negated(known), behind.none, fits)


# --- two facts of one list -----------------------------------------------------------------------------


def _of_two(one: _Behind, other: _Behind) -> Iterator[Formula]:
    """What holds of two facts, where the rows of the first are among those of the second."""
    if not _among(one.conjuncts, other.conjuncts):
        return
    how, that = one.source.how, other.source.how
    same_field = one.source.field == other.source.field
    some, others = _some(one), _some(other)
    if some is not None and others is not None:
        yield either(negated(some), others)
    if others is not None and how == "sum":
        yield either(others, compare(operator.eq, one.value, Number(0)))
    if how == that == "count" or (how == that == "count_distinct" and same_field):
        yield compare(operator.le, one.value, other.value)
    if how == that == "sum" and same_field and not one.negative:
        yield compare(operator.le, one.value, other.value)
    if (how, that) == ("count_distinct", "count"):
        yield compare(operator.le, one.value, other.value)
    if not same_field or one.source.field is None:
        return
    if how in _LATER and that in _LATER:
        yield either(one.none, _order(one.value, other.value))
    if how in _EARLIER and that in _EARLIER:
        yield either(one.none, _order(other.value, one.value))
    if how in _EARLIER and that in _LATER:
        yield either(one.none, _order(one.value, other.value))
    if how in _LATER and that in _EARLIER:
        yield either(one.none, _order(other.value, one.value))


def _some(behind: _Behind) -> Formula | None:
    """That there surely is a row; None: the fact does not say it."""
    if behind.source.how in ("count", "count_distinct"):
        return compare(operator.ge, behind.value, Number(1))
    if behind.source.how in OR_NONE:
        return negated(behind.none)
    return None


def _among(some: frozenset[Condition], others: frozenset[Condition]) -> bool:
    """Whether rows for which some conditions hold are surely among those for which others do."""
    return all(any(_implies(one, other) for one in some) for other in others)


def _implies(one: Condition, other: Condition) -> bool:
    if one == other:
        return True
    match one, other:
        case (
            Test(field, word, _, (Edge(Window(Constant(a), unit, "before", anchor), last),)),
            Test(also, same_word, _, (Edge(Window(Constant(b), of, "before", to), end),)),
        ) if (field, word, last, anchor) == (also, same_word, end, to):
            # Both windows end with the anchor; the longer one begins no later.
            longer = word == "at_least" and unit == of and 0 <= a <= b  # type: ignore[operator]
            longer = longer and isinstance(unit, str)  # a calendar may not know the longer one
            return (word == "at_most" and a >= 0 and b >= 0) if last else longer  # type: ignore[operator]
        case (
            Test(field, "is" | "in", _, (Constant(values),)),
            Test(also, "in", _, (Constant(more),)),
        ) if field == also:
            listed = values if isinstance(values, frozenset) else {values}
            return isinstance(more, frozenset) and more.issuperset(listed)
    return False


# --- values --------------------------------------------------------------------------------------------


def _number(bound: Any) -> Number:
    exact = Fraction(bound)
    return Number(exact.numerator, exact.denominator)


def _equal(one: Any, other: Any) -> Formula:
    return compare(operator.eq, one, other) if isinstance(one, Number) else one == other


def _order(one: Any, other: Any) -> Formula:
    """That one value is no more than another."""
    return compare(operator.le, one, other) if isinstance(one, Number) else one <= other
