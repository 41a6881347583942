"""The answers of a `QuestionnaireResponse` as facts: a linkId that is the name of a fact gives it.

Exact: numbers digit by digit, units converted without rounding or refused. An item without an
answer says nothing. That a set is empty, or that there is no such thing, is answered with the coding
`none` of `ANSWERS`; the second also by yes to an item of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from payer_policy.diagnostics import Diagnostic, Location, did_you_mean
from payer_policy.intake.fhir.units import UCUM, converted, unit_named
from payer_policy.intake.fhir.values import choice, codings, day_of, objects, quantity, text_of
from payer_policy.json_source import JsonPath, render_path
from payer_policy.vocabulary.model import Fact, Vocabulary
from payer_policy.vocabulary.types import (
    NONE,
    NUMERIC,
    ValueProblem,
    parse_value,
    shown,
    to_json,
)

ANSWERS: Final = "urn:payer-policy:answers"
"""The code system of `none`: nothing, which is not the same as no answer."""
NOTHING: Final = "none"
NO_SUCH_THING: Final = ":none"
"""Behind the name of a fact: the linkId of the item that says that there is no such thing."""
_YES_NO: Final = {"Y": True, "N": False, "true": True, "false": False, "yes": True, "no": False}
_ABSENT: Final = "data-absent-reason"


class Slip(NamedTuple):
    """Something wrong in a resource; `path` is in that resource."""

    path: JsonPath
    code: str
    message: str
    hint: str | None = None
    warning: bool = False


class Answers(NamedTuple):
    """The facts as raw JSON values, where each was answered, and what is wrong."""

    facts: dict[str, Any]
    places: dict[str, JsonPath]
    slips: list[Slip]


def facts_from_response(
    response: Mapping[str, Any], vocabulary: Vocabulary, file: str = "QuestionnaireResponse"
) -> tuple[dict[str, Any], tuple[Diagnostic, ...]]:
    """The facts that a questionnaire's answers give, ready for `Request.facts`, and every problem.

    Never raises. An answer that is wrong gives no fact and a diagnostic of severity `error`.
    """
    answers = read_answers(response, vocabulary)
    found = tuple(
        Diagnostic(
            slip.code,
            slip.message,
            Location(file, render_path(slip.path)),
            slip.hint,
            "warning" if slip.warning else "error",
        )
        for slip in answers.slips
    )
    return answers.facts, found


def read_answers(response: Mapping[str, Any], vocabulary: Vocabulary) -> Answers:
    """As `facts_from_response`, with paths in place of diagnostics."""
    out = Answers({}, {}, [])
    for path, item in _items(response, ()):
        link = text_of(item.get("linkId"))
        given = objects(item.get("answer"))
        if not given or link is None:
            continue
        fact = vocabulary.facts.get(link.removesuffix(NO_SUCH_THING))
        if fact is None:
            hint = did_you_mean(link, vocabulary.facts)
            message = f"{shown(link)} is no fact that is known here; its answer is not read"
            out.slips.append(Slip((*path, "linkId"), "unknown-fact", message, hint, True))
        elif fact.derived:
            message = f"`{link}` follows from other facts; it cannot be answered"
            out.slips.append(Slip((*path, "linkId"), "derived-fact", message, None))
        elif link == fact.name:
            _take(out, fact, given, path)
        elif any(one.get("valueBoolean") is True for one in given):
            _take(out, fact, [{"valueString": NOTHING}], path)
    return out


def _items(node: Mapping[str, Any], path: JsonPath) -> Iterator[tuple[JsonPath, dict[str, Any]]]:
    for key in ("item", "answer"):
        for index, one in enumerate(objects(node.get(key))):
            here = (*path, key, index)
            if key == "item":
                yield here, one
            yield from _items(one, here)


def _take(out: Answers, fact: Fact, given: list[dict[str, Any]], path: JsonPath) -> None:
    raws: list[Any] = []
    for index, answer in enumerate(given):
        try:
            raw = _raw(fact, answer)
        except ValueProblem as problem:
            where = (*path, "answer", index)
            message = f"`{fact.name}`: {problem.message}"
            out.slips.append(Slip(where, problem.code, message, problem.hint))
            return
        if raw is not None:
            raws.append(raw)
    if not raws:
        return
    try:
        value = parse_value(fact.type, _whole(fact, raws))
    except ValueProblem as problem:
        message = f"`{fact.name}`: {problem.message}"
        out.slips.append(Slip((*path, "answer"), problem.code, message, problem.hint))
        return
    # A decimal stays a number: in `Request.facts` it is one, and only our own documents write text.
    numeric = fact.type.kind in NUMERIC and value is not NONE
    plain = value if numeric else to_json(value)
    if fact.name in out.facts and out.facts[fact.name] != plain:
        message = f"`{fact.name}` is answered twice, with {shown(out.facts[fact.name])} and "
        message += shown(plain)
        out.slips.append(Slip(path, "contradiction", message, "leave one of the two"))
        return
    out.facts[fact.name] = plain
    out.places.setdefault(fact.name, path)


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
    wanted = fact.type.unit
    if amount.value is None:
        raise ValueProblem("wrong-type", "found a quantity without a number; one was expected")
    if amount.unit is None or wanted is None:
        return amount.value
    unit = unit_named(amount.unit)
    exact = None if unit is None else converted(amount.value, unit, wanted)
    if exact is None:
        raise ValueProblem(
            "unit-mismatch",
            f"found {shown(amount.value)} {amount.unit}; a number of {wanted} was expected",
            f"give it in {wanted} (UCUM `{UCUM[wanted]}`)",
        )
    return exact
