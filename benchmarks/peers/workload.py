"""The workload of the comparison: a policy of N rules over 30 facts, and seeded claims against it.

    python benchmarks/peers/workload.py policies --rules 200 --out DIR    # a payer-policy folder
    python benchmarks/peers/workload.py claims --rules 200 --claims 1000 --out claims.jsonl|.parquet
    python benchmarks/peers/workload.py claims --worst --out claims.parquet   # hardly a value repeats

Everything comes from one seed and needs nothing but the standard library (Parquet needs pyarrow).
The policy is plain data (`Policy`), from which each contender writes its own rules; `write_folder`
writes the same as payer-policy's files. Every payer, code and claim here is made up.

A block is 20 rules about one service category, since that is how real policies grow: a claim is
about one category. In the `unguarded` form every rule is about every claim. The second workload, claims
with lines, is in `line_workload.py`: a policy and facts of the same kinds, so what is here serves both.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, Literal

SEED = 20251103
PAYER = "sample-payer"
CODE = "J9990"
BLOCK = 20
LINE = "line."
"""What the names of a line's fields start with."""

Kind = Literal["boolean", "integer", "decimal", "date", "choice", "code", "codes"]
Json = dict[str, Any]

# --- facts ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What a fact is over lines of a claim: of the drug on its day, of that day, or of the claim.

    A sum or a maximum is unknown where one of its lines has no value.
    """

    lines: Literal["service", "same_day", "claim"]
    how: Literal["sum", "max", "count", "any"]
    field: str | None = None
    """Of a line, such as `line.units`."""
    where: Condition | None = None
    """Which of the lines count. Reads only what every line has."""
    condition: Condition | None = None
    """For `any`."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact of the workload. `unknown` is how often (in 100 claims) nobody supplied it."""

    name: str
    kind: Kind
    unknown: int
    values: tuple[str, ...] = ()
    system: str | None = None
    source: tuple[str, str] | Aggregate | None = None
    unit: str | None = None


SETTINGS = ("office", "outpatient", "home", "inpatient")
PHASES = ("trial", "initial", "continuing")
OUTCOMES = ("not_tried", "inadequate", "not_tolerated", "effective")
STATUSES = ("none", "pending", "approved", "refused")
PLACES = ("11", "12", "19", "21", "22", "24")
MODIFIERS = ("JW", "JZ", "KX", "59")


def facts_of(blocks: int) -> tuple[Fact, ...]:
    """The 30 facts. What a claim form carries is seldom unknown; what is in a record is, often."""
    categories = tuple(f"c{number:02}" for number in range(blocks))
    return (
        Fact(
            "coverage.payer", "code", 0, system="identifier", source=("request", "coverage.payer")
        ),
        Fact("drug.code", "code", 0, system="hcpcs", source=("service", "code")),
        Fact("service.date", "date", 0, source=("service", "date")),
        Fact("service.category", "choice", 0, categories),
        Fact("service.place", "code", 3, system="place_of_service"),
        Fact("service.setting", "choice", 3, SETTINGS),
        Fact("service.units", "integer", 3),
        Fact("dose.amount", "decimal", 4),
        Fact("dose.previous", "decimal", 26),
        Fact("patient.age", "integer", 2),
        Fact("patient.weight", "decimal", 30),
        Fact("diagnosis.primary", "code", 3, system="icd10cm"),
        Fact("diagnosis.all", "codes", 3, system="icd10cm"),
        Fact("service.modifiers", "codes", 3, system="modifier"),
        Fact("therapy.phase", "choice", 5, PHASES),
        Fact("therapy.start", "date", 34),
        Fact("prior.outcome", "choice", 14, OUTCOMES),
        Fact("prior.weeks", "integer", 22),
        Fact("trial.date", "date", 22),
        Fact("trial.hours", "integer", 24),
        Fact("authorization.status", "choice", 3, STATUSES),
        Fact("authorization.from", "date", 4),
        Fact("authorization.through", "date", 4),
        Fact("authorization.units", "integer", 4),
        Fact("documents.consent", "boolean", 4),
        Fact("documents.order", "boolean", 4),
        Fact("contraindication.infection", "boolean", 4),
        Fact("contraindication.allergy", "boolean", 4),
        Fact("prescriber.specialist", "boolean", 10),
        Fact("service.emergency", "boolean", 10),
    )


