"""`vocabulary.json` to a `Vocabulary`: each declaration checked, every problem at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonDocument, Report, Reporter
from payer_policy.core.vocabulary.calendars import read_calendars
from payer_policy.core.vocabulary.declarations import Declaration
from payer_policy.core.vocabulary.model import (
    Fact,
    FactModel,
    LinePart,
    LinePartModel,
    RecordType,
    UnitModel,
    Vocabulary,
    VocabularyFile,
)
from payer_policy.core.vocabulary.records import BUILT_IN, read_records
from payer_policy.core.vocabulary.types import (
    NONE_TEXT,
    FactType,
)
from payer_policy.core.vocabulary.units import BUILT_IN as UNITS
from payer_policy.core.vocabulary.units import (
    NotAUnit,
    Unit,
    UnitTable,
    activity,
    nominal,
)

WHOLE_SERVICE: Final = "service"
"""What a finding falls on where it names no part."""

_FACT_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\Z", re.ASCII)
_KIND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*( [A-Za-z0-9-]+)*\Z", re.ASCII)
_PART_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
_SERVICE_HEADS: Final = frozenset({"service", "drug", "authorization"})


def read_vocabulary(file: VocabularyFile, document: JsonDocument, report_to: Report) -> Vocabulary:
    """The vocabulary that a file declares. Sources stay raw: `language.sources` types them."""
    report = Reporter(document, report_to)
    units = read_units(file.units, report, UNITS)
    records = {**BUILT_IN, **read_records(file.records, lambda name: report, units)}
    facts = read_facts(file.facts, lambda name: report, units, records=records)
    if not any((fact.source or {}).get("service") == "code" for fact in facts.values()):
        message = "no fact is the drug code of the service, so no policy could ever be found"
        hint = 'declare one with "from": {"service": "code"}'
        report("no-drug-code", message, ("facts",), key=True, hint=hint)
    parts = {}
    for name, part in file.line_parts.items():
        reading = _Reading(report.on(f"line part `{name}`", "line_parts", name), units)
        if name == WHOLE_SERVICE:
            message = "this name already means all lines of a service"
            reading.problem("wrong-name", message, hint="give the part another name")
        elif not _PART_NAME.match(name):
            reading.problem("wrong-name", "lowercase letters, digits, and `_` were expected")
        if part.follows is not None:
            reading.follows(name, part.follows, file.line_parts)
        parts[name] = LinePart(name, part.label, part.where, part.follows)
    calendars = read_calendars(file.calendars, report)
    return Vocabulary(facts, parts, units, records, calendars)


def _asking_for_list(fact: Fact, records: Mapping[str, RecordType]) -> Fact:
    """The fact; one made from records asks for those, unless it has a question of its own."""
    kind = (fact.source or {}).get("records")
    if fact.question is not None or not isinstance(kind, str) or kind not in records:
        return fact
    return replace(fact, question=records[kind].question)


def read_units(models: Mapping[str, UnitModel], report: Reporter, known: UnitTable) -> UnitTable:
    """The units of a file beside those that are known already; what is wrong is reported.

    Args:
        models: By name, the `units` of the vocabulary or of a policy.
        report: Reports problems of that file.
        known: The units that the file does not declare itself.
    """
    declared: dict[str, Unit] = {}
    for name, model in models.items():
        here = report.on(f"unit `{name}`", "units", name)
        unit = activity(model.ucum)
        if unit is None:
            try:
                unit = UNITS.read(model.ucum)
            except NotAUnit as problem:
                here("unknown-unit", problem.message, ("ucum",), hint=problem.hint)
                continue
        wanted = f"{model.kind} {model.ucum}"
        if name != wanted or not _KIND.match(model.kind):
            message = "the name of a unit is its kind and its UCUM code"
            hint = f"name it `{wanted}`"
            if not _KIND.match(model.kind):
                message, hint = "a kind is letters, digits, blanks and `-`", "give it another kind"
            here("wrong-name", message, key=True, hint=hint)
            continue
        declared[name] = nominal(model.kind, unit, model.ucum)
    return known.with_declared(declared)


def read_facts(
    models: Mapping[str, FactModel],
    report_of: Callable[[str], Reporter],
    units: UnitTable,
    shared: Mapping[str, Fact] = MappingProxyType({}),
    records: Mapping[str, RecordType] = BUILT_IN,
) -> dict[str, Fact]:
    """The facts that some files declare, by name.

    Args:
        models: The declarations.
        report_of: Gives for a name the reporter of the file that declares it.
        units: The units that they can name.
        shared: Facts that are declared elsewhere, which these may be made from.
        records: The types of records that they may be made from.
    """
    facts = {
        name: _asking_for_list(
            _Reading(report_of(name).on(f"fact `{name}`", "facts", name), units).fact(name, model),
            records,
        )
        for name, model in models.items()
    }
    together = _of_services(_none_of_none({**shared, **facts}), records)
    for name, model in models.items():
        if model.about == "member" and together[name].about == "service":
            message = f"fact `{name}`: its `from` reads the service, so it is about the service"
            path = ("facts", name, "about")
            report_of(name)("wrong-value", message, path, hint="remove `about`")
    telling = {fact.tells: name for name, fact in shared.items() if fact.tells is not None}
    for name, fact in facts.items():
        if fact.tells is not None and telling.setdefault(fact.tells, name) != name:
            message = f"fact `{name}`: `{telling[fact.tells]}` tells that already"
            path = ("facts", name, "tells")
            report_of(name)("duplicate-entry", message, path, hint="keep one of the two")
    return {name: together[name] for name in models}


def _none_of_none(facts: dict[str, Fact]) -> dict[str, Fact]:
    """The facts; those that are computed from one that can be none can be none too."""
    none = {name for name, fact in facts.items() if fact.type.can_be_none}
    none = _with_made_from(none, {name: _computed_from(fact) for name, fact in facts.items()})
    return {
        name: replace(fact, type=replace(fact.type, can_be_none=name in none))
        if fact.type.can_be_none is not (name in none)
        else fact
        for name, fact in facts.items()
    }


def _of_services(facts: dict[str, Fact], records: Mapping[str, RecordType]) -> dict[str, Fact]:
    """The facts; those that are read or computed from the service are about it."""
    behind = {name: facts_named(fact.source) for name, fact in facts.items()}
    own = {name for name, fact in facts.items() if fact.about == "service"}
    of_services = {name for name, one in records.items() if one.about == "service"}
    own |= {name for name, fact in facts.items() if _reads_service(fact.source or {}, of_services)}
    own = _with_made_from(own, behind)
    return {
        name: replace(fact, about="service") if name in own and fact.about != "service" else fact
        for name, fact in facts.items()
    }


def _with_made_from(names: set[str], behind: Mapping[str, set[str]]) -> set[str]:
    """Some facts, and all that are made from one of them."""
    found = set(names)
    while more := {
        name for name in behind if name not in found and not found.isdisjoint(behind[name])
    }:
        found |= more
    return found


def _reads_service(source: Mapping[str, Any], of_services: Collection[str]) -> bool:
    """Whether a `from` reads what belongs to one service: its fields, lines, drug or authorization, or
    one of the records of services."""
    return (
        not _SERVICE_HEADS.isdisjoint(source)
        or source.get("lines") in ("service", "same_day")
        or source.get("records") in of_services
    )


def _computed_from(fact: Fact) -> set[str]:
    """The facts that a fact is worked out from by arithmetic; a condition is never none."""
    raw = (fact.source or {}).get("compute")
    return set() if isinstance(raw, dict) and "condition" in raw else facts_named(raw)


def facts_named(raw: object) -> set[str]:
    """The facts that a part of a declaration names, however deep."""
    found: set[str] = set()
    layer: list[Any] = [raw]
    while layer:
        node = layer.pop()
        if isinstance(node, dict):
            found |= {node["fact"]} if isinstance(node.get("fact"), str) else set()
            layer += node.values()
        elif isinstance(node, list):
            layer += node
    return found


class _Reading(Declaration):
    """Reads the declaration of a fact, or of a part of a service's lines."""

    def fact(self, name: str, model: FactModel) -> Fact:
        if not _FACT_NAME.match(name):
            hint = "write group.name in lowercase letters, digits and `_`"
            self.problem("wrong-name", "the name of a fact has a group and a name in it", hint=hint)
        type_ = self._shown_in(self.type(model), model)
        self._role(type_, model)
        self._none(type_)
        self._phrases(type_, model)
        self._origin(model)
        return Fact(
            name=name,
            type=type_,
            label=model.label,
            question=model.question,
            supplied_by=model.supplied_by,
            correctable=model.correctable,
            source=model.from_,
            absent_means=self.value(type_, model.absent_means, "absent_means"),
            derived=model.derived,
            otherwise=self.value(type_, model.otherwise, "otherwise"),
            note=model.note,
            tells=model.tells,
            about=model.about or "member",
            yes=model.yes,
            no=model.no,
        )

    def _phrases(self, type_: FactType, model: FactModel) -> None:
        if type_.kind == "boolean":
            return
        for member in ("yes", "no"):
            if getattr(model, member) is not None:
                message = f"`{member}` is for boolean facts; this one is of type {type_.kind}"
                self.problem("wrong-shape", message, member, hint="remove it")

    def _none(self, type_: FactType) -> None:
        if not type_.can_be_none:
            return
        if type_.kind in ("boolean", "codes"):
            other = "an empty list" if type_.kind == "codes" else "no"
            message = f"`can_be_none` is not for {type_.kind}: there, {other} says it"
            self.problem("wrong-shape", message, "can_be_none", hint="remove it")
        elif NONE_TEXT in type_.values:
            message = f"`{NONE_TEXT}` cannot be one of the values of a fact that can be none"
            self.problem("wrong-shape", message, "values", hint="remove that value")

    def follows(self, part: str, followed: str, parts: Mapping[str, LinePartModel]) -> None:
        """The part that is followed is another one, and follows none itself."""
        others = [name for name in parts if name != part]
        if followed not in others:
            known = f"; expected one of {', '.join(others)}" if others else ""
            message = f"`follows`: `{followed}` is not another part of a service's lines{known}"
            hint = did_you_mean(followed, others) or (None if others else "remove it")
            self.problem("wrong-value", message, "follows", key=False, hint=hint)
        elif parts[followed].follows is not None:
            message = f"`follows`: `{followed}` itself follows `{parts[followed].follows}`"
            hint = "name a part that follows no other"
            self.problem("wrong-value", message, "follows", key=False, hint=hint)

    def _role(self, type_: FactType, model: FactModel) -> None:
        if model.tells is not None and not (model.derived and type_.kind == "boolean"):
            message = "`tells` is for derived facts that are yes or no"
            self.problem("wrong-shape", message, "tells", hint="remove it")

    def _shown_in(self, type_: FactType, model: FactModel) -> FactType:
        """The type with the unit that people know its amounts by."""
        shown = model.shown_in
        if shown is None:
            return type_
        unit, other = self.units.named(model.unit), self.units.named(shown)
        if unit is None:
            message = "`shown_in` is for numbers with a `unit`"
            self.problem("wrong-shape", message, "shown_in", hint="remove it, or add the `unit`")
            return type_
        factor = None if other is None else unit.factor_to(other)
        if other is None or factor is None:
            fitting = self.units.like(unit)
            message = f"{unit.name} does not convert to `{shown}`; "
            message += f"expected one of {', '.join(fitting)}"
            hint = did_you_mean(shown, fitting)
            self.problem("unknown-unit", message, "shown_in", key=False, hint=hint)
            return type_
        return replace(type_, shown_in=(other.name, factor))

    def _origin(self, model: FactModel) -> None:
        """Rules conclude it, or the request brings it: never both."""
        if model.derived:
            for field in ("from", "absent_means", "about"):
                if field.replace("from", "from_") in model.model_fields_set:
                    self.problem(
                        "wrong-shape",
                        f"a derived fact is concluded by rules; it cannot have `{field}`",
                        field,
                        hint='remove it, or remove "derived": true',
                    )
            return
        if "otherwise" in model.model_fields_set:
            hint = 'remove it, or add "derived": true'
            self.problem("wrong-shape", "`otherwise` is for derived facts", "otherwise", hint=hint)
        computed = model.from_ is not None and not {"compute", "records"}.isdisjoint(model.from_)
        if model.question is None and not computed:
            self.problem(
                "missing-key",
                "it has no `question` to ask when it is missing",
                hint='add "question": "What …?"',
            )
