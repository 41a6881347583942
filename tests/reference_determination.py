"""The plain account of a determination: what is found, then how many units each line gets.

Beside `reference`, and like it without a line of the product's own: True, False and None for truths,
fractions for units, infinity for "nobody knows how many". Each idea is one function, taken literally
from the rules of the design; nothing is prepared, shared or left out for speed.
"""

from __future__ import annotations

import calendar
import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from payer_policy.core.ruleset import FindingEffect, Ruleset, facts_read, tests_in
from tests.reference import number, value

RANK = ("deny", "pend", "reduce", "certify", "advise")


class Line(NamedTuple):
    outcome: str
    least: Fraction | None
    most: Any
    """None: not known."""


class Determined(NamedTuple):
    decision: str
    lines: list[Line]
    findings: dict[str, tuple[str, list[int]]]
    """By rule: its kind (a silenced one is to advise), and the positions of the lines."""
    headline: str | None
    dispositions: list[str]
    recommended: bool
    certified: Any
    """By which rule, how many units (None: not known), of which codes, from when through when, and how
    many in each period; None: nothing by a rule."""


def determine(
    ruleset: Ruleset,
    truths: Mapping[str, Any],
    derived: Mapping[str, Any],
    facts: Mapping[str, Any],
    conflicts: Sequence[str],
    lines: Sequence[Any],
    about: Any,
    confirmed: Sequence[str],
) -> Determined:
    """The determination on lines (at least one), in the order of their numbers."""
    beforehand = about.kind == "preauthorization"
    truths, derived = without_answers_to_no_question(ruleset, truths, derived, conflicts)
    known = {**facts, **derived}
    for part in ruleset.line_parts:
        LEADS[part] = {at for at, line in enumerate(lines) if part in line.parts}
    needed = derived.get(ruleset.needed_by) if beforehand and ruleset.needed_by else True
    findings, denied, pending, advised, limits = found(
        ruleset, truths, derived, known, conflicts, lines, confirmed
    )
    certifying = {
        rule.id: truths[rule.id]
        for rule in ruleset.rules
        if isinstance(rule.effect, FindingEffect) and rule.effect.kind == "certify"
        if beforehand and needed is not False and truths[rule.id] is not False
    }
    whole = list(range(len(lines)))
    findings |= {id_: ("certify", whole) for id_, truth in certifying.items() if truth is True}
    by = certified_by(ruleset, certifying, known, about)
    if certifying and by is None:
        pending |= set(whole)
    if by is not None and by[1][0] is not None:
        review = next(rule for rule in ruleset.rules if rule.id == by[0]).effect.review
        if by[1][0] > 0 and all(line.units is not None for line in lines):
            limits[by[0]] = (whole, by[1][0])
        elif by[1][0] <= 0 and review and by[0] not in confirmed:
            advised |= set(whole)
        elif by[1][0] <= 0:
            denied |= set(whole)
    then, _ = units_of(ruleset, lines, denied | advised, pending, dict(limits))
    made, with_others = units_of(ruleset, lines, denied, pending | advised, limits)
    for part, on in with_others.items():
        findings[f"built-in:{part}-follows-{ruleset.follows[part]}"] = ("deny", on)
    if needed is False:
        made = [Line("not_required", number(line.units), number(line.units)) for line in lines]
        findings = {id_: ("advise", on) for id_, (_, on) in findings.items()}
    if needed is None:
        made = [Line("pend", Fraction(0), line.most) for line in made]
    decided = decision(made)
    recommended = bool(advised) and all(line.outcome == "deny" for line in then)
    certified = None
    if by is not None and decided in ("approve", "partial"):
        allowed = [line.most for line in made]
        quantity = by[1][0] if None in allowed else sum(allowed)
        certified = (by[0], quantity, *by[1][1:])
    return Determined(
        decided,
        made,
        findings,
        headline(ruleset, findings),
        [disposition(ruleset, line, at, findings, confirmed) for at, line in enumerate(made)],
        recommended and decided == "pend" and needed is True,
        certified,
    )


