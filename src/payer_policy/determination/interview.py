"""Questions as a tree: first the one that splits the case, then only what its answer needs.

Which question splits best is found by trying: each answer is assumed, the case is decided again, and the
questions that are left are counted. No solver is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    FindingEffect,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_condition,
    tests_in,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import HOLDS, UNKNOWN
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination.missing import facts_to_ask
from payer_policy.determination.model import Determination, Question
from payer_policy.engines.protocol import Evaluation

MOST_TRIED: Final = 8
"""Maximum number of questions of which it is tried how well they split the case: those that the most
rules wait for."""
MOST_ANSWERS: Final = 12
"""Maximum number of answers of a question that is tried."""
DECIDES: Final = ("deny", "pend", "reduce")
_WAITING: Final = 2
"""A question for which fewer rules wait does not split the case."""


class Case(Protocol):
    """A case as it is decided with some facts assumed."""

    @property
    def determination(self) -> Determination: ...
    @property
    def ruleset(self) -> Ruleset: ...
    @property
    def evaluation(self) -> Evaluation | None: ...
    @property
    def facts(self) -> Mapping[str, Value | None]: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to a question, and what is then still to be asked."""

    value: Value
    decision: str
    """What is decided by it, before anything else is asked."""
    then: tuple[Item, ...]
    left: int
    """How many questions are left, also where `then` was not worked out."""

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON."""
        then = [one.to_json() for one in self.then]
        return {
            "value": to_json(self.value),
            "decision": self.decision,
            "left": self.left,
            "then": then,
        }


@dataclass(frozen=True, slots=True)
class Item:
    """One item of an interview: a question, or alternatives of which one is enough."""

    question: Question | None
    answers: tuple[Answer, ...] = ()
    """Where what is asked next depends on it, each answer with that."""
    one_of: tuple[tuple[Item, ...], ...] = ()
    enough: int = 1
    """How many of the alternatives are enough."""

    def to_json(self) -> dict[str, Any]:
        """The item as JSON."""
        if self.question is None:
            ways = [[one.to_json() for one in way] for way in self.one_of]
            return {"one_of": ways, "enough": self.enough}
        made: dict[str, Any] = {"ask": self.question.to_json()}
        if self.answers:
            made["answers"] = [one.to_json() for one in self.answers]
        return made


def interview(
    decide: Callable[[Mapping[str, Value]], Case], *, whole: bool = False
) -> tuple[Item, ...]:
    """What to ask about a case, in order; empty: nothing is missing.

    Args:
        decide: Decides the case with some facts assumed.
        whole: Whether what follows each answer is worked out too, down to the last question; otherwise
            only how many questions are left.
    """
    return _Interview(decide, whole).items({})


class _Interview:
    def __init__(self, decide: Callable[[Mapping[str, Value]], Case], whole: bool) -> None:
        self._decide, self._whole = decide, whole
        self._cases: dict[frozenset[tuple[str, Value]], Case] = {}

    def items(self, assumed: Mapping[str, Value]) -> tuple[Item, ...]:
        case = self._case(assumed)
        missing = case.determination.missing
        splitting = self._splitting(case, missing, assumed)
        if splitting is None:
            return tuple(_grouped(case, missing))
        answers = tuple(
            [
                self._answer(value, {**assumed, splitting.fact: value})
                for value in _values(case.ruleset, splitting.fact)
            ]
        )
        return (Item(splitting, answers),)

    def _answer(self, value: Value, assumed: Mapping[str, Value]) -> Answer:
        made = self._case(assumed).determination
        then = self.items(assumed) if self._whole else ()
        return Answer(value, made.decision, then, len(made.missing))

    def _case(self, assumed: Mapping[str, Value]) -> Case:
        key = frozenset(assumed.items())
        if key not in self._cases:
            self._cases[key] = self._decide(assumed)
        return self._cases[key]

    def _splitting(
        self, case: Case, missing: Sequence[Question], assumed: Mapping[str, Value]
    ) -> Question | None:
        """The question to ask first; None: what is asked does not depend on any of the answers.

        The policy's own choice, or else the one that leaves the fewest questions on average; of several
        the first one of the vocabulary.
        """
        by_fact = {question.fact: question for question in missing}
        able = [one for one in by_fact if _values(case.ruleset, one)]
        for name in case.ruleset.ask_first:
            if name in able:
                return by_fact[name]
        order = {name: at for at, name in enumerate(case.ruleset.facts)}
        waited = [one for one in able if len(by_fact[one].rules) >= _WAITING]
        waited.sort(key=lambda one: (-len(by_fact[one].rules), order[one]))
        best: tuple[float, int, str] | None = None
        for name in waited[:MOST_TRIED]:
            left = [
                len(self._case({**assumed, name: value}).determination.missing)
                for value in _values(case.ruleset, name)
            ]
            tried = (sum(left) / len(left), order[name], name)
            best = tried if best is None else min(best, tried)
        # Asked in any order, a question leaves all others: only one that leaves fewer splits the case.
        if best is None or best[0] > len(missing) - 2:
            return None
        return by_fact[best[2]]


def _values(ruleset: Ruleset, name: str) -> Sequence[Value]:
    """The answers to a question, where they are few; empty: they are not."""
    fact = ruleset.facts.get(name)
    if fact is None:
        return ()
    if fact.type.kind == "boolean":
        return (True, False)
    return fact.type.values if 0 < len(fact.type.values) <= MOST_ANSWERS else ()


# --- alternatives ----------------------------------------------------------------------------------


def _grouped(case: Case, missing: Sequence[Question]) -> Iterator[Item]:
    """The questions, those of alternatives as one item where the first of them comes."""
    by_fact = {question.fact: question for question in missing}
    member: dict[str, Item] = {}
    for ways, enough in _alternatives(case, by_fact):
        names = [name for way in ways for name in way]
        if not member.keys() & set(names):
            item = Item(
                None,
                one_of=tuple([tuple([Item(by_fact[name]) for name in way]) for way in ways]),
                enough=enough,
            )
            member.update(dict.fromkeys(names, item))
    said: list[Item] = []
    for question in missing:
        item = member.get(question.fact, Item(question))
        if item.question is not None or not any(item is one for one in said):
            said.append(item)
            yield item


def _alternatives(
    case: Case, asked: Mapping[str, Question]
) -> Iterator[tuple[list[list[str]], int]]:
    """The ways in which an unknown `any` could come to hold, each with what it asks, and how many of
    them are enough: if they share nothing, and nothing else asks it."""
    if case.evaluation is None:
        return
    facts = {**case.facts, **case.evaluation.derived}
    truths = case.evaluation.truths
    waits: dict[str, set[str]] = {}
    for rule, truth in zip(case.ruleset.rules, truths, strict=True):
        if truth == UNKNOWN:
            for name in _asked_in(rule.condition, case.ruleset, asked):
                waits.setdefault(name, set()).add(rule.id)
    for rule, parts, enough in _choices(case, facts):
        open_ = [part for part in parts if truth_of(part, facts) == UNKNOWN]
        held = sum(truth_of(part, facts) == HOLDS for part in parts)
        ways = [list(_asked_in(part, case.ruleset, asked)) for part in open_]
        names = [name for way in ways for name in way]
        apart = len(names) == len(set(names)) and all(ways) and len(ways) > enough - held
        inside = {id(test) for part in parts for test in tests_in(part)}
        beside = [test for test in tests_in(rule.condition) if id(test) not in inside]
        others = {one for test in beside for one in _asked_in(test, case.ruleset, asked)}
        alone = all(waits[name] == {rule.id} for name in names) and not others.intersection(names)
        if apart and alone:
            yield ways, enough - held


_Choice = tuple[Rule, tuple[Condition, ...], int]


def _choices(case: Case, facts: Mapping[str, Value | None]) -> Iterator[_Choice]:
    """The parts of unknown rules of which some are enough for the case to be approved, and how many.

    A denial is to fail, so what is under its `not` is to hold, and so is what concludes a fact of which
    it tests that it is not so.
    """
    assert case.evaluation is not None
    rules, truths = case.ruleset.rules, case.evaluation.truths
    seen: set[int] = set()

    def walk(rule: Rule, condition: Condition, wanted: bool) -> Iterator[_Choice]:
        match condition:
            case Not(part):
                yield from walk(rule, part, not wanted)
            case All(parts) | AnyOf(parts) | AtLeast(_, parts):
                if wanted and isinstance(condition, AnyOf):
                    yield rule, parts, 1
                if wanted and isinstance(condition, AtLeast):
                    yield rule, parts, condition.count
                for part in parts:
                    yield from walk(rule, part, wanted)
            case Test(fact) if fact in case.ruleset.derived and facts.get(fact) is None:
                for index, value in case.ruleset.derived[fact].concluded_by:
                    if index not in seen and truths[index] == UNKNOWN:
                        seen.add(index)
                        holds = truth_of(condition, {**facts, fact: value}) == HOLDS
                        yield from walk(rules[index], rules[index].condition, holds is wanted)

    for rule, truth in zip(rules, truths, strict=True):
        if (
            truth == UNKNOWN
            and isinstance(rule.effect, FindingEffect)
            and rule.effect.kind in DECIDES
        ):
            yield from walk(rule, rule.condition, False)


def _asked_in(
    condition: Condition, ruleset: Ruleset, asked: Mapping[str, Question]
) -> Iterator[str]:
    """The questions that a condition asks directly, in the order of its tests."""
    yield from dict.fromkeys(
        one
        for name in facts_in_condition(condition)
        for one in facts_to_ask(name, ruleset)
        if one in asked
    )
