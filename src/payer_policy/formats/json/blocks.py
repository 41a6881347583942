"""JSON Lines and JSON files as blocks, for `batch`, and how many claims they hold."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, Final

from payer_policy.formats.blocks import Block, JsonLines, JsonText, Position
from payer_policy.formats.source import Source
from payer_policy.formats.streams import Damage, Line, done_bytes, lines_of

_BYTES = 12 << 20
_NO_LINE: Final[Line] = (b"", 0)
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


def json_line_blocks(source: Source, at: Position | None, most: int) -> Iterator[Block]:
    """Some whole lines at a time: at most that many, and not many megabytes."""
    offset, line = (at["offset"], at["line"]) if at else (0, 1)
    with source.open() as file:
        damage = Damage(source)
        lines = damage.guard(lines_of(file, offset))
        held: list[bytes] = []
        size, first, records = 0, line, 0
        for (text, length), following in pairwise(chain(lines, [_NO_LINE])):
            more = following is not _NO_LINE
            held.append(text)
            size, line, offset = size + len(text), line + 1, offset + length
            records += bool(text.strip(_BLANK))
            if size >= _BYTES or records >= most or not more:
                payload = JsonLines(b"".join(held), first, more)
                after = {"offset": offset, "line": line}
                done = done_bytes(source, file, offset)
                yield Block(payload, records, after, done, units=records)
                held, size, first, records = [], 0, line, 0
        yield from damage.blocks(line, line, {"offset": offset, "line": line})


def json_line_cuts(source: Source, at: Position | None, most: int) -> Iterator[Position]:
    """Where the blocks end."""
    return (block.after for block in json_line_blocks(source, at, most))


def json_blocks(source: Source, at: Position | None, most: int) -> Iterator[Block]:
    """The whole file at once."""
    if at is None:
        with source.open() as file:
            yield Block(JsonText(file.read()), None, {"done": 1}, source.size)


def count_json_lines(source: Source) -> int:
    """The lines that are not blank."""
    with source.open() as file:
        return sum(bool(text.strip(_BLANK)) for text, _ in lines_of(file, 0))


def count_json(source: Source) -> int | None:
    """The elements of the list, or one; None: it is not JSON, or it is FHIR."""
    with source.open() as file:
        data = file.read()
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict) and "resourceType" in value:
        return None  # a Bundle holds claims among other things
    return max(1, len(value)) if isinstance(value, list) else 1  # an empty list is one reject


def json_lines_of(answers: Sequence[Mapping[str, Any]]) -> bytes:
    """Answers as JSON Lines: an outcome or a refusal a line."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in answers)
