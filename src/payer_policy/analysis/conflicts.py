"""Do two rules that conclude different values of a fact exclude each other? `settled(library, problems)`.

Reading a folder compares their tests, and warns where those do not show it. Here the solver is asked
about exactly those pairs: a request for which both hold makes the warning an error; the proof that there
is none removes it; and where the solver gives up, or is not installed, the warning stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from graphlib import TopologicalSorter

from payer_policy.analysis.deep import Window
from payer_policy.analysis.policy_json import rulesets_of
from payer_policy.analysis.witness import Case
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.ruleset import Ruleset
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.logic import both
from payer_policy.engines.symbolic.search import NotProved
from payer_policy.policy.checks.conclusions import Pair, conflict_problem, unsettled_pairs
from payer_policy.policy.library import Library
from payer_policy.policy.versions import Merged

CODE = "conflict-not-seen"


def settled(library: Library, problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The problems of a folder without errors, with the solver's answers about pairs of rules."""
    others = [one for one in problems if one.code != CODE]
    found = sorted(set(_Conflicts(library).found()), key=Diagnostic.sort_key)
    return sorted([*others, *found], key=Diagnostic.sort_key)


class _Conflicts:
    def __init__(self, library: Library) -> None:
        self._library, self._engine = library, Engine(library, "compiled")
        self._first: dict[tuple[str, ...], tuple[Merged, Pair]] = {}
        """Each pair, with the first policy that has it."""
        self._shown: dict[tuple[str, ...], Diagnostic] = {}
        self._open: set[tuple[str, ...]] = set()
        """The pairs that the solver did not settle somewhere."""

    def found(self) -> Iterator[Diagnostic]:
        for ruleset, merged in rulesets_of(self._library, _bases_first(self._library)):
            self._settle(ruleset, merged)
        yield from self._shown.values()
        for key in self._open - self._shown.keys():
            yield conflict_problem(*self._first[key])

    def _settle(self, ruleset: Ruleset, merged: Merged) -> None:
        by_id = {rule.id: rule for rule in ruleset.rules}
        rules = {id_: by_id[id_] for id_ in merged.rules if id_ in by_id}  # as they are written
        window: Window | None = None
        for pair in unsettled_pairs(merged, rules, self._library.vocabulary):
            known = [key for key in self._first if key[1:] == pair.key]
            inherited = [key for key in known if key[0] in {one.name for one in merged.chain}]
            key = inherited[0] if inherited else (merged.version.name, *pair.key)
            self._first.setdefault(key, (merged, pair))
            if key in self._shown:
                continue
            if window is None:
                window = Window(self._engine, ruleset)
            try:
                shown = _both_hold(window, pair)
            except NotProved:
                self._open.add(key)
                continue
            if shown is not None:
                self._shown[key] = conflict_problem(merged, pair, shown)


def _both_hold(window: Window, pair: Pair) -> str | None:
    """A request for which both rules hold, in words; None where there is none. Raises NotProved."""
    formulas = window.requests.formulas
    goal = both(*(formulas.rule(one.model.id).holds for one in (pair.first, pair.second)))
    if not window.can(goal):
        return None

    def shows(case: Case) -> bool:
        evaluation = case.decided.evaluation
        return evaluation is not None and pair.fact in evaluation.conflicts

    return window.witness(goal, shows)


def _bases_first(library: Library) -> list[str]:
    """The policies, each after those that it extends."""
    bases = {
        address: [base for version in library.policies[address] for base in version.extends]
        for address in library.addresses()
    }
    return [one for one in TopologicalSorter(bases).static_order() if one in bases]
