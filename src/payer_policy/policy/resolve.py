"""A merged policy, typed: every name, unit and value of its rules checked, each problem reported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import JsonPath
from payer_policy.core.ruleset import (
    Conclude,
    Constant,
    Finding,
    Reason,
    Rule,
    Sentence,
    code_sets_in,
    facts_in_condition,
    facts_in_expression,
    facts_read,
)
from payer_policy.core.vocabulary.reading import WHOLE_SERVICE
from payer_policy.core.vocabulary.types import FactType, Value, format_value
from payer_policy.language import CodeSetMembers, Elaborator, ParameterValue, Scope, and_
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.elaboration import Elaboration
from payer_policy.policy.files import EffectModel, FindingModel, ReduceModel
from payer_policy.policy.parameters import Reports, read_parameter
from payer_policy.policy.versions import Merged, PlacedRule, ReportDiagnostic

_SLOT: Final = re.compile(r"\{([^{}]*)\}")
EFFECTS: Final = ("conclude", "deny", "pend", "reduce", "advise")


class Resolver:
    """Types one merged policy. Code sets hold what they hold on the first day of its span."""

    def __init__(self, merged: Merged, basis: Basis, report: ReportDiagnostic) -> None:
        self.merged, self.basis, self._tell = merged, basis, report
        self.vocabulary = basis.vocabulary
        self._told = 0
        self.uses: set[str] = set()
        """The parameters that were named since this was last cleared."""
        self.parameters: dict[str, ParameterValue | None] = {
            name: read_parameter(placed, self._of_parameter(name))
            if name not in merged.misfits
            else None
            for name, placed in merged.parameters.items()
        }
        members = basis.members_on(merged.first_day)
        self.scope = Scope(
            basis.types,
            basis.types,
            parameters=self.parameters,
            code_sets={
                name: CodeSetMembers(code_set.system or None, members[name])
                for name, code_set in basis.reference.code_sets.items()
            },
            known_codes=lambda system: basis.known_codes.get(system, frozenset()),
            used=self._use,
            at_parameter=self._at_parameter,
        )

    def elaborated(self) -> Elaboration | None:
        """The whole policy, typed; None where something in it is wrong (reported)."""
        rules = {id_: self.rule(placed) for id_, placed in self.merged.rules.items()}
        sound = {id_: rule for id_, rule in rules.items() if rule is not None}
        return self.elaborated_from(self.applies_to(), sound)

    def elaborated_from(
        self, applies_to: Typed | None, rules: Mapping[str, Typed]
    ) -> Elaboration | None:
        """The policy of what was typed of it; None where something is missing, being wrong."""
        parameters = {name: one for name, one in self.parameters.items() if one is not None}
        if (
            applies_to is None
            or len(rules) < len(self.merged.rules)
            or len(parameters) < len(self.parameters)
        ):
            return None
        return Elaboration(self.merged, self.basis, parameters, applies_to, rules)

    def _use(self, kind: str, name: str) -> None:
        if kind == "parameter":
            self.uses.add(name)

    def report(self, problem: Diagnostic) -> None:
        """Take note of a problem."""
        self._told += 1
        self._tell(problem)

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

    def applies_to(self) -> Typed | None:
        """The typed `applies_to`, or None when it is missing or wrong."""
        self.uses.clear()
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
        reads = dict.fromkeys(facts_in_condition(condition))
        for name in reads:
            if self.vocabulary.facts[name].derived:
                reports(
                    "wrong-shape",
                    f"`{name}` is concluded by rules, which run only once the policy applies",
                    where_fact(placed.value, name, placed.path),
                    hint="test facts of the request here",
                )
                return None
        named = frozenset(code_sets_in(condition))
        return Typed(condition, frozenset(self.uses), named, frozenset(reads))

    def rule(self, placed: PlacedRule) -> Typed | None:
        """A typed rule, or None when something in it is wrong (reported)."""
        before = self._told
        return self.basis.typed(
            placed.model, self.parameters, lambda: (self._rule(placed), self._told > before)
        )

    def _rule(self, placed: PlacedRule) -> Typed | None:
        model = placed.model
        self.uses.clear()
        reports = Reports(placed.version, self.report, f"rule `{model.id}`")
        elaborator = Elaborator(self.scope, reports)
        condition = elaborator.condition(model.when, (*placed.path, "when"))
        effect = self._effect(model.then, (*placed.path, "then"), elaborator, reports)
        if condition is None or effect is None:
            return None
        rule = Rule(
            id=model.id,
            title=model.title,
            condition=condition,
            effect=effect,
            cites=tuple(model.cites),
            assume_not_holding=model.if_unknown == "assume_not_holding",
            note=model.note,
            section=model.section,
            origin=placed.version.name,
        )
        reads = frozenset(facts_read(rule))
        named = frozenset(code_sets_in(condition))
        return Typed(rule, frozenset(self.uses), named, reads)

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
            nones = [
                name
                for name in facts_in_expression(to)
                if self.vocabulary.facts[name].type.can_be_none
            ]
            if nones:
                message = f"`to`: `{nones[0]}` can be none, so it is not always an amount"
                hint = "name a fact that cannot be none, or a parameter"
                reports("wrong-type", message, (*here, "to"), hint=hint)
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
                self.uses.add(parameter)
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
