"""A merged policy on a window of dates to a `Ruleset`: typed, ordered, hashed, immutable."""

from __future__ import annotations

import hashlib
import heapq
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonPath
from payer_policy.language import CodeSetMembers, Elaborator, ParameterValue, Scope
from payer_policy.policy.files import EffectModel, FindingModel, ReduceModel
from payer_policy.policy.versions import (
    Merged,
    PlacedRule,
    PolicyVersion,
    ReportDiagnostic,
    rule_in_force,
)
from payer_policy.reference import ReferenceData
from payer_policy.ruleset import (
    Conclude,
    Condition,
    DerivedFact,
    Finding,
    Parameter,
    Reason,
    Reference,
    Rule,
    Ruleset,
    Sentence,
    facts_read,
    tests_in,
    facts_in_test,
)
from payer_policy.vocabulary.model import Vocabulary
from payer_policy.vocabulary.types import (
    FactType,
    Value,
    ValueProblem,
    calendar_date,
    exact_number,
    format_value,
    parse_value,
    shown,
    to_json,
)
from payer_policy.vocabulary.units import UNITS

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
EFFECTS: Final = ("conclude", "deny", "pend", "reduce", "advise")


@dataclass
class Uses:
    """Which parameters and code sets some rules use."""

    parameters: set[str] = field(default_factory=set)
    code_sets: set[str] = field(default_factory=set)

    def __call__(self, kind: str, name: str) -> None:
        (self.parameters if kind == "parameter" else self.code_sets).add(name)


class _Reports:
    """Reports problems of one version's file, each sentence naming the rule it is about."""

    def __init__(self, version: PolicyVersion, report: ReportDiagnostic, about: str = "") -> None:
        self.version, self.report, self.about = version, report, about

    def __call__(
        self,
        code: str,
        message: str,
        path: JsonPath,
        *,
        key: bool = False,
        hint: str | None = None,
        warning: bool = False,
    ) -> None:
        text = f"{self.about}: {message}" if self.about else message
        self.report(
            self.version.document.problem(code, text, path, key=key, hint=hint, warning=warning)
        )


def parameter_value(
    name: str, raw: Any, unit: str | None, report: _Reports, path: JsonPath
) -> ParameterValue | None:
    """A parameter's value and the type that its JSON shows."""
    try:
        if isinstance(raw, bool):
            made = ParameterValue(raw, FactType("boolean"))
        elif isinstance(raw, str):
            if re.match(r"\d{4}-\d{2}-\d{2}\Z", raw):
                made = ParameterValue(calendar_date(raw), FactType("date"))
            else:
                kind = FactType("code")
                made = ParameterValue(parse_value(FactType("code", system="identifier"), raw), kind)
        elif isinstance(raw, list):
            made = ParameterValue(
                parse_value(FactType("codes", system="identifier"), raw), FactType("codes")
            )
        else:
            number = exact_number(raw)
            kind_ = "integer" if isinstance(number, int) else "decimal"
            made = ParameterValue(number, FactType(kind_, unit))  # type: ignore[arg-type]
    except ValueProblem as problem:
        report(
            problem.code, f"parameter `{name}`: {problem.message}", (*path, "value"),
            hint=problem.hint,
        )
        return None
    if unit is not None and unit not in UNITS:
        report(
            "unknown-unit",
            f"parameter `{name}`: `{unit}` is not a unit; expected one of {', '.join(UNITS)}",
            (*path, "unit"),
            hint=did_you_mean(unit, UNITS),
        )
        return None
    if unit is not None and made.type.kind not in ("integer", "decimal"):
        report("wrong-shape", f"parameter `{name}`: a unit is for numbers", (*path, "unit"))
    return made


