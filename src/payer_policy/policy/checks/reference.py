"""Reference files together: no payer, product or reason code means two things at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from payer_policy.core.diagnostics import slip_of
from payer_policy.core.json_source import JsonDocument, Report, Reporter
from payer_policy.core.vocabulary.codes import category
from payer_policy.policy.reference.data import CodeSet, Dated, Payer, Product, ReferenceData


def check_reference(
    reference: ReferenceData,
    products: Iterable[tuple[JsonDocument, list[Dated[Product]]]],
    reasons: Mapping[str, JsonDocument],
    code_sets: Mapping[str, JsonDocument],
    report: Report,
) -> None:
    """Check what only shows when the files are seen together.

    `reasons` are the lists of reason codes by system, `code_sets` the sound code sets by name.
    """
    _check_products(products, report)
    for name, document in code_sets.items():
        _check_categories(reference.code_sets[name], reference.categories, document, report)
    groups = [code for system, code in reference.reason_codes if system == "group"]
    if not {"carc", "group"} <= reasons.keys():
        return
    for index, entry in enumerate(reasons["carc"].value["codes"]):
        only = entry.get("only_group")
        if only is not None and only not in groups:
            say = Reporter(reasons["carc"], report, f"CARC {entry['code']}", ("codes", index))
            hint = slip_of(only, groups) or f"groups: {', '.join(sorted(groups))}"
            message = f"`{only}` is not in reason_codes/group.json"
            say("unknown-code", message, ("only_group",), hint=hint)


def _check_categories(
    code_set: CodeSet,
    categories: Mapping[str, date | None],
    document: JsonDocument,
    report: Report,
) -> None:
    """A code set names no category where codes are meant that claims can carry."""
    if code_set.categories or code_set.system != "icd10cm":
        return
    for index, entry in enumerate(code_set.codes):
        if entry.value in categories:
            since = categories[entry.value]
            if since is not None and entry.last_day is not None and entry.last_day < since:
                continue
            message, hint = category(entry.value, since)
            say = Reporter(document, report, "", ("codes", index))
            say("category-code", message, ("code",), hint=hint, warning=since is not None)


def check_payers(
    payers: Mapping[str, Payer], documents: Mapping[str, JsonDocument], report: Report
) -> None:
    """A claim must be one payer's only. `documents` are those of sound payers, by folder."""
    known = {folder.casefold(): folder for folder in documents}
    businesses: dict[str, str] = {}
    for folder in sorted(documents):
        payer, document = payers[folder], documents[folder]
        say = Reporter(document, report, f"payer {folder}")
        for index, identifier in enumerate(document.value.get("identifiers", [])):
            other = known.setdefault(identifier.strip().casefold(), folder)
            if other != folder:
                message = f"`{identifier}` already identifies the payer {other}"
                path, hint = ("identifiers", index), "keep it with one of the two"
                say("duplicate-identifier", message, path, hint=hint)
        if not payer.recognized_by_line_of_business:
            continue
        for business in sorted(payer.lines_of_business):
            other = businesses.setdefault(business, folder)
            if other != folder:
                message = f"the line of business `{business}` already identifies the payer {other}"
                hint = "let only one of the two be recognized by it"
                field = ("recognized_by_line_of_business",)
                say("duplicate-identifier", message, field, key=True, hint=hint)


def _check_products(
    products: Iterable[tuple[JsonDocument, list[Dated[Product]]]], report: Report
) -> None:
    """No NDC in two files for the same days."""
    earlier: dict[str, list[tuple[JsonDocument, Dated[Product]]]] = {}
    for document, entries in products:
        for index, entry in enumerate(entries):
            for other, listed in earlier.get(entry.value.ndc, ()):
                if other is not document and entry.overlaps(listed):
                    message = f"product {entry.value.ndc} is already in {other.file}"
                    hint = "keep one of the two, or give them dates that do not overlap"
                    path = ("products", index, "ndc")
                    Reporter(document, report)("duplicate-code", message, path, hint=hint)
            earlier.setdefault(entry.value.ndc, []).append((document, entry))
