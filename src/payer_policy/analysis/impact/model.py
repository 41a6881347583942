"""The impact of a change: past claims under two versions of the policies, counted by what changed.

Values only: `running` makes them; `text`, `html` and `to_json` show them. Amounts are whole millionths
of a US dollar, so that sums are exact, and decimal numerals in JSON.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final, Literal, NamedTuple

IMPACT_VERSION: Final = "payer-policy/impact/1"
MILLION: Final = 1_000_000

DECISIONS: Final = (
    "approve", "partial", "deny", "pend", "void", "not_required", "no_policy", "rejected",
)  # fmt: skip
"""The decisions on a service, in the order in which they are shown. `rejected`: this version of the
policies could not read or decide the record, and the other one could."""

ChangeKind = Literal["decision", "units", "reasons"]
CHANGE_KINDS: Final[tuple[ChangeKind, ...]] = ("decision", "units", "reasons")
"""Another decision; the same one with other lines or units allowed; the same with other reasons."""


SHOWN: Final = 200
"""The number of changes of each kind that have examples and are on the page; JSON has all of them."""


class Because(NamedTuple):
    """One reason for a determination: a rule by its id, and what it says with its reason codes.

    `says` is `deny CO 197 N54`, `pend …`, `reduce …`, `advise …`; `unsettled` for an undetermined
    rule; `assumed` for one that was not checked because the policy assumes that it does not apply
    (named only where nothing else changed); or, without a rule, `ask CO 252 N706` for the request
    for information and `internal` for an internal error.
    """

    rule: str
    """Empty: no rule."""
    says: str

    def to_json(self) -> dict[str, Any]:
        return {"rule": self.rule or None, "says": self.says}


@dataclass(slots=True)
class Tally:
    """A number of services, the amount billed for them in millionths of a dollar, and the number of
    those whose amount is not known."""

    services: int = 0
    billed: int = 0
    unknown: int = 0

    def add(self, other: Tally) -> None:
        self.services += other.services
        self.billed += other.billed
        self.unknown += other.unknown

    def to_json(self) -> dict[str, Any]:
        return {
            "services": self.services,
            "billed": money(self.billed),
            "billed_not_known": self.unknown,
        }


def money(millionths: int) -> str:
    """An amount as a plain numeral with at least two decimal places: `1250.00`.

    >>> money(1_250_500_000)
    '1250.50'
    """
    sign = "-" if millionths < 0 else ""
    whole, part = divmod(abs(millionths), MILLION)
    places = f"{part:06}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{places}"


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of some tallies."""
    out = Tally()
    for one in tallies:
        out.add(one)
    return out


class ChangeKey(NamedTuple):
    """What services with the same change have in common."""

    kind: ChangeKind
    old: str
    new: str
    went: tuple[Because, ...]
    came: tuple[Because, ...]


@dataclass(frozen=True, slots=True)
class Side:
    """What one version says about an example, in plain English."""

    decision: str
    sentence: str
    policy: str | None
    """The policy's address and version."""


@dataclass(frozen=True, slots=True)
class Example:
    """One service that changed, and where it is in the claims."""

    file: str
    record: int
    claim_id: str | None
    code: str | None
    service_date: date | None
    billed: int | None
    old: Side
    new: Side

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "service_date": None if self.service_date is None else self.service_date.isoformat(),
            "billed": None if self.billed is None else money(self.billed),
        }


@dataclass(frozen=True, slots=True)
class Change:
    """Services with the same change: from one decision to another, with the same reasons gone and the
    same reasons new."""

    key: ChangeKey
    tally: Tally
    examples: tuple[Example, ...]

    def to_json(self, services: int) -> dict[str, Any]:
        kind, old, new, went, came = self.key
        return {
            "kind": kind,
            "old": old,
            "new": new,
            "went": [one.to_json() for one in went],
            "came": [one.to_json() for one in came],
            **self.tally.to_json(),
            "share": share(self.tally.services, services),
            "examples": [one.to_json() for one in self.examples],
        }


def share(part: int, whole: int) -> str:
    """A part of a whole in percent, rounded to a hundredth, as a numeral: `12.50`.

    Some, but less than half a hundredth, is `0.01`; less than all is at most `99.99`.

    >>> share(1, 8), share(1, 1_000_000), share(0, 5)
    ('12.50', '0.01', '0.00')
    """
    if not part or not whole:
        return "0.00"
    hundredths = (20_000 * part + whole) // (2 * whole)
    hundredths = min(max(hundredths, 1), 10_000 if part == whole else 9_999)
    return f"{hundredths // 100}.{hundredths % 100:02}"


