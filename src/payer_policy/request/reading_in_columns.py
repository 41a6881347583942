"""Requests as JSON objects, read into columns: each distinct raw value of a field is read once.

The fields are those of the models, and read by them. A request with anything that they refuse, or
that does not agree with itself, is only named here: reading it by itself tells what is wrong.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from payer_policy.core.columns import Codes, Column, Flags, Groups, mapped, recoded
from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.core.json_source import MAX_ELEMENTS
from payer_policy.core.vocabulary.codes import remark_on_ndc, remark_on_ndc_unit
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import quantity_of
from payer_policy.request.given import parse_facts
from payer_policy.request.in_columns import ReadColumns, RequestColumns
from payer_policy.request.models import (
    MAX_LINES,
    MAX_PAYERS,
    Authorization,
    Coverage,
    EligibilitySpan,
    Line,
    OtherPayer,
    Patient,
    PriorLine,
    Provider,
    Request,
    day_of_moment,
)
from payer_policy.request.quick import quick_reader

_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "coverage": Coverage,
    "patient": Patient,
    "provider": Provider,
}
LISTS: Final[Mapping[str, type[BaseModel]]] = {
    "authorizations": Authorization,
    "history": PriorLine,
    "other_payers": OtherPayer,
    "eligibility": EligibilitySpan,
}
"""The lists of requests. A request whose other payers give adjustments is read by itself."""
_MOST: Final = {
    "authorizations": 1000,
    "history": MAX_ELEMENTS,
    "other_payers": MAX_PAYERS,
    "eligibility": 1000,
}
_APART: Final = frozenset({*_PARTS, *LISTS, "lines", "facts", "records", "confirmations"})
"""What is not one value. A request with `records` or `confirmations` is read by itself."""
REQUEST_FIELDS: Final = (
    *(name for name in Request.model_fields if name not in _APART),
    *(f"{part}.{name}" for part, model in _PARTS.items() for name in model.model_fields),
)
"""The fields of a request that have one value, by path."""
LINE_FIELDS: Final = tuple([name for name in Line.model_fields if name not in _APART])


class Refused(PayerPolicyError, ValueError):
    """A raw value that is no value of its field."""


Read = Callable[[Any], Any]
"""From a raw value to a value.

Raises:
    Refused: it is none.
