"""What is missing as a FHIR R4 `Questionnaire`, and facts as the `QuestionnaireResponse` to it.

A linkId is the name of a fact, and the order is the one that settles the case soonest. What comes
back is read by `intake.fhir.facts_from_response`; the two lose nothing between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from payer_policy.fhir.systems import FACT, QUESTIONNAIRE
from payer_policy.fhir_models import checked
from payer_policy.intake.fhir.answers import ANSWERS, NONE
from payer_policy.intake.fhir.units import UCUM, UCUM_SYSTEM
from payer_policy.vocabulary.model import Fact, Vocabulary
from payer_policy.vocabulary.types import Value, parse_value

_TYPES: Final = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "choice": "choice",
    "code": "string",
    "codes": "open-choice",
}
_UNIT: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"


def questionnaire(vocabulary: Vocabulary, outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    """The questions that an outcome (or one determination, as JSON) waits for; None: no question.

    The same questions have the same `url`, so that a form that was filled in before fits again.

    Raises:
        FhirUnavailable: `fhir.resources` is not installed.
    """
    facts: dict[str, Fact] = {}
    titles: dict[str, None] = {}
    for determination in outcome.get("determinations", (outcome,)):
        for question in determination.get("missing", ()):
            fact = vocabulary.facts.get(question["fact"])
            if fact is not None and not fact.derived:
                facts.setdefault(fact.name, fact)
                titles[determination["policy"]["title"]] = None
    if not facts:
        return None
    return form_for(facts.values(), "; ".join(titles))


def form_for(facts: Iterable[Fact], title: str) -> dict[str, Any]:
    """A `Questionnaire` that asks for these facts, in this order."""
    items = [_item(fact) for fact in facts]
    plain = json.dumps([title, items], ensure_ascii=True, separators=(",", ":"))
    name = hashlib.sha256(plain.encode()).hexdigest()[:16]
    return checked(
        {
            "resourceType": "Questionnaire",
            "id": f"questions-{name}",
            "url": f"{QUESTIONNAIRE}{name}",
            "title": title,
            "status": "active",
            "subjectType": ["Patient"],
            "item": items,
        }
    )


def questionnaire_package(form: Mapping[str, Any]) -> dict[str, Any]:
    """A questionnaire as `$questionnaire-package` of Da Vinci DTR answers."""
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": form["url"], "resource": dict(form)}],
    }
    parameter = [{"name": "PackageBundle", "resource": bundle}]
    return checked({"resourceType": "Parameters", "parameter": parameter})


def response_to(
    form: Mapping[str, Any], vocabulary: Vocabulary, facts: Mapping[str, Any]
) -> dict[str, Any]:
    """The `QuestionnaireResponse` that gives facts (raw, as `Request.facts` has them) in answer.

    Facts that the form does not ask for are left out; a question without its fact stays unanswered.

    Raises:
        ValueProblem: a fact is not of its type.
    """
    items = []
    for item in form["item"]:
        name = item["linkId"]
        one: dict[str, Any] = {"linkId": name, "text": item["text"]}
        if facts.get(name) is not None:
            fact = vocabulary.facts[name]
            one["answer"] = _answers(fact, parse_value(fact.type, facts[name]))
        items.append(one)
    complete = all("answer" in one for one in items)
    return checked(
        {
            "resourceType": "QuestionnaireResponse",
            "questionnaire": form["url"],
            "status": "completed" if complete else "in-progress",
            "item": items,
        }
    )


def _item(fact: Fact) -> dict[str, Any]:
    item: dict[str, Any] = {}
    if fact.type.unit is not None:
        unit = {"system": UCUM_SYSTEM, "code": UCUM[fact.type.unit], "display": fact.type.unit}
        item["extension"] = [{"url": _UNIT, "valueCoding": unit}]
    item["linkId"] = fact.name
    item["text"] = fact.question or fact.label
    item["type"] = _TYPES[fact.type.kind]
    if fact.type.kind == "choice":
        item["answerOption"] = [{"valueCoding": _coding(fact, one)} for one in fact.type.values]
    if fact.type.kind == "codes":
        item["repeats"] = True
        nothing = {"system": ANSWERS, "code": NONE, "display": "none of them"}
        item["answerOption"] = [{"valueCoding": nothing}]
    return item


def _coding(fact: Fact, value: str) -> dict[str, Any]:
    return {"system": FACT + fact.name, "code": value, "display": value.replace("_", " ")}


def _answers(fact: Fact, value: Value) -> list[dict[str, Any]]:
    match fact.type.kind:
        case "boolean":
            return [{"valueBoolean": value}]
        case "integer":
            return [{"valueInteger": value}]
        case "decimal":
            exact = value if isinstance(value, (int, Decimal)) else None
            return [{"valueDecimal": exact}]
        case "choice":
            return [{"valueCoding": _coding(fact, str(value))}]
        case "codes":
            given = sorted(value) if isinstance(value, frozenset) else []
            if not given:
                return [{"valueCoding": {"system": ANSWERS, "code": NONE}}]
            return [{"valueString": one} for one in given]
        case "date":
            return [{"valueDate": str(value)}]
        case _:
            return [{"valueString": str(value)}]
