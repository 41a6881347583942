"""The records of a request, read: the rows of each type for a service, and which of all there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.core.json_models import MAX_PROBLEMS
from payer_policy.core.json_source import MAX_ELEMENTS
from payer_policy.core.truth import HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.model import RecordType, Vocabulary
from payer_policy.core.vocabulary.records import AUTHORIZATIONS, HISTORY
from payer_policy.core.vocabulary.types import (
    AmbiguousCode,
    Value,
    ValueProblem,
    calendar_date,
    parse_value,
    shown,
)
from payer_policy.request.models import History, PriorLine, Request
from payer_policy.request.services import LineView, Service

MAX_LOOKS: Final = 2_000_000
"""Maximum number of times that a request's rows of one type are looked at, over all its services and
all that is made from them: about two seconds."""

Day = date
Covered = date | None
"""The day from which on the rows of a list are all there are (`ALWAYS`: of any day); None: none is."""
ALWAYS: Final = date.min


class Rows(NamedTuple):
    """The rows of a type, for a service."""

    listed: Sequence[Any]
    """Those of the list as it was given: one sequence for all services."""
    covered: Covered
    own: Sequence[Any] = ()
    """Others that are among them for this service."""
    possible: Sequence[Any] = ()
    """Others of which it is not known whether they are."""


NO_ROWS: Final = Rows((), None)


class Given(NamedTuple):
    """A declared list as a request gives it; each row has the values of the type's fields in order."""

    rows: tuple[tuple[Value | None, ...], ...]
    covered: Covered


def history_rows(history: History | Sequence[PriorLine] | None) -> Sequence[PriorLine]:
    """The lines of a history, however much of it there is."""
    return history.rows if isinstance(history, History) else history or ()


def covered_by(history: History | Sequence[PriorLine] | None) -> Covered:
    """The day from which on a history is all there is."""
    if history is None:
        return None
    if not isinstance(history, History):
        return ALWAYS
    if history.complete_from is not None:
        return history.complete_from
    return None if history.complete is False else ALWAYS


class OfService(Protocol):
    """What the rows for a service depend on."""

    @property
    def payer(self) -> str | None: ...

    @property
    def service(self) -> Service: ...

    @property
    def claim_lines(self) -> tuple[LineView, ...]: ...


class _PriorService(NamedTuple):
    """A line of a service of the request itself, as a line of the history."""

    claim_id: str | None
    code: str
    date: Day | None
    modifiers: frozenset[str]
    units: int | Decimal | None
    charge: int | Decimal | None
    ndc: str | None
    billing_npi: str | None
    billing_tin: str | None
    rendering_npi: str | None
    payer: str | None
    paid_units: int = 0
    status: str = "pending"


