"""The symbolic engine: a ruleset as formulas (`payer_policy.engines.symbolic`), answered by a solver.

It is there for proofs, not for claims: some hundred times slower than `compiled`, to which it is held
like every other engine. Given facts are fixed, and each half of each rule is then a constant.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Lock
from typing import Final

from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN
from payer_policy.core.vocabulary.types import Value
from payer_policy.engines.protocol import EngineFailure, Evaluation
from payer_policy.engines.symbolic.formulas import Formulas, codes_concluded_by, conditions_of
from payer_policy.engines.symbolic.logic import truth_in
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.engines.symbolic.terms import Facts as Terms


class SymbolicEngine:
    """Compiles rulesets to formulas."""

    name: Final = "symbolic"

    def compile(self, ruleset: Ruleset) -> SymbolicEvaluator:
        return SymbolicEvaluator(ruleset)


class SymbolicEvaluator:
    """One ruleset's formulas, with a solver that knows them."""

    def __init__(self, ruleset: Ruleset) -> None:
        # An engine takes whatever it is given; what is outside its range is refused by intake.
        types = {
            name: replace(fact.type, minimum=None, maximum=None)
            for name, fact in ruleset.facts.items()
        }
        self._terms = Terms(
            types, conditions_of([ruleset]), codes_concluded_by([ruleset]), fractions=True
        )
        self._lock = Lock()
        self._formulas = Formulas(ruleset, self._terms)
        self._search = Search(self._terms, self._formulas.definitions)

    def __call__(self, facts: Facts) -> Evaluation:
        with self._lock:  # one thread at a time asks a solver
            return self._evaluate(facts)

    def _evaluate(self, facts: Facts) -> Evaluation:
        terms, formulas = self._terms, self._formulas
        try:
            model = self._search.find(*terms.all_given(facts))
        except NotProved as error:
            raise EngineFailure(f"the solver gave up: {error}") from error
        if model is None:
            raise EngineFailure("the formulas contradict the facts")
        truths = [
            HOLDS
            if truth_in(model, rule.holds)
            else UNKNOWN
            if truth_in(model, rule.possible)
            else FAILS
            for rule in formulas.rules
        ]
        derived: dict[str, Value | None] = {
            name: terms.term_in(model, name, term) if truth_in(model, term.known) else None
            for name, term in sorted(formulas.derived.items())
        }
        conflicts = tuple(
            sorted(name for name, found in formulas.conflicts.items() if truth_in(model, found))
        )
        return Evaluation(truths, derived, conflicts)
