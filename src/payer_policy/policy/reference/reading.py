"""Reference files to `ReferenceData`: spelling, dates and duplicates checked at their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, TypeVar

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, Report, Reporter
from payer_policy.core.vocabulary.codes import SHAPES, SYSTEMS, family_of, malformed, normalize_code
from payer_policy.core.vocabulary.types import (
    MAX_PLACES,
    Value,
    ValueProblem,
    calendar_date,
    exact_number,
    format_number,
    shown,
)
from payer_policy.core.vocabulary.units import BUILT_IN, Unit, activity, counted_in, nominal
from payer_policy.policy.reference.data import (
    MCG,
    CodeSet,
    Dated,
    Drug,
    DrugIdentity,
    Payer,
    Product,
    ReasonCode,
)
from payer_policy.policy.reference.files import (
    AmountModel,
    AttributeValue,
    CodeSetFile,
    DrugFile,
    Entry,
    Identity,
    PayerFile,
    ProductEntry,
    ProductsFile,
    ReasonCodesFile,
)

T = TypeVar("T")
_ATTRIBUTE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


def _code(system: str, text: str, report: Reporter) -> str:
    """The one spelling of a code, which must look like one of its system."""
    if (wrong := malformed(system, text)) is not None:
        _, name, looks = SHAPES[system]
        report("wrong-value", f"`{text}` is not {name}; expected {looks}", hint=wrong[1])
    return normalize_code(system, text)


def _dated(value: T, entry: Entry, called: str, report: Reporter) -> Dated[T]:
    """A value with its days in force."""
    if entry.first_day and entry.last_day and entry.first_day > entry.last_day:
        message = f"{called} ends on {entry.last_day}, before it begins on {entry.first_day}"
        report("unreachable-dates", message, ("through",), hint="swap the two dates")
    return Dated(value, entry.first_day, entry.last_day)


def read_code_set(
    name: str, file: CodeSetFile, document: JsonDocument, report_to: Report
) -> CodeSet:
    """A code set; each code in its one spelling, no code twice on one day."""
    report = Reporter(document, report_to)
    if file.system not in SYSTEMS:
        message = f"`{file.system}` is not a code system; expected one of {', '.join(SYSTEMS)}"
        hint = did_you_mean(file.system, SYSTEMS)
        report("unknown-value", message, ("system",), hint=hint)
    codes: dict[str, list[Dated[str]]] = {}
    in_order = []
    for index, entry in enumerate(file.codes):
        of_entry = report.on("", "codes", index)
        of_code = of_entry.on("", "code")
        code = family_of(file.system, entry.code) or _code(file.system, entry.code, of_code)
        made = _dated(code, entry, f"`{entry.code}`", of_entry)
        _check_twice(made, codes.setdefault(code, []), entry.code, of_code)
        in_order.append(made)
    return CodeSet(name, file.title, file.system, tuple(in_order), file.categories)


_OF_ONE_LIST = {"needs_rarc": "carc", "only_group": "carc", "rests_on": "carc", "alert": "rarc"}
"""The fields of reason codes that one list alone has."""


def read_reason_codes(
    file: ReasonCodesFile, document: JsonDocument, report_to: Report
) -> list[ReasonCode]:
    """The reason codes of one list."""
    out: dict[str, ReasonCode] = {}
    for index, entry in enumerate(file.codes):
        report = Reporter(document, report_to, "", ("codes", index))
        _dated(entry.code, entry, f"`{entry.code}`", report)
        if entry.code in out:
            message = f"`{entry.code}` is listed twice"
            report("duplicate-code", message, ("code",), hint="keep one of the two")
        for field in entry.model_fields_set & _OF_ONE_LIST.keys():
            if file.system != (system := _OF_ONE_LIST[field]):
                message = f"`{entry.code}`: `{field}` is for a list of {system.upper()} codes"
                report("wrong-shape", message, (field,), key=True, hint="remove it")
        out[entry.code] = ReasonCode(
            file.system,
            entry.code,
            entry.means,
            entry.first_day,
            entry.last_day,
            entry.deactivated,
            entry.needs_rarc,
            entry.alert,
            entry.only_group,
            entry.rests_on,
        )
    return list(out.values())


def read_drug(name: str, file: DrugFile, document: JsonDocument, report_to: Report) -> Drug:
    """A drug code. The file's name is the code."""
    report = Reporter(document, report_to)
    code = _code("hcpcs", file.code, report.on("", "code"))
    if code != name and not malformed("hcpcs", code):
        hint = f"rename the file to {code}.json"
        if name != normalize_code("hcpcs", name):
            hint += " (in capitals)"
        elif not malformed("hcpcs", name):
            hint += f', or write "code": "{name}"'
        message = f"the file is named {name}.json, but its code is `{file.code}`"
        report("address-mismatch", message, ("code",), hint=hint)
    identities = tuple(
        _dated(_identity(one), one, f"identity {index + 1}", report.on("", "identities", index))
        for index, one in enumerate(file.identities)
    )
    attributes = {
        attribute: _attribute(
            entries, report.on(f"attribute `{attribute}`", "attributes", attribute)
        )
        for attribute, entries in file.attributes.items()
    }
    billing_unit, amount = _read_amount(
        file.billing_unit, file.ingredient, report.on("the billing unit", "billing_unit")
    )
    return Drug(code, file.title, file.ingredient, billing_unit, identities, attributes, amount)


