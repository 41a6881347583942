"""Synthetic claims that differ and look real, always the same for a seed, for tests and benchmarks.

A claim is first made as an ordinary one: a payer, a day, a phase of therapy, the drug out of real
containers, the procedure, the record, an authorization where one is needed. Then nothing, one thing
or several are made otherwise (`CHANGES`), so that every kind of decision comes up, for many reasons.
No sample person is real.

    for claim in claims(seed=0, count=2_000):
        engine.decide(claim)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any, Final

Json = dict[str, Any]

PAYERS: Final = (
    (34, "medicare", "medicare"),
    (26, "commercial-standard", "commercial"),
    (26, "commercial-strict", "commercial"),
    (3, "CSTR0001", "commercial"),  # an identifier of a payer, in place of its name
    (3, "medicare", "medicare_advantage"),
    (2, None, "medicare"),  # recognized by the line of business
    (8, "another-payer", "commercial"),
)
FIRST_DAY, LAST_DAY = date(2022, 7, 1), date(2026, 6, 30)
CHANGING_DAYS: Final = (
    date(2023, 1, 1), date(2023, 7, 1), date(2023, 10, 1), date(2024, 1, 1), date(2024, 7, 1),
    date(2025, 10, 1),
)  # fmt: skip
"""From these days on a policy, or something that it reads, says something else."""
LONG_AGO: Final = (date(2015, 6, 1), date(2017, 3, 31))

# Product, micrograms a milliliter, milliliters of one container.
FILLS: Final = (
    ("66794-155-02", 500, 20),
    ("66794-156-01", 1000, 20),
    ("66794-157-02", 2000, 20),
    ("25021-679-20", 2000, 20),
    ("72888-146-36", 1000, 20),
    ("70121-2502-02", 2000, 5),
    ("70121-2503-01", 2000, 20),
)
SCREENING: Final = (("66794-151-01", 50, 1), ("70121-2496-05", 50, 1), ("70511-121-80", 50, 1))
UNIT: Final = {"J0945": 10_000, "J0475": 10_000, "J0476": 50}
"""Micrograms in one billing unit."""
ANOTHER_CODE: Final = ("J2278", "J3490", "J7799", "J7999")
WITHOUT_POLICY: Final = ("J0585", "J1100", "J2300", "Q9991", "A4221")

PROCEDURES: Final = {
    "trial": ("62322", "62323", "62326"),
    "initial": ("62362", "62361"),
    "refill": ("62369", "62370", "95990", "95991"),
    "replacement": ("E0786",),
    "dose_change": ("62368",),
    "catheter_revision": ("62350", "62351"),
}
PHASES: Final = (
    (44, "refill"),
    (16, "trial"),
    (20, "initial"),
    (6, "replacement"),
    (7, "dose_change"),
    (7, "catheter_revision"),
)
TOLD_BY_PROCEDURE: Final = frozenset(PROCEDURES) - {"catheter_revision"}
DIAGNOSES: Final = ("G80.0", "G80.1", "G82.51", "G82.20", "G81.11", "I69.051", "G11.4", "G82.53")
COMPANIONS: Final = ("Z45.1", "R25.2", "M62.838", "I10", "E11.9")
CONTRAINDICATIONS: Final = (
    "hypersensitivity", "active_infection", "body_too_small", "device_crosstalk", "psychosis",
    "autonomic_dysreflexia",
)  # fmt: skip
OF_THE_MEMBER: Final = (
    "oral_therapy.",
    "trial.",
    "contraindication.",
    "spasticity.",
    "brain_injury.",
)
"""Where a claim has two drug services, other facts stand on the lines of one of them."""
NPIS: Final = ("1234567893", "1245319599", "1679576722")


def claims(
    seed: int,
    count: int,
    *,
    undated: float = 0,
    spanned: float = 0,
    undated_history: bool = False,
) -> Iterator[Json]:
    """Requests as plain JSON, each accepted by `request_from_mapping`; the same for the same seed.

    The first claims are the same for every `count`, and without the days that they lose they are
    those of the same seed with `undated` and `spanned` at 0.

    Args:
        seed: Of the claims, and of their numbers.
        count: How many.
        undated: The share of claims that lose a date of service: a drug line, the procedure, or
            one of two lines of one code.
        spanned: The share of claims with a line over several days.
        undated_history: Whether a row of the history may lose its date too.
    """
    random, days = Random(seed), Random(f"days of {seed}")
    for number in range(count):
        claim = _Draft(random, f"SYN-{seed}-{number:06}").made()
        drawn = days.random()
        if drawn < undated:
            _lose_a_date(days, claim, undated_history)
        elif drawn < undated + spanned:
            _span_days(days, claim)
        yield claim


def json_lines(given: Iterable[Mapping[str, Any]]) -> str:
    """Claims as JSON Lines."""
    return "".join(json.dumps(claim) + "\n" for claim in given)


# --- an ordinary claim -----------------------------------------------------------------------------


def _text(day: date) -> str:
    return day.isoformat()


def _one_of(random: Random, weighted: Iterable[tuple[Any, ...]]) -> Any:
    """One of some entries that begin with their weight, without it where only one part is left."""
    entries = list(weighted)
    drawn = random.choices(entries, [entry[0] for entry in entries])[0]
    return drawn[1] if len(drawn) == 2 else drawn[1:]


def _number(amount: Fraction | int) -> int | str:
    """Exact: whole, or as text with two decimals (every amount here has at most those)."""
    return int(amount) if amount == int(amount) else f"{float(amount):.2f}"


@dataclass
class _Draft:
    """One claim while it is made: `claim` is its JSON, the rest is what the changes need to know."""

    random: Random
    number: str
    claim: Json = field(default_factory=dict)
    facts: Json = field(default_factory=dict)
    phase: str = ""
    code: str = ""
    day: date = FIRST_DAY
    ndc: str = ""
    strength: int = 0
    volume: int = 0
    drug: list[Json] = field(default_factory=list)
    procedure: Json | None = None
    others: list[Json] = field(default_factory=list)

    def made(self) -> Json:
        """The claim, with all that is made otherwise about it."""
        random = self.random
        self._who_and_when()
        self._drug()
        self._place_and_procedure()
        self._clinical()
        self._authorizations()
        self._history()
        changes = _one_of(random, ((24, 0), (50, 1), (20, 2), (6, 3)))
        for _ in range(changes):
            _one_of(random, CHANGES)(self)
        return self._finished()

    def likely(self, chance: float) -> bool:
        return self.random.random() < chance

    @property
    def unit(self) -> int:
        return UNIT.get(self.code, 10_000)

    @property
    def lines(self) -> list[Json]:
        lines = (self.procedure, *self.drug, *self.others)
        return [line for line in lines if line is not None]

    def _who_and_when(self) -> None:
        random = self.random
        payer, business = _one_of(random, PAYERS)
        self.phase = _one_of(random, PHASES)
        drawn = random.random()
        if drawn < 0.02:
            first, last = LONG_AGO
        elif drawn < 0.3:
            near = random.choice(CHANGING_DAYS)
            first, last = near - timedelta(3), near + timedelta(3)
        else:
            first, last = FIRST_DAY, LAST_DAY
        self.day = first + timedelta(random.randint(0, (last - first).days))
        member = random.randint(1, 9_999)
        born = date(1938, 1, 1) + timedelta(random.randint(0, 28_000))
        self.claim = {
            "id": self.number,
            "coverage": {
                "payer": payer, "line_of_business": business, "plan": f"PLAN-{member % 3}",
                "member_id": f"SYN-M-{member:04}",
            },
            "patient": {"birth_date": _text(born)},
            "provider": {"billing_npi": random.choice(NPIS)},
            "diagnoses": [random.choice(DIAGNOSES)],
        }  # fmt: skip
        if self.likely(0.3):
            self.claim["diagnoses"].insert(random.randint(0, 1), random.choice(COMPANIONS))
        if self.likely(0.1):
            self.claim["provider"]["rendering_npi"] = random.choice(NPIS)

    def _drug(self) -> None:
        """Lines and record of a dose out of one or two containers, as the manual wants them."""
        random = self.random
        trial = self.phase == "trial"
        self.code = random.choice(("J0476", "J0476", "J0945") if trial else ("J0475", "J0945"))
        self.ndc, self.strength, self.volume = random.choice(SCREENING if trial else FILLS)
        unit, container = self.unit, self.strength * self.volume
        opened = 2 if self.likely(0.2) and container * 2 <= 80_000 else 1
        # What is given goes beyond the last container but one, by a whole number of milliliters.
        given = (opened - 1) * container + self.strength * random.randint(
            max(1, self.volume // 2), self.volume
        )
        total = opened * container
        waste = total - given
        administered, discarded = -(-given // unit), waste // unit
        line = self._line(self.code, administered, given // self.strength)
        self.drug = [line]
        if discarded:
            line.pop("modifiers", None)
            self.drug.append(self._line(self.code, discarded, waste // self.strength, "JW"))
        elif self.day >= date(2023, 7, 1) or (self.day.year == 2023 and self.likely(0.5)):
            line["modifiers"] = ["JZ"]
        if self.likely(0.6):
            self.facts.update(
                {
                    "dose.administered": given,
                    "dose.discarded": waste,
                    "container.total": total,
                    "container.opened": opened,
                }
            )
            if discarded:
                self.facts["dose.remainder"] = "left_in_container"

    def _line(self, code: str, units: int, milliliters: int, *modifiers: str) -> Json:
        random = self.random
        line: Json = {
            "code": code, "units": units, "date": _text(self.day),
            "charge": _number(Fraction(random.randint(4_000, 30_000) * units, 100)),
        }  # fmt: skip
        if modifiers:
            line["modifiers"] = list(modifiers)
        if milliliters and self.likely(0.95):
            written = self.ndc if self.likely(0.8) else _padded(self.ndc)
            line |= {"ndc": written, "ndc_quantity": milliliters, "ndc_unit": "ML"}
            if self.likely(0.05):
                line |= {"ndc_quantity": 1, "ndc_unit": "UN"}
        return line

    def _place_and_procedure(self) -> None:
        random, claim = self.random, self.claim
        place, bill_type = _one_of(
            random,
            (
                (60, "11", "none"),
                (14, "22", "0131"),
                (8, "19", "0137" if self.likely(0.2) else "131"),
                (8, "24", "none"),
                (4, None, "851"),
                (3, "22", "none"),
                (3, "12", "none"),
            ),
        )
        claim |= {"place_of_service": place} if place else {}
        if bill_type != "none" or self.likely(0.9):
            claim["bill_type"] = bill_type
        if self.likely(0.93):
            self.procedure = self._line(random.choice(PROCEDURES[self.phase]), 1, 0)
        if bill_type != "none":
            for line in self.lines:
                line["revenue_code"] = "0636" if line["code"][0] == "J" else "0360"
        if self.phase not in TOLD_BY_PROCEDURE or (self.procedure is None and self.likely(0.6)):
            self.facts["therapy.phase"] = self.phase

    def _clinical(self) -> None:
        """What the record says where a payer may ask for it; complete in most cases."""
        random, facts, day = self.random, self.facts, self.day
        if self.phase in ("trial", "initial"):
            facts |= {
                "oral_therapy.outcome": random.choice(
                    ("inadequate", "inadequate", "not_tolerated")
                ),
                "oral_therapy.duration": random.randint(42, 400),
                "oral_therapy.with_physical_therapy": True,
                "spasticity.origin": random.choice(("spinal", "other_cerebral")),
                **{f"contraindication.{name}": False for name in CONTRAINDICATIONS},
            }
        if self.phase == "initial":
            before, after = random.choice((("3", "1"), ("4", "2"), ("4", "1"), ("3", "1")))
            facts |= {
                "trial.date": _text(day - timedelta(random.randint(2, 90))),
                "trial.response": "favorable",
                "trial.dose": random.choice((50, 75, 100)),
                "trial.ashworth_before": before,
                "trial.ashworth_after": after,
                "trial.response_hours": random.randint(4, 12),
            }
            facts["trial.doses_given"] = {50: 1, 75: 2, 100: 3}[facts["trial.dose"]]
            if facts["trial.doses_given"] > 1:
                facts["trial.hours_since_previous_dose"] = random.randint(24, 72)
            if self.likely(0.9):
                facts["documents.received"] = ["oral_history", "trial_note"]
        if self.phase == "refill" and self.likely(0.5):
            facts["refill.previous_date"] = _text(day - timedelta(random.randint(20, 170)))
        if self.phase == "replacement":
            facts["replacement.reason"] = random.choice(("end_of_battery", "irreparable"))

    def authorization(self) -> Json:
        """An authorization that fits the claim."""
        random, coverage = self.random, self.claim["coverage"]
        begins = self.day - timedelta(random.randint(0, 150))
        return {
            "number": f"AUTH-{random.randint(1, 99_999):05}", "status": "approved",
            "payer": {"CSTR0001": "commercial-strict", None: "medicare"}.get(
                coverage["payer"], coverage["payer"]
            ),
            "plan": coverage["plan"], "member_id": coverage["member_id"],
            "provider_npi": self.claim["provider"]["billing_npi"],
            "codes": sorted({self.code, random.choice(("J0475", "J0945"))}),
            "valid_from": _text(begins), "valid_through": _text(begins + timedelta(364)),
            "units": 48, "units_used": random.choice((0, 0, 4, 8, 20)),
            "requested_on": _text(begins - timedelta(random.randint(0, 20))),
        }  # fmt: skip

    def _authorizations(self) -> None:
        commercial = self.claim["coverage"]["line_of_business"] == "commercial"
        if not self.likely(0.96 if commercial else 0.15):
            return  # nothing is known of them
        fits = self.authorization()
        found = [fits]
        while self.likely(0.2):  # others, which do not fit
            other = self.authorization() | {"status": self.random.choice(("refused", "cancelled"))}
            found.insert(self.random.randint(0, len(found)), other)
        self.claim["authorizations"] = found
        if self.likely(0.8):
            self.claim["authorization_number"] = fits["number"]

    def prior(self, days_ago: int, **more: Any) -> Json:
        """A line of an earlier claim of this member, for the same drug."""
        row = {
            "claim_id": f"SYN-H-{self.random.randint(1, 99_999):05}", "code": self.code,
            "date": _text(self.day - timedelta(days_ago)), "units": self.random.randint(1, 8),
            "billing_npi": self.claim["provider"]["billing_npi"],
        }  # fmt: skip
        return row | more

    def forget_record(self) -> None:
        """Nothing is known of the dose and its containers."""
        for name in [name for name in self.facts if name.startswith(("dose.", "container."))]:
            del self.facts[name]

    def cover(self) -> None:
        """Each line names as many milliliters as its units come to, out of used-up containers."""
        if self.phase != "trial":
            self.ndc, self.strength, self.volume = FILLS[0]  # one unit each
        for line in self.drug:
            if "ndc" in line and _whole(line):
                amount = Fraction(line["units"] * self.unit, self.strength)
                line |= {"ndc": self.ndc, "ndc_quantity": _number(amount), "ndc_unit": "ML"}

    def earlier(self, row: Json) -> None:
        """One more row of the history."""
        self.claim["history"] = [*(self.claim.get("history") or ()), row]

    def _history(self) -> None:
        if self.likely(0.55):
            self.claim["history"] = [
                self.prior(
                    self.random.randint(25, 400),
                    **({"void": True} if self.likely(0.15) else {}),
                    **({"modifiers": ["JZ"]} if self.likely(0.3) else {}),
                )
                for _ in range(self.random.choice((0, 0, 1, 2, 4)))
            ]

    def _finished(self) -> Json:
        claim, random, facts = self.claim, self.random, self.facts
        kind = _one_of(random, ((86, "claim"), (9, "preauthorization"), (5, "question")))
        if self.likely(0.27) and kind == "claim":
            self._again(timedelta(random.choice((7, 14, 28))))
        services = {(line["code"], line["date"]) for line in self.drug}
        of_first = {}
        if len(services) > 1:
            for name in [name for name in facts if not name.startswith(OF_THE_MEMBER)]:
                of_first[name] = facts.pop(name)
        for name in list(facts):
            if self.likely(0.02):  # what is not known is null, or is left out
                facts[name] = None
                if self.likely(0.5):
                    del facts[name]
        if kind == "question" or (kind == "preauthorization" and self.likely(0.4)):
            for name in ("history", "place_of_service", "bill_type"):
                claim.pop(name, None)
            asked = {"drug.code": self.code, "service.date": _text(self.day)}
            if self.procedure is not None:
                asked["therapy.phase"] = self.phase
            if self.phase == "initial" and self.likely(0.7):
                asked["implant.date"] = _text(self.day)
            about_lines = ("dose.", "container.")
            claim["facts"] = asked | {
                name: value for name, value in facts.items() if not name.startswith(about_lines)
            }
        else:
            claim["facts"] = facts
            if of_first:
                self._on_lines(of_first)
            claim["lines"] = [
                {"number": number, **line} for number, line in enumerate(self._in_order(), 1)
            ]
        if kind == "preauthorization":
            claim |= {"kind": kind, "received": _text(self.day - timedelta(random.randint(1, 30)))}
        elif "frequency" not in claim and kind == "claim" and self.likely(0.05):
            claim |= {"frequency": "7", "original_id": f"SYN-O-{random.randint(1, 9_999)}"}
            self.earlier(self.prior(0, claim_id=claim["original_id"], units=4))
        return claim

    def _on_lines(self, facts: Json) -> None:
        """Facts about the first drug service on its line, and of a later refill the one before it."""
        first, last = self.drug[0], self.drug[-1]
        documents = {name for name in facts if name.startswith(("documents.", "replacement."))}
        self.facts.update({name: facts[name] for name in documents})
        first["facts"] = {name: facts[name] for name in facts if name not in documents}
        if self.phase == "refill" and last["date"] > first["date"]:
            last["facts"] = {"therapy.phase": "refill", "refill.previous_date": first["date"]}

    def _in_order(self) -> list[Json]:
        lines = self.lines[:4]
        if self.likely(0.2):
            self.random.shuffle(lines)
        return lines

    def _again(self, later: timedelta) -> None:
        """The same drug once more on a later day of the claim, in another number of units."""
        first = self.drug[0]
        day = date.fromisoformat(first["date"]) + later
        line = first | {"date": _text(day), "units": self.random.randint(1, 12)}
        if self.likely(0.3):
            line.pop("modifiers", None)
        self.drug = [*self.drug[:2], line]
        self.cover()
        if self.procedure is not None and self.likely(0.8):
            self.others.append(self.procedure | {"date": line["date"]})


def _padded(ndc: str) -> str:
    """The eleven digits of a number with hyphens."""
    first, second, third = ndc.split("-")
    return f"{first:0>5}{second:0>4}{third:0>2}"


# --- what is made otherwise ------------------------------------------------------------------------

Change = Callable[[_Draft], None]


def _modifiers(draft: _Draft) -> None:
    """The modifiers of discarded drug left out, added, exchanged or together."""
    line = draft.random.choice(draft.drug)
    old = line.pop("modifiers", [])
    line["modifiers"] = draft.random.choice(
        ([], ["JZ"], ["JW"], ["JW", "JZ"], [*old, "59"], [*old, "KD"])
    )
    if draft.likely(0.2):
        line["modifiers"] = ["JZ"]
        draft.drug = [line, draft._line(draft.code, 1, 5, "JW")]


def _units(draft: _Draft) -> None:
    """Too many, none, a part of one, not known, milligrams or milliliters in place of units."""
    line = draft.random.choice(draft.drug)
    how = draft.random.randrange(6)
    if how == 0:
        line["units"] = draft.random.choice((0, "1.5", "3.5", "0.25"))
    elif how == 1:
        line["units"] = None
    elif how == 2:
        line["units"] = line["units"] * draft.random.choice((10, 20)) if _whole(line) else 40
    else:
        line["units"] = draft.random.randint(5, 16)


def _whole(line: Json) -> bool:
    return isinstance(line["units"], int)


def _too_many_units(draft: _Draft) -> None:
    """More than the limit of a day, out of as many containers: a reduction that holds."""
    line, trial = draft.drug[0], draft.phase == "trial"
    line["units"] = draft.random.randint(3, 6) if trial else draft.random.randint(9, 20)
    draft.forget_record()
    draft.cover()


def _more_than_the_record(draft: _Draft) -> None:
    """The record shows less than is billed, as administered, as discarded or in all."""
    facts, unit = draft.facts, draft.unit
    how = draft.random.randrange(4)
    if how == 0 and draft.code != "J0476":
        facts["dose.administered"] = draft.random.randint(1, max(1, unit // 500)) * 500
    elif how == 1:
        facts["dose.discarded"] = draft.random.choice((0, unit // 2, unit, unit * 2))
    elif how == 2:
        facts["container.total"] = unit * draft.random.randint(1, 3)
        facts.pop("dose.administered", None)
    else:
        facts["dose.remainder"] = draft.random.choice(
            ("drawn_from_reservoir", "overfill", "given_to_another_patient")
        )


def _containers(draft: _Draft) -> None:
    """Containers for several doses, more of them than needed, or another content."""
    facts = draft.facts
    if draft.likely(0.3):
        facts["container.multi_dose"] = True
    elif draft.likely(0.5):
        facts["container.opened"] = draft.random.randint(2, 3)
    else:
        facts["container.total"] = 40_000


def _waste_billed_too_high(draft: _Draft) -> None:
    """A line of discarded drug of more units than the record shows; the rest is paid."""
    random, unit = draft.random, draft.unit
    first = draft.drug[0]
    given = random.randint(1, 4)
    first |= {"units": given}
    first.pop("modifiers", None)
    wasted = random.randint(1, 3)
    draft.drug = [first, draft._line(draft.code, wasted + random.randint(1, 2), 1, "JW")]
    draft.cover()
    draft.forget_record()
    draft.facts |= {
        "dose.administered": given * unit, "dose.discarded": wasted * unit,
        "dose.remainder": "left_in_container",
    }  # fmt: skip


def _diagnoses(draft: _Draft) -> None:
    """Not covered, categories, symptoms, valid on other days, none, or not known."""
    random = draft.random
    draft.claim["diagnoses"] = random.choice(
        (
            ["E11.9"], ["M54.50", "I10"], ["G82.5"], ["G80", "G80.1"], ["R25.2"], ["M62.838", "Z45.1"],
            ["Z45.1"], ["G35"], ["G35.A"], ["G35.B"], ["G35.B1"], ["G35", "G82.51"], [], None,
        )
    )  # fmt: skip


def _product(draft: _Draft) -> None:
    """Another product's number, none, an unknown one, or another amount of it."""
    line, random = draft.random.choice(draft.drug), draft.random
    how = random.randrange(7)
    if how == 0:
        for name in ("ndc", "ndc_quantity", "ndc_unit"):
            line.pop(name, None)
        return
    line |= {"ndc": draft.ndc, "ndc_quantity": draft.volume, "ndc_unit": "ML"}
    if how == 1:
        line["ndc"] = random.choice(("00000-1111-22", "12345-678-90"))
    elif how == 2:
        line["ndc"] = "99999-0010-01"  # an oral product
    elif how == 3:
        line["ndc"] = random.choice(SCREENING if draft.phase != "trial" else FILLS)[0]
    elif how == 4:
        line["ndc_quantity"] = random.choice(("0.5", "2.25", 1, 3))
    else:
        line["ndc_unit"] = random.choice(("UN", "ME", "GR", "F2"))


