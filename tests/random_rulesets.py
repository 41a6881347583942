"""Random well-typed rulesets and facts for them, as Hypothesis strategies and from a plain seed.

Everything is built from the intermediate form directly: all operators, all types of fact, derived
facts in up to four layers, overriding rules, and conflicts. `ruleset(Random(7))` is the same
ruleset every time; the strategies draw from the same code, so Hypothesis can shrink what it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any, Final

from hypothesis import strategies as st

from payer_policy.core.core_tests import core_of, needs_a_value
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Certifies,
    Conclude,
    Condition,
    Constant,
    DerivedFact,
    Expression,
    FactRef,
    FindingEffect,
    Lookup,
    Moved,
    Not,
    Reason,
    Rule,
    Ruleset,
    Score,
    Sentence,
    Test,
    Window,
    facts_read,
)
from payer_policy.core.tables import Cell, Row, Table, domains_of
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import codes_of
from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.operators import OPERATORS, words_for
from payer_policy.core.vocabulary.types import NONE, FactType, Value
from payer_policy.policy.basis import Basis
from payer_policy.policy.hashing import part_hashes, whole
from payer_policy.policy.reference.data import ReferenceData

GRADES = ("no", "mild", "moderate", "severe")
TYPES = {
    "boolean": FactType("boolean"),
    "integer": FactType("integer", unit="days"),
    "decimal": FactType("decimal", unit="mg"),
    "date": FactType("date"),
    "code": FactType("code", system="icd10cm"),
    "choice": FactType("choice", values=("initial", "refill", "trial")),
    "grade": FactType("choice", values=GRADES, ordered=True),
    "codes": FactType("codes", system="modifier"),
    "diagnoses": FactType("codes", system="icd10cm"),
    "day_or_none": FactType("date", can_be_none=True),
    "count_or_none": FactType("integer", unit="days", can_be_none=True),
    "grade_or_none": FactType("choice", values=GRADES, ordered=True, can_be_none=True),
    "code_or_none": FactType("code", system="icd10cm", can_be_none=True),
}
FRIDAY = date(2024, 3, 1)
POOL: dict[str, list[Value]] = {
    "boolean": [True, False],
    "integer": [0, 1, 2, 3, 7, -1],
    "decimal": [Decimal("0.1"), Decimal("0.5"), 1, Decimal("2.75"), Fraction(1, 3), 0],
    "date": [FRIDAY + timedelta(days=days) for days in (-31, -7, -2, -1, 0, 1, 2, 3, 10, 366)],
    "code": ["G80.1", "G80.11", "G35", "Z00"],
    "choice": ["initial", "refill", "trial"],
    "grade": list(GRADES),
    "codes": [
        frozenset(),
        frozenset({"JW"}),
        frozenset({"JZ"}),
        frozenset({"JW", "59"}),
        frozenset({"JW", "JZ", "59"}),
    ],
}
POOL["diagnoses"] = [
    frozenset(),
    frozenset({"G35"}),
    frozenset({"G80.1"}),
    frozenset({"G80.11", "Z00"}),
    frozenset({"G80.2", "G80.1", "Z00"}),
]
POOL |= {
    "day_or_none": [*POOL["date"][:5], NONE, NONE],
    "count_or_none": [*POOL["integer"], NONE, NONE],
    "grade_or_none": [*GRADES, NONE],
    "code_or_none": [*POOL["code"], NONE],
}
HOLIDAYS = HolidayCalendar(
    "holidays",
    FRIDAY - timedelta(days=9),
    FRIDAY + timedelta(days=12),
    frozenset(FRIDAY + timedelta(days=days) for days in (-4, 0, 2, 3, 10)),
)
CODES = ["JW", "JZ", "59"]
FAMILIES = ["G80.-", "G80.1-", "G80.11-", "Z00.-"]
SETS = ("codes", "diagnoses")
GRADED = ("grade", "grade_or_none")
NUMERIC = ("integer", "decimal", "count_or_none", *GRADED)
DAYS = ("date", "day_or_none")
INPUTS = {f"in.{kind}_{letter}": kind for kind in TYPES for letter in "ab"}
LAYERS = 4
ARITHMETIC = (
    *("sum", "difference", "product", "quotient", "round_up", "round_down", "round_half_up"),
    *("minimum", "maximum", "days_between", "days_overlapping", "years_between"),
)
CAN_BE_NONE = {name for name, kind in INPUTS.items() if TYPES[kind].can_be_none}


def _plain(kind: str) -> str:
    """The kind without none: nothing is compared with a constant that is none."""
    type_ = replace(TYPES[kind], can_be_none=False)
    return next(one for one, other in TYPES.items() if other == type_)


def declared(name: str, kind: str, *, derived: bool = False, otherwise: Any = None) -> Fact:
    return Fact(name, TYPES[kind], label=name, derived=derived, otherwise=otherwise)


def flag(name: str) -> Test:
    """The test that a boolean fact is true."""
    return Test(name, "is", FactRef(name), (Constant(True),))


def simple(
    id_: str,
    condition: Condition,
    concludes: dict[str, Value] | None = None,
    overridden_by: tuple[str, ...] = (),
) -> Rule:
    """A rule that concludes the values, or denies."""
    effect = Conclude(tuple(concludes.items())) if concludes else DENY
    return Rule(id_, f"Rule {id_}", condition, effect, ("ref",), overridden_by)


def of_flags(rules: Iterable[Rule], derived: Iterable[str] = ()) -> Ruleset:
    """A ruleset in which every fact is boolean; the derived ones are false by default."""
    made = list(rules)
    names = {name for rule in made for name in facts_read(rule)} | set(derived)
    facts = {
        name: declared(
            name, "boolean", derived=name in derived, otherwise=False if name in derived else None
        )
        for name in sorted(names)
    }
    return assembled(made, facts)


def ordered(rules: Iterable[Rule], tie: Callable[[Rule], Any] = lambda rule: rule.id) -> list[Rule]:
    """The rules so that each comes after what it waits for; ties by `tie`."""
    waiting = {rule.id: rule for rule in sorted(rules, key=lambda rule: rule.id)}
    ordered_rules: list[Rule] = []
    while waiting:
        unsettled = {
            name
            for rule in waiting.values()
            if isinstance(rule.effect, Conclude)
            for name, _ in rule.effect.values
        }
        ready = [
            rule
            for rule in waiting.values()
            if unsettled.isdisjoint(facts_read(rule))
            and waiting.keys().isdisjoint(rule.overridden_by)
        ]
        assert ready, "a cycle of rules"
        first = min(ready, key=tie)
        ordered_rules.append(waiting.pop(first.id))
    return ordered_rules


def assembled(
    rules: Iterable[Rule],
    facts: dict[str, Fact],
    tie: Callable[[Rule], Any] = lambda rule: rule.id,
) -> Ruleset:
    """A ruleset of the rules, in order, with the derived facts that `facts` declares."""
    in_order = tuple(ordered(rules, tie))
    concluded: dict[str, list[tuple[int, Value]]] = {n: [] for n, f in facts.items() if f.derived}
    for index, rule in enumerate(in_order):
        if isinstance(rule.effect, Conclude):
            for name, value in rule.effect.values:
                concluded[name].append((index, value))
    return Ruleset(
        policy="random/policy",
        version="2024-01-01",
        title="A random policy",
        first_day=date(2024, 1, 1),
        last_day=None,
        applies_to=Test("in.code_a", "is", FactRef("in.code_a"), (Constant("G35"),)),
        rules=in_order,
        derived={
            name: DerivedFact(name, facts[name].otherwise, tuple(by))
            for name, by in concluded.items()
        },
        facts=facts,
        line_parts={},
        parameters={},
        references={},
        information_request=None,
        hash="0" * 64,
    )


def hashed(made: Ruleset) -> Ruleset:
    """The ruleset with its hashes, which only records need."""
    basis = Basis(Vocabulary(made.facts, {}), ReferenceData(), {})
    parts = part_hashes(made, basis, made.first_day)
    return replace(made, hash=whole(parts), parts=parts)


@dataclass
class _Maker:
    """Draws parts of rules. `kinds` are the facts that may be read by now."""

    random: Random
    kinds: dict[str, str]
    is_known: bool

    @property
    def none(self) -> set[str]:
        return {name for name, kind in self.kinds.items() if TYPES[kind].can_be_none}

    def chance(self, one_in: int) -> bool:
        # Not 0, which Hypothesis tries more often than anything else.
        return self.random.randrange(one_in) == one_in - 1

    def fact(self, *kinds: str) -> str | None:
        names = [name for name, kind in self.kinds.items() if kind in kinds]
        return self.random.choice(names) if names else None

    def constant(self, kind: str) -> Constant:
        return Constant(self.random.choice(POOL[kind]))

    def number(self, depth: int = 2, *, none: bool = True) -> Expression:
        """An exact number, maybe over facts; `none`: a table in it may give none."""
        if self.chance(6):
            kind = self.random.choice(("integer", "decimal"))
            if (found := self.lookup(kind, none=none)) is not None:
                return found
        name = self.fact(*NUMERIC)
        if depth == 0 or name is None or self.chance(2):
            if name is None or self.chance(2):
                return self.constant(self.random.choice(("integer", "decimal")))
            return self.read(name)
        operation = self.random.choice(ARITHMETIC)
        if operation == "days_overlapping":
            return Arithmetic(operation, tuple(self.day(none=none) for _ in range(4)))
        if operation.endswith("_between"):
            return Arithmetic(operation, (self.day(none=none), self.day(none=none)))
        many = 2 if operation in ("difference", "quotient") else self.random.randint(1, 3)
        if operation.startswith("round"):
            many = min(many, 2)  # the second is what it is a multiple of
        return Arithmetic(operation, tuple(self.number(depth - 1, none=none) for _ in range(many)))

    def lookup(self, kind: str, *, none: bool = True) -> Lookup | None:
        """A column of a table by one to three facts; `none`: it may give none."""
        names = sorted({name for name, one in self.kinds.items() if one not in SETS})
        keys = self.random.sample(names, min(len(names), self.random.randint(1, 3)))
        if not keys:
            return None
        pool: list[Value] = [*POOL[kind][:3], *([NONE] if none and self.chance(4) else [])]
        rows: list[Row] = []
        for number in range(self.random.randint(1, 5)):
            cells = tuple([self.cell(_plain(self.kinds[key])) for key in keys])
            if not any(_overlap(cells, row.cells) for row in rows):
                rows.append(Row(f"row-{number}", cells, (self.random.choice(pool),)))
        otherwise = (self.random.choice(pool),) if self.chance(2) else None
        domains = domains_of(rows, [TYPES[self.kinds[key]] for key in keys])
        given = (replace(TYPES[kind], can_be_none=False),)
        table = Table("table", tuple(keys), ("column",), given, tuple(rows), otherwise, domains)
        return Lookup(table, "column")

    def cell(self, kind: str) -> Cell | None:
        """What a row asks of a key."""
        if self.chance(8):
            return None
        pool: list[Any] = POOL[kind]
        if kind in ("integer", "decimal", "date") and self.chance(2):
            low, high = sorted((self.random.choice(pool), self.random.choice(pool)))
            return self.random.choice(
                (
                    Cell(least=low, most=high),
                    Cell(most=high),
                    Cell(below=low),
                    Cell(least=high),
                    Cell(least=low, below=high + (timedelta(1) if kind == "date" else 1)),
                )
            )
        many = self.random.choice((1, 1, 2))
        return Cell(self.with_families(kind, [self.random.choice(pool) for _ in range(many)]))

    def with_families(self, kind: str, values: Iterable[Value]) -> frozenset[Value]:
        """Some values; codes of diagnoses maybe with families of codes."""
        if TYPES[kind].system != "icd10cm" or not self.chance(2):
            return frozenset(values)
        texts = map(str, (*values, self.random.choice(FAMILIES)))
        return codes_of("icd10cm", list(texts)[self.random.randint(0, 1) :])

    def day(self, *, none: bool = True) -> Expression:
        if self.chance(6) and (found := self.lookup("date", none=none)) is not None:
            return found
        if self.chance(5):
            return Moved(self.window(none=none))
        if self.chance(6):
            days = tuple(self.day(none=none) for _ in range(self.random.randint(1, 3)))
            return Arithmetic(self.random.choice(("minimum", "maximum")), days)
        name = self.fact(*DAYS)
        return FactRef(name) if name and self.chance(2) else self.constant("date")

    def read(self, name: str) -> FactRef | Score:
        return Score(name, GRADES) if self.kinds[name] in GRADED else FactRef(name)

    def window(self, *, none: bool = True) -> Window:
        unit = self.random.choice(
            ("days", "weeks", "months", "years", "business_days", HOLIDAYS, HOLIDAYS)
        )
        amount: Expression = Constant(self.random.choice((1, 2, 5, 6, 11)))
        whole = self.fact("integer", "count_or_none")
        if self.chance(3):
            amount = Constant(self.random.choice((0, -1)))
        elif whole and self.chance(3):
            amount = FactRef(whole)
        direction = self.random.choice(("before", "after"))
        return Window(amount, unit, direction, self.day(none=none))

    def operand(self, kind: str, *, none: bool = True) -> Expression:
        """A value like the fact's: of the same kind, or any number for a number."""
        if kind in ("integer", "decimal", "count_or_none"):
            return self.number(none=none)
        if kind in DAYS:
            return self.day(none=none)
        if self.chance(6) and kind not in SETS:
            found = self.lookup(_plain(kind), none=none)
            if found is not None:
                return found
        alike = [one for one in TYPES if replace(TYPES[one], can_be_none=False) == TYPES[kind]]
        name = self.fact(kind, *alike)
        return FactRef(name) if name and self.chance(4) else self.constant(_plain(kind))

    def test(self) -> Condition:
        name = self.random.choice(list(self.kinds))
        kind = self.kinds[name]
        words = [OPERATORS[word] for word in words_for(TYPES[kind])]
        flags = [row for row in words if row.shape == "flag"]
        if self.chance(8) and (self.is_known or len(flags) > 1):
            row = self.random.choice(flags if self.is_known else flags[:1])
        else:
            row = self.random.choice([row for row in words if row.shape != "flag"])
        sized = kind in GRADED and row.by_size
        left = Score(name, GRADES) if sized else FactRef(name)
        none = not needs_a_value(row)
        make = (
            partial(self.number, 1, none=none) if sized else partial(self.operand, kind, none=none)
        )
        right: tuple[Expression, ...]
        match row.shape:
            case "flag":
                right = (Constant(self.random.choice((True, False))),)
            case "pair":
                right = (make(), make())
            case "window":
                right = (self.window(),)
            case "several" if TYPES[kind].kind == "codes":
                right = (self.operand(kind),)
                if isinstance(right[0], Constant) and isinstance(right[0].value, frozenset):
                    right = (Constant(self.with_families(kind, sorted(right[0].value))),)
            case "several":
                pool = POOL[_plain(kind)]
                many = self.random.randint(1, 3)
                values = [self.random.choice(pool) for _ in range(many)]
                right = (Constant(self.with_families(_plain(kind), values)),)
            case "code":
                code = self.fact("code", "code_or_none")
                listed = Constant(self.random.choice(CODES))
                right = (FactRef(code) if code and self.chance(4) else listed,)
                if self.chance(6) and (found := self.lookup("code")) is not None:
                    right = (found,)
            case "whole":
                right = (Constant(self.random.choice((1, 2, 3, 7))),)
            case _:
                right = (make(),)
        return core_of(Test(name, row.name, left, right), CAN_BE_NONE | self.none)

    def condition(self, depth: int) -> Condition:
        if depth == 0 or self.chance(3):
            return self.test()
        how = self.random.choice(("all", "any", "not", "at_least", "all", "any"))
        if how == "not":
            return Not(self.condition(depth - 1))
        parts = tuple(self.condition(depth - 1) for _ in range(self.random.randint(1, 4)))
        if how == "at_least":
            return AtLeast(self.random.randint(1, len(parts)), parts)
        return All(parts) if how == "all" else AnyOf(parts)