def _read_amount(
    model: AmountModel | None, ingredient: str | None, report: Reporter, per: str = ""
) -> tuple[int | Decimal | None, Unit]:
    """An amount of a drug in units of size 1, with a unit of its dimension.

    Args:
        model: As a file gives it.
        ingredient: The drug, of which units of activity are.
        report: Reports problems of it.
        per: What follows the unit, as in mg/mL.
    """
    if model is None:
        return None, MCG
    text = model.unit.removesuffix(per)
    unit = activity(text)
    if unit is not None and ingredient is not None:
        unit = nominal(ingredient, unit, text)
    elif unit is not None:
        message = f"`{text}` is a unit of activity, and no ingredient is given"
        report("missing-key", message, ("unit",), hint='add the "ingredient", whose unit it is')
        return None, MCG
    else:
        unit = BUILT_IN.named(text)
    if unit is None or not unit.measures_a_drug or (per and text == model.unit):
        example = " or ".join(f"{one}{per}" for one in ("mg", "mL" if not per else "[U]"))
        message = f"`{model.unit}` is not a unit of an amount of a drug"
        report("unknown-unit", message, ("unit",), hint=f"write a UCUM code, such as {example}")
        return None, MCG
    exact = Fraction(model.amount) * unit.size
    try:
        scaled = exact * 10**MAX_PLACES
        if scaled.denominator != 1:
            raise ValueProblem("wrong-value", f"more than {MAX_PLACES} decimal places")
        return exact_number(Decimal(scaled.numerator).scaleb(-MAX_PLACES)), unit
    except ValueProblem as found:
        message = f"the amount in {counted_in(unit)}: {found.message}"
        report(found.code, message, ("amount",), hint=found.hint)
        return None, unit


def _identity(file: Identity) -> DrugIdentity:
    source = file.reference
    title, href = (None, None) if source is None else (source.title, source.href)
    return DrugIdentity(file.source, file.says, file.ingredient, title, href)


def _attribute(entries: list[AttributeValue], report: Reporter) -> tuple[Dated[Value], ...]:
    out: list[Dated[Value]] = []
    for index, entry in enumerate(entries):
        try:
            value = _plain(entry.value)
        except ValueProblem as problem:
            report(problem.code, problem.message, (index, "value"), hint=problem.hint)
            continue
        made = _dated(value, entry, "a value", report.on("", index))
        if any(made.overlaps(earlier) for earlier in out):
            message = "two values are in force on the same days"
            hint = 'give the earlier one a last day: "through"'
            report("overlapping-windows", message, (index,), hint=hint)
        out.append(made)
    return tuple(out)


