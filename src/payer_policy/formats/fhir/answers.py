"""The answers of a `QuestionnaireResponse` as facts: a linkId that is the name of a fact gives it.

Behind the name may stand the line of whose service it is (`refill.previous_date:line-2`), where a
claim has several. Exact: numbers digit by digit, units converted without rounding or refused. An item
without an answer says nothing. That a set is empty, or that there is no such thing, is answered with
the coding `none` of `ANSWERS`; the second also by yes to an item of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from payer_policy.core.diagnostics import Diagnostic, Location, did_you_mean
from payer_policy.core.json_source import JsonPath, render_path
from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.types import (
    NONE,
    NUMERIC,
    ValueProblem,
    parse_value,
    shown,
    to_json,
)
from payer_policy.formats.fhir.models import Fault
from payer_policy.formats.fhir.values import choice, codings, day_of, objects, quantity, text_of

ANSWERS: Final = "urn:payer-policy:answers"
"""The code system of `none`: nothing, which is not the same as no answer."""
NOTHING: Final = "none"
_LINK: Final = re.compile(
    r"(?P<fact>.+?)(:line-(?P<line>[1-9][0-9]{0,4}))?(?P<none>:none)?", re.DOTALL
)
_YES_NO: Final = {"Y": True, "N": False, "true": True, "false": False, "yes": True, "no": False}
_ABSENT: Final = "data-absent-reason"


class Link(NamedTuple):
    """What an item asks, as its linkId says it."""

    fact: str
    line: int | None = None
    """The number of the line whose service it is about; None: it is about the whole request."""
    of_none: bool = False
    """Whether there is no such thing, where no coding can say that."""

    def __str__(self) -> str:
        line = "" if self.line is None else f":line-{self.line}"
        return f"{self.fact}{line}{':none' if self.of_none else ''}"

    @classmethod
    def read(cls, text: str) -> Link:
        found = _LINK.fullmatch(text)
        if found is None:
            return cls(text)
        line = found["line"]
        return cls(found["fact"], None if line is None else int(line), found["none"] is not None)


Key = tuple[int | None, str]
"""The number of a line, or None for the whole request, and the name of a fact."""


class Answers(NamedTuple):
    """The facts as raw JSON values, where each was answered, and what is wrong."""

    facts: dict[Key, Any]
    places: dict[Key, JsonPath]
    faults: list[Fault]


class AnsweredFacts(NamedTuple):
    """The facts of a questionnaire's answers, ready for a request, and every problem."""

    facts: dict[str, Any]
    """For `facts` of the request."""
    lines: dict[int, dict[str, Any]]
    """For `facts` of the lines of these numbers."""
    problems: tuple[Diagnostic, ...]


def facts_from_response(
    response: Mapping[str, Any], vocabulary: Vocabulary, file: str = "QuestionnaireResponse"
) -> AnsweredFacts:
    """The facts that a questionnaire's answers give.

    Never raises. An answer that is wrong gives no fact and a diagnostic of severity `error`.
    """
    answers = read_answers(response, vocabulary)
    found = tuple(
        Diagnostic(code, message, Location(file, render_path(path)), hint, severity)
        for path, code, message, hint, severity in answers.faults
    )
    facts: dict[str, Any] = {}
    lines: dict[int, dict[str, Any]] = {}
    for (line, name), value in answers.facts.items():
        into = facts if line is None else lines.setdefault(line, {})
        into[name] = value
    return AnsweredFacts(facts, lines, found)