"""


@cache
def _reader(model: type[BaseModel], name: str) -> Read:
    field = model.model_fields[name]
    config = ConfigDict(strict=True)
    adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation(), config=config)
    quickly = quick_reader(model, name)

    def read(raw: Any) -> Any:
        try:
            return quickly(raw)
        except Exception:  # it is out of the ordinary
            try:
                return adapter.validate_python(raw)
            except ValidationError:
                raise Refused from None

    return read


def _default(model: type[BaseModel], name: str) -> Any:
    """What a field is where it is left out; `_REQUIRED`: it must not be."""
    field = model.model_fields[name]
    return _REQUIRED if field.is_required() else field.get_default(call_default_factory=True)


def field_reader(path: str) -> Read:
    """How the raw values of a field of a request are read, by its path."""
    part, _, name = path.rpartition(".")
    return _reader(_PARTS[part] if part else Request, name)


def line_reader(name: str) -> Read:
    """How the raw values of a field of a line are read."""
    return _reader(Line, name)


def fact_reader(vocabulary: Vocabulary, name: str, *, of_line: bool) -> Read:
    """How the raw values of a fact are read, of a request or of a line."""

    amounts = vocabulary.amounts

    def read(raw: Any) -> Any:
        values, problems = parse_facts(vocabulary, {name: raw}, of_line=of_line)
        # Whether an amount's unit is one of its drug is asked where a single request is read.
        if problems or (name in amounts and quantity_of(raw) is not None):
            raise Refused
        return values.get(name)

    return read


def defaults_of_requests() -> dict[str, Any]:
    """The fields of a request that have a value where they are left out."""
    return _defaults(Request, [name for name in Request.model_fields if name not in _APART])


def defaults_of_lines() -> dict[str, Any]:
    """The same of a line."""
    return _defaults(Line, LINE_FIELDS)


def _defaults(model: type[BaseModel], names: Iterable[str]) -> dict[str, Any]:
    found = {name: _default(model, name) for name in names}
    return {name: one for name, one in found.items() if one is not None and one is not _REQUIRED}


_REQUIRED: Final = object()
_REFUSED: Final = -1
_NEW: Final = -2
_NO_OTHERS: Final[Mapping[str, Callable[[int, Any], bool]]] = {}


class _Field:
    """A field of many rows. A code is the position of a raw value; 0 is one that is left out."""

    __slots__ = ("_read", "codes", "known", "rows", "values")

    def __init__(self, read: Read, default: Any) -> None:
        self._read = read
        self.values = [default]
        self.known: dict[type, dict[Any, int]] = {}
        """By type of the raw values their codes: true is not 1."""
        self.rows = array("i")
        """The rows that have a raw value, and their codes."""
        self.codes = array("i")

    def code(self, raw: Any) -> int:
        """The code of a raw value; `_REFUSED`: it is none of the field's."""
        if type(raw) is dict:
            return _REFUSED
        known = self.known.setdefault(type(raw), {})
        try:
            key = tuple(raw) if type(raw) is list else raw
            found = known.get(key, _NEW)
        except TypeError:  # it has parts that no key has
            return _REFUSED
        if found == _NEW:
            try:
                self.values.append(self._read(raw))
            except Refused:
                found = _REFUSED
            else:
                found = len(self.values) - 1
            known[key] = found
        return found

    def of_rows(self, rows: int) -> Codes:
        """The code of each row."""
        made = np.full(rows, _REFUSED if self.values[0] is _REQUIRED else 0, dtype=np.int32)
        self.give(made)
        return made

    def give(self, codes: Codes) -> None:
        """Give the rows that have a raw value its code."""
        codes[np.asarray(self.rows)] = np.asarray(self.codes)

    def column(self, rows: int) -> Column:
        """The values; what a row has whose value is refused does not matter."""
        values = [None if one is _REQUIRED else one for one in self.values]
        return recoded(self.of_rows(rows), values)


class _Fields:
    """Objects as fields, one row each."""

    def __init__(self, fields: dict[str, _Field]) -> None:
        self.fields = fields

    def read(self, row: int, given: Mapping[str, Any]) -> bool:
        """Read the members of an object; false: one is no field, or no value of it."""
        fields, sound = self.fields, True
        for name, raw in given.items():
            field = fields.get(name)
            if field is None:
                sound = self._read_other(row, name, raw) and sound
                continue
            known = field.known.get(type(raw))
            found = _NEW if known is None or type(raw) is list else known.get(raw, _NEW)
            if found < 0:
                found = field.code(raw)
                sound = sound and found >= 0
            field.rows.append(row)
            field.codes.append(found)
        return sound

    def _read_other(self, row: int, name: str, raw: Any) -> bool:
        """Read a member that is none of the fields so far."""
        return False


class _Table(_Fields):
    """Objects of one model. `others` read its members that have parts."""

    def __init__(
        self,
        model: type[BaseModel],
        names: Iterable[str],
        others: Mapping[str, Callable[[int, Any], bool]] = _NO_OTHERS,
    ) -> None:
        super().__init__(
            {name: _Field(_reader(model, name), _default(model, name)) for name in names}
        )
        self._others = others

    def _read_other(self, row: int, name: str, raw: Any) -> bool:
        other = self._others.get(name)
        return other is not None and other(row, raw)

    def columns(self, rows: int) -> dict[str, Column]:
        """The fields that any row gives a value, or that have one where they are left out."""
        return {
            name: field.column(rows)
            for name, field in self.fields.items()
            if field.rows or field.values[0] is not None
        }

    def refused(self, rows: int) -> Flags:
        """The rows in which a field is refused, or lacking."""
        found = [field.of_rows(rows) == _REFUSED for field in self.fields.values()]
        made: Flags = np.logical_or.reduce([np.zeros(rows, dtype=np.bool_), *found])
        return made


