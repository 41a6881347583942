"""What is missing as a FHIR R4 `Questionnaire`, and facts as the `QuestionnaireResponse` to it.

A linkId is the name of a fact, and the order is the one that settles the case soonest. Where a claim has
several services, what is about one of them is asked for each, with the number of a line behind the
name. Where there may be no such thing, that can be answered: by a choice, or by an item of its own
behind the question. What comes back is read by `intake.fhir.facts_from_response`; the two lose nothing
between them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.types import NONE, parse_value
from payer_policy.determination.words import capital, line_list
from payer_policy.formats.fhir.answers import ANSWERS, NOTHING, Link
from payer_policy.formats.fhir.models import checked
from payer_policy.formats.fhir.systems import FACT, QUESTIONNAIRE
from payer_policy.formats.fhir.units import unit_coding

_TYPES: Final = {
    "boolean": "boolean",
    "integer": "integer",
    "decimal": "decimal",
    "date": "date",
    "choice": "choice",
    "code": "string",
    "codes": "open-choice",
}
_NO_LINES: Final[Mapping[int, Mapping[str, Any]]] = {}
_UNIT: Final = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit"


class AskedFact(NamedTuple):
    """A fact that is asked for."""

    fact: Fact
    """The fact, as the vocabulary has it."""
    line: int | None = None
    """The number of a line of the service that it is about; None: nothing else can be meant."""
    service: str = ""
    """What that service is called."""

    def text(self, question: str) -> str:
        """A question about the fact, with the service named before it where several can be
        meant."""
        return f"{self.service}: {question}" if self.service else question


def questionnaire(vocabulary: Vocabulary, outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    """The questions that an outcome (or one determination, as JSON) waits for; None: no question.

    The same questions have the same `url`, so that a form that was filled in before fits again.

    Raises:
        FhirUnavailable: `fhir.resources` is not installed.
    """
    asked: dict[Link, AskedFact] = {}
    titles: dict[str, None] = {}
    determinations = outcome.get("determinations", (outcome,))
    several = len({_first_line(one) for one in determinations}) > 1
    for determination in determinations:
        for question in determination.get("missing", ()):
            fact = vocabulary.facts.get(question["fact"])
            if fact is None or fact.derived:
                continue
            one = AskedFact(fact)
            if several and fact.about == "service":
                one = AskedFact(fact, _first_line(determination), _service(determination))
            asked.setdefault(Link(fact.name, one.line), one)
            titles[determination["policy"]["title"]] = None
    if not asked:
        return None
    return form_for(asked.values(), "; ".join(titles))


def _first_line(determination: Mapping[str, Any]) -> int | None:
    return next((line["number"] for line in determination.get("lines", ())), None)


def _service(determination: Mapping[str, Any]) -> str:
    lines = line_list([line["number"] for line in determination["lines"]])
    day = determination.get("service_date")
    return f"{capital(lines)}, {determination.get('code')}{f' on {day}' if day else ''}"


def form_for(asked: Iterable[AskedFact], title: str) -> dict[str, Any]:
    """A `Questionnaire` that asks for these facts, in this order."""
    items = [item for one in asked for item in _items(one)]
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
    form: Mapping[str, Any],
    vocabulary: Vocabulary,
    facts: Mapping[str, Any],
    lines: Mapping[int, Mapping[str, Any]] = _NO_LINES,
) -> dict[str, Any]:
    """The `QuestionnaireResponse` that gives facts (raw, as `Request.facts` has them) in answer.

    Facts that the form does not ask for are left out; a question without its fact stays unanswered.

    Args:
        form: The `Questionnaire`.
        vocabulary: Declares the facts.
        facts: For the whole request.
        lines: Facts about the services of lines, by the number of the line.

    Raises:
        ValueProblem: a fact is not of its type.
    """
    items: list[dict[str, Any]] = []
    asked: set[Link] = set()
    answered: set[Link] = set()
    for item in form["item"]:
        link = Link.read(item["linkId"])
        about = link._replace(of_none=False)
        known = (facts if link.line is None else lines.get(link.line, {})).get(link.fact)
        one: dict[str, Any] = {"linkId": item["linkId"], "text": item["text"]}
        asked.add(about)
        if known is not None:
            fact = vocabulary.facts[link.fact]
            if given := _answers(fact, parse_value(fact.type, known), link.of_none):
                one["answer"] = given
                answered.add(about)
        items.append(one)
    return checked(
        {
            "resourceType": "QuestionnaireResponse",
            "questionnaire": form["url"],
            "status": "completed" if asked == answered else "in-progress",
            "item": items,
        }
    )


def _items(asked: AskedFact) -> list[dict[str, Any]]:
    """The question for a fact; and, where no coding can say that there is none, one for that."""
    fact, item = asked.fact, _item(asked)
    if not fact.type.can_be_none or fact.type.kind == "choice":
        return [item]
    link = str(Link(fact.name, asked.line, of_none=True))
    text = asked.text(f"Check this if there is none: {fact.label}")
    return [item, {"linkId": link, "text": text, "type": "boolean"}]


def _item(asked: AskedFact) -> dict[str, Any]:
    fact = asked.fact
    item: dict[str, Any] = {}
    if (unit := unit_coding(fact.type)) is not None:
        item["extension"] = [{"url": _UNIT, "valueCoding": unit}]
    item["linkId"] = str(Link(fact.name, asked.line))
    item["text"] = asked.text(fact.question or fact.label)
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


def _answers(fact: Fact, value: Any, of_none: bool) -> list[dict[str, Any]]:
    """The answer to the question for a fact; `of_none`: to whether there is none."""
    if of_none:
        return [{"valueBoolean": True}] if value is NONE else []
    if value is NONE:
        choice = fact.type.kind == "choice"
        return [{"valueCoding": {"system": ANSWERS, "code": NOTHING}}] if choice else []
    match fact.type.kind:
        case "boolean" | "integer" | "decimal" as kind:
            return [{f"value{capital(kind)}": value}]
        case "choice":
            return [{"valueCoding": _coding(fact, str(value))}]
        case "codes" if not value:
            return [{"valueCoding": {"system": ANSWERS, "code": NOTHING}}]
        case "codes":
            return [{"valueString": one} for one in sorted(value)]
        case kind:
            return [{"valueDate" if kind == "date" else "valueString": str(value)}]
