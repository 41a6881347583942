"""Tables as they are written, checked and typed: each mistake is reported once, where it is.

A row is `{"id": …, "when": {fact: cell, …}, column: value, …}`. A cell is one value, a list of values, a
code set, a range (`from`, and `through` or `below`), or "any" where the key cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any, Final

from payer_policy.core.diagnostics import PayerPolicyError, did_you_mean, nearest
from payer_policy.core.json_source import JsonPath, Reporter
from payer_policy.core.tables import CODE_SET, Cell, Row, Table, domains_of
from payer_policy.core.vocabulary.codes import SYSTEMS, codes_of, families_in, family_of
from payer_policy.core.vocabulary.types import NONE, NONE_TEXT, NUMERIC, FactType, Value
from payer_policy.core.vocabulary.units import NotAUnit
from payer_policy.language.expressions import Expressions, and_, same_system
from payer_policy.language.scope import Scope

TABLE: Final = "table:"
"""What the name of a table begins with among the names that a rule uses."""
ANY: Final = "any"
MAX_ROWS: Final = 20_000
"""The most rows of one table."""
_MOST_CELLS: Final = 200_000
"""Maximum number of combinations of values that rows name."""
_MOST_PAIRED: Final = 2_000
"""Maximum number of rows with ranges of two or more keys that are compared with one another."""
_MOST_REPORTED: Final = 10
_ROW_KEYS: Final = ("id", "when", "note")
RANGE: Final = ("from", "through", "below")


@dataclass(frozen=True)
class WrittenTable:
    """A table as it is written; an overlay may have put in rows of its own."""

    name: str
    by: Sequence[str]
    gives: Mapping[str, FactType]
    rows: Sequence[tuple[Any, Reporter]]
    """Each row with what reports problems of it."""
    otherwise: tuple[Any, Reporter] | None
    report: Reporter
    """Reports problems of the table; paths are below it."""


class TooManyRows(PayerPolicyError):
    """Whether rows overlap would take too long to see; the message says what there is too much of."""


class TableReader:
    """Reads one table within the scope of its policy."""

    def __init__(self, written: WrittenTable, scope: Scope) -> None:
        self._written, self._scope, self._report = written, scope, written.report
        self._sound = True
        self._values: dict[tuple[int, type, Any], Value] = {}
        """What texts and whole numbers were read as, by which of the types below."""
        self._keys: dict[str, FactType | None] = {}
        self._columns: dict[str, FactType | None] = {}

    def read(self) -> Table | None:
        """The table; None where something in it is wrong (reported)."""
        self._read_keys()
        self._read_columns()
        rows = self._read_rows()
        otherwise = self._read_otherwise()
        if not self._sound or not rows:
            return None
        table = Table(
            self._written.name,
            tuple(self._keys),
            tuple(self._columns),
            tuple(type_ for type_ in self._columns.values() if type_ is not None),
            tuple(sorted(rows, key=lambda row: row.id)),
            otherwise,
        )
        types = [type_ for type_ in self._keys.values() if type_ is not None]
        if not self._apart(rows):
            return None
        return replace(table, domains=domains_of(table.rows, types))

    def _wrong(self, code: str, message: str, path: JsonPath = (), **more: Any) -> None:
        self._sound = False
        self._report(code, message, path, **more)

    # --- keys and columns ------------------------------------------------------------------------

    def _read_keys(self) -> None:
        if not self._written.by:
            self._wrong("empty-condition", "it has no key", ("by",), hint="name a fact")
        for index, name in enumerate(self._written.by):
            type_ = self._scope.facts.get(name)
            path = ("by", index)
            if name in self._keys:
                self._wrong("duplicate-entry", f"`{name}` is a key twice", path, hint="keep one")
                continue
            if type_ is None:
                hint = did_you_mean(name, self._scope.facts)
                hint = hint or "to see every fact you can use: payer-policy facts"
                self._wrong("unknown-fact", f"`{name}` is not a fact", path, hint=hint)
            elif type_.kind == "codes":
                message = f"`{name}` is {type_.describe()}; a key is one value"
                hint = "conclude from the list what the table is to be looked up by"
                self._wrong("wrong-type", message, path, hint=hint)
                type_ = None
            self._keys[name] = type_

    def _unit_problem(self, type_: FactType) -> tuple[str, str | None] | None:
        """What is wrong with the unit of a column, and what to do; None: nothing."""
        if type_.kind not in NUMERIC:
            return f"`unit` is for numbers; the column is {type_.describe()}", "remove it"
        try:
            self._scope.units.read(type_.unit or "")
        except NotAUnit as problem:
            return problem.message, problem.hint
        return None

    def _read_columns(self) -> None:
        if not self._written.gives:
            self._wrong("empty-condition", "it has no column", ("gives",), key=True)
        for name, type_ in self._written.gives.items():
            path = ("gives", name)
            self._columns[name] = None
            if name in _ROW_KEYS:
                message = f"a column cannot be named `{name}`, which every row may have"
                self._wrong("wrong-name", message, path, key=True, hint="give it another name")
            elif type_.unit is not None and (wrong := self._unit_problem(type_)) is not None:
                self._wrong("unknown-unit", wrong[0], (*path, "unit"), hint=wrong[1])
            elif type_.kind == "choice" and not type_.values:
                message = f"column `{name}` is a choice, and needs its `values`"
                self._wrong("missing-key", message, path, key=True, hint='add "values": […]')
            elif type_.system is not None and type_.system not in SYSTEMS:
                message = f"`{type_.system}` is not a code system; expected one of "
                message += ", ".join(SYSTEMS)
                hint = did_you_mean(type_.system, SYSTEMS)
                self._wrong("unknown-value", message, (*path, "system"), hint=hint)
            else:
                self._columns[name] = type_

    # --- rows ------------------------------------------------------------------------------------

    def _read_rows(self) -> list[Row]:
        written = self._written.rows
        if not written:
            self._wrong("empty-condition", "it has no rows", ("rows",), key=True, hint="add one")
        if len(written) > MAX_ROWS:
            message = f"it has {len(written):,} rows; at most {MAX_ROWS:,} can be in one table"
            self._wrong("wrong-shape", message, ("rows",), key=True)
            return []
        self._check_names([raw for raw, _ in written if isinstance(raw, dict)])
        found = [self._row(raw, report) for raw, report in written]
        rows: dict[str, Row] = {}
        for row, (_, report) in zip(found, written, strict=True):
            if row is None:
                continue
            if row.id in rows:
                self._sound = False
                message = f"another row has the id `{row.id}` already"
                report("duplicate-entry", message, ("id",), hint="give it another id")
                continue
            rows[row.id] = row
        return list(rows.values())

    def _check_names(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """What is misnamed in all rows alike is one mistake, and so is a column that no row has."""
        common = set.intersection(*[set(row) for row in rows]) if len(rows) > 1 else set()
        strange = sorted(common - {*_ROW_KEYS, *self._columns})
        absent = [one for one in self._columns if rows and not any(one in row for row in rows)]
        for name in absent:
            near = did_you_mean(name, strange)
            hint = near or f'add "{name}": … to each row'
            path = ("gives", name)
            self._wrong("missing-key", f"no row gives `{name}`", path, key=True, hint=hint)
            self._columns[name] = None
        if not absent:
            for name in strange:
                message = f"`{name}` is in every row, but is no column; columns: "
                message += ", ".join(self._columns)
                hint = did_you_mean(name, self._columns) or f'add it to "gives": {{"{name}": …}}'
                self._wrong("unknown-key", message, ("rows",), key=True, hint=hint)
        self._strange = frozenset(strange)

    def _row(self, raw: Any, report: Reporter) -> Row | None:
        before = self._sound
        self._sound = True
        row = self._sound_row(raw, report)
        sound, self._sound = self._sound, self._sound and before
        return row if sound else None

    def _sound_row(self, raw: Any, report: Reporter) -> Row | None:
        def wrong(code: str, message: str, path: JsonPath = (), **more: Any) -> None:
            self._sound = False
            report(code, message, path, **more)

        if not isinstance(raw, dict):
            self._sound = False
            report.mistyped(raw, "a row", (), hint='write {"id": …, "when": {…}, …}')
            return None
        misspelled: set[str | None] = set()
        for key in raw:
            if key not in _ROW_KEYS and key not in self._columns and key not in self._strange:
                misspelled.add(nearest(key, self._columns))
                message = f"`{key}` is no column; columns: {', '.join(self._columns)}"
                near = did_you_mean(key, [*_ROW_KEYS, *self._columns])
                wrong("unknown-key", message, (key,), key=True, hint=near)
        id_, when = raw.get("id"), raw.get("when")
        if not isinstance(id_, str) or not id_:
            hint = 'add "id": "…", by which it is changed, counted and explained'
            wrong("missing-key", "the row has no `id`", ("id",) if "id" in raw else (), hint=hint)
        if not isinstance(when, dict):
            hint = 'write "when": {' + ", ".join(f'"{key}": …' for key in self._keys) + "}"
            wrong("missing-key", "the row has no `when`", ("when",) if when else (), hint=hint)
            when = None
        expressions = Expressions(self._scope, report)
        cells = self._cells(when, expressions, wrong) if when is not None else None
        values: list[Value] = []
        for name, type_ in self._columns.items():
            if type_ is None or (name not in raw and name in misspelled):
                continue
            if name not in raw:
                hint = f'add "{name}": …, or "{NONE_TEXT}"'
                wrong("missing-key", f"the row does not give `{name}`", (), hint=hint)
            elif (value := self._given(expressions, raw[name], type_, (name,))) is not None:
                values.append(value)
        return Row(str(id_), tuple(cells), tuple(values)) if cells is not None else None

    def _cells(
        self, when: Mapping[str, Any], expressions: Expressions, wrong: Any
    ) -> list[Cell | None] | None:
        if (
            when.keys() != self._keys.keys() and None not in self._keys.values()
        ):  # else what a row names may be what is meant
            for key in when:
                if key not in self._keys:
                    message = f"`{key}` is not a key of the table; keys: {', '.join(self._keys)}"
                    hint = did_you_mean(key, self._keys) or 'add it to "by"'
                    wrong("unknown-key", message, ("when", key), key=True, hint=hint)
            lacking = [key for key in self._keys if key not in when]
            if lacking and len(when) < len(self._keys):
                message = f"the row says nothing of {and_(lacking)}"
                hint = f'add "{lacking[0]}": …; "{ANY}" where it cannot matter'
                wrong("missing-key", message, ("when",), key=True, hint=hint)
        cells: list[Cell | None] = []
        for key, type_ in self._keys.items():
            if type_ is None or key not in when:
                continue
            try:
                cells.append(self._cell(expressions, when[key], type_, ("when", key)))
            except _Reported:
                self._sound = False
        return cells

    def _cell(
        self, expressions: Expressions, raw: Any, type_: FactType, path: JsonPath
    ) -> Cell | None:
        """What a row asks of a key; None: nothing. Raises `_Reported`."""
        if raw == ANY and ANY not in type_.values:
            return None
        if isinstance(raw, dict):
            return (
                self._code_set(expressions, raw, type_, path)
                if "code_set" in raw
                else self._range(expressions, raw, type_, path)
            )
        if isinstance(raw, list):
            if not raw:
                message = "the list is empty; no value is in it"
                expressions.report("empty-condition", message, path, hint="add a value")
                raise _Reported
            places = [(one, (*path, at)) for at, one in enumerate(raw)]
        else:
            places = [(raw, path)]
        values = [
            _family(one, type_) or self._value(expressions, one, type_, place)
            for one, place in places
        ]
        if None in values:
            raise _Reported
        if type_.kind == "code":
            return Cell(codes_of(type_.system, map(str, values)))
        return Cell(frozenset(value for value in values if value is not None))

    def _value(
        self, expressions: Expressions, raw: Any, type_: FactType, path: JsonPath
    ) -> Value | None:
        """A plain value of a type; None where it is not one (reported)."""
        known = isinstance(raw, (str, int))
        key = (id(type_), type(raw), raw if known else None)
        if known and key in self._values:
            return self._values[key]
        value = expressions.literal(raw, type_, path)
        if known and value is not None:
            self._values[key] = value
        return value

    def _given(
        self, expressions: Expressions, raw: Any, type_: FactType, path: JsonPath
    ) -> Value | None:
        """A value of a column, which may be none; None where it is wrong (reported)."""
        if raw == NONE_TEXT and NONE_TEXT not in type_.values:
            return NONE
        value = self._value(expressions, raw, type_, path)
        if value is None:
            self._sound = False
        return value

    def _code_set(
        self, expressions: Expressions, raw: dict[str, Any], type_: FactType, path: JsonPath
    ) -> Cell:
        typed = expressions.typed(raw, None, path)
        if typed is None:
            raise _Reported
        wanted = replace(type_, kind="code")
        if type_.kind != "code" or not same_system(typed.type, wanted):
            expressions.mismatch(typed, type_, path)
            raise _Reported
        members = self._scope.code_sets[raw["code_set"]]
        return Cell(members.codes, name=CODE_SET + raw["code_set"])

    def _range(
        self, expressions: Expressions, raw: dict[str, Any], type_: FactType, path: JsonPath
    ) -> Cell:
        report, shape = expressions.report, 'write {"from": 10, "below": 20}'
        for key in raw:
            if key not in RANGE:
                message = f"`{key}` is not part of a range; expected {', '.join(RANGE)}"
                hint = did_you_mean(key, (*RANGE, "code_set")) or shape
                report("unknown-key", message, (*path, key), key=True, hint=hint)
                raise _Reported
        if type_.kind not in ("integer", "decimal", "date"):
            message = f"a range is for numbers and dates; the key is {type_.describe()}"
            report("wrong-type", message, path, hint="write a list of values")
            raise _Reported
        if not raw or ("through" in raw and "below" in raw):
            message = "a range has one end, `through` (included) or `below` (not included)"
            report("wrong-shape", message, path, hint=shape)
            raise _Reported
        ends = {key: self._value(expressions, raw[key], type_, (*path, key)) for key in raw}
        if None in ends.values():
            raise _Reported
        first: Any = ends.get("from")
        last, end = ends.get("through"), ends.get("below")
        if first is not None and (
            (last is not None and first > last) or (end is not None and first >= end)
        ):
            report("wrong-value", "nothing is in this range", path, hint=shape)
            raise _Reported
        return Cell(least=first, most=last, below=end)

    def _read_otherwise(self) -> tuple[Value, ...] | None:
        if self._written.otherwise is None:
            return None
        raw, report = self._written.otherwise
        path: JsonPath = ("otherwise",)
        if raw == NONE_TEXT:
            return (NONE,) * len(self._columns)
        if not isinstance(raw, dict):
            self._sound = False
            hint = f'write {{"{next(iter(self._columns), "column")}": …}}, or "{NONE_TEXT}"'
            report.mistyped(raw, "a value for each column", path, hint=hint, of="otherwise")
            return None
        values: list[Value] = []
        expressions = Expressions(self._scope, report)
        for key in raw:
            if key not in self._columns:
                self._sound = False
                message = f"`{key}` is no column; columns: {', '.join(self._columns)}"
                near = did_you_mean(key, self._columns)
                report("unknown-key", message, (*path, key), key=True, hint=near)
        for name, type_ in self._columns.items():
            if type_ is None:
                continue
            if name not in raw:
                self._sound = False
                message = f"`otherwise` does not give `{name}`"
                hint = f'add "{name}": …, or "{NONE_TEXT}"'
                report("missing-key", message, path, key=True, hint=hint)
            elif (value := self._given(expressions, raw[name], type_, (*path, name))) is not None:
                values.append(value)
        return tuple(values)

    # --- overlaps --------------------------------------------------------------------------------

    def _apart(self, rows: Sequence[Row]) -> bool:
        """Whether no two rows can match at once; those that can are reported, each once."""
        reports = {
            raw["id"]: report
            for raw, report in self._written.rows
            if isinstance(raw, dict) and isinstance(raw.get("id"), str)
        }
        found: dict[str, str] = {}
        try:
            for one, other in overlapping(rows):
                found.setdefault(other.id, one.id)
                if len(found) == _MOST_REPORTED:
                    break
        except TooManyRows as too_many:
            hint = "split the table, or look it up by fewer ranges"
            self._wrong("wrong-shape", str(too_many), ("rows",), key=True, hint=hint)
        by_id = {row.id: row for row in rows}
        for id_, earlier in found.items():
            cells = zip(by_id[id_].cells, by_id[earlier].cells, strict=True)
            hint = "let their keys exclude each other"
            if any(None in pair for pair in cells):
                hint = f'"{ANY}" overlaps every other row: give the value as "otherwise" instead'
            message = f"it and row `{earlier}` can both match"
            reports[id_]("overlapping-rows", message, ("id",), hint=hint)
        return self._sound and not found


def _family(raw: Any, type_: FactType) -> str | None:
    """The family of codes that a cell asks for; None: it asks for something else."""
    if type_.kind != "code" or not isinstance(raw, str):
        return None
    return family_of(type_.system, raw)


class _Reported(PayerPolicyError):
    """Something is wrong, and it was reported."""


def overlapping(rows: Sequence[Row]) -> Iterator[tuple[Row, Row]]:
    """The pairs of rows that can match at once, the earlier row first.

    Raises:
        TooManyRows: it would take too long to see.
    """
    if not rows:
        return
    width = range(len(rows[0].cells))
    exact = [at for at in width if all(_named(row.cells[at]) is not None for row in rows)]
    rest = [at for at in width if at not in exact]
    buckets: dict[tuple[Value, ...], list[int]] = {}
    named = 0
    for index, row in enumerate(rows):
        lists = [_named(row.cells[at]) or () for at in exact]
        for values in product(*lists):
            buckets.setdefault(values, []).append(index)
            named += 1
            if named > _MOST_CELLS:
                raise TooManyRows(f"its rows name more than {_MOST_CELLS:,} combinations of values")
    seen: set[tuple[int, int]] = set()
    for bucket in buckets.values():
        for one, other in _meeting(rows, bucket, rest):
            pair = (min(one, other), max(one, other))
            if pair not in seen:
                seen.add(pair)
                yield rows[pair[0]], rows[pair[1]]


def _named(cell: Cell | None) -> frozenset[Value] | None:
    """The values that a cell lists; None where it has a range or a family of codes."""
    return None if cell is None or families_in(cell.values) else cell.values


def _meeting(
    rows: Sequence[Row], bucket: Sequence[int], rest: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """The pairs of a bucket that meet in all keys that it does not tell apart."""
    if len(bucket) < 2:
        return
    if not rest:
        yield from ((bucket[0], other) for other in bucket[1:])
    elif len(rest) == 1:
        yield from _swept(rows, bucket, rest[0])
    elif len(bucket) > _MOST_PAIRED:
        raise TooManyRows(
            f"{len(bucket):,} of its rows have ranges or lists of several keys; at most "
            f"{_MOST_PAIRED:,} can be compared"
        )
    else:
        for one, other in combinations(bucket, 2):
            if all(_meet(rows[one].cells[at], rows[other].cells[at]) for at in rest):
                yield one, other


def _swept(rows: Sequence[Row], bucket: Sequence[int], at: int) -> Iterator[tuple[int, int]]:
    """The pairs whose ranges of one key meet."""
    spans = [(span, index) for index in bucket for span in _spans(rows[index].cells[at])]
    open_ = [one for one in spans if one[0].least is None]
    rest = sorted((one for one in spans if one[0].least is not None), key=lambda one: one[0].least)
    reaching: list[tuple[Cell, int]] = []
    for span, index in [*open_, *rest]:
        reaching = [one for one in reaching if not _ends_before(one[0], span)]
        yield from (
            (other, index) for one, other in reaching if other != index and _meet(one, span)
        )
        reaching.append((span, index))


def _spans(cell: Cell | None) -> list[Cell]:
    """A cell as ranges; one value is a range of one."""
    if cell is None:
        return [Cell()]
    if cell.values is None:
        return [cell]
    families = families_in(cell.values)
    return [
        # The codes below one begin with it and go on with a digit or a letter.
        Cell(least=f"{value[:-1]}0", below=f"{value[:-1]}[")  # type: ignore[index]
        if value in families
        else Cell(least=value, most=value)
        for value in cell.values
    ]


def _meet(one: Cell | None, other: Cell | None) -> bool:
    """Whether some value is in both cells."""
    if one is None or other is None:
        return True
    if one.values is not None and other.values is not None:
        # Of families that meet, one is in the other, and is a value of both.
        return not one.values.isdisjoint(other.values) or not other.values.isdisjoint(one.values)
    if one.values is not None:
        return any(other.matches(value) for value in one.values)
    if other.values is not None:
        return any(one.matches(value) for value in other.values)
    return not _ends_before(one, other) and not _ends_before(other, one)


def _ends_before(one: Cell, other: Cell) -> bool:
    """Whether a range ends before another one begins."""
    first: Any = other.least
    if first is None:
        return False
    if one.most is not None:
        return bool(one.most < first)
    return one.below is not None and bool(one.below <= first)
