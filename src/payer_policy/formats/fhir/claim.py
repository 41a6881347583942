"""FHIR R4 `Claim` to requests: alone, in a bundle of any type, or in the `Parameters` of a call.

The claim itself must be a `Claim` of FHIR R4. Of what it refers to, only what is read must be
right; the rest is a warning. Where FHIR says a fact otherwise than X12, X12's meaning is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, given_bytes
from payer_policy.core.json_source import JsonDocument, JsonPath, too_long_list
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.fhir.answers import Answers, Key, read_answers
from payer_policy.formats.fhir.form import Form, as_element, place_of, problem_at, read_limited
from payer_policy.formats.fhir.lines import (
    Days,
    ItemReader,
    Named,
    is_cancelled,
    put_diagnoses,
    refuse_unknown_modifiers,
)
from payer_policy.formats.fhir.model import Asked, AskedItem, Submission, Use
from payer_policy.formats.fhir.models import INSTALL, FhirUnavailable, faults, is_sound
from payer_policy.formats.fhir.parties import Parties
from payer_policy.formats.fhir.resources import Located, Resources
from payer_policy.formats.fhir.values import (
    choice,
    codings,
    extensions,
    identifiers,
    objects,
    span_of,
    text_of,
    url_of,
)
from payer_policy.formats.intake import Intake, guarded, printable, refused, remark_duplicates
from payer_policy.formats.x12.claim_lines import narrative
from payer_policy.formats.x12.values import LEVELS_OF_SERVICE
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.checking import too_many_lines
from payer_policy.request.models import MAX_LINES

MAX_BYTES: Final = 8_000_000
"""A bundle with its attachments. What is larger is refused unread."""
_REPLACES: Final = frozenset({"prior", "replaces", "replaced", "replacement"})
_USES: Final[tuple[Use, ...]] = ("claim", "preauthorization", "predetermination")
_PRIORITIES: Final = {"stat": True, "normal": False, "deferred": False}
_MESSAGE: Final = "freeFormMessage"
"""The category of a text for people among the supporting information (PAS)."""
_LEVEL_OF_SERVICE: Final = "extension-levelOfServiceCode"
_READ: Final = ("Coverage", "Patient", "Organization", "Practitioner", "PractitionerRole")
"""The resources that a claim is read with; a fault in one is a warning."""


def read_submissions(
    data: bytes,
    file: str,
    vocabulary: Vocabulary | None = None,
    reference: ReferenceData | None = None,
) -> list[Submission]:
    """Every `Claim` of a FHIR document, in its order; one without a request where there is none.

    Never raises for any bytes. Without a vocabulary the answers of questionnaires cannot be read as
    facts, and a warning says so. With `reference` the payer is found by any of its identifiers.

    Raises:
        PolicyError: `data` is not `bytes` (a text or a path, say).
    """
    document = read_document(data, file)
    if isinstance(document, Diagnostic):
        return [Submission(refused(document), Asked())]
    return submissions_of(document, vocabulary, reference)


def read_document(data: bytes, file: str) -> JsonDocument | Diagnostic:
    """A FHIR document as JSON, or why it cannot be read."""
    given_bytes(data, file)
    try:
        document = read_limited(data, file, MAX_BYTES, "document")
    except PolicyError as error:
        return error.diagnostics[0]
    if not isinstance(document.value, dict) or not text_of(document.value.get("resourceType")):
        message = "this is not a FHIR resource: an object with `resourceType` was expected"
        return problem_at(document, "wrong-format", message, ())
    return too_long_list(document) or document


def submissions_of(
    document: JsonDocument,
    vocabulary: Vocabulary | None = None,
    reference: ReferenceData | None = None,
) -> list[Submission]:
    """As `read_submissions`, for a document that is read already."""
    resources = Resources((document.value, ()))
    claims = _asked(resources)
    if not claims:
        kinds = list(dict.fromkeys(found.kind for found in resources.all))
        listed = ", ".join(kind[:40] for kind in kinds[:8]) or "nothing"
        message = f"found {listed}; a Claim, or a Bundle with one, was expected"
        return [Submission(refused(problem_at(document, "wrong-format", message, ())), Asked())]
    made = [_submission(document, resources, one, vocabulary, reference) for one in claims]
    kept = remark_duplicates(one.intake for one in made)
    bundled = document.value["resourceType"] == "Bundle"
    return [Submission(intake, one.asked, bundled) for intake, one in zip(kept, made, strict=True)]


def _asked(resources: Resources) -> list[Located]:
    """The claims of a document without those that another one only refers back to."""
    claims = resources.of("Claim")
    earlier = [
        resources.find(one.get("claim"), claim)
        for claim in claims
        for one in objects(claim.resource.get("related"))
    ]
    kept = [one for one in claims if not any(one is found for found in earlier)]
    return kept or claims  # two that refer to one another are both asked


def _submission(
    document: JsonDocument,
    resources: Resources,
    claim: Located,
    vocabulary: Vocabulary | None,
    reference: ReferenceData | None,
) -> Submission:
    given = identifiers(claim.resource)
    number = text_of(given[0].get("value")) if given else text_of(claim.resource.get("id"))
    claim_id = printable(number or "")
    place = place_of(document, claim.path)
    reader = _ClaimReader(document, resources, claim, claim_id, reference)
    intake = guarded(lambda: reader.intake(vocabulary, place), claim_id, place)
    return Submission(intake, reader.asked())


class _ClaimReader:
    def __init__(
        self,
        document: JsonDocument,
        resources: Resources,
        claim: Located,
        claim_id: str | None,
        reference: ReferenceData | None,
    ) -> None:
        self.form = Form(document, claim_id)
        self.document, self.resources, self.claim = document, resources, claim
        self.claim_id = claim_id
        self.parties = Parties(self.form, resources, claim, reference)
        self.items: list[AskedItem] = []
        self.broken: set[str] = set()
        """The elements of the claim that its model refuses; an answer does not echo them."""
        self.lines: list[dict[str, Any]] = []

    def intake(self, vocabulary: Vocabulary | None, place: Location) -> Intake:
        """The claim as an `Intake`."""
        form = self.form
        try:
            self._models()
        except FhirUnavailable:
            message = "this is FHIR, and what reads it is not installed"
            form.report(self.claim.path, "not-installed", message, INSTALL)
        self._head()
        self.parties.read()
        pointers = self._diagnoses()
        self._items(pointers)
        self._answers(vocabulary)
        request = None if form.wrong else form.request(self.lines, self.claim.path)
        found = tuple(sorted(form.problems, key=Diagnostic.sort_key))
        frequency = str(form.values.get("frequency", "1"))
        return Intake(self.claim_id, place, request, found, frequency, (self._locate,))

    def _locate(self, path: JsonPath) -> Location:
        return place_of(self.document, self.form.source(path, self.claim.path))

    def _models(self) -> None:
        """The claim held to its model; the other resources that are read, as warnings."""
        claim, report = self.claim, self.form.report
        for fault in faults(claim.resource):
            self.broken |= {str(fault.path[0])} if fault.path else claim.resource.keys()
            report((*claim.path, *fault.path), fault.code, fault.message, fault.hint)
        for found in self.resources.of(*_READ):
            for fault in faults(found.resource):
                where, message = (*found.path, *fault.path), f"{found.kind}: {fault.message}"
                report(where, fault.code, message, fault.hint, "warning")

    def _head(self) -> None:
        form, claim, here = self.form, self.claim.resource, self.claim.path
        use = claim.get("use")
        if use is not None and use not in _USES:
            message = f"`use` is {shown(use)}; one of {', '.join(_USES)} was expected"
            form.report((*here, "use"), "wrong-value", message)
        kind = "claim" if use == "claim" else "preauthorization"
        form.put(("kind",), kind, (*here, "use"))
        form.put(("id",), self.claim_id, (*here, "identifier"))
        refuse_unknown_modifiers(form, claim, here)
        if claim.get("status") in ("draft", "entered-in-error"):
            message = f"the claim's status is {claim['status']}; only an active claim is decided"
            form.report((*here, "status"), "wrong-value", message, "send it with status active")
        if self._cancelled():
            form.put(("frequency",), "8", (*here, "status"))
        if kind == "preauthorization":
            self._urgency()
        messages = [
            (text, (*here, "supportingInfo", index, "valueString"))
            for index, one in enumerate(objects(claim.get("supportingInfo")))
            if _MESSAGE in {coding.code for coding in codings(one.get("category"))}
            if (text := text_of(one.get("valueString")))
        ]
        if messages:
            text = narrative(message for message, _ in messages)
            form.put(("description",), text, messages[0][1])
        for index, one in enumerate(objects(claim.get("related"))):
            if not _REPLACES & {coding.code for coding in codings(one.get("relationship"))}:
                continue
            linked = self.resources.find(one.get("claim"), self.claim)
            ids: list[object] = [*identifiers(linked.resource)] if linked else []
            ids += [as_element(one.get("claim")).get("identifier"), one.get("reference")]
            numbers = (text_of(as_element(each).get("value")) for each in ids)
            from_url = (url_of(one.get("claim")) or "").rpartition("/")[2] or None
            where = (*here, "related", index)
            form.put(("original_id",), next(filter(None, numbers), from_url), where)
            if not self._cancelled():
                form.put(("frequency",), "7", where)

    def _urgency(self) -> None:
        """Whether an answer is asked for sooner than usual: by the level of service that PAS adds to a
        claim (UM06 of X12), else by the priority, which every claim must have."""
        claim, here = self.claim.resource, self.claim.path
        for one in extensions(claim, _LEVEL_OF_SERVICE):
            code = next((found.code for found in codings(one.get("valueCodeableConcept"))), None)
            if code in LEVELS_OF_SERVICE:
                self.form.put(("expedited",), LEVELS_OF_SERVICE[code], (*here, "extension"))
                return
            message = (
                f"the level of service {shown(code)} does not say whether the request is urgent"
            )
            known = f"those that do are {', '.join(LEVELS_OF_SERVICE)}"
            self.form.report((*here, "extension"), "not-read", message, known, "warning")
        priority = next((one.code for one in codings(claim.get("priority"))), None)
        self.form.put(("expedited",), _PRIORITIES.get(priority or ""), (*here, "priority"))

    def _cancelled(self) -> bool:
        claim = self.claim.resource
        return claim.get("status") == "cancelled" or is_cancelled(claim)

    def _diagnoses(self) -> dict[int, int] | None:
        """The diagnoses in the order of their sequence; each one's position by its sequence."""
        where = (*self.claim.path, "diagnosis")
        given = sorted(
            enumerate(objects(self.claim.resource.get("diagnosis"))),
            key=lambda pair: _sequence(pair[1], pair[0]),
        )
        concept, link = "diagnosisCodeableConcept", "diagnosisReference"
        named = [Named(one.get(concept), one.get(link), (*where, index)) for index, one in given]
        if not put_diagnoses(self.form, self.resources, self.claim, named):
            return None
        return {_sequence(one, index): position for position, (index, one) in enumerate(given, 1)}

    def _items(self, pointers: dict[int, int] | None) -> None:
        form, here = self.form, self.claim.path
        given = objects(self.claim.resource.get("item"))
        if len(given) > MAX_LINES:
            form.report((*here, "item"), *too_many_lines(len(given), MAX_LINES))
            return
        if not given:
            form.report((*here, "item"), "no-lines", "the claim has no item")
        reader = ItemReader(form, here, self._days(), pointers)
        for position, item in enumerate(given):
            line, asked = reader.read(item, position, len(self.lines))
            self.items.append(asked)
            if not asked.cancelled:  # nothing is asked about it any more, so it counts for nothing
                self.lines.append(line)
        facility = codings(self.claim.resource.get("subType"))
        kinds = reader.bill_types | {c.code or "" for c in facility if c.names_system("typeofbill")}
        if len(kinds) == 1:
            form.put(("bill_type",), next(iter(kinds)), here)

    def _days(self) -> Days:
        """The claim's own dates, which an item without any has too.

        On a claim for payment only where they are one day: of several, it is not stated which is an
        item's.
        """
        days = self._period()
        of_several = self.claim.resource.get("use") == "claim" and days[0] != days[1]
        return (None, None) if of_several else days

    def _period(self) -> Days:
        """The days of the patient event, else of a billable period."""
        for one in objects(self.claim.resource.get("supportingInfo")):
            is_event = "patientEvent" in {coding.code for coding in codings(one.get("category"))}
            if is_event and (found := choice(one, "timing")) is not None:
                return span_of(found[1])
        return span_of(as_element(self.claim.resource.get("billablePeriod")))

    def _answers(self, vocabulary: Vocabulary | None) -> None:
        """The facts of every questionnaire's answers, in the document or contained in the claim."""
        inside = objects(self.claim.resource.get("contained"))
        contained = [
            Located(one, (*self.claim.path, "contained", index))
            for index, one in enumerate(inside)
            if one.get("resourceType") == "QuestionnaireResponse"
        ]
        answers = Answers({}, {}, [])
        for found in [*self._responses(), *contained]:
            if vocabulary is None:
                message = "the answers of a questionnaire are not read without a vocabulary"
                self.form.report(found.path, "not-read", message, severity="warning")
            else:
                read_answers(found.resource, vocabulary, found.path, answers)
        for fault in answers.faults:
            self.form.report(*fault)
        for key, value in answers.facts.items():
            self._put_fact(key, value, answers.places[key])

    def _put_fact(self, key: Key, value: Any, where: JsonPath) -> None:
        """A fact for the whole claim, or for the line whose number was behind its name."""
        number, name = key
        if number is None:
            self.form.values.setdefault("facts", {})[name] = value
            self.form.sources["facts", name] = where
            return
        at = next((at for at, line in enumerate(self.lines) if line.get("number") == number), None)
        if at is None:
            message = f"`{name}` is answered for line {number}, and the claim has no such item"
            self.form.report((*where, "linkId"), "unknown-line", message)
            return
        self.lines[at].setdefault("facts", {})[name] = value
        self.form.sources["lines", at, "facts", name] = where

    def _responses(self) -> Iterator[Located]:
        """The responses that are about this claim: linked from it, or unlinked beside a sole claim."""
        linked = [
            self.resources.find(one.get("valueReference"), self.claim)
            for one in objects(self.claim.resource.get("supportingInfo"))
        ]
        others = len(self.resources.of("Claim")) > 1
        for found in self.resources.of("QuestionnaireResponse"):
            if any(one is found for one in linked) or not others:
                yield found

    def asked(self) -> Asked:
        """What an answer echoes."""
        parties = self.parties
        claim = {k: v for k, v in self.claim.resource.items() if k not in self.broken}
        items = self.items
        if "item" in self.broken:
            items = [replace(item, product=None, modifiers=(), trace=()) for item in self.items]
        use = claim.get("use")
        coverage = self.form.values.get("coverage", {})
        priority = next((one.code for one in codings(claim.get("priority"))), None)
        kind = claim.get("type")
        contained = parties.contained() if "contained" not in self.broken else ()
        names = {f"#{text_of(one.get('id'))}" for one in contained}
        return Asked(
            use=use if use in _USES else "preauthorization",
            reference=self.claim.url,
            claim_id=self.claim_id,
            identifiers=tuple(identifiers(claim)),
            type=kind if isinstance(kind, dict) else None,
            created=text_of(claim.get("created")),
            priority=priority,
            cancelled=self._cancelled(),
            patient=_reference(claim.get("patient"), names),
            insurer=_reference(claim.get("insurer"), names) or _reference(self._payor(), names),
            requestor=_reference(claim.get("provider"), names),
            member_id=coverage.get("member_id"),
            payer=coverage.get("payer"),
            changes=self.form.values.get("original_id"),
            authorization_number=self.form.values.get("authorization_number"),
            npis=tuple(parties.npis),
            items=tuple(items),
            contained=contained,
            resources=parties.entries(),
        )

    def _payor(self) -> Any:
        coverage = self.parties.coverage
        if coverage is None or not is_sound(coverage.resource):
            return None
        payors = objects(coverage.resource.get("payor"))
        return payors[0] if payors else None


def _sequence(element: Mapping[str, Any], index: int) -> int:
    given = element.get("sequence")
    return given if isinstance(given, int) and not isinstance(given, bool) else index + 1


def _reference(value: object, contained: Collection[str]) -> Mapping[str, Any] | None:
    """A Reference, unless it leads into the claim to what does not go along with the answer."""
    if not isinstance(value, dict):
        return None
    url = url_of(value)
    if url is not None and url.startswith("#") and url not in contained:
        return {"display": "contained in the claim"}
    return value
