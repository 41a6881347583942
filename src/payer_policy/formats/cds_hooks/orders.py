"""One order of an EHR as a request with few facts: what is ordered, for whom, when, under which plan.

Read liberally: an order is a draft, and whatever it does not say is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from payer_policy.core.json_source import JsonDocument, JsonPath
from payer_policy.core.vocabulary.codes import NO_CODE, normalize_code, of_another_system
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.fhir.answers import read_answers
from payer_policy.formats.fhir.form import Form, as_element, place_of
from payer_policy.formats.fhir.lines import Named, ndc_of, procedure_code, put_diagnoses
from payer_policy.formats.fhir.parties import Parties
from payer_policy.formats.fhir.resources import Located, Resources
from payer_policy.formats.fhir.values import (
    choice,
    codings,
    extensions,
    is_billing_unit,
    is_cpt,
    is_hcpcs,
    member_number,
    objects,
    quantity,
    span_of,
    text_of,
    url_of,
)
from payer_policy.formats.intake import Intake, guarded
from payer_policy.policy.reference.data import ReferenceData

ORDERS: Final = (
    "ServiceRequest",
    "MedicationRequest",
    "DeviceRequest",
    "NutritionOrder",
    "VisionPrescription",
    "CommunicationRequest",
    "Appointment",
    "Encounter",
)
"""The resources that CRD adds coverage information to."""


@dataclass(frozen=True, slots=True)
class Order:
    """One order: its request, as an `Intake`, and the resource that coverage information is added to."""

    intake: Intake
    """The order as a request, or what is wrong with it."""
    resource: Mapping[str, Any]
    """The resource of the order, as sent."""
    reference: str
    """`Type/id`, as the call names it."""
    coverage: str | None
    """The reference of the coverage that is asked; None: it is not stated which."""
    billing: Mapping[str, Any] | None = None
    """The coding that policies were looked up by; None: no HCPCS or CPT code."""

    @property
    def lacks_billing_code(self) -> bool:
        """Whether it says what is ordered by no HCPCS or CPT code, and none is found for it."""
        request = self.intake.request
        codes = [line.code for line in request.lines] if request is not None else []
        return all(code is None or of_another_system(code) for code in codes)

    @property
    def label(self) -> str:
        """The order in a few words, for a card."""
        request = self.intake.request
        line = request.lines[0] if request is not None and request.lines else None
        if line is None or line.code is None or line.code == NO_CODE:
            return (line.description if line is not None else None) or self.reference
        return line.code


_WITHIN: Final = (
    ("oralDiet", "type"),
    ("enteralFormula", "baseFormulaType"),
    ("supplement", "type"),
    ("lensSpecification", "product"),
)
"""The elements of nutrition orders and vision prescriptions inside which is what is ordered."""


class OrderReader:
    """Reads the orders of one call."""

    def __init__(
        self,
        document: JsonDocument,
        resources: Resources,
        patient_id: str | None,
        performer: object,
        vocabulary: Vocabulary | None,
        reference: ReferenceData | None,
    ) -> None:
        self.document, self.resources = document, resources
        self.patient = _patient(resources, patient_id)
        self.performer = performer
        self.vocabulary, self.reference = vocabulary, reference

    def read(self, found: Located) -> Order:
        """One order. Never raises; what is wrong with it is in its `Intake`."""
        label = f"{found.kind}/{text_of(found.resource.get('id')) or 'without-id'}"
        form = Form(self.document, label)
        reader = _Order(self, form, found, label)
        place = place_of(self.document, found.path)
        intake = guarded(lambda: reader.intake(place), label, place)
        return Order(intake, found.resource, label, reader.coverage, reader.billing)

    def coverage_of(self, order: Located) -> tuple[Located | None, str | None]:
        """The coverage that an order is asked about, and its reference.

        The order's own, else the only one sent, else the only one whose payer is known here.
        """
        for one in objects(order.resource.get("insurance")):
            return self.resources.find(one, order), url_of(one)
        coverages = self.resources.of("Coverage")
        sent = [one for one in coverages if one.resource.get("status") in (None, "active")]
        if len(sent) > 1:
            sent = [one for one in sent if self._is_ours(one)]
        if len(sent) != 1:
            return None, None
        own = text_of(sent[0].resource.get("id"))
        return sent[0], f"Coverage/{own}" if own else sent[0].url

    def _is_ours(self, coverage: Located) -> bool:
        form = Form(self.document, None)
        parties = Parties(form, self.resources, coverage, self.reference)
        parties.put_payer([(one, coverage) for one in objects(coverage.resource.get("payor"))])
        payer = form.values.get("coverage", {}).get("payer")
        return self.reference is not None and self.reference.payer_of(payer, None) is not None


class _Order:
    def __init__(self, reader: OrderReader, form: Form, found: Located, label: str) -> None:
        self.reader, self.form, self.found, self.label = reader, form, found, label
        self.coverage: str | None = None
        self.billing: Mapping[str, Any] | None = None

    def intake(self, place: Any) -> Intake:
        form, here = self.form, self.found.path
        form.put(("kind",), "preauthorization", here)
        form.put(("id",), self.label, here)
        self._who()
        self._why()
        line = self._line()
        self._answers()
        request = None if form.wrong else form.request([line], here)
        return Intake(self.label, place, request, tuple(form.problems), "1")

    def _who(self) -> None:
        reader, form, order = self.reader, self.form, self.found
        parties = Parties(form, reader.resources, order, reader.reference)
        patient = self._patient()
        parties.patient = patient
        if patient is not None:
            born = text_of(patient.resource.get("birthDate"))
            whole = born is not None and len(born) == len("2000-01-01")
            form.put(("patient", "birth_date"), born if whole else None, patient.path)
        coverage, self.coverage = reader.coverage_of(order)
        if coverage is not None:
            parties.read_coverage(coverage)
            links = [(one, coverage) for one in objects(coverage.resource.get("payor"))]
            parties.put_payer(links)
            member = form.values.get("coverage", {}).get("member_id")
            if member is None and patient is not None:
                number = member_number(patient.resource)
                form.put(("coverage", "member_id"), number, patient.path)
        given = self.reader.performer or order.resource.get("performer")
        performers = given if isinstance(given, list) else [given]
        npis = {npi for one in performers if (npi := parties.npi(one, order))}
        if len(npis) == 1:
            form.put(("provider", "rendering_npi"), npis.pop(), (*order.path, "performer"))
            for one in performers:
                parties.read_specialty("rendering_specialty", one)

    def _patient(self) -> Located | None:
        """The order's patient; the call's, unless the order is for somebody else."""
        order, known = self.found, self.reader.patient
        link = order.resource.get("subject") or order.resource.get("patient")
        found = self.reader.resources.find(link, order)
        url = url_of(link)
        if found is not None or known is None or url is None:
            return found or known
        return known if url.rpartition("/")[2] == text_of(known.resource.get("id")) else None

    def _why(self) -> None:
        order, here = self.found.resource, self.found.path
        codes = enumerate(objects(order.get("reasonCode")))
        links = enumerate(objects(order.get("reasonReference")))
        named = [Named(one, None, (*here, "reasonCode", index)) for index, one in codes]
        named += [Named(None, one, (*here, "reasonReference", index)) for index, one in links]
        if named:
            put_diagnoses(self.form, self.reader.resources, self.found, named)

    def _line(self) -> dict[str, Any]:
        form, order, here = self.form, self.found, self.found.path
        line: dict[str, Any] = {"code": None}

        def put(name: str, value: object, *where: str) -> None:
            form.put_in_line(line, 0, name, value, (*here, *where))

        resource = order.resource
        clinical: str | None = None
        for concept, path in self._concepts():
            put("ndc", ndc_of(concept), *(str(step) for step in path))
            put("description", text_of(as_element(concept).get("text")))
            code = procedure_code(form, concept, (*here, *path)) if line["code"] is None else None
            if code is not None and of_another_system(code):
                clinical = clinical or code
            elif code is not None:
                put("code", code)
                self.billing = _billing(concept, code)
        amount = quantity(resource.get("quantityQuantity") or resource.get("quantity"))
        if amount.value is not None and is_billing_unit(amount):
            put("units", amount.value, "quantityQuantity")
        first, last = span_of(_when(resource))
        if line["code"] is None and not form.wrong:
            put("code", self._option() or self._by_ndc(line.get("ndc"), first) or clinical)
        put("date", first, "occurrence")
        put("through", last if last != first else None, "occurrence")
        for concept in objects(resource.get("locationCode")):
            for one in codings(concept):
                if one.names_system("placeofservice"):
                    put("place_of_service", one.code, "locationCode")
        return line

    def _option(self) -> str | None:
        """The billing code that the order's options name (CRD `ext-billing-options`).

        Of several, it is the one that is a known drug; otherwise it is not known which will be billed.
        """
        found: dict[str, Mapping[str, Any]] = {}
        for element in (self.found.resource, *(concept for concept, _ in self._concepts())):
            for option in extensions(element, "ext-billing-options"):
                concept = option.get("valueCodeableConcept")
                if (coding := option.get("valueCoding")) is not None:
                    concept = {"coding": [coding]}
                for one in codings(concept):
                    if is_hcpcs(one.system) or is_cpt(one.system):
                        code = (one.code or "").upper()
                        found.setdefault(code, {"system": one.system, "code": one.code})
        reference = self.reader.reference
        drugs = [code for code in found if reference is not None and code in reference.drugs]
        codes = drugs if len(drugs) == 1 else list(found)
        chosen = self._only_one(codes, "the extension ext-billing-options")
        self.billing = found.get(chosen or "")
        return chosen

    def _by_ndc(self, ndc: str | None, day: date | None) -> str | None:
        """The code that the product list gives for an NDC, but for those that are officially another
        drug's."""
        reference = self.reader.reference
        if ndc is None or reference is None:
            return None
        products = reference.products.get(normalize_code("ndc", ndc), ())
        codes = {
            code
            for product in (one.value for one in products if day is None or one.in_force(day))
            for code in product.codes
            if not reference.is_officially_another(code, product.ingredient, day)
        }
        return self._only_one(sorted(codes), f"the product list, for NDC {ndc},")

    def _only_one(self, codes: Sequence[str], what: str) -> str | None:
        if len(codes) > 1:
            message = f"{what} names {' and '.join(codes)}; it is not stated which is billed"
            hint = "give the HCPCS or CPT code in the code of what is ordered"
            self.form.report(self.found.path, "not-read", message, hint, severity="warning")
        return codes[0] if len(codes) == 1 else None

    def _concepts(self) -> Iterable[tuple[object, JsonPath]]:
        """What is ordered, by the elements in which the kinds of orders say it."""
        order = self.found.resource
        for key in ("code", "codeCodeableConcept", "medicationCodeableConcept", "serviceType"):
            for concept in objects(order.get(key)):
                yield concept, (key,)
        for key in ("medicationReference", "codeReference"):
            linked = self.reader.resources.find(order.get(key), self.found)
            if linked is not None:
                yield linked.resource.get("code") or linked.resource.get("type"), (key,)
        for key, inside in _WITHIN:
            for element in objects(order.get(key)):
                for concept in objects(element.get(inside)):
                    yield concept, (key,)

    def _answers(self) -> None:
        """Facts that were already answered: in every questionnaire's answers that came along."""
        vocabulary = self.reader.vocabulary
        if vocabulary is None:
            return
        facts: dict[str, Any] = {}
        for found in self.reader.resources.of("QuestionnaireResponse"):
            answers = read_answers(found.resource, vocabulary, found.path)
            for fault in answers.faults:  # a draft order is not refused for an old form
                self.form.report(*fault._replace(severity="warning"))
            for (line, name), value in answers.facts.items():
                if line is not None:  # of a claim with several services, which an order is not
                    message = f"`{name}` is answered for line {line} of a claim; it is not read"
                    self.form.report(found.path, "not-read", message, severity="warning")
                    continue
                if name in facts and facts[name] != value:
                    message = f"`{name}` is answered in two ways; it is taken as not known"
                    self.form.report(found.path, "contradiction", message, severity="warning")
                    facts[name] = None
                facts.setdefault(name, value)
        kept = {name: value for name, value in facts.items() if value is not None}
        if kept:
            self.form.values["facts"] = kept


def _when(order: Mapping[str, Any]) -> object:
    """The days on which an order is to be carried out; when it was written says nothing of that."""
    found = choice(order, "occurrence")
    if found is not None:
        value = found[1]
        repeat = as_element(as_element(value).get("repeat"))
        return repeat.get("boundsPeriod") or value
    return as_element(order.get("dispenseRequest")).get("validityPeriod") or order.get("start")


def _billing(concept: object, code: object) -> Mapping[str, Any] | None:
    for one in codings(concept):
        if (is_hcpcs(one.system) or is_cpt(one.system)) and (one.code or "").upper() == code:
            return {"system": one.system, "code": one.code}
    return None


def _patient(resources: Resources, patient_id: str | None) -> Located | None:
    patients = resources.of("Patient")
    for found in patients:
        if text_of(found.resource.get("id")) == patient_id:
            return found
    return patients[0] if len(patients) == 1 else None
