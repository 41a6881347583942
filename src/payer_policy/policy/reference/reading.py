"""Reference files to `ReferenceData`: spelling, dates and duplicates checked at their places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath, Report, Reporter
from payer_policy.core.vocabulary.codes import SHAPES, SYSTEMS, malformed, normalize_code
from payer_policy.core.vocabulary.types import (
    Value,
    ValueProblem,
    calendar_date,
    exact_number,
    format_number,
    shown,
)
from payer_policy.core.vocabulary.units import factor
from payer_policy.policy.reference.data import (
    CodeSet,
    Dated,
    Drug,
    DrugIdentity,
    Payer,
    Product,
    ReasonCode,
)
from payer_policy.policy.reference.files import (
    AttributeValue,
    CodeSetFile,
    DrugFile,
    Entry,
    PayerFile,
    ProductEntry,
    ProductsFile,
    ReasonCodesFile,
)

_ATTRIBUTE_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True)
class _Reader:
    """Reports what is wrong in one file, each problem by the name of what it is about."""

    report: Reporter

    def problem(
        self, code: str, message: str, *path: str | int, key: bool = False, hint: str | None = None
    ) -> None:
        self.report(code, message, path, key=key, hint=hint)

    def code(self, system: str, text: str, *path: str | int) -> str:
        """The one spelling of a code, which must look like one of its system."""
        code = normalize_code(system, text)
        if (wrong := malformed(system, text)) is not None:
            _, name, looks = SHAPES[system]
            message = f"`{text}` is not {name}; expected {looks}"
            self.problem("wrong-value", message, *path, hint=wrong[1])
        return code

    def dated(self, value: Any, entry: Entry, called: str, *path: str | int) -> Dated[Any]:
        """A value with its days in force."""
        if entry.first_day and entry.last_day and entry.first_day > entry.last_day:
            self.problem(
                "unreachable-dates",
                f"{called} ends on {entry.last_day}, before it begins on {entry.first_day}",
                *path,
                "through",
                hint="swap the two dates",
            )
        return Dated(value, entry.first_day, entry.last_day)


def read_code_set(name: str, file: CodeSetFile, document: JsonDocument, report: Report) -> CodeSet:
    """A code set; each code in its one spelling, no code twice on one day."""
    reader = _Reader(Reporter(document, report))
    if file.system not in SYSTEMS:
        reader.problem(
            "unknown-value",
            f"`{file.system}` is not a code system; expected one of {', '.join(SYSTEMS)}",
            "system",
            hint=did_you_mean(file.system, SYSTEMS),
        )
    codes: dict[str, list[Dated[str]]] = {}
    in_order = []
    for index, entry in enumerate(file.codes):
        code = reader.code(file.system, entry.code, "codes", index, "code")
        made = reader.dated(code, entry, f"`{entry.code}`", "codes", index)
        _twice(reader, made, codes.setdefault(code, []), entry.code, ("codes", index, "code"))
        in_order.append(made)
    return CodeSet(name, file.title, file.system, tuple(in_order))


_OF_ONE_LIST = {"needs_rarc": "carc", "only_group": "carc", "rests_on": "carc", "alert": "rarc"}
"""The fields of reason codes that one list alone has."""


def read_reason_codes(
    file: ReasonCodesFile, document: JsonDocument, report: Report
) -> list[ReasonCode]:
    """The reason codes of one list."""
    reader = _Reader(Reporter(document, report))
    out: dict[str, ReasonCode] = {}
    for index, entry in enumerate(file.codes):
        path: JsonPath = ("codes", index)
        reader.dated(entry.code, entry, f"`{entry.code}`", *path)
        if entry.code in out:
            message = f"`{entry.code}` is listed twice"
            reader.problem("duplicate-code", message, *path, "code", hint="keep one of the two")
        for field in entry.model_fields_set & _OF_ONE_LIST.keys():
            if file.system != (system := _OF_ONE_LIST[field]):
                message = f"`{entry.code}`: `{field}` is for a list of {system.upper()} codes"
                reader.problem("wrong-shape", message, *path, field, key=True, hint="remove it")
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


def read_drug(name: str, file: DrugFile, document: JsonDocument, report: Report) -> Drug:
    """A drug code. The file's name is the code."""
    reader = _Reader(Reporter(document, report))
    code = reader.code("hcpcs", file.code, "code")
    if code != name and not malformed("hcpcs", code):
        hint = f"rename the file to {code}.json"
        if name != normalize_code("hcpcs", name):
            hint += " (in capitals)"
        elif not malformed("hcpcs", name):
            hint += f', or write "code": "{name}"'
        message = f"the file is named {name}.json, but its code is `{file.code}`"
        reader.problem("address-mismatch", message, "code", hint=hint)
    unit = None
    if file.billing_unit is not None:
        by = factor(file.billing_unit.unit, "mcg")
        assert by is not None  # the model admits units of mass only
        try:
            unit = exact_number(file.billing_unit.amount * by.numerator)  # mcg is the smallest unit
        except ValueProblem as found:
            message = f"the billing unit in mcg: {found.message}"
            reader.problem(found.code, message, "billing_unit", "amount", hint=found.hint)
    identities = tuple(
        reader.dated(
            DrugIdentity(
                identity.source,
                identity.says,
                identity.ingredient,
                identity.reference.title if identity.reference else None,
                identity.reference.href if identity.reference else None,
            ),
            identity,
            f"identity {index + 1}",
            "identities",
            index,
        )
        for index, identity in enumerate(file.identities)
    )
    attributes = {
        attribute: _attribute(attribute, entries, reader)
        for attribute, entries in file.attributes.items()
    }
    return Drug(code, file.title, file.ingredient, unit, identities, attributes)


