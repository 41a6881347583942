"""How many rows, lines or claims a file holds, counted apart from reading and deciding them.

The counts of readers and deciders agree even on a row that the reader lost. So at the end of a run every
input is counted separately, as cheaply as its format allows, and what was written is read back.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from payer_policy.batch.deciding import CountsDiffer
from payer_policy.batch.inputs import Input
from payer_policy.batch.readers import Reader
from payer_policy.formats.blocks import Block
from payer_policy.formats.known import known
from payer_policy.formats.streams import lines_of
from payer_policy.formats.tables.csv_rows import SEPARATORS


@dataclass
class Units:
    """How many rows, lines or claims of each input were read, according to their blocks."""

    read: dict[int, int] = field(default_factory=dict)
    unread: set[int] = field(default_factory=set)
    """The inputs with a part that could not be read at all."""

    def add(self, source: int, block: Block, records: int) -> None:
        """Count a block, from which `records` records came."""
        units = records if block.units is None else block.units
        self.read[source] = self.read.get(source, 0) + units
        if not block.is_whole:
            self.unread.add(source)

    def to_json(self) -> dict[str, Any]:
        """As in a line of the journal."""
        read = {str(index): count for index, count in self.read.items()}
        return {"read": read, "unread": sorted(self.unread)}


def counted_inputs(
    readers: Sequence[Reader],
    parts: Sequence[Mapping[str, Any]],
    counts: Callable[[Iterable[Reader]], Iterable[int | None]] | None = None,
) -> dict[str, Any]:
    """How many rows, lines and claims the inputs hold, after checking that as many were read.

    Args:
        readers: The files.
        parts: What was read (`Units.to_json`), part by part.
        counts: Counts what files hold, as `count_of` does; the default is this process.

    Returns:
        `inputs`: the counts by kind; `not_counted`: files that cannot be counted, since they are damaged
        or hold FHIR.

    Raises:
        CountsDiffer: a file holds more or fewer than were read.
    """
    read: dict[int, int] = {}
    unread: set[int] = set()
    for part in parts:
        unread.update(part["unread"])
        for index, count in part["read"].items():
            read[int(index)] = read.get(int(index), 0) + count
    whole = (reader for index, reader in enumerate(readers) if index not in unread)
    found = iter(counts(whole) if counts is not None else map(count_of, whole))
    totals: dict[str, int] = {}
    left_out: list[str] = []
    for index, reader in enumerate(readers):
        source = reader.source
        held = None if index in unread else next(found)
        if held is None:
            left_out.append(source.path)
            continue
        if held != read.get(index, 0):
            raise CountsDiffer(
                f"{source.path} holds {counted_words(source.kind, held)}; "
                f"{read.get(index, 0):,} were read"
            )
        totals[source.kind] = totals.get(source.kind, 0) + held
    return {"inputs": totals, "not_counted": left_out}


def counted_words(kind: str, count: int) -> str:
    """A count with its unit, such as `3 rows`."""
    names = {one.name: one.units for one in known()}
    return f"{count:,} {names[kind][count != 1]}"


def count_of(reader: Reader) -> int | None:
    """How many rows, lines, requests or claims a file holds; None: they cannot be counted."""
    source = reader.source
    if source.kind == "parquet":
        return _parquet_rows(Path(source.path))
    if source.kind == "csv":
        separator = reader.columns.separator if reader.columns is not None else SEPARATORS[0]
        return _csv_rows(source, separator)
    return None if source.format.count is None else source.format.count(source)


def _parquet_rows(path: Path) -> int | None:
    try:
        rows: int = pq.read_metadata(path).num_rows
    except (pa.ArrowException, OSError):
        return None
    return rows


def _csv_rows(source: Input, separator: str) -> int:
    """The rows after the header, by RFC 4180; a broken row ends where Python's strict reader ends it.

    That reader is not used here, so that the count is independent.
    """
    rows = -1
    with source.open() as file:
        size: int | None = None
        mark = SEPARATORS[0]  # the header is split at commas, before the separator is known
        for at, (text, _) in enumerate(lines_of(file, 0)):
            if not at:
                text = text.removeprefix(b"\xef\xbb\xbf")
            if size is None:
                filled = bool(text.strip(b"\r\n"))
                rows += filled
                mark = SEPARATORS[0] if not rows and filled else separator
                if b'"' not in text:
                    continue
            size = _left_open(text.decode("utf-8", "surrogateescape"), mark, size)
    return max(rows, 0)


def _left_open(text: str, separator: str, size: int | None) -> int | None:
    """The length so far of the quoted cell that a line leaves open; None: the row ends with the line.

    Args:
        text: The line.
        separator: Between cells.
        size: The length so far of the cell that the line continues; None: it begins a row.
    """
    most = csv.field_size_limit()
    at = 0
    while True:
        if size is None:
            if text[at : at + 1] == '"':
                size, at = 0, at + 1
            else:
                ends = [
                    found for mark in (separator, "\r", "\n") if (found := text.find(mark, at)) >= 0
                ]
                end = min(ends, default=len(text))
                if end - at > most or text[end : end + 1] != separator:
                    return None
                at = end + 1
                continue
        end = text.find('"', at)
        size += (end if end >= 0 else len(text)) - at
        if size > most:
            return None
        if end < 0:
            return size
        following = text[end + 1 : end + 2]
        if following == '"':
            size, at = size + 1, end + 2
        elif following == separator:
            size, at = None, end + 2
        else:  # the end of the line, or a broken cell: the row ends
            return None


# --- what was written ------------------------------------------------------------------------------


def records_in(path: Path) -> int:
    """How many records a written part has answers on."""
    with pq.ParquetFile(path) as file:
        table = file.read(["file", "record"], use_threads=False)
    pairs = table.group_by(["file", "record"], use_threads=False).aggregate([])
    return len(pairs)


def lines_between(path: Path, start: int, end: int) -> int:
    """How many lines a file has between two byte positions."""
    return sum(chunk.count(b"\n") for chunk in _chunks(path, start, end))


def _chunks(path: Path, start: int, end: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while start < end and (chunk := file.read(min(1 << 20, end - start))):
            start += len(chunk)
            yield chunk
