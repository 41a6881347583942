"""A request cut into drug services: its lines of one code on one day of service.

Rules are decided once for each service. A line's NDC is looked up here, so that conditions over
lines can read the product's fields.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from payer_policy.reference import ReferenceData
from payer_policy.request.models import Line, Request
from payer_policy.semantics import quotient


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
    product_known: bool | None = None
    product_codes: frozenset[str] | None = None
    product_ingredient: str | None = None
    product_route: str | None = None
    product_single_dose: bool | None = None
    product_total_mcg: int | Decimal | None = None
    product_volume_ml: int | Decimal | None = None
    product_mcg_per_ml: int | Decimal | None = None
    product_units: object = None


@dataclass(frozen=True, slots=True)
class Service:
    """The lines of one code on one day; no lines for a question without a claim."""

    code: str | None
    day: datetime.date | None
    lines: tuple[LineView, ...]


def view_lines(request: Request, reference: ReferenceData) -> tuple[LineView, ...]:
    """All lines of a request, numbered, with their products."""
    return tuple(
        _view(line, line.number or position, request.place_of_service, reference)
        for position, line in enumerate(request.lines, start=1)
    )


def _view(
    line: Line, number: int, place_of_service: str | None, reference: ReferenceData
) -> LineView:
    view = LineView(
        number,
        line.code,
        line.modifiers,
        line.units,
        line.date,
        line.through or line.date,
        line.place_of_service or place_of_service,
        line.revenue_code,
        line.ndc,
        line.ndc_quantity,
        line.ndc_unit,
        line.charge,
        line.description,
        line.authorization_number,
        line.diagnosis_pointers,
        None if line.code is None else line.code in reference.drugs,
    )
    if line.ndc is not None and line.date is not None:
        product = reference.product(line.ndc, line.date)
        view.product_known = product is not None
        if product is not None:
            view.product_codes = product.codes
            view.product_ingredient = product.ingredient
            view.product_route = product.route
            view.product_single_dose = product.single_dose
            view.product_total_mcg = product.total_mcg
            view.product_volume_ml = product.volume_ml
            view.product_mcg_per_ml = product.mcg_per_ml
            drug = reference.drugs.get(line.code or "")
            if drug is not None and drug.billing_unit_mcg and product.total_mcg is not None:
                view.product_units = quotient(product.total_mcg, drug.billing_unit_mcg)
    return view


def services_of(lines: Sequence[LineView]) -> list[Service]:
    """The services of some lines, in the order of their first lines."""
    groups: dict[tuple[str | None, datetime.date | None], list[LineView]] = {}
    for line in lines:
        groups.setdefault((line.code, line.date), []).append(line)
    return [Service(code, day, tuple(group)) for (code, day), group in groups.items()]
