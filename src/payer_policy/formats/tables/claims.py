"""The rows of one claim in a table of claim lines to one request.

What is said of the claim is said on each of its rows; rows that disagree are nobody's to choose
from, so the claim is refused. A fact about a service is said of the row's own line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, Location, Position
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.blocks import Row, TableClaim
from payer_policy.formats.tables.cells import Convert, converter
from payer_policy.formats.tables.columns import ID, LINE, REQUEST_FIELDS, expected
from payer_policy.formats.tables.requests import Refusal, validated_request
from payer_policy.request.models import MAX_LINES, Request

_Column = tuple[str, int, Convert]


class ClaimColumns:
    """Reads the claims of one table."""

    def __init__(self, names: Sequence[str], facts: Mapping[str, Fact]) -> None:
        """`names`: what the cells of a row mean, in their order."""
        read: list[_Column] = [
            (name, at, converter(expected(name, "lines", facts))) for at, name in enumerate(names)
        ]
        self._id = next(column for column in read if column[0] == ID)
        self._lines = [
            (name.removeprefix(LINE), at, convert)
            for name, at, convert in read
            if name.startswith(LINE)
        ]
        rest = [column for column in read if not column[0].startswith(LINE)]
        self._services = [column for column in rest if _is_of_service(column[0], facts)]
        self._claim = [column for column in rest if not _is_of_service(column[0], facts)]

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
                    hint = "write on each row of a claim what is said of the claim"
                    return {}, _problem("rows-differ", message, hint)
            cell = convert(first[at])
            if cell is not None:
                _put(value, name, cell)
        value["lines"] = [
            {"code": None, **_known(self._lines, row), "facts": _known(self._services, row)}
            for row in claim.rows
        ]
        return value, None


def _is_of_service(name: str, facts: Mapping[str, Fact]) -> bool:
    return name not in (ID, *REQUEST_FIELDS) and facts[name].about == "service"


def _known(columns: Sequence[_Column], row: Row) -> dict[str, object]:
    """The cells of some columns that are not empty, by the names of the columns."""
    return {name: cell for name, at, convert in columns if (cell := convert(row[at])) is not None}


def _put(value: dict[str, Any], name: str, cell: object) -> None:
    if name not in REQUEST_FIELDS:
        value.setdefault("facts", {})[name] = cell
        return
    part, _, field = name.partition(".")
    if field:
        value.setdefault(part, {})[field] = cell
    else:
        value[part] = cell


def _problem(code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, message, Location(""), hint)
