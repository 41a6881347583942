"""`Ranges` is held to Python's sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.audit.ranges import Ranges

RUNS = st.lists(st.tuples(st.integers(-5, 30), st.integers(-1, 6)), max_size=12)


def made(runs: list[tuple[int, int]]) -> tuple[Ranges, set[int]]:
    ranges, plain = Ranges(), set[int]()
    for first, more in runs:
        ranges.add(first, first + more)
        plain |= set(range(first, first + more + 1))
    return ranges, plain


@settings(max_examples=200, deadline=None)
@given(RUNS, RUNS)
def test_they_are_sets_of_numbers(some: list[tuple[int, int]], more: list[tuple[int, int]]) -> None:
    (one, a), (other, b) = made(some), made(more)

    assert list(one) == sorted(a)
    assert bool(one) == bool(a)
    assert {number for number in range(-10, 50) if number in one} == a
    assert list(one.without(other)) == sorted(a - b)
    assert list(one.both(other)) == sorted(a & b)
    pairs = one.pairs
    assert all(last + 1 < first for (_, last), (first, _) in pairwise(pairs))
