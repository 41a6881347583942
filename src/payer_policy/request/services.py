"""A request cut into drug services: its lines of one code on one day of service.

Rules are decided once for each service. A line's NDC is looked up here, so that conditions over
lines can read the product's fields.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from payer_policy.core.frozen import quickly_made
from payer_policy.core.semantics import quotient
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.codes import NDC_QUANTITY_UNITS
from payer_policy.core.vocabulary.units import Unit
from payer_policy.policy.reference.data import MCG, ReferenceData
from payer_policy.request.models import Line, Request

Days = tuple[datetime.date | None, datetime.date | None]
"""The first day, and the last where there are several."""


@dataclass(slots=True)
class LineView:
    """A line as conditions read it: `product.route` is `product_route`, and so on."""

    number: int
    code: str | None
    modifiers: frozenset[str]
    units: int | Decimal | None
    date: datetime.date | None
    through: datetime.date | None
    place_of_service: str | None
    revenue_code: str | None
    ndc: str | None
    ndc_quantity: int | Decimal | None
    ndc_unit: str | None
    charge: int | Decimal | None
    description: str | None
    authorization_number: str | None
    diagnosis_pointers: tuple[int, ...] | None
    drug_listed: bool | None
    one_day: bool = False
    """Whether the line is decided as a service of `date`; else its date is not known, or it is a
    claim line over several days."""
    product_known: bool | None = None
    product_codes: frozenset[str] | None = None
    product_ingredient: str | None = None
    product_route: str | None = None
    product_single_dose: bool | None = None
    product_total: int | Decimal | None = None
    product_volume_ml: int | Decimal | None = None
    product_per_ml: int | Decimal | None = None
    product_amount: Unit | None = None
    product_units: object = None
    amount: Unit | None = None
    """A unit of what the line's code is measured by; None: no drug of the folder."""

    @property
    def product_total_mcg(self) -> int | Decimal | None:
        """The amount in one container where it is a mass."""
        return self.product_total if _is_mass(self.product_amount) else None

    @property
    def product_mcg_per_ml(self) -> int | Decimal | None:
        """The amount in one milliliter where it is a mass."""
        return self.product_per_ml if _is_mass(self.product_amount) else None

    @property
    def ndc_amount_mcg(self) -> int | Decimal | None:
        """The drug that the NDC quantity makes, in mcg; None where it is not measured by mass."""
        return self.ndc_amount if self.amount is None or _is_mass(self.amount) else None

    @property
    def ndc_amount(self) -> int | Decimal | None:
        """The drug that the NDC quantity makes, counted as its billing unit is; None where the unit
        of the quantity does not say how much.

        Volumes and containers need the product. Grams count as grams of the drug, the most that grams
        of a product can hold.
        """
        if self.ndc is None or self.ndc_quantity is None:
            return None
        one = NDC_QUANTITY_UNITS.get(self.ndc_unit or "")
        own = MCG if self.amount is None else self.amount
        of_product = self.product_amount is not None and self.product_amount.powers == own.powers
        if one == "volume":
            one = self.product_per_ml if of_product else None
            if one is None and own.measures == "volume":
                one = 1
        elif one == "container":
            one = self.product_total if of_product else None
        elif one == "international units":
            one = 1 if own.measures.startswith(_INTERNATIONAL) else None
        elif not _is_mass(own):
            one = None
        return None if one is None else _six_places(Fraction(self.ndc_quantity) * Fraction(one))


_INTERNATIONAL: Final = ("activity in [iU]", "activity in [IU]")


def _is_mass(unit: Unit | None) -> bool:
    return unit is not None and unit.powers == MCG.powers


@quickly_made
@dataclass(frozen=True, slots=True)
class Service:
    """The lines of one code on one day; no lines for a question without a claim."""

    code: str | None
    day: datetime.date | None
    """None: not known. Of lines over several days the first."""
    lines: tuple[LineView, ...]
    through: datetime.date | None = None
    """The last day of claim lines over several days, or of a preauthorization's period; None: the
    service is for one day."""

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple([line.number for line in self.lines])


def view_lines(
    request: Request,
    reference: ReferenceData,
    days: Callable[[int], Days] = lambda number: (None, None),
) -> tuple[LineView, ...]:
    """All lines of a request, numbered, with their products.

    Args:
        request: What was asked.
        reference: Where products are looked up.
        days: The first and the last day that the request's facts give the line of a number. They fill
            in where the line itself has none.
    """
    return tuple(
        [
            _view(line, line.number or position, request, reference, days)
            for position, line in enumerate(request.lines, start=1)
        ]
    )


