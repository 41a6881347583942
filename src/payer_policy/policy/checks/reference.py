"""Reference files together: no payer, product or reason code means two things at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import combinations

from payer_policy.diagnostics import slip_of
from payer_policy.json_source import JsonDocument
from payer_policy.policy.versions import ReportDiagnostic
from payer_policy.reference import Dated, Payer, Product, ReferenceData


def check_reference(
    reference: ReferenceData,
    payers: Mapping[str, JsonDocument],
    products: Iterable[tuple[JsonDocument, list[Dated[Product]]]],
    reasons: Mapping[str, JsonDocument],
    report: ReportDiagnostic,
) -> None:
    """Check what only shows when the files are seen together.

    `payers` are the sound payer files by folder, `reasons` the lists of reason codes by system.
    """
    for one, other in combinations(sorted(payers), 2):
        _check_payers(reference.payers[one], reference.payers[other], payers[other], report)
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


def _check_payers(
    one: Payer, other: Payer, document: JsonDocument, report: ReportDiagnostic
) -> None:
    """A claim must be one payer's only."""
    mine = document.value.get("identifiers", [])
    theirs = one.identifiers | {one.folder.casefold()}
    for index, identifier in enumerate(mine):
        if identifier.strip().casefold() in theirs:
            report(
                document.problem(
                    "duplicate-identifier",
                    f"payer {other.folder}: `{identifier}` means the payer {one.folder} already",
                    ("identifiers", index),
                    hint="keep it with one of the two",
                )
            )
    if one.recognised_by_line_of_business and other.recognised_by_line_of_business:
        for business in sorted(set(one.lines_of_business) & set(other.lines_of_business)):
            report(
                document.problem(
                    "duplicate-identifier",
                    f"payer {other.folder}: claims of the line of business `{business}` are taken "
                    f"for the payer {one.folder} already",
                    ("recognised_by_line_of_business",),
                    key=True,
                    hint="let only one of the two be recognised by it",
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