class Facts(_Fields):
    """Facts beside forms. Their fields come up as they are given."""

    def __init__(self, vocabulary: Vocabulary, *, of_line: bool = False) -> None:
        super().__init__({})
        self._vocabulary, self._of_line = vocabulary, of_line

    def read_raw(self, row: int, raw: Any) -> bool:
        """Read the facts of a row, if they are any; false: one is no fact, or no value of it."""
        return type(raw) is dict and self.read(row, raw)

    def _read_other(self, row: int, name: str, raw: Any) -> bool:
        if name not in self._vocabulary.facts:
            return False
        read = fact_reader(self._vocabulary, name, of_line=self._of_line)
        self.fields[name] = _Field(read, None)
        return self.read(row, {name: raw})

    def columns(self, rows: int) -> dict[str, Column]:
        """The facts of which any row gives a value, by name."""
        made = {name: field.column(rows) for name, field in self.fields.items()}
        return {name: column for name, column in made.items() if len(column.values) > 1}


class _Lines(_Table):
    """The lines of requests: one object a line."""

    def __init__(self, facts: Facts) -> None:
        super().__init__(Line, LINE_FIELDS, {"facts": facts.read_raw})
        self.sizes: list[int] = []
        """How many lines each request has."""
        self.count = 0

    def read_all(self, row: int, raw: Any) -> bool:
        """Read the lines of a request; false: something in them is wrong."""
        if type(raw) is not list or len(raw) > MAX_LINES:
            return False
        sound = True
        for at, line in enumerate(raw, self.count):
            read = type(line) is dict and self.read(at, line)
            sound = sound and read
        self.sizes[row] = len(raw)
        self.count += len(raw)
        return sound


@cache
def _entry(model: type[BaseModel]) -> Any:
    """A tuple with the fields of a model."""
    return NamedTuple(model.__name__, [(name, Any) for name in model.model_fields])


class _Entries:
    """Lists of small objects, such as authorizations: each becomes a tuple with the model's fields."""

    def __init__(self, model: type[BaseModel], most: int) -> None:
        names = list(model.model_fields)
        self._most = most
        self._fields = {name: _Field(_reader(model, name), _default(model, name)) for name in names}
        self._entry = _entry(model)
        self._start = [field.values[0] for field in self._fields.values()]
        self._place = {name: at for at, name in enumerate(names)}
        self.rows: list[int] = []
        self.values: list[Any] = [None]

    def read(self, row: int, given: Any) -> bool:
        """Read the list of a row; false: something in it is wrong."""
        if given is None:
            return True
        if type(given) is not list or len(given) > self._most:
            return False
        entries = []
        for one in given:
            if type(one) is not dict:
                return False
            values = self._start.copy()
            for name, raw in one.items():
                field = self._fields.get(name)
                if field is None:
                    return False
                known = field.known.get(type(raw))
                code = _NEW if known is None or type(raw) is list else known.get(raw, _NEW)
                if code < 0 and (code := field.code(raw)) < 0:
                    return False
                values[self._place[name]] = field.values[code]
            if _REQUIRED in values:
                return False
            entries.append(self._entry._make(values))
        self.rows.append(row)
        self.values.append(tuple(entries))
        return True

    def column(self, rows: int) -> Column:
        """The lists, each a value of its own: hardly any are equal."""
        codes = np.zeros(rows, dtype=np.int32)
        codes[self.rows] = np.arange(1, len(self.values))
        return Column(codes, self.values)


