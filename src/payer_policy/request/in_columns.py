"""The facts of many services at once: `Derivation` in columns.

Claims are columns of what their forms say, of their lines and of the facts given beside them. Each
source of the vocabulary is read for all services together; whatever looks at several values calls the
function that reads a single request, once for each distinct combination of them. A claim that cannot
be read so (a date that is not settled, a fact that contradicts its form) is named, for
`Engine.decide` itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

import numpy as np

from payer_policy.core.columns import (
    Codes,
    Column,
    Flags,
    Groups,
    Places,
    column_of,
    constant,
    each_combination,
    either,
    encoded,
    first_known,
    folded,
    grouped,
    mapped,
    recoded,
    stacked,
)
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.ruleset import VOID, Condition, Test
from payer_policy.core.semantics_in_columns import (
    NEGATION,
    Truths,
    condition_truths,
    expression_column,
    truths_of,
)
from payer_policy.core.truth import HOLDS, UNKNOWN
from payer_policy.core.vocabulary.types import NONE, NONE_TEXT, Value
from payer_policy.language.sources import (
    LINE_FIELDS,
    OR_NONE,
    ORIGINAL,
    Aggregate,
    Bound,
    Cases,
    Computed,
    DrugAttribute,
    LineSet,
    Path,
    RecordAggregate,
    Source,
    behind,
    facts_of,
)
from payer_policy.policy.library import Library
from payer_policy.request.aggregates import Pass, Result
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.derive import (
    COMBINE,
    SERVICE_READERS,
    ServiceReader,
    drug_reader,
)
from payer_policy.request.models import Request, day_of_moment
from payer_policy.request.records import Lists, OfService
from payer_policy.request.services import Service, product_line

DATES: Final = "dates"
VOIDS: Final = "voids"
LINE_NUMBERS: Final = "line-numbers"
GIVEN: Final = "facts"
"""Why a claim is decided by itself: its dates are not one day a line, it takes another back, its lines
are not in the order of their numbers, or the facts given with it contradict something."""

_TRUE: Final = np.array([2, 0, 0, 1], dtype=np.int32)
"""The code of a truth as a Boolean value, among None, True and False."""


@dataclass(frozen=True, slots=True)
class RequestColumns:
    """Some requests. A field or a fact that has no column is not known of any."""

    rows: int
    fields: Mapping[str, Column]
    """By path, such as `coverage.payer`. `kind` and `frequency` are always there."""
    facts: Mapping[str, Column]
    """The facts of the requests, by name."""
    lines: Groups
    """Which lines are of which request."""
    line_fields: Mapping[str, Column]
    line_facts: Mapping[str, Column]

    def field(self, path: str) -> Column:
        """A field of the requests."""
        return _or_unknown(self.fields.get(path), self.rows)

    def fact(self, name: str) -> Column:
        """A fact as it was given of the requests."""
        return _or_unknown(self.facts.get(name), self.rows)

    def line_field(self, name: str) -> Column:
        """A field of the lines."""
        return _or_unknown(self.line_fields.get(name), len(self.lines.of_row))


def _or_unknown(column: Column | None, rows: int) -> Column:
    return constant(None, rows) if column is None else column


def _no_remarks(_: Flags) -> Counter[str]:
    return Counter()


class ReadColumns(NamedTuple):
    """Requests that were read in bulk."""

    columns: RequestColumns
    refused: Flags
    """The requests that are to be read by themselves; nothing here is true of them."""
    remarks: Callable[[Flags], Counter[str]] = _no_remarks
    """How many remarks of which code there are on some of them."""


# --- what is derived, shared by all rulesets -------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A fact, or a part of a service's lines, with all that it is made from on some days."""

    name: str
    source: Source | Condition | None
    inputs: Mapping[str, Node]
    fact: bool = True


