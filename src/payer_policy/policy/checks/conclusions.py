"""Rules together: no circle, no two values of one fact, no fact that nothing concludes.

Whether two rules exclude each other is told from their tests alone, so a folder opens alike everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise
from typing import Any

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.ruleset import Conclude, Rule, facts_read
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.policy.basis import Typed
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.order import dependencies, find_cycles
from payer_policy.policy.resolve import where_fact
from payer_policy.policy.versions import Merged, PlacedRule, ReportDiagnostic, rule_in_force

Rules = Mapping[str, Rule]


def check_cycles(merged: Merged, typed: Mapping[str, Typed], report: ReportDiagnostic) -> None:
    """Rules feed rules only forwards, on every day."""
    if not find_cycles(_needs(merged, typed)):
        return  # with all rules in force at once there is no circle, so there is none on any day
    days = sorted({merged.first_day, *merged.breakpoints()})
    rules: Rules = {id_: one.made for id_, one in typed.items()}
    for day in days:
        if not merged.first_day <= day <= (merged.last_day or date.max):
            continue
        now = {
            id_: one for id_, one in typed.items() if rule_in_force(merged.rules[id_].model, day)
        }
        for circle in find_cycles(_needs(merged, now)):
            # Mended in the file that lies over the others, if any of the rules stands there.
            at = max(circle[:-1], key=lambda id_: merged.level(merged.rules[id_].version))
            turn = circle.index(at)
            turned = [*circle[turn:-1], *circle[:turn], at]
            placed = merged.rules[at]
            report(
                placed.version.document.problem(
                    "cycle",
                    f"rule `{at}` depends on itself: {'; '.join(_steps(turned, rules))}",
                    (*placed.path, "id"),
                    hint="let one of them read facts of the request instead",
                )
            )


def _needs(merged: Merged, typed: Mapping[str, Typed]) -> dict[str, set[str]]:
    """By rule, those that it reads or that override it; that one overrides itself is said elsewhere."""
    rules = {id_: one.made for id_, one in typed.items()}
    needs = dependencies(rules, {id_: one.reads for id_, one in typed.items()})
    for id_ in typed:
        for other in merged.rules[id_].model.overrides:
            if other in needs and other != id_:
                needs[other].add(id_)
    return needs


def _steps(circle: Sequence[str], rules: Rules) -> Iterator[str]:
    for reader, read in pairwise(circle):
        names = set(facts_read(rules[reader]))
        concluded = [name for name, _ in getattr(rules[read].effect, "values", ())]
        facts = [name for name in concluded if name in names]
        if facts and reader == read:
            yield f"it reads `{facts[0]}`, which it concludes"
        elif facts:
            yield f"`{reader}` reads `{facts[0]}`, which `{read}` concludes"
        else:
            yield f"`{reader}` is overridden by `{read}`"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rules that conclude different values of a fact and are not seen to exclude each other."""

    fact: str
    first: PlacedRule
    second: PlacedRule
    """The one that stands in the file which lies over the other's, or below it in the same file."""

    @property
    def key(self) -> tuple[str, ...]:
        """The same for the same two rules, wherever they are inherited."""
        return (self.fact, *sorted((_place(self.first), _place(self.second))))


def unsettled_pairs(merged: Merged, rules: Rules, vocabulary: Vocabulary) -> Iterator[Pair]:
    """The pairs of rules of which their tests do not show that they exclude each other.

    A solver may still show it (`payer_policy.analysis.conflicts`); opening a folder never asks one.
    """
    types = {name: fact.type for name, fact in vocabulary.facts.items()}
    by_fact: dict[str, list[tuple[Rule, Any]]] = {}
    for rule in rules.values():
        if isinstance(rule.effect, Conclude):
            for name, value in rule.effect.values:
                by_fact.setdefault(name, []).append((rule, value))
    for name, concluded in sorted(by_fact.items()):
        for (one, a), (other, b) in combinations(concluded, 2):
            first, second = merged.rules[one.id], merged.rules[other.id]
            if (
                a == b
                or one.id in second.model.overrides
                or other.id in first.model.overrides
                or not _same_days(first, second)
                or not can_both_hold(one.condition, other.condition, types)
            ):
                continue
            if merged.level(first.version) > merged.level(second.version):
                first, second = second, first
            yield Pair(name, first, second)