@dataclass(frozen=True, slots=True)
class Version:
    """A folder of policies, and the hash of its contents."""

    folder: str
    hash: str


@dataclass(frozen=True, slots=True)
class Rejects:
    """Records that could not be read or decided: by both versions (so they are in no table), by the
    old one alone, by the new one alone; and the codes of the problems, by version."""

    both: int = 0
    old_only: int = 0
    new_only: int = 0
    old_codes: Mapping[str, int] = field(default_factory=dict)
    new_codes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Impact:
    """Past claims under two versions of the policies. Deterministic: no time and no place in it."""

    old: Version
    new: Version
    inputs: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]
    """Files in folders that hold no claims, and why."""
    policy: str | None
    """The one policy that was compared; None: all."""
    records: int
    rejects: Rejects
    cells: Mapping[tuple[str, str], Tally]
    """All services that were compared, by old and new decision."""
    changes: tuple[Change, ...]
    """Other decisions first, then other units, then other reasons; each with the largest amount
    first, then the most services."""
    titles: Mapping[str, str]
    """The titles of the rules that came or went."""
    product: str
    """The version of this product."""

    schema = IMPACT_VERSION

    @property
    def changed(self) -> Tally:
        """The services with another decision."""
        return total(tally for (old, new), tally in self.cells.items() if old != new)

    @property
    def everything(self) -> Tally:
        """All services that were compared."""
        return total(self.cells.values())

    def of_kind(self, kind: ChangeKind) -> tuple[Change, ...]:
        """The changes of one kind, in their order."""
        return tuple(change for change in self.changes if change.key.kind == kind)

    def tally_of(self, *kinds: ChangeKind) -> Tally:
        """The services with a change of some kinds."""
        return total(change.tally for change in self.changes if change.key.kind in kinds)

    @property
    def same(self) -> Tally:
        """The services without a change."""
        out = self.everything
        for change in self.changes:
            out.services -= change.tally.services
            out.billed -= change.tally.billed
            out.unknown -= change.tally.unknown
        return out

    @property
    def shown_decisions(self) -> tuple[str, ...]:
        """The decisions that occur, in their order."""
        found = {one for pair in self.cells for one in pair}
        return tuple(one for one in DECISIONS if one in found)

    def matrix(self) -> list[tuple[str, dict[str, Tally], Tally]]:
        """Each old decision with its services by new decision, and their sum."""
        shown = self.shown_decisions
        rows = [(old, {new: self.cells.get((old, new), Tally()) for new in shown}) for old in shown]
        return [(old, by_new, total(by_new.values())) for old, by_new in rows]

    def column_sums(self) -> list[Tally]:
        """The services of each new decision, in the order of the matrix."""
        return [
            total(tally for (_, new), tally in self.cells.items() if new == one)
            for one in self.shown_decisions
        ]

    def reasons(self) -> list[tuple[Because, Tally, Tally]]:
        """Each reason that went or came, with the services that no longer have it and those that now
        have it. The largest amount first, then the most services."""
        found: dict[Because, tuple[Tally, Tally]] = {}
        for change in self.changes:
            for which, reasons in enumerate((change.key.went, change.key.came)):
                for one in reasons:
                    found.setdefault(one, (Tally(), Tally()))[which].add(change.tally)
        rows = [(one, went, came) for one, (went, came) in found.items()]
        return sorted(
            rows,
            key=lambda row: (
                -(row[1].billed + row[2].billed),
                -(row[1].services + row[2].services),
                row[0],
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """The impact as JSON, with the same bytes for the same claims and policies."""
        everything = self.everything
        return {
            "schema": self.schema,
            "version": self.product,
            "old": asdict(self.old),
            "new": asdict(self.new),
            "inputs": list(self.inputs),
            "skipped": [{"path": path, "reason": why} for path, why in self.skipped],
            "policy": self.policy,
            "records": self.records,
            "rejects": asdict(self.rejects),
            "services": everything.to_json(),
            "same": self.same.to_json(),
            "changed": {
                "decision": {
                    **self.changed.to_json(),
                    "share": share(self.changed.services, everything.services),
                },
                "units": self.tally_of("units").to_json(),
                "reasons": self.tally_of("reasons").to_json(),
            },
            "matrix": [
                {"old": old, "new": new, **self.cells[old, new].to_json()}
                for old in DECISIONS
                for new in DECISIONS
                if (old, new) in self.cells
            ],
            "reasons": [
                {**one.to_json(), "went": went.to_json(), "came": came.to_json()}
                for one, went, came in self.reasons()
            ],
            "changes": [change.to_json(everything.services) for change in self.changes],
            "titles": dict(self.titles),
        }
