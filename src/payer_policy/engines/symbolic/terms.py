"""Facts as terms: `Facts(types, conditions)` holds for each fact whether it is known, and its value.

Numbers are whole: a decimal counts in millionths, a date in days, a code by its place in one list
of all texts that the conditions name. A set of codes is one flag for each code that could matter.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, lcm
from typing import Any, Final

import z3

from payer_policy.core.ruleset import (
    Condition,
    Constant,
    Expression,
    FactRef,
    Lookup,
    Test,
    code_lists_in,
    constants_in,
    lookups_in,
    tests_in,
)
from payer_policy.core.vocabulary.codes import code_below, families_in, malformed, stand_in
from payer_policy.core.vocabulary.model import LEAST, bound_name, bounded_by
from payer_policy.core.vocabulary.types import MAX_NUMBER, MAX_PLACES, NONE, FactType, Value
from payer_policy.engines.symbolic.logic import (
    Formula,
    Names,
    Whole,
    all_of,
    any_of,
    both,
    choose,
    either,
    negated,
    number_in,
    same,
    truth_in,
)

MILLIONTHS: Final = 10**MAX_PLACES
FIRST_DAY: Final = date.min.toordinal()
LAST_DAY: Final = date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number: `top` (a whole term) divided by `bottom` (positive)."""

    top: Whole
    bottom: int = 1


