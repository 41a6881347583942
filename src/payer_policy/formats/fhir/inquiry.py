"""`Claim/$inquire`: which stored answers an inquiry asks for, and the bundle that gives them.

An answer is given only where member and provider agree, and everything else that the inquiry says
agrees as well: no one is shown another member's answer or another provider's, and an inquiry that does
not name both is answered with none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats.fhir.claim import read_submissions
from payer_policy.formats.fhir.claim_response import claim_response
from payer_policy.formats.fhir.model import Asked, AskedItem
from payer_policy.formats.fhir.models import checked
from payer_policy.formats.fhir.outcomes import operation_outcome
from payer_policy.formats.fhir.values import text_of
from payer_policy.formats.review import ReviewRules, certification_number

_SILENT: Final = frozenset({"no-lines", "missing-key", "not-installed"})
"""An inquiry need not be a whole claim."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What an inquiry says. `diagnostics` with an error: it could not be read."""

    asked: Asked
    """What the inquiry names: member, provider, codes, days."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What is wrong with it."""

    @property
    def refused(self) -> bool:
        """Whether it could not be read."""
        return any(problem.severity == "error" for problem in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it was stored: what was asked, the outcome's JSON, when, and its number."""

    asked: Asked
    """What was asked, as it was read then."""
    outcome: Mapping[str, Any]
    """The answer, as `Outcome.to_json()` gave it."""
    created: str
    """When it was answered, as FHIR's dateTime."""
    number: str | None = None
    """The number that the payer gave it; None: the one that is made of the request."""


def read_inquiry(data: bytes, file: str) -> Inquiry:
    """The inquiry in a `Claim`, or in a bundle with one. Never raises for any bytes."""
    submissions = read_submissions(data, file)
    first = submissions[0]
    found = tuple(problem for problem in first.intake.diagnostics if problem.code not in _SILENT)
    if len(submissions) > 1:
        message = f"found {len(submissions)} claims; an inquiry has one"
        place = submissions[1].intake.place
        found += (Diagnostic("contradiction", message, place),)
    if not any(one.severity == "error" for one in found):
        lacking = ""
        if first.asked.member_id is None:
            lacking = "whose answer it asks for: found no member number"
            hint = "give `Coverage.subscriberId`, or an identifier of type MB of the patient"
        elif not first.asked.npis:
            lacking = "which provider asks: found no NPI"
            hint = "give the provider's NPI as an identifier, or in `Claim.provider.identifier`"
        if lacking:
            message = f"the inquiry does not say {lacking}"
            found += (Diagnostic("missing-element", message, first.intake.place, hint),)
    return Inquiry(first.asked, found)


def matches(inquiry: Inquiry, stored: Stored) -> bool:
    """Whether a stored answer is one that the inquiry asks for.

    The member agrees and one of the providers, and so does whatever else is said: the payer, one of the
    claim's identifiers, the certification number, every code, and a day in common.
    """
    asked, other = inquiry.asked, stored.asked
    if inquiry.refused or asked.member_id is None or asked.member_id != other.member_id:
        return False
    if asked.payer is not None and asked.payer != other.payer:
        return False
    if not set(asked.npis) & set(other.npis):
        return False
    if asked.identifiers and not _keys(asked) & _keys(other):
        return False
    of_claim = other.claim_id, other.payer, other.member_id
    own = stored.number or certification_number(stored.outcome, *of_claim)
    if asked.authorization_number not in (None, own):
        return False
    # An item may name the number that was given, or the one that it named when it was sent.
    numbers = {own, *(item.authorization_number for item in other.items)}
    if not {item.authorization_number for item in asked.items} <= {None, *numbers}:
        return False
    codes = {item.code for item in asked.items if item.code}
    if not codes <= {item.code for item in other.items}:
        return False
    dated = [item for item in asked.items if item.first_day or item.last_day]
    return all(any(_overlap(item, one) for one in other.items) for item in dated)


def inquiry_response(
    inquiry: Inquiry,
    stored: Iterable[Stored],
    *,
    rules: ReviewRules,
    created: str | None = None,
) -> dict[str, Any]:
    """The bundle that answers an inquiry: a `ClaimResponse` for each stored answer that it asks for.

    Where there is none, or the inquiry could not be read, an `OperationOutcome` says so; it says
    the same whether there is no answer or only other members' ones.
    """
    entries = []
    for one in stored:
        if matches(inquiry, one):
            response = claim_response(
                one.outcome, one.asked, created=one.created, number=one.number, rules=rules
            )
            entries.append({"resource": response})
    if not entries:
        entries.append({"resource": _nothing(inquiry)})
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
    if created and "T" in created:
        bundle["timestamp"] = created
    return checked({**bundle, "entry": entries})


def _nothing(inquiry: Inquiry) -> dict[str, Any]:
    if inquiry.refused:
        return operation_outcome(inquiry.diagnostics)
    text = "No answer was found that agrees with everything that the inquiry says."
    issue = {"severity": "information", "code": "not-found", "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _keys(asked: Asked) -> set[tuple[str | None, str | None]]:
    return {(text_of(i.get("system")), text_of(i.get("value"))) for i in asked.identifiers}


def _overlap(one: AskedItem, other: AskedItem) -> bool:
    """Whether the days of two items have one in common; an open end is open. ISO days sort as text."""
    if not (other.first_day or other.last_day):
        return False
    return not any(
        end and start and end < start
        for end, start in ((other.last_day, one.first_day), (one.last_day, other.first_day))
    )