class Resolver:
    """Elaborates one merged policy; with a `day`, only what is in force then."""

    def __init__(
        self,
        merged: Merged,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        report: ReportDiagnostic,
        day: date,
        known_codes: Mapping[str, frozenset[str]],
    ) -> None:
        self.merged, self.vocabulary, self.reference = merged, vocabulary, reference
        self.report, self.day = report, day
        self.uses = Uses()
        types = {name: fact.type for name, fact in vocabulary.facts.items()}
        self.parameters: dict[str, ParameterValue] = {}
        for name, placed in merged.parameters.items():
            reports = _Reports(placed.version, report)
            value = parameter_value(
                name, placed.value.value, placed.value.unit, reports, placed.path
            )
            if value is not None:
                self.parameters[name] = value
        self.scope = Scope(
            types,
            types,
            parameters=self.parameters,
            code_sets={
                name: CodeSetMembers(code_set.system, code_set.on(day))
                for name, code_set in reference.code_sets.items()
            },
            known_codes=lambda system: known_codes.get(system, frozenset()),
            used=self.uses,
        )

    # --- rules -----------------------------------------------------------------------------------

    def applies_to(self) -> Condition | None:
        """The typed `applies_to`, or None when it is missing or wrong."""
        placed = self.merged.applies_to
        if placed is None:
            reports = _Reports(self.merged.version, self.report)
            reports(
                "missing-key",
                "`applies_to` is missing: nothing says which requests this policy decides",
                (),
                hint='add "applies_to": {"fact": …, "in": [ … ]}',
            )
            return None
        reports = _Reports(placed.version, self.report, "applies_to")
        return Elaborator(self.scope, reports).condition(placed.value, placed.path)

    def rule(self, placed: PlacedRule) -> Rule | None:
        """A typed rule, or None when something in it is wrong (reported)."""
        model = placed.model
        reports = _Reports(placed.version, self.report, f"rule `{model.id}`")
        elaborator = Elaborator(self.scope, reports)
        condition = elaborator.condition(model.when, (*placed.path, "when"))
        effect = self._effect(model.then, (*placed.path, "then"), elaborator, reports)
        if condition is None or effect is None:
            return None
        blockers = tuple(
            sorted(
                other.model.id
                for other in self.merged.rules.values()
                if model.id in other.model.overrides and rule_in_force(other.model, self.day)
            )
        )
        return Rule(
            id=model.id,
            title=model.title,
            condition=condition,
            effect=effect,
            cites=tuple(model.cites),
            overridden_by=blockers,
            assume_not_holding=model.if_unknown == "assume_not_holding",
            note=model.note,
            origin=placed.version.name,
        )

    def _effect(
        self, model: EffectModel, path: JsonPath, elaborator: Elaborator, reports: _Reports
    ) -> Conclude | Finding | None:
        given = [name for name in EFFECTS if getattr(model, name) is not None]
        if len(given) != 1:
            reports(
                "wrong-shape",
                f"`then` has exactly one of {', '.join(EFFECTS)}; "
                f"found {', '.join(given) or 'none'}",
                path,
            )
            return None
        kind = given[0]
        if model.conclude is not None:
            return self._conclude(model.conclude, (*path, kind), elaborator, reports)
        finding: FindingModel = getattr(model, kind)
        here = (*path, kind)
        to = None
        if isinstance(finding, ReduceModel):
            to = elaborator.operand(
                finding.to, FactType("decimal", "billing units"), (*here, "to")
            )
            if to is None:
                return None
        part = None if finding.on == "service" else finding.on
        if part is not None and part not in self.vocabulary.line_parts:
            legal = ("service", *self.vocabulary.line_parts)
            reports(
                "unknown-value",
                f"`{part}` is not a part of a service's lines; expected one of {', '.join(legal)}",
                (*here, "on"),
                hint=did_you_mean(part, legal),
            )
            return None
        sentence = self._sentence(finding.because, (*here, "because"), reports)
        if sentence is None:
            return None
        reason = Reason(finding.group, finding.carc, tuple(finding.rarc))
        return Finding(kind, reason, sentence, part, to)  # type: ignore[arg-type]

    def _conclude(
        self,
        values: Mapping[str, Any],
        path: JsonPath,
        elaborator: Elaborator,
        reports: _Reports,
    ) -> Conclude | None:
        derived = {name for name, fact in self.vocabulary.facts.items() if fact.derived}
        made: list[tuple[str, Value]] = []
        if not values:
            reports("empty-condition", "`conclude` concludes nothing", path)
            return None
        for name, raw in values.items():
            fact = self.vocabulary.facts.get(name)
            if fact is None:
                reports(
                    "unknown-fact", f"`{name}` is not a fact", (*path, name), key=True,
                    hint=did_you_mean(name, derived),
                )
                continue
            if not fact.derived:
                reports(
                    "not-derived",
                    f"`{name}` comes from the request; a rule cannot conclude it",
                    (*path, name),
                    key=True,
                    hint=did_you_mean(name, derived)
                    or 'declare it with "derived": true in vocabulary.json',
                )
                continue
            expression = elaborator.operand(raw, fact.type, (*path, name))
            if expression is None:
                continue
            value = getattr(expression, "value", None)
            if value is None:
                reports(
                    "wrong-type", "a conclusion is a plain value or a parameter", (*path, name)
                )
                continue
            made.append((name, value))
        return Conclude(tuple(made)) if len(made) == len(values) else None

    def _sentence(self, text: str, path: JsonPath, reports: _Reports) -> Sentence | None:
        pieces: list[str] = [""]
        facts: list[str] = []
        end = 0
        sound = True
        for match in _SLOT.finditer(text):
            pieces[-1] += text[end : match.start()]
            end = match.end()
            name = match.group(1).strip()
            if name.startswith("parameter:"):
                parameter = name.removeprefix("parameter:").strip()
                self.uses("parameter", parameter)
                known = self.parameters.get(parameter)
                if known is None:
                    sound = False
                    reports(
                        "unknown-parameter",
                        f"the sentence prints `{parameter}`, which is not a parameter",
                        path,
                        hint=did_you_mean(parameter, self.parameters),
                    )
                    continue
                pieces[-1] += format_value(known.value, known.type)
            elif name in self.vocabulary.facts:
                facts.append(name)
                pieces.append("")
            else:
                sound = False
                reports(
                    "unknown-fact",
                    f"the sentence prints {shown(name)}, which is not a fact",
                    path,
                    hint=did_you_mean(name, self.vocabulary.facts),
                )
        rest = text[end:]
        if "{" in rest or "}" in rest:
            reports(
                "wrong-shape", "a brace in the sentence has no partner", path,
                hint="write {fact.name}",
            )
            sound = False
        pieces[-1] += rest
        return Sentence(tuple(pieces), tuple(facts)) if sound else None

    # --- the ruleset -------------------------------------------------------------------------------

    def ruleset(self, first_day: date, last_day: date | None, reference_hash: str) -> Ruleset:
        """The ruleset on the window. The policy must have passed its checks."""
        merged = self.merged
        rules: dict[str, Rule] = {}
        for placed in merged.rules.values():
            if rule_in_force(placed.model, self.day):
                rule = self.rule(placed)
                assert rule is not None, placed.model.id
                rules[rule.id] = rule
        applies_to = self.applies_to()
        assert applies_to is not None
        order = evaluation_order(rules)
        ordered = tuple(rules[id_] for id_ in order)
        derived = self._derived(ordered)
        names = dict.fromkeys(derived)
        for rule in ordered:
            names.update(dict.fromkeys(facts_read(rule)))
            if isinstance(rule.effect, Finding):
                names.update(dict.fromkeys(rule.effect.because.facts))
        for test in tests_in(applies_to):
            names.update(dict.fromkeys(facts_in_test(test)))
        for name in list(names):
            names.update(dict.fromkeys(_behind(name, self.vocabulary)))
        request = merged.information_request
        made = Ruleset(
            policy=merged.version.address,
            version=merged.version.first_day.isoformat(),
            title=merged.version.model.title,
            first_day=first_day,
            last_day=last_day,
            applies_to=applies_to,
            rules=ordered,
            derived=derived,
            facts={
                name: fact for name, fact in self.vocabulary.facts.items() if name in names
            },
            line_parts={
                name: part.label for name, part in self.vocabulary.line_parts.items()
            },
            parameters={
                name: Parameter(
                    name,
                    self.parameters[name].value,
                    self.parameters[name].type.unit,
                    tuple(placed.value.cites),
                    placed.value.note,
                )
                for name, placed in sorted(merged.parameters.items())
            },
            references={
                id_: Reference(id_, source.title, source.href, source.note)
                for id_, source in sorted(merged.references.items())
            },
            information_request=(
                Reason(request.group, request.carc, tuple(request.rarc)) if request else None
            ),
            hash="",
        )
        object.__setattr__(made, "hash", content_hash(made, reference_hash))
        return made

    def _derived(self, rules: tuple[Rule, ...]) -> dict[str, DerivedFact]:
        concluded: dict[str, list[tuple[int, Value]]] = {}
        for index, rule in enumerate(rules):
            if isinstance(rule.effect, Conclude):
                for name, value in rule.effect.values:
                    concluded.setdefault(name, []).append((index, value))
        read = {name for rule in rules for name in facts_read(rule)}
        return {
            name: DerivedFact(name, fact.otherwise, tuple(concluded.get(name, ())))
            for name, fact in self.vocabulary.facts.items()
            if fact.derived and (name in concluded or name in read)
        }


