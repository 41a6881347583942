"""Rules together: no circle, no two values of one fact, no fact that nothing concludes.

Whether two rules exclude each other is decided by their tests alone, without a solver, so opening a
folder gives the same result everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Final

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import Report, Reporter
from payer_policy.core.ruleset import Rule, facts_read
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.core.vocabulary.types import Value
from payer_policy.policy.basis import Typed
from payer_policy.policy.exclusion import can_both_hold
from payer_policy.policy.files import RuleModel
from payer_policy.policy.order import dependencies, find_cycles
from payer_policy.policy.resolve import where_fact
from payer_policy.policy.versions import Merged, Placed, PolicyVersion

Rules = Mapping[str, Rule]
NEVER_CONCLUDED: Final = "never-concluded"
"""What is warned of for a fact of a policy, which its file acknowledges as `never-concluded:<fact>`."""


def check_cycles(merged: Merged, typed: Mapping[str, Typed], report: Report) -> None:
    """Rules feed rules only forwards, on every day."""
    if not find_cycles(_needs(merged, typed)):
        return  # with all rules in force at once there is no circle, so there is none on any day
    rules: Rules = {id_: one.made for id_, one in typed.items()}
    for day in merged.starts():
        now = {id_: typed[id_] for id_ in merged.rules_on(day) if id_ in typed}
        for circle in find_cycles(_needs(merged, now)):
            # To correct in the file that is laid over the others, if any of the rules is in it.
            at = max(circle[:-1], key=lambda id_: merged.level(merged.rules[id_].version))
            turn = circle.index(at)
            turned = [*circle[turn:-1], *circle[:turn], at]
            message = f"rule `{at}` depends on itself: {'; '.join(_steps(turned, rules))}"
            hint = "let one of them read facts of the request instead"
            merged.rules[at].reporter(report)("cycle", message, ("id",), hint=hint)


def _needs(merged: Merged, typed: Mapping[str, Typed]) -> dict[str, set[str]]:
    """By rule, those that it reads or that override it; one that overrides itself is left out."""
    rules = {id_: one.made for id_, one in typed.items()}
    needs = dependencies(rules, {id_: one.reads for id_, one in typed.items()})
    for id_ in typed:
        for other in merged.overrides[id_]:
            if other in needs and other != id_:
                needs[other].add(id_)
    return needs


def _steps(circle: Sequence[str], rules: Rules) -> Iterator[str]:
    for reader, read in pairwise(circle):
        names = set(facts_read(rules[reader]))
        facts = [name for name in rules[read].concludes if name in names]
        if facts and reader == read:
            yield f"it reads `{facts[0]}`, which it concludes"
        elif facts:
            yield f"`{reader}` reads `{facts[0]}`, which `{read}` concludes"
        else:
            yield f"`{reader}` is overridden by `{read}`"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two rules that conclude different values of a fact, and may not exclude each other."""

    fact: str
    first: Placed[RuleModel]
    second: Placed[RuleModel]
    """The one in the file that is laid over the other's, or further down in the same file."""

    @property
    def key(self) -> tuple[str, ...]:
        """The same for the same two rules, wherever they are inherited."""
        places = (f"{one.version.name} {one.model.id}" for one in (self.first, self.second))
        return (self.fact, *sorted(places))


def unsettled_pairs(merged: Merged, rules: Rules, vocabulary: Vocabulary) -> Iterator[Pair]:
    """The pairs of rules whose tests alone do not show that they exclude each other.

    A solver may still show it (`payer_policy.analysis.conflicts`); opening a folder never asks one.
    """
    types = {name: fact.type for name, fact in vocabulary.tested.items()}
    by_fact: dict[str, list[tuple[Rule, Value]]] = {}
    for rule in rules.values():
        for name, value in rule.concludes.items():
            by_fact.setdefault(name, []).append((rule, value))
    for name, concluded in sorted(by_fact.items()):
        for (one, a), (other, b) in combinations(concluded, 2):
            first, second = merged.rules[one.id], merged.rules[other.id]
            if (
                a == b
                or one.id in merged.overrides[other.id]
                or other.id in merged.overrides[one.id]
                or not first.model.days.overlaps(second.model.days)
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
    found: set[tuple[str, ...]],
    report: Report,
) -> None:
    """Rules that conclude different values of one fact exclude each other, as far as can be seen.

    `found` are the pairs that were found in other policies, each with the version's name first.
    """
    for pair in unsettled_pairs(merged, rules, vocabulary):
        if not any((version.name, *pair.key) in found for version in merged.chain):
            found.add((merged.version.name, *pair.key))
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
    if second.version is merged.version or not merged.version.overlays:
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


def check_concluded(
    merged: Merged, typed: Mapping[str, Typed], vocabulary: Vocabulary, report: Report
) -> None:
    """Every derived fact that a rule reads is concluded by some rule; of a module, where it is used.

    That a fact may stay without a conclusion is acknowledged, as `never-concluded:<fact>`, by the policy
    or by what it extends: a module says so of a fact that policies may conclude and need not.
    """
    version = merged.version
    if version.abstract:
        return
    inherited_from = [one for one in merged.chain if one is not version]
    own = _acknowledged(version)
    acknowledged = own.union(*map(_acknowledged, inherited_from))
    missing: set[str] = set()
    concluded = {name for one in typed.values() for name in one.made.concludes}
    for placed in merged.rules.values():
        for name in sorted(typed[placed.model.id].reads - concluded):
            if not vocabulary.tested[name].derived:
                continue
            inherited, known = placed.version is not version, name in missing
            missing.add(name)
            if name in acknowledged or (inherited and known):
                continue  # it is said once of what is inherited
            of = f" of {placed.version.name}" if placed.version.abstract else ""
            message = f"rule `{placed.model.id}`{of} reads `{name}`, "
            message += "which no rule of this policy concludes"
            hint = "it always has its `otherwise` value here"
            if (by := _taken_over_by(merged, placed)) is not None:
                hint += f'; if it is meant: "acknowledges": {{"{NEVER_CONCLUDED}:{name}": "why"}}'
                say: Reporter = version.reporter(report)
                say(NEVER_CONCLUDED, message, (by,), key=True, warning=True, hint=hint)
                continue
            path = where_fact(placed.model.when, name, ("when",))
            hint = did_you_mean(name, concluded) or hint
            placed.reporter(report)(NEVER_CONCLUDED, message, path, warning=True, hint=hint)
    for name in sorted(own - missing):
        message = f"`{NEVER_CONCLUDED}:{name}` is acknowledged, but there is nothing to warn of"
        where = f"{NEVER_CONCLUDED}:{name}"
        say = version.reporter(report, "", "acknowledges")
        hint = did_you_mean(name, missing) or "remove it"
        say("unused-acknowledgement", message, (where,), key=True, warning=True, hint=hint)


def _acknowledged(version: PolicyVersion) -> set[str]:
    """The facts that a file says need no conclusion."""
    prefix = f"{NEVER_CONCLUDED}:"
    names = version.model.acknowledges
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def _taken_over_by(merged: Merged, placed: Placed[RuleModel]) -> str | None:
    """The member of a policy's file by which it has a rule to which a conclusion is missing; None: the
    rule itself is the place to look at.

    A rule of a module is right by itself, and its file is shared with other policies.
    """
    model = merged.version.model
    if placed.version is merged.version:
        return None
    if model.withdraws:
        return "withdraws"
    return ("extends" if model.extends else "continues") if placed.version.abstract else None