def check_conflicts(
    merged: Merged,
    rules: Rules,
    vocabulary: Vocabulary,
    seen: set[tuple[str, ...]],
    report: ReportDiagnostic,
) -> None:
    """Rules that conclude different values of one fact exclude each other, as far as can be seen.

    `seen` are the pairs that were found in other policies, each with the version's name first.
    """
    for pair in unsettled_pairs(merged, rules, vocabulary):
        if not any((version.name, *pair.key) in seen for version in merged.chain):
            seen.add((merged.version.name, *pair.key))
            report(conflict_problem(merged, pair))


def conflict_problem(merged: Merged, pair: Pair, shown: str | None = None) -> Diagnostic:
    """The problem, at the rule that stands higher; at the overlay itself where both are inherited.

    Args:
        merged: The policy in which they meet.
        pair: The two rules.
        shown: A request for which both hold, in words; None: whether there is one is not known.
    """
    first, second = pair.first, pair.second
    document, where = merged.version.document, ("extends",)
    way = "replace one of them here, or change a parameter that decides between them"
    if second.version is merged.version or merged.version.model.extends is None:
        document = second.version.document
        where = (*second.path, "then", "conclude", pair.fact)  # type: ignore[assignment]
        way = "let the condition of one exclude the other's, or add "
        way += f'"overrides": ["{first.model.id}"]'
    line = first.version.document.locate((*first.path, "id")).start
    beside = f" (line {line.line})" if line and first.version.document is document else ""
    if first.version.document is not document:
        beside = f" of {first.version.name}"
    rules = f"rule `{second.model.id}` and rule `{first.model.id}`{beside}"
    if shown is not None:
        message = (
            f"{rules} can hold together, but conclude different values of `{pair.fact}`: {shown}"
        )
        return document.problem("conflict", message, where, key=True, hint=way)
    return document.problem(
        "conflict-not-seen",
        f"{rules} conclude different values of `{pair.fact}`, and whether both can hold together "
        "cannot be seen",
        where,
        key=True,
        hint=f"{way}; where both do hold, `{pair.fact}` is not known, and what reads it pends",
        warning=True,
    )


def _place(placed: PlacedRule) -> str:
    return f"{placed.version.name} {placed.model.id}"


def _same_days(a: PlacedRule, b: PlacedRule) -> bool:
    x, y = a.model.in_force, b.model.in_force
    if x is None or y is None:
        return True
    return (x.from_ or date.min) <= (y.through or date.max) and (y.from_ or date.min) <= (
        x.through or date.max
    )


def check_concluded(
    merged: Merged, typed: Mapping[str, Typed], vocabulary: Vocabulary, report: ReportDiagnostic
) -> None:
    """Every derived fact that a rule reads is concluded by some rule."""
    concluded = {
        name
        for one in typed.values()
        if isinstance(one.made.effect, Conclude)
        for name, _ in one.made.effect.values
    }
    for placed in merged.rules.values():
        for name in sorted(typed[placed.model.id].reads - concluded):
            if not vocabulary.facts[name].derived:
                continue
            when = (*placed.path, "when")
            document, where = placed.version.document, where_fact(placed.model.when, name, when)
            if placed.version is not merged.version and merged.version.model.withdraws:
                document, where = merged.version.document, ("withdraws",)
            report(
                document.problem(
                    "never-concluded",
                    f"rule `{placed.model.id}` reads `{name}`, which no rule of this policy "
                    "concludes",
                    where,
                    key=document is not placed.version.document,
                    warning=True,
                    hint=did_you_mean(name, concluded)
                    or "it always has its `otherwise` value here",
                )
            )