def _another_authorization(draft: _Draft) -> None:
    """The authorization is absent, not decided, or for something else."""
    claim, random, day = draft.claim, draft.random, draft.day
    others: tuple[Json, ...] = (
        {"status": "pending"}, {"status": "refused"}, {"status": "cancelled"}, {"status": None},
        {"member_id": "SYN-M-0000"}, {"plan": "PLAN-9"}, {"codes": ["J0585"]}, {"codes": None},
        {"provider_npi": "1003000126"}, {"valid_through": _text(day - timedelta(random.randint(1, 30)))},
        {"valid_from": _text(day + timedelta(random.randint(1, 30)))},
        {"valid_from": _text(day - timedelta(random.randint(183, 420))),
         "valid_through": _text(day + timedelta(30))},
        {"requested_on": _text(day + timedelta(2))}, {"units": 20, "units_used": random.randint(17, 20)},
        {"units": None},
    )  # fmt: skip
    how = random.random()
    if how < 0.15:
        claim["authorizations"] = []
        if draft.likely(0.5):
            claim.pop("authorization_number", None)
    elif how < 0.22:
        claim.pop("authorizations", None)
    else:
        found = draft.authorization()
        different = random.choice(others)
        if "valid_through" in different and "valid_from" not in different:
            found["valid_from"] = _text(day - timedelta(60))
        if "valid_from" in different and "valid_through" not in different:
            found["valid_through"] = _text(day + timedelta(400))
        found |= different
        claim |= {"authorizations": [found], "authorization_number": found["number"]}


