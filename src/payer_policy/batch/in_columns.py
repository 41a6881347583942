"""Claims decided in columns: `Engine.decide` for many of them, with the same rows of answers.

Services are grouped by the version of the policy that is in force for them. A claim that columns
cannot decide is named with the cause, and decided by `Engine.decide`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from payer_policy.batch.answers import AnswerRows, NotExact, exact, reason_text
from payer_policy.batch.schema import HELD, UNITS
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
from payer_policy.core.ruleset import (
    PREAUTHORIZATION,
    Expression,
    FindingEffect,
    Ruleset,
    Test,
    facts_in_test,
)
from payer_policy.core.semantics_in_columns import (
    Truths,
    condition_truths,
    expression_column,
    truths_of,
)
from payer_policy.core.truth import HOLDS, UNKNOWN
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
MAY_NOT_APPLY: Final = "applies"
"""Why a claim is decided by itself: it is not known whether a policy applies to a service."""
_ENGINE: Final = "columnar"
_OF_LINES: Final = [field.name for field in HELD.field("lines").type.value_type]
_OF_RECORDS: Final = ("file", "record", "claim_id", "kind", "code", "service_date", "lines")
_DECIDED: Final = [name for name in HELD.names if name not in _OF_RECORDS]
"""The columns of the answers that say what is decided of a service."""


@dataclass(frozen=True, slots=True)
class _Program:
    """A version of a policy with all that is compiled from it."""

    ruleset: Ruleset
    rules: ColumnarRuleset
    determiner: ColumnarDeterminer
    one_by_one: Determiner
    facts: Mapping[str, Node]
    parts: Mapping[str, Node]
    shape: Hashable
    """Versions of one shape are decided together."""
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
        self._nodes = Nodes()
        self._programs: dict[tuple[str, date], _Program] = {}
        self._tests: dict[tuple[Any, ...], int] = {}
        self._shapes: dict[Hashable, int] = {}
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
        ruleset = self._library.ruleset(address, first_day)
        assert ruleset is not None
        basis, day = self._library.basis_of(ruleset), ruleset.first_day
        parts = basis.line_parts_on(day)
        # The facts of the parts are among those that rules may read.
        sources = basis.sources_on(basis.vocabulary.tested, day)
        needed = [name for name in ruleset.facts if name not in ruleset.derived]
        rules = ColumnarRuleset(ruleset)
        determiner = ColumnarDeterminer(rules)
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
            determiner,
            Determiner(ruleset),
            facts,
            self._nodes.parts(parts, sources),
            self._shapes.setdefault(determiner.shape, len(self._shapes)),
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


class _Member(NamedTuple):
    """Services that one version of a policy applies to."""

    program: _Program
    places: Places


class _Group(NamedTuple):
    """Services of versions of policies of one shape: what is known of them, and what is decided."""

    table: _Facts
    done: Evaluated
    lines: Lines
    made: Determined


class _Facts:
    """The facts of the services of versions of policies of one shape, one version after the other."""

    def __init__(
        self, facts: ServiceFacts, members: Sequence[_Member], shared: _SharedTruths
    ) -> None:
        self._facts, self._shared = facts, shared
        self.programs = [one.program for one in members]
        self.places: Places = np.concatenate([one.places for one in members])
        self.member: Places = np.repeat(
            np.arange(len(members)), [len(one.places) for one in members]
        )
        """For each service its version, by position."""
        self.rows = len(self.places)
        self._columns: dict[str, Column] = {}

    def column(self, name: str, /) -> Column:
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._by_version(
                [one.facts.get(name) for one in self.programs], self._whole
            )
        return found

    def _whole(self, node: Node | None, rows: Places) -> Column:
        if node is None:
            return constant(None, len(rows))
        return self._facts.column(node).take(self.places[rows])

    def _by_version(self, keys: Sequence[Any], make: Callable[[Any, Places], Column]) -> Column:
        """A column that is made for the rows of all versions with one key together."""
        distinct = list(dict.fromkeys(keys))
        if len(distinct) == 1:
            return make(distinct[0], np.arange(self.rows))
        number = {key: at for at, key in enumerate(distinct)}
        of_row = np.array([number[key] for key in keys])[self.member]
        rows = [np.flatnonzero(of_row == at) for at in range(len(distinct))]
        made = stacked([make(key, own) for key, own in zip(distinct, rows, strict=True)])
        back = np.empty(self.rows, dtype=np.int64)
        back[np.concatenate(rows)] = np.arange(self.rows)
        return made.take(back)

    def truths(self, tests: Sequence[Test], /) -> Truths:
        """The truths of the tests of the rules; those that many versions have are worked out once."""
        made = np.empty((len(tests), self.rows), dtype=np.uint8)
        numbers = np.array([one.tests for one in self.programs]).reshape(len(self.programs), -1)
        same = (numbers == numbers[0]).all(axis=0).tolist()
        shared: list[int] = []
        own: list[int] = []
        for at, number in enumerate(numbers[0].tolist()):
            if same[at] and self._shared.has(number):
                shared.append(self._place(number, self.programs[0], tests[at]))
                own.append(at)
            else:
                self._own_truths(made[at], numbers[:, at], at)
        if own:
            made[own] = self._shared.truths[np.array(shared)[:, None], self.places]
        return made

    def _place(self, number: int, program: _Program, test: Test) -> int:
        def whole(name: str) -> Column:
            node = program.facts.get(name)
            rows = self._facts.rows
            return constant(None, rows) if node is None else self._facts.column(node)

        return self._shared.place(number, test, whole)

    def _own_truths(self, made: Truths, numbers: Any, at: int) -> None:
        """The truths of a test that differs from version to version, or that few have."""
        of_row = numbers[self.member]
        for number, first in zip(*np.unique(numbers, return_index=True), strict=True):
            rows = np.flatnonzero(of_row == number)
            test = self.programs[first].rules.tests[at]
            made[rows] = truths_of(test, partial(self._column_of, rows), len(rows))

    def _column_of(self, rows: Places, name: str) -> Column:
        return self.column(name).take(rows)

    def amounts(self, place: int, column: Callable[[str], Column]) -> Column:
        """What the reduction at a place of the rulesets leaves each service."""

        def amount(to: Expression, rows: Places) -> Column:
            return expression_column(to, lambda name: column(name).take(rows), len(rows))

        return self._by_version([_amount_of(one, place) for one in self.programs], amount)

    def lines(self) -> Lines:
        """The lines of the services."""
        facts = self._facts
        groups, rows = facts.lines.take(self.places)
        parts: dict[str, Flags] = {}
        for name in self.programs[0].parts:
            nodes = [one.parts[name] for one in self.programs]
            distinct = list(dict.fromkeys(nodes))
            if len(distinct) == 1:
                parts[name] = facts.part(distinct[0])[rows]
                continue
            number = np.array([distinct.index(node) for node in nodes])[self.member][groups.of_row]
            each = np.array([facts.part(node)[rows] for node in distinct])
            parts[name] = each[number, np.arange(len(rows))]
        return Lines(groups, facts.line_number[rows], facts.units.take(rows), parts)


def _amount_of(program: _Program, place: int) -> Expression:
    effect = program.ruleset.rules[place].effect
    assert isinstance(effect, FindingEffect) and effect.to is not None
    return effect.to


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
    rank: list[Places] = field(default_factory=list)
    """The place of the policy among those of a service."""
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
        units = claims.line_field("units")
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
        extra: list[_Row] = []
        for group in groups:
            answered[claim[group.table.places]] = True
            extra += self._one_by_one(group)
        rows = _Rows()
        for group in groups:
            self._collect(rows, group)
        _collect_alone(rows, [one for one in extra if not services.left[services.claim[one.place]]])
        self._without_policy(rows, ~answered & ~services.left)
        return Decided(self._table(rows), services.alone)

    # --- groups --------------------------------------------------------------------------------------

    def _groups(self) -> Iterator[_Group]:
        """The services by the shape of the version of a policy that applies to them."""
        members: dict[Hashable, list[_Member]] = {}
        for member in self._members():
            members.setdefault(member.program.shape, []).append(member)
        for alike in members.values():
            table = _Facts(self._facts, alike, self._shared)
            program = alike[0].program
            done, lines = program.rules.run(table), table.lines()
            kind = self._claims.fields["kind"]
            before = np.array([one == PREAUTHORIZATION for one in kind.values], dtype=np.bool_)
            claim = self._services.claim[self._chosen[table.places]]
            made = program.determiner.determine(
                table, done, lines, table.amounts, before[kind.codes[claim]]
            )
            yield _Group(table, done, lines, made)

    def _members(self) -> Iterator[_Member]:
        """The services by the version of a policy that applies to them."""
        candidates = self._services.candidates.take(self._chosen)
        day = self._facts.day
        days = np.array([0 if one is None else one.toordinal() for one in day.values])[day.codes]
        addresses = sorted({address for value in candidates.values for address in value or ()})
        self._rank = {address: at for at, address in enumerate(addresses)}
        holders: dict[str, list[int]] = {}
        for code, value in enumerate(candidates.values):
            for address in value or ():
                holders.setdefault(address, []).append(code)
        by_code = np.argsort(candidates.codes, kind="stable")
        bounds = np.searchsorted(candidates.codes[by_code], np.arange(len(candidates.values) + 1))
        for address in addresses:
            own = [by_code[bounds[code] : bounds[code + 1]] for code in holders[address]]
            places = np.sort(np.concatenate(own))
            windows = self._library.windows(address)
            firsts = np.array([first.toordinal() for first, _, _ in windows])
            lasts = np.array([(last or date.max).toordinal() for _, last, _ in windows])
            window = np.searchsorted(firsts, days[places], side="right") - 1
            window[lasts[window] < days[places]] = -1
            for at in np.unique(window[window >= 0]).tolist():
                program = self._batch.program(address, windows[at][0])
                applied = self._applied(program, places[window == at])
                if len(applied):
                    yield _Member(program, applied)

    def _applied(self, program: _Program, places: Places) -> Places:
        """The services that a version of a policy applies to."""
        facts = self._facts
        for name in facts.given:  # so that what contradicts the form is seen
            if name in program.facts:
                facts.column(program.facts[name])

        def column(name: str) -> Column:
            node = program.facts.get(name)
            return constant(None, len(places)) if node is None else facts.column(node).take(places)

        def truths(test: Test) -> Truths:
            return truths_of(test, column, len(places))

        applies = condition_truths(program.ruleset.applies_to, truths, len(places))
        if (open_ := places[applies == UNKNOWN]).size:
            self._leave_claims(MAY_NOT_APPLY, self._services.claim[self._chosen[open_]])
        applied: Places = places[applies == HOLDS]
        return applied

    def _one_by_one(self, group: _Group) -> Iterator[_Row]:
        """The rows of services that are left to `Determiner`."""
        table, done, lines, made = group
        rows = np.flatnonzero(made.alone)
        claim = self._services.claim[self._chosen[table.places[rows]]]
        rows, claim = rows[~self._services.left[claim]], claim[~self._services.left[claim]]
        order = AnswerRows(self._batch._order)
        for row, of_claim in zip(rows.tolist(), claim.tolist(), strict=True):
            program = table.programs[table.member[row]]
            ruleset = program.ruleset
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
            names = (name for name in ruleset.facts if name not in ruleset.derived)
            facts = {name: table.column(name)[row] for name in names}
            determination = program.one_by_one.determine(evaluation, facts, own, about)
            try:
                found = order.determined(determination)
            except NotExact:
                self._leave_claims(UNITS_NOT_EXACT, [of_claim])
            else:
                yield _Row(place, self._rank[ruleset.policy], found)

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
        table, _, lines, made = group
        service = self._chosen[table.places]
        kept = ~made.alone & ~self._services.left[self._services.claim[service]]
        if not kept.any():
            return
        rulesets = [one.ruleset for one in table.programs]
        member = table.member[kept]
        out.place.append(service[kept])
        out.rank.append(np.array([self._rank[one.policy] for one in rulesets])[member])
        findings = made.findings.take(kept)
        asked = rulesets[0].information_request
        of_findings: dict[str, list[Any]] = {
            "findings": [_rules(one) for one in findings.values],
            "reasons": [
                tuple([reason_text(found.kind, found.reason) for found in one or ()])
                for one in findings.values
            ],
            "follow_up": [
                tuple([found.rule for found in one or () if found.follow_up])
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
        out.add("recommended", Column(made.recommended[kept].astype(np.int32), (None, "deny")))
        out.add("certified", constant(None, len(member)))
        out.add("internal", constant(None, len(member)))
        text = None if asked is None else reason_text("ask", asked)
        out.add("information_request", Column(made.asks[kept].astype(np.int32), (None, text)))
        codes = member.astype(np.int32)
        for name, texts in (
            ("policy", [one.policy for one in rulesets]),
            ("policy_version", [one.version for one in rulesets]),
            ("policy_hash", [one.hash for one in rulesets]),
            ("engine", [_ENGINE for _ in rulesets]),
        ):
            out.add(name, recoded(codes, texts))
        groups, rows = lines.groups.take(np.flatnonzero(kept))
        out.sizes.append(groups.sizes)
        outcome = made.outcome[rows]
        out.add_of_lines("number", column_of(lines.number[rows].tolist()))
        out.add_of_lines("parts", made.line_parts.take(rows))
        out.add_of_lines("outcome", Column(outcome.astype(np.int32) + 1, (None, *OUTCOMES)))
        out.add_of_lines("disposition", made.line_disposition.take(rows))
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
        out.rank.append(np.zeros(len(service), dtype=np.int64))
        out.sizes.append(np.zeros(len(service), dtype=np.int64))
        for name in {*out.columns, "decision"}:
            value = "no_policy" if name == "decision" else None
            out.add(name, constant(value, len(service)))

    def _table(self, rows: _Rows) -> Any:
        place, rank = np.concatenate(rows.place), np.concatenate(rows.rank)
        # The columns are put in order while they are codes, so that no table is there twice.
        order = np.lexsort((rank, place))
        place = place[order]
        columns = {name: stacked(found).take(order) for name, found in rows.columns.items()}
        claim = self._services.claim[place]
        columns["code"] = self._services.code.take(place)
        columns["service_date"] = self._services.day.take(place)
        columns["kind"] = self._claims.fields["kind"].take(claim)
        columns["claim_id"] = self._claims.field("id").take(claim)
        groups, of_lines = Groups.of_sizes(np.concatenate(rows.sizes)).take(order)
        lines = {name: stacked(found).take(of_lines) for name, found in rows.of_lines.items()}
        arrays = []
        for column in HELD:
            if column.name == "record":
                arrays.append(pa.array(self._records[claim]))
            elif column.name == "lines":
                arrays.append(_line_array(groups, lines))
            else:
                arrays.append(_array(columns.get(column.name), column.type, len(place)))
        return pa.Table.from_arrays(arrays, schema=HELD)


class _Row(NamedTuple):
    """A row of the answers by itself."""

    place: int
    """The position of its service."""
    rank: int
    row: dict[str, Any]


def _collect_alone(out: _Rows, rows: Sequence[_Row]) -> None:
    """The services that were left to `Determiner`."""
    if not rows:
        return
    out.place.append(np.array([one.place for one in rows]))
    out.rank.append(np.array([one.rank for one in rows]))
    for name in _DECIDED:
        out.add(name, column_of(map(_as_key, (one.row[name] for one in rows))))
    of_rows = [one.row["lines"] for one in rows]
    out.sizes.append(np.array([len(lines) for lines in of_rows]))
    for name in _OF_LINES:
        out.add_of_lines(name, column_of(_as_key(one[name]) for lines in of_rows for one in lines))


def _as_key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


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
    fields = list(HELD.field("lines").type.value_type)
    arrays = [_array(columns.get(one.name), one.type, rows) for one in fields]
    lines = pa.StructArray.from_arrays(arrays, fields=fields)
    return pa.ListArray.from_arrays(pa.array(groups.starts.astype(np.int32)), lines)