class Lists:
    """The lists of one request, indexed when first asked."""

    def __init__(
        self,
        request: Request,
        declared: Mapping[str, Given],
        of_lines: Mapping[int, Mapping[str, Given]],
    ) -> None:
        """
        Args:
            request: What was asked.
            declared: The lists of declared types that it gives about the member, by type.
            of_lines: Those of its lines, by the number of the line and by type.
        """
        self._request, self._declared, self._of_lines = request, declared, of_lines
        self._looks: dict[str, int] = {}
        self._indexes: dict[tuple[int, str], tuple[object, dict[Any, list[Any]]]] = {}
        self._found: dict[str, tuple[OfService, Rows]] = {}

    def rows(self, kind: RecordType, context: OfService) -> Rows:
        """The rows of a type for a service."""
        found = self._found.get(kind.name)
        if found is None or found[0] is not context:
            found = self._found[kind.name] = context, self._rows(kind, context)
        return found[1]

    def _rows(self, kind: RecordType, context: OfService) -> Rows:
        if kind.name == HISTORY.name:
            return self._before(context)
        if kind.name == AUTHORIZATIONS.name:
            on_file = self._request.authorizations
            return NO_ROWS if on_file is None else Rows(on_file, ALWAYS)
        of_lines = [self._of_lines.get(number, {}) for number in context.service.numbers]
        found = [one[kind.name] for one in (self._declared, *of_lines) if kind.name in one]
        if not found:
            return NO_ROWS
        covered = [one.covered for one in found if one.covered is not None]
        others = [row for one in found[1:] for row in one.rows]
        whole = len(covered) == len(found)  # what lines say of one service adds up
        return Rows(found[0].rows, max(covered) if whole else None, others)

    @cached_property
    def _earlier(self) -> list[Any]:
        """The lines of earlier claims that still count."""
        request = self._request
        itself = {request.id, request.original_id} - {None}
        return [
            row
            for row in history_rows(request.history)
            if not row.void and row.replaced_by is None and row.claim_id not in itself
        ]

    def _before(self, context: OfService) -> Rows:
        own: dict[Truth, list[Any]] = {HOLDS: [], UNKNOWN: []}
        for row, before in self._own(context):
            own[before].append(row)
        covered = covered_by(self._request.history)
        return Rows(self._earlier, covered, own[HOLDS], own[UNKNOWN])

    def _own(self, context: OfService) -> Iterator[tuple[Any, Truth]]:
        """The lines of the request's own services that come before this one by day, then by the number
        of their first line. They count as given, and nothing is paid for them yet."""
        service, lines = context.service, context.claim_lines
        if len(lines) == len(service.lines):
            return
        numbers = frozenset(service.numbers)
        first: dict[Any, int] = {}
        for line in lines:
            key = line.code, line.date, line.one_day or line.through
            first[key] = min(line.number, first.get(key, line.number))
        own_place = min(numbers, default=0)
        request = self._request
        for line in lines:
            if line.number in numbers or line.code is None:
                continue
            place = first[line.code, line.date, line.one_day or line.through]
            day, today = line.date, service.day
            if day is not None and today is not None and (day > today or line.one_day):
                if (day, place) >= (today, own_place):
                    continue
                before: Truth = HOLDS
            else:
                day, before = None, UNKNOWN
            row = _PriorService(
                request.id,
                line.code,
                day,
                line.modifiers,
                line.units,
                line.charge,
                line.ndc,
                request.provider.billing_npi,
                request.provider.billing_tin,
                request.provider.rendering_npi,
                context.payer,
            )
            yield row, before

    def looked(self, kind: RecordType, count: int) -> None:
        """Count rows that are looked at.

        Raises:
            PolicyError: they are too many, for the whole request.
        """
        looks = self._looks[kind.name] = self._looks.get(kind.name, 0) + count
        if looks > MAX_LOOKS:
            path = f"$.{'records.' if kind.declared else ''}{kind.name}"
            of = f"claim {self._request.id}" if self._request.id else "request"
            message = (
                f"`{kind.name}`: its rows would be looked at more than {MAX_LOOKS:,} times, once "
            )
            message += "for each service and each condition over them"
            hint = "leave out rows that no policy asks about, or split the claim"
            raise PolicyError([Diagnostic("too-much-work", message, Location(of, path), hint)])

    def index(self, rows: Sequence[Any], field: str, get: Callable[[Any], Any]) -> dict[Any, Any]:
        """Rows by the value of a field, those without one under None."""
        key = id(rows), field
        found = self._indexes.get(key)
        if found is None:
            made: dict[Any, list[Any]] = {}
            for row in rows:
                made.setdefault(get(row), []).append(row)
            found = self._indexes[key] = rows, made  # kept, so that no other list gets its id
        return found[1]


# --- declared records ---------------------------------------------------------------------------------


def read_lists(vocabulary: Vocabulary, request: Request) -> Lists:
    """The lists of a request.

    Raises:
        PolicyError: with everything that is wrong with those of declared types.
    """
    problems: list[Diagnostic] = []
    of = f"claim {request.id}" if request.id else "request"
    reader = _Reader(vocabulary, of, problems)
    whole = reader.lists(request.records, "$", of_line=False, lines=bool(request.lines))
    of_lines = {
        line.number or at: reader.lists(line.records, f"$.lines[{at - 1}]", of_line=True)
        for at, line in enumerate(request.lines, 1)
        if line.records
    }
    if problems:
        raise PolicyError(islice(problems, MAX_PROBLEMS))
    return Lists(request, whole, of_lines)