@dataclass(frozen=True)
class Codes:
    """A set of codes: for each text that could matter whether it is in; `more`: others are in too."""

    members: Mapping[int, Formula]
    more: Formula
    others: Mapping[str, tuple[Whole, Formula]] = field(default_factory=dict)
    """By fact of kind code: its value, and whether that is in the set where it is no listed text."""
    merged: Mapping[int, int] = field(default_factory=dict)
    """Texts that no condition tells apart, each with the one that stands for them all."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """Of two sets that are compared: where codes lie that no condition names."""

    left_only: Formula
    right_only: Formula
    shared: Formula


@dataclass(frozen=True, slots=True)
class Term:
    """A value that may not be known. `value`: Formula, Number, day or text (whole), or Codes.

    `none`: it is known that there is no such thing; then the value is not read.
    """

    known: Formula
    value: Any
    none: Formula = False


_FOREIGN: Final = 500
"""Where stand-ins begin for texts that are codes of another system."""


class Texts:
    """All codes and choice values in one list, so that each is a number.

    The remainder of a number says in which family of codes it is, the narrowest that conditions name, or
    that it is in none: so of a text that no condition names, too, it is seen what it is below.
    """

    def __init__(self, families: Iterable[str] = ()) -> None:
        self._families = ("", *sorted(set(families), key=lambda family: (len(family), family)))
        self._at: dict[str, int] = {}
        self._next = list(range(len(self._families)))
        """The next number of each remainder."""
        self._family_at = {self.number(family): family for family in self._families[1:]}

    def __len__(self) -> int:
        """More than the number of any text."""
        return max(self._next)

    def number(self, text: str) -> int:
        found = self._at.get(text)
        if found is None:
            heads = [at for at, one in enumerate(self._families) if text[:-1].startswith(one[:-1])]
            found = self._at[text] = self._next[heads[-1]]
            self._next[heads[-1]] += len(self._families)
        return found

    def known(self, text: str) -> bool:
        return text in self._at

    def text(self, number: int) -> str | None:
        """The text of that number; None for one that no condition names, and for a family."""
        if number in self._family_at:
            return None
        return next((text for text, at in self._at.items() if at == number), None)

    def is_family(self, number: int) -> bool:
        """Whether it is the number of a family, which stands for the codes of it that nothing names."""
        return number in self._family_at

    def is_one(self, value: Whole, number: int) -> Formula:
        """That a value is the text of a number, or below it where that is a family."""
        family = self._family_at.get(number)
        if family is None:
            return value == number
        below = [at for at, one in enumerate(self._families) if at and one.startswith(family[:-1])]
        return any_of(value % len(self._families) == at for at in below)

    def width(self, family: int) -> int:
        """The more, the narrower is the family of that number."""
        return len(self._family_at[family])

    def place_of(self, number: int, listed: Mapping[int, int]) -> int | None:
        """The listed text, or else the narrowest listed family, that a text is in; None: neither."""
        if number in listed:
            return number
        around = [at for at in self._family_at if at in listed and self.is_one(number, at)]
        return max(around, key=self.width, default=None)

    def code_below(self, number: int) -> str | None:
        """A code of the family that a number is in, which no condition names; None: it is in none."""
        family = self._families[number % len(self._families)]
        if not family:
            return None
        found = (
            code_below(family, number // len(self._families) + more, self._families[1:])
            for more in range(len(self._at) + 1)
        )
        return next((code for code in found if code and not self.known(code)), None)


class Facts:
    """The facts that some conditions read, as terms of the solver.

    `conditions` must hold every condition that will be asked about, and `concluded` the codes that
    rules conclude, since the values that must be distinguished are derived from them. With
    `fractions` a decimal may be a third: a request never says so, but a computed fact may be one.
    `prefix` keeps the facts of two requests apart.
    """

    def __init__(
        self,
        types: Mapping[str, FactType],
        conditions: Iterable[Condition],
        concluded: Iterable[tuple[str, frozenset[str]]] = (),
        *,
        fractions: bool = False,
        prefix: str = "",
    ) -> None:
        self.types = types
        self.make = Names()
        self._prefix = prefix
        self._fractions = fractions
        conditions = tuple(conditions)
        self.texts = Texts(
            family
            for condition in conditions
            for test in tests_in(condition)
            for side in test.right
            for codes in code_lists_in(side)
            for family in families_in(codes)
        )
        self.bounds: list[Any] = []
        """What holds of every value: ranges, choices."""
        self.calls: dict[tuple[Any, ...], Any] = {}
        """The names that stand for calls (`arithmetic.Call`), by what is called on what."""
        self.named: dict[int, tuple[Any, Any]] = {}
        """Formulas that have a name, by their number, each with its name."""
        self._beyond: dict[tuple[str, str, int | None], Beyond] = {}
        self._free: dict[str, Term] = {}
        self._shared: Facts | None = None
        """The facts of the other request, and..."""
        self._own: frozenset[str] = frozenset()
        """...those in which this one may differ from it."""
        self._compared: dict[str, set[str]] = {}
        self._told_apart: dict[str, list[frozenset[str]]] = {}
        self._singly: set[str] = set()
        self._named_for: dict[str, set[int]] = {}
        self._groups: dict[str, set[str]] = {}
        for name, codes in concluded:
            self._told_apart.setdefault(name, []).append(codes)
        known = {name: tuple(listed) for name, listed in self._told_apart.items()}
        for condition in conditions:
            for test in tests_in(condition):
                self._scan(test)
        for name, others in self._compared.items():
            for other in sorted(
                others & known.keys()
            ):  # it is one of the codes that rules conclude
                others.discard(other)
                self._told_apart.setdefault(name, []).extend(known[other])
        for group in self._groups.values():
            shared = [one for name in sorted(group) for one in self._told_apart.get(name, ())]
            self._told_apart.update(dict.fromkeys(group, shared))

    def again(self, prefix: str, names: Collection[str]) -> Facts:
        """The facts of another request that differs in the named facts at most."""
        other = copy(self)
        other._prefix = prefix
        other._beyond = {}
        other._free = {}
        bounds = [name for name in self.types if bounded_by(name) in names]
        other._shared, other._own = self, frozenset([*names, *bounds])
        return other

    def learned(self, name: str, later: Facts) -> Formula:
        """That a fact, where it is known, has the same value for the other request."""
        one, other = self[name], later[name]
        if one is other:
            return True
        if bounded_by(name) is not None:  # the more is known, the nearer the bounds are
            nearer = (
                operator.le if name == bound_name(str(bounded_by(name)), LEAST) else operator.ge
            )
            if isinstance(one.value, Number):
                return nearer(one.value.top, other.value.top)  # of one scale
            return nearer(one.value, other.value)
        return either(negated(one.known), both(other.known, same_term(one, other)))

    def __getitem__(self, name: str) -> Term:
        """The fact as it may be given: any value of its type, or not known."""
        found = self._free.get(name)
        if found is None:
            if self._shared is not None and name not in self._own:
                found = self._shared[name]
            else:
                found = self._make(name)
                if self.types[name].can_be_none:
                    found = replace(found, none=self.make.flag(f"{self._prefix}{name} is none"))
                    self._when_unknown(found.known, negated(found.none))
            self._free[name] = found
        return found

    def names(self) -> tuple[str, ...]:
        """The free facts that were asked for, sorted."""
        return tuple(sorted(self._free))

    def texts_told_apart(self, name: str) -> Iterator[int]:
        """The texts that conditions on a set of codes name."""
        for one in self._told_apart.get(name, ()):
            yield from (self.texts.number(text) for text in sorted(one))

    def texts_named_for(self, name: str) -> frozenset[int]:
        """The texts with which conditions compare a code."""
        return frozenset(self._named_for.get(name, ()))

    def compared_with(self, name: str) -> tuple[str, ...]:
        """The facts of kind code whose value conditions look for in the set."""
        return tuple(sorted(self._compared.get(name, ())))

    def beyond(self, one: str, other: str, left: Codes, right: Codes) -> list[Beyond]:
        """Where codes of two facts lie that no condition names: in no family, and in each family."""
        listed = sorted({*left.merged, *right.merged})
        homes = [None, *(text for text in listed if self.texts.is_family(text))]
        return [self._beyond_in(home, one, other, left, right) for home in homes]

    def _beyond_in(
        self, home: int | None, one: str, other: str, left: Codes, right: Codes
    ) -> Beyond:
        found = self._beyond.get((one, other, home))
        if found is None:
            codes = "codes" if home is None else f"codes of family {home}"
            found = self._beyond[one, other, home] = Beyond(
                self.make.flag(f"{self._prefix}{one} has {codes} that {other} has not"),
                self.make.flag(f"{self._prefix}{other} has {codes} that {one} has not"),
                self.make.flag(f"{self._prefix}{one} and {other} share {codes}"),
            )
            for has, only in ((left, found.left_only), (right, found.right_only)):
                there = has.more if home is None else has.members.get(home, False)
                self.bounds.append(same(there, any_of([only, found.shared])))
        return found

    # --- constants -------------------------------------------------------------------------------

    def constant(self, value: Value) -> Any:
        """A known value as the solver holds it."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int):
            return Number(value)
        if isinstance(value, (Decimal, Fraction)):
            exact = Fraction(value)
            return Number(exact.numerator, exact.denominator)
        if isinstance(value, date):
            return value.toordinal()
        if isinstance(value, str):
            return self.texts.number(value)
        assert isinstance(value, frozenset), value  # none is no value: it is `Term.none`
        return frozenset(self.constant(one) for one in value)

    def constant_set(self, name: str, value: frozenset[str]) -> Codes:
        """A known set of codes, as a fact that is a set is held."""
        made = self[name].value
        numbers = {self.texts.number(text) for text in value}
        places = {self.texts.place_of(number, made.merged) for number in numbers}
        present = {made.merged[place] for place in places if place is not None}
        members = {text: text in present for text in made.members}
        more = None in places
        others = {code: (term, False) for code, (term, _) in made.others.items()}
        return Codes(members, more, others, made.merged)

    # --- free facts ------------------------------------------------------------------------------

    def _make(self, name: str) -> Term:
        type_ = self.types[name]
        name = f"{self._prefix}{name}"
        known = self.make.flag(f"{name} known")
        match type_.kind:
            case "boolean":
                return Term(known, self.make.flag(name))
            case "decimal" if self._fractions:
                number = self.make.real(name)
                self._when_unknown(known, number == 0)
                return Term(known, Number(number))
            case "integer" | "decimal":
                whole = self.make.whole(name)
                scale = MILLIONTHS if type_.kind == "decimal" else 1
                most = MAX_NUMBER * scale - 1
                least = -most if type_.minimum is None else ceil(_plain(type_.minimum) * scale)
                if type_.maximum is not None:
                    most = floor(_plain(type_.maximum) * scale)
                self.bounds += [whole >= least, whole <= most]
                self._when_unknown(known, whole == min(max(least, 0), most))
                return Term(known, Number(whole, scale))
            case "date":
                day = self.make.whole(name)
                first = _day(type_.minimum, FIRST_DAY)
                self.bounds += [day >= first, day <= _day(type_.maximum, LAST_DAY)]
                self._when_unknown(known, day == first)
                return Term(known, day)
            case "choice":
                chosen = self.make.whole(name)
                self.bounds.append(any_of(chosen == self.texts.number(v) for v in type_.values))
                return Term(known, chosen)
            case "code":
                code = self.make.whole(name)
                self.bounds.append(code >= 0)
                return Term(known, code)
        return Term(known, self._set(name.removeprefix(self._prefix)))

    def _when_unknown(self, known: Any, plain: Any) -> None:
        """The value of an unknown fact is not read; a plain one keeps the search short."""
        self.bounds.append(z3.Or(known, plain))

    def _set(self, name: str) -> Codes:
        groups: dict[tuple[int, ...], list[str]] = {}
        sets = self._told_apart.get(name, [])
        for text in sorted(frozenset().union(*sets)):
            key = tuple(index for index, one in enumerate(sets) if text in one)
            if name in self._singly:
                key = (*key, -1 - self.texts.number(text))
            groups.setdefault(key, []).append(text)
        members: dict[int, Formula] = {}
        merged: dict[int, int] = {}
        for texts in groups.values():
            first = self.texts.number(texts[0])
            members[first] = self.make.flag(f"{self._prefix}{name} has {texts[0]}")
            merged.update({self.texts.number(text): first for text in texts})
        others = {
            other: (
                self[other].value,
                self.make.flag(f"{self._prefix}{name} has the value of {other}"),
            )
            for other in sorted(self._compared.get(name, ()))
        }
        codes = Codes(members, self.make.flag(f"{self._prefix}{name} has others"), others, merged)
        families = sorted((one for one in merged if self.texts.is_family(one)), reverse=True)
        families.sort(key=self.texts.width)  # the narrowest come last, and decide
        pairs = list(others.values())
        for at, (value, has) in enumerate(pairs):
            home = codes.more
            for family in families:
                home = choose(self.texts.is_one(value, family), members[merged[family]], home)
            listed = [one for one in sorted(merged) if one not in families]
            unlisted = [value != number for number in listed]
            self.bounds.append(z3.Implies(has, all_of([home, *unlisted])))
            for other, also in pairs[:at]:
                self.bounds.append(z3.Implies(value == other, has == also))
        return codes

    # --- what conditions tell apart --------------------------------------------------------------

    def _scan(self, test: Test) -> None:
        for expression in test.right:
            for constant in constants_in(expression):
                values = constant if isinstance(constant, frozenset) else {constant}
                for text in sorted(value for value in values if isinstance(value, str)):
                    self._named_for.setdefault(test.fact, set()).add(self.texts.number(text))
            self._scan_tables(expression)
        if self.types[test.fact].kind != "codes":
            for expression in test.right:
                if isinstance(expression, FactRef) and self.types[expression.fact].kind == "codes":
                    self._pair(expression.fact, test.fact)
            return
        for expression in test.right:
            match expression:
                case Constant(value) if isinstance(value, (str, frozenset)):
                    texts = frozenset({value}) if isinstance(value, str) else value
                    self._told_apart.setdefault(test.fact, []).append(texts)
                    if test.operator in ("includes_all", "is"):
                        self._singly.add(test.fact)
                case Lookup(table, column):
                    texts = frozenset(
                        value for value in table.gives(column) if isinstance(value, str)
                    )
                    self._told_apart.setdefault(test.fact, []).append(texts)
                    self._singly.add(test.fact)
                case FactRef(fact):
                    if self.types[fact].kind == "codes":
                        self._alike(test.fact, fact)
                    else:
                        self._pair(test.fact, fact)

    def _scan_tables(self, expression: Expression) -> None:
        """The texts that rows of tables ask of their keys."""
        for lookup in lookups_in(expression):
            for row in lookup.table.rows:
                for key, cell in zip(lookup.table.keys, row.cells, strict=True):
                    values = () if cell is None else cell.values or ()
                    texts = sorted(value for value in values if isinstance(value, str))
                    self._named_for.setdefault(key, set()).update(map(self.texts.number, texts))

    def _pair(self, codes: str, code: str) -> None:
        self._compared.setdefault(codes, set()).add(code)
        self._singly.add(codes)

    def _alike(self, one: str, other: str) -> None:
        """Sets that are compared are distinguished code by code, over the same codes."""
        self._singly |= {one, other}
        group = self._groups.get(one, {one}) | self._groups.get(other, {other})
        self._groups.update(dict.fromkeys(group, group))

    # --- back to values --------------------------------------------------------------------------

    def values_in(self, model: Any) -> dict[str, Value]:
        """The free facts that are known in a model, with their values."""
        out: dict[str, Value] = {}
        for name in self.names():
            term = self._free[name]
            if truth_in(model, term.known):
                out[name] = self.term_in(model, name, term)
        return out

    def term_in(self, model: Any, name: str, term: Term) -> Value:
        """The value of a term of the fact's type, which is known, in a model."""
        return NONE if truth_in(model, term.none) else self.value_in(model, name, term.value)

    def value_in(self, model: Any, name: str, value: Any) -> Value:
        """A value of the fact's type in a model."""
        type_ = self.types[name]
        match type_.kind:
            case "boolean":
                return truth_in(model, value)
            case "integer" | "decimal":
                exact: Fraction = Fraction(number_in(model, value.top)) / value.bottom
                if exact.denominator == 1:
                    return exact.numerator
                if MILLIONTHS % exact.denominator:
                    return exact
                short: Decimal = Decimal(exact.numerator) / Decimal(exact.denominator)
                return short.normalize()
            case "date":
                return date.fromordinal(int(number_in(model, value)))
            case "choice" | "code":
                return self._text(int(number_in(model, value)), type_)
        codes = {
            self._text(text, type_) for text, has in value.members.items() if truth_in(model, has)
        }
        for code, has in value.others.values():
            if truth_in(model, has):
                codes.add(self._text(int(number_in(model, code)), type_))
        if truth_in(model, value.more) and not any(
            truth_in(model, has) for _, has in value.others.values()
        ):
            codes.add(self._stand_in(0, type_))
        return frozenset(codes)

    def _text(self, number: int, type_: FactType) -> str:
        """The text of that number, where a fact of the type can have it; else one like any other."""
        text = self.texts.text(number)
        if text is None and type_.system == "icd10cm":
            text = self.texts.code_below(number)
        if text is None:
            return self._stand_in(number - len(self.texts) + 1, type_)
        if type_.kind == "choice" or malformed(type_.system, text) is None:
            return text
        return self._stand_in(_FOREIGN + number, type_)

    def _stand_in(self, number: int, type_: FactType) -> str:
        """A code of the type's system that no condition names."""
        found = (stand_in(type_.system, number + more) for more in range(len(self.texts) + 1))
        return next((text for text in found if not self.texts.known(text)), "OTHER")

    def all_given(self, values: Mapping[str, Value | None]) -> list[Formula]:
        """That every free fact has the value that is given, and is not known where none is.

        Bounds of facts made from records are known of every request; those not given may be any.
        """
        fixed = [
            self.given(name, values.get(name))
            for name in self.names()
            if bounded_by(name) is None or name in values
        ]
        for (one, other, home), beyond in self._beyond.items():
            left, right = values.get(one), values.get(other)
            if isinstance(left, frozenset) and isinstance(right, frozenset):
                for where, codes in (
                    (beyond.left_only, left - right),
                    (beyond.right_only, right - left),
                    (beyond.shared, left & right),
                ):
                    fixed.append(same(where, any(self._lies_in(home, one, code) for code in codes)))
        return fixed

    def _lies_in(self, home: int | None, name: str, code: str) -> bool:
        """Whether a code of a set, which no condition names, is in a family, or (None) in none."""
        number = self.texts.number(code)
        place = self.texts.place_of(number, self[name].value.merged)
        return place == home and place != number

    def given(self, name: str, value: Value | None) -> Formula:
        """That a free fact has this value (None: is not known)."""
        term = self[name]
        if value is None:
            return negated(term.known)
        if value is NONE:
            return both(term.known, term.none)
        return both(negated(term.none), self._has(name, term, value))

    def _has(self, name: str, term: Term, value: Value) -> Formula:
        match self.types[name].kind:
            case "boolean":
                return both(term.known, same(term.value, bool(value)))
            case "integer" | "decimal":
                number = self.constant(value)
                exact = term.value.top * number.bottom == number.top * term.value.bottom
                return both(term.known, exact)
            case "date":
                return both(term.known, term.value == self.constant(value))
            case "choice" | "code":
                return both(term.known, term.value == self.constant(value))
        assert isinstance(value, frozenset)
        return both(term.known, self._is_set(term.value, value))

    def _is_set(self, codes: Codes, value: frozenset[str]) -> Formula:
        places = {
            number: self.texts.place_of(number, codes.merged)
            for number in (self.texts.number(text) for text in sorted(value))
        }
        present = {codes.merged[place] for place in places.values() if place is not None}
        rest = sorted(number for number, place in places.items() if number != place)
        parts: list[Formula] = [same(has, text in present) for text, has in codes.members.items()]
        parts.append(same(codes.more, None in places.values()))
        for code, has in codes.others.values():
            parts.append(same(has, any_of(code == number for number in rest)))
        return all_of(parts)


