"""Who a FHIR claim is about and between: coverage, payer, member, patient and providers.

Only what is said is taken: a payer is an identifier of the payor's, a member number is the
coverage's `subscriberId` or an identifier of type `MB`, a provider is an NPI.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.codes import malformed
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.fhir.form import Form, as_element
from payer_policy.formats.fhir.models import is_sound
from payer_policy.formats.fhir.other_payers import read_answer
from payer_policy.formats.fhir.resources import Located, Resources
from payer_policy.formats.fhir.values import (
    codings,
    identifiers,
    is_taxonomy,
    member_number,
    npi_of,
    objects,
    tax_number_of,
    text_of,
    url_of,
)
from payer_policy.formats.x12.values import LINES_OF_BUSINESS
from payer_policy.policy.reference.data import ReferenceData

_RENDERING: Final = frozenset({"82", "SJ", "rendering", "performing", "primary"})
"""Roles of a care team member that gives the service: X12 98, and the codes of FHIR R4."""
PAYERS: Final = "other_payers"
_RANKS: Final = {1: "primary", 2: "secondary", 3: "tertiary"}
"""What `Coverage.order` says, or the sequence of the insurances, which is the order of payers too."""
LINE_OF_BUSINESS: Final = "urn:payer-policy:line-of-business"
"""The code system of this product's names of lines of business, for `Coverage.type`."""


