"""A merged policy on a window of dates to a `Ruleset`: typed, ordered, hashed, immutable."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonPath
from payer_policy.language import CodeSetMembers, Elaborator, ParameterValue, Scope, and_
from payer_policy.policy.files import EffectModel, FindingModel, ReduceModel
from payer_policy.policy.hashing import content_hash
from payer_policy.policy.order import evaluation_order
from payer_policy.policy.parameters import Reports, read_parameter
from payer_policy.policy.versions import Merged, PlacedRule, ReportDiagnostic, rule_in_force
from payer_policy.reference import ReferenceData
from payer_policy.ruleset import (
    Conclude,
    Condition,
    Constant,
    DerivedFact,
    Finding,
    Parameter,
    Reason,
    Reference,
    Rule,
    Ruleset,
    Sentence,
    facts_in_test,
    facts_read,
    tests_in,
)
from payer_policy.vocabulary.model import Vocabulary
from payer_policy.vocabulary.reading import WHOLE_SERVICE
from payer_policy.vocabulary.types import FactType, Value, format_value

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
EFFECTS: Final = ("conclude", "deny", "pend", "reduce", "advise")


_NONE: Final[Mapping[str, Rule]] = MappingProxyType({})


class Unsound(ValueError):
    """A rule or a condition of a policy is wrong; what is wrong was reported."""


@dataclass
class Uses:
    """Which parameters and code sets some rules use."""

    parameters: set[str] = field(default_factory=set)
    code_sets: set[str] = field(default_factory=set)

    def __call__(self, kind: str, name: str) -> None:
        (self.parameters if kind == "parameter" else self.code_sets).add(name)


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
        self.parameters: dict[str, ParameterValue | None] = {
            name: read_parameter(placed, self._of_parameter(name))
            if name not in merged.misfits
            else None
            for name, placed in merged.parameters.items()
        }
        self.scope = Scope(
            types,
            types,
            parameters=self.parameters,
            code_sets={
                name: CodeSetMembers(code_set.system or None, code_set.on(day))
                for name, code_set in reference.code_sets.items()
            },
            known_codes=lambda system: known_codes.get(system, frozenset()),
            used=self.uses,
            at_parameter=self._at_parameter,
        )

    def _of_parameter(self, name: str) -> Reports:
        version = self.merged.parameters[name].version
        return Reports(version, self.report, f"parameter `{name}`")

    def _at_parameter(
        self,
        name: str,
        code: str,
        message: str,
        *,
        hint: str | None = None,
        part: str | None = None,
    ) -> None:
        path = (*self.merged.parameters[name].path, "value")
        self._of_parameter(name)(code, message, path, hint=hint, part=part)

    # --- rules -----------------------------------------------------------------------------------

    @cached_property
    def _blockers(self) -> Mapping[str, tuple[str, ...]]:
        """By rule, the ids of the rules in force that override it, sorted."""
        found: dict[str, list[str]] = {}
        for other in self.merged.rules.values():
            if rule_in_force(other.model, self.day):
                for id_ in dict.fromkeys(other.model.overrides):
                    found.setdefault(id_, []).append(other.model.id)
        return {id_: tuple(sorted(ids)) for id_, ids in found.items()}

    def applies_to(self) -> Condition | None:
        """The typed `applies_to`, or None when it is missing or wrong."""
        placed = self.merged.applies_to
        if placed is None:
            self.report(
                self.merged.chain[0].document.problem(
                    "missing-key",
                    "`applies_to` is missing: nothing says which requests this policy decides",
                    (),
                    hint='add "applies_to": {"fact": …, "in": [ … ]}',
                )
            )
            return None
        reports = Reports(placed.version, self.report, "`applies_to`")
        condition = Elaborator(self.scope, reports).condition(placed.value, placed.path)
        if condition is None:
            return None
        for name in dict.fromkeys(
            name for test in tests_in(condition) for name in facts_in_test(test)
        ):
            if self.vocabulary.facts[name].derived:
                reports(
                    "wrong-shape",
                    f"`{name}` is concluded by rules, which run only once the policy applies",
                    where_fact(placed.value, name, placed.path),
                    hint="test facts of the request here",
                )
                return None
        return condition

    def rule(self, placed: PlacedRule) -> Rule | None:
        """A typed rule, or None when something in it is wrong (reported)."""
        model = placed.model
        reports = Reports(placed.version, self.report, f"rule `{model.id}`")
        elaborator = Elaborator(self.scope, reports)
        condition = elaborator.condition(model.when, (*placed.path, "when"))
        effect = self._effect(model.then, (*placed.path, "then"), elaborator, reports)
        if condition is None or effect is None:
            return None
        return Rule(
            id=model.id,
            title=model.title,
            condition=condition,
            effect=effect,
            cites=tuple(model.cites),
            overridden_by=self._blockers.get(model.id, ()),
            assume_not_holding=model.if_unknown == "assume_not_holding",
            note=model.note,
            origin=placed.version.name,
        )

    def _effect(
        self, model: EffectModel, path: JsonPath, elaborator: Elaborator, reports: Reports
    ) -> Conclude | Finding | None:
        given = [name for name in EFFECTS if name in model.model_fields_set]
        if len(given) != 1:
            reports(
                "wrong-shape",
                f"`then` has exactly one of {', '.join(EFFECTS)}; "
                f"found {and_(given) or 'none of them'}",
                (*path, given[1]) if given else path,
                key=True,
                hint="write a second rule for the other" if given else None,
            )
            return None
        kind = given[0]
        if getattr(model, kind) is None:
            reports("wrong-type", f"`{kind}`: found null; an object was expected", (*path, kind))
            return None
        if model.conclude is not None:
            return self._conclude(model.conclude, (*path, kind), elaborator, reports)
        finding: FindingModel = getattr(model, kind)
        here = (*path, kind)
        to = None
        if isinstance(finding, ReduceModel):
            to = elaborator.operand(finding.to, FactType("decimal", "billing units"), (*here, "to"))
            if to is None:
                return None
        part = None if finding.on == WHOLE_SERVICE else finding.on
        if part is not None and part not in self.vocabulary.line_parts:
            legal = (WHOLE_SERVICE, *self.vocabulary.line_parts)
            reports(
                "unknown-value",
                f"`on`: `{part}` is not a part of a service's lines; "
                f"expected one of {', '.join(legal)}",
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
        reports: Reports,
    ) -> Conclude | None:
        derived = {name for name, fact in self.vocabulary.facts.items() if fact.derived}
        made: list[tuple[str, Value]] = []
        if not values:
            message = "`conclude` concludes nothing"
            reports("empty-condition", message, path, key=True, hint='write {"fact.name": value}')
            return None
        for name, raw in values.items():
            here = (*path, name)
            fact = self.vocabulary.facts.get(name)
            if fact is None:
                hint = did_you_mean(name, derived)
                reports("unknown-fact", f"`{name}` is not a fact", here, key=True, hint=hint)
                continue
            if not fact.derived:
                reports(
                    "not-derived",
                    f"`{name}` comes from the request; a rule cannot conclude it",
                    here,
                    key=True,
                    hint=did_you_mean(name, derived)
                    or 'declare it with "derived": true in vocabulary.json',
                )
                continue
            expression = elaborator.about(name).value(raw, fact.type, here)
            if isinstance(expression, Constant):
                made.append((name, expression.value))
            elif expression is not None:
                reports(
                    "wrong-type",
                    f"`{name}`: a conclusion is a plain value or a parameter",
                    here,
                    hint="declare a fact that is computed, and test it in another rule",
                )
        return (
            Conclude(tuple(sorted(made, key=itemgetter(0)))) if len(made) == len(values) else None
        )

    def _sentence(self, text: str, path: JsonPath, reports: Reports) -> Sentence | None:
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
                    if parameter not in self.parameters:
                        reports(
                            "unknown-parameter",
                            f"the sentence prints {{{name}}}, but `{parameter}` is not a parameter",
                            path,
                            hint=did_you_mean(parameter, self.parameters)
                            or f"parameters: {', '.join(list(self.parameters)[:8])}",
                            part=match.group(),
                        )
                    continue
                pieces[-1] += format_value(known.value, known.type)
            elif name in self.vocabulary.facts:
                facts.append(name)
                pieces.append("")
            else:
                sound = False
                hint = did_you_mean(name, self.vocabulary.facts)
                if name in self.parameters:
                    hint = f"write {{parameter:{name}}}"
                reports(
                    "unknown-fact",
                    f"the sentence prints {{{name}}}, but `{name}` is not a fact",
                    path,
                    hint=hint,
                    part=match.group(),
                )
        pieces[-1] += text[end:]
        rest = _SLOT.sub("", text)
        if "{" in rest or "}" in rest:
            brace = "{" if "{" in rest else "}"
            message = f"the sentence has a `{brace}` without its partner"
            reports("wrong-shape", message, path, hint="write {fact.name}")
            sound = False
        return Sentence(tuple(pieces), tuple(facts)) if sound else None

    # --- the ruleset -------------------------------------------------------------------------------

    def ruleset(
        self,
        first_day: date,
        last_day: date | None,
        reference_hash: str | None,
        kept: Mapping[str, Rule] = _NONE,
    ) -> Ruleset:
        """The ruleset on the window. The policy must have passed its checks.

        Args:
            first_day: The first day of the window.
            last_day: Its last day, if it has one.
            reference_hash: For the ruleset's own hash; None: it gets none.
            kept: Rules, by id, that are known to come out the same but for what overrides them.

        Raises:
            Unsound: It had not passed them; what is wrong was reported.
        """
        merged = self.merged
        rules: dict[str, Rule] = {}
        for placed in merged.rules.values():
            if rule_in_force(placed.model, self.day):
                rule = kept.get(placed.model.id)
                if rule is None:
                    rule = self.rule(placed)
                elif rule.overridden_by != (blockers := self._blockers.get(rule.id, ())):
                    rule = replace(rule, overridden_by=blockers)
                if rule is None:
                    raise Unsound(placed.model.id)
                rules[rule.id] = rule
        applies_to = self.applies_to()
        if applies_to is None:
            raise Unsound("applies_to")
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
            facts={name: fact for name, fact in self.vocabulary.facts.items() if name in names},
            line_parts={name: part.label for name, part in self.vocabulary.line_parts.items()},
            parameters={
                name: Parameter(
                    name,
                    value.value,
                    value.type.unit,
                    tuple(merged.parameters[name].value.cites),
                    merged.parameters[name].value.note,
                )
                for name, value in sorted(self.parameters.items())
                if value is not None
            },
            references={
                id_: Reference(id_, source.title, source.href, source.note)
                for id_, source in sorted(merged.references.items())
            },
            information_request=(
                Reason(request.group, request.carc, tuple(request.rarc)) if request else None
            ),
            hash="",
            spans=merged.spans,
        )
        if reference_hash is not None:
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


def where_fact(raw: Any, name: str, path: JsonPath, operator: str | None = None) -> JsonPath:
    """Where a raw condition reads a fact (in a test with that operator), or the whole condition."""
    stack = [(path, raw)]
    while stack:
        here, node = stack.pop()
        if isinstance(node, dict):
            if node.get("fact") == name and (operator is None or operator in node):
                return (*here, operator or "fact")
            stack += [((*here, key), child) for key, child in reversed(node.items())]
        elif isinstance(node, list):
            stack += [((*here, at), child) for at, child in reversed(list(enumerate(node)))]
    return path