def same_term(one: Term, other: Term) -> Formula:
    """That two terms of one fact, where both are known, are the same: one value, or none."""
    return both(same(one.none, other.none), either(one.none, same_value(one.value, other.value)))


def choose_term(when: Formula, one: Term, other: Term) -> Term:
    """One term of a fact, or the other."""
    return Term(
        choose(when, one.known, other.known),
        choose_value(when, one.value, other.value),
        choose(when, one.none, other.none),
    )


def _plain(bound: int | Decimal | date) -> Fraction:
    assert not isinstance(bound, date)
    return Fraction(bound)


def _day(bound: int | Decimal | date | None, otherwise: int) -> int:
    return bound.toordinal() if isinstance(bound, date) else otherwise


def same_value(one: Any, other: Any) -> Formula:
    """That two values of one fact are the same."""
    if isinstance(one, Number):
        bottom = lcm(one.bottom, other.bottom)
        return one.top * (bottom // one.bottom) == other.top * (bottom // other.bottom)
    if isinstance(one, Codes):
        pairs = [(has, other.members[text]) for text, has in one.members.items()]
        pairs += [(has, other.others[code][1]) for code, (_, has) in one.others.items()]
        return all_of(same(a, b) for a, b in [*pairs, (one.more, other.more)])
    return same(one, other)


def choose_value(when: Formula, one: Any, other: Any) -> Any:
    """One value of a fact, or the other."""
    if isinstance(one, Number):
        bottom = lcm(one.bottom, other.bottom)
        tops = [number.top * (bottom // number.bottom) for number in (one, other)]
        return Number(choose(when, *tops), bottom)
    if isinstance(one, Codes):
        members = {
            text: choose(when, has, other.members.get(text, False))
            for text, has in one.members.items()
        }
        others = {code: (value, both(when, has)) for code, (value, has) in one.others.items()}
        return Codes(members, choose(when, one.more, other.more), others, one.merged)
    return choose(when, one, other)