DERIVED = ("step.met", "authorization.fits", "review.excused")
"""Boolean facts that rules conclude to be true; false when every such rule is known not to hold."""

# --- the policy as plain data ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ref:
    """Another fact, on the right of a test."""

    fact: str


Right = bool | int | Decimal | date | str | tuple[str, ...] | Ref


@dataclass(frozen=True, slots=True)
class Test:
    """A fact, an operator (see `OPERATORS`) and a value."""

    fact: str
    op: str
    value: Right

    __test__ = False


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

OPERATORS = (
    "is", "is_not", "in", "not_in", "at_least", "more_than", "less_than", "before", "on_or_before",
    "after", "on_or_after", "includes_any", "excludes",
)  # fmt: skip
"""Those of payer-policy that the workload uses. `in` and `not_in`: values; `includes_any` and
`excludes`: codes among the fact's codes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. A `conclude` rule makes the derived fact `concludes` true; the others find."""

    id: str
    block: int
    kind: Literal["deny", "pend", "advise", "conclude"]
    title: str
    when: Condition
    concludes: str | None = None
    carc: str | None = None
    rarcs: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bounds:
    """The values that make one block another than the next; claims are drawn around them."""

    age: int
    old: int
    weeks: int
    units: int
    dose: Decimal
    small: Decimal
    weight: Decimal
    hours: int
    first_day: date
    places: tuple[str, ...]
    diagnoses: tuple[str, ...]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in an order in which each comes after those that it reads or that override it."""

    code: str
    guarded: bool
    facts: tuple[Fact, ...]
    derived: tuple[str, ...]
    rules: tuple[Rule, ...]
    bounds: tuple[Any, ...]
    """Those of each block."""
    guard: str = "service.category"
    """The fact that says which block a claim is about."""
    keys: tuple[str, ...] = ()
    """Its value for each block."""
    named: tuple[str, ...] = ()
    """Codes of procedures and other drugs that it names."""

    @property
    def blocks(self) -> int:
        return len(self.bounds)

    @property
    def codes(self) -> tuple[str, ...]:
        """The drug codes that it is for."""
        return self.keys if self.guard == "drug.code" else (self.code,)

    @property
    def aggregates(self) -> dict[str, Aggregate]:
        """The facts over lines, by name."""
        return {fact.name: fact.source for fact in self.facts if isinstance(fact.source, Aggregate)}


def make_policy(rules: int = BLOCK, *, guarded: bool = True, seed: int = SEED) -> Policy:
    """A policy of so many rules, a multiple of 20. The same arguments give an equal policy."""
    blocks, rest = divmod(rules, BLOCK)
    if rest or not blocks:
        raise ValueError(f"{rules} rules were asked for; a multiple of {BLOCK} was expected")
    bounds = tuple(_bounds(Random(f"{seed}/{number}")) for number in range(blocks))
    made = [rule for number in range(blocks) for rule in _block(number, bounds[number], guarded)]
    keys = tuple(f"c{number:02}" for number in range(blocks))
    return Policy(CODE, guarded, facts_of(blocks), DERIVED, tuple(made), bounds, keys=keys)


def _bounds(random: Random) -> Bounds:
    letters = random.sample("CDEGHKLMN", 2)
    codes = [
        f"{letter}{random.randrange(10, 99)}.{place}" for letter in letters for place in range(6)
    ]
    dose = Decimal(random.randrange(400, 4000)) / 4
    return Bounds(
        age=random.randrange(2, 19),
        old=random.randrange(70, 86),
        weeks=random.randrange(4, 13),
        units=random.randrange(8, 40),
        dose=dose,
        small=dose / 2,
        weight=Decimal(random.randrange(80, 500)) / 10,
        hours=random.randrange(4, 9),
        first_day=date(2025, 1, 1) + timedelta(days=random.randrange(120)),
        places=tuple(sorted(random.sample(PLACES, 4))),
        diagnoses=tuple(sorted(codes[:8])),
        others=tuple(sorted(codes[8:])),
    )


def rule_writer(number: int, *guard: Condition) -> Callable[..., Rule]:
    """What makes the rules of a block, each with the block's guard as its first part."""

    def rule(
        kind: Literal["deny", "pend", "advise", "conclude"],
        name: str,
        title: str,
        *parts: Condition,
        concludes: str | None = None,
        carc: str | None = None,
        rarcs: tuple[str, ...] = (),
        overrides: tuple[str, ...] = (),
    ) -> Rule:
        whole = (*guard, *parts)
        condition = whole[0] if len(whole) == 1 else All(whole)
        over = tuple(f"c{number:02}-{other}" for other in overrides)
        id_ = f"c{number:02}-{name}"
        return Rule(id_, number, kind, title, condition, concludes, carc, rarcs, over)

    return rule


