"""A request that a program hands over as a mapping, read as strictly as one from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from payer_policy.diagnostics import Diagnostic, PolicyError
from payer_policy.intake.json_requests import NAMES
from payer_policy.intake.model import inconsistencies, numbered
from payer_policy.json_models import validated
from payer_policy.json_source import JsonDocument
from payer_policy.request.models import Request


def request_from_mapping(value: Mapping[str, Any]) -> Request:
    """The request that a mapping describes. Dates may be `date` objects; floats are refused.

    Raises:
        PolicyError: with every problem; places are those in the mapping written out as JSON.
    """
    plain = dict(value)
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
