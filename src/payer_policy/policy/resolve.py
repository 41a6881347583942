"""A merged policy, typed: every name, unit and value of its rules checked, each problem reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from operator import itemgetter
from typing import Any, Final

from payer_policy.core.canonical import digest
from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import JsonPath, Report, Reporter
from payer_policy.core.ruleset import (
    All,
    Certifies,
    Conclude,
    Constant,
    Expression,
    FindingEffect,
    Reason,
    Rule,
    Sentence,
    code_sets_in,
    code_sets_of,
    facts_in_condition,
    facts_read,
    facts_taken_over,
    gives_none,
)
from payer_policy.core.tables import Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar, read_calendar
from payer_policy.core.vocabulary.reading import WHOLE_SERVICE, facts_named, read_units
from payer_policy.core.vocabulary.types import FactType, Value, format_value
from payer_policy.core.vocabulary.units import DRUG_AMOUNT, Unit, UnitTable
from payer_policy.language import (
    CALENDAR,
    DEFINE,
    TABLE,
    Definition,
    Definitions,
    Elaborator,
    ParameterValue,
    Scope,
    TableReader,
    WrittenTable,
    and_,
)
from payer_policy.policy.basis import Basis, Typed
from payer_policy.policy.drug_codes import drug_codes
from payer_policy.policy.elaboration import Elaboration
from payer_policy.policy.files import (
    CertifyModel,
    EffectModel,
    FindingModel,
    ReduceModel,
    RuleModel,
)
from payer_policy.policy.local_facts import with_local_facts
from payer_policy.policy.parameters import read_parameter
from payer_policy.policy.versions import Merged, MergedTable, Placed

BILLING_UNITS: Final = FactType("decimal", "billing units")
_SLOT: Final = re.compile(r"\{([^{}]*)\}")
EFFECTS: Final = ("conclude", "deny", "pend", "reduce", "certify", "advise")


class Resolver:
    """Types one merged policy. Code sets have the members of the first day of its span."""

    def __init__(self, merged: Merged, basis: Basis, report: Report) -> None:
        self.merged = merged
        self._report_to, self._reported = report, 0
        self.uses: set[str] = set()
        """The parameters and definitions that were named since this was last cleared."""
        units = self._units(basis.vocabulary.units)
        self.parameters: dict[str, ParameterValue | None] = {
            name: None
            if name in merged.misfits
            else read_parameter(placed, units, self._parameter(name))
            for name, placed in merged.parameters.items()
        }
        calendars = {**basis.vocabulary.calendars, **self._calendars()}
        names = {
            "units": units,
            "parameters": self.parameters,
            "calendars": calendars,
            "used": self._use,
            "at_parameter": lambda name: self._parameter(name, "value"),
        }
        self.basis = with_local_facts(basis, merged, names, self.report)
        self.used_by_facts = frozenset(self.uses)
        """The parameters that the sources of the policy's own facts name."""
        self.vocabulary = self.basis.vocabulary
        self.scope = self.basis.scope(merged.first_day, **names)
        self.drugs = self._measured() if self.vocabulary.amounts else {}
        """A code for each dimension that the drugs of `applies_to` are measured by, with its unit."""
        if len(self.drugs) == 1:
            self.scope = replace(self.scope, units=units.of_drug(*self.drugs.values()))
        self.tables: dict[str, Table | None] = {
            name: self._table(name, table) for name, table in merged.tables.items()
        }
        self.scope = replace(self.scope, tables=self.tables)
        self.definitions = Definitions(
            {
                name: Definition(
                    placed.model.kind,
                    placed.model.when if placed.model.kind == "when" else placed.model.value,
                    placed.reporter(self.report, f"definition `{name}`"),
                )
                for name, placed in merged.definitions.items()
            },
            self.scope,
        )
        self.scope = replace(self.scope, definitions=self.definitions)
        self.names: Mapping[str, object] = {
            **self.parameters,
            **{CALENDAR + name: calendar for name, calendar in calendars.items()},
            **{TABLE + name: table for name, table in self.tables.items()},
            **{
                DEFINE + name: digest([placed.model.value, placed.model.when])
                for name, placed in merged.definitions.items()
            },
        }
        """What a rule may name, each with what it means: a rule that names equal things is equal."""

    def _units(self, units: UnitTable) -> UnitTable:
        """The units that the policy can name: those of the vocabulary, and of the files of its chain."""
        for version in self.merged.chain:
            units = read_units(version.model.units, version.reporter(self.report), units)
        return units

    @cached_property
    def _defined_by_amounts(self) -> bool:
        """Whether a definition or a table is about an amount of the drug, so a rule that names it is."""
        if not self.vocabulary.amounts:
            return False
        defined = [[one.model.when, one.model.value] for one in self.merged.definitions.values()]
        tables = self.merged.tables.values()
        read = facts_named(defined).union(*(one.placed.model.by or [] for one in tables))
        gives = [one.unit for made in tables for one in (made.placed.model.gives or {}).values()]
        return not read.isdisjoint(self.vocabulary.amounts) or any(
            DRUG_AMOUNT in (unit or "") for unit in gives
        )

    def _scopes(self) -> Iterator[tuple[str, Scope]]:
        """What a rule may name, for each dimension that its drugs are measured by, with a code of it.

        Where nothing says for which drugs it is, no other unit converts to an amount of the drug.
        """
        if len(self.drugs) < 2:
            yield "", self.scope
            return
        for code, amount in self.drugs.items():
            units = self.scope.units.of_drug(amount)
            yield f", for {code} ({amount.name})", replace(self.scope, units=units)

    def _measured(self) -> Mapping[str, Unit]:
        placed = self.merged.applies_to
        if placed is None:
            return {}
        quiet = Reporter(placed.version.document, lambda problem: None)
        scope = replace(self.scope, used=lambda name: None, at_parameter=lambda name: quiet)
        condition = Elaborator(scope, quiet).condition(placed.model, ())
        if condition is None:
            return {}
        codes = drug_codes(self.merged, condition, self.basis)
        known = self.basis.reference.drugs
        found: dict[object, tuple[str, Unit]] = {}
        for code in sorted(codes & known.keys()):
            found.setdefault(known[code].amount.powers, (code, known[code].amount))
        return dict(found.values())

    def elaborated(self) -> Elaboration | None:
        """The whole policy, typed; None where something in it is wrong (reported)."""
        rules = {id_: self.rule(placed) for id_, placed in self.merged.rules.items()}
        sound = {id_: rule for id_, rule in rules.items() if rule is not None}
        return self.elaborated_from(self.applies_to(), sound)

    def elaborated_from(
        self, applies_to: Typed | None, rules: Mapping[str, Typed]
    ) -> Elaboration | None:
        """The policy of its typed parts; None where one of them is missing, because it is wrong."""
        parameters = {name: one for name, one in self.parameters.items() if one is not None}
        if (
            applies_to is None
            or len(rules) < len(self.merged.rules)
            or len(parameters) < len(self.parameters)
            or None in self.tables.values()
            or not self.definitions.check()
        ):
            return None
        tables = {name: table for name, table in self.tables.items() if table is not None}
        amount = next(iter(self.drugs.values())) if len(self.drugs) == 1 else None
        return Elaboration(self.merged, self.basis, parameters, applies_to, rules, tables, amount)

    def _calendars(self) -> dict[str, HolidayCalendar | None]:
        """The policy's own holiday calendars; None: wrong (reported)."""
        return {
            name: read_calendar(
                name, placed.model, placed.reporter(self.report, f"calendar `{name}`")
            )
            for name, placed in self.merged.calendars.items()
        }

    def _table(self, name: str, table: MergedTable) -> Table | None:
        """A table, typed, or None when something in it is wrong (reported)."""
        before = self._reported
        about = f"table `{name}`"
        placed, rows = table.placed, table.rows

        def make() -> tuple[Typed | None, bool]:
            gives = placed.model.gives or {}
            reporters = [
                one.reporter(self.report, f"{about}: row `{id_}`" if id_ else about)
                for one in rows
                for id_ in [one.model.get("id") if isinstance(one.model, dict) else None]
            ]
            written = WrittenTable(
                name,
                placed.model.by or [],
                {column: model.fact_type() for column, model in gives.items()},
                list(zip([one.model for one in rows], reporters, strict=True)),
                None
                if table.otherwise is None
                else (table.otherwise.model, table.otherwise.reporter(self.report, about)),
                placed.reporter(self.report, about),
            )
            made = TableReader(written, self.scope).read()
            if made is None:
                return None, True
            typed = Typed(made, frozenset(), frozenset(), frozenset(made.keys))
            return typed, self._reported > before

        units = {model.unit for model in (placed.model.gives or {}).values()}
        of_drug = self.vocabulary.amounts.union(
            unit for unit in units if DRUG_AMOUNT in (unit or "")
        )
        if of_drug.isdisjoint([*(placed.model.by or []), *units]):
            typed = self.basis.typed(table.source, {}, make)
        else:  # what its amounts mean depends on the drugs
            typed = make()[0]
        return None if typed is None else typed.made

    def _use(self, name: str) -> None:
        self.uses.add(name)

    def report(self, problem: Diagnostic) -> None:
        """Report a problem, and count it."""
        self._reported += 1
        self._report_to(problem)

    def _parameter(self, name: str, *path: str) -> Reporter:
        placed = self.merged.parameters[name]
        about = f"parameter `{name}`"
        return Reporter(placed.version.document, self.report, about, (*placed.path, *path))

    # --- rules -----------------------------------------------------------------------------------

    def applies_to(self) -> Typed | None:
        """The typed `applies_to`, or None when it is missing or wrong."""
        self.uses.clear()
        placed = self.merged.applies_to
        if placed is None and self.merged.version.abstract:
            return Typed(All(()), frozenset(), frozenset(), frozenset())
        if placed is None:
            if any(not base.abstract for base in self.merged.chain[:-1]):
                return None  # reported for that base
            self.merged.version.reporter(self.report)(
                "missing-key",
                "`applies_to` is missing: nothing says which requests this policy decides",
                hint='add "applies_to": {"fact": …, "in": [ … ]}, or "abstract": true to a module',
            )
            return None
        report = placed.reporter(self.report, "`applies_to`")
        condition = Elaborator(self.scope, report).condition(placed.model, ())
        if condition is None:
            return None
        reads = dict.fromkeys(facts_in_condition(condition))
        for name in reads:
            if self.vocabulary.tested[name].derived:
                report(
                    "wrong-shape",
                    f"`{name}` is concluded by rules, which run only once the policy applies",
                    where_fact(placed.model, name, ()),
                    hint="test facts of the request here",
                )
                return None
        named = frozenset(code_sets_in(condition))
        return Typed(condition, frozenset(self.uses), named, frozenset(reads))

    def rule(self, placed: Placed[RuleModel]) -> Typed | None:
        """A typed rule, or None when something in it is wrong (reported)."""
        before = self._reported
        read = facts_named(
            [placed.model.when, placed.model.then.reduce and placed.model.then.reduce.to]
        )
        if read.isdisjoint(self.vocabulary.amounts) and not self._defined_by_amounts:
            return self.basis.typed(
                placed.model,
                self.names,
                lambda: (self._rule(placed, "", self.scope), self._reported > before),
            )
        # What it means depends on the drugs, so it is not taken from another policy that has it.
        made = None
        for about, scope in self._scopes():
            made = self._rule(placed, about, scope)
            if made is None:
                break
        return made

    def _rule(self, placed: Placed[RuleModel], about: str, scope: Scope) -> Typed | None:
        model = placed.model
        self.uses.clear()
        report = placed.reporter(self.report, f"rule `{model.id}`{about}")
        elaborator = Elaborator(scope, report)
        condition = elaborator.condition(model.when, ("when",))
        effect = self._effect(model.then, ("then",), elaborator)
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
        named = set(code_sets_in(condition))
        if isinstance(effect, FindingEffect):
            named.update(name for one in effect.amounts() for name in code_sets_of(one))
        reads = frozenset(facts_read(rule))
        shows = effect.because.facts if isinstance(effect, FindingEffect) else rule.concludes
        return Typed(rule, frozenset(self.uses), frozenset(named), reads, frozenset(shows))

    def _effect(
        self, model: EffectModel, path: JsonPath, elaborator: Elaborator
    ) -> Conclude | FindingEffect | None:
        report = elaborator.report
        given = [name for name in EFFECTS if name in model.model_fields_set]
        if len(given) != 1:
            report(
                "wrong-shape",
                f"`then` has exactly one of {', '.join(EFFECTS)}; "
                f"found {and_(given) or 'none of them'}",
                (*path, given[1]) if given else path,
                key=True,
                hint="write a second rule for the other" if given else None,
            )
            return None
        kind = given[0]
        here = (*path, kind)
        if getattr(model, kind) is None:
            report("wrong-type", f"`{kind}`: found null; an object was expected", here)
            return None
        if model.conclude is not None:
            return self._conclude(model.conclude, here, elaborator)
        finding: FindingModel = getattr(model, kind)
        to, certifies = None, None
        if isinstance(finding, ReduceModel):
            to = self._amount(finding.to, (*here, "to"), elaborator)
            if to is None:
                return None
        elif isinstance(finding, CertifyModel):
            before = self._reported
            to, certifies = self._certifies(finding, here, elaborator)
            if self._reported > before:
                return None
        part = None if finding.on == WHOLE_SERVICE else finding.on
        if part is not None and part not in self.vocabulary.line_parts:
            legal = (WHOLE_SERVICE, *self.vocabulary.line_parts)
            message = f"`on`: `{part}` is not a part of a service's lines; "
            message += f"expected one of {', '.join(legal)}"
            report("unknown-value", message, (*here, "on"), hint=did_you_mean(part, legal))
            return None
        sentence = self._sentence(finding.because, (*here, "because"), report)
        if sentence is None:
            return None
        reason = Reason(finding.group, finding.carc, tuple(finding.rarc))
        return FindingEffect(
            kind,  # type: ignore[arg-type]
            reason,
            sentence,
            part,
            to,
            review=getattr(finding, "review", None) is not None,
            disposition=getattr(finding, "disposition", None),
            follow_up=getattr(finding, "follow_up", False),
            certifies=certifies,
        )

    def _certifies(
        self, model: CertifyModel, path: JsonPath, elaborator: Elaborator
    ) -> tuple[Expression | None, Certifies]:
        """The quantity that is certified, and what else is; what is wrong is reported."""
        here = path

        def made(raw: Any, wanted: FactType, *path: str) -> Expression | None:
            place = (*here, *path)
            value = None if raw is None else self._amount(raw, place, elaborator, wanted)
            least = 1 if wanted.kind == "integer" else 0
            if isinstance(value, Constant) and wanted.unit and value.value < least:  # type: ignore[operator]
                message = f"`{path[-1]}`: found {value.value}; at least {least} was expected"
                elaborator.report("wrong-value", message, place)
            return value

        units, day = BILLING_UNITS, FactType("date")
        if model.last_day is not None and model.length is not None:
            message = "`through` and `for` both say when the certified period ends"
            elaborator.report("wrong-shape", message, (*path, "for"), key=True, hint="keep one")
        per = every = length = every_unit = length_unit = None
        if model.quantity_per is not None:
            ((every_unit, raw),) = model.quantity_per.every.items()
            per = made(model.quantity_per.quantity, units, "quantity_per", "quantity")
            wanted = FactType("integer", every_unit)
            every = made(raw, wanted, "quantity_per", "every", every_unit)
        if model.length is not None:
            ((length_unit, raw),) = model.length.items()
            length = made(raw, FactType("integer", length_unit), "for", length_unit)
        quantity = made(model.quantity, units, "quantity")
        return quantity, Certifies(
            codes=made(model.codes, FactType("codes", system="hcpcs"), "codes"),
            per=per,
            every=every,
            every_unit=every_unit,
            first_day=made(model.first_day, day, "from"),
            last_day=made(model.last_day, day, "through"),
            length=length,
            length_unit=length_unit,
        )

    def _amount(
        self,
        raw: Any,
        path: JsonPath,
        elaborator: Elaborator,
        wanted: FactType = BILLING_UNITS,
    ) -> Expression | None:
        """What a reduction leaves, or a certification certifies: always a value."""
        to = elaborator.value(raw, wanted, path)
        if to is not None and gives_none(to):
            message = f"`{path[-1]}`: a table that it looks up may give none"
            hint = 'give each row and "otherwise" a value'
            elaborator.report("wrong-type", message, path, hint=hint)
            return None
        for name in () if to is None else facts_taken_over(to):
            if self.vocabulary.facts[name].type.can_be_none:
                noun = "an amount" if wanted.kind != "date" else "a date"
                message = f"`{path[-1]}`: `{name}` can be none, so it is not always {noun}"
                hint = "name a fact that cannot be none, or a parameter"
                elaborator.report("wrong-type", message, path, hint=hint)
                return None
        return to

    def _conclude(
        self, values: Mapping[str, Any], path: JsonPath, elaborator: Elaborator
    ) -> Conclude | None:
        report = elaborator.report
        derived = {name for name, fact in self.vocabulary.facts.items() if fact.derived}
        made: list[tuple[str, Value]] = []
        if not values:
            message = "`conclude` concludes nothing"
            report("empty-condition", message, path, key=True, hint='write {"fact.name": value}')
            return None
        for name, raw in values.items():
            here = (*path, name)
            fact = self.vocabulary.facts.get(name)
            if fact is None:
                hint = did_you_mean(name, derived)
                report("unknown-fact", f"`{name}` is not a fact", here, key=True, hint=hint)
                continue
            if not fact.derived:
                hint = did_you_mean(name, derived)
                hint = hint or 'declare it with "derived": true'
                message = f"`{name}` comes from the request; a rule cannot conclude it"
                report("not-derived", message, here, key=True, hint=hint)
                continue
            expression = elaborator.about(name).value(raw, fact.type, here)
            if isinstance(expression, Constant):
                made.append((name, expression.value))
            elif expression is not None:
                message = f"`{name}`: a conclusion is a plain value or a parameter"
                hint = "declare a fact that is computed, and test it in another rule"
                report("wrong-type", message, here, hint=hint)
        whole = len(made) == len(values)
        return Conclude(tuple(sorted(made, key=itemgetter(0)))) if whole else None

    def _sentence(self, text: str, path: JsonPath, report: Reporter) -> Sentence | None:
        pieces: list[str] = [""]
        facts: list[str] = []
        end = 0
        sound = True

        def unknown(noun: str, name: str, slot: re.Match[str], hint: str | None) -> None:
            message = f"the sentence prints {{{slot.group(1).strip()}}}, but `{name}` is not "
            report(f"unknown-{noun}", f"{message}a {noun}", path, hint=hint, part=slot.group())

        for slot in _SLOT.finditer(text):
            pieces[-1] += text[end : slot.start()]
            end = slot.end()
            name = slot.group(1).strip()
            if name.startswith("parameter:"):
                parameter = name.removeprefix("parameter:").strip()
                self.uses.add(parameter)
                known = self.parameters.get(parameter)
                if known is not None:
                    pieces[-1] += format_value(known.value, known.type)
                    continue
                sound = False
                if parameter not in self.parameters:
                    hint = did_you_mean(parameter, self.parameters)
                    hint = hint or f"parameters: {', '.join(list(self.parameters)[:8])}"
                    unknown("parameter", parameter, slot, hint)
            elif name in self.vocabulary.facts:
                facts.append(name)
                pieces.append("")
            else:
                sound = False
                hint = did_you_mean(name, self.vocabulary.facts)
                if name in self.parameters:
                    hint = f"write {{parameter:{name}}}"
                unknown("fact", name, slot, hint)
        pieces[-1] += text[end:]
        rest = _SLOT.sub("", text)
        if "{" in rest or "}" in rest:
            brace = "{" if "{" in rest else "}"
            message = f"the sentence has a `{brace}` without its partner"
            report("wrong-shape", message, path, hint="write {fact.name}")
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
