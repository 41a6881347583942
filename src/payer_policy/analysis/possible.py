"""Every request there can be to a policy on a window of dates, as formulas.

Over the rules' own formulas (`payer_policy.symbolic`) it lays what the vocabulary says of facts
(computed ones, attributes of drugs, what silence means), the policy's own bounds (payer, codes,
dates), and the decision on the service with its reasons.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from payer_policy.policy.library import Library
from payer_policy.request.derive import ALWAYS_KNOWN, sources_of
from payer_policy.request.sources import (
    LINE_FIELDS,
    Aggregate,
    Computed,
    DrugAttribute,
    Source,
    facts_of,
    read_line_part,
)
from payer_policy.ruleset import Condition, Finding, Ruleset, facts_in_test, tests_in
from payer_policy.symbolic.arithmetic import Outside, compare
from payer_policy.symbolic.formulas import (
    Conditions,
    Formulas,
    Halves,
    conditions_of,
    sets_concluded_by,
)
from payer_policy.symbolic.logic import (
    Formula,
    all_of,
    any_of,
    both,
    choose,
    either,
    negated,
    same,
    truth_in,
)
from payer_policy.symbolic.search import Search
from payer_policy.symbolic.terms import (
    Codes,
    Facts,
    Number,
    Term,
    choose_value,
    same_value,
)
from payer_policy.vocabulary.outcome import CARC, DECISION, GROUP, OUTCOME, RARC, RULE
from payer_policy.vocabulary.types import FactType, Value

SOON: Final = 1000
"""A found service takes place in so many days after its window begins, where it can."""


@dataclass(frozen=True, slots=True)
class Found:
    """A request that was found: what is known of it, and of which parts its service has lines."""

    facts: Mapping[str, Value]
    parts: frozenset[str] | None = None
    """None: every rule falls on the service, as where nothing is billed yet."""


def facts_for(
    libraries: Iterable[Library],
    rulesets: Sequence[Ruleset],
    conditions: Iterable[Condition] = (),
) -> Facts:
    """The facts that some rulesets and conditions read, with all that they are computed from."""
    types: dict[str, FactType] = {name: fact.type for name, fact in OUTCOME.items()}
    read = [*conditions, *conditions_of(rulesets)]
    for library in libraries:
        types.update({name: fact.type for name, fact in library.vocabulary.facts.items()})
        for ruleset in rulesets:
            for source in _sources(library, ruleset, read).values():
                if isinstance(source, Computed) and source.condition is not None:
                    read.append(source.condition)
    for ruleset in rulesets:
        types.update({name: fact.type for name, fact in ruleset.facts.items()})
    return Facts(types, read, sets_concluded_by(rulesets))


def _sources(
    library: Library, ruleset: Ruleset, conditions: Iterable[Condition]
) -> dict[str, Source]:
    facts = library.vocabulary.facts
    needed = set(ruleset.facts) | {
        name for one in conditions for test in tests_in(one) for name in facts_in_test(test)
    }
    return sources_of(
        library.vocabulary,
        library.reference,
        sorted(name for name in needed if name in facts),
        ruleset.first_day,
    )


class Requests:
    """All requests to one policy on one window of dates.

    The decision is that on a service whose lines belong to some of the parts there are; with all of
    them it is what the policy says of facts without lines. A reduction that holds pends, since
    nothing says how many units are billed on which line.

    `days` are those of the service, where they are fewer than the window's. `facts` are shared by
    rulesets that are asked about one and the same request; `prefix` keeps the rest of two rulesets
    apart.
    """

    def __init__(
        self,
        library: Library,
        ruleset: Ruleset,
        facts: Facts,
        conditions: Iterable[Condition] = (),
        prefix: str = "",
        parts: Mapping[str, Formula] | None = None,
        days: tuple[date, date | None] | None = None,
    ) -> None:
        self._days = days or (ruleset.first_day, ruleset.last_day)
        self.library, self.ruleset, self.facts = library, ruleset, facts
        self._sources = _sources(library, ruleset, conditions)
        self._read: dict[str, Term] = {}
        self._agreed: list[Formula] = []
        self._computed = Conditions(facts, self.read)
        self.formulas = Formulas(ruleset, facts, self.read, prefix)
        self.parts = (
            {
                part: facts.make.flag(f"{prefix}there are lines of {part}")
                for part in ruleset.line_parts
            }
            if parts is None
            else parts
        )
        self.has_lines: dict[str, Formula] = {}
        """Of each part whose lines are counted, that there certainly are some."""
        self.internal = any_of(self.formulas.conflicts.values())
        self.decisions: dict[str, Formula] = {}
        """Of each decision there can be, that it is the one."""
        self.found: dict[int, Formula] = {}
        """Of each rule that finds something, that its finding is on the service."""
        self.outcome = self._outcome()
        self._conditions = Conditions(facts, self._read_any)
        self.domain = list(self._domain())

    # --- facts -----------------------------------------------------------------------------------

    def read(self, name: str) -> Term:
        """The term of a fact that no rule concludes: given, computed, or meant by silence."""
        found = self._read.get(name)
        if found is None:
            found = self._read[name] = self._term(name)
        return found

    def source(self, name: str) -> Source | None:
        """Where a fact comes from; None: it is given, or not known."""
        return self._sources.get(name)

    def _term(self, name: str) -> Term:
        fact = self.library.vocabulary.facts.get(name)
        term = self.facts[name]
        if fact is None:
            return term
        source = self._sources.get(name)
        told: Term | None = None
        if isinstance(source, Computed):
            told = self._told(source)
        elif isinstance(source, DrugAttribute):
            told = self._attribute(source.name, fact.type)
        if told is not None:
            # What was given fills in where nothing is told; where both speak, they agree, since a
            # request that contradicts itself is refused.
            agree = same_value(told.value, term.value)
            self._agreed.append(either(negated(both(told.known, term.known)), agree))
            value = choose_value(told.known, told.value, term.value)
            term = Term(either(told.known, term.known), value)
        if fact.absent_means is not None:
            silent = (
                self.facts.constant_set(name, fact.absent_means)
                if isinstance(fact.absent_means, frozenset)
                else self.facts.constant(fact.absent_means)
            )
            term = Term(True, choose_value(term.known, term.value, silent))
        return term

    def _told(self, source: Computed) -> Term | None:
        if source.condition is not None:
            halves = self._computed.halves(source.condition)
            return Term(either(halves.holds, halves.fails), halves.holds)
        try:
            return self._computed.expression(source.expression)
        except Outside:
            return None

    def _attribute(self, name: str, type_: FactType) -> Term | None:
        """An attribute of the service's drug, by its code and day."""
        code_fact = self.library.facts_by_source.get(("service", "code"))
        if code_fact is None or type_.kind == "codes":
            return None
        code = self.facts[code_fact]
        terms = []
        for listed in sorted(self.library.codes.get(self.ruleset.policy, ())):
            here = both(code.known, code.value == self.facts.texts.number(listed))
            terms.append((here, self._of_drug(listed, name)))
        if not terms:
            return None
        # The policy applies to no other code, so where all before it are ruled out it is the last.
        known, value = terms[-1][1].known, terms[-1][1].value
        for here, term in reversed(terms[:-1]):
            if term.value is not None:
                value = term.value if value is None else choose_value(here, term.value, value)
            known = choose(here, term.known, known)
        return None if value is None else Term(known, value)

    def _of_drug(self, code: str, name: str) -> Term:
        """An attribute of one code. Its value is None where the files say nothing of it."""
        known: Formula = False
        value: Any = None
        for when, attribute in self._on_days(code, name):
            if attribute is not None:
                constant = self.facts.constant(attribute)
                value = constant if value is None else choose_value(when, constant, value)
                known = either(known, when)
        return Term(known, value)

    def _on_days(self, code: str, name: str) -> Iterator[tuple[Formula, Value | None]]:
        drug = self.library.reference.drugs.get(code)
        plain: dict[str, Value | None] = {
            "listed": drug is not None,
            "billing_unit_mcg": None if drug is None else drug.billing_unit_mcg,
            "ingredient": None if drug is None else drug.ingredient,
        }
        if name in plain or drug is None:
            yield True, plain.get(name)
            return
        day_fact = self.library.facts_by_source.get(("service", "date"))
        day = None if day_fact is None else self.facts[day_fact]
        first, last = self.ruleset.first_day, self.ruleset.last_day or date.max
        for entry in drug.attributes.get(name, ()):
            begins, ends = entry.first_day or date.min, entry.last_day or date.max
            if begins > last or ends < first:
                continue
            if day is None:
                yield begins <= first <= ends, entry.value
                continue
            # Days outside the window need no telling apart.
            inside = all_of(
                [
                    True if begins <= first else day.value >= begins.toordinal(),
                    True if ends >= last else day.value <= ends.toordinal(),
                ]
            )
            yield inside, entry.value

    # --- the bounds of the policy ----------------------------------------------------------------

    def _domain(self) -> Iterator[Formula]:
        library, ruleset = self.library, self.ruleset
        yield Conditions(self.facts, self.read).halves(ruleset.applies_to).holds
        by_source = library.facts_by_source
        day_fact = by_source.get(("service", "date"))
        if day_fact is not None:
            day = self.facts[day_fact]
            first, last = self._days
            inside = all_of(
                [
                    day.value >= first.toordinal(),
                    True if last is None else day.value <= last.toordinal(),
                ]
            )
            yield both(day.known, inside)
            through_fact = by_source.get(("service", "through"))
            if through_fact is not None:  # what runs over several days pends, or goes by its days
                through = self.facts[through_fact]
                yield either(negated(through.known), through.value <= day.value)
        payer_fact = by_source.get(("request", "coverage.payer"))
        if payer_fact is not None:
            payer = self.facts[payer_fact]
            folder = self.facts.texts.number(ruleset.policy.partition("/")[0])
            yield both(payer.known, payer.value == folder)
        business_fact = by_source.get(("request", "coverage.line_of_business"))
        known = library.reference.payers[ruleset.policy.partition("/")[0]].lines_of_business
        if business_fact is not None and len(known) == 1:
            business = self.facts[business_fact]
            yield both(business.known, business.value == self.facts.texts.number(known[0]))
        for path in ("kind", "frequency"):
            fact = by_source.get(("request", path))
            if fact is not None:  # the form has a word for each, so one of them is always said
                yield self.facts[fact].known
        yield from self._counted()

    # --- the decision ----------------------------------------------------------------------------

    def _counted(self) -> Iterator[Formula]:
        """Where a service has lines, those of each part are counted, and there are some or none."""
        types = {name: fact.type for name, fact in self.library.vocabulary.facts.items()}
        everywhere = all_of(self.parts.values())
        of_part = {
            part.name: where
            for part in self.library.vocabulary.line_parts.values()
            if part.name in self.parts
            and (where := read_line_part(part, types, {}, lambda _: frozenset(), _no_problems))
        }
        for part, where in of_part.items():
            for name, source in self._sources.items():
                match source:
                    case Aggregate("service", counted, "count", None, None) if counted == where:
                        count = self.read(name)
                        some = compare(operator.ge, count.value, Number(1))
                        fits = both(count.known, same(self.parts[part], some))
                        self.has_lines[part] = both(count.known, some)
                        yield either(everywhere, fits)
        if not _line_beside_all(of_part.values()):
            yield any_of(self.parts.values())

    def _outcome(self) -> dict[str, Term]:
        denied: list[Formula] = []
        pending: list[Formula] = []
        reducing: dict[int, Formula] = {}
        for at, (rule, halves) in enumerate(
            zip(self.ruleset.rules, self.formulas.rules, strict=True)
        ):
            finding = rule.effect
            if not isinstance(finding, Finding):
                continue
            on = True if finding.part is None else self.parts.get(finding.part, False)
            holds = both(halves.holds, on)
            match finding.kind:
                case "deny":
                    denied.append(holds)
                case "pend":
                    pending.append(holds)
                case "reduce":
                    pending.append(holds)
                    reducing[at] = both(holds, self._amount(finding).known)
            self.found[at] = holds
            if finding.kind != "advise" and not rule.assume_not_holding:
                pending.append(both(halves.unknown, on))
        deny = any_of(denied)
        everywhere = all_of(self.parts.values())
        for at, found in reducing.items():
            self.found[at] = all_of([found, everywhere, negated(deny)])
        self.decisions = {
            "deny": both(negated(self.internal), deny),
            "pend": either(self.internal, both(negated(deny), any_of(pending))),
        }
        decision: Any = self.facts.texts.number("approve")
        for value, when in self.decisions.items():
            decision = choose(when, self.facts.texts.number(value), decision)
        self.decisions["approve"] = negated(any_of(self.decisions.values()))
        return {DECISION: Term(True, decision), **self._reasons()}

    def _amount(self, finding: Finding) -> Term:
        assert finding.to is not None
        try:
            return self.formulas.conditions.expression(finding.to)
        except Outside:
            return Term(self.facts.make.some_flag(), Number(0))

    def _reasons(self) -> dict[str, Term]:
        texts: dict[str, dict[int, list[Formula]]] = {
            name: {} for name in (GROUP, CARC, RARC, RULE)
        }
        for at, found in self.found.items():
            rule = self.ruleset.rules[at]
            finding = rule.effect
            assert isinstance(finding, Finding)
            if finding.kind == "advise":
                continue
            reason = finding.reason
            for name, said in (
                (GROUP, (reason.group,)),
                (CARC, (reason.carc,)),
                (RARC, reason.rarcs),
                (RULE, (rule.id,)),
            ):
                for code in said:
                    if code is not None:
                        texts[name].setdefault(self.facts.texts.number(code), []).append(found)
        out = {}
        for name, listed in texts.items():
            members = {text: any_of(founds) for text, founds in listed.items()}
            for text in self.facts.texts_told_apart(name):
                members.setdefault(text, False)
            out[name] = Term(True, Codes(members, False, {}, {text: text for text in members}))
        return out

    # --- questions -------------------------------------------------------------------------------

    def _read_any(self, name: str) -> Term:
        return self.outcome[name] if name in self.outcome else self.formulas.read(name)

    def halves(self, condition: Condition) -> Halves:
        """A condition over facts, derived facts, the decision and its reasons."""
        return self._conditions.halves(condition)

    def everything(self) -> list[Formula]:
        """What holds of every request: the meaning of names, and the policy's bounds."""
        return [*self.formulas.definitions, *self.domain, *self._agreed]

    def asked_whether_known(self, conditions: Iterable[Condition]) -> frozenset[str]:
        """The facts of the request of which some condition asks whether they are known at all.

        To learn any other fact settles more and turns nothing round (Kleene's logic is monotone), so
        two requests that differ in these facts show whatever any two show.
        """
        read = [*conditions, *conditions_of([self.ruleset])]
        read += [
            source.condition
            for source in self._sources.values()
            if isinstance(source, Computed) and source.condition is not None
        ]
        out: set[str] = set()

        def take(name: str) -> None:
            if name in out:
                return
            if name in self.ruleset.derived:  # known by what any rule needs
                for other in self.facts.names():
                    out.add(other)
                return
            out.add(name)
            source = self._sources.get(name)
            for other in facts_of(source) if isinstance(source, Computed) else ():
                take(other)

        for condition in read:
            for test in tests_in(condition):
                if test.operator == "is_known":
                    take(test.fact)
        return frozenset(out)

    def learns(self, later: Requests) -> Formula:
        """That the later request is this one with more known of it, and nothing unsaid.

        What silence means is not learnt: a fact that has a meaning when nothing is said keeps it.
        """
        formulas = []
        for name in self.facts.names():
            formulas.append(self.facts.learnt(name, later.facts))
            fact = self.library.vocabulary.facts.get(name)
            if fact is not None and fact.absent_means is not None:
                formulas.append(either(self.facts[name].known, negated(later.facts[name].known)))
        return all_of(formulas)

    def wishes(self) -> list[Formula]:
        """What makes a found request plainer, the most wanted first."""
        wishes = [all_of(self.parts.values())]
        day = self.library.facts_by_source.get(("service", "date"))
        if day is not None:
            wishes.append(self.facts[day].known)
            soon = self._days[0].toordinal() + SOON
            wishes.append(self.facts[day].value <= soon)
        kind = self.library.facts_by_source.get(("request", "kind"))
        if kind is not None and (values := self.facts.types[kind].values):
            wishes.append(self.facts[kind].value == self.facts.texts.number(values[0]))
        return wishes

    def in_model(self, model: Any) -> Found:
        """The request of a model."""
        facts = self.facts.values_in(model)
        parts = frozenset(part for part, there in self.parts.items() if truth_in(model, there))
        return Found(facts, None if len(parts) == len(self.parts) else parts)


def _no_problems(*said: Any, **more: Any) -> None:
    """The vocabulary was checked when it was read."""


def _line_beside_all(parts: Iterable[Condition]) -> bool:
    """Whether a line can belong to no part."""
    conditions = tuple(parts)
    line = Facts(LINE_FIELDS, conditions)
    outside = [negated(Conditions(line).halves(condition).holds) for condition in conditions]
    always = [line[name].known for name in ALWAYS_KNOWN]
    return Search(line, always).find(*outside) is not None
