"""What FHIR data types say, read liberally: codings, quantities, dates, identifiers, references.

Nothing here raises: what is of another shape than FHIR says reads as absent, and the models say so.
The systems are those of the standards (FHIR, X12, UCUM, NDC), never one of a payer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from payer_policy.core.vocabulary.codes import malformed

NPI: Final = "http://hl7.org/fhir/sid/us-npi"
_OID: Final = "urn:oid:2.16.840.1.113883."
_HCPCS_OIDS: Final = frozenset({_OID + "6.285", _OID + "6.14"})
_CPT_OIDS: Final = frozenset({_OID + "6.12"})
_NPI_SYSTEMS: Final = frozenset({NPI, _OID + "4.6"})
_EIN: Final = _OID + "4.4"
_NDC_SYSTEMS: Final = frozenset({"http://hl7.org/fhir/sid/ndc", _OID + "6.69"})
_ICD_OIDS: Final = frozenset({_OID + "6.90", _OID + "6.3"})
_PROCEDURE: Final = re.compile(r"([A-Z]\d{4}|\d{4}[A-Z0-9])\Z", re.ASCII | re.IGNORECASE)
"""The shape of a HCPCS code of either level, for codings that name no system."""
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(T.*)?\Z", re.ASCII | re.DOTALL)
_BILLING_UNITS: Final = frozenset(
    {"", "1", "un", "unit", "units", "{unit}", "{units}", "{count}", "{billing_unit}", "ea", "each"}
)
NDC_UNITS: Final = {
    "ml": "ML", "g": "GR", "gr": "GR", "un": "UN", "unit": "UN", "{unit}": "UN", "1": "UN",
    "each": "UN", "{each}": "UN", "f2": "F2", "[iu]": "F2", "me": "ME", "mg": "ME",
}  # fmt: skip
"""Units of an NDC quantity (UCUM, or X12 as it is) by their X12 code; ME is milligrams."""


class Coding(NamedTuple):
    """One coding of a concept; system and code trimmed, None where absent."""

    system: str | None
    code: str | None

    def names_system(self, name: str) -> bool:
        """Whether a name is in that of the system, whatever separates its words."""
        return name in (self.system or "").casefold().replace("-", "").replace("_", "")


class Amount(NamedTuple):
    """A quantity; `unit` is its code, or else its unit as written."""

    value: int | Decimal | None
    unit: str | None


def text_of(value: object) -> str | None:
    """A text with something in it, trimmed."""
    return value.strip() or None if isinstance(value, str) else None


def objects(value: object) -> list[dict[str, Any]]:
    """The objects of a list; an object where a list should stand is a list of one."""
    if isinstance(value, dict):
        return [value]
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def codings(concept: object) -> list[Coding]:
    """The codings of a CodeableConcept (or of a plain Coding) that have a code."""
    if not isinstance(concept, dict):
        return []
    inside = objects(concept.get("coding")) or ([concept] if "code" in concept else [])
    found = (Coding(text_of(one.get("system")), text_of(one.get("code"))) for one in inside)
    return [one for one in found if one.code]


def is_hcpcs(system: str | None) -> bool:
    """Whether a system is HCPCS Level II, under any of the names that are in use."""
    return system is not None and ("hcpcs" in system.casefold() or system in _HCPCS_OIDS)


def is_cpt(system: str | None) -> bool:
    """Whether a system is CPT (HCPCS Level I)."""
    name = (system or "").casefold().rstrip("/")
    return name.endswith("/cpt") or system in _CPT_OIDS


def is_ndc(system: str | None) -> bool:
    """Whether a system is the National Drug Code."""
    return system in _NDC_SYSTEMS


def is_icd10(system: str | None) -> bool:
    """Whether a system is ICD-10 (its clinical modification, or named without saying which)."""
    if system is None:
        return False
    plain = system.casefold().replace("-", "").replace("_", "")
    return ("icd10" in plain and "pcs" not in plain) or system in _ICD_OIDS


def looks_like_procedure(code: str) -> bool:
    """Whether a code that names no system has the shape of a HCPCS code."""
    return _PROCEDURE.match(code) is not None


def token(coding: Coding) -> str:
    """A code of another system, so that it can never be taken for a HCPCS code: `1365|3`."""
    system = (coding.system or "").rstrip("/")
    name = re.split(r"[/:]", system)[-1] or "no system"
    return f"{name}|{coding.code}"


def quantity(value: object) -> Amount:
    """A Quantity; a value that is not a number is None."""
    if not isinstance(value, dict):
        return Amount(None, None)
    number = value.get("value")
    exact = number if isinstance(number, (int, Decimal)) and not isinstance(number, bool) else None
    return Amount(exact, text_of(value.get("code")) or text_of(value.get("unit")))


def is_billing_unit(amount: Amount) -> bool:
    """Whether a quantity counts units of the billed code: it names no unit, or that unit."""
    return (amount.unit or "").casefold() in _BILLING_UNITS


def day_of(value: object) -> date | None:
    """The day of a date or dateTime, as written (in its own zone); None for less than a day."""
    match = _DAY.match(value.strip()) if isinstance(value, str) else None
    try:
        return date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def span_of(value: object) -> tuple[date | None, date | None]:
    """The first and last day of a date, dateTime or Period."""
    if isinstance(value, dict):
        return day_of(value.get("start")), day_of(value.get("end"))
    day = day_of(value)
    return day, day


def choice(element: Mapping[str, Any], name: str) -> tuple[str, Any] | None:
    """The one `name[x]` of an element: its key and its value."""
    for key, value in element.items():
        rest = key.removeprefix(name)
        if key.startswith(name) and rest[:1].isupper() and value is not None:
            return key, value
    return None


def extensions(element: object, name: str) -> Iterator[dict[str, Any]]:
    """The extensions of an element whose url ends with a name (`extension-infoChanged`)."""
    if isinstance(element, dict):
        for key in ("extension", "modifierExtension"):
            for one in objects(element.get(key)):
                url = text_of(one.get("url")) or ""
                if url == name or url.endswith(f"/{name}"):
                    yield one


def identifiers(resource: object) -> list[dict[str, Any]]:
    """The identifiers of a resource that have a value."""
    if not isinstance(resource, dict):
        return []
    return [one for one in objects(resource.get("identifier")) if text_of(one.get("value"))]


def npi_of(resource: object) -> str | None:
    """The NPI among the identifiers of a provider; a number without the form of one does not count."""
    for one in identifiers(resource):
        if text_of(one.get("system")) in _NPI_SYSTEMS or _has_type(one, "NPI"):
            number = text_of(one.get("value"))
            if number is not None and malformed("npi", number) is None:
                return number
    return None


def tax_number_of(resource: object) -> dict[str, Any] | None:
    """The identifier with the tax number of a provider (an EIN, or of type `TAX`)."""
    for one in identifiers(resource):
        if text_of(one.get("system")) == _EIN or _has_type(one, "TAX"):
            return one
    return None


def is_taxonomy(coding: Coding) -> bool:
    """Whether a code is one of the provider taxonomy of the NUCC."""
    return coding.names_system("nucc.org/providertaxonomy")


def member_number(resource: object) -> str | None:
    """The member number among the identifiers of a coverage or a patient (type `MB`)."""
    for one in identifiers(resource):
        system = text_of(one.get("system")) or ""
        if _has_type(one, "MB") or system.endswith("/MIN"):
            return text_of(one.get("value"))
    return None


def _has_type(identifier: Mapping[str, Any], code: str) -> bool:
    return any(one.code == code for one in codings(identifier.get("type")))


def url_of(reference: object) -> str | None:
    """The text of a Reference."""
    return text_of(reference.get("reference")) if isinstance(reference, dict) else None
