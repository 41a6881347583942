"""The plain account of a determination: what is found, then how many units each line gets.

Beside `reference`, and like it without a line of the product's own: True, False and None for truths,
fractions for units, infinity for "nobody knows how many". Each idea is one function, taken literally
from the rules of the design; nothing is prepared, shared or left out for speed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from payer_policy.core.ruleset import FindingEffect, Ruleset, facts_read, tests_in
from tests.reference import number, value

RANK = ("deny", "pend", "reduce", "advise")


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


def determine(
    ruleset: Ruleset,
    truths: Mapping[str, Any],
    derived: Mapping[str, Any],
    facts: Mapping[str, Any],
    conflicts: Sequence[str],
    lines: Sequence[Any],
) -> Determined:
    """The determination on lines (at least one), in the order of their numbers."""
    truths, derived = without_answers_to_no_question(ruleset, truths, derived, conflicts)
    known = {**facts, **derived}
    findings: dict[str, tuple[str, list[int]]] = {}
    denied, pending = set(), set()
    limits: dict[str, Any] = {}
    for rule in sorted(ruleset.rules, key=lambda rule: rule.id):
        effect = rule.effect
        if not isinstance(effect, FindingEffect):
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
            if effect.kind == "deny":
                denied |= set(on)
            if effect.kind == "pend":
                pending |= set(on)
            if effect.kind == "reduce":
                limits[rule.id] = (on, amount)
    made, with_others = units_of(ruleset, lines, denied, pending, limits)
    for part, on in with_others.items():
        findings[f"built-in:{part}-follows-{ruleset.follows[part]}"] = ("deny", on)
    return Determined(decision(made), made, findings, headline(ruleset, findings))


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
    if outcomes in ({"approve"}, {"deny"}):
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
