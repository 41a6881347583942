"""An outcome as the CRD extension `coverage-information`: what may be asserted, and nothing more.

An order carries few facts, so most of what follows is three-valued: `conditional` is what is not
known. **Not covered is never said on ignorance**, nor for a reason that a clinician must decide.

| the determination | covered | pa-needed |
|---|---|---|
| every denying and pending rule is known not to hold | covered | as below |
| approved for fewer units | covered, with the quantity (`allowed-quantity`) | as below |
| a denying rule is known to hold, for a reason of coverage | not-covered | left out (CRD: must be) |
| it holds, but says that what was sent is lacking or wrong | conditional, with the reason | as below |
| it holds, but a clinician must review it | conditional, with the reason | as below |
| no preauthorization is needed | as a claim would be, by its findings | no-auth |
| a rule is still unknown, or a person must look | conditional | as below |
| no policy here decides it | conditional, info-needed `OTH`, with the reason | conditional |
| several services of one order disagree | conditional | conditional where they differ |

| the fact `preauthorization.needed` | pa-needed |
|---|---|
| known to be no | no-auth |
| known to be yes, and an approved authorization of a known number matches | satisfied |
| known to be yes | auth-needed |
| not known | conditional |

`doc-needed` is `clinical` where a fact is missing that the provider knows, else `admin` where one is
that the biller knows, else `no-doc` where all is settled, else left out. `info-needed` says what an
EHR can add to the order: `timeframe`, `location`, `performer`. `questionnaire` is the canonical of the
form for what is missing; `doc-purpose` is `withpa` where preauthorization is needed, `withclaim` where
it is not.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats.cds_hooks.orders import Order
from payer_policy.formats.review import (
    ReviewRules,
    exact_units,
    finding_note,
    looked_for,
    to_review,
)

EXTENSION: Final = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
CRD_CODES: Final = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
_INFORMATION: Final = {
    ("service", "date"): "timeframe",
    ("service", "through"): "timeframe",
    ("service", "place_of_service"): "location",
    ("request", "provider.billing_npi"): "performer",
    ("request", "provider.rendering_npi"): "performer",
}
"""What an order lacks, by the source in the request that the vocabulary names for a fact."""
MAX_REASONS: Final = 10


def covered(outcome: Mapping[str, Any], rules: ReviewRules) -> str:
    """`covered`, `not-covered` or `conditional`; see the table above."""
    said = {_covered(one, rules) for one in outcome["determinations"]}
    return said.pop() if len(said) == 1 else "conditional"


def _covered(determination: Mapping[str, Any], rules: ReviewRules) -> str:
    if determination["internal"]:
        return "conditional"
    if determination["decision"] == "not_required":
        return _of_a_claim(determination, rules)
    if determination["decision"] == "approve":
        return "covered"
    kinds = {line["outcome"] for line in determination["lines"]}
    if kinds and kinds <= {"approve", "reduce"}:
        return "covered"
    confirmed = rules.clinician_confirmed and determination.get("recommended") == "deny"
    if determination["decision"] != "deny" and not confirmed:
        return "conditional"
    denying = [one for one in determination["findings"] if one["kind"] == "deny"]
    return "not-covered" if _excludes(denying, rules) else "conditional"


def _excludes(denying: Iterable[Mapping[str, Any]], rules: ReviewRules) -> bool:
    """Whether a denial is for good: not for what was sent, and not for a clinician to review."""
    return any(
        one["carc"] not in rules.information_carcs
        and (rules.clinician_confirmed or not to_review(one))
        for one in denying
    )


def _of_a_claim(determination: Mapping[str, Any], rules: ReviewRules) -> str:
    """What is known of a claim for a service that needs no preauthorization."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for one in determination["findings"]:
        kinds.setdefault(one.get("would") or "", []).append(one)
    if _excludes(kinds.get("deny", ()), rules):
        return "not-covered"
    open_ = determination["unsettled"] or kinds.keys() & {"deny", "pend"}
    return "conditional" if open_ else "covered"


def authorization_needed(outcome: Mapping[str, Any], number: str | None, rules: ReviewRules) -> str:
    """`no-auth`, `auth-needed`, `satisfied` or `conditional`; see the table above."""
    said = {_needed(one["derived"], number, rules) for one in outcome["determinations"]}
    return said.pop() if len(said) == 1 else "conditional"


def _needed(derived: Mapping[str, Any], number: str | None, rules: ReviewRules) -> str:
    needed = rules.needed(derived)
    if needed is False:
        return "no-auth"
    if needed is not True:
        return "conditional"
    matched = rules.satisfied(derived) and number is not None
    return "satisfied" if matched else "auth-needed"


