"""The second workload: claims with lines, and a policy of two drugs, 20 rules each, about the lines.

    python benchmarks/peers/line_workload.py policies --out DIR    # a payer-policy folder
    python benchmarks/peers/line_workload.py claims --claims 1000 --out claims.jsonl|.parquet [--worst]

A claim has one to six lines: the drug, its discarded part (JW), the procedure that gives it, the other
drug, a drug of no policy, another day. One answer is for a service: the lines of one drug on one day.
What the rules read of lines is plain data too (`workload.Aggregate`). Of the cells that can be empty, 8
of 100 are, and a sum with an unknown part is unknown. Every payer, code and claim here is made up.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from workload import (
    PAYER,
    PHASES,
    SEED,
    STATUSES,
    Aggregate,
    All,
    AnyOf,
    AtLeast,
    Fact,
    Json,
    Not,
    Policy,
    Ref,
    Rule,
    Test,
    authorization_rules,
    known,
    rule_writer,
    write_folder,
    write_json_lines,
    write_parquet,
)

DRUGS = ("J9990", "J9991")
"""Those of the policy."""
OTHER_DRUG = "J9992"
"""Of no policy, and not to be given with them."""
PROCEDURES = ("X9901", "X9902")
PLACES = ("11", "19", "22", "24")
DIAGNOSES = ("G80.0", "G80.1", "G82.2", "G82.5")
WORST_LINES = 20

LINE_FACTS = (
    Fact("line.code", "code", 0),
    Fact("line.date", "date", 0),
    Fact("line.modifiers", "codes", 0),
    Fact("line.units", "integer", 4),
    Fact("line.place_of_service", "code", 10),
    Fact("line.charge", "decimal", 14),
)
"""A line's own fields. Without modifiers, a line has none; the code and the day are always there."""
CLAIM_FACTS = (
    Fact("diagnosis.primary", "code", 6, system="icd10cm"),
    Fact("therapy.phase", "choice", 8, PHASES),
    Fact("patient.age", "integer", 2),
    Fact("authorization.status", "choice", 6, STATUSES),
    Fact("authorization.from", "date", 8),
    Fact("authorization.through", "date", 8),
    Fact("authorization.units", "integer", 8),
    Fact("documents.order", "boolean", 8),
    Fact("prescriber.specialist", "boolean", 14),
    Fact("claim.emergency", "boolean", 14),
)
DISCARDED = Test("line.modifiers", "includes_any", ("JW",))
ADMINISTERED = Test("line.modifiers", "excludes", ("JW",))
NO_DISCARD = Test("line.modifiers", "includes_any", ("JZ",))


def _over(name: str, kind: str, unknown: int, source: Aggregate) -> Fact:
    return Fact(name, kind, unknown, source=source)  # type: ignore[arg-type]


FACTS = (
    Fact("coverage.payer", "code", 0, system="identifier", source=("request", "coverage.payer")),
    Fact("drug.code", "code", 0, system="hcpcs", source=("service", "code")),
    Fact("service.date", "date", 0, source=("service", "date")),
    *CLAIM_FACTS,
    _over("units.billed", "integer", 1, Aggregate("service", "sum", "line.units")),
    _over(
        "units.administered", "integer", 1,
        Aggregate("service", "sum", "line.units", where=ADMINISTERED),
    ),
    _over(
        "units.discarded", "integer", 1, Aggregate("service", "sum", "line.units", where=DISCARDED)
    ),
    _over("units.largest", "integer", 1, Aggregate("service", "max", "line.units")),
    _over(
        "units.missing", "boolean", 1,
        Aggregate("service", "any", condition=Test("line.units", "less_than", 1)),
    ),
    _over("charge.total", "decimal", 1, Aggregate("service", "sum", "line.charge")),
    _over("lines.administered", "integer", 0, Aggregate("service", "count", where=ADMINISTERED)),
    _over("lines.discarded", "integer", 0, Aggregate("service", "count", where=DISCARDED)),
    _over(
        "modifiers.unmarked", "boolean", 0,
        Aggregate(
            "service", "any", where=ADMINISTERED,
            condition=Test("line.modifiers", "excludes", ("JZ",)),
        ),
    ),
    _over("modifiers.marked", "boolean", 0, Aggregate("service", "any", condition=NO_DISCARD)),
    _over(
        "modifiers.both", "boolean", 0,
        Aggregate("service", "any", condition=All((DISCARDED, NO_DISCARD))),
    ),
    _over(
        "place.elsewhere", "boolean", 1,
        Aggregate("service", "any", condition=Test("line.place_of_service", "not_in", PLACES)),
    ),
    _over(
        "procedure.billed", "boolean", 0,
        Aggregate("same_day", "any", condition=Test("line.code", "in", PROCEDURES)),
    ),
    _over(
        "claim.other_drug", "boolean", 0,
        Aggregate("claim", "any", condition=Test("line.code", "is", OTHER_DRUG)),
    ),
    _over("claim.last_day", "date", 0, Aggregate("claim", "max", "line.date")),
)  # fmt: skip
"""What rules read. Of a fact over lines, `unknown` only says whether it can be."""


