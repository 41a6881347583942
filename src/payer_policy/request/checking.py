"""Whether a request is sound: its shape by the models, and what no model of a single field can see."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from itertools import islice
from typing import Final, NamedTuple

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_models import MAX_PROBLEMS, validated
from payer_policy.core.json_source import JsonDocument, JsonPath, too_long_list
from payer_policy.core.vocabulary.codes import remark_on_ndc, remark_on_ndc_unit
from payer_policy.request.models import MAX_LINES, Line, Request, day_of_moment
from payer_policy.request.quick import read_quickly


class Slip(NamedTuple):
    """Something in a request that does not agree with the rest of it; `path` is in the request."""

    path: JsonPath
    code: str
    message: str
    hint: str | None = None


def validated_request(document: JsonDocument) -> tuple[Request | None, list[Diagnostic]]:
    """The request in a JSON value, and the problems with it; with an error, it is not used."""
    value = document.value
    if isinstance(value, dict):
        if isinstance(value.get("resourceType"), str):
            message = (
                f"this is a FHIR resource ({value['resourceType'][:40]}); a request in this product's "
                "JSON was expected, or a FHIR Claim or Bundle in a file of its own"
            )
            return None, [document.problem("wrong-format", message, ("resourceType",), key=True)]
        if isinstance(value.get("$schema"), str):
            del value["$schema"]
        lines = value.get("lines")
        if isinstance(lines, list) and len(lines) > MAX_LINES:
            code, message, hint = too_many_lines(len(lines), MAX_LINES)
            return None, [document.problem(code, message, ("lines",), key=True, hint=hint)]
    if (long := too_long_list(document)) is not None:
        return None, [long]
    request = read_quickly(value)
    if request is None:
        request, found = validated(Request, document)
        if request is None:
            return None, found
        request = numbered(request)
    slips = []
    for index, line in enumerate(value.get("lines", ())):
        ndc = line.get("ndc")
        if ndc is not None and (remark := remark_on_ndc(str(ndc))) is not None:
            code, message, hint = remark
            message = f"a line: `ndc`: {message}"
            where = ("lines", index, "ndc")
            slips.append(document.problem(code, message, where, hint=hint, warning=True))
        if line.get("ndc_quantity") is not None:
            unit = line.get("ndc_unit")
            if (remark := remark_on_ndc_unit(unit)) is not None:
                code, message, hint = remark
                where = ("lines", index, "ndc_quantity" if unit is None else "ndc_unit")
                message = f"a line: `{where[2]}`: {message}"
                slips.append(document.problem(code, message, where, hint=hint, warning=True))
    for slip in inconsistencies(request):
        message = f"{_subject(slip.path)}: {slip.message}"
        slips.append(document.problem(slip.code, message, slip.path, hint=slip.hint))
    return request, slips


_SUBJECTS: Final = {
    "lines": "a line",
    "authorizations": "an authorization",
    "eligibility": "a span of eligibility",
    "confirmations": "a confirmation",
}


def _subject(path: tuple[str | int, ...]) -> str:
    return _SUBJECTS.get(str(path[0]), "a request")


def too_many_lines(count: int, most: int) -> tuple[str, str, str]:
    """Code, message and hint for a claim with too many lines."""
    return (
        "too-many-lines",
        f"found {count} lines; a claim has at most {most}",
        "split the claim, or look for claims that run together",
    )


def numbered(request: Request) -> Request:
    """The request with a number for every line: its own, or else its position."""
    if all(line.number is not None for line in request.lines):
        return request
    lines = tuple(
        line if line.number is not None else line.model_copy(update={"number": position})
        for position, line in enumerate(request.lines, 1)
    )
    return request.model_copy(update={"lines": lines})


def inconsistencies(request: Request) -> Iterator[Slip]:
    """What no model of a single field can see, as far as anybody reads it. The request's lines are
    numbered."""
    return islice(_inconsistencies(request), MAX_PROBLEMS)


def _inconsistencies(request: Request) -> Iterator[Slip]:
    day = day_of_moment(request.received_at)
    if day is not None and request.received not in (None, day):
        yield Slip(
            ("received_at",),
            "contradiction",
            f"it was received at {request.received_at}, which is another day than "
            f"{request.received} (`received`)",
            "correct one of the two, or leave `received` out",
        )
    seen: dict[int | None, int] = {}
    for index, line in enumerate(request.lines):
        first = seen.setdefault(line.number, index)
        if first != index:
            yield Slip(
                ("lines", index, "number"),
                "duplicate-line",
                f"two lines have the number {line.number} (the {_ordinal(first + 1)} and the "
                f"{_ordinal(index + 1)} of the claim)",
                "give each line a number of its own, or leave all numbers out",
            )
        if (
            line.through or line.code is None or line.diagnosis_pointers
        ):  # most have nothing to compare
            yield from _in_line(request, index, line)
    for index, authorization in enumerate(request.authorizations or ()):
        days = authorization.valid_from, authorization.valid_through
        yield from _in_order(("authorizations", index, "valid_through"), *days)
    for index, span in enumerate(request.eligibility or ()):
        yield from _in_order(("eligibility", index, "last_day"), span.first_day, span.last_day)
        if span.ongoing and span.last_day is not None:
            message = f"it is ongoing, and its last day is {span.last_day}"
            hint = "leave one of the two out"
            yield Slip(("eligibility", index, "ongoing"), "contradiction", message, hint)


def _in_order(path: JsonPath, first_day: date | None, last_day: date | None) -> Iterator[Slip]:
    if first_day and last_day and last_day < first_day:
        message = f"the last day {last_day} is before the first day {first_day}"
        yield Slip(path, "wrong-value", message)


def unknown_confirmations(request: Request, rules: Collection[str]) -> Iterator[Slip]:
    """Confirmations of what no clinician has to confirm here.

    Args:
        request: That was decided.
        rules: The rules of its policies that a clinician must review.
    """
    for index, one in enumerate(request.confirmations):
        if one.rule not in rules:
            listed = ", ".join(sorted(rules)) or "there is none"
            yield Slip(
                ("confirmations", index, "rule"),
                "unknown-rule",
                f"`{one.rule}` is not a rule of the policy that a clinician must confirm",
                did_you_mean(one.rule, rules) or f"such rules: {listed}",
            )


def _in_line(request: Request, index: int, line: Line) -> Iterator[Slip]:
    if line.date and line.through and line.through < line.date:
        yield Slip(
            ("lines", index, "through"),
            "wrong-value",
            f"the last day of service {line.through} is before the first day {line.date}",
        )
    if line.code is None and line.revenue_code is None:
        yield Slip(
            ("lines", index, "code"),
            "wrong-value",
            "found no procedure code and no revenue code; a line has at least one of them",
        )
    known = request.diagnoses
    for pointer in line.diagnosis_pointers or ():
        if known is not None and pointer > len(known):
            listed = f"lists {len(known)}" if known else "lists none"
            yield Slip(
                ("lines", index, "diagnosis_pointers"),
                "wrong-value",
                f"points to diagnosis {pointer}; the claim {listed}",
            )


def _ordinal(number: int) -> str:
    teen = 10 <= number % 100 <= 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
