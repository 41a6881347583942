"""Reference files to `ReferenceData`: spelling, dates and duplicates checked at their places."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from payer_policy.diagnostics import Diagnostic, did_you_mean
from payer_policy.json_source import JsonDocument, JsonPath
from payer_policy.reference.data import (
    CodeSet,
    Dated,
    Drug,
    DrugIdentity,
    Payer,
    Product,
    ReasonCode,
)
from payer_policy.reference.files import (
    CodeSetFile,
    DrugFile,
    Entry,
    PayerFile,
    ProductsFile,
    ReasonCodesFile,
)
from payer_policy.vocabulary.codes import SYSTEMS, normalise_code
from payer_policy.vocabulary.types import Value, ValueProblem, calendar_date, exact_number
from payer_policy.vocabulary.units import factor

_Report = Callable[[Diagnostic], None]


def read_code_set(
    name: str, file: CodeSetFile, document: JsonDocument, report: _Report
) -> CodeSet:
    """A code set; each code in its one spelling, no code twice on one day."""
    if file.system not in SYSTEMS:
        report(
            document.problem(
                "unknown-value",
                f"`{file.system}` is not a code system; expected one of {', '.join(SYSTEMS)}",
                ("system",),
                hint=did_you_mean(file.system, SYSTEMS),
            )
        )
    codes: list[Dated[str]] = []
    for index, entry in enumerate(file.codes):
        path: JsonPath = ("codes", index)
        made = _dated(normalise_code(file.system, entry.code), entry, document, path, report)
        for earlier in codes:
            if earlier.value == made.value and _overlap(earlier, made):
                report(
                    document.problem(
                        "duplicate-code",
                        f"`{entry.code}` is listed twice for the same days",
                        path,
                        hint="keep one, or give them dates that do not overlap",
                    )
                )
        codes.append(made)
    return CodeSet(name, file.title, file.system, tuple(codes))


def read_reason_codes(
    file: ReasonCodesFile, document: JsonDocument, report: _Report
) -> list[ReasonCode]:
    """The reason codes of one list."""
    out: dict[str, ReasonCode] = {}
    for index, entry in enumerate(file.codes):
        path: JsonPath = ("codes", index)
        _dated(entry.code, entry, document, path, report)
        if entry.code in out:
            report(document.problem("duplicate-code", f"`{entry.code}` is listed twice", path))
        out[entry.code] = ReasonCode(
            file.system,
            entry.code,
            entry.means,
            entry.from_,
            entry.through,
            entry.deactivated,
            entry.needs_rarc,
            entry.alert,
            entry.only_group,
        )
    return list(out.values())


def read_drug(name: str, file: DrugFile, document: JsonDocument, report: _Report) -> Drug:
    """A drug code. The file's name is the code."""
    code = normalise_code("hcpcs", file.code)
    if code != name:
        report(
            document.problem(
                "address-mismatch",
                f"the file is named {name}.json, but its code is `{file.code}`",
                ("code",),
                hint=f'write "{name}", or rename the file',
            )
        )
    unit = None
    if file.billing_unit is not None:
        by = factor(file.billing_unit.unit, "mcg")
        assert by is not None  # the model admits units of mass only
        unit = exact_number(Decimal(file.billing_unit.amount) * by.numerator / by.denominator)
    identities = tuple(
        _dated(
            DrugIdentity(
                identity.source,
                identity.says,
                identity.ingredient,
                identity.reference.title if identity.reference else None,
                identity.reference.href if identity.reference else None,
            ),
            identity,
            document,
            ("identities", index),
            report,
        )
        for index, identity in enumerate(file.identities)
    )
    attributes = {
        attribute: tuple(
            _dated(
                _plain(entry.value, document, ("attributes", attribute, index, "value"), report),
                entry,
                document,
                ("attributes", attribute, index),
                report,
            )
            for index, entry in enumerate(entries)
        )
        for attribute, entries in file.attributes.items()
    }
    return Drug(code, file.title, file.ingredient, unit, identities, attributes)


def read_products(
    file: ProductsFile, document: JsonDocument, report: _Report
) -> list[Dated[Product]]:
    """The products of one file; strength times volume must be the total where all are given."""
    out = []
    for index, entry in enumerate(file.products):
        path: JsonPath = ("products", index)
        ndc = normalise_code("ndc", entry.ndc)
        if len(ndc) != 11 or not ndc.isdigit():
            report(
                document.problem(
                    "wrong-value",
                    f"`{entry.ndc}` is not an NDC",
                    (*path, "ndc"),
                    hint="write it with hyphens, such as 12345-678-90",
                )
            )
        numbers = (entry.mcg_per_ml, entry.volume_ml, entry.total_mcg)
        if None not in numbers:
            strength, volume, total = (Decimal(number or 0) for number in numbers)
            if strength * volume != total:
                report(
                    document.problem(
                        "wrong-value",
                        f"{strength} mcg/mL in {volume} mL is {strength * volume} mcg, "
                        f"not {total}",
                        (*path, "total_mcg"),
                    )
                )
        product = Product(
            ndc,
            entry.name,
            frozenset(normalise_code("hcpcs", code) for code in entry.codes),
            entry.ingredient,
            entry.route,
            entry.mcg_per_ml,
            entry.volume_ml,
            entry.total_mcg,
            entry.single_dose,
        )
        out.append(_dated(product, entry, document, path, report))
    return out


def read_payer(folder: str, file: PayerFile) -> Payer:
    """A payer; identifiers compare without regard to case."""
    return Payer(
        folder,
        file.name,
        file.synthetic,
        frozenset(identifier.strip().casefold() for identifier in file.identifiers),
        tuple(file.lines_of_business),
        file.recognised_by_line_of_business,
    )


def _dated(
    value: Any, entry: Entry, document: JsonDocument, path: JsonPath, report: _Report
) -> Dated[Any]:
    if entry.from_ and entry.through and entry.from_ > entry.through:
        report(
            document.problem(
                "unreachable-dates",
                f"it ends on {entry.through}, before it begins on {entry.from_}",
                (*path, "through"),
                hint="swap the two dates",
            )
        )
    return Dated(value, entry.from_, entry.through)


def _overlap(a: Dated[Any], b: Dated[Any]) -> bool:
    return (a.first_day or date.min) <= (b.last_day or date.max) and (
        b.first_day or date.min
    ) <= (a.last_day or date.max)


def _plain(raw: Any, document: JsonDocument, path: JsonPath, report: _Report) -> Value:
    """An attribute's value; the vocabulary says of which type it must be where it is read."""
    if isinstance(raw, (bool, str)):
        if isinstance(raw, str) and raw[:4].isdigit() and raw[4:5] == "-":
            try:
                return calendar_date(raw)
            except ValueProblem:
                return raw
        return raw
    if isinstance(raw, list) and all(isinstance(item, str) for item in raw):
        return frozenset(raw)
    try:
        return exact_number(raw)
    except ValueProblem as problem:
        report(document.problem(problem.code, problem.message, path, hint=problem.hint))
        return ""


def products_by_ndc(entries: list[Dated[Product]]) -> Mapping[str, tuple[Dated[Product], ...]]:
    """Products grouped by NDC, in the order given."""
    out: dict[str, tuple[Dated[Product], ...]] = {}
    for entry in entries:
        out[entry.value.ndc] = (*out.get(entry.value.ndc, ()), entry)
    return out
