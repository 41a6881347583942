"""The unknown facts that could still change the outcome, as questions in the order that decides soonest.

Reads the ruleset and an engine's `Evaluation`; `decide` calls it, and only where something is
unknown. Everything here is polynomial: sets of facts are bits of an integer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, Final, NamedTuple

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Expression,
    Not,
    Ruleset,
    Test,
    facts_in_expression,
    facts_in_test,
    facts_read,
    tests_in,
)
from payer_policy.core.semantics import Facts, truth_of_test
from payer_policy.core.truth import FAILS, HOLDS, NEGATED, UNKNOWN, Truth, at_least
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import Value
from payer_policy.determination.model import Question
from payer_policy.determination.waits import FactSet, Pass, Waits
from payer_policy.determination.words import (
    capital,
    is_plural,
    is_question,
    label_of,
)
from payer_policy.engines.protocol import Evaluation

NOTHING: Final[FactSet] = 0
DEEP: Final = 100
"""Depth of rules (one reads the next) from which they are processed in order, not recursively."""


KEPT: Final = 1000
"""Maximum number of patterns of unknown rules that are kept, for a ruleset."""

Pattern = tuple[tuple[Truth, ...], tuple[Any, ...]]
_Signature = Callable[[Facts], "tuple[Any, ...] | None"]


class Need(NamedTuple):
    """What a condition, or a rule, waits for.

    `facts` are all unknown input facts that are reached through unknown parts only. `to_hold` and
    `to_fail` are small sets of them that could make it hold, and fail; None: nothing can.
    """

    truth: Truth
    facts: FactSet
    to_hold: FactSet | None
    to_fail: FactSet | None


_SETTLED: Final = {
    HOLDS: Need(HOLDS, NOTHING, NOTHING, None),
    FAILS: Need(FAILS, NOTHING, None, NOTHING),
}


def _size(facts: FactSet) -> tuple[int, int]:
    return facts.bit_count(), facts


def _smaller(a: FactSet | None, b: FactSet | None) -> FactSet | None:
    if a is None or b is None:
        return b if a is None else a
    return min(a, b, key=_size)


def _union(a: FactSet | None, b: FactSet | None) -> FactSet | None:
    return None if a is None or b is None else a | b


def _cheapest(count: int, sets: Iterable[FactSet | None]) -> FactSet | None:
    """The union of the `count` smallest sets; None where there are fewer."""
    possible = sorted((one for one in sets if one is not None), key=_size)
    if len(possible) < count:
        return None
    union = NOTHING
    for one in possible[:count]:
        union |= one
    return union


class _State:
    """What is known of one request, and what its unknown rules and derived facts wait for."""

    __slots__ = ("derived", "known", "rules", "truths")

    def __init__(self, evaluation: Evaluation, known: Facts) -> None:
        self.truths = evaluation.truths
        self.known: dict[str, Value | None] = dict(known)
        self.rules: dict[int, Need] = {}
        self.derived: dict[str, tuple[FactSet, dict[Value, FactSet | None]]] = {}


_Walk = Callable[[_State], Need]


class MissingFacts:
    """The analysis for one ruleset; made once, safe to share between threads."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._facts = ruleset.facts
        read = {name for rule in ruleset.rules for name in facts_read(rule)} - set(ruleset.derived)
        asked = {name for fact in read for name in facts_to_ask(fact, ruleset)} | read
        declared = {name: place for place, name in enumerate(ruleset.facts)}
        self._names = sorted(asked, key=lambda name: (declared.get(name, len(declared)), name))
        self._bits = {name: 1 << place for place, name in enumerate(self._names)}
        self._asks = {name: facts_to_ask(name, ruleset) for name in read}
        self._walks = [self._condition(rule.condition) for rule in ruleset.rules]
        place = {rule.id: index for index, rule in enumerate(ruleset.rules)}
        self._overriders = [
            tuple(place[id_] for id_ in rule.overridden_by if id_ in place)
            for rule in ruleset.rules
        ]
        self._behind = self._dependencies()
        plain = {name: self._bits[name] for name, asks in self._asks.items() if asks == (name,)}
        self._waits = Waits(ruleset, self._overriders, plain, self._input)
        self._deep = max(map(len, self._behind), default=0) > DEEP
        self._signatures: list[_Signature | None] = [None] * len(ruleset.rules)
        self._all_behind = lru_cache(maxsize=KEPT)(self._all_rules_behind)

    @property
    def asked(self) -> tuple[str, ...]:
        """All facts that may be asked for, in the order of the vocabulary."""
        return tuple(self._names)

    def asks(self, name: str) -> tuple[str, ...]:
        """The facts to ask for where an input fact is not known: itself, or what it is made from."""
        return self._asks[name]

    def _dependencies(self) -> list[frozenset[int]]:
        """For each rule the rules that it waits for, however far back, and itself."""
        behind: list[frozenset[int]] = []
        for index, rule in enumerate(self._ruleset.rules):
            before = set(self._overriders[index])
            for name in facts_read(rule):
                derived = self._ruleset.derived.get(name)
                if derived is not None:
                    before.update(other for other, _ in derived.concluded_by)
            # Each rule comes after what it waits for, so what is behind those is known by now.
            behind.append(frozenset({index}).union(*(behind[other] for other in before)))
        return behind

    def _all_rules_behind(self, rules: tuple[int, ...], fact: str | None) -> tuple[int, ...]:
        """Some rules, those that conclude a derived fact, and all that they wait for, in order."""
        looked_at = [*rules]
        if fact is not None and fact in self._ruleset.derived:
            looked_at += [index for index, _ in self._ruleset.derived[fact].concluded_by]
        return tuple(sorted(frozenset().union(*(self._behind[rule] for rule in looked_at))))

    # --- what is asked about a rule ---------------------------------------------------------------

    def start(
        self,
        evaluation: Evaluation,
        known: Facts,
        rules: Iterable[int],
        fact: str | None = None,
        other: str | None = None,
    ) -> _State:
        """Look at the unknown ones of these rules, and of the rules that they wait for.

        With a derived `fact` or `other`, also of those that conclude it.

        `known` are all facts, derived ones among them. The other methods answer about the state
        that comes back.
        """
        state = _State(evaluation, known)
        truths = evaluation.truths
        # In their order each rule comes after what it waits for, so one pass is enough, however
        # long a chain of derived facts is.
        looked_at = self._all_behind(tuple(rules), fact)
        if other is not None:
            looked_at = tuple(sorted({*looked_at, *self._all_behind((), other)}))
        for index in looked_at:
            if truths[index] == UNKNOWN:
                state.rules[index] = self._rule(index, state)
        return state

    def pattern(
        self, truths: Sequence[Truth], known: Facts, rules: tuple[int, ...], fact: str | None
    ) -> Pattern | None:
        """All that the answers about `start` with the same arguments depend on; None: also on values.

        It holds truths and which facts are known, and no value.
        """
        behind = self._all_behind(rules, fact)
        found = []
        for index in behind:
            if truths[index] == UNKNOWN:
                signature = self._signatures[index]
                if signature is None:
                    signature = self._signatures[index] = self._signature(index)
                found.append(signature(known))
        if None in found:
            return None
        return tuple([truths[index] for index in behind]), tuple(found)

    def _signature(self, index: int) -> _Signature:
        """What gives the truths of a rule's tests, and which facts are unknown that they read or that
        are asked for in their place.

        It gives None where a derived fact is tested together with another: then it matters what the
        test would say of each value of the one, beside the value of the other.
        """
        rule, derived = self._ruleset.rules[index], self._ruleset.derived
        tests = list(dict.fromkeys(tests_in(rule.condition)))
        for test in tests:
            names = set(facts_in_test(test))
            if len(names) > 1 and not names.isdisjoint(derived):
                return lambda known: None
        read = dict.fromkeys(facts_read(rule))
        read |= dict.fromkeys(one for name in read for one in self._asks.get(name, ()))
        none = frozenset(name for name, fact in self._facts.items() if fact.type.can_be_none)
        variables = {name: f"f{at}" for at, name in enumerate(read)}
        writer = SourceWriter(variables.__getitem__, none)
        truths = [writer.test(test) for test in tests]
        reading = [f"{own} = get({writer.constant(name)})" for name, own in variables.items()]
        unknown = [f"{own} is None" for own in variables.values()]
        returned = f"return ({', '.join([*truths, *unknown])},)"
        body = ["get = known.get", *reading, *writer.lines, returned]
        return writer.function("signature", "known", body)

    def waits(self, truths: Sequence[Truth], known: Facts) -> Callable[[int], FactSet]:
        """Only which facts the unknown rule at an index waits for: what `start` finds, quicker."""
        state = Pass(truths, known)

        def waits(index: int) -> FactSet:
            if self._deep:
                for before in sorted(self._behind[index]):
                    if truths[before] == UNKNOWN:
                        self._waits.of_rule(before, state)
            return self._waits.of_rule(index, state)

        return waits

    def need_of_rule(self, state: _State, index: int) -> Need:
        """What the rule at that index waits for."""
        found = state.rules.get(index)
        return _SETTLED[state.truths[index]] if found is None else found

    def need_of_fact(self, state: _State, name: str) -> Need:
        """What an unknown derived fact waits for; it fails where the fact is known to be false."""
        facts, costs = self._derived(name, state)
        return Need(UNKNOWN, facts, costs.get(True), costs.get(False))

    def need_of_expressions(self, state: _State, expressions: Sequence[Expression]) -> Need:
        """What the values of expressions wait for; `to_hold` and `to_fail` make them known."""
        get = state.known.get
        read = dict.fromkeys(name for one in expressions for name in facts_in_expression(one))
        unknown = [name for name in read if get(name) is None]
        if not unknown:  # a division by zero: nothing that is asked can mend it
            return Need(UNKNOWN, NOTHING, None, None)
        facts, known = self._to_know(unknown, state)
        return Need(UNKNOWN, facts, known, known)

    def unless(self, need: Need, fact: str, state: _State) -> Need:
        """What something waits for that counts only where a yes/no derived fact is not true."""
        if state.known.get(fact) is not None:
            return need
        facts, costs = self._derived(fact, state)
        return _all([need, Need(UNKNOWN, facts, costs.get(False), costs.get(True))])

    def names(self, facts: FactSet) -> tuple[str, ...]:
        """The names in a set, in the order of the vocabulary."""
        return tuple([self._names[place] for place in _places(facts)])

    def questions(
        self,
        denying: Sequence[tuple[str, Need]],
        others: Sequence[tuple[str, Need]],
        later: Mapping[str, FactSet],
    ) -> tuple[Question, ...]:
        """The facts that unsettled rules wait for, in the order that settles the case soonest.

        A case can be settled by a denial (all facts of some denying rule's `to_hold`) or by an
        approval (every unsettled rule's `to_fail`). The order is greedy: at every step, take the
        settling set that needs the fewest facts beyond those already asked, and ask those; among
        sets of one size, the one whose facts touch more unsettled rules, then the one that comes
        first in the vocabulary. Inside a set, and for the facts that are in no settling set (the
        longer ways round, in an `any`), the fact that touches more unsettled rules comes first,
        then the order of the vocabulary. `later` are facts that matter only if a rule turns out
        to hold (the amount of a reduction); they are asked with the rest.

        The sets are small, not smallest: a set that covers several conditions at the least cost is
        a hard problem, so each condition picks its own cheapest way.
        """
        touches: dict[str, FactSet] = {id_: need.facts for id_, need in (*denying, *others)}
        for id_, facts in later.items():
            touches[id_] = touches.get(id_, NOTHING) | facts
        wanted = NOTHING
        for facts in touches.values():
            wanted |= facts
        if not wanted:
            return ()
        count = dict.fromkeys(_places(wanted), 0)
        for facts in touches.values():
            for place in _places(facts):
                count[place] += 1

        def by_weight(places: Iterable[int]) -> list[int]:
            return sorted(places, key=lambda place: (-count[place], place))

        @cache
        def preference(facts: FactSet) -> tuple[int, int, tuple[int, ...]]:
            places = _places(facts)
            return len(places), -sum(count[place] for place in places), tuple(places)

        settling = [need.to_hold for _, need in denying if need.to_hold]
        approval: FactSet | None = NOTHING
        for _, need in (*denying, *others):
            approval = _union(approval, need.to_fail)
        if approval:
            settling.append(approval)
        order: list[int] = []
        left = wanted
        while settling:
            best = min(settling, key=preference)
            order += by_weight(_places(best))
            left &= ~best
            settling = [rest for one in settling if (rest := one & left)]
        order += by_weight(_places(left))
        return tuple(
            self._question(
                self._names[place],
                tuple(sorted(id_ for id_, facts in touches.items() if facts >> place & 1)),
            )
            for place in order
        )

    def _question(self, name: str, rules: tuple[str, ...]) -> Question:
        return question_of(name, self._facts.get(name), rules)

    # --- costs ------------------------------------------------------------------------------------

    def _rule(self, index: int, state: _State) -> Need:
        need = self._walks[index](state)
        if not self._overriders[index]:
            return need
        # The rule holds where its condition does and every rule that overrides it fails.
        parts = [need]
        for other in self._overriders[index]:
            truth, facts, to_hold, to_fail = self.need_of_rule(state, other)
            parts.append(Need(NEGATED[truth], facts, to_fail, to_hold))
        return _all(parts)

    def _derived(self, name: str, state: _State) -> tuple[FactSet, dict[Value, FactSet | None]]:
        """The facts behind an unknown derived fact, and the cost of each value it can have."""
        found = state.derived.get(name)
        if found is not None:
            return found
        derived = self._ruleset.derived[name]
        facts = NOTHING
        needs = []
        for index, value in derived.concluded_by:
            need = self.need_of_rule(state, index)
            facts |= need.facts
            needs.append((value, need))
        costs: dict[Value, FactSet | None] = {}
        for value in dict.fromkeys(value for value, _ in needs):
            cost: FactSet | None = None
            others: FactSet | None = NOTHING
            for concluded, need in needs:
                if concluded == value:
                    cost = _smaller(cost, need.to_hold)
                else:
                    others = _union(others, need.to_fail)
            costs[value] = _union(cost, others)
        if derived.otherwise is not None:
            none: FactSet | None = NOTHING
            for _, need in needs:
                none = _union(none, need.to_fail)
            costs[derived.otherwise] = _smaller(costs.get(derived.otherwise), none)
        state.derived[name] = facts, costs
        return facts, costs

    def _to_know(self, names: Iterable[str], state: _State) -> tuple[FactSet, FactSet | None]:
        """The facts behind unknown facts, and a small set of them that could make all known."""
        facts: FactSet = NOTHING
        cost: FactSet | None = NOTHING
        for name in names:
            if name in self._ruleset.derived:
                behind, costs = self._derived(name, state)
                cheapest: FactSet | None = None
                for one in costs.values():
                    cheapest = _smaller(cheapest, one)
            else:
                behind = cheapest = self._input(name, state.known)
            facts |= behind
            cost = _union(cost, cheapest)
        return facts, cost

    def _input(self, name: str, known: Facts) -> FactSet:
        sources = self._asks[name]
        if sources == (name,):
            return self._bits[name]
        facts = NOTHING
        for source in sources:
            if known.get(source) is None:
                facts |= self._bits[source]
        return facts or self._bits[name]

    # --- conditions, compiled to closures once a ruleset ---------------------------------------

    def _condition(self, condition: Condition) -> _Walk:
        match condition:
            case Test():
                return self._test(condition)
            case Not(part):
                inner = self._condition(part)

                def negated(state: _State) -> Need:
                    truth, facts, to_hold, to_fail = inner(state)
                    return Need(NEGATED[truth], facts, to_fail, to_hold)

                return negated
            case All(parts):
                every = [self._condition(part) for part in parts]
                return lambda state: _all([walk(state) for walk in every])
            case AnyOf(parts):
                each = [self._condition(part) for part in parts]
                return lambda state: _any([walk(state) for walk in each])
            case AtLeast(count, parts):
                some = [self._condition(part) for part in parts]
                return lambda state: _some(count, [walk(state) for walk in some])

    def _test(self, test: Test) -> _Walk:
        names = tuple(dict.fromkeys(facts_in_test(test)))

        def any_test(state: _State) -> Need:
            truth = truth_of_test(test, state.known)
            return self._unknown_test(test, names, state) if truth == UNKNOWN else _SETTLED[truth]

        return any_test

    def _unknown_test(self, test: Test, names: tuple[str, ...], state: _State) -> Need:
        known = state.known
        unknown = [name for name in names if known.get(name) is None]
        if len(unknown) != 1 or unknown[0] not in self._ruleset.derived:
            facts, cost = self._to_know(unknown, state)
            # No unknown fact at all: a division by zero, which nothing that is asked can mend.
            cost = cost if unknown else None
            return Need(UNKNOWN, facts, cost, cost)
        name = unknown[0]
        facts, costs = self._derived(name, state)
        to_hold: FactSet | None = None
        to_fail: FactSet | None = None
        try:
            for value, cost in costs.items():
                known[name] = value
                truth = truth_of_test(test, known)
                if truth == HOLDS:
                    to_hold = _smaller(to_hold, cost)
                elif truth == FAILS:
                    to_fail = _smaller(to_fail, cost)
        finally:
            known[name] = None
        return Need(UNKNOWN, facts, to_hold, to_fail)


