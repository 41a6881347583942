"""The hand-written policy that the benchmarks compare with still says what the engine says.

On random facts and lines, and on whole claims, for the decision, each line's outcome and units, every
finding with its reason codes, and the rules that wait for a fact. What the hand-written code may take
as known (see its docstring) is filled in first; everything else is left unknown at random.
"""

from __future__ import annotations

import importlib.util
import sys
from datetime import date, timedelta
from random import Random
from types import ModuleType
from typing import Any

import pytest

from payer_policy.analysis.selfcheck import palette_of, random_facts
from payer_policy.core.vocabulary.types import NONE
from payer_policy.determination import About, Determination, Determiner, ServiceLine
from payer_policy.engine import Engine
from payer_policy.engines import engine_named
from payer_policy.formats import read_requests
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.request.models import Coverage, Line, PriorLine, Provider, Request
from tests.places import ROOT

POLICY = "medicare/intrathecal-baclofen"
MODIFIERS = ((), (), ("JZ",), ("JZ",), ("JW",), ("JW",), ("JW", "JZ"), ("59", "JZ"))
UNITS = (None, 0, 1, 1, 2, 3, 3, 4, 7, 8, 9)
HARMLESS: dict[str, Any] = {
    "claim.codes": frozenset({"J0945", "62369"}),
    "claim.same_day_codes": frozenset({"J0945", "62369"}),
    "container.multi_dose": False,
    "container.opened": 1,
    "contraindication.active_infection": False,
    "contraindication.body_too_small": False,
    "contraindication.device_crosstalk": False,
    "contraindication.hypersensitivity": False,
    "diagnosis.codes": frozenset({"G80.0"}),
    "documents.request": "received",
    "dose.remainder": "left_in_container",
    "drug.asc_payment_indicator": "K2",
    "drug.compounded": False,
    "drug.daily_unit_limit": 8,
    "drug.status_indicator": "K",
    "drug.trial_units_most": 1,
    "drug.used_for": "both",
    "implant.date": date(2025, 11, 3),
    "ndc.counted_in_containers": False,
    "ndc.for_another_code": False,
    "ndc.multi_dose": False,
    "ndc.not_in_the_list": False,
    "ndc.not_intrathecal": False,
    "ndc.part_of_a_container": False,
    "ndc.quantity": 0,
    "ndc.quantity_given": False,
    "oral_therapy.duration": 42,
    "oral_therapy.outcome": "inadequate",
    "replacement.reason": "end_of_battery",
    "request.original_id": "C0",
    "service.duplicate_of_earlier_claim": False,
    "service.has_identical_lines": False,
    "service.route": "intrathecal",
    "setting.ambulatory_surgical_center": False,
    "setting.critical_access_hospital": False,
    "setting.hospital_outpatient": False,
    "setting.inpatient": False,
    "setting.office_or_home_visit": True,
    "therapy.phase": "refill",
    "trial.date": date(2025, 10, 1),
    "trial.response": "favorable",
    "units.expected_discarded": 0,
}
"""Facts that stand in no claim's way; most of a random claim is made of them, lest all be denied."""


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        f"benchmarks_{name}", ROOT / f"benchmarks/{name}.py"
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


handwritten = _script("handwritten")


@pytest.fixture(scope="module")
def library() -> Library:
    return open_library(ROOT / "policies")


@pytest.fixture(scope="module")
def by_hand(library: Library) -> Any:
    return handwritten.Baclofen(library)


def said_by_engine(determination: Determination) -> Any:
    kinds = {"the administered lines": "administered", "the discarded-drug lines": "discarded"}
    return (
        determination.decision,
        [(line.number, line.outcome, line.allowed_units) for line in determination.lines],
        [
            (found.rule, found.kind, found.group, found.carc, found.rarcs, kinds.get(found.on))
            for found in determination.findings
        ],
        [rule.rule for rule in determination.unsettled if rule.unknown == "condition"],
    )


def said_by_hand(answer: Any) -> Any:
    return (
        answer.decision,
        [tuple(line) for line in answer.lines],
        list(answer.findings),
        list(answer.unsettled),
    )


