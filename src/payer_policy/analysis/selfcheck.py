"""Do the engines agree? Random facts on every ruleset, evaluated by all of them.

The facts are drawn around the values that the rules test (each bound, one below and one above). About
a third of them is left unknown, since that is where engines go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any, Final

from payer_policy.analysis.policy_json import rulesets_of
from payer_policy.core.ruleset import (
    Ruleset,
    Test,
    constants_in,
    facts_in_expression,
    tests_in,
)
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import FAILS, HOLDS
from payer_policy.core.vocabulary.codes import code_below, families_in, family_of, stand_in
from payer_policy.core.vocabulary.types import (
    NONE,
    FactType,
    Value,
    ValueProblem,
    parse_value,
    to_json,
)
from payer_policy.engines.protocol import Engine, Evaluation, Evaluator
from payer_policy.policy.library import Library

UNKNOWN_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Facts on which two engines differ, and how."""

    policy: str
    first_day: date
    engines: tuple[str, str]
    difference: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SelfCheck:
    """What was compared. `comparisons` counts the rule truths and derived facts of both engines."""

    rulesets: int
    cases: int
    comparisons: int
    mismatches: tuple[Mismatch, ...]


def selfcheck(library: Library, engines: Sequence[Engine], *, cases: int, seed: int) -> SelfCheck:
    """The differences in `cases` random cases, spread over all rulesets of the library.

    The other engines are compared with the first. The same seed gives the same cases.
    """
    rulesets = [ruleset for ruleset, _ in rulesets_of(library, library.addresses())]
    random = Random(seed)
    comparisons = done = 0
    mismatches: list[Mismatch] = []
    share, rest = divmod(cases, max(1, len(rulesets)))
    for number, ruleset in enumerate(rulesets):
        count = share + (number < rest)
        if not count:
            continue
        palette = palette_of(ruleset)
        cases_here = [random_facts(random, palette) for _ in range(count)]
        done += count
        first, *others = [_all_of(engine.compile(ruleset), cases_here) for engine in engines]
        for engine, answers in zip(engines[1:], others, strict=True):
            names = (engines[0].name, engine.name)
            for facts, wanted, found in zip(cases_here, first, answers, strict=True):
                comparisons += len(wanted.truths) + len(wanted.derived)
                difference = describe_difference(ruleset, wanted, found)
                if difference is not None:
                    values = {fact: to_json(value) for fact, value in sorted(facts.items())}
                    day = ruleset.first_day
                    mismatches.append(Mismatch(ruleset.policy, day, names, difference, values))
    return SelfCheck(len(rulesets), done, comparisons, tuple(mismatches))


def _all_of(evaluate: Evaluator, many: Sequence[Facts]) -> Sequence[Evaluation]:
    """An engine's evaluations of many services, in bulk where it can do that."""
    at_once: Callable[[Sequence[Facts]], Sequence[Evaluation]] | None = getattr(
        evaluate, "evaluate_all", None
    )
    return [evaluate(facts) for facts in many] if at_once is None else at_once(many)


def describe_difference(ruleset: Ruleset, one: Evaluation, other: Evaluation) -> str | None:
    """The first difference between two evaluations, or None."""
    words = {HOLDS: "holds", FAILS: "does not hold"}
    if other.disagreement or one.disagreement:
        return one.disagreement or other.disagreement
    for rule, a, b in zip(ruleset.rules, one.truths, other.truths, strict=True):
        if a != b:
            said = (words.get(a, "is not known"), words.get(b, "is not known"))
            return f"rule `{rule.id}` {said[0]} / {said[1]}"
    for name in ruleset.derived:
        if one.derived.get(name) != other.derived.get(name):
            return f"`{name}` is {one.derived.get(name)} / {other.derived.get(name)}"
    if one.conflicts != other.conflicts:
        return f"conflicts {one.conflicts} / {other.conflicts}"
    return None


# --- random facts ----------------------------------------------------------------------------------


def palette_of(ruleset: Ruleset) -> dict[str, list[Value]]:
    """For each input fact the values worth trying, by the tests that read it."""
    inputs = ruleset.inputs()
    palette: dict[str, dict[Value, None]] = {name: {} for name in inputs}
    for rule in ruleset.rules:
        for test in tests_in(rule.condition):
            others = [name for side in test.right for name in facts_in_expression(side)]
            for value in _values_near(test):
                for name in (test.fact, *others):
                    if name in palette and _fits(value, ruleset.facts[name].type):
                        palette[name][value] = None
    for name, values in palette.items():
        type_ = ruleset.facts[name].type
        for value in (*_plain_values(type_), *([NONE] if type_.can_be_none else ())):
            values[value] = None
    return {name: list(values) for name, values in palette.items()}


def random_facts(random: Random, palette: Mapping[str, Sequence[Value]]) -> dict[str, Value]:
    """One value of the palette for each fact, or none: about a third is left unknown."""
    share = random.choice((UNKNOWN_SHARE, UNKNOWN_SHARE, 0.25, 0.6, 0.95))
    facts: dict[str, Value] = {}
    for name, values in palette.items():
        if random.random() >= share:
            chosen = random.choice(values)
            if isinstance(chosen, frozenset):
                chosen = frozenset(code for code in sorted(chosen) if random.random() < 0.7)
            facts[name] = chosen
    return facts


def _values_near(test: Test) -> Iterator[Value]:
    """The constants of a test, and for numbers and dates one less and one more."""
    for side in test.right:
        for value in constants_in(side):
            if isinstance(value, bool):
                yield value
            elif isinstance(value, (int, Decimal, Fraction)):
                for step in (-1, 0, 1):
                    yield value + step
                if isinstance(value, int):
                    yield Decimal(value) + Decimal("0.5")
            elif isinstance(value, date):
                for step in (-1, 0, 1):
                    yield value + timedelta(days=step)
            elif isinstance(value, frozenset):
                families = families_in(value)
                below = [code_below(family, 0, families) for family in sorted(families)]
                listed = [*(value - families), *(code for code in below if code is not None)]
                yield from sorted(listed, key=repr)
                yield frozenset(listed)
            elif isinstance(value, str) and (family := family_of("icd10cm", value)):
                yield code_below(family, 0) or value
            else:
                yield value


def _fits(value: Value, type_: FactType) -> bool:
    """Whether a fact of the type can have the value; beyond its range, too."""
    unbounded = replace(type_, minimum=None, maximum=None)
    try:
        return bool(parse_value(unbounded, to_json(value)) == value)
    except ValueProblem:
        return False


def _plain_values(type_: FactType) -> list[Value]:
    """Values of a type that are always worth trying; `NONE` is added where it can be one."""
    match type_.kind:
        case "boolean":
            return [True, False]
        case "integer":
            return [0, 1, 7]
        case "decimal":
            return [0, 1, Decimal("0.05"), 40000]
        case "date":
            return [date(2016, 12, 31), date(2023, 7, 1), date(2025, 10, 1), date(2024, 2, 29)]
        case "choice":
            return list(type_.values)
        case "code":
            return [stand_in(type_.system, 0)]
        case "codes":
            return [frozenset(), frozenset({stand_in(type_.system, 0)})]
