"""Statements about a policy, from the file `statements.json` beside its versions.

A statement says in the condition language what is always or never true of facts and of the decision.
It holds for every version of the policy and for every policy that extends it, unless one of those
withdraws it (`statement:<id>`) with a reason, or all rules that it names. `payer_policy.analysis.prove`
says whether it is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal

from pydantic import Field

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import JsonDocument, Report, Reporter, ignored
from payer_policy.core.ruleset import (
    Condition,
    Constant,
    facts_in_condition,
    tests_in,
    with_members,
)
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, OUTCOME, RULE
from payer_policy.language import Elaborator
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.composition import STATEMENT, withdrawals
from payer_policy.policy.files import ALL_DAYS, KEBAB, RawCondition
from payer_policy.policy.reference.files import FileModel, InForce
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.versions import Merged

FILE: Final = "statements.json"
StatementKind = Literal["never", "always", "stays"]
KINDS: Final[tuple[StatementKind, ...]] = ("never", "always", "stays")


class StatementModel(FileModel, title="a statement"):
    """One statement: exactly one of `never`, `always` and `stays`."""

    id: str = Field(pattern=KEBAB)
    title: str = Field(min_length=1)
    cites: list[str] = Field(default_factory=list)
    when: RawCondition = None
    never: RawCondition = None
    always: RawCondition = None
    stays: RawCondition = None
    in_force: InForce | None = None
    note: str | None = None

    @property
    def days(self) -> InForce:
        """The days in force that the statement gives for itself, which may be all days."""
        return self.in_force or ALL_DAYS


class StatementsFile(FileModel, title="a file of statements"):
    """`policies/<payer>/<policy>/statements.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str = Field(min_length=1)
    statements: list[StatementModel] = Field(default_factory=list)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement on one window of dates, typed.

    `never`: in no request is the condition known to hold. `always`: in every request (in which
    `when` is known to hold) it is. `stays`: where it (and `when`) is known to hold it goes on to,
    whatever else becomes known; of `when` the later request is not asked.
    """

    id: str
    title: str
    kind: StatementKind
    condition: Condition
    when: Condition | None
    cites: tuple[str, ...]
    note: str | None
    origin: str
    """The address of the policy that its file is beside."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements beside one policy, as its file has them."""

    address: str
    model: StatementsFile
    document: JsonDocument


def inherited(
    merged: Merged, beside: Mapping[str, Statements]
) -> Iterator[tuple[Statements, int, StatementModel]]:
    """The statements about a policy and its bases, the first base's first.

    A statement about rules of a base goes with them: where all rules that it names are withdrawn.
    """
    withdrawn = {
        entry.name.removeprefix(STATEMENT)
        for version in merged.chain
        for entry in withdrawals(version)
        if entry.name.startswith(STATEMENT)
    }
    for address in dict.fromkeys(version.address for version in merged.chain):
        found = beside.get(address)
        for index, statement in enumerate(() if found is None else found.model.statements):
            if statement.id not in withdrawn and not goes_with_its_rules(merged, statement):
                assert found is not None
                yield found, index, statement


def goes_with_its_rules(merged: Merged, statement: StatementModel) -> bool:
    """Whether all rules that a statement names are withdrawn in a policy."""
    conditions = [getattr(statement, kind) for kind in KINDS]
    named = set(_rules_named(conditions))
    return bool(named) and named <= merged.withdrawn.keys()


def _rules_named(raw: object) -> Iterator[str]:
    """The ids of rules that a raw condition names."""
    if isinstance(raw, dict):
        if raw.get("fact") == RULE:
            sides = [side for key, side in raw.items() if key not in ("fact", "note")]
            for side in sides:
                yield from (
                    one
                    for one in (side if isinstance(side, list) else [side])
                    if isinstance(one, str)
                )
        for inner in raw.values():
            yield from _rules_named(inner)
    elif isinstance(raw, list):
        for inner in raw:
            yield from _rules_named(inner)


def first_days(merged: Merged, beside: Mapping[str, Statements]) -> frozenset[date]:
    """The days on which a statement comes into force, or has ended."""
    return frozenset(
        day for _, _, model in inherited(merged, beside) for day in model.days.changes()
    )


class StatementReader:
    """Types the statements of one policy on one window of dates."""

    def __init__(self, merged: Merged, basis: Basis, report: Report, day: date) -> None:
        # What is wrong with parameters is reported where the policy itself is checked.
        self._resolver = Resolver(merged, basis, ignored)
        basis = self._resolver.basis
        self._merged, self._basis, self._report, self._day = merged, basis, report, day
        self._rules = frozenset(merged.rules) | merged.withdrawn.keys()
        self._assumable = self._rules | basis.vocabulary.facts.keys()
        types = {**basis.types, **{name: fact.type for name, fact in OUTCOME.items()}}
        self._scope = replace(
            self._resolver.scope, subjects=types, facts=types, known_codes=self._known_codes
        )

    def _known_codes(self, system: str) -> frozenset[str]:
        if system in ("group", "carc", "rarc"):
            listed = self._basis.reference.reason_codes
            return frozenset(code for one, code in listed if one == system)
        return self._basis.known_codes.get(system, frozenset())

    def read(self, beside: Mapping[str, Statements]) -> tuple[Statement, ...]:
        """The statements in force on the day; what is wrong is reported and left out."""
        made = (
            self._statement(statements, index, model)
            for statements, index, model in inherited(self._merged, beside)
            if model.days.in_force(self._day)
        )
        return tuple([one for one in made if one is not None])

    def _statement(
        self, statements: Statements, index: int, model: StatementModel
    ) -> Statement | None:
        problems: list[Diagnostic] = []
        about, path = f"statement `{model.id}`", ("statements", index)
        report = Reporter(statements.document, problems.append, about, path)
        typed = self._basis.typed(
            model, self._resolver.names, lambda: (self._typed(model, report), bool(problems))
        )
        made = None if typed is None else self._on_the_day(typed.made, statements, model, report)
        for problem in problems:
            self._report(problem)
        return made

    def _typed(self, model: StatementModel, report: Reporter) -> Typed | None:
        """The kind of a statement and its conditions, typed as rules are."""
        given: list[StatementKind] = [kind for kind in KINDS if getattr(model, kind) is not None]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            message = f"a statement has exactly one of {', '.join(KINDS)}; found {found}"
            report("wrong-shape", message, hint='write "never": { … } or "always": { … }')
            return None
        self._resolver.uses.clear()
        elaborator = Elaborator(self._scope, report)
        condition = elaborator.condition(getattr(model, given[0]), (given[0],))
        when = None if model.when is None else elaborator.condition(model.when, ("when",))
        if condition is None or (when is None and model.when is not None):
            return None
        made = (given[0], condition, when)
        reads = frozenset(
            name for one in (condition, when) if one is not None for name in facts_in_condition(one)
        )
        return Typed(made, frozenset(self._resolver.uses), frozenset(), reads)

    def _on_the_day(
        self,
        typed: tuple[StatementKind, Condition, Condition | None],
        statements: Statements,
        model: StatementModel,
        report: Reporter,
    ) -> Statement | None:
        kind, condition, when = typed
        for part in (condition, *([when] if when is not None else ())):
            for fact, known, code, what in (
                (RULE, self._rules, "unknown-rule", "a rule"),
                (ASSUMPTIONS, self._assumable, "unknown-value", "a rule or fact"),
            ):
                for name in _named(part, fact):
                    if name not in known:
                        message = f"`{name}` is not {what} of {self._merged.version.address}"
                        report(code, message, (kind,), hint=did_you_mean(name, known))
                        return None
        members = self._basis.members_on(self._day)
        return Statement(
            model.id,
            model.title,
            kind,
            with_members(condition, members),
            None if when is None else with_members(when, members),
            tuple(model.cites),
            model.note,
            statements.address,
        )


def _named(condition: Condition, fact: str) -> Iterator[str]:
    """The texts that tests of a fact name."""
    for test in tests_in(condition):
        for side in test.right if test.fact == fact else ():
            if isinstance(side, Constant):
                named = side.value if isinstance(side.value, frozenset) else {side.value}
                yield from sorted(str(one) for one in named)


def check_statements(
    beside: Mapping[str, Statements],
    spans: Mapping[str, tuple[Merged, ...]],
    report: Report,
) -> None:
    """What is wrong with statements' files whatever the dates: double ids, withdrawals of nothing.

    Args:
        beside: The statements, by address.
        spans: Every policy with its bases, by address.
    """
    known = {
        address: {statement.id for statement in found.model.statements}
        for address, found in beside.items()
    }
    for address, merged in spans.items():
        below = {version.address for one in merged for version in one.chain} - {address}
        inherited_ids = {id_ for base in below for id_ in known.get(base, ())}
        if address in beside:
            _check_ids(beside[address], inherited_ids, report)
        for version in {one.version.name: one.version for one in merged}.values():
            for name, path, _ in withdrawals(version):
                id_ = name.removeprefix(STATEMENT)
                if id_ != name and id_ not in inherited_ids:
                    message = f"there is no statement `{id_}` in a policy that this one extends"
                    near = did_you_mean(id_, inherited_ids) or "remove it"
                    say = version.reporter(report)
                    key = isinstance(path[-1], str)
                    say("overlay-touches-nothing", message, path, key=key, hint=near)


def _check_ids(statements: Statements, inherited_ids: set[str], report: Report) -> None:
    say = Reporter(statements.document, report)
    seen = set(inherited_ids)
    for index, statement in enumerate(statements.model.statements):
        if statement.id in seen:
            message = f"there is another statement `{statement.id}`"
            if statement.id in inherited_ids:
                message += " in a policy that this one extends"
            path = ("statements", index, "id")
            say("duplicate-statement", message, path, hint="give it a name of its own")
        seen.add(statement.id)