@dataclass(frozen=True, slots=True)
class LineBounds:
    """What makes one drug another than the next; claims are drawn around it."""

    units: int
    line_units: int
    charge: Decimal
    age: int
    diagnoses: tuple[str, ...]


def make_line_policy(*, seed: int = SEED) -> Policy:
    """The policy. The same seed gives an equal one."""
    bounds = tuple(_bounds(Random(f"{seed}/lines/{code}")) for code in DRUGS)
    rules = [
        rule for number, code in enumerate(DRUGS) for rule in _block(number, code, bounds[number])
    ]
    derived = ("authorization.fits", "review.excused")
    return Policy(
        DRUGS[0], True, FACTS, derived, tuple(rules), bounds,
        guard="drug.code", keys=DRUGS, named=(OTHER_DRUG, *PROCEDURES),
    )  # fmt: skip


def _bounds(random: Random) -> LineBounds:
    units = random.randrange(20, 60)
    charge = Decimal(units * random.randrange(80, 400)) / 4
    return LineBounds(
        units=units,
        line_units=units * 3 // 4,
        charge=charge,
        age=random.randrange(70, 86),
        diagnoses=tuple(sorted(random.sample(DIAGNOSES, 3))),
    )


def _block(number: int, code: str, b: LineBounds) -> Iterator[Rule]:
    rule = rule_writer(number, Test("drug.code", "is", code))
    yield from authorization_rules(
        rule, "An emergency with its procedure needs no review beforehand",
        Test("claim.emergency", "is", True),
        Test("procedure.billed", "is", True),
    )  # fmt: skip
    yield rule(
        "deny", "units-above-authorized", "The lines add up to more units than are authorized",
        Test("authorization.fits", "is", True),
        Test("units.billed", "more_than", Ref("authorization.units")),
        carc="198", rarcs=("N362",),
    )  # fmt: skip
    yield rule(
        "deny", "units-above-most", "The lines add up to more units than one day allows",
        Test("units.billed", "more_than", b.units),
        Not(Test("claim.emergency", "is", True)),
        carc="151", rarcs=("N362",),
    )  # fmt: skip
    yield rule(
        "deny", "line-above-most", "One line has more units than a line may have",
        Test("units.largest", "more_than", b.line_units),
        carc="151", rarcs=("N362",),
    )  # fmt: skip
    yield rule(
        "deny", "units-missing", "A line has zero units",
        Test("units.missing", "is", True),
        carc="16", rarcs=("M53",),
    )  # fmt: skip
    yield rule(
        "deny", "modifiers-contradict", "JW and JZ are on one line",
        Test("modifiers.both", "is", True),
        carc="4", rarcs=("N822",),
    )  # fmt: skip
    yield rule(
        "deny", "jz-beside-discarded", "JZ is billed beside a line of discarded drug",
        Test("lines.discarded", "at_least", 1),
        Test("modifiers.marked", "is", True),
        Not(Test("modifiers.both", "is", True)),
        carc="4", rarcs=("N822",),
    )  # fmt: skip
    yield rule(
        "deny", "jz-missing", "JZ missing although nothing was discarded",
        Test("lines.discarded", "less_than", 1),
        Test("modifiers.unmarked", "is", True),
        carc="4", rarcs=("N822",),
    )  # fmt: skip
    yield rule(
        "deny", "discarded-alone", "Discarded drug is billed without administered drug",
        Test("lines.administered", "less_than", 1),
        carc="107", rarcs=("N706",),
    )  # fmt: skip
    yield rule(
        "deny", "discarded-above-administered", "More drug is discarded than administered",
        Test("lines.administered", "at_least", 1),
        Test("units.discarded", "more_than", Ref("units.administered")),
        carc="222", rarcs=("M53",),
    )  # fmt: skip
    yield rule(
        "deny", "procedure-missing", "The procedure that gives the drug is not billed that day",
        Test("procedure.billed", "is", False),
        Not(Test("therapy.phase", "is", "trial")),
        carc="107",
    )  # fmt: skip
    yield rule(
        "deny", "wrong-place", "A line has a place of service where the drug is not given",
        Test("place.elsewhere", "is", True),
        carc="5", rarcs=("M77",),
    )  # fmt: skip
    yield rule(
        "deny", "diagnosis-not-covered", "The diagnosis is not a covered one",
        Test("diagnosis.primary", "not_in", b.diagnoses),
        carc="11", rarcs=("M76",),
    )  # fmt: skip
    yield rule(
        "deny", "order-not-sent", "The order was not sent",
        Test("documents.order", "is", False),
        Not(Test("review.excused", "is", True)),
        carc="252", rarcs=("N706", "M127"),
    )  # fmt: skip
    yield rule(
        "pend", "other-drug", "A drug that must not be given with this one is on the claim",
        AnyOf((
            Test("claim.other_drug", "is", True),
            All((
                Test("charge.total", "more_than", b.charge),
                Test("claim.last_day", "after", Ref("authorization.through")),
            )),
        )),
        carc="252", rarcs=("N706",),
    )  # fmt: skip
    yield rule(
        "pend", "several-risks", "Two or more risks call for a second look",
        AtLeast(2, (
            Test("patient.age", "at_least", b.age),
            Test("lines.administered", "at_least", 3),
            Test("prescriber.specialist", "is", False),
            Test("charge.total", "more_than", b.charge),
        )),
        carc="252", rarcs=("N706",),
    )  # fmt: skip
    yield rule(
        "advise", "several-days", "The claim goes on after this day: ask for the whole course",
        Test("claim.last_day", "after", Ref("service.date")),
        Test("therapy.phase", "is", "continuing"),
        rarcs=("N130",),
    )  # fmt: skip


