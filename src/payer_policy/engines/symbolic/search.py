"""The search for facts that make a formula true: a model, or the proof that there is none.

A model is checked against the calls that stand for arithmetic (`arithmetic`); where it is wrong, a
lemma is learned and the search goes on. When it takes too long the answer is `NotProved`, never "no".
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import z3

from payer_policy.core.diagnostics import PayerPolicyError
from payer_policy.engines.symbolic.logic import Formula, all_of, truth_in
from payer_policy.engines.symbolic.terms import Facts

ROUNDS: Final = 400
"""Maximum number of lemmas learned for one question."""
MILLISECONDS: Final = 20_000
"""So long the solver may think about one question, at most."""


class NotProved(PayerPolicyError):
    """The solver gave up: it found no facts, and no proof that there are none."""


class Search:
    """Questions about one set of formulas. What was learned for one is kept for the next."""

    def __init__(
        self,
        facts: Facts,
        definitions: Iterable[Formula],
        *,
        milliseconds: int = MILLISECONDS,
    ) -> None:
        self._facts = facts
        self._solver = z3.Solver(ctx=facts.make.context)
        self._solver.set("timeout", milliseconds)
        self._solver.set("random_seed", 1)
        self._bounds = 0
        self._impossible = False
        for definition in definitions:
            self._add(definition)

    def _add(self, formula: Formula) -> None:
        if formula is False:
            self._impossible = True
        elif formula is not True:
            self._solver.add(formula)

    def always(self, formula: Formula) -> None:
        """Something that holds of every question from now on."""
        self._add(formula)

    def find(self, *formulas: Formula) -> Any | None:
        """A model in which all formulas are true; None where there is none.

        Raises:
            NotProved: the solver gave up.
        """
        goal = all_of(formulas)
        if goal is False or self._impossible:
            return None
        for _ in range(ROUNDS):
            self._take_bounds()
            model = self._check(goal)
            if model is None:
                return None
            lemmas = self._lemmas(model)
            if not lemmas:
                return model
            for lemma in lemmas:
                self._add(lemma)
            # With what the calls are made on fixed, the lemmas say exactly what they give.
            fixed = [
                argument == model.eval(argument, model_completion=True)
                for call in self._facts.calls.values()
                for argument in call.arguments
            ]
            near = self._check(all_of([goal, *fixed]))
            if near is not None and not self._lemmas(near):
                return near
        raise NotProved("arithmetic that the solver does not get to the end of")

    def _take_bounds(self) -> None:
        """Facts and calls may have come up since the last question."""
        for bound in self._facts.bounds[self._bounds :]:
            self._add(bound)
        self._bounds = len(self._facts.bounds)

    def _check(self, goal: Formula) -> Any | None:
        self._solver.push()
        try:
            self._add(goal)
            answer = self._solver.check()
            if answer == z3.unsat:
                return None
            if answer != z3.sat:
                raise NotProved(self._solver.reason_unknown())
            return self._solver.model()
        finally:
            self._solver.pop()

    def _lemmas(self, model: Any) -> list[Formula]:
        return [
            lemma for call in self._facts.calls.values() if (lemma := call.right(model)) is not None
        ]

    def smallest(self, model: Any, wishes: Iterable[Formula], *formulas: Formula) -> Any:
        """A model of the formulas in which wish after wish is true, where it can be.

        Args:
            model: A model of the formulas.
            wishes: The most wanted first.
        """
        granted: list[Formula] = []
        for wish in wishes:
            if truth_in(model, wish):
                granted.append(wish)
                continue
            try:
                better = self.find(*formulas, *granted, wish)
            except NotProved:
                continue
            if better is not None:
                model = better
                granted.append(wish)
        return model
