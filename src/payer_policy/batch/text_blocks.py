"""JSON Lines, JSON and X12 files as blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import BinaryIO, TypeVar

from payer_policy.batch.blocks import Block, JsonLines, JsonText, Loops, Position
from payer_policy.batch.inputs import DAMAGED, Input
from payer_policy.batch.rejects import problem_at, rejected
from payer_policy.formats import MAX_PIECE, X12Loop, x12_loops, x12_text

T = TypeVar("T")

_BYTES = 1 << 19
_CLAIMS = 200
MAX_LINE = 4 * MAX_PIECE + 4
"""Bytes of a line that is kept: enough for whoever reads it to say that it is too long."""

Line = tuple[bytes, int]
"""A line (as much of it as is kept), and how many bytes it has in the file."""


def json_line_blocks(source: Input, at: Position | None) -> Iterator[Block]:
    """Some whole lines at a time."""
    offset, line = (at["offset"], at["line"]) if at else (0, 1)
    with source.open() as file:
        damage = Damage(source)
        lines = _one_ahead(damage.guard(lines_of(file, offset)))
        held: list[bytes] = []
        size, first, records = 0, line, 0
        for (text, length), more in lines:
            held.append(text)
            size, line, offset = size + len(text), line + 1, offset + length
            records += bool(text.strip(b"\xef\xbb\xbf \t\r\n"))
            if size >= _BYTES or not more:
                payload = JsonLines(b"".join(held), first, more)
                after = {"offset": offset, "line": line}
                done = done_bytes(source, file, offset)
                yield Block(payload, records, after, done, units=records)
                held, size, first, records = [], 0, line, 0
        yield from damage.blocks(line, line, {"offset": offset, "line": line})


def json_blocks(source: Input, at: Position | None) -> Iterator[Block]:
    """The whole file at once."""
    if at is None:
        with source.open() as file:
            yield Block(JsonText(file.read()), None, {"done": 1}, source.size)


def x12_blocks(source: Input, at: Position | None) -> Iterator[Block]:
    """Some claims at a time. After a stop the text is read again, without reading its claims."""
    done, claims = (at["items"], at["claims"]) if at else (0, 0)
    with source.open() as file:
        damage = Damage(source)
        read = x12_text(file)  # held here: the file is open as long as this is
        parts = damage.guard(x12_loops(read, source.path))
        rest = islice(parts, done, None)
        while items := list(islice(rest, _CLAIMS)):
            numbered: list[tuple[int, object]] = []
            for item in items:
                claims += isinstance(item, X12Loop)
                numbered.append((claims, item))
            done += len(items)
            records = sum(_counts(item) for item in items)
            after = {"items": done, "claims": claims}
            payload = Loops(numbered)  # type: ignore[arg-type]
            yield Block(
                payload,
                records,
                after,
                done_bytes(source, file, None),
                units=sum(isinstance(item, X12Loop) for item in items),
                is_whole=not any(getattr(item, "code", "") == "broken-envelope" for item in items),
            )
        yield from damage.blocks(claims + 1, None, {"items": done, "claims": claims})


def _counts(item: object) -> bool:
    """Whether a part of an X12 file is a record: a claim, a request, or what is unreadable."""
    return isinstance(item, X12Loop) or getattr(item, "severity", "") == "error"


class Damage:
    """Reads on until an archive turns out to be damaged or the file cannot be read."""

    def __init__(self, source: Input) -> None:
        self._source = source
        self.what = ""
        """What is wrong, once it is."""

    def guard(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        except DAMAGED:
            self.what = "the gzip archive is damaged or cut off"
        except OSError as error:
            self.what = f"the file cannot be read on: {(error.strerror or 'no reason given')}"

    def blocks(self, record: int, line: int | None, after: Position) -> Iterator[Block]:
        """The reject that says so, if there is something to say."""
        if self.what:
            path = self._source.path
            message = f"{self.what}; what comes after this place was not read"
            problem = problem_at(path, line, "damaged-file", message, "send the file again")
            reject = rejected(path, record, None, [problem])
            end = {**after, "damaged": 1}
            yield Block(None, 0, end, self._source.size, (reject,), 0, is_whole=False)


def lines_of(file: BinaryIO, offset: int) -> Iterator[Line]:
    """The lines of a file from a place on. Of an endless one only its start is kept in memory."""
    file.seek(offset)
    while text := file.readline(MAX_LINE):
        length = len(text)
        if length == MAX_LINE and not text.endswith(b"\n"):
            while rest := file.readline(MAX_LINE):
                length += len(rest)
                if rest.endswith(b"\n"):
                    text += b"\n"
                    break
        yield text, length


def _one_ahead(lines: Iterator[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether another one follows."""
    last = next(lines, None)
    if last is None:
        return
    for line in lines:
        yield last, True
        last = line
    yield last, False


def done_bytes(source: Input, file: BinaryIO, offset: int | None) -> int:
    if source.packed:
        raw: Callable[[], int] = file.fileobj.tell  # type: ignore[attr-defined]
        return raw()
    return file.tell() if offset is None else offset