def authorization_rules(
    rule: Callable[..., Rule], excused: str, *excuse: Condition
) -> Iterator[Rule]:
    """Those on the authorization of a block, and when none is needed."""
    yield rule(
        "conclude", "authorization-fits", "An approved authorization covers the day of service",
        Test("authorization.status", "is", "approved"),
        Test("authorization.from", "on_or_before", Ref("service.date")),
        Test("authorization.through", "on_or_after", Ref("service.date")),
        concludes="authorization.fits",
    )  # fmt: skip
    yield rule("conclude", "review-excused", excused, *excuse, concludes="review.excused")
    yield rule(
        "pend", "authorization-pending", "The authorization is requested and not decided",
        Test("authorization.status", "is", "pending"),
        Not(Test("review.excused", "is", True)),
        carc="252", rarcs=("N706",), overrides=("not-authorized",),
    )  # fmt: skip
    yield rule(
        "deny", "not-authorized", "No authorization covers the day of service",
        Test("authorization.fits", "is", False),
        Not(Test("review.excused", "is", True)),
        carc="197", rarcs=("M62",),
    )  # fmt: skip


def _block(number: int, b: Bounds, guarded: bool) -> Iterator[Rule]:
    guard = (Test("service.category", "is", f"c{number:02}"),) if guarded else ()
    rule = rule_writer(number, *guard)
    yield rule(
        "conclude", "step-met", "Earlier treatment failed, or was not tolerated",
        AnyOf((
            Test("prior.outcome", "is", "not_tolerated"),
            All((
                Test("prior.outcome", "is", "inadequate"),
                Test("prior.weeks", "at_least", b.weeks),
            )),
        )),
        concludes="step.met",
    )  # fmt: skip
    yield from authorization_rules(
        rule, "An emergency in a hospital needs no review beforehand",
        Test("service.emergency", "is", True),
        Test("service.setting", "in", ("outpatient", "inpatient")),
    )  # fmt: skip
    yield rule(
        "deny", "step-not-shown", "Earlier treatment is not shown to have failed",
        Test("therapy.phase", "in", ("trial", "initial")),
        Test("step.met", "is", False),
        carc="50", rarcs=("N130",),
    )  # fmt: skip
    yield rule(
        "deny", "contraindicated", "A contraindication is present",
        AnyOf((
            Test("contraindication.infection", "is", True),
            Test("contraindication.allergy", "is", True),
        )),
        carc="50", rarcs=("N130",),
    )  # fmt: skip
    yield rule(
        "deny", "too-young", "The patient is younger than the least age",
        Test("therapy.phase", "in", ("trial", "initial")),
        Test("patient.age", "less_than", b.age),
        carc="6",
    )  # fmt: skip
    yield rule(
        "deny", "units-above-most", "More units are billed than one day allows",
        Test("service.units", "more_than", b.units),
        Not(Test("service.emergency", "is", True)),
        carc="151", rarcs=("N362",),
    )  # fmt: skip
    yield rule(
        "deny", "units-above-authorized", "More units are billed than are authorized",
        Test("authorization.fits", "is", True),
        Test("service.units", "more_than", Ref("authorization.units")),
        carc="198", rarcs=("N362",),
    )  # fmt: skip
    yield rule(
        "deny", "dose-above-most", "The dose is above what is safe for the weight or the phase",
        Test("dose.amount", "more_than", b.dose),
        AnyOf((
            Test("therapy.phase", "in", ("trial", "initial")),
            Test("patient.weight", "less_than", b.weight),
        )),
        carc="222", rarcs=("M53",),
    )  # fmt: skip
    yield rule(
        "pend", "dose-jump", "The dose rose steeply in continuing therapy",
        Test("therapy.phase", "is", "continuing"),
        Test("dose.amount", "more_than", b.dose),
        Test("dose.previous", "less_than", b.small),
        carc="252", rarcs=("N706",),
    )  # fmt: skip
    yield rule(
        "deny", "modifiers-contradict", "Discarded and no discarded drug are both billed",
        Test("service.modifiers", "includes_any", ("JW",)),
        Test("service.modifiers", "includes_any", ("JZ",)),
        carc="4", rarcs=("N822",),
    )  # fmt: skip
    yield rule(
        "deny", "wrong-place", "The place of service is not one for this category",
        Test("service.place", "not_in", b.places),
        Test("service.setting", "is_not", "inpatient"),
        carc="5", rarcs=("M77",),
    )  # fmt: skip
    yield rule(
        "deny", "diagnosis-not-covered", "No diagnosis is a covered one",
        Test("diagnosis.primary", "not_in", b.diagnoses),
        Test("diagnosis.all", "excludes", b.diagnoses),
        carc="11", rarcs=("M76",),
    )  # fmt: skip
    yield rule(
        "deny", "records-not-sent", "The consent or the order was not sent",
        AnyOf((
            Test("documents.consent", "is", False),
            Test("documents.order", "is", False),
        )),
        Not(Test("review.excused", "is", True)),
        carc="252", rarcs=("N706", "M127"),
    )  # fmt: skip
    yield rule(
        "deny", "trial-not-before", "The trial was not before the service, or did not help for long",
        Test("therapy.phase", "is", "initial"),
        AnyOf((
            Test("trial.date", "after", Ref("service.date")),
            Test("trial.hours", "less_than", b.hours),
        )),
        carc="50", rarcs=("N130",),
    )  # fmt: skip
    yield rule(
        "pend", "several-risks", "Two or more risks call for a second look",
        AtLeast(2, (
            Test("patient.age", "at_least", b.old),
            Test("service.setting", "is", "home"),
            Test("prescriber.specialist", "is", False),
            Test("dose.amount", "more_than", b.dose),
        )),
        carc="252", rarcs=("N706",),
    )  # fmt: skip
    yield rule(
        "advise", "not-a-specialist", "A specialist should see the patient before first therapy",
        Test("prescriber.specialist", "is", False),
        Test("therapy.phase", "is", "initial"),
    )  # fmt: skip
    yield rule(
        "advise", "long-in-therapy", "Therapy began before the policy: ask for a yearly review",
        Test("therapy.phase", "is", "continuing"),
        Test("therapy.start", "before", b.first_day),
        Not(Test("service.emergency", "is", True)),
        rarcs=("N130",),
    )  # fmt: skip