def random_case(
    random: Random, palette: dict[str, Any], silence: dict[str, Any], first_day: date
) -> tuple[dict[str, Any], list[Any]]:
    # By hand nothing is known to be none.
    facts: dict[str, Any] = {
        name: value for name, value in random_facts(random, palette).items() if value is not NONE
    }
    share = random.choice((0.0, 0.5, 0.9, 0.95, 0.98, 1.0))
    facts |= {name: value for name, value in HARMLESS.items() if random.random() < share}
    for name, value in silence.items():
        if facts.get(name) is None:
            facts[name] = value
    for name in [name for name in palette if "#" in name]:  # the least and the most of a known sum
        facts[name] = facts.get(name.partition("#")[0])
    kind = random.choice(("claim", "claim", "claim", "preauthorization"))
    frequency = random.choice(("1", "1", "1", "1", "7", "8"))
    facts |= {
        "drug.code": handwritten.CODE,
        "service.date": first_day + timedelta(days=random.randrange(400)),
        "request.kind": kind,
        "request.frequency": frequency,
        "claim.is_void": kind == "claim" and frequency == "8",
        "claim.for_payment": kind == "claim" and frequency != "8",
    }
    lines = [
        (number, random.choice(UNITS), frozenset(random.choice(MODIFIERS)))
        for number in range(1, random.choice((2, 2, 3, 3, 4)))
    ]
    for part, is_discarded in (("administered", False), ("discarded", True)):
        units = [units for _, units, modifiers in lines if ("JW" in modifiers) is is_discarded]
        facts[f"lines.{part}"] = len(units)
        facts[f"units.{part}"] = None if None in units else sum(units)
    both = facts["units.administered"], facts["units.discarded"]
    facts["units.billed"] = None if None in both else sum(both)
    facts["units.line_without_units"] = 0 in [units for _, units, _ in lines]
    facts["modifiers.all"] = frozenset().union(*(modifiers for _, _, modifiers in lines))
    facts["modifiers.jw_and_jz_on_one_line"] = any(
        {"JW", "JZ"} <= modifiers for _, _, modifiers in lines
    )
    facts["modifiers.jz_missing_on_a_line"] = any(
        not modifiers & {"JW", "JZ"} for _, _, modifiers in lines
    )
    return facts, [
        handwritten.ClaimLine(number, units, "JW" in modifiers)
        for number, units, modifiers in lines
    ]


def test_by_hand_and_by_engine_are_equal_on_random_facts(library: Library, by_hand: Any) -> None:
    last_first_day = library.windows(POLICY)[-1][0]
    assert last_first_day == handwritten.FIRST_DAY, "a new window: extend the hand-written policy"
    ruleset = library.ruleset(POLICY, handwritten.FIRST_DAY)
    assert ruleset is not None
    evaluate = engine_named("compiled").compile(ruleset)
    determiner = Determiner(ruleset)
    palette = palette_of(ruleset)
    silence = {
        name: fact.absent_means
        for name, fact in library.vocabulary.facts.items()
        if fact.absent_means is not None
    }
    random = Random(7)
    decisions = set()
    rules = set()
    for _ in range(1500):
        facts, lines = random_case(random, palette, silence, handwritten.FIRST_DAY)
        determination = determiner.determine(
            evaluate(facts),
            facts,
            [
                ServiceLine(
                    line.number,
                    line.units,
                    frozenset(["discarded" if line.discarded else "administered"]),
                )
                for line in lines
            ],
            About(
                None,
                facts["request.kind"],
                handwritten.CODE,
                facts["service.date"],
                "compiled",
            ),
        )
        assert said_by_hand(by_hand.decide(facts, lines)) == said_by_engine(determination), facts
        decisions.add(determination.decision)
        rules |= {found.rule for found in determination.findings}

    assert decisions == {"approve", "deny", "pend", "partial", "not_required"}
    assert len(rules) >= 45, sorted(rules)  # the cases reach the policy, not a corner of it


def compare(engine: Engine, by_hand: Any, request: Request) -> int:
    """Compare the services that the hand-written policy is for; how many there were."""
    determinations = [
        determination
        for determination in engine.decide(request).determinations
        if determination.policy.address == POLICY
        and determination.service_date is not None
        and determination.service_date >= handwritten.FIRST_DAY
    ]
    answers = by_hand.decide_request(request) if determinations else []
    assert [said_by_hand(answer) for answer in answers] == [
        said_by_engine(determination) for determination in determinations
    ], request
    return len(answers)


def test_by_hand_and_by_engine_are_equal_on_the_shipped_claims(
    library: Library, by_hand: Any
) -> None:
    engine = Engine(library)
    paths = [ROOT / "benchmarks/claims.jsonl", *sorted((ROOT / "examples/claims").glob("*"))]
    compared = 0
    for path in paths:
        if path.suffix in (".json", ".jsonl", ".837") and not path.name.endswith(".facts.json"):
            for intake in read_requests(path.read_bytes(), path.name):
                assert intake.request is not None, intake.diagnostics
                compared += compare(engine, by_hand, moved(intake.request))

    assert compared >= 8


