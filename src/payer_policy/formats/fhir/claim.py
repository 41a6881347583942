"""FHIR R4 `Claim` to requests: alone, in a bundle of any type, or in the `Parameters` of a call.

The claim itself must be a `Claim` of FHIR R4. Of what it refers to, only what is read must be
right; the rest is a warning. Where FHIR says a fact otherwise than X12, X12's meaning is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Position, given_bytes
from payer_policy.core.json_source import (
    JsonDocument,
    JsonPath,
    decode_utf8,
    read_json,
    too_long_list,
)
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.fhir.answers import Key, read_answers
from payer_policy.formats.fhir.diagnoses import Named, put_diagnoses
from payer_policy.formats.fhir.form import Form, as_element, place_of, problem_at
from payer_policy.formats.fhir.lines import CANCELLED, Days, ItemReader, refuse_unknown_modifiers
from payer_policy.formats.fhir.model import Asked, AskedItem, Submission, Use
from payer_policy.formats.fhir.models import INSTALL, FhirUnavailable, faults, is_sound
from payer_policy.formats.fhir.parties import Parties
from payer_policy.formats.fhir.resources import Found, Resources
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
from payer_policy.formats.intake import Intake, guarded, refused, remark_duplicates
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.checking import too_many_lines
from payer_policy.request.models import MAX_LINES

MAX_BYTES: Final = 8_000_000
"""A bundle with its attachments. What is larger is refused unread."""
_REPLACES: Final = frozenset({"prior", "replaces", "replaced", "replacement"})
_USES: Final[tuple[Use, ...]] = ("claim", "preauthorization", "predetermination")
_READ: Final = ("Coverage", "Patient", "Organization", "Practitioner", "PractitionerRole")
"""The resources that a claim is read with; a fault in one is told, as a warning."""


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
        PolicyError: The data are no bytes (a text or a path, say).
    """
    document = read_document(data, file)
    if isinstance(document, Diagnostic):
        return [Submission(refused(document), Asked())]
    return submissions_of(document, vocabulary, reference)


def read_document(data: bytes, file: str) -> JsonDocument | Diagnostic:
    """A FHIR document as JSON, or why it cannot be read."""
    given_bytes(data, file)
    if len(data) > MAX_BYTES:
        message = f"the document is longer than {MAX_BYTES // 1_000_000} million bytes"
        return Diagnostic("too-large", message, Location(file, "$", Position(1, 1)))
    try:
        document = read_json(decode_utf8(data, file), file)
    except PolicyError as error:
        return error.diagnostics[0]
    if not isinstance(document.value, dict) or not text_of(document.value.get("resourceType")):
        message = "this is no FHIR resource: an object with `resourceType` was expected"
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


def _asked(resources: Resources) -> list[Found]:
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
    claim: Found,
    vocabulary: Vocabulary | None,
    reference: ReferenceData | None,
) -> Submission:
    given = identifiers(claim.resource)
    number = text_of(given[0].get("value")) if given else text_of(claim.resource.get("id"))
    claim_id = "".join(c if c.isprintable() else "?" for c in number) if number else None
    place = place_of(document, claim.path)
    reader = _ClaimReader(document, resources, claim, claim_id, reference)
    intake = guarded(lambda: reader.intake(vocabulary, place), claim_id, place)
    return Submission(intake, reader.asked())