# --- the policy as payer-policy's files ------------------------------------------------------------

_CARCS = {
    "4": "The modifier and the code do not go together",
    "5": "The place of service does not fit",
    "6": "The patient's age does not fit",
    "11": "The diagnosis does not fit",
    "16": "A line lacks information",
    "50": "Not held to be medically necessary",
    "107": "The claim lacks the line it goes with",
    "151": "So many units are not supported",
    "197": "No authorization was there",
    "198": "More than was authorized",
    "222": "More than the contract's most",
    "252": "More records are needed",
}
_RARCS = {
    "M53": "The units are incomplete or invalid",
    "M62": "The authorization is missing or invalid",
    "M76": "The diagnosis is missing or invalid",
    "M77": "The place of service is missing or invalid",
    "M127": "The record is missing",
    "N130": "See the policy's text",
    "N362": "More units than the most",
    "N706": "Records are missing",
    "N822": "A modifier is missing or invalid",
}


def write_folder(folder: Path, policies: Iterable[Policy]) -> None:
    """A policy folder that `payer-policy check` accepts, with one policy for each drug code."""
    made = list(policies)
    _write(folder / "vocabulary.json", _vocabulary(made[0]))
    _write(
        folder / PAYER / "payer.json",
        {"name": "Sample Payer", "synthetic": True, "identifiers": [], "lines_of_business": []},
    )
    codes = {"group": {"CO": "The provider bears it"}, "carc": _CARCS, "rarc": _RARCS}
    for system, meanings in codes.items():
        listed = [{"code": code, "means": means} for code, means in meanings.items()]
        made_up = _list(f"Reason codes of the sample: {system}", system, listed)
        _write(folder / f"reason_codes/{system}.json", made_up)
    if named := sorted({code for policy in made for code in policy.named}):
        listed = [{"code": code} for code in named]
        _write(folder / "code_sets/other-codes.json", _list("Other codes", "hcpcs", listed))
    for policy in made:
        for code in policy.codes:
            drug = {"code": code, "title": "A drug that is made up", "identities": []}
            _write(folder / f"drugs/{code}.json", drug)
        address = folder / PAYER / f"sample-{policy.code.lower()}"
        _write(address / "2020-01-01.json", _policy_file(policy))


