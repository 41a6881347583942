"""The items of a FHIR `Claim` as lines of a request and as what an answer echoes; its diagnoses.

A code counts as a HCPCS code only where its system (or, without one, its shape) says so; another
system's code is kept as `system|code`, which is looked up and never matches by accident.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final, NamedTuple

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.codes import malformed
from payer_policy.core.vocabulary.types import ValueProblem, exact_number, shown
from payer_policy.formats.fhir.form import Form, as_element
from payer_policy.formats.fhir.model import AskedItem
from payer_policy.formats.fhir.resources import Located, Resources
from payer_policy.formats.fhir.values import (
    NDC_UNITS,
    choice,
    codings,
    extensions,
    is_billing_unit,
    is_cpt,
    is_hcpcs,
    is_icd10,
    is_ndc,
    looks_like_procedure,
    objects,
    quantity,
    span_of,
    text_of,
    token,
)
from payer_policy.request.models import IS_GLUED

Days = tuple[date | None, date | None]


def procedure_code(form: Form, concept: object, path: JsonPath) -> str | None:
    """The code that a concept is billed by: HCPCS Level II before CPT before a bare code of their
    shape; another system's as `system|code`; None where it has no code (or with a problem: two)."""
    found = [one for one in codings(concept) if not is_ndc(one.system)]
    level_2 = _distinct(one for one in found if is_hcpcs(one.system))
    cpt = _distinct(one for one in found if is_cpt(one.system))
    bare = _distinct(c for c in found if c.system is None and looks_like_procedure(c.code or ""))
    for codes in (level_2, cpt, bare):
        if len(codes) > 1:
            listed = " and ".join(codes)
            message = f"found two procedure codes, {listed}, for one item"
            form.report(path, "contradiction", message, "give each code an item of its own")
            return None
        if codes:
            return _shaped(form, codes[0], path)
    if found and found[0].system is None:
        return _shaped(form, found[0].code or "", path)
    return token(found[0]) if found else None


def _shaped(form: Form, code: str, path: JsonPath) -> str | None:
    """A procedure code; None, with a problem, where it does not have the form of one."""
    if (wrong := malformed("hcpcs", code)) is None:
        return code
    message = f"procedure code: found {shown(code)}; {wrong[0]}"
    form.report(path, "wrong-value", message, wrong[1] or IS_GLUED)
    return None


def ndc_of(concept: object) -> str | None:
    """The NDC among the codings of a concept."""
    return next((one.code for one in codings(concept) if is_ndc(one.system)), None)


def _distinct(found: Any) -> list[str]:
    return list(dict.fromkeys((one.code or "").upper() for one in found))


