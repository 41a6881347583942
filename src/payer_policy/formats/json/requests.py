"""JSON requests of this product: one object, an array of them, or one on each line.

The shape is `payer_policy.request.models.Request`, read strictly; a `$schema` is allowed.
Each request is read by itself and keeps its place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.formats.intake import Intake, guarded, printable, refused
from payer_policy.formats.json.places import MAX_PIECE, Piece, Places
from payer_policy.formats.json.split import elements_of, is_json_lines, lenient_members, lines_of
from payer_policy.request.checking import validated_request
from payer_policy.request.models import Request


def read_json_requests(
    text: str,
    file: str,
    most: int | None = None,
    pause: Callable[[], None] | None = None,
) -> list[Intake]:
    """Every request of a text that starts with `{` or `[`; at most one more than `most`.

    `pause` is called before each, and what it raises ends the reading.
    """
    places = Places(text, file)
    start = len(text) - len(text.lstrip(" \t\r\n\ufeff"))
    parts: Iterable[Piece | Diagnostic]
    if text.startswith("[", start):
        parts = elements_of(places)
    elif is_json_lines(text):
        parts = (piece for _, piece in lines_of(places))
    else:
        parts = [Piece(places, start, len(text.rstrip(" \t\r\n")))]
    out: list[Intake] = []
    for part in islice(parts, None if most is None else most + 1):
        if pause is not None:
            pause()
        out.append(refused(part) if isinstance(part, Diagnostic) else _request(part))
    if not out:
        message, where = "the list is empty; at least one request was expected", (0, len(text))
        out.append(refused(Diagnostic("empty-file", message, places.location(*where))))
    return out


def read_json_lines(
    places: Places, wanted: Container[int] | None = None
) -> Iterator[tuple[int, Intake]]:
    """Every request of JSON Lines, or of some whole lines out of a larger file of them, by line.

    `wanted` are the numbers of the lines to read; None: all.
    """
    for number, piece in lines_of(places):
        if wanted is None or number in wanted:
            yield number, _request(piece)


def _request(piece: Piece) -> Intake:
    return guarded(lambda: _read(piece), None, piece.location())


def _read(piece: Piece) -> Intake:
    try:
        document = piece.read()
    except PolicyError as error:
        end = min(piece.end, piece.start + MAX_PIECE)
        value = lenient_members(piece.places.text[piece.start : end])
        return _made(piece, value, None, error.diagnostics)
    value = document.value
    request, found = validated_request(document)
    return _made(piece, value, request, [piece.moved(d) for d in found])


def _made(piece: Piece, value: Any, request: Request | None, found: Iterable[Diagnostic]) -> Intake:
    claim_id = _text(value, "id") if request is None else request.id
    prefix = f"request {claim_id}: " if claim_id else ""
    said = [replace(d, message=f"{prefix}{d.message}") for d in found]
    return Intake(
        claim_id,
        piece.location(),
        None if any(one.severity == "error" for one in said) else request,
        tuple(sorted(said, key=Diagnostic.sort_key)),
        _text(value, "frequency") or "1",
        (piece.locate,),
    )


def _text(value: Any, key: str) -> str | None:
    found = value.get(key) if isinstance(value, dict) else None
    return printable(found.strip()) if isinstance(found, str) else None