def _list(title: str, system: str, codes: list[Json]) -> Json:
    return {
        "title": title,
        "system": system,
        "source": {"title": "The sample's own words for a few codes"},
        "reviewed_on": "2025-11-03",
        "codes": codes,
    }


def _vocabulary(policy: Policy) -> Json:
    facts: Json = {}
    for fact in policy.facts:
        words = fact.name.replace(".", " ").replace("_", " ")
        declared: Json = {
            "type": fact.kind,
            "label": f"the {words}",
            "question": f"What is the {words}?",
        }
        if fact.values:
            declared["values"] = list(fact.values)
        if fact.system:
            declared["system"] = fact.system
        if fact.unit:
            declared["unit"] = fact.unit
        if isinstance(fact.source, Aggregate):
            declared["from"] = _aggregate_json(fact.source)
        elif fact.source:
            declared["from"] = {fact.source[0]: fact.source[1]}
        facts[fact.name] = declared | {"supplied_by": "provider", "correctable": True}
    for name in policy.derived:
        words = name.replace(".", " ")
        facts[name] = {"type": "boolean", "label": words, "derived": True, "otherwise": False}
    return {"title": "Facts of the sample", "facts": facts}


def _aggregate_json(source: Aggregate) -> Json:
    made: Json = {"lines": source.lines}
    if source.where is not None:
        made["where"] = condition_json(source.where)
    if source.condition is not None:
        return made | {source.how: condition_json(source.condition)}
    return made | {source.how: source.field.removeprefix(LINE) if source.field else True}


def _policy_file(policy: Policy) -> Json:
    return {
        "title": f"Sample policy for {policy.code}",
        "effective": {"from": "2020-01-01", "through": None},
        "applies_to": {"fact": "drug.code", "in": list(policy.codes)},
        "information_request": {"group": "CO", "carc": "252", "rarc": ["N706"]},
        "references": {"sample": {"title": "Made up for a benchmark", "note": "synthetic"}},
        "rules": [_rule_json(rule) for rule in policy.rules],
    }


def _rule_json(rule: Rule) -> Json:
    effect: Json
    if rule.kind == "conclude":
        effect = {"conclude": {rule.concludes: True}}
    else:
        reason: Json = {} if rule.carc is None else {"group": "CO", "carc": rule.carc}
        if rule.rarcs:
            reason["rarc"] = list(rule.rarcs)
        effect = {rule.kind: reason | {"because": f"{rule.title}."}}
    raw: Json = {"id": rule.id, "title": rule.title, "cites": ["sample"]}
    raw |= {"when": condition_json(rule.when), "then": effect}
    return raw | ({"overrides": list(rule.overrides)} if rule.overrides else {})


def condition_json(condition: Condition) -> Json:
    """A condition as a policy file writes it, or as the vocabulary does for one about lines."""
    match condition:
        case Test(fact, op, value) if fact.startswith(LINE):
            return {"line": fact.removeprefix(LINE), op: value_json(value)}
        case Test(fact, op, value):
            return {"fact": fact, op: value_json(value)}
        case Not(part):
            return {"not": condition_json(part)}
        case AtLeast(count, parts):
            return {"at_least": count, "of": [condition_json(part) for part in parts]}
        case All(parts):
            return {"all": [condition_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [condition_json(part) for part in parts]}


def value_json(value: Right) -> Any:
    match value:
        case Ref(fact):
            return {"fact": fact}
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def _write(path: Path, content: Json) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_exact_json(content) + "\n", encoding="utf-8")


def _exact_json(content: Json) -> str:
    """JSON with decimals as numerals: json writes none, and a float would not be exact."""
    marks: list[str] = []

    def mark(value: object) -> str:
        if not isinstance(value, Decimal):
            raise TypeError(f"found {value!r}; a value of a policy was expected")
        marks.append(f"{value:f}")
        return f"\x00{len(marks) - 1}"

    text = json.dumps(content, indent=1, ensure_ascii=False, default=mark)
    for place, numeral in enumerate(marks):
        text = text.replace(f'"\\u0000{place}"', numeral)
    return text


