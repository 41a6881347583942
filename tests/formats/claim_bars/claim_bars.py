"""An invented format: a claim is a line `claim|number|payer|line of business|diagnoses` and a line
`line|code|modifiers|units|date` for each of its lines; an answer is `answer|number|decision`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from payer_policy.core.diagnostics import Location, Position
from payer_policy.formats.intake import Intake
from payer_policy.formats.registry import Claims, Format, Start
from payer_policy.formats.tables.requests import validated_request
from payer_policy.request.models import Request

_Piece = tuple[int, list[list[str]]]
"""The line that a claim begins on, and the cells of its lines."""


def _is_bars(start: Start) -> bool:
    return start.text.startswith("claim|")


def _pieces(file: BinaryIO, name: str, pause: Callable[[], None] | None) -> Iterator[_Piece]:
    first, rows = 1, list[list[str]]()
    for number, line in enumerate(file, 1):
        cells = line.decode("utf-8", "replace").rstrip("\r\n").split("|")
        if cells[0] == "claim" and rows:
            yield first, rows
            rows = []
        if not rows:
            first = number
        rows.append(cells)
        if pause is not None:
            pause()
    if rows:
        yield first, rows


def _intake(piece: _Piece, file: str) -> Intake:
    first, ((_, number, payer, business, diagnoses), *lines) = piece
    place = Location(file, "$", Position(first, 1))
    made = validated_request(
        {
            "id": number,
            "coverage": {"payer": payer, "line_of_business": business},
            "diagnoses": diagnoses.split(),
            "lines": [
                {"code": code, "modifiers": modifiers.split(), "units": units, "date": date}
                for _, code, modifiers, units, date in lines
            ],
        }
    )
    if isinstance(made, Request):
        return Intake(number, place, made, frequency=made.frequency)
    return Intake(number, place, None, tuple(replace(one, location=place) for one in made))


def _written(answers: Sequence[Mapping[str, Any]]) -> bytes:
    rows = [f"answer|{one['claim_id']}|{one.get('decision', 'refused')}\n" for one in answers]
    return "".join(rows).encode()


FORMAT = Format(
    name="claim_bars",
    units=("claim in bars", "claims in bars"),
    recognizes=_is_bars,
    media_types=("text/vnd.claim-bars",),
    suffixes=(".bars",),
    claims=Claims(_pieces, _intake),
    write=_written,
)