def _overlap(one: tuple[Cell | None, ...], other: tuple[Cell | None, ...]) -> bool:
    """Whether some keys are in both: some value that either names, or a bound and its neighbors."""
    return all(_meet(a, b) for a, b in zip(one, other, strict=True))


def _meet(one: Cell | None, other: Cell | None) -> bool:
    if one is None or other is None:
        return True
    cells = (one, other)
    named: list[Any] = [value for cell in cells for value in cell.values or ()]
    for cell in cells:
        for bound in (cell.least, cell.most, cell.below):
            if bound is not None:
                tiny = timedelta(1) if isinstance(bound, date) else Fraction(1, 1000)
                exact = bound if isinstance(bound, date) else Fraction(bound)
                named += [exact, exact - tiny]
    return any(one.matches(value) and other.matches(value) for value in named)


def ruleset(random: Random, *, rules: int = 10, is_known: bool = True) -> Ruleset:
    """A ruleset of at most so many rules."""
    facts = {name: declared(name, kind) for name, kind in INPUTS.items()}
    layer_of: dict[str, int] = {}
    kinds: dict[str, str] = {}
    for number in range(random.randint(0, 6)):
        name, kind = f"derived.{number}", random.choice(list(TYPES))
        layer_of[name], kinds[name] = random.randint(1, LAYERS), kind
        otherwise = random.choice(POOL[kind]) if random.randrange(3) else None
        facts[name] = declared(name, kind, derived=True, otherwise=otherwise)
    made: list[tuple[int, Rule]] = []
    names = list(range(rules))
    random.shuffle(names)
    for number in range(random.randint(1, rules)):
        layer = random.choice([*layer_of.values(), LAYERS + 1])
        readable = {n: k for n, k in kinds.items() if layer_of[n] < layer}
        # Derived facts are few beside the inputs: offer them several times over.
        if readable and random.randrange(2):
            readable = {**readable, **dict(random.sample(list(INPUTS.items()), 4))}
        else:
            readable = {**readable, **INPUTS}
        maker = _Maker(random, readable, is_known)
        own = [name for name in kinds if layer_of[name] == layer]
        effect = _conclusion(random, own, kinds) if own else _finding(random)
        earlier = [rule.id for before, rule in made if before <= layer]
        overridden = random.sample(earlier, min(len(earlier), random.choice((0, 0, 0, 1, 2))))
        rule = Rule(
            id=f"rule-{names[number]:02}",
            title=f"Rule {names[number]}",
            condition=maker.condition(random.randint(0, 3)),
            effect=effect,
            cites=("ref",),
            overridden_by=tuple(sorted(overridden)),
            assume_not_holding=random.randrange(4) == 0,
            origin="random/policy/2024-01-01",
        )
        made.append((layer, rule))
    return assembled([rule for _, rule in made], facts)