def _units_left(draft: _Draft) -> None:
    """An authorization that fits and covers a part of the units: a reduction that holds."""
    found = draft.authorization() | {"units": 40, "units_used": draft.random.randint(37, 39)}
    draft.claim |= {"authorizations": [found], "authorization_number": found["number"]}
    draft.drug[0]["units"] = draft.random.randint(4, 8)
    draft.forget_record()
    draft.cover()


def _emergency(draft: _Draft) -> None:
    """No authorization, and an emergency of which the payer was notified sooner or later."""
    draft.claim["authorizations"] = []
    notified = draft.day + timedelta(draft.random.randint(-1, 6))
    draft.facts |= {"authorization.emergency": True, "authorization.notified_on": _text(notified)}


def _earlier_claims(draft: _Draft) -> None:
    """The same line, or units of the same day, on an earlier claim; or one that was voided."""
    line = draft.drug[0]
    if draft.likely(0.5):
        same = {name: line[name] for name in ("units", "charge", "modifiers") if name in line}
        row = draft.prior(0, **same)
    else:
        row = draft.prior(0)
    draft.earlier(row | {"void": True} if draft.likely(0.25) else row)


def _clinical_finding(draft: _Draft) -> None:
    """Something in the record that a payer may decline or review."""
    random, facts, day = draft.random, draft.facts, draft.day
    injury = {"spasticity.origin": "traumatic_brain_injury"}
    of_trials: tuple[Json, ...] = (
        {"oral_therapy.outcome": random.choice(("effective", "not_tried"))},
        {"oral_therapy.duration": random.randint(3, 41)},
        {"oral_therapy.with_physical_therapy": False},
        {f"contraindication.{random.choice(CONTRAINDICATIONS)}": True},
        {**injury, "brain_injury.date": _text(day - timedelta(random.randint(90, 900)))},
        injury,
        {"trial.doses_given": 2, "trial.hours_since_previous_dose": 6},
    )
    of_pumps: tuple[Json, ...] = (
        {"trial.response": "not_favorable", "trial.dose": random.choice((50, 100))},
        {"trial.ashworth_before": "2", "trial.ashworth_after": "1+",
         "trial.spasm_score_before": "3", "trial.spasm_score_after": random.choice("123")},
        {"trial.response_hours": random.randint(1, 3)},
        {"trial.dose": 150},
        {"trial.date": _text(day)},
        {"trial.date": _text(day + timedelta(9))},
        {"documents.received": ["order"]},
    )  # fmt: skip
    of_all: tuple[Json, ...] = (
        {"documents.request": random.choice(("waiting", "not_supplied", "received"))},
        {"drug.compounded": True},
    )
    found = {
        "trial": of_trials, "initial": of_trials + of_pumps,
        "refill": ({"refill.previous_date": _text(day - timedelta(random.randint(181, 500)))},),
        "replacement": ({"replacement.reason": random.choice(("upgrade", "other"))},),
    }  # fmt: skip
    here = found.get(draft.phase, ())
    facts |= random.choice(here if here and draft.likely(0.85) else of_all)
    if draft.phase in ("trial", "initial") and draft.likely(0.2):
        draft.claim["patient"] = {"birth_date": _text(day - timedelta(random.randint(700, 1460)))}


