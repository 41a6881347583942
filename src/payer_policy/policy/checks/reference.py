"""Reference files together: no payer, product or reason code means two things at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from payer_policy.core.diagnostics import slip_of
from payer_policy.core.json_source import JsonDocument
from payer_policy.policy.reference import Dated, Payer, Product, ReferenceData
from payer_policy.policy.versions import ReportDiagnostic


def check_reference(
    reference: ReferenceData,
    products: Iterable[tuple[JsonDocument, list[Dated[Product]]]],
    reasons: Mapping[str, JsonDocument],
    report: ReportDiagnostic,
) -> None:
    """Check what only shows when the files are seen together.

    `reasons` are the lists of reason codes by system.
    """
    _check_products(products, report)
    groups = [code for system, code in reference.reason_codes if system == "group"]
    if "carc" in reasons and "group" in reasons:
        for index, entry in enumerate(reasons["carc"].value["codes"]):
            only = entry.get("only_group")
            if only is not None and only not in groups:
                report(
                    reasons["carc"].problem(
                        "unknown-code",
                        f"CARC {entry['code']}: `{only}` is not in reason_codes/group.json",
                        ("codes", index, "only_group"),
                        hint=slip_of(only, groups) or f"groups: {', '.join(sorted(groups))}",
                    )
                )


def check_payers(
    payers: Mapping[str, Payer], documents: Mapping[str, JsonDocument], report: ReportDiagnostic
) -> None:
    """A claim must be one payer's only. `documents` are those of sound payers, by folder."""
    known = {folder.casefold(): folder for folder in documents}
    businesses: dict[str, str] = {}
    for folder in sorted(documents):
        payer, document = payers[folder], documents[folder]
        for index, identifier in enumerate(document.value.get("identifiers", [])):
            other = known.setdefault(identifier.strip().casefold(), folder)
            if other != folder:
                report(
                    document.problem(
                        "duplicate-identifier",
                        f"payer {folder}: `{identifier}` means the payer {other} already",
                        ("identifiers", index),
                        hint="keep it with one of the two",
                    )
                )
        for business in sorted(payer.lines_of_business):
            if not payer.recognized_by_line_of_business:
                continue
            other = businesses.setdefault(business, folder)
            if other != folder:
                report(
                    document.problem(
                        "duplicate-identifier",
                        f"payer {folder}: claims of the line of business `{business}` are taken "
                        f"for the payer {other} already",
                        ("recognized_by_line_of_business",),
                        key=True,
                        hint="let only one of the two be recognized by it",
                    )
                )


def _check_products(
    products: Iterable[tuple[JsonDocument, list[Dated[Product]]]], report: ReportDiagnostic
) -> None:
    """No NDC in two files for the same days."""
    earlier: dict[str, list[tuple[JsonDocument, Dated[Product]]]] = {}
    for document, entries in products:
        for index, entry in enumerate(entries):
            for other, listed in earlier.get(entry.value.ndc, ()):
                if other is not document and _overlap(entry, listed):
                    message = f"product {entry.value.ndc} is already in {other.file}"
                    hint = "keep one of the two, or give them dates that do not overlap"
                    path = ("products", index, "ndc")
                    report(document.problem("duplicate-code", message, path, hint=hint))
            earlier.setdefault(entry.value.ndc, []).append((document, entry))


def _overlap(a: Dated[Product], b: Dated[Product]) -> bool:
    return (a.first_day or date.min) <= (b.last_day or date.max) and (
        (b.first_day or date.min) <= (a.last_day or date.max)
    )
