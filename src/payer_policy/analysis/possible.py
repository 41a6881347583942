"""Every request there can be to a policy on a window of dates, as formulas.

Over the rules' own formulas (`payer_policy.engines.symbolic`) it lays what the vocabulary says of facts
(computed ones, attributes of drugs, what silence means), the policy's own bounds (payer, codes,
dates), and the decision on the service with its reasons.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Final, Literal

from payer_policy.analysis.lists import axioms, not_given
from payer_policy.core.ruleset import (
    PREAUTHORIZATION,
    VOID,
    Condition,
    Constant,
    Expression,
    FindingEffect,
    Rule,
    Ruleset,
    facts_in_test,
    tests_in,
)
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.outcome import (
    ASSUMPTIONS,
    CARC,
    DECISION,
    GROUP,
    OUTCOME,
    RARC,
    RULE,
)
from payer_policy.core.vocabulary.types import NONE, NUMERIC, FactType, Value
from payer_policy.determination.conflicts import Reach
from payer_policy.engines.symbolic.arithmetic import Outside, compare
from payer_policy.engines.symbolic.formulas import (
    Conditions,
    Formulas,
    Halves,
    codes_concluded_by,
    conditions_of,
)
from payer_policy.engines.symbolic.logic import (
    Formula,
    all_of,
    any_of,
    at_least,
    both,
    choose,
    either,
    negated,
    same,
    truth_in,
)
from payer_policy.engines.symbolic.search import Search
from payer_policy.engines.symbolic.terms import (
    Codes,
    Facts,
    Number,
    Term,
    choose_term,
    choose_value,
    same_term,
)
from payer_policy.language.sources import (
    LINE_FIELDS,
    ORIGINAL,
    Aggregate,
    Computed,
    DrugAttribute,
    Source,
    facts_of,
)
from payer_policy.policy.learning import Learning, left_by_lines
from payer_policy.policy.library import Library
from payer_policy.request.derive import ALWAYS_KNOWN

Decision = Literal["approve", "deny", "pend", "not_required"]
DECISIONS: Final[tuple[Decision, ...]] = ("approve", "deny", "pend", "not_required")

FEW: Final = (8, 12, 16, 24)
"""The numbers of known facts that a found request should not exceed, tried from the least."""
NEAR_BEFORE: Final = 3
"""Years before a window in which the dates of a found request should be."""
A_LIFE: Final = 90
"""Years before a window in which they should be otherwise: birth dates."""
SMALL: Final = 100
"""The largest number that a found request should have; none should be below zero."""
NOT_LARGE: Final = 10_000
"""The largest number that it should have otherwise."""
SOON: Final = 1000
"""Days after the start of its window within which a found service should take place."""


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """A request that was found: its facts, and the parts its service has lines of."""

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
        types.update({name: fact.type for name, fact in library.vocabulary.tested.items()})
        for ruleset in rulesets:
            for source in _sources(library, ruleset, read).values():
                if isinstance(source, Computed) and source.condition is not None:
                    read.append(source.condition)
    for ruleset in rulesets:
        types.update({name: fact.type for name, fact in ruleset.facts.items()})
    return Facts(types, read, codes_concluded_by(rulesets))


def _sources(
    library: Library, ruleset: Ruleset, conditions: Iterable[Condition]
) -> dict[str, Source]:
    facts = library.vocabulary.facts
    needed = set(ruleset.facts) | {
        name for one in conditions for test in tests_in(one) for name in facts_in_test(test)
    }
    return library.basis_of(ruleset).sources_on(
        sorted(name for name in needed if name in facts), ruleset.first_day
    )


class Requests:
    """All requests to one policy on one window of dates.

    The decision is that on a service whose lines belong to some of the parts there are; with all of
    them it is what the policy says of facts without lines. A reduction that holds pends, since
    nothing says how many units are billed on which line.

    Without `by_absence` nothing is made of what is not known: silence means nothing, and a test
    whether a fact is known is unknown itself where it is not. What is settled even so rests on no
    assumption.

    `lines` says whether the service has lines, where that is known. No clinician has confirmed anything.

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
        *,
        by_absence: bool = True,
        lines: bool | None = None,
    ) -> None:
        self._lines = lines
        self._days = days or (ruleset.first_day, ruleset.last_day)
        self.library, self.ruleset, self.facts = library, ruleset, facts
        self._prefix, self._asked, self._by_absence = prefix, tuple(conditions), by_absence
        self._sources = _sources(library, ruleset, self._asked)
        self._read: dict[str, Term] = {}
        self._stated: dict[str, Formula] = {}
        """For each fact that was read: it is known, and not by what silence means."""
        self.in_files: dict[str, Formula] = {}
        """For each attribute of the drug: the files state it."""
        self._agreed: list[Formula] = []
        self._computed = Conditions(facts, self.read, by_absence=by_absence)
        self._spoken = Conditions(facts, self._without_silence, by_absence=by_absence)
        self.formulas = Formulas(ruleset, facts, self.read, prefix, by_absence=by_absence)
        self.parts = (
            {
                part: facts.make.flag(f"{prefix}there are lines of {part}")
                for part in ruleset.line_parts
            }
            if parts is None
            else parts
        )
        self.has_lines: dict[str, Formula] = {}
        """For each part whose lines are counted: there certainly are some."""
        self.conflict = any_of(self.formulas.conflicts.values())
        """Rules that hold disagree on some fact."""
        self._reach = Reach(ruleset)
        self.decisions: dict[str, Formula] = {}
        """For each possible decision: it is the one."""
        self.found: dict[int, Formula] = {}
        """For each rule with a finding: the finding is on the service."""
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

    def _of_form(self, part: str, path: str) -> Term | None:
        """The term of the fact that a field of the form fills in; None: no fact does."""
        name = self.library.facts_by_source.get((part, path))
        return None if name is None else self.facts[name]

    def _is(self, term: Term, text: str) -> Formula:
        """That a fact is known to be a text."""
        return both(term.known, term.value == self.facts.texts.number(text))

    def source(self, name: str) -> Source | None:
        """Where a fact comes from; None: it is given, or not known."""
        return self._sources.get(name)

    def _term(self, name: str) -> Term:
        fact = self.library.vocabulary.facts.get(name)
        if fact is not None and fact.derived:  # and no rule of this policy concludes it
            return self._otherwise(fact)
        term = self.facts[name]
        if fact is None:
            return term
        source = self._sources.get(name)
        implied, spoken = self._implied(source, fact.type, self._computed), None
        if isinstance(source, DrugAttribute):
            self.in_files[name] = False if implied is None else implied.known
        elif source == ORIGINAL and fact.type.can_be_none:
            term = choose_term(term.known, term, self._none_of_an_original(term))
        if implied is not None:
            if isinstance(source, Computed) and self._rests_on_silence(source):
                spoken = self._implied(source, fact.type, self._spoken)
            term = self._filled_in(term, implied, spoken or implied)
        self._stated[name] = term.known
        if not self._by_absence:
            return self._whatever_lines_say(source, term)
        if fact.absent_means is not None:
            term = choose_term(term.known, term, self._always(fact, fact.absent_means))
        return term

    def _none_of_an_original(self, term: Term) -> Term:
        """That a claim replaces none, where its frequency says that it is an original."""
        frequency = self._of_form("request", "frequency")
        if frequency is None:
            return Term(False, term.value)
        return Term(self._is(frequency, "1"), term.value, True)

    def _always(self, fact: Fact, value: Value) -> Term:
        """A fact that is known to have a value."""
        if value is NONE:
            return Term(True, self.facts[fact.name].value, True)
        return Term(True, self._constant(fact.name, value))

    def _constant(self, name: str, value: Value) -> Any:
        if isinstance(value, frozenset):
            return self.facts.constant_set(name, value)
        return self.facts.constant(value)

    def _otherwise(self, fact: Fact) -> Term:
        if fact.otherwise is None:
            return Term(False, self.facts[fact.name].value)
        return self._always(fact, fact.otherwise)

    def _whatever_lines_say(self, source: Source | None, term: Term) -> Term:
        """A fact over lines, known only where nothing that is learned about a line changes it."""
        left = left_by_lines(source)
        if not left:
            return term
        lost = any_of(True if value is None else same(term.value, value) for value in left)
        return replace(term, known=both(term.known, negated(lost)))

    def _filled_in(self, given: Term, implied: Term, spoken: Term) -> Term:
        """The implied value; the given one where nothing, or only silence, implies a value.

        Where both are known they agree, since a request that contradicts itself is refused. `spoken`
        is what is implied without what silence means.
        """
        agree = same_term(spoken, given)
        self._agreed.append(either(negated(both(spoken.known, given.known)), agree))
        counts = both(implied.known, either(spoken.known, negated(given.known)))
        chosen = choose_term(counts, implied, given)
        return replace(chosen, known=either(implied.known, given.known))

    def _without_silence(self, name: str) -> Term:
        """The term of a fact without what silence means."""
        fact, source = self.library.vocabulary.facts.get(name), self._sources.get(name)
        given = self.facts[name]
        implied = None if fact is None else self._implied(source, fact.type, self._spoken)
        return given if implied is None else choose_term(implied.known, implied, given)

    def _rests_on_silence(self, source: Source) -> bool:
        """Whether a fact is computed from another that silence gives a value."""
        facts = self.library.vocabulary.facts
        return any(
            facts[other].absent_means is not None
            or ((behind := self._sources.get(other)) is not None and self._rests_on_silence(behind))
            for other in facts_of(source)
        )

    def _implied(self, source: Source | None, type_: FactType, by: Conditions) -> Term | None:
        """The value that the drug files or other facts imply; None: none, or it has no formula."""
        if isinstance(source, DrugAttribute):
            return self._attribute(source.name, type_)
        if not isinstance(source, Computed):
            return None
        if source.condition is not None:
            halves = by.halves(source.condition)
            return Term(either(halves.holds, halves.fails), halves.holds)
        try:
            return by.expression(source.expression)
        except Outside:
            return None

    def _attribute(self, name: str, type_: FactType) -> Term | None:
        """An attribute of the service's drug, by its code and day."""
        code = self._of_form("service", "code")
        if code is None or type_.kind == "codes":
            return None
        listed = sorted(self.library.codes.get(self.ruleset.policy, ()))
        terms = [(self._is(code, one), self._of_drug(one, name)) for one in listed]
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
            "billing_unit": None if drug is None else drug.billing_unit,
            "billing_unit_mcg": None if drug is None else drug.billing_unit_mcg,
            "ingredient": None if drug is None else drug.ingredient,
        }
        if name in plain or drug is None:
            yield True, plain.get(name)
            return
        day = self._of_form("service", "date")
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

    def _is_void(self) -> Formula:
        """That a claim is a void and says of which claim, so that no rule is asked."""
        kind, frequency, original = (
            self._of_form("request", path) for path in ("kind", "frequency", "original_id")
        )
        if kind is None or frequency is None or original is None:
            return False
        replaced = both(original.known, negated(original.none))
        return all_of([self._is(kind, "claim"), self._is(frequency, VOID), replaced])

    def _domain(self) -> Iterator[Formula]:
        library, ruleset = self.library, self.ruleset
        yield Conditions(self.facts, self.read).halves(ruleset.applies_to).holds
        day = self._of_form("service", "date")
        if day is not None:
            first, last = self._days
            after = day.value >= first.toordinal()
            before = True if last is None else day.value <= last.toordinal()
            yield both(day.known, both(after, before))
            through = self._of_form("service", "through")
            if through is not None:  # a service of several days pends, or is decided day by day
                yield either(negated(through.known), through.value <= day.value)
        yield negated(self._is_void())
        payer_name = ruleset.policy.partition("/")[0]
        payer = self._of_form("request", "coverage.payer")
        if payer is not None:
            yield self._is(payer, payer_name)
        business = self._of_form("request", "coverage.line_of_business")
        known = library.reference.payers[payer_name].lines_of_business
        if business is not None and len(known) == 1:
            yield self._is(business, known[0])
        for path in ("kind", "frequency"):
            field = self._of_form("request", path)
            if field is not None:  # the form always has a value for each
                yield field.known
        yield from self._counted()
        yield from axioms(
            self._sources, library.vocabulary, self.facts, self._computed, self._prefix
        )

    # --- the decision ----------------------------------------------------------------------------

    def _counted(self) -> Iterator[Formula]:
        """Where a service has lines, those of each part are counted, and there are some or none."""
        everywhere = all_of(self.parts.values())
        typed = self.library.basis_of(self.ruleset).line_parts_on(self.ruleset.first_day)
        of_part = {part: where for part, where in typed.items() if part in self.parts}
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
        recommended: list[Formula] = []
        for at, rule in enumerate(self.ruleset.rules):
            finding = rule.effect
            if not isinstance(finding, FindingEffect) or finding.kind == "certify":
                continue
            on = True if finding.part is None else self.parts.get(finding.part, False)
            halves, waits = self._counting(at, rule)
            holds = both(halves.holds, on)
            match finding.kind:
                case "deny" if finding.review:
                    recommended.append(holds)
                    pending.append(holds)
                case "deny":
                    denied.append(holds)
                case "pend":
                    pending.append(holds)
                case "reduce":
                    pending.append(holds)
                    reducing[at] = both(holds, self._amount(finding).known)
            self.found[at] = holds
            if finding.kind != "advise":
                pending.append(both(waits, on))
        zero, open_ = self._certifying()
        for where, formulas in zero.items():
            (recommended if where else denied).extend(formulas)
        deny = any_of(denied)
        everywhere = all_of(self.parts.values())
        for at, found in reducing.items():
            self.found[at] = both(found, everywhere)
        needless, unclear = self._need(negated(everywhere) if self._lines is None else self._lines)
        settled = negated(either(needless, unclear))
        self.found = {at: both(found, negated(needless)) for at, found in self.found.items()}
        self._recommended = all_of([settled, negated(deny), any_of(recommended)])
        # Denied lines wait for what is asked beforehand, and nothing else of them matters.
        self._refused = either(deny, any_of(recommended))
        pend = any_of([*pending, *recommended, open_])
        self.decisions = {
            "not_required": needless,
            "deny": both(deny, settled),
            "pend": either(unclear, all_of([settled, negated(deny), pend])),
        }
        decision: Any = self.facts.texts.number("approve")
        for value, when in self.decisions.items():
            decision = choose(when, self.facts.texts.number(value), decision)
        self.decisions["approve"] = negated(any_of(self.decisions.values()))
        return {DECISION: Term(True, decision), **self._reasons()}

    def _beforehand(self) -> Formula:
        """That it is asked beforehand, by a preauthorization request."""
        kind = self._of_form("request", "kind")
        return False if kind is None else self._is(kind, PREAUTHORIZATION)

    def _need(self, lines: Formula) -> tuple[Formula, Formula]:
        """That no preauthorization is needed, and that this is not known, of a request with lines."""
        name = self.ruleset.needed_by
        if name is None:
            return False, False
        asked = both(self._beforehand(), lines)
        needed = self.formulas.derived[name]
        known = both(needed.known, negated(self._turned(name)))
        return all_of([asked, known, negated(needed.value)]), both(asked, negated(known))

    def _turned(self, name: str) -> Formula:
        """That a derived fact turns on whether a fact in conflict is known."""
        conflicts = self.formulas.conflicts
        return any_of(
            conflicts[asked]
            for index, _ in self.ruleset.derived[name].concluded_by
            for asked in sorted(self._reach.asks(index))
        )

    def _certifying(self) -> tuple[dict[bool, list[Formula]], Formula]:
        """Where a rule certifies nothing at all (true: a clinician must confirm it), and where it is not
        settled what is certified. Units of lines are not known here, so nothing is cut."""
        beforehand = self._beforehand()
        rules = [
            (at, rule, rule.effect)
            for at, rule in enumerate(self.ruleset.rules)
            if isinstance(rule.effect, FindingEffect) and rule.effect.kind == "certify"
        ]
        if not rules or beforehand is False:
            return {}, False
        open_: list[Formula] = []
        holding: list[tuple[Formula, FindingEffect]] = []
        for at, rule, effect in rules:
            halves, waits = self._counting(at, rule)
            known = all_of(self._term_of(one).known for one in effect.amounts())
            open_ += [both(beforehand, waits), all_of([beforehand, halves.holds, negated(known)])]
            holding.append((both(beforehand, halves.holds), effect))
            self.found[at] = False  # it gives no reason for a decision
        for place, (one, effect) in enumerate(holding):
            for other, rival in holding[place + 1 :]:
                open_.append(all_of([one, other, self._differ(effect, rival)]))
        unsettled = any_of(open_)
        nothing: dict[bool, list[Formula]] = {True: [], False: []}
        for holds, effect in holding:
            if effect.to is not None:
                none = compare(operator.le, self._amount(effect).value, Number(0))
                nothing[effect.review].append(all_of([holds, negated(unsettled), none]))
        return nothing, unsettled

    def _differ(self, one: FindingEffect, other: FindingEffect) -> Formula:
        """That two rules certify different things; of other than plain values, either may be so."""
        if (one.to, one.certifies) == (other.to, other.certifies):
            return False
        plain = all(isinstance(side, Constant) for side in (*one.amounts(), *other.amounts()))
        return True if plain else self.facts.make.some_flag()

    def _counting(self, at: int, rule: Rule) -> tuple[Halves, Formula]:
        """A finding rule as it counts: with what is silenced, and with facts in conflict.

        And that the service pends for it, since it is not known whether it holds or is silenced.
        """
        conflicts = self.formulas.conflicts
        asking = any_of(conflicts[name] for name in sorted(self._reach.asks(at)))
        own = self.formulas.rules[at]
        halves = Halves(both(own.holds, negated(asking)), either(own.possible, asking))
        waits = halves.unknown
        if rule.assume_not_holding:
            reading = any_of(conflicts[name] for name in sorted(self._reach.reads(at)))
            waits = both(waits, reading)
        certifies = isinstance(rule.effect, FindingEffect) and rule.effect.kind == "certify"
        silenced_section = rule.section in self.ruleset.silences and not certifies
        if not silenced_section or self.ruleset.covered_by is None:
            return halves, waits
        covered = self.formulas.derived[self.ruleset.covered_by]
        known = both(covered.known, negated(self._turned(self.ruleset.covered_by)))
        silenced = both(known, covered.value)
        counting = Halves(
            all_of([halves.holds, known, negated(covered.value)]),
            both(halves.possible, negated(silenced)),
        )
        return counting, either(both(halves.holds, negated(known)), both(waits, negated(silenced)))

    def _amount(self, finding: FindingEffect) -> Term:
        assert finding.to is not None
        return self._term_of(finding.to)

    def _term_of(self, expression: Expression) -> Term:
        try:
            return self.formulas.conditions.expression(expression)
        except Outside:
            return Term(self.facts.make.some_flag(), Number(0))

    def _reasons(self) -> dict[str, Term]:
        texts: dict[str, dict[int, list[Formula]]] = {
            name: {} for name in (GROUP, CARC, RARC, RULE)
        }
        for at, found in self.found.items():
            rule = self.ruleset.rules[at]
            finding = rule.effect
            assert isinstance(finding, FindingEffect)
            if finding.kind in ("certify", "advise"):
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
        return {
            name: self._set_of(name, {text: any_of(founds) for text, founds in listed.items()})
            for name, listed in texts.items()
        }

    def _set_of(self, name: str, members: dict[int, Formula]) -> Term:
        """A known set of codes: by text, the formula that the text is a member."""
        for text in self.facts.texts_told_apart(name):
            members.setdefault(text, False)
        return Term(True, Codes(members, False, {}, {text: text for text in members}))

    # --- questions -------------------------------------------------------------------------------

    def _read_any(self, name: str) -> Term:
        if name == ASSUMPTIONS and name not in self.outcome:
            self.outcome[name] = self._assumptions()
        return self.outcome[name] if name in self.outcome else self.formulas.read(name)

    @cached_property
    def learning(self) -> Learning:
        """What may flip as more becomes known."""
        return Learning(self.ruleset, self.library.vocabulary.facts, self._sources)

    @cached_property
    def _bare(self) -> Requests:
        """The same request, and what is settled about it without any assumption."""
        return Requests(
            self.library,
            self.ruleset,
            self.facts,
            self._asked,
            f"{self._prefix}without assumptions ",
            self.parts,
            self._days,
            by_absence=False,
            lines=self._lines,
        )

    def _assumptions(self) -> Term:
        """What the decision assumes: rules that were not checked, and facts that were not stated."""
        bare, learning = self._bare.formulas.rules, self.learning
        denied = either(self.decisions["deny"], self._recommended)
        needless = self.decisions["not_required"]
        number = self.facts.texts.number
        members: dict[int, Formula] = {}
        resting: list[tuple[Formula, frozenset[str]]] = []
        cover = self.ruleset.covered_by
        turned: Formula = False
        if cover is not None:
            covered, without = (one.formulas.derived[cover] for one in (self, self._bare))
            turned = both(covered.known, negated(without.known))
        for at, (rule, halves) in enumerate(
            zip(self.ruleset.rules, self.formulas.rules, strict=True)
        ):
            effect = rule.effect
            if not isinstance(effect, FindingEffect) or effect.kind == "advise":
                continue
            beforehand = self._beforehand() if effect.kind == "certify" else True
            on = True if effect.part is None else self.parts.get(effect.part, False)
            holds = both(halves.holds, negated(bare[at].holds))
            fails = both(halves.fails, bare[at].possible)
            rests = choose(denied, holds if effect.kind == "deny" else False, either(holds, fails))
            resting.append((both(beforehand, both(on, rests)), learning.inputs_of[at]))
            silenced = rule.section in self.ruleset.silences and effect.kind != "certify"
            if cover is not None and silenced:
                counts = choose(denied, effect.kind == "deny", True)
                used = all_of([on, halves.holds, turned, counts])
                resting.append((used, learning.inputs(cover)))
            if rule.assume_not_holding:
                open_ = all_of([on, halves.unknown, negated(self._refused), negated(needless)])
                members[number(rule.id)] = open_
        resting = [(both(rests, negated(needless)), inputs) for rests, inputs in resting]
        if (by := self.ruleset.needed_by) is not None:
            known, without = (one.formulas.derived[by].known for one in (self, self._bare))
            lines = negated(all_of(self.parts.values())) if self._lines is None else self._lines
            asked = all_of([self._beforehand(), lines, known, negated(without)])
            resting.append((asked, learning.inputs(by)))
        for name in sorted(learning.resting_on()):
            lines = left_by_lines(self._sources.get(name))
            used = any_of(rests for rests, inputs in resting if name in inputs)
            self.read(name)
            unsaid = negated(self._stated[name]) if not lines else True
            members[number(name)] = both(used, unsaid)
        return self._set_of(ASSUMPTIONS, members)

    def halves(self, condition: Condition) -> Halves:
        """A condition over facts, derived facts, the decision and its reasons."""
        return self._conditions.halves(condition)

    def everything(self) -> list[Formula]:
        """What holds for every request: the meaning of names, and the policy's bounds."""
        out = [*self.formulas.definitions, *self.domain, *self._agreed]
        if "_bare" in self.__dict__:
            out += self._bare.formulas.definitions
        return out

    def learns(self, later: Requests, changing: Collection[str] = ()) -> Formula:
        """That the later request is this one with more known of it, and nothing unsaid.

        Args:
            later: The request with more known.
            changing: Facts over lines that may have another value once more is known of a line.
        """
        return all_of(
            self.facts.learned(name, later.facts)
            for name in self.facts.names()
            if name not in changing
        )

    def changing_with_lines(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of some facts that may change when more is known of a line."""
        return tuple(sorted(name for name in names if left_by_lines(self._sources.get(name))))

    def without_lists(self) -> Formula:
        """That no list is given, so that facts made from records have no bounds but their own value."""
        return all_of(not_given(self._sources, self.library.vocabulary, self.facts))

    def wishes(self) -> list[Formula]:
        """What makes a found request plainer, the most important first."""
        wishes = [all_of(self.parts.values()), self.without_lists()]
        day = self._of_form("service", "date")
        if day is not None:
            wishes += [day.known, day.value <= self._days[0].toordinal() + SOON]
        kind = self.library.facts_by_source.get(("request", "kind"))
        if kind is not None and (values := self.facts.types[kind].values):
            wishes.append(self.facts[kind].value == self.facts.texts.number(values[0]))
        known = [self.facts[name].known for name in self.facts.names()]
        wishes += [negated(at_least(few + 1, known)) for few in FEW]
        return [*wishes, *self.plausible(self.facts.names())]

    def plausible(self, names: Iterable[str]) -> list[Formula]:
        """That numbers are small and dates are near, where nothing else is asked of them.

        All at once first: where that can be, no more needs to be asked. Then the most that can be.
        """
        near, small, single = [], [], []
        day = self._days[0]
        first, last = _years_before(day, NEAR_BEFORE), day.toordinal() + SOON
        service = self.library.facts_by_source.get(("service", "date"))
        for name in names:
            fact = self.library.vocabulary.facts.get(name)
            if fact is None or fact.derived or name == service:
                continue
            value, unsaid = self.facts[name].value, negated(self.facts[name].known)
            if fact.type.kind == "date":
                near.append(either(unsaid, both(value >= first, value <= last)))
                alive = both(value >= _years_before(day, A_LIFE), value <= last)
                single += [near[-1], either(unsaid, alive)]
            elif fact.type.kind in NUMERIC:
                few, many = (either(unsaid, _at_most(value, most)) for most in (SMALL, NOT_LARGE))
                small.append(few)
                single += [few, many]
            elif fact.type.kind == "code":
                single.append(either(unsaid, self._fitting(name, value)))
        return [all_of([*near, *small]), all_of(near), all_of(small), *single]

    def _fitting(self, name: str, value: Any) -> Formula:
        """That a code is one which conditions name for this fact, or a made-up one."""
        texts = self.facts.texts
        named = any_of(value == text for text in sorted(self.facts.texts_named_for(name)))
        return either(named, value >= len(texts))

    def in_model(self, model: Any) -> FoundRequest:
        """The request of a model."""
        declared = self.library.vocabulary.facts
        facts = {
            name: value
            for name, value in self.facts.values_in(model).items()
            if name in declared and not declared[name].derived
        }
        parts = frozenset(part for part, there in self.parts.items() if truth_in(model, there))
        return FoundRequest(facts, None if len(parts) == len(self.parts) else parts)


def _years_before(day: date, years: int) -> int:
    return date(max(day.year - years, date.min.year), day.month, 1).toordinal()


def _at_most(value: Number, most: int) -> Formula:
    return both(compare(operator.ge, value, Number(0)), compare(operator.le, value, Number(most)))


def _line_beside_all(parts: Iterable[Condition]) -> bool:
    """Whether a line can belong to no part."""
    conditions = tuple(parts)
    line = Facts(LINE_FIELDS, conditions)
    outside = [negated(Conditions(line).halves(condition).holds) for condition in conditions]
    always = [line[name].known for name in ALWAYS_KNOWN]
    return Search(line, always).find(*outside) is not None
