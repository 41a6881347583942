"""CSV text to rows, strictly, and with the place of each: a separator, quotes, UTF-8, a header.

A row may go over several lines within quotes. A row that is broken costs that row alone; what a row
is, is decided by the same reader everywhere.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from typing import NamedTuple

from payer_policy.formats.streams import Line

_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_BOM = b"\xef\xbb\xbf"
_QUOTED = re.compile(rb'"[^"]*"')
SEPARATORS = (",", ";", "\t", "|")
"""The separators of cells that are known; of two that occur equally often, the first is used."""


@dataclass(frozen=True, slots=True)
class RowText:
    """The text of one row as it is in the file."""

    data: bytes
    lines: int
    length: int
    """Bytes in the file; more than `data` where the row is too long to keep."""

    @property
    def is_blank(self) -> bool:
        return not self.data.strip(b"\r\n")


def row_texts(lines: Iterator[Line], separator: str) -> Iterator[RowText]:
    """The rows of a file, blank ones too."""
    for text, length in lines:
        if b'"' not in text:
            yield RowText(text, 1, length)
            continue
        taken = [(text, length)]
        reader = csv.reader(_recorded(lines, taken), strict=True, delimiter=separator)
        with suppress(csv.Error):  # reading the row reports it
            next(reader, None)
        texts, lengths = zip(*taken, strict=True)
        yield RowText(b"".join(texts), len(taken), sum(lengths))


def _recorded(lines: Iterator[Line], taken: list[Line]) -> Iterator[str]:
    yield _decoded(taken[0][0])
    for line in lines:
        taken.append(line)
        yield _decoded(line[0])


def cells_of(row: RowText, width: int | None, separator: str) -> list[str] | str:
    """The cells of one row, or what is wrong with it."""
    if row.length != len(row.data):
        return "the row is too long"
    for _, cells in rows_of(row.data, width, separator):
        return cells
    return []


def rows_of(
    data: bytes, width: int | None, separator: str
) -> Iterator[tuple[int, list[str] | str]]:
    """The cells of each row that is not blank, or what is wrong with it; and the line that it
    starts on, from 0."""
    text = _decoded(data)
    stray = None if text.isascii() else _NOT_UTF8.search(text)
    reader = csv.reader(StringIO(text, newline="\n"), strict=True, delimiter=separator)
    while True:
        line = reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            lines = reader.line_num - line
            yield line, _said(error) + (f"; {lines} lines were taken as this row" * (lines > 1))
            continue
        if not cells:
            continue
        if width is not None and len(cells) != width:
            yield line, f"found {len(cells)} cells; the header names {width}"
        elif stray is not None and (found := _first_stray(cells)) is not None:
            yield line, f"the byte 0x{found:02X} here is not UTF-8 text"
        else:
            yield line, cells


class Header(NamedTuple):
    """The first row that is not blank."""

    names: list[str] | str
    """The names of the columns, or what is wrong with the row."""
    separator: str
    lines: int
    """How many lines it ends after."""
    length: int
    """And how many bytes."""


def separator_in(header: bytes) -> str:
    """The separator of a header: a comma, or the one that occurs more often outside of quotes."""
    plain = _QUOTED.sub(b"", header)
    return max(SEPARATORS, key=lambda one: plain.count(one.encode()))


def header_of(lines: Iterator[Line]) -> Header:
    """The header of a file."""
    count = length = 0
    for row in row_texts(lines, SEPARATORS[0]):
        data = row.data.removeprefix(_BOM) if not count else row.data
        cut = len(row.data) - len(data)
        count, length = count + row.lines, length + row.length
        row = RowText(data, row.lines, row.length - cut)
        if not row.is_blank:
            separator = separator_in(row.data)
            cells = cells_of(row, None, separator)
            if isinstance(cells, list):
                cells = [name.strip() for name in cells]
            return Header(cells, separator, count, length)
    return Header("the file is empty", SEPARATORS[0], count, length)


def _first_stray(cells: Iterable[str]) -> int | None:
    found = _NOT_UTF8.search("".join(chain(cells)))
    return None if found is None else ord(found.group()) - 0xDC00


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _said(error: csv.Error) -> str:
    """The CSV reader's error in plain words."""
    said = str(error)
    if "field larger" in said:
        return f"a cell is longer than {csv.field_size_limit():,} characters; is a quote missing?"
    if "unexpected end" in said:
        return "the file ends within quotes"
    if "expected after" in said:
        return "text follows a closing quote; a quote within quotes is written twice"
    if "new-line" in said:
        return "a line break of another kind is in the row; lines end with LF or CR LF"
    return "the row cannot be read as CSV"