def _not_known(draft: _Draft) -> None:
    """Fields and facts that nobody has given, as null or left out."""
    claim, random = draft.claim, draft.random
    for _ in range(random.randint(1, 3)):
        if draft.facts and draft.likely(0.6):
            draft.facts[random.choice(sorted(draft.facts))] = None
        else:
            parts = ("patient", "place_of_service", "bill_type", "diagnoses", "history")
            part = random.choice(parts)
            claim[part] = {} if part == "patient" else None
            if draft.likely(0.5):
                del claim[part]


def _procedure(draft: _Draft) -> None:
    """Another procedure beside the drug, two of them, or none."""
    random = draft.random
    draft.facts.pop("therapy.phase", None)
    how = random.randrange(4)
    if how == 0:
        draft.procedure = None
    elif how == 1:
        draft.procedure = draft._line(random.choice(("96522", "62367", "99213")), 1, 0)
    elif how == 2:
        phase = random.choice(sorted(PROCEDURES))
        draft.procedure = draft._line(random.choice(PROCEDURES[phase]), 1, 0)
    else:
        draft.procedure = draft._line("62369", 1, 0)
        draft.others.append(draft._line(random.choice(("62367", "95990", "99214")), 1, 0))


def _place(draft: _Draft) -> None:
    """A place where the drug is not paid by itself, or that is not known here."""
    place = draft.random.choice(("21", "21", "65", "50", "72", "99"))
    bill_type = "0111" if place == "21" and draft.likely(0.5) else "none"
    draft.claim |= {"place_of_service": place, "bill_type": bill_type}


