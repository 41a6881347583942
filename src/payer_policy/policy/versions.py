"""A policy version and its overlays: what a chain of files says together.

`extends` takes over a base policy's rules by id; an overlay changes parameters, adds rules,
replaces some and withdraws others. Whatever it names that is not in the base is an error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath
from payer_policy.core.ruleset import Spans
from payer_policy.core.vocabulary.units import UNITS, factor
from payer_policy.policy.files import ParameterModel, PolicyFile, ReasonModel, RuleModel
from payer_policy.policy.reference.files import Source

ReportDiagnostic = Callable[[Diagnostic], None]

ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)


@dataclass(frozen=True)
class PolicyVersion:
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


@dataclass(frozen=True)
class Placed:
    """Something with the version and the place in its file that it comes from."""

    version: PolicyVersion
    path: JsonPath
    value: Any


@dataclass(frozen=True)
class PlacedRule:
    """A rule with the version and the place in its file that it comes from."""

    version: PolicyVersion
    path: JsonPath
    model: RuleModel


@dataclass(frozen=True)
class Merged:
    """A version with its bases laid under it."""

    version: PolicyVersion
    chain: tuple[PolicyVersion, ...]
    """From the lowest base to the version itself."""
    applies_to: Placed | None
    references: Mapping[str, Source]
    parameters: Mapping[str, Placed]
    """Values are `ParameterModel`."""
    information_request: ReasonModel | None
    spans: Spans
    acknowledges: Mapping[str, str]
    rules: Mapping[str, PlacedRule]
    first_day: date
    last_day: date | None
    rule_ids: Mapping[str, frozenset[str]]
    """By version name, the ids of the rules as that version leaves them."""
    sections: tuple[str, ...]
    """In the order of the highest version that names them; those that only a base names come after."""
    silences: Placed | None
    """What the highest version that says so silences, as `section:<name>`."""
    misfits: frozenset[str]
    """Parameters that an overlay gave another type or unit than its base (reported)."""

    def breakpoints(self) -> Iterable[date]:
        """First days on which a rule's own window begins, or the day after it ends."""
        for rule in self.rules.values():
            window = rule.model.in_force
            if window is not None:
                if window.from_ is not None:
                    yield window.from_
                if window.through is not None and window.through < date.max:
                    yield day_after(window.through)

    def level(self, version: PolicyVersion) -> int:
        """How high in the chain a version stands; 0 is the lowest base."""
        return self.chain.index(version)


def day_after(day: date) -> date:
    """The next day; the calendar's last day has none, and stays."""
    return day + timedelta(days=1) if day < date.max else day


def day_before(day: date) -> date:
    """The day before; the calendar's first day has none, and stays."""
    return day - timedelta(days=1) if day > date.min else day


def rule_in_force(model: RuleModel, day: date) -> bool:
    """Whether a rule's own window, if it has one, includes the day."""
    window = model.in_force
    return window is None or (
        (window.from_ is None or window.from_ <= day)
        and (window.through is None or day <= window.through)
    )


