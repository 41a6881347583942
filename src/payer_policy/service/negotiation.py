"""Media types (RFC 9110): the one of a body, the best one for an answer; and answers in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from payer_policy.service.problems import Problem

JSON: Final = "application/json"
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def json_bytes(value: Any) -> bytes:
    """A value as JSON in UTF-8: the bytes of `json.dumps`, and decimals digit by digit."""
    return msgspec.json.format(_ENCODER.encode(value), indent=0)  # the same blanks, on one line


def json_response(value: Any) -> Response:
    """An answer in JSON."""
    return Response(json_bytes(value), media_type=JSON)


def media_type_of(request: Request, *accepted: str) -> str:
    """The media type of the body, one of those accepted; the first where none is stated.

    Raises:
        Problem: It is another one, or the body is compressed.
    """
    coding = request.headers.get("content-encoding", "identity").strip().casefold()
    if coding != "identity":
        raise Problem("wrong-media-type", "bodies with a content encoding are not accepted")
    stated = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if not stated:
        return accepted[0]
    for one in accepted:
        if stated == one or (one == JSON and stated.endswith("+json")):
            return one
    raise Problem("wrong-media-type", f"this path accepts {' or '.join(accepted)}")


def best_of(accept: str, forms: Sequence[str]) -> str:
    """The form that an `Accept` header prefers; of equally preferred ones, the first.

    Raises:
        Problem: It accepts none of them.
    """
    ranges = [_range(part) for part in accept.split(",")] if accept.strip() else [("*/*", 1.0)]
    weights = {form: _weight(form, ranges) for form in forms}
    best = max(forms, key=lambda form: weights[form])
    if weights[best] <= 0:
        raise Problem("not-acceptable", f"available forms: {', '.join(forms)}")
    return best


def _range(part: str) -> tuple[str, float]:
    """A media range and its weight; 0 where the weight is not valid."""
    name, *parameters = (piece.strip().casefold() for piece in part.split(";"))
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key == "q":
            try:
                weight = float(value)
            except ValueError:
                weight = 0.0
    return name, weight if 0 <= weight <= 1 else 0.0


def _weight(form: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The weight of the most specific range that includes the form."""
    for wanted in (form, f"{form.partition('/')[0]}/*", "*/*"):
        for name, weight in ranges:
            if name == wanted:
                return weight
    return 0.0