DENY = FindingEffect("deny", Reason("CO", "50", ()), Sentence(("No.",), ()), None)


def _conclusion(random: Random, names: list[str], kinds: dict[str, str]) -> Conclude:
    some = random.sample(names, min(len(names), random.choice((1, 1, 2))))
    return Conclude(tuple((name, random.choice(POOL[kinds[name]][:3])) for name in sorted(some)))


def _finding(random: Random) -> FindingEffect:
    kind = random.choice(("deny", "pend", "reduce", "advise"))
    return replace(DENY, kind=kind, to=Constant(1) if kind == "reduce" else None)


CERTIFIES: Final = (
    Certifies(),
    Certifies(codes=Constant(frozenset({"J0475"})), length=Constant(6), length_unit="months"),
    Certifies(first_day=Constant(date(2024, 1, 1)), last_day=Constant(date(2024, 6, 30))),
    Certifies(
        per=FactRef("in.integer_a"),
        every=Constant(3),
        every_unit="months",
        first_day=FactRef("in.date_a"),
        length=Constant(2),
        length_unit="weeks",
    ),
)
CERTIFIED: Final = (None, Constant(0), Constant(4), FactRef("in.decimal_a"))


def with_answers(random: Random, made: Ruleset) -> Ruleset:
    """The ruleset with denials that a clinician reviews, dispositions, advice to follow up, rules that
    certify, and a fact that says whether preauthorization is needed."""
    rules = []
    for rule in made.rules:
        effect = rule.effect
        if isinstance(effect, FindingEffect):
            kind = "certify" if random.randrange(5) == 0 else effect.kind
            denies = kind == "deny"
            effect = replace(
                effect,
                kind=kind,
                review=kind in ("deny", "certify") and random.randrange(2) == 0,
                disposition=random.choice((None, "return", "packaged")) if denies else None,
                follow_up=kind == "advise" and random.randrange(2) == 0,
            )
            if kind == "certify":
                effect = replace(
                    effect,
                    part=None,
                    to=random.choice(CERTIFIED),
                    certifies=random.choice(CERTIFIES),
                )
                rule = replace(rule, assume_not_holding=False)
        rules.append(replace(rule, effect=effect))
    flags = [name for name in made.derived if made.facts[name].type.kind == "boolean"]
    needed_by = random.choice(flags) if flags and random.randrange(2) else None
    return replace(made, rules=tuple(rules), needed_by=needed_by)