def facts_to_ask(
    name: str, ruleset: Ruleset, seen: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """The facts to ask for instead of one that is computed from others and has no question."""
    fact = ruleset.facts.get(name)
    if fact is None or fact.question or not fact.source or "compute" not in fact.source:
        return (name,)
    used = [
        other
        for other in _facts_in_json(fact.source["compute"])
        if other in ruleset.facts and other not in ruleset.derived and other not in seen
    ]
    below = [base for other in used for base in facts_to_ask(other, ruleset, seen | {name})]
    return tuple(dict.fromkeys(below)) or (name,)


def question_of(name: str, fact: Fact | None, rules: tuple[str, ...]) -> Question:
    """The question for a fact, in the words of the vocabulary."""
    if fact is None:
        return Question(name, name, f"What is {name}?", None, False, rules)
    asked = fact.question
    if asked is None and fact.type.kind == "boolean":
        asked = f"Is this true: {fact.states(True)}?"
    elif asked is None:
        label = label_of(name, fact)
        verb = "are" if is_plural(label) else "is"
        asked = f"{capital(label)}?" if is_question(label) else f"What {verb} {label}?"
    return Question(name, fact.label, asked, fact.supplied_by, fact.correctable, rules)


def _all(needs: Sequence[Need]) -> Need:
    truth: Truth = HOLDS
    facts = NOTHING
    to_hold: FactSet | None = NOTHING
    to_fail: FactSet | None = None
    for need in needs:
        truth &= need.truth
        facts |= need.facts
        to_hold = _union(to_hold, need.to_hold)
        to_fail = _smaller(to_fail, need.to_fail)
    return Need(UNKNOWN, facts, to_hold, to_fail) if truth == UNKNOWN else _SETTLED[truth]


def _any(needs: Sequence[Need]) -> Need:
    truth: Truth = FAILS
    facts = NOTHING
    to_hold: FactSet | None = None
    to_fail: FactSet | None = NOTHING
    for need in needs:
        truth |= need.truth
        facts |= need.facts
        to_hold = _smaller(to_hold, need.to_hold)
        to_fail = _union(to_fail, need.to_fail)
    return Need(UNKNOWN, facts, to_hold, to_fail) if truth == UNKNOWN else _SETTLED[truth]


def _some(count: int, needs: Sequence[Need]) -> Need:
    truth = at_least(count, (need.truth for need in needs))
    if truth != UNKNOWN:
        return _SETTLED[truth]
    facts = NOTHING
    for need in needs:
        facts |= need.facts
    return Need(
        UNKNOWN,
        facts,
        _cheapest(count, (need.to_hold for need in needs)),
        _cheapest(len(needs) - count + 1, (need.to_fail for need in needs)),
    )


def _places(facts: FactSet) -> list[int]:
    places = []
    while facts:
        lowest = facts & -facts
        places.append(lowest.bit_length() - 1)
        facts ^= lowest
    return places


def _facts_in_json(expression: Any) -> Iterable[str]:
    if isinstance(expression, Mapping):
        for key, value in expression.items():
            if key == "fact" and isinstance(value, str):
                yield value
            else:
                yield from _facts_in_json(value)
    elif isinstance(expression, (list, tuple)):
        for item in expression:
            yield from _facts_in_json(item)