# --- claims ----------------------------------------------------------------------------------------


def line_claims(
    policy: Policy, count: int, *, seed: int = SEED, worst: bool = False
) -> Iterator[Json]:
    """Requests with lines, as JSON has them. `worst`: 20 lines each, hardly a value that repeats, and
    four times as much unknown."""
    # Days of service stay near each other, or each line would be a service of its own.
    own = [replace(fact, kind="code") if fact.kind == "date" else fact for fact in LINE_FACTS]
    for number in range(count):
        random = Random(f"{seed}/lines/{number}")
        at = random.randrange(len(DRUGS))
        facts, lines = _draw(random, DRUGS[at], policy.bounds[at], WORST_LINES if worst else 0)
        yield {
            "id": f"C{number}",
            "coverage": {"payer": PAYER},
            "facts": known(random, CLAIM_FACTS, facts, worst),
            "lines": [
                {
                    name.removeprefix("line."): value
                    for name, value in known(random, own, line, worst).items()
                }
                for line in lines
            ],
        }


def _draw(random: Random, code: str, b: LineBounds, least: int) -> tuple[Json, list[Json]]:
    chance = random.random
    first = date(2025, 6, 1) + timedelta(days=random.randrange(2000 if least else 180))
    place = random.choice(PLACES if chance() < 0.98 else ("12", "31"))

    def line(code: str, units: int, *modifiers: str, after: int = 0) -> Json:
        return {
            "line.code": code,
            "line.date": (first + timedelta(days=after)).isoformat(),
            "line.modifiers": list(modifiers),
            "line.units": units,
            "line.place_of_service": place,
            "line.charge": f"{Decimal(units * random.randrange(20, 400)) / 8 // 1 / 4:.2f}",
        }

    most = max(1, b.line_units // 2)
    size = max(least, random.choices(range(1, 7), (6, 24, 30, 22, 11, 7))[0])
    waste = size > 1 and chance() < 0.4
    marked = ("JZ",) if chance() < (0.05 if waste else 0.97) else ("KX",) if chance() < 0.2 else ()
    units = random.randrange(2, most) if chance() < 0.97 else random.choice((0, b.line_units + 1))
    lines = [line(code, units, *marked)]
    if chance() < 0.01:
        lines = [line(code, units, "JW", "JZ")]
    if waste:
        lines.append(line(code, random.randrange(1, max(2, units)), "JW"))
    if len(lines) < size and chance() < 0.97:
        lines.append(line(random.choice(PROCEDURES), 1))
    other = DRUGS[1 - DRUGS.index(code)]
    while len(lines) < size:
        draw, after = chance(), random.randrange(1, 6) if least else 1
        if draw < 0.35:
            lines.append(line(random.choice(PROCEDURES), 1, after=after * (chance() < 0.5)))
        elif draw < 0.6:
            lines.append(line(code, random.randrange(1, most), *marked))
        elif draw < 0.8:
            lines.append(line(code, random.randrange(1, most), "JZ", after=after))
            if len(lines) < size:
                lines.append(line(random.choice(PROCEDURES), 1, after=after))
        elif draw < 0.96:
            lines.append(line(other, random.randrange(1, most), "JZ"))
        else:
            lines.append(line(OTHER_DRUG, random.randrange(1, 9)))
    random.shuffle(lines)
    billed = sum(line["line.units"] for line in lines if line["line.code"] == code)
    begin = first - timedelta(days=random.randrange(0, 90) - (chance() < 0.02) * 40)
    facts = {
        "diagnosis.primary": random.choice(b.diagnoses if chance() < 0.97 else DIAGNOSES),
        "therapy.phase": random.choices(PHASES, (5, 9, 86))[0],
        "patient.age": random.randrange(20, 88),
        "authorization.status": "approved" if chance() < 0.95 else random.choice(STATUSES),
        "authorization.from": begin.isoformat(),
        "authorization.through": (
            begin + timedelta(days=random.choice((90, 120, 180)))
        ).isoformat(),
        "authorization.units": billed + random.randrange(0, 12) - (chance() < 0.04) * 6,
        "documents.order": chance() < 0.98,
        "prescriber.specialist": chance() < 0.9,
        "claim.emergency": chance() < 0.05,
    }
    return facts, lines


TABLE_FACTS = (
    Fact("coverage.payer", "code", 0),
    *CLAIM_FACTS,
    *LINE_FACTS,
)
"""The columns of a table of claim lines."""


def line_rows_of(requests: Iterable[Json]) -> Iterator[Json]:
    """A row of a table for each line, with what is known of its claim."""
    for request in requests:
        claim = {"id": request["id"], "coverage.payer": request["coverage"]["payer"]}
        claim |= request["facts"]
        for line in request["lines"]:
            yield claim | {f"line.{name}": value for name, value in line.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["policies", "claims"])
    parser.add_argument(
        "--worst", action="store_true", help="20 lines a claim, hardly a value twice"
    )
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    policy = make_line_policy()
    requests = line_claims(policy, options.claims, worst=options.worst)
    if options.what == "policies":
        write_folder(options.out, [policy])
    elif options.out.suffix == ".parquet":
        write_parquet(options.out, TABLE_FACTS, line_rows_of(requests))
    else:
        write_json_lines(options.out, requests)


if __name__ == "__main__":
    main()
