"""A request that a program hands over as a mapping, read as strictly as one from a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from pydantic import ValidationError

from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.intake.json_requests import NAMES
from payer_policy.intake.model import inconsistencies, numbered
from payer_policy.json_models import validated
from payer_policy.json_source import JsonDocument
from payer_policy.request.models import Request

_UNREADABLE: Final = re.compile("[\x00\ud800-\udfff]")
_PLAIN: Final = frozenset({bool, int, Decimal, date, NoneType})


def request_from_mapping(value: Mapping[str, Any]) -> Request:
    """The request that a mapping describes. Dates may be `date` objects; floats are refused.

    Raises:
        PolicyError: with every problem; places are those in the mapping written out as JSON.
    """
    plain = dict(value)
    if _all_readable(plain):
        try:
            request = numbered(Request.model_validate(plain))
        except ValidationError:
            pass  # told below, with the place of everything that is wrong
        else:
            if not any(inconsistencies(request)):
                return request
    return _with_places(plain)


def _all_readable(value: Mapping[str, Any]) -> bool:
    """Whether no text, however deep, holds what nobody can read; false also where one cannot say."""
    texts: list[str] = []
    inside: list[Any] = [value]
    while inside:
        one = inside.pop()
        if type(one) is dict:
            texts += one
            one = one.values()
        for part in one:
            kind = type(part)
            if kind is str:
                texts.append(part)
            elif kind is dict or kind is list or kind is tuple:
                inside.append(part)
            elif kind not in _PLAIN:
                return False
    try:
        return _UNREADABLE.search("".join(texts)) is None
    except TypeError:  # a key that is no text
        return False


def _with_places(plain: dict[str, Any]) -> Request:
    text = json.dumps(plain, indent=2, default=str, ensure_ascii=False)
    document = JsonDocument(text, "request", plain)
    request, problems = validated(Request, document, names=NAMES)
    if request is not None:
        request = numbered(request)
        problems = [
            *problems,
            *(
                Diagnostic(slip.code, slip.message, document.locate(slip.path), slip.hint)
                for slip in inconsistencies(request)
            ),
        ]
    if request is None or problems:
        raise PolicyError(problems)
    return request