class Nodes:
    """The nodes of a library, each once, however many rulesets read it."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, ...], Node] = {}

    def facts(self, sources: Mapping[str, Source], names: Sequence[str]) -> dict[str, Node]:
        """The nodes of some facts, by name.

        Args:
            sources: Where they and all behind them come from, as on a day.
            names: Of the facts.
        """
        made: dict[str, Node] = {}
        for name in reversed(behind(sources, names)):
            self._fact(name, sources, made)
        return made

    def parts(
        self, parts: Mapping[str, Condition], sources: Mapping[str, Source]
    ) -> dict[str, Node]:
        """The nodes of the parts of a service's lines, by name."""
        return {
            name: self._node(name, condition, self._inputs(condition, sources), fact=False)
            for name, condition in parts.items()
        }

    def _inputs(self, condition: Condition, sources: Mapping[str, Source]) -> dict[str, Node]:
        read = list(facts_of(Cases("service", ((condition, True),))))
        return {name: node for name, node in self.facts(sources, read).items() if name in read}

    def _fact(self, name: str, sources: Mapping[str, Source], made: dict[str, Node]) -> Node:
        if name not in made:
            source = sources.get(name)
            read = () if source is None else dict.fromkeys(facts_of(source))
            inputs = {other: self._fact(other, sources, made) for other in read}
            made[name] = self._node(name, source, inputs)
        return made[name]

    def _node(
        self,
        name: str,
        source: Source | Condition | None,
        inputs: Mapping[str, Node],
        *,
        fact: bool = True,
    ) -> Node:
        key = (name, fact, source, *map(id, inputs.values()))
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = Node(name, source, inputs, fact)
        return found


# --- services --------------------------------------------------------------------------------------


class Services:
    """The drug services of some claims, in order: lines of one code on one day are one service."""

    def __init__(self, claims: RequestColumns, library: Library) -> None:
        self._claims, self._library = claims, library
        self.alone: dict[str, Flags] = {}
        """By cause, the claims that are to be decided by themselves."""
        self.left = np.zeros(claims.rows, dtype=np.bool_)
        self._number_lines()
        self.payer = self._payer()
        """For each claim the payer's folder, or what it says where no payer is recognized."""
        self._cut()
        self.candidates = mapped(library.candidates, [self.payer.take(self.claim), self.code])
        """For each service the addresses of the payer's policies for its code."""

    def leave(self, cause: str, claims: Flags) -> None:
        """Name claims that are to be decided by themselves; each has its first cause only."""
        claims = claims & ~self.left
        if claims.any():
            self.left |= claims
            self.alone[cause] = self.alone[cause] | claims if cause in self.alone else claims

    def _given(self, root: str, path: str) -> Column:
        """The fact, as it was given, that is read from a path."""
        return self._claims.fact(self._library.facts_by_source.get((root, path), ""))

    def _payer(self) -> Column:
        named = [
            first_known([self._claims.field(path), self._given("request", path)])
            for path in ("coverage.payer", "coverage.line_of_business")
        ]
        return mapped(self._library.reference.payer_folder, named)

    def _number_lines(self) -> None:
        lines, column = self._claims.lines, self._claims.line_field("number")
        position = np.arange(len(lines.of_row)) - lines.starts[:-1][lines.of_row] + 1
        values = np.array([value or 0 for value in column.values], dtype=np.int64)
        self._numbers: Places = np.where(column.known, values[column.codes], position)
        rising = np.diff(self._numbers, prepend=0) > 0
        rising[lines.starts[:-1][lines.sizes > 0]] = True
        self.leave(LINE_NUMBERS, lines.any(~rising))

    def _cut(self) -> None:
        """Cut the claims into services."""
        claims, lines = self._claims, self._claims.lines
        code, day = self._claims.line_field("code"), self._claims.line_field("date")
        through = self._claims.line_field("through")
        one_day = mapped(
            lambda first, last: True if first is not None and last in (None, first) else None,
            [day, through],
        )
        bare = lines.sizes == 0
        given_code, given_day = self._given("service", "code"), self._given("service", "date")
        given_through = self._given("service", "through")
        several = mapped(
            lambda first, last: True if first is None or (last and last > first) else None,
            [given_day, given_through],
        )
        self.leave(DATES, lines.any(~one_day.known) | (bare & several.known))
        frequency = self._claims.field("frequency")
        void = np.array([value == VOID for value in frequency.values])[frequency.codes]
        kind = self._claims.field("kind")
        is_claim = np.array([value == "claim" for value in kind.values])[kind.codes]
        self.leave(VOIDS, void & is_claim)
        key = grouped(
            [
                (lines.of_row.astype(np.int32), claims.rows),
                (code.codes, len(code.values)),
                (day.codes, len(day.values)),
            ]
        )[0]
        of_line, distinct = encoded(key)
        first = np.zeros(len(distinct), dtype=np.int64)
        first[of_line[::-1]] = np.arange(len(of_line))[::-1]
        without = np.flatnonzero(bare)
        claim = np.concatenate([lines.of_row[first], without])
        order = np.argsort(claim, kind="stable")
        place = np.empty(len(order), dtype=np.int64)
        place[order] = np.arange(len(order))
        self.claim: Places = claim[order]
        """For each service its claim."""
        self.code = stacked([code.take(first), given_code.take(without)]).take(order)
        self.day = stacked([day.take(first), given_day.take(without)]).take(order)
        service = place[of_line]
        self.line: Places = np.argsort(service, kind="stable")
        """The lines of the services, one service after the other."""
        sizes = np.bincount(service, minlength=len(order)).astype(np.int64)
        self.lines = Groups.of_sizes(sizes)

    def __len__(self) -> int:
        return len(self.claim)

    @property
    def numbers(self) -> Places:
        """The number of each line of the services."""
        return self._numbers[self.line]


