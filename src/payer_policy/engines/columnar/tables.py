"""Raw columns of a table of facts as the columns that everything else reads: typed, in one spelling.

Each distinct text is read once, by the same `parse_value` that reads a request's facts. A cell that
is no such value marks its row odd: the row path will report what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from math import ceil, floor
from typing import Any

import polars as pl

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.vocabulary.types import (
    MAX_NUMBER,
    MAX_PLACES,
    AmbiguousCode,
    FactType,
    ValueProblem,
    parse_value,
)
from payer_policy.engines.columnar.expressions import DTYPES, JOIN, NotExact, stored

Cell = Callable[[FactType, str], object]
"""A cell of text as the raw value that it stands for."""


class WrongColumn(PayerPolicyError, ValueError):
    """A column cannot hold values of its fact, whatever its rows say. The message says why."""


def typed_table(
    types: Mapping[str, FactType], frame: pl.DataFrame, cell: Cell
) -> tuple[pl.DataFrame, pl.Series]:
    """The columns of some facts, typed; and for each row whether some cell is no value.

    Raises:
        WrongColumn: a column's own type is wrong (floats for a number, say).
    """
    odd = pl.repeat(False, len(frame), dtype=pl.Boolean, eager=True)
    columns = []
    for name, type_ in types.items():
        column, wrong = _typed(type_, frame[name], cell)
        columns.append(column.alias(name))
        if wrong is not None:
            odd |= wrong
    return pl.DataFrame(columns), odd


def _typed(type_: FactType, raw: pl.Series, cell: Cell) -> tuple[pl.Series, pl.Series | None]:
    kind, dtype = type_.kind, raw.dtype
    if dtype == pl.Null:
        return raw.cast(DTYPES[kind]), None
    if isinstance(dtype, pl.Enum):
        raw, dtype = raw.cast(pl.Categorical), pl.Categorical()
    if dtype in (pl.String, pl.Categorical):
        return _read(type_, raw, cell)
    if kind == "boolean" and dtype == pl.Boolean:
        return raw, None
    if kind == "date" and isinstance(dtype, pl.Datetime):
        # Midnight in its own time zone is that day; any other point in time is no date.
        column, other = _typed(type_, raw.dt.date(), cell)
        wrong = (raw.dt.time() != time()) if other is None else (raw.dt.time() != time()) | other
        return column, _if_any(wrong)
    if kind == "date" and dtype == pl.Date:
        # Only Polars knows days before year 1 and after 9999.
        year = raw.dt.year()
        wrong = (year < 1) | (year > 9999)
        if type_.minimum is not None:
            wrong |= raw < type_.minimum
        if type_.maximum is not None:
            wrong |= raw > type_.maximum
        return raw, _if_any(wrong)
    if kind in ("integer", "decimal") and dtype.is_integer():
        return _number(type_, raw, 0)
    if kind in ("integer", "decimal") and isinstance(dtype, pl.Decimal):
        return _number(type_, raw.to_physical(), dtype.scale)
    if kind == "choice" and dtype.is_integer():
        return _read(type_, raw, lambda _, number: number)
    if kind == "codes" and isinstance(dtype, pl.List):
        return _codes(type_, raw)
    wanted = type_.describe()
    hint = " Cast it to DECIMAL, or to text." if dtype.is_float() else ""
    raise WrongColumn(f"it holds {_in_words(dtype)}; {wanted} was expected.{hint}")


def _number(type_: FactType, raw: pl.Series, scale: int) -> tuple[pl.Series, pl.Series | None]:
    """Whole numbers in units of 10**-scale, in the units in which the type is held in columns."""
    places = MAX_PLACES if type_.kind == "decimal" else 0
    bound = MAX_NUMBER * 10**scale
    number: Any = 10**scale
    least = 1 - bound if type_.minimum is None else ceil(type_.minimum * number)
    if type_.maximum is not None:
        bound = floor(type_.maximum * number) + 1
    low, high = raw.min(), raw.max()
    if low is None or (scale <= places and least <= low and high < bound):
        fitting = raw.cast(pl.Int64)
        return fitting if scale >= places else fitting * 10 ** (places - scale), None
    if MAX_NUMBER * number >= 2**63 or raw.dtype in (pl.UInt64, pl.Int128):
        raw = raw.cast(pl.Int128)
    elif raw.dtype != pl.Int64:
        raw = raw.cast(pl.Int64)
    here = pl.col("x")
    limit = pl.lit(bound, dtype=raw.dtype)
    fits = (here < limit) & (here >= pl.lit(least, dtype=raw.dtype))
    made = here
    if scale > places:
        smallest = pl.lit(10 ** (scale - places), dtype=raw.dtype)
        fits &= here % smallest == 0
        made = here // smallest
    elif scale < places:
        made = here * pl.lit(10 ** (places - scale), dtype=raw.dtype)
    done = pl.DataFrame({"x": raw}).select(
        made=pl.when(fits).then(made).cast(pl.Int64), wrong=~fits
    )
    return done["made"], _if_any(done["wrong"])


def _codes(type_: FactType, raw: pl.Series) -> tuple[pl.Series, pl.Series | None]:
    if raw.dtype.inner != pl.String:  # type: ignore[attr-defined]
        if isinstance(raw.dtype.inner, pl.Categorical | pl.Enum | pl.Null):  # type: ignore[attr-defined]
            raw = raw.cast(pl.List(pl.String))
        else:
            raise WrongColumn("it holds lists of something else than text; codes were expected.")
    joined = raw.list.join(JOIN, ignore_nulls=False)
    # A null among the codes, or a code with the separator in it: not held in columns.
    pieces = joined.str.count_matches(JOIN, literal=True) + 1
    length = raw.list.len()
    wrong = raw.is_not_null() & (
        joined.is_null() | ((length > 0) & (pieces != length)) | ((length == 0) & (joined != ""))
    ).fill_null(True)
    empty_code = raw.is_not_null() & (length > 0) & (joined == "")
    column, unread = _read(
        type_,
        joined.set(wrong | empty_code, None),
        lambda _, text: text.split(JOIN) if text else [],
    )
    wrong |= empty_code.fill_null(False)
    return column, _if_any(wrong if unread is None else wrong | unread)


def _read(
    type_: FactType, raw: pl.Series, cell: Callable[..., object]
) -> tuple[pl.Series, pl.Series | None]:
    """Each distinct value of a column read once."""
    distinct = raw.unique().drop_nulls()
    if raw.dtype == pl.Categorical:
        distinct = distinct.cast(pl.String)
    dtype = DTYPES[type_.kind]
    if not len(distinct):
        return pl.repeat(None, len(raw), dtype=dtype, eager=True), None
    values, wrong = [], []
    for one in distinct:
        try:
            found = cell(type_, one)
            values.append(None if found is None else stored(parse_value(type_, found), type_.kind))
        except AmbiguousCode:
            values.append(None)
        except (ValueProblem, NotExact):
            values.append(None)
            wrong.append(one)
    if dtype == pl.String and distinct.dtype == pl.String and values == distinct.to_list():
        return raw, None  # all are in their one spelling
    if raw.dtype == pl.Categorical:
        raw = raw.cast(pl.String)
    read = raw.replace_strict(distinct, pl.Series(values, dtype=dtype), return_dtype=dtype)
    unread = raw.is_in(pl.Series(wrong, dtype=raw.dtype).implode()) if wrong else None
    return read, None if unread is None else unread.fill_null(False)


def _if_any(wrong: pl.Series) -> pl.Series | None:
    wrong = wrong.fill_null(False)
    return wrong if wrong.any() else None


def _in_words(dtype: pl.DataType) -> str:
    if dtype.is_float():
        return "binary floating-point numbers, which are not exact"
    return {
        pl.Boolean: "true and false",
        pl.Date: "dates",
        pl.Datetime: "points in time",
        pl.List: "lists",
        pl.Decimal: "numbers",
    }.get(dtype.base_type(), "numbers" if dtype.is_integer() else f"{str(dtype).lower()} values")