# --- claims ----------------------------------------------------------------------------------------


def claims(
    policy: Policy, count: int, *, seed: int = SEED, first: int = 0, worst: bool = False
) -> Iterator[Json]:
    """Requests without lines, as JSON has them: dates and decimals as text, unknown facts left out.

    Claim number n is the same whatever `first` and `count` are. Values are drawn around the bounds
    of the claim's block. The category is always known: no claim form goes without. `worst`: numbers
    and days hardly ever repeat, and four times as much is unknown.
    """
    for number in range(first, first + count):
        random = Random(f"{seed}/claim/{number}")
        block = random.randrange(policy.blocks)
        drawn = _draw(random, policy.code, block, policy.bounds[block])
        yield {"id": f"C{number}", "facts": known(random, policy.facts, drawn, worst)}


def known(random: Random, facts: Iterable[Fact], drawn: Json, worst: bool) -> Json:
    """What is known of drawn values; `worst`: other ones for numbers and days, and less of them."""
    if worst:
        drawn = drawn | {
            fact.name: _SCATTERED[fact.kind](random) for fact in facts if fact.kind in _SCATTERED
        }
    times = 4 if worst else 1
    return {
        fact.name: drawn[fact.name]
        for fact in facts
        if not fact.unknown or random.random() * 100 >= min(60, fact.unknown * times)
    }


_SCATTERED: dict[Kind, Callable[[Random], Any]] = {
    "integer": lambda random: random.randrange(1_000_000),
    "decimal": lambda random: _numeral(Decimal(random.randrange(10**8)) / 4),
    "date": lambda random: (date(2021, 1, 1) + timedelta(days=random.randrange(3000))).isoformat(),
}
"""Quarters, so that sums are exact in engines that have only floating-point numbers."""


def _draw(random: Random, code: str, block: int, b: Bounds) -> Json:
    chance = random.random
    day = date(2025, 6, 1) + timedelta(days=random.randrange(180))
    phase = random.choices(PHASES, (5, 9, 86))[0]
    emergency = chance() < 0.05
    setting = random.choices(SETTINGS, (45, 35, 12, 8))[0]
    if chance() < 0.93:
        dose = b.dose * random.randrange(20, 101) / 100  # 100: the bound itself
    else:
        dose = b.dose + Decimal(random.randrange(1, 400)) / 4
    primary = random.choice(b.diagnoses if chance() < 0.94 else b.others)
    more = random.sample(b.diagnoses + b.others, random.randrange(3))
    modifiers = ["JZ"] if chance() < 0.6 else ["JW"]
    if chance() < 0.03:
        modifiers = ["JW", "JZ"]
    if chance() < 0.3:
        modifiers.append(random.choice(("KX", "59")))
    begin = day - timedelta(days=random.randrange(0, 90) - (chance() < 0.02) * 40)
    status = "approved" if chance() < 0.93 else random.choice(STATUSES)
    units = (
        random.randrange(1, b.units + 1) if chance() < 0.96 else b.units + random.randrange(1, 9)
    )
    return {
        "coverage.payer": PAYER,
        "drug.code": code,
        "service.date": day.isoformat(),
        "service.category": f"c{block:02}",
        "service.place": random.choice(b.places if chance() < 0.96 else PLACES),
        "service.setting": setting,
        "service.units": units,
        "dose.amount": _numeral(dose),
        "dose.previous": _numeral(b.small * random.randrange(60, 220) / 100),
        "patient.age": b.age + random.randrange(-1, 70)
        if chance() < 0.5
        else random.randrange(20, 88),
        "patient.weight": _numeral(b.weight + Decimal(random.randrange(-20, 600)) / 10),
        "diagnosis.primary": primary,
        "diagnosis.all": sorted({primary, *more}),
        "service.modifiers": sorted(modifiers),
        "therapy.phase": phase,
        "therapy.start": (b.first_day + timedelta(days=random.randrange(-60, 150))).isoformat(),
        "prior.outcome": random.choice(("inadequate", "inadequate", "not_tolerated"))
        if chance() < 0.85
        else random.choice(OUTCOMES),
        "prior.weeks": b.weeks + random.randrange(-1, 20),
        "trial.date": (
            day - timedelta(days=random.randrange(0, 60) - (chance() < 0.03) * 30)
        ).isoformat(),
        "trial.hours": b.hours + (random.randrange(0, 6) if chance() < 0.95 else -1),
        "authorization.status": status,
        "authorization.from": begin.isoformat(),
        "authorization.through": (
            begin + timedelta(days=random.choice((90, 120, 180)))
        ).isoformat(),
        "authorization.units": units + random.randrange(0, 12) - (chance() < 0.03) * 4,
        "documents.consent": chance() < 0.97,
        "documents.order": chance() < 0.97,
        "contraindication.infection": chance() < 0.02,
        "contraindication.allergy": chance() < 0.02,
        "prescriber.specialist": chance() < 0.9,
        "service.emergency": emergency,
    }