def _plain(raw: Any) -> Value:
    """An attribute's value; the vocabulary says of which type it must be where it is read.

    Raises:
        ValueProblem: it is of no type that a fact can have.
    """
    if isinstance(raw, str):
        return calendar_date(raw) if _ATTRIBUTE_DATE.match(raw) else raw
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return frozenset(raw)
    if isinstance(raw, (list, dict)) or raw is None:
        message = f"found {shown(raw)}; a plain value or a list of codes was expected"
        raise ValueProblem("wrong-type", message)
    return exact_number(raw)


def read_products(
    file: ProductsFile, document: JsonDocument, report_to: Report
) -> list[Dated[Product]]:
    """The products of one file; strength times volume must be the total where all are given."""
    out: list[Dated[Product]] = []
    by_ndc: dict[str, list[Dated[Product]]] = {}
    for index, entry in enumerate(file.products):
        report = Reporter(document, report_to, "", ("products", index))
        product = _product(entry, report)
        made = _dated(product, entry, f"product {entry.ndc}", report)
        earlier = by_ndc.setdefault(product.ndc, [])
        _check_twice(made, earlier, entry.ndc, report.on("", "ndc"))
        out.append(made)
    return out


def _product(entry: ProductEntry, report: Reporter) -> Product:
    strength, of_strength = entry.mcg_per_ml, MCG
    volume, total, unit = entry.volume_ml, entry.total_mcg, MCG
    for old, new in (("mcg_per_ml", "strength"), ("total_mcg", "total")):
        if getattr(entry, old) is not None and getattr(entry, new) is not None:
            message = f"product {entry.ndc} gives both `{old}` and `{new}`"
            report("wrong-shape", message, (new,), key=True, hint="keep one of the two")
    if entry.strength is not None:
        here = report.on(f"product {entry.ndc}", "strength")
        strength, of_strength = _read_amount(entry.strength, entry.ingredient, here, "/mL")
    if entry.total is not None:
        here = report.on(f"product {entry.ndc}", "total")
        total, unit = _read_amount(entry.total, entry.ingredient, here)
    elif entry.total_mcg is None:
        unit = of_strength
    if strength is not None and total is not None and of_strength.powers != unit.powers:
        message = f"product {entry.ndc}: its strength is in {of_strength.described}, "
        message += f"its total in {unit.described}"
        field = "total_mcg" if entry.total is None else "total"
        report("unit-mismatch", message, (field,), hint="give both in units of one dimension")
    elif strength is not None and volume is not None and total is not None:
        made, one = Fraction(strength) * Fraction(volume), counted_in(unit)
        if made != Fraction(total):
            message = f"product {entry.ndc}: {format_number(strength)} {one}/mL in {volume} mL is "
            message += f"{format_number(made)} {one}, not {format_number(total)}"
            hint = "correct one of the three numbers"
            field = "total_mcg" if entry.total is None else "total"
            report("wrong-value", message, (field,), hint=hint)
    return Product(
        _code("ndc", entry.ndc, report.on("", "ndc")),
        entry.name,
        frozenset(
            _code("hcpcs", code, report.on("", "codes", place))
            for place, code in enumerate(entry.codes)
        ),
        entry.ingredient,
        entry.route,
        strength,
        volume,
        total,
        entry.single_dose,
        unit,
    )


def read_payer(folder: str, file: PayerFile) -> Payer:
    """A payer; identifiers compare without regard to case."""
    return Payer(
        folder,
        file.name,
        file.synthetic,
        frozenset(identifier.strip().casefold() for identifier in file.identifiers),
        tuple(file.lines_of_business),
        file.recognized_by_line_of_business,
    )


def _check_twice(made: Dated[T], earlier: list[Dated[T]], text: str, report: Reporter) -> None:
    if any(made.overlaps(other) for other in earlier):
        message = f"`{text}` is listed twice for the same days"
        hint = "keep one of the two, or give them dates that do not overlap"
        report("duplicate-code", message, hint=hint)
    earlier.append(made)


def products_by_ndc(
    entries: Iterable[Dated[Product]],
) -> Mapping[str, tuple[Dated[Product], ...]]:
    """Products grouped by NDC, in the order given."""
    out: dict[str, tuple[Dated[Product], ...]] = {}
    for entry in entries:
        out[entry.value.ndc] = (*out.get(entry.value.ndc, ()), entry)
    return out
