"""Claims decided in columns: `Engine.decide` for many of them, with the same rows of answers.

Services are grouped by the version of the policy that is in force for them. A claim that columns
cannot decide is named with the cause, and decided by `Engine.decide`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from payer_policy.batch.answers import AnswerRows, NotExact, exact, reason_text
from payer_policy.batch.schema import ANSWER, LINES, UNITS
from payer_policy.core.columns import (
    Column,
    Flags,
    Groups,
    Places,
    column_of,
    constant,
    either,
    recoded,
    stacked,
)
from payer_policy.core.ruleset import Condition, Ruleset, Test, facts_in_test
from payer_policy.core.semantics_in_columns import Truths, condition_truths, truths_of
from payer_policy.core.truth import HOLDS
from payer_policy.determination import About, Determiner, ServiceLine
from payer_policy.determination.in_columns import (
    DECISIONS,
    OUTCOMES,
    ColumnarDeterminer,
    Determined,
    Lines,
)
from payer_policy.engine import Engine
from payer_policy.engines.in_columns import ColumnarRuleset, Evaluated
from payer_policy.engines.protocol import Evaluation
from payer_policy.policy.library import Library
from payer_policy.request.given import says_which
from payer_policy.request.in_columns import (
    GIVEN,
    Node,
    Nodes,
    RequestColumns,
    ServiceFacts,
    Services,
)

UNITS_NOT_EXACT: Final = "units"
"""Why a claim is decided by itself: its units do not fit a column of the answers."""
_ENGINE: Final = "columnar"


@dataclass(frozen=True, slots=True)
class _Program:
    """A version of a policy with all that is compiled from it."""

    ruleset: Ruleset
    rules: ColumnarRuleset
    determiner: ColumnarDeterminer
    one_by_one: Determiner
    facts: Mapping[str, Node]
    parts: Mapping[str, Node]
    tests: Sequence[int]
    """The number of each test of the rules: tests of the same facts in several versions have one."""


class Decided(NamedTuple):
    """The answers on some claims."""

    table: Any
    """Their rows, in the order of the claims."""
    alone: Mapping[str, Flags]
    """By cause, the claims of which there are no rows: they are to be decided by `Engine.decide`."""


class ColumnarBatch:
    """Decides claims by the policies of an engine; compiles what it meets, once."""

    def __init__(self, engine: Engine) -> None:
        self._library = engine.library
        self._nodes = Nodes(engine.library.basis)
        self._programs: dict[tuple[str, date], _Program] = {}
        self._tests: dict[tuple[Any, ...], int] = {}
        self.uses: Counter[int] = Counter()
        """By number of a test, how many programs have it."""
        facts = engine.library.vocabulary.facts
        self._order = {name: index for index, name in enumerate(facts)}

    @property
    def programs(self) -> int:
        """How many versions of policies were compiled."""
        return len(self._programs)

    def program(self, address: str, first_day: date) -> _Program:
        """A policy in the window that begins on a day."""
        found = self._programs.get((address, first_day))
        if found is None:
            found = self._programs[address, first_day] = self._compile(address, first_day)
        return found

    def _compile(self, address: str, first_day: date) -> _Program:
        library, basis = self._library, self._library.basis
        ruleset = library.ruleset(address, first_day)
        assert ruleset is not None
        day = ruleset.first_day
        parts = basis.line_parts_on(day)
        # The facts of the parts are among those that rules may read.
        sources = basis.sources_on(basis.vocabulary.facts, day)
        needed = [name for name in ruleset.facts if name not in ruleset.derived]
        rules = ColumnarRuleset(ruleset)
        facts = self._nodes.facts(sources, needed)
        numbers = []
        for test in rules.tests:
            key = (test, *(id(facts[name]) for name in facts_in_test(test) if name in facts))
            number = self._tests.setdefault(key, len(self._tests))
            self.uses[number] += 1
            numbers.append(number)
        return _Program(
            ruleset,
            rules,
            ColumnarDeterminer(rules),
            Determiner(ruleset),
            facts,
            self._nodes.parts(parts, sources),
            numbers,
        )

    def decide(
        self, claims: RequestColumns, records: Places, alone: Mapping[str, Flags] | None = None
    ) -> Decided:
        """The answers on some claims.

        Args:
            claims: The claims.
            records: The record number of each.
            alone: By cause, claims that are not to be decided here.
        """
        services = Services(claims, self._library)
        for cause, where in (alone or {}).items():
            services.leave(cause, where)
        return _Block(self, self._library, claims, services, records).decided()


class _Group(NamedTuple):
    """Services that one version of a policy applies to."""

    program: _Program
    table: _Facts
    done: Evaluated
    lines: Lines
    made: Determined


class _Facts:
    """The facts of the services of a group."""

    def __init__(
        self, facts: ServiceFacts, program: _Program, places: Places, shared: _SharedTruths
    ) -> None:
        self._facts, self._program, self._shared = facts, program, shared
        self._nodes = program.facts
        self.places = places
        self.rows = len(places)
        self._columns: dict[str, Column] = {}

    def column(self, name: str, /) -> Column:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._whole(name).take(self.places)
        return found

    def _whole(self, name: str) -> Column:
        node = self._nodes.get(name)
        return constant(None, self._facts.rows) if node is None else self._facts.column(node)

    def truths(self, tests: Sequence[Test], /) -> Truths:
        """The truths of tests; those of the rules that many versions have are worked out once."""
        made = np.empty((len(tests), self.rows), dtype=np.uint8)
        numbers = self._program.tests if tests is self._program.rules.tests else [None] * len(tests)
        shared: list[int] = []
        own: list[int] = []
        for at, (test, number) in enumerate(zip(tests, numbers, strict=True)):
            if number is None or not self._shared.has(number):
                made[at] = truths_of(test, self.column, self.rows)
            else:
                shared.append(self._shared.place(number, test, self._whole))
                own.append(at)
        if shared:
            made[own] = self._shared.truths[np.array(shared)[:, None], self.places]
        return made

    def condition(self, condition: Condition) -> Truths:
        """The truths of a condition over facts."""
        return condition_truths(condition, lambda test: self.truths([test])[0], self.rows)


class _SharedTruths:
    """The truths of tests that many programs have, for all services of a block."""

    def __init__(self, uses: Mapping[int, int], programs: int, rows: int) -> None:
        self._uses, self._least, self._rows = uses, max(2, programs // 8), rows
        self._places: dict[int, int] = {}
        self.truths: Truths = np.empty((64, rows), dtype=np.uint8)

    def has(self, number: int) -> bool:
        """Whether so many programs have a test that it is worth its work for all services."""
        return self._uses[number] >= self._least

    def place(self, number: int, test: Test, column: Callable[[str], Column]) -> int:
        """The row of a test in `truths`, worked out if it was not."""
        found = self._places.get(number)
        if found is None:
            found = self._places[number] = len(self._places)
            if found == len(self.truths):
                self.truths = np.concatenate([self.truths, np.empty_like(self.truths)])
            self.truths[found] = truths_of(test, column, self._rows)
        return found


@dataclass
class _Rows:
    """Rows of answers as columns, group after group."""

    place: list[Places] = field(default_factory=list)
    columns: dict[str, list[Column]] = field(default_factory=dict)
    sizes: list[Places] = field(default_factory=list)
    of_lines: dict[str, list[Column]] = field(default_factory=dict)

    def add(self, name: str, column: Column) -> None:
        self.columns.setdefault(name, []).append(column)

    def add_of_lines(self, name: str, column: Column) -> None:
        self.of_lines.setdefault(name, []).append(column)


class _Block:
    """Some claims being decided."""

    def __init__(
        self,
        batch: ColumnarBatch,
        library: Library,
        claims: RequestColumns,
        services: Services,
        records: Places,
    ) -> None:
        self._batch, self._library = batch, library
        self._claims, self._services, self._records = claims, services, records
        candidates = services.candidates
        found = np.array([bool(value) for value in candidates.values], dtype=np.bool_)
        covered = found[candidates.codes]
        self._refuse_ambiguous(covered)
        units = claims.line_fields.get("units")
        if units is not None:
            unfit = np.array([not _fits(value) for value in units.values], dtype=np.bool_)
            services.leave(UNITS_NOT_EXACT, claims.lines.any(unfit[units.codes]))
        covered &= ~services.left[services.claim]
        self._chosen: Places = np.flatnonzero(covered)
        self._facts = ServiceFacts(claims, services, self._chosen, library)
        self._shared = _SharedTruths(batch.uses, batch.programs, len(self._chosen))

    def _refuse_ambiguous(self, covered: Flags) -> None:
        """A fact about a service that is given for a whole claim is about one service only."""
        counts = np.bincount(self._services.claim[covered], minlength=self._claims.rows)
        vocabulary = self._library.vocabulary
        for name, column in self._claims.facts.items():
            if vocabulary.facts[name].about != "member" and not says_which(vocabulary, name):
                self._services.leave(GIVEN, (counts > 1) & column.known)

    def decided(self) -> Decided:
        groups = list(self._groups())
        services = self._services
        claim = services.claim[self._chosen]
        self._leave_claims(GIVEN, claim[self._facts.contradicting])
        answered = np.zeros(self._claims.rows, dtype=np.bool_)
        extra: list[tuple[int, dict[str, Any]]] = []
        for group in groups:
            answered[claim[group.table.places]] = True
            extra += self._one_by_one(group)
        rows = _Rows()
        for group in groups:
            self._collect(rows, group)
        self._without_policy(rows, ~answered & ~services.left)
        kept = [one for one in extra if not services.left[services.claim[one[0]]]]
        return Decided(self._table(rows, kept), services.alone)

    # --- groups --------------------------------------------------------------------------------------

    def _groups(self) -> Iterator[_Group]:
        """The services by the version of a policy that applies to them."""
        candidates = self._services.candidates.take(self._chosen)
        day = self._facts.day
        days = np.array([0 if one is None else one.toordinal() for one in day.values])[day.codes]
        addresses = sorted({address for value in candidates.values for address in value or ()})
        for address in addresses:
            of_policy = np.array([address in (value or ()) for value in candidates.values])
            places = np.flatnonzero(of_policy[candidates.codes])
            windows = self._library.windows(address)
            firsts = np.array([first.toordinal() for first, _, _ in windows])
            lasts = np.array([(last or date.max).toordinal() for _, last, _ in windows])
            window = np.searchsorted(firsts, days[places], side="right") - 1
            window[lasts[window] < days[places]] = -1
            for at in np.unique(window[window >= 0]).tolist():
                group = self._group(address, windows[at][0], places[window == at])
                if group is not None:
                    yield group

    def _group(self, address: str, first_day: date, places: Places) -> _Group | None:
        program, facts = self._batch.program(address, first_day), self._facts
        for name in facts.given:  # so that what contradicts the form is seen
            if name in program.facts:
                facts.column(program.facts[name])
        table = _Facts(facts, program, places, self._shared)
        applies = table.condition(program.ruleset.applies_to) == HOLDS
        if not applies.any():
            return None
        if not applies.all():
            table = _Facts(facts, program, places[applies], self._shared)
        done = program.rules.run(table)
        groups, rows = facts.lines.take(table.places)
        parts = {name: facts.part(node)[rows] for name, node in program.parts.items()}
        lines = Lines(groups, facts.line_number[rows], facts.units.take(rows), parts)
        made = program.determiner.determine(table, done, lines)
        return _Group(program, table, done, lines, made)

    def _one_by_one(self, group: _Group) -> Iterator[tuple[int, dict[str, Any]]]:
        """The rows of services that are left to `Determiner`, each with the position of its service."""
        program, table, done, lines, made = group
        rows = np.flatnonzero(made.alone)
        claim = self._services.claim[self._chosen[table.places[rows]]]
        rows, claim = rows[~self._services.left[claim]], claim[~self._services.left[claim]]
        names = [name for name in program.ruleset.facts if name not in program.ruleset.derived]
        columns = {name: table.column(name) for name in names}
        order = AnswerRows(self._batch._order)
        for row, of_claim in zip(rows.tolist(), claim.tolist(), strict=True):
            start, end = lines.groups.starts[row : row + 2].tolist()
            evaluation = Evaluation(
                tuple(done.truths[:, row].tolist()),
                {name: column[row] for name, column in done.derived.items()},
                tuple(sorted(name for name, where in done.conflicts.items() if where[row])),
            )
            own = [
                ServiceLine(
                    int(lines.number[at]),
                    lines.units[at],
                    frozenset(made.line_parts[at] or ()),
                )
                for at in range(start, end)
            ]
            place = int(self._chosen[table.places[row]])
            about = About(
                self._claim_value("id", of_claim),
                self._claim_value("kind", of_claim),
                self._services.code[place],
                self._services.day[place],
                _ENGINE,
            )
            facts = {name: column[row] for name, column in columns.items()}
            determination = program.one_by_one.determine(evaluation, facts, own, about)
            try:
                made_row = order.determined(determination)
            except NotExact:
                self._leave_claims(UNITS_NOT_EXACT, [of_claim])
            else:
                yield place, made_row

    def _leave_claims(self, cause: str, claims: Any) -> None:
        """Name claims, by position, that are to be decided by themselves."""
        flags = np.zeros(self._claims.rows, dtype=np.bool_)
        flags[claims] = True
        self._services.leave(cause, flags)

    def _claim_value(self, name: str, claim: int) -> Any:
        column = self._claims.fields.get(name)
        return None if column is None else column[claim]

    # --- rows ----------------------------------------------------------------------------------------

    def _collect(self, out: _Rows, group: _Group) -> None:
        program, table, _, lines, made = group
        service = self._chosen[table.places]
        kept = ~made.alone & ~self._services.left[self._services.claim[service]]
        count = int(kept.sum())
        if not count:
            return
        ruleset = program.ruleset
        out.place.append(service[kept])
        findings = made.findings.take(kept)
        asked = ruleset.information_request
        of_findings = {
            "findings": [_rules(one) for one in findings.values],
            "reasons": [
                tuple([reason_text(found.kind, found.reason) for found in one or ()])
                for one in findings.values
            ],
        }
        for name, values in of_findings.items():
            out.add(name, recoded(findings.codes, values))
        decision = made.decision[kept].astype(np.int32) + 1
        out.add("decision", Column(decision, (None, *DECISIONS)))
        out.add("headline", made.headline.take(kept))
        for name in ("unsettled", "assumptions", "missing"):
            out.add(name, getattr(made, name).take(kept))
        text = None if asked is None else reason_text("ask", asked)
        out.add("information_request", Column(made.asks[kept].astype(np.int32), (None, text)))
        same = {
            "policy": ruleset.policy,
            "policy_version": ruleset.version,
            "policy_hash": ruleset.hash,
            "engine": _ENGINE,
        }
        for name, value in same.items():
            out.add(name, constant(value, count))
        groups, rows = lines.groups.take(np.flatnonzero(kept))
        out.sizes.append(groups.sizes)
        outcome = made.outcome[rows]
        out.add_of_lines("number", column_of(lines.number[rows].tolist()))
        out.add_of_lines("parts", made.line_parts.take(rows))
        out.add_of_lines("outcome", Column(outcome.astype(np.int32) + 1, (None, *OUTCOMES)))
        out.add_of_lines("billed_units", lines.units.take(rows))
        most = made.most.take(rows)
        pends = OUTCOMES.index("pend")
        out.add_of_lines("allowed_units", either(outcome == pends, constant(None, len(rows)), most))
        out.add_of_lines("allowed_least", made.least.take(rows))
        out.add_of_lines("allowed_most", most)
        out.add_of_lines("findings", made.line_findings.take(rows))

    def _without_policy(self, out: _Rows, claims: Flags) -> None:
        """The services of claims that no policy applies to."""
        service = np.flatnonzero(claims[self._services.claim])
        out.place.append(service)
        out.sizes.append(np.zeros(len(service), dtype=np.int64))
        for name in {*out.columns, "decision"}:
            value = "no_policy" if name == "decision" else None
            out.add(name, constant(value, len(service)))

    def _table(self, rows: _Rows, extra: Sequence[tuple[int, dict[str, Any]]]) -> Any:
        place = np.concatenate(rows.place)
        columns = {name: stacked(found) for name, found in rows.columns.items()}
        claim = self._services.claim[place]
        columns["code"] = self._services.code.take(place)
        columns["service_date"] = self._services.day.take(place)
        columns["kind"] = self._claims.fields["kind"].take(claim)
        ids = self._claims.fields.get("id")
        columns["claim_id"] = constant(None, len(claim)) if ids is None else ids.take(claim)
        lines = {name: stacked(found) for name, found in rows.of_lines.items()}
        groups = Groups.of_sizes(np.concatenate(rows.sizes))
        arrays = []
        for column in ANSWER:
            if column.name == "record":
                arrays.append(pa.array(self._records[claim]))
            elif column.name == "lines":
                arrays.append(_line_array(groups, lines))
            else:
                arrays.append(_array(columns.get(column.name), column.type, len(place)))
        table = pa.Table.from_arrays(arrays, schema=ANSWER)
        if extra:
            records = self._records[self._services.claim]
            made = [{**row, "record": int(records[at])} for at, row in extra]
            table = pa.concat_tables(
                [table, pa.Table.from_pylist(made, ANSWER)]
            ).unify_dictionaries()
            place = np.concatenate([place, [at for at, _ in extra]])
        # Stable: of one service, the policies stay in their order.
        if len(place) and (np.diff(place) < 0).any():
            table = table.take(pa.array(np.argsort(place, kind="stable")))
        return table


def _fits(units: Any) -> bool:
    """Whether units fit a column of the answers."""
    try:
        exact(units)
    except NotExact:
        return False
    return True


def _rules(found: Any) -> tuple[str, ...]:
    return tuple([one.rule for one in found or ()])


def _array(column: Column | None, type_: Any, rows: int) -> Any:
    """A column of the answers; lists of nothing are empty."""
    column = constant(None, rows) if column is None else column
    codes = column.codes
    if pa.types.is_dictionary(type_):
        words = [str(value) for value in column.values[1:]] or [""]
        indices = pa.array(codes - 1, mask=codes == 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(words, pa.string()))
    values = column.values
    if pa.types.is_list(type_):
        values = [() if value is None else value for value in values]
    elif type_ == UNITS:
        values = [exact(value) for value in values]
    return pa.array(values, type_).take(pa.array(codes))


def _line_array(groups: Groups, columns: Mapping[str, Column]) -> Any:
    rows = len(groups.of_row)
    fields = list(LINES.value_type)
    arrays = [_array(columns.get(one.name), one.type, rows) for one in fields]
    lines = pa.StructArray.from_arrays(arrays, fields=fields)
    return pa.ListArray.from_arrays(pa.array(groups.starts.astype(np.int32)), lines)
