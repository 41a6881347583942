"""A request as a value of this program to a `Request`, or everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.request.checking import inconsistencies, numbered
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request

Refusal = tuple[Diagnostic, ...]


def validated_request(value: Mapping[str, Any]) -> Request | Refusal:
    """As `request_from_mapping`, which is asked for its words only where something is wrong."""
    try:
        request = numbered(Request.model_validate(value))
        if next(inconsistencies(request), None) is None:
            return request
    except ValidationError:
        pass
    try:
        return request_from_mapping(value)
    except PolicyError as error:
        return error.diagnostics