class ItemReader:
    """Reads the items of one claim."""

    def __init__(self, form: Form, path: JsonPath, days: Days, pointers: Mapping[int, int] | None):
        self.form = form
        self.path = path
        self.days = days
        """The claim's own dates, for an item that has none."""
        self.pointers = pointers
        """The position of each diagnosis by its sequence; None: the diagnoses are not known."""
        self.bill_types: set[str] = set()

    def read(
        self, item: Mapping[str, Any], position: int, index: int
    ) -> tuple[dict[str, Any], AskedItem]:
        """One item as a line of the request, and as it is echoed.

        `position` is the item's place in the claim, `index` the line's in the request.
        """
        form, here = self.form, (*self.path, "item", position)
        line: dict[str, Any] = {"code": None}

        def put(name: str, value: object, *where: str | int) -> None:
            form.put_in_line(line, index, name, value, (*here, *where))

        product = item.get("productOrService")
        code = procedure_code(form, product, (*here, "productOrService"))
        put("code", code, "productOrService")
        put("number", _sequence(item.get("sequence"), position), "sequence")
        revenue = next(iter(codings(item.get("revenue"))), None)
        put("revenue_code", revenue.code if revenue else None, "revenue")
        put("modifiers", self._modifiers(item, here), "modifier")
        put("description", text_of(as_element(product).get("text")), "productOrService", "text")
        first, last = self._days(item, here)
        put("date", first, "serviced")
        put("through", last if last != first else None, "serviced")
        put("units", self._units(item, here), "quantity")
        put("charge", _charge(item), "net")
        put("diagnosis_pointers", self._diagnoses(item, here), "diagnosisSequence")
        place = self._place(item, here)
        put("place_of_service", place, "locationCodeableConcept")
        numbers = (text_of(one.get("valueString")) for one in extensions(item, _AUTHORIZATION))
        number = next(numbers, None)
        put("authorization_number", number, "extension")
        self._ndc(item, line, index, here)
        refuse_unknown_modifiers(form, item, here)
        traces = (one.get("valueIdentifier") for one in extensions(item, _TRACE))
        asked = AskedItem(
            sequence=line["number"],
            code=code,
            product=product if isinstance(product, dict) else None,
            modifiers=tuple(objects(item.get("modifier"))),
            first_day=None if first is None else first.isoformat(),
            last_day=None if last is None else last.isoformat(),
            trace=tuple(trace for trace in traces if isinstance(trace, dict)),
            authorization_number=number,
            cancelled=is_cancelled(item),
        )
        return line, asked

    def _days(self, item: Mapping[str, Any], here: JsonPath) -> Days:
        found = choice(item, "serviced")
        if found is None:
            return self.days
        first, last = span_of(found[1])
        if first is None or last is None:
            message = "the date of service is not a whole day; it is taken as not known"
            if first is not None:
                message = "the period of service has no last day; its days are taken as not known"
            self.form.report((*here, found[0]), "not-read", message, severity="warning")
            return None, None
        return first, last

    def _modifiers(self, item: Mapping[str, Any], here: JsonPath) -> list[str] | None:
        """All modifiers. One that cannot be read refuses the claim: silence would mean none."""
        found: set[str] = set()
        for index, concept in enumerate(objects(item.get("modifier"))):
            codes = {one.code for one in codings(concept) if one.code}
            if len(codes) != 1:
                listed = " and ".join(sorted(codes)) or "no code"
                message = f"a modifier has {listed}; one code was expected"
                self.form.report((*here, "modifier", index), "wrong-value", message)
            found |= codes
        return sorted(found) or None

    def _units(self, item: Mapping[str, Any], here: JsonPath) -> int | Decimal | None:
        if item.get("quantity") is None:
            return None
        amount = quantity(item["quantity"])
        what = "without a value" if amount.value is None else f"of {shown(amount.unit)}"
        hint = "give the units of the code, without a unit or with `{unit}`"
        if as_element(item["quantity"]).get("comparator") is not None:
            what = "with a comparator"
            hint = "give the number itself; a SimpleQuantity has no comparator"
        elif is_billing_unit(amount) and amount.value is not None:
            return amount.value
        message = f"a quantity {what} is not a number of billing units; it is taken as not known"
        self.form.report((*here, "quantity"), "not-read", message, hint, "warning")
        return None

    def _diagnoses(self, item: Mapping[str, Any], here: JsonPath) -> list[int] | None:
        given = item.get("diagnosisSequence")
        if not isinstance(given, list) or not given or self.pointers is None:
            return None
        out = []
        for index, one in enumerate(given):
            if isinstance(one, int) and one in self.pointers:
                out.append(self.pointers[one])
                continue
            message = f"points to diagnosis {shown(one)}, and the claim has none of that sequence"
            self.form.report((*here, "diagnosisSequence", index), "wrong-value", message)
        return out or None

    def _place(self, item: Mapping[str, Any], here: JsonPath) -> str | None:
        where = (*here, "locationCodeableConcept")
        found = codings(item.get("locationCodeableConcept"))
        for one in found:
            if one.names_system("typeofbill"):
                self.bill_types.add(one.code or "")
                return None
            two_digits = re.fullmatch("[0-9]{2}", one.code or "")
            if one.names_system("placeofservice") or (one.system is None and two_digits):
                return one.code
        if found:
            message = f"{token(found[0])} is not a CMS place of service; it is taken as not known"
            self.form.report(where, "not-read", message, severity="warning")
        return None

    def _ndc(
        self, item: Mapping[str, Any], line: dict[str, Any], line_index: int, here: JsonPath
    ) -> None:
        """The NDC of the item itself, or of its details where those agree."""
        form = self.form
        found: list[tuple[str, Mapping[str, Any], JsonPath]] = []
        if own := ndc_of(item.get("productOrService")):
            found.append((own, {}, (*here, "productOrService")))
        for index, detail in enumerate(objects(item.get("detail"))):
            where = (*here, "detail", index)
            if ndc := ndc_of(detail.get("productOrService")):
                found.append((ndc, detail, where))
            elif codings(detail.get("productOrService")):
                message = "a detail that is not an NDC is not read; what it bills is not decided"
                form.report(where, "not-read", message, "give it an item of its own", "warning")
        if not found:
            return
        if len({ndc for ndc, _, _ in found}) > 1:
            listed = " and ".join(ndc for ndc, _, _ in found[:3])
            message = f"found the NDCs {listed}; a line has one"
            form.report(found[1][2], "contradiction", message, "give each NDC an item of its own")
            return
        form.put_in_line(line, line_index, "ndc", found[0][0], found[0][2])
        for _, within, where in found:
            amount = quantity(within.get("quantity"))
            if amount.value is None or "ndc_quantity" in line:
                continue
            unit = NDC_UNITS.get((amount.unit or "").casefold())
            if unit is None:
                message = f"{shown(amount.unit)} is not an NDC unit; it is taken as not known"
                form.report((*where, "quantity"), "not-read", message, "such as mL", "warning")
            form.put_in_line(line, line_index, "ndc_quantity", amount.value, (*where, "quantity"))
            form.put_in_line(line, line_index, "ndc_unit", unit, (*where, "quantity"))


