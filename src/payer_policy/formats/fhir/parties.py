"""Who a FHIR claim is about and between: coverage, payer, member, patient and providers.

Only what is said is taken: a payer is an identifier of the payor's, a member number is the
coverage's `subscriberId` or an identifier of type `MB`, a provider is an NPI.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.fhir.form import Form, as_element
from payer_policy.formats.fhir.models import is_sound
from payer_policy.formats.fhir.resources import Found, Resources
from payer_policy.formats.fhir.values import (
    codings,
    identifiers,
    member_number,
    npi_of,
    objects,
    text_of,
    url_of,
)
from payer_policy.formats.x12.values import LINES_OF_BUSINESS
from payer_policy.policy.reference.data import ReferenceData

_RENDERING: Final = frozenset({"82", "SJ", "rendering", "performing", "primary"})
"""Roles of a care team member that gives the service: X12 98, and the codes of FHIR R4."""
LINE_OF_BUSINESS: Final = "urn:payer-policy:line-of-business"
"""The code system of our own names of lines of business, for `Coverage.type`."""


class Parties:
    """Reads the parties of one claim into a form."""

    def __init__(
        self, form: Form, resources: Resources, claim: Found, reference: ReferenceData | None
    ) -> None:
        self.form, self.resources, self.claim, self.reference = form, resources, claim, reference
        self.coverage: Found | None = None
        self.patient: Found | None = None
        self.insurer: Found | None = None
        self.requestor: Found | None = None
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
            # What others got wrong is not passed on in an answer of ours.
            own = found is not None and found.url and found.container is None
            if found is not None and own and is_sound(found.resource):
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
                self.form.say(where, "not-read", message, None, warning=True)
            else:
                self.form.put(("patient", "birth_date"), born, where)

    def _insurance(self) -> None:
        """The focal coverage; of several, the one that says so."""
        given = objects(self.claim.resource.get("insurance"))
        where: JsonPath = (*self.claim.path, "insurance")
        focal = [one for one in given if one.get("focal") is True] or given
        if len(focal) > 1:
            message = f"found {len(focal)} insurances, and nothing says which one is asked"
            self.form.say(where, "contradiction", message, "set `focal` of that one alone to true")
            return
        if not focal:
            return
        self._authorization(focal[0], (*where, given.index(focal[0])))
        link = focal[0].get("coverage")
        self.coverage = self.resources.find(link, self.claim)
        if self.coverage is None:
            if url_of(link):
                message = (
                    f"the coverage {shown(url_of(link))} is not among what was sent, so member"
                )
                message += " and plan are not known"
                self.form.say((*where, given.index(focal[0])), "not-sent", message, warning=True)
            return
        self.read_coverage(self.coverage)

    def read_coverage(self, coverage: Found) -> None:
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
        numbers = (
            list(dict.fromkeys(filter(None, map(text_of, given))))
            if isinstance(given, list)
            else []
        )
        if len(numbers) == 1:
            self.form.put(("authorization_number",), numbers[0], (*where, "preAuthRef"))
        elif numbers:
            message = (
                f"found {len(numbers)} authorization numbers; a request carries one, so none is"
            )
            message += " taken"
            self.form.say((*where, "preAuthRef"), "not-read", message, warning=True)

    def _payer(self) -> None:
        """The payer: of the coverage's payor, or else of the claim's insurer."""
        self.insurer = self.resources.find(self.claim.resource.get("insurer"), self.claim)
        coverage = self.coverage
        links: list[tuple[Any, Found]] = []
        if coverage is not None:
            links += [(one, coverage) for one in objects(coverage.resource.get("payor"))]
        links.append((self.claim.resource.get("insurer"), self.claim))
        self.put_payer(links)

    def put_payer(self, links: list[tuple[Any, Found]]) -> None:
        """The first payer that some references name and that is known here; else the first."""
        named: list[tuple[str, JsonPath]] = []
        for link, origin in links:
            found = self.resources.find(link, origin)
            if found is not None and found.kind != "Organization":
                continue  # who pays for himself is no payer with policies
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
        team = objects(claim.resource.get("careTeam"))
        rendering = [one for one in team if _RENDERING & {c.code for c in codings(one.get("role"))}]
        if not rendering and len(team) == 1 and not codings(team[0].get("role")):
            rendering = team
        npis = list(
            dict.fromkeys(npi for one in rendering if (npi := self.npi(one.get("provider"), claim)))
        )
        if len(npis) == 1:
            self.form.put(("provider", "rendering_npi"), npis[0], (*claim.path, "careTeam"))
        elif npis:
            message = "the care team names several rendering providers; taken as not known"
            where = (*claim.path, "careTeam")
            self.form.say(where, "several-rendering", message, None, warning=True)
        every = [billing, *(self.npi(one.get("provider"), claim) for one in team)]
        self.npis = list(dict.fromkeys(npi for npi in every if npi))

    def npi(self, reference: object, origin: Found) -> str | None:
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