class Reading:
    """Reads requests one after the other; `made` are all of them as columns.

    Args:
        vocabulary: The facts.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._facts = Facts(vocabulary)
        self._line_facts = Facts(vocabulary, of_line=True)
        self._parts = {name: _Table(model, model.model_fields) for name, model in _PARTS.items()}
        self._lists = {name: _Entries(model, _MOST[name]) for name, model in LISTS.items()}
        self._lines = _Lines(self._line_facts)
        names = [name for name in Request.model_fields if name not in _APART]
        others = {
            "lines": self._lines.read_all,
            "facts": self._facts.read_raw,
            "$schema": lambda row, raw: type(raw) is str,
            **{name: _of_dict(table) for name, table in self._parts.items()},
            **{name: entries.read for name, entries in self._lists.items()},
        }
        self._request = _Table(Request, names, others)
        self._refused: list[bool] = []

    def read(self, given: Mapping[str, Any]) -> None:
        """Read the JSON of a request; its numbers are exact."""
        row = len(self._refused)
        self._lines.sizes.append(0)
        self._refused.append(not self._request.read(row, given))

    def made(self) -> ReadColumns:
        """All that was read."""
        count, of_lines = len(self._refused), self._lines.count
        groups = Groups.of_sizes(np.array(self._lines.sizes, dtype=np.int64))
        refused = np.array(self._refused, dtype=np.bool_)
        refused |= self._request.refused(count) | groups.any(self._lines.refused(of_lines))
        fields = self._request.columns(count)
        for part, table in self._parts.items():
            refused |= table.refused(count)
            fields |= {f"{part}.{name}": one for name, one in table.columns(count).items()}
        fields |= {name: entries.column(count) for name, entries in self._lists.items()}
        columns = RequestColumns(
            count,
            fields,
            self._facts.columns(count),
            groups,
            self._lines.columns(of_lines),
            self._line_facts.columns(of_lines),
        )
        refused |= inconsistent(columns)
        lines = self._lines
        return ReadColumns(columns, refused, lambda rows: _remarks(lines, rows[groups.of_row]))


Own = Callable[[int, str], bool]
"""Gives a row the value of a text; false: it is none of the field's."""


class Assembly:
    """Rows that are made of parts, which come again and again, and of values of their own.

    Args:
        read: By field what reads its raw values.
        defaults: What a field is where it is left out.
    """

    def __init__(self, read: Mapping[str, Read], defaults: Mapping[str, Any]) -> None:
        self._fields = {name: _Field(one, defaults.get(name)) for name, one in read.items()}
        self._parts: list[dict[str, int]] = []

    def part(self, values: Mapping[str, Any]) -> int:
        """The number of a new part with some raw values, by field."""
        self._parts.append({name: self._fields[name].code(raw) for name, raw in values.items()})
        return len(self._parts) - 1

    def own(self, name: str, pick: Callable[[str], Any], *, optional: bool = False) -> Own:
        """What gives a row a value of its own.

        Args:
            name: The field.
            pick: The raw value of a text; None: it has none.
            optional: Whether that is left out; otherwise it is refused.
        """
        field = self._fields[name]
        known: dict[str, int] = {}
        rows, codes = field.rows.append, field.codes.append

        def own(row: int, text: str) -> bool:
            code = known.get(text)
            if code is None:
                raw = pick(text)
                code = _NEW if raw is None else field.code(raw)
                code = known[text] = _REFUSED if code == _NEW and not optional else code
            if code != _NEW:
                rows(row)
                codes(code)
            return code != _REFUSED

        return own

    def columns(self, rows: int, *parts: Sequence[int]) -> tuple[dict[str, Column], Flags]:
        """The fields, and the rows in which one is refused.

        Args:
            rows: How many there are.
            parts: For each row the number of a part; a later part goes before an earlier one.
        """
        said: dict[str, Codes] = {}
        for part, codes in enumerate(self._parts):
            for name, code in codes.items():
                if name not in said:
                    said[name] = np.full(len(self._parts), _NEW, dtype=np.int32)
                said[name][part] = code
        places = [np.array(one, dtype=np.int64) for one in parts]
        made: dict[str, Column] = {}
        refused = np.zeros(rows, dtype=np.bool_)
        for name, field in self._fields.items():
            if name not in said and not field.rows and field.values[0] is None:
                continue
            found = np.zeros(rows, dtype=np.int32)
            for place in places if name in said else ():
                of_part = said[name][place]
                found = np.where(of_part == _NEW, found, of_part)
            field.give(found)
            refused |= found == _REFUSED
            made[name] = recoded(found, field.values)
        return made, refused


