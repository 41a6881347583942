"""Rows of two tables of answers are matched as a plain search for each service matches them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Any

import pyarrow as pa
import pytest

from payer_policy.analysis.impact.columns import side_by_side
from payer_policy.batch.schema import HELD
from payer_policy.core.columns import column_of

Row = dict[str, Any]
REJECTED = (3, 7)
"""Records that one side or the other has rejected, where it has no row of them."""


def answers(random: Random, records: int) -> list[Row]:
    """Some rows, of some records none, that often are of one service or of one policy."""
    return [
        {
            "record": record,
            "code": random.choice(["J0475", "J0945", None]),
            "service_date": random.choice([date(2025, 3, 4), date(2025, 3, 5), None]),
            "policy": random.choice(["one", "other", None]),
            "decision": random.choice(["approve", "deny"]),
            "lines": [],
        }
        for record in range(1, records + 1)
        for _ in range(random.choice([0, 1, 1, 1, 2, 5]))
    ]


def matched(old: list[Row], new: list[Row]) -> Iterator[tuple[int | None, int | None]]:
    """The places of the rows of each service."""

    def services(rows: list[Row], record: int) -> list[tuple[int, Row]]:
        return [(at, row) for at, row in enumerate(rows) if row["record"] == record]

    for record in sorted({row["record"] for row in (*old, *new)}):
        both = services(old, record), services(new, record)
        names = [(row["code"], row["service_date"]) for side in both for _, row in side]
        for name in dict.fromkeys(names):
            left, right = (
                [(at, row) for at, row in side if (row["code"], row["service_date"]) == name]
                for side in both
            )
            for one in list(left):
                for other in right:
                    if one[1]["policy"] == other[1]["policy"]:
                        yield one[0], other[0]
                        left.remove(one)
                        right.remove(other)
                        break
            for at in range(max(len(left), len(right))):
                yield (
                    left[at][0] if at < len(left) else None,
                    right[at][0] if at < len(right) else None,
                )


@pytest.mark.parametrize("seed", range(12))
def test_rows_of_one_service_are_matched(seed: int) -> None:
    random = Random(seed)
    count = random.choice([0, 1, 9, 200])
    sides = answers(random, count), answers(random, count)
    if seed % 4 == 3:
        sides = sides[0], []
    tables = tuple(pa.Table.from_pylist(rows, HELD) for rows in sides)
    amounts = tuple(column_of(range(1, len(rows) + 1)) for rows in sides)

    made = side_by_side(
        (tables[0], tables[1]), (REJECTED[:1], REJECTED[1:]), (amounts[0], amounts[1])
    )

    wanted = list(matched(*sides))
    decisions = made.rows["decision"].to_pylist()
    for (one, other), left, right, billed in zip(
        wanted, made.old.tolist(), made.new.tolist(), made.billed.codes.tolist(), strict=True
    ):
        named = sides[0][one] if one is not None else sides[1][other or 0]
        for at, row, gone, before in (
            (one, left, REJECTED[0], 0),
            (other, right, REJECTED[1], len(sides[0])),
        ):
            if at is not None:
                assert row == before + at
            else:
                assert decisions[row] == ("rejected" if named["record"] == gone else "no_policy")
        assert made.billed.values[billed] == (other if one is None else one) + 1
    assert [made.rows["record"][at].as_py() for at in made.named.tolist()] == [
        (sides[0][one] if one is not None else sides[1][other or 0])["record"]
        for one, other in wanted
    ]
