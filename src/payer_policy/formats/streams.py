"""Files as they stream: lines with their lengths, how far a file was read, where it is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, TypeVar

from payer_policy.formats.blocks import Block, Position
from payer_policy.formats.json.places import MAX_PIECE
from payer_policy.formats.rejects import problem_at, rejected
from payer_policy.formats.source import DAMAGED, Source

T = TypeVar("T")

MAX_LINE: Final = 4 * MAX_PIECE + 4
"""Bytes of a line that are kept: enough to report that it is too long."""

Line = tuple[bytes, int]
"""A line (as much of it as is kept), and how many bytes it has in the file."""


class Damage:
    """Reads until an archive turns out to be damaged or the file cannot be read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.what = ""
        """What is wrong, once it is."""

    def guard(self, items: Iterator[T]) -> Iterator[T]:
        try:
            yield from items
        except DAMAGED:
            self.what = "the gzip archive is damaged or cut off"
        except OSError as error:
            reason = error.strerror or "no reason given"
            self.what = f"the rest of the file cannot be read: {reason}"

    def blocks(self, record: int, line: int | None, after: Position) -> Iterator[Block]:
        """The reject for the rest of the file, if it is damaged."""
        if self.what:
            path = self._source.path
            message = f"{self.what}; what follows was not read"
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


def done_bytes(source: Source, file: BinaryIO, offset: int | None) -> int:
    if source.packed:
        raw: Callable[[], int] = file.fileobj.tell  # type: ignore[attr-defined]
        return raw()
    return file.tell() if offset is None else offset
