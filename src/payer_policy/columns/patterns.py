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


class Patterns(NamedTuple):
    """The distinct patterns, each as the positions of its true columns; and each row's, by index."""

    row: np.ndarray[Any, np.dtype[np.int64]]
    positions: list[tuple[int, ...]]

    @classmethod
    def of(cls, columns: Sequence[pl.Series], rows: int) -> Patterns:
        """The patterns of some Boolean columns (null is not true), in order of appearance."""
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

    def spread(self, rows: np.ndarray[Any, np.dtype[np.bool_]]) -> Patterns:
        """These patterns for the rows where `rows` is true, and the empty pattern elsewhere."""
        row = np.zeros(len(rows), dtype=np.int64)
        row[rows] = self.row + 1
        return Patterns(row, [(), *self.positions])


def bits_of(column: pl.Series) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """A Boolean column as zeros and ones; null is zero."""
    array = column.fill_null(False).to_arrow()
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    buffer = np.frombuffer(array.buffers()[1], dtype=np.uint8)
    return np.unpackbits(buffer, bitorder="little", count=array.offset + len(array))[array.offset :]


def _packed(columns: Sequence[pl.Series], rows: int) -> np.ndarray[Any, np.dtype[np.uint64]]:
    planes = np.zeros((rows, _WORD // 8), dtype=np.uint8)
    for start in range(0, len(columns), 8):
        plane = np.zeros(rows, dtype=np.uint8)
        for bit, column in enumerate(columns[start : start + 8]):
            plane |= bits_of(column) << bit
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
