"""A policy version and its overlays: what a chain of files says together.

`extends` takes over a base policy's rules by id; an overlay changes parameters, adds rules,
replaces some and withdraws others. Whatever it names that is not in the base is an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Generic, TypeVar

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath, Report, Reporter
from payer_policy.core.ruleset import Spans
from payer_policy.core.vocabulary.units import UNITS, factor
from payer_policy.policy.days import Period
from payer_policy.policy.files import (
    ParameterModel,
    PolicyFile,
    RawCondition,
    ReasonModel,
    RuleModel,
)
from payer_policy.policy.reference.files import Source

T = TypeVar("T")
ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True)
class PolicyVersion(Period):
    """One policy file."""

    address: str
    """`<payer>/<policy>`"""
    first_day: date
    last_day: date | None
    model: PolicyFile
    document: JsonDocument

    @property
    def payer(self) -> str:
        return self.address.partition("/")[0]

    @property
    def name(self) -> str:
        """`<payer>/<policy>/<first day>`"""
        return f"{self.address}/{self.first_day.isoformat()}"

    def reporter(self, report: Report, about: str = "", *path: str | int) -> Reporter:
        """Reports problems of the file, or of what is at a path in it."""
        return Reporter(self.document, report, about, path)


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
class Merged(Period):
    """A version with its bases laid under it, on days on which one version of each is in force."""

    version: PolicyVersion
    chain: tuple[PolicyVersion, ...]
    """From the lowest base to the version itself."""
    applies_to: Placed[RawCondition] | None
    references: Mapping[str, Source]
    parameters: Mapping[str, Placed[ParameterModel]]
    information_request: ReasonModel | None
    spans: Spans
    rules: Mapping[str, Placed[RuleModel]]
    first_day: date
    last_day: date | None
    rule_ids: Mapping[str, frozenset[str]]
    """By version name, the ids of the rules as that version leaves them."""
    sections: tuple[str, ...]
    """In the order of the highest version that names them; those that only a base names come after."""
    silences: Placed[list[str]] | None
    """What the highest version that says so silences, as `section:<name>`."""
    misfits: frozenset[str]
    """Parameters that an overlay gave another type or unit than its base (reported)."""

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
        """How high in the chain a version is; 0 is the lowest base."""
        return self.chain.index(version)


def merge(chain: Sequence[PolicyVersion], report: Report, first: date, last: date | None) -> Merged:
    """The versions of a chain (lowest base first), each laid over the ones before it."""
    rules: dict[str, Placed[RuleModel]] = {}
    rule_ids: dict[str, frozenset[str]] = {}
    parameters: dict[str, Placed[ParameterModel]] = {}
    misfits: set[str] = set()
    references: dict[str, Source] = {}
    applies_to: Placed[RawCondition] | None = None
    request: ReasonModel | None = None
    sections: tuple[str, ...] = ()
    silences: Placed[list[str]] | None = None
    spans: Spans = "pend"
    base: PolicyVersion | None = None
    for version in chain:
        model = version.model
        overlay = _Overlay(version, base, report)
        overlay.withdraw(rules)
        overlay.add(rules)
        for name, parameter in model.parameters.items():
            if name in parameters and not overlay.fits(name, parameters[name].model, parameter):
                misfits.add(name)
            parameters[name] = Placed(version, ("parameters", name), parameter)
        references.update(model.references)
        if "applies_to" in model.model_fields_set:
            applies_to = Placed(version, ("applies_to",), model.applies_to)
        request = model.information_request or request
        sections = tuple(dict.fromkeys([*model.sections, *sections]))
        if "silences" in model.model_fields_set:
            silences = Placed(version, ("silences",), model.silences)
        spans = model.spans or spans
        rule_ids[version.name] = frozenset(rules)
        base = version
    return Merged(
        version=chain[-1],
        chain=tuple(chain),
        applies_to=applies_to,
        references=references,
        parameters=parameters,
        information_request=request,
        spans=spans,
        rules=rules,
        first_day=first,
        last_day=last,
        rule_ids=rule_ids,
        sections=sections,
        silences=silences,
        misfits=frozenset(misfits),
    )


@dataclass(frozen=True)
class _Overlay:
    """One version, laid over what is below it. A version without a base lies over nothing."""

    version: PolicyVersion
    base: PolicyVersion | None
    report: Report

    def withdraw(self, rules: dict[str, Placed[RuleModel]]) -> None:
        """Take the withdrawn rules out."""
        withdrawn: set[str] = set()
        report = self.version.reporter(self.report)
        for index, id_ in enumerate(self.version.model.withdraws):
            path = ("withdraws", index)
            if id_ in withdrawn:
                message = f"rule `{id_}` is withdrawn twice"
                report("duplicate-entry", message, path, hint="keep one")
            elif id_ in rules:
                del rules[id_]
            else:
                message = f"rule `{id_}` cannot be withdrawn: {self._nothing()}"
                hint = did_you_mean(id_, rules) or "remove it"
                report("overlay-touches-nothing", message, path, hint=hint)
            withdrawn.add(id_)

    def add(self, rules: dict[str, Placed[RuleModel]]) -> None:
        """Put in the version's own rules; those that it replaces keep their place."""
        inherited = set(rules)
        own: dict[str, int] = {}
        for index, rule in enumerate(self.version.model.rules):
            placed = Placed(self.version, ("rules", index), rule)
            report = self.version.reporter(self.report, "", *placed.path)
            if rule.id in own:
                line = self.version.document.locate(("rules", own[rule.id], "id")).start
                where = f" (line {line.line})" if line else ""
                message = f"rule `{rule.id}`: another rule has this id already{where}"
                report("duplicate-rule", message, ("id",), hint="give it another id")
                continue
            own[rule.id] = index
            if rule.id in self.version.model.withdraws:
                message = f"rule `{rule.id}` is both withdrawn and given here"
                hint = 'to change it, leave it out of "withdraws" and write "replaces": true'
                report("duplicate-rule", message, ("id",), hint=hint)
            elif rule.replaces and rule.id not in inherited:
                message = f"rule `{rule.id}` replaces nothing: {self._nothing()}"
                hint = did_you_mean(rule.id, inherited) or 'to add a rule, remove "replaces"'
                report("overlay-touches-nothing", message, ("replaces",), key=True, hint=hint)
            elif not rule.replaces and rule.id in inherited:
                message = f"rule `{rule.id}` is already a rule of {rules[rule.id].version.name}"
                hint = 'add "replaces": true, or give it another id'
                report("duplicate-rule", message, ("id",), hint=hint)
            rules[rule.id] = placed

    def _nothing(self) -> str:
        if self.base is None:
            return "this policy extends no other"
        return f"the base {self.base.name} has no rule of that id"

    def fits(self, name: str, base: ParameterModel, mine: ParameterModel) -> bool:
        """Whether a parameter that is changed keeps its type, and a unit that converts."""
        report = self.version.reporter(self.report, "", "parameters", name)
        it = f"parameter `{name}`"
        theirs, ours = _kind(base.value), _kind(mine.value)
        if theirs != ours:
            report("wrong-type", f"{it} is {ours}, but {theirs} in the base", ("value",))
            return False
        if base.unit == mine.unit or base.unit not in UNITS:
            return True
        if mine.unit is None:
            message = f"{it} has no unit, but the base gives it in {base.unit}"
            report("unit-mismatch", message, key=True, hint=f'add "unit": "{base.unit}"')
            return False
        if mine.unit in UNITS and factor(mine.unit, base.unit) is None:
            message = (
                f"{it} is in {mine.unit}, which does not convert to {base.unit} as in the base"
            )
            report("unit-mismatch", message, ("unit",))
            return False
        return True


def _kind(raw: object) -> str:
    """What a parameter is, in words."""
    if isinstance(raw, bool):
        return "true or false"
    if isinstance(raw, str):
        return "a date" if ISO_DATE.match(raw) else "a text"
    return (
        "a list" if isinstance(raw, list) else "an object" if isinstance(raw, dict) else "a number"
    )