def _behind(name: str, vocabulary: Vocabulary) -> Iterator[str]:
    """The facts that a computed fact is made from, and those behind them."""
    source = vocabulary.facts[name].source
    if source is None or "compute" not in source:
        return
    layer: list[Any] = [source["compute"]]
    while layer:
        node = layer.pop()
        if isinstance(node, dict):
            inner = node.get("fact")
            if isinstance(inner, str):
                yield inner
                yield from _behind(inner, vocabulary)
            layer.extend(node.values())
        elif isinstance(node, list):
            layer.extend(node)


def evaluation_order(rules: Mapping[str, Rule]) -> list[str]:
    """Rule ids so that each comes after what it reads; ties by id. Cycles must be ruled out before."""
    needs = dependencies(rules)
    waiting = {id_: len(others) for id_, others in needs.items()}
    feeds: dict[str, list[str]] = {id_: [] for id_ in rules}
    for id_, others in needs.items():
        for other in others:
            feeds[other].append(id_)
    ready = [id_ for id_, count in waiting.items() if count == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        id_ = heapq.heappop(ready)
        order.append(id_)
        for follower in feeds[id_]:
            waiting[follower] -= 1
            if waiting[follower] == 0:
                heapq.heappush(ready, follower)
    return order


def dependencies(rules: Mapping[str, Rule]) -> dict[str, set[str]]:
    """For each rule the rules that must be evaluated before it."""
    concluders: dict[str, set[str]] = {}
    for rule in rules.values():
        if isinstance(rule.effect, Conclude):
            for name, _ in rule.effect.values:
                concluders.setdefault(name, set()).add(rule.id)
    return {
        rule.id: {id_ for name in facts_read(rule) for id_ in concluders.get(name, ())}
        | {id_ for id_ in rule.overridden_by if id_ in rules}
        for rule in rules.values()
    }


def find_cycle(needs: Mapping[str, set[str]]) -> list[str] | None:
    """Rule ids that feed one another in a circle, the first one again at the end; or None."""
    state: dict[str, int] = {}
    for start in sorted(needs):
        if start in state:
            continue
        trail: list[tuple[str, Iterator[str]]] = [(start, iter(sorted(needs[start])))]
        state[start] = 1
        while trail:
            id_, rest = trail[-1]
            following = next(rest, None)
            if following is None:
                state[id_] = 2
                trail.pop()
            elif state.get(following) == 1:
                names = [name for name, _ in trail]
                return [*names[names.index(following) :], following]
            elif following not in state:
                state[following] = 1
                trail.append((following, iter(sorted(needs[following]))))
    return None


def content_hash(ruleset: Ruleset, reference_hash: str) -> str:
    """SHA-256 of the ruleset's meaning in one spelling, with the reference data that it leans on."""
    canonical = json.dumps(
        [_canonical(ruleset), reference_hash],
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, Fraction) and not isinstance(value, int):
        return ["fraction", value.numerator, value.denominator]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (Decimal, date)):
        return to_json(value)
    if isinstance(value, frozenset):
        return ["set", *sorted((_canonical(item) for item in value), key=repr)]
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if is_dataclass(value):
        return [
            type(value).__name__,
            *(_canonical(getattr(value, part.name)) for part in fields(value)),
        ]
    raise TypeError(type(value))