CANCELLED: Final = "modifierextension-infoCancelled"
_AUTHORIZATION: Final = "extension-authorizationNumber"
_TRACE: Final = "extension-itemTraceNumber"


def is_cancelled(element: Mapping[str, Any]) -> bool:
    """Whether a modifier extension says that a claim or an item was canceled."""
    flags = extensions({"extension": element.get("modifierExtension")}, CANCELLED)
    return any(one.get("valueBoolean") is True for one in flags)


def refuse_unknown_modifiers(form: Form, element: Mapping[str, Any], here: JsonPath) -> None:
    """A modifier extension changes what its element means, so one that is not known is not passed
    over (FHIR R4, extensibility)."""
    for index, one in enumerate(objects(element.get("modifierExtension"))):
        url = text_of(one.get("url")) or ""
        if not url.endswith((CANCELLED, "infoCancelledFlag")):
            message = f"the modifier extension {shown(url)} is unknown, and it changes the meaning"
            where = (*here, "modifierExtension", index)
            form.report(where, "unknown-key", message, "send the claim without it")


def _sequence(value: object, position: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else position + 1


def _charge(item: Mapping[str, Any]) -> int | Decimal | None:
    """The item's net amount; else its unit price times its quantity and factor, exactly."""
    net = quantity(item.get("net"))
    if net.value is not None:
        return net.value
    price, count = quantity(item.get("unitPrice")).value, quantity(item.get("quantity")).value
    if price is None or count is None:
        return None
    times = item.get("factor", 1)
    if not isinstance(times, (int, Decimal)):
        return None
    with localcontext(prec=80):
        product = price * count * times
    try:
        return exact_number(product)
    except ValueProblem:  # a part of a cent that no claim can carry: the charge is not known
        return None


class Named(NamedTuple):
    """One diagnosis: a concept, or a reference to a `Condition`, and its path."""

    concept: object
    reference: object
    path: JsonPath


def put_diagnoses(
    form: Form, resources: Resources, origin: Located, named: Sequence[Named]
) -> bool:
    """Set the request's diagnoses, in the order given; whether they are known.

    A diagnosis in another code system could be the one that a policy asks for, so beside one that
    cannot be read the others are not known to be the diagnoses.
    """
    codes: list[str] = []
    for one in named:
        concept = one.concept
        found = resources.find(one.reference, origin)
        if concept is None and found is not None:
            concept = found.resource.get("code")
        code = next((c.code for c in codings(concept) if is_icd10(c.system)), None)
        if code is None:
            message = "a diagnosis has no ICD-10-CM code; the diagnoses are taken as not known"
            form.report(one.path, "not-read", message, severity="warning")
            return False
        form.sources["diagnoses", len(codes)] = one.path
        codes.append(code)
    if codes:
        form.put(("diagnoses",), codes, named[0].path)
    return bool(codes)