def _another_drug(draft: _Draft) -> None:
    """Another drug's line beside this one: one of the pump, an unclassified one, or the other code."""
    random = draft.random
    code = random.choice((*ANOTHER_CODE, *UNIT, *UNIT))
    line = draft._line(code, random.randint(1, 8), 0)
    if draft.likely(0.4):
        line |= {"ndc": random.choice(FILLS)[0], "ndc_quantity": 20, "ndc_unit": "ML"}
    draft.drug = [draft.drug[0], line]


def _no_drug_of_a_policy(draft: _Draft) -> None:
    """A claim for something else."""
    draft.code = draft.random.choice(WITHOUT_POLICY)
    draft.drug = [draft._line(draft.code, draft.random.randint(1, 30), 0)]
    draft.facts.pop("therapy.phase", None)


def _under_another_code(draft: _Draft) -> None:
    """The drug on a line of another drug's code, or of an unclassified one."""
    draft.code = draft.random.choice(ANOTHER_CODE)
    draft.drug = draft.drug[:1]
    draft.drug[0]["code"] = draft.code
    draft.forget_record()
    draft.facts.pop("therapy.phase", None)


def _repeated(draft: _Draft) -> None:
    """The same line twice."""
    draft.drug = [draft.drug[0], dict(draft.drug[0])]


