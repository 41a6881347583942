"""Raw columns as facts: every way in which a warehouse writes a value, and what is no value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from payer_policy.batch.fact_table import fact_columns
from payer_policy.core.vocabulary.model import Fact, Vocabulary
from payer_policy.core.vocabulary.types import FactType

BOOLEAN, INTEGER, DECIMAL = FactType("boolean"), FactType("integer"), FactType("decimal")
DATE = FactType("date")
CHOICE = FactType("choice", values=("initial", "refill", "3"))
CODE, CODES = FactType("code", system="icd10cm"), FactType("codes", system="icd10cm")
HUGE = 10**12


def read(type_: FactType, values: list[Any], dtype: Any = None) -> tuple[list[Any], list[bool]]:
    """The values of a column of a fact, and the rows that are to be read by themselves."""
    table = pl.DataFrame({"x": pl.Series(values, dtype=dtype)}).to_arrow()
    columns, unread, _ = fact_columns(table, Vocabulary({"x": Fact("x", type_, "x")}, {}))
    column = columns.facts.get("x")
    rows = range(columns.rows)
    return [None if column is None else column[row] for row in rows], unread.tolist()


@pytest.mark.parametrize(
    ("type_", "dtype", "raw", "value"),
    [
        (BOOLEAN, pl.Boolean, True, True),
        (BOOLEAN, pl.String, "FALSE", False),
        (BOOLEAN, pl.String, " ", None),
        (INTEGER, pl.Int8, -3, -3),
        (INTEGER, pl.UInt64, HUGE - 1, HUGE - 1),
        (INTEGER, pl.String, " 12 ", 12),
        (INTEGER, pl.Decimal(20, 2), Decimal("7.00"), 7),
        (DECIMAL, pl.Int64, 5, 5),
        (DECIMAL, pl.Decimal(10, 1), Decimal("0.5"), Decimal("0.5")),
        (DECIMAL, pl.Decimal(38, 9), Decimal("0.050000000"), Decimal("0.05")),
        (DECIMAL, pl.Decimal(30, 6), Decimal("-999999999999.999999"), Decimal("-999999999999.999999")),
        (DECIMAL, pl.String, "0.1", Decimal("0.1")),
        (DATE, pl.Date, date(2024, 2, 29), date(2024, 2, 29)),
        (DATE, pl.String, "2024-02-29", date(2024, 2, 29)),
        (CHOICE, pl.String, "refill", "refill"),
        (CHOICE, pl.Categorical, "refill", "refill"),
        (CHOICE, pl.Int16, 3, "3"),
        (CODE, pl.String, " g80.1 ", "G80.1"),
        (CODES, pl.List(pl.String), ["g801", "G35A", "G80.1"], frozenset({"G80.1", "G35.A"})),
        (CODES, pl.List(pl.String), [], frozenset()),
        (CODES, pl.String, "g801; G35A", frozenset({"G80.1", "G35.A"})),
        (CODES, pl.String, "", None),
    ],
)  # fmt: skip
def test_a_value_is_read(type_: FactType, dtype: Any, raw: Any, value: Any) -> None:
    assert read(type_, [raw, None], dtype) == ([value, None], [False, False])


@pytest.mark.parametrize("type_", [BOOLEAN, INTEGER, DECIMAL, DATE, CHOICE, CODE, CODES])
@pytest.mark.parametrize("values", [[], [None], [" ", None]])
def test_a_column_of_nothing_says_nothing(type_: FactType, values: list[Any]) -> None:
    nothing = [None] * len(values), [False] * len(values)

    assert read(type_, values, pl.String) == nothing
    assert read(type_, [None] * len(values), pl.Null) == nothing


@pytest.mark.parametrize(
    ("type_", "dtype", "raw"),
    [
        (BOOLEAN, pl.String, "perhaps"),
        (INTEGER, pl.Int64, HUGE),
        (INTEGER, pl.Int64, -HUGE),
        (INTEGER, pl.Decimal(20, 2), Decimal("7.50")),
        (INTEGER, pl.String, "7.5"),
        (INTEGER, pl.String, "9" * 400),
        (DECIMAL, pl.Decimal(38, 0), Decimal(10**20)),
        (DECIMAL, pl.Decimal(38, 9), Decimal("0.000000001")),
        (DECIMAL, pl.String, "1e5"),
        (DECIMAL, pl.Float64, 0.5),
        (DATE, pl.String, "2023-02-29"),
        (DATE, pl.String, "03/04/2024"),
        (CHOICE, pl.String, "refil"),
        (CHOICE, pl.Int64, 4),
        (CODE, pl.String, "X" * 300),
        (CODES, pl.List(pl.String), ["G80.1", None]),
        (CODES, pl.List(pl.String), [""]),
        (CODES, pl.List(pl.String), ["A\x1fB"]),
        (CODES, pl.List(pl.Int64), [1]),
        (CODE, pl.Boolean, True),
        (BOOLEAN, pl.Int8, 1),
    ],
)
def test_a_row_with_a_cell_that_is_no_value_is_read_by_itself(
    type_: FactType, dtype: Any, raw: Any
) -> None:
    assert read(type_, [None, raw], dtype) == ([None, None], [False, True])


SOME = FactType("integer", minimum=2, maximum=9)
PARTS = FactType("decimal", minimum=Decimal("0.5"), maximum=Decimal("2.5"))
DAYS = FactType("date", minimum=date(2020, 1, 1), maximum=date(2020, 12, 31))


@pytest.mark.parametrize(
    ("type_", "dtype", "fits", "beyond"),
    [
        (SOME, pl.Int64, [2, 9], [1, 10]),
        (SOME, pl.String, ["2", "9"], ["1", "10"]),
        (SOME, pl.Decimal(10, 2), [Decimal(2), Decimal(9)], [Decimal(1), Decimal(10)]),
        (PARTS, pl.Decimal(10, 3), [Decimal("0.5"), Decimal("2.5")], [Decimal("0.499"), Decimal(3)]),
        (PARTS, pl.Decimal(10, 3), [], [Decimal("2.501")]),
        (PARTS, pl.Int64, [1, 2], [0, 3]),
        (DAYS, pl.Date, [date(2020, 1, 1), date(2020, 12, 31)], [date(2019, 12, 31), date(2021, 1, 1)]),
        (DAYS, pl.String, ["2020-01-01", "2020-12-31"], ["2019-12-31", "2021-01-01"]),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_none(
    type_: FactType, dtype: Any, fits: list[Any], beyond: list[Any]
) -> None:
    _, unread = read(type_, [*fits, None, *beyond], dtype)
    assert unread == [False] * len(fits) + [False] + [True] * len(beyond)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("C-1", "C-1"), (" C 1 ", "C 1"), ("", None), (" ", None), (17, "17"),
        ("a\u00e9", "a\u00e9"),
    ],
)  # fmt: skip
def test_claim_numbers(raw: Any, number: str | None) -> None:
    table = pl.DataFrame({"id": [raw]}).to_arrow()

    columns, unread, _ = fact_columns(table, Vocabulary({}, {}))

    assert (columns.fields["id"][0], unread.tolist()) == (number, [False])


@pytest.mark.parametrize("raw", ["a\x00b", "a\x7f", "a\x85b", "a  b", "a\tb", "x" * 201])
def test_a_claim_number_that_is_none_is_left_to_the_reader_of_one_row(raw: str) -> None:
    table = pl.DataFrame({"id": [raw]}).to_arrow()

    assert fact_columns(table, Vocabulary({}, {}))[1].tolist() == [True]
