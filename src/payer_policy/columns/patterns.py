"""Rows by which of some Boolean columns are true: the few patterns there are, and each row's own.

Millions of rows show hundreds of patterns, so what follows from a pattern (a list of findings, say)
is made once for each, and a row only names its pattern.
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


class Patterns(NamedTuple):
    """The distinct patterns, each as the positions of its true columns; and each row's, by index."""

    row: np.ndarray[Any, np.dtype[np.int64]]
    positions: list[tuple[int, ...]]

    @classmethod
    def of(cls, columns: Sequence[Bits], rows: int) -> Patterns:
        """The patterns of some columns of zeros and ones, in order of appearance."""
        ids = np.zeros(rows, dtype=np.int64)
        positions: list[tuple[int, ...]] = [()]
        for start in range(0, len(columns), _WORD):
            words = _packed(columns[start : start + _WORD], rows)
            here, distinct = _encoded(words)
            both = ids * len(distinct) + here
            ids, pairs = _encoded(both)
            positions = [
                positions[pair // len(distinct)]
                + tuple(start + bit for bit in _bits(int(distinct[pair % len(distinct)])))
                for pair in map(int, pairs)
            ]
        return cls(ids, positions)

    def flat(
        self,
    ) -> tuple[np.ndarray[Any, np.dtype[np.int32]], np.ndarray[Any, np.dtype[np.int64]]]:
        """Where each row begins (and the last one ends), and all positions, row after row."""
        lengths = np.array([len(pattern) for pattern in self.positions], dtype=np.int64)
        starts = np.cumsum(lengths) - lengths
        items = np.array([at for pattern in self.positions for at in pattern], dtype=np.int64)
        counts = lengths[self.row]
        offsets = np.zeros(len(self.row) + 1, dtype=np.int32)
        np.cumsum(counts, out=offsets[1:])
        shift = np.repeat(starts[self.row] - offsets[:-1], counts)
        return offsets, items[shift + np.arange(offsets[-1])]

    def spread(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Patterns:
        """These patterns for the rows where `rows` is true, and the empty pattern elsewhere."""
        row = np.zeros(len(rows), dtype=np.int64)
        row[rows] = self.row + 1
        return Patterns(row, [(), *self.positions])


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


def _encoded(
    words: np.ndarray[Any, Any],
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, Any]]:
    encoded = pa.array(words).dictionary_encode()
    return (
        encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64),
        encoded.dictionary.to_numpy(zero_copy_only=False),
    )


def _bits(word: int) -> list[int]:
    return [bit for bit in range(_WORD) if word >> bit & 1]
