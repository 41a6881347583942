"""A policy version: one file, what it takes over from others, and what all of them make together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, Generic, TypeVar

from payer_policy.core.json_source import JsonDocument, JsonPath, Report, Reporter
from payer_policy.core.ruleset import Spans
from payer_policy.core.vocabulary.calendars import CalendarModel
from payer_policy.core.vocabulary.model import FactModel, RecordModel
from payer_policy.policy.days import Period
from payer_policy.policy.files import (
    DefinitionModel,
    ParameterModel,
    PolicyFile,
    RawCondition,
    ReasonModel,
    RuleModel,
    TableModel,
)
from payer_policy.policy.reference.files import Source

T = TypeVar("T")
SECTION: Final = "section:"
"""The prefix of a section's name where rules are named too: in `withdraws` and `overrides`."""


@dataclass(frozen=True)
class PolicyVersion(Period):
    """One policy file."""

    address: str
    """`<owner>/<policy>`: the owner is a payer, or a name under which modules are shared."""
    first_day: date
    last_day: date | None
    model: PolicyFile
    document: JsonDocument
    before: PolicyVersion | None = None
    """The version whose text this one takes over, where it says `continues`."""

    @property
    def payer(self) -> str:
        return self.address.partition("/")[0]

    @property
    def name(self) -> str:
        """`<owner>/<policy>/<first day>`"""
        return f"{self.address}/{self.first_day.isoformat()}"

    @property
    def title(self) -> str:
        """Its own title, or that of the version which it continues."""
        if self.model.title is None and self.before is not None:
            return self.before.title
        return self.model.title or self.address

    @property
    def extends(self) -> tuple[str, ...]:
        """The addresses of the policies that it extends, sorted: their order means nothing."""
        inherited = () if self.before is None else self.before.extends
        return tuple(sorted({*self.model.extends, *inherited}))

    @property
    def abstract(self) -> bool:
        """Whether it is a module: it decides nothing by itself."""
        inherited = self.before is not None and self.before.abstract
        return inherited if self.model.abstract is None else self.model.abstract

    @property
    def overlays(self) -> bool:
        """Whether it takes over anything from another file."""
        return self.before is not None or bool(self.model.extends)

    def reporter(self, report: Report, about: str = "", *path: str | int) -> Reporter:
        """Reports problems of the file, or of what is at a path in it."""
        return Reporter(self.document, report, about, path)


def continued(version: PolicyVersion, before: PolicyVersion) -> PolicyVersion:
    """A version with the one whose text it takes over."""
    return replace(version, before=before)


def relinked(versions: Iterable[PolicyVersion]) -> tuple[PolicyVersion, ...]:
    """The versions of a policy in order, after one of them was changed: what continues it does so
    still."""
    out: list[PolicyVersion] = []
    for version in versions:
        changed = version.before is not None and version.before is not out[-1]
        out.append(continued(version, out[-1]) if changed else version)
    return tuple(out)


@dataclass(frozen=True)
class Placed(Generic[T]):
    """A part of a policy, with the version and the place in its file that it comes from."""

    version: PolicyVersion
    path: JsonPath
    model: T

    def reporter(self, report: Report, about: str = "") -> Reporter:
        """Reports problems of the part; their paths are below it."""
        return self.version.reporter(report, about, *self.path)


@dataclass(frozen=True)
class MergedTable:
    """A table, with the rows that overlays put in the place of others or added."""

    placed: Placed[TableModel]
    """What gives the keys and columns."""
    rows: tuple[Placed[Any], ...]
    otherwise: Placed[Any] | None

    @property
    def source(self) -> object:
        """What it is made of: as long as that is the same, so is the table."""
        parts = [*self.rows, *([self.otherwise] if self.otherwise else [])]
        alone = all(part.version is self.placed.version for part in parts)
        return self.placed.model if alone else self


@dataclass(frozen=True)
class Merged(Period):
    """A version with all that it takes over, on days on which one version of each base is in force."""

    version: PolicyVersion
    chain: tuple[PolicyVersion, ...]
    """Every file that it is made from, each after those that it takes over from; itself last."""
    applies_to: Placed[RawCondition] | None
    references: Mapping[str, Source]
    parameters: Mapping[str, Placed[ParameterModel]]
    facts: Mapping[str, Placed[FactModel]]
    """The facts that these files declare, beside those of the vocabulary."""
    roles: Mapping[str, Placed[str]]
    """The name of the example for each role, where it is not the role's."""
    calendars: Mapping[str, Placed[CalendarModel]]
    definitions: Mapping[str, Placed[DefinitionModel]]
    tables: Mapping[str, MergedTable]
    records: Mapping[str, Placed[RecordModel]]
    """The types of records that they declare."""
    information_request: ReasonModel | None
    spans: Spans
    rules: Mapping[str, Placed[RuleModel]]
    first_day: date
    last_day: date | None
    withdrawn: Mapping[str, PolicyVersion]
    """By id, the rules that were taken out, and the file that took each of them out."""
    sections: tuple[str, ...]
    """In the order of the highest version that names them; those that only a base names come after."""
    silences: Placed[list[str]] | None
    """What the highest version that says so silences, as `section:<name>`."""
    ask_first: Placed[list[str]] | None
    """The facts that are asked before others."""
    misfits: frozenset[str]
    """Parameters that an overlay gave another type or unit than its base (reported)."""

    @cached_property
    def overrides(self) -> Mapping[str, tuple[str, ...]]:
        """By rule, the ids of the rules that it overrides, each once.

        A section stands for its rules that find something: not for the rule itself, and not for those
        that conclude, so no base comes into a circle by what an extension adds.
        """
        return {
            id_: tuple(dict.fromkeys(self._overridden(placed.model)))
            for id_, placed in self.rules.items()
        }

    def _overridden(self, rule: RuleModel) -> Iterator[str]:
        for name in rule.overrides:
            if name.startswith(SECTION):
                yield from (id_ for id_ in self.findings_of(name) if id_ != rule.id)
            else:
                yield name

    @property
    def silenced(self) -> frozenset[str]:
        """The names of the sections that an authorization silences."""
        listed = () if self.silences is None else self.silences.model
        return frozenset(entry.removeprefix(SECTION) for entry in listed)

    def findings_of(self, section: str) -> list[str]:
        """The ids of the rules of `section:<name>` that find something."""
        name = section.removeprefix(SECTION)
        return [
            id_
            for id_, placed in self.rules.items()
            if placed.model.section == name and placed.model.then.conclude is None
        ]

    def rules_on(self, day: date) -> list[str]:
        """The ids of the rules whose own days include the day."""
        return [id_ for id_, rule in self.rules.items() if rule.model.days.in_force(day)]

    def starts(self, more: Iterable[date] = ()) -> list[date]:
        """The first day, and the later ones on which a rule begins or has ended, in order.

        Args:
            more: Other days to count in, as far as they are later days of these.
        """
        days = {day for rule in self.rules.values() for day in rule.model.days.changes()}
        later = (day for day in days.union(more) if day > self.first_day and self.in_force(day))
        return [self.first_day, *sorted(later)]

    def level(self, version: PolicyVersion) -> int:
        """How far up in the chain a version is; 0 is the first of its bases."""
        return self.chain.index(version)

    def own(self, placed: Placed[T]) -> bool:
        """Whether a part is from this version's file, or from one that it continues."""
        version: PolicyVersion | None = self.version
        while version is not None:
            if placed.version is version:
                return True
            version = version.before
        return False
