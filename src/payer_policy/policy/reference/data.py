"""Reference data as the rest of the product uses it: looked up by code and by date."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Final, Generic, TypeVar

from payer_policy.core.canonical import digest
from payer_policy.core.vocabulary.codes import codes_of
from payer_policy.core.vocabulary.types import Value
from payer_policy.core.vocabulary.units import BUILT_IN, Unit
from payer_policy.policy.days import Period

T = TypeVar("T")
MCG: Final = BUILT_IN.read("mcg")
"""What amounts of a drug are counted in where they are masses."""

LineCodes = tuple[str | None, str | None, date | None]
"""Of a line: its HCPCS code, its NDC, its day."""


@dataclass(frozen=True, slots=True)
class Dated(Period, Generic[T]):
    """A value with its first and last day in force, both included; None: open."""

    value: T
    first_day: date | None = None
    last_day: date | None = None


def on_day(entries: Iterable[Dated[T]], day: date) -> T | None:
    """The value of the first entry in force on the day, or None."""
    for entry in entries:
        if entry.in_force(day):
            return entry.value
    return None


@dataclass(frozen=True, slots=True)
class CodeSet:
    """A named list of codes of one system, each with its dates."""

    name: str
    title: str
    system: str
    codes: tuple[Dated[str], ...]
    """Families of codes among them."""
    categories: bool = False
    """Whether its codes are categories, which no claim can carry."""

    def on(self, day: date) -> frozenset[str]:
        """The codes in force on a day."""
        return codes_of(self.system, (one.value for one in self.codes if one.in_force(day)))


@dataclass(frozen=True, slots=True)
class ReasonCode:
    """A CARC, RARC or group code; `means` is a description of its own, not the official text."""

    system: str
    code: str
    means: str
    first_day: date | None
    last_day: date | None
    deactivated: bool
    needs_rarc: bool
    alert: bool
    only_group: str | None
    rests_on: str | None = None

    def in_force_throughout(self, first_day: date, last_day: date | None) -> bool:
        """Whether it may be used on every day of a window."""
        if self.deactivated or (self.first_day is not None and self.first_day > first_day):
            return False
        return self.last_day is None or (last_day is not None and last_day <= self.last_day)


@dataclass(frozen=True, slots=True)
class DrugIdentity:
    """What a source says a code means."""

    source: str
    says: str
    ingredient: str | None
    reference: str | None
    href: str | None


@dataclass(frozen=True, slots=True)
class Drug:
    """A HCPCS drug code: the drug that the policies take it to be, and what its sources say."""

    code: str
    title: str
    ingredient: str | None
    billing_unit: int | Decimal | None
    """How much of the drug one billing unit is, in units of size 1: mcg, mL, units of activity."""
    identities: tuple[Dated[DrugIdentity], ...]
    attributes: Mapping[str, tuple[Dated[Value], ...]]
    amount: Unit = MCG
    """The unit that the file gives its billing unit in, which says what the drug is measured by."""

    @property
    def billing_unit_mcg(self) -> int | Decimal | None:
        """The billing unit in mcg; None where the drug is not measured by mass."""
        return self.billing_unit if self.amount.powers == MCG.powers else None

    def attribute(self, name: str, day: date) -> Value | None:
        """A dated attribute on a day; None when the file says nothing for it."""
        return on_day(self.attributes.get(name, ()), day)

    def on(self, name: str, day: date | None) -> Value | None:
        """What its file says under a name: the amount of a billing unit, its ingredient, or an attribute.

        Args:
            name: As a fact's `from` names it.
            day: The day; None: not known, and then only what has no dates is.
        """
        if name == "billing_unit":
            return self.billing_unit
        if name == "billing_unit_mcg":
            return self.billing_unit_mcg
        if name == "ingredient":
            return self.ingredient
        if name == "listed":
            return True
        return None if day is None else self.attribute(name, day)


@dataclass(frozen=True, slots=True)
class Product:
    """A package with an NDC."""

    ndc: str
    name: str
    codes: frozenset[str]
    ingredient: str | None
    route: str | None
    per_ml: int | Decimal | None
    """How much drug one milliliter holds, counted as `Drug.billing_unit` is."""
    volume_ml: int | Decimal | None
    total: int | Decimal | None
    """How much drug one container holds, counted alike."""
    single_dose: bool | None
    amount: Unit = field(default=MCG, compare=False)
    """A unit of the dimension of both amounts."""


def _of_another_dimension(amount: Unit) -> list[str]:
    """What amounts measure, where that is not mass: for hashes, which it leaves as they were."""
    return [] if amount.powers == MCG.powers else [amount.measures]


@dataclass(frozen=True, slots=True)
class Payer:
    """A payer folder, and how a claim's payer is recognized as it."""

    folder: str
    name: str
    synthetic: bool
    identifiers: frozenset[str]
    lines_of_business: tuple[str, ...]
    recognized_by_line_of_business: bool


