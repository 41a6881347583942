"""An outcome as a FHIR R4 `ClaimResponse`, as Da Vinci PAS has it, and the bundle it is sent in.

Made from the outcome's JSON document and from what was asked (`Asked`), and held to its model before
it leaves. Nothing here reads a clock: `created` is passed in, or is the claim's own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from payer_policy.core.diagnostics import Diagnostic, PayerPolicyError
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.fhir.model import Asked, AskedItem
from payer_policy.formats.fhir.models import checked, exact_json
from payer_policy.formats.fhir.questionnaire import questionnaire
from payer_policy.formats.fhir.systems import (
    ACTIONS,
    ADJUDICATION,
    ALLOWED,
    CARC,
    PAS,
    PROBLEMS,
    RARC,
    REVIEW_ACTION,
    REVIEW_ACTION_CODE,
    action,
    concept,
)
from payer_policy.formats.review import (
    CERTIFIED,
    LineReview,
    ReviewRules,
    certification_number,
    exact_units,
    line_reviews,
)

_NOT_SAID = {"display": "not said"}


class NotDated(PayerPolicyError, ValueError):
    """An answer needs the time when it was made, and neither the claim nor the caller says one."""


def claim_response(
    outcome: Mapping[str, Any],
    asked: Asked,
    *,
    created: str | None = None,
    number: str | None = None,
    rules: ReviewRules,
    warnings: Iterable[Diagnostic] = (),
) -> dict[str, Any]:
    """The answer to one claim.

    Args:
        outcome: `Outcome.to_json()`, also from a store.
        asked: What the claim asked (`Submission.asked`).
        created: The dateTime of the answer; the claim's own where left out.
        number: The certification number; made from claim and policies where left out, so that the
            same request under the same policies has the same number.
        rules: What the standards leave to the payer.
        warnings: What reading the claim warned of; each becomes a note.

    Raises:
        NotDated: Neither the claim nor the caller says when.
        FhirUnavailable: `fhir.resources` is not installed.
    """
    reviews = line_reviews(outcome, rules)
    items = asked.items or tuple(AskedItem(one, reviews[one].code) for one in reviews)
    answers = [_answer(item, asked, reviews.get(item.sequence)) for item in items]
    certified = any(one.action in CERTIFIED for one in answers)
    if not certified or asked.use != "preauthorization":
        number = None
    elif number is None:
        # A certification that was changed keeps its number.
        changed = any(one.action == "A6" for one in answers)
        own = asked.authorization_number if changed else None
        number = own or certification_number(outcome, asked.claim_id, asked.payer, asked.member_id)
    notes: dict[str, int] = {}
    response = _head(asked, created, _outcome(answers, asked.use))
    response["disposition"] = _disposition(answers, asked.use)
    if number is not None:
        response["preAuthRef"] = number
        if period := _period(answers):
            response["preAuthPeriod"] = period
    pairs = zip(items, answers, strict=True)
    if made := [_item(item, one, asked.use, number, notes) for item, one in pairs]:
        response["item"] = made
    for one in warnings:
        if one.severity == "warning":
            notes.setdefault(f"Read with a warning: {one.message}", len(notes) + 1)
    if notes:
        response["processNote"] = [
            {"number": number, "type": "display", "text": text} for text, number in notes.items()
        ]
    return checked(_identified(response))


def error_response(
    diagnostics: Iterable[Diagnostic], asked: Asked, *, created: str | None = None
) -> dict[str, Any]:
    """The answer to a claim that could not be read or decided: each problem as an `error`.

    Raises:
        NotDated: Neither the claim nor the caller says when.
    """
    response = _head(asked, created, "error")
    response["disposition"] = "The request could not be read; nothing was decided."
    wrong = [one for one in diagnostics if one.severity == "error"]
    response["error"] = [
        {"code": concept(PROBLEMS, one.code, text=f"{one.message} ({one.location})")}
        for one in wrong
    ] or [{"code": {"text": "The request was not decided."}}]
    return checked(_identified(response))


def response_bundle(
    outcome: Mapping[str, Any],
    asked: Asked,
    *,
    vocabulary: Vocabulary | None = None,
    created: str | None = None,
    number: str | None = None,
    rules: ReviewRules,
    warnings: Iterable[Diagnostic] = (),
) -> dict[str, Any]:
    """The answer to `Claim/$submit`: a collection of the response and what it refers to.

    With a vocabulary, and where facts are missing, also their `Questionnaire` and the
    `CommunicationRequest` that asks for it. Errors as for `claim_response`.
    """
    response = claim_response(
        outcome, asked, created=created, number=number, rules=rules, warnings=warnings
    )
    form = questionnaire(vocabulary, outcome) if vocabulary is not None else None
    return _bundle(response, asked, form)


def error_bundle(
    diagnostics: Sequence[Diagnostic], asked: Asked, *, created: str | None = None
) -> dict[str, Any]:
    """`error_response` in the bundle in which `$submit` answers."""
    return _bundle(error_response(diagnostics, asked, created=created), asked, None)


def _answer(item: AskedItem, asked: Asked, review: LineReview | None) -> LineReview:
    if asked.cancelled or item.cancelled:
        return LineReview(item.sequence, "C", "cancelled", (), ("Cancelled as asked.",))
    if review is None:
        note = "Nothing was decided on this item."
        return LineReview(item.sequence, "A4", "pend", (), (note,))
    if asked.changes and asked.authorization_number and review.action in CERTIFIED:
        return replace(review, action="A6")
    return review


def _head(asked: Asked, created: str | None, outcome: str) -> dict[str, Any]:
    when = created or asked.created
    if when is None:
        raise NotDated("pass `created`: the claim does not say when it was made")
    head: dict[str, Any] = {"resourceType": "ClaimResponse", "id": ""}
    if asked.use == "preauthorization":
        head["meta"] = {"profile": [PAS + "profile-claimresponse"]}
    if asked.contained:
        head["contained"] = list(asked.contained)
    if asked.identifiers:
        head["identifier"] = list(asked.identifiers)
    head["status"] = "active"
    head["type"] = asked.type or {"text": "not said"}
    head["use"] = asked.use
    head["patient"] = asked.patient or _NOT_SAID
    head["created"] = when
    head["insurer"] = asked.insurer or ({"display": asked.payer} if asked.payer else _NOT_SAID)
    if asked.requestor:
        head["requestor"] = asked.requestor
    if asked.reference:
        head["request"] = {"reference": asked.reference}
    head["outcome"] = outcome
    return head


def _period(answers: Sequence[LineReview]) -> dict[str, str]:
    """The days that are certified, where what is certified says so."""
    made = [one.certified for one in answers if one.certified is not None]
    first = [one["valid_from"] for one in made if one["valid_from"] is not None]
    last = [one["valid_through"] for one in made if one["valid_through"] is not None]
    period = {"start": min(first, default=None), "end": max(last, default=None)}
    return {key: day for key, day in period.items() if day is not None}


def _identified(response: dict[str, Any]) -> dict[str, Any]:
    """The response with an id of its own: answers that say different things have different ids."""
    content = hashlib.sha256(exact_json(response).encode()).hexdigest()[:16]
    return {**response, "id": f"response-{content}"}


def _id(asked: Asked, what: str) -> str:
    key = json.dumps([what, asked.claim_id, asked.reference, asked.member_id])
    return f"{what}-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


def _outcome(answers: Sequence[LineReview], use: str) -> str:
    waiting = [one.outcome == "pend" if use == "claim" else one.action == "A4" for one in answers]
    if not any(waiting):
        return "complete"
    return "queued" if all(waiting) else "partial"


_WORDS = {
    "approve": "Approved",
    "deny": "Denied",
    "pend": "Held",
    "reduce": "Approved for fewer units",
    "void": "Void",
    "not_required": "Not required",
    "no_policy": "No policy here decides",
    "cancelled": "Cancelled",
}


def _disposition(answers: Sequence[LineReview], use: str) -> str:
    groups: dict[str, list[str]] = {}
    for one in answers:
        said = _WORDS[one.outcome] if use == "claim" else ACTIONS[one.action]
        groups.setdefault(said, []).append(str(one.number))
    sentences = (
        f"{said}: item{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}."
        for said, numbers in groups.items()
    )
    return " ".join(sentences) or "Nothing was asked."


def _item(
    item: AskedItem, review: LineReview, use: str, number: str | None, notes: dict[str, int]
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    granted = review.action in ("A2", "A6") and use != "claim"
    url = PAS + "extension-itemTraceNumber"
    extensions: list[dict[str, Any]] = [
        {"url": url, "valueIdentifier": dict(trace)} for trace in item.trace
    ]
    if granted and review.allowed is not None:
        extensions.append(_granted(item, review))
    if extensions:
        out["extension"] = extensions
    out["itemSequence"] = item.sequence
    if numbers := [notes.setdefault(note, len(notes) + 1) for note in review.notes]:
        out["noteNumber"] = numbers
    first: dict[str, Any] = {}
    if use != "claim":
        own = number if review.action in CERTIFIED else None
        first["extension"] = [_review_action(review, own)]
    first["category"] = concept(ADJUDICATION, "submitted")
    if reason := _codes(review):
        first["reason"] = reason
    out["adjudication"] = [first]
    if review.allowed is not None:
        allowed = {"category": concept(ALLOWED, "allowed-units"), "value": review.allowed}
        out["adjudication"].append(allowed)
    if (certified := review.certified) is not None and use != "claim":
        units = exact_units(certified["quantity"])
        if units is not None and review.allowed is None:
            out["adjudication"].append(
                {"category": concept(ALLOWED, "allowed-units"), "value": units}
            )
    return out


def _review_action(review: LineReview, number: str | None) -> dict[str, Any]:
    inside: list[dict[str, Any]] = []
    if number is not None:
        inside.append({"url": "number", "valueString": number})
    inside.append({"url": REVIEW_ACTION_CODE, "valueCodeableConcept": action(review.action)})
    if codes := _codes(review):
        inside.append({"url": "reasonCode", "valueCodeableConcept": codes})
    return {"extension": inside, "url": REVIEW_ACTION}


def _codes(review: LineReview) -> dict[str, Any]:
    """The CARCs and RARCs of a line, each once."""
    carcs = dict.fromkeys(one.carc for one in review.reasons if one.carc)
    rarcs = dict.fromkeys(code for one in review.reasons for code in one.rarcs)
    codings = [{"system": CARC, "code": code} for code in carcs]
    codings += [{"system": RARC, "code": code} for code in rarcs]
    return {"coding": codings} if codings else {}


def _granted(item: AskedItem, review: LineReview) -> dict[str, Any]:
    inside: list[dict[str, Any]] = [{"url": "quantity", "valueQuantity": {"value": review.allowed}}]
    if item.product:
        product = {"url": "productOrServiceCode", "valueCodeableConcept": dict(item.product)}
        inside.insert(0, product)
    return {"extension": inside, "url": PAS + "extension-itemAuthorizedDetail"}


def _bundle(response: dict[str, Any], asked: Asked, form: dict[str, Any] | None) -> dict[str, Any]:
    entries: list[dict[str, Any]] = []
    if form is not None:
        ask = _communication(response, asked, form)
        response = {**response, "communicationRequest": [{"reference": _url(ask, asked)}]}
        entries = [{"fullUrl": _url(one, asked), "resource": one} for one in (ask, form)]
    first = {"fullUrl": _url(response, asked), "resource": checked(response)}
    echoed = [
        dict(entry) if ":" in str(entry["fullUrl"]) else {"resource": entry["resource"]}
        for entry in asked.resources
    ]
    return checked(
        {
            "resourceType": "Bundle",
            "id": _id(asked, "bundle"),
            "meta": {"profile": [PAS + "profile-pas-response-bundle"]},
            "type": "collection",
            "timestamp": _instant(response["created"]),
            "entry": [first, *entries, *echoed],
        }
    )


def _instant(created: str) -> str:
    """A Bundle's timestamp is an instant; of a day, its first."""
    return created if "T" in created else f"{created[:10]}T00:00:00Z"


def _url(resource: Mapping[str, Any], asked: Asked) -> str:
    """The url of a resource of the answer: beside the claim, so that relative references still work,
    or else a name of its own."""
    local = f"{resource['resourceType']}/{resource['id']}"
    base, slash, _ = (asked.reference or "").rpartition("/Claim/")
    if slash and ":" in base:
        return f"{base}/{local}"
    return f"urn:uuid:{uuid5(NAMESPACE_URL, local)}"


def _communication(
    response: Mapping[str, Any], asked: Asked, form: Mapping[str, Any]
) -> dict[str, Any]:
    """What asks for the facts that are missing."""
    out: dict[str, Any] = {
        "resourceType": "CommunicationRequest",
        "id": _id(asked, "ask"),
        **({"contained": list(asked.contained)} if asked.contained else {}),
        "status": "active",
        "subject": response["patient"],
        "about": [{"reference": _url(form, asked), "display": form["title"]}],
        "payload": [{"contentString": item["text"]} for item in form["item"]],
        "sender": response["insurer"],
    }
    if asked.requestor:
        out["recipient"] = [asked.requestor]
    return out
