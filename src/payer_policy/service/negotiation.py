"""Media types: what a body is said to be, and which form of an answer a client likes best (RFC 9110)."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from payer_policy.service.problems import Problem


def media_type_of(request: Request, *read: str) -> str:
    """The media type of the body, one of those that are read; the first where none is said.

    Raises:
        Problem: it is another one.
    """
    coding = request.headers.get("content-encoding", "identity").strip().casefold()
    if coding != "identity":
        raise Problem("wrong-media-type", "bodies are read as they are, without a content encoding")
    said = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if not said:
        return read[0]
    for one in read:
        if said == one or (one == "application/json" and said.endswith("+json")):
            return one
    raise Problem("wrong-media-type", f"this path reads {' or '.join(read)}")


def best_of(accept: str, forms: Sequence[str]) -> str:
    """The form that an `Accept` header likes best; the first of those that it likes as well.

    Raises:
        Problem: it likes none.
    """
    likes = [_like(part) for part in accept.split(",")] if accept.strip() else [("*/*", 1.0)]
    weights = {form: _weight(form, likes) for form in forms}
    best = max(forms, key=lambda form: weights[form])
    if weights[best] <= 0:
        raise Problem("not-acceptable", f"there is {', '.join(forms)}")
    return best


def _like(part: str) -> tuple[str, float]:
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


def _weight(form: str, likes: Sequence[tuple[str, float]]) -> float:
    """By the most exact of the ranges that the form is in."""
    for wanted in (form, f"{form.partition('/')[0]}/*", "*/*"):
        for name, weight in likes:
            if name == wanted:
                return weight
    return 0.0
