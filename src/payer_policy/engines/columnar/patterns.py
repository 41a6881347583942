"""Rows by which of some columns of zeros and ones are one: the few patterns there are, and each row's.

Millions of rows show hundreds of patterns, so what follows from a pattern (a list of findings, say)
is worked out once for each, and a row only names its pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

_WORD: Final = 64
Bits = np.ndarray[Any, np.dtype[np.uint8]]
"""A row's zero or one in each place."""
Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Patterns(NamedTuple):
    """Each row's pattern, and the positions of the ones of each pattern, one after the other."""

    row: Numbers
    starts: Numbers
    """Where the positions of each pattern begin in `positions`, and last where they end."""
    positions: Numbers

    @classmethod
    def of(cls, columns: Sequence[Bits], rows: int) -> Patterns:
        """The patterns of some columns, in order of appearance."""
        row = np.zeros(rows, dtype=np.int64)
        words = np.zeros((1, 0), dtype=np.uint64)
        for start in range(0, len(columns), _WORD):
            here, distinct = _encoded(_packed(columns[start : start + _WORD], rows))
            row, pairs = _encoded(row * len(distinct) + here)
            before, now = np.divmod(pairs, len(distinct))
            words = np.column_stack([words[before], distinct[now]])
        bits = np.unpackbits(np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little")
        pattern, positions = np.nonzero(bits)
        return cls(row, _starts(np.bincount(pattern, minlength=len(words))), positions)

    @classmethod
    def none(cls, rows: int) -> Patterns:
        """The empty pattern on every row."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(np.zeros(rows, dtype=np.int64), np.zeros(2, dtype=np.int64), empty)

    def __getitem__(self, row: Any) -> Any:
        """The positions of a row, as a tuple."""
        at = self.row[row]
        return tuple(self.positions[self.starts[at] : self.starts[at + 1]].tolist())

    def any(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Whether a row's pattern has any position."""
        filled: np.ndarray[Any, np.dtype[np.bool_]] = (np.diff(self.starts) > 0)[self.row]
        return filled

    def flat(self) -> tuple[np.ndarray[Any, np.dtype[np.int32]], Numbers]:
        """Where each row begins (and the last one ends), and all positions, row after row."""
        counts = np.diff(self.starts)[self.row]
        offsets = _starts(counts)
        shift = np.repeat(self.starts[self.row] - offsets[:-1], counts)
        return offsets.astype(np.int32), self.positions[shift + np.arange(offsets[-1])]

    def spread(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Patterns:
        """These patterns for the rows where `rows` is true, and the empty pattern elsewhere."""
        row = np.zeros(len(rows), dtype=np.int64)
        row[rows] = self.row + 1
        return Patterns(row, np.concatenate([[0], self.starts]), self.positions)

    def named(self, names: Sequence[int]) -> Patterns:
        """The same, with another number for each position."""
        return self._replace(positions=np.array(names, dtype=np.int64)[self.positions])


def true_bits(column: pl.Series) -> Bits:
    """Where a Boolean column is true, as zeros and ones; null is zero."""
    array = column.to_arrow()
    known, values = array.buffers()
    bits = np.frombuffer(values, dtype=np.uint8)
    if known is not None:
        bits = bits & np.frombuffer(known, dtype=np.uint8)[: len(bits)]
    return _unpacked(bits, array)


def null_bits(column: pl.Series) -> Bits:
    """Where a column is null, as zeros and ones."""
    array = column.to_arrow()
    known = array.buffers()[0]
    if known is None:
        return np.zeros(len(array), dtype=np.uint8)
    return _unpacked(~np.frombuffer(known, dtype=np.uint8), array)


def _unpacked(bits: Bits, array: pa.Array) -> Bits:
    end = array.offset + len(array)
    return np.unpackbits(bits, bitorder="little", count=end)[array.offset :]


def _packed(columns: Sequence[Bits], rows: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    planes = np.zeros((rows, _WORD // 8), dtype=np.uint8)
    for start in range(0, len(columns), 8):
        plane = np.zeros(rows, dtype=np.uint8)
        for bit, column in enumerate(columns[start : start + 8]):
            plane |= column << np.uint8(bit)
        planes[:, start // 8] = plane
    return planes.view("<u8").reshape(rows)


def _encoded(words: np.ndarray[Any, Any]) -> tuple[Numbers, np.ndarray[Any, Any]]:
    encoded = pa.array(words).dictionary_encode()
    return (
        encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        encoded.dictionary.to_numpy(zero_copy_only=False),
    )


def _starts(counts: Numbers) -> Numbers:
    starts = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=starts[1:])
    return starts