class Parties:
    """Reads the parties of one claim into a form."""

    def __init__(
        self, form: Form, resources: Resources, claim: Located, reference: ReferenceData | None
    ) -> None:
        self.form, self.resources, self.claim, self.reference = form, resources, claim, reference
        self.coverage: Located | None = None
        self.patient: Located | None = None
        self.insurer: Located | None = None
        self.requestor: Located | None = None
        self.npis: list[str] = []

    def read(self) -> None:
        """Everything that the request and an answer need of them."""
        self._patient()
        self._insurance()
        self._payer()
        self._providers()

    def entries(self) -> tuple[dict[str, Any], ...]:
        """Patient, insurer and requestor as entries of a bundle, each once."""
        out: dict[JsonPath, dict[str, Any]] = {}
        for found in (self.patient, self.insurer, self.requestor):
            # What others got wrong is not passed on in an answer.
            if (
                found is not None
                and found.url
                and found.container is None
                and is_sound(found.resource)
            ):
                out[found.path] = {"fullUrl": found.url, "resource": dict(found.resource)}
        return tuple(out.values())

    def contained(self) -> tuple[dict[str, Any], ...]:
        """Patient, insurer and requestor where they are contained, each once."""
        out = {
            found.path: dict(found.resource)
            for found in (self.patient, self.insurer, self.requestor)
            if found is not None and found.container is not None and is_sound(found.resource)
        }
        return tuple(out.values())

    def _patient(self) -> None:
        self.patient = found = self.resources.find(self.claim.resource.get("patient"), self.claim)
        if found is not None:
            born = text_of(found.resource.get("birthDate"))
            where = (*found.path, "birthDate")
            if born is not None and len(born) < len("2000-01-01"):
                message = f"the birth date {shown(born)} is not a whole day; taken as not known"
                self.form.report(where, "not-read", message, severity="warning")
            else:
                self.form.put(("patient", "birth_date"), born, where)

    def _insurance(self) -> None:
        """The focal coverage; of several, the one that says so."""
        given = objects(self.claim.resource.get("insurance"))
        where: JsonPath = (*self.claim.path, "insurance")
        focal = [one for one in given if one.get("focal") is True] or given
        if len(focal) > 1:
            message = f"found {len(focal)} insurances, and nothing says which one is asked"
            self.form.report(where, "contradiction", message, "set `focal` of one of them to true")
            return
        if not focal:
            return
        self._other_payers(given, focal[0], where)
        where = (*where, given.index(focal[0]))
        self._authorization(focal[0], where)
        link = focal[0].get("coverage")
        self.coverage = self.resources.find(link, self.claim)
        if self.coverage is None:
            if url_of(link):
                message = f"the coverage {shown(url_of(link))} was not sent; its plan is unknown"
                self.form.report(where, "not-sent", message, severity="warning")
            return
        self.read_coverage(self.coverage)

    def _other_payers(
        self, given: Sequence[Mapping[str, Any]], asked: Mapping[str, Any], where: JsonPath
    ) -> None:
        """The payers of the other insurances. A claim for payment names all there are."""
        others = [(one, (*where, at)) for at, one in enumerate(given) if one is not asked]
        if others or self.claim.resource.get("use") == "claim":
            rows = [self._other_payer(at, *one) for at, one in enumerate(others)]
            self.form.put((PAYERS,), rows, where)

    def _other_payer(
        self, at: int, insurance: Mapping[str, Any], where: JsonPath
    ) -> dict[str, Any]:
        """One other payer: who it is, and what its answer to the claim says if that was sent."""
        row: dict[str, Any] = {}

        def put(name: str, value: object, said_at: JsonPath) -> None:
            if value is not None:
                row[name] = value
                self.form.sources[PAYERS, at, name] = said_at

        link = insurance.get("coverage")
        coverage = self.resources.find(link, self.claim)
        order = insurance.get("sequence")
        if coverage is None:
            message = f"the coverage {shown(url_of(link))} was not sent; its payer is unknown"
            self.form.report(where, "not-sent", message, severity="warning")
        else:
            order = coverage.resource.get("order", order)
            for payor in objects(coverage.resource.get("payor"))[:1]:
                number, name, said_at = self._payer_named(payor, coverage)
                put("payer", number, said_at)
                put("payer_name", name, said_at)
        put("rank", _RANKS.get(order) if type(order) is int else None, where)
        answer = insurance.get("claimResponse")
        found = self.resources.find(answer, self.claim)
        if found is not None:
            answered = read_answer(found.resource)
            for name, value in answered.items():
                put(name, value, found.path)
        elif url_of(answer):
            message = f"the answer {shown(url_of(answer))} of the other payer was not sent"
            self.form.report(where, "not-sent", message, severity="warning")
        return row

    def _payer_named(
        self, link: Mapping[str, Any], origin: Located
    ) -> tuple[str | None, str | None, JsonPath]:
        """The identifier and the name of a payer, and where they are stated."""
        found = self.resources.find(link, origin)
        if found is None:
            logical = as_element(link.get("identifier"))
            return text_of(logical.get("value")), text_of(link.get("display")), origin.path
        numbers = identifiers(found.resource)
        number = text_of(numbers[0].get("value")) if numbers else None
        return number, text_of(found.resource.get("name")), found.path

    def read_coverage(self, coverage: Located) -> None:
        """Member, plan and line of business of a coverage."""
        form, resource = self.form, coverage.resource
        member, where = text_of(resource.get("subscriberId")), (*coverage.path, "subscriberId")
        if member is None:
            member, where = member_number(resource), (*coverage.path, "identifier")
        beneficiary = self.resources.find(resource.get("beneficiary"), coverage) or self.patient
        if member is None and beneficiary is not None:
            member, where = member_number(beneficiary.resource), (*beneficiary.path, "identifier")
        form.put(("coverage", "member_id"), member, where)
        classes: dict[str, str] = {}
        for one in objects(resource.get("class")):
            for coding in codings(one.get("type")):
                value = text_of(one.get("value"))
                if value and coding.code:
                    classes.setdefault(coding.code, value)
        plan = classes.get("plan") or classes.get("group")
        form.put(("coverage", "plan"), plan, (*coverage.path, "class"))
        for coding in codings(resource.get("type")):
            code, system = coding.code or "", coding.system or ""
            business = code if system == LINE_OF_BUSINESS else None
            if system.rstrip("/").endswith("/1032"):  # claim filing indicator codes of X12
                business = LINES_OF_BUSINESS.get(code.upper())
            form.put(("coverage", "line_of_business"), business, (*coverage.path, "type"))

    def _authorization(self, insurance: Mapping[str, Any], where: JsonPath) -> None:
        given = insurance.get("preAuthRef")
        listed = given if isinstance(given, list) else []
        numbers = list(dict.fromkeys(filter(None, map(text_of, listed))))
        if len(numbers) == 1:
            self.form.put(("authorization_number",), numbers[0], (*where, "preAuthRef"))
        elif numbers:
            message = f"found {len(numbers)} authorization numbers instead of one; none is read"
            self.form.report((*where, "preAuthRef"), "not-read", message, severity="warning")

    def _payer(self) -> None:
        """The payer: of the coverage's payor, or else of the claim's insurer."""
        self.insurer = self.resources.find(self.claim.resource.get("insurer"), self.claim)
        coverage = self.coverage
        links: list[tuple[Any, Located]] = []
        if coverage is not None:
            links += [(one, coverage) for one in objects(coverage.resource.get("payor"))]
        links.append((self.claim.resource.get("insurer"), self.claim))
        self.put_payer(links)

    def put_payer(self, links: list[tuple[Any, Located]]) -> None:
        """The first payer that some references name and that is known here; else the first."""
        named: list[tuple[str, JsonPath]] = []
        for link, origin in links:
            found = self.resources.find(link, origin)
            if found is not None and found.kind != "Organization":
                continue  # a person who pays has no policies
            if found is not None:
                self.insurer = self.insurer or found
                name = text_of(found.resource.get("name"))
                if "payer_name" not in self.form.values.get("coverage", {}):
                    self.form.put(("coverage", "payer_name"), name, (*found.path, "name"))
                numbers = [text_of(one.get("value")) for one in identifiers(found.resource)]
                named += [(one, (*found.path, "identifier")) for one in numbers if one]
            elif text_of(as_element(as_element(link).get("identifier")).get("value")):
                named.append((link["identifier"]["value"].strip(), origin.path))
            elif url := url_of(link):
                # Not sent along: its address may still be a payer that is known by it.
                named.append((url.rpartition("/")[2], origin.path))
        reference = self.reference
        known = [one for one in named if reference is not None and reference.payer_of(one[0], None)]
        for identifier, where in (known or named)[:1]:
            self.form.put(("coverage", "payer"), identifier, where)

    def _providers(self) -> None:
        claim = self.claim
        self.requestor = self.resources.find(claim.resource.get("provider"), claim)
        billing = self.npi(claim.resource.get("provider"), claim)
        self.form.put(("provider", "billing_npi"), billing, (*claim.path, "provider"))
        self._tax_number(self._known_of(claim.resource.get("provider")))
        self.read_specialty("billing_specialty", claim.resource.get("provider"))
        team = objects(claim.resource.get("careTeam"))
        rendering = [one for one in team if _RENDERING & {c.code for c in codings(one.get("role"))}]
        if not rendering and len(team) == 1 and not codings(team[0].get("role")):
            rendering = team
        npis = self._npis(rendering)
        if len(npis) == 1:
            self.form.put(("provider", "rendering_npi"), npis[0], (*claim.path, "careTeam"))
            self._rendering_specialty(team, rendering)
        elif npis:
            message = "the care team names several rendering providers; taken as not known"
            where = (*claim.path, "careTeam")
            self.form.report(where, "several-rendering", message, severity="warning")
        self.npis = self._npis([claim.resource, *team])

    def _rendering_specialty(
        self, team: Sequence[Mapping[str, Any]], members: Sequence[Mapping[str, Any]]
    ) -> None:
        """What the rendering provider does: by the care team, else by the provider's own resources."""
        said = [
            (one.get("qualification"), (*self.claim.path, "careTeam", at, "qualification"))
            for at, one in enumerate(team)
            if one in members
        ]
        if not self._put_specialty("rendering_specialty", said):
            for one in members:
                self.read_specialty("rendering_specialty", one.get("provider"))

    def _known_of(self, reference: object) -> list[Located]:
        """What was sent of a provider: the resource, and what is behind a role."""
        found = self.resources.find(reference, self.claim)
        if found is None or found.kind != "PractitionerRole":
            return [] if found is None else [found]
        links = (found.resource.get(key) for key in ("practitioner", "organization"))
        behind = (self.resources.find(link, found) for link in links)
        return [found, *(one for one in behind if one is not None)]

    def _tax_number(self, known: Sequence[Located]) -> None:
        for found in known:
            identifier = tax_number_of(found.resource)
            if identifier is None:
                continue
            number, where = text_of(identifier.get("value")) or "", (*found.path, "identifier")
            if (wrong := malformed("tin", number)) is None:
                self.form.put(("provider", "billing_tin"), number, where)
            else:
                message = f"found the tax number {shown(number)}; {wrong[0]}; taken as not known"
                self.form.report(where, "not-read", message, wrong[1], "warning")
            return

    def read_specialty(self, name: str, reference: object) -> None:
        """The specialty of a provider, by its role, else by the person or the organization behind it.

        Args:
            name: The field of the request's provider.
            reference: The reference to the provider.
        """
        for found in self._known_of(reference):
            said: list[tuple[object, JsonPath]] = [
                (one, (*found.path, "specialty"))
                for one in objects(found.resource.get("specialty"))
            ]
            said += [
                (one.get("code"), (*found.path, "qualification"))
                for one in objects(found.resource.get("qualification"))
            ]
            if self._put_specialty(name, said):
                return

    def _put_specialty(self, name: str, said: Sequence[tuple[object, JsonPath]]) -> bool:
        """Set the one specialty that some concepts say; whether they say any."""
        coded = [(one, where) for concept, where in said for one in codings(concept)]
        codes = {(one.code or "").upper(): where for one, where in coded if is_taxonomy(one)}
        sound = [code for code in codes if malformed("taxonomy", code) is None]
        if len(codes) == len(sound) == 1:
            self.form.put(("provider", name), sound[0], codes[sound[0]])
        elif codes:
            what = " and ".join(map(shown, codes))
            message = (
                f"found the specialty {what}; one taxonomy code was expected; taken as not known"
            )
            self.form.report(next(iter(codes.values())), "not-read", message, severity="warning")
        return bool(codes)

    def _npis(self, elements: Sequence[Mapping[str, Any]]) -> list[str]:
        """The NPIs of the providers that some elements refer to, each once."""
        found = (self.npi(one.get("provider"), self.claim) for one in elements)
        return list(dict.fromkeys(npi for npi in found if npi))

    def npi(self, reference: object, origin: Located) -> str | None:
        """The NPI of a provider, through its role where it is one."""
        found = self.resources.find(reference, origin)
        if found is None:
            logical = as_element(reference).get("identifier")
            return npi_of({"identifier": [logical]}) if isinstance(logical, dict) else None
        own = npi_of(found.resource)
        if own is None and found.kind == "PractitionerRole":
            for key in ("practitioner", "organization"):
                behind = self.resources.find(found.resource.get(key), found)
                if behind is not None and (own := npi_of(behind.resource)):
                    break
        return own
