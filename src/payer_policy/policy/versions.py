"""A policy version and its overlays: what a chain of files says together.

`extends` takes over a base policy's rules by id; an overlay changes parameters, adds rules,
replaces some and withdraws others. Whatever it names that is not in the base is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from payer_policy.diagnostics import Diagnostic, did_you_mean
from payer_policy.json_source import JsonDocument, JsonPath
from payer_policy.policy.files import ParameterModel, PolicyFile, ReasonModel, RuleModel
from payer_policy.reference.files import Source

ReportDiagnostic = Callable[[Diagnostic], None]


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

    def covers(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True)
class Placed:
    """Something with the version and the place in its file that it comes from."""

    version: PolicyVersion
    path: JsonPath
    value: Any


@dataclass(frozen=True)
class PlacedRule:
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
    acknowledges: Mapping[str, str]
    rules: Mapping[str, PlacedRule]
    first_day: date
    last_day: date | None

    def breakpoints(self) -> Iterable[date]:
        """First days on which a rule's own window begins, or the day after it ends."""
        for rule in self.rules.values():
            window = rule.model.in_force
            if window is not None:
                if window.from_ is not None:
                    yield window.from_
                if window.through is not None:
                    yield day_after(window.through)


def day_after(day: date) -> date:
    return day + timedelta(days=1) if day < date.max else day


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
    parameters: dict[str, Placed] = {}
    references: dict[str, Source] = {}
    acknowledges: dict[str, str] = {}
    applies_to: Placed | None = None
    request: ReasonModel | None = None
    for level, version in enumerate(chain):
        model, document = version.model, version.document
        inherited = set(rules)
        _withdraw(version, rules, level, report)
        own: dict[str, int] = {}
        for index, rule in enumerate(model.rules):
            path: JsonPath = ("rules", index)
            if rule.id in own:
                report(
                    document.problem(
                        "duplicate-rule",
                        f"rule id `{rule.id}` is used twice",
                        (*path, "id"),
                        hint="give one of the two another id",
                    )
                )
                continue
            own[rule.id] = index
            if rule.replaces and rule.id not in inherited:
                report(
                    document.problem(
                        "overlay-touches-nothing",
                        f"rule `{rule.id}` replaces nothing: the base has no rule of that id",
                        (*path, "replaces"),
                        key=True,
                        hint=did_you_mean(rule.id, inherited) or 'remove "replaces"',
                    )
                )
            elif not rule.replaces and rule.id in rules:
                report(
                    document.problem(
                        "duplicate-rule",
                        f"rule `{rule.id}` is already in the base policy "
                        f"{rules[rule.id].version.address}",
                        (*path, "id"),
                        hint='add "replaces": true, or give it another id',
                    )
                )
            rules[rule.id] = PlacedRule(version, path, rule)
        for name, parameter in model.parameters.items():
            here: JsonPath = ("parameters", name)
            if name in parameters and type(parameters[name].value.value) is not type(
                parameter.value
            ):
                _check_same_type(name, parameters[name].value, parameter, document, here, report)
            parameters[name] = Placed(version, here, parameter)
        references.update(model.references)
        acknowledges.update(model.acknowledges)
        if model.applies_to is not None:
            applies_to = Placed(version, ("applies_to",), model.applies_to)
        request = model.information_request or request
    top = chain[-1]
    return Merged(
        top, tuple(chain), applies_to, references, parameters, request, acknowledges, rules,
        first, last,
    )


def _withdraw(
    version: PolicyVersion, rules: dict[str, PlacedRule], level: int, report: ReportDiagnostic
) -> None:
    for index, id_ in enumerate(version.model.withdraws):
        if id_ in rules:
            del rules[id_]
            continue
        message = (
            f"`{id_}` is withdrawn, but the base has no rule of that id"
            if level
            else f"`{id_}` is withdrawn, but this policy extends no other"
        )
        report(
            version.document.problem(
                "overlay-touches-nothing", message, ("withdraws", index),
                hint=did_you_mean(id_, rules),
            )
        )


def _check_same_type(
    name: str,
    base: ParameterModel,
    mine: ParameterModel,
    document: JsonDocument,
    path: JsonPath,
    report: ReportDiagnostic,
) -> None:
    def numeric(value: object) -> bool:
        return not isinstance(value, (bool, str, list, dict)) and value is not None

    if not (numeric(base.value) and numeric(mine.value)):
        report(
            document.problem(
                "wrong-type",
                f"parameter `{name}` has a value of another type than in the base policy",
                (*path, "value"),
            )
        )
