"""Columns: what is worked out once for each combination of values is what each row has by itself."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.columns import (
    Column,
    Groups,
    column_of,
    constant,
    either,
    first_known,
    folded,
    grouped,
    mapped,
    patterns,
    stacked,
)

VALUES = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from([Decimal("1.5"), Decimal("2"), date(2024, 2, 29)]),
)
ROWS = st.integers(0, 40)


def values_of(column: Column) -> list[object]:
    return [column[row] for row in range(len(column))]


@st.composite
def tables(draw: st.DrawFn) -> list[list[object]]:
    """One to four columns of one length."""
    rows = draw(ROWS)
    return [
        draw(st.lists(VALUES, min_size=rows, max_size=rows)) for _ in range(draw(st.integers(1, 4)))
    ]


@st.composite
def lists_of_groups(draw: st.DrawFn) -> list[list[object]]:
    """The values of some groups; some are empty."""
    return draw(st.lists(st.lists(VALUES, max_size=5), max_size=12))


def as_groups(lists: list[list[object]]) -> tuple[Groups, Column]:
    sizes = np.array([len(one) for one in lists], dtype=np.int64)
    return Groups.of_sizes(sizes), column_of([value for one in lists for value in one])


@settings(deadline=None)
@given(values=st.lists(VALUES))
def test_a_column_has_the_values_that_it_was_made_of(values: list[object]) -> None:
    column = column_of(values)

    assert values_of(column) == values
    assert column.known.tolist() == [value is not None for value in values]
    assert values_of(column.compact()) == values
    assert len(set(column.values)) == len(column.values)


@settings(deadline=None)
@given(table=tables())
def test_a_function_gets_the_values_of_each_row(table: list[list[object]]) -> None:
    calls: list[tuple[object, ...]] = []

    def together(*values: object) -> object:
        calls.append(values)
        return values if values[0] is not None else None

    made = mapped(together, [column_of(values) for values in table])

    rows = list(zip(*table, strict=True))
    assert values_of(made) == [row if row[0] is not None else None for row in rows]
    assert len(calls) == len(set(calls)), "a combination of values was worked out twice"


@settings(deadline=None)
@given(table=tables(), many=st.integers(300, 2_000))
def test_rows_are_grouped_by_what_they_are_alike_in(table: list[list[object]], many: int) -> None:
    columns = [column_of(values) for values in table]
    parts = [(column.codes, len(column.values) + many) for column in columns]

    rows, each = grouped(parts)

    for at, column in enumerate(columns):
        assert (each[at][rows] == column.codes).all()


@settings(deadline=None)
@given(table=tables())
def test_the_first_value_that_is_known(table: list[list[object]]) -> None:
    made = first_known([column_of(values) for values in table])

    assert values_of(made) == [
        next((value for value in row if value is not None), None)
        for row in zip(*table, strict=True)
    ]


@settings(deadline=None)
@given(table=tables(), flags=st.lists(st.booleans(), min_size=40, max_size=40))
def test_one_column_or_the_other_and_one_after_the_other(
    table: list[list[object]], flags: list[bool]
) -> None:
    one, other = table[0], table[-1]
    chosen = np.array(flags[: len(one)], dtype=np.bool_)

    made = either(chosen, column_of(one), column_of(other))

    assert values_of(made) == [
        a if flag else b for a, b, flag in zip(one, other, flags, strict=False)
    ]
    assert values_of(stacked([column_of(one), column_of(other)])) == [*one, *other]


@settings(deadline=None)
@given(lists=lists_of_groups())
def test_a_fold_gets_the_values_of_each_group(lists: list[list[object]]) -> None:
    groups, column = as_groups(lists)

    made = folded(lambda values: ("all", *values), groups, column)

    assert values_of(made) == [("all", *one) for one in lists]


@settings(deadline=None)
@given(lists=lists_of_groups(), wanted=st.lists(st.booleans(), min_size=12, max_size=12))
def test_groups_of_some_and_of_chosen_rows(lists: list[list[object]], wanted: list[bool]) -> None:
    groups, column = as_groups(lists)
    some = np.flatnonzero(np.array(wanted[: len(lists)], dtype=np.bool_))

    own, rows = groups.take(some)

    taken = values_of(column.take(rows))
    starts = own.starts.tolist()
    assert [taken[a:b] for a, b in itertools.pairwise(starts)] == [lists[at] for at in some]
    known = groups.chosen(column.known)
    assert known.sizes.tolist() == [sum(value is not None for value in one) for one in lists]
    assert groups.any(column.known).tolist() == [
        any(value is not None for value in one) for one in lists
    ]


@settings(deadline=None)
@given(
    columns=st.integers(0, 30).flatmap(
        lambda rows: st.lists(
            st.lists(st.booleans(), min_size=rows, max_size=rows),
            min_size=0 if rows else 1,
            max_size=70,
        )
    )
)
def test_each_row_has_the_places_of_its_flags(columns: list[list[bool]]) -> None:
    rows = len(columns[0]) if columns else 7

    row, found = patterns([np.array(one, dtype=np.bool_) for one in columns], rows)

    for at in range(rows):
        wanted = tuple(place for place, one in enumerate(columns) if one[at])
        assert found[row[at]] == wanted


def test_nothing_is_known_of_a_column_of_none() -> None:
    column = constant(None, 3)

    assert values_of(column) == [None, None, None]
    assert not column.known.any()