def _view(
    line: Line,
    number: int,
    request: Request,
    reference: ReferenceData,
    days: Callable[[int], Days],
) -> LineView:
    if line.date is None and line.through is None:
        first, last = days(number)
        last = last or first
    else:
        first, last = line.date, line.through or line.date
    if first is not None and last is not None and last < first:
        first = None  # two days that contradict each other are no date
    view = LineView(
        number,
        line.code,
        line.modifiers,
        line.units,
        first,
        last,
        line.place_of_service or request.place_of_service,
        line.revenue_code,
        line.ndc,
        line.ndc_quantity,
        line.ndc_unit,
        line.charge,
        line.description,
        line.authorization_number,
        line.diagnosis_pointers,
        None if line.code is None else line.code in reference.drugs,
        # A preauthorization is decided as of its first day, so there the period changes nothing.
        first is not None and (last == first or request.kind == "preauthorization"),
    )
    _look_up_drug(view, reference)
    if line.ndc is not None:
        _look_up_product(view, reference)
    return view


def product_line(
    code: str | None, ndc: str | None, day: datetime.date | None, reference: ReferenceData
) -> LineView:
    """A line of which only its code, its product and its day are known."""
    nothing = dict.fromkeys(LineView.__dataclass_fields__)
    line = LineView(**{**nothing, "code": code, "ndc": ndc, "date": day})  # type: ignore[arg-type]
    _look_up_drug(line, reference)
    if ndc is not None:
        _look_up_product(line, reference)
    return line


def _look_up_drug(view: LineView, reference: ReferenceData) -> None:
    drug = reference.drugs.get(view.code or "")
    view.amount = None if drug is None else drug.amount


def _look_up_product(view: LineView, reference: ReferenceData) -> None:
    if view.ndc is None or view.date is None:
        return
    product = reference.product(view.ndc, view.date)
    view.product_known = product is not None
    if product is None:
        return
    view.product_codes = product.codes
    view.product_ingredient = product.ingredient
    view.product_route = product.route
    view.product_single_dose = product.single_dose
    view.product_total = product.total
    view.product_volume_ml = product.volume_ml
    view.product_per_ml = product.per_ml
    view.product_amount = product.amount
    drug = reference.drugs.get(view.code or "")
    if drug is None or not drug.billing_unit or drug.amount.powers != product.amount.powers:
        return
    if product.total is not None:
        view.product_units = quotient(product.total, drug.billing_unit)


_NO_PRODUCT: Final[Any] = dict.fromkeys(
    name for name in LineView.__dataclass_fields__ if name.startswith("product_")
)


def moved(line: LineView, day: datetime.date, reference: ReferenceData) -> LineView:
    """The same line as of another day."""
    view = replace(line, date=day, one_day=True, **_NO_PRODUCT)
    _look_up_product(view, reference)
    return view


def share_of_day(
    line: LineView, day: datetime.date, days: int, reference: ReferenceData
) -> LineView:
    """One day's share of a line over several days. An amount that does not divide is not known."""
    return replace(
        moved(line, day, reference),
        through=day,
        units=share(line.units, days),
        ndc_quantity=share(line.ndc_quantity, days),
        charge=share(line.charge, days),
    )


def share(amount: int | Decimal | None, days: int) -> int | Decimal | None:
    """An amount divided by days; None where that is no decimal number of six places."""
    if amount is None:
        return None
    return _six_places(Fraction(amount) / days)


def _six_places(amount: Fraction) -> int | Decimal | None:
    """The amount as a decimal of at most six places; None: it is not such a number."""
    scaled = amount * 10**6
    if scaled.denominator != 1:
        return None
    whole, rest = divmod(scaled.numerator, 10**6)
    return Decimal(f"{scaled.numerator}E-6") if rest else whole


def services_of(lines: Sequence[LineView], *, periods: bool = False) -> list[Service]:
    """The services of some lines, in the order of their first lines.

    Lines of one code on one day are one service. Claim lines over several days are one where they
    have the same days. `periods`: keep the last day of what is decided as of its first day.
    """
    groups: dict[tuple[str | None, datetime.date | None, datetime.date | None], list[LineView]] = {}
    for line in lines:
        several = None if line.one_day or line.date is None else line.through
        groups.setdefault((line.code, line.date, several), []).append(line)
    found = []
    for (code, day, several), group in groups.items():
        through = several
        if periods and day is not None:
            last = max(line.through or day for line in group)
            through = last if last > day else None
        found.append(Service(code, day, tuple(group), through))
    return found


def on_day(line: LineView, day: datetime.date | None) -> Truth:
    """Whether a line is for a day: not known where its date is not, or where it has several."""
    if day is None or line.date is None:
        return UNKNOWN
    if line.one_day:
        return HOLDS if line.date == day else FAILS
    return UNKNOWN if line.date <= day <= (line.through or day) else FAILS


def meet(one: Service, other: Service) -> bool:
    """Whether two services of one code may have a day in common."""
    if one.day is None or other.day is None:
        return True
    return one.day <= (other.through or other.day) and other.day <= (one.through or one.day)
