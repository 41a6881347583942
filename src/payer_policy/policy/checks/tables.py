"""The tables of one policy: whether there is a row for all keys, and whether what they cite is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from itertools import product
from math import prod
from typing import Any, Final, NamedTuple

from payer_policy.core.json_source import Report
from payer_policy.core.tables import Cell, Table, cases_of
from payer_policy.core.vocabulary.types import NONE, NONE_TEXT, NUMERIC, FactType, format_value
from payer_policy.policy.checks.rules import check_citations
from payer_policy.policy.versions import Merged

_SHOWN: Final = 3
_MOST_CASES: Final = 50_000
"""Maximum number of combinations of keys that are tried for gaps; of a larger table none is reported."""


class _Case(NamedTuple):
    """A value of a key that stands for all like it, in words."""

    value: Any
    says: str


def check_tables(
    merged: Merged,
    tables: Mapping[str, Table | None],
    types: Mapping[str, FactType],
    codes_of: Callable[[str], Set[str]],
    report_to: Report,
) -> None:
    """Check the tables that a version gives, or of which it changes rows.

    Args:
        merged: The policy.
        tables: Its tables, typed; None: wrong, which is reported.
        types: The type of each fact.
        codes_of: The codes that a fact can be wherever the policy applies; empty: any.
        report_to: Takes the problems.
    """
    for name, one in merged.tables.items():
        placed, table = one.placed, tables[name]
        parts = [placed, *one.rows]
        if all(part.version is not merged.version for part in parts):
            continue
        report = placed.reporter(report_to, f"table `{name}`")
        if placed.version is merged.version:
            check_citations(placed.model.cites, merged.references, report)
        if table is None or table.otherwise is not None:
            continue
        gaps, count = [], 0
        for gap in _gaps(table, types, codes_of):
            count += 1
            if count <= _SHOWN:
                gaps.append(gap)
        if count:
            more = f"; and {count - _SHOWN} more" if count > _SHOWN else ""
            message = f"no row is for {'; '.join(gaps)}{more}"
            hint = 'add the rows, or "otherwise": a value for each column, or "none"'
            report("table-gap", message, ("rows",), key=True, warning=True, hint=hint)


def _gaps(
    table: Table, types: Mapping[str, FactType], codes_of: Callable[[str], Set[str]]
) -> Iterator[str]:
    """The combinations of keys that no row matches, in words."""
    cases = [_cases(table, at, types[key], codes_of(key)) for at, key in enumerate(table.keys)]
    if prod(map(len, cases)) > _MOST_CASES:
        return
    for chosen in product(*cases):
        if table.row([case.value for case in chosen]) is None:
            pairs = zip(table.keys, chosen, strict=True)
            yield ", ".join(f"`{key}` {case.says}" for key, case in pairs)


def _cases(table: Table, at: int, type_: FactType, codes: Set[str]) -> list[_Case]:
    if codes:
        out = [_Case(code, code) for code in sorted(codes)]
    elif type_.kind == "code":
        out = _codes(table, at)
    else:
        values = cases_of(table.rows, at, type_) or ()
        out = list(_runs(values, type_)) if type_.kind in (*NUMERIC, "date") else []
        out = out or [_Case(value, format_value(value, type_)) for value in values]
    return [*out, _Case(NONE, NONE_TEXT)] if type_.can_be_none else out


def _runs(values: Sequence[Any], type_: FactType) -> Iterator[_Case]:
    """Bounds that rows name, and what lies between them, as far as the fact can have such values."""
    least: Any = type_.minimum
    most: Any = type_.maximum
    if len(values) < 3:  # no row names a bound
        yield _Case(values[0], "of any size")
        return
    said = [format_value(value, type_) for value in values]
    for place, value in enumerate(values):
        says = said[place]
        if place == 0:
            says = f"below {said[1]}"
        elif place == len(values) - 1:
            says = f"above {said[-2]}"
        elif (least is None or value >= least) and (most is None or value <= most):
            yield _Case(value, says)
            continue
        below = place == 0 and (least is None or least < values[1])
        above = place == len(values) - 1 and (most is None or most > values[-2])
        if below or above:
            yield _Case(value, says)


def _codes(table: Table, at: int) -> list[_Case]:
    """One code for each set of rows that codes are in, and any other code."""
    cells: dict[Cell, None] = {}
    for row in table.rows:
        cell = row.cells[at]
        if cell is not None:
            cells[cell] = None
    found: dict[tuple[bool, ...], Any] = {}
    for value in sorted({value for cell in cells for value in cell.values or ()}, key=str):
        found.setdefault(tuple([cell.matches(value) for cell in cells]), value)
    listed = [_Case(value, str(value)) for value in found.values()]
    return [*listed, _Case(object(), "any other code")]
