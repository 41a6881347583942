"""Two tables of answers on the same records side by side: a row for each service, old beside new.

Services of a record are matched by code and day; determinations on one service by their policy, then
in their order. A service that one side has no row for is not decided there: `no_policy`, or
`rejected` where that side could not decide the record at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

Places = np.ndarray
"""Rows of a table, by place; -1: no row."""

LISTS: Final = ("findings", "reasons", "unsettled", "assumptions")
TEXTS: Final = ("information_request", "internal")
_KEPT: Final = (*LISTS, *TEXTS, "record", "claim_id", "code", "service_date", "decision", "policy")
_EMPTY: Final = pl.lit([], dtype=pl.List(pl.String))

Row = tuple[int, Any, Any, Any]
"""A place, and code, day and policy there."""


def paired(old: pa.Table, new: pa.Table) -> tuple[Places, Places]:
    """For each service its place in both tables, in the order of the records."""
    before, after = old["record"].to_numpy(), new["record"].to_numpy()
    if len(before) == len(after) and np.array_equal(before, after) and _rise(before):
        different = ~_same_service(old, new)
        if not different.any():
            places = np.arange(len(before))
            return places, places
        plain_old = plain_new = np.flatnonzero(~different)
    else:
        once = np.intersect1d(_once(before), _once(after), assume_unique=True)
        plain_old, plain_new = np.searchsorted(before, once), np.searchsorted(after, once)
        same = _same_service(old.take(pa.array(plain_old)), new.take(pa.array(plain_new)))
        plain_old, plain_new = plain_old[same], plain_new[same]
    rest = list(
        _matched(_rows(old, plain_old), _rows(new, plain_new), before.tolist(), after.tolist())
    )
    left = np.array([one for one, _ in rest], dtype=np.int64)
    right = np.array([one for _, one in rest], dtype=np.int64)
    left, right = np.concatenate([plain_old, left]), np.concatenate([plain_new, right])
    records = np.where(
        left >= 0,
        before[np.maximum(left, 0)] if len(before) else -1,
        after[np.maximum(right, 0)] if len(after) else -1,
    )
    order = np.argsort(records, kind="stable")
    return left[order], right[order]


def _rise(numbers: Places) -> bool:
    return bool((np.diff(numbers) > 0).all())


def _once(numbers: Places) -> Places:
    values, counts = np.unique(numbers, return_counts=True)
    found: Places = values[counts == 1]
    return found


def _same_service(old: pa.Table, new: pa.Table) -> Places:
    """Of tables of the same length, for each row whether code and day are the same."""
    frames = [
        pl.DataFrame(
            {
                "code": pl.Series(_plain(table["code"])),
                "day": pl.Series(_plain(table["service_date"])),
            }
        )
        for table in (old, new)
    ]
    same = frames[0]["code"].eq_missing(frames[1]["code"])
    same &= frames[0]["day"].eq_missing(frames[1]["day"])
    found: Places = same.to_numpy()
    return found


def _plain(column: Any) -> Any:
    return pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column


def _rows(table: pa.Table, without: Places) -> dict[int, list[Row]]:
    """The rows that are not among some, by record."""
    wanted = np.ones(len(table), dtype=bool)
    wanted[without] = False
    places = np.flatnonzero(wanted)
    columns = table.select(["record", "code", "service_date", "policy"]).take(pa.array(places))
    out: dict[int, list[Row]] = {}
    for place, row in zip(places.tolist(), columns.to_pylist(), strict=True):
        found = (place, row["code"], row["service_date"], row["policy"])
        out.setdefault(row["record"], []).append(found)
    return out


def _matched(
    old: dict[int, list[Row]], new: dict[int, list[Row]], before: list[int], after: list[int]
) -> Iterator[tuple[int, int]]:
    for record in sorted({*old, *new}):
        lefts, rights = old.get(record, []), new.get(record, [])
        services = dict.fromkeys((code, day) for _, code, day, _ in (*lefts, *rights))
        for service in services:
            ours = [row for row in lefts if row[1:3] == service]
            theirs = [row for row in rights if row[1:3] == service]
            for row in list(ours):
                match = next((one for one in theirs if one[3] == row[3]), None)
                if match is not None:
                    ours.remove(row)
                    theirs.remove(match)
                    yield row[0], match[0]
            for at in range(max(len(ours), len(theirs))):
                yield (
                    ours[at][0] if at < len(ours) else -1,
                    theirs[at][0] if at < len(theirs) else -1,
                )


def side_by_side(
    old: pa.Table,
    new: pa.Table,
    places: tuple[Places, Places],
    rejected: tuple[Collection[int], Collection[int]],
) -> pl.DataFrame:
    """One row a service: the columns of the old answers, and with `_new` those of the new ones.

    Args:
        old: The old answers.
        new: The new answers.
        places: From `paired`.
        rejected: The records that each side rejected.
    """
    frames = []
    for table, at in zip((old, new), places, strict=True):
        frame = _frame(table)
        if (at < 0).any():
            index = pl.Series(at).set(pl.Series(at < 0), None)
            frame = frame.select(pl.all().gather(index))
        elif len(at) != len(frame) or not _rise(at):
            frame = frame[at]
        frames.append(frame)
    whole = frames[0].hstack(frames[1].rename(lambda name: f"{name}_new"))
    if any((at < 0).any() for at in places):
        whole = _filled(whole, rejected)
    return whole


def _frame(table: pa.Table) -> pl.DataFrame:
    columns = [_plain(table[name]) for name in _KEPT]
    frame = pl.from_arrow(pa.table(dict(zip(_KEPT, columns, strict=True))))
    assert isinstance(frame, pl.DataFrame)
    return frame


def _filled(frame: pl.DataFrame, rejected: tuple[Collection[int], Collection[int]]) -> pl.DataFrame:
    """The sides that have no row: what is known all the same."""
    frame = frame.with_columns(
        pl.coalesce(name, f"{name}_new").alias(name)
        for name in ("record", "claim_id", "code", "service_date")
    )
    made = []
    for suffix, records in zip(("", "_new"), rejected, strict=True):
        gone = pl.col("record").is_in(pl.lit(sorted(records), dtype=pl.List(pl.Int64)))
        decision = pl.col(f"decision{suffix}")
        made.append(
            pl.when(decision.is_not_null())
            .then(decision)
            .when(gone)
            .then(pl.lit("rejected"))
            .otherwise(pl.lit("no_policy"))
            .alias(f"decision{suffix}")
        )
        made += [
            pl.when(pl.col(name).is_null()).then(_EMPTY).otherwise(pl.col(name)).alias(name)
            for name in (f"{one}{suffix}" for one in LISTS)
        ]
    return frame.with_columns(made)


def other_reasons() -> pl.Expr:
    """Whether the reasons of a row differ."""
    return pl.any_horizontal(
        pl.col(name).ne_missing(pl.col(f"{name}_new")) for name in (*LISTS, *TEXTS)
    )


def other_lines(old: pa.Table, new: pa.Table, places: tuple[Places, Places]) -> pl.Series:
    """For each service whether a line of it has another outcome, or other units allowed."""
    sides: list[list[Any] | None] = []
    for table, at in zip((old, new), places, strict=True):
        lines = table["lines"]
        if not len(pc.list_flatten(lines)):
            sides.append(None)
            continue
        values = lines.to_pylist()
        sides.append(
            [
                []
                if place < 0  # as a service that is not decided
                else [
                    (one["number"], one["outcome"], one["allowed_units"]) for one in values[place]
                ]
                for place in at.tolist()
            ]
        )
    if sides[0] is None or sides[1] is None:
        # Lines on one side alone mean that the other one did not decide: another decision.
        return pl.repeat(False, len(places[0]), dtype=pl.Boolean, eager=True)
    return pl.Series([one != other for one, other in zip(*sides, strict=True)], dtype=pl.Boolean)
