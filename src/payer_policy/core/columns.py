"""Columns of exact values: for each row a code, and beside them the distinct values that codes stand for.

Millions of rows have few distinct values, so whatever depends on some columns is worked out once for
each distinct combination of their values, by the same Python function that works it out for a single
request, and then handed out to the rows. Nothing here has a meaning of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

Codes = np.ndarray[Any, np.dtype[np.int32]]
"""For each row the position of its value in a list of distinct values."""
Places = np.ndarray[Any, np.dtype[np.int64]]
"""Positions of rows."""
Flags = np.ndarray[Any, np.dtype[np.bool_]]

_FEW: Final = 256
"""Up to so many combinations are all worked out, whether or not a row has them."""
_MOST: Final = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A value for each row; `values[0]` is None, which is "not known"."""

    codes: Codes
    values: Sequence[Any]

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> Any:
        """The value of one row."""
        return self.values[self.codes[row]]

    def take(self, rows: Any) -> Column:
        """The column of some rows: their positions, or a flag for each row."""
        return Column(self.codes[rows], self.values)

    @property
    def known(self) -> Flags:
        """Where the value is known."""
        known: Flags = self.codes != 0
        return known

    def compact(self) -> Column:
        """The same column without values that no row has, where those are most of them."""
        if len(self.values) <= 2 * len(self.codes) + _FEW:
            return self
        codes, distinct = encoded(self.codes)
        values = self.values
        return recoded(codes, [values[code] for code in distinct.tolist()])


def encoded(keys: np.ndarray[Any, Any]) -> tuple[Codes, np.ndarray[Any, Any]]:
    """For each key its position among the distinct keys, and those, in order of appearance."""
    made = pa.array(keys).dictionary_encode()
    return (
        made.indices.to_numpy(zero_copy_only=False),
        made.dictionary.to_numpy(zero_copy_only=False),
    )


def constant(value: Any, rows: int) -> Column:
    """One value on every row."""
    if value is None:
        return Column(np.zeros(rows, dtype=np.int32), (None,))
    return Column(np.ones(rows, dtype=np.int32), (None, value))


def column_of(values: Iterable[Any]) -> Column:
    """The column of some values, one a row."""
    known: dict[Any, int] = {None: 0}
    codes = [known.setdefault(value, len(known)) for value in values]
    return Column(np.array(codes, dtype=np.int32), list(known))


def recoded(codes: Codes, made: Sequence[Any]) -> Column:
    """The column in which a row has the value at the position that its code says."""
    known: dict[Any, int] = {None: 0}
    table = np.array([known.setdefault(value, len(known)) for value in made], dtype=np.int32)
    if not len(table):
        return Column(codes, (None,))
    return Column(table[codes], list(known))


def first_known(columns: Sequence[Column]) -> Column:
    """For each row the first value that is known."""
    found = columns[0]
    for column in columns[1:]:
        if len(column.values) > 1 and len(found.values) == 1:
            found = column
        elif len(column.values) > 1 and not found.known.all():
            values = [*found.values, *column.values]
            shift = np.int32(len(found.values))
            codes = np.where(found.codes == 0, column.codes + shift, found.codes)
            found = recoded(codes, values)
    return found


def stacked(columns: Sequence[Column]) -> Column:
    """The rows of some columns, one column after the other."""
    values: list[Any] = []
    codes = []
    for column in columns:
        codes.append(column.codes + np.int32(len(values)))
        values += column.values
    return recoded(np.concatenate(codes), values)


def either(rows: Flags, then: Column, otherwise: Column) -> Column:
    """The values of one column on some rows, and of another one on the others."""
    codes = np.where(rows, then.codes, otherwise.codes + np.int32(len(then.values)))
    return recoded(codes, [*then.values, *otherwise.values])


def grouped(parts: Sequence[tuple[Codes, int]]) -> tuple[Codes, list[Codes]]:
    """Which rows have the same combination of codes.

    Args:
        parts: The codes of some columns of equal length, each with how many codes there are.

    Returns:
        For each row the position of its combination, and for each column the codes of the combinations.
    """
    codes, size = parts[0]
    each = [np.arange(size, dtype=np.int32)]
    if size > 2 * len(codes) + _FEW:
        codes, found = encoded(codes)
        each = [found.astype(np.int32)]
    for other, count in parts[1:]:
        before = len(each[0])
        if before * count <= _FEW:
            codes = codes * np.int32(count) + other
            pairs = np.arange(before * count, dtype=np.int64)
        else:
            codes, pairs = encoded(codes.astype(np.int64) * count + other)
        first, second = np.divmod(pairs, count)
        each = [one[first] for one in each]
        each.append(second.astype(np.int32))
    return codes, each


