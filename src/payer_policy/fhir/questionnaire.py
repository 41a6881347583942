"""What is missing as a FHIR R4 `Questionnaire`, and facts as the `QuestionnaireResponse` to it.

A linkId is the name of a fact, and the order is the one that settles the case soonest. Where there may
be no such thing, that can be answered: by a choice, or by an item of its own behind the question. What
comes back is read by `intake.fhir.facts_from_response`; the two lose nothing between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from payer_policy.fhir.systems import FACT, QUESTIONNAIRE
from payer_policy.fhir_models import checked
from payer_policy.intake.fhir.answers import ANSWERS, NO_SUCH_THING, NOTHING
from payer_policy.intake.fhir.units import UCUM, UCUM_SYSTEM
from payer_policy.vocabulary.model import Fact, Vocabulary
from payer_policy.vocabulary.types import NONE, Value, parse_value

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
    items = [item for fact in facts for item in _items(fact)]
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
    items: list[dict[str, Any]] = []
    answered: dict[str, bool] = {}
    for item in form["item"]:
        name = str(item["linkId"]).removesuffix(NO_SUCH_THING)
        one: dict[str, Any] = {"linkId": item["linkId"], "text": item["text"]}
        if facts.get(name) is not None:
            fact = vocabulary.facts[name]
            given = _answers(fact, parse_value(fact.type, facts[name]), item["linkId"] != name)
            if given:
                one["answer"] = given
        answered[name] = answered.get(name, False) or "answer" in one
        items.append(one)
    complete = all(answered.values())
    return checked(
        {
            "resourceType": "QuestionnaireResponse",
            "questionnaire": form["url"],
            "status": "completed" if complete else "in-progress",
            "item": items,
        }
    )


def _items(fact: Fact) -> list[dict[str, Any]]:
    """The question for a fact; and, where no coding can say that there is none, one for that."""
    item = _item(fact)
    if not fact.type.can_be_none or fact.type.kind == "choice":
        return [item]
    text = f"Check this if there is none: {fact.label}"
    return [item, {"linkId": fact.name + NO_SUCH_THING, "text": text, "type": "boolean"}]


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
        if fact.type.can_be_none:
            none = {"system": ANSWERS, "code": NOTHING, "display": "none"}
            item["answerOption"].append({"valueCoding": none})
    if fact.type.kind == "codes":
        item["repeats"] = True
        nothing = {"system": ANSWERS, "code": NOTHING, "display": "none of them"}
        item["answerOption"] = [{"valueCoding": nothing}]
    return item


def _coding(fact: Fact, value: str) -> dict[str, Any]:
    return {"system": FACT + fact.name, "code": value, "display": value.replace("_", " ")}


def _answers(fact: Fact, value: Value, of_none: bool) -> list[dict[str, Any]]:
    """The answer to the question for a fact; `of_none`: to whether there is none."""
    if of_none:
        return [{"valueBoolean": True}] if value is NONE else []
    if value is NONE:
        choice = fact.type.kind == "choice"
        return [{"valueCoding": {"system": ANSWERS, "code": NOTHING}}] if choice else []
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
                return [{"valueCoding": {"system": ANSWERS, "code": NOTHING}}]
            return [{"valueString": one} for one in given]
        case "date":
            return [{"valueDate": str(value)}]
        case _:
            return [{"valueString": str(value)}]
