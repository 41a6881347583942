"""Statements about a policy, from the file `statements.json` beside its versions.

A statement says in the condition language what is always or never so, of facts and of the decision.
It holds for every version of the policy and for every policy that extends it, unless one of those
withdraws it with a reason. `payer_policy.analysis.prove` says whether it is true.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from pydantic import Field

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath
from payer_policy.core.ruleset import Condition, Constant, tests_in
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, CARC, GROUP, OUTCOME, RARC, RULE
from payer_policy.language import Elaborator
from payer_policy.policy.basis import Basis
from payer_policy.policy.files import KEBAB, InForce, RawCondition
from payer_policy.policy.reference.files import FileModel
from payer_policy.policy.resolve import Resolver
from payer_policy.policy.versions import Merged, ReportDiagnostic, day_after

FILE: Final = "statements.json"
KINDS: Final = ("never", "always", "stays")

StatementKind = Literal["never", "always", "stays"]


class StatementModel(FileModel):
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


class StatementsFile(FileModel):
    """`policies/<payer>/<policy>/statements.json`"""

    schema_: str | None = Field(default=None, alias="$schema")
    title: str = Field(min_length=1)
    withdraws: dict[str, str] = Field(default_factory=dict)
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
    """The address of the policy beside which it stands."""


@dataclass(frozen=True, slots=True)
class Statements:
    """The statements beside one policy, as its file has them."""

    address: str
    model: StatementsFile
    document: JsonDocument


def inherited(
    merged: Merged, beside: Mapping[str, Statements]
) -> Iterator[tuple[Statements, int, StatementModel]]:
    """The statements that hold of a policy as it stands with its bases, the base's first."""
    chain = list(dict.fromkeys(version.address for version in merged.chain))
    for at, address in enumerate(chain):
        found = beside.get(address)
        if found is None:
            continue
        withdrawn = {
            id_
            for above in chain[at + 1 :]
            if (other := beside.get(above)) is not None
            for id_ in other.model.withdraws
        }
        for index, statement in enumerate(found.model.statements):
            if statement.id not in withdrawn:
                yield found, index, statement


def first_days(merged: Merged, beside: Mapping[str, Statements]) -> frozenset[date]:
    """The days on which another statement begins to hold, or one holds no more."""
    out: set[date] = set()
    for _, _, model in inherited(merged, beside):
        window = model.in_force
        if window is not None and window.from_ is not None:
            out.add(window.from_)
        if window is not None and window.through is not None:
            out.add(day_after(window.through))
    return frozenset(out)


class StatementReader:
    """Types the statements of one policy on one window of dates."""

    def __init__(
        self,
        merged: Merged,
        basis: Basis,
        report: ReportDiagnostic,
        day: date,
    ) -> None:
        self._merged, self._report, self._day = merged, report, day
        resolver = Resolver(merged, basis, lambda problem: None)
        members, known_codes = basis.members_on(day), basis.known_codes
        types = {**basis.types, **{name: fact.type for name, fact in OUTCOME.items()}}
        listed = basis.reference.reason_codes
        reasons = {
            fact: frozenset(code for system, code in listed if system == name)
            for fact, name in ((GROUP, "group"), (CARC, "carc"), (RARC, "rarc"))
        }
        self._rules = frozenset(merged.rules)
        self._assumable = self._rules | basis.vocabulary.facts.keys()
        systems = {OUTCOME[fact].type.system: codes for fact, codes in reasons.items()}

        def known(system: str) -> frozenset[str]:
            found = systems.get(system)
            return known_codes.get(system, frozenset()) if found is None else found

        self._scope = replace(
            resolver.scope,
            subjects=types,
            facts=types,
            known_codes=known,
            code_sets={
                name: one._replace(codes=members[name])
                for name, one in resolver.scope.code_sets.items()
            },
            at_parameter=lambda *about, **more: None,  # said where the policy itself is checked
        )

    def read(self, beside: Mapping[str, Statements]) -> tuple[Statement, ...]:
        """The statements in force on the day; what is wrong is reported and left out."""
        out = []
        for statements, index, model in inherited(self._merged, beside):
            if not _in_force(model.in_force, self._day):
                continue
            made = self._statement(statements, index, model)
            if made is not None:
                out.append(made)
        return tuple(out)

    def _statement(
        self, statements: Statements, index: int, model: StatementModel
    ) -> Statement | None:
        at: JsonPath = ("statements", index)
        given = [kind for kind in KINDS if getattr(model, kind) is not None]

        def report(code: str, message: str, path: JsonPath, **more: Any) -> None:
            more.pop("warning", None)
            said = f"statement `{model.id}`: {message}"
            self._report(statements.document.problem(code, said, path, **more))

        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            report(
                "wrong-shape",
                f"a statement has exactly one of {', '.join(KINDS)}; found {found}",
                at,
                hint='write "never": { … } or "always": { … }',
            )
            return None
        kind: StatementKind = given[0]  # type: ignore[assignment]
        elaborator = Elaborator(self._scope, report)
        condition = elaborator.condition(getattr(model, kind), (*at, kind))
        when = None
        if model.when is not None:
            when = elaborator.condition(model.when, (*at, "when"))
        if condition is None or (when is None and model.when is not None):
            return None
        for part in (condition, *([when] if when is not None else ())):
            for fact, known, code, what in (
                (RULE, self._rules, "unknown-rule", "a rule"),
                (ASSUMPTIONS, self._assumable, "unknown-value", "a rule or fact"),
            ):
                for name in _named(part, fact):
                    if name not in known:
                        message = f"`{name}` is not {what} of {self._merged.version.address}"
                        report(code, message, (*at, kind), hint=did_you_mean(name, known))
                        return None
        return Statement(
            model.id,
            model.title,
            kind,
            condition,
            when,
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


def _in_force(window: InForce | None, day: date) -> bool:
    if window is None:
        return True
    after = window.from_ is None or window.from_ <= day
    return after and (window.through is None or day <= window.through)


def check_statements(
    beside: Mapping[str, Statements],
    bases: Mapping[str, tuple[str, ...]],
    report: ReportDiagnostic,
) -> None:
    """What is wrong with statements' files whatever the dates: double ids, withdrawals of nothing.

    Args:
        bases: By address, the policies that it extends, directly or not.
    """
    for address in sorted(beside):
        model, document = beside[address].model, beside[address].document
        below = [beside[base].model for base in bases.get(address, ()) if base in beside]
        known = {statement.id for base in below for statement in base.statements}
        seen: set[str] = set(known)
        for index, statement in enumerate(model.statements):
            if statement.id in seen:
                report(
                    document.problem(
                        "duplicate-statement",
                        f"there is another statement `{statement.id}`"
                        + (" in a policy that this one extends" if statement.id in known else ""),
                        ("statements", index, "id"),
                        hint="give it a name of its own",
                    )
                )
            seen.add(statement.id)
        for id_, why in model.withdraws.items():
            path = ("withdraws", id_)
            if id_ not in known:
                message = f"there is no statement `{id_}` in a policy that this one extends"
                hint = did_you_mean(id_, known) or "remove it"
                report(document.problem("withdraws-nothing", message, path, key=True, hint=hint))
            elif not why.strip():
                message = f"nothing says why `{id_}` is withdrawn"
                report(document.problem("wrong-value", message, path, hint="give the reason"))
