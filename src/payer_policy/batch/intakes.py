"""The claims of blocks that are not tables, each with the number of its record."""

from __future__ import annotations

from collections.abc import Container, Iterator

from payer_policy.formats import Intake, Places, read_json_lines, read_requests
from payer_policy.formats.blocks import JsonLines, JsonText, Pieces
from payer_policy.formats.pieces import piece_intake


def intakes_of(
    payload: JsonLines | JsonText | Pieces, file: str, lines: Container[int] | None = None
) -> Iterator[tuple[int, Intake]]:
    """Every claim of a block, and the notes between them, in order.

    `lines` are those of JSON Lines that are wanted; None: all.
    """
    match payload:
        case JsonLines():
            text = payload.data.decode("utf-8", "surrogateescape")
            if payload.first_line == 1:
                text = text.removeprefix("\ufeff")
            places = Places(text, file, payload.first_line, more=payload.more)
            yield from read_json_lines(places, lines)
        case JsonText():
            yield from enumerate(read_requests(payload.data, file), 1)
        case Pieces():
            for number, item in payload.items:
                yield number, piece_intake(payload.claims, item, file)