def coverage_information(
    outcome: Mapping[str, Any],
    order: Order,
    day: str,
    *,
    vocabulary: Vocabulary,
    form_url: str | None = None,
    rules: ReviewRules,
) -> dict[str, Any] | None:
    """The extension for one order; None where it is not known which coverage is asked.

    Args:
        outcome: The JSON of the order's outcome.
        order: The order.
        day: The day of the assertion, passed in since nothing here reads a clock.
        vocabulary: To tell who knows a missing fact.
        form_url: The canonical of the questionnaire for what is missing.
        rules: What the standards leave to the payer.
    """
    if order.coverage is None:
        return None
    request = order.intake.request
    number = request.authorization_number if request is not None else None
    cover, needed = covered(outcome, rules), authorization_needed(outcome, number, rules)
    inside: list[dict[str, Any]] = [
        {"url": "coverage", "valueReference": {"reference": order.coverage}},
        {"url": "covered", "valueCode": cover},
    ]
    if cover != "not-covered":
        inside.append({"url": "pa-needed", "valueCode": needed})
    documents = None if cover == "not-covered" else documents_needed(outcome, vocabulary, cover)
    if documents is not None:
        inside.append({"url": "doc-needed", "valueCode": documents})
    purpose = {"auth-needed": "withpa", "no-auth": "withclaim"}.get(needed)
    asks = documents in ("clinical", "admin")
    if asks and purpose:
        inside.append({"url": "doc-purpose", "valueCode": purpose})
    if "conditional" in (cover, needed if cover != "not-covered" else ""):
        for one in information_needed(outcome, vocabulary):
            inside.append({"url": "info-needed", "valueCode": one})
    if order.billing is not None:
        inside.append({"url": "billingCode", "valueCoding": dict(order.billing)})
    for text in list(dict.fromkeys(_reasons(outcome, order, cover, rules)))[:MAX_REASONS]:
        inside.append({"url": "reason", "valueCodeableConcept": {"text": text}})
    inside += [_quantity(units) for units in _allowed(outcome) if cover == "covered"]
    if asks and form_url is not None:
        inside.append({"url": "questionnaire", "valueCanonical": form_url})
    inside.append({"url": "date", "valueDate": day})
    inside.append({"url": "coverage-assertion-id", "valueString": assertion_id(outcome, order)})
    if needed == "satisfied" and cover != "not-covered":
        inside.append({"url": "satisfied-pa-id", "valueString": number})
    return {"extension": inside, "url": EXTENSION}


def documents_needed(outcome: Mapping[str, Any], vocabulary: Vocabulary, cover: str) -> str | None:
    """`clinical`, `admin`, `no-doc`, or None where it cannot be said."""
    suppliers = {
        question["supplied_by"]
        for one in outcome["determinations"]
        for question in one["missing"]
        if question["fact"] in vocabulary.facts
    }
    if "provider" in suppliers:
        return "clinical"
    if "biller" in suppliers:
        return "admin"
    return "no-doc" if cover == "covered" and not suppliers else None


def information_needed(outcome: Mapping[str, Any], vocabulary: Vocabulary) -> list[str]:
    """What the order itself lacks, in one order always; `OTH` where no policy decides."""
    found: set[str] = set()
    for one in outcome["determinations"]:
        for question in one["missing"]:
            fact = vocabulary.facts.get(question["fact"])
            source = fact.source if fact is not None else None
            for key, value in (source or {}).items():
                if isinstance(value, str) and (key, value) in _INFORMATION:
                    found.add(_INFORMATION[key, value])
    if not outcome["determinations"]:
        found.add("OTH")
    return [one for one in ("performer", "location", "timeframe", "OTH") if one in found]


def assertion_id(outcome: Mapping[str, Any], order: Order) -> str:
    """The same order under the same policies has the same id, whenever it is asked about."""
    request = order.intake.request
    key = [
        order.reference,
        order.coverage,
        None if request is None else _in_order(request.model_dump(exclude_defaults=True)),
        [[one["policy"]["address"], one["policy"]["hash"]] for one in outcome["determinations"]],
    ]
    plain = json.dumps(key, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def _in_order(value: Any) -> Any:
    """A value in which sets are sorted lists, since a set has another order in every process."""
    if isinstance(value, dict):
        return {key: _in_order(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return [_in_order(one) for one in value] if isinstance(value, (list, tuple)) else value


def _reasons(
    outcome: Mapping[str, Any], order: Order, cover: str, rules: ReviewRules
) -> Iterator[str]:
    for one in outcome["determinations"]:
        if one["internal"]:
            yield f"Held for a fault of the system: {one['internal']}"
        for found in one["findings"]:
            text = finding_note(found, one)
            if to_review(found):
                if rules.clinician_confirmed:
                    yield text
                elif cover != "not-covered":
                    yield f"A clinician decides whether it is covered: {text}"
            elif found["kind"] not in ("certify", "advise") or found.get("would"):
                yield text
        if cover == "covered":
            for assumed in one["assumptions"]:
                if assumed["rule"] is not None:
                    yield f"Taken as not so, though not known: {assumed['title']}"
    if not outcome["determinations"]:
        yield from undecided(outcome, order)


def undecided(outcome: Mapping[str, Any], order: Order) -> Iterator[str]:
    """Why nothing is said of an order that no policy decides."""
    if order.lacks_billing_code:
        yield (
            "The order gives no billing code (HCPCS or CPT), and none is found for it, so no policy "
            "can be looked up. Give it in the code of what is ordered, in the extension "
            "ext-billing-options, or as an NDC."
        )
        for found in order.intake.diagnostics:
            if found.code == "not-read":
                yield f"{found.message}."
        return
    for service in outcome["without_policy"]:
        yield looked_for(service)


def _allowed(outcome: Mapping[str, Any]) -> Iterator[Any]:
    for one in outcome["determinations"]:
        for line in one["lines"]:
            units = exact_units(line["allowed_units"])
            if line["outcome"] == "reduce" and units is not None:
                yield units


def _quantity(units: Any) -> dict[str, Any]:
    name = {"coding": [{"system": CRD_CODES, "code": "allowed-quantity"}]}
    return {
        "url": "detail",
        "extension": [
            {"url": "code", "valueCodeableConcept": name},
            {"url": "value", "valueQuantity": {"value": units}},
        ],
    }