def assembled(
    requests: Assembly,
    parts: Sequence[Sequence[int]],
    lines: Assembly,
    of_lines: Sequence[int],
    sizes: Sequence[int],
    refused: Sequence[bool],
) -> ReadColumns:
    """Requests that are made of parts, their lines numbered by position.

    Args:
        requests: The parts of requests; its fields are named by path.
        parts: For each request the number of a part, as often as requests have parts.
        lines: The parts of lines.
        of_lines: For each line the number of a part.
        sizes: How many lines each request has.
        refused: Whether it is to be read by itself, whatever its fields are.
    """
    groups = Groups.of_sizes(np.array(sizes, dtype=np.int64))
    fields, of_requests = requests.columns(len(sizes), *parts)
    line_fields, wrong = lines.columns(len(of_lines), of_lines)
    unread = np.array(refused, dtype=np.bool_) | of_requests | groups.any(wrong)
    positions = np.arange(1, len(of_lines) + 1) - groups.starts[groups.of_row]
    numbers = [None, *range(1, max(sizes, default=0) + 1)]
    line_fields["number"] = Column(positions.astype(np.int32), numbers)
    columns = RequestColumns(len(sizes), fields, {}, groups, line_fields, {})
    return ReadColumns(columns, unread | inconsistent(columns))


def _of_dict(table: _Table) -> Callable[[int, Any], bool]:
    return lambda row, raw: type(raw) is dict and table.read(row, raw)


def inconsistent(columns: RequestColumns) -> Flags:
    """The requests that do not agree with themselves, but for lines that have one number twice."""
    groups, lines = columns.lines, columns.line_fields
    wrong = np.zeros(len(groups.of_row), dtype=np.bool_)
    if "code" in lines:
        revenue = lines.get("revenue_code")
        wrong |= ~lines["code"].known & (True if revenue is None else ~revenue.known)
    pointers, diagnoses = lines.get("diagnosis_pointers"), columns.fields.get("diagnoses")
    if pointers is not None and diagnoses is not None and len(pointers.values) > 1:
        last = np.array([max(one or (0,)) for one in pointers.values])
        most = np.array([100 if one is None else len(one) for one in diagnoses.values])
        wrong |= last[pointers.codes] > most[diagnoses.codes][groups.of_row]
    found = groups.any(wrong)
    times, days = columns.fields.get("received_at"), columns.fields.get("received")
    if times is not None and days is not None:
        differ = mapped(
            lambda time, day: None if None in (time, day) or day_of_moment(time) == day else True,
            [times, days],
        )
        found |= differ.known
    for name, unsound in (("authorizations", _is_crossed), ("eligibility", _is_no_span)):
        entries = columns.fields.get(name)
        if entries is not None:
            wrong_lists = [any(map(unsound, value or ())) for value in entries.values]
            found |= np.array(wrong_lists, dtype=np.bool_)[entries.codes]
    return found


def _is_crossed(one: Any) -> bool:
    return bool(one.valid_from and one.valid_through and one.valid_through < one.valid_from)


def _is_no_span(one: Any) -> bool:
    first, last = one.first_day, one.last_day
    return last is not None and bool(one.ongoing or (first and last < first))


def _remarks(lines: _Table, rows: Flags) -> Counter[str]:
    """How often which remark is made on lines."""
    ndc, quantity, unit = (lines.fields[name] for name in ("ndc", "ndc_quantity", "ndc_unit"))
    counts: Counter[str] = Counter()
    for field, where, remark in (
        (ndc, rows, lambda raw: remark_on_ndc(str(raw))),
        (unit, rows & quantity.column(len(rows)).known, remark_on_ndc_unit),
    ):
        raws: list[str | None] = [None] * len(field.values)
        for text, code in field.known.get(str, {}).items():
            if code >= 0:
                raws[code] = text
        codes = field.of_rows(len(rows))
        for code, raw in enumerate(raws):
            if (found := remark(raw)) is not None:
                times = int((where & (codes == code)).sum())
                counts.update({found[0]: times} if times else {})
    return counts