def mapped(function: Callable[..., Any], columns: Sequence[Column]) -> Column:
    """What a function makes of the values of some columns, called once for each combination.

    Args:
        function: It gets a value of each column, None where that is not known, and gives a value that
            can be a key, or None.
        columns: At least one; all of equal length.
    """
    codes, made = each_combination(function, columns)
    return recoded(codes, made)


def each_combination(
    function: Callable[..., Any], columns: Sequence[Column]
) -> tuple[Codes, list[Any]]:
    """As `mapped`, with the results as they are: for each row a position among them."""
    codes, each = grouped([(column.codes, len(column.values)) for column in columns])
    values = [
        [column.values[code] for code in own.tolist()]
        for column, own in zip(columns, each, strict=True)
    ]
    return codes, list(map(function, *values))


# --- lists of rows ---------------------------------------------------------------------------------


class Groups:
    """Groups of rows, one after the other: where each begins, and last where the last one ends."""

    def __init__(self, starts: Places) -> None:
        self.starts = starts
        self.sizes: Places = np.diff(starts)
        self.of_row: Places = np.repeat(np.arange(len(self.sizes)), self.sizes)
        """For each row its group."""

    @classmethod
    def of_sizes(cls, sizes: Places) -> Groups:
        """Groups of these sizes."""
        starts = np.zeros(len(sizes) + 1, dtype=np.int64)
        np.cumsum(sizes, out=starts[1:])
        return cls(starts)

    def __len__(self) -> int:
        return len(self.sizes)

    def union(self, bits: np.ndarray[Any, Any], empty: int = 0) -> np.ndarray[Any, Any]:
        """For each group the bitwise "or" of its rows' numbers."""
        made = np.full(len(self), empty, dtype=bits.dtype)
        filled = self.sizes > 0
        if len(bits) and filled.any():
            made[filled] = np.bitwise_or.reduceat(bits, self.starts[:-1][filled])
        return made

    def any(self, flags: Flags) -> Flags:
        """Whether any row of a group is flagged."""
        return self.union(flags.view(np.uint8)).view(np.bool_)

    def take(self, groups: Any) -> tuple[Groups, Places]:
        """Some groups by themselves, and the positions that their rows have here."""
        starts, sizes = self.starts[:-1][groups], self.sizes[groups]
        made = Groups.of_sizes(sizes)
        shift = np.repeat(starts - made.starts[:-1], sizes)
        return made, shift + np.arange(made.starts[-1])

    def chosen(self, rows: Flags) -> Groups:
        """The same groups of the flagged rows alone."""
        return Groups.of_sizes(np.bincount(self.of_row[rows], minlength=len(self)))

    def sequences(self, codes: Codes, size: int) -> tuple[Codes, list[tuple[int, ...]]]:
        """For each group the position of its sequence of codes among the distinct sequences, and those.

        Args:
            codes: Of each row.
            size: How many codes there are.
        """
        row = np.zeros(len(self), dtype=np.int32)
        known: list[tuple[int, ...]] = [()]
        left = np.flatnonzero(self.sizes)
        depth = 0
        while len(left):
            here = codes[self.starts[left] + depth].astype(np.int64)
            ends = row[left].astype(np.int64)
            own, pairs = encoded(ends * size + here)
            before, last = np.divmod(pairs, size)
            first = len(known)
            known += [
                (*known[one], code)
                for one, code in zip(before.tolist(), last.tolist(), strict=True)
            ]
            row[left] = own + np.int32(first)
            depth += 1
            left = left[self.sizes[left] > depth]
        return row, known


def folded(function: Callable[[list[Any]], Any], groups: Groups, column: Column) -> Column:
    """What a function makes of the list of values of each group, once for each distinct list."""
    row, lists = groups.sequences(column.codes, len(column.values))
    used = np.zeros(len(lists), dtype=np.bool_)
    used[row] = True
    values = column.values
    made = [
        function([values[code] for code in one]) if there else None
        for one, there in zip(lists, used.tolist(), strict=True)
    ]
    return recoded(row, made)


def patterns(columns: Sequence[np.ndarray[Any, Any]], rows: int) -> tuple[Codes, list[Any]]:
    """For each row the position of its pattern of flags, and for each pattern where its flags are set."""
    row = np.zeros(rows, dtype=np.int32)
    known: list[tuple[int, ...]] = [()]
    for start in range(0, len(columns), 32):
        word = np.zeros(rows, dtype=np.int64)
        for bit, column in enumerate(columns[start : start + 32]):
            word |= column.astype(np.int64) << bit
        codes, distinct = encoded(word)
        row, pairs = encoded(row.astype(np.int64) * len(distinct) + codes)
        places = [
            tuple([start + bit for bit in range(32) if one >> bit & 1]) for one in distinct.tolist()
        ]
        before, now = np.divmod(pairs, len(distinct))
        known = [
            known[one] + places[other]
            for one, other in zip(before.tolist(), now.tolist(), strict=True)
        ]
    return row, known
