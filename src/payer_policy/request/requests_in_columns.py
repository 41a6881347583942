"""Requests as columns: `gathered(requests, vocabulary)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

import numpy as np
from pydantic import BaseModel

from payer_policy.core.columns import Column, Flags, Groups, column_of
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.request.given import parse_facts
from payer_policy.request.in_columns import ReadColumns, RequestColumns
from payer_policy.request.models import Coverage, Line, Patient, Provider, Request

_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "coverage": Coverage,
    "patient": Patient,
    "provider": Provider,
}
_LISTS: Final = ("authorizations", "history")
_APART: Final = frozenset({*_PARTS, *_LISTS, "lines", "facts"})
REQUEST_FIELDS: Final = (
    *(name for name in Request.model_fields if name not in _APART),
    *(f"{part}.{name}" for part, model in _PARTS.items() for name in model.model_fields),
)
"""The fields of a request that have one value, by path."""
LINE_FIELDS: Final = tuple(name for name in Line.model_fields if name != "facts")


def gathered(requests: Sequence[Request], vocabulary: Vocabulary) -> ReadColumns:
    """Some requests as columns, and which of them have facts that cannot be read."""
    lines = [line for request in requests for line in request.lines]
    sizes = np.array([len(request.lines) for request in requests], dtype=np.int64)
    groups = Groups.of_sizes(sizes)
    facts = FactColumns(vocabulary, len(requests))
    unread = facts.read([request.facts for request in requests])
    line_facts = FactColumns(vocabulary, len(lines), of_line=True)
    unread |= groups.any(line_facts.read([line.facts for line in lines]))
    fields = {path: column_of(map(attrgetter(path), requests)) for path in REQUEST_FIELDS}
    fields |= {name: _apart(map(attrgetter(name), requests)) for name in _LISTS}
    line_fields = {name: column_of(map(attrgetter(name), lines)) for name in LINE_FIELDS}
    columns = RequestColumns(
        len(requests), fields, facts.columns(), groups, line_fields, line_facts.columns()
    )
    return ReadColumns(columns, unread)


def _apart(lists: Iterable[Any]) -> Column:
    """Lists that are hardly ever equal, each a value of its own."""
    values = [None]
    codes = []
    for one in lists:
        codes.append(0 if one is None else len(values))
        if one is not None:
            values.append(one)
    return Column(np.array(codes, dtype=np.int32), values)


class FactColumns:
    """Facts beside forms as columns. Each raw value of a fact is read once."""

    def __init__(self, vocabulary: Vocabulary, rows: int, *, of_line: bool = False) -> None:
        self._vocabulary, self._rows, self._of_line = vocabulary, rows, of_line
        self._codes: dict[str, Any] = {}
        self._values: dict[str, dict[Any, int]] = {}
        self._known: dict[str, dict[Any, int | None]] = {}
        """By fact and raw value, the code of its value; None: it is none."""

    def read(self, facts: Iterable[Mapping[str, Any]]) -> Flags:
        """Read the facts of each row; the flags of the rows with something that is no value."""
        unread = np.zeros(self._rows, dtype=np.bool_)
        for row, given in enumerate(facts):
            for name, raw in given.items():
                known = self._known.setdefault(name, {})
                kind = type(raw)
                key = (kind, tuple(raw) if kind is list else raw)
                try:
                    code = known.get(key, -1)
                    if code == -1:
                        code = known[key] = self._read(name, raw)
                except TypeError:  # a raw value that cannot be a key is no value of a fact
                    code = None
                if code is None:
                    unread[row] = True
                elif code:
                    self._codes[name][row] = code
        return unread

    def _read(self, name: str, raw: Any) -> int | None:
        values, problems = parse_facts(self._vocabulary, {name: raw}, of_line=self._of_line)
        if problems:
            return None
        if name not in values:
            return 0
        if name not in self._codes:
            self._codes[name] = np.zeros(self._rows, dtype=np.int32)
            self._values[name] = {None: 0}
        own = self._values[name]
        return own.setdefault(values[name], len(own))

    def columns(self) -> dict[str, Column]:
        """The facts that any row gives, by name."""
        return {
            name: Column(codes, list(self._values[name])) for name, codes in self._codes.items()
        }