def found(ruleset, truths, derived, known, conflicts, lines, confirmed):
    """What rules find, certifying ones aside; the lines that are denied, pend, or are advised to be
    denied; and the reductions."""
    findings: dict[str, tuple[str, list[int]]] = {}
    denied, pending, advised = set(), set(), set()
    limits: dict[str, Any] = {}
    for rule in sorted(ruleset.rules, key=lambda rule: rule.id):
        effect = rule.effect
        if not isinstance(effect, FindingEffect) or effect.kind == "certify":
            continue
        on = [at for at, line in enumerate(lines) if effect.part in (None, *line.parts)]
        covered = derived.get(ruleset.covered_by) if rule.section in ruleset.silences else False
        truth = truths[rule.id]
        amount = None if effect.to is None else value(effect.to, known)
        amount = None if amount is None else max(amount, 0)
        billed = sum(number(lines[at].units) for at in on if lines[at].units is not None)
        exceeded = effect.kind != "reduce" or (amount is not None and billed > amount)
        if not on or truth is False:
            continue
        if covered is True:
            if truth is True and exceeded:
                findings[rule.id] = ("advise", on)
        elif effect.kind == "advise":
            if truth is True:
                findings[rule.id] = ("advise", on)
        elif truth is None:
            if not rule.assume_not_holding or behind(ruleset, rule.id) & set(conflicts):
                pending |= set(on)
        elif covered is None:
            pending |= set(on)
        else:
            if exceeded:
                findings[rule.id] = (effect.kind, on)
            if effect.kind == "deny" and effect.review and rule.id not in confirmed:
                advised |= set(on)
            elif effect.kind == "deny":
                denied |= set(on)
            if effect.kind == "pend":
                pending |= set(on)
            if effect.kind == "reduce":
                limits[rule.id] = (on, amount)
    return findings, denied, pending, advised, limits


def certified_by(ruleset, certifying, known, about):
    """The one rule that certifies, and its terms; None: none, not known, or contradictory."""
    terms = {id_: terms_of(ruleset, id_, known, about) for id_ in certifying}
    if not terms or None in certifying.values() or None in terms.values():
        return None
    return min(terms.items()) if len(set(terms.values())) == 1 else None


def terms_of(ruleset, id_, known, about):
    """Quantity, codes, first and last day, and units in how long a period; None: not known."""
    effect = next(rule for rule in ruleset.rules if rule.id == id_).effect
    what = effect.certifies
    sides = (effect.to, what.codes, what.per, what.every, what.first_day, what.last_day)
    if any(side is not None and value(side, known) is None for side in (*sides, what.length)):
        return None
    quantity, codes, per, every, first, last = (
        None if side is None else value(side, known) for side in sides
    )
    first = about.service_date if what.first_day is None else first
    if what.length is not None:
        count = int(value(what.length, known))
        if what.length_unit == "months":  # the day before the same day of a later month
            year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
            days = calendar.monthrange(year, month + 1)[1]
            last = date(year, month + 1, min(first.day, days)) - timedelta(days=1)
        else:
            last = first + timedelta(weeks=count) - timedelta(days=1)
    return (
        None if quantity is None else max(quantity, Fraction(0)),
        codes if codes is None else frozenset(codes),
        first,
        last,
        None if per is None else (max(per, Fraction(0)), every, what.every_unit),
    )


def disposition(ruleset, line, at, findings, confirmed):
    """What becomes of a line: denied for good by any rule, else packaged by any, else returned."""
    words = {"approve": "pay", "reduce": "reduce", "pend": "pend", "not_required": "not_required"}
    if line.outcome != "deny":
        return words[line.outcome]
    rules = {rule.id: rule for rule in ruleset.rules}
    here = [id_ for id_, (kind, on) in findings.items() if kind == "deny" and at in on]
    said = set()
    for id_ in here:
        effect = rules[id_].effect if id_ in rules else leading(ruleset, id_, findings).effect
        if id_ in rules and effect.review and id_ not in confirmed:
            continue
        said.add(effect.disposition or "deny")
    return next((one for one in ("deny", "packaged", "return") if one in said), "deny")


def leading(ruleset, follower, findings):
    """The rule for whose reason lines are denied with those that they follow."""
    part = follower.removeprefix("built-in:").partition("-follows-")[0]
    followed = LEADS[ruleset.follows[part]]
    reasons = {
        id_: found
        for id_, found in findings.items()
        if found[0] in ("deny", "reduce", "certify") and followed & set(found[1])
        if not id_.startswith("built-in:")
    }
    led = headline(ruleset, reasons)
    return next(rule for rule in ruleset.rules if rule.id == led)


LEADS: dict[str, set[int]] = {}
"""By part, the positions of its lines, of the case at hand."""


def units_of(ruleset, lines, denied, pending, limits):
    """The outcome of each line with its least and most units; by part, the lines denied with others."""
    followers = {at: found for at in range(len(lines)) if (found := leads(ruleset, lines, at))}
    denied, pending = set(denied), set(pending)
    with_others: dict[str, list[int]] = {}
    # What becomes of the lines that lead, if those that follow take nothing.
    alone = in_order(lines, denied | set(followers), pending, limits)
    for at, (part, others) in followers.items():
        outcomes = [alone[other].outcome for other in others]
        if at not in denied and all(outcome == "deny" for outcome in outcomes):
            with_others.setdefault(part, []).append(at)
        elif not any(outcome in ("approve", "reduce") for outcome in outcomes):
            pending.add(at)
    for on in with_others.values():
        denied |= set(on)
    return in_order(lines, denied, pending, limits), with_others


