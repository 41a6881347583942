"""Sets of row numbers as ranges, since erased or missing rows are mostly consecutive."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator


class Ranges:
    """A set of whole numbers. Numbers and ranges can be added in any order, also twice."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, first: int, last: int | None = None) -> None:
        """Add a number, or all numbers from `first` to `last`."""
        last = first if last is None else last
        if last < first:
            return
        if self._ends and first == self._ends[-1] + 1:  # the common case: the next number
            self._ends[-1] = last
            return
        low = bisect_right(self._ends, first - 2)  # ranges that touch the new one begin here
        high = bisect_right(self._starts, last + 1)
        if low < high:
            first, last = min(first, self._starts[low]), max(last, self._ends[high - 1])
        self._starts[low:high], self._ends[low:high] = [first], [last]

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ends[at]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.pairs:
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.pairs)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The ranges in order, both ends included."""
        return list(zip(self._starts, self._ends, strict=True))

    def without(self, other: Ranges) -> Ranges:
        """The numbers that are not in the other set."""
        out = Ranges()
        for first, last in self.pairs:
            start = first
            at = max(bisect_right(other._starts, first) - 1, 0)
            for low, high in zip(other._starts[at:], other._ends[at:], strict=True):
                if low > last:
                    break
                if high >= start:
                    out.add(start, low - 1)
                    start = high + 1
            out.add(start, last)
        return out

    def both(self, other: Ranges) -> Ranges:
        """The numbers that are in both sets."""
        return self.without(self.without(other))
