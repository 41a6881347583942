"""Tables: rows of values by keys, and what a row gives where some keys are not known.

A row asks something of each key: one of some values, a range, or nothing. Rows do not overlap, so their
order means nothing. A row that is known to match gives its value. Where a key is not known the value is
known only if every row that may match, and `otherwise` where no row may match, give the same one: so
learning a key never changes a value that was known.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from fractions import Fraction
from functools import cached_property
from itertools import pairwise, product
from typing import Any, Final

from payer_policy.core.canonical import digest
from payer_policy.core.vocabulary.codes import families_above, families_in
from payer_policy.core.vocabulary.types import NONE, FactType, Value

CODE_SET: Final = "code_set:"
"""What the name of a constant begins with that holds the members of a code set on a day."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row asks of one key: one of `values`, or a range. None of it holds of none."""

    values: frozenset[Value] | None = None
    least: Any = None
    """The first value of a range; None: it has no first."""
    most: Any = None
    """The last value of a range, included; None: it has none, or ends with `below`."""
    below: Any = None
    """The end of a range, not included."""
    name: str | None = None
    """`code_set:…`, where the values are the members of a code set."""

    def matches(self, value: Any) -> bool:
        """Whether a known value, which may be none, is what the row asks."""
        if self.values is not None:
            return value in self.values
        return (
            value is not NONE
            and (self.least is None or value >= self.least)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One row: what it asks of each key (None: nothing), and what it gives in each column."""

    id: str
    cells: tuple[Cell | None, ...]
    values: tuple[Value, ...]


Keys = Sequence[Value | None]
"""A value for each key; None: not known."""


@dataclass(frozen=True, eq=False)
class Table:
    """A table of a policy. Equal tables are equal, and that is found out quickly."""

    name: str
    keys: tuple[str, ...]
    """The facts by which it is looked up."""
    columns: tuple[str, ...]
    types: tuple[FactType, ...]
    """By column, the type of its values."""
    rows: tuple[Row, ...]
    """In the order of their ids."""
    otherwise: tuple[Value, ...] | None = None
    """By column, the value where no row matches; None: then it is not known."""
    domains: tuple[tuple[Value, ...] | None, ...] = ()
    """By key, values that show between them every way in which rows can match; None: not counted."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 (hex) of what the table means."""
        rows = [f"{row.id!r} {list(map(_spelled, row.cells))} {row.values!r}" for row in self.rows]
        return digest([self.name, self.keys, self.columns, self.types, rows, repr(self.otherwise)])

    @cached_property
    def _hash(self) -> int:
        return hash((self.name, self.keys, self.columns, self.rows, self.otherwise))

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if not isinstance(other, Table) or self._hash != other._hash:
            return False
        return all(getattr(self, part.name) == getattr(other, part.name) for part in fields(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return Table, tuple(getattr(self, part.name) for part in fields(self))

    def reader(self, column: str) -> Reader:
        """Looks up a column: a function of the values of the keys."""
        return Reader(self, self.columns.index(column))

    def gives(self, column: str) -> dict[Value, None]:
        """The different values of a column, in the order of the rows; `otherwise` comes last."""
        return self._gives[self.columns.index(column)]

    @cached_property
    def _gives(self) -> tuple[dict[Value, None], ...]:
        last = [] if self.otherwise is None else [self.otherwise]
        lists = [*(row.values for row in self.rows), *last]
        return tuple([dict.fromkeys(values) for values in zip(*lists, strict=True)])

    # --- looking up ------------------------------------------------------------------------------

    def row(self, keys: Keys) -> Row | None:
        """The row that matches known keys; None: there is none."""
        for exact, ranged, found, families in self._index:
            named = tuple([keys[at] for at in exact])
            for values in _in_families(named) if families else (named,):
                bucket = found.get(values)
                row = None if bucket is None else bucket.row(ranged, keys)
                if row is not None:
                    return row
        return None

    def may_match(self, keys: Keys) -> Iterator[tuple[Row, bool]]:
        """The rows that may match keys of which some are not known, and whether each surely does."""
        for row in self.rows:
            sure = True
            for cell, key in zip(row.cells, keys, strict=True):
                if cell is None:
                    continue
                if key is None:
                    sure = False
                elif not cell.matches(key):
                    break
            else:
                yield row, sure

    def may_miss(self, keys: Keys, rows: Sequence[Row]) -> bool:
        """Whether, with some keys not known, none of the rows may match.

        A key without a domain may have a value that no row names.
        """
        options = [
            (key,) if key is not None else domain if domain is not None else (None,)
            for key, domain in zip(keys, self.domains, strict=True)
        ]
        return any(not any(_is_for(row, values) for row in rows) for values in product(*options))

    @cached_property
    def _index(
        self,
    ) -> tuple[tuple[tuple[int, ...], tuple[int, ...], dict[Any, Bucket], bool], ...]:
        """The rows by which keys they give values of, and by those values; whether any is a family."""
        shapes: dict[tuple[tuple[int, ...], tuple[int, ...]], dict[Any, list[Row]]] = {}
        for row in self.rows:
            exact = tuple(
                [
                    at
                    for at, one in enumerate(row.cells)
                    if one is not None and one.values is not None
                ]
            )
            ranged = tuple(
                [at for at, one in enumerate(row.cells) if one is not None and one.values is None]
            )
            buckets = shapes.setdefault((exact, ranged), {})
            for values in product(*[row.cells[at].values or () for at in exact]):  # type: ignore[union-attr]
                buckets.setdefault(values, []).append(row)
        return tuple(
            (
                exact,
                ranged,
                {values: Bucket(rows, ranged) for values, rows in buckets.items()},
                any(
                    families_in(row.cells[at].values)  # type: ignore[union-attr]
                    for rows in buckets.values()
                    for row in rows
                    for at in exact
                ),
            )
            for (exact, ranged), buckets in shapes.items()
        )

    # --- on a day --------------------------------------------------------------------------------

    @cached_property
    def code_sets(self) -> tuple[str, ...]:
        """The names of the code sets that rows ask about."""
        names = (cell.name for row in self.rows for cell in row.cells if cell is not None)
        return tuple(sorted({name.removeprefix(CODE_SET) for name in names if name}))

    @cached_property
    def _dated(self) -> dict[tuple[frozenset[str], ...], Table]:
        return {}

    def with_members(self, members: Mapping[str, frozenset[str]]) -> Table:
        """The table with the members that its code sets have; itself where it has them already."""
        if not self.code_sets:
            return self
        key = tuple([members[name] for name in self.code_sets])
        if key not in self._dated:
            rows = tuple([_row_with(row, members) for row in self.rows])
            self._dated[key] = self if rows == self.rows else replace(self, rows=rows)
        return self._dated[key]


def _in_families(values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """Values, and the families that they are in, each with each."""
    return product(
        *[
            [value, *families_above(value)] if isinstance(value, str) else [value]
            for value in values
        ]
    )


def _spelled(cell: Cell | None) -> str:
    """A cell in one spelling: values that were read are held in one way."""
    if cell is None:
        return "any"
    if cell.values is not None:
        return f"{sorted(map(repr, cell.values))}{cell.name or ''}"
    return repr((cell.least, cell.most, cell.below))


def _is_for(row: Row, keys: Keys) -> bool:
    """Whether a row matches whatever the keys without a value are."""
    return all(
        cell is None or (key is not None and cell.matches(key))
        for cell, key in zip(row.cells, keys, strict=True)
    )


def _row_with(row: Row, members: Mapping[str, frozenset[str]]) -> Row:
    cells = tuple(
        [
            cell
            if cell is None or cell.name is None
            else replace(cell, values=members[cell.name.removeprefix(CODE_SET)])
            for cell in row.cells
        ]
    )
    return replace(row, cells=cells)


class Bucket:
    """The rows that are left once all keys with given values are looked up: found by their ranges."""

    __slots__ = ("_firsts", "_rows")

    def __init__(self, rows: Sequence[Row], ranged: Sequence[int]) -> None:
        self._rows = list(rows)
        self._firsts: list[Any] | None = None
        if len(ranged) == 1:
            (at,) = ranged
            open_ = [row for row in rows if row.cells[at].least is None]  # type: ignore[union-attr]
            rest = [row for row in rows if row.cells[at].least is not None]  # type: ignore[union-attr]
            rest.sort(key=lambda row: row.cells[at].least)  # type: ignore[union-attr]
            if len(open_) < 2:
                self._rows = [*open_, *rest] if open_ else [rest[0], *rest]
                self._firsts = [row.cells[at].least for row in rest]  # type: ignore[union-attr]

    def row(self, ranged: Sequence[int], keys: Keys) -> Row | None:
        """The row whose ranges the keys are in."""
        rows = self._rows
        if not ranged:
            return rows[0]
        if self._firsts is not None and keys[ranged[0]] is not NONE:
            rows = [rows[bisect_right(self._firsts, keys[ranged[0]])]]
        for row in rows:
            if all(row.cells[at].matches(keys[at]) for at in ranged):  # type: ignore[union-attr]
                return row
        return None


class Reader:
    """A function of the values of a table's keys: the value of one of its columns.

    Not known is None. A table is small where it is read, and large where it is looked up: with all keys
    known that takes the same time however many rows there are.
    """

    __slots__ = ("_at", "_table")

    def __init__(self, table: Table, at: int) -> None:
        self._table, self._at = table, at

    def __call__(self, *keys: Value | None) -> Any:
        table, at = self._table, self._at
        otherwise = None if table.otherwise is None else table.otherwise[at]
        if None not in keys:
            row = table.row(keys)
            return otherwise if row is None else row.values[at]
        found: set[Value] = set()
        rows: list[Row] = []
        for row, sure in table.may_match(keys):
            if sure:
                return row.values[at]
            found.add(row.values[at])
            if len(found) > 1:
                return None
            rows.append(row)
        if found == {otherwise} or table.may_miss(keys, rows):
            found.add(otherwise)  # type: ignore[arg-type]
        return found.pop() if len(found) == 1 else None


# --- the ways in which rows can match --------------------------------------------------------------

_MOST_CASES: Final = 256
"""Maximum number of combinations of values of unknown keys that are tried; a key beyond it counts as
not covered by its rows."""
_MOST_WORK: Final = 20_000
"""Maximum number of comparisons of such a combination with a row."""


def domains_of(rows: Sequence[Row], types: Sequence[FactType]) -> tuple[Any, ...]:
    """For each key values that show between them every way in which rows can match it, if few.

    Args:
        rows: All rows.
        types: The type of each key.
    """
    out: list[tuple[Value, ...] | None] = []
    cases = 1
    for at, type_ in enumerate(types):
        values = None if type_.can_be_none else cases_of(rows, at, type_)
        many = len(values) * cases if values else 0
        if values and many <= _MOST_CASES and many * len(rows) <= _MOST_WORK:
            cases = many
            out.append(tuple(values))
        else:
            out.append(None)
    return tuple(out)


def cases_of(rows: Sequence[Row], at: int, type_: FactType) -> Sequence[Value] | None:
    """All values of a key, or of each run between the bounds that rows name one; None: a code may be
    anything."""
    if type_.kind == "boolean":
        return (True, False)
    if type_.kind == "choice":
        return type_.values
    if type_.kind not in ("integer", "decimal", "date"):
        return None
    cuts: set[Any] = set()
    for cell in (row.cells[at] for row in rows):
        if cell is not None:
            cuts.update(cell.values or ())
            bounds = (cell.least, cell.most, cell.below)
            cuts.update(bound for bound in bounds if bound is not None)
    return _runs(sorted(cuts), type_)


def _runs(cuts: Sequence[Any], type_: FactType) -> list[Any]:
    """Each cut, and a value of each run beside and between them."""
    if type_.kind == "date":
        days = _runs([cut.toordinal() for cut in cuts], FactType("integer"))
        within = (day for day in days if date.min.toordinal() <= day <= date.max.toordinal())
        return [date.fromordinal(day) for day in within]
    if not cuts:
        return [0]
    out = [cuts[0] - 1, cuts[0]]
    for one, other in pairwise(cuts):
        between = one + 1 if type_.kind == "integer" else (Fraction(one) + Fraction(other)) / 2
        out += [between, other] if between < other else [other]
    return [*out, cuts[-1] + 1]
