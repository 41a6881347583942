"""Short words to write rulesets by hand, a plain evaluator, and one example policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from payer_policy.core.core_tests import core_of
from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Conclude,
    Condition,
    Constant,
    DerivedFact,
    Expression,
    FactRef,
    FindingEffect,
    Not,
    Parameter,
    Reason,
    Reference,
    Rule,
    Ruleset,
    Score,
    Sentence,
    Test,
    Window,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS, NEGATED
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import FactType, Value
from payer_policy.determination import About, Determination, Determiner, ServiceLine
from payer_policy.engines.protocol import Evaluation

DAY = date(2024, 3, 5)
PARTS = {"administered": "the administered lines", "discarded": "the discarded-drug lines"}


def test(fact: str, operator: str, *right: Any, left: Any = None) -> Condition:
    """A test in core tests; plain values on the right become constants."""
    sides = tuple(
        one
        if isinstance(one, (Constant, FactRef, Score, Arithmetic, Window))
        else Constant(frozenset(one) if isinstance(one, (list, set)) else one)
        for one in right
    )
    return core_of(Test(fact, operator, left or FactRef(fact), sides))


test.__test__ = False  # pytest: not a test


def yes(fact: str) -> Condition:
    return test(fact, "is", True)


def no(fact: str) -> Not:
    return Not(yes(fact))


def every(*parts: Condition) -> All:
    return All(parts)


def any_of(*parts: Condition) -> AnyOf:
    return AnyOf(parts)


def at_least(count: int, *parts: Condition) -> AtLeast:
    return AtLeast(count, parts)


def sentence(text: str) -> Sentence:
    """`"billed: {units.billed}."` as pieces and slots."""
    pieces, facts = [""], []
    for place, part in enumerate(text.replace("}", "{").split("{")):
        if place % 2:
            facts.append(part)
            pieces.append("")
        else:
            pieces[-1] += part
    return Sentence(tuple(pieces), tuple(facts))


def rule(
    id_: str,
    when: Condition,
    effect: Conclude | FindingEffect,
    title: str | None = None,
    **more: Any,
) -> Rule:
    return Rule(id_, title or f"Rule {id_}", when, effect, more.pop("cites", ("source",)), **more)


def concludes(**values: Value) -> Conclude:
    """`concludes(a__b=True)` concludes the fact `a.b`."""
    return Conclude(tuple((name.replace("__", "."), value) for name, value in values.items()))


def finding(
    kind: Any,
    because: str = "It is so.",
    *,
    on: str | None = None,
    to: Expression | int | None = None,
    codes: str = "CO 50",
) -> FindingEffect:
    group, carc, *rarcs = [*codes.split(), None, None][: max(2, len(codes.split()))]
    amount = Constant(to) if isinstance(to, int) else to
    return FindingEffect(kind, Reason(group, carc, tuple(rarcs)), sentence(because), on, amount)


def fact(name: str, kind: Any, label: str | None = None, question: str | None = None, **more: Any):
    unit, values, ordered = more.pop("unit", None), more.pop("values", ()), more.pop("ordered", 0)
    type_ = FactType(kind, unit, tuple(values), bool(ordered), more.pop("system", None))
    asked = question or (None if more.get("derived") else f"What is {name}?")
    return Fact(name, type_, label or name, asked, more.pop("by", "provider"), **more)


def ruleset(rules: Iterable[Rule], facts: Iterable[Fact] = (), **more: Any) -> Ruleset:
    """A ruleset of rules that are in order already. Facts not declared are boolean inputs."""
    made = tuple(rules)
    declared = {one.name: one for one in facts}
    concluded: dict[str, list[tuple[int, Value]]] = {}
    for index, one in enumerate(made):
        if isinstance(one.effect, Conclude):
            for name, value in one.effect.values:
                concluded.setdefault(name, []).append((index, value))
    for name in concluded:
        declared.setdefault(name, fact(name, "boolean", derived=True, otherwise=False))
    plain = Ruleset(
        policy="payer/policy",
        version="2024-01-01",
        title="A policy",
        first_day=date(2024, 1, 1),
        last_day=None,
        applies_to=test("drug.code", "in", ["X1234"]),
        rules=made,
        derived={
            name: DerivedFact(name, declared[name].otherwise, tuple(by))
            for name, by in concluded.items()
        },
        facts=declared,
        line_parts=PARTS,
        parameters={},
        references={"source": Reference("source", "A source", "https://example.org/source")},
        information_request=Reason("CO", "252", ("N706",)),
        hash="ab" * 32,
    )
    names = [name for name in plain.inputs() if name not in declared]
    plain = replace(plain, facts=declared | {name: fact(name, "boolean") for name in names})
    return replace(plain, **more)


def evaluate(rules: Ruleset, facts: Mapping[str, Value | None]) -> Evaluation:
    """The meaning of a ruleset, as ENGINES says it, in the plainest way."""
    known = {name: value for name, value in facts.items() if name not in rules.derived}
    derived: dict[str, Value | None] = dict.fromkeys(rules.derived)
    place = {one.id: index for index, one in enumerate(rules.rules)}
    last = {
        name: max((index for index, _ in one.concluded_by), default=-1)
        for name, one in rules.derived.items()
    }
    truths: list[int] = []
    conflicts = []
    for index in range(-1, len(rules.rules)):
        if index >= 0:
            one = rules.rules[index]
            truth = truth_of(one.condition, known)
            for other in one.overridden_by:
                truth &= NEGATED[truths[place[other]]]
            truths.append(truth)
        for name, settles in last.items():
            if settles != index:
                continue
            by = [(truths[i], value) for i, value in rules.derived[name].concluded_by]
            holding = {value for truth, value in by if truth == HOLDS}
            possible = {value for truth, value in by if truth != FAILS}
            if len(holding) > 1:
                conflicts.append(name)
            elif holding and holding == possible:
                derived[name] = holding.pop()
            elif not possible:
                derived[name] = rules.derived[name].otherwise
            known[name] = derived[name]
    return Evaluation(tuple(truths), derived, tuple(sorted(conflicts)))


LINE = ServiceLine(1, 4, frozenset({"administered"}))


def decide(
    rules: Ruleset,
    facts: Mapping[str, Value | None],
    lines: Iterable[ServiceLine] = (LINE,),
    evaluation: Evaluation | None = None,
    confirmed: Iterable[str] = (),
    **more: Any,
) -> Determination:
    about = About("C-1", "claim", "X1234", DAY, "plain")._replace(**more)
    return Determiner(rules).determine(
        evaluation or evaluate(rules, facts), facts, tuple(lines), about, None, tuple(confirmed)
    )


# --- the example policy --------------------------------------------------------------------------

GRADES = ("none", "mild", "moderate", "severe")
FACTS = (
    fact("request.kind", "choice", "the kind of request", values=("claim", "preauthorization")),
    fact("drug.code", "code", "the drug code", system="hcpcs"),
    fact("service.date", "date", "the date of service", "On which day was the drug given?"),
    fact(
        "therapy.phase",
        "choice",
        "the phase of therapy",
        "What is the drug for?",
        values=("trial", "initial", "refill"),
    ),
    fact(
        "oral.outcome",
        "choice",
        "the outcome of oral therapy",
        "How did oral therapy work?",
        values=("adequate", "inadequate", "not_tolerated"),
    ),
    fact("oral.length", "decimal", "length of oral therapy", "How long was it?", unit="days"),
    fact(
        "trial.favorable",
        "boolean",
        "whether the trial was favorable",
        "Was it favorable?",
        no="the trial was not favorable",
    ),
    fact("trial.date", "date", "the date of the trial", "When was the trial?"),
    fact("trial.grade", "choice", "the grade after the trial", values=GRADES, ordered=True),
    fact(
        "infection",
        "boolean",
        "an active infection",
        "Does the patient have an infection?",
        yes="there is an active infection",
        no="there is no active infection",
    ),
    fact(
        "allergy",
        "boolean",
        "whether an allergy is known",
        "Is there an allergy?",
        no="no allergy is known",
    ),
    fact(
        "other.pump",
        "boolean",
        "another implanted device",
        "Is there another device?",
        yes="there is another implanted device",
        no="there is no other implanted device",
    ),
    fact("diagnosis.codes", "codes", "the diagnoses", system="icd10cm", by="biller"),
    fact("units.billed", "decimal", "the units billed", unit="billing units", by="biller"),
    fact("container.units", "decimal", "the units in the containers", unit="billing units"),
    fact("dose.units", "decimal", "the units of the dose", unit="billing units"),
    fact(
        "waste.recorded",
        "boolean",
        "whether the record names a discarded amount",
        no="the record names no discarded amount",
    ),
    fact("authorization.on_file", "boolean", "whether an authorization is on file", by="payer"),
    fact(
        "oral.failed",
        "boolean",
        "whether oral therapy was tried and failed",
        no="oral therapy was not tried, or did not fail",
        derived=True,
        otherwise=False,
    ),
    fact(
        "authorized",
        "boolean",
        "whether the service is authorized",
        no="the service is not authorized",
        derived=True,
        otherwise=False,
    ),
)
SEVERE = Constant(frozenset({"G80.0", "G80.1"}), "code_set:severe-spasticity")
RISKS = Constant(frozenset(f"Z{n:02}" for n in range(9)), "code_set:risks")
EXAMPLE = ruleset(
    [
        rule(
            "authorized",
            every(yes("authorization.on_file"), test("request.kind", "is", "claim")),
            concludes(authorized=True),
            "An authorization on file covers the service",
        ),
        rule(
            "oral-failed",
            any_of(
                test("oral.outcome", "is", "not_tolerated"),
                every(
                    test("oral.outcome", "is", "inadequate"),
                    test("oral.length", "at_least", Constant(42, "parameter:oral_weeks", "days")),
                ),
            ),
            concludes(oral__failed=True),
            "Oral therapy was tried long enough and failed, or was not tolerated",
            cites=("ncd", "label"),
        ),
        rule(
            "certified",
            yes("authorized"),
            finding("advise", "What was certified is not decided again.", codes=""),
            "Necessity was certified",
        ),
        rule(
            "contraindicated",
            at_least(2, yes("infection"), yes("allergy"), yes("other.pump")),
            finding("pend", "Two contraindications are named."),
            "Two contraindications are looked at by a person",
        ),
        rule(
            "diagnosis-not-covered",
            Not(any_of(test("diagnosis.codes", "includes_any", SEVERE))),
            finding("deny", "None of {diagnosis.codes} is covered.", codes="CO 11"),
            "No diagnosis supports the treatment",
            cites=("ncd",),
        ),
        rule(
            "discard-above-record",
            test(
                "container.units",
                "less_than",
                Arithmetic("sum", (FactRef("dose.units"), FactRef("units.billed"))),
            ),
            finding(
                "reduce",
                "The containers hold {container.units}; the dose makes {dose.units}.",
                on="discarded",
                to=Arithmetic("difference", (FactRef("container.units"), FactRef("dose.units"))),
                codes="CO 151 N362",
            ),
            "No more is discarded than was left",
            assume_not_holding=True,
            note="the record comes on audit only",
        ),
        rule(
            "discard-not-recorded",
            no("waste.recorded"),
            finding("deny", "No discarded amount is recorded.", on="discarded", codes="CO 16 N822"),
            "Discarded drug must be on record",
            assume_not_holding=True,
        ),
        rule(
            "oral-not-shown",
            every(test("therapy.phase", "in", ["trial", "initial"]), no("oral.failed")),
            finding(
                "deny",
                "Failed oral therapy before {service.date} is not shown.",
                codes="CO 50 N386",
            ),
            "Oral therapy comes first",
            cites=("ncd",),
            overridden_by=("authorized",),
        ),
        rule(
            "risk-reviewed",
            every(
                test("diagnosis.codes", "includes_any", RISKS),
                Not(every(test("trial.grade", "at_most", 1, left=Score("trial.grade", GRADES)))),
            ),
            finding("pend", "A risk code is billed and the grade is {trial.grade}.", codes=""),
            "Risks are looked at by a person",
        ),
        rule(
            "trial-not-shown",
            every(test("therapy.phase", "is", "initial"), no("trial.favorable")),
            finding("deny", "No favorable trial is shown.", codes="CO 50 N386"),
            "Initial therapy needs a favorable trial",
            cites=("ncd", "label"),
        ),
        rule(
            "trial-too-old",
            every(
                test("therapy.phase", "is", "initial"),
                Not(
                    test(
                        "trial.date",
                        "within",
                        Window(Constant(6), "months", "before", FactRef("service.date")),
                    )
                ),
            ),
            finding("pend", "The trial was on {trial.date}.", codes="CO 252"),
            "An old trial is looked at by a person",
        ),
        rule(
            "unit-limit",
            test("units.billed", "more_than", Constant(8, "parameter:day_limit")),
            finding(
                "reduce",
                "{units.billed} are billed; {parameter:day_limit} are paid for one day.",
                to=Constant(8, "parameter:day_limit"),
                codes="CO 222",
            ),
            "No more than the daily limit is paid",
        ),
    ],
    FACTS,
    policy="payer/infusion",
    title="Infusion: an example",
    last_day=date(2024, 12, 31),
    parameters={
        "oral_weeks": Parameter("oral_weeks", 6, "weeks", ("ncd",), "42 days are 6 weeks."),
        "day_limit": Parameter("day_limit", 8, "billing units"),
    },
    references={
        "ncd": Reference("ncd", "National coverage determination", "https://example.org/ncd"),
        "label": Reference("label", "Prescribing information", None, "Read in a copy."),
        "source": Reference("source", "Reading of this project"),
    },
)
KNOWN: dict[str, Value] = {
    "request.kind": "claim",
    "drug.code": "X1234",
    "service.date": DAY,
    "therapy.phase": "initial",
    "oral.outcome": "inadequate",
    "oral.length": Decimal("42.5"),
    "trial.favorable": True,
    "trial.date": date(2024, 1, 9),
    "trial.grade": "mild",
    "infection": False,
    "allergy": False,
    "other.pump": True,
    "diagnosis.codes": frozenset({"G80.1", "Z01"}),
    "units.billed": 4,
    "container.units": 6,
    "dose.units": 3,
    "waste.recorded": True,
    "authorization.on_file": False,
}
"""Everything known, and nothing that speaks against the service."""

ADMINISTERED = ServiceLine(1, 3, frozenset({"administered"}))
DISCARDED = ServiceLine(2, 1, frozenset({"discarded"}))
BOTH = (ADMINISTERED, DISCARDED)


def without(*names: str, **more: Value) -> dict[str, Value]:
    """The known facts without some, and with others changed (`a__b` for `a.b`)."""
    changed = KNOWN | {name.replace("__", "."): value for name, value in more.items()}
    return {name: value for name, value in changed.items() if name not in names}


CASES: dict[str, tuple[dict[str, Value], tuple[ServiceLine, ...]]] = {
    "approved": (KNOWN, BOTH),
    "approved-on-assumptions": (without("container.units", "waste.recorded"), BOTH),
    "authorized": (without("oral.outcome", authorization__on_file=True), BOTH),
    "denied": (without(trial__favorable=False, oral__length=41), BOTH),
    "denied-in-part": (without(waste__recorded=False), BOTH),
    "nothing-known": ({}, BOTH),
    "pended-for-facts": (without("trial.favorable", "oral.length", "allergy"), BOTH),
    "pended-for-review": (without(trial__date=date(2023, 1, 9), infection=True), BOTH),
    "reduced": (
        without(units__billed=12, container__units=Decimal("11.5"), dose__units=9),
        (
            ServiceLine(1, 9, frozenset({"administered"})),
            ServiceLine(2, Decimal("2.5"), frozenset({"discarded"})),
            ServiceLine(3, Decimal("0.5"), frozenset({"discarded"})),
        ),
    ),
    "requirements": ({"request.kind": "preauthorization", "therapy.phase": "initial"}, ()),
}
