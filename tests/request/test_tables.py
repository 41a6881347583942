"""Raw columns as typed ones: every way in which a warehouse writes a value, and what is no value."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from payer_policy.core.vocabulary.types import FactType
from payer_policy.engines.columnar.expressions import DTYPES, loaded
from payer_policy.engines.columnar.tables import WrongColumn, typed_table
from payer_policy.formats.tables.cells import cell_value

BOOLEAN, INTEGER, DECIMAL = FactType("boolean"), FactType("integer"), FactType("decimal")
DATE = FactType("date")
CHOICE = FactType("choice", values=("initial", "refill", "3"))
CODE, CODES = FactType("code", system="icd10cm"), FactType("codes", system="icd10cm")
HUGE = 10**12


def read(type_: FactType, values: list[Any], dtype: Any = None) -> tuple[list[Any], list[bool]]:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=dtype)})
    typed, odd = typed_table({"x": type_}, frame, cell_value)
    return [loaded(raw, type_.kind) for raw in typed["x"]], odd.to_list()


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
def test_a_column_of_nothing_has_its_type_all_the_same(type_: FactType, values: list[Any]) -> None:
    frame = pl.DataFrame({"x": pl.Series(values, dtype=pl.String)})

    typed, odd = typed_table({"x": type_}, frame, cell_value)

    assert typed["x"].dtype == DTYPES[type_.kind]
    assert (typed["x"].null_count(), odd.any()) == (len(values), False)


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
        (DATE, pl.String, "2023-02-29"),
        (DATE, pl.String, "03/04/2024"),
        (CHOICE, pl.String, "refil"),
        (CHOICE, pl.Int64, 4),
        (CODE, pl.String, "X" * 300),
        (CODES, pl.List(pl.String), ["G80.1", None]),
        (CODES, pl.List(pl.String), [""]),
        (CODES, pl.List(pl.String), ["A\x1fB"]),
    ],
)
def test_a_cell_that_is_no_value_makes_its_row_odd(type_: FactType, dtype: Any, raw: Any) -> None:
    assert read(type_, [None, raw], dtype) == ([None, None], [False, True])


@pytest.mark.parametrize(
    ("type_", "values", "says"),
    [
        (DECIMAL, [0.1], "binary floating-point numbers, which are not exact; a number was expected. "
                         "Cast it to DECIMAL, or to text."),
        (BOOLEAN, [1], "numbers; true or false was expected"),
        (CODES, [[1]], "lists of something else than text; codes were expected"),
        (CODE, [True], "true and false; an icd10cm code was expected"),
    ],
)  # fmt: skip
def test_a_column_of_the_wrong_type_is_told(type_: FactType, values: list[Any], says: str) -> None:
    with pytest.raises(WrongColumn, match=says.replace("(", r"\(").replace(")", r"\)")):
        read(type_, values)


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
def test_a_value_out_of_range_is_odd(
    type_: FactType, dtype: Any, fits: list[Any], beyond: list[Any]
) -> None:
    _, odd = read(type_, [*fits, None, *beyond], dtype)
    assert odd == [False] * len(fits) + [False] + [True] * len(beyond)
