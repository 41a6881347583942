"""A request that a program hands over as a mapping, read as strictly as one from a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from pydantic import BaseModel

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, kind_of
from payer_policy.core.json_models import MAX_PROBLEMS
from payer_policy.core.json_source import MAX_DEPTH, JsonDocument, JsonPath, render_path, unreadable
from payer_policy.core.vocabulary.types import shown
from payer_policy.policy.library import Library
from payer_policy.request.checking import inconsistencies, numbered, validated_request
from payer_policy.request.models import History, Request
from payer_policy.request.quick import MOST_INSIDE, read_quickly

QUESTION_FIELDS: Final = ("payer", "code", "plan", "line_of_business", "service_date", "kind")
"""What a question about a policy may state."""
_MOST_PARTS: Final = 500_000
"""Parts of one request: 999 lines, 10,000 lines of history and their facts have fewer."""
_PARTS_OF_LINE: Final = 20 + 3 * (MOST_INSIDE + 1) + MOST_INSIDE * (MOST_INSIDE + 1)
"""At most, of one that was read quickly: fields, modifiers, pointers, and facts that are lists."""
_PARTS_OF_ROW: Final = 20 + MOST_INSIDE + 1
"""At most, of an authorization or a line of the history: fields, and one list."""
_MOST_BITS: Final = 200
"""A whole number of more is no quantity, and would be long to write down."""
_IN_ORDER: Final = frozenset({"diagnoses", "diagnosis_pointers"})
"""Lists whose order means something, so that no set can stand for them."""
_EXPECTED: Final = "text, an int, a Decimal, a date, true or false, None, a list or a mapping"
_NAME: Final = "request"


def question_about(library: Library, question: Mapping[str, str]) -> dict[str, Any]:
    """The request, in its JSON form, that contains what a question states and nothing else.

    Args:
        library: The policies.
        question: Some of `QUESTION_FIELDS`; `code` must be there.
    """
    facts = library.facts_by_source
    stated = {facts["service", "code"]: question["code"]}
    if "service_date" in question:
        stated[facts["service", "date"]] = question["service_date"]
    names = ("payer", "plan", "line_of_business")
    coverage = {name: question[name] for name in names if name in question}
    return {"kind": question.get("kind", "claim"), "coverage": coverage, "facts": stated}


def request_from_mapping(value: object) -> Request:
    """The request that a mapping describes; its lines are numbered.

    Nothing of the mapping is kept: changing it afterwards changes nothing that was made of it.

    Args:
        value: The request's JSON as a mapping, as `Engine.decide` takes it: `schema/request.schema.json`
            has its shape, dates may be `date` objects, and floats are refused.

    Raises:
        PolicyError: With every problem, also where it is no mapping at all; places are those in the
            mapping written out as JSON.
    """
    if not isinstance(value, Mapping):
        raise PolicyError([_no_request(value)])
    if isinstance(value.get("$schema"), str):
        value = {key: part for key, part in value.items() if key != "$schema"}
    request = read_quickly(value)
    if request is not None and not any(inconsistencies(request)) and _is_small(request):
        return request
    plain = _Copy().of(value)
    request = read_quickly(plain)
    if request is not None and not any(inconsistencies(request)):
        return request
    return _with_places(plain)


def consistent(request: Request) -> Request:
    """A request that a program made of the models, with its lines numbered.

    Raises:
        PolicyError: its parts do not agree (two lines of one number, say), as for a mapping.
    """
    request = numbered(request)
    found = [
        Diagnostic(slip.code, slip.message, Location(_NAME, render_path(slip.path)), slip.hint)
        for slip in inconsistencies(request)
    ]
    if found:
        raise PolicyError(found)
    return request


def each_request(value: object) -> Iterator[Any]:
    """The items of a list, or another iterable, of requests.

    Raises:
        PolicyError: it is one request, or nothing that could hold several.
    """
    if isinstance(value, (Request, Mapping, str, bytes)) or not isinstance(value, Iterable):
        kind = kind_of(value)
        message = f"found {kind}; requests were expected: a list, or another iterable of them"
        hint = "for one request, use `decide`"
        raise PolicyError([Diagnostic("wrong-type", message, Location(_NAME), hint)])
    yield from value


def _no_request(value: object) -> Diagnostic:
    hint = 'give its members as a mapping, such as {"lines": […]}'
    if isinstance(value, (list, tuple)):
        hint = "give one request at a time, or use `decide_many`"
    elif isinstance(value, (str, bytes, bytearray)):
        hint = "read text with `read_requests`, or with `json.loads(…, parse_float=Decimal)`"
    message = f"found {kind_of(value)}; a request was expected: a `Request`, or a mapping"
    return Diagnostic("wrong-type", message, Location(_NAME), hint)


def _is_small(request: Request) -> bool:
    """Whether a request that was read quickly surely has no more parts than any may have."""
    payers, history = request.other_payers or (), request.history
    if isinstance(history, History):
        history = history.rows
    lists = (request.authorizations, history, request.eligibility, payers)
    rows = [len(one or ()) for one in (*lists, *(payer.adjustments for payer in payers))]
    return len(request.lines) * _PARTS_OF_LINE + sum(rows) * _PARTS_OF_ROW < _MOST_PARTS


class _Copy:
    """A mapping as plain JSON values of its own, or everything that no JSON could hold."""

    def __init__(self) -> None:
        self._problems: list[Diagnostic] = []
        self._left = _MOST_PARTS
        self._around: set[int] = set()
        """The lists and mappings around the part being copied."""

    def of(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        """The copy.

        Raises:
            PolicyError: with every problem.
        """
        made: dict[str, Any] = self._part(value, ())
        if self._problems:
            raise PolicyError(self._problems)
        return made

    def _report(self, path: JsonPath, code: str, message: str, hint: str | None = None) -> None:
        if len(self._problems) == MAX_PROBLEMS:
            code, path, hint = "too-many-problems", (), None
            message = f"there are more than {MAX_PROBLEMS} problems; the rest is not listed"
            self._left = 0
        if len(self._problems) <= MAX_PROBLEMS:
            self._problems.append(
                Diagnostic(code, message, Location(_NAME, render_path(path)), hint)
            )

    def _part(self, value: Any, path: JsonPath) -> Any:
        if isinstance(value, str):
            return self._text(value, path)
        if isinstance(value, (bool, NoneType, float, Decimal, date)):
            return value  # the models decide whether it fits there
        if isinstance(value, int):
            if value.bit_length() > _MOST_BITS:
                what = f"found a whole number of {value.bit_length():,} bits"
                self._report(path, "json-number", f"{what}, which is too large for a claim")
                return 0
            return int(value)
        if isinstance(value, BaseModel):
            value = value.model_dump(exclude_unset=True)
        if isinstance(value, (Mapping, list, tuple, set, frozenset)):
            return self._inside(value, path)
        hint = "convert it first: int(…), str(…), or `.date()` of a time"
        self._report(path, "wrong-type", f"found {kind_of(value)}; expected {_EXPECTED}", hint)
        return None

    def _inside(self, value: Any, path: JsonPath) -> Any:
        self._left -= len(value) + 1
        if id(value) in self._around:
            self._report(path, "cycle", "the value here contains itself, so it has no end")
            return None
        if len(path) >= MAX_DEPTH:
            message = f"lists and mappings are nested more than {MAX_DEPTH} deep"
            self._report(path[:1], "json-too-deep", message)
            return None
        if self._left < 0:
            message = f"there are more than {_MOST_PARTS:,} values; a claim has fewer"
            if not self._problems:
                self._report((), "too-large", message)
            return None
        self._around.add(id(value))
        try:
            if isinstance(value, Mapping):
                return self._mapping(value, path)
            if isinstance(value, (set, frozenset)):
                if path and path[-1] in _IN_ORDER:
                    message = "found a set; a list was expected, since the order counts"
                    self._report(path, "wrong-type", message)
                value = sorted(value, key=repr)
            return [self._part(part, (*path, index)) for index, part in enumerate(value)]
        finally:
            self._around.discard(id(value))

    def _mapping(self, value: Mapping[Any, Any], path: JsonPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key, part in value.items():
            if not isinstance(key, str):
                what = shown(key) if isinstance(key, (bool, NoneType, float)) else kind_of(key)
                self._report(path, "wrong-type", f"found {what} as a key; every key is a text")
                continue
            name = self._text(key, path)
            made[name] = self._part(part, (*path, name))
        return made

    def _text(self, text: str, path: JsonPath) -> str:
        if (message := unreadable(text)) is not None:
            self._report(path, "wrong-value", message)
            return ""
        return str.__str__(text)


def _with_places(plain: dict[str, Any]) -> Request:
    text = json.dumps(plain, indent=2, default=str, ensure_ascii=False)
    request, problems = validated_request(JsonDocument(text, _NAME, plain))
    errors = [one for one in problems if one.severity == "error"]
    if request is None or errors:
        raise PolicyError(errors)
    return request