def test_by_hand_and_by_engine_are_equal_on_random_claims(library: Library, by_hand: Any) -> None:
    engine = Engine(library)
    random = Random(11)
    compared = sum(compare(engine, by_hand, random_claim(random)) for _ in range(600))

    assert compared >= 550


def random_claim(random: Random) -> Request:
    def some(*values: Any) -> Any:
        return random.choice(values)

    def drug_line() -> Line:
        return Line(
            code=handwritten.CODE,
            modifiers=frozenset(random.choice(MODIFIERS)),
            units=random.choice(UNITS),
            date=some(date(2025, 11, 3), date(2025, 11, 3), date(2025, 11, 4)),
            place_of_service=some(None, None, None, "11", "22", "21"),
            ndc=some(None, None, "66794015702", "66794015101", "99999001001", "00527133001"),
            ndc_unit=some("ML", "ML", "UN", "ME", "GR", None),
            ndc_quantity=some(None, 1, 5, 20, 40),
            charge=some(None, 800),
            diagnosis_pointers=some(None, None, (1,), (2,)),
        )

    others = ("62369", "62369", "62362", "62322", "62368", "E0786", "96522", "J2278", "95990", None)
    lines = [
        *(
            Line(code=random.choice(others), revenue_code="0360", date=date(2025, 11, 3))
            for _ in range(some(0, 1, 1, 2))
        ),
        *(drug_line() for _ in range(some(1, 2, 2, 3))),
    ]
    random.shuffle(lines)
    diagnoses = ("G80.0", "G80.0", "G82.51", "G35", "G82.5", "R25.2", "Z45.1", "E11.9")
    prior = PriorLine(
        claim_id=some("C0", "C1"), code=handwritten.CODE, date=date(2025, 11, 3),
        modifiers=frozenset(random.choice(MODIFIERS)), units=random.choice(UNITS), void=some(False, True),
    )  # fmt: skip
    of_member: dict[str, Any] = {
        "documents.request": some("none", "waiting", "not_supplied"),
        "oral_therapy.outcome": some("inadequate", "not_tried"),
        "oral_therapy.duration": some(41, 42),
        "trial.date": some("2025-10-06", "2025-11-03", "2025-11-04"),
        "trial.response": some("favorable", "favorable", "not_favorable"),
        "trial.dose": some(75, 100),
        "contraindication.hypersensitivity": some(False, False, True),
        "contraindication.active_infection": False,
        "contraindication.body_too_small": False,
        "contraindication.device_crosstalk": False,
        "replacement.reason": some("end_of_battery", "upgrade"),
    }
    share = some(0.0, 0.3, 0.8)

    def known(facts: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in facts.items() if random.random() < share}

    def of_service() -> dict[str, Any]:
        return {
            "dose.administered": some(50, 101, 30000, 36000, 40000),
            "dose.discarded": some(0, 4000, 10000),
            "container.total": some(40000, 80000),
            "container.opened": some(1, 2),
            "container.multi_dose": some(False, True),
            "refill.previous_date": some("2025-08-04", "2025-01-02"),
            "therapy.phase": some("initial", "trial", "refill", "replacement"),
            "service.setting": some("home_visit", "home_self_administered"),
            "service.route": some("intrathecal", "oral"),
        }

    drug = {line.date: at for at, line in enumerate(lines) if line.code == handwritten.CODE}
    for at in drug.values():
        lines[at] = lines[at].model_copy(update={"facts": known(of_service())})
    listed = some(None, (), *((random.choice(diagnoses), "I10") for _ in range(6)))
    if listed == ():  # nothing to point to
        lines = [line.model_copy(update={"diagnosis_pointers": None}) for line in lines]
    return Request(
        kind=some("claim", "claim", "claim", "preauthorization"),
        frequency=some("1", "1", "1", "1", "7", "8"),
        original_id=some(None, "C0"),
        bill_type=some(None, None, None, "131", "111", "851", "711"),
        place_of_service=some("11", "11", "22", "24", "12", None),
        coverage=Coverage(payer="medicare"),
        provider=Provider(billing_npi="1234567893"),
        diagnoses=listed,
        lines=tuple(lines),
        history=some(None, (), (prior,)),
        facts=known(of_member),
    )


def moved(request: Request) -> Request:
    """The same claim of Medicare, a whole number of years later, so that the window covers it."""

    def later(day: date | None) -> date | None:
        return day if day is None or day >= handwritten.FIRST_DAY else day.replace(day.year + 1)

    lines = tuple(
        line.model_copy(update={"date": later(line.date), "through": later(line.through)})
        for line in request.lines
    )
    return request.model_copy(update={"lines": lines})