def _attribute(
    name: str, entries: list[AttributeValue], reader: _Reader
) -> tuple[Dated[Value], ...]:
    out: list[Dated[Value]] = []
    for index, entry in enumerate(entries):
        path: JsonPath = ("attributes", name, index)
        called = f"attribute `{name}`"
        try:
            value = _plain(entry.value)
        except ValueProblem as problem:
            message = f"{called}: {problem.message}"
            reader.problem(problem.code, message, *path, "value", hint=problem.hint)
            continue
        made: Dated[Value] = reader.dated(value, entry, f"{called}: a value", *path)
        if any(made.overlaps(earlier) for earlier in out):
            message = f"{called}: two values are in force on the same days"
            hint = 'give the earlier one a last day: "through"'
            reader.problem("overlapping-windows", message, *path, hint=hint)
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
    file: ProductsFile, document: JsonDocument, report: Report
) -> list[Dated[Product]]:
    """The products of one file; strength times volume must be the total where all are given."""
    reader = _Reader(Reporter(document, report))
    out: list[Dated[Product]] = []
    by_ndc: dict[str, list[Dated[Product]]] = {}
    for index, entry in enumerate(file.products):
        path: JsonPath = ("products", index)
        product = _product(entry, index, reader)
        made: Dated[Product] = reader.dated(product, entry, f"product {entry.ndc}", *path)
        _twice(reader, made, by_ndc.setdefault(product.ndc, []), entry.ndc, (*path, "ndc"))
        out.append(made)
    return out


def _product(entry: ProductEntry, index: int, reader: _Reader) -> Product:
    strength, volume, total = entry.mcg_per_ml, entry.volume_ml, entry.total_mcg
    if strength is not None and volume is not None and total is not None:
        made = Fraction(strength) * Fraction(volume)
        if made != Fraction(total):
            reader.problem(
                "wrong-value",
                f"product {entry.ndc}: {strength} mcg/mL in {volume} mL is {format_number(made)} "
                f"mcg, not {total}",
                "products",
                index,
                "total_mcg",
                hint="correct one of the three numbers",
            )
    return Product(
        reader.code("ndc", entry.ndc, "products", index, "ndc"),
        entry.name,
        frozenset(
            reader.code("hcpcs", code, "products", index, "codes", place)
            for place, code in enumerate(entry.codes)
        ),
        entry.ingredient,
        entry.route,
        strength,
        volume,
        total,
        entry.single_dose,
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


def _twice(
    reader: _Reader, made: Dated[Any], earlier: list[Dated[Any]], text: str, path: JsonPath
) -> None:
    if any(made.overlaps(other) for other in earlier):
        message = f"`{text}` is listed twice for the same days"
        hint = "keep one of the two, or give them dates that do not overlap"
        reader.problem("duplicate-code", message, *path, hint=hint)
    earlier.append(made)


def products_by_ndc(
    entries: Iterable[Dated[Product]],
) -> Mapping[str, tuple[Dated[Product], ...]]:
    """Products grouped by NDC, in the order given."""
    out: dict[str, tuple[Dated[Product], ...]] = {}
    for entry in entries:
        out[entry.value.ndc] = (*out.get(entry.value.ndc, ()), entry)
    return out
