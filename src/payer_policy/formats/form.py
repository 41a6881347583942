"""The fields of a request as a file states them: where each is, what people call it, and what is wrong.

X12 and FHIR fill a form of their own; both make the `Request` here, so that they report alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

from pydantic import ValidationError

from payer_policy.core.diagnostics import Severity
from payer_policy.core.json_source import JsonPath
from payer_policy.core.json_words import said
from payer_policy.request.checking import inconsistencies, numbered
from payer_policy.request.models import Request
from payer_policy.request.quick import read_quickly

P = TypeVar("P")

MAX_PROBLEMS: Final = 100
"""Maximum number of problems listed for one claim; a longer list does not help."""

_LABELS: Final = {
    "amount": "adjustment of the other payer",
    "billing_specialty": "specialty of who bills",
    "billing_tin": "tax number of who bills",
    "code": "procedure code",
    "date": "date of service",
    "denied": "amount not covered by the other payer",
    "frequency": "claim frequency",
    "group": "adjustment group of the other payer",
    "id": "claim number",
    "ndc": "NDC",
    "ndc_quantity": "NDC quantity",
    "ndc_unit": "NDC unit",
    "original_id": "original claim number",
    "paid": "payment of the other payer",
    "payer": "payer id",
    "plan": "group or plan",
    "remitted_on": "remittance date of the other payer",
    "rendering_specialty": "specialty of who treated",
    "through": "last date of service",
}


class Form(Generic[P]):
    """Where a file states the fields of one request. Paths are those of the request:
    `("lines", 0, "units")`."""

    def __init__(self) -> None:
        self.sources: dict[JsonPath, P] = {}

    def report(
        self,
        place: P,
        code: str,
        message: str,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        """Add a problem at a place of the file."""
        raise NotImplementedError

    def source(self, path: JsonPath, origin: P) -> P:
        """Where the file states a field; `origin` where it does so nowhere."""
        places = (self.sources.get(path[:length]) for length in range(len(path), 0, -1))
        return next((place for place in places if place is not None), origin)

    def checked(self, fields: Mapping[str, Any], origin: P) -> Request | None:
        """The request that the fields make; None, with problems, where they make none.

        Args:
            fields: The request as JSON would have it.
            origin: Where a problem is reported whose field the file states nowhere.
        """
        request: Request | None = None
        try:
            request = read_quickly(fields) or numbered(Request.model_validate(fields))
            wrong = [
                (slip.path, slip.code, slip.message, slip.hint) for slip in inconsistencies(request)
            ]
        except ValidationError as error:
            details = error.errors(include_url=False)
            wrong = [(detail["loc"], *said(detail)[:3]) for detail in details]
        for path, code, message, hint in wrong:
            self.report(self.source(path, origin), code, f"{label(path)}: {message}", hint)
        return None if wrong else request


def label(path: JsonPath) -> str:
    """What people call a field."""
    name = next((step for step in reversed(path) if isinstance(step, str)), "value")
    return _LABELS.get(name, name.replace("_", " "))