def some_facts(random: Random, ruleset: Ruleset) -> dict[str, Value | None]:
    """Values for the input facts; a quarter of them or more are not known, absent or None."""
    names = [name for name, fact in ruleset.facts.items() if not fact.derived]
    unknown = set(random.sample(names, random.randint(len(names) // 4 + 1, len(names))))
    facts: dict[str, Value | None] = {}
    for name in names:
        if name not in unknown:
            facts[name] = random.choice(POOL[INPUTS[name]])
        elif random.randrange(2):
            facts[name] = None
    return facts


def completed(
    random: Random, facts: dict[str, Value | None], share: int = 1
) -> dict[str, Value | None]:
    """The facts with values for one in `share` of those that are not known."""
    more = dict(facts)
    for name, kind in INPUTS.items():
        if more.get(name) is None and random.randrange(share) == 0:
            more[name] = random.choice(POOL[kind])
    return more


randoms = st.randoms(use_true_random=False) | st.integers(0, 2**60).map(Random)
"""What Hypothesis can shrink, and what is as varied as can be."""


@st.composite
def cases(draw: st.DrawFn, *, is_known: bool = True) -> tuple[Ruleset, dict[str, Value | None]]:
    """A ruleset with facts for it."""
    random = draw(randoms)
    made = ruleset(random, is_known=is_known)
    return made, some_facts(random, made)
