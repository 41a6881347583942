"""The vocabulary: what a rule may read, each fact declared once, and the file that declares it.

A `Fact` is the declaration as everything else uses it; `VocabularyFile` is the shape of
`policies/vocabulary.json`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from math import ceil, floor
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from payer_policy.core.vocabulary.calendars import CalendarModel, HolidayCalendar
from payer_policy.core.vocabulary.types import MAX_NUMBER, FactType, Kind, Value
from payer_policy.core.vocabulary.units import BUILT_IN, DRUG_AMOUNT, UnitTable

_NUMBERS: Final = range(-MAX_NUMBER + 1, MAX_NUMBER)
_PLAIN: Final[Mapping[Kind, tuple[type, Collection[object]]]] = {
    "boolean": (bool, ()),
    "integer": (int, _NUMBERS),
    "decimal": (int, _NUMBERS),
    "date": (date, ()),
    "choice": (str, ()),
}

Supplier = Literal["biller", "provider", "payer", "plan"]
Role = Literal["preauthorization needed", "preauthorization satisfied"]
About = Literal["member", "service"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a rule may read. `source` is its `from`, still as JSON; None: supplied as such.

    `tells` is what a derived fact means to answers in other standards, so that nothing has to know its
    name. What is `about` the member is one value for a whole request; what is about the service may
    differ from one service to the next.
    """

    name: str
    type: FactType
    label: str
    question: str | None = None
    supplied_by: Supplier | None = None
    correctable: bool = False
    source: Mapping[str, Any] | None = None
    absent_means: Value | None = None
    derived: bool = False
    otherwise: Value | None = None
    note: str | None = None
    tells: Role | None = None
    about: About = "member"
    yes: str | None = None
    no: str | None = None

    def states(self, value: bool) -> str:
        """What a yes or a no to a boolean fact says, as a clause: "the drug is not packaged"."""
        if (phrase := self.yes if value else self.no) is not None:
            return phrase
        if value and self.label.startswith("whether "):
            return self.label.removeprefix("whether ")
        return f"{self.label}: {'yes' if value else 'no'}"


@dataclass(frozen=True, slots=True)
class LinePart:
    """A named part of a service's lines that a finding can fall on. `where` is still as JSON."""

    name: str
    label: str
    where: Mapping[str, Any]
    follows: str | None = None
    """The part without which these lines are not paid: where no line of it is, none of these is."""


@dataclass(frozen=True, slots=True)
class _Days:
    """The days of a range, both ends included."""

    first: date
    last: date

    def __contains__(self, day: object) -> bool:
        return self.first <= day <= self.last  # type: ignore[operator]


def _meant(type_: FactType) -> Collection[object]:
    """The values of a type that are meant, where they need no reading; empty: all."""
    least: Any = type_.minimum
    most: Any = type_.maximum
    if type_.kind == "date":
        if least is None and most is None:
            return ()
        return _Days(least or date.min, most or date.max)  # type: ignore[return-value]
    if type_.kind in ("integer", "decimal"):
        first = _NUMBERS.start if least is None else max(_NUMBERS.start, ceil(least))
        last = _NUMBERS.stop if most is None else min(_NUMBERS.stop, floor(most) + 1)
        return range(first, last)
    return type_.values or _PLAIN[type_.kind][1]


@dataclass(frozen=True, slots=True)
class RecordType:
    """A list of typed rows about the member or one service, such as the lines of earlier claims.

    `complete` is how a plain list of a request is read: as all rows there are, or as some of them.
    `dated_by` is the field by which a list is complete from a day on; None: there is no such field. Of a
    declared type a request gives the rows under `records`; of any other its form does.
    """

    name: str
    label: str
    question: str
    about: About
    fields: Mapping[str, FactType]
    dated_by: str | None = None
    complete: bool = True
    key: tuple[str, ...] = ()
    """The fields by which two rows are one event; none: each row is an event of its own."""
    declared: bool = False


LEAST: Final = "least"
MOST: Final = "most"
UNBOUNDED: Final[Mapping[str, Mapping[str, int | date]]] = {
    LEAST: {"integer": -(10**30), "decimal": -(10**30), "date": date.min},
    MOST: {"integer": 10**30, "decimal": 10**30, "date": date.max},
}
"""By bound and kind of fact, a bound that says nothing: no sum of rows reaches it."""


_BOUNDED: Final = frozenset({"count", "sum", "min", "max", "latest", "earliest", "count_distinct"})


def is_bounded(type_: FactType, source: Mapping[str, Any]) -> bool:
    """Whether a fact has a least and a most where not all that it is made from is known."""
    return (
        "records" in source
        and "give" not in source
        and not _BOUNDED.isdisjoint(source)
        and type_.kind in UNBOUNDED[LEAST]
    )


def bounded_by(name: str) -> str | None:
    """The fact of which this is the name of a bound; None: it is the name of a fact."""
    fact, sign, _ = name.partition("#")
    return fact if sign else None


def bound_name(fact: str, side: str) -> str:
    """The name of the least or the most that a fact can be, a fact that no file and no request names."""
    return f"{fact}#{side}"


