"""Two tables of answers on the same records side by side: for each service its row in either one.

Services of a record are matched by code and day; determinations on one service by their policy, then
in their order. A service that one side has no row for is not decided there: `no_policy`, or
`rejected` where that side could not decide the record at all.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from payer_policy.batch.fact_table import distinct_cells
from payer_policy.batch.schema import HELD
from payer_policy.core.columns import (
    Codes,
    Column,
    Flags,
    Groups,
    Places,
    constant,
    encoded,
    first_known,
    grouped,
    recoded,
    stacked,
)

_LISTS: Final = ("findings", "reasons", "unsettled", "assumptions")
_SAID: Final = ("decision", *_LISTS, "information_request", "internal")
_ABOUT: Final = ("code", "service_date", "policy")
_KEPT: Final = (*_SAID, *_ABOUT, "record", "claim_id")
_ABSENT: Final = pa.Table.from_pylist(
    [
        {"decision": one, **dict.fromkeys((*_LISTS, "lines"), ())}
        for one in ("no_policy", "rejected")
    ],
    HELD,
)
"""What stands for the answer of a side that has none."""


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """Services with their row in the old answers and in the new ones."""

    rows: Any
    """The rows of the old answers, of the new ones, and those of `_ABSENT`."""
    columns: Mapping[str, Column]
    """What `rows` say, and of which policy."""
    said: Codes
    """For each of the rows which combination it says."""
    combinations: Sequence[Codes]
    """By column of `_SAID`, for each combination the code of its value."""
    lines: Codes
    """For each of the rows which lines it has: their numbers, outcomes and units allowed."""
    old: Places
    """For each service its row of the old answers."""
    new: Places
    billed: Column
    """For each service the amount billed, in millionths of a dollar."""

    def __len__(self) -> int:
        return len(self.old)

    def take(self, services: Any) -> SideBySide:
        """Some of the services: their positions, or a flag for each."""
        old, new, billed = self.old[services], self.new[services], self.billed.take(services)
        return replace(self, old=old, new=new, billed=billed)

    @property
    def named(self) -> Places:
        """For each service a row that says which it is."""
        return np.where(self.old < len(self.rows) - len(_ABSENT), self.old, self.new)

    def _differ(self, codes: Codes) -> Flags:
        found: Flags = codes[self.old] != codes[self.new]
        return found

    @property
    def changed(self) -> SideBySide:
        """The services that the two sides say different things of."""
        return self.take(self._differ(self.said) | self._differ(self.lines))

    @property
    def kinds(self) -> Codes:
        """For each service that changed the kind of its change, as a position in `CHANGE_KINDS`."""
        decision = self.columns["decision"].codes
        kinds = np.select([self._differ(decision), self._differ(self.lines)], [0, 1], 2)
        return kinds.astype(np.int32)

    def decided_by(self, policy: str) -> Flags:
        """Whether a policy decided it, on either side."""
        column = self.columns["policy"]
        rows: Flags = np.array([one == policy for one in column.values])[column.codes]
        found: Flags = rows[self.old] | rows[self.new]
        return found

    def says(self, combination: int) -> dict[str, Any]:
        """What the rows of a combination say."""
        codes = zip(_SAID, self.combinations, strict=True)
        return {name: self.columns[name].values[own[combination]] for name, own in codes}


def side_by_side(
    tables: tuple[Any, Any],
    rejected: tuple[Collection[int], Collection[int]],
    billed: tuple[Column, Column],
) -> SideBySide:
    """The services of some records, in the order of the records.

    Args:
        tables: The old answers and the new ones.
        rejected: The records that each side rejected.
        billed: The amount billed for each row of either table.
    """
    rows = pa.concat_tables([*tables, _ABSENT])
    columns = {name: _column(rows[name]) for name in (*_SAID, *_ABOUT)}
    said, combinations = grouped(
        [(columns[name].codes, len(columns[name].values)) for name in _SAID]
    )
    count = len(rows) - len(_ABSENT)
    records = rows["record"][:count].to_numpy()
    about = [columns[name].take(slice(count)) for name in _ABOUT]
    old, new = _paired(records, len(tables[0]), about)
    record = records[np.where(old < 0, new, old)]
    for side, gone in zip((old, new), rejected, strict=True):
        absent = side < 0
        side[absent] = count + np.isin(record[absent], list(gone))
    amounts = stacked([*billed, constant(None, len(_ABSENT))])
    return SideBySide(
        rows.select(_KEPT),
        columns,
        said,
        combinations,
        _lines(rows["lines"].combine_chunks()),
        old,
        new,
        first_known([amounts.take(old), amounts.take(new)]),
    )


def _column(cells: Any) -> Column:
    codes, distinct = distinct_cells(cells.combine_chunks())
    return recoded(codes, [tuple(one) if isinstance(one, list) else one for one in distinct])


def _lines(lists: Any) -> Codes:
    lines = lists.flatten()
    parts = []
    for name in ("number", "outcome", "allowed_units"):
        codes, distinct = distinct_cells(lines.field(name))
        parts.append((codes, len(distinct)))
    codes, each = grouped(parts)
    sizes = pc.list_value_length(lists).to_numpy().astype(np.int64)
    return Groups.of_sizes(sizes).sequences(codes, len(each[0]))[0]


# --- which rows belong together --------------------------------------------------------------------


def nth(keys: np.ndarray[Any, Any]) -> Places:
    """For each row how many rows before it have the same key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    found = np.empty(len(keys), dtype=np.int64)
    found[order] = np.arange(len(keys)) - np.searchsorted(ordered, ordered)
    return found


def _paired(records: Places, split: int, about: Sequence[Column]) -> tuple[Places, Places]:
    """For each service its row on the old side and on the new one; -1: none.

    Args:
        records: The record of each row.
        split: How many rows are of the old side; they come first.
        about: Code, day and policy.
    """
    rows = np.arange(len(records))
    new = rows >= split
    record, distinct = encoded(records)
    code, day, policy = [(column.codes, len(column.values)) for column in about]
    combinations, _ = grouped([(record, len(distinct)), code, day])
    service, distinct = encoded(combinations)  # in order of appearance
    by_policy, _ = grouped([(service, len(distinct)), policy])
    other = _partners(by_policy, new)
    left = np.flatnonzero(other < 0)
    found = _partners(service[left], new[left])
    other[left[found >= 0]] = left[found[found >= 0]]
    # Each pair once, by its row on the old side; those of one policy before the others.
    by_order = np.zeros(len(rows), dtype=np.bool_)
    by_order[left] = True
    chosen = np.flatnonzero(~new | (other < 0))
    order = np.lexsort((chosen, by_order[chosen], service[chosen], records[chosen]))
    chosen = chosen[order]
    return (
        np.where(new[chosen], -1, chosen),
        np.where(new[chosen], chosen, other[chosen]),
    )


def _partners(keys: Codes, new: Flags) -> Places:
    """For each row the one with the same key on the other side, the first with the first; -1: none."""
    side = new.astype(np.int64)
    same, distinct = encoded(keys.astype(np.int64) * len(keys) + nth(keys * np.int64(2) + side))
    rows = np.full((2, len(distinct)), -1)
    rows[side, same] = np.arange(len(keys))
    return rows[1 - side, same]
