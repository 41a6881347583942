"""Claims that a format cuts out one by one: as blocks for `batch`, and as the claims of a whole file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from payer_policy.core.diagnostics import Diagnostic, Location
from payer_policy.formats.blocks import Block, Pieces, Position
from payer_policy.formats.intake import Intake, guarded, refused
from payer_policy.formats.registry import Claims, Reading
from payer_policy.formats.source import Held, Source
from payer_policy.formats.streams import Damage, done_bytes

_SHARE = 8
"""A claim of pieces takes as much memory as so many rows of a table."""


def read_pieces(claims: Claims, source: Held, reading: Reading) -> Iterator[Intake]:
    """Every claim of a whole file, and what is wrong with the file between them."""
    for piece in claims.pieces(source.open(), source.path, reading.pause):
        yield piece_intake(claims, piece, source.path)


def piece_intake(claims: Claims, piece: object, file: str) -> Intake:
    """One claim, read; a fault in reading it is that claim's alone."""
    if isinstance(piece, Diagnostic):
        return replace(refused(piece), of_file=True)
    return guarded(lambda: claims.intake(piece, file), None, Location(file))


def piece_blocks(claims: Claims, source: Source, at: Position | None, most: int) -> Iterator[Block]:
    """Some claims at a time; `most` are the rows of a table that would be one block.

    After a stop the file is cut again, without reading its claims.
    """
    done, count = (at["items"], at["claims"]) if at else (0, 0)
    with source.open() as file:
        damage = Damage(source)
        parts = damage.guard(claims.pieces(file, source.path, None))
        rest = islice(parts, done, None)
        while items := list(islice(rest, max(1, most // _SHARE))):
            numbered: list[tuple[int, object]] = []
            for item in items:
                count += not isinstance(item, Diagnostic)
                numbered.append((count, item))
            done += len(items)
            remarks = [item for item in items if isinstance(item, Diagnostic)]
            units = len(items) - len(remarks)
            yield Block(
                Pieces(claims, numbered),
                units + sum(one.severity == "error" for one in remarks),
                {"items": done, "claims": count},
                done_bytes(source, file, None),
                units=units,
                is_whole=not any(one.code == "broken-envelope" for one in remarks),
            )
        yield from damage.blocks(count + 1, None, {"items": done, "claims": count})