def read_answers(
    response: Mapping[str, Any],
    vocabulary: Vocabulary,
    base: JsonPath = (),
    before: Answers | None = None,
) -> Answers:
    """As `facts_from_response`, with paths in place of diagnostics.

    Args:
        response: The `QuestionnaireResponse`.
        vocabulary: Declares the facts.
        base: The path of the response, which paths begin with.
        before: The answers of other responses, to which these are added.
    """
    out = before or Answers({}, {}, [])
    for path, item in _items(response, base):
        link = text_of(item.get("linkId"))
        given = objects(item.get("answer"))
        if not given or link is None:
            continue
        asked = Link.read(link)
        fact = vocabulary.facts.get(asked.fact)
        if fact is None:
            hint = did_you_mean(asked.fact, vocabulary.facts)
            message = f"{shown(link)} is not the name of a fact; its answer is not read"
            out.faults.append(Fault((*path, "linkId"), "unknown-fact", message, hint, "warning"))
        elif fact.derived:
            message = f"`{link}` follows from other facts; it cannot be answered"
            out.faults.append(Fault((*path, "linkId"), "derived-fact", message))
        elif not asked.of_none:
            _take(out, fact, asked.line, given, path)
        elif any(one.get("valueBoolean") is True for one in given):
            _take(out, fact, asked.line, [{"valueString": NOTHING}], path)
    return out


def _items(node: Mapping[str, Any], path: JsonPath) -> Iterator[tuple[JsonPath, dict[str, Any]]]:
    for key in ("item", "answer"):
        for index, one in enumerate(objects(node.get(key))):
            here = (*path, key, index)
            if key == "item":
                yield here, one
            yield from _items(one, here)


def _take(
    out: Answers, fact: Fact, line: int | None, given: list[dict[str, Any]], path: JsonPath
) -> None:
    raws: list[Any] = []
    where: JsonPath = path
    try:
        for index, answer in enumerate(given):
            where = (*path, "answer", index)
            if (raw := _raw(fact, answer)) is not None:
                raws.append(raw)
        if not raws:
            return
        where = (*path, "answer")
        given = _whole(fact, raws)
        value = parse_value(fact.type, given)
    except ValueProblem as problem:
        message = f"`{fact.name}`: {problem.message}"
        out.faults.append(Fault(where, problem.code, message, problem.hint))
        return
    # A decimal stays a number, as `Request.facts` has it.
    numeric = fact.type.kind in NUMERIC and value is not NONE
    plain = value if numeric else to_json(value)
    if isinstance(given, dict) and given["value"] != value:
        plain = given  # the request says what was given, and is read where it is decided
    key = line, fact.name
    if key in out.facts and out.facts[key] != plain:
        both = f"{shown(out.facts[key])} and {shown(plain)}"
        message = f"`{fact.name}` is answered twice, with {both}"
        out.faults.append(Fault(path, "contradiction", message, "leave one of the two"))
        return
    out.facts[key] = plain
    out.places.setdefault(key, path)


def _whole(fact: Fact, raws: list[Any]) -> Any:
    if fact.type.kind == "codes":
        return [raw for raw in raws if raw != ()]
    if any(raw != raws[0] for raw in raws):
        listed = ", ".join(shown(raw) for raw in raws[:5])
        raise ValueProblem("contradiction", f"found several answers ({listed}); one was expected")
    return raws[0]


def _raw(fact: Fact, answer: Mapping[str, Any]) -> Any:
    """The value of one answer as JSON would say it; None: it says that it is not known."""
    found = choice(answer, "value")
    if found is None:
        return None
    key, value = found
    kind = fact.type.kind
    if key == "valueCoding":
        coding = next(iter(codings(value)), None)
        if coding is None or (coding.system or "").endswith(_ABSENT):
            return None
        if coding.system == ANSWERS and coding.code == NOTHING:
            return () if kind == "codes" else NOTHING
        return _YES_NO.get(coding.code or "", coding.code) if kind == "boolean" else coding.code
    if key == "valueQuantity":
        return _amount(fact, value)
    if key == "valueDateTime" and kind == "date":
        day = day_of(value)
        if day is None:
            raise ValueProblem("wrong-value", f"found {shown(value)}; a whole day was expected")
        return day.isoformat()
    return value


def _amount(fact: Fact, value: Any) -> Any:
    amount = quantity(value)
    if amount.value is None:
        raise ValueProblem("wrong-type", "found a quantity without a number; one was expected")
    counts = fact.type.unit is None and (amount.unit == "1" or (amount.unit or "")[:1] == "{")
    if amount.unit is None or counts:  # in UCUM, 1 and what is in curly brackets say no unit
        return amount.value
    return {"value": amount.value, "unit": amount.unit}