class TypeModel(BaseModel):
    """A type as a fact or a field declares it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    type: Kind
    unit: str | None = None
    values: list[str] | None = None
    ordered: bool = False
    system: str | None = None
    minimum: int | Decimal | str | None = None
    """The least that a supplied number or date (YYYY-MM-DD) can be."""
    maximum: int | Decimal | str | None = None
    precision: int | Decimal | None = None
    """What a value that is given in another unit is rounded to (half up), once it is converted."""

    def fact_type(self) -> FactType:
        """The declared type, without its range."""
        return FactType(self.type, self.unit, tuple(self.values or ()), self.ordered, self.system)


class FieldModel(TypeModel, title="a field of a record type"):
    """A field of the rows of a record type."""

    label: str | None = Field(default=None, min_length=1)
    note: str | None = None


class RecordModel(BaseModel, title="a record type"):
    """A record type as `vocabulary.json` or a policy file declares it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    label: str = Field(min_length=1)
    question: str | None = Field(default=None, min_length=1)
    """What asks for the list where a fact made from it is not known."""
    about: About = "member"
    """Of whom the rows are; those of a service are given on its lines."""
    lists_are: Literal["complete", "open"] = "complete"
    """How a plain list is read: as all rows there are, or as some of them."""
    dated_by: str | None = None
    """The field of `complete_from`; left out: the only date among the fields."""
    key: list[str] | None = Field(default=None, min_length=1)
    """The fields by which two rows would be one event."""
    fields: dict[str, FieldModel] = Field(min_length=1)
    note: str | None = None


class FactModel(TypeModel, title="a fact's declaration"):
    """A fact as `vocabulary.json` declares it."""

    shown_in: str | None = None
    """The unit that people know such amounts by, such as mg for a fact in mcg."""
    can_be_none: bool = False
    label: str = Field(min_length=1)
    yes: str | None = Field(default=None, min_length=1)
    """What it says, as a clause, when a boolean fact is true: "the drug is packaged"."""
    no: str | None = Field(default=None, min_length=1)
    """What it says when it is false: "the drug is not packaged"."""
    question: str | None = None
    supplied_by: Supplier | None = None
    correctable: bool = False
    from_: dict[str, Any] | None = Field(default=None, alias="from")
    absent_means: Any = None
    derived: bool = False
    otherwise: Any = None
    note: str | None = None
    tells: Role | None = None
    about: About | None = None
    """Of whom or what a supplied value is; a fact without it is about the member, unless its `from`
    reads the service."""

    def fact_type(self) -> FactType:
        """The declared type, without its range."""
        return replace(super().fact_type(), can_be_none=self.can_be_none)


class LinePartModel(BaseModel, title="a part of a service's lines"):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    label: str
    where: dict[str, Any]
    follows: str | None = None


class UnitModel(BaseModel, title="a unit of one kind"):
    """A unit that is declared, such as the units of activity of one product: it never converts to
    those of another. Its name is its kind and its UCUM code, so two files that declare it mean the
    same."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    ucum: str = Field(min_length=1)
    kind: str = Field(min_length=1)
    note: str | None = None


class VocabularyFile(BaseModel, title="the vocabulary"):
    """`policies/vocabulary.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    schema_: str | None = Field(default=None, alias="$schema")
    title: str
    note: str | None = None
    units: dict[str, UnitModel] = Field(default_factory=dict)
    facts: dict[str, FactModel]
    line_parts: dict[str, LinePartModel] = Field(default_factory=dict)
    records: dict[str, RecordModel] = Field(default_factory=dict)
    calendars: dict[str, CalendarModel] = Field(default_factory=dict)


@dataclass(frozen=True)
class Vocabulary:
    """All facts by name, in the order of the file, the parts of a service's lines, the types of
    records and the holiday calendars that the file declares."""

    facts: Mapping[str, Fact]
    line_parts: Mapping[str, LinePart]
    units: UnitTable = BUILT_IN
    """The units that can be named: those of the table, and those that the file declares."""
    records: Mapping[str, RecordType] = field(default_factory=dict)
    calendars: Mapping[str, HolidayCalendar | None] = field(default_factory=dict)
    """A calendar of None is wrong, which is reported where it is written."""

    @cached_property
    def bounds(self) -> Mapping[str, Fact]:
        """The least and the most that facts made from records can be (`bound_name`): what rules test
        beside those facts. No file declares them, and no request gives them."""
        return {
            bound_name(name, side): Fact(
                bound_name(name, side),
                FactType(
                    fact.type.kind,
                    fact.type.unit,
                    minimum=UNBOUNDED[LEAST][fact.type.kind],
                    maximum=UNBOUNDED[MOST][fact.type.kind],
                    shown_in=fact.type.shown_in,
                ),
                f"{fact.label} (the {side} it can be)",
                about=fact.about,
            )
            for name, fact in self.facts.items()
            if fact.source is not None and is_bounded(fact.type, fact.source)
            for side in (LEAST, MOST)
        }

    @cached_property
    def tested(self) -> Mapping[str, Fact]:
        """All that a test can read: the facts, and the bounds of those that have any."""
        return {**self.facts, **self.bounds} if self.bounds else self.facts

    @cached_property
    def as_they_are(self) -> Mapping[str, tuple[type, Collection[object]]]:
        """Of most facts that may be given, the Python type of values that need no reading, and
        which of them are meant (an empty collection: all)."""
        return {
            name: (_PLAIN[fact.type.kind][0], _meant(fact.type))
            for name, fact in self.facts.items()
            if fact.type.kind in _PLAIN and not fact.derived
        }

    @cached_property
    def service_code(self) -> str | None:
        """The fact that is the drug code of the service; None: there is none."""
        for name, fact in self.facts.items():
            if fact.source is not None and fact.source.get("service") == "code":
                return name
        return None

    @cached_property
    def amounts(self) -> frozenset[str]:
        """The facts that are amounts of the drug, of whatever dimension its code is measured by."""
        facts = self.facts.items()
        return frozenset(name for name, fact in facts if DRUG_AMOUNT in (fact.type.unit or ""))

    def telling(self, role: Role) -> str | None:
        """The derived fact that tells something; None: this vocabulary has none."""
        return next((name for name, fact in self.facts.items() if fact.tells == role), None)