@dataclass(frozen=True)
class ReferenceData:
    """All of it, by name or code. NDCs are in their 11-digit spelling."""

    code_sets: Mapping[str, CodeSet] = field(default_factory=dict)
    reason_codes: Mapping[tuple[str, str], ReasonCode] = field(default_factory=dict)
    """By (system, code)."""
    drugs: Mapping[str, Drug] = field(default_factory=dict)
    products: Mapping[str, tuple[Dated[Product], ...]] = field(default_factory=dict)
    payers: Mapping[str, Payer] = field(default_factory=dict)

    def known_codes(self, system: str) -> frozenset[str]:
        """Every code of a system that any file here lists, on any date."""
        codes = {
            entry.value
            for code_set in self.code_sets.values()
            if code_set.system == system
            for entry in code_set.codes
        }
        if system == "hcpcs":
            codes.update(self.drugs)
        if system == "ndc":
            codes.update(self.products)
        return codes_of(system, codes)

    @cached_property
    def categories(self) -> Mapping[str, date | None]:
        """The ICD-10-CM codes that are categories, each with the first day of that; None: always."""
        return {
            entry.value: entry.first_day
            for code_set in self.code_sets.values()
            if code_set.categories and code_set.system == "icd10cm"
            for entry in code_set.codes
        }

    def members_on(self, day: date) -> dict[str, frozenset[str]]:
        """What each code set holds on a day."""
        return {name: code_set.on(day) for name, code_set in self.code_sets.items()}

    def rows_hash(self, service: LineCodes, lines: Iterable[LineCodes]) -> str:
        """The SHA-256 (hex) of the rows that are looked up to decide one service of a request.

        Those are the drugs of its lines and the products of their NDCs, each as of the line's day.

        Args:
            service: The service's code and day, without an NDC.
            lines: All lines of the request.
        """
        rows: dict[str, list[object]] = {}
        for code, ndc, day in {service, *lines}:
            drug = None if code is None else self.drugs.get(code)
            if drug is not None:
                rows[f"drug {code} {day}"] = [
                    drug.ingredient,
                    drug.billing_unit,
                    {}
                    if day is None
                    else {name: drug.attribute(name, day) for name in drug.attributes},
                    *_of_another_dimension(drug.amount),
                ]
            product = None if ndc is None or day is None else self.product(ndc, day)
            if product is not None:
                rows[f"product {ndc} {day}"] = [
                    replace(product, name=""),
                    *_of_another_dimension(product.amount),
                ]
        return digest(rows)

    def product(self, ndc: str, day: date) -> Product | None:
        """The product of an NDC that is marketed on a day."""
        return on_day(self.products.get(ndc, ()), day)

    def is_officially_another(self, code: str, ingredient: str | None, day: date | None) -> bool:
        """Whether the official list gives a drug code to another ingredient, on a day or on any."""
        drug = self.drugs.get(code)
        said = [
            one.value.ingredient
            for one in (() if drug is None else drug.identities)
            if one.value.source == "official" and (day is None or one.in_force(day))
        ]
        known = [name.casefold() for name in said if name is not None]
        return bool(known) and ingredient is not None and ingredient.casefold() not in known

    def payer_of(self, identifier: str | None, line_of_business: str | None) -> Payer | None:
        """The payer that a claim names, by folder or identifier, else by line of business."""
        found = None
        if identifier is not None:
            found = self._payers_by_identifier.get(identifier.casefold())
        if found is None and line_of_business is not None:
            found = self._payers_by_business.get(line_of_business)
        return found

    def payer_folder(
        self, identifier: str | None, line_of_business: str | None = None
    ) -> str | None:
        """The folder of the payer that a claim names; its identifier where no payer is recognized."""
        payer = self.payer_of(identifier, line_of_business)
        return identifier if payer is None else payer.folder

    @cached_property
    def _payers_by_identifier(self) -> dict[str, Payer]:
        out: dict[str, Payer] = {}
        for payer in self.payers.values():
            for identifier in (payer.folder, *payer.identifiers):
                out.setdefault(identifier, payer)
        return out

    @cached_property
    def _payers_by_business(self) -> dict[str, Payer]:
        out: dict[str, Payer] = {}
        for payer in self.payers.values():
            if payer.recognized_by_line_of_business:
                for business in payer.lines_of_business:
                    out.setdefault(business, payer)
        return out
