"""Facts from records: `Pass` makes all that one list is asked for with one `where`.

Each fact is what every completion of the list would make of it, or not known; a number or a date also
has the least and the most that a completion would make of it. A completion gives each row whose
membership is not known, and each value that is not known, some value of its field; where the list may
lack rows, it adds any.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import date
from operator import attrgetter, itemgetter
from typing import Any, Final

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import All, AnyOf, Condition, Expression, Not, Test
from payer_policy.core.semantics import total
from payer_policy.core.truth import HOLDS, NEGATED, UNKNOWN
from payer_policy.core.vocabulary.model import LEAST, MOST, UNBOUNDED, RecordType
from payer_policy.core.vocabulary.types import NONE, FactType
from payer_policy.language.sources import RecordAggregate
from payer_policy.request.records import ALWAYS, Covered, Lists, OfService

Result = tuple[Any, Any, Any]
"""A value, or None; and the least and the most that it can be, where it has any."""


class Pass:
    """What is made of the rows of one list for which one `where` holds."""

    def __init__(
        self,
        kind: RecordType,
        sources: Sequence[RecordAggregate],
        facts: Sequence[str],
        can_be_none: Container[str],
    ) -> None:
        """
        Args:
            kind: The type of the rows.
            sources: What is made, all with the same `where`.
            facts: The facts on right sides; their values are given in this order.
            can_be_none: The facts that may be none.
        """
        self.kind = kind
        where = sources[0].where
        self._choose = _RowWriter(kind, facts, can_be_none).choosing(where, sources)
        self._lowest = _RowWriter(kind, facts, can_be_none).lowest(where)
        self._picked = _picked(where, kind, facts)
        asked = [source for source in sources if source.condition is not None]
        self._made = [
            _quantified(source.how, asked.index(source))
            if source.condition is not None
            else _maker(kind, source)
            for source in sources
        ]
        dated_by = kind.dated_by
        self._by_day = [
            dated_by is not None and source.how in ("latest", "max") and source.field == dated_by
            for source in sources
        ]
        self._day = _getter(kind, dated_by) if dated_by is not None and any(self._by_day) else None

    def __call__(self, context: OfService, lists: Lists, *values: Any) -> list[Result]:
        """The value of each source, with its least and its most.

        Args:
            context: The service.
            lists: The lists of its request.
            values: Those of the facts on right sides.

        Raises:
            PolicyError: the rows would be looked at too often.
        """
        rows = lists.rows(self.kind, context)
        parts: list[Sequence[Any]] = [rows.listed]
        if self._picked is not None and len(rows.listed) > _FEW:
            parts = self._picked(lists, rows.listed, values)
        parts.append(rows.own)
        lists.looked(self.kind, sum(map(len, parts)) + len(rows.possible))
        certain: list[Any] = []
        possible: list[Any] = []
        seen: tuple[int, ...] = ()
        for part in parts:
            seen = self._choose(part, HOLDS, certain.append, possible.append, seen, *values)
        seen = self._choose(rows.possible, UNKNOWN, possible.append, possible.append, seen, *values)
        whole = rows.covered == ALWAYS
        if not whole and rows.covered is not None and self._lowest is not None:
            lowest = self._lowest(*values)
            whole = isinstance(lowest, date) and lowest >= rows.covered
        # Rows that are not listed are of days before those that are covered, so none is the latest where
        # a listed one is of a covered day.
        latest = whole or self._reaches(certain, rows.covered)
        return [
            make(certain, possible, latest if by_day else whole, seen)
            for make, by_day in zip(self._made, self._by_day, strict=True)
        ]

    def _reaches(self, certain: list[Any], covered: Covered) -> bool:
        """Whether one of some rows is of a day that the list covers."""
        get = self._day
        if get is None or covered is None:
            return False
        return any(isinstance(day := get(row), date) and day >= covered for row in certain)


class _RowWriter(SourceWriter):
    """Writes the loop over the rows of a list."""

    def __init__(self, kind: RecordType, facts: Sequence[str], can_be_none: Container[str]) -> None:
        super().__init__(self._read, can_be_none)
        self._kind, self._places = kind, list(kind.fields)
        self._facts = {name: f"fact{at}" for at, name in enumerate(facts)}
        self._fields: dict[str, str] = {}

    def _read(self, name: str) -> str:
        if name not in self._kind.fields:
            return self._facts[name]
        if name not in self._fields:
            access = f"[{self._places.index(name)}]" if self._kind.declared else f".{name}"
            self._fields[name] = self.assign("l", f"row{access}")
        return self._fields[name]

    def choosing(
        self, where: Condition | None, sources: Sequence[RecordAggregate]
    ) -> Callable[..., tuple[int, ...]]:
        """The function that hands on the rows for which `where` holds, or may hold, and adds up what was
        seen of the conditions of `any` and `all`."""
        asked = [one for one in sources if one.condition is not None]
        self.expect([one for one in (where, *(one.condition for one in asked)) if one is not None])
        among = "mask" if where is None else f"mask & {self.condition(where)}"
        self.lines += [
            f"among = {among}",
            "if not among: continue",
            "if among == 3: certain(row)",
            "else: possible(row)",
        ]
        seen = [f"seen{at}" for at in range(len(asked))]
        for name, source in zip(seen, asked, strict=True):
            assert source.condition is not None
            found = self.condition(source.condition, negated=source.how == "all")
            self.lines.append(f"{name} |= among & {found}")
        names = "".join(f"{name}, " for name in seen)
        body = [
            *([f"{names}= seen or ({'0, ' * len(seen)})"] if seen else []),
            "for row in rows:",
            *[f"    {line}" for line in self.lines],
            f"return ({names})",
        ]
        parameters = ", ".join(
            ["rows", "mask", "certain", "possible", "seen", *self._facts.values()]
        )
        return self.function("choose", parameters, body)

    def lowest(self, where: Condition | None) -> Callable[..., Any] | None:
        """The function that gives the first day that a row can have for which `where` may hold; None:
        no such day is known."""
        dated_by = self._kind.dated_by
        self.namespace |= {"latest": _latest, "earliest": _earliest}
        found = None if where is None or dated_by is None else self._lowest(where, dated_by)
        if found is None:
            return None
        body = [*self.lines, f"return {found}"]
        return self.function("lowest", ", ".join(self._facts.values()), body)

    def _lowest(self, condition: Condition, dated_by: str) -> str | None:
        match condition:
            case Test(fact, "is" | "at_least", _, (side,)) if fact == dated_by:
                return self.expression(side)
            case Not(Test(fact, "at_most", _, (side,))) if fact == dated_by:
                return self.expression(side)
            case All(parts):
                found = [one for part in parts if (one := self._lowest(part, dated_by))]
                return f"latest({', '.join(found)})" if found else None
            case AnyOf(parts):
                each = [self._lowest(part, dated_by) for part in parts]
                return f"earliest({', '.join(map(str, each))})" if all(each) else None
        return None


def _latest(*days: Any) -> Any:
    """The latest of those that are known."""
    return max((day for day in days if isinstance(day, date)), default=None)


def _earliest(*days: Any) -> Any:
    """The earliest; None where one is not known."""
    return min(days) if all(isinstance(day, date) for day in days) else None


_FEW: Final = 8
"""Rows that are looked at one by one as quickly as by their code."""
_Pick = Callable[[Lists, Sequence[Any], Sequence[Any]], list[Sequence[Any]]]


def _picked(where: Condition | None, kind: RecordType, facts: Sequence[str]) -> _Pick | None:
    """What finds the rows that `where` can hold of by the code that it asks for; None: any row."""
    parts = where.parts if isinstance(where, All) else (where,)
    for part in parts:
        match part:
            case Test(field, "is" | "in" as operator, _, (side,)) if (
                kind.fields[field].kind == "code"
            ):
                return _by_code(field, operator, side, kind, facts)
    return None


def _by_code(
    field: str, operator: str, side: Expression, kind: RecordType, facts: Sequence[str]
) -> _Pick:
    writer = _RowWriter(kind, facts, ())
    body = [f"return {writer.expression(side)}"]
    value = writer.function("code", ", ".join(writer._facts.values()), [*writer.lines, *body])
    get = _getter(kind, field)

    def pick(lists: Lists, rows: Sequence[Any], values: Sequence[Any]) -> list[Sequence[Any]]:
        wanted = value(*values)
        if wanted is None or wanted is NONE:
            return [rows]
        index = lists.index(rows, field, get)
        codes = [wanted] if operator == "is" else [code for code in index if code in wanted]
        return [index[code] for code in (*codes, None) if code in index]

    return pick


def _getter(kind: RecordType, field: str) -> Callable[[Any], Any]:
    return itemgetter(list(kind.fields).index(field)) if kind.declared else attrgetter(field)


# --- aggregates --------------------------------------------------------------------------------------

_Make = Callable[[list[Any], list[Any], bool, tuple[int, ...]], Result]
_Get = Callable[[Any], Any]
_Aggregate = Callable[[list[Any], list[Any], bool, _Get, FactType], Result]
"""From the rows for which `where` holds, those for which it may hold, whether there are no others, and a
field with its type."""
_BOOLEAN: Final = (False, None, None, True)


def _quantified(how: str, at: int) -> _Make:
    """`any` or `all`: for `all`, what was seen is whether a condition fails for some row."""

    def made(certain: list[Any], possible: list[Any], whole: bool, seen: tuple[int, ...]) -> Result:
        found = seen[at] if whole else seen[at] | UNKNOWN
        return _BOOLEAN[NEGATED[found] if how == "all" else found], None, None

    return made


def _maker(kind: RecordType, source: RecordAggregate) -> _Make:
    how, field = source.how, source.field
    if field is None:
        return lambda certain, possible, whole, seen: _count(certain, possible, whole)
    get, type_ = _getter(kind, field), kind.fields[field]
    if source.give is not None:
        of_row = _of_row(get, _getter(kind, source.give), type_, last=how in ("latest", "max"))
        return lambda certain, possible, whole, seen: (of_row(certain, possible, whole), None, None)
    made = _AGGREGATES[how]
    return lambda certain, possible, whole, seen: made(certain, possible, whole, get, type_)


def _between(least: Any, most: Any, kind: str) -> Result:
    """The value where both bounds are one; a bound of None says nothing."""
    value = least if least is not None and least == most else None
    return (
        value,
        UNBOUNDED[LEAST][kind] if least is None else least,
        UNBOUNDED[MOST][kind] if most is None else most,
    )


def _count(certain: list[Any], possible: list[Any], whole: bool) -> Result:
    least = len(certain)
    return _between(least, least + len(possible) if whole else None, "integer")


def _sum(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    """Each row adds its value, or between the least and the most that its field can be."""
    smallest: Any = type_.minimum
    greatest: Any = type_.maximum
    least: list[Any] = []
    most: list[Any] = []
    for row in certain:
        value = get(row)
        least.append(smallest if value is None else value)
        most.append(greatest if value is None else value)
    others = [get(row) for row in possible]
    least += [_at_most_zero(smallest if value is None else value) for value in others]
    most += [_at_least_zero(greatest if value is None else value) for value in others]
    if not whole:
        least.append(None if smallest is None or smallest < 0 else 0)
        most.append(None if greatest is None or greatest > 0 else 0)
    sums = [None if None in one else total(*one) for one in (least, most)]
    return _between(sums[0], sums[1], type_.kind)


def _at_most_zero(value: Any) -> Any:
    return None if value is None else min(value, 0)


def _at_least_zero(value: Any) -> Any:
    return None if value is None else max(value, 0)


def _largest(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    return _extreme(certain, possible, whole, get, type_, last=True)


def _smallest(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    return _extreme(certain, possible, whole, get, type_, last=False)


def _extreme(
    certain: list[Any],
    possible: list[Any],
    whole: bool,
    get: _Get,
    type_: FactType,
    *,
    last: bool,
) -> Result:
    """Where it may be that there is no row, no bound says anything: none is neither less nor more."""
    if not certain:
        _, least, most = _between(None, None, type_.kind)
        return NONE if whole and not possible else None, least, most
    near = _surely(certain, get, type_, last=last)
    end = type_.maximum if last else type_.minimum
    ends = [end if (value := get(row)) is None else value for row in (*certain, *possible)]
    ends += () if whole else (end,)
    pick: Callable[[Iterable[Any]], Any] = max if last else min
    far = None if None in ends else pick(ends)
    return _between(near, far, type_.kind) if last else _between(far, near, type_.kind)


def _surely(certain: list[Any], get: _Get, type_: FactType, *, last: bool) -> Any:
    """What the last (or the first) value of some rows surely reaches; None: nothing is known."""
    start = type_.minimum if last else type_.maximum
    values = [start if (value := get(row)) is None else value for row in certain]
    known = [value for value in values if value is not None]
    pick: Callable[..., Any] = max if last else min
    return pick(known, default=None)


def _of_row(
    get: _Get, give: _Get, type_: FactType, *, last: bool
) -> Callable[[list[Any], list[Any], bool], Any]:
    """Another field of the row that is the last (or the first) by a field.

    Known where every row that could be the one has the same value.
    """

    def of_row(certain: list[Any], possible: list[Any], whole: bool) -> Any:
        if not whole:
            return None
        if not certain:
            return None if possible else NONE
        reached = _surely(certain, get, type_, last=last)
        found = set()
        for row in (*certain, *possible):
            value = get(row)
            if value is None or reached is None or (value >= reached if last else value <= reached):
                found.add(give(row))
        return found.pop() if len(found) == 1 else None

    return of_row


def _collect(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    values = [get(row) for row in certain]
    if not whole or possible or None in values:
        return None, None, None
    codes = frozenset(values) if type_.kind == "code" else frozenset().union(*values)
    return codes, None, None


def _only(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    """The one value of all rows; none where there is no row, or two rows differ."""
    known = {get(row) for row in certain} - {None}
    if len(known) > 1 or (whole and not certain and not possible):
        return NONE, None, None
    values = {get(row) for row in (*certain, *possible)}
    if not whole or not certain or len(values) > 1:
        return None, None, None
    return values.pop(), None, None


def _count_distinct(
    certain: list[Any], possible: list[Any], whole: bool, get: _Get, type_: FactType
) -> Result:
    values = [get(row) for row in certain]
    known = set(values) - {None}
    least = max(len(known), 1 if certain else 0)
    others = [get(row) for row in possible]
    unknown = values.count(None) + others.count(None)
    most = len(known | (set(others) - {None})) + unknown
    return _between(least, most if whole else None, "integer")


_AGGREGATES: Final[Mapping[str, _Aggregate]] = {
    "sum": _sum,
    "min": _smallest,
    "max": _largest,
    "earliest": _smallest,
    "latest": _largest,
    "collect": _collect,
    "only": _only,
    "count_distinct": _count_distinct,
}
