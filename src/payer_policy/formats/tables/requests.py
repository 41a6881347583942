"""Rows of tables to requests: a row of facts, or the rows of one claim, or what is wrong with it.

What is stated of a claim is stated on each of its rows; where rows disagree, none is chosen and the
claim is refused. A fact about a service is stated of the row's own line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, Position
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.blocks import Row, TableClaim
from payer_policy.formats.tables.cells import Convert, converter
from payer_policy.formats.tables.columns import ID, LINE, REQUEST_FIELDS, expected
from payer_policy.request.checking import inconsistencies, numbered
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import MAX_LINES, Request

Refusal = tuple[Diagnostic, ...]
_Column = tuple[str, int, Convert]


def validated_request(value: Mapping[str, Any]) -> Request | Refusal:
    """As `request_from_mapping`, which is asked for its messages only where something is wrong."""
    try:
        request = numbered(Request.model_validate(value))
        if next(inconsistencies(request), None) is None:
            return request
    except ValidationError:
        pass
    try:
        return request_from_mapping(value)
    except PolicyError as error:
        return error.diagnostics


class FactRows:
    """Reads the rows of a table of facts: each is one service, of which the cells are known."""

    def __init__(self, names: Sequence[str], facts: Mapping[str, Fact]) -> None:
        """`names`: what the cells of a row mean, in their order."""
        self._columns = _columns(names, "facts", facts)

    def request(self, cells: Row) -> tuple[str | None, Request | Refusal]:
        """The claim number of a row, and its request or what is wrong with it."""
        facts = _known(self._columns, cells)
        id_ = facts.pop(ID, None)
        claim_id = None if id_ is None else str(id_)
        return claim_id, validated_request({"id": id_, "facts": facts})


class ClaimColumns:
    """Reads the claims of one table."""

    def __init__(self, names: Sequence[str], facts: Mapping[str, Fact]) -> None:
        """`names`: what the cells of a row mean, in their order."""
        read = _columns(names, "lines", facts)
        self._id = next(column for column in read if column[0] == ID)
        self._lines = [
            (name.removeprefix(LINE), at, convert)
            for name, at, convert in read
            if name.startswith(LINE)
        ]
        rest = [column for column in read if not column[0].startswith(LINE)]
        services = {name for name, fact in facts.items() if fact.about == "service"}
        services -= REQUEST_FIELDS.keys()
        self._services = [column for column in rest if column[0] in services]
        self._claim = [column for column in rest if column[0] not in services]

    def number(self, claim: TableClaim) -> str:
        """The claim's number."""
        _, at, convert = self._id
        return str(convert(claim.rows[0][at]))

    def request(self, claim: TableClaim, file: str) -> tuple[str, Request | Refusal]:
        """The claim's number, and the claim or what is wrong with it."""
        claim_id = self.number(claim)

        def placed(problem: Diagnostic) -> Diagnostic:
            line = claim.first_line
            where = Location(file, problem.location.path, Position(line, 1) if line else None)
            message = f"claim {claim_id}: {problem.message}"
            return Diagnostic(problem.code, message, where, problem.hint)

        if claim.count > MAX_LINES:
            message = f"found {claim.count:,} rows; a claim has at most {MAX_LINES} lines"
            hint = "do claims run together under one number?"
            return claim_id, (placed(_problem("too-many-lines", message, hint)),)
        value, problem = self._value(claim)
        if problem is not None:
            return claim_id, (placed(problem),)
        made = validated_request(value)
        return claim_id, made if isinstance(made, Request) else tuple(map(placed, made))

    def _value(self, claim: TableClaim) -> tuple[dict[str, Any], Diagnostic | None]:
        first = claim.rows[0]
        value: dict[str, Any] = {}
        for name, at, convert in self._claim:
            for number, row in enumerate(claim.rows):
                if row[at] != first[at] and convert(row[at]) != convert(first[at]):
                    said = f"the first row says {shown(first[at])}, row {number + 1} of it says"
                    message = f"its rows differ in `{name}`: {said} {shown(row[at])}"
                    hint = "repeat on each row of a claim what is stated of the claim"
                    return {}, _problem("rows-differ", message, hint)
            cell = convert(first[at])
            if cell is not None:
                _put(value, name, cell)
        value["lines"] = [
            {"code": None, **_known(self._lines, row), "facts": _known(self._services, row)}
            for row in claim.rows
        ]
        return value, None


def _columns(names: Sequence[str], form: str, facts: Mapping[str, Fact]) -> list[_Column]:
    holds = [expected(name, form, facts) for name in names]
    return [(name, at, converter(holds[at])) for at, name in enumerate(names)]


def _known(columns: Sequence[_Column], row: Row) -> dict[str, object]:
    """The cells of some columns that are not empty, by the names of the columns."""
    return {name: cell for name, at, convert in columns if (cell := convert(row[at])) is not None}


def _put(value: dict[str, Any], name: str, cell: object) -> None:
    if name not in REQUEST_FIELDS:
        name = f"facts.{name}"
    part, _, field = name.partition(".")
    if field:
        value.setdefault(part, {})[field] = cell
    else:
        value[part] = cell


def _problem(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, Location(""), hint)
