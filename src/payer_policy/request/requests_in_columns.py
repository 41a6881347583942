"""Requests as columns: `gathered(requests, vocabulary)`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from payer_policy.core.columns import Column, Flags, Groups, column_of
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.request.in_columns import ReadColumns, RequestColumns
from payer_policy.request.models import Request
from payer_policy.request.reading_in_columns import (
    LINE_FIELDS,
    LISTS,
    REQUEST_FIELDS,
    Facts,
)


def gathered(requests: Sequence[Request], vocabulary: Vocabulary) -> ReadColumns:
    """Some requests as columns, and which of them have facts that cannot be read."""
    lines = [line for request in requests for line in request.lines]
    sizes = np.array([len(request.lines) for request in requests], dtype=np.int64)
    groups = Groups.of_sizes(sizes)
    facts, line_facts = Facts(vocabulary), Facts(vocabulary, of_line=True)
    unread = _unread(facts, [request.facts for request in requests])
    unread |= groups.any(_unread(line_facts, [line.facts for line in lines]))
    unread |= np.array([bool(request.records) for request in requests], dtype=np.bool_)
    unread |= groups.any(np.array([bool(line.records) for line in lines], dtype=np.bool_))
    fields = {path: column_of(map(attrgetter(path), requests)) for path in REQUEST_FIELDS}
    fields |= {name: _apart(map(attrgetter(name), requests)) for name in LISTS}
    line_fields = {name: column_of(map(attrgetter(name), lines)) for name in LINE_FIELDS}
    columns = RequestColumns(
        len(requests),
        fields,
        facts.columns(len(requests)),
        groups,
        line_fields,
        line_facts.columns(len(lines)),
    )
    return ReadColumns(columns, unread)


def _unread(facts: Facts, given: Iterable[Mapping[str, Any]]) -> Flags:
    """Read the facts of each row; the flags of the rows with something that is no value."""
    return ~np.array([facts.read(row, one) for row, one in enumerate(given)], dtype=np.bool_)


def _apart(lists: Iterable[Any]) -> Column:
    """Lists that are hardly ever equal, each a value of its own."""
    values = [None]
    codes = []
    for one in lists:
        codes.append(0 if one is None else len(values))
        if one is not None:
            values.append(one)
    return Column(np.array(codes, dtype=np.int32), values)