def in_order(lines, denied, pending, limits):
    left = {
        rule: [Fraction(0), math.inf] if amount is None else [amount, amount]
        for rule, (_, amount) in limits.items()
    }
    made: list[Any] = []
    for at, line in enumerate(lines):
        if at in denied:
            made.append(Line("deny", Fraction(0), Fraction(0)))
            continue
        here = [rule for rule, (on, _) in limits.items() if at in on]
        made.append(one_line(number(line.units), at in pending, [left[rule] for rule in here]))
        least, most = made[at].least, made[at].most
        for rule in here:
            low, high = left[rule]
            left[rule] = [
                max(low - (math.inf if most is None else max(most, 0)), Fraction(0)),
                high - max(least or 0, 0),
            ]
    return made


def one_line(units, waits, left):
    if units is None and not left and not waits:
        return Line("approve", None, None)
    low = min((one[0] for one in left), default=math.inf)
    high = min((one[1] for one in left), default=math.inf)
    most = high if units is None else min(units, high)
    least = Fraction(0) if units is None else min(units, low)
    if units is not None and units > 0 and most <= 0:  # whatever it waits for, nothing is left
        return Line("deny", Fraction(0), Fraction(0))
    if waits:
        least, most = Fraction(0), max(most, 0)
    shown = None if most == math.inf else most
    if waits or units is None or least != most:
        return Line("pend", least, shown)
    return Line("approve" if most == units else "reduce", least, shown)


def leads(ruleset, lines, at):
    """The part by which a line follows others, and the positions of those; None: it follows none."""
    own = lines[at].parts
    if own & set(ruleset.follows.values()):
        return None
    for part in sorted(own & set(ruleset.follows)):
        others = [i for i, line in enumerate(lines) if ruleset.follows[part] in line.parts]
        return (part, others) if others else None
    return None


def decision(lines):
    outcomes = {line.outcome for line in lines}
    if "pend" in outcomes:
        return "pend"
    if outcomes in ({"approve"}, {"deny"}, {"not_required"}):
        return outcomes.pop()
    return "partial"


def headline(ruleset, findings):
    sections = {rule.id: rule.section for rule in ruleset.rules}

    def rank(rule):
        section = sections.get(rule)
        known = section in ruleset.sections
        place = ruleset.sections.index(section) if known else len(ruleset.sections)
        place += rule not in sections  # denied with others: after what denies those
        return RANK.index(findings[rule][0]), place, rule

    return min(findings, key=rank, default=None)


def behind(ruleset, id_):
    """All derived facts that a rule reads, and that stand behind what it reads or is overridden by."""
    rules = {rule.id: rule for rule in ruleset.rules}
    found, waiting = set(), [id_]
    while waiting:
        rule = rules[waiting.pop()]
        waiting += rule.overridden_by
        for name in set(facts_read(rule)) & set(ruleset.derived) - found:
            found.add(name)
            waiting += [ruleset.rules[at].id for at, _ in ruleset.derived[name].concluded_by]
    return found


def without_answers_to_no_question(ruleset, truths, derived, conflicts):
    """Truths and derived facts, with all unknown that turns on whether a fact in conflict is known."""
    turned: set[str] = set()
    for _ in ruleset.rules:
        lost = {
            name
            for name, fact in ruleset.derived.items()
            if any(ruleset.rules[at].id in turned for at, _ in fact.concluded_by)
        }
        for rule in ruleset.rules:
            asked = {test.fact for test in tests_in(rule.condition) if test.operator == "is_known"}
            asked &= set(ruleset.derived)
            for name in list(asked):
                for at, _ in ruleset.derived[name].concluded_by:
                    asked |= behind(ruleset, ruleset.rules[at].id)
            if (
                asked & set(conflicts)
                or set(facts_read(rule)) & lost
                or set(rule.overridden_by) & turned
            ):
                turned.add(rule.id)
    lost = {
        name
        for name, fact in ruleset.derived.items()
        if any(ruleset.rules[at].id in turned for at, _ in fact.concluded_by)
    }
    return (
        {id_: None if id_ in turned else truth for id_, truth in truths.items()},
        {name: None if name in lost else known for name, known in derived.items()},
    )