def merge(
    chain: Sequence[PolicyVersion], report: ReportDiagnostic, first: date, last: date | None
) -> Merged:
    """Lay the versions of a chain (lowest base first) over one another."""
    rules: dict[str, PlacedRule] = {}
    rule_ids: dict[str, frozenset[str]] = {}
    parameters: dict[str, Placed] = {}
    misfits: set[str] = set()
    references: dict[str, Source] = {}
    acknowledges: dict[str, str] = {}
    applies_to: Placed | None = None
    request: ReasonModel | None = None
    sections: tuple[str, ...] = ()
    silences: Placed | None = None
    spans: Spans = "pend"
    base: PolicyVersion | None = None
    for version in chain:
        model = version.model
        overlay = _Overlay(version, base, report)
        overlay.withdraw(rules)
        overlay.add(rules)
        for name, parameter in model.parameters.items():
            if name in parameters and not overlay.fits(name, parameters[name].value, parameter):
                misfits.add(name)
            parameters[name] = Placed(version, ("parameters", name), parameter)
        references.update(model.references)
        acknowledges.update(model.acknowledges)
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
        acknowledges=acknowledges,
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
    report: ReportDiagnostic

    def problem(
        self, code: str, message: str, *path: str | int, key: bool = False, hint: str | None = None
    ) -> None:
        self.report(self.version.document.problem(code, message, path, key=key, hint=hint))

    def withdraw(self, rules: dict[str, PlacedRule]) -> None:
        """Take the withdrawn rules out."""
        withdrawn: set[str] = set()
        for index, id_ in enumerate(self.version.model.withdraws):
            if id_ in withdrawn:
                message = f"rule `{id_}` is withdrawn twice"
                self.problem("duplicate-entry", message, "withdraws", index, hint="keep one")
            elif id_ in rules:
                del rules[id_]
            else:
                message = f"rule `{id_}` cannot be withdrawn: {self._nothing()}"
                hint = did_you_mean(id_, rules) or "remove it"
                self.problem("overlay-touches-nothing", message, "withdraws", index, hint=hint)
            withdrawn.add(id_)

    def add(self, rules: dict[str, PlacedRule]) -> None:
        """Put in the version's own rules; those that it replaces keep their place."""
        inherited = set(rules)
        own: dict[str, int] = {}
        for index, rule in enumerate(self.version.model.rules):
            path: JsonPath = ("rules", index)
            if rule.id in own:
                line = self.version.document.locate(("rules", own[rule.id], "id")).start
                where = f" (line {line.line})" if line else ""
                message = f"rule `{rule.id}`: another rule has this id already{where}"
                self.problem("duplicate-rule", message, *path, "id", hint="give it another id")
                continue
            own[rule.id] = index
            if rule.id in self.version.model.withdraws:
                message = f"rule `{rule.id}` is both withdrawn and given here"
                hint = 'to change it, leave it out of "withdraws" and write "replaces": true'
                self.problem("duplicate-rule", message, *path, "id", hint=hint)
            elif rule.replaces and rule.id not in inherited:
                message = f"rule `{rule.id}` replaces nothing: {self._nothing()}"
                hint = did_you_mean(rule.id, inherited) or 'to add a rule, remove "replaces"'
                self.problem(
                    "overlay-touches-nothing", message, *path, "replaces", key=True, hint=hint
                )
            elif not rule.replaces and rule.id in inherited:
                message = f"rule `{rule.id}` is already a rule of {rules[rule.id].version.name}"
                hint = 'add "replaces": true, or give it another id'
                self.problem("duplicate-rule", message, *path, "id", hint=hint)
            rules[rule.id] = PlacedRule(self.version, path, rule)

    def _nothing(self) -> str:
        if self.base is None:
            return "this policy extends no other"
        return f"the base {self.base.name} has no rule of that id"

    def fits(self, name: str, base: ParameterModel, mine: ParameterModel) -> bool:
        """Whether a parameter that is changed keeps its type, and a unit that converts."""
        theirs, ours = _kind(base.value), _kind(mine.value)
        if theirs != ours:
            message = f"parameter `{name}` is {ours}, but {theirs} in the base"
            self.problem("wrong-type", message, "parameters", name, "value")
            return False
        if base.unit != mine.unit and base.unit is not None and base.unit in UNITS:
            if mine.unit is None:
                message = f"parameter `{name}` has no unit, but the base gives it in {base.unit}"
                hint = f'add "unit": "{base.unit}"'
                self.problem("unit-mismatch", message, "parameters", name, key=True, hint=hint)
                return False
            if mine.unit in UNITS and factor(mine.unit, base.unit) is None:
                message = f"parameter `{name}` is in {mine.unit}, which does not convert to "
                message += f"{base.unit} as in the base"
                self.problem("unit-mismatch", message, "parameters", name, "unit")
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


@dataclass(frozen=True)
class Span:
    """A run of service dates on which one chain of versions, and one ruleset, is in force."""

    merged: Merged
    first_day: date
    last_day: date | None
