"""Patterns: what is distinct, and what each row's own is."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.engines.columnar.patterns import Patterns, null_bits, true_bits

TRUTHS = st.sampled_from([True, False, None])


@st.composite
def tables(draw: st.DrawFn) -> list[list[bool | None]]:
    """Columns, more than fit one word now and then."""
    width = draw(st.sampled_from([0, 1, 7, 8, 9, 63, 64, 65, 130]))
    rows = draw(st.integers(0, 40))
    return [draw(st.lists(TRUTHS, min_size=rows, max_size=rows)) for _ in range(width)]


@given(columns=tables(), skip=st.integers(0, 3))
@settings(max_examples=80, deadline=None)
def test_each_row_has_the_positions_of_its_true_columns(
    columns: list[list[bool | None]], skip: int
) -> None:
    series = [pl.Series(column, dtype=pl.Boolean)[skip:] for column in columns]
    rows = len(series[0]) if series else 5

    found = Patterns.of([true_bits(one) for one in series], rows)

    for row in range(rows):
        wanted = tuple(at for at, one in enumerate(series) if one[row])
        assert found[row] == wanted
    assert found.any().tolist() == [bool(found[row]) for row in range(rows)]
    offsets, items = found.flat()
    assert [tuple(items[start:end].tolist()) for start, end in pairwise(offsets)] == [
        found[row] for row in range(rows)
    ]


@given(column=st.lists(TRUTHS, max_size=50), skip=st.integers(0, 9))
def test_bits_are_zeros_and_ones_from_the_first_row_on(
    column: list[bool | None], skip: int
) -> None:
    series = pl.Series(column, dtype=pl.Boolean)[skip:]

    assert true_bits(series).tolist() == [int(value is True) for value in column[skip:]]
    assert null_bits(series).tolist() == [int(value is None) for value in column[skip:]]


def test_rows_that_were_left_out_have_the_empty_pattern() -> None:
    found = Patterns.of([np.array([1, 0], dtype=np.uint8)], 2)

    spread = found.spread(np.array([False, True, True]))

    assert [spread[row] for row in range(3)] == [(), (0,), ()]