class _Reader(NamedTuple):
    """Reads lists of declared types, and gathers what is wrong with them."""

    vocabulary: Vocabulary
    of: str
    problems: list[Diagnostic]

    def problem(self, code: str, path: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Diagnostic(code, message, Location(self.of, path), hint))

    def lists(
        self, raw: Mapping[str, Any], at: str, *, of_line: bool, lines: bool = False
    ) -> dict[str, Given]:
        """The lists under `records` of a request, or of a line."""
        found: dict[str, Given] = {}
        types = {name: one for name, one in self.vocabulary.records.items() if one.declared}
        for name, given in raw.items():
            path, kind = f"{at}.records.{name}", types.get(name)
            if kind is None:
                hint = did_you_mean(name, types) or (
                    f"types: {', '.join(types)}" if types else "declare it in vocabulary.json"
                )
                if name in self.vocabulary.records:
                    hint = f"give it as `{name}` of the request"
                self.problem("unknown-record", path, f"`{name}` is not a type of records", hint)
            elif of_line and kind.about == "member":
                message = f"`{name}` is about the member and not about one service"
                self.problem(
                    "misplaced-record", path, message, "move it to `records` of the request"
                )
            elif lines and kind.about == "service":
                message = f"`{name}` is about one service"
                hint = "move it to `records` of a line of that service"
                self.problem("misplaced-record", path, message, hint)
            elif given is not None and (made := self._list(kind, given, path)) is not None:
                found[name] = made
        return found

    def _list(self, kind: RecordType, given: Any, path: str) -> Given | None:
        covered = ALWAYS if kind.complete else None
        rows = given
        if isinstance(given, Mapping):
            rows, covered = given.get("rows"), self._covered(kind, given, path)
            path = f"{path}.rows"
        if not isinstance(rows, (list, tuple)):
            message = f"`{kind.name}`: found {shown(rows)}; a list of rows was expected"
            self.problem("wrong-type", path, message, 'write [ … ], or {"rows": [ … ]}')
            return None
        if len(rows) > MAX_ELEMENTS:
            message = f"`{kind.name}`: found {len(rows):,} rows; at most {MAX_ELEMENTS:,} are read"
            self.problem("too-large", path, message, "leave out rows that no policy asks about")
            return None
        made = [self._row(kind, row, f"{path}[{at}]") for at, row in enumerate(rows)]
        self._events(kind, made, path)
        return Given(tuple(made), covered)

    def _covered(self, kind: RecordType, given: Mapping[str, Any], path: str) -> Covered:
        """The day from which on a list is complete."""
        known = ("rows", "complete", "complete_from")
        for key in given:
            if key not in known:
                message = f"`{key}` is not known beside `rows` of `{kind.name}`"
                hint = did_you_mean(str(key), known) or f"expected {', '.join(known)}"
                self.problem("unknown-key", f"{path}.{key}", message, hint)
        if (first := given.get("complete_from")) is not None:
            if kind.dated_by is None:
                message = f"`{kind.name}` has no date by which a list is complete from a day on"
                hint = (
                    'write "complete": false, or name the date with "dated_by" in its declaration'
                )
                self.problem("wrong-shape", f"{path}.complete_from", message, hint)
                return None
            try:
                return calendar_date(first)
            except ValueProblem as found:
                at = f"{path}.complete_from"
                self.problem(found.code, at, f"`complete_from`: {found.message}", found.hint)
                return None
        complete = given.get("complete")
        if complete is not None and not isinstance(complete, bool):
            message = f"`complete`: found {shown(complete)}; true or false was expected"
            self.problem("wrong-type", f"{path}.complete", message)
        whole = kind.complete if complete is None else complete
        return ALWAYS if whole else None

    def _row(self, kind: RecordType, row: Any, path: str) -> tuple[Value | None, ...]:
        if not isinstance(row, Mapping):
            message = f"`{kind.name}`: found {shown(row)}; a row was expected"
            self.problem("wrong-type", path, message, 'write {"field": value, …}')
            return (None,) * len(kind.fields)
        for name in row:
            if name not in kind.fields:
                hint = did_you_mean(str(name), kind.fields)
                hint = hint or f"fields: {', '.join(kind.fields)}"
                message = f"`{name}` is not a field of `{kind.name}`"
                self.problem("unknown-field", f"{path}.{name}", message, hint)
        values: list[Value | None] = []
        for name, type_ in kind.fields.items():
            raw, value = row.get(name), None
            if raw is not None:
                try:
                    value = parse_value(type_, raw)
                except AmbiguousCode:
                    pass  # not known
                except ValueProblem as found:
                    message = f"field `{name}` of `{kind.name}`: {found.message}"
                    self.problem(found.code, f"{path}.{name}", message, found.hint)
            values.append(value)
        return tuple(values)

    def _events(
        self, kind: RecordType, rows: Sequence[tuple[Value | None, ...]], path: str
    ) -> None:
        """Two rows with one key would be one event that counts twice."""
        places = [list(kind.fields).index(name) for name in kind.key]
        seen: dict[tuple[Value | None, ...], int] = {}
        for at, row in enumerate(rows if places else ()):
            key = tuple([row[place] for place in places])
            if None not in key and (first := seen.setdefault(key, at)) != at:
                named = ", ".join(kind.key)
                message = f"rows {first + 1} and {at + 1} of `{kind.name}` have the same {named}"
                self.problem("duplicate-row", f"{path}[{at}]", message, "keep one of the two")