# --- facts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Services with the lines of a set: a row is one service with one line."""

    groups: Groups
    line: Places


class ServiceFacts:
    """The facts of some services of some claims, each worked out when it is first read."""

    def __init__(
        self, claims: RequestColumns, services: Services, chosen: Places, library: Library
    ) -> None:
        """`chosen` are the positions of the services."""
        self._claims, self._services = claims, services
        self._vocabulary, self._reference = library.vocabulary, library.reference
        self.rows = len(chosen)
        self._claim = services.claim[chosen]
        self.code, self.day = services.code.take(chosen), services.day.take(chosen)
        groups, rows = services.lines.take(chosen)
        self._service = _Pairs(groups, services.line[rows])
        self.line_number: Places = services.numbers[rows]
        self._columns: dict[Node, Column] = {}
        self._parts: dict[Node, Flags] = {}
        self._of_records: dict[Node, Sequence[Column]] = {}
        self._services_listed: dict[int, tuple[OfService, Lists]] = {}
        self._claims_listed: dict[int, tuple[Lists, tuple[Any, ...]]] = {}
        self._pairs: dict[LineSet, _Pairs] = {"service": self._service}
        self._line_columns: dict[str, Column] = {}
        self._on_pairs: dict[tuple[LineSet, str], Column] = {}
        self.contradicting = np.zeros(self.rows, dtype=np.bool_)
        """Services for which a fact was given that their form says otherwise."""

    @property
    def lines(self) -> Groups:
        """Which lines are of which service."""
        return self._service.groups

    @cached_property
    def units(self) -> Column:
        """The billed units of each line."""
        return self._line("units").take(self._service.line)

    def column(self, node: Node) -> Column:
        """A fact."""
        found = self._columns.get(node)
        if found is None:
            found = self._columns[node] = self._settled(node)
        return found

    def part(self, node: Node) -> Flags:
        """The lines of the services that belong to a part."""
        found = self._parts.get(node)
        if found is None:
            truths = self._line_truths("service", node.source, node.inputs)
            found = self._parts[node] = truths == HOLDS
        return found

    @cached_property
    def given(self) -> Mapping[str, Column]:
        """What was given of each service, by fact."""
        made = {name: column.take(self._claim) for name, column in self._claims.facts.items()}
        for name, column in self._claims.line_facts.items():
            own = folded(_said, self._service.groups, column.take(self._service.line))
            parts = [made[name], own] if name in made else [own]
            told = mapped(lambda *values: _said(values), parts)
            differ = np.array([value is _DIFFER for value in told.values])[told.codes]
            self.contradicting |= differ
            made[name] = _each(told, lambda value: None if value is _DIFFER else value)
        return made

    # --- a fact --------------------------------------------------------------------------------------

    def _settled(self, node: Node) -> Column:
        """What the form says, else what was given, else what silence means."""
        fact, source = self._vocabulary.tested[node.name], node.source
        given = self.given.get(node.name)
        if source is None:
            columns = [] if given is None else [given]
        elif isinstance(source, Cases):
            guess = self._form(node)
            columns = [guess] if given is None else [given, guess]
        else:
            form = self._form(node)
            if fact.type.kind == "choice":
                legal = {*fact.type.values, *([NONE, NONE_TEXT] if fact.type.can_be_none else [])}
                form = _each(form, lambda value: value if value in legal else None)
            if fact.type.can_be_none and isinstance(source, Path):
                form = _each(form, lambda value: NONE if value == NONE_TEXT else value)
            columns = [form]
            if given is not None:
                columns.append(given)
                differ = mapped(
                    lambda one, other: None if one is None or one == other else other, columns
                )
                self.contradicting |= differ.known
                if isinstance(source, RecordAggregate):  # its bounds may contradict it too
                    self.contradicting |= given.known
        if fact.absent_means is not None:
            columns.append(constant(fact.absent_means, self.rows))
        elif source == ORIGINAL and fact.type.can_be_none:
            frequency = self._field("frequency")
            columns.append(_each(frequency, lambda value: NONE if value == "1" else None))
        return first_known(columns) if columns else constant(None, self.rows)

    def _form(self, node: Node) -> Column:
        match node.source:
            case Path("request", path):
                return self._request(path)
            case Path("service", "code"):
                return self.code
            case Path("service", "date"):
                return self.day
            case Path("service", path):
                return self._read(path)
            case Path("authorization", path):
                return self._authorization(path)
            case DrugAttribute(attribute):
                reader = drug_reader(self._reference, [attribute])
                return mapped(lambda code, day: reader(code, day)[0], [self.code, self.day])
            case Computed(_, condition) if condition is not None:
                column = self._inputs(node)
                truths = condition_truths(
                    condition, lambda test: truths_of(test, column, self.rows), self.rows
                )
                return _booleans(truths)
            case Computed(expression, _) if expression is not None:
                return expression_column(expression, self._inputs(node), self.rows)
            case Cases(lines, cases):
                return self._first_case(node, lines, cases)
            case Aggregate() as aggregate:
                return self._aggregate(node, aggregate)
            case RecordAggregate():
                return self._from_records(node)[0]
            case Bound(fact, most):
                return self._from_records(node.inputs[fact])[2 if most else 1]
        raise AssertionError(node.source)

    def _inputs(self, node: Node) -> Callable[[str], Column]:
        return lambda name: self.column(node.inputs[name])

    def _field(self, path: str) -> Column:
        return self._claims.field(path).take(self._claim)

    def _request(self, path: str) -> Column:
        if path == "coverage.payer":
            return self._services.payer.take(self._claim)
        if path == "received":
            times = self._field("received_at")
            return first_known([self._field(path), _each(times, day_of_moment)])
        if path == "diagnoses":
            return _each(
                self._field(path), lambda codes: None if codes is None else frozenset(codes)
            )
        return self._field(path)

    # --- lines ---------------------------------------------------------------------------------------

    def _line(self, name: str) -> Column:
        """A field of all lines of the claims, as conditions read it."""
        found = self._line_columns.get(name)
        if found is None:
            found = self._line_columns[name] = self._line_view(name)
        return found

    def _line_view(self, name: str) -> Column:
        lines = self._claims.lines
        own = self._claims.line_field(name)
        match name:
            case "number":
                return column_of(self._services._numbers.tolist())
            case "through":
                return first_known([own, self._line("date")])
            case "place_of_service":
                return first_known([own, self._claims.field(name).take(lines.of_row)])
            case "drug.listed":
                drugs = self._reference.drugs
                code = self._line("code")
                return _each(code, lambda code: None if code is None else code in drugs)
            case "ndc_amount" | "ndc_amount_mcg":
                codes, views = self._products
                row, each = grouped(
                    [
                        (codes, len(views)),
                        *(
                            (column.codes, len(column.values))
                            for column in (self._line("ndc_quantity"), self._line("ndc_unit"))
                        ),
                    ]
                )
                quantity, unit = self._line("ndc_quantity").values, self._line("ndc_unit").values
                made = []
                for view, number, word in zip(*[one.tolist() for one in each], strict=True):
                    line = views[view]
                    line.ndc_quantity, line.ndc_unit = quantity[number], unit[word]
                    made.append(getattr(line, name))
                return recoded(row, made)
        if name.startswith("product."):
            codes, views = self._products
            return recoded(codes, [getattr(view, name.replace(".", "_")) for view in views])
        return own

    @cached_property
    def _products(self) -> tuple[Codes, list[Any]]:
        """For each line the position of its code, product and day among the distinct ones, and those."""
        columns = [self._line("code"), self._line("ndc"), self._line("date")]
        reference = self._reference
        return each_combination(
            lambda code, ndc, day: product_line(code, ndc, day, reference), columns
        )

    def _pairs_of(self, lines: LineSet) -> _Pairs:
        found = self._pairs.get(lines)
        if found is None:
            found = self._pairs[lines] = self._claim_pairs(same_day=lines == "same_day")
        return found

    def _claim_pairs(self, *, same_day: bool) -> _Pairs:
        groups, line = self._claims.lines.take(self._claim)
        if not same_day:
            return _Pairs(groups, line)
        dates = self._line("date")
        day = mapped(lambda value: value, [self.day])
        places = {value: code for code, value in enumerate(dates.values)}
        as_line = np.array([places.get(value, -1) for value in day.values])[day.codes]
        same = dates.codes[line] == as_line[groups.of_row]
        return _Pairs(groups.chosen(same), line[same])

    def _on_line(self, lines: LineSet, name: str) -> Column:
        """A field of the lines of a set."""
        found = self._on_pairs.get((lines, name))
        if found is None:
            found = self._line(name).take(self._pairs_of(lines).line)
            self._on_pairs[lines, name] = found
        return found

    def _line_truths(self, lines: LineSet, condition: Any, inputs: Mapping[str, Node]) -> Truths:
        """The truths of a condition over each service with each line of a set."""
        pairs = self._pairs_of(lines)
        rows = len(pairs.line)

        def column(name: str) -> Column:
            if name in LINE_FIELDS:
                return self._on_line(lines, name)
            return self.column(inputs[name]).take(pairs.groups.of_row)

        def truths(test: Test) -> Truths:
            return truths_of(test, column, rows)

        return condition_truths(condition, truths, rows)

    def _first_case(
        self, node: Node, lines: LineSet, cases: Sequence[tuple[Condition, Value]]
    ) -> Column:
        """The value of the first case that holds of some line, where those before it fail."""
        groups = self._pairs_of(lines).groups
        codes = np.zeros(self.rows, dtype=np.int32)
        for at in reversed(range(len(cases))):
            seen = groups.union(self._line_truths(lines, cases[at][0], node.inputs), UNKNOWN)
            codes = np.where(seen == HOLDS, np.int32(at + 1), np.where(seen, np.int32(0), codes))
        return recoded(codes, [None, *(value for _, value in cases)])

    def _aggregate(self, node: Node, source: Aggregate) -> Column:
        lines = source.lines
        pairs = self._pairs_of(lines)
        groups = pairs.groups
        among = None
        if source.where is not None:
            among = self._line_truths(lines, source.where, node.inputs)
        if source.condition is not None:
            truths = self._line_truths(lines, source.condition, node.inputs)
            every = source.how == "all"
            truths = NEGATION[truths] if every else truths
            seen = groups.union(truths if among is None else among & truths, UNKNOWN)
            return _booleans(NEGATION[seen] if every else seen)
        field_ = source.field
        column = constant(1, len(pairs.line)) if field_ is None else self._on_line(lines, field_)
        chosen = groups
        if among is not None:
            selected = among != 0
            column = either(among == UNKNOWN, constant(None, len(pairs.line)), column)
            column, chosen = column.take(selected), groups.chosen(selected)
        made = folded(_combining(source.how, field_), chosen, column)
        codes = np.where(groups.sizes == 0, np.int32(0), made.codes)  # no line at all: not known
        return Column(codes, made.values)

    def _read(self, path: str) -> Column:
        """What a function reads off the lines of a service and its request."""
        reader = SERVICE_READERS[path]
        if "history" not in reader.request:
            return self._read_of(reader, np.arange(self.rows))
        known = np.flatnonzero(self._field("history").codes)  # of an unknown history nothing is
        found = self._read_of(reader, known)
        codes = np.zeros(self.rows, dtype=np.int32)
        codes[known] = found.codes
        return Column(codes, found.values)

    def _read_of(self, reader: ServiceReader, rows: Places) -> Column:
        groups, places = self._service.groups.take(rows)
        columns = [self._line(name).take(self._service.line[places]) for name in reader.lines]
        codes, stand_ins = _stand_ins(reader, columns, groups)
        row, sequences = groups.sequences(codes, len(stand_ins))
        request = [self._field(path).take(rows) for path in reader.request]
        columns = [*request, *([self.code.take(rows), self.day.take(rows)] if request else [])]
        place, each = grouped(
            [(row, len(sequences)), *((one.codes, len(one.values)) for one in columns)]
        )
        made = []
        for sequence, *values in zip(*[one.tolist() for one in each], strict=True):
            found = [column.values[code] for column, code in zip(columns, values, strict=True)]
            lines = [stand_ins[code] for code in sequences[sequence]]
            made.append(reader.read(_context(reader, found, lines)))
        return recoded(place, made)

    # --- records -------------------------------------------------------------------------------------

    def _from_records(self, node: Node) -> Sequence[Column]:
        """A fact made from records, its least and its most: row by row where there may be rows."""
        found = self._of_records.get(node)
        if found is None:
            found = self._of_records[node] = self._passed(node)
        return found

    def _passed(self, node: Node) -> Sequence[Column]:
        source = node.source
        assert isinstance(source, RecordAggregate)
        type_ = self._vocabulary.facts[node.name].type
        kind, inputs = self._vocabulary.records[source.records], list(node.inputs)
        none = frozenset(name for name in inputs if self._vocabulary.facts[name].type.can_be_none)
        run = Pass(kind, [source], inputs, none)
        if kind.declared:  # no claim here gives any
            rows: Places = np.zeros(0, dtype=np.int64)
        else:
            given = self._field(kind.name).codes != 0
            alone = self._claims.lines.sizes[self._claim] == self._service.groups.sizes
            rows = np.flatnonzero(given | ~alone)
        nothing = run(_NO_SERVICE, Lists(Request(), {}, {}), *[None] * len(inputs))
        results = [nothing[0], *self._row_by_row(run, rows, [node.inputs[one] for one in inputs])]
        codes = np.zeros(self.rows, dtype=np.int32)
        codes[rows] = np.arange(1, len(rows) + 1)
        if source.how in OR_NONE and not type_.can_be_none:
            results = [(None if one[0] is NONE else one[0], *one[1:]) for one in results]
        return [recoded(codes, [one[side] for one in results]) for side in range(3)]

    def _row_by_row(self, run: Pass, rows: Places, inputs: Sequence[Node]) -> Iterator[Result]:
        columns = [self.column(one) for one in inputs]
        values = [[one.values[code] for code in one.codes[rows].tolist()] for one in columns]
        for row, *facts in zip(rows.tolist(), *values, strict=True):
            try:
                yield run(*self._listed(row), *facts)[0]
            except PolicyError:  # it is refused by itself
                self.contradicting[row] = True
                yield None, None, None

    def _listed(self, row: int) -> tuple[OfService, Lists]:
        """A service as records are read for it, and the lists of its claim."""
        found = self._services_listed.get(row)
        if found is None:
            claim = int(self._claim[row])
            lists, views = self._lists_of(claim)
            start, end = self._service.groups.starts[row : row + 2].tolist()
            own = {self._numbered(line) for line in self._service.line[start:end].tolist()}
            lines = tuple([line for line in views if line.number in own])
            service = Service(self.code[row], self.day[row], lines)
            context: Any = SimpleNamespace(
                payer=self._services.payer[claim], service=service, claim_lines=views
            )
            found = self._services_listed[row] = context, lists
        return found

    def _numbered(self, line: int) -> int:
        return int(self._services._numbers[line])

    def _lists_of(self, claim: int) -> tuple[Lists, tuple[Any, ...]]:
        """The lists of a claim, and its lines."""
        found = self._claims_listed.get(claim)
        if found is None:
            paths = ("id", "original_id", "history", "authorizations")
            who = ("provider.billing_npi", "provider.billing_tin", "provider.rendering_npi")
            values = {path: self._claims.field(path)[claim] for path in (*paths, *who)}
            start, end = self._claims.lines.starts[claim : claim + 2].tolist()
            views = tuple([self._listed_line(line) for line in range(start, end)])
            found = self._claims_listed[claim] = Lists(_nested(values), {}, {}), views
        return found

    def _listed_line(self, line: int) -> Any:
        names = ("code", "date", "modifiers", "units", "charge", "ndc")
        values = {name: self._line(name)[line] for name in names}
        return SimpleNamespace(
            **values, number=self._numbered(line), one_day=True, through=values["date"]
        )

    # --- authorizations ------------------------------------------------------------------------------

    def _authorization(self, path: str) -> Column:
        rows, found = self._authorizations
        own = column_of([facts.get(path) for facts in found])
        codes = np.zeros(self.rows, dtype=np.int32)
        codes[rows] = own.codes
        return Column(codes, own.values)

    @cached_property
    def _authorizations(self) -> tuple[Places, list[Mapping[str, Any]]]:
        """The services of which the authorizations on file are known, and what follows for each."""
        on_file = self._field("authorizations")
        rows: Places = np.flatnonzero(on_file.codes)
        paths = ("authorization_number", "coverage.plan", "coverage.member_id")
        npis = ("provider.billing_npi", "provider.rendering_npi")
        columns = [on_file, *map(self._field, (*paths, *npis))]
        columns += [self._services.payer.take(self._claim), self.code, self.day]
        numbers, units = self._line("authorization_number"), self._line("units")
        groups, lines = self._service.groups, self._service.line
        starts = groups.starts.tolist()
        found: list[Mapping[str, Any]] = []
        values = [
            [column.values[code] for code in column.codes[rows].tolist()] for column in columns
        ]
        for row, entries, number, plan, member, billing, rendering, payer, code, day in zip(
            rows.tolist(), *values, strict=True
        ):
            request = SimpleNamespace(
                authorizations=entries,
                authorization_number=number,
                coverage=SimpleNamespace(plan=plan, member_id=member),
                provider=SimpleNamespace(billing_npi=billing, rendering_npi=rendering),
            )
            own = [
                SimpleNamespace(authorization_number=numbers[line], units=units[line])
                for line in lines[starts[row] : starts[row + 1]].tolist()
            ]
            service = SimpleNamespace(code=code, day=day, lines=own)
            found.append(authorization_facts(request, payer, service))  # type: ignore[arg-type]
        return rows, found