class _ClaimReader:
    def __init__(
        self,
        document: JsonDocument,
        resources: Resources,
        claim: Found,
        claim_id: str | None,
        reference: ReferenceData | None,
    ) -> None:
        self.form = Form(document, claim_id)
        self.document, self.resources, self.claim = document, resources, claim
        self.claim_id = claim_id
        self.parties = Parties(self.form, resources, claim, reference)
        self.items: list[AskedItem] = []
        self.broken: frozenset[str] = frozenset()
        """The elements of the claim that its model refuses; an answer does not echo them."""
        self.lines: list[dict[str, Any]] = []

    def intake(self, vocabulary: Vocabulary | None, place: Location) -> Intake:
        """The claim as an `Intake`."""
        form = self.form
        try:
            self._models()
        except FhirUnavailable:
            message = "this is FHIR, and what reads it is not installed"
            form.say(self.claim.path, "not-installed", message, INSTALL)
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
        found_wrong = faults(self.claim.resource)
        self.broken = frozenset(str(fault.path[0]) for fault in found_wrong if fault.path)
        if any(not fault.path for fault in found_wrong):
            self.broken = frozenset(self.claim.resource)
        for fault in found_wrong:
            where = (*self.claim.path, *fault.path)
            self.form.say(where, fault.code, fault.message, fault.hint)
        for found in self.resources.of(*_READ):
            for fault in faults(found.resource):
                where = (*found.path, *fault.path)
                message = f"{found.kind}: {fault.message}"
                self.form.say(where, fault.code, message, fault.hint, warning=True)

    def _head(self) -> None:
        form, claim, here = self.form, self.claim.resource, self.claim.path
        use = claim.get("use")
        if use is not None and use not in _USES:
            message = f"`use` is {shown(use)}; one of {', '.join(_USES)} was expected"
            form.say((*here, "use"), "wrong-value", message)
        kind = "claim" if use == "claim" else "preauthorization"
        form.put(("kind",), kind, (*here, "use"))
        form.put(("id",), self.claim_id, (*here, "identifier"))
        refuse_unknown_modifiers(form, claim, here)
        if claim.get("status") in ("draft", "entered-in-error"):
            message = f"the claim's status is {claim['status']}; only an active claim is decided"
            form.say((*here, "status"), "wrong-value", message, "send it with status active")
        if self._cancelled():
            form.put(("frequency",), "8", (*here, "status"))
        for index, one in enumerate(objects(claim.get("related"))):
            if not _REPLACES & {coding.code for coding in codings(one.get("relationship"))}:
                continue
            linked = self.resources.find(one.get("claim"), self.claim)
            ids: list[Mapping[str, Any]] = [*identifiers(linked.resource)] if linked else []
            ids.append(as_element(as_element(one.get("claim")).get("identifier")))
            ids.append(as_element(one.get("reference")))
            original = next((v for i in ids if (v := text_of(i.get("value")))), None)
            url = url_of(one.get("claim")) or ""
            original = original or url.rpartition("/")[2] or None
            where = (*here, "related", index)
            form.put(("original_id",), original, where)
            if not self._cancelled():
                form.put(("frequency",), "7", where)

    def _cancelled(self) -> bool:
        claim = self.claim.resource
        flags = extensions({"extension": claim.get("modifierExtension")}, CANCELLED)
        return claim.get("status") == "cancelled" or any(
            one.get("valueBoolean") is True for one in flags
        )

    def _diagnoses(self) -> dict[int, int] | None:
        """The diagnoses in the order of their sequence; each one's position by its sequence."""
        where = (*self.claim.path, "diagnosis")
        given = sorted(
            enumerate(objects(self.claim.resource.get("diagnosis"))),
            key=lambda pair: _sequence(pair[1], pair[0]),
        )
        named = [
            Named(
                one.get("diagnosisCodeableConcept"),
                one.get("diagnosisReference"),
                (*where, index),
            )
            for index, one in given
        ]
        if not put_diagnoses(self.form, self.resources, self.claim, named):
            return None
        return {_sequence(one, index): position for position, (index, one) in enumerate(given, 1)}

    def _items(self, pointers: dict[int, int] | None) -> None:
        form, here = self.form, self.claim.path
        given = objects(self.claim.resource.get("item"))
        if len(given) > MAX_LINES:
            form.say((*here, "item"), *too_many_lines(len(given), MAX_LINES))
            return
        if not given:
            form.say((*here, "item"), "no-lines", "the claim has no item")
        reader = ItemReader(form, here, self._days(), pointers)
        for position, item in enumerate(given):
            line, asked = reader.read(item, position, len(self.lines))
            self.items.append(asked)
            if not asked.cancelled:  # nothing is asked about it any more, so it counts for nothing
                self.lines.append(line)
        kinds = {code for code, _ in reader.bill_types}
        facility = self.claim.resource.get("subType")
        kinds |= {
            one.code
            for one in codings(facility)
            if one.code and "typeofbill" in (one.system or "").casefold().replace("-", "")
        }
        if len(kinds) == 1:
            form.put(("bill_type",), next(iter(kinds)), here)

    def _days(self) -> Days:
        """The claim's own dates, which an item without any has too.

        On a claim for payment only where they are one day: of several, nobody says which is an
        item's.
        """
        first, last = self._period()
        of_several = self.claim.resource.get("use") == "claim" and first != last
        return (None, None) if of_several else (first, last)

    def _period(self) -> Days:
        """The days of the patient event, else of a billable period."""
        for one in objects(self.claim.resource.get("supportingInfo")):
            if "patientEvent" in {coding.code for coding in codings(one.get("category"))}:
                found = choice(one, "timing")
                if found is not None:
                    return span_of(found[1])
        period = self.claim.resource.get("billablePeriod")
        return span_of(period) if isinstance(period, dict) else (None, None)

    def _answers(self, vocabulary: Vocabulary | None) -> None:
        """The facts of every questionnaire's answers, in the document or contained in the claim."""
        inside = objects(self.claim.resource.get("contained"))
        contained = [
            Found(one, (*self.claim.path, "contained", index))
            for index, one in enumerate(inside)
            if one.get("resourceType") == "QuestionnaireResponse"
        ]
        facts: dict[Key, Any] = {}
        for found in [*self._responses(), *contained]:
            if vocabulary is None:
                message = (
                    "the answers of a questionnaire are not read, since no vocabulary of facts "
                )
                self.form.say(found.path, "not-read", message + "is at hand", warning=True)
                continue
            answers = read_answers(found.resource, vocabulary)
            for slip in answers.slips:
                where = (*found.path, *slip.path)
                self.form.say(where, slip.code, slip.message, slip.hint, warning=slip.warning)
            for key, value in answers.facts.items():
                where = (*found.path, *answers.places[key])
                if key in facts and facts[key] != value:
                    message = f"`{key[1]}` is answered {shown(value)} here, and "
                    message += f"{shown(facts[key])} in another questionnaire"
                    self.form.say(where, "contradiction", message, "leave one of the two")
                elif key not in facts:
                    facts[key] = value
                    self._put_fact(key, value, where)

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
            self.form.say((*where, "linkId"), "unknown-line", message)
            return
        self.lines[at].setdefault("facts", {})[name] = value
        self.form.sources["lines", at, "facts", name] = where

    def _responses(self) -> Iterator[Found]:
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