def _numeral(value: Decimal) -> str:
    """With three places, as a table of doses has them."""
    return f"{value:.3f}"


def write_json_lines(path: Path, requests: Iterable[Json]) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(request) + "\n" for request in requests)


def rows_of(requests: Iterable[Json]) -> Iterator[Json]:
    """A row of a table for each claim without lines."""
    return ({"id": request["id"], **request["facts"]} for request in requests)


def write_parquet(
    path: Path, facts: Iterable[Fact], rows: Iterable[Json], at_once: int = 50_000
) -> None:
    """Columns `id` and the facts' names, typed, null for unknown; needs pyarrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "boolean": pa.bool_(),
        "integer": pa.int64(),
        "decimal": pa.decimal128(12, 3),
        "date": pa.date32(),
        "choice": pa.string(),
        "code": pa.string(),
        "codes": pa.list_(pa.string()),
    }
    facts = list(facts)
    schema = pa.schema([("id", pa.string()), *((fact.name, types[fact.kind]) for fact in facts)])
    with pq.ParquetWriter(path, schema) as writer:
        for batch in _batches(rows, at_once):
            columns: list[Any] = [[row["id"] for row in batch]]
            for fact in facts:
                columns.append([typed(fact.kind, row.get(fact.name)) for row in batch])
            arrays = [
                pa.array(column, type=field.type)
                for column, field in zip(columns, schema, strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))


def _batches(rows: Iterable[Json], at_once: int) -> Iterator[list[Json]]:
    batch: list[Json] = []
    for row in rows:
        batch.append(row)
        if len(batch) == at_once:
            yield batch
            batch = []
    if batch:
        yield batch


def typed(kind: Kind, raw: Any) -> Any:
    """A JSON value as Python's: dates and decimals are text in JSON."""
    if raw is None:
        return None
    if kind == "date":
        return date.fromisoformat(raw)
    return Decimal(raw) if kind == "decimal" else raw


def typed_facts(policy: Policy, facts: Mapping[str, Any]) -> Json:
    """All 30 facts of a request, typed (sets of codes as frozensets), None for unknown."""
    made = {fact.name: typed(fact.kind, facts.get(fact.name)) for fact in policy.facts}
    for fact in policy.facts:
        if fact.kind == "codes" and made[fact.name] is not None:
            made[fact.name] = frozenset(made[fact.name])
    return made


# --- many policies -----------------------------------------------------------------------------------


def many_policies(count: int, *, seed: int = SEED) -> list[Policy]:
    """So many policies of 20 rules, each for a drug code of its own."""
    return [
        replace(make_policy(BLOCK, seed=seed + number), code=f"J{number:04}")
        for number in range(count)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["policies", "claims"])
    parser.add_argument("--rules", type=int, default=BLOCK, help="a multiple of 20")
    parser.add_argument("--policies", type=int, help="so many policies of 20 rules instead")
    parser.add_argument(
        "--worst", action="store_true", help="claims of which hardly a value repeats"
    )
    parser.add_argument("--unguarded", action="store_true", help="every rule is about every claim")
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    one = make_policy(options.rules, guarded=not options.unguarded)
    if options.what == "policies":
        write_folder(options.out, many_policies(options.policies) if options.policies else [one])
        return
    requests = claims(one, options.claims, worst=options.worst)
    if options.out.suffix == ".parquet":
        write_parquet(options.out, one.facts, rows_of(requests))
    else:
        write_json_lines(options.out, requests)


if __name__ == "__main__":
    main()