def _void_or_replacement(draft: _Draft) -> None:
    draft.claim["frequency"] = draft.random.choice("78")
    if draft.likely(0.7):
        draft.claim["original_id"] = f"SYN-O-{draft.random.randint(1, 9_999)}"


CHANGES: Final[tuple[tuple[int, Change], ...]] = (
    (10, _modifiers),
    (6, _units),
    (17, _too_many_units),
    (6, _more_than_the_record),
    (3, _containers),
    (18, _waste_billed_too_high),
    (8, _diagnoses),
    (8, _product),
    (10, _another_authorization),
    (6, _units_left),
    (2, _emergency),
    (5, _earlier_claims),
    (18, _clinical_finding),
    (8, _not_known),
    (4, _procedure),
    (3, _place),
    (6, _another_drug),
    (8, _no_drug_of_a_policy),
    (5, _under_another_code),
    (2, _repeated),
    (3, _void_or_replacement),
)
"""Each with its weight."""


# --- days that are not what they should be --------------------------------------------------------


def _lose_a_date(random: Random, claim: Json, history: bool) -> None:
    """One line, or the question, or a row of the history loses its day."""
    rows = claim.get("history") or []
    if history and rows and random.random() < 0.25:
        del random.choice(rows)["date"]
    elif "lines" in claim:
        line = random.choice(claim["lines"])
        if random.random() < 0.5:
            line["date"] = None
        else:
            del line["date"]
    else:
        del claim["facts"]["service.date"]


def _span_days(random: Random, claim: Json) -> None:
    """A line over several days, now and then over a day on which a policy changes."""
    if "lines" in claim:
        line = random.choice(claim["lines"])
        day = date.fromisoformat(line["date"])
        line["through"] = _text(day + timedelta(random.choice((1, 2, 3, 6, 13, 29))))
    else:
        day = date.fromisoformat(claim["facts"]["service.date"])
        claim["facts"]["service.through"] = _text(day + timedelta(random.choice((1, 5, 30))))