_NO_SERVICE: Final[Any] = SimpleNamespace(
    payer=None, service=Service(None, None, ()), claim_lines=()
)


class _Differ:
    """Stands for several values where one is expected."""


_DIFFER: Final = _Differ()


def _said(values: Sequence[Any]) -> Any:
    """The one value among some; None: there is none."""
    found = {value for value in values if value is not None}
    return _DIFFER if len(found) > 1 else found.pop() if found else None


def _each(column: Column, function: Callable[[Any], Any]) -> Column:
    return recoded(column.codes, [function(value) for value in column.values])


def _booleans(truths: Truths) -> Column:
    return Column(_TRUE[truths], (None, True, False))


def _combining(how: str, field_: str | None) -> Callable[[list[Any]], Any]:
    """How the values of some lines become one; of one that is not known none is."""
    combine: Callable[[Any], Any] = sum
    if how not in ("sum", "count"):
        if how == "collect" and field_ is not None and LINE_FIELDS[field_].kind == "codes":
            how = "union"
        combine = COMBINE[how]
    return lambda values: None if None in values else combine(tuple(values))


def _stand_ins(
    reader: ServiceReader, columns: Sequence[Column], groups: Groups
) -> tuple[Codes, list[Any]]:
    """For each line the position of what stands for it, and those."""
    names = [name.replace(".", "_") for name in reader.lines]

    def line(*values: Any) -> Any:
        return SimpleNamespace(**dict(zip(names, values, strict=True)))

    if not columns:
        return np.zeros(len(groups.of_row), dtype=np.int32), [line()]
    if not reader.compares:
        return each_combination(line, columns)
    # Only which lines of a service are equal counts: each is named by the first one that is equal.
    codes, each = grouped([(column.codes, len(column.values)) for column in columns])
    row, sequences = groups.sequences(codes, len(each[0]))
    lists = [tuple([one.index(code) for code in one]) for one in sequences]
    firsts = np.array([first for at in row.tolist() for first in lists[at]], dtype=np.int32)
    return firsts, [line(*[at] * len(names)) for at in range(int(firsts.max(initial=0)) + 1)]


def _context(reader: ServiceReader, values: Sequence[Any], lines: Sequence[Any]) -> Any:
    """What a reader reads: the values of the request, and where there are any, code and day."""
    code, day = values[-2:] if values else (None, None)
    return SimpleNamespace(
        request=_nested(dict(zip(reader.request, values, strict=False))),
        service=SimpleNamespace(lines=tuple(lines), code=code, day=day),
    )


def _nested(values: Mapping[str, Any]) -> Any:
    """Values by path as an object with parts."""
    made = SimpleNamespace()
    for path, value in values.items():
        part, _, name = path.partition(".")
        if name:
            if not hasattr(made, part):
                setattr(made, part, SimpleNamespace())
            setattr(getattr(made, part), name, value)
        else:
            setattr(made, part, value)
    return made
